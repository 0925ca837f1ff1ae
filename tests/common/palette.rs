//! What stands for Node-RED's palette: takes the jobs of the core, and says what came of them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use node_red_storage_valkey::role::packages::{Failed, Load, Outcome, Packages, Task};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Answers every job at once, until it is dropped.
pub struct Palette {
    jobs: Arc<Mutex<Vec<Value>>>,
    in_use: Arc<Mutex<BTreeSet<String>>>,
    stuck: Arc<Mutex<BTreeSet<String>>>,
    unloadable: Arc<Mutex<BTreeSet<String>>>,
    task: JoinHandle<()>,
}

impl Palette {
    /// For these packages.
    pub fn of(packages: &Arc<Packages>) -> Self {
        let jobs = Arc::<Mutex<Vec<Value>>>::default();
        let in_use = Arc::<Mutex<BTreeSet<String>>>::default();
        let stuck = Arc::<Mutex<BTreeSet<String>>>::default();
        let unloadable = Arc::<Mutex<BTreeSet<String>>>::default();
        let packages = Arc::downgrade(packages);
        let (kept, used, held) = (jobs.clone(), in_use.clone(), stuck.clone());
        let bad = unloadable.clone();
        let task = tokio::spawn(async move {
            while let Some(packages) = packages.upgrade() {
                if let Some(job) = packages.job() {
                    let (used, held) = (used.lock().unwrap().clone(), held.lock().unwrap().clone());
                    let outcome = outcome(&job.task, &used, &held, &bad.lock().unwrap().clone());
                    kept.lock().unwrap().push(shown(&job.task));
                    packages.job_done(job.id, outcome);
                }
                drop(packages);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        Self { jobs, in_use, stuck, unloadable, task }
    }

    /// These are used by the flows from here on, and no others.
    pub fn uses(&self, names: &[&str]) {
        *self.in_use.lock().unwrap() = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// These can't be taken away, although no flow uses them.
    pub fn keeps(&self, names: &[&str]) {
        *self.stuck.lock().unwrap() = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// These can't be loaded. Of those that begin with `odd` nothing is said, and those that begin
    /// with `foreign` have no chance until something else changes.
    pub fn cant_load(&self, names: &[&str]) {
        *self.unloadable.lock().unwrap() = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// All jobs so far: `{"remove": [name]}` or `{"load": [{name, version, from}]}`.
    pub fn jobs(&self) -> Vec<Value> {
        self.jobs.lock().unwrap().clone()
    }
}

impl Drop for Palette {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn shown(task: &Task) -> Value {
    match task {
        Task::Remove(names) => json!({ "remove": names }),
        Task::Load(loads) => {
            let one = |load: &Load| json!({ "name": load.name, "version": load.version, "from": load.from });
            json!({ "load": loads.iter().map(one).collect::<Vec<_>>() })
        }
    }
}

fn outcome(
    task: &Task,
    in_use: &BTreeSet<String>,
    stuck: &BTreeSet<String>,
    unloadable: &BTreeSet<String>,
) -> Outcome {
    let failed = |name: &String, reason: &str| Failed {
        name: name.clone(),
        reason: reason.into(),
        lasting: name.starts_with("foreign"),
    };
    match task {
        Task::Load(loads) => {
            let names = loads.iter().map(|load| load.name.clone());
            let (bad, loaded): (BTreeSet<String>, BTreeSet<String>) =
                names.partition(|name| unloadable.contains(name));
            let bad = bad.iter().filter(|name| !name.starts_with("odd"));
            let failed = bad.map(|name| failed(name, "broken")).collect();
            Outcome { loaded, failed, ..Outcome::default() }
        }
        Task::Remove(names) => {
            let stays = |name: &&String| in_use.contains(*name) || stuck.contains(*name);
            Outcome {
                removed: names.iter().filter(|name| !stays(name)).cloned().collect(),
                in_use: names.iter().filter(|name| in_use.contains(*name)).cloned().collect(),
                failed: names
                    .iter()
                    .filter(|name| stuck.contains(*name))
                    .map(|name| failed(name, "stuck"))
                    .collect(),
                ..Outcome::default()
            }
        }
    }
}

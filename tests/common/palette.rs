//! What stands for Node-RED's palette: takes the jobs of the core, and says what came of them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use node_red_storage_valkey::role::packages::Packages;
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
                    let mut job: Value = serde_json::from_str(&job).unwrap();
                    let id = job.as_object_mut().unwrap().remove("id").unwrap();
                    let (used, held) = (used.lock().unwrap().clone(), held.lock().unwrap().clone());
                    let mut outcome = outcome(&job, &used, &held, &bad.lock().unwrap().clone());
                    outcome["id"] = id;
                    kept.lock().unwrap().push(job);
                    packages.job_done(&outcome.to_string());
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

    /// These can't be loaded. Of those that begin with `odd` nothing is said.
    pub fn cant_load(&self, names: &[&str]) {
        *self.unloadable.lock().unwrap() = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// All jobs so far, without their numbers.
    pub fn jobs(&self) -> Vec<Value> {
        self.jobs.lock().unwrap().clone()
    }
}

impl Drop for Palette {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn outcome(
    job: &Value,
    in_use: &BTreeSet<String>,
    stuck: &BTreeSet<String>,
    unloadable: &BTreeSet<String>,
) -> Value {
    let Some(names) = job["remove"].as_array() else {
        let names = job["load"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
        let (bad, loaded): (Vec<&str>, Vec<&str>) =
            names.partition(|name| unloadable.contains(*name));
        let bad = bad.into_iter().filter(|name| !name.starts_with("odd"));
        let failed: Vec<Value> =
            bad.map(|name| json!({ "name": name, "reason": "broken" })).collect();
        return json!({ "loaded": loaded, "failed": failed });
    };
    let names = || names.iter().map(|name| name.as_str().unwrap());
    let used: Vec<&str> = names().filter(|name| in_use.contains(*name)).collect();
    let failed: Vec<Value> = names()
        .filter(|name| stuck.contains(*name))
        .map(|name| json!({ "name": name, "reason": "stuck" }))
        .collect();
    let removed: Vec<&str> =
        names().filter(|name| !in_use.contains(*name) && !stuck.contains(*name)).collect();
    json!({ "removed": removed, "inUse": used, "failed": failed })
}

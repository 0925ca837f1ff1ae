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
    task: JoinHandle<()>,
}

impl Palette {
    /// For these packages.
    pub fn of(packages: &Arc<Packages>) -> Self {
        let jobs = Arc::<Mutex<Vec<Value>>>::default();
        let in_use = Arc::<Mutex<BTreeSet<String>>>::default();
        let stuck = Arc::<Mutex<BTreeSet<String>>>::default();
        let packages = Arc::downgrade(packages);
        let (kept, used, held) = (jobs.clone(), in_use.clone(), stuck.clone());
        let task = tokio::spawn(async move {
            while let Some(packages) = packages.upgrade() {
                if let Some(job) = packages.job() {
                    let job: Value = serde_json::from_str(&job).unwrap();
                    let (used, held) = (used.lock().unwrap().clone(), held.lock().unwrap().clone());
                    let outcome = outcome(&job, &used, &held);
                    kept.lock().unwrap().push(job);
                    packages.job_done(&outcome.to_string());
                }
                drop(packages);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        Self { jobs, in_use, stuck, task }
    }

    /// These are used by the flows from here on, and no others.
    pub fn uses(&self, names: &[&str]) {
        *self.in_use.lock().unwrap() = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// These can't be taken away, although no flow uses them.
    pub fn keeps(&self, names: &[&str]) {
        *self.stuck.lock().unwrap() = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// All jobs so far.
    pub fn jobs(&self) -> Vec<Value> {
        self.jobs.lock().unwrap().clone()
    }
}

impl Drop for Palette {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn outcome(job: &Value, in_use: &BTreeSet<String>, stuck: &BTreeSet<String>) -> Value {
    let Some(names) = job["remove"].as_array() else {
        let loaded = job["load"].as_array().unwrap().iter().map(|one| one["name"].clone());
        return json!({ "loaded": loaded.collect::<Vec<_>>() });
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

//! Writes as an admin does, and keeps count of what was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use node_red_storage_valkey::connection::{Connection, Script};
use redis::Value;
use tokio::task::JoinHandle;

/// Writes a number and announces it, in one step, as a deploy does.
const DEPLOY: &str = "redis.call('SET', KEYS[1], ARGV[1]) \
    redis.call('SADD', KEYS[2], ARGV[1]) \
    redis.call('PUBLISH', 'news', ARGV[1]) return 'OK'";

/// A task that writes on and on.
pub(crate) struct Writer {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    task: JoinHandle<(Vec<u64>, u64)>,
}

impl Writer {
    /// Writes until it is stopped. A write counts as acknowledged once this many replicas have
    /// it, because only those survive whatever happens to the master.
    pub(crate) fn start(connection: Connection, replicas: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicU64::new(0));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&acknowledged));
        let task = tokio::spawn(async move {
            let script = Script::new(DEPLOY);
            let (mut safe, mut refused) = (Vec::new(), 0);
            for number in 1_u64.. {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                if write(&connection, &script, number, replicas).await {
                    safe.push(number);
                    count.store(safe.len() as u64, Ordering::Relaxed);
                } else {
                    refused += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            (safe, refused)
        });
        Self { stop, acknowledged, task }
    }

    /// How many writes were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Waits until this many more were acknowledged.
    pub(crate) async fn goes_on(&self, more: u64) -> Duration {
        let from = self.acknowledged();
        let what = "further writes";
        super::common::until(what, super::PATIENCE, async || self.acknowledged() >= from + more)
            .await
    }

    /// Stops, and returns the numbers that were acknowledged and how many were not.
    pub(crate) async fn stop(self) -> (Vec<u64>, u64) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("the writer ends")
    }
}

async fn write(connection: &Connection, script: &Script, number: u64, replicas: u64) -> bool {
    let args = [number.to_string()];
    if connection.script(script, &["last", "all"], &args).await.is_err() {
        return false;
    }
    let mut wait = redis::cmd("WAIT");
    wait.arg(replicas).arg(100);
    matches!(connection.command(&wait).await, Ok(Value::Int(have)) if have as u64 >= replicas)
}

/// Which of these numbers the server does not have.
pub(crate) async fn missing(connection: &Connection, numbers: &[u64]) -> Vec<u64> {
    let members = connection.command(redis::cmd("SMEMBERS").arg("all")).await.expect("members");
    let have: std::collections::HashSet<u64> = redis::from_redis_value(members).expect("numbers");
    numbers.iter().copied().filter(|number| !have.contains(number)).collect()
}

//! What an admin and a worker do, against a real server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]
#![allow(clippy::print_stdout, reason = "figures for those who look")]

#[path = "../common/mod.rs"]
mod common;

mod admin_deploys;
mod admin_drift;
mod admin_history;
mod admin_history_backups;
mod admin_history_bounds;
mod admin_history_damaged;
mod admin_history_killed;
mod admin_library;
mod admin_loss;
mod admin_restore;
mod admin_rivals;
mod admin_standing;
mod health;
mod packages_admin_list;
mod packages_admin_restore;
mod packages_failures;
mod packages_hostile;
mod packages_loading;
mod packages_npm_lock;
mod packages_policy;
mod packages_record;
mod packages_removal;
mod packages_rights;
mod packages_running;
mod packages_start;
mod packages_support;
mod packages_waiting;
mod round_trips;
mod worker_bad_values;
mod worker_follow;
mod worker_reads;
mod worker_rights;
mod worker_start;

use std::time::Duration;

use node_red_storage_valkey::Result;
use node_red_storage_valkey::config::{Config, Role};
use node_red_storage_valkey::role::admin::{Admin, Mirrored};
use node_red_storage_valkey::role::worker::Worker;
use node_red_storage_valkey::store::Store;
use node_red_storage_valkey::store::deploy::{Deploy, Write, Written};
use node_red_storage_valkey::store::lease::Holder;

use self::common::PATIENCE;
use self::common::instance::{self, credentials, flows};
use self::common::server::Server;

fn admin_options(server: &Server) -> Config {
    instance::options(server, Role::Admin)
}

fn worker_options(server: &Server) -> Config {
    instance::options(server, Role::Worker)
}

/// Starts a worker as Node-RED does, and reports that what it found runs. Returns the flows.
async fn start_flows(worker: &Worker) -> String {
    let found = tokio::time::timeout(PATIENCE, worker.snapshot()).await.expect("in time").unwrap();
    worker.applied(&found.id());
    worker.is_kept().await;
    found.flows.clone()
}

/// Deploys the deploy with this number.
async fn deploy(admin: &Admin, number: usize) -> Result<Mirrored> {
    let secret = Some(format!("s{number}"));
    admin.mirror_deploy(flows(number), credentials(number), secret, None).await
}

/// Whether Valkey holds the deploy with this number, whole, with its record.
fn holds(connection: &mut redis::Connection, number: usize) -> bool {
    let wanted = instance::deploy(number);
    let whole = [
        ("flows", &*wanted.flows),
        ("credentials", &*wanted.credentials),
        ("settings", &*wanted.settings),
    ]
    .iter()
    .all(|(key, text)| instance::stored(connection, &format!("n:{key}")).as_deref() == Some(text));
    whole
        && instance::record(connection)
            .is_some_and(|record| record.same_content(&wanted.revision(0, 0, "")))
}

/// Waits until Valkey holds the deploy with this number.
async fn until_held(server: &Server, number: usize) -> Duration {
    let mut connection = server.admin();
    let what = format!("deploy {number} is mirrored");
    common::until(&what, PATIENCE, async || holds(&mut connection, number)).await
}

/// Writes a deploy as an admin does, under this sequence.
async fn write(store: &Store, deploy: &Deploy, sequence: u64) {
    let holder = Holder::new("an admin", "1");
    let revision = deploy.revision(sequence, sequence, holder.id());
    let write = Write { deploy, revision: &revision, base: None, backup: false };
    assert_eq!(store.write_deploy(&holder, &write).await, Ok(Written::Done));
}

//! What is read and written under which key, against a real server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod backups;
mod deploys;
mod leases;
mod library;
mod packages;
mod prefixes;
mod sessions;
mod snapshots;

use node_red_storage_valkey::config::{Config, Role};
use node_red_storage_valkey::store::Store;
use node_red_storage_valkey::store::deploy::{Deploy, Write, Written};
use node_red_storage_valkey::store::lease::Holder;

use self::common::PATIENCE;
use self::common::instance;
use self::common::server::Server;

fn me() -> Holder {
    Holder::new("me", "1")
}

fn options(server: &Server) -> Config {
    instance::options(server, Role::Admin)
}

async fn open(server: &Server) -> Store {
    instance::store(&options(server)).await
}

/// Writes a deploy under this sequence, based on what is stored.
async fn write(store: &Store, deploy: &Deploy, sequence: u64) -> Written {
    let base = store.read_head().await.expect("a read").base();
    write_on(store, &me(), deploy, sequence, base).await
}

async fn write_on(
    store: &Store,
    holder: &Holder,
    deploy: &Deploy,
    sequence: u64,
    base: Option<u64>,
) -> Written {
    let revision = deploy.revision(sequence, sequence, holder.id());
    let write = Write { deploy, revision: &revision, base, backup: false };
    store.write_deploy(holder, &write).await.expect("a write")
}

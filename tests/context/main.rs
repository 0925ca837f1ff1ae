//! The shared context, against real servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod away;
mod disk;
mod faults;
mod figures;
mod hostile;
mod import;
mod operations;
mod rights;
mod servers;
mod sharing;

use std::path::Path;
use std::sync::Arc;

use node_red_storage_valkey::config::{Config, Role};
use node_red_storage_valkey::role::context::{Context, ContextParams, Listener, Origin};
use tokio::sync::watch;

use self::common::instance::{self, Soon};
use self::common::server::Server;
use self::common::{PATIENCE, until};

/// Keeps what was told.
#[derive(Default)]
struct Told(watch::Sender<Vec<(String, String)>>);

impl Listener for Told {
    fn changed(&self, keys: &[(String, String)]) -> bool {
        self.0.send_modify(|told| told.extend_from_slice(keys));
        true
    }
}

fn options(server: &Server) -> Config {
    instance::options(server, Role::Worker)
}

fn open(config: Config, user_dir: Option<&Path>) -> (Context, Arc<Told>) {
    let told = Arc::new(Told::default());
    let params = ContextParams {
        config: Arc::new(config),
        user_dir: user_dir.map(Path::to_path_buf),
        hooks: Arc::new(Soon).into(),
        listener: told.clone(),
        name: "default".into(),
    };
    (Context::open(params), told)
}

/// Waits until it has read everything, on a machine that has other things to do as well.
async fn reads_from_server(context: &Context) {
    let is_read = async || context.opened().await == Origin::Server;
    until("it has read the server", PATIENCE, is_read).await;
}

/// One that has read everything.
async fn opened(server: &Server) -> Context {
    let (context, _) = open(options(server), None);
    reads_from_server(&context).await;
    context
}

fn set(context: &Context, key: &str, text: &str) {
    context.set("global", vec![(key.into(), Some(text.into()))]).unwrap();
}

fn text(context: &Context, key: &str) -> Option<String> {
    context.text("global", key).map(|text| text.to_string())
}

/// Waits until an instance reads this.
async fn reads(context: &Context, key: &str, expected: Option<&str>) {
    let what = format!("{key} is {expected:?}");
    until(&what, PATIENCE, async || text(context, key).as_deref() == expected).await;
}

/// Waits until everything has arrived.
async fn sent(context: &Context) {
    until("everything is sent", PATIENCE, async || context.health().unsent == 0).await;
}

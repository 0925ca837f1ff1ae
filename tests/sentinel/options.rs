//! Each option of Sentinel does what it says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use node_red_storage_valkey::config::Secret;
use node_red_storage_valkey::connection::{Connection, ConnectionState, Hooks, NoRetry, Retry};

use super::common::peer::mute_after_handshake;
use super::common::sentinel::{Watched, admin, local};
use super::common::server::Server;
use super::common::{free_port, until};
use super::{PATIENCE, failure, open, open_ready};

/// Counts how often it is asked.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicU32>);

impl Counted {
    fn times(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Retry for Counted {
    fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>> {
        self.0.fetch_max(times, Ordering::Relaxed);
        Box::pin(std::future::ready(Some(Duration::from_millis(30))))
    }
}

/// Nobody has to be there for what is about nobody being there.
fn nowhere() -> Watched {
    Watched { servers: Vec::new(), sentinels: Vec::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinel_retry_strategy_decides_when_no_sentinel_answers() {
    let dead = local(free_port());
    let config = Arc::new(nowhere().config(|sentinel| sentinel.sentinels = vec![dead]));
    let counted = Counted::default();
    let hooks = Hooks {
        retry: Arc::new(NoRetry),
        sentinel_retry: Arc::new(counted.clone()),
        ..Hooks::default()
    };
    let connection = Connection::open(Arc::clone(&config), hooks);
    until("further attempts", PATIENCE, async || counted.times() >= 3).await;
    assert!(!matches!(*connection.state().borrow(), ConnectionState::Closed { .. }));

    let hooks = Hooks { sentinel_retry: Arc::new(NoRetry), ..Hooks::default() };
    let connection = Connection::open(config, hooks);
    let mut state = connection.state();
    let closed = state.wait_for(|state| matches!(state, ConnectionState::Closed { .. }));
    tokio::time::timeout(PATIENCE, closed).await.expect("closed").expect("watched");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinel_command_timeout_limits_one_question() {
    let mute = mute_after_handshake().await;
    let config = nowhere().config(|sentinel| {
        sentinel.sentinels = vec![local(mute)];
        sentinel.password = None;
        sentinel.command_timeout = Some(Duration::from_millis(70));
        sentinel.failover_detector = false;
    });
    let began = Instant::now();
    let error = failure(&open(&config)).await.to_string();
    assert!(error.contains("no answer within 70 ms"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(2));
}

/// Clients that are subscribed; the Sentinels themselves are not to each other.
fn listeners(sentinel: &Server) -> usize {
    let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut admin(sentinel)).unwrap();
    list.lines().filter(|line| line.contains(" sub=1 ")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_the_least_rights_is_enough_and_lost_sentinels_are_listened_to_again() {
    let mut watched = Watched::start();
    for sentinel in &watched.sentinels {
        let mut rules = redis::cmd("ACL");
        rules.arg("SETUSER").arg("watcher").arg("on").arg(">secret").arg("resetchannels");
        rules.arg("&+switch-master").arg("-@all").arg("+auth").arg("+ping").arg("+subscribe");
        rules.arg("+sentinel|get-master-addr-by-name").arg("+sentinel|sentinels");
        rules.exec(&mut admin(sentinel)).unwrap();
    }
    let config = Arc::new(watched.config(|sentinel| {
        sentinel.username = Some("watcher".into());
        sentinel.password = Some(Secret::new("secret"));
    }));
    let counted = Counted::default();
    let hooks = Hooks { sentinel_reconnect: Arc::new(counted.clone()), ..Hooks::default() };
    let connection = Connection::open(config, hooks);
    connection.wait_ready(PATIENCE).await.expect("a connection");
    for sentinel in &watched.sentinels {
        until("a listener", PATIENCE, async || listeners(sentinel) == 1).await;
    }
    watched.sentinels[1].kill();
    until("further attempts", PATIENCE, async || counted.times() >= 3).await;
    connection.close().await;

    // The password of all, which the restarted one has in its file.
    watched.sentinels[1].restart();
    let connection = open_ready(&watched.config(|_| ())).await;
    until("a listener", PATIENCE, async || listeners(&watched.sentinels[1]) == 1).await;
    watched.sentinels[1].restart();
    until("a listener again", PATIENCE, async || listeners(&watched.sentinels[1]) == 1).await;
    connection.close().await;
}

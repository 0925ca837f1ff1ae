//! With the user that the documents name, and with less.

use node_red_storage_valkey::config::{Secret, StateUser};

use super::common::instance::calls;
use super::common::log::Log;
use super::common::server::Server;
use super::common::{PATIENCE, until};
use super::workers::{LEASE, Worker, options, owner, settle};

/// What leases need of the line of docs/operations.md.
const RULES: &str = "state on >state ~n:once:* resetchannels &n:once -@all +ping +select +info +role +cluster|slots +client|setname +client|setinfo +client|tracking +getrange +set +pttl +pexpire +del +time +publish +subscribe +eval +evalsha";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_users_rights_are_enough_for_everything() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    server.add_user(RULES);
    let mut config = options(&server);
    config.state =
        Some(StateUser { username: Some("state".into()), password: Some(Secret::new("state")) });
    let mut workers =
        vec![Worker::wanting(config.clone(), &["a", "b"]), Worker::wanting(config, &["a", "b"])];
    let first = owner(&workers, "a").await;
    owner(&workers, "b").await;
    let first = workers.remove(first);
    let given_back = std::time::Instant::now();
    first.member.give_back_tabs().await;
    workers[0].has("a").await;
    assert!(given_back.elapsed().as_millis() < 300, "{:?}", given_back.elapsed());
    let mut admin = server.admin();
    let refused: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query(&mut admin).unwrap();
    assert_eq!(refused, []);
    assert_eq!(workers[0].member.problem(), None);
    assert_eq!(log.lines(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_taken_is_told_once() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    settle(&server);
    server.add_user("reader on >pw ~n:* resetchannels &n:* -@all +ping +get +subscribe");
    let mut config = options(&server);
    config.connection.username = Some("reader".into());
    config.connection.password = Some(Secret::new("pw"));
    let worker = Worker::wanting(config, &["a", "b"]);
    until("it is told", PATIENCE, async || log.count("ERROR") > 0).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for word in ["'a', 'b'", "+eval "] {
        assert!(lines[0].contains(word), "{lines:?}");
    }
    assert!(worker.member.problem().unwrap().contains("+eval"));
    server
        .add_user("reader +eval +evalsha +getrange +set +pttl +pexpire +del +time +publish +info");
    worker.has("a").await;
    assert_eq!(worker.member.problem(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_in_part_is_told_with_what_comes_of_it() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    settle(&server);
    server.add_user(&format!("{RULES} -info -publish"));
    let mut config = options(&server);
    config.state =
        Some(StateUser { username: Some("state".into()), password: Some(Secret::new("state")) });
    let worker = Worker::wanting(config, &["a"]);
    worker.has("a").await;
    worker.member.give_back_tabs().await;
    until("it is told", PATIENCE, async || log.count("this one gives back") == 1).await;
    assert_eq!(log.count("after a failover"), 1, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_give_back_keeps_no_other_tab_from_being_renewed() {
    let (_log, _guard) = Log::keep();
    let server = Server::start(&[]);
    settle(&server);
    server.add_user(&format!("{RULES} -del"));
    let mut config = options(&server);
    config.state =
        Some(StateUser { username: Some("state".into()), password: Some(Secret::new("state")) });
    let worker = Worker::wanting(config, &["a", "b"]);
    worker.has("a").await;
    worker.has("b").await;
    let (fence, mut admin) = (worker.fence("b"), server.admin());
    let scripts = |admin: &mut redis::Connection| {
        calls(admin, "eval").saturating_add(calls(admin, "evalsha"))
    };
    let before = scripts(&mut admin);
    worker.want(&["b"]);
    let end = std::time::Instant::now() + 2 * LEASE;
    while std::time::Instant::now() < end {
        assert_eq!(worker.fence("b"), fence, "it is held all the time");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let sent = scripts(&mut admin) - before;
    assert!(sent < 100, "{sent} scripts");
}

//! The subscriber.

use std::time::Duration;

use node_red_storage_valkey::connection::ConnectionState;

use super::common::log::Log;
use super::common::server::Server;
use super::common::{config_with, until};
use super::{PATIENCE, subscribe};

fn publish(admin: &mut redis::Connection, channel: &str, message: &[u8]) -> i64 {
    redis::cmd("PUBLISH").arg(channel).arg(message).query(admin).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_counted_by_channel_once_the_server_has_confirmed() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    for resp3 in [true, false] {
        let config = config_with(server.port, |config| config.resp3 = resp3);
        let subscriber = subscribe(&config, &["flows", "packages"]);
        let mut hints = subscriber.hints();
        hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
        // Confirmed means that nothing published from now on is missed.
        assert_eq!(publish(&mut admin, "packages", b"{}"), 1);
        assert_eq!(publish(&mut admin, "flows", b"1"), 1);
        assert_eq!(publish(&mut admin, "flows", &[0, 255, 13, 10]), 1);
        assert_eq!(publish(&mut admin, "other", b"1"), 0);
        hints.wait_for(|hints| hints.messages == [2, 1]).await.unwrap();
        assert!(matches!(*subscriber.state().borrow(), ConnectionState::Ready { .. }));
        subscriber.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_huge_message_is_passed_over() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let subscriber = subscribe(&config_with(server.port, |_| ()), &["flows"]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    // Beyond 32 MiB the server itself cuts a subscriber off by default.
    publish(&mut admin, "flows", &vec![b'x'; 16 * 1024 * 1024]);
    publish(&mut admin, "flows", b"1");
    hints.wait_for(|hints| hints.messages == [2]).await.unwrap();
    assert_eq!(hints.borrow().subscribed, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forbidden_channel_is_an_error_once_and_heals() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    server.add_user("worker on nopass resetchannels &other +subscribe +ping");
    let mut admin = server.admin();
    let config = config_with(server.port, |config| config.username = Some("worker".to_owned()));
    let subscriber = subscribe(&config, &["flows"]);
    let mut hints = subscriber.hints();
    let refused = hints.wait_for(|hints| hints.refused == [0]);
    tokio::time::timeout(PATIENCE, refused).await.expect("refused").unwrap();
    let refusals = |admin: &mut redis::Connection| -> usize {
        let info: String = redis::cmd("INFO").arg("errorstats").query(admin).unwrap();
        let count = info.lines().find_map(|line| line.strip_prefix("errorstat_NOPERM:count="));
        count.map_or(0, |count| count.trim().parse().unwrap())
    };
    until("another attempt", PATIENCE, async || refusals(&mut admin) >= 2).await;
    assert_eq!(log.lines().len(), 1, "{:#?}", log.lines());
    assert_eq!(log.count("channel 'flows': NOPERM"), 1, "{:#?}", log.lines());
    assert_eq!(log.count("add &flows to its rules"), 1, "{:#?}", log.lines());
    assert_eq!(subscriber.hints().borrow().subscribed, 0);
    assert_eq!(subscriber.unheard(), ["flows"]);
    redis::cmd("ACL").arg("SETUSER").arg("worker").arg("&flows").exec(&mut admin).unwrap();
    let healed = hints.wait_for(|hints| hints.subscribed == 1);
    tokio::time::timeout(PATIENCE, healed).await.expect("healed").unwrap();
    assert_eq!(log.count("all channels are heard now"), 1, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_allowed_works_beside_one_that_is_not() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    server.add_user("worker on nopass resetchannels &flows +subscribe");
    let mut admin = server.admin();
    for resp3 in [true, false] {
        let config = config_with(server.port, |config| {
            config.username = Some("worker".to_owned());
            config.resp3 = resp3;
        });
        let subscriber = subscribe(&config, &["packages", "flows"]);
        let mut hints = subscriber.hints();
        hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
        publish(&mut admin, "flows", b"1");
        hints.wait_for(|hints| hints.messages == [0, 1]).await.unwrap();
        // The user may not PING either: a refusal is an answer.
        tokio::time::sleep(Duration::from_millis(2500)).await;
        assert_eq!(hints.borrow().subscribed, 1);
        subscriber.close().await;
    }
    assert_eq!(log.count("channel 'packages': NOPERM"), 2, "{:#?}", log.lines());
    assert_eq!(log.lines().len(), 2, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_subscribe_it_stays_and_says_so_once() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    server.add_user("worker on nopass &* +ping");
    let mut admin = server.admin();
    let config = config_with(server.port, |config| config.username = Some("worker".to_owned()));
    let subscriber = subscribe(&config, &["n:flows", "n:packages"]);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.refused == [0, 1]).await.unwrap();
    let mut state = subscriber.state();
    let ready = state.wait_for(|state| matches!(state, ConnectionState::Ready { .. }));
    tokio::time::timeout(PATIENCE, ready).await.expect("ready").unwrap();
    assert_eq!(log.count("channels 'n:flows' and 'n:packages': NOPERM"), 1, "{:#?}", log.lines());
    assert_eq!(log.count("add +subscribe to its rules"), 1, "{:#?}", log.lines());
    redis::cmd("ACL").arg("SETUSER").arg("worker").arg("+subscribe").exec(&mut admin).unwrap();
    let healed = hints.wait_for(|hints| hints.subscribed == 1 && hints.refused.is_empty());
    tokio::time::timeout(PATIENCE, healed).await.expect("healed").unwrap();
    publish(&mut admin, "n:flows", b"1");
    hints.wait_for(|hints| hints.messages == [1, 0]).await.unwrap();
    assert_eq!(log.lines().len(), 2, "{:#?}", log.lines());
}

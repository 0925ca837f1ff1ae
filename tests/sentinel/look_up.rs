//! How the master is found: dead and hung Sentinels, log-in, addresses that are replaced.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use node_red_storage_valkey::Error;
use node_red_storage_valkey::config::{ConnectionConfig, Secret, SentinelConfig, Target};

use super::common::sentinel::{Watched, admin, local};
use super::common::{free_port, until};
use super::{PATIENCE, failure, open, open_ready};

/// The configuration of a client that the Sentinels can tell from others.
fn named(watched: &Watched, change: impl FnOnce(&mut SentinelConfig)) -> ConnectionConfig {
    let connection_name = Some("looks-up".to_owned());
    ConnectionConfig { connection_name, ..watched.config(change) }
}

/// How many clients of ours a Sentinel has.
fn clients(sentinel: &super::common::server::Server) -> usize {
    let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut admin(sentinel)).unwrap();
    list.lines().filter(|line| line.contains(" name=looks-up ")).count()
}

/// One set of servers for what does not change them: they take seconds to start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_is_found_whatever_the_first_sentinels_do() {
    let mut watched = Watched::start();

    // Nobody listens there; another accepts and says nothing.
    let dead = local(free_port());
    let hung = TcpListener::bind("127.0.0.1:0").unwrap();
    let hung = (local(hung.local_addr().unwrap().port()), hung);
    for (what, first) in [("dead", vec![dead.clone()]), ("hung", vec![hung.0.clone(), dead])] {
        let config = watched.config(|sentinel| {
            sentinel.sentinels.splice(0..0, first);
        });
        let began = Instant::now();
        open_ready(&config).await;
        println!("first Sentinel {what}: connected after {:?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(4), "{what}: {:?}", began.elapsed());
    }

    // One is enough to learn of the others, and listening ends with the connection.
    let config = named(&watched, |sentinel| sentinel.sentinels.truncate(1));
    let connection = open_ready(&config).await;
    until("a listener at the third", PATIENCE, async || clients(&watched.sentinels[2]) > 0).await;
    connection.close().await;
    for sentinel in &watched.sentinels {
        until("no client left", PATIENCE, async || clients(sentinel) == 0).await;
    }

    // Neither is done when it is not wanted.
    let config = named(&watched, |sentinel| {
        sentinel.sentinels.truncate(1);
        sentinel.update_sentinels = false;
    });
    let connection = open_ready(&config).await;
    until("a listener at the first", PATIENCE, async || clients(&watched.sentinels[0]) == 1).await;
    assert_eq!(clients(&watched.sentinels[2]), 0);
    connection.close().await;

    let config = named(&watched, |sentinel| sentinel.max_connections = 1);
    let connection = open_ready(&config).await;
    until("a listener at the first", PATIENCE, async || clients(&watched.sentinels[0]) == 1).await;
    assert_eq!(clients(&watched.sentinels[1]) + clients(&watched.sentinels[2]), 0);
    connection.close().await;

    // What is announced may be reached elsewhere.
    let forward = super::common::free_port();
    let master = watched.master_port();
    let config = watched.config(|sentinel| {
        sentinel.nat_map.insert(format!("127.0.0.1:{master}"), local(forward));
    });
    let error = failure(&open(&config)).await.to_string();
    assert!(error.contains(&format!("127.0.0.1:{forward}")), "{error}");

    // What a person has to mend is said.
    let config = watched.config(|sentinel| sentinel.password = Some(Secret::new("hunter2")));
    let error = failure(&open(&config)).await;
    let text = error.to_string();
    assert!(text.starts_with("option 'sentinelPassword' "), "{text}");
    assert!(text.contains("WRONGPASS") && !text.contains("hunter2"), "{text}");
    let config = watched.config(|sentinel| sentinel.password = None);
    let text = failure(&open(&config)).await.to_string();
    assert!(text.starts_with("option 'sentinelPassword' "), "{text}");
    let config = watched.config(|sentinel| sentinel.name = "another".into());
    let text = failure(&open(&config)).await.to_string();
    assert!(text.starts_with("option 'name' is 'another', which no Sentinel knows"), "{text}");
    let mut config = watched.config(|_| ());
    config.password = Some(Secret::new("hunter3"));
    let error = failure(&open(&config)).await;
    assert!(matches!(error, Error::Authentication { .. }), "{error}");

    // A Sentinel that names a replica is not believed.
    let replica = watched.servers[1].port;
    let config = watched.config(|sentinel| {
        sentinel.nat_map.insert(format!("127.0.0.1:{master}"), local(replica));
    });
    let error = failure(&open(&config)).await.to_string();
    assert!(error.contains("not the master"), "{error}");

    // All are gone, and come back.
    let config = watched.config(|_| ());
    let Target::Sentinel(_) = &config.target else { panic!("not by Sentinel") };
    for sentinel in &mut watched.sentinels {
        sentinel.kill();
    }
    let connection = open(&config);
    let error = failure(&connection).await.to_string();
    assert!(error.contains("no Sentinel answers"), "{error}");
    for sentinel in &mut watched.sentinels {
        sentinel.restart();
    }
    connection.wait_ready(PATIENCE).await.expect("mended without a restart");
}

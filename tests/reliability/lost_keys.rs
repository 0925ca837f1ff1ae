//! Keys that are gone, or too large to be fetched, while every connection lives.

use std::time::{Duration, Instant};

use node_red_storage_valkey::Error;
use node_red_storage_valkey::config::Role;
use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::store::snapshot::Check;
use redis::Commands;

use super::PATIENCE;
use super::common::instance::{admin, credentials, flows, options, record, store, stored, worker};
use super::common::log::Log;
use super::common::server::Server;
use super::common::until;

async fn deployed(server: &Server) -> node_red_storage_valkey::role::admin::Admin {
    let (admin, _) = admin(options(server, Role::Admin), None).await;
    admin.mirror_deploy(flows(1), credentials(1), Some("s1".into()), None).await.unwrap();
    admin
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_living_server_that_is_emptied_is_filled_again_within_seconds() {
    let server = Server::start(&[]);
    let _admin = deployed(&server).await;
    let mut connection = server.admin();
    redis::cmd("FLUSHALL").exec(&mut connection).unwrap();
    let began = Instant::now();
    until("the deploy is stored again", PATIENCE, async || {
        stored(&mut connection, "n:flows").as_deref() == Some(&flows(1))
    })
    .await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_are_not_run_without_the_credentials_they_had() {
    let server = Server::start(&[]);
    let admin = deployed(&server).await;
    admin.close().await;
    let mut connection = server.admin();
    let _: () = connection.del("n:credentials").unwrap();
    let store = store(&options(&server, Role::Worker)).await;
    match store.read_snapshot(Check::Whole).await {
        Err(Error::Value { key, .. }) => assert_eq!(key, "n:credentials"),
        other => panic!("{other:?}"),
    }
    // A disk that has lost everything is better off with the flows alone.
    assert_eq!(store.read_snapshot(Check::Form).await.unwrap().unwrap().flows, flows(1));
    // Who never had credentials needs none.
    let mut without = record(&mut connection).unwrap();
    without.credentials = node_red_storage_valkey::content::sha256_hex(&[b"{}"]);
    let _: () = connection.set("n:revision", without.to_text().unwrap()).unwrap();
    assert_eq!(store.read_snapshot(Check::Whole).await.unwrap().unwrap().credentials, "{}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_value_that_is_too_large_no_more_is_fetched_than_a_record_may_have() {
    let server = Server::start(&[]);
    let _admin = deployed(&server).await;
    let (log, _kept) = Log::keep();
    let (worker, events) = worker(options(&server, Role::Worker), None);
    let snapshot = worker.snapshot().await.unwrap();
    worker.applied(&snapshot.id());
    let mut connection = server.admin();
    for key in ["n:flows", "n:credentials", "n:settings", "n:revision"] {
        // Nothing is being read at this moment: the last mend has been looked at.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let sent_before = sent(&mut connection);
        let mut changed = record(&mut connection).unwrap();
        changed.sequence += 1;
        let mut grow = redis::pipe();
        grow.atomic().set("n:revision", changed.to_text().unwrap());
        // The last byte of a value of 100 MB; the server fills up what is before it.
        grow.cmd("SETRANGE").arg(key).arg(100 * 1024 * 1024).arg("x");
        grow.publish("n:flows:updated", "1");
        grow.exec(&mut connection).unwrap();
        if key != "n:revision" {
            let named = format!("ERROR the value of key '{key}' can't be used: too large");
            until(&named, PATIENCE, async || log.count(&named) > 0).await;
        }
        until(&format!("the admin mends {key}"), PATIENCE * 2, async || {
            let bytes: u64 = connection.strlen(key).unwrap();
            bytes < 10_000
        })
        .await;
        let sent = sent(&mut connection) - sent_before;
        assert!(sent < 1_000_000, "{key}: {sent} bytes left the server");
        let backups: Vec<String> = connection.keys("n:backup:*").unwrap();
        for backup in backups {
            let kept: Vec<String> = connection.hvals(&backup).unwrap();
            assert!(kept.iter().all(|value| value.len() < 10_000), "{key} is in {backup}");
        }
    }
    assert_eq!(events.count(&Event::Revision), 0, "nothing was offered");
}

/// The admin also does this every minute; that rule is tested where it stands, without the wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_replaced_by_another_of_its_length_is_mended_without_a_deploy() {
    let server = Server::start(&[]);
    let _admin = deployed(&server).await;
    let mut connection = server.admin();
    let flows: String = connection.get("n:flows").unwrap();
    let other = "x".repeat(flows.len());
    let _: () = connection.set("n:flows", other).unwrap();
    // Nothing else of a server tells that somebody has changed a value there.
    redis::cmd("CLIENT").arg(&["KILL", "TYPE", "normal"]).exec(&mut connection).unwrap();
    until("the admin mends it", PATIENCE, async || {
        connection.get::<_, String>("n:flows").unwrap() == flows
    })
    .await;
}

/// Bytes that the server has sent so far.
fn sent(connection: &mut redis::Connection) -> u64 {
    let info: String = redis::cmd("INFO").arg("stats").query(connection).unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("total_net_output_bytes:"));
    line.unwrap().trim().parse().unwrap()
}

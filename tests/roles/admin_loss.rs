//! The server goes away, hangs, comes back empty or with older data.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::role::admin::{Lost, Mirrored};
use redis::Commands;

use super::common::instance::{self, admin, flows, record, stored};
use super::common::log::Log;
use super::common::server::Server;
use super::common::temp_dir;
use super::common::until;
use super::{PATIENCE, admin_options, deploy, holds, until_held, write};

fn is_away(answer: &node_red_storage_valkey::Result<Mirrored>) -> bool {
    matches!(answer, Ok(Mirrored::Away(reason)) if !reason.is_empty())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_while_valkey_is_away_answers_at_once_and_the_last_one_is_mirrored() {
    let mut server = Server::start(&[]);
    let (admin, _) = admin(admin_options(&server), None).await;
    deploy(&admin, 1).await.unwrap();
    server.kill();
    for number in 2..6 {
        let began = Instant::now();
        let answer = deploy(&admin, number).await;
        assert!(is_away(&answer), "{answer:?}");
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
    let began = Instant::now();
    assert!(is_away(&admin.mirror_sessions(r#"{"a":1}"#.into()).await));
    assert!(is_away(&admin.mirror_settings(r#"{"nodes":{"a":1}}"#).await));
    assert!(is_away(&admin.mirror_library_entry("flows", "a.json", r#"{"fn":"[]"}"#).await));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    server.restart();
    let mut connection = server.admin();
    until("the last deploy is mirrored", PATIENCE, async || {
        stored(&mut connection, "n:flows").as_deref() == Some(&flows(5))
            && stored(&mut connection, "n:sessions").as_deref() == Some(r#"{"a":1}"#)
    })
    .await;
    let settings = stored(&mut connection, "n:settings");
    assert_eq!(settings.as_deref(), Some(r#"{"_credentialSecret":"s5","nodes":{"a":1}}"#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_that_starts_without_valkey_mirrors_when_it_comes() {
    let mut server = Server::start(&[]);
    server.kill();
    let (admin, _) = admin(admin_options(&server), None).await;
    let answer = deploy(&admin, 1).await;
    assert!(is_away(&answer), "{answer:?}");
    server.restart();
    let took = until_held(&server, 1).await;
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_server_holds_a_deploy_up_for_four_seconds_and_has_it_afterwards() {
    let server = Server::start(&[]);
    let (admin, _) = admin(admin_options(&server), None).await;
    deploy(&admin, 1).await.unwrap();
    server.signal("STOP");
    let began = Instant::now();
    let answer = deploy(&admin, 2).await;
    let took = began.elapsed();
    let again = deploy(&admin, 3).await;
    server.signal("CONT");
    assert!(is_away(&answer), "{answer:?}");
    assert!(is_away(&again), "{again:?}");
    assert!(took < Duration::from_secs(8), "{took:?}");
    let back = until_held(&server, 3).await;
    println!("hung: answered after {took:?}, mirrored {back:?} after it went on");
    // What was sent to the hung server and is applied late has not undone it.
    let mut connection = server.admin();
    let sequence = record(&mut connection).unwrap().sequence;
    deploy(&admin, 4).await.unwrap();
    assert!(record(&mut connection).unwrap().sequence > sequence);
    assert!(holds(&mut connection, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_came_back_empty_is_filled_without_a_deploy() {
    let mut server = Server::start(&[]);
    let dir = temp_dir();
    let (admin, events) = admin(admin_options(&server), Some(dir.path())).await;
    deploy(&admin, 1).await.unwrap();
    admin.mirror_sessions(r#"{"a":1}"#.into()).await.unwrap();
    events.wait(&Event::LibraryWanted, 1).await;
    for round in 2..5 {
        server.restart();
        let took = until_held(&server, 1).await;
        assert!(took < Duration::from_secs(6), "{took:?}");
        let mut connection = server.admin();
        until("sessions are there again", PATIENCE, async || {
            stored(&mut connection, "n:sessions").as_deref() == Some(r#"{"a":1}"#)
        })
        .await;
        events.wait(&Event::LibraryWanted, round).await;
        let owner = stored(&mut connection, "n:lease").expect("a lease");
        assert!(owner.starts_with(&record(&mut connection).unwrap().owner), "{owner}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_data_that_came_back_is_replaced_without_a_deploy() {
    let (log, _kept) = Log::keep();
    let mut server = Server::start(&[]);
    let (admin, _) = admin(admin_options(&server), None).await;
    deploy(&admin, 1).await.unwrap();
    redis::cmd("SAVE").exec(&mut server.admin()).unwrap();
    deploy(&admin, 2).await.unwrap();
    let newest = record(&mut server.admin()).unwrap().sequence;
    server.restart();
    until_held(&server, 2).await;
    let mut connection = server.admin();
    assert!(record(&mut connection).unwrap().sequence > newest);
    let backups: Vec<String> = connection.keys("n:backup:*").unwrap();
    assert!(backups.is_empty(), "its own older deploy is no loss: {backups:?}");
    assert_eq!(log.count("ERROR"), 0, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_disk_that_could_not_ask_is_told_when_it_can_and_nothing_is_overwritten() {
    let mut server = Server::start(&[]);
    write(&instance::store(&admin_options(&server)).await, &instance::deploy(1), 7).await;
    let _: () = server.admin().del("n:lease").unwrap();
    redis::cmd("SAVE").exec(&mut server.admin()).unwrap();
    server.kill();
    let (admin, events) = admin(admin_options(&server), None).await;
    let away = admin.read_for_restore(Duration::from_millis(200)).await;
    assert_eq!(away.expect_err("away").code(), "ERR_VALKEY_UNAVAILABLE");
    admin.disk_has_lost(Lost::Flows);
    server.restart();
    events.wait(&Event::Restore, 1).await;
    let found = admin.take_restorable().expect("what Valkey holds");
    assert_eq!(found.flows, flows(1));
    assert_eq!(found.revision.as_ref().unwrap().sequence, 7);
    assert_eq!(admin.take_restorable(), None);
    assert!(holds(&mut server.admin(), 1));
    // Restored and loaded, it is this admin's, without a backup of the same.
    deploy(&admin, 1).await.unwrap();
    let mut connection = server.admin();
    assert_ne!(record(&mut connection).unwrap().owner, "an admin");
    let backups: Vec<String> = connection.keys("n:backup:*").unwrap();
    assert!(backups.is_empty(), "{backups:?}");
    assert_eq!(events.count(&Event::Restore), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_from_an_empty_disk_keeps_what_valkey_held() {
    let (log, _kept) = Log::keep();
    let mut server = Server::start(&[]);
    let dir = temp_dir();
    // Even its own earlier deploy: this disk does not have it any more.
    let (before, _) = admin(admin_options(&server), Some(dir.path())).await;
    deploy(&before, 1).await.unwrap();
    before.close().await;
    redis::cmd("SAVE").exec(&mut server.admin()).unwrap();
    server.kill();
    let (admin, events) = admin(admin_options(&server), Some(dir.path())).await;
    admin.disk_has_lost(Lost::Flows);
    assert!(is_away(&deploy(&admin, 2).await));
    server.restart();
    until_held(&server, 2).await;
    let mut connection = server.admin();
    let backups: Vec<String> = connection.keys("n:backup:*").unwrap();
    assert_eq!(backups.len(), 1);
    let kept: String = connection.hget(&backups[0], "flows").unwrap();
    assert_eq!(kept, flows(1));
    until("it is logged", PATIENCE, async || log.count(&backups[0]) == 1).await;
    assert_eq!(events.count(&Event::Restore), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_disk_on_an_empty_server_is_told_that_there_is_nothing() {
    let server = Server::start(&[]);
    let (admin, events) = admin(admin_options(&server), None).await;
    assert_eq!(admin.read_for_restore(PATIENCE).await, Ok(None));
    admin.disk_has_lost(Lost::Flows);
    events.wait(&Event::Restore, 1).await;
    assert_eq!(admin.take_restorable(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_forgotten_when_deploys_go_on_while_the_server_restarts_empty() {
    let mut server = Server::start(&[]);
    let (admin, events) = admin(admin_options(&server), None).await;
    let admin = Arc::new(admin);
    admin.mirror_sessions(r#"{"a":1}"#.into()).await.unwrap();
    for round in 1..6 {
        let wanted = events.count(&Event::LibraryWanted);
        let (deploying, ended) = (admin.clone(), Arc::new(AtomicBool::new(false)));
        let end = ended.clone();
        let deploys = tokio::spawn(async move {
            let mut number = 100 * round;
            while !end.load(Ordering::Acquire) {
                number += 1;
                let _ = deploy(&deploying, number).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            number
        });
        server = tokio::task::spawn_blocking(move || {
            server.restart();
            server
        })
        .await
        .unwrap();
        let mut connection = server.admin();
        until("sessions are there again", PATIENCE, async || {
            stored(&mut connection, "n:sessions").is_some()
        })
        .await;
        events.wait(&Event::LibraryWanted, wanted + 1).await;
        ended.store(true, Ordering::Release);
        let last = deploys.await.unwrap();
        until_held(&server, last).await;
    }
}

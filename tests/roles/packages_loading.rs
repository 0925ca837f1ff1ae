//! Packages that are installed, and that Node-RED can't load.

use node_red_storage_valkey::config::Role;
use serde_json::{Value, json};

use super::common::log::Log;
use super::common::npm::UserDir;
use super::common::server::Server;
use super::common::until;
use super::packages_support::{LONG, Running, options, publish, start, start_as, store};

fn load(names: &[&str]) -> Value {
    let one = |name: &&str| json!({ "name": name, "version": "1.0.0", "from": null });
    json!({ "load": names.iter().map(one).collect::<Vec<_>>() })
}

async fn until_jobs(running: &Running, number: usize) {
    let what = format!("job {number} comes");
    until(&what, LONG, async || running.palette.jobs().len() >= number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cant_be_loaded_is_tried_again_without_npm_and_keeps_no_deploy_waiting() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    running.palette.cant_load(&["bad", "odd"]);
    publish(&server, r#"{"bad":"1.0.0","good":"1.0.0","odd":"1.0.0"}"#);
    running.settles().await;
    assert_eq!(running.missing(), [""; 0]);
    until_jobs(&running, 2).await;
    running.palette.cant_load(&[]);
    until_jobs(&running, 3).await;
    let again = load(&["bad", "odd"]);
    assert_eq!(running.palette.jobs(), [load(&["bad", "good", "odd"]), again.clone(), again]);
    running.settles().await;
    assert_eq!(dir.said(), ["install bad@1.0.0 good@1.0.0 odd@1.0.0"]);
    assert_eq!(log.count("next attempt"), 2, "{:?}", log.lines());
    assert_eq!(log.count("(not loaded: bad, odd)"), 2, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_no_chance_waits_for_a_change_and_is_told_to_probes() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    let not_loaded = || running.worker.packages().unwrap().not_loaded();
    running.palette.cant_load(&["foreign"]);
    publish(&server, r#"{"foreign":"1.0.0"}"#);
    running.settles().await;
    assert_eq!(running.palette.jobs(), [load(&["foreign"])]);
    assert_eq!(not_loaded().into_iter().collect::<Vec<_>>(), [("foreign".into(), "broken".into())]);
    // Another package comes, and it is tried again with that.
    publish(&server, r#"{"foreign":"1.0.0","other":"1.0.0"}"#);
    running.settles().await;
    running.palette.cant_load(&[]);
    publish(&server, r#"{"foreign":"1.0.0"}"#);
    running.settles().await;
    let again = load(&["foreign", "other"]);
    let removal = json!({ "remove": ["other"] });
    assert_eq!(running.palette.jobs()[1..], [again, removal, load(&["foreign"])]);
    assert!(not_loaded().is_empty());
    assert_eq!(log.count("next attempt"), 0, "{:?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_no_place_beside_what_is_in_use_is_loaded_when_that_is_gone() {
    let server = Server::start(&[]);
    store(&server, r#"{"old":"1.0.0"}"#);
    let dir = UserDir::new();
    let running = start(&server, &dir).await;
    running.palette.uses(&["old"]);
    running.palette.cant_load(&["new"]);
    publish(&server, r#"{"new":"1.0.0"}"#);
    running.settles().await;
    assert!(dir.holds("new@1.0.0 old@1.0.0"), "{:?}", dir.installed());
    running.palette.cant_load(&[]);
    running.palette.uses(&[]);
    until("the old one goes", LONG, async || dir.holds("new@1.0.0")).await;
    running.settles().await;
    let jobs = running.palette.jobs();
    assert_eq!(jobs[jobs.len() - 2..], [json!({ "remove": ["old"] }), load(&["new"])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_operator_has_installed_before_the_list_came_is_loaded_once() {
    let server = Server::start(&[]);
    let dir = UserDir::with(&[("at-start", "1.0.0")]);
    let info = dir.host_info_with(json!({ "denyList": ["denied"] }));
    let running = start_as(options(&server, Role::Worker), &dir, info).await;
    for name in ["by-hand", "denied", "@own/broken"] {
        dir.put(name, "1.0.0");
    }
    running.palette.cant_load(&["@own/broken"]);
    let list = |further: &str| {
        format!(
            r#"{{"at-start":"1.0.0","by-hand":"1.0.0","denied":"1.0.0","@own/broken":"1.0.0"{further}}}"#
        )
    };
    publish(&server, &list(""));
    running.settles().await;
    assert_eq!(running.palette.jobs(), [load(&["@own/broken", "by-hand"])]);
    running.palette.cant_load(&[]);
    // Neither again with the next list, but for what could not be loaded.
    publish(&server, &list(r#","new":"1.0.0""#));
    running.settles().await;
    assert_eq!(running.palette.jobs()[1..], [load(&["@own/broken", "new"])]);
    publish(&server, &list(""));
    running.settles().await;
    assert_eq!(running.palette.jobs()[2..], [json!({ "remove": ["new"] })]);
    // One that has gone can come back by hand.
    dir.put("new", "1.0.0");
    dir.put("by-hand", "1.1.0");
    publish(
        &server,
        &list(r#","new":"1.0.0""#).replace(r#""by-hand":"1.0.0""#, r#""by-hand":"1.1.0""#),
    );
    running.settles().await;
    let upgrade = json!({ "name": "by-hand", "version": "1.1.0", "from": "1.0.0" });
    let again = json!({ "name": "new", "version": "1.0.0", "from": null });
    assert_eq!(running.palette.jobs()[3..], [json!({ "load": [upgrade, again] })]);
    assert_eq!(dir.said(), ["install new@1.0.0", "uninstall new"]);
}

//! A worker reads the list and needs no other right.

use std::collections::BTreeSet;

use node_red_storage_valkey::config::{Role, Secret};
use redis::Commands;
use serde_json::json;

use super::common::monitor::Monitor;
use super::common::npm::UserDir;
use super::common::server::Server;
use super::packages_support::{CHANNEL, KEY, options, start_as};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn synchronising_packages_issues_no_command_that_writes_and_is_refused_nothing() {
    let server = Server::start(&[]);
    server.add_user(
        "worker reset on >pw %R~n:packages resetchannels &n:* -@all +hello +auth +ping +select +role \
         +info +client|id +client|setname +client|setinfo +subscribe +unsubscribe +getrange",
    );
    let mut own = server.admin();
    let _: () = own.set(KEY, r#"{"a":"1.0.0"}"#).unwrap();
    let mut monitor = Monitor::start(&server);
    let dir = UserDir::new();
    let mut config = options(&server, Role::Worker);
    config.connection.username = Some("worker".into());
    config.connection.password = Some(Secret::new("pw"));
    let running = start_as(config, &dir, dir.host_info()).await;
    for list in [r#"{"b":"1.0.0"}"#, r#"{"b":"1.1.0","../c":"1"}"#, "{}", r#"["d"]"#] {
        let _: () = own.set(KEY, list).unwrap();
        redis::cmd("PUBLISH").arg(CHANNEL).arg(list).exec(&mut own).unwrap();
        running.settles().await;
    }
    assert_eq!(dir.declared(), json!({ "d": "1.0.0" }));
    running.worker.close().await;
    let commands: BTreeSet<_> = monitor.commands(&mut own).into_iter().collect();
    let reading = ["hello", "auth", "select", "client", "ping", "getrange", "subscribe"];
    let further = ["info", "role", "unsubscribe"];
    let others: Vec<_> = commands
        .iter()
        .filter(|name| !reading.contains(&name.as_str()) && !further.contains(&name.as_str()))
        .collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(commands.contains("getrange") && commands.contains("subscribe"), "{commands:?}");
    let refusals: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query(&mut own).unwrap();
    assert!(refusals.is_empty(), "{refusals:?}");
}

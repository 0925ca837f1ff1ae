//! A worker reads and subscribes, and needs no other right.

use std::collections::BTreeSet;

use node_red_storage_valkey::config::{Config, Secret};
use node_red_storage_valkey::role::Event;
use redis::Commands;

use super::common::instance::{self, deploy, flows, worker};
use super::common::monitor::Monitor;
use super::common::server::Server;
use super::common::temp_dir;
use super::{PATIENCE, admin_options, start_flows, worker_options, write};

/// Everything that a worker does in its life, but for its end.
async fn live(server: &Server, config: Config) {
    let store = instance::store(&admin_options(server)).await;
    let dir = temp_dir();
    let (worker, events) = worker(config, Some(dir.path()));
    assert_eq!(worker.read_settings().await.unwrap(), *deploy(1).settings);
    assert_eq!(worker.read_sessions().await.unwrap(), r#"{"a":1}"#);
    start_flows(&worker).await;
    let expected = r#"["sub",{"name":"A","fn":"a.js"}]"#;
    assert_eq!(worker.read_library_entry("functions", "").await.unwrap(), expected);
    assert_eq!(worker.read_library_entry("functions", "a.js").await.unwrap(), r#""x""#);
    assert_eq!(worker.read_library_entry("functions", "sub").await.unwrap(), r#"[{"fn":"b.js"}]"#);
    write(&store, &deploy(2), 2).await;
    events.wait(&Event::Revision, 1).await;
    let pending = worker.pending().unwrap();
    assert_eq!(pending.flows, flows(2));
    worker.failed(&pending.id());
    write(&store, &deploy(3), 3).await;
    events.wait(&Event::Revision, 2).await;
    worker.refused(&worker.pending().unwrap().id(), "why");
    write(&store, &deploy(4), 4).await;
    events.wait(&Event::Revision, 3).await;
    worker.applied(&worker.pending().unwrap().id());
    worker.close().await;
    store.connection().close().await;
}

/// A deploy, sessions and a library, with or without the index.
async fn fill(server: &Server, indexed: bool) {
    let store = instance::store(&admin_options(server)).await;
    write(&store, &deploy(1), 1).await;
    store.write_sessions(r#"{"a":1}"#, PATIENCE).await.unwrap();
    let entries = [("a.js", r#"{"name":"A","fn":"x"}"#), ("sub/b.js", r#"{"fn":"y"}"#)];
    for (path, entry) in entries {
        if indexed {
            store.write_library_entry("functions", path, entry).await.unwrap();
        } else {
            let key = format!("n:library:functions:{path}");
            let _: () = server.admin().set(key, entry).unwrap();
        }
    }
    if indexed {
        store.mark_library_index_built().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_issues_no_command_that_writes() {
    for indexed in [true, false] {
        let server = Server::start(&[]);
        fill(&server, indexed).await;
        // Told from the commands of the test's own store by its name.
        server.add_user("worker on >pw ~* &* +@all");
        let mut config = worker_options(&server);
        config.connection.username = Some("worker".into());
        config.connection.password = Some(Secret::new("pw"));
        let mut own = server.admin();
        let mut monitor = Monitor::start(&server);
        live(&server, config).await;
        let commands: BTreeSet<_> = monitor.commands(&mut own).into_iter().collect();
        let of_the_store = ["evalsha", "eval", "pttl", "set", "publish"];
        let of_a_worker = [
            "hello",
            "auth",
            "select",
            "client",
            "ping",
            "getrange",
            "exists",
            "strlen",
            "hlen",
            "hscan",
            "scan",
            "multi",
            "exec",
            "subscribe",
            "info",
            "role",
        ];
        let others: Vec<_> = commands
            .iter()
            .filter(|name| !of_the_store.contains(&name.as_str()))
            .filter(|name| !of_a_worker.contains(&name.as_str()))
            .collect();
        assert!(others.is_empty(), "{others:?}");
        assert!(commands.contains("getrange") && commands.contains("exec"), "{commands:?}");
        assert_eq!(commands.contains("scan"), !indexed);
    }
}

/// The least rights, as docs/operations.md tells operators (`__test__/support/acl.js`).
fn least_rights(server: &Server) -> String {
    let info: String = redis::cmd("INFO").arg("server").query(&mut server.admin()).unwrap();
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap();
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap());
    let (major, minor) = (numbers.next().unwrap(), numbers.next().unwrap());
    let pattern = if major >= 7 { "%R~" } else { "~" };
    // `sessions` is for one with an editor.
    let keys = ["flows", "credentials", "settings", "revision", "library:*", "index:*", "sessions"]
        .map(|key| format!("{pattern}n:{key}"))
        .join(" ");
    // Redis 7.0 refuses a rule for a subcommand that it lacks.
    let setinfo = if major == 7 && minor < 2 { "" } else { " +client|setinfo" };
    format!(
        "worker reset on >pw {keys} resetchannels &n:* -@all +hello +auth +ping +select +role +info \
         +client|id +client|setname{setinfo} +subscribe +unsubscribe +multi +exec +discard \
         +strlen +getrange +exists +type +ttl +pttl +time +hget +hmget +hgetall +hkeys +hlen +hexists \
         +hscan +smembers +scard +sscan +scan"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_with_the_least_rights_is_refused_nothing() {
    for indexed in [true, false] {
        let server = Server::start(&[]);
        fill(&server, indexed).await;
        server.add_user(&least_rights(&server));
        for resp3 in [true, false] {
            write(&instance::store(&admin_options(&server)).await, &deploy(1), 1).await;
            let mut config = worker_options(&server);
            config.connection.username = Some("worker".into());
            config.connection.password = Some(Secret::new("pw"));
            config.connection.connection_name = Some("a-worker".into());
            config.connection.resp3 = resp3;
            live(&server, config).await;
        }
        let refusals: Vec<redis::Value> =
            redis::cmd("ACL").arg("LOG").query(&mut server.admin()).unwrap();
        assert!(refusals.is_empty(), "{refusals:?}");
    }
}

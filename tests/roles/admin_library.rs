//! The admin's library: the disk is the source.

use std::collections::BTreeMap;

use node_red_storage_valkey::role::admin::{Admin, Mirrored};
use redis::Commands;
use serde_json::{Value, json};

use super::admin_options;
use super::common::instance::{admin, stored};
use super::common::log::Log;
use super::common::server::Server;
use super::common::temp_dir;

/// Compares the disk with Valkey and returns what only Valkey has.
async fn compare(admin: &Admin, on_disk: &[(&str, &str)]) -> BTreeMap<String, String> {
    compare_with(admin, &["functions"], on_disk).await
}

/// The same, with these types having a folder on disk.
async fn compare_with(
    admin: &Admin,
    types: &[&str],
    on_disk: &[(&str, &str)],
) -> BTreeMap<String, String> {
    let entries: Vec<Value> = on_disk
        .iter()
        .map(|(path, entry)| json!({"type": "functions", "path": path, "entry": entry}))
        .collect();
    let listing = json!({"types": types, "entries": entries}).to_string();
    let answer = admin.reconcile_library(&listing).await.expect("a comparison");
    let answer: Vec<Value> = serde_json::from_str(&answer).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    answer
        .iter()
        .map(|entry| {
            (format!("{}:{}", text(&entry["type"]), text(&entry["path"])), text(&entry["entry"]))
        })
        .collect()
}

const A: &str = r#"{"name":"A","fn":"return a;"}"#;
const B: &str = r#"{"fn":"return b;"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_wins_and_what_was_deleted_there_is_deleted_in_valkey() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let mut connection = server.admin();
    let (admin, events) = admin(admin_options(&server), Some(dir.path())).await;
    events.wait(&node_red_storage_valkey::role::Event::LibraryWanted, 1).await;
    let _: () = connection.set("n:library:functions:a.js", r#"{"fn":"older"}"#).unwrap();
    let _: () = connection.set("n:library:functions:of/others.js", B).unwrap();
    let _: () = connection.rpush("n:library:functions:b.js", "a list").unwrap();
    let only_there = compare(&admin, &[("a.js", A), ("b.js", B), ("c/d.js", B)]).await;
    assert_eq!(only_there, [("functions:of/others.js".to_owned(), B.to_owned())].into());
    for (path, text) in [("a.js", A), ("b.js", B), ("c/d.js", B), ("of/others.js", B)] {
        let key = format!("n:library:functions:{path}");
        assert_eq!(stored(&mut connection, &key).as_deref(), Some(text), "{path}");
    }
    let index: BTreeMap<String, String> = connection.hgetall("n:index:library:functions:").unwrap();
    assert_eq!(index.keys().collect::<Vec<_>>(), ["a.js", "b.js", "c", "of"]);

    // Deleted on disk: mirrored before, so deleted; what others wrote is offered again.
    let only_there = compare(&admin, &[("a.js", A)]).await;
    assert_eq!(only_there.keys().collect::<Vec<_>>(), ["functions:of/others.js"]);
    assert_eq!(stored(&mut connection, "n:library:functions:c/d.js"), None);
    let index: BTreeMap<String, String> = connection.hgetall("n:index:library:functions:").unwrap();
    assert_eq!(index.keys().collect::<Vec<_>>(), ["a.js", "of"]);
    // Written to disk, it is this admin's from now on.
    assert!(compare(&admin, &[("a.js", A), ("of/others.js", B)]).await.is_empty());
    assert!(compare(&admin, &[("a.js", A)]).await.is_empty());
    assert_eq!(stored(&mut connection, "n:library:functions:of/others.js"), None);
    assert_eq!(stored(&mut connection, "n:library:functions:a.js").as_deref(), Some(A));

    // A folder that is gone as a whole was lost: nothing is deleted, everything is offered.
    let only_there = compare_with(&admin, &[], &[]).await;
    assert_eq!(only_there.keys().collect::<Vec<_>>(), ["functions:a.js"]);
    assert_eq!(stored(&mut connection, "n:library:functions:a.js").as_deref(), Some(A));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_mirrored_is_known_after_a_restart_and_not_on_another_disk() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let mut connection = server.admin();
    let (first, events) = admin(admin_options(&server), Some(dir.path())).await;
    events.wait(&node_red_storage_valkey::role::Event::LibraryWanted, 1).await;
    assert_eq!(first.mirror_library_entry("functions", "x.js", A).await, Ok(Mirrored::Done));
    assert!(compare(&first, &[("x.js", A), ("y.js", B)]).await.is_empty());
    first.close().await;

    let _: () = connection.del("n:lease").unwrap();
    let (fresh, events) = admin(admin_options(&server), None).await;
    events.wait(&node_red_storage_valkey::role::Event::LibraryWanted, 1).await;
    assert_eq!(compare(&fresh, &[]).await.len(), 2, "a fresh disk is filled");
    fresh.close().await;

    let _: () = connection.del("n:lease").unwrap();
    let (again, events) = admin(admin_options(&server), Some(dir.path())).await;
    events.wait(&node_red_storage_valkey::role::Event::LibraryWanted, 1).await;
    assert!(compare(&again, &[("x.js", A)]).await.is_empty());
    assert_eq!(stored(&mut connection, "n:library:functions:y.js"), None);
    assert_eq!(stored(&mut connection, "n:library:functions:x.js").as_deref(), Some(A));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_entries_never_reach_the_disk() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let hostile: [&[u8]; 14] = [
        b"library:flows:../../x",
        b"library:flows:a/../../x",
        b"library:flows:..",
        b"library:..:x",
        b"library:flows:/etc/x",
        b"library:flows://host/x",
        b"library:flows:C:/x",
        b"library:flows:a\\..\\x",
        b"library:flows:nul\0x",
        b"library::x",
        b"library:flows:",
        b"library:a/b:x",
        b"library:flows:./x",
        b"library:flows:\xff\xfe",
    ];
    for name in hostile {
        let key = [b"n:", name].concat();
        let _: () = connection.set(key, r#"{"fn":"x"}"#).unwrap();
    }
    for (path, value) in
        [("text", "not JSON"), ("number", r#"{"fn":1}"#), ("none", "{}"), ("list", "[]")]
    {
        let _: () = connection.set(format!("n:library:flows:{path}"), value).unwrap();
    }
    let _: () = connection.rpush("n:library:flows:type", "x").unwrap();
    let _: () = connection.set("n:library:flows:good.json", A).unwrap();
    let (admin, events) = admin(admin_options(&server), None).await;
    events.wait(&node_red_storage_valkey::role::Event::LibraryWanted, 1).await;
    let only_there = compare(&admin, &[]).await;
    assert_eq!(only_there.keys().collect::<Vec<_>>(), ["flows:good.json"]);
    for named in ["../../x", "..:x", "/etc/x", "C:/x", "flows:text", "flows:number", "flows:type"] {
        assert!(log.count(named) >= 1, "{named} is not logged: {:#?}", log.lines());
    }
    assert!(!log.lines().join("").contains("not JSON"));
    // They are left alone: this admin did not write them.
    let left: Vec<Vec<u8>> = connection.keys("n:library:*").unwrap();
    assert_eq!(left.len(), hostile.len() + 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_valkey_has_is_written_to_disk_as_node_red_writes_it() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let mut connection = server.admin();
    let (admin, events) = admin(admin_options(&server), Some(dir.path())).await;
    events.wait(&node_red_storage_valkey::role::Event::LibraryWanted, 1).await;
    let number = r#"{"outputs":2,"fn":"return b;"}"#;
    let flow = r#"{"fn":"[]"}"#;
    for (key, entry) in [
        ("functions:a/b.js", A),
        ("functions:number.js", number),
        ("functions:draft.$$$", B),
        ("flows:f.json", flow),
        ("flows:without-ending", flow),
    ] {
        let _: () = connection.set(format!("n:library:{key}"), entry).unwrap();
    }
    let left = |flows: bool| {
        let listing = json!({"types": [], "entries": [], "restore": {"flows": flows}}).to_string();
        let admin = &admin;
        async move {
            let answer = admin.reconcile_library(&listing).await.expect("a comparison");
            let answer: Vec<Value> = serde_json::from_str(&answer).unwrap();
            let mut paths: Vec<String> =
                answer.iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect();
            paths.sort();
            paths
        }
    };
    let lib = dir.path().join("lib");
    let text = |path: &str| std::fs::read_to_string(lib.join(path)).ok();
    assert_eq!(left(false).await, ["draft.$$$", "f.json", "number.js", "without-ending"]);
    assert_eq!(text("functions/a/b.js").as_deref(), Some("// name: A\nreturn a;"));
    assert_eq!(text("flows/f.json"), None, "Node-RED is to format it");
    assert_eq!(left(true).await, ["draft.$$$", "number.js", "without-ending"]);
    assert_eq!(text("flows/f.json").as_deref(), Some("[]"));
}

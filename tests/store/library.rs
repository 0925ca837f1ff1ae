//! The library and its index.

use std::collections::BTreeSet;

use node_red_storage_valkey::Error;
use node_red_storage_valkey::store::Store;
use node_red_storage_valkey::store::library::Folder;
use redis::Commands;

use super::common::instance::calls;
use super::common::server::Server;
use super::{instance, open, options};

async fn put(store: &Store, path: &str) {
    let entry = format!(r#"{{"name":"{path}","fn":"body"}}"#);
    store.write_library_entry("functions", path, &entry).await.expect("a write");
}

async fn names(store: &Store, folder: &str) -> Vec<String> {
    let listing = store.read_library_folder("functions", folder).await.expect("a listing");
    listing.into_keys().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_lists_its_files_with_meta_and_its_subfolders() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    for path in ["a.js", "sub/b.js", "sub/deep/er/c.js", "12:30/1:2.js"] {
        put(&store, path).await;
    }
    let top = store.read_library_folder("functions", "").await.unwrap();
    let expected = Folder::from([
        ("a.js".into(), Some(r#"{"name":"a.js"}"#.into())),
        ("sub".into(), None),
        ("12:30".into(), None),
    ]);
    assert_eq!(top, expected);
    assert_eq!(names(&store, "sub").await, ["b.js", "deep"]);
    assert_eq!(names(&store, "sub/deep").await, ["er"]);
    assert_eq!(names(&store, "sub/deep/er").await, ["c.js"]);
    assert_eq!(names(&store, "12:30").await, ["1:2.js"]);
    assert!(names(&store, "su").await.is_empty());
    assert!(store.read_library_folder("flows", "").await.unwrap().is_empty());
    // A changed entry has its new meta.
    store.write_library_entry("functions", "a.js", r#"{"outputs":2,"fn":""}"#).await.unwrap();
    let top = store.read_library_folder("functions", "").await.unwrap();
    assert_eq!(top["a.js"].as_deref(), Some(r#"{"outputs":2}"#));
    let text = store.read_library_entry("functions", "12:30/1:2.js").await.unwrap();
    assert_eq!(text.as_deref(), Some(r#"{"name":"12:30/1:2.js","fn":"body"}"#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_entry_takes_empty_folders_along_and_no_sibling() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    for path in ["a/b/c.js", "a/b/d.js", "a/e/f.js", "g.js"] {
        put(&store, path).await;
    }
    let delete = async |path: &str| store.delete_library_entry("functions", path).await.unwrap();
    delete("a/b/c.js").await;
    assert_eq!(names(&store, "a/b").await, ["d.js"]);
    // Deleted once more, or never there: the sibling stays.
    delete("a/b/c.js").await;
    delete("a/b/none.js").await;
    assert_eq!(names(&store, "a/b").await, ["d.js"]);
    assert_eq!(names(&store, "a").await, ["b", "e"]);
    delete("a/b/d.js").await;
    assert_eq!(names(&store, "a").await, ["e"]);
    assert!(names(&store, "a/b").await.is_empty());
    delete("a/e/f.js").await;
    assert_eq!(names(&store, "").await, ["g.js"]);
    delete("g.js").await;
    let keys: Vec<String> = server.admin().keys("*").unwrap();
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_costs_two_commands_however_much_the_server_holds() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    for number in 0..50 {
        put(&store, &format!("folder-{}/{number}.js", number % 5)).await;
    }
    let mut admin = server.admin();
    let _: () = redis::cmd("CONFIG").arg("RESETSTAT").query(&mut admin).unwrap();
    assert_eq!(names(&store, "folder-3").await.len(), 10);
    assert_eq!((calls(&mut admin, "hlen"), calls(&mut admin, "hscan")), (1, 1));
    for command in ["scan", "keys", "get", "mget", "hgetall"] {
        assert_eq!(calls(&mut admin, command), 0, "{command}");
    }
}

/// Adds to the index of the folder `large`: so many names, each with a meta of so many bytes.
fn fill(connection: &mut redis::Connection, names: usize, size: usize) {
    let meta = format!(r#"{{"x":"{}"}}"#, "y".repeat(size));
    for number in 0..names {
        let mut set = redis::cmd("HSET");
        set.arg("n:index:library:functions:large").arg(format!("{number}.js")).arg(&meta);
        connection.send_packed_command(&set.get_packed_command()).unwrap();
    }
    for _ in 0..names {
        connection.recv_response().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_folder_is_read_page_by_page() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    fill(&mut admin, 3000, 100);
    let folder = store.read_library_folder("functions", "large").await.unwrap();
    assert_eq!(folder.len(), 3000);
    assert!(folder.values().flatten().all(|meta| meta.len() == 108), "{folder:?}");
    let pages = calls(&mut admin, "hscan");
    assert!((15..=60).contains(&pages), "{pages}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_too_large_to_be_one_is_not_fetched_and_the_key_is_named() {
    for (names, size, pages, words) in [
        (100_001, 1, 0..1, "too large for a folder of the library: more than 100000 names"),
        (150, 1 << 20, 1..1000, "too large for a folder of the library: more than 62914560 bytes"),
    ] {
        let server = Server::start(&[]);
        let store = open(&server).await;
        let mut admin = server.admin();
        fill(&mut admin, names, size);
        match store.read_library_folder("functions", "large").await {
            Err(Error::Value { key, problem }) => {
                assert_eq!(key, "n:index:library:functions:large");
                assert_eq!(problem, words);
            }
            other => panic!("{}", other.map_or_else(|error| error.to_string(), |_| words.into())),
        }
        let read = calls(&mut admin, "hscan");
        assert!(pages.contains(&read), "{read} pages");
        assert!(store.read_library_folder("functions", "").await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_entry_or_leads_elsewhere_is_not_written() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    for (kind, path, entry, code) in [
        ("flows", "../x", r#"{"fn":""}"#, "ERR_VALKEY_LIBRARY_PATH"),
        ("..", "x", r#"{"fn":""}"#, "ERR_VALKEY_LIBRARY_PATH"),
        ("a:b", "x", r#"{"fn":""}"#, "ERR_VALKEY_LIBRARY_PATH"),
        ("flows", "/x", r#"{"fn":""}"#, "ERR_VALKEY_LIBRARY_PATH"),
        ("flows", "a\\b", r#"{"fn":""}"#, "ERR_VALKEY_LIBRARY_PATH"),
        ("flows", "x", "[]", "ERR_VALKEY_VALUE"),
        ("flows", "x", r#"{"name":""}"#, "ERR_VALKEY_VALUE"),
    ] {
        let error = store.write_library_entry(kind, path, entry).await.expect_err(path);
        assert_eq!(error.code(), code, "{kind} {path}");
    }
    let keys: Vec<String> = server.admin().keys("*").unwrap();
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_finds_every_entry_of_its_own_prefix_and_no_other() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let mut pipe = redis::pipe();
    for number in 0..3000 {
        pipe.cmd("SET").arg(format!("nxx:library:flows:{number}")).arg("{}").ignore();
    }
    pipe.exec(&mut admin).unwrap();
    for prefix in ["n*:", "n?[x]:", "n\\:", "[n]:", "{n}:", "n:"] {
        let config = instance::with_prefix(options(&server), prefix);
        let store = instance::store(&config).await;
        put(&store, "own/12:30.js").await;
        let _: () = admin.set(format!("{prefix}library:flows:by hand"), "x").unwrap();
        let _: () = admin.set(format!("{prefix}library:flows:"), "x").unwrap();
        let _: () = admin.set(format!("{prefix}library:x"), "x").unwrap();
    }
    for prefix in ["n*:", "n?[x]:", "n\\:", "[n]:", "{n}:", "n:"] {
        let config = instance::with_prefix(options(&server), prefix);
        let found = instance::store(&config).await.scan_library().await.unwrap();
        let expected: BTreeSet<_> = [("functions", "own/12:30.js"), ("flows", "by hand")]
            .map(|(kind, path)| (kind.to_owned(), path.to_owned()))
            .into();
        assert_eq!(found, expected, "{prefix}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_says_that_the_index_is_complete() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    put(&store, "a.js").await;
    assert_eq!(store.has_library_index().await, Ok(false));
    store.mark_library_index_built().await.unwrap();
    assert_eq!(store.has_library_index().await, Ok(true));
    assert_eq!(store.scan_library().await.unwrap().len(), 1);
}

//! The package list: how it is stored, and who may store it.

use node_red_storage_valkey::packages::PackageList;
use node_red_storage_valkey::store::Store;
use node_red_storage_valkey::store::lease::{Holder, Lease};
use node_red_storage_valkey::store::packages::ListWritten;
use redis::Commands;

use super::common::announcements::Announcements;
use super::common::instance::{self, stored};
use super::common::log::Log;
use super::common::server::Server;
use super::{me, open, options};

const LIST: &str = r#"{"@s/b":"2.0.0","a":"1.0.0"}"#;

fn list(text: &str) -> PackageList {
    PackageList::parse("n:packages", text).unwrap()
}

/// 500 packages, so that compression is worth it.
fn long_list() -> PackageList {
    let entries = (0..500).map(|number| format!(r#""package-{number:03}":"1.0.{number}""#));
    list(&format!("{{{}}}", entries.collect::<Vec<_>>().join(",")))
}

async fn written(store: &Store, holder: &Holder, list: &PackageList) -> ListWritten {
    store.write_packages(holder, list).await.expect("a write")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_stored_and_announced_as_json_text() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    assert_eq!(store.read_packages().await, Ok(None));
    let mut heard = Announcements::of(&server);
    assert_eq!(written(&store, &me(), &list(LIST)).await, ListWritten::Done);
    assert_eq!(stored(&mut server.admin(), "n:packages").as_deref(), Some(LIST));
    assert_eq!(heard.packages(), [("set".to_owned(), String::new()), ("said".into(), LIST.into())]);
    assert_eq!(heard.keys_set(), ["n:packages"], "and nothing else");
    assert_eq!(store.read_packages().await, Ok(Some(list(LIST))));
    assert_eq!(written(&store, &me(), &list("{}")).await, ListWritten::Done);
    assert_eq!(store.read_packages().await, Ok(Some(list("{}"))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_list_is_announced_as_plain_text() {
    let server = Server::start(&[]);
    let mut config = options(&server);
    config.enable_compression = true;
    let store = instance::store(&config).await;
    let mut heard = Announcements::of(&server);
    let long = long_list();
    assert_eq!(written(&store, &me(), &long).await, ListWritten::Done);
    let bytes: Vec<u8> = server.admin().get("n:packages").unwrap();
    assert!(bytes.starts_with(&[0x1f, 0x8b]) && bytes.len() < long.text().len() / 2);
    assert!(heard.packages().contains(&("said".into(), long.text())));
    // Whoever reads needs no option for it.
    assert_eq!(open(&server).await.read_packages().await, Ok(Some(long)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_hold_the_lease_stores_and_announces_nothing() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let rival = Holder::new("rival", "1");
    assert_eq!(store.renew_lease(&rival, true).await, Ok(Lease::Held));
    let mut heard = Announcements::of(&server);
    for before in [None, Some(LIST)] {
        if let Some(before) = before {
            assert_eq!(written(&store, &rival, &list(before)).await, ListWritten::Done);
        }
        let refused = ListWritten::Other("rival".into());
        assert_eq!(written(&store, &me(), &list("{}")).await, refused);
        assert_eq!(stored(&mut server.admin(), "n:packages").as_deref(), before);
    }
    assert_eq!(heard.packages().len(), 2, "only what the holder wrote");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_none_is_in_nobodys_way() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    for broken in ["a list", "never ends"] {
        let _: () = admin.del("n:lease").unwrap();
        match broken {
            "a list" => admin.rpush::<_, _, ()>("n:lease", "x").unwrap(),
            _ => admin.set("n:lease", "rival:1").unwrap(),
        }
        assert_eq!(written(&store, &me(), &list(LIST)).await, ListWritten::Done, "{broken}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_can_not_be_announced_is_stored_and_the_rule_named_once() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    server.add_user("admin on >pw ~n:* resetchannels &n:flows:updated +@all");
    let mut config = options(&server);
    config.connection.username = Some("admin".into());
    config.connection.password = Some(node_red_storage_valkey::config::Secret::new("pw"));
    let store = instance::store(&config).await;
    for _ in 0..2 {
        assert_eq!(store.write_packages(&me(), &list(LIST)).await, Ok(ListWritten::Done));
    }
    assert!(stored(&mut server.admin(), "n:packages").is_some());
    assert_eq!(log.count("PUBLISH: channel 'n:packages:updated': "), 1, "{:#?}", log.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_module_stored_is_read() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    for (text, same) in [
        (r#"["a","@s/b"]"#, r#"{"a":"*","@s/b":"*"}"#),
        (" \n{ \"a\" : \"^1.0.0\" }\n", r#"{"a":"^1.0.0"}"#),
        ("\u{feff}{\"a\":\"1.x\"}", r#"{"a":"1.x"}"#),
        // {"a":"1.0.0"}
        ("gzip:H4sIAAAAAAACA6tWSlSyUjLUM9AzUKoFAKpx7gMNAAAA", r#"{"a":"1.0.0"}"#),
    ] {
        let _: () = server.admin().set("n:packages", text).unwrap();
        assert_eq!(store.read_packages().await, Ok(Some(list(same))), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    let _: () = admin.set("n:packages", vec![b' '; 1_000_001]).unwrap();
    let error = store.read_packages().await.expect_err("too large");
    assert_eq!(error.code(), "ERR_VALKEY_VALUE");
    assert!(error.to_string().contains("n:packages"), "{error}");
    let mut largest = LIST.as_bytes().to_vec();
    largest.resize(1_000_000, b' ');
    let _: () = admin.set("n:packages", largest).unwrap();
    assert_eq!(store.read_packages().await, Ok(Some(list(LIST))));
}

//! What a worker reads, also when earlier modules wrote it or nobody should have.

use std::io::Write as _;

use base64::Engine as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use node_red_storage_valkey::Error;
use node_red_storage_valkey::store::snapshot::Check;
use redis::Commands;

use super::common::instance::{credentials, deploy, flows};
use super::common::server::Server;
use super::{open, write};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn gzip_base64(text: &str) -> Vec<u8> {
    let text = base64::engine::general_purpose::STANDARD.encode(gzip(text));
    format!("gzip:{text}").into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_earlier_modules_wrote_is_read() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    let wrapped = format!(r#"{{"flows":{},"rev":"abc"}}"#, flows(1));
    let forms: [Vec<u8>; 6] = [
        flows(1).into_bytes(),
        gzip(&flows(1)),
        gzip_base64(&flows(1)),
        wrapped.clone().into_bytes(),
        gzip(&wrapped),
        gzip_base64(&wrapped),
    ];
    for form in forms {
        let _: () = admin.set("n:flows", form).unwrap();
        for credentials_form in [credentials(1).into_bytes(), gzip_base64(&credentials(1))] {
            let _: () = admin.set("n:credentials", credentials_form).unwrap();
            let snapshot = store.read_snapshot(Check::Form).await.unwrap().expect("a deploy");
            assert_eq!(snapshot.flows, flows(1));
            assert_eq!(snapshot.credentials, credentials(1));
            assert_eq!(snapshot.settings, "{}");
            assert_eq!(snapshot.revision, None);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stored_is_none_and_flows_alone_are_enough() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    assert_eq!(store.read_snapshot(Check::Form).await, Ok(None));
    let _: () = admin.set("n:credentials", credentials(1)).unwrap();
    let _: () = admin.set("n:settings", "{}").unwrap();
    assert_eq!(store.read_snapshot(Check::Form).await, Ok(None));
    let _: () = admin.del("n:credentials").unwrap();
    let _: () = admin.set("n:flows", "[]").unwrap();
    for _ in 0..2 {
        let snapshot = store.read_snapshot(Check::Form).await.unwrap().expect("an empty deploy");
        assert_eq!((snapshot.flows.as_str(), snapshot.credentials.as_str()), ("[]", "{}"));
        // Node-RED writes that, too.
        let _: () = admin.set("n:credentials", "[]").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_cant_be_used_is_named_by_its_key() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    let broken: [&[u8]; 6] = [
        b"null",
        b"\"secret\"",
        b"[{\"id\":\"secret\",",
        b"\xff\xfe",
        b"\x1f\x8b\x08secret",
        b"gzip:%%%",
    ];
    for name in ["flows", "credentials", "settings"] {
        let key = format!("n:{name}");
        write(&store, &deploy(1), 1).await;
        for value in broken {
            let _: () = admin.set(&key, value).unwrap();
            expect_named(store.read_snapshot(Check::Form).await, &key);
        }
        let _: () = admin.del(&key).unwrap();
        let _: () = admin.rpush(&key, "secret").unwrap();
        expect_named(store.read_snapshot(Check::Form).await, &key);
        let _: () = admin.del(&key).unwrap();
    }
    write(&store, &deploy(1), 2).await;
    for value in [r#"{"rev":"a"}"#, r#"{"flows":{}}"#, r#"[1]"#, r#"[{"id":"a"}]"#] {
        let _: () = admin.set("n:flows", value).unwrap();
        expect_named(store.read_snapshot(Check::Form).await, "n:flows");
    }
}

fn expect_named<T: std::fmt::Debug>(outcome: Result<T, Error>, key: &str) {
    let error = outcome.expect_err(key);
    assert!(matches!(&error, Error::Value { key: named, .. } if named == key), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_record_is_no_reason_not_to_run_a_whole_deploy() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    write(&store, &deploy(1), 1).await;
    let id = store.read_snapshot(Check::Form).await.unwrap().unwrap().id();
    for record in ["", "{", "[]", r#"{"sequence":-1}"#, r#"{"sequence":2}"#] {
        let _: () = admin.set("n:revision", record).unwrap();
        let snapshot = store.read_snapshot(Check::Form).await.unwrap().expect("a deploy");
        assert_eq!((snapshot.id(), snapshot.revision), (id.clone(), None), "{record}");
    }
    let _: () = admin.del("n:revision").unwrap();
    let _: () = admin.rpush("n:revision", "x").unwrap();
    let snapshot = store.read_snapshot(Check::Form).await.unwrap().expect("a deploy");
    assert_eq!((snapshot.id(), snapshot.revision), (id, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_value_is_as_good_as_none_and_told_where_the_record_tells_of_more() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    for name in ["flows", "credentials", "settings"] {
        let key = format!("n:{name}");
        write(&store, &deploy(1), 1).await;
        let _: () = admin.set(&key, "").unwrap();
        expect_named(store.read_snapshot(Check::Whole).await, &key);
    }
    let _: () = admin.set("n:flows", "").unwrap();
    let _: () = admin.del("n:revision").unwrap();
    assert_eq!(store.read_snapshot(Check::Whole).await, Ok(None));
}

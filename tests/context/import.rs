//! Keys of other stores on the same server, taken over once.

use std::io::Write;

use base64::Engine;
use node_red_storage_valkey::config::{Secret, StateUser};
use node_red_storage_valkey::role::context::{Operation, Origin};
use redis::Commands;

use super::common::log::Log;
use super::common::server::Server;
use super::{PATIENCE, open, options, reads, reads_from_server, sent, set, text, until};

const TAB: &str = "0123456789abcdef";

fn gzip(text: &str) -> String {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    format!("gzip:{}", base64::engine::general_purpose::STANDARD.encode(bytes))
}

fn importing(server: &Server, heads: &[&str]) -> node_red_storage_valkey::config::Config {
    let mut config = options(server);
    config.context.import_from = heads.iter().map(|head| (*head).to_owned()).collect();
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_other_stores_are_taken_over_once() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let node = format!("fedcba9876543210:{TAB}");
    let zipped = gzip(r#"{"z":7}"#);
    let _: () = redis::pipe()
        .set("n:n:context:global:a", "1")
        .set("n:n:context:global:p:q", "2")
        .set("n:n:context:global:50%", "3")
        .set("n:n:context:global:zipped", &zipped)
        .set("n:n:context:global:deleted", "")
        .set("n:n:context:global:broken", "{")
        .set(format!("n:n:context:{node}:x:y"), "4")
        .set("n:n:context:global:taken", "\"old\"")
        .set("n:context:global:taken", "\"new\"")
        .set("other:global:b", "5")
        .set(format!("other:{TAB}:c"), "6")
        .lpush("other:global:list", "no string")
        .set("elsewhere:global:d", "7")
        .query(&mut admin)
        .unwrap();
    for number in 0..1200 {
        let _: () = admin.set(format!("other:global:many{number}"), number).unwrap();
    }
    let (log, _guard) = Log::keep();
    let (context, _) = open(importing(&server, &["n:n:context:", "other:"]), None);
    reads_from_server(&context).await;
    for (key, expected) in [
        ("a", Some("1")),
        ("p:q", Some("2")),
        ("50%", Some("3")),
        ("zipped", Some(r#"{"z":7}"#)),
        ("deleted", None),
        ("broken", None),
        ("taken", Some("\"new\"")),
        ("b", Some("5")),
        ("list", None),
        ("many1199", Some("1199")),
        ("d", None),
    ] {
        reads(&context, key, expected).await;
    }
    until("all scopes", PATIENCE, async || {
        context.text(&node, "x:y").as_deref() == Some("4")
            && context.text(TAB, "c").as_deref() == Some("6")
    })
    .await;
    let lines = log.lines();
    for line in [
        "5 keys were imported from 'n:n:context:', 1 were there already, and 2 can't be read",
        "1202 keys were imported from 'other:', 0 were there already, and 1 can't be read",
    ] {
        assert_eq!(log.count(line), 1, "{lines:?}");
    }
    assert_eq!(admin.get("n:n:context:global:a"), Ok("1".to_owned()));

    // Once is once: what was deleted since stays so.
    context.set("global", vec![("a".into(), None)]).unwrap();
    sent(&context).await;
    context.close().await;
    let (again, _) = open(importing(&server, &["n:n:context:", "other:"]), None);
    reads_from_server(&again).await;
    until("in step", PATIENCE, async || again.health().in_step).await;
    assert_eq!(text(&again, "a"), None);
    assert_eq!(text(&again, "b").as_deref(), Some("5"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_wait_for_what_can_not_be_imported() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let _: () = admin.set("other:global:a", 1).unwrap();
    server.add_user("context on >pw ~n:* -@all +@all");
    let mut config = importing(&server, &["other:"]);
    let password = Some(Secret::new("pw"));
    config.state = Some(StateUser { username: Some("context".into()), password });
    let (log, _guard) = Log::keep();
    let (context, _) = open(config, None);
    assert_eq!(context.opened().await, Origin::Nothing);
    assert_eq!(log.count("'context.importFrom': 'other:' can't be read"), 1, "{:?}", log.lines());
    server.add_user("context ~other:*");
    context.loaded().await;
    reads(&context, "a", Some("1")).await;
    set(&context, "b", "1");
    sent(&context).await;
    context.operate("global", "a", Operation::Increment(1.0)).await.unwrap();
    assert_eq!(admin.get("other:global:a"), Ok("1".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_to_import_is_told_and_holds_nothing_up() {
    let server = Server::start(&[]);
    let (log, _guard) = Log::keep();
    let (context, _) = open(importing(&server, &["nowhere:"]), None);
    reads_from_server(&context).await;
    assert_eq!(log.count("there are no keys that begin with 'nowhere:'"), 1, "{:?}", log.lines());
}

//! Values that nobody of us has written, and more than fits.

use node_red_storage_valkey::config::ContextConfig;
use node_red_storage_valkey::role::context::{Operation, Outcome};
use redis::Commands;

use super::common::log::Log;
use super::common::server::Server;
use super::{open, opened, options, reads, sent, set, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_named_once_and_counts_as_missing() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let (log, _guard) = Log::keep();
    let huge = "1".repeat(1024 * 1024 + 1);
    let _: () = redis::pipe()
        .set("n:context:global:json", "{secret")
        .set("n:context:global:utf8", b"\xff\xfe")
        .set("n:context:global:gzip", "gzip:H4sI")
        .set("n:context:global:huge", &huge)
        .set("n:context:global:empty", "")
        .rpush("n:context:global:list", 1)
        .set("n:context:global:good", r#"{"__proto__":1}"#)
        .set("n:context:global", 1)
        .set("n:context::epoch", "e")
        .set("n:context:nokey:", 1)
        .query(&mut admin)
        .unwrap();
    let context = opened(&server).await;
    assert_eq!(context.names("global"), ["good"]);
    for name in ["json", "utf8", "gzip", "huge", "list"] {
        assert_eq!(
            log.count(&format!("'n:context:global:{name}'")),
            1,
            "{name}: {:?}",
            log.lines()
        );
    }
    assert_eq!(log.count("secret"), 0);
    // They can be set anew, and deleted.
    for name in ["json", "huge", "list", "empty"] {
        set(&context, name, "5");
        reads(&context, name, Some("5")).await;
    }
    context.set("global", vec![("utf8".into(), None)]).unwrap();
    sent(&context).await;
    let stored: Option<String> = admin.get("n:context:global:utf8").unwrap();
    assert_eq!(stored, None);
    let stored: String = admin.get("n:context:global:list").unwrap();
    assert_eq!(stored, "5");
    let error = context.operate("global", "gzip", Operation::Push("1".into())).await.unwrap_err();
    assert_eq!(error.code(), "ERR_VALKEY_CONTEXT_VALUE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_earlier_modules_and_compressed_ones_are_read() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let mut config = options(&server);
    config.enable_compression = true;
    let (context, _) = open(config, None);
    context.opened().await;
    let large = format!("\"{}\"", "x".repeat(10_000));
    set(&context, "large", &large);
    sent(&context).await;
    let size: usize = admin.strlen("n:context:global:large").unwrap();
    assert!(size < 1000, "{size} bytes");
    let other = opened(&server).await;
    assert_eq!(text(&other, "large").as_deref(), Some(&*large));
    // Somebody who does not compress appends to it.
    let outcome = other.operate("global", "large", Operation::Push("1".into())).await;
    assert_eq!(outcome.unwrap_err().code(), "ERR_VALKEY_CONTEXT_VALUE");
    let list = format!("[{large}]");
    set(&context, "list", &list);
    reads(&other, "list", Some(&list)).await;
    let outcome = other.operate("global", "list", Operation::Push("1".into())).await.unwrap();
    let expected = format!("[{large},1]");
    assert_eq!(outcome, Outcome::Text(expected.clone()));
    reads(&context, "list", Some(&expected)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_limits_is_refused_and_deleting_is_not() {
    let server = Server::start(&[]);
    let mut config = options(&server);
    config.context =
        ContextConfig { max_value: 1000, max_total: 10_000, ..ContextConfig::default() };
    let (context, _) = open(config, None);
    context.opened().await;
    let limited = |key: &str, text: String| {
        let error = context.set("global", vec![(key.into(), Some(text))]).unwrap_err();
        assert_eq!(error.code(), "ERR_VALKEY_CONTEXT_LIMIT", "{error}");
    };
    limited("a", "1".repeat(1001));
    limited(&"k".repeat(2000), "1".into());
    let mut count = 0;
    while context.set("global", vec![(format!("k{count}"), Some("1".repeat(900)))]).is_ok() {
        count += 1;
    }
    assert!((7..=10).contains(&count), "{count}");
    for number in 0..10_000 {
        limited(&format!("more{number}"), "1".repeat(900));
    }
    assert!(context.health().bytes <= 10_000);
    context.set("global", vec![("k0".into(), None)]).unwrap();
    set(&context, "k0", "1");
    sent(&context).await;
    // What others set beyond that is not taken in without measure.
    let mut admin = server.admin();
    for number in 0..50 {
        let _: () = admin.set(format!("n:context:tab:k{number}"), "1".repeat(900)).unwrap();
    }
    let _: () = admin.set("n:context:global:k0", "7").unwrap();
    reads(&context, "k0", Some("7")).await;
    assert!(context.health().bytes <= 12_600, "{}", context.health().bytes);
}

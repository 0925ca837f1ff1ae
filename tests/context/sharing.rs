//! What one instance sets, the others read.

use node_red_storage_valkey::role::context::{Operation, Outcome, Segment};
use redis::Commands;

use super::common::server::Server;
use super::{open, opened, options, reads, sent, set, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_reads_at_once_what_it_sets_and_others_soon_after() {
    let server = Server::start(&[]);
    let one = opened(&server).await;
    let (two, told) = open(options(&server), None);
    two.opened().await;
    set(&one, "a:b%", r#"{"x":1}"#);
    assert_eq!(text(&one, "a:b%").as_deref(), Some(r#"{"x":1}"#));
    reads(&two, "a:b%", Some(r#"{"x":1}"#)).await;
    assert_eq!(told.0.borrow().last(), Some(&("global".into(), "a:b%".into())));
    let mut admin = server.admin();
    let stored: String = admin.get("n:context:global:a%3Ab%25").unwrap();
    assert_eq!(stored, r#"{"x":1}"#);
    set(&two, "c", "2");
    reads(&one, "c", Some("2")).await;
    assert_eq!(one.names("global"), ["a:b%", "c"]);
    one.set("global", vec![("c".into(), None)]).unwrap();
    assert_eq!(text(&one, "c"), None);
    reads(&two, "c", None).await;
    sent(&one).await;
    assert_eq!(one.health().keys, 1);
    one.close().await;
    two.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_read_at_the_start() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    for number in 0..5000 {
        let _: () = admin.set(format!("n:context:tab:k{number}"), number).unwrap();
    }
    let context = opened(&server).await;
    assert_eq!(context.names("tab").len(), 5000);
    assert_eq!(context.text("tab", "k77").as_deref(), Some("77"));
    // Foreign writers and expiry are heard of as well.
    let _: () = admin.set("n:context:global:foreign", "[]").unwrap();
    reads(&context, "foreign", Some("[]")).await;
    let _: () = admin.pexpire("n:context:global:foreign", 1).unwrap();
    reads(&context, "foreign", None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting_loses_nothing() {
    let server = Server::start(&[]);
    let contexts = [opened(&server).await, opened(&server).await];
    let counters = contexts.map(|context| {
        tokio::spawn(async move {
            for _ in 0..1000 {
                let outcome = context.operate("global", "n", Operation::Increment(1.0)).await;
                assert!(matches!(outcome, Ok(Outcome::Text(_))), "{outcome:?}");
            }
            context
        })
    });
    for counter in counters {
        let context = counter.await.unwrap();
        reads(&context, "n", Some("2000")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_two_set_both_survive() {
    let server = Server::start(&[]);
    let contexts = [opened(&server).await, opened(&server).await];
    set(&contexts[0], "object", "{}");
    reads(&contexts[1], "object", Some("{}")).await;
    for number in 0..50 {
        for (who, context) in contexts.iter().enumerate() {
            let path = vec![Segment::Name(format!("{who}")), Segment::Index(number)];
            context.set_part("global", "object", path, Some(number.to_string())).unwrap();
        }
    }
    let list: Vec<u64> = (0..50).collect();
    for context in &contexts {
        let expected = [serde_json::json!({"0": list, "1": list})];
        super::until("both are there", super::PATIENCE, async || {
            let text = text(context, "object").unwrap();
            expected.contains(&serde_json::from_str(&text).unwrap())
        })
        .await;
    }
}

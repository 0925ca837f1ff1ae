//! Operations that are one step on the server.

use node_red_storage_valkey::role::context::{Operation, Outcome};
use redis::Commands;

use super::common::server::Server;
use super::{opened, reads, set, text};

fn sum(text: &str) -> Result<Outcome, node_red_storage_valkey::Error> {
    Ok(Outcome::Text(text.into()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_counted_exactly_as_far_as_javascript_can() {
    let server = Server::start(&[]);
    let context = opened(&server).await;
    let add =
        async |key: &str, by: f64| context.operate("global", key, Operation::Increment(by)).await;
    assert_eq!(add("n", 5.0).await, sum("5"));
    assert_eq!(add("n", -7.0).await, sum("-2"));
    assert_eq!(text(&context, "n").as_deref(), Some("-2"));
    assert_eq!(add("n", 0.5).await, sum("-1.5"));
    assert_eq!(add("n", 1.0).await, sum("-0.5"));
    assert_eq!(add("n", 0.5).await, sum("0"));
    set(&context, "large", "9007199254740991");
    assert_eq!(add("large", -1.0).await, sum("9007199254740990"));
    assert_eq!(add("large", 1.0).await, sum("9007199254740991"));
    // Beyond that as JavaScript adds.
    assert_eq!(add("large", 1.0).await, sum("9007199254740992.0"));
    set(&context, "text", "\"1\"");
    assert_eq!(add("text", 1.0).await.unwrap_err().code(), "ERR_VALKEY_CONTEXT_VALUE");
    assert_eq!(add("inf", f64::INFINITY).await.unwrap_err().code(), "ERR_VALKEY_CONTEXT_VALUE");
    // What was just set counts.
    set(&context, "n", "10");
    assert_eq!(add("n", 1.0).await, sum("11"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_lose_nothing() {
    let server = Server::start(&[]);
    let contexts = [opened(&server).await, opened(&server).await];
    let operations = (0..400).map(|number| {
        let context = &contexts[number % 2];
        async move {
            let operation = match number % 4 {
                0 | 1 => Operation::Push(number.to_string()),
                _ => Operation::Increment(0.5),
            };
            let key = if number % 4 < 2 { "list" } else { "sum" };
            context.operate("global", key, operation).await.unwrap();
        }
    });
    futures_util::future::join_all(operations).await;
    for context in &contexts {
        reads(context, "sum", Some("100")).await;
        super::until("all are there", super::PATIENCE, async || {
            let list = text(context, "list").unwrap_or_default();
            serde_json::from_str(&list).is_ok_and(|list: Vec<u32>| list.len() == 200)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_is_first() {
    let server = Server::start(&[]);
    let contexts = [opened(&server).await, opened(&server).await];
    let tries = contexts.iter().enumerate().map(|(who, context)| {
        context.operate("global", "leader", Operation::SetIfAbsent(who.to_string()))
    });
    let outcomes = futures_util::future::join_all(tries).await;
    let won = outcomes.iter().filter(|outcome| **outcome == Ok(Outcome::Done(true))).count();
    assert_eq!(won, 1, "{outcomes:?}");
    let winner = if outcomes[0] == Ok(Outcome::Done(true)) { "0" } else { "1" };
    for context in &contexts {
        // Who was too late knows it by now.
        assert_eq!(text(context, "leader").as_deref(), Some(winner));
    }
    let change = |base: Option<&str>, text: Option<&str>| Operation::CompareAndSet {
        base: base.map(str::to_owned),
        text: text.map(str::to_owned),
    };
    let context = &contexts[0];
    let done = context.operate("global", "leader", change(Some("5"), Some("6"))).await;
    assert_eq!(done, Ok(Outcome::Done(false)));
    let done = context.operate("global", "leader", change(Some(winner), None)).await;
    assert_eq!(done, Ok(Outcome::Done(true)));
    assert_eq!(text(context, "leader"), None);
    let done = context.operate("global", "leader", change(None, Some("[]"))).await;
    assert_eq!(done, Ok(Outcome::Done(true)));
    let done = context.operate("global", "leader", Operation::Expire(50)).await;
    assert_eq!(done, Ok(Outcome::Done(true)));
    reads(context, "leader", None).await;
    let done = context.operate("global", "none", Operation::Expire(50)).await;
    assert_eq!(done, Ok(Outcome::Done(false)));
    // Keys of servers that have forgotten the scripts.
    redis::cmd("SCRIPT").arg("FLUSH").exec(&mut server.admin()).unwrap();
    let outcome = context.operate("global", "list", Operation::Push("1".into())).await;
    assert_eq!(outcome, sum("[1]"));
    let stored: String = server.admin().get("n:context:global:list").unwrap();
    assert_eq!(stored, "[1]");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting_goes_on_where_it_was_when_the_server_loses_its_data() {
    let server = Server::start(&[]);
    let contexts = [opened(&server).await, opened(&server).await];
    let flush = server.admin();
    let flushes = tokio::task::spawn_blocking(move || {
        let mut admin = flush;
        // Again also while it is refilled, at each moment of that.
        for number in 0..400 {
            let apart = if number % 4 == 0 { 5000 } else { 37 * (number % 50) };
            std::thread::sleep(std::time::Duration::from_micros(apart));
            redis::cmd("FLUSHALL").exec(&mut admin).unwrap();
        }
    });
    let mut last = 0;
    while !flushes.is_finished() || last < 100 {
        let counted = contexts[0].operate("global", "n", Operation::Increment(1.0)).await;
        last += 1;
        assert_eq!(counted, sum(&last.to_string()));
    }
    flushes.await.unwrap();
    let last = Some(last.to_string());
    for context in &contexts {
        reads(context, "n", last.as_deref()).await;
    }
}

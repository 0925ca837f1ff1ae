//! How fast it is. Nothing is asserted but what came out of it: `cargo test --release --test context
//! figures -- --ignored --nocapture`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use node_red_storage_valkey::role::context::{Context, Operation};
use redis::Commands;

use super::common::server::Server;
use super::{PATIENCE, open, opened, options, reads, reads_from_server, sent, set, text, until};

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        #[allow(clippy::cast_precision_loss, reason = "few samples")]
        let index = ((times.len() - 1) as f64 * share) as usize;
        times[index]
    };
    println!("{what}: p50 {:?}, p99 {:?}, most {:?}", at(0.5), at(0.99), at(1.0));
}

#[ignore = "figures, by hand"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_reading_and_setting() {
    let server = Server::start(&[]);
    let one = opened(&server).await;
    let (two, told) = open(options(&server), None);
    two.opened().await;
    set(&one, "a", "0");
    reads(&two, "a", Some("0")).await;
    let mut seen = told.0.subscribe();
    let mut times = Vec::new();
    for number in 1..1000 {
        let begun = Instant::now();
        set(&one, "a", &number.to_string());
        while text(&two, "a").as_deref() != Some(&*number.to_string()) {
            tokio::time::timeout(PATIENCE, seen.changed()).await.unwrap().unwrap();
        }
        times.push(begun.elapsed());
    }
    report("visible on another instance", times);
    let begun = Instant::now();
    for number in 0..100_000 {
        set(&one, "b", &number.to_string());
    }
    println!("set of a number: {:?}", begun.elapsed() / 100_000);
    let begun = Instant::now();
    for _ in 0..100_000 {
        assert!(text(&one, "b").is_some());
    }
    println!("text of a number: {:?}", begun.elapsed() / 100_000);
    sent(&one).await;
}

#[ignore = "figures, by hand"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_counting() {
    let server = Server::start(&[]);
    let contexts = [opened(&server).await, opened(&server).await];
    let begun = Instant::now();
    let counters = contexts.map(|context| {
        tokio::spawn(async move {
            for _ in 0..5000 {
                context.operate("global", "n", Operation::Increment(1.0)).await.unwrap();
            }
            context
        })
    });
    let mut last = Vec::new();
    for counter in counters {
        last.push(counter.await.unwrap());
    }
    println!("2 x 5,000 increments: {:?} each", begun.elapsed() / 5000);
    for context in &last {
        reads(context, "n", Some("10000")).await;
    }
}

#[ignore = "figures, by hand"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_ten_workers() {
    let server = Server::start(&[]);
    let mut workers: Vec<Arc<Context>> = Vec::new();
    for _ in 0..10 {
        workers.push(Arc::new(opened(&server).await));
    }
    let writers = workers.iter().enumerate().map(|(who, worker)| {
        let worker = worker.clone();
        tokio::spawn(async move {
            for number in 0..500 {
                for write in 0..10 {
                    let key = format!("k{}", (number * 10 + write) % 50);
                    set(&worker, &key, &format!("\"{who}-{number}-{write}\""));
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    });
    let begun = Instant::now();
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let spent = begun.elapsed();
    let ended = Instant::now();
    until("all are equal", PATIENCE, async || {
        let first: Vec<_> = (0..50).map(|key| text(&workers[0], &format!("k{key}"))).collect();
        workers.iter().all(|worker| {
            let these: Vec<_> = (0..50).map(|key| text(worker, &format!("k{key}"))).collect();
            worker.health().unsent == 0 && these == first
        })
    })
    .await;
    println!("10 workers, 50,000 writes in {spent:?}: all equal {:?} later", ended.elapsed());
}

#[ignore = "figures, by hand"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_preload_and_refill() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    for part in 0..50 {
        let mut pipe = redis::pipe();
        for number in 0..1000 {
            pipe.set(format!("n:context:global:k{}", part * 1000 + number), "\"some text\"");
        }
        pipe.exec(&mut admin).unwrap();
    }
    let begun = Instant::now();
    let (context, _) = open(options(&server), None);
    reads_from_server(&context).await;
    println!("preload of {} keys: {:?}", context.health().keys, begun.elapsed());
    context.close().await;
    let _: () = redis::cmd("FLUSHALL").query(&mut admin).unwrap();
    let contexts = [opened(&server).await, opened(&server).await];
    for number in 0..10_000 {
        set(&contexts[0], &format!("k{number}"), "\"some text\"");
    }
    until("all have them", PATIENCE, async || contexts[1].health().keys == 10_000).await;
    sent(&contexts[0]).await;
    let begun = Instant::now();
    let _: () = redis::cmd("FLUSHALL").query(&mut admin).unwrap();
    until("it is refilled", PATIENCE, async || {
        let size: usize = redis::cmd("DBSIZE").query(&mut admin).unwrap();
        size > 10_000
    })
    .await;
    println!("refill of 10,000 keys: {:?}", begun.elapsed());
    assert!(admin.exists::<_, bool>("n:context:global:k9999").unwrap());
}

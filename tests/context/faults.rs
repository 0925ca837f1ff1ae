//! Faults at random while several instances write: what each alone has written is there at the end,
//! and all of them agree. `CONTEXT_FAULTS` sets their number, `CONTEXT_SEED` which they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use node_red_storage_valkey::role::context::{Context, Segment};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use redis::Commands;

use super::common::server::Server;
use super::{PATIENCE, opened, text, until};

const INSTANCES: usize = 3;
const KEYS: usize = 20;

/// Writes on and on; gives what it has set last under each key of its own.
async fn write(
    context: Arc<Context>,
    who: usize,
    stop: Arc<AtomicBool>,
    mut random: StdRng,
) -> Vec<Option<String>> {
    let mut last = vec![None; KEYS];
    for number in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let key = random.random_range(0..KEYS);
        let value = format!("\"{who}-{number}\"");
        let own = format!("own-{who}-{key}");
        context.set("global", vec![(own, Some(value.clone()))]).unwrap();
        last[key] = Some(value.clone());
        let shared = format!("shared-{key}");
        context.set("global", vec![(shared, Some(value.clone()))]).unwrap();
        let path = vec![Segment::Name(format!("{who}")), Segment::Name(format!("{key}"))];
        context.set_part("global", "parts", path, Some(value)).unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    last
}

fn fault(server: &mut Server, random: &mut StdRng) {
    match random.random_range(0..10) {
        0..5 => {
            let _: redis::RedisResult<()> = redis::cmd("CLIENT")
                .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
                .query(&mut server.admin());
        }
        5..8 => {
            server.signal("STOP");
            std::thread::sleep(Duration::from_millis(random.random_range(1..60)));
            server.signal("CONT");
        }
        8 => {
            let _: redis::RedisResult<()> = redis::cmd("FLUSHALL").query(&mut server.admin());
        }
        _ => server.restart(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_survives_random_faults() {
    let faults =
        std::env::var("CONTEXT_FAULTS").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let seed = std::env::var("CONTEXT_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| rand::rng().random());
    println!("CONTEXT_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut server = Server::start(&[]);
    let mut contexts = Vec::new();
    for _ in 0..INSTANCES {
        contexts.push(Arc::new(opened(&server).await));
    }
    contexts[0].set("global", vec![("parts".into(), Some("{}".into()))]).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = contexts
        .iter()
        .enumerate()
        .map(|(who, context)| {
            let random = StdRng::from_rng(&mut random);
            tokio::spawn(write(context.clone(), who, stop.clone(), random))
        })
        .collect();
    for _ in 0..faults {
        (server, random) = tokio::task::spawn_blocking(move || {
            fault(&mut server, &mut random);
            (server, random)
        })
        .await
        .unwrap();
        let pause = random.random_range(10..150);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut last = Vec::new();
    for writer in writers {
        last.push(writer.await.unwrap());
    }
    for context in &contexts {
        until("all connected", PATIENCE, async || context.health().connection == "ready").await;
    }
    let connected = Instant::now();
    let mut admin = server.admin();
    let mut names: Vec<String> = (0..KEYS).map(|key| format!("shared-{key}")).collect();
    names.push("parts".into());
    names.extend(
        (0..INSTANCES).flat_map(|who| (0..KEYS).map(move |key| format!("own-{who}-{key}"))),
    );
    until("all agree", PATIENCE, async || {
        let settled = contexts.iter().all(|it| it.health().unsent == 0 && it.health().in_step);
        settled
            && names.iter().all(|name| {
                let stored: Option<String> = admin.get(format!("n:context:global:{name}")).unwrap();
                contexts.iter().all(|context| text(context, name) == stored)
            })
    })
    .await;
    println!("{faults} faults; all agreed {:?} after all were connected", connected.elapsed());
    for (who, last) in last.iter().enumerate() {
        for (key, expected) in last.iter().enumerate() {
            let found = text(&contexts[0], &format!("own-{who}-{key}"));
            assert_eq!(&found, expected, "own-{who}-{key}");
        }
    }
}

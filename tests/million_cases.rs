//! Nothing that is stored can bring down who reads it: random cases for everything that takes
//! bytes from the server or options from a user, within 100 MB and 1 s each.
//!
//! `FAULT_CASES=1000000` gives the full count, `FAULT_SEED=<number>` repeats a run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]
#![allow(clippy::print_stdout, reason = "the seed, and figures for those who look")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use node_red_storage_valkey::codec::{MAX_VALUE_BYTES, decode};
use node_red_storage_valkey::config::Config;
use node_red_storage_valkey::content::{flows_text, object_text};
use node_red_storage_valkey::packages::PackageList;
use node_red_storage_valkey::store::revision::Revision;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const MOST_MEMORY: usize = 100_000_000;
const LONGEST: Duration = Duration::from_secs(1);

/// Counts what is allocated, and the most since the last reset.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const GOOD: &[&str] = &[
    r#"[{"id":"a","type":"tab","label":"\ud83d\ude00"},{"id":"b","type":"t","z":"a","wires":[["a"]]}]"#,
    r#"{"flows":[{"id":"a","type":"tab"}],"rev":"abc"}"#,
    r#"{"$":"00112233445566778899aabbccddeeffU2FsdGVk"}"#,
    r#"{"node-red-node-random":"0.4.1","@a/b":"^1.0.0"}"#,
    r#"["node-red-node-random","@a/b"]"#,
    r#"{"sequence":1,"flows":"a","credentials":"b","settings":"c","time":5,"owner":"o","project":"p"}"#,
    r#"{"_credentialSecret":"s","nodes":{"node-red":{"nodes":{"inject":{"enabled":true}}}},"users":{}}"#,
];
const OPTIONS: &[&str] = &[
    r#"{"role":"admin","host":"h","port":6379,"password":"p","keyPrefix":"n:","enableCompression":true}"#,
    r#"{"role":"worker","url":"redis://u:p@h:1/2","retryStrategy":{"$function":true},"reload":"full"}"#,
    r#"{"role":"worker","sentinels":[{"host":"a","port":1}],"name":"m","tls":{"ca":{"$buffer":"AA=="}}}"#,
    r#"{"role":"admin","path":"/s","db":"3","connectTimeout":1e99,"sessionTTL":-1,"protocol":2}"#,
];
/// Pieces that parsers stumble on.
const PIECES: &[&str] = &[
    "[",
    "]",
    "{",
    "}",
    "\"",
    ":",
    ",",
    "\\",
    "\\u",
    "\\ud800",
    "null",
    "true",
    "1e999",
    "-0",
    "00",
    "1.7976931348623157e309",
    "\u{feff}",
    "\u{0}",
    "gzip:",
    "H4sI",
    "\"id\":",
    "\"type\":",
    " ",
    "\"role\":\"admin\"",
    "redis://",
    "%",
    "@",
    "18446744073709551616",
    "\u{202e}",
    "\u{1f600}",
];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Changes bytes here and there, cuts, repeats, and puts stumbling blocks in.
fn mangle(random: &mut StdRng, bytes: &mut Vec<u8>) {
    for _ in 0..random.random_range(0..6) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..5) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] = random.random(),
            2 => {
                let piece = PIECES[random.random_range(0..PIECES.len())].as_bytes();
                let times = if random.random_ratio(1, 50) { 5000 } else { 1 };
                bytes.splice(at..at, piece.repeat(times));
            }
            3 => {
                let until = random.random_range(at..=bytes.len());
                let part = bytes[at..until].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let until = random.random_range(at..=bytes.len());
                bytes.drain(at..until);
            }
        }
    }
}

fn case(random: &mut StdRng, good: &[&str]) -> Vec<u8> {
    let mut bytes = match random.random_range(0..10) {
        0 => (0..random.random_range(0..400)).map(|_| random.random()).collect(),
        1 => (0..random.random_range(0..60))
            .flat_map(|_| PIECES[random.random_range(0..PIECES.len())].bytes())
            .collect(),
        _ => good[random.random_range(0..good.len())].as_bytes().to_vec(),
    };
    mangle(random, &mut bytes);
    bytes
}

/// One of the three stored forms, each broken in its own ways.
fn stored(random: &mut StdRng) -> Vec<u8> {
    let plain = case(random, GOOD);
    let mut value = match random.random_range(0..4) {
        0 => gzip(&plain),
        1 => [b"gzip:", base64::engine::general_purpose::STANDARD.encode(gzip(&plain)).as_bytes()]
            .concat(),
        _ => plain,
    };
    if random.random_ratio(1, 2) {
        mangle(random, &mut value);
    }
    value
}

fn run(name: &str, mut one: impl FnMut(&mut StdRng)) {
    let seed = std::env::var("FAULT_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| rand::rng().random());
    let cases = std::env::var("FAULT_CASES").ok().and_then(|text| text.parse().ok());
    let cases: u32 = cases.unwrap_or(2000);
    println!("{name}: {cases} cases, FAULT_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut longest, mut largest) = (Duration::ZERO, 0);
    for number in 0..cases {
        let before = NOW.load(Ordering::Relaxed);
        MOST.store(before, Ordering::Relaxed);
        let began = Instant::now();
        one(&mut random);
        let took = began.elapsed();
        let taken = MOST.load(Ordering::Relaxed).saturating_sub(before);
        assert!(took < LONGEST, "{name}, case {number} of seed {seed}: {took:?}");
        assert!(taken < MOST_MEMORY, "{name}, case {number} of seed {seed}: {taken} bytes");
        longest = longest.max(took);
        largest = largest.max(taken);
    }
    println!("{name}: at most {longest:?} and {} kB", largest / 1000);
}

// One test, because the memory of one case is told from that of all by being alone.
#[test]
fn no_case_takes_too_much_and_none_panics() {
    run("codec", |random| {
        let _ = decode("n:flows", stored(random), MAX_VALUE_BYTES);
    });
    run("flows and objects", |random| {
        if let Ok(text) = decode("n:flows", stored(random), MAX_VALUE_BYTES) {
            let _ = flows_text("n:flows", &text);
            let _ = object_text("n:settings", &text);
        }
    });
    run("package list", |random| {
        let text = String::from_utf8_lossy(&case(random, GOOD)).into_owned();
        if let Ok(list) = PackageList::parse("n:packages", &text) {
            assert_eq!(PackageList::parse("n:packages", &list.text()).unwrap(), list);
        }
    });
    run("revision record", |random| {
        let text = String::from_utf8_lossy(&case(random, GOOD)).into_owned();
        if let Ok(record) = Revision::parse("n:revision", &text) {
            let again = Revision::parse("n:revision", &record.to_text().unwrap());
            assert_eq!(again.unwrap(), record);
        }
    });
    run("config", |random| {
        let text = String::from_utf8_lossy(&case(random, OPTIONS)).into_owned();
        if let Ok(options) = serde_json::from_str(&text)
            && let Err(error) = Config::parse(&options)
        {
            assert!(error.to_string().len() < 2000, "an error that nobody reads");
        }
    });
    a_bomb_takes_no_more_than_any_value();
}

fn a_bomb_takes_no_more_than_any_value() {
    // Streams one after the other are one stream.
    let bomb = gzip(&vec![b' '; 1_000_000]).repeat(100);
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    assert!(decode("n:flows", &bomb, MAX_VALUE_BYTES).is_err());
    let taken = MOST.load(Ordering::Relaxed) - before;
    assert!(taken < MOST_MEMORY, "{taken} bytes");
}

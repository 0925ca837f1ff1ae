//! Leases that the server deletes while somebody has them: it is short of memory, or a person did it.

use std::time::{Duration, Instant};

use redis::Commands;

use super::common::log::Log;
use super::common::server::Server;
use super::common::{PATIENCE, until};
use super::workers::{LEASE, MOST, Watch, Worker, options, owner, settle, two};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_deleted_stays_its_owners() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    let watch = Watch::over(&[&first, &second], "a");
    let mut admin = server.admin();
    let end = Instant::now() + 2 * LEASE;
    while Instant::now() < end {
        let _: () = admin.del("n:once:a").unwrap();
        // Others look at once.
        let _: () = admin.publish("n:once", "free").unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!second.holds("a"));
    }
    assert_eq!(first.fence("a"), 1);
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_given_back_all_the_same() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    let watch = Watch::over(&[&first, &second], "a");
    let mut admin = server.admin();
    // Not before it has looked: what it has not seen taken it takes later.
    until("it has looked", PATIENCE, async || {
        super::common::instance::calls(&mut admin, "evalsha") > 3
    })
    .await;
    let _: () = admin.del("n:once:a").unwrap();
    first.member.give_back_tabs().await;
    let given_back = Instant::now();
    second.has("a").await;
    assert!(given_back.elapsed() < LEASE / 2, "{:?}", given_back.elapsed());
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_died_is_followed_as_if_it_were_there() {
    let server = Server::start(&[]);
    settle(&server);
    let (first, second) = two(options(&server)).await;
    let died = Instant::now();
    first.member.close().await;
    let _: () = server.admin().del("n:once:a").unwrap();
    second.has("a").await;
    assert!(died.elapsed() < MOST, "{:?}", died.elapsed());
    assert_eq!(second.fence("a"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_evicts_what_expires_first_gives_nothing_to_two() {
    let arguments = ["--maxmemory", "6mb", "--maxmemory-policy", "volatile-ttl"];
    let server = Server::start(&arguments);
    settle(&server);
    let workers =
        [Worker::wanting(options(&server), &["a"]), Worker::wanting(options(&server), &["a"])];
    owner(&workers, "a").await;
    let watch = Watch::over(&[&workers[0], &workers[1]], "a");
    let mut admin = server.admin();
    let mut evicted = false;
    let end = Instant::now() + 2 * LEASE;
    for number in 0.. {
        if Instant::now() >= end && evicted {
            break;
        }
        assert!(Instant::now() < end + PATIENCE, "nothing was evicted");
        let key = format!("cache:{number}");
        let _: () = admin.set_ex(key, "x".repeat(100_000), 1000).unwrap();
        evicted |= !admin.exists::<_, bool>("n:once:a").unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_full_memory_the_owner_renews() {
    let server = Server::start(&[]);
    settle(&server);
    let first = Worker::wanting(options(&server), &["a"]);
    first.has("a").await;
    let mut admin = server.admin();
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg("1").exec(&mut admin).unwrap();
    let end = Instant::now() + 2 * LEASE;
    while Instant::now() < end {
        assert_eq!(first.fence("a"), 1);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(first.member.problem().is_none());
    // And gives back: a script that has deleted something may write.
    let second = Worker::wanting(options(&server), &["a"]);
    first.member.give_back_tabs().await;
    assert!(!first.holds("a"));
    assert!(!admin.exists::<_, bool>("n:once:a").unwrap());
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg("0").exec(&mut admin).unwrap();
    second.has("a").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fence_follows_the_highest_there_is() {
    let (log, _kept) = Log::keep();
    let server = Server::start(&[]);
    settle(&server);
    let mut admin = server.admin();
    let _: () = admin.set("n:once:a:fence", "4503599627370496").unwrap();
    let worker = Worker::wanting(options(&server), &["a", "b"]);
    worker.has("b").await;
    assert!(!worker.holds("a"));
    assert_eq!(log.count("key 'n:once:a:fence' is the highest fence there is"), 1);
}

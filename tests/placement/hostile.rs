//! Values that nobody of us has put there.

use redis::Commands;

use super::common::server::Server;
use super::common::{PATIENCE, until};
use super::workers::{Worker, options, settle};

/// Puts something under a key.
type Put = fn(&mut redis::Connection, &str);

const VALUES: [(&str, Put); 8] = [
    ("a list", |admin, key| {
        drop(admin.del::<_, ()>(key).and_then(|()| admin.rpush::<_, _, ()>(key, "x")))
    }),
    ("a hash", |admin, key| {
        drop(admin.del::<_, ()>(key).and_then(|()| admin.hset::<_, _, _, ()>(key, "a", "b")))
    }),
    ("nothing in it", |admin, key| drop(admin.set::<_, _, ()>(key, ""))),
    ("megabytes", |admin, key| drop(admin.set::<_, _, ()>(key, "f".repeat(5_000_000)))),
    ("no text", |admin, key| drop(admin.set::<_, _, ()>(key, &[0xff_u8, 0, 0xfe][..]))),
    ("another shape", |admin, key| drop(admin.set::<_, _, ()>(key, "<img onerror=x>:-1"))),
    ("a number without end", |admin, key| drop(admin.set::<_, _, ()>(key, "9".repeat(40)))),
    ("an owner of all times", |admin, key| {
        drop(admin.set::<_, _, ()>(key, "abc:99999999999999999999"))
    }),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_lease_is_in_the_way_no_longer_than_one() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    for (number, (what, put)) in VALUES.iter().enumerate() {
        settle(&server);
        let tab = format!("t{number}");
        put(&mut admin, &format!("n:once:{tab}"));
        put(&mut admin, &format!("n:once:{tab}:fence"));
        let worker = Worker::wanting(options(&server), &[&tab]);
        let took = worker.has(&tab).await;
        println!("{what}: {took:?}");
        assert!(worker.fence(&tab) > 0 && worker.fence(&tab) < 10, "{what}");
        // And while it is held: the owner puts it right.
        put(&mut admin, &format!("n:once:{tab}"));
        put(&mut admin, &format!("n:once:{tab}:fence"));
        let lease = format!("{}:{}", worker.member.id(), worker.fence(&tab));
        let fence = format!("{}:", worker.fence(&tab));
        until("it is right", PATIENCE, async || {
            let found: redis::RedisResult<(String, String)> =
                admin.mget(&[format!("n:once:{tab}"), format!("n:once:{tab}:fence")]);
            found.is_ok_and(|found| found.0 == lease && found.1.starts_with(&fence))
        })
        .await;
        assert!(worker.holds(&tab), "{what}");
        worker.member.give_back_tabs().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_epoch_that_is_none_is_begun_anew() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    for (what, put) in VALUES {
        put(&mut admin, "n:once::epoch");
        let tab = what.replace(' ', "-");
        let worker = Worker::wanting(options(&server), &[&tab]);
        worker.has(&tab).await;
    }
    let _: () = admin.set("n:once::epoch", "abc:999999999999999").unwrap();
    let worker = Worker::wanting(options(&server), &["last"]);
    worker.has("last").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_never_ends_ends() {
    let server = Server::start(&[]);
    settle(&server);
    let mut admin = server.admin();
    let _: () = admin.set("n:once:a", "abc:7").unwrap();
    let worker = Worker::wanting(options(&server), &["a"]);
    worker.has("a").await;
    assert_eq!(worker.fence("a"), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_tabs_are_no_keys_of_others() {
    let server = Server::start(&[]);
    settle(&server);
    let tabs = ["a", "a:fence", ":epoch", "%3A", "a b\n*", "x'; return 1 --", "ä€𝄞"];
    let worker = Worker::wanting(options(&server), &tabs);
    for tab in tabs {
        worker.has(tab).await;
        assert_eq!(worker.fence(tab), 1, "{tab}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_messages_is_no_flood_of_looks() {
    let server = Server::start(&[]);
    settle(&server);
    let owner = Worker::wanting(options(&server), &["a"]);
    owner.has("a").await;
    let _other = Worker::wanting(options(&server), &["a"]);
    let mut admin = server.admin();
    until("they listen", PATIENCE, async || {
        redis::cmd("PUBLISH").arg("n:once").arg("x").query::<u64>(&mut admin).unwrap() == 2
    })
    .await;
    let before = super::common::instance::calls(&mut admin, "evalsha");
    let began = std::time::Instant::now();
    while began.elapsed().as_millis() < 1000 {
        for _ in 0..100 {
            redis::cmd("PUBLISH").arg("n:once").arg("x".repeat(1000)).exec(&mut admin).unwrap();
        }
    }
    let looks = super::common::instance::calls(&mut admin, "evalsha") - before;
    println!("{looks} looks in {:?}", began.elapsed());
    assert!(looks < 80, "{looks}");
    assert!(owner.holds("a"));
}

//! Who may write under the prefix.

use node_red_storage_valkey::store::lease::{Holder, Lease};
use redis::Commands;

use super::common::instance::stored;
use super::common::server::Server;
use super::common::until;
use super::{PATIENCE, me, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_held_renewed_and_refused_to_others_until_it_runs_out() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    let rival = Holder::new("rival", "1");
    assert_eq!(store.renew_lease(&me(), true).await, Ok(Lease::Held));
    let left: i64 = admin.pttl("n:lease").unwrap();
    assert!((9000..=10_000).contains(&left), "{left} ms");
    for first in [true, false] {
        assert_eq!(store.renew_lease(&rival, first).await, Ok(Lease::Other("me".into())));
    }
    let _: () = admin.pexpire("n:lease", 2000).unwrap();
    assert_eq!(store.renew_lease(&me(), false).await, Ok(Lease::Held));
    let left: i64 = admin.pttl("n:lease").unwrap();
    assert!(left > 9000, "not renewed: {left} ms");
    let _: () = admin.pexpire("n:lease", 1).unwrap();
    until("the lease has run out", PATIENCE, async || stored(&mut admin, "n:lease").is_none())
        .await;
    assert_eq!(store.renew_lease(&rival, false).await, Ok(Lease::Held));
    assert_eq!(store.renew_lease(&me(), false).await, Ok(Lease::Other("rival".into())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_admin_restarted_is_not_locked_out_and_a_copy_of_it_is_told() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let (older, newer) = (Holder::new("me", "1"), Holder::new("me", "2"));
    assert_eq!(store.renew_lease(&older, true).await, Ok(Lease::Held));
    // Not at a later renewal, only at the first one of a process.
    assert_eq!(store.renew_lease(&newer, false).await, Ok(Lease::Other("me".into())));
    assert_eq!(store.renew_lease(&newer, true).await, Ok(Lease::Held));
    assert_eq!(store.renew_lease(&older, false).await, Ok(Lease::Other("me".into())));
    assert_eq!(store.renew_lease(&newer, false).await, Ok(Lease::Held));
    // An id that only begins alike is somebody else.
    let alike = Holder::new("m", "2");
    assert_eq!(store.renew_lease(&alike, true).await, Ok(Lease::Other("me".into())));
    assert_eq!(
        store.renew_lease(&Holder::new("me2", "2"), true).await,
        Ok(Lease::Other("me".into()))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_of_a_wrong_type_locks_nobody_out() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let _: () = server.admin().rpush("n:lease", "x").unwrap();
    assert_eq!(store.renew_lease(&me(), false).await, Ok(Lease::Held));
    assert_eq!(stored(&mut server.admin(), "n:lease").as_deref(), Some("me:1"));
}

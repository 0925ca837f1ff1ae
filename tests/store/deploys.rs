//! One deploy, one transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use node_red_storage_valkey::connection::{DefaultRetry, Subscriber};
use node_red_storage_valkey::store::deploy::{Deploy, Write, Written};
use node_red_storage_valkey::store::head::Record;
use node_red_storage_valkey::store::lease::{Holder, Lease};
use node_red_storage_valkey::store::snapshot::Check;
use redis::Commands;

use super::common::instance::{deploy, record, stored};
use super::common::log::Log;
use super::common::server::Server;
use super::common::until;
use super::{PATIENCE, instance, me, open, options, write, write_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_credentials_settings_and_record_are_never_seen_apart() {
    let server = Server::start(&[]);
    let (writer, reader) = (open(&server).await, open(&server).await);
    write(&writer, &deploy(0), 1).await;
    let ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&ended);
    let writing = tokio::spawn(async move {
        for number in 1..300_u64 {
            let deploy = deploy(usize::try_from(number).unwrap());
            assert_eq!(write(&writer, &deploy, number + 1).await, Written::Done);
        }
        end.store(true, Ordering::Release);
    });
    let mut seen = std::collections::BTreeSet::new();
    while !ended.load(Ordering::Acquire) {
        let snapshot = reader.read_snapshot(Check::Form).await.unwrap().expect("a deploy");
        let revision = snapshot.revision.clone().expect("a record");
        let whole = deploy(usize::try_from(revision.sequence - 1).unwrap());
        assert_eq!(*snapshot.flows, *whole.flows);
        assert_eq!(*snapshot.credentials, *whole.credentials);
        assert_eq!(*snapshot.settings, *whole.settings);
        assert!(revision.same_content(&whole.revision(0, 0, "")));
        seen.insert(revision.sequence);
    }
    writing.await.unwrap();
    assert!(seen.len() > 5, "only {} states were seen", seen.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_write_is_announced_once_and_a_refused_one_is_not() {
    let server = Server::start(&[]);
    let config = Arc::new(options(&server).connection);
    let channels = vec!["n:flows:updated".to_owned()];
    let subscriber = Subscriber::open(config, Arc::new(DefaultRetry), channels);
    let mut hints = subscriber.hints();
    hints.wait_for(|hints| hints.subscribed == 1).await.unwrap();
    let store = open(&server).await;
    for sequence in [10, 11, 12] {
        assert_eq!(write(&store, &deploy(1), sequence).await, Written::Done);
    }
    assert_eq!(write_on(&store, &me(), &deploy(2), 13, Some(11)).await, Written::Stale);
    let rival = Holder::new("rival", "1");
    let other = write_on(&store, &rival, &deploy(2), 13, Some(12)).await;
    assert_eq!(other, Written::Other("me".into()));
    // A message of our own comes after all of them.
    let mut admin = server.admin();
    redis::cmd("PUBLISH").arg("n:flows:updated").arg("end").exec(&mut admin).unwrap();
    let heard = hints.wait_for(|hints| hints.messages[0] >= 4);
    tokio::time::timeout(PATIENCE, heard).await.expect("all messages").unwrap();
    assert_eq!(hints.borrow().messages, [4]);
    assert_eq!(stored(&mut admin, "n:flows").as_deref(), Some(&*deploy(1).flows));
    assert_eq!(record(&mut admin).unwrap().sequence, 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_that_can_not_be_announced_is_stored_and_the_rule_named_once() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    write(&open(&server).await, &deploy(1), 1).await;
    server.add_user("mute on nopass ~n:* resetchannels +@all");
    let mut config = options(&server);
    config.connection.username = Some("mute".into());
    let store = instance::store(&config).await;
    assert_eq!(write(&store, &deploy(2), 2).await, Written::Done);
    assert_eq!(write(&store, &deploy(3), 3).await, Written::Done);
    let mut admin = server.admin();
    assert_eq!(stored(&mut admin, "n:flows").as_deref(), Some(&*deploy(3).flows));
    assert_eq!(record(&mut admin).unwrap().sequence, 3);
    let told = "PUBLISH: channel 'n:flows:updated': ";
    assert_eq!(log.count(told), 1, "{:#?}", log.lines());
    assert_eq!(log.count("add &n:* to its rules; it is stored all the same"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_may_not_write_names_the_command_and_leaves_what_was() {
    let server = Server::start(&[]);
    write(&open(&server).await, &deploy(1), 1).await;
    server.add_user("reader on nopass ~n:* &* +@all -set");
    let mut config = options(&server);
    config.connection.username = Some("reader".into());
    let store = instance::store(&config).await;
    let (deploy, revision) = (deploy(2), deploy(2).revision(2, 2, "me"));
    let write = Write { deploy: &deploy, revision: &revision, base: Some(1), backup: false };
    let error = store.write_deploy(&me(), &write).await.expect_err("no right").to_string();
    assert!(error.contains("a permission for SET: "), "{error}");
    assert!(error.ends_with("; add +set to its rules"), "{error}");
    let mut admin = server.admin();
    assert_eq!(stored(&mut admin, "n:flows").as_deref(), Some(&*super::instance::deploy(1).flows));
    assert_eq!(record(&mut admin).unwrap().sequence, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_read_the_lease_does_not_take_it() {
    let server = Server::start(&[]);
    let owner = open(&server).await;
    assert_eq!(owner.renew_lease(&me(), true).await, Ok(Lease::Held));
    server.add_user("blind on nopass ~n:* &* +@all -getrange");
    let mut config = options(&server);
    config.connection.username = Some("blind".into());
    let store = instance::store(&config).await;
    let rival = Holder::new("rival", "1");
    let error = store.renew_lease(&rival, true).await.expect_err("no right").to_string();
    assert!(error.ends_with("; add +getrange to its rules"), "{error}");
    assert_eq!(stored(&mut server.admin(), "n:lease").as_deref(), Some("me:1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_a_hung_server_applies_late_does_not_undo_a_newer_one() {
    let server = Server::start(&[]);
    let (late, store) = (open(&server).await, open(&server).await);
    write(&store, &deploy(1), 1).await;
    // Base 1 is overtaken by 2 before the write based on it arrives.
    assert_eq!(write(&store, &deploy(2), 2).await, Written::Done);
    assert_eq!(write_on(&late, &me(), &deploy(3), 3, Some(1)).await, Written::Stale);
    // On an empty server and on the same base it is taken, whatever it was based on.
    redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap();
    assert_eq!(write_on(&late, &me(), &deploy(3), 3, Some(2)).await, Written::Done);
    assert_eq!(write_on(&late, &me(), &deploy(4), 4, Some(3)).await, Written::Done);
    // An older record than the base (restored from a backup) is replaced.
    assert_eq!(write_on(&late, &me(), &deploy(5), 9, Some(100)).await, Written::Done);
    assert_eq!(record(&mut server.admin()).unwrap().sequence, 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_a_wrong_type_are_replaced_by_the_write() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    for key in ["flows", "credentials", "settings", "revision", "lease"] {
        let _: () = admin.rpush(format!("n:{key}"), "x").unwrap();
    }
    let found = store.read_head().await.expect("a read");
    assert!(matches!(found.record, Record::Broken(_)) && found.sizes == [0; 3], "{found:?}");
    assert_eq!(found.base(), None);
    assert_eq!(write(&store, &deploy(1), 5).await, Written::Done);
    let snapshot = store.read_snapshot(Check::Form).await.unwrap().expect("a deploy");
    assert_eq!(*snapshot.flows, *deploy(1).flows);
    assert_eq!(snapshot.revision.map(|revision| revision.sequence), Some(5));
    assert_eq!(stored(&mut admin, "n:lease").as_deref(), Some("me:1"));
    // Each alone as well.
    for (sequence, key) in
        ["flows", "credentials", "settings", "revision", "lease"].iter().enumerate()
    {
        let key = format!("n:{key}");
        let _: () = admin.del(&key).unwrap();
        let _: () = admin.hset(&key, "a", "b").unwrap();
        let sequence = 6 + u64::try_from(sequence).unwrap();
        assert_eq!(write(&store, &deploy(2), sequence).await, Written::Done, "{key}");
        assert!(
            store.read_snapshot(Check::Form).await.unwrap().unwrap().revision.is_some(),
            "{key}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_cant_be_read_is_replaced_whatever_it_says() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    let broken: [&[u8]; 8] = [
        b"",
        b"{",
        b"[1]",
        b"\"text\"",
        b"\xff\xfe",
        // A number that a script takes for a high sequence.
        br#"{"sequence":9999999999999999}"#,
        br#"{"sequence":1e300}"#,
        br#"{"sequence":"99999999999999","flows":1}"#,
    ];
    for record in broken {
        let _: () = admin.set("n:revision", record).unwrap();
        let what = String::from_utf8_lossy(record);
        assert_eq!(write(&store, &deploy(1), 5).await, Written::Done, "{what}");
        assert_eq!(super::common::instance::record(&mut admin).unwrap().sequence, 5, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_way_is_kept_in_a_backup() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut admin = server.admin();
    write(&store, &deploy(1), 1).await;
    let _: () = admin.del("n:settings").unwrap();
    let _: () = admin.rpush("n:settings", "not a text").unwrap();
    let before = stored(&mut admin, "n:revision").unwrap();
    let (deploy_2, revision) = (deploy(2), deploy(2).revision(2, 1234, "me"));
    let write = Write { deploy: &deploy_2, revision: &revision, base: Some(1), backup: true };
    assert_eq!(store.write_deploy(&me(), &write).await, Ok(Written::Done));
    let backup: std::collections::BTreeMap<String, String> =
        admin.hgetall("n:backup:1234").unwrap();
    let expected = [
        ("credentials", deploy(1).credentials.to_string()),
        ("flows", deploy(1).flows.to_string()),
        ("revision", before),
    ];
    assert_eq!(backup, expected.map(|(field, value)| (field.into(), value)).into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_holds_no_secret_when_none_is_to_be_stored() {
    let server = Server::start(&[]);
    let (sharing, mut config) = (open(&server).await, options(&server));
    config.share_credential_secret = false;
    let store = instance::store(&config).await;
    let mut admin = server.admin();
    let mut kept = |time: u64| -> std::collections::BTreeMap<String, String> {
        admin.hgetall(format!("n:backup:{time}")).unwrap()
    };
    let settings = r#"{"\u005fcredentialSecret":"hidden","users":{"a":1},"nodes":{}}"#;
    let cases = [(settings, r#"{"nodes":{},"users":{"a":1}}"#), (r#"{"_credentialSecret":"#, "{}")];
    for (sequence, (settings, expected)) in (1..).zip(cases) {
        let before = Deploy { settings: settings.into(), ..deploy(1) };
        write(&sharing, &before, 2 * sequence).await;
        let revision = deploy(2).revision(2 * sequence + 1, sequence, "me");
        let base = Some(2 * sequence);
        let write = Write { deploy: &deploy(2), revision: &revision, base, backup: true };
        assert_eq!(store.write_deploy(&me(), &write).await, Ok(Written::Done));
        let backup = kept(sequence);
        assert_eq!(backup.get("settings").map(String::as_str), Some(expected));
        assert_eq!(backup.get("flows").map(String::as_str), Some(&*deploy(1).flows));
        assert_eq!(backup.get("credentials").map(String::as_str), Some(&*deploy(1).credentials));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_tell_a_value_that_somebody_else_changed() {
    let server = Server::start(&[]);
    for compress in [false, true] {
        let mut config = options(&server);
        config.enable_compression = compress;
        let store = instance::store(&config).await;
        let deploy = Deploy { flows: large_flows().into(), ..deploy(1) };
        let sequence = if compress { 2 } else { 1 };
        assert_eq!(write(&store, &deploy, sequence).await, Written::Done);
        let found = store.read_head().await.unwrap();
        assert_eq!(found.sizes, store.stored_sizes(&deploy));
        let record = found.revision().unwrap();
        assert_eq!(record.sizes, Some(found.sizes));
        assert!(record.fits(found.sizes));
        assert_eq!(compress, found.flows_size() < u64::try_from(deploy.flows.len()).unwrap());
        let _: () = server.admin().append("n:flows", " ").unwrap();
        let changed = store.read_head().await.unwrap();
        assert_ne!(changed.sizes, store.stored_sizes(&deploy));
        assert!(!changed.revision().unwrap().fits(changed.sizes));
        // Reading understands both whatever is set.
        write(&store, &deploy, sequence + 10).await;
        config.enable_compression = !compress;
        let other = instance::store(&config).await;
        assert_eq!(*other.read_snapshot(Check::Form).await.unwrap().unwrap().flows, *deploy.flows);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_renews_the_lease() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    store.renew_lease(&me(), true).await.unwrap();
    let mut admin = server.admin();
    let _: () = admin.pexpire("n:lease", 2000).unwrap();
    write(&store, &deploy(1), 1).await;
    let left: i64 = admin.pttl("n:lease").unwrap();
    assert!(left > 9000, "{left} ms");
    // Run out, it is taken by whoever writes next.
    let _: () = admin.pexpire("n:lease", 1).unwrap();
    until("the lease has run out", PATIENCE, async || stored(&mut admin, "n:lease").is_none())
        .await;
    let rival = Holder::new("rival", "1");
    assert_eq!(write_on(&store, &rival, &deploy(2), 2, Some(1)).await, Written::Done);
    assert_eq!(
        write_on(&store, &me(), &deploy(3), 3, Some(2)).await,
        Written::Other("rival".into())
    );
    assert!(Duration::from_millis(u64::try_from(left).unwrap()) <= PATIENCE);
}

fn large_flows() -> String {
    let nodes: Vec<_> =
        (0..200).map(|id| format!(r#"{{"id":"n{id}","type":"inject","name":"a node"}}"#)).collect();
    format!("[{}]", nodes.join(","))
}

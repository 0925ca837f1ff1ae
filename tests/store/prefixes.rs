//! Two clusters on one server.

use std::collections::BTreeSet;
use std::time::Duration;

use node_red_storage_valkey::store::deploy::{Write, Written};
use node_red_storage_valkey::store::lease::{Holder, Lease};
use node_red_storage_valkey::store::snapshot::Check;
use redis::Commands;

use super::common::instance::{deploy, with_prefix};
use super::common::server::Server;
use super::{instance, options};

fn dump(server: &Server, prefix: &str) -> BTreeSet<(String, Vec<u8>)> {
    let mut admin = server.admin();
    let keys: Vec<String> = admin.keys("*").unwrap();
    let own = keys.into_iter().filter(|key| key.starts_with(prefix));
    own.map(|key| {
        let value = redis::cmd("DUMP").arg(&key).query(&mut admin).unwrap();
        (key, value)
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_outside_the_prefix_is_touched() {
    let server = Server::start(&[]);
    // The second is a prefix of the first, the third matches the first as a pattern.
    let prefixes = ["plant-1:", "plant-", "plant-?:"];
    let mut stores = Vec::new();
    for (number, prefix) in prefixes.into_iter().enumerate() {
        let store = instance::store(&with_prefix(options(&server), prefix)).await;
        let holder = Holder::new(format!("admin-{number}"), "1");
        assert_eq!(store.renew_lease(&holder, true).await, Ok(Lease::Held), "{prefix}");
        let (deploy, revision) = (deploy(number), deploy(number).revision(1, 1, holder.id()));
        let write = Write { deploy: &deploy, revision: &revision, base: Some(0), backup: false };
        assert_eq!(store.write_deploy(&holder, &write).await, Ok(Written::Done), "{prefix}");
        store.write_library_entry("flows", "a/b.json", r#"{"fn":"[]"}"#).await.unwrap();
        store.write_sessions("{}", Duration::from_secs(100)).await.unwrap();
        stores.push((store, holder));
    }
    let _: () = server.admin().set("unrelated", "x").unwrap();
    let before = dump(&server, "plant-1:");
    let (store, holder) = &stores[2];
    let (other, revision) = (deploy(7), deploy(7).revision(9, 9, holder.id()));
    let write = Write { deploy: &other, revision: &revision, base: Some(1), backup: true };
    assert_eq!(store.write_deploy(holder, &write).await, Ok(Written::Done));
    for (kind, path) in store.scan_library().await.unwrap() {
        store.delete_library_entry(&kind, &path).await.unwrap();
    }
    store.mark_library_index_built().await.unwrap();
    assert_eq!(dump(&server, "plant-1:"), before);
    let all: Vec<String> = server.admin().keys("*").unwrap();
    let strangers = all.iter().filter(|key| !key.starts_with("plant-")).collect::<Vec<_>>();
    assert_eq!(strangers, ["unrelated"]);
    for (number, (store, _)) in stores.iter().enumerate().take(2) {
        let snapshot = store.read_snapshot(Check::Form).await.unwrap().expect("its own deploy");
        assert_eq!(*snapshot.flows, *deploy(number).flows);
    }
}

//! What Valkey held for a disk that had lost it, until it is back on the disk.

use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::role::admin::{Admin, Lost};
use redis::Commands;

use super::common::instance::{Events, admin, flows};
use super::common::server::Server;
use super::common::temp_dir;
use super::{admin_options, deploy, until_held};

use std::path::Path;
use std::sync::Arc;

/// An admin that once deployed 1, started again with a disk that has lost it.
async fn after_a_loss(server: &Server, dir: &Path) -> (Admin, Arc<Events>) {
    let (before, _) = admin(admin_options(server), Some(dir)).await;
    deploy(&before, 1).await.unwrap();
    before.close().await;
    let (admin, events) = admin(admin_options(server), Some(dir)).await;
    admin.disk_has_lost(Lost::Flows);
    events.wait(&Event::Restore, 1).await;
    (admin, events)
}

fn backups(server: &Server) -> Vec<String> {
    let mut connection = server.admin();
    let keys: Vec<String> = connection.keys("n:backup:*").unwrap();
    keys.iter().map(|key| connection.hget(key, "flows").unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_put_back_is_offered_again_and_kept_at_a_deploy() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (admin, events) = after_a_loss(&server, dir.path()).await;
    for times in 2..4 {
        assert_eq!(admin.take_restorable().expect("what Valkey holds").flows, flows(1));
        admin.restored(false);
        events.wait(&Event::Restore, times).await;
    }
    admin.restored(false);
    deploy(&admin, 2).await.unwrap();
    until_held(&server, 2).await;
    assert_eq!(backups(&server), [flows(1)]);
    // Replaced and kept: the next one is an ordinary deploy.
    deploy(&admin, 3).await.unwrap();
    until_held(&server, 3).await;
    assert_eq!(backups(&server).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_between_the_offer_and_its_end_keeps_what_valkey_held() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (admin, _events) = after_a_loss(&server, dir.path()).await;
    deploy(&admin, 2).await.unwrap();
    until_held(&server, 2).await;
    assert_eq!(backups(&server), [flows(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_put_back_is_not_kept_beside() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (admin, events) = after_a_loss(&server, dir.path()).await;
    admin.restored(true);
    deploy(&admin, 2).await.unwrap();
    until_held(&server, 2).await;
    assert_eq!(backups(&server), Vec::<String>::new());
    assert_eq!(events.count(&Event::Restore), 1);
}

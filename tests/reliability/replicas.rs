//! Deploys that wait for replicas.

use std::time::{Duration, Instant};

use node_red_storage_valkey::config::Role;
use node_red_storage_valkey::role::admin::Mirrored;

use super::PATIENCE;
use super::common::instance::{admin, credentials, flows, options};
use super::common::server::Server;
use super::common::until;

fn replica_of(server: &Server) -> Server {
    let port = server.port.to_string();
    Server::start(&["--replicaof", "127.0.0.1", &port])
}

async fn connected(server: &Server, count: usize) {
    let mut connection = server.admin();
    let wanted = format!("connected_slaves:{count}\r\n");
    until(&wanted, PATIENCE, async || {
        let info: String =
            redis::cmd("INFO").arg("replication").query(&mut connection).expect("an answer");
        info.contains(&wanted) && (count == 0 || info.contains("state=online"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_waits_for_replicas_and_says_when_they_do_not_confirm() {
    let server = Server::start(&["--repl-diskless-sync-delay", "0"]);
    let mut replica = replica_of(&server);
    connected(&server, 1).await;
    let mut config = options(&server, Role::Admin);
    config.wait_replicas = 1;
    let (admin, _) = admin(config, None).await;
    let deploy = |number| admin.mirror_deploy(flows(number), credentials(number), None, None);
    assert_eq!(deploy(1).await, Ok(Mirrored::Done));
    let mut copy = replica.admin();
    let there: Option<String> = redis::cmd("GET").arg("n:flows").query(&mut copy).unwrap();
    assert_eq!(there, Some(flows(1)), "on the replica when the deploy was answered");

    // One that is silent: known to the server, confirms nothing.
    replica.signal("STOP");
    let began = Instant::now();
    match deploy(2).await {
        Ok(Mirrored::Unconfirmed(missing)) => assert!(missing.starts_with("0 of 1"), "{missing}"),
        other => panic!("{other:?}"),
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    replica.signal("CONT");
    until("a deploy that is confirmed again", PATIENCE, async || {
        deploy(3).await == Ok(Mirrored::Done)
    })
    .await;

    replica.kill();
    connected(&server, 0).await;
    assert!(matches!(deploy(4).await, Ok(Mirrored::Unconfirmed(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_that_may_not_wait_deploys_all_the_same() {
    let server = Server::start(&[]);
    server.add_user("writer on >pw ~* &* +@all -wait");
    let mut config = options(&server, Role::Admin);
    config.wait_replicas = 1;
    config.connection.username = Some("writer".into());
    config.connection.password = Some(node_red_storage_valkey::config::Secret::new("pw"));
    let (admin, _) = admin(config, None).await;
    match admin.mirror_deploy(flows(1), credentials(1), None, None).await {
        Ok(Mirrored::Unconfirmed(missing)) => assert!(missing.contains("WAIT"), "{missing}"),
        other => panic!("{other:?}"),
    }
    let mut connection = server.admin();
    let there: Option<String> = redis::cmd("GET").arg("n:flows").query(&mut connection).unwrap();
    assert_eq!(there, Some(flows(1)));
}

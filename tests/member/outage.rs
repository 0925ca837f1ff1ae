//! The connection of a member while the server is away.

use node_red_storage_valkey::config::{Role, Secret, StateUser};

use crate::common::log::Log;
use crate::common::server::Server;
use crate::common::{PATIENCE, instance, until};

#[tokio::test]
async fn an_outage_is_told_by_the_other_connections_alone() {
    let (log, _guard) = Log::keep();
    let mut server = Server::start(&[]);
    let (member, _) = instance::member(instance::options(&server, Role::Worker));
    until("it is connected", PATIENCE, async || member.connection() == "ready").await;
    server.kill();
    until("it is noticed", PATIENCE, async || member.connection() == "reconnecting").await;
    server.restart();
    until("it is back", PATIENCE, async || member.connection() == "ready").await;
    assert_eq!(log.lines(), Vec::<String>::new());
    member.close().await;
    assert_eq!(member.connection(), "closed");
}

#[tokio::test]
async fn a_wrong_password_of_a_user_of_its_own_is_told() {
    let (log, _guard) = Log::keep();
    let server = Server::start(&[]);
    let mut options = instance::options(&server, Role::Worker);
    options.state =
        Some(StateUser { username: Some("nobody".into()), password: Some(Secret::new("wrong")) });
    let (member, _) = instance::member(options);
    until("it is told", PATIENCE, async || log.count("ERROR") == 1).await;
    assert!(!log.lines().concat().contains("wrong"), "{:?}", log.lines());
    member.close().await;
}

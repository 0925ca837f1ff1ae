//! What an admin has to tell those who look at its editor.

use std::path::Path;

use node_red_storage_valkey::role::Event;
use node_red_storage_valkey::role::admin::{Admin, Standing};
use redis::Commands;

use super::common::instance::{admin, admin_on, calls};
use super::common::server::Server;
use super::common::{temp_dir, until};
use super::{PATIENCE, admin_options, deploy};

async fn until_standing(what: &str, admin: &Admin, wanted: impl Fn(&Standing) -> bool) -> Standing {
    until(what, PATIENCE, async || wanted(&admin.standing())).await;
    admin.standing()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_that_is_not_in_valkey_is_told_with_the_reason_until_it_is() {
    let mut server = Server::start(&[]);
    let (admin, events) = admin(admin_options(&server), None).await;
    deploy(&admin, 1).await.unwrap();
    assert_eq!(admin.standing(), Standing::default());
    server.kill();
    until("the loss is noticed", PATIENCE, async || admin.health().connection != "ready").await;
    // What was deployed before is where it should be.
    assert_eq!(admin.standing(), Standing::default());
    deploy(&admin, 2).await.unwrap();
    let standing = until_standing("it is told", &admin, |now| now.away.is_some()).await;
    assert!(!standing.away.unwrap().is_empty());
    events.wait(&Event::Standing, 1).await;
    server.restart();
    until_standing("it is over", &admin, |now| *now == Standing::default()).await;
    events.wait(&Event::Standing, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_does_not_come_is_told_while_the_connection_lives() {
    let server = Server::start(&[]);
    let (admin, events) = admin(admin_options(&server), None).await;
    let mut connection = server.admin();
    deploy(&admin, 1).await.unwrap();
    let looks = calls(&mut connection, "evalsha");
    until("it is idle", PATIENCE, async || calls(&mut connection, "evalsha") > looks).await;
    let mut pause = redis::cmd("CLIENT");
    let paused = pause.arg("PAUSE").arg(120_000).arg("WRITE");
    paused.query::<()>(&mut connection).unwrap();
    deploy(&admin, 2).await.unwrap();
    let unanswered =
        |now: &Standing| now.away.as_ref().is_some_and(|why| why.contains("no answer"));
    until_standing("it is told", &admin, unanswered).await;
    events.wait(&Event::Standing, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_admin_tells_where_the_first_runs_and_what_became_of_its_deploy() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    let dir = temp_dir();
    let (first, _) = admin_on(admin_options(&server), Some(dir.path()), "box-1").await;
    deploy(&first, 1).await.unwrap();
    let (second, _) = admin_on(admin_options(&server), None::<&Path>, "box-2").await;
    deploy(&second, 2).await.unwrap_err();
    let standing = until_standing("it is told", &second, |now| now.other.is_some()).await;
    let place = format!(", host box-1, process {}", std::process::id());
    assert!(standing.other.clone().unwrap().ends_with(&place), "{standing:?}");
    let rest = Standing { other: None, ..standing };
    assert_eq!(rest, Standing::default(), "nothing but that");

    first.close().await;
    let _: () = connection.pexpire("n:lease", 1).unwrap();
    let standing = until_standing("it takes over", &second, |now| now.replaced.is_some()).await;
    let kept: Vec<String> = connection.keys("n:backup:*").unwrap();
    assert_eq!(standing.other, None);
    assert_eq!(standing.replaced, kept.first().cloned());
    // Other settings are no deploy.
    second.mirror_settings(r#"{"nodes":{"a":1}}"#).await.unwrap();
    assert_eq!(second.standing().replaced, standing.replaced);

    let (third, _) = admin_on(admin_options(&server), Some(dir.path()), "box-1").await;
    until_standing("the first is back", &third, |now| now.other.is_some()).await;
    assert!(!third.standing().was_in_charge);
    deploy(&second, 3).await.unwrap();
    until_standing("a deploy ends it", &second, |now| *now == Standing::default()).await;
}

//! With the user that the documents name, in a cluster, and of the admin's own.

use node_red_storage_valkey::config::{Role, Secret, StateUser};
use node_red_storage_valkey::role::context::{Operation, Outcome};
use redis::Commands;

use super::common::server::Server;
use super::{PATIENCE, open, options, reads, reads_from_server, sent, set, until};

/// The line of docs/operations.md.
const RULES: &str = "context on >state ~n:context:* resetchannels -@all +ping +select +info +role +cluster|slots +client|setname +client|setinfo +client|tracking +get +mget +set +mset +del +scan +incrby +incrbyfloat +pexpire +pttl +eval +evalsha +script|load";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_users_rights_are_enough_for_everything() {
    let server = Server::start(&[]);
    server.add_user(RULES);
    server.add_user("reader on >pw ~n:* &n:* -@all +ping +get");
    let mut config = options(&server);
    config.connection.username = Some("reader".into());
    config.connection.password = Some(Secret::new("pw"));
    config.state =
        Some(StateUser { username: Some("context".into()), password: Some(Secret::new("state")) });
    config.role = Role::Admin;
    let (context, _) = open(config, None);
    reads_from_server(&context).await;
    set(&context, "a", "1");
    context.set("gone", vec![("a".into(), Some("1".into()))]).unwrap();
    context.set("global", vec![("b".into(), Some("1".into())), ("a".into(), None)]).unwrap();
    let path = serde_json::from_str(r#"["x",0]"#).unwrap();
    context.set_part("global", "c", path, Some("1".into())).unwrap();
    let outcome = context.operate("global", "n", Operation::Increment(1.0)).await.unwrap();
    assert_eq!(outcome, Outcome::Text("1".into()));
    context.operate("global", "n", Operation::Increment(0.5)).await.unwrap();
    context.operate("global", "n", Operation::Expire(100_000)).await.unwrap();
    sent(&context).await;
    context.clean(vec!["tab".into()]);
    let mut admin = server.admin();
    until("it is noted", PATIENCE, async || admin.exists::<_, bool>("n:context::orphans").unwrap())
        .await;
    redis::cmd("FLUSHALL").exec(&mut admin).unwrap();
    until("it is refilled", PATIENCE, async || {
        admin.exists::<_, bool>("n:context:global:c").unwrap()
    })
    .await;
    let refused: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query(&mut admin).unwrap();
    assert_eq!(refused, []);
    assert_eq!(context.health().problem, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_user_may_not_write_is_kept_and_told() {
    let server = Server::start(&[]);
    server.add_user("reader on >pw ~n:* -@all +ping +get +scan +eval +evalsha +script|load +client|tracking +set");
    let mut config = options(&server);
    config.state =
        Some(StateUser { username: Some("reader".into()), password: Some(Secret::new("pw")) });
    let (context, _) = open(config, None);
    context.opened().await;
    set(&context, "a", "1");
    until("it is told", PATIENCE, async || context.health().problem.is_some()).await;
    assert!(context.health().problem.unwrap().contains("+mset"), "{:?}", context.health());
    assert_eq!(context.health().unsent, 1);
    // Reading goes on.
    let _: () = server.admin().set("n:context:global:b", 2).unwrap();
    reads(&context, "b", Some("2")).await;
    server.add_user("reader +mset");
    sent(&context).await;
    until("it is over", PATIENCE, async || context.health().problem.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orphans_go_a_day_later_and_only_by_an_admin() {
    let server = Server::start(&[]);
    let mut config = options(&server);
    let (worker, _) = open(config.clone(), None);
    worker.opened().await;
    config.role = Role::Admin;
    let (admin, _) = open(config, None);
    admin.opened().await;
    for scope in ["global", "tab", "node:tab", "old"] {
        worker.set(scope, vec![("a".into(), Some("1".into()))]).unwrap();
    }
    until("it is read", PATIENCE, async || admin.health().keys == 4).await;
    worker.clean(Vec::new());
    worker.delete_scope("tab");
    admin.clean(vec!["tab".into(), "node".into()]);
    let mut server_admin = server.admin();
    let note = async |admin: &mut redis::Connection| {
        let note: Option<String> = admin.get("n:context::orphans").unwrap();
        note.unwrap_or_default()
    };
    until("it is noted", PATIENCE, async || note(&mut server_admin).await.contains("old")).await;
    assert!(!note(&mut server_admin).await.contains("tab"));
    // A day passes.
    let _: () = server_admin.set("n:context::orphans", r#"{"old":1}"#).unwrap();
    admin.clean(vec!["tab".into(), "node".into()]);
    until("it is gone", PATIENCE, async || worker.names("old").is_empty()).await;
    until("the note, too", PATIENCE, async || note(&mut server_admin).await.is_empty()).await;
    assert_eq!(worker.health().keys, 3);
    admin.delete_scope("tab");
    until("it is deleted", PATIENCE, async || worker.names("tab").is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_server_that_can_not_be_refilled_is_read_all_the_same() {
    let server = Server::start(&[]);
    server.add_user("context on nopass ~* +@all -set");
    let mut admin = server.admin();
    let _: () = admin.set("n:context:global:a", 1).unwrap();
    let mut config = options(&server);
    config.state = Some(StateUser { username: Some("context".into()), password: None });
    let (context, _) = open(config, None);
    reads_from_server(&context).await;
    reads(&context, "a", Some("1")).await;
    redis::cmd("FLUSHALL").exec(&mut admin).unwrap();
    let _: () = admin.set("n:context:global:b", 2).unwrap();
    reads(&context, "b", Some("2")).await;
    reads(&context, "a", None).await;
}

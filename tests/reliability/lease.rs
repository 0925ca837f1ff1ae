//! What stands under the key of the lease and is none.

use node_red_storage_valkey::config::Role;
use node_red_storage_valkey::role::admin::Mirrored;
use redis::Commands;

use super::common::instance::{admin, credentials, flows, options, stored};
use super::common::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_never_expires_keeps_nobody_out() {
    let server = Server::start(&[]);
    let mut connection = server.admin();
    for value in ["", "somebody:once", "half of {"] {
        let _: () = connection.set("n:lease", value).unwrap();
        let (admin, _) = admin(options(&server, Role::Admin), None).await;
        let answer = admin.mirror_deploy(flows(1), credentials(1), None, None).await;
        assert_eq!(answer, Ok(Mirrored::Done), "{value:?}");
        // In the middle of its work as well.
        let _: () = connection.set("n:lease", value).unwrap();
        let answer = admin.mirror_deploy(flows(2), credentials(2), None, None).await;
        assert_eq!(answer, Ok(Mirrored::Done), "{value:?}");
        assert!(stored(&mut connection, "n:lease").unwrap().len() > 20);
        admin.close().await;
        redis::cmd("FLUSHALL").exec(&mut connection).unwrap();
    }
    // One that does is another admin's.
    let _: () = connection.pset_ex("n:lease", "somebody:else", 60_000).unwrap();
    let (admin, _) = admin(options(&server, Role::Admin), None).await;
    assert!(admin.mirror_deploy(flows(1), credentials(1), None, None).await.is_err());
}

//! `clientInfoTag` and `disableClientInfo`.

use super::common::server::Server;
use super::{connection_id, open_ready, with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_told_the_library_with_its_tag_or_nothing() {
    let server = Server::start(&[]);
    let mut admin = server.admin();
    let name = "node-red-storage-valkey".to_owned();
    for library in [Some(name.clone()), Some(format!("{name}(line-7)")), None] {
        let config = with(server.port, |supervision| supervision.library.clone_from(&library));
        let connection = open_ready(&config).await;
        let id = format!("id={} ", connection_id(&connection).await);
        let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut admin).unwrap();
        let ours = list.lines().find(|line| line.starts_with(&id)).expect("listed");
        if !ours.contains("lib-name") {
            println!("this server knows no CLIENT SETINFO");
            continue;
        }
        let told = ours.split(' ').find_map(|part| part.strip_prefix("lib-name=")).unwrap();
        assert_eq!(told, library.clone().unwrap_or_default(), "{ours}");
        let version = ours.split(' ').find_map(|part| part.strip_prefix("lib-ver=")).unwrap();
        let expected = library.map_or("", |_| env!("CARGO_PKG_VERSION"));
        assert_eq!(version, expected, "{ours}");
    }
}

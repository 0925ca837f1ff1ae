//! Servers that speak TLS and are found through Sentinel or in a cluster.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use node_red_storage_valkey::config::{Config, ConnectionConfig};
use redis::Value;
use serde_json::json;

use super::common::certificates::{Certificates, Pair, Wish, der, key_der};
use super::common::server::Server;
use super::common::{free_port, until};
use super::server::TlsServer;
use super::{PATIENCE, open, open_ready, problem, set};

const NAMES: &str = "DNS:localhost,IP:127.0.0.1";

/// A Sentinel of its own, which reaches the master by TLS and speaks it.
struct TlsSentinel {
    plain: Server,
    port: u16,
}

impl TlsSentinel {
    /// With clients' certificates of `authority`.
    fn start(master: u16, own: &Pair, authority: &Pair) -> Self {
        let (certificate, key) = (own.certificate.display(), own.key.display());
        let (authority, port) = (authority.certificate.display(), free_port());
        let lines = format!(
            "sentinel monitor mymaster 127.0.0.1 {master} 1\ntls-replication yes\ntls-port {port}\n\
             tls-cert-file {certificate}\ntls-key-file {key}\ntls-ca-cert-file {authority}\n\
             tls-auth-clients yes\n"
        );
        let file = own.certificate.with_extension("conf");
        std::fs::write(&file, lines).unwrap();
        let args = [file.to_str().unwrap(), "--sentinel"];
        Self { plain: Server::start_flavour("redis-7", &args), port }
    }

    async fn sees_master(&self) {
        until("a master that the Sentinel reaches", PATIENCE, async || {
            let asked: redis::RedisResult<redis::Value> = redis::cmd("SENTINEL")
                .arg("CKQUORUM")
                .arg("mymaster")
                .query(&mut self.plain.admin());
            asked.is_ok()
        })
        .await;
    }
}

fn buffers(all: &[Vec<u8>]) -> serde_json::Value {
    all.iter().map(|der| json!({"$buffer": STANDARD.encode(der)})).collect()
}

/// What JavaScript makes of a `tls` in settings.js.
fn tls(authority: &Pair, own: Option<&Pair>) -> serde_json::Value {
    let mut tls = json!({"ca": buffers(&der(&authority.certificate))});
    if let Some(own) = own {
        tls["cert"] = buffers(&der(&own.certificate));
        tls["key"] = json!({"$buffer": STANDARD.encode(key_der(&own.key))});
    }
    tls
}

fn parsed(options: serde_json::Value) -> Arc<ConnectionConfig> {
    Arc::new(Config::parse(&options).unwrap().0.connection)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinel_and_server_have_a_tls_of_their_own() {
    let made = Certificates::default();
    let (servers, sentinels) = (made.authority("servers", "CA"), made.authority("watch", "CA 2"));
    let both = made.path("both.pem");
    let texts = [&servers, &sentinels].map(|pair| std::fs::read(&pair.certificate).unwrap());
    std::fs::write(&both, texts.concat()).unwrap();
    let either = Pair { certificate: both, key: servers.key.clone() };
    // The Sentinel is a client of the server too.
    let master = TlsServer::mutual(
        &made.issue(&servers, "master", Wish::server(NAMES)),
        &either,
        &["--tls-replication", "yes"],
    );
    let own = made.issue(&sentinels, "sentinel", Wish::server(NAMES));
    let sentinel = TlsSentinel::start(master.port, &own, &either);
    sentinel.sees_master().await;
    let client = Wish { name: "client", extensions: Some("extendedKeyUsage=clientAuth"), days: 30 };
    let of_servers = made.issue(&servers, "client", client);
    let of_sentinels = made.issue(&sentinels, "client2", client);
    let options = |of_server: serde_json::Value, of_sentinel: serde_json::Value| {
        parsed(json!({
            "role": "worker",
            "sentinels": [{"host": "localhost", "port": sentinel.port}],
            "name": "mymaster",
            "enableTLSForSentinelMode": true,
            "tls": of_server,
            "sentinelTLS": of_sentinel,
        }))
    };
    let (server_tls, sentinel_tls) =
        (tls(&servers, Some(&of_servers)), tls(&sentinels, Some(&of_sentinels)));
    let connection = open_ready(&options(server_tls.clone(), sentinel_tls.clone())).await;
    assert_eq!(set(&connection, "a", b"1").await, Ok(Value::Okay));
    // Each message names the option that it is about.
    let connection = open(&options(server_tls.clone(), tls(&servers, Some(&of_sentinels))));
    let said = problem(&connection).await;
    assert!(said.contains("'CN=CA 2', which is not in 'sentinelTLS.ca'"), "{said}");
    let connection = open(&options(server_tls, tls(&sentinels, None)));
    let said = problem(&connection).await;
    assert!(said.contains("set 'sentinelTLS.cert' and 'sentinelTLS.key'"), "{said}");
    let connection = open(&options(tls(&servers, None), sentinel_tls));
    let said = problem(&connection).await;
    assert!(said.contains("set 'tls.cert' and 'tls.key'"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_followed_over_tls() {
    let made = Certificates::default();
    let authority = made.authority("ca", "Test CA");
    let pair = made.issue(&authority, "server", Wish::server(NAMES));
    let args = ["--tls-auth-clients", "no", "--cluster-enabled", "yes", "--tls-cluster", "yes"];
    let node = TlsServer::start_with(&pair, &args);
    redis::cmd("CLUSTER")
        .arg("ADDSLOTSRANGE")
        .arg(0)
        .arg(16_383)
        .exec(&mut node.plain.admin())
        .unwrap();
    let connection = open_ready(&parsed(json!({
        "role": "worker",
        "cluster": [{"host": "localhost", "port": node.port}],
        "redisOptions": {"tls": tls(&authority, None)},
    })))
    .await;
    assert_eq!(set(&connection, "{nodered}:a", b"1").await, Ok(Value::Okay));
    let other = made.authority("other", "Other CA");
    let connection = open(&parsed(json!({
        "role": "worker",
        "cluster": [{"host": "localhost", "port": node.port}],
        "tls": tls(&other, None),
    })));
    let said = problem(&connection).await;
    assert!(said.contains("'CN=Test CA', which is not in 'tls.ca'"), "{said}");
}

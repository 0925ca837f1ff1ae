//! Versions, cipher suites, curves and protocols.

use super::common::certificates::{Certificates, Pair, Wish};
use super::server::TlsServer;
use super::{refused, trusting, works};
use node_red_storage_valkey::config::TlsConfig;
use node_red_storage_valkey::connection::check_tls;

fn server_with(made: &Certificates, args: &[&str]) -> (Pair, TlsServer) {
    let authority = made.authority("ca", "Test CA");
    let pair = made.issue(&authority, "server", Wish::server("DNS:localhost"));
    let mut all = vec!["--tls-auth-clients", "no"];
    all.extend(args);
    (authority, TlsServer::start_with(&pair, &all))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_kept_to() {
    let made = Certificates::default();
    let (authority, old) = server_with(&made, &["--tls-protocols", "TLSv1.2"]);
    let (authority_of_new, new) = {
        let made = Certificates::default();
        server_with(&made, &["--tls-protocols", "TLSv1.3"])
    };
    let only = |authority: &Pair, tls12| TlsConfig { tls12, tls13: !tls12, ..trusting(authority) };
    works("localhost", old.port, only(&authority, true)).await;
    let problem = refused("localhost", old.port, only(&authority, false)).await;
    assert!(problem.contains("none of the versions"), "{problem}");
    drop(authority_of_new);
    drop(new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cipher_suites_and_curves_are_kept_to() {
    let made = Certificates::default();
    let (authority, server) = server_with(
        &made,
        &["--tls-protocols", "TLSv1.2", "--tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    );
    let with = |suite| TlsConfig {
        cipher_suites: Some(vec![suite]),
        groups: Some(vec!["secp256r1"]),
        ..trusting(&authority)
    };
    works("localhost", server.port, with("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")).await;
    let other = with("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    let problem = refused("localhost", server.port, other).await;
    assert!(problem.contains("no cipher suite or curve in common"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_knows_nothing_of_protocols_is_taken() {
    let made = Certificates::default();
    let (authority, server) = server_with(&made, &[]);
    let tls = TlsConfig { application_protocols: vec![b"redis".to_vec()], ..trusting(&authority) };
    works("localhost", server.port, tls).await;
    let silent = TlsConfig { send_server_name: false, ..trusting(&authority) };
    works("localhost", server.port, silent).await;
}

#[test]
fn what_can_not_work_is_found_before_anything_is_opened() {
    let problem = |change: &dyn Fn(&mut TlsConfig)| {
        let mut tls = TlsConfig::new("tls", Vec::new());
        tls.verify = false;
        change(&mut tls);
        check_tls(&tls).expect_err("refused").to_string()
    };
    let suites = Some(vec!["TLS13_AES_128_GCM_SHA256"]);
    let error = problem(&|tls| (tls.cipher_suites, tls.tls13) = (suites.clone(), false));
    assert!(error.starts_with("option 'tls.ciphers' leaves nothing"), "{error}");
    let error = problem(&|tls| tls.verify = true);
    assert!(error.starts_with("option 'tls.ca' holds no certificate"), "{error}");
    let error = problem(&|tls| tls.server_name = Some("not a name".to_owned()));
    assert!(error.starts_with("option 'tls.servername' is neither"), "{error}");
    let error = problem(&|tls| tls.authorities = vec![b"nothing".to_vec()]);
    assert!(error.starts_with("option 'tls.ca' holds a certificate that can't be used"), "{error}");
    let mut fine = TlsConfig::new("tls", Vec::new());
    fine.verify = false;
    assert_eq!(check_tls(&fine), Ok(()));
}

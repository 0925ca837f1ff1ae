//! Peers that are not the server one hopes for, and lines that are slow.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redis::Value;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::common::config_with;
use super::common::log::Log;
use super::common::server::Server;
use super::{failure, get, open, open_ready, set, subscribe};

/// A peer that greets every connection with these bytes; returns its port and how many came.
async fn peer(answer: &'static [u8], stay: bool) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
                while stay && stream.read(&mut request).await.is_ok_and(|count| count > 0) {}
            });
        }
    });
    (port, accepted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_is_no_redis_server_is_named_so() {
    let cases: [(&'static [u8], &str); 5] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it answers like an HTTP server"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "it answers like a TLS server; does it want TLS?"),
        (b"220 mail.example.org ESMTP\r\n", "not of the Redis protocol"),
        (b":1\r\n:2\r\n:3\r\n:4\r\n", "don't fit"),
        (b"", "closed the connection during the handshake, without an answer; does it want TLS?"),
    ];
    for (answer, words) in cases {
        let (port, _) = peer(answer, !answer.is_empty()).await;
        let error = failure(&open(&config_with(port, |_| ()))).await;
        assert_eq!(error.code(), "ERR_VALKEY_UNAVAILABLE");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_peer_uses_up_connect_timeout_and_no_more() {
    let (port, accepted) = peer(b"", true).await;
    let started = Instant::now();
    let connection = open(&config_with(port, |config| {
        config.connect_timeout = Duration::from_millis(400);
    }));
    let error = failure(&connection).await;
    assert!(error.to_string().contains("no answer within 400 ms"), "{error}");
    let taken = started.elapsed();
    assert!(taken > Duration::from_millis(350) && taken < Duration::from_secs(2), "{taken:?}");
    assert!(accepted.load(Ordering::Relaxed) >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentinel_is_not_taken_for_a_server() {
    let (port, _) = peer(b"%2\r\n+role\r\n+master\r\n+mode\r\n+sentinel\r\n", true).await;
    let error = failure(&open(&config_with(port, |_| ()))).await;
    assert_eq!(error.code(), "ERR_VALKEY_OPTION");
    assert!(error.to_string().contains("Sentinel"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_full_is_quoted() {
    let (port, _) = peer(b"-ERR max number of clients reached\r\n", false).await;
    let error = failure(&open(&config_with(port, |_| ()))).await;
    assert!(error.to_string().contains("max number of clients reached"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_loads_is_waited_for() {
    let loading = b"-LOADING Valkey is loading the dataset in memory\r\n";
    let (port, _) = peer(loading, true).await;
    let error = failure(&open(&config_with(port, |_| ()))).await;
    assert_eq!(error.code(), "ERR_VALKEY_UNAVAILABLE");
    assert!(error.to_string().contains("LOADING"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_drops_what_it_accepted_is_not_hammered_and_fills_no_log() {
    let (log, _guard) = Log::keep();
    // Answers the whole handshake, and closes.
    let (port, accepted) = peer(b"+OK\r\n+OK\r\n+PONG\r\n", false).await;
    let config = config_with(port, |config| config.resp3 = false);
    let _connection = open(&config);
    let _subscriber = subscribe(&config, &["news"]);
    tokio::time::sleep(Duration::from_secs(4)).await;
    // 50 + 100 + 150 … ms: about 12 attempts in 4 s for each of the two, more by chance.
    let attempts = accepted.load(Ordering::Relaxed);
    assert!((6..=48).contains(&attempts), "{attempts} attempts in 4 s");
    assert!(log.lines().len() <= 2, "{:#?}", log.lines());
}

/// A line that passes this many bytes a second in each direction and buffers little.
async fn slow_line(server: u16, bytes_per_second: usize) -> u16 {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.set_send_buffer_size(16 * 1024).unwrap();
    socket.bind(&std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(16).unwrap();
    socket.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(socket.into()).unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
            let (near_in, near_out) = near.into_split();
            let (far_in, far_out) = far.into_split();
            tokio::spawn(trickle(near_in, far_out, bytes_per_second));
            tokio::spawn(trickle(far_in, near_out, bytes_per_second));
        }
    });
    port
}

async fn trickle(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    bytes_per_second: usize,
) {
    let mut chunk = vec![0; bytes_per_second / 20];
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        if to.write_all(&chunk[..count]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

// Only Linux lets the sender see how much of an upload has left the machine.
#[cfg_attr(not(target_os = "linux"), ignore)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_value_over_a_slow_line_is_no_dead_server() {
    let server = Server::start(&[]);
    let port = slow_line(server.port, 100_000).await;
    let connection = open_ready(&config_with(port, |_| ())).await;
    let mut state = connection.state();
    state.mark_unchanged();
    let value = vec![b'x'; 1_200_000];
    // Both directions take 12 s: longer than a heartbeat and than the limit of a command.
    let started = Instant::now();
    assert_eq!(set(&connection, "a", &value).await, Ok(Value::Okay));
    let up = started.elapsed();
    assert_eq!(get(&connection, "a").await, Ok(Value::BulkString(value)));
    let down = started.elapsed() - up;
    println!("up {up:?}, down {down:?}");
    assert!(up > Duration::from_secs(8) && down > Duration::from_secs(8), "{up:?} {down:?}");
    assert!(!state.has_changed().unwrap(), "{:?}", state.borrow());
}

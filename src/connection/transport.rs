//! From an address to a connected stream: look-up, TCP or unix socket, TLS.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tracing::debug;

use super::activity::Stream;
use super::tls;
use crate::config::{ConnectionConfig, Endpoint, Family, Supervision, TlsConfig};
use crate::error::{Error, Result};

/// The next address is tried beside the one before after this long (RFC 8305 names 250 ms).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// Between two questions of TCP whether the peer is there …
const PROBE_INTERVAL: Duration = Duration::from_secs(2);
/// … and how many of them may stay without an answer.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
const PROBES: u32 = 3;

/// How long sent data may stay unacknowledged by a peer that vanished.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNACKNOWLEDGED_LIMIT: Duration = Duration::from_secs(6);

/// A TLS handshake in which the server has said nothing for this long is told of before it is given up:
/// sooner than a start goes on without the server.
const TOLD_AFTER: Duration = Duration::from_secs(2);

/// Ends the reason when the server does not answer in the TLS handshake.
pub(super) const SPEAKS_TLS: &str = "does the server speak TLS on this port?";

/// Connects, with TLS when it is in the configuration; the caller limits the time.
pub(super) async fn connect(endpoint: &Endpoint, config: &ConnectionConfig) -> Result<Stream> {
    connect_telling(endpoint, config, &|_| ()).await
}

/// The same, and tells meanwhile what the attempt seems to fail of; it goes on all the same.
pub(super) async fn connect_telling(
    endpoint: &Endpoint,
    config: &ConnectionConfig,
    tell: &(dyn Fn(String) + Send + Sync),
) -> Result<Stream> {
    match endpoint {
        Endpoint::Tcp { host, port } => {
            let addresses = look_up(host, *port, config.family).await?;
            let tcp = connect_first(addresses).await?;
            if let Err(error) = set_options(&tcp, &config.supervision) {
                debug!("{endpoint}: a socket option is not to be had: {error}");
            }
            match &config.tls {
                None => Ok(Stream::new(tcp)),
                Some(tls) => secure(tcp, host, tls, config, tell).await,
            }
        }
        Endpoint::Unix(path) => connect_unix(path).await,
    }
}

async fn secure(
    tcp: TcpStream,
    host: &str,
    tls: &TlsConfig,
    config: &ConnectionConfig,
    tell: &(dyn Fn(String) + Send + Sync),
) -> Result<Stream> {
    // Sooner than the whole, which could not say what it was that took so long.
    let limit = config.connect_timeout.mul_f64(0.8);
    let tcp = Stream::new(tcp);
    let activity = tcp.activity();
    let mut secured = pin!(tokio::time::timeout(limit, tls::connect(tcp, host, tls)));
    let early = TOLD_AFTER.min(limit / 2);
    let ended = tokio::select! {
        biased;
        ended = &mut secured => Some(ended),
        () = tokio::time::sleep(early) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            if activity.signs() == 0 {
                let waited = early.as_millis();
                tell(format!("no answer in the TLS handshake for {waited} ms; {SPEAKS_TLS}"));
            }
            secured.await
        }
    };
    match ended {
        Ok(secured) => Ok(Stream::new(secured?)),
        Err(_) => Err(Error::Unavailable {
            reason: format!(
                "no end of the TLS handshake within {} ms; {SPEAKS_TLS}",
                limit.as_millis()
            ),
        }),
    }
}

#[cfg(unix)]
async fn connect_unix(path: &str) -> Result<Stream> {
    let socket =
        tokio::net::UnixStream::connect(path).await.map_err(|error| unavailable(&path, &error))?;
    Ok(Stream::new(socket))
}

#[cfg(not(unix))]
async fn connect_unix(_path: &str) -> Result<Stream> {
    Err(Error::option("path", "names a unix socket, which this system does not offer; use 'host'"))
}

fn unavailable(peer: &impl std::fmt::Display, error: &io::Error) -> Error {
    Error::Unavailable { reason: format!("{peer}: {error}") }
}

/// What the system calls a port on which nobody listens.
#[cfg(windows)]
const REFUSED: &str = "(os error 10061)";
#[cfg(any(target_os = "linux", target_os = "android"))]
const REFUSED: &str = "(os error 111)";
#[cfg(not(any(windows, target_os = "linux", target_os = "android")))]
const REFUSED: &str = "(os error 61)";

/// Whether an attempt has failed because nobody listened: that was told at once, and by the system.
pub(super) fn was_refused(error: &Error) -> bool {
    matches!(error, Error::Unavailable { reason } if reason.ends_with(REFUSED))
}

async fn look_up(host: &str, port: u16, family: Family) -> Result<Vec<SocketAddr>> {
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| unavailable(&format_args!("look-up of {host}"), &error))?;
    let addresses: Vec<_> = found
        .filter(|address| match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        })
        .collect();
    if addresses.is_empty() {
        let kind = match family {
            Family::Any => "address",
            Family::V4 => "IPv4 address",
            Family::V6 => "IPv6 address",
        };
        return Err(Error::Unavailable { reason: format!("{host} has no {kind}") });
    }
    Ok(addresses)
}

/// The first address that answers: each is tried when the one before failed or is slow, so that
/// a dead IPv6 route does not use up the whole time.
async fn connect_first(addresses: Vec<SocketAddr>) -> Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = None;
    loop {
        match waiting.next() {
            Some(address) => attempts.push(async move {
                TcpStream::connect(address).await.map_err(|error| unavailable(&address, &error))
            }),
            None if attempts.is_empty() => break,
            None => (),
        }
        let slow = async {
            if waiting.len() == 0 {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(NEXT_ADDRESS_AFTER).await;
        };
        tokio::select! {
            biased;
            Some(result) = attempts.next() => match result {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = failure.or(Some(error)),
            },
            () = slow => (),
        }
    }
    Err(failure.unwrap_or_else(|| Error::Unavailable { reason: "no address".to_owned() }))
}

/// None of these is worth a connection: the heartbeat finds a dead peer without them, later.
fn set_options(tcp: &TcpStream, supervision: &Supervision) -> io::Result<()> {
    tcp.set_nodelay(supervision.no_delay)?;
    let socket = SockRef::from(tcp);
    // Counted in seconds, of which most systems take 15 bits.
    let seconds = supervision.keep_alive.as_millis().div_ceil(1000).clamp(1, 32_767);
    let time = Duration::from_secs(u64::try_from(seconds).unwrap_or(32_767));
    let keepalive = TcpKeepalive::new().with_time(time);
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_os = "macos",
        target_os = "windows"
    ))]
    let keepalive = keepalive.with_interval(PROBE_INTERVAL);
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
    let keepalive = keepalive.with_retries(PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_LIMIT))?;
        // Without it megabytes vanish into the kernel at once, and a slow upload looks like a
        // peer that has gone quiet.
        socket.set_tcp_notsent_lowat(128 * 1024)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_address_is_used_when_the_first_refuses() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let open = listener.local_addr().expect("bound");
        let closed = {
            let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            gone.local_addr().expect("bound")
        };
        let stream = connect_first(vec![closed, open]).await.expect("the second");
        assert_eq!(stream.peer_addr().expect("connected"), open);
        let error = connect_first(vec![closed]).await.expect_err("nobody listens");
        assert!(error.to_string().contains(&closed.to_string()), "{error}");
    }

    #[tokio::test]
    async fn the_family_is_kept() {
        let all = look_up("127.0.0.1", 1, Family::Any).await.expect("an address");
        assert_eq!(all.len(), 1);
        let error = look_up("127.0.0.1", 1, Family::V6).await.expect_err("no IPv6 there");
        assert!(error.to_string().contains("127.0.0.1 has no IPv6 address"), "{error}");
    }

    #[tokio::test]
    async fn the_options_reach_the_socket() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let connect = async |supervision: Supervision| {
            let tcp = TcpStream::connect(address).await.expect("connected");
            set_options(&tcp, &supervision).expect("all of them");
            tcp
        };
        let tcp = connect(Supervision::default()).await;
        let socket = SockRef::from(&tcp);
        assert!(socket.keepalive().expect("known") && tcp.nodelay().expect("known"));
        for (ms, seconds) in [(30_000, 30), (1, 1), (1001, 2), (2_147_483_647, 32_767)] {
            let tcp = connect(Supervision {
                keep_alive: Duration::from_millis(ms),
                no_delay: false,
                ..Supervision::default()
            })
            .await;
            assert!(!tcp.nodelay().expect("known"));
            let socket = SockRef::from(&tcp);
            assert!(socket.keepalive().expect("known"));
            #[cfg(target_os = "linux")]
            {
                let time = socket.tcp_keepalive_time().expect("known");
                assert_eq!(time, Duration::from_secs(seconds), "{ms} ms");
                assert_eq!(socket.tcp_keepalive_interval().expect("known"), PROBE_INTERVAL);
                assert_eq!(socket.tcp_keepalive_retries().expect("known"), PROBES);
                let limit = socket.tcp_user_timeout().expect("known");
                assert_eq!(limit, Some(UNACKNOWLEDGED_LIMIT));
            }
            #[cfg(not(target_os = "linux"))]
            let _ = seconds;
        }
    }
}

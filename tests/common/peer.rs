//! A peer that is not what it should be.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Listens as a server that lets everybody in and then answers no more; returns its port.
pub async fn mute_after_handshake() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = Vec::new();
                let mut in_hand = [0; 4096];
                let mut muted = false;
                while let Ok(count @ 1..) = stream.read(&mut in_hand).await {
                    asked.extend_from_slice(&in_hand[..count]);
                    let text = String::from_utf8_lossy(&asked);
                    // The handshake ends with this.
                    if !muted && text.ends_with("PING\r\n") {
                        muted = true;
                        let commands = text.matches("\r\nCLIENT\r\n").count();
                        let answer = format!("{}+PONG\r\n", "+OK\r\n".repeat(commands));
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                }
            });
        }
    });
    port
}

/// Passes everything on to a server, and cuts off who sends `word`.
pub async fn cutting_proxy(server: u16, word: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut far = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                let (mut up, mut down) = ([0; 4096], [0; 4096]);
                loop {
                    tokio::select! {
                        sent = near.read(&mut up) => match sent {
                            Ok(count @ 1..) if !String::from_utf8_lossy(&up[..count]).contains(word) => {
                                far.write_all(&up[..count]).await.unwrap();
                            }
                            _ => return,
                        },
                        said = far.read(&mut down) => match said {
                            Ok(count @ 1..) => near.write_all(&down[..count]).await.unwrap(),
                            _ => return,
                        },
                    }
                }
            });
        }
    });
    port
}

/// Passes everything on to a server, until it is shut: then nothing more comes through, and nobody is told.
pub struct Gate {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    open: tokio::sync::watch::Sender<bool>,
}

impl Gate {
    /// An open one.
    pub async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = tokio::sync::watch::Sender::new(true);
        let is_open = open.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(("127.0.0.1", server)).await else { continue };
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = far.into_split();
                tokio::spawn(pass(near_in, far_out, is_open.subscribe()));
                tokio::spawn(pass(far_in, near_out, is_open.subscribe()));
            }
        });
        Self { port, open }
    }

    /// Nothing comes through from now on.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// What waited comes through, and everything after it.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut open: tokio::sync::watch::Receiver<bool>,
) {
    let mut in_hand = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut in_hand).await {
        if open.wait_for(|open| *open).await.is_err()
            || to.write_all(&in_hand[..count]).await.is_err()
        {
            return;
        }
    }
}

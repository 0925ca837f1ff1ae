//! A peer that is not what it should be.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

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

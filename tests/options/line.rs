//! A line between client and server that is slow, goes dead without a word, or is cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the line does with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Open,
    /// Nothing passes and nothing is closed.
    Dead,
}

/// The line; new connections pass as the present mode says.
pub(crate) struct Line {
    /// Where clients connect, on 127.0.0.1.
    pub(crate) port: u16,
    mode: watch::Sender<Mode>,
    cuts: watch::Sender<u64>,
    passed: Arc<AtomicU64>,
}

impl Line {
    /// A line to this server that passes at most so many bytes a second in each direction.
    pub(crate) async fn to(server: u16, bytes_per_second: usize) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        // Little is on its way at any time.
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        socket.set_send_buffer_size(64 * 1024).unwrap();
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(64).unwrap();
        socket.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(socket.into()).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, cuts) = (watch::Sender::new(Mode::Open), watch::Sender::new(0));
        let passed = Arc::new(AtomicU64::new(0));
        let (modes, cutting, count) = (mode.subscribe(), cuts.subscribe(), Arc::clone(&passed));
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (mut modes, mut cutting) = (modes.clone(), cutting.clone());
                let count = Arc::clone(&count);
                cutting.borrow_and_update();
                tokio::spawn(async move {
                    if modes.wait_for(|mode| *mode == Mode::Open).await.is_err() {
                        return;
                    }
                    let Ok(far) = TcpStream::connect(("127.0.0.1", server)).await else { return };
                    let (near_in, near_out) = near.into_split();
                    let (far_in, far_out) = far.into_split();
                    let chunk = (bytes_per_second / 50).clamp(1, 256 * 1024);
                    tokio::select! {
                        () = pass(near_in, far_out, chunk, modes.clone(), &count) => (),
                        () = pass(far_in, near_out, chunk, modes, &count) => (),
                        _ = cutting.changed() => (),
                    }
                });
            }
        });
        Self { port, mode, cuts, passed }
    }

    /// Lets nothing through any more and closes nothing.
    pub(crate) fn die(&self) {
        self.mode.send_replace(Mode::Dead);
    }

    /// Passes again.
    pub(crate) fn revive(&self) {
        self.mode.send_replace(Mode::Open);
    }

    /// Cuts every connection that is open.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// How many bytes have passed in both directions.
    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    chunk: usize,
    mut mode: watch::Receiver<Mode>,
    count: &AtomicU64,
) {
    let mut bytes = vec![0; chunk];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if mode.wait_for(|mode| *mode == Mode::Open).await.is_err()
            || to.write_all(&bytes[..read]).await.is_err()
        {
            return;
        }
        count.fetch_add(read as u64, Ordering::Relaxed);
        if read == chunk {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

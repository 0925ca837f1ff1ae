//! A stream that shows whether bytes still flow, so that a heartbeat behind a large transfer is
//! told from a dead peer.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Small writes vanish into the buffers of a stopped peer; only this many bytes are a sign of
/// life (a flow of any size is more, a heartbeat and the commands beside it are less).
const WRITTEN_SIGN: u64 = 16 * 1024;

/// How often a wait looks for progress.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// What has passed over a stream.
#[derive(Debug, Default)]
pub(super) struct Activity {
    signs: AtomicU64,
    reads: AtomicU64,
    written: AtomicU64,
    fault: Mutex<Option<String>>,
}

impl Activity {
    /// Changes whenever the peer showed a sign of life.
    pub(super) fn signs(&self) -> u64 {
        self.signs.load(Ordering::Relaxed)
    }

    /// Changes whenever something was read.
    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Why the stream ended.
    pub(super) fn fault(&self) -> String {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .unwrap_or_else(|| "the connection was closed".to_owned())
    }

    /// Returns once the peer has shown no sign of life for `limit`. Looks are counted, not the
    /// clock, so that a pause of this very process is not held against the peer.
    pub(super) async fn silence(&self, limit: Duration) {
        let mut seen = self.signs();
        let mut quiet = Duration::ZERO;
        while quiet < limit {
            tokio::time::sleep(TICK).await;
            let now = self.signs();
            quiet = if now == seen { quiet + TICK } else { Duration::ZERO };
            seen = now;
        }
    }

    /// Returns once no byte was read for `limit`, whatever was written. Looks are counted as above.
    pub(super) async fn unread(&self, limit: Duration) {
        let look = TICK.min(limit / 4);
        let mut seen = self.reads();
        let mut quiet = Duration::ZERO;
        while quiet < limit {
            tokio::time::sleep(look).await;
            let now = self.reads();
            quiet = if now == seen { quiet + look } else { Duration::ZERO };
            seen = now;
        }
    }

    fn read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.signs.fetch_add(1, Ordering::Relaxed);
    }

    fn wrote(&self, count: usize) {
        let total = self.written.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        if total >= WRITTEN_SIGN {
            self.written.store(0, Ordering::Relaxed);
            self.signs.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn fail(&self, reason: String) {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }

    fn watch<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| self.fail(error.to_string()))
    }
}

/// What a transport gives: bytes both ways.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connected stream, whatever carries it.
pub(super) struct Stream {
    inner: Box<dyn Duplex>,
    activity: Arc<Activity>,
}

impl Stream {
    /// Watches a connected stream.
    pub(super) fn new(inner: impl Duplex + 'static) -> Self {
        Self { inner: Box::new(inner), activity: Arc::default() }
    }

    /// What passes over this stream.
    pub(super) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, room) = (buf.filled().len(), buf.remaining());
        let result = ready!(Pin::new(&mut self.inner).poll_read(cx, buf));
        if buf.filled().len() > before {
            self.activity.read();
        } else if room > 0 && result.is_ok() {
            self.activity.fail("the server closed the connection".to_owned());
        }
        Poll::Ready(self.activity.watch(result))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write(cx, buf));
        if let Ok(count) = result {
            self.activity.wrote(count);
        }
        Poll::Ready(self.activity.watch(result))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, bufs));
        if let Ok(count) = result {
            self.activity.wrote(count);
        }
        Poll::Ready(self.activity.watch(result))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn bytes_read_and_large_writes_are_signs_of_life_and_small_writes_are_not() {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let mut stream = Stream::new(near);
        let activity = stream.activity();
        stream.write_all(&[0; 100]).await.expect("room");
        assert_eq!(activity.signs(), 0);
        stream.write_all(&[0; 20_000]).await.expect("room");
        let written = activity.signs();
        assert!(written > 0);
        far.write_all(b"x").await.expect("room");
        stream.read_u8().await.expect("a byte");
        assert!(activity.signs() > written);
    }

    #[tokio::test]
    async fn silence_returns_only_when_nothing_flows() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut stream = Stream::new(near);
        let activity = stream.activity();
        let talk = async {
            for _ in 0..8 {
                far.write_all(b"x").await.expect("room");
                stream.read_u8().await.expect("a byte");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::select! {
            () = activity.silence(TICK * 3) => panic!("was not silent"),
            () = talk => (),
        }
        let silent = activity.silence(TICK * 3);
        tokio::time::timeout(Duration::from_secs(5), silent).await.expect("silent now");
    }

    #[tokio::test]
    async fn the_end_of_the_stream_is_its_fault() {
        let (near, far) = tokio::io::duplex(64);
        let mut stream = Stream::new(near);
        let activity = stream.activity();
        drop(far);
        assert!(stream.read_u8().await.is_err());
        assert_eq!(activity.fault(), "the server closed the connection");
    }
}

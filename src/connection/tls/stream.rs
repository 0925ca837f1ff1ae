//! A TLS stream whose errors say what to do.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::client_certificate::ClientSide;
use super::refusal::{Refusal, explain, unanswered};

/// A connection that is secured. With TLS 1.3 the server judges our certificate after we think
/// that the handshake is done, so its refusal comes as an error of the first read or write.
pub(in crate::connection) struct SecuredStream<S> {
    inner: TlsStream<S>,
    client: Arc<ClientSide>,
    option: &'static str,
    heard: bool,
}

impl<S> SecuredStream<S> {
    pub(super) fn new(inner: TlsStream<S>, client: Arc<ClientSide>, option: &'static str) -> Self {
        Self { inner, client, option, heard: false }
    }

    fn explained(&self, error: io::Error) -> io::Error {
        let problem = explain(&error, &self.client, self.option).or_else(|| self.unanswered());
        match problem {
            Some(problem) => io::Error::new(error.kind(), Refusal(problem)),
            None => error,
        }
    }

    fn unanswered(&self) -> Option<String> {
        if self.heard { None } else { unanswered(&self.client, self.option) }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for SecuredStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, room) = (buf.filled().len(), buf.remaining());
        let result = match ready!(Pin::new(&mut self.inner).poll_read(cx, buf)) {
            // The end without a farewell. The length of every reply is known, so that none can
            // be cut off unnoticed.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            result => result,
        };
        match result {
            Ok(()) if buf.filled().len() > before => {
                self.heard = true;
                Poll::Ready(Ok(()))
            }
            Ok(()) if room > 0 => Poll::Ready(match self.unanswered() {
                Some(problem) => Err(io::Error::other(Refusal(problem))),
                None => Ok(()),
            }),
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(self.explained(error))),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for SecuredStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write(cx, buf));
        Poll::Ready(result.map_err(|error| self.explained(error)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, bufs));
        Poll::Ready(result.map_err(|error| self.explained(error)))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.inner).poll_flush(cx));
        Poll::Ready(result.map_err(|error| self.explained(error)))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

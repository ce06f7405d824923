//! TCP connections that can be made to end with a RST, for failures made on purpose.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Which of a dialer's connections are to be reset when they are dropped.
#[derive(Debug, Default)]
pub(super) struct Resets {
    /// Connections made so far.
    made: AtomicU64,
    /// Those up to this number are reset.
    up_to: AtomicU64,
}

impl Resets {
    /// Every connection that was made so far ends with a RST once it is dropped.
    pub(super) fn all_made(&self) {
        let made = self.made.load(Ordering::Acquire);
        self.up_to.store(made, Ordering::Release);
    }

    /// Takes a fresh connection into account.
    pub(super) fn watch(self: &Arc<Self>, tcp: TcpStream) -> Resettable {
        Resettable {
            tcp,
            number: self.made.fetch_add(1, Ordering::AcqRel) + 1,
            resets: Arc::clone(self),
        }
    }
}

/// A TCP connection; as such it does nothing of its own.
#[derive(Debug)]
pub(super) struct Resettable {
    tcp: TcpStream,
    number: u64,
    resets: Arc<Resets>,
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.number <= self.resets.up_to.load(Ordering::Acquire) {
            // SO_LINGER of 0: closing sends a RST and forgets what was not sent.
            let _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_connection_ends_with_a_rst_only_where_it_was_asked_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let resets = Arc::new(Resets::default());
        let mut endings = Vec::new();
        for reset in [false, true, false] {
            let ours = resets.watch(TcpStream::connect(address).await.unwrap());
            let (mut theirs, _) = listener.accept().await.unwrap();
            if reset {
                resets.all_made();
            }
            drop(ours);
            endings.push(theirs.read_u8().await.unwrap_err().kind());
        }
        use io::ErrorKind::{ConnectionReset, UnexpectedEof};
        assert_eq!(endings, [UnexpectedEof, ConnectionReset, UnexpectedEof]);
    }
}

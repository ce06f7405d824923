//! Heads word for word: what goes out is what the caller wrote, what came in is kept as it was.
//! **Floor 1.**
//!
//! The HTTP library writes header names in lower case and groups equal names; a recording must
//! tell what crossed the wire. So this layer between library and socket takes the head that the
//! library wrote off the stream, puts the caller's own in its place, and keeps a copy of the
//! response's head. Framing stays the library's: both heads announce the same body.
//!
//! It also knows what only the socket can tell: whether a kept connection was over before a byte
//! of the next request had left. Only then may the request go out again on another connection.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Bytes of a response's head that are kept.
const MAX_HEAD: usize = 256 * 1024;
/// Bytes that wait here before the library is made to wait.
const MAX_PENDING: usize = 256 * 1024;
/// Bytes of a request's first write: one TLS record. If that write fails, nothing of it can be
/// read at the other end.
const FIRST_WRITE: usize = 16 * 1024;

/// What is known of the exchange that a connection carries now.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// The head to write in place of the library's.
    head: Vec<u8>,
    /// Bytes of body that follow the head.
    body: usize,
    /// Whether the connection was kept from an exchange before: it may be over by now.
    kept: bool,
    /// Whether anything of the request was handed to the system.
    pub(super) began: bool,
    /// When its last byte was.
    pub(super) written: Option<Instant>,
    /// When the response's first byte came.
    pub(super) first_byte: Option<Instant>,
    /// The response's head, up to and with its empty line; of interim ones (1xx) the last.
    pub(super) response: Vec<u8>,
    complete: bool,
}

impl Wire {
    /// Makes ready for the next exchange.
    pub(super) fn begin(&mut self, head: Vec<u8>, body: usize, kept: bool) {
        *self = Wire {
            head,
            body,
            kept,
            ..Wire::default()
        };
    }

    fn read(&mut self, bytes: &[u8]) {
        if self.written.is_none() && !self.began {
            return;
        }
        if !bytes.is_empty() {
            self.first_byte.get_or_insert_with(Instant::now);
        }
        if self.complete || self.response.len() >= MAX_HEAD {
            return;
        }
        self.response.extend_from_slice(bytes);
        while let Some(end) = end_of_head(&self.response) {
            if is_interim(&self.response) {
                self.response.drain(..end);
            } else {
                self.response.truncate(end);
                self.complete = true;
                return;
            }
        }
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

fn is_interim(head: &[u8]) -> bool {
    head.starts_with(b"HTTP/1.")
        && head.get(8..10) == Some(b" 1")
        && head.get(8..12) != Some(b" 101")
}

/// [`Wire`], shared between the exchange and its connection.
pub(super) type SharedWire = Arc<Mutex<Wire>>;

pub(super) fn lock(wire: &SharedWire) -> MutexGuard<'_, Wire> {
    // Nothing in here panics while it holds the lock; the data stays good if it did.
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
enum Writing {
    /// The library's head is being taken off; holds how much of `\r\n\r\n` was seen.
    Head(usize),
    /// So many bytes of body are still to come.
    Body(usize),
}

/// The layer itself.
pub(super) struct Verbatim<T> {
    io: T,
    wire: SharedWire,
    writing: Writing,
    pending: BytesMut,
}

impl<T> Verbatim<T> {
    pub(super) fn new(io: T, wire: SharedWire) -> Self {
        Verbatim {
            io,
            wire,
            writing: Writing::Head(0),
            pending: BytesMut::new(),
        }
    }

    /// Takes in what the library writes.
    fn take(&mut self, mut bytes: &[u8]) {
        while let Some(byte) = bytes.first() {
            match &mut self.writing {
                Writing::Head(seen) => {
                    *seen = match (*seen, byte) {
                        (0 | 2, b'\r') | (1 | 3, b'\n') => *seen + 1,
                        (_, b'\r') => 1,
                        _ => 0,
                    };
                    bytes = bytes.get(1..).unwrap_or_default();
                    if *seen == 4 {
                        let mut wire = lock(&self.wire);
                        self.pending
                            .extend_from_slice(&std::mem::take(&mut wire.head));
                        self.writing = match wire.body {
                            0 => Writing::Head(0),
                            body => Writing::Body(body),
                        };
                    }
                }
                Writing::Body(left) => {
                    let (now, rest) = bytes.split_at(bytes.len().min(*left));
                    self.pending.extend_from_slice(now);
                    bytes = rest;
                    *left -= now.len();
                    if *left == 0 {
                        self.writing = Writing::Head(0);
                    }
                }
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Verbatim<T> {
    /// Fails where a kept connection has ended while it lay idle. Bytes that nobody asked for
    /// (a 408 for the long silence) are the end of it too.
    fn check_kept(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut byte = [0];
        let mut byte = ReadBuf::new(&mut byte);
        match Pin::new(&mut self.io).poll_read(cx, &mut byte) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(())) => Err(io::ErrorKind::NotConnected.into()),
            Poll::Ready(Err(error)) => Err(error),
        }
    }

    fn poll_pending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            let (began, kept) = {
                let wire = lock(&self.wire);
                (wire.began, wire.kept)
            };
            if kept && !began {
                self.check_kept(cx)?;
            }
            let most = if began { usize::MAX } else { FIRST_WRITE };
            let now = self.pending.len().min(most);
            let bytes = self.pending.get(..now).unwrap_or_default();
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            lock(&self.wire).began = true;
            self.pending.advance(written);
            if self.pending.is_empty() && matches!(self.writing, Writing::Head(0)) {
                lock(&self.wire).written.get_or_insert_with(Instant::now);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Verbatim<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.pending.len() >= MAX_PENDING {
            ready!(self.poll_pending(cx))?;
        }
        self.take(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pending(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pending(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Verbatim<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        lock(&self.wire).read(buf.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    fn kept(io: tokio::io::DuplexStream) -> (Verbatim<tokio::io::DuplexStream>, SharedWire) {
        let wire = SharedWire::default();
        lock(&wire).begin(b"GET / HTTP/1.1\r\n\r\n".to_vec(), 0, true);
        (Verbatim::new(io, wire.clone()), wire)
    }

    #[tokio::test]
    async fn nothing_is_written_to_a_kept_connection_that_is_over() {
        type Do = fn(tokio::io::DuplexStream) -> Option<tokio::io::DuplexStream>;
        let ends: [(&str, &[u8], Do); 2] = [
            ("its end", b"", |_| None),
            (
                "an answer to nothing",
                b"HTTP/1.1 408 Timeout\r\n\r\n",
                Some,
            ),
        ];
        for (name, said, end) in ends {
            let (near, mut far) = duplex(1000);
            let (mut near, wire) = kept(near);
            far.write_all(said).await.unwrap();
            let far = end(far);
            near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            assert!(near.flush().await.is_err(), "{name}");
            assert!(!lock(&wire).began, "{name}");
            drop(near);
            if let Some(mut far) = far {
                assert_eq!(far.read(&mut [0]).await.unwrap(), 0, "{name}");
            }
        }
    }

    #[tokio::test]
    async fn a_kept_connection_that_is_quiet_carries_the_next_request() {
        let (near, mut far) = duplex(1000);
        let (mut near, wire) = kept(near);
        near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        near.flush().await.unwrap();
        assert!(lock(&wire).began);
        far.read_u8().await.unwrap();
    }
}

//! A WebSocket as a client: the upgrade, then a reader and a writer of messages. **Floor 1.**
//!
//! Nothing is answered by itself: pongs and close frames are the caller's decision. The usual
//! loop:
//!
//! ```text
//! loop {
//!     match reader.next_batch().await? { Batch::End => break, Batch::Data => {} }
//!     while let Some(message) = reader.try_next()? { … }    // no await in between
//! }
//! ```
//!
//! What came in one piece with the 101's head is the first batch.

mod frame;

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::dial::error::plain_io;
use super::dial::{DialError, Dialer, Stream, TlsInfo, ms};
use super::http::{USER_AGENT, add_cookie, authority, content, head_bytes, parse_head};
use crate::journal::record::{Headers, Timing};
use crate::protocol::websocket::decoder::Decoder;
use crate::protocol::websocket::encoder::{EncodeError, Encoder};
use crate::protocol::websocket::handshake::{self, HandshakeError, header, header_values};
use crate::protocol::websocket::{
    DeflateOffer, DeflateParams, Limits, Message, Op, Role, Violation,
};

pub use frame::frame;

/// Bytes that one read may take in.
const READ: usize = 256 * 1024;
/// Below this room a fresh read buffer is taken.
const LOW: usize = 32 * 1024;
/// Bytes of a response's head before it is given up.
const MAX_HEAD: usize = 64 * 1024;
/// Bytes of a refusal's body that are read.
const MAX_REFUSAL: usize = 64 * 1024;
/// How long a refusal's body is waited for: some servers keep the connection open after it and
/// say nothing about its length.
const REFUSAL_WAIT: Duration = Duration::from_secs(2);
/// Writing buffers above this size are given back once they are empty.
const KEEP: usize = 1024 * 1024;

/// All headers of the upgrade request, in sending order, with a fresh key; what is recorded is
/// what is sent. Headers in `own` replace ours of the same name; `cookie` is the jar's.
pub fn request_headers(
    url: &Url,
    own: &[(String, String)],
    cookie: Option<&str>,
    offer: Option<&DeflateOffer>,
) -> Headers {
    let key = handshake::key();
    let mut headers = handshake::request_headers(&authority(url), &key, offer, own);
    if header(own, "User-Agent").is_none() {
        let after_host = headers.len().min(1);
        headers.insert(after_host, ("User-Agent".to_owned(), USER_AGENT.to_owned()));
    }
    add_cookie(&mut headers, cookie);
    headers
}

/// The answer to an upgrade request.
#[derive(Debug, Clone, PartialEq)]
pub struct UpgradeResponse {
    /// Status.
    pub status: u16,
    /// Headers in the order and spelling in which they came.
    pub headers: Headers,
    /// Body of a refusal, at most 64 KiB; empty for a 101.
    pub body: Bytes,
}

/// An upgrade that did not happen.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// A header or URL that cannot be sent.
    #[error("{0}")]
    Request(String),
    /// No connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection ended or broke before the response's head was whole.
    #[error("{message}")]
    NoResponse {
        /// What happened.
        message: String,
        /// What had come.
        bytes: Bytes,
        /// Phases that were done.
        timing: Timing,
    },
    /// The server answered, but not with the wanted 101.
    #[error("{why}")]
    Refused {
        /// What is wrong with the answer.
        why: HandshakeError,
        /// The answer.
        response: UpgradeResponse,
        /// Phases, `first_byte` and `total` too.
        timing: Timing,
    },
}

/// A WebSocket that is open.
#[derive(Debug)]
pub struct Upgraded {
    /// The 101.
    pub response: UpgradeResponse,
    /// The compression that is on.
    pub deflate: Option<DeflateParams>,
    /// All phases; `total` up to the end of the 101's head.
    pub timing: Timing,
    /// The other end of the TCP connection.
    pub peer: Option<std::net::SocketAddr>,
    /// The proxy that it goes through.
    pub proxy: Option<String>,
    /// What TLS agreed on.
    pub tls: Option<TlsInfo>,
    /// Messages from the server; holds what came right after the 101's head.
    pub reader: WsReader<ReadHalf<Stream>>,
    /// Messages to the server.
    pub writer: WsWriter<WriteHalf<Stream>>,
}

/// Dials `url` (`ws`, `wss`, or `http`, `https`), sends the upgrade request with exactly
/// `headers` (see [`request_headers`]) and judges the answer. Dropping the future gives up.
///
/// # Errors
/// See [`UpgradeError`].
pub async fn connect(
    dialer: &Dialer,
    url: &Url,
    headers: &Headers,
    limits: Limits,
) -> Result<Upgraded, UpgradeError> {
    let started = Instant::now();
    let head = head_bytes("GET", url, headers).map_err(UpgradeError::Request)?;
    let dialed = dialer.dial(url).await.map_err(|mut error| {
        error.timing.total = Some(ms(started));
        error
    })?;
    let (mut stream, mut timing) = (dialed.stream, dialed.timing);
    let broken = |message: String, bytes: &[u8], mut timing: Timing| {
        timing.total = Some(ms(started));
        UpgradeError::NoResponse {
            message,
            bytes: Bytes::copy_from_slice(bytes),
            timing,
        }
    };
    let sent = async {
        stream.write_all(&head).await?;
        stream.flush().await
    };
    // A refusal may lie ready although writing failed: reading decides.
    let unsent = sent.await.err();
    let written = Instant::now();
    let mut buf = BytesMut::with_capacity(READ);
    let (status, response_headers, size) = loop {
        let read = match stream.read_buf(&mut buf).await {
            Ok(read) => read,
            Err(error) => {
                let error = unsent.as_ref().unwrap_or(&error);
                return Err(broken(plain_io(error), &buf, timing));
            }
        };
        timing.first_byte.get_or_insert_with(|| ms(written));
        if read == 0 {
            let message = if buf.is_empty() {
                "the server closed the connection without an answer to the upgrade"
            } else {
                "the server closed the connection in the middle of its answer to the upgrade"
            };
            return Err(broken(message.to_owned(), &buf, timing));
        }
        if let Some(parsed) = parse_head(&buf) {
            break parsed;
        }
        let looks_like_http = buf.starts_with(b"HTTP/1.") || b"HTTP/1.".starts_with(&buf);
        if !looks_like_http || buf.len() > MAX_HEAD || has_end_of_head(&buf) {
            let start = buf.get(..64).unwrap_or(&buf).escape_ascii().to_string();
            let message = format!("the answer to the upgrade is not HTTP: `{start}`");
            return Err(broken(message, &buf, timing));
        }
    };
    buf.advance(size);
    let mut response = UpgradeResponse {
        status,
        headers: response_headers,
        body: Bytes::new(),
    };
    let deflate = match handshake::check_response(headers, status, &response.headers) {
        Ok(deflate) => deflate,
        Err(why) => {
            if status != 101 {
                response.body = refusal_body(&mut stream, buf, status, &response.headers).await;
            }
            timing.total = Some(ms(started));
            return Err(UpgradeError::Refused {
                why,
                response,
                timing,
            });
        }
    };
    timing.total = Some(ms(started));
    let (read, write) = tokio::io::split(stream);
    Ok(Upgraded {
        response,
        deflate,
        timing,
        peer: dialed.peer,
        proxy: dialed.proxy,
        tls: dialed.tls,
        reader: WsReader::new(read, buf, Role::Client, deflate.as_ref(), limits),
        writer: WsWriter::new(write, Role::Client, deflate.as_ref()),
    })
}

fn has_end_of_head(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\r\n\r\n").is_some()
}

/// The body of a refusal: up to `Content-Length`, the end of the chunks or of the connection,
/// and never more than [`MAX_REFUSAL`] or after [`REFUSAL_WAIT`]. What came before an error is
/// good enough.
async fn refusal_body(
    stream: &mut Stream,
    mut buf: BytesMut,
    status: u16,
    headers: &Headers,
) -> Bytes {
    if matches!(status, 100..=199 | 204 | 304) {
        return Bytes::new();
    }
    let deadline = Instant::now() + REFUSAL_WAIT;
    let chunked = header_values(headers, "Transfer-Encoding")
        .any(|value| value.to_ascii_lowercase().contains("chunked"));
    let length = header(headers, "Content-Length")
        .and_then(|value| value.trim().parse::<usize>().ok())
        .filter(|_| !chunked)
        .map_or(MAX_REFUSAL, |length| length.min(MAX_REFUSAL));
    while buf.len() < length && !(chunked && unchunk(&buf).1) {
        match timeout_at(deadline, stream.read_buf(&mut buf)).await {
            Ok(Ok(0)) | Ok(Err(_)) | Err(_) => break,
            Ok(Ok(_)) => {}
        }
    }
    buf.truncate(length);
    let raw = if chunked {
        unchunk(&buf).0
    } else {
        buf.freeze()
    };
    let encodings: Vec<&str> = header_values(headers, "Content-Encoding").collect();
    content::decode(&encodings.join(","), raw.clone(), MAX_REFUSAL).unwrap_or(raw)
}

/// The data of the chunks that are there (RFC 9112, section 7.1), and whether the last is.
fn unchunk(mut bytes: &[u8]) -> (Bytes, bool) {
    let mut out = BytesMut::new();
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(bytes) {
        if size == 0 {
            return (out.freeze(), true);
        }
        let rest = bytes.get(start..).unwrap_or_default();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        out.extend_from_slice(rest.get(..size).unwrap_or(rest));
        bytes = rest.get(size.saturating_add(2)..).unwrap_or_default();
    }
    (out.freeze(), false)
}

/// What [`WsReader::next_batch`] met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// Bytes came; drain them with [`WsReader::try_next`].
    Data,
    /// The other side ended the stream.
    End {
        /// In the middle of a frame or a fragmented message.
        cut: bool,
    },
}

/// A connection that broke while it was read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}", plain_io(.0))]
pub struct ReadError(#[from] pub io::Error);

/// Reads messages.
#[derive(Debug)]
pub struct WsReader<R> {
    io: R,
    buf: BytesMut,
    decoder: Decoder,
    /// Bytes lie in `buf` that no `try_next` has looked at.
    unread: bool,
}

impl<R: AsyncRead + Unpin> WsReader<R> {
    /// A reader for what `receiver` gets over `io`; `leftover` was read already.
    pub fn new(
        io: R,
        leftover: BytesMut,
        receiver: Role,
        deflate: Option<&DeflateParams>,
        limits: Limits,
    ) -> Self {
        let unread = !leftover.is_empty();
        let decoder = Decoder::new(receiver, deflate, limits);
        WsReader {
            io,
            buf: leftover,
            decoder,
            unread,
        }
    }

    /// Waits for bytes and reads once; what was left over from the handshake counts as read.
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// The system's error; the connection is dead then.
    pub async fn next_batch(&mut self) -> Result<Batch, ReadError> {
        if std::mem::take(&mut self.unread) {
            return Ok(Batch::Data);
        }
        if self.buf.capacity() - self.buf.len() < LOW.max(self.decoder.missing()) {
            self.buf.reserve(READ.max(self.decoder.missing()));
        }
        match self.io.read_buf(&mut self.buf).await {
            Ok(0) => Ok(Batch::End {
                cut: !self.decoder.is_between_messages(&self.buf),
            }),
            Ok(_) => Ok(Batch::Data),
            // Many servers just drop the TCP connection under TLS; that is an end, not a break.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Batch::End {
                cut: !self.decoder.is_between_messages(&self.buf),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// The next message of what was read, if it is whole.
    ///
    /// # Errors
    /// A violation; the same again from then on. The caller closes with its
    /// [`Violation::close_code`].
    pub fn try_next(&mut self) -> Result<Option<Message>, Violation> {
        self.unread = false;
        self.decoder.decode(&mut self.buf)
    }
}

/// Writes messages: [`WsWriter::feed`] puts frames into a buffer, [`WsWriter::flush`] writes it,
/// so that many small ones make one system call.
#[derive(Debug)]
pub struct WsWriter<W> {
    io: W,
    out: BytesMut,
    encoder: Encoder,
}

impl<W: AsyncWrite + Unpin> WsWriter<W> {
    /// A writer for what `sender` sends over `io`.
    pub fn new(io: W, sender: Role, deflate: Option<&DeflateParams>) -> Self {
        WsWriter {
            io,
            out: BytesMut::new(),
            encoder: Encoder::new(sender, deflate),
        }
    }

    /// Appends a message to the buffer. Returns the payload bytes on the wire where it was
    /// compressed. Nothing is sent before [`WsWriter::flush`].
    ///
    /// # Errors
    /// A control frame of more than 125 bytes; nothing is appended then.
    pub fn feed(&mut self, op: &Op, data: &[u8]) -> Result<Option<u64>, EncodeError> {
        self.encoder.encode(op, data, &mut self.out)
    }

    /// Appends bytes as they are: for faults made on purpose.
    pub fn feed_raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Bytes that wait for [`WsWriter::flush`].
    pub fn pending(&self) -> usize {
        self.out.len()
    }

    /// Writes all that was fed. Where the future is dropped, what was not written stays in the
    /// buffer for the next call.
    ///
    /// # Errors
    /// The system's error; the connection is dead then.
    pub async fn flush(&mut self) -> Result<(), ReadError> {
        while !self.out.is_empty() {
            if self.io.write_buf(&mut self.out).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
        }
        if self.out.capacity() > KEEP {
            self.out = BytesMut::new();
        }
        self.io.flush().await?;
        Ok(())
    }

    /// [`WsWriter::feed`] and [`WsWriter::flush`] in one.
    ///
    /// # Errors
    /// Those of both.
    pub async fn send(&mut self, op: &Op, data: &[u8]) -> Result<Option<u64>, SendError> {
        let wire = self.feed(op, data)?;
        self.flush().await?;
        Ok(wire)
    }

    /// Flushes, then ends our side of the connection (TLS close, TCP FIN).
    ///
    /// # Errors
    /// The system's error.
    pub async fn shutdown(&mut self) -> Result<(), ReadError> {
        self.flush().await?;
        Ok(self.io.shutdown().await?)
    }
}

/// A message that was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It must not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The connection broke.
    #[error(transparent)]
    Broken(#[from] ReadError),
}

#[cfg(test)]
mod tests;

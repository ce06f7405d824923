//! HTTP exchanges over a small pool of kept-alive connections. **Floor 1.**
//!
//! One exchange takes one connection: an idle one to the same origin, else a new one. So a GET
//! that hangs and a POST beside it make two connections, and never more are open than exchanges
//! ran at once. No request is sent twice: a kept connection is replaced where it is seen to be over
//! before a byte of the request has left; whatever breaks afterwards is the failure of that
//! exchange, because the server may have acted on it and the caller must learn of the break. So
//! an idle one is not used any more shortly before the server closes it. The headers that are sent
//! are exactly those given, in their order and spelling; [`request_headers`] builds the usual
//! list, so that the caller can record it first. Redirects are not followed.

pub mod content;
mod head;
mod verbatim;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::{Position, Url};

use crate::journal::record::{Headers, Timing};
use crate::protocol::websocket::handshake::{header, header_values};

use super::dial::error::plain_io;
use super::dial::{DialError, Dialer, TlsInfo, ms};
use content::ContentError;
pub use head::{USER_AGENT, request_headers};
pub(super) use head::{add_cookie, authority, head_bytes, parse_head};
use verbatim::{SharedWire, Verbatim, lock};

/// How long an idle connection is trusted where the server does not say: below the 5 s after
/// which Node closes one.
const KEPT: Duration = Duration::from_secs(4);
/// How long before the end that the server has announced a connection is no longer used.
const MARGIN: Duration = Duration::from_secs(1);

/// What the defaults of [`HttpClient`] allow a body to have, after decoding: 64 MiB.
pub const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Absolute URL, `http` or `https`.
    pub url: Url,
    /// All headers; see [`request_headers`].
    pub headers: Headers,
    /// Body; may be empty.
    pub body: Bytes,
}

/// One response, whole.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status.
    pub status: u16,
    /// Headers in the order and spelling in which they came.
    pub headers: Headers,
    /// Body, after `Content-Encoding` was undone.
    pub body: Bytes,
    /// Bytes of the body before that, without chunk framing.
    pub wire_body: u64,
    /// `dns`, `connect` and `tls` only where the connection was new.
    pub timing: Timing,
    /// The connection that carried it.
    pub connection: ConnectionInfo,
}

/// Which connection carried an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Number of the connection within its client, from 1.
    pub number: u64,
    /// Whether it had carried an exchange before.
    pub reused: bool,
    /// The other end of the TCP connection.
    pub peer: Option<std::net::SocketAddr>,
    /// The proxy that it goes through.
    pub proxy: Option<String>,
    /// What TLS agreed on.
    pub tls: Option<TlsInfo>,
}

/// Where in an exchange it went wrong.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ExchangeErrorKind {
    /// A header or URL that cannot be sent.
    #[error("{0}")]
    Request(String),
    /// No connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection ended or broke before the response's head was whole.
    #[error("{0}")]
    NoResponse(String),
    /// What came is not HTTP; holds its first bytes.
    #[error("the answer is not HTTP: `{0}`; check that the port belongs to a web server")]
    NotHttp(String),
    /// The body broke off.
    #[error("the response's body broke off: {0}")]
    Body(String),
    /// The body, before or after decoding, is over the limit.
    #[error("the response's body is larger than {0} bytes; raise the limit to receive it")]
    TooBig(usize),
    /// The body is not what `Content-Encoding` says.
    #[error(transparent)]
    Content(ContentError),
}

/// An exchange that failed, with as much of the response as came.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind}")]
pub struct ExchangeError {
    /// What went wrong.
    pub kind: Box<ExchangeErrorKind>,
    /// Status, where the head came.
    pub status: Option<u16>,
    /// Headers, where the head came.
    pub headers: Headers,
    /// The body's bytes that came, not decoded.
    pub body: Bytes,
    /// Phases that were done; `total` is always set.
    pub timing: Box<Timing>,
    /// The connection, where there was one.
    pub connection: Option<Box<ConnectionInfo>>,
}

/// Makes exchanges; keeps connections for the next ones. Cheap to clone; clones share the pool.
#[derive(Debug, Clone)]
pub struct HttpClient(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    dialer: Dialer,
    limit: usize,
    count: AtomicU64,
    idle: Mutex<HashMap<String, Vec<Conn>>>,
}

/// One connection that carries one exchange at a time.
#[derive(Debug)]
struct Conn {
    sender: http1::SendRequest<Full<Bytes>>,
    wire: SharedWire,
    task: JoinHandle<()>,
    info: ConnectionInfo,
    /// Idle from here on, it may be closed at any moment: a post that meets that is lost.
    good_until: Instant,
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HttpClient {
    /// `limit` is the most bytes of a body, before and after decoding.
    pub fn new(dialer: Dialer, limit: usize) -> Self {
        HttpClient(Arc::new(Pool {
            dialer,
            limit,
            count: AtomicU64::new(0),
            idle: Mutex::default(),
        }))
    }

    /// Closes all connections that carry nothing now.
    pub fn close_idle(&self) {
        self.0.idle().clear();
    }

    /// Connections that are open and carry nothing now.
    pub fn idle(&self) -> usize {
        self.0.idle().values().map(Vec::len).sum()
    }

    /// Sends the request and reads the whole response. Any status is `Ok`.
    ///
    /// It is sent once. A kept connection that turns out to be over before a byte of the request
    /// has left is replaced by a new one; one that breaks later is an error, whatever the method.
    /// Dropping the future closes the connection.
    ///
    /// # Errors
    /// See [`ExchangeErrorKind`].
    pub async fn exchange(&self, request: &Request) -> Result<Response, ExchangeError> {
        let started = Instant::now();
        let fail = |kind: ExchangeErrorKind| {
            let mut error = ExchangeError::new(kind);
            error.timing.total = Some(ms(started));
            error
        };
        let head = check_framing(request)
            .and_then(|()| head_bytes(&request.method, &request.url, &request.headers))
            .map_err(|why| fail(ExchangeErrorKind::Request(why)))?;
        let origin = format!("{}://{}", request.url.scheme(), authority(&request.url));
        let mut timing = Timing::default();
        // What has become of the kept ones meanwhile is taken note of first.
        tokio::task::yield_now().await;
        if let Some(conn) = self.0.take(&origin) {
            let wire = conn.wire.clone();
            match self
                .run(conn, &origin, request, &head, started, timing)
                .await
            {
                Err(error) if unsent(&error, &wire) => {}
                result => return result,
            }
        }
        let conn = self
            .connect(&request.url, &mut timing)
            .await
            .map_err(fail)?;
        self.run(conn, &origin, request, &head, started, timing)
            .await
    }

    async fn connect(&self, url: &Url, timing: &mut Timing) -> Result<Conn, ExchangeErrorKind> {
        let dialed = self.0.dialer.dial(url).await?;
        *timing = dialed.timing;
        let wire = SharedWire::default();
        let io = TokioIo::new(Verbatim::new(dialed.stream, wire.clone()));
        let (sender, connection) = http1::Builder::new()
            .max_headers(256)
            .handshake(io)
            .await
            .map_err(|error| ExchangeErrorKind::NoResponse(error.to_string()))?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("an HTTP connection ended: {error}");
            }
        });
        let number = self.0.count.fetch_add(1, Ordering::Relaxed) + 1;
        let info = ConnectionInfo {
            number,
            reused: false,
            peer: dialed.peer,
            proxy: dialed.proxy,
            tls: dialed.tls,
        };
        Ok(Conn {
            sender,
            wire,
            task,
            info,
            good_until: Instant::now(),
        })
    }

    async fn run(
        &self,
        mut conn: Conn,
        origin: &str,
        request: &Request,
        head: &[u8],
        started: Instant,
        mut timing: Timing,
    ) -> Result<Response, ExchangeError> {
        lock(&conn.wire).begin(head.to_vec(), request.body.len(), conn.info.reused);
        let outcome = self.send(&mut conn, request).await;
        let (status, headers, written, first) = {
            let wire = lock(&conn.wire);
            let parsed = parse_head(&wire.response);
            let (status, headers) = match parsed {
                Some((status, headers, _)) => (Some(status), headers),
                None => (None, Headers::new()),
            };
            (status, headers, wire.written, wire.first_byte)
        };
        timing.first_byte = first.zip(written).map(|(first, written)| {
            first.saturating_duration_since(written).as_secs_f64() * 1000.0
        });
        timing.total = Some(ms(started));
        let info = conn.info.clone();
        let failed = |kind: ExchangeErrorKind, body: Bytes, headers: Headers| ExchangeError {
            kind: Box::new(kind),
            status,
            headers,
            body,
            timing: Box::new(timing),
            connection: Some(Box::new(info.clone())),
        };
        let (status_seen, raw) = match outcome {
            Ok(seen) => seen,
            Err((kind, body)) => return Err(failed(kind, body, headers)),
        };
        let encodings: Vec<&str> = header_values(&headers, "Content-Encoding").collect();
        let wire_body = raw.len() as u64;
        let body = match content::decode(&encodings.join(","), raw.clone(), self.0.limit) {
            Ok(body) => body,
            Err(ContentError::TooBig(limit)) => {
                return Err(failed(ExchangeErrorKind::TooBig(limit), raw, headers));
            }
            Err(error) => return Err(failed(ExchangeErrorKind::Content(error), raw, headers)),
        };
        let status = status.unwrap_or(status_seen);
        conn.info.reused = true;
        conn.good_until = Instant::now() + kept_for(&headers);
        self.0.put(origin, conn).await;
        Ok(Response {
            status,
            headers,
            body,
            wire_body,
            timing,
            connection: info,
        })
    }

    /// Sends, and reads the raw body; the error holds what of it came.
    async fn send(
        &self,
        conn: &mut Conn,
        request: &Request,
    ) -> Result<(u16, Bytes), (ExchangeErrorKind, Bytes)> {
        let none = |kind| (kind, Bytes::new());
        // The library sees as much of the head as framing and keep-alive depend on.
        let mut built = http::Request::builder()
            .method(request.method.as_str())
            .uri(&request.url[Position::BeforePath..Position::AfterQuery]);
        for name in ["Connection", "Expect"] {
            for value in header_values(&request.headers, name) {
                built = built.header(name, value);
            }
        }
        let built = built
            .body(Full::new(request.body.clone()))
            .map_err(|error| none(ExchangeErrorKind::Request(error.to_string())))?;
        let response = conn.sender.send_request(built).await.map_err(|error| {
            let seen = lock(&conn.wire).response.clone();
            none(match seen.get(..64).unwrap_or(&seen) {
                start if error.is_parse() && !start.is_empty() => {
                    ExchangeErrorKind::NotHttp(start.escape_ascii().to_string())
                }
                _ => ExchangeErrorKind::NoResponse(hyper_words(&error)),
            })
        })?;
        let status = response.status().as_u16();
        read_body(response.into_body(), self.0.limit)
            .await
            .map(|body| (status, body))
    }
}

/// The headers must announce the body as it is: the library frames by the body.
fn check_framing(request: &Request) -> Result<(), String> {
    let length = request.body.len().to_string();
    let silent = request.body.is_empty() && request.method != "POST";
    let mut announced = header_values(&request.headers, "Content-Length").peekable();
    if header(&request.headers, "Transfer-Encoding").is_some() {
        return Err("a request goes out with Content-Length, not Transfer-Encoding".to_owned());
    }
    if (announced.peek().is_none() && !silent) || announced.any(|value| value != length) {
        return Err(format!(
            "the body has {length} bytes, but Content-Length does not say so"
        ));
    }
    Ok(())
}

async fn read_body(
    mut incoming: Incoming,
    limit: usize,
) -> Result<Bytes, (ExchangeErrorKind, Bytes)> {
    let mut body = bytes::BytesMut::new();
    // What is announced as too large is not waited for.
    if incoming.size_hint().lower() > limit as u64 {
        return Err((ExchangeErrorKind::TooBig(limit), body.freeze()));
    }
    while let Some(frame) = incoming.frame().await {
        match frame {
            Ok(frame) => {
                let Ok(data) = frame.into_data() else {
                    continue;
                };
                if body.len().saturating_add(data.len()) > limit {
                    return Err((ExchangeErrorKind::TooBig(limit), body.freeze()));
                }
                body.extend_from_slice(&data);
            }
            Err(error) => {
                return Err((ExchangeErrorKind::Body(hyper_words(&error)), body.freeze()));
            }
        }
    }
    Ok(body.freeze())
}

/// The library's error in plain words, with the system's text under it.
fn hyper_words(error: &hyper::Error) -> String {
    if error.is_incomplete_message() {
        return "the server closed the connection before its answer was whole".to_owned();
    }
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return plain_io(io);
        }
        source = inner.source();
    }
    if error.is_canceled() || error.is_closed() {
        return "the server had closed the connection".to_owned();
    }
    error.to_string()
}

/// How long the connection may lie idle: what `Keep-Alive: timeout=…` promises, with a margin.
fn kept_for(headers: &Headers) -> Duration {
    let promised = header_values(headers, "Keep-Alive")
        .flat_map(|value| value.split(','))
        .filter_map(|item| item.trim().split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"))
        .and_then(|(_, seconds)| seconds.trim().parse::<u32>().ok());
    promised.map_or(KEPT, |seconds| {
        Duration::from_secs(seconds.into()).saturating_sub(MARGIN)
    })
}

/// Whether the failure is only that a kept connection was over already: nothing of the request
/// has left.
fn unsent(error: &ExchangeError, wire: &SharedWire) -> bool {
    matches!(*error.kind, ExchangeErrorKind::NoResponse(_)) && !lock(wire).began
}

impl ExchangeError {
    fn new(kind: ExchangeErrorKind) -> Self {
        let timing = match &kind {
            ExchangeErrorKind::Dial(error) => error.timing.clone(),
            _ => Box::default(),
        };
        ExchangeError {
            kind: Box::new(kind),
            status: None,
            headers: Headers::new(),
            body: Bytes::new(),
            timing,
            connection: None,
        }
    }
}

impl Pool {
    fn idle(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<Conn>>> {
        // Nothing panics while it is held; the map stays good if it did.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last, if it is alive as far as known.
    fn take(&self, origin: &str) -> Option<Conn> {
        let mut idle = self.idle();
        let list = idle.get_mut(origin)?;
        while let Some(conn) = list.pop() {
            if conn.sender.is_ready() && Instant::now() < conn.good_until {
                return Some(conn);
            }
        }
        None
    }

    async fn put(&self, origin: &str, mut conn: Conn) {
        // Fails at once where the response or the request said `Connection: close`.
        if conn.sender.ready().await.is_ok() {
            self.idle().entry(origin.to_owned()).or_default().push(conn);
        }
    }
}

#[cfg(test)]
mod tests;

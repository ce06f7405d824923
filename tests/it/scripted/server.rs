//! A server that says exactly what a test tells it to: HTTP requests in, raw bytes out.
//!
//! Every connection is read until a request is whole; the test takes the request as an
//! [`Exchange`] and decides what happens to it and to its connection. Every wait has a deadline,
//! and whoever waits in vain is shown every request that came.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::socket::Ws;

/// How long anything may take before a test gives up. Only a failing test ever waits this long.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A connection's bytes, with TLS or without.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {
    /// The TCP connection under it.
    fn tcp(&self) -> &TcpStream;
}

impl Io for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Io for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// What came so far, for whoever waits in vain.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<String>>);

impl Log {
    /// Adds a line.
    pub fn say(&self, line: &str) {
        let mut log = self.0.lock().unwrap();
        let _ = writeln!(log, "{}", line.get(..400).unwrap_or(line));
    }

    /// All lines.
    pub fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// A listening server.
pub struct Server {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// What came and what was answered.
    pub log: Log,
    inbox: mpsc::Receiver<Exchange>,
    waiting: VecDeque<Exchange>,
}

impl Server {
    /// Listens on a free port.
    pub async fn start() -> Server {
        Server::listen("127.0.0.1:0", None).await
    }

    /// Listens on a free port and speaks TLS there.
    pub async fn start_tls(tls: TlsAcceptor) -> Server {
        Server::listen("127.0.0.1:0", Some(tls)).await
    }

    /// Listens on a given port.
    pub async fn listen(address: &str, tls: Option<TlsAcceptor>) -> Server {
        // Small buffers: a test that does not read shows what the client does about it.
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an address again");
        socket.set_recv_buffer_size(64 * 1024).expect("a buffer");
        let address = address.parse().expect("an address");
        socket.bind(address).expect("a free port");
        let listener = socket.listen(64).expect("a port to listen on");
        let port = listener.local_addr().expect("an address").port();
        let (sender, inbox) = mpsc::channel(64);
        let log = Log::default();
        let says = log.clone();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                says.say("accepted");
                let _ = tcp.set_nodelay(true);
                let (sender, says, tls) = (sender.clone(), says.clone(), tls.clone());
                tokio::spawn(async move {
                    let io: Box<dyn Io> = match tls {
                        None => Box::new(tcp),
                        Some(tls) => match tls.accept(tcp).await {
                            Ok(stream) => Box::new(stream),
                            Err(error) => return says.say(&format!("no TLS: {error}")),
                        },
                    };
                    serve(io, Vec::new(), sender, says).await;
                });
            }
        });
        Server {
            port,
            log,
            inbox,
            waiting: VecDeque::new(),
        }
    }

    /// A port on which nobody listens.
    pub async fn closed_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address").port()
    }

    /// The next request that `wanted` accepts; others wait for their turn.
    pub async fn take(&mut self, wanted: impl Fn(&Exchange) -> bool) -> Option<Exchange> {
        if let Some(at) = self.waiting.iter().position(&wanted) {
            return self.waiting.remove(at);
        }
        let found = async {
            while let Some(exchange) = self.inbox.recv().await {
                if wanted(&exchange) {
                    return Some(exchange);
                }
                self.waiting.push_back(exchange);
            }
            None
        };
        timeout(PATIENCE, found).await.ok().flatten()
    }

    /// Requests that came and that no test has taken.
    pub fn untaken(&mut self) -> Vec<String> {
        while let Ok(exchange) = self.inbox.try_recv() {
            self.waiting.push_back(exchange);
        }
        self.waiting.iter().map(Exchange::line).collect()
    }
}

/// Reads one request and hands it over.
async fn serve(mut io: Box<dyn Io>, mut bytes: Vec<u8>, inbox: mpsc::Sender<Exchange>, log: Log) {
    loop {
        if let Some(exchange) = parse(&mut bytes) {
            let (method, target, headers, body) = exchange;
            let exchange = Exchange {
                method,
                target,
                headers,
                body,
                io,
                rest: bytes,
                inbox: inbox.clone(),
                log: log.clone(),
            };
            log.say(&format!("C> {}", exchange.line()));
            let _ = inbox.send(exchange).await;
            return;
        }
        match io.read_buf(&mut bytes).await {
            Ok(0) => return log.say("C> end of a connection"),
            Err(error) => return log.say(&format!("C> {error}")),
            Ok(_) => {}
        }
    }
}

type Head = (String, String, Vec<(String, String)>, Vec<u8>);

/// A whole request, taken off the front.
fn parse(bytes: &mut Vec<u8>) -> Option<Head> {
    let end = bytes.windows(4).position(|at| at == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in UTF-8");
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let (method, target) = (first.next()?, first.next()?);
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").expect("a header line"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().expect("a length"));
    let whole = end + 4 + length;
    if bytes.len() < whole {
        return None;
    }
    let body = bytes[end + 4..whole].to_vec();
    bytes.drain(..whole);
    Some((method, target, headers, body))
}

/// A request that waits for what the test does with it.
pub struct Exchange {
    /// Its method.
    pub method: String,
    /// Path and query.
    pub target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    io: Box<dyn Io>,
    rest: Vec<u8>,
    inbox: mpsc::Sender<Exchange>,
    log: Log,
}

impl Exchange {
    /// Method, target and body on one line.
    pub fn line(&self) -> String {
        let body = self.body.escape_ascii();
        format!("{} {} {body}", self.method, self.target)
    }

    /// Value of a header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    /// All headers, as they came.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Value of a query parameter, not decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// Whether it asks for a WebSocket.
    pub fn is_upgrade(&self) -> bool {
        self.header("upgrade").eq_ignore_ascii_case("websocket")
    }

    /// Writes bytes as they are and leaves the request open.
    pub async fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.log.say(&format!("S> {}", bytes.escape_ascii()));
        // The client may have gone away already; that shows in what it records.
        let _ = self.io.write_all(bytes).await;
        let _ = self.io.flush().await;
    }

    /// Writes much without logging it.
    pub async fn quietly(&mut self, bytes: &[u8]) {
        let _ = self.io.write_all(bytes).await;
    }

    /// Waits for the next request on this connection.
    pub fn keep(self) {
        tokio::spawn(serve(self.io, self.rest, self.inbox, self.log));
    }

    /// Answers, and waits for the next request on this connection. `headers` are whole lines.
    pub async fn answer(mut self, status: &str, headers: &[&str], body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
        for header in headers {
            head.push_str(&format!("{header}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.raw(bytes).await;
        self.keep();
    }

    /// Answers 200 with text, as an Engine.IO server does.
    pub async fn ok(self, body: impl AsRef<[u8]>) {
        let kind = ["Content-Type: text/plain; charset=UTF-8"];
        self.answer("200 OK", &kind, body).await;
    }

    /// Ends the connection (FIN).
    pub async fn cut(mut self) {
        self.log.say("S> cut");
        let _ = self.io.shutdown().await;
    }

    /// Ends the connection and waits until the client has ended it too; true where it did.
    pub async fn cut_by_both(mut self) -> bool {
        self.log.say("S> cut");
        let _ = self.io.shutdown().await;
        self.ended().await
    }

    /// Resets the connection (RST).
    pub fn reset(self) {
        self.log.say("S> reset");
        self.io.tcp().set_zero_linger().expect("a linger of zero");
    }

    /// Waits until the client has ended the connection; true where it did in time.
    pub async fn ended(mut self) -> bool {
        let mut bytes = [0; 1024];
        let end = async { while !matches!(self.io.read(&mut bytes).await, Ok(0) | Err(_)) {} };
        timeout(PATIENCE, end).await.is_ok()
    }

    /// Answers with 101.
    pub async fn upgrade(self) -> Ws {
        self.upgrade_with(&[]).await
    }

    /// Answers with 101 and further header lines.
    pub async fn upgrade_with(self, headers: &[&str]) -> Ws {
        self.switch(headers, &[]).await
    }

    /// Answers with 101 and writes these bytes in the same piece.
    pub async fn upgrade_followed_by(self, bytes: &[u8]) -> Ws {
        self.switch(&[], bytes).await
    }

    async fn switch(mut self, headers: &[&str], behind: &[u8]) -> Ws {
        let key = self.header("sec-websocket-key").to_owned();
        let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
        let mut head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n"
        );
        for header in headers {
            head.push_str(&format!("{header}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(behind);
        self.raw(bytes).await;
        Ws::new(self.io, self.rest, self.log)
    }
}

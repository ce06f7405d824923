//! Everything that can be chosen about a connection, with the defaults of the official
//! JavaScript client 4.x.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::faults::Plan;
use crate::journal::record::TransportName;
use crate::protocol::engine::url::{Endpoint, parse_query};

/// Options of a connection. Faces fill it in; the client reads it only.
#[derive(Debug, Clone)]
pub struct Options {
    /// Scheme, host, port and query of the target; its path is *not* the HTTP path.
    pub url: Url,
    /// Namespaces to join, each with its own auth where given.
    pub namespaces: Vec<NamespaceAuth>,
    /// Auth for namespaces that have none of their own.
    pub auth: Option<Auth>,
    /// Extra request headers, in order and spelling.
    pub headers: Vec<(String, String)>,
    /// Extra query parameters, after those of the URL.
    pub query: Vec<(String, String)>,
    /// Cookies that are always sent, as `name=value`.
    pub cookies: Vec<(String, String)>,
    /// HTTP path of the Socket.IO server.
    pub path: String,
    /// Transports in order of preference.
    pub transports: Vec<TransportName>,
    /// Try to go from polling to WebSocket.
    pub upgrade: bool,
    /// Engine.IO version to speak.
    pub eio: Eio,
    /// How Socket.IO packets are written.
    pub parser: Parser,
    /// Reconnection rules.
    pub reconnection: Reconnection,
    /// Time for the Engine.IO handshake.
    pub connect_timeout: Duration,
    /// Time for an ack, unless an emit names its own; `None` waits for ever.
    pub ack_timeout: Option<Duration>,
    /// Whose habits to take.
    pub profile: Profile,
    /// Which client talks.
    pub driver: Driver,
    /// TLS choices.
    pub tls: Tls,
    /// Proxy URL (`http://`, `https://`, `socks4://`, `socks5://`, `socks5h://`).
    pub proxy: Option<String>,
    /// `host:port:addr` overrides of name resolution.
    pub resolve: Vec<String>,
    /// Send WebSocket pings this often, to measure a true round trip.
    pub probe_rtt: Option<Duration>,
    /// Refuse everything that acts on the server after the connect.
    pub readonly: bool,
    /// The session's file carries the decoded packets too, for readers that can't decode.
    pub decoded: bool,
    /// What is to fail, and when.
    pub faults: Option<Plan>,
}

/// A namespace to join and its auth.
#[derive(Debug, Clone, PartialEq)]
pub struct NamespaceAuth {
    /// Namespace with its leading `/`; generation 2 may carry a query.
    pub nsp: String,
    /// Its own auth.
    pub auth: Option<Auth>,
}

/// Where an auth payload comes from; read again at each attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Auth {
    /// JSON text.
    Json(String),
    /// A file that holds it.
    File(PathBuf),
    /// A shell command that prints it.
    Command(String),
}

/// Engine.IO version to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eio {
    /// Begin with 4, recognise the server's generation from what it answers, say so, switch.
    Auto,
    /// Socket.IO 1 and 2.
    V3,
    /// Socket.IO 3 and 4.
    V4,
}

/// How Socket.IO packets are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parser {
    /// Text with binary attachments.
    Default,
    /// socket.io-msgpack-parser: each packet one binary message.
    Msgpack,
}

/// When and how often to try again.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconnection {
    /// Try again at all.
    pub enabled: bool,
    /// First delay.
    pub delay: Duration,
    /// Longest delay.
    pub delay_max: Duration,
    /// Jitter, 0 to 1.
    pub factor: f64,
    /// Attempts per series; `None` is without limit.
    pub attempts: Option<u32>,
}

/// Whose defaults and habits to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// JavaScript 3.x and 4.x.
    Js4,
    /// JavaScript 1.x and 2.x.
    Js2,
    /// Java 1.x.
    Java1,
    /// Java 2.x.
    Java2,
    /// python-socketio 5.
    Python,
    /// rust_socketio 0.6.
    Rust,
}

/// Which client talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// Our own.
    Native,
    /// The published crate, run through a tap of its own.
    RustSocketio,
}

/// TLS choices.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tls {
    /// Go on although the certificate is not to be trusted; what would have failed is recorded.
    pub insecure: bool,
    /// PEM file with further trusted roots.
    pub cacert: Option<PathBuf>,
    /// PEM file with the client's certificate chain.
    pub cert: Option<PathBuf>,
    /// PEM file with its private key.
    pub key: Option<PathBuf>,
}

impl Options {
    /// The defaults of the JavaScript client 4.x for a target.
    pub fn new(url: Url) -> Options {
        Options {
            url,
            namespaces: Vec::new(),
            auth: None,
            headers: Vec::new(),
            query: Vec::new(),
            cookies: Vec::new(),
            path: "/socket.io".to_owned(),
            transports: vec![TransportName::Polling, TransportName::Websocket],
            upgrade: true,
            eio: Eio::Auto,
            parser: Parser::Default,
            reconnection: Reconnection {
                enabled: true,
                delay: Duration::from_millis(1_000),
                delay_max: Duration::from_millis(5_000),
                factor: 0.5,
                attempts: None,
            },
            connect_timeout: Duration::from_millis(20_000),
            ack_timeout: None,
            profile: Profile::Js4,
            driver: Driver::Native,
            tls: Tls::default(),
            proxy: None,
            resolve: Vec::new(),
            probe_rtt: None,
            readonly: false,
            decoded: false,
            faults: None,
        }
    }

    /// Where requests go: host, HTTP path (with the one trailing slash of the official client)
    /// and the query that every request carries, the URL's parameters first.
    pub fn endpoint(&self) -> Endpoint {
        let secure = matches!(self.url.scheme(), "https" | "wss");
        let userinfo = match (self.url.username(), self.url.password()) {
            ("", None) => None,
            (user, None) => Some(user.to_owned()),
            (user, Some(password)) => Some(format!("{user}:{password}")),
        };
        let mut query = self.url.query().map(parse_query).unwrap_or_default();
        query.extend(self.query.iter().cloned());
        Endpoint {
            secure,
            host: self
                .url
                .host_str()
                .unwrap_or("localhost")
                .trim_matches(['[', ']'])
                .to_owned(),
            port: self.url.port().unwrap_or(if secure { 443 } else { 80 }),
            userinfo,
            path: format!("/{}/", self.path.trim_matches('/')).replace("//", "/"),
            query,
        }
    }
}

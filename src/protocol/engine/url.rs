//! Addresses: the person's URL split into the HTTP endpoint and the namespace, and the request
//! URL of each transport.
//!
//! The path of the person's URL is the namespace and never reaches the server's HTTP path; the
//! HTTP path is an option (default `/socket.io/`, one trailing slash unless switched off).
//! Query order is the JavaScript client's: the person's parameters, `EIO`, `transport`, the
//! cache buster, `b64`, `sid`. (engine.io-client `socket.ts` and `transport.ts`; socket.io-client
//! `url.ts`.)

use std::fmt::Write as _;

use super::Version;

/// The default HTTP path of Socket.IO.
pub const SOCKET_IO_PATH: &str = "/socket.io";
/// The default HTTP path of bare Engine.IO.
pub const ENGINE_IO_PATH: &str = "/engine.io";

/// The two transports that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    Websocket,
}

impl Transport {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Websocket => "websocket",
        }
    }
}

/// Why a URL can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// A scheme other than http, https, ws and wss.
    #[error("the URL scheme {0:?} is not one of http, https, ws, wss")]
    Scheme(String),
    /// No host, or host and port can't be read.
    #[error("the host of {url:?} can't be read: {why}")]
    Host {
        /// The URL as given.
        url: String,
        /// What the URL parser says.
        why: String,
    },
}

/// Where a server is: scheme, host, HTTP path, and the person's query parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether TLS is used.
    pub secure: bool,
    /// Host without brackets, lower case.
    pub host: String,
    /// Port, explicit or the scheme's.
    pub port: u16,
    /// `user:password` of the URL, as written.
    pub userinfo: Option<String>,
    /// The HTTP path, with or without its trailing slash as asked.
    pub path: String,
    /// The person's query parameters, decoded, in order; they go on every request.
    pub query: Vec<(String, String)>,
}

/// A URL as a person writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where the server is.
    pub endpoint: Endpoint,
    /// The namespace that the URL's path names, byte for byte; `/` without one.
    pub namespace: String,
}

impl Target {
    /// Splits a URL. `path` is the HTTP path ([`SOCKET_IO_PATH`]); `trailing_slash` is the
    /// client option `addTrailingSlash`. A URL without a scheme is taken as `http`, one that
    /// begins with `//` too.
    ///
    /// # Errors
    /// A foreign scheme, or a host or port that can't be read.
    pub fn parse(url: &str, path: &str, trailing_slash: bool) -> Result<Self, UrlError> {
        let url = url.trim();
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => (scheme, rest),
            _ => ("http", url.strip_prefix("//").unwrap_or(url)),
        };
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => false,
            "https" | "wss" => true,
            _ => return Err(UrlError::Scheme(scheme.to_owned())),
        };
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, namespace) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        let (host, port, userinfo) = split_authority(url, authority, secure)?;
        Ok(Self {
            endpoint: Endpoint {
                secure,
                host,
                port,
                userinfo,
                path: http_path(path, trailing_slash),
                query: parse_query(query),
            },
            namespace: namespace.to_owned(),
        })
    }
}

/// The parts of one request's query that are not the person's.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The protocol.
    pub version: Version,
    /// The transport.
    pub transport: Transport,
    /// Cache buster: name and value (`t` and something that changes at each request).
    pub cache_buster: Option<(&'a str, &'a str)>,
    /// Ask the server not to send raw binary.
    pub b64: bool,
    /// The session, on everything after the handshake.
    pub sid: Option<&'a str>,
}

impl Endpoint {
    /// Host and port as the Host header has them: the port only where it isn't the scheme's,
    /// IPv6 in brackets.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        if self.port == default_port(self.secure) {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Path and query of a request: what stands in its first line.
    pub fn request_target(&self, request: &Request<'_>) -> String {
        let mut out = String::with_capacity(128);
        out.push_str(&self.path);
        let mut glue = '?';
        let mut parameter = |name: &str, value: &str| {
            out.push(glue);
            encode_component(name, &mut out);
            out.push('=');
            encode_component(value, &mut out);
            glue = '&';
        };
        let own = |name: &str| {
            matches!(name, "EIO" | "transport" | "sid")
                || request.cache_buster.is_some_and(|(t, _)| t == name)
        };
        for (name, value) in &self.query {
            // The client's own parameters win over the person's, as in the reference.
            if !own(name) {
                parameter(name, value);
            }
        }
        let mut digit = [0; 4];
        parameter("EIO", request.version.digit().encode_utf8(&mut digit));
        parameter("transport", request.transport.name());
        if let Some((name, value)) = request.cache_buster {
            parameter(name, value);
        }
        if request.b64 {
            parameter("b64", "1");
        }
        if let Some(sid) = request.sid {
            parameter("sid", sid);
        }
        out
    }

    /// The whole URL of a request; `ws` or `wss` for the WebSocket transport.
    pub fn request_url(&self, request: &Request<'_>) -> String {
        let scheme = match (request.transport, self.secure) {
            (Transport::Polling, false) => "http",
            (Transport::Polling, true) => "https",
            (Transport::Websocket, false) => "ws",
            (Transport::Websocket, true) => "wss",
        };
        format!(
            "{scheme}://{}{}",
            self.authority(),
            self.request_target(request)
        )
    }
}

/// Encodes as JavaScript's `encodeURIComponent`: a space is `%20`, never `+`.
pub fn encode_component(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// Splits a query string into decoded pairs. A `+` stays a plus, as in `decodeURIComponent`;
/// a malformed escape stays as it is written.
pub fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode_component(name), decode_component(value))
        })
        .collect()
}

/// Decodes percent escapes; text whose escapes make no UTF-8 stays as it is written.
pub fn decode_component(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push((high << 4) | low);
            rest = after;
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Splits the query that a Socket.IO 2.x client writes into the namespace of a CONNECT packet.
pub fn split_namespace_query(namespace: &str) -> (&str, Option<&str>) {
    match namespace.split_once('?') {
        Some((name, query)) => (name, Some(query)),
        None => (namespace, None),
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn http_path(path: &str, trailing_slash: bool) -> String {
    let bare = path.trim_matches('/');
    match (bare.is_empty(), trailing_slash) {
        (true, _) => "/".to_owned(),
        (false, true) => format!("/{bare}/"),
        (false, false) => format!("/{bare}"),
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

fn split_authority(
    whole: &str,
    authority: &str,
    secure: bool,
) -> Result<(String, u16, Option<String>), UrlError> {
    let host_error = |why: String| UrlError::Host {
        url: whole.to_owned(),
        why,
    };
    if authority.is_empty() {
        return Err(host_error("empty host".to_owned()));
    }
    let (userinfo, _) = match authority.rsplit_once('@') {
        Some((userinfo, host)) => (Some(userinfo.to_owned()), host),
        None => (None, authority),
    };
    // The url crate settles what a host and a port are (IPv6, international names).
    let scheme = if secure { "https" } else { "http" };
    let parsed = url::Url::parse(&format!("{scheme}://{authority}/"))
        .map_err(|error| host_error(error.to_string()))?;
    let host = parsed
        .host_str()
        .ok_or_else(|| host_error("empty host".to_owned()))?;
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let port = parsed.port().unwrap_or(default_port(secure));
    Ok((host, port, userinfo))
}

#[cfg(test)]
mod tests;

//! Proxies: which one a target goes through, and the handshake with it. **Floor 1.**
//!
//! HTTP proxies are always asked for a tunnel (`CONNECT`), for plain `http` targets too: the
//! same connection must be able to carry a WebSocket.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_socks::TargetAddr;
use tokio_socks::tcp::{Socks4Stream, Socks5Stream};
use url::{Host, Url};

use super::error::{DialError, DialErrorKind, Phase};
use super::{Endpoint, Stream};

/// Bytes of a proxy's answer to CONNECT that are read before giving up on its head.
const MAX_HEAD: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
    Socks4,
    Socks4a,
    Socks5,
    Socks5h,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Socks4 => "socks4",
            Scheme::Socks4a => "socks4a",
            Scheme::Socks5 => "socks5",
            Scheme::Socks5h => "socks5h",
        }
    }
}

/// A proxy: `[scheme://][user:password@]host[:port]`, as curl's `--proxy`. Without a scheme it
/// is `http`. Displays without user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    scheme: Scheme,
    pub(super) endpoint: Endpoint,
    login: Option<(String, String)>,
}

impl FromStr for ProxyUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let url =
            Url::parse(&full).map_err(|error| format!("`{text}` is no proxy URL: {error}"))?;
        let (scheme, port) = match url.scheme() {
            "http" => (Scheme::Http, 80),
            "https" => (Scheme::Https, 443),
            "socks4" => (Scheme::Socks4, 1080),
            "socks4a" => (Scheme::Socks4a, 1080),
            "socks5" => (Scheme::Socks5, 1080),
            "socks5h" | "socks" => (Scheme::Socks5h, 1080),
            other => {
                return Err(format!(
                    "`{other}` is no proxy scheme; use http, https, socks4, socks4a, socks5 or \
                     socks5h"
                ));
            }
        };
        let endpoint =
            Endpoint::of(&url, Some(port)).ok_or_else(|| format!("`{text}` names no host"))?;
        let login = (!url.username().is_empty() || url.password().is_some()).then(|| {
            (
                unescape(url.username()),
                unescape(url.password().unwrap_or_default()),
            )
        });
        Ok(ProxyUrl {
            scheme,
            endpoint,
            login,
        })
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.endpoint)
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({self})")
    }
}

/// Undoes percent-encoding; what is no valid escape stays.
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let escaped = (*byte == b'%')
            .then(|| tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(value) => {
                out.push(value);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The rules that choose a proxy.
pub(super) struct Proxies {
    given: Option<ProxyUrl>,
    env: Option<Matcher>,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies")
            .field("given", &self.given)
            .finish_non_exhaustive()
    }
}

impl Proxies {
    pub(super) fn new(given: Option<ProxyUrl>, from_env: bool) -> Self {
        Proxies {
            given,
            env: from_env.then(Matcher::from_env),
        }
    }

    #[cfg(test)]
    pub(super) fn from_matcher(matcher: Matcher) -> Self {
        Proxies {
            given: None,
            env: Some(matcher),
        }
    }

    /// The proxy for `target`, if any: the given one, else the environment's.
    pub(super) fn choose(&self, url: &Url, target: &Endpoint) -> Option<ProxyUrl> {
        if let Some(given) = &self.given {
            return Some(given.clone());
        }
        let env = self.env.as_ref().filter(|_| !target.is_loopback())?;
        let scheme = if matches!(url.scheme(), "https" | "wss") {
            "https"
        } else {
            "http"
        };
        let found = env.intercept(&format!("{scheme}://{target}/").parse().ok()?)?;
        let mut proxy: ProxyUrl = found.uri().to_string().parse().ok()?;
        // The matcher takes the login off its URI.
        proxy.login = match (found.raw_auth(), found.basic_auth()) {
            (Some((user, password)), _) => Some((user.to_owned(), password.to_owned())),
            (None, Some(basic)) => basic
                .to_str()
                .ok()
                .and_then(|value| STANDARD.decode(value.strip_prefix("Basic ")?).ok())
                .and_then(|pair| String::from_utf8(pair).ok())
                .and_then(|pair| {
                    pair.split_once(':')
                        .map(|(user, password)| (user.into(), password.into()))
                }),
            (None, None) => None,
        };
        Some(proxy)
    }
}

impl ProxyUrl {
    /// Whether the proxy itself is reached by TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Whether the target's name is resolved here, not by the proxy.
    pub(super) fn wants_address(&self) -> bool {
        matches!(self.scheme, Scheme::Socks4 | Scheme::Socks5)
    }

    /// Asks the proxy, over `stream`, for a tunnel to `target` (or to `address`, where the name
    /// was resolved here).
    pub(super) async fn tunnel(
        &self,
        stream: Stream,
        target: &Endpoint,
        address: Option<SocketAddr>,
    ) -> Result<Stream, DialError> {
        let to = match (address, &target.host) {
            (Some(address), _) => TargetAddr::Ip(address),
            (None, Host::Ipv4(ip)) => TargetAddr::Ip(SocketAddr::new((*ip).into(), target.port)),
            (None, Host::Ipv6(ip)) => TargetAddr::Ip(SocketAddr::new((*ip).into(), target.port)),
            (None, Host::Domain(name)) => TargetAddr::Domain(name.into(), target.port),
        };
        match self.scheme {
            Scheme::Http | Scheme::Https => self.connect(stream, target).await,
            Scheme::Socks4 | Scheme::Socks4a => {
                let result = match &self.login {
                    Some((user, _)) => {
                        Socks4Stream::connect_with_userid_and_socket(stream, to, user).await
                    }
                    None => Socks4Stream::connect_with_socket(stream, to).await,
                };
                result
                    .map(Socks4Stream::into_inner)
                    .map_err(|e| self.socks_error(&e, target))
            }
            Scheme::Socks5 | Scheme::Socks5h => {
                let result = match &self.login {
                    Some((user, password)) => {
                        Socks5Stream::connect_with_password_and_socket(stream, to, user, password)
                            .await
                    }
                    None => Socks5Stream::connect_with_socket(stream, to).await,
                };
                result
                    .map(Socks5Stream::into_inner)
                    .map_err(|e| self.socks_error(&e, target))
            }
        }
    }

    async fn connect(&self, mut stream: Stream, target: &Endpoint) -> Result<Stream, DialError> {
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some((user, password)) = &self.login {
            let login = STANDARD.encode(format!("{user}:{password}"));
            request.push_str(&format!("Proxy-Authorization: Basic {login}\r\n"));
        }
        request.push_str("\r\n");
        let broken = |error: &std::io::Error| {
            DialError::new(
                Phase::Proxy,
                DialErrorKind::Proxy,
                format!("the proxy {self} broke off the connection"),
                "check that it is an HTTP proxy",
            )
            .os(error)
        };
        stream
            .write_all(request.as_bytes())
            .await
            .map_err(|e| broken(&e))?;
        stream.flush().await.map_err(|e| broken(&e))?;
        let mut head = Vec::with_capacity(256);
        // Byte by byte: what follows the head belongs to the target.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= MAX_HEAD {
                return Err(self.no_http(target, &head));
            }
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(error) if head.is_empty() => return Err(broken(&error)),
                Err(_) => return Err(self.no_http(target, &head)),
            }
        }
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line).into_owned();
        let status = line
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.split(' ').nth(1))
            .and_then(|status| status.parse::<u16>().ok());
        let hint = match status {
            Some(200..=299) => return Ok(stream),
            Some(407) => "it wants a login: write the proxy as http://user:password@host:port",
            Some(403 | 405) => "its rules forbid tunnels (CONNECT) to that host or port",
            Some(502..=504) => "the proxy could not reach the target itself",
            Some(_) => "check the proxy's log",
            None => return Err(self.no_http(target, &head)),
        };
        let message = format!("the proxy {self} refused the tunnel to {target}: {line}");
        Err(DialError::new(
            Phase::Proxy,
            DialErrorKind::Proxy,
            message,
            hint,
        ))
    }

    fn no_http(&self, target: &Endpoint, head: &[u8]) -> DialError {
        let start = head.get(..64).unwrap_or(head).escape_ascii();
        DialError::new(
            Phase::Proxy,
            DialErrorKind::Proxy,
            format!("the proxy {self} gave no HTTP answer to CONNECT {target}: `{start}`"),
            "check that it is an HTTP proxy; for a SOCKS proxy write socks5h://host:port",
        )
    }

    fn socks_error(&self, error: &tokio_socks::Error, target: &Endpoint) -> DialError {
        use tokio_socks::Error as Socks;
        let hint = match error {
            Socks::NoAcceptableAuthMethods
            | Socks::PasswordAuthFailure(_)
            | Socks::AuthorizationRequired => {
                "check the login: write the proxy as socks5h://user:password@host:port"
            }
            Socks::ConnectionRefused => "nothing listens on the target's port, says the proxy",
            Socks::HostUnreachable | Socks::NetworkUnreachable => {
                "the proxy cannot reach the target; socks5h lets the proxy resolve the name"
            }
            Socks::ConnectionNotAllowedByRuleset => "the proxy's rules forbid that target",
            Socks::InvalidResponseVersion | Socks::UnknownAuthMethod | Socks::Io(_) => {
                "check that it is a SOCKS proxy of that version"
            }
            _ => "check the proxy's log",
        };
        let message = format!("the proxy {self} did not open the tunnel to {target}");
        DialError::new(Phase::Proxy, DialErrorKind::Proxy, message, hint).os(error)
    }
}

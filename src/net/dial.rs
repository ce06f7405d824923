//! Makes connections: name resolution, TCP, proxies, TLS, each phase timed. **Floor 1.**
//!
//! A refusal says which phase failed, why in plain words, what to do about it, and what the
//! operating system said ([`DialError`]).

pub mod certificate;
pub mod error;
pub mod proxy;
mod resettable;
pub mod tls;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};
use url::{Host, Url};

use crate::journal::record::Timing;
pub use error::{DialError, DialErrorKind, Phase};
use proxy::Proxies;
pub use proxy::ProxyUrl;
use resettable::Resets;
use tls::TlsSetup;
pub use tls::{TlsInfo, TlsOptions};

/// When the next address is tried while the one before has not answered (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// What a connection's bytes travel over.
pub trait Duplex: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Duplex for T {}

/// A connection, whatever lies below: TCP, TLS, a proxy's tunnel.
pub type Stream = Box<dyn Duplex>;

/// How connections are to be made; the same for every transport.
#[derive(Debug, Clone)]
pub struct DialOptions {
    /// Addresses that replace name resolution.
    pub resolve: Vec<Resolve>,
    /// The proxy for every target. Without one, `proxy_from_env` decides.
    pub proxy: Option<ProxyUrl>,
    /// Whether `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count. Loopback targets
    /// are never proxied from them.
    pub proxy_from_env: bool,
    /// Trust, client certificate, `--insecure`.
    pub tls: TlsOptions,
    /// For all phases together.
    pub connect_timeout: Duration,
}

impl Default for DialOptions {
    /// Direct unless the environment says otherwise, verified TLS, 20 seconds.
    fn default() -> Self {
        DialOptions {
            resolve: Vec::new(),
            proxy: None,
            proxy_from_env: true,
            tls: TlsOptions::default(),
            connect_timeout: Duration::from_secs(20),
        }
    }
}

/// `host:port:addr`: connect to `addr` where `host:port` is asked for, as curl's `--resolve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// Host name as it stands in the URL.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Where to connect instead.
    pub addr: IpAddr,
}

impl FromStr for Resolve {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.splitn(3, ':').collect();
        let [host, port, addr] = parts[..] else {
            return Err(format!(
                "`{text}` is not host:port:addr, such as api.test:443:127.0.0.1"
            ));
        };
        let port = port
            .parse()
            .map_err(|_| format!("`{port}` in `{text}` is not a port"))?;
        let addr = addr
            .trim_matches(['[', ']'])
            .parse()
            .map_err(|_| format!("`{addr}` in `{text}` is not an IP address"))?;
        Ok(Resolve {
            host: host.to_ascii_lowercase(),
            port,
            addr,
        })
    }
}

/// Host and port of one end of a TCP connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: Host,
    pub(crate) port: u16,
}

impl Endpoint {
    /// The endpoint of `url`; `default` is for schemes whose port `url` does not know.
    fn of(url: &Url, default: Option<u16>) -> Option<Self> {
        let host = match url.host()? {
            // Of schemes that it does not know, `url` leaves addresses unparsed.
            Host::Domain(name) => Host::parse(name).unwrap_or_else(|_| Host::Domain(name.into())),
            host => host.to_owned(),
        };
        Some(Endpoint {
            host,
            port: url.port_or_known_default().or(default)?,
        })
    }

    fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Makes connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Dialer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    resolve: Vec<Resolve>,
    proxies: Proxies,
    tls: TlsSetup,
    connect_timeout: Duration,
    resets: Arc<Resets>,
}

/// A connection that was made.
pub struct Dialed {
    /// Its bytes, after all proxies and TLS.
    pub stream: Stream,
    /// `dns`, `connect` and `tls`; the rest is `None`.
    pub timing: Timing,
    /// Our end of the TCP connection.
    pub local: Option<SocketAddr>,
    /// The other end of the TCP connection: the server, or the proxy.
    pub peer: Option<SocketAddr>,
    /// The proxy that it goes through, without its password.
    pub proxy: Option<String>,
    /// What TLS agreed on, where there is TLS.
    pub tls: Option<TlsInfo>,
}

impl fmt::Debug for Dialed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialed")
            .field("timing", &self.timing)
            .field("peer", &self.peer)
            .field("proxy", &self.proxy)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl Dialer {
    /// Reads certificate files and proxy variables.
    ///
    /// # Errors
    /// A file that cannot be read or used ([`Phase::Setup`]).
    pub fn new(options: DialOptions) -> Result<Self, DialError> {
        Ok(Dialer(Arc::new(Inner {
            resolve: options.resolve,
            proxies: Proxies::new(options.proxy, options.proxy_from_env),
            tls: TlsSetup::new(options.tls)?,
            connect_timeout: options.connect_timeout,
            resets: Arc::default(),
        })))
    }

    /// Every connection that was made so far ends with a RST instead of a FIN once it is
    /// dropped: for failures made on purpose.
    pub fn reset_open(&self) {
        self.0.resets.all_made();
    }

    /// Connects to the host of `url`; `https` and `wss` speak TLS.
    ///
    /// # Errors
    /// See [`DialError`]. Dropping the future gives the attempt up.
    pub async fn dial(&self, url: &Url) -> Result<Dialed, DialError> {
        let inner = &*self.0;
        let secure = match url.scheme() {
            "http" | "ws" => false,
            "https" | "wss" => true,
            other => {
                return Err(DialError::setup(
                    format!("cannot connect with the scheme `{other}`"),
                    "use http, https, ws or wss",
                ));
            }
        };
        let target = Endpoint::of(url, None).ok_or_else(|| {
            DialError::setup(
                format!("`{url}` names no host"),
                "write it as http://host:port",
            )
        })?;
        let deadline = Instant::now() + inner.connect_timeout;
        let mut timing = Timing::default();
        let fail = |error: DialError, timing: &Timing| error.with_timing(*timing);

        let proxy = inner.proxies.choose(url, &target);
        let first = proxy.as_ref().map_or(&target, |proxy| &proxy.endpoint);
        let tcp = self
            .tcp(first, deadline, proxy.is_some(), &mut timing)
            .await
            .map_err(|error| fail(error, &timing))?;
        let (local, peer) = (tcp.local_addr().ok(), tcp.peer_addr().ok());
        let mut stream: Stream = Box::new(inner.resets.watch(tcp));
        if let Some(proxy) = &proxy {
            let started = Instant::now();
            let tunnel = self.tunnel(proxy, &target, stream);
            stream = match timeout_at(deadline, tunnel).await {
                Ok(result) => result.map_err(|error| fail(error, &timing))?,
                Err(_) => {
                    let error = DialError::timeout(Phase::Proxy, &proxy.to_string());
                    return Err(fail(error, &timing));
                }
            };
            *timing.connect.get_or_insert(0.0) += ms(started);
        }
        let mut info = None;
        if secure {
            let result = inner
                .tls
                .handshake(&target, stream, deadline, &mut timing)
                .await;
            let (wrapped, found) = result.map_err(|error| fail(error, &timing))?;
            (stream, info) = (wrapped, Some(found));
        }
        let proxy = proxy.map(|proxy| proxy.to_string());
        Ok(Dialed {
            stream,
            timing,
            local,
            peer,
            proxy,
            tls: info,
        })
    }

    /// The tunnel through `proxy`, which itself may be reached by TLS.
    async fn tunnel(
        &self,
        proxy: &ProxyUrl,
        target: &Endpoint,
        mut stream: Stream,
    ) -> Result<Stream, DialError> {
        if proxy.is_tls() {
            stream = self.0.tls.to_proxy(&proxy.endpoint, stream).await?;
        }
        let address = match (proxy.wants_address(), &target.host) {
            (true, Host::Domain(_)) => self.lookup(target).await?.0.first().copied(),
            _ => None,
        };
        proxy.tunnel(stream, target, address).await
    }

    async fn tcp(
        &self,
        to: &Endpoint,
        deadline: Instant,
        is_proxy: bool,
        timing: &mut Timing,
    ) -> Result<TcpStream, DialError> {
        let what = if is_proxy {
            format!("the proxy {to}")
        } else {
            to.to_string()
        };
        let lookup = timeout_at(deadline, self.lookup(to)).await;
        let (addresses, dns) = lookup
            .map_err(|_| DialError::timeout(Phase::Dns, &what))
            .flatten()?;
        timing.dns = dns;
        let started = Instant::now();
        let result = timeout_at(deadline, race(&addresses)).await;
        timing.connect = Some(ms(started));
        let stream = match result {
            Err(_) => return Err(DialError::timeout(Phase::Tcp, &what)),
            Ok(Err(error)) => return Err(DialError::tcp(&what, &error)),
            Ok(Ok(stream)) => stream,
        };
        // Small messages must not wait for each other; an old kernel's refusal does no harm.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Addresses of `to`, and the milliseconds that the resolver took where it was asked.
    async fn lookup(&self, to: &Endpoint) -> Result<(Vec<SocketAddr>, Option<f64>), DialError> {
        let name = to.host.to_string();
        let fixed: Vec<SocketAddr> = self
            .0
            .resolve
            .iter()
            .filter(|rule| rule.port == to.port)
            .filter(|rule| {
                rule.host
                    .eq_ignore_ascii_case(name.trim_matches(['[', ']']))
            })
            .map(|rule| SocketAddr::new(rule.addr, to.port))
            .collect();
        if !fixed.is_empty() {
            return Ok((fixed, None));
        }
        match to.host {
            Host::Ipv4(ip) => Ok((vec![SocketAddr::new(ip.into(), to.port)], None)),
            Host::Ipv6(ip) => Ok((vec![SocketAddr::new(ip.into(), to.port)], None)),
            Host::Domain(ref name) => {
                let started = Instant::now();
                let found = tokio::net::lookup_host((name.as_str(), to.port)).await;
                let addresses: Vec<SocketAddr> = found
                    .map_err(|error| DialError::dns(name, Some(&error)))?
                    .collect();
                if addresses.is_empty() {
                    return Err(DialError::dns(name, None));
                }
                Ok((addresses, Some(ms(started))))
            }
        }
    }
}

/// Connects to the first address that answers: they are tried in order, the next one when the
/// one before failed or let [`STAGGER`] pass. The last error is told where all fail.
async fn race(addresses: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let mut waiting = addresses.iter();
    let mut running = FuturesUnordered::new();
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    loop {
        if running.is_empty() {
            match waiting.next() {
                Some(address) => running.push(TcpStream::connect(*address)),
                None => return Err(last),
            }
        }
        tokio::select! {
            result = running.next() => match result {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => last = error,
                None => {}
            },
            () = sleep(STAGGER), if waiting.len() > 0 => {
                if let Some(address) = waiting.next() {
                    running.push(TcpStream::connect(*address));
                }
            }
        }
    }
}

/// Milliseconds since `started`.
pub(crate) fn ms(started: Instant) -> f64 {
    // Whole microseconds: more digits would only look exact.
    started.elapsed().as_micros() as f64 / 1e3
}

#[cfg(test)]
mod tests;

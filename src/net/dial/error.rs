//! Why a connection could not be made, for the person at the terminal. **Floor 1.**

use std::borrow::Cow;
use std::fmt;
use std::io;

use crate::journal::record::Timing;

/// How far a connection had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before anything was sent: options, URL, certificate files.
    Setup,
    /// Name resolution.
    Dns,
    /// TCP connect.
    Tcp,
    /// The proxy's handshake.
    Proxy,
    /// The TLS handshake.
    Tls,
}

/// What went wrong, for code that must decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DialErrorKind {
    /// A wrong option, URL or file.
    Usage,
    /// The name has no address.
    UnknownHost,
    /// Nobody listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// No route.
    Unreachable,
    /// The proxy said no or something odd.
    Proxy,
    /// The certificate is not trusted: expired, self-signed, wrong host and so on.
    Certificate,
    /// Any other failure of TLS.
    Tls,
    /// Any other error of the operating system.
    Io,
}

/// A connection that could not be made. Displays as one line: what, why, what to do.
#[derive(Debug, Clone)]
pub struct DialError {
    /// How far it came.
    pub phase: Phase,
    /// What went wrong.
    pub kind: DialErrorKind,
    /// What happened, in plain words, without a full stop.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: Cow<'static, str>,
    /// What the operating system or the TLS library said, word for word.
    pub os: Option<String>,
    /// The phases that were done.
    pub timing: Box<Timing>,
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(os) = &self.os {
            write!(f, " ({os})")?;
        }
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for DialError {}

impl DialError {
    pub(crate) fn new(
        phase: Phase,
        kind: DialErrorKind,
        message: impl Into<String>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        DialError {
            phase,
            kind,
            message: message.into(),
            hint: hint.into(),
            os: None,
            timing: Box::default(),
        }
    }

    pub(crate) fn os(mut self, error: impl fmt::Display) -> Self {
        self.os = Some(error.to_string());
        self
    }

    pub(crate) fn with_timing(mut self, timing: Timing) -> Self {
        *self.timing = timing;
        self
    }

    pub(crate) fn setup(message: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Self {
        DialError::new(Phase::Setup, DialErrorKind::Usage, message, hint)
    }

    pub(crate) fn timeout(phase: Phase, what: &str) -> Self {
        let message = match phase {
            Phase::Dns => format!("looking up {what} took too long"),
            Phase::Tls => format!("the TLS handshake with {what} was not finished in time"),
            Phase::Proxy => format!("the proxy {what} did not open the tunnel in time"),
            Phase::Tcp | Phase::Setup => format!("{what} did not answer in time"),
        };
        let hint = match phase {
            Phase::Dns => "check the name servers, or give the address with --resolve",
            Phase::Tls => "check that the port speaks TLS, or raise --connect-timeout",
            Phase::Proxy => "check that the proxy may reach the target",
            Phase::Tcp | Phase::Setup => {
                "a firewall may drop the packets, or the address is wrong; --connect-timeout \
                 gives more time"
            }
        };
        DialError::new(phase, DialErrorKind::TimedOut, message, hint)
    }

    pub(crate) fn dns(name: &str, error: Option<&io::Error>) -> Self {
        let found = DialError::new(
            Phase::Dns,
            DialErrorKind::UnknownHost,
            format!("the host `{name}` cannot be found"),
            "check its spelling and the name servers, or give its address with --resolve",
        );
        match error {
            Some(error) => found.os(error),
            None => found,
        }
    }

    pub(crate) fn tcp(what: &str, error: &io::Error) -> Self {
        use DialErrorKind as Kind;
        let (kind, message, hint) = match error.kind() {
            io::ErrorKind::ConnectionRefused => (
                Kind::Refused,
                format!("{what} refused the connection"),
                "nothing listens on that port: check that the server runs and the port is right",
            ),
            io::ErrorKind::TimedOut => (
                Kind::TimedOut,
                format!("{what} did not answer"),
                "a firewall may drop the packets, or the address is wrong",
            ),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => (
                Kind::Unreachable,
                format!("{what} cannot be reached from here"),
                "check the network, a VPN may be needed",
            ),
            _ => (Kind::Io, format!("cannot connect to {what}"), ""),
        };
        DialError::new(Phase::Tcp, kind, message, hint).os(error)
    }
}

/// What ended a connection that was open, in plain words with the system's own text.
pub(crate) fn plain_io(error: &io::Error) -> String {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(tls) = tls {
        return super::tls::alert_words(tls).map_or_else(
            || format!("TLS failed ({tls})"),
            |words| format!("{words} ({tls})"),
        );
    }
    let words = match error.kind() {
        io::ErrorKind::ConnectionReset => "the other side reset the connection",
        io::ErrorKind::ConnectionAborted => "the connection was aborted",
        io::ErrorKind::BrokenPipe => "the other side had closed the connection",
        io::ErrorKind::UnexpectedEof => "the connection ended in the middle",
        io::ErrorKind::TimedOut => "the other side does not answer any more",
        _ => return error.to_string(),
    };
    format!("{words} ({error})")
}

//! The options that every connecting command shares, and what they mean together.
//!
//! A profile is a table of defaults ([`profile`]); what is given explicitly overrides it,
//! whatever the order on the command line. Every value is checked here, before anything is
//! connected, so that a mistake is told at once and with its place.

pub mod auth;
pub mod plan;
pub mod profile;
pub mod target;
pub mod values;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::UsageError;
use crate::client::Options;
use crate::client::options::{Driver, Eio, NamespaceAuth, Parser};
use crate::faults::Side;
use crate::journal::record::TransportName;
use crate::scope::{Record, rust_socketio};

/// `--eio`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EioArg {
    /// Begin with 4 and recognise the server's generation.
    Auto,
    /// Socket.IO 1 and 2.
    #[value(name = "3")]
    V3,
    /// Socket.IO 3 and 4.
    #[value(name = "4")]
    V4,
}

/// `--parser`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ParserArg {
    /// Text with binary attachments.
    Default,
    /// socket.io-msgpack-parser.
    Msgpack,
}

/// `--driver`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DriverArg {
    /// Our own client.
    Native,
    /// The published crate behind a tap.
    #[value(name = "rust_socketio")]
    RustSocketio,
}

/// Options of a connection.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// Namespace to join instead of the URL's path; repeat for more. `/admin={"token":"x"}` gives its auth.
    #[arg(short = 'n', long = "namespace", value_name = "NSP[=AUTH]")]
    pub namespaces: Vec<String>,
    /// Auth for namespaces that have none of their own, read again at each attempt.
    #[arg(long, value_name = "JSON|@FILE|!COMMAND", allow_hyphen_values = true)]
    pub auth: Option<String>,
    /// Extra request header, as with curl; repeat for more.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// Extra query parameter; repeat for more.
    #[arg(short = 'q', long = "query", value_name = "KEY=VALUE")]
    pub query: Vec<String>,
    /// Cookie that is always sent; `a=1; b=2` or repeat for more.
    #[arg(short = 'b', long = "cookie", value_name = "NAME=VALUE")]
    pub cookies: Vec<String>,
    /// HTTP path of the Socket.IO server [default: /socket.io].
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// Transports in order of preference [default: polling,websocket].
    #[arg(long, value_name = "LIST", value_parser = values::transports)]
    pub transports: Option<Transports>,
    /// Stay on polling although the server offers WebSocket.
    #[arg(long)]
    pub no_upgrade: bool,
    /// Engine.IO version to speak [default: auto].
    #[arg(long, value_enum, value_name = "VERSION", hide_possible_values = false)]
    pub eio: Option<EioArg>,
    /// How Socket.IO packets are written [default: default].
    #[arg(long, value_enum, value_name = "PARSER")]
    pub parser: Option<ParserArg>,
    /// Do not try again: neither a first connect that failed nor a connection that was lost.
    #[arg(long)]
    pub no_reconnect: bool,
    /// First delay before trying again [default: 1000].
    #[arg(long, value_name = "MS", value_parser = values::milliseconds)]
    pub reconnection_delay: Option<Duration>,
    /// Longest delay before trying again [default: 5000].
    #[arg(long, value_name = "MS", value_parser = values::milliseconds)]
    pub reconnection_delay_max: Option<Duration>,
    /// Jitter of these delays, 0 to 1 [default: 0.5].
    #[arg(long, value_name = "F", value_parser = values::factor)]
    pub randomization_factor: Option<f64>,
    /// Attempts before giving up, or `inf` [default: inf].
    #[arg(long, value_name = "N", value_parser = values::attempts)]
    pub reconnection_attempts: Option<Attempts>,
    /// Time for the Engine.IO handshake [default: 20000].
    #[arg(long, value_name = "MS", value_parser = values::milliseconds)]
    pub connect_timeout: Option<Duration>,
    /// Time for an ack, where the emit names none [default: without limit].
    #[arg(long, value_name = "MS", value_parser = values::milliseconds)]
    pub ack_timeout: Option<Duration>,
    /// Take the defaults of this client library; explicit options override them.
    #[arg(long, value_enum, value_name = "LIBRARY")]
    pub profile: Option<profile::ProfileArg>,
    /// Which client talks [default: native].
    #[arg(long, value_enum, value_name = "DRIVER")]
    pub driver: Option<DriverArg>,
    /// Go on although the certificate is not to be trusted.
    #[arg(short = 'k', long)]
    pub insecure: bool,
    /// PEM file with further trusted roots.
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// PEM file with the client's certificate.
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// PEM file with its private key.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Proxy: http://, https://, socks4://, socks5:// or socks5h://.
    #[arg(short = 'x', long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Use this address for a host and port; repeat for more.
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    pub resolve: Vec<String>,
    /// Measure a true round trip with WebSocket pings this often (keeps idle proxies awake).
    #[arg(long, value_name = "SECS", value_parser = values::seconds)]
    pub probe_rtt: Option<Duration>,
    /// Record the session into this file [default: a new file in the data folder].
    #[arg(long, value_name = "FILE", conflicts_with = "no_record")]
    pub record: Option<PathBuf>,
    /// Do not record; bounded memory only.
    #[arg(long)]
    pub no_record: bool,
    /// Write the decoded packets into the session's file, too.
    #[arg(long, conflicts_with = "no_record")]
    pub decoded: bool,
    /// Make things fail by this plan, the same way each time; --help shows its form.
    #[arg(long, value_name = "PLAN.toml", long_help = plan::help())]
    pub faults: Option<PathBuf>,
    /// Refuse everything that acts on the server after the connect.
    #[arg(long)]
    pub readonly: bool,
}

/// A list of transports. (A named type, because clap takes a bare `Vec` for a repeated option.)
#[derive(Debug, Clone, PartialEq)]
pub struct Transports(pub Vec<TransportName>);

/// A number of attempts; `None` is without limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempts(pub Option<u32>);

impl ConnectionArgs {
    /// The options for a connection to `url`, and where to record it.
    pub fn options(&self, url: &str) -> Result<(Options, Record), UsageError> {
        let target = target::parse(url, !self.namespaces.is_empty())?;
        let mut options = Options::new(target.url);
        if let Some(profile) = self.profile {
            profile.apply(&mut options);
        }
        self.packets(&mut options, target.nsp)?;
        self.http(&mut options)?;
        self.times(&mut options);
        self.network(&mut options)?;
        options.readonly = self.readonly;
        options.decoded = self.decoded;
        self.driver(&mut options)?;
        let side = match options.driver {
            Driver::Native => Side::Client,
            // Its faults are made by its tap.
            Driver::RustSocketio => Side::Tap,
        };
        options.faults = match &self.faults {
            Some(file) => Some(plan::read(file, side)?),
            None => None,
        };
        Ok((options, self.record()))
    }

    fn driver(&self, options: &mut Options) -> Result<(), UsageError> {
        if self.driver != Some(DriverArg::RustSocketio) {
            return Ok(());
        }
        options.driver = Driver::RustSocketio;
        // That of the JavaScript client is the default, and can't be seen in the options.
        let other = |profile| profile != profile::ProfileArg::Rust;
        let unable = match self.profile.filter(|profile| other(*profile)) {
            Some(_) => Err(rust_socketio::PROFILE.to_owned()),
            None => rust_socketio::check(options),
        };
        unable.map_err(|error| UsageError(format!("--driver rust_socketio: {error}")))
    }

    /// Where the session is recorded.
    pub fn record(&self) -> Record {
        match &self.record {
            _ if self.no_record => Record::Off,
            Some(file) => Record::File(file.clone()),
            None => Record::Default,
        }
    }

    fn packets(&self, options: &mut Options, from_url: String) -> Result<(), UsageError> {
        options.namespaces = match self.namespaces.as_slice() {
            [] => vec![NamespaceAuth {
                nsp: from_url,
                auth: None,
            }],
            named => named
                .iter()
                .map(|text| auth::namespace(text))
                .collect::<Result<_, _>>()?,
        };
        if let Some(twice) = repeated(&options.namespaces) {
            return Err(UsageError(format!(
                "-n: {twice} is named twice; one connection can join it once"
            )));
        }
        options.auth = self
            .auth
            .as_deref()
            .map(|text| auth::parse(text, "--auth"))
            .transpose()?;
        if let Some(eio) = self.eio {
            options.eio = match eio {
                EioArg::Auto => Eio::Auto,
                EioArg::V3 => Eio::V3,
                EioArg::V4 => Eio::V4,
            };
        }
        if let Some(parser) = self.parser {
            options.parser = match parser {
                ParserArg::Default => Parser::Default,
                ParserArg::Msgpack => Parser::Msgpack,
            };
        }
        Ok(())
    }

    fn http(&self, options: &mut Options) -> Result<(), UsageError> {
        options.headers = self
            .headers
            .iter()
            .map(|text| values::header(text))
            .collect::<Result<_, _>>()?;
        options.query = self
            .query
            .iter()
            .map(|text| values::query(text))
            .collect::<Result<_, _>>()?;
        for text in &self.cookies {
            options.cookies.extend(values::cookies(text)?);
        }
        if let Some(path) = &self.path {
            options.path = values::path(path)?;
        }
        if let Some(Transports(transports)) = &self.transports {
            options.transports.clone_from(transports);
        }
        if self.no_upgrade {
            options.upgrade = false;
        }
        Ok(())
    }

    fn times(&self, options: &mut Options) {
        let reconnection = &mut options.reconnection;
        if self.no_reconnect {
            reconnection.enabled = false;
        }
        if let Some(delay) = self.reconnection_delay {
            reconnection.delay = delay;
        }
        if let Some(delay) = self.reconnection_delay_max {
            reconnection.delay_max = delay;
        }
        if let Some(factor) = self.randomization_factor {
            reconnection.factor = factor;
        }
        if let Some(Attempts(attempts)) = self.reconnection_attempts {
            reconnection.attempts = attempts;
        }
        if let Some(timeout) = self.connect_timeout {
            options.connect_timeout = timeout;
        }
        if let Some(timeout) = self.ack_timeout {
            options.ack_timeout = Some(timeout);
        }
        if let Some(every) = self.probe_rtt {
            options.probe_rtt = Some(every);
        }
    }

    fn network(&self, options: &mut Options) -> Result<(), UsageError> {
        options.tls.insecure = self.insecure;
        options.tls.cacert = readable(self.cacert.as_deref(), "--cacert")?;
        options.tls.cert = readable(self.cert.as_deref(), "--cert")?;
        options.tls.key = readable(self.key.as_deref(), "--key")?;
        options.proxy = self.proxy.as_deref().map(values::proxy).transpose()?;
        options.resolve = self
            .resolve
            .iter()
            .map(|text| values::resolve(text))
            .collect::<Result<_, _>>()?;
        Ok(())
    }
}

fn repeated(namespaces: &[NamespaceAuth]) -> Option<&str> {
    let mut seen = std::collections::BTreeSet::new();
    namespaces
        .iter()
        .map(|one| one.nsp.as_str())
        .find(|nsp| !seen.insert(*nsp))
}

/// The file, if it can be opened now; a mistake in its name is told before anything is connected.
pub(super) fn readable(file: Option<&Path>, option: &str) -> Result<Option<PathBuf>, UsageError> {
    let Some(file) = file else { return Ok(None) };
    match std::fs::File::open(file) {
        Ok(_) => Ok(Some(file.to_path_buf())),
        Err(error) => Err(UsageError(format!(
            "{option}: cannot read {}: {error}",
            file.display()
        ))),
    }
}

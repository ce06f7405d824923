//! `sioscope tap UPSTREAM`: the recording proxy, with the screen or (`--headless`) records as
//! lines on stdout and commands as lines on stdin.

mod command;
mod run;

use std::net::ToSocketAddrs;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

pub use run::run;

use super::connection::{ParserArg, plan, readable, values};
use super::drafts::VariableArgs;
use super::{Headless, Opening, Task, UsageError};
use crate::collection::Variables;
use crate::faults::Side;
use crate::net::dial::{DialOptions, TlsOptions};
use crate::scope::Record;
use crate::tap::{Overflow, Settings};

const HELP: &str = "\
Point any client at the address that is printed; everything goes on to UPSTREAM as it came, but
for Host. With --headless records are printed as lines, and commands are read from stdin, one
JSON object a line (its end does not end the tap):
  {\"inject\":[\"event\",arg…],\"to\":\"client\",\"nsp\":\"/\",\"c\":1}   an event into a live connection
  {\"inject\":\"42[\\\"event\\\"]\",\"to\":\"server\"}                  a text message as it stands on the wire
  {\"inject\":{\"$binary\":\"<base64>\"},\"to\":\"client\"}           a binary one
  {\"fault\":\"drop\",\"c\":1}                            a failure on purpose, in that connection
  {\"fault\":\"clear\"}   {\"mark\":\"text\"}   {\"quit\":true}
  {\"wait\":{\"event\":\"hello\"}}   {\"wait\":{\"namespace\":\"/chat\"}}   {\"wait\":{\"ms\":500}}

\"c\" is the connection's number; an injection may leave it out while only one is open, and a fault
without it acts on the first that it fits. An injected event never asks for an ack: the answer
would reach a peer that did not ask.";

/// `--on-overflow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OverflowArg {
    /// Lose the record, count it, never delay the application.
    #[default]
    Drop,
    /// Lose nothing; the application waits for the disk.
    Block,
}

/// Arguments of `tap`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct TapArgs {
    /// Where everything goes: http(s)://HOST:PORT.
    upstream: String,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: String,
    /// Let others than this machine connect, where --listen says so.
    #[arg(long)]
    allow_remote: bool,
    /// Without the screen: records as lines on stdout, commands as lines on stdin.
    #[arg(long)]
    headless: bool,
    /// Print no records (with --record FILE they are in the file).
    #[arg(long, requires = "headless")]
    quiet: bool,
    /// Stop after this time: 10s, 500ms, 2m.
    #[arg(long = "for", value_name = "TIME", value_parser = values::seconds, requires = "headless")]
    time: Option<Duration>,
    /// What happens when the disk can't keep up.
    #[arg(long, value_enum, value_name = "HOW", default_value = "drop")]
    on_overflow: OverflowArg,
    /// Replace the client's Origin by the upstream's.
    #[arg(long)]
    rewrite_origin: bool,
    /// How the clients write Socket.IO packets [default: default].
    #[arg(long, value_enum, value_name = "PARSER")]
    parser: Option<ParserArg>,
    /// Go on although the upstream's certificate is not to be trusted.
    #[arg(short = 'k', long, help_heading = "Upstream")]
    insecure: bool,
    /// PEM file with further trusted roots.
    #[arg(long, value_name = "FILE", help_heading = "Upstream")]
    cacert: Option<PathBuf>,
    /// PEM file with the tap's client certificate.
    #[arg(long, value_name = "FILE", help_heading = "Upstream")]
    cert: Option<PathBuf>,
    /// PEM file with its private key.
    #[arg(long, value_name = "FILE", help_heading = "Upstream")]
    key: Option<PathBuf>,
    /// Proxy: http://, https://, socks4://, socks5:// or socks5h://.
    #[arg(short = 'x', long, value_name = "URL", help_heading = "Upstream")]
    proxy: Option<String>,
    /// Use this address for a host and port; repeat for more.
    #[arg(long, value_name = "HOST:PORT:ADDR", help_heading = "Upstream")]
    resolve: Vec<String>,
    /// Time for a connection to the upstream [default: 20000].
    #[arg(long, value_name = "MS", value_parser = values::milliseconds, help_heading = "Upstream")]
    connect_timeout: Option<Duration>,
    /// Record the session into this file [default: a new file in the data folder].
    #[arg(long, value_name = "FILE", conflicts_with = "no_record")]
    record: Option<PathBuf>,
    /// Do not record; bounded memory only.
    #[arg(long)]
    no_record: bool,
    /// Write the decoded packets into the session's file, too.
    #[arg(long, conflicts_with = "no_record")]
    decoded: bool,
    /// Make things fail by this plan, the same way each time; --help shows its form.
    #[arg(long, value_name = "PLAN.toml", long_help = plan::help())]
    faults: Option<PathBuf>,
    /// Refuse to inject and to make faults by hand.
    #[arg(long)]
    readonly: bool,
    #[command(flatten)]
    variables: VariableArgs,
}

/// A run of `tap --headless`.
#[derive(Debug)]
pub struct Plan {
    /// The tap.
    pub settings: Settings,
    /// Where to record.
    pub record: Record,
    /// Print no records.
    pub quiet: bool,
    /// Stop after this time.
    pub time: Option<Duration>,
}

impl TapArgs {
    /// Values for the drafts that are loaded on the screen.
    pub fn variables(&self) -> Result<Variables, UsageError> {
        if self.headless && !self.variables.is_empty() {
            let what = "--env and --var fill drafts on the screen, and --headless has none";
            return Err(UsageError(what.to_owned()));
        }
        self.variables.variables()
    }

    /// What to do.
    pub fn task(self) -> Result<Task, UsageError> {
        let record = match &self.record {
            _ if self.no_record => Record::Off,
            Some(file) => Record::File(file.clone()),
            None => Record::Default,
        };
        let (headless, quiet, time) = (self.headless, self.quiet, self.time);
        let settings = self.settings()?;
        Ok(if headless {
            Task::Headless(Headless::Tap(Box::new(Plan {
                settings,
                record,
                quiet,
                time,
            })))
        } else {
            Task::Screen(Opening::Tap(Box::new(settings), record))
        })
    }

    fn settings(self) -> Result<Settings, UsageError> {
        let upstream = upstream(&self.upstream)?;
        let listen = super::demo::listen(&self.listen)?;
        if !is_loopback(&listen) {
            if !self.allow_remote {
                return Err(UsageError(format!(
                    "--listen {listen}: others could connect there, and whatever passes the tap is recorded; say --allow-remote if that is meant"
                )));
            }
            eprintln!(
                "warning: {listen} can be reached from other machines; whatever they send is passed on to {} and recorded",
                super::print::url(&upstream)
            );
        }
        let mut settings = Settings::new(upstream);
        settings.listen = listen;
        settings.rewrite_origin = self.rewrite_origin;
        settings.overflow = match self.on_overflow {
            OverflowArg::Drop => Overflow::Drop,
            OverflowArg::Block => Overflow::Block,
        };
        settings.msgpack = self.parser == Some(ParserArg::Msgpack);
        settings.readonly = self.readonly;
        settings.decoded = self.decoded;
        settings.faults = match &self.faults {
            Some(file) => Some(plan::read(file, Side::Tap)?),
            None => None,
        };
        let mut resolve = Vec::new();
        for text in &self.resolve {
            let checked = values::resolve(text)?;
            resolve.push(checked.parse().map_err(UsageError)?);
        }
        let proxy = self.proxy.as_deref().map(values::proxy).transpose()?;
        let proxy = proxy.map(|text| text.parse()).transpose();
        let defaults = DialOptions::default();
        settings.dial = DialOptions {
            resolve,
            proxy: proxy.map_err(|error| UsageError(format!("--proxy: {error}")))?,
            proxy_from_env: true,
            tls: TlsOptions {
                insecure: self.insecure,
                ca: readable(self.cacert.as_deref(), "--cacert")?,
                cert: readable(self.cert.as_deref(), "--cert")?,
                key: readable(self.key.as_deref(), "--key")?,
            },
            connect_timeout: self.connect_timeout.unwrap_or(defaults.connect_timeout),
        };
        Ok(settings)
    }
}

/// An upstream as a person writes it; without a scheme it is `http`.
fn upstream(text: &str) -> Result<url::Url, UsageError> {
    let wrong = |why: &str| {
        UsageError(format!(
            "{text}: {why}; write the upstream as in http://localhost:3000"
        ))
    };
    let full = match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    let url: url::Url = full
        .parse()
        .map_err(|error: url::ParseError| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
        return Err(wrong("its scheme is none of http, https, ws, wss"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it names no host"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(
            "it names more than scheme, host and port; the clients' own paths go on as they are",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "it holds a user name, which only the clients themselves can send",
        ));
    }
    Ok(url)
}

/// Whether only this machine can reach an address.
pub(super) fn is_loopback(listen: &str) -> bool {
    match listen.to_socket_addrs() {
        Ok(addresses) => {
            let all: Vec<_> = addresses.collect();
            !all.is_empty() && all.iter().all(|address| address.ip().is_loopback())
        }
        // It can't be listened on either, and the error for that says more.
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_scheme_host_and_port() {
        for (text, url) in [
            ("localhost:3000", "http://localhost:3000/"),
            ("https://h", "https://h/"),
            ("ws://h:1/", "ws://h:1/"),
        ] {
            assert_eq!(upstream(text).unwrap().as_str(), url);
        }
        for text in [
            "http://h/path",
            "ftp://h",
            "http://",
            "http://u:p@h",
            "http://h?x",
        ] {
            assert!(upstream(text).is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_told_from_the_rest() {
        for (listen, loopback) in [
            ("127.0.0.1:0", true),
            ("[::1]:0", true),
            ("0.0.0.0:0", false),
            ("192.0.2.1:80", false),
        ] {
            assert_eq!(is_loopback(listen), loopback, "{listen}");
        }
    }
}

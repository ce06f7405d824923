//! What `--driver rust_socketio` makes of options and commands, and what it can't make of them.
//!
//! What the library can't do is said when it is asked for, never left out in silence.

use std::time::Duration;

use futures_util::FutureExt as _;
use url::Url;

use super::{Refused, Talker};
use crate::client::Options;
use crate::client::command;
use crate::client::driver::SetupError;
#[cfg(feature = "driver-rust-socketio")]
use crate::client::driver::dial_options;
use crate::client::driver::{auth, authorize};
use crate::client::options::{Eio, Parser, Profile};
use crate::journal::Journal;
use crate::journal::record::TransportName;
use crate::notices::Notices;
#[cfg(feature = "driver-rust-socketio")]
use crate::tap;
use crate::tap::rust_socketio::{Auth, Command, Emit, Settings, Transports, loopback};

/// Its jitter, which can't be set.
const FACTOR: f64 = 0.5;

/// Why a profile of another client is refused.
pub const PROFILE: &str = "--profile gives our own client the habits of another one; \
     rust_socketio has its own: leave it out";

/// Says whether the library can be what the options ask for.
///
/// # Errors
/// The first thing that it can't do, and what to do about it.
pub fn check(options: &Options) -> Result<(), String> {
    if cfg!(not(feature = "driver-rust-socketio")) {
        return Err(
            "this build has no rust_socketio: it was made without the feature \
             driver-rust-socketio; build with default features (they need OpenSSL: libssl-dev and \
             pkg-config), or leave --driver out (--profile rust takes that library's defaults)"
                .to_owned(),
        );
    }
    if options.namespaces.len() > 1 {
        return Err(
            "one client of rust_socketio is one namespace: name one with -n, and run another \
             sioscope for each further one"
                .to_owned(),
        );
    }
    if nsp_of(options).contains('?') {
        return Err(
            "a namespace with a query is Socket.IO 2; rust_socketio speaks to 3 and 4 only: give \
             the query with -q"
                .to_owned(),
        );
    }
    if !matches!(options.profile, Profile::Js4 | Profile::Rust) {
        return Err(PROFILE.to_owned());
    }
    if options.eio == Eio::V3 {
        return Err(
            "rust_socketio speaks Engine.IO 4 only (Socket.IO 3 and 4): leave --eio 3 out, or \
             take --driver native for an older server"
                .to_owned(),
        );
    }
    if options.parser == Parser::Msgpack {
        return Err(
            "rust_socketio has no msgpack parser: leave --parser out, or take --driver native"
                .to_owned(),
        );
    }
    if options.probe_rtt.is_some() {
        return Err(
            "rust_socketio sends no WebSocket pings of its own: leave --probe-rtt out".to_owned(),
        );
    }
    let reconnection = &options.reconnection;
    if reconnection.factor != FACTOR {
        return Err(
            "the jitter of rust_socketio is 0.5 and can't be set: leave --randomization-factor out"
                .to_owned(),
        );
    }
    if reconnection.attempts.is_some_and(|attempts| attempts > 255) {
        return Err(
            "rust_socketio counts at most 255 attempts: give --reconnection-attempts 255 or less, \
             or inf"
                .to_owned(),
        );
    }
    if options.endpoint().path == "/" {
        return Err(
            "rust_socketio replaces the path / by /socket.io/: give another --path".to_owned(),
        );
    }
    let headers = sent_headers(options);
    let mut names: Vec<String> = headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.sort();
    if let Some([twice, _]) = names.array_windows().find(|[one, other]| one == other) {
        return Err(format!(
            "rust_socketio sends each header once: {twice} is given twice (cookies go into one header with ;)"
        ));
    }
    transports(options).map(|_| ())
}

/// Whether the environment would send the library through a proxy on the way to its own tap.
///
/// # Errors
/// What to set, in words.
pub fn check_environment() -> Result<(), String> {
    match exception() {
        None => Ok(()),
        Some(value) => Err(format!(
            "the environment names a proxy, and rust_socketio would use it for 127.0.0.1 too: start \
             sioscope with NO_PROXY={value}"
        )),
    }
}

/// What `NO_PROXY` and `no_proxy` have to be in the environment of a program that runs the
/// library; `None` where nothing has to change. See [`loopback`].
pub fn exception() -> Option<String> {
    loopback::exception(|name| std::env::var(name).ok())
}

/// Whether a panic is the library's. Its driver knows of it then, and the program goes on; to
/// be asked by whoever installs a panic hook.
pub fn has_fallen(info: &std::panic::PanicHookInfo<'_>) -> bool {
    #[cfg(feature = "driver-rust-socketio")]
    return tap::rust_socketio::is_of_library(info);
    #[cfg(not(feature = "driver-rust-socketio"))]
    {
        let _ = info;
        false
    }
}

/// The variables that [`exception`] speaks of.
pub const EXCEPTIONS: [&str; 2] = loopback::EXCEPTIONS;

/// A library and its tap that can be started.
#[cfg(feature = "driver-rust-socketio")]
pub(super) struct Ready {
    settings: Settings,
    tap: tap::Bound,
}

/// A build without the library never has one.
#[cfg(not(feature = "driver-rust-socketio"))]
pub(super) enum Ready {}

/// Checks everything that can be checked before anything is recorded, and takes an address for
/// the tap.
#[cfg(feature = "driver-rust-socketio")]
pub(super) fn ready(options: &Options) -> Result<Ready, SetupError> {
    check_environment().map_err(SetupError::Driver)?;
    let settings = settings(options).map_err(SetupError::Driver)?;
    let bound = tap::Bound::new(tap::Settings {
        dial: dial_options(options)?,
        faults: options.faults.clone(),
        readonly: options.readonly,
        decoded: options.decoded,
        ..tap::Settings::new(upstream(options).map_err(SetupError::Driver)?)
    });
    let tap = bound.map_err(|error| SetupError::Driver(error.to_string()))?;
    Ok(Ready { settings, tap })
}

/// Says that there is none.
#[cfg(not(feature = "driver-rust-socketio"))]
pub(super) fn ready(options: &Options) -> Result<Ready, SetupError> {
    Err(SetupError::Driver(check(options).err().unwrap_or_default()))
}

impl Ready {
    /// Starts both on the current tokio runtime.
    #[cfg(feature = "driver-rust-socketio")]
    pub(super) fn start(self, journal: Journal, notices: Notices) -> Result<Talker, SetupError> {
        let tap = self
            .tap
            .start(journal.clone(), notices.clone())
            .map_err(|error| SetupError::Driver(error.to_string()))?;
        let client = tap::rust_socketio::Client::start(self.settings, tap, journal, notices);
        Ok(Talker::Library(client))
    }

    /// Never called.
    #[cfg(not(feature = "driver-rust-socketio"))]
    pub(super) fn start(self, _: Journal, _: Notices) -> Result<Talker, SetupError> {
        match self {}
    }
}

/// Where its tap forwards to.
pub fn upstream(options: &Options) -> Result<Url, String> {
    let endpoint = options.endpoint();
    let scheme = if endpoint.secure { "https" } else { "http" };
    let host = options.url.host_str().unwrap_or("localhost");
    let port = endpoint.port;
    format!("{scheme}://{host}:{port}/")
        .parse()
        .map_err(|error| format!("{}: {error}", options.url))
}

/// The options as the library takes them.
///
/// # Errors
/// As [`check`].
pub fn settings(options: &Options) -> Result<Settings, String> {
    check(options)?;
    let endpoint = options.endpoint();
    let source = options
        .namespaces
        .first()
        .and_then(|one| one.auth.clone())
        .or_else(|| options.auth.clone());
    let auth = source.map_or_else(Auth::default, |source| {
        Auth::new(move || {
            let source = source.clone();
            async move {
                let text = auth::read(source).await?;
                text.map(|text| serde_json::from_str(&text))
                    .transpose()
                    .map_err(|error| format!("--auth gives no JSON: {error}"))
            }
            .boxed()
        })
    });
    let reconnection = &options.reconnection;
    Ok(Settings {
        nsp: nsp_of(options).to_owned(),
        auth,
        headers: sent_headers(options),
        path: endpoint.path,
        query: endpoint.query,
        transports: transports(options)?,
        // No attempts is no reconnection; the library would spin.
        reconnect: reconnection.enabled && reconnection.attempts != Some(0),
        delay: reconnection.delay,
        delay_max: reconnection.delay_max.max(reconnection.delay),
        attempts: reconnection.attempts,
        connect_timeout: options.connect_timeout,
    })
}

/// The command as the library takes it.
///
/// # Errors
/// What it can't do.
pub fn command(command: command::Command, options: &Options) -> Result<Command, Refused> {
    let unable = |words: &str| Err(Refused::Driver(words.to_owned()));
    match command {
        command::Command::Emit(emit) => {
            if emit.volatile {
                return unable("rust_socketio knows no volatile emits: leave volatile out");
            }
            if emit.nsp != nsp_of(options) {
                return unable(&format!(
                    "one client of rust_socketio is one namespace, and this one is {}",
                    nsp_of(options)
                ));
            }
            let timeout = emit.timeout_ms.map(Duration::from_millis);
            let timeout = timeout.or(options.ack_timeout);
            let emit = Emit::new(&emit.args, emit.ack, timeout).map_err(Refused::Driver)?;
            Ok(Command::Emit(emit))
        }
        command::Command::Join { .. } => unable(
            "one client of rust_socketio is one namespace: it can't join another (disconnect and connect join its own again)",
        ),
        command::Command::Leave { .. } => {
            unable("rust_socketio leaves its namespace only by disconnecting: take disconnect")
        }
        command::Command::Hold
        | command::Command::Flush
        | command::Command::Unbuffer { .. }
        | command::Command::Rebuffer { .. } => {
            unable("the offline buffer of rust_socketio can't be reached from outside")
        }
        command::Command::Answer { .. } | command::Command::AnswerAgain { .. } => unable(
            "rust_socketio does not tell its application the id of an ack that a server asks for, so it can't be answered",
        ),
        command::Command::Connect => Ok(Command::Connect),
        command::Command::Disconnect => Ok(Command::Disconnect),
        command::Command::Fault(fault) => Ok(Command::Fault(fault)),
        command::Command::FaultOn { fault, c } => Ok(Command::FaultOn(fault, c)),
        command::Command::ClearFaults => Ok(Command::ClearFaults),
        command::Command::Mark { .. } => unable("a mark is of the journal"),
    }
}

/// The headers of every request: those that were given, the URL's login, the cookies.
fn sent_headers(options: &Options) -> Vec<(String, String)> {
    let mut options = options.clone();
    authorize(&mut options);
    let cookies: Vec<String> = options
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let cookie = (!cookies.is_empty()).then(|| ("Cookie".to_owned(), cookies.join("; ")));
    options.headers.extend(cookie);
    options.headers
}

fn nsp_of(options: &Options) -> &str {
    options.namespaces.first().map_or("/", |one| &one.nsp)
}

fn transports(options: &Options) -> Result<Transports, String> {
    use TransportName::{Polling, Websocket};
    match (options.transports.as_slice(), options.upgrade) {
        ([Polling], _) | ([Polling, Websocket], false) => Ok(Transports::Polling),
        ([Polling, Websocket], true) => Ok(Transports::Any),
        ([Websocket], _) => Ok(Transports::Websocket),
        _ => Err(
            "rust_socketio takes --transports polling,websocket or polling or websocket: it can't \
             begin with WebSocket and fall back"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests;

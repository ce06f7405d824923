//! Does what the machine asks, over `net`, and writes the records.
//!
//! One task owns the machine and reads the WebSockets; each WebSocket has a small task that
//! writes, so that a peer which does not read never holds up reading, pings or commands.
//! Everything that crosses the wire is recorded here, raw, before the machine sees it.

pub(crate) mod auth;
mod exchange;
mod faults;
mod socket;

use std::collections::{HashMap, HashSet};
use std::future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::command::Command;
use super::machine::{ExchangeId, Input, Machine, Output};
use super::options::Options;
use crate::faults::{Injector, Side};
use crate::journal::Journal;
use crate::journal::record::Body;
use crate::net::cookies::Jar;
use crate::net::dial::{DialError, DialOptions, Dialer, ProxyUrl, Resolve, TlsOptions};
use crate::net::http::{BODY_LIMIT, HttpClient};
pub use crate::notices::Notices;
use crate::protocol::engine::base64;
use crate::protocol::engine::url::decode_component;

/// Commands that may wait to be worked on.
const COMMANDS: usize = 1_024;
/// How long a shutdown may take.
const SHUTDOWN: Duration = Duration::from_secs(3);

/// Why a client could not be set up. Nothing was sent yet.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A `--resolve` that can't be read.
    #[error("--resolve: {0}")]
    Resolve(String),
    /// A `--proxy` that can't be read.
    #[error("--proxy: {0}")]
    Proxy(String),
    /// Certificate files that can't be used.
    #[error("{0}")]
    Tls(#[from] DialError),
    /// What the chosen driver can't do.
    #[error("--driver: {0}")]
    Driver(String),
}

/// Whether there is anything left to do, as both sides of the command queue tell it.
#[derive(Default)]
struct Standing {
    /// The machine is idle, once it has worked through [`Standing::worked`] commands.
    idle: AtomicBool,
    /// Commands that were handed over.
    handed: AtomicU64,
    /// Commands that were worked on.
    worked: AtomicU64,
}

/// A running client, as a face holds it.
#[derive(Clone)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    stop: watch::Sender<bool>,
    standing: Arc<Standing>,
    ended: watch::Receiver<bool>,
}

impl Client {
    /// Says whether a client with these options could be started; nothing is sent or made.
    ///
    /// # Errors
    /// As [`Client::start`].
    pub fn check(options: &Options) -> Result<(), SetupError> {
        Dialer::new(dial_options(options)?)?;
        Ok(())
    }

    /// Starts a client on the current tokio runtime; connecting goes on behind.
    ///
    /// # Errors
    /// Options that can't work: an unreadable certificate, proxy or override.
    pub fn start(
        options: Options,
        journal: Journal,
        notices: Notices,
    ) -> Result<Client, SetupError> {
        let dialer = Dialer::new(dial_options(&options)?)?;
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (stop, stopping) = watch::channel(false);
        let (ended_at, ended) = watch::channel(false);
        let standing = Arc::new(Standing::default());
        let driver = Driver::new(options, journal, notices, dialer, Arc::clone(&standing));
        tokio::spawn(async move {
            driver.run(inbox, stopping).await;
            let _ = ended_at.send(true);
        });
        Ok(Client {
            commands,
            stop,
            standing,
            ended,
        })
    }

    /// Hands over a command without waiting; gives it back when the queue is full.
    ///
    /// # Errors
    /// The command, when the client is busy or has ended.
    pub fn command(&self, command: Command) -> Result<(), mpsc::error::TrySendError<Command>> {
        // Counted first: whoever asks in between must not find an idle client.
        self.standing.handed.fetch_add(1, Ordering::AcqRel);
        self.commands.try_send(command).inspect_err(|_| {
            self.standing.handed.fetch_sub(1, Ordering::AcqRel);
        })
    }

    /// Nothing is open, on the way, planned or asked for.
    pub fn idle(&self) -> bool {
        let standing = &self.standing;
        let handed = standing.handed.load(Ordering::Acquire);
        let worked = standing.worked.load(Ordering::Acquire) == handed;
        (worked && standing.idle.load(Ordering::Acquire)) || *self.ended.borrow()
    }

    /// Leaves politely and ends.
    pub async fn shutdown(&self) {
        let _ = self.stop.send(true);
        let mut ended = self.ended.clone();
        let _ = tokio::time::timeout(SHUTDOWN, ended.wait_for(|ended| *ended)).await;
    }
}

/// What `net` has to know, from the options.
pub(crate) fn dial_options(options: &Options) -> Result<DialOptions, SetupError> {
    let resolve: Result<Vec<Resolve>, String> =
        options.resolve.iter().map(|text| text.parse()).collect();
    let proxy = options
        .proxy
        .as_ref()
        .map(|text| text.parse::<ProxyUrl>())
        .transpose();
    Ok(DialOptions {
        resolve: resolve.map_err(SetupError::Resolve)?,
        proxy: proxy.map_err(|error| SetupError::Proxy(error.to_string()))?,
        proxy_from_env: true,
        tls: TlsOptions {
            insecure: options.tls.insecure,
            ca: options.tls.cacert.clone(),
            cert: options.tls.cert.clone(),
            key: options.tls.key.clone(),
        },
        connect_timeout: options.connect_timeout,
    })
}

/// `http://user:password@host` means basic authentication, as everywhere.
pub(crate) fn authorize(options: &mut Options) {
    let authorized = options
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if let (Some(userinfo), false) = (options.endpoint().userinfo, authorized) {
        let value = format!(
            "Basic {}",
            base64::encode(decode_component(&userinfo).as_bytes())
        );
        options.headers.push(("Authorization".to_owned(), value));
    }
}

/// Something that a task of the driver has done.
enum Done {
    /// An HTTP exchange ended.
    Http(Box<exchange::Outcome>),
    /// A response was held back long enough.
    Late(Box<exchange::Late>),
    /// A WebSocket was opened, or could not be.
    Ws(Box<socket::Outcome>),
    /// An auth payload was read.
    Auth {
        nsp: String,
        auth: Result<Option<String>, String>,
    },
}

struct Driver {
    machine: Machine,
    options: Options,
    journal: Journal,
    notices: Notices,
    dialer: Dialer,
    http: HttpClient,
    jar: Arc<Mutex<Jar>>,
    standing: Arc<Standing>,
    tasks: JoinSet<Done>,
    /// Exchanges and openings that can be given up.
    aborts: HashMap<ExchangeId, AbortHandle>,
    /// The connection of each exchange, for its records.
    connections: HashMap<ExchangeId, u32>,
    /// Those of them that open a WebSocket.
    opening: HashSet<ExchangeId>,
    readers: Vec<socket::Reader>,
    writers: HashMap<ExchangeId, socket::Writer>,
    written: mpsc::Sender<socket::Written>,
    written_inbox: mpsc::Receiver<socket::Written>,
    tls_told: bool,
    injector: Injector,
    /// What faults have to do; empty without any.
    failing: faults::Failing,
}

impl Driver {
    fn new(
        mut options: Options,
        journal: Journal,
        notices: Notices,
        dialer: Dialer,
        standing: Arc<Standing>,
    ) -> Driver {
        authorize(&mut options);
        let stamp = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        let jar = Jar::new(
            options
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str),
        );
        let (written, written_inbox) = mpsc::channel(256);
        let injector = Injector::new(options.faults.clone(), Side::Client);
        Driver {
            machine: Machine::new(options.clone(), Instant::now(), stamp, Box::new(random)),
            http: HttpClient::new(dialer.clone(), BODY_LIMIT),
            options,
            journal,
            notices,
            dialer,
            jar: Arc::new(Mutex::new(jar)),
            standing,
            tasks: JoinSet::new(),
            aborts: HashMap::new(),
            connections: HashMap::new(),
            opening: HashSet::new(),
            readers: Vec::new(),
            writers: HashMap::new(),
            written,
            written_inbox,
            tls_told: false,
            injector,
            failing: faults::Failing::default(),
        }
    }

    async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut stopping: watch::Receiver<bool>,
    ) {
        self.machine.start(Instant::now());
        let mut cut_at: Option<Instant> = None;
        let mut worked = 0;
        loop {
            self.carry_out();
            self.carry_faults();
            if self.machine.idle() {
                // Nothing will use them, and the server should not have to wait for its timeout.
                self.http.close_idle();
            }
            let standing = &self.standing;
            standing.idle.store(self.machine.idle(), Ordering::Release);
            standing.worked.store(worked, Ordering::Release);
            if cut_at.is_some()
                && self.machine.idle()
                && self.readers.is_empty()
                && self.tasks.is_empty()
            {
                self.tell_unstruck();
                return;
            }
            let wake = [
                self.machine.deadline(),
                cut_at,
                self.readers.iter().filter_map(|reader| reader.cut_at).min(),
                self.faults_deadline(),
            ]
            .into_iter()
            .flatten()
            .min();
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop), if cut_at.is_none() => {
                    // What was asked for before is done before: the last emit is not to be lost.
                    while let Ok(command) = commands.try_recv() {
                        worked += 1;
                        self.command(command);
                    }
                    let now = Instant::now();
                    cut_at = Some(now + SHUTDOWN / 2);
                    self.machine.handle(now, Input::Command(Command::Disconnect));
                }
                command = commands.recv(), if cut_at.is_none() => match command {
                    Some(command) => {
                        worked += 1;
                        self.command(command);
                    }
                    None => {
                        cut_at = Some(Instant::now() + SHUTDOWN / 2);
                        self.machine.handle(Instant::now(), Input::Command(Command::Disconnect));
                    }
                },
                () = sleep_until(wake) => {
                    let now = Instant::now();
                    self.machine.tick(now);
                    self.cut_overdue(now);
                    if cut_at.is_some_and(|at| at <= now) {
                        self.carry_out();
                        self.tell_unstruck();
                        return;
                    }
                }
                Some(written) = self.written_inbox.recv() => self.written(written),
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    // A task that was given up, or died, has nothing to tell.
                    if let Ok(done) = done {
                        self.done(done);
                    }
                }
                (index, read) = socket::next_batch(&mut self.readers) => self.read(index, read),
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Fault(fault) => self.arm(fault, None),
            Command::FaultOn { fault, c } => self.arm(fault, Some(c)),
            Command::ClearFaults => self.clear_faults(),
            command => self.machine.handle(Instant::now(), Input::Command(command)),
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Http(outcome) => self.http_done(*outcome),
            Done::Late(late) => self.http_late(*late),
            Done::Ws(outcome) => self.ws_done(*outcome),
            Done::Auth { nsp, auth } => self
                .machine
                .handle(Instant::now(), Input::AuthRead { nsp, auth }),
        }
    }

    /// Does everything that the machine asks.
    fn carry_out(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Record { c, body } => {
                    self.record(c, &body);
                    self.note_connection(c, &body);
                }
                Output::Notice(text) => self.notices.push(text),
                Output::SendWs { x, message } => self.send(x, message),
                Output::PingWs { x } => self.write(x, socket::Write::Ping),
                Output::CloseWs { x } => self.close_ws(x),
                Output::OpenWs { x, c, url } => self.open_ws(x, c, &url),
                Output::Http {
                    x,
                    c,
                    method,
                    url,
                    content_type,
                    body,
                } => {
                    self.start_exchange(x, c, method, &url, content_type, body);
                }
                Output::AbortHttp { x } => self.abort_exchange(x),
                Output::ReadAuth { nsp, source } => {
                    self.tasks.spawn(async move {
                        Done::Auth {
                            auth: auth::read(source).await,
                            nsp,
                        }
                    });
                }
            }
        }
    }

    fn record(&self, c: Option<u32>, body: &Body) {
        self.journal.append(Instant::now(), c, body);
    }
}

/// A draw in `[0, 1)`.
fn random() -> f64 {
    let bits = getrandom::u64().unwrap_or(0x8000_0000_0000_0000);
    // 53 bits are what a double holds.
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => future::pending().await,
    }
}

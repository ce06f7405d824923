//! One running session. **Floor 4**: a source, its journal, and a way to command it.
//!
//! [`Scope::connect`], [`Scope::tap`] and [`Scope::open`] give the same handle: read the journal, send a
//! command, wait for a change. Whoever wants the state of things folds the journal into a
//! [`crate::model::Model`]: data is pulled, never pushed.

pub mod playing;
pub mod rust_socketio;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::mpsc::error::TrySendError;

use crate::client::driver::{Client, Notices, SetupError};
use crate::client::options::{Driver, Parser};
use crate::client::{Command, Options};
use crate::faults;
use crate::journal::Journal;
use crate::journal::file::{Header, OpenError, Source, default_path};
use crate::journal::record::{Body, Direction, Mark};
use crate::model::decode::{Decoder, packets_member};
use crate::tap::{self, Bound, InjectError, Injection, Tap};

/// Bytes of records that are kept when there is no file.
const MEMORY: usize = 64 * 1024 * 1024;

/// Where a session is recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// To a fresh file in the data directory.
    Default,
    /// To this file.
    File(PathBuf),
    /// Not at all: bounded memory only.
    Off,
}

/// Why a command was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The command queue is full; try again.
    #[error("busy: the client has not worked through earlier commands yet, try again")]
    Busy,
    /// There is no live client behind this session.
    #[error("this is a saved session: there is no server to send to")]
    NotLive,
    /// The clients of a tap talk for themselves.
    #[error(
        "this is a tap: its clients talk for themselves; put something between their messages by injecting it"
    )]
    Tapped,
    /// There is no tap behind this session.
    #[error("only a tap can inject: this session has no client but its own, which emits")]
    NotTapped,
    /// Something can't be injected.
    #[error("{0}")]
    Inject(#[from] InjectError),
    /// `--readonly`.
    #[error("read-only: this session was started with --readonly")]
    ReadOnly,
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
    /// A fault that this source can't make.
    #[error("{0}")]
    Fault(#[from] faults::Refused),
    /// Something that the chosen driver can't do.
    #[error("{0}")]
    Driver(String),
}

/// Who talks.
#[derive(Clone)]
enum Talker {
    /// Our own client.
    Native(Client),
    /// The published crate behind a tap.
    #[cfg(feature = "driver-rust-socketio")]
    Library(tap::rust_socketio::Client),
}

impl Talker {
    fn idle(&self) -> bool {
        match self {
            Talker::Native(client) => client.idle(),
            #[cfg(feature = "driver-rust-socketio")]
            Talker::Library(client) => client.idle(),
        }
    }

    async fn shutdown(&self) {
        match self {
            Talker::Native(client) => client.shutdown().await,
            #[cfg(feature = "driver-rust-socketio")]
            Talker::Library(client) => client.shutdown().await,
        }
    }

    /// What a fault has to be able to do here.
    fn side(&self) -> faults::Side {
        match self {
            Talker::Native(_) => faults::Side::Client,
            #[cfg(feature = "driver-rust-socketio")]
            Talker::Library(_) => faults::Side::Tap,
        }
    }
}

/// A handle on one running or opened session.
#[derive(Clone)]
pub struct Scope {
    journal: Journal,
    client: Option<Talker>,
    tap: Option<Tap>,
    options: Option<Options>,
    notices: Notices,
    failure_told: Arc<AtomicBool>,
}

impl Scope {
    /// Starts a client on the current tokio runtime. Connecting goes on behind.
    ///
    /// A session file that can't be made is said as a notice, and the session goes on without.
    ///
    /// # Errors
    /// Options that can't work: an unreadable certificate, proxy or override.
    pub fn connect(options: Options, record: Record) -> Result<Scope, SetupError> {
        Scope::client(options, record, Source::Client)
    }

    fn client(options: Options, record: Record, source: Source) -> Result<Scope, SetupError> {
        // Before a session file is made for a client that can't be started.
        let ready = match options.driver {
            Driver::Native => {
                Client::check(&options)?;
                None
            }
            Driver::RustSocketio => Some(rust_socketio::ready(&options)?),
        };
        let notices = Notices::default();
        let header = Header {
            started: jiff::Timestamp::now(),
            source,
            target: options.url.to_string(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            parser: (options.parser == Parser::Msgpack).then(|| "msgpack".to_owned()),
        };
        let journal = start_journal(header, record, &notices);
        if options.decoded {
            adorn(&journal);
        }
        let client = match ready {
            None => Talker::Native(Client::start(
                options.clone(),
                journal.clone(),
                notices.clone(),
            )?),
            Some(ready) => ready.start(journal.clone(), notices.clone())?,
        };
        Ok(Scope {
            journal,
            client: Some(client),
            tap: None,
            options: Some(options),
            notices,
            failure_told: Arc::default(),
        })
    }

    /// Starts a recording proxy on the current tokio runtime; see [`crate::tap`].
    ///
    /// A session file that can't be made is said as a notice, and the session goes on without.
    ///
    /// # Errors
    /// An address that can't be listened on, an upstream or certificate that can't be used.
    pub fn tap(settings: tap::Settings, record: Record) -> Result<Scope, tap::StartError> {
        let decoded = settings.decoded;
        let header = Header {
            started: jiff::Timestamp::now(),
            source: Source::Tap,
            target: settings.upstream.to_string(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            parser: settings.msgpack.then(|| "msgpack".to_owned()),
        };
        // Before a session file is made for a tap that can't be started.
        let bound = Bound::new(settings)?;
        let notices = Notices::default();
        let journal = start_journal(header, record, &notices);
        if decoded {
            adorn(&journal);
        }
        let tap = bound.start(journal.clone(), notices.clone())?;
        Ok(Scope {
            journal,
            client: None,
            tap: Some(tap),
            options: None,
            notices,
            failure_told: Arc::default(),
        })
    }

    /// Opens a saved session.
    ///
    /// # Errors
    /// A file that is no session, with the reason.
    pub fn open(path: &Path) -> Result<Scope, OpenError> {
        Ok(Scope {
            journal: Journal::open(path)?,
            client: None,
            tap: None,
            options: None,
            notices: Notices::default(),
            failure_told: Arc::default(),
        })
    }

    /// The session's journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The tap behind this session, where there is one.
    pub fn tapped(&self) -> Option<&Tap> {
        self.tap.as_ref()
    }

    /// What the session's client was started with; `None` for a tap and an opened file.
    pub fn options(&self) -> Option<&Options> {
        self.options.as_ref()
    }

    /// Hands a command to the client; never waits.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn command(&self, command: Command) -> Result<(), Refused> {
        if let Command::Mark { text } = command {
            // A mark is of the journal, not of the client: it works whatever the client does.
            self.journal
                .append(Instant::now(), None, &Body::Mark(Mark { text }));
            return if self.client.is_some() || self.tap.is_some() {
                Ok(())
            } else {
                Err(Refused::NotLive)
            };
        }
        if let Some(tap) = &self.tap {
            return match command {
                Command::Fault(_) | Command::FaultOn { .. } | Command::ClearFaults
                    if tap.readonly() =>
                {
                    Err(Refused::ReadOnly)
                }
                Command::Fault(fault) => Ok(tap.fault(fault)?),
                Command::FaultOn { fault, c } => Ok(tap.fault_on(fault, c)?),
                Command::ClearFaults => {
                    tap.clear_faults();
                    Ok(())
                }
                _ => Err(Refused::Tapped),
            };
        }
        let client = self.client.as_ref().ok_or(Refused::NotLive)?;
        if self
            .options
            .as_ref()
            .is_some_and(|options| options.readonly)
        {
            return Err(Refused::ReadOnly);
        }
        if let Command::Fault(fault) | Command::FaultOn { fault, .. } = command {
            faults::refuse(fault, client.side())?;
        }
        match client {
            Talker::Native(client) => client.command(command).map_err(not_taken),
            #[cfg(feature = "driver-rust-socketio")]
            Talker::Library(client) => {
                let Some(options) = &self.options else {
                    return Err(Refused::NotLive);
                };
                let command = rust_socketio::command(command, options)?;
                client.command(command).map_err(not_taken)
            }
        }
    }

    /// Makes something fail at the next moment that fits: [`Command::Fault`].
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn fault(&self, fault: faults::Fault) -> Result<(), Refused> {
        self.command(Command::Fault(fault))
    }

    /// Puts something between the messages of a tapped connection; `c` may be left out where
    /// only one is live. See [`Tap::inject`].
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn inject(
        &self,
        c: Option<u32>,
        dir: Direction,
        injection: &Injection,
    ) -> Result<(), Refused> {
        let tap = self.tap.as_ref().ok_or(match &self.client {
            Some(_) => Refused::NotTapped,
            None => Refused::NotLive,
        })?;
        if tap.readonly() {
            return Err(Refused::ReadOnly);
        }
        Ok(tap.inject(c, dir, injection)?)
    }

    /// Sentences that are said once to the person, oldest first; empties the list.
    pub fn notices(&self) -> Vec<String> {
        let mut notices = self.notices.take();
        if let Some(failed) = self.journal.status().failed
            && !self.failure_told.swap(true, Ordering::AcqRel)
        {
            notices.push(failed);
        }
        notices
    }

    /// Waits until there are more than `seen` records, or something to say.
    pub async fn changed(&self, seen: u64) {
        tokio::select! {
            () = self.journal.changed(seen) => {}
            () = self.notices.changed() => {}
        }
    }

    /// True when nothing is open, on the way, planned or asked for: only a command changes that.
    pub fn ended(&self) -> bool {
        self.tap.is_none() && self.client.as_ref().is_none_or(Talker::idle)
    }

    /// Ends the client (leaving its namespaces politely), flushes and closes the journal.
    pub async fn shutdown(&self) {
        if let Some(client) = &self.client {
            client.shutdown().await;
        }
        if let Some(tap) = &self.tap {
            tap.shutdown().await;
        }
        self.journal.close();
    }
}

/// Writes the decoded packets into the session's file, too.
fn adorn(journal: &Journal) {
    let mut decoder = Decoder::new(journal.header().parser.as_deref());
    journal.adorn(Box::new(move |record| packets_member(&mut decoder, record)));
}

fn not_taken<T>(error: TrySendError<T>) -> Refused {
    match error {
        TrySendError::Full(_) => Refused::Busy,
        TrySendError::Closed(_) => Refused::Ended,
    }
}

/// A journal to a file where one is wanted and can be made, else in memory.
fn start_journal(header: Header, record: Record, notices: &Notices) -> Journal {
    let started = Instant::now();
    let path: Result<PathBuf, String> = match record {
        Record::Off => return Journal::in_memory(header, started, MEMORY),
        Record::File(path) => Ok(path),
        Record::Default => default_path(&header.target, header.started).ok_or_else(|| {
            "there is no data directory for this user (set SIOSCOPE_DATA_DIR)".to_owned()
        }),
    };
    let made = path.and_then(|path| {
        Journal::create(header.clone(), started, &path)
            .map_err(|error| format!("{}: {error}", path.display()))
    });
    match made {
        Ok(journal) => journal,
        Err(error) => {
            notices.push(format!("this session is not recorded: {error}. It goes on in memory; give --record FILE or --no-record"));
            Journal::in_memory(header, started, MEMORY)
        }
    }
}

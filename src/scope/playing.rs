//! A replay: a [`Player`] over a live session. What comes is read from the journal, what is to be
//! done is handed to the client.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Record, Refused, Scope};
use crate::client::driver::SetupError;
use crate::client::{Command, Options};
use crate::journal::Journal;
use crate::journal::file::Source;
use crate::journal::record::{Body, ConnectionState};
use crate::replay::play::fact::Listener;
use crate::replay::play::player::{Failure, Player, Turn};
use crate::replay::play::script::{Reader, Script, ScriptError};

/// How soon a command is offered again to a client that was busy.
const BUSY: Duration = Duration::from_millis(2);
/// How soon a client whose connection has closed is looked at again: nothing tells that it fell
/// idle.
const IDLE: Duration = Duration::from_millis(5);

/// A running replay.
pub struct Playing {
    scope: Scope,
    player: Player,
    listener: Listener,
    /// Next record to read.
    next: u64,
    started: Instant,
    /// A command that the client was too busy to take.
    pending: Option<Command>,
    /// The first connect is tried again, too.
    patient: bool,
    closed: bool,
    /// Newest reason for which a connection ended.
    reason: Option<String>,
}

/// What a look at it gave.
#[derive(Debug)]
pub enum Moved {
    /// Look again at once.
    Again,
    /// Look again when something changed, or at this time.
    Wait(Option<Instant>),
    /// The person says when this step goes.
    Ask(usize),
    /// It is over.
    Over(Ending),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// All was played.
    Done,
    /// It could not go on.
    Failed(Failure),
    /// A command was refused.
    Refused(String),
    /// No connection could be made.
    NotConnected(String),
    /// The connection was lost with steps left, and does not come back.
    Lost(String),
}

/// Reads a saved session (once it is indexed) and makes the script of it.
///
/// # Errors
/// There is nothing to play.
pub async fn script(
    journal: &Journal,
    connection: Option<u32>,
    only: &[String],
) -> Result<Script, ScriptError> {
    let mut reader = Reader::new(&journal.header());
    let mut next = 1;
    loop {
        // Asked first: what is indexed until then is read below.
        let status = journal.status();
        let whole = status.indexed >= 1.0 || status.failed.is_some();
        next = journal
            .scan(next, |record| {
                reader.take(&record);
                ControlFlow::Continue(())
            })
            .max(next);
        if whole && next > journal.len() {
            return reader.finish(connection, only);
        }
        tokio::select! {
            () = journal.changed(next.saturating_sub(1)) => {}
            () = tokio::time::sleep(IDLE) => {}
        }
    }
}

/// Opens a saved session of any format that can be opened.
///
/// # Errors
/// A file that is no session.
pub fn open(path: &Path) -> Result<Journal, crate::journal::file::OpenError> {
    Ok(Scope::open(path)?.journal().clone())
}

impl Playing {
    /// Connects, and begins to play on the current tokio runtime. The session is recorded as one
    /// of a replay. `patient`: a first connect that fails is tried again, as the options say.
    ///
    /// # Errors
    /// Options that can't work.
    pub fn start(
        options: Options,
        record: Record,
        player: Player,
        patient: bool,
    ) -> Result<Playing, SetupError> {
        let scope = Scope::client(options, record, Source::Replay)?;
        let parser = scope.journal().header().parser;
        Ok(Playing {
            listener: Listener::new(parser.as_deref()),
            scope,
            player,
            next: 1,
            started: Instant::now(),
            pending: None,
            patient,
            closed: false,
            reason: None,
        })
    }

    /// The live session.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What is played, and how far.
    pub fn player(&self) -> &Player {
        &self.player
    }

    /// To let steps go, and to change the pace; with the time that goes with it.
    pub fn player_mut(&mut self) -> (&mut Player, Duration) {
        let now = self.started.elapsed();
        (&mut self.player, now)
    }

    /// Number of the newest record that was looked at.
    pub fn seen(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// Looks at what came, and does what is due.
    pub fn turn(&mut self) -> Moved {
        // Asked before the records are read, so that an end is never seen before what led to it.
        let ended = self.scope.ended();
        self.listen();
        if let Some(command) = self.pending.take() {
            return self.hand_on(command);
        }
        let turn = self.player.turn(self.started.elapsed());
        if let Turn::Do(command) = turn {
            return self.hand_on(command);
        }
        match turn {
            Turn::Done => return Moved::Over(Ending::Done),
            Turn::Failed(failure) => return Moved::Over(Ending::Failed(failure)),
            _ => {}
        }
        if let Some(ending) = self.gone(ended) {
            return Moved::Over(ending);
        }
        match turn {
            Turn::Ask(step) => Moved::Ask(step),
            Turn::Wait(until) => {
                let until = until.and_then(|until| self.started.checked_add(until));
                let soon = Instant::now().checked_add(IDLE).filter(|_| self.closed);
                Moved::Wait([until, soon].into_iter().flatten().min())
            }
            _ => Moved::Again,
        }
    }

    fn listen(&mut self) {
        let now = self.started.elapsed();
        let journal = self.scope.journal().clone();
        let from = self.next;
        self.next = journal
            .scan(from, |record| {
                if let Body::Connection(connection) = &record.body {
                    self.closed = matches!(
                        connection.state,
                        ConnectionState::Closed | ConnectionState::GaveUp
                    );
                    if connection.state == ConnectionState::Closed {
                        self.reason = match (&connection.reason, &connection.detail) {
                            (Some(reason), Some(detail)) => Some(format!("{reason}: {detail}")),
                            (reason, detail) => reason.clone().or_else(|| detail.clone()),
                        };
                    }
                }
                for fact in self.listener.take(&record) {
                    self.player.hear(now, &fact);
                }
                ControlFlow::Continue(())
            })
            .max(from);
    }

    fn hand_on(&mut self, command: Command) -> Moved {
        match self.scope.command(command.clone()) {
            Ok(()) => Moved::Again,
            Err(Refused::Busy) => {
                self.pending = Some(command);
                Moved::Wait(Instant::now().checked_add(BUSY))
            }
            Err(refused) => Moved::Over(Ending::Refused(refused.to_string())),
        }
    }

    /// Whether there is no connection, and none will come.
    fn gone(&self, ended: bool) -> Option<Ending> {
        let why = || {
            self.reason
                .clone()
                .unwrap_or_else(|| "no reason known".to_owned())
        };
        if !self.player.has_begun() {
            let failed = ended || (self.closed && !self.patient);
            return failed.then(|| Ending::NotConnected(why()));
        }
        if !ended || self.player.revives() {
            return None;
        }
        Some(if self.player.all_done() {
            Ending::Done
        } else {
            Ending::Lost(why())
        })
    }
}

//! A replay: a [`Player`] over a live session. What comes is read from the journal, what is to be
//! done is handed to the client.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::{Record, Refused, Scope};
use crate::client::driver::SetupError;
use crate::client::{Command, Options};
use crate::journal::Journal;
use crate::journal::file::Source;
use crate::journal::record::{Body, ConnectionState};
use crate::replay::play::fact::Listener;
use crate::replay::play::player::{Failure, Pace, Player, Turn};
use crate::replay::play::script::{Reader, Script, ScriptError};
use crate::replay::play::view::View;

/// How soon a command is offered again to a client that was busy.
const BUSY: Duration = Duration::from_millis(2);
/// How soon a client whose connection has closed is looked at again: nothing tells that it fell
/// idle.
const IDLE: Duration = Duration::from_millis(5);

/// What a person says to the player.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Let the next step go.
    Next,
    /// Leave it out.
    Skip,
    /// Play the rest as recorded.
    All,
    /// Stop.
    Quit,
}

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
        let header = scope.journal().header();
        Ok(Playing {
            listener: Listener::new(&header),
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

    /// Number of the newest record that was looked at.
    pub fn seen(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// Obeys a person; `false` where they stop it.
    pub fn obey(&mut self, said: Said) -> bool {
        let now = self.started.elapsed();
        match said {
            Said::Next => self.player.next(),
            Said::Skip => self.player.skip(now),
            Said::All => self.player.set_pace(now, Pace::Timed(1.0)),
            Said::Quit => return false,
        }
        true
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

/// A player that runs behind a screen: how it stands, and a way to speak to it.
#[derive(Clone)]
pub struct Handle {
    view: watch::Receiver<Arc<View>>,
    says: mpsc::Sender<Said>,
}

impl Handle {
    /// How it stands.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.borrow())
    }

    /// Waits until it stands otherwise; `false` once it has ended.
    pub async fn changed(&mut self) -> bool {
        self.view.changed().await.is_ok()
    }

    /// Says something to it; `false` where it does not listen.
    pub fn say(&self, said: Said) -> bool {
        self.says.try_send(said).is_ok()
    }
}

/// What is said at the end of a replay, and whether it went well. The end is `None` where the
/// person stopped it.
pub type Verdict = Box<dyn FnOnce(&Playing, Option<&Ending>) -> (String, bool) + Send>;

/// Shortest time between two views: nobody sees more.
const SHOWN: Duration = Duration::from_millis(33);

impl Playing {
    /// Plays on a task of its own. `rows`: how many of them a view has at most. `verdict` says
    /// what is shown at the end, whichever it is; the end also comes when all handles are gone.
    pub fn behind(mut self, rows: usize, verdict: Verdict) -> Handle {
        let (says, mut inbox) = mpsc::channel(16);
        let (show, view) =
            watch::channel(Arc::new(View::of(&self.player, self.listener.veil(), rows)));
        let scope = self.scope.clone();
        tokio::spawn(async move {
            let mut shown = Instant::now();
            let ending = loop {
                let (until, asks) = match self.turn() {
                    Moved::Again => continue,
                    Moved::Over(ending) => break Some(ending),
                    Moved::Wait(until) => (until, false),
                    Moved::Ask(_) => (None, true),
                };
                // What was not shown is shown a little later.
                let again = (!asks).then(|| Instant::now().checked_add(SHOWN)).flatten();
                let mut later = None;
                if asks || shown.elapsed() >= SHOWN {
                    let mut view = View::of(&self.player, self.listener.veil(), rows);
                    view.asks = asks;
                    if **show.borrow() != view {
                        show.send_replace(Arc::new(view));
                    }
                    shown = Instant::now();
                } else {
                    later = again;
                }
                let until = [until, later].into_iter().flatten().min();
                let seen = self.seen();
                tokio::select! {
                    biased;
                    said = inbox.recv() => match said {
                        Some(said) if self.obey(said) => {}
                        _ => break None,
                    },
                    () = scope.journal().changed(seen) => {}
                    () = async {
                        match until {
                            Some(until) => tokio::time::sleep_until(until.into()).await,
                            None => std::future::pending().await,
                        }
                    } => {}
                }
            };
            // The recorded client has left; a person may connect again.
            let left = self.scope.command(Command::Disconnect);
            // A screen that was left ends the connection, too.
            let ending =
                ending.filter(|ending| !(matches!(ending, Ending::Lost(_)) && inbox.is_closed()));
            if ending == Some(Ending::Done) && left.is_ok() {
                self.parted().await;
            }
            let (words, well) = verdict(&self, ending.as_ref());
            let mut view = View::of(&self.player, self.listener.veil(), rows);
            view.ended = Some(words);
            view.well = well;
            show.send_replace(Arc::new(view));
        });
        Handle { view, says }
    }

    /// Waits until the client has left, for a while: what was said last counts, too.
    async fn parted(&self) {
        let journal = self.scope.journal();
        let until = Instant::now().checked_add(PARTING);
        while !self.scope.ended() && until.is_some_and(|until| Instant::now() < until) {
            tokio::select! {
                () = journal.changed(journal.len()) => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }
}

/// How long a client may take to leave.
const PARTING: Duration = Duration::from_secs(2);

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ending::Done => f.write_str("all was played"),
            Ending::Failed(failure) => failure.fmt(f),
            Ending::Refused(why) => f.write_str(why),
            Ending::NotConnected(why) => write!(f, "could not connect: {why}"),
            Ending::Lost(why) => write!(f, "disconnected, and not back: {why}"),
        }
    }
}

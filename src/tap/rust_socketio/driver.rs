//! Runs the library beside its tap, and writes what neither of them tells.
//!
//! One task owns both. The tap records the bytes; this task reads these records behind it
//! ([`super::ledger`]), turns callbacks into marks ([`super::words`]), and holds emits back until
//! the namespace is there for the first time, as an application does that waits for its connect
//! callback. After a loss nothing is held: the library refuses, and that is shown.

mod news;

use std::collections::VecDeque;
use std::future;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::ledger::{Ledger, Told};
use super::library::{Inbox, Library, News};
use super::settings::Settings;
use super::words::{Callback, PREFIX};
use super::{Command, Emit};
use crate::journal::Journal;
use crate::journal::record::{
    Body, Buffer, BufferOp, Connection, ConnectionState, Gap, Mark, NamespaceState,
};
use crate::notices::Notices;
use crate::tap::Tap;

/// Commands that may wait to be worked on.
const COMMANDS: usize = 1_024;
/// Emits that may wait for the namespace.
const HELD: usize = 10_000;
/// How long a shutdown may take.
const SHUTDOWN: Duration = Duration::from_secs(3);
/// How long the library may take to disconnect before it is ended.
const LEAVE: Duration = Duration::from_millis(1_200);
/// How long it lives on after that, for what it still says and does by itself.
const LAST_WORDS: Duration = Duration::from_millis(150);
/// How long the tap may take to see that it is gone.
const SEEN: Duration = Duration::from_millis(500);
/// Callbacks that are written before anything else is looked at.
const BATCH: usize = 256;
/// How long the library may be without any sign of life after a loss before that is said.
const SILENCE: Duration = Duration::from_secs(30);

/// Whether there is anything left to do, as both sides of the command queue tell it.
#[derive(Debug, Default)]
struct Standing {
    /// Nothing will happen by itself, once [`Standing::worked`] commands were worked on.
    idle: AtomicBool,
    /// Commands that were handed over.
    handed: AtomicU64,
    /// Commands that were worked on.
    worked: AtomicU64,
}

/// A running library behind its tap, as a face holds it.
#[derive(Debug, Clone)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    stop: watch::Sender<bool>,
    standing: Arc<Standing>,
    ended: watch::Receiver<bool>,
}

impl Client {
    /// Starts the library on the current tokio runtime, pointed at `tap`; connecting goes on
    /// behind. The tap ends with it.
    pub fn start(settings: Settings, tap: Tap, journal: Journal, notices: Notices) -> Client {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (stop, stopping) = watch::channel(false);
        let (ended_at, ended) = watch::channel(false);
        let standing = Arc::new(Standing::default());
        let driver = Driver {
            ledger: Ledger::new(settings.nsp.clone()),
            settings,
            tap,
            journal,
            notices,
            standing: Arc::clone(&standing),
            phase: Phase::Off,
            running: None,
            held: VecDeque::new(),
            emits: 0,
            unsent: 0,
            next: 1,
            gave_up: false,
            again: false,
            sign: Instant::now(),
        };
        tokio::spawn(async move {
            driver.run(inbox, stopping).await;
            let _ = ended_at.send(true);
        });
        Client {
            commands,
            stop,
            standing,
            ended,
        }
    }

    /// Hands over a command without waiting; gives it back when the queue is full.
    ///
    /// # Errors
    /// The command, when the driver is busy or has ended.
    pub fn command(&self, command: Command) -> Result<(), mpsc::error::TrySendError<Command>> {
        // Counted first: whoever asks in between must not find an idle client.
        self.standing.handed.fetch_add(1, Ordering::AcqRel);
        self.commands.try_send(command).inspect_err(|_| {
            self.standing.handed.fetch_sub(1, Ordering::AcqRel);
        })
    }

    /// Nothing will happen any more without a command.
    pub fn idle(&self) -> bool {
        let standing = &self.standing;
        let handed = standing.handed.load(Ordering::Acquire);
        let worked = standing.worked.load(Ordering::Acquire) == handed;
        (worked && standing.idle.load(Ordering::Acquire)) || *self.ended.borrow()
    }

    /// Disconnects the library politely, ends it and its tap.
    pub async fn shutdown(&self) {
        let _ = self.stop.send(true);
        let mut ended = self.ended.clone();
        let _ = tokio::time::timeout(SHUTDOWN, ended.wait_for(|ended| *ended)).await;
    }
}

/// Where the library's life stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is none.
    Off,
    /// Its `connect()` is on the way.
    Starting,
    /// It lives by itself.
    Running,
    /// It was asked to disconnect, and has until then.
    Leaving(Instant),
}

struct Driver {
    settings: Settings,
    tap: Tap,
    journal: Journal,
    notices: Notices,
    standing: Arc<Standing>,
    ledger: Ledger,
    phase: Phase,
    running: Option<(Library, Inbox)>,
    /// Emits that wait for the namespace to be there for the first time.
    held: VecDeque<Emit>,
    /// Emits handed to the library so far, and how many of them it has not taken yet.
    emits: u64,
    unsent: u64,
    /// Number of the record to read next.
    next: u64,
    /// It was said that nothing more will come, which answers everybody who waits.
    gave_up: bool,
    /// A new client is wanted as soon as the one that is leaving has left.
    again: bool,
    /// The library's last sign of life, moved on once its silence was told.
    sign: Instant,
}

impl Driver {
    async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let journal = self.journal.clone();
        let mut cut_at: Option<Instant> = None;
        let mut worked = 0;
        self.begin().await;
        loop {
            self.read_records();
            if self.phase == Phase::Off && std::mem::take(&mut self.again) && cut_at.is_none() {
                self.begin().await;
            }
            self.flush();
            self.standing.idle.store(self.is_idle(), Ordering::Release);
            self.standing.worked.store(worked, Ordering::Release);
            let over = cut_at.is_some_and(|at| at <= Instant::now());
            if cut_at.is_some() && (self.phase == Phase::Off || over) {
                break;
            }
            let wake = [self.wake(), cut_at].into_iter().flatten().min();
            tokio::select! {
                biased;
                () = stopped(&mut stopping), if cut_at.is_none() => {
                    cut_at = Some(Instant::now() + SHUTDOWN / 2);
                    // What was asked for before is done before.
                    while let Ok(command) = commands.try_recv() {
                        self.command(command).await;
                    }
                    self.leave();
                }
                command = commands.recv(), if cut_at.is_none() => match command {
                    Some(command) => {
                        worked += 1;
                        self.command(command).await;
                    }
                    None => {
                        cut_at = Some(Instant::now() + SHUTDOWN / 2);
                        self.leave();
                    }
                },
                heard = hear(self.running.as_mut().map(|(_, inbox)| inbox)) => self.heard(heard),
                () = journal.changed(self.next.saturating_sub(1)) => {}
                () = sleep_until(wake) => self.tick(),
            }
        }
        self.end_library();
        // Else the tap would tell that it ended the connection, which the library did.
        let seen = Instant::now() + SEEN;
        while !self.ledger.is_closed() && self.ledger.newest().is_some() && Instant::now() < seen {
            tokio::select! {
                () = journal.changed(self.next.saturating_sub(1)) => {}
                () = sleep_until(Some(seen)) => {}
            }
            self.read_records();
        }
        self.tap.shutdown().await;
        self.read_records();
    }

    /// Starts a client of the library.
    async fn begin(&mut self) {
        self.read_records();
        self.ledger.begin();
        self.gave_up = false;
        let auth = match self.settings.auth.read().await {
            Ok(auth) => auth,
            Err(error) => {
                self.give_up("the auth could not be read".to_owned(), error);
                return;
            }
        };
        let base = self.settings.base(self.tap.address().port());
        match Library::start(&self.settings, base, auth) {
            Ok(running) => {
                self.running = Some(running);
                self.phase = Phase::Starting;
                self.sign = Instant::now();
            }
            Err(error) => {
                self.give_up(
                    "rust_socketio could not be started".to_owned(),
                    error.to_string(),
                );
            }
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Emit(emit) => self.emit(emit),
            Command::Connect => match (self.phase, self.ledger.state()) {
                (Phase::Starting, _) | (Phase::Running, None) => {}
                (Phase::Leaving(_), _) => self.again = true,
                (Phase::Running, Some(NamespaceState::Connected | NamespaceState::Joining))
                    if !self.ledger.is_closed() => {}
                _ => {
                    if self.running.is_some() {
                        self.mark("a new client takes the place of the one before".to_owned());
                        self.end_library();
                    }
                    self.begin().await;
                }
            },
            Command::Disconnect => {
                self.again = false;
                self.leave();
            }
            Command::Fault(fault) => {
                if let Err(refused) = self.tap.fault(fault) {
                    self.notices.push(refused.to_string());
                }
            }
            Command::FaultOn(fault, c) => {
                if let Err(refused) = self.tap.fault_on(fault, c) {
                    self.notices.push(refused.to_string());
                }
            }
            Command::ClearFaults => {
                self.tap.clear_faults();
            }
        }
    }

    /// Whether an emit would come before its namespace: the server would end the connection.
    fn holds(&self) -> bool {
        match self.phase {
            Phase::Starting => true,
            Phase::Running => {
                matches!(self.ledger.state(), None | Some(NamespaceState::Joining))
                    && !self.ledger.is_closed()
            }
            // The one that comes next may send it.
            Phase::Leaving(_) => self.again,
            Phase::Off => false,
        }
    }

    fn emit(&mut self, emit: Emit) {
        if !self.holds() {
            return self.hand(emit);
        }
        if self.held.len() >= HELD {
            self.notices.push(format!(
                "too many emits wait for {}: {} is dropped",
                self.settings.nsp, emit.event
            ));
            return self.refuse(&emit);
        }
        self.buffer(BufferOp::Queued, &emit);
        self.held.push_back(emit);
    }

    /// Gives an emit to the library.
    fn hand(&mut self, emit: Emit) {
        let Some((library, _)) = &self.running else {
            self.mark(format!(
                "emit {:?} not possible: there is no client (connect makes one)",
                emit.event
            ));
            self.notices.push(format!(
                "not connected: {:?} was not emitted, and rust_socketio keeps nothing for later",
                emit.event
            ));
            return self.refuse(&emit);
        };
        self.emits = self.emits.saturating_add(1);
        let (number, ack, timeout) = (self.emits, emit.ack, emit.timeout);
        if !library.emit(number, emit.clone()) {
            self.notices.push(format!(
                "rust_socketio is busy: {:?} was not emitted",
                emit.event
            ));
            return self.refuse(&emit);
        }
        self.unsent = self.unsent.saturating_add(1);
        if ack {
            let timeout = timeout.map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
            let now = self.now();
            self.ledger.hand(number, now, timeout);
        }
    }

    /// An emit that never reached the library: whoever waits for its ack need not.
    fn refuse(&mut self, emit: &Emit) {
        if emit.ack {
            self.emits = self.emits.saturating_add(1);
            let (number, now) = (self.emits, self.now());
            self.ledger.hand(number, now, None);
            let told = self.ledger.fail(number, now);
            self.write(told);
        }
    }

    /// Sends what was held back, once it may be sent or can't be any more.
    fn flush(&mut self) {
        while !self.holds()
            && let Some(emit) = self.held.pop_front()
        {
            let connected = self.ledger.state() == Some(NamespaceState::Connected);
            let op = match connected && self.phase == Phase::Running {
                true => BufferOp::Flushed,
                false => BufferOp::Dropped,
            };
            // Handed over first: whoever reads of an empty buffer must find it on its way.
            if op == BufferOp::Flushed {
                self.hand(emit.clone());
            } else if !self.gave_up {
                self.refuse(&emit);
            }
            self.buffer(op, &emit);
        }
    }

    fn leave(&mut self) {
        match (&self.running, self.phase) {
            (Some((library, _)), Phase::Running) if library.leave() => {
                self.phase = Phase::Leaving(Instant::now() + LEAVE);
            }
            (Some(_), Phase::Leaving(_)) => {}
            _ => self.end_library(),
        }
    }

    /// Ends the library, whatever it does.
    fn end_library(&mut self) {
        self.phase = Phase::Off;
        let Some((library, mut inbox)) = self.running.take() else {
            return;
        };
        drop(library);
        // What it had said before counts.
        while let Ok((at, callback)) = inbox.callbacks.try_recv() {
            self.called_back(at, &callback);
        }
        self.tell_lost(&inbox);
        self.unsent = 0;
        let now = self.now();
        let told = self.ledger.drop_handed(now);
        self.write(told);
    }

    /// The library will not try any more.
    fn give_up(&mut self, reason: String, detail: String) {
        self.read_records();
        self.gave_up = true;
        self.end_library();
        let c = self.ledger.newest();
        self.journal.append(
            Instant::now(),
            c,
            &Body::Connection(Connection {
                state: ConnectionState::GaveUp,
                reason: Some(format!("{reason}: {detail}")),
                detail: None,
                attempt: None,
                delay_ms: None,
            }),
        );
    }

    /// Nothing will happen by itself.
    fn is_idle(&self) -> bool {
        match self.phase {
            Phase::Off => true,
            Phase::Starting | Phase::Leaving(_) => false,
            Phase::Running => {
                // It keeps the engine's connection open after a refusal and after the server's
                // DISCONNECT, and does nothing with it.
                let over = self.ledger.state() == Some(NamespaceState::Refused)
                    || self.ledger.left_by_server()
                    || (self.ledger.is_closed() && !self.settings.reconnect);
                over && self.held.is_empty() && self.unsent == 0
            }
        }
    }

    /// Reads what was recorded since, and writes what follows from it.
    fn read_records(&mut self) {
        let journal = self.journal.clone();
        let ledger = &mut self.ledger;
        let mut told = Vec::new();
        let mut any = false;
        self.next = journal
            .scan(self.next, |record| {
                any |= matches!(record.body, Body::Request(_) | Body::Frame(_));
                told.extend(ledger.take(&record));
                ControlFlow::Continue(())
            })
            .max(self.next);
        if any {
            self.sign = Instant::now();
        }
        let connected = told.iter().any(|(_, body)| {
            matches!(body, Body::Namespace(said) if said.state == NamespaceState::Connected)
        });
        if let (true, Some((library, _))) = (connected, &self.running) {
            library.connected();
        }
        self.write(told);
    }

    fn write(&self, told: Vec<Told>) {
        let now = Instant::now();
        for (c, body) in told {
            self.journal.append(now, c, &body);
        }
    }

    fn mark(&self, text: String) {
        self.mark_at(Instant::now(), format!("{PREFIX}{text}"));
    }

    fn mark_at(&self, at: Instant, text: String) {
        let c = self.ledger.newest();
        self.journal.append(at, c, &Body::Mark(Mark { text }));
    }

    fn buffer(&self, op: BufferOp, emit: &Emit) {
        let body = Body::Buffer(Buffer {
            nsp: self.settings.nsp.clone(),
            op,
            packet: emit.packet(&self.settings.nsp),
        });
        self.journal.append(Instant::now(), None, &body);
    }

    fn tell_lost(&self, inbox: &Inbox) {
        if let Some((records, bytes)) = inbox.lost.take() {
            let gap = Body::Gap(Gap { records, bytes });
            self.journal.append(Instant::now(), None, &gap);
        }
    }

    /// Session time in microseconds.
    fn now(&self) -> u64 {
        self.journal.time_of(Instant::now())
    }

    /// When something is due.
    fn wake(&self) -> Option<Instant> {
        let ack = self.ledger.deadline().map(|at| {
            let left = Duration::from_micros(at.saturating_sub(self.now()));
            Instant::now() + left
        });
        let leave = match self.phase {
            Phase::Leaving(until) => Some(until),
            _ => None,
        };
        let silence = self.is_lost().then(|| self.sign + self.patience());
        [ack, leave, silence].into_iter().flatten().min()
    }

    /// The connection is gone and the library should be about to make another one.
    fn is_lost(&self) -> bool {
        self.phase == Phase::Running
            && self.ledger.is_closed()
            && self.settings.reconnect
            && !self.ledger.left_by_server()
    }

    /// Its longest delay with its jitter, and something on top.
    fn patience(&self) -> Duration {
        self.settings.delay_max.saturating_mul(3) / 2 + SILENCE
    }

    fn tick(&mut self) {
        let now = self.now();
        let told = self.ledger.due(now);
        self.write(told);
        if matches!(self.phase, Phase::Leaving(until) if until <= Instant::now()) {
            self.end_library();
        }
        if self.is_lost() && self.sign.elapsed() >= self.patience() {
            let silent = self.sign.elapsed().as_secs();
            self.sign = Instant::now();
            let words = format!(
                "no sign of it for {silent} s since its connection was lost: it has no time limit \
                 of its own for an attempt; connect makes a new client"
            );
            self.notices.push(format!("{PREFIX}{words}"));
            self.mark(words);
        }
    }
}

/// What the library has said.
enum Heard {
    Callback(Instant, Callback),
    News(News),
    Panic(String),
}

/// The next word of the library; pends where there is none.
async fn hear(inbox: Option<&mut Inbox>) -> Heard {
    let Some(inbox) = inbox else {
        return future::pending().await;
    };
    tokio::select! {
        biased;
        Some(words) = inbox.panics.recv() => Heard::Panic(words),
        Some(news) = inbox.news.recv() => Heard::News(news),
        Some((at, callback)) = inbox.callbacks.recv() => Heard::Callback(at, callback),
        else => future::pending().await,
    }
}

/// Waits until the driver is to end: asked for, or nobody holds it any more.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await.map(|_| ());
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => future::pending().await,
    }
}

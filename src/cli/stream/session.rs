//! One run of `stream`: its loop, and how it ends.

mod ending;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::command::{self, Expect, Step, Wait};
use super::input::Line;
use super::output::Output;
use super::status::Status;
use super::watch::{Found, Watch};
use crate::cli::{Exit, complain};
use crate::client::Command;
use crate::journal::Journal;
use crate::journal::record::AckState;
use crate::scope::{Refused, Scope};

/// Shortest time between two looks at the journal while nothing is printed.
const QUIET_PACE: Duration = Duration::from_millis(5);
/// How soon a command is offered again to a client that was busy, or a closed one is looked at.
pub const BUSY: Duration = Duration::from_millis(2);
/// How often the diagnosis is told the time while nothing happens: some rules speak of silence.
const TICK: Duration = Duration::from_secs(1);
/// How long the polite leave may take.
pub const LEAVE: Duration = Duration::from_secs(3);

/// A wait in progress.
struct Waiting {
    line: u64,
    wait: Wait,
    until: Instant,
    /// The number of the ask that a wait for an ack means.
    ask: Option<usize>,
}

/// One run.
pub struct Session<W> {
    scope: Scope,
    journal: Journal,
    output: Output<W>,
    status: Status,
    watch: Watch,
    /// Namespace of commands that name none.
    nsp: String,
    input: mpsc::Receiver<Line>,
    ended_input: Option<Instant>,
    /// Commands that wait for their turn.
    queue: VecDeque<(u64, Step)>,
    waiting: Option<Waiting>,
    newest_ask: Option<usize>,
    bad_lines: u64,
    /// `--for`: when to leave.
    until: Option<Instant>,
}

/// What one turn of the loop decided.
enum Turn {
    /// Something may be done right now.
    Again,
    /// Nothing to do before something changes, or before this time.
    Idle(Option<Instant>),
    /// The run is over.
    End(Exit),
}

/// Waits for more records. Where none are printed, a flood of them is looked at in slices of
/// time: what matters then are states, and those may wait that long.
async fn paced_change(scope: &Scope, seen: u64, quiet: bool) {
    scope.changed(seen).await;
    if quiet {
        tokio::time::sleep(QUIET_PACE).await;
    }
}

impl<W: Write> Session<W> {
    /// A run over a scope that was just started.
    pub fn new(
        scope: Scope,
        writer: W,
        quiet: bool,
        input: mpsc::Receiver<Line>,
        until: Option<Duration>,
    ) -> Session<W> {
        let journal = scope.journal().clone();
        let names: Vec<String> = scope
            .options()
            .map(|options| {
                options
                    .namespaces
                    .iter()
                    .map(|one| one.nsp.clone())
                    .collect()
            })
            .unwrap_or_default();
        let root = names.iter().any(|nsp| nsp == "/");
        let nsp = names
            .first()
            .filter(|_| !root)
            .cloned()
            .unwrap_or_else(|| "/".to_owned());
        Session {
            output: Output::new(writer, quiet, &journal),
            status: Status::new(names.iter().map(String::as_str)),
            watch: Watch::new(journal.header().parser.as_deref()),
            scope,
            journal,
            nsp,
            input,
            ended_input: None,
            queue: VecDeque::new(),
            waiting: None,
            newest_ask: None,
            bad_lines: 0,
            until: until.and_then(|time| Instant::now().checked_add(time)),
        }
    }

    /// Runs to the end; `stop` ends it from outside. Leaves politely in every case.
    pub async fn run(mut self, stops: &mut crate::cli::stop::Stops) -> Exit {
        // A handle of its own for the whole run: a change is told once to each handle.
        let scope = self.scope.clone();
        let exit = loop {
            match self.turn() {
                Ok(Turn::Again) => {
                    // A flood must not keep a signal or a command waiting.
                    tokio::select! {
                        biased;
                        _ = stops.next() => break Exit::Interrupted,
                        () = self.listen(), if self.wants_input() => {}
                        () = std::future::ready(()) => {}
                    }
                }
                Ok(Turn::Idle(until)) => {
                    let (seen, quiet) = (self.output.seen(), self.output.is_quiet());
                    tokio::select! {
                        biased;
                        _ = stops.next() => break Exit::Interrupted,
                        () = self.listen(), if self.wants_input() => {}
                        () = paced_change(&scope, seen, quiet) => {}
                        () = sleep_until(until) => {}
                        () = tokio::time::sleep(TICK), if !quiet => {
                            self.output.tick(self.journal.time_of(Instant::now()));
                        }
                    }
                }
                Ok(Turn::End(exit)) => break exit,
                Err(error) => break self.broken(&error),
            }
        };
        self.leave(exit, stops).await
    }

    fn broken(&self, error: &io::Error) -> Exit {
        // Whoever read our output has seen enough, as `head` does: no reason to complain.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Exit::Done;
        }
        complain(format_args!("cannot write to stdout: {error}"));
        Exit::Usage
    }

    async fn leave(mut self, exit: Exit, stops: &mut crate::cli::stop::Stops) -> Exit {
        tokio::select! {
            () = self.scope.shutdown() => {}
            () = tokio::time::sleep(LEAVE) => {}
            _ = stops.next() => {}
        }
        self.tell();
        let tail = loop {
            match self.output.pull(&self.journal, &mut self.status) {
                Ok(true) => {}
                Ok(false) => {
                    self.output.finish();
                    break self.output.flush();
                }
                Err(error) => break Err(error),
            }
        };
        match tail {
            Err(error) if exit == Exit::Done => self.broken(&error),
            _ => exit,
        }
    }

    /// Says what the session has to say once.
    fn tell(&self) {
        for notice in self.scope.notices() {
            complain(notice);
        }
    }

    fn wants_input(&self) -> bool {
        self.ended_input.is_none() && self.queue.is_empty()
    }

    /// Takes the next line; a bad one is told at once.
    async fn listen(&mut self) {
        let Some((line, text)) = self.input.recv().await else {
            self.ended_input = Some(Instant::now());
            return;
        };
        match text.and_then(|text| command::parse(&text, &self.nsp)) {
            Ok(Some(step)) => self.queue.push_back((line, step)),
            Ok(None) => {}
            Err(error) => self.bad_line(line, &error),
        }
    }

    fn bad_line(&mut self, line: u64, error: &str) {
        complain(format_args!("stdin line {line}: {error}"));
        self.bad_lines = self.bad_lines.saturating_add(1);
    }

    fn turn(&mut self) -> io::Result<Turn> {
        self.tell();
        // Asked before the records are read, so that an end is never seen before what led to it.
        let ended = self.scope.ended();
        let more = self.output.pull(&self.journal, &mut self.status)?;
        if let Some(turn) = self.steps() {
            return Ok(turn);
        }
        if more {
            return Ok(Turn::Again);
        }
        Ok(self.end(ended))
    }

    /// Works on waits and commands. `None`: nothing can be done about them in this turn.
    fn steps(&mut self) -> Option<Turn> {
        if let Some(waiting) = self.waiting.take() {
            return self.wait_on(waiting);
        }
        let (line, step) = self.queue.pop_front()?;
        match step {
            Step::Quit => return Some(Turn::End(self.verdict())),
            Step::Wait(wait) => self.begin(line, wait),
            Step::Do(command) => return self.hand_on(line, command),
        }
        Some(Turn::Again)
    }

    fn begin(&mut self, line: u64, wait: Wait) {
        if wait.what == Expect::Ack && self.newest_ask.is_none() {
            return self.bad_line(
                line,
                "there is no ack to wait for: no emit before it had \"ack\":true",
            );
        }
        let now = Instant::now();
        self.waiting = Some(Waiting {
            line,
            until: now.checked_add(wait.timeout).unwrap_or(now),
            ask: self.newest_ask.filter(|_| wait.what == Expect::Ack),
            wait,
        });
    }

    /// Looks whether the wait is met; puts it back if it is not.
    fn wait_on(&mut self, waiting: Waiting) -> Option<Turn> {
        // Asked first: what came in time counts, also when we look late.
        let time_is_up = Instant::now() >= waiting.until;
        let found = match (&waiting.wait.what, waiting.ask) {
            (Expect::Time, _) => {
                if time_is_up {
                    self.watch.skip_to(self.journal.len());
                    return Some(Turn::Again);
                }
                Found::NotYet
            }
            (Expect::Ack, Some(ask)) => {
                match self.status.asked(ask).and_then(|asked| asked.decided) {
                    Some((n, AckState::Answered | AckState::Late)) => {
                        self.watch.skip_to(n);
                        Found::Met
                    }
                    Some((_, state)) => {
                        let how = if state == AckState::Lost {
                            "was lost with the connection"
                        } else {
                            "did not come in time"
                        };
                        let event = self
                            .status
                            .asked(ask)
                            .map_or("", |asked| asked.event.as_str());
                        complain(format_args!(
                            "stdin line {}: the ack of {event:?} {how}",
                            waiting.line
                        ));
                        return Some(Turn::End(Exit::Unmet));
                    }
                    None if self.output.seen() < self.journal.len() => Found::More,
                    None => Found::NotYet,
                }
            }
            (what, _) => self.watch.look(&self.journal, what),
        };
        match found {
            Found::Met => return Some(Turn::Again),
            Found::NotYet if time_is_up => {
                complain(format_args!(
                    "stdin line {}: waited {} ms for {}, in vain{}",
                    waiting.line,
                    waiting.wait.timeout.as_millis(),
                    waiting.wait.what,
                    self.hint(&waiting.wait.what),
                ));
                return Some(Turn::End(self.lost_or(Exit::Unmet)));
            }
            Found::More => {
                self.waiting = Some(waiting);
                return Some(Turn::Again);
            }
            Found::NotYet => self.waiting = Some(waiting),
        }
        None
    }

    fn hint(&self, what: &Expect) -> String {
        match what {
            Expect::Namespace(nsp) => self
                .status
                .refused()
                .find(|(refused, _)| refused == nsp)
                .map_or_else(
                    || {
                        self.why()
                            .map_or_else(String::new, |why| format!(" ({why})"))
                    },
                    |(_, reason)| format!(" (it was refused: {reason})"),
                ),
            _ if !self.status.joined_now() => {
                format!(" (not connected: {})", self.why().unwrap_or("still trying"))
            }
            _ => String::new(),
        }
    }

    fn why(&self) -> Option<&str> {
        self.status.last_reason.as_deref()
    }

    fn hand_on(&mut self, line: u64, command: Command) -> Option<Turn> {
        if let Some(nsp) = namespace_of(&command)
            && !self.status.knows(nsp)
        {
            let error = format!(
                "namespace {nsp} was not joined: name it with -n {nsp} or {{\"join\":\"{nsp}\"}} first"
            );
            self.bad_line(line, &error);
            return Some(Turn::Again);
        }
        match self.scope.command(command.clone()) {
            Ok(()) => self.handed_on(&command),
            Err(Refused::Busy) => {
                self.queue.push_front((line, Step::Do(command)));
                return Some(Turn::Idle(Instant::now().checked_add(BUSY)));
            }
            Err(refused) => self.bad_line(line, &refused.to_string()),
        }
        Some(Turn::Again)
    }

    fn handed_on(&mut self, command: &Command) {
        match command {
            Command::Emit(emit) if emit.ack => {
                let event = event_of(&emit.args);
                let options = self.scope.options();
                let timed = emit.timeout_ms.is_some()
                    || options.is_some_and(|options| options.ack_timeout.is_some());
                self.newest_ask = Some(self.status.asks(&emit.nsp, event, timed));
            }
            Command::Join { nsp, .. } => self.status.joins(nsp),
            Command::Leave { nsp } => self.status.leaves(nsp),
            Command::Disconnect => self.status.left = true,
            Command::Connect => self.status.connects(),
            Command::Emit(_)
            | Command::Answer { .. }
            | Command::AnswerAgain { .. }
            | Command::Hold
            | Command::Flush
            | Command::Unbuffer { .. }
            | Command::Rebuffer { .. }
            | Command::Mark { .. }
            | Command::Fault(_)
            | Command::FaultOn { .. }
            | Command::ClearFaults => {}
        }
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

/// The namespace that must be known for a command to make sense.
fn namespace_of(command: &Command) -> Option<&str> {
    match command {
        Command::Emit(emit) => Some(&emit.nsp),
        Command::Answer { nsp, .. } | Command::AnswerAgain { nsp, .. } | Command::Leave { nsp } => {
            Some(nsp)
        }
        _ => None,
    }
}

fn event_of(args: &str) -> String {
    let values: Vec<&serde_json::value::RawValue> = serde_json::from_str(args).unwrap_or_default();
    let first = values.first().map_or("\"\"", |value| value.get());
    serde_json::from_str(first).unwrap_or_else(|_| first.to_owned())
}

//! One run of `tap --headless`: records out, commands in, until it is stopped.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::Plan;
use super::command::{self, Order};
use crate::cli::stop::{Stops, told};
use crate::cli::stream::command::{Expect, Wait};
use crate::cli::stream::input::{self, Line};
use crate::cli::stream::output::Output;
use crate::cli::stream::status::Status;
use crate::cli::stream::watch::{Found, Watch};
use crate::cli::{Exit, complain};
use crate::scope::{Refused, Scope};

/// How often the diagnosis is told the time while nothing happens.
const TICK: Duration = Duration::from_millis(500);
/// How soon a command is offered again that was too much for now.
const BUSY: Duration = Duration::from_millis(2);
/// Shortest time between two looks at the journal while nothing is printed.
const QUIET_PACE: Duration = Duration::from_millis(5);

/// Serves until it is stopped.
pub fn run(plan: Plan) -> Exit {
    told(async |stops| {
        // Listened for before the ready line is printed: whoever reads it may stop us at once.
        let scope = match Scope::tap(plan.settings, plan.record) {
            Ok(scope) => scope,
            Err(error) => {
                complain(error);
                return Exit::Usage;
            }
        };
        if let Some(tap) = scope.tapped() {
            eprintln!("listening on {}", tap.url());
        }
        let input = input::read(std::io::stdin());
        give_way();
        let until = plan.time.and_then(|time| Instant::now().checked_add(time));
        let run = Run::new(scope, std::io::stdout(), plan.quiet, input, until);
        run.run(stops).await
    })
    .unwrap_or_else(|exit| exit)
}

struct Run<W> {
    scope: Scope,
    output: Output<W>,
    status: Status,
    watch: Watch,
    input: Option<mpsc::Receiver<Line>>,
    queue: VecDeque<(u64, Order)>,
    waiting: Option<(u64, Wait, Instant)>,
    bad_lines: u64,
    until: Option<Instant>,
}

/// What one turn of the loop decided.
enum Turn {
    Again,
    Idle(Option<Instant>),
    End(Exit),
}

impl<W: Write> Run<W> {
    fn new(
        scope: Scope,
        writer: W,
        quiet: bool,
        input: mpsc::Receiver<Line>,
        until: Option<Instant>,
    ) -> Run<W> {
        let journal = scope.journal();
        Run {
            output: Output::new(writer, quiet, journal),
            status: Status::new([]),
            watch: Watch::tapping(journal.header().parser.as_deref()),
            scope,
            input: Some(input),
            queue: VecDeque::new(),
            waiting: None,
            bad_lines: 0,
            until,
        }
    }

    async fn run(mut self, stops: &mut Stops) -> Exit {
        let scope = self.scope.clone();
        let exit = loop {
            let wake = match self.turn() {
                Ok(Turn::Again) => Some(Instant::now()),
                Ok(Turn::Idle(until)) => until,
                Ok(Turn::End(exit)) => break exit,
                Err(error) => break broken(&error),
            };
            let (seen, quiet) = (self.output.seen(), self.output.is_quiet());
            tokio::select! {
                biased;
                stop = stops.next() => break stop.of_a_server(self.verdict()),
                line = next_line(&mut self.input), if self.queue.is_empty() => self.take(line),
                () = paced_change(&scope, seen, quiet) => {}
                () = sleep_until(earlier(wake, self.until)) => {}
                () = tokio::time::sleep(TICK), if !quiet => {
                    self.output.tick(scope.journal().time_of(Instant::now()));
                }
            }
        };
        tokio::select! {
            () = self.scope.shutdown() => {}
            _ = stops.next() => {}
        }
        self.tell();
        let tail = loop {
            match self.output.pull(scope.journal(), &mut self.status) {
                Ok(true) => {}
                Ok(false) => {
                    self.output.finish();
                    break self.output.flush();
                }
                Err(error) => break Err(error),
            }
        };
        match tail {
            Err(error) if exit == Exit::Done => broken(&error),
            _ => exit,
        }
    }

    fn turn(&mut self) -> io::Result<Turn> {
        self.tell();
        let more = if self.output.is_quiet() {
            self.output.pass_over(self.scope.journal());
            false
        } else {
            self.output.pull(self.scope.journal(), &mut self.status)?
        };
        if self.until.is_some_and(|until| until <= Instant::now()) {
            return Ok(Turn::End(self.verdict()));
        }
        if let Some((line, wait, until)) = self.waiting.take() {
            if let Some(turn) = self.wait_on(line, wait, until) {
                return Ok(turn);
            }
        } else if let Some((line, order)) = self.queue.pop_front() {
            return Ok(self.obey(line, order));
        }
        Ok(match (more, &self.waiting) {
            (true, _) => Turn::Again,
            (false, Some((_, _, until))) => Turn::Idle(Some(*until)),
            (false, None) => Turn::Idle(None),
        })
    }

    fn obey(&mut self, line: u64, order: Order) -> Turn {
        let refused = match &order {
            Order::Quit => return Turn::End(self.verdict()),
            Order::Wait(wait) => {
                let now = Instant::now();
                let until = now.checked_add(wait.timeout).unwrap_or(now);
                self.waiting = Some((line, wait.clone(), until));
                return Turn::Again;
            }
            Order::Do(command) => self.scope.command(command.clone()),
            Order::Inject { c, dir, injection } => self.scope.inject(*c, *dir, injection),
        };
        match refused {
            Ok(()) => {}
            Err(Refused::Busy) => {
                self.queue.push_front((line, order));
                return Turn::Idle(Instant::now().checked_add(BUSY));
            }
            Err(refused) => self.bad_line(line, &refused.to_string()),
        }
        Turn::Again
    }

    /// Looks whether the wait is met; puts it back if it is not.
    fn wait_on(&mut self, line: u64, wait: Wait, until: Instant) -> Option<Turn> {
        // Asked first: what came in time counts, also when we look late.
        let time_is_up = Instant::now() >= until;
        let journal = self.scope.journal();
        let found = match wait.what {
            Expect::Time if time_is_up => {
                self.watch.skip_to(journal.len());
                Found::Met
            }
            Expect::Time | Expect::Ack => Found::NotYet,
            _ => self.watch.look(journal, &wait.what),
        };
        match found {
            Found::Met => return Some(Turn::Again),
            Found::NotYet if time_is_up => {
                complain(format_args!(
                    "stdin line {line}: waited {} ms for {}, in vain",
                    wait.timeout.as_millis(),
                    wait.what
                ));
                return Some(Turn::End(Exit::Unmet));
            }
            Found::More => {
                self.waiting = Some((line, wait, until));
                return Some(Turn::Again);
            }
            Found::NotYet => self.waiting = Some((line, wait, until)),
        }
        None
    }

    /// Takes a line; a bad one is told at once. The end of input ends nothing.
    fn take(&mut self, line: Option<Line>) {
        let Some((line, text)) = line else {
            self.input = None;
            return;
        };
        match text.and_then(|text| command::parse(&text)) {
            Ok(Some(order)) => self.queue.push_back((line, order)),
            Ok(None) => {}
            Err(error) => self.bad_line(line, &error),
        }
    }

    fn bad_line(&mut self, line: u64, error: &str) {
        complain(format_args!("stdin line {line}: {error}"));
        self.bad_lines = self.bad_lines.saturating_add(1);
    }

    /// Says what the session has to say once.
    fn tell(&self) {
        for notice in self.scope.notices() {
            complain(notice);
        }
    }

    fn verdict(&self) -> Exit {
        match self.bad_lines {
            0 => Exit::Done,
            _ => Exit::Usage,
        }
    }
}

/// Printing and diagnosing behind a flood may take as long as it takes; the tapped application
/// may not be slowed down by it. So this thread, which does nothing else, stands back where there
/// are too few processors for all. The threads that relay and write the file run already.
fn give_way() {
    // Further down than that, next to nothing would be printed. On Linux only this is about the
    // calling thread alone.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(15) {
        tracing::debug!(%error, "tap: the printing thread keeps its priority");
    }
}

fn broken(error: &io::Error) -> Exit {
    // Whoever read our output has seen enough, as `head` does: no reason to complain.
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Exit::Done;
    }
    complain(format_args!("cannot write to stdout: {error}"));
    Exit::Usage
}

async fn next_line(input: &mut Option<mpsc::Receiver<Line>>) -> Option<Line> {
    match input {
        Some(input) => input.recv().await,
        None => std::future::pending().await,
    }
}

/// Waits for more records. Where none are printed, a flood of them is looked at in slices of
/// time.
async fn paced_change(scope: &Scope, seen: u64, quiet: bool) {
    scope.changed(seen).await;
    if quiet {
        tokio::time::sleep(QUIET_PACE).await;
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

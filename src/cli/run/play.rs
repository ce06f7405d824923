//! The run itself: one connection, one draft after the other. What happened is read from the
//! journal.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::Plan;
use super::report::{Outcome, Report, Row};
use super::turn::{Turn, Why};
use crate::cli::stop::told;
use crate::cli::stream::command::check_binary;
use crate::cli::stream::session::{BUSY, LEAVE};
use crate::cli::stream::status::{Status, name_of};
use crate::cli::{Exit, complain, print};
use crate::client::Command;
use crate::client::command::Emit;
use crate::collection::{Draft, Trial, Variables};
use crate::journal::Journal;
use crate::journal::record::AckState;
use crate::model::Decoder;
use crate::scope::{Refused, Scope};

/// How long after an ack was lost the connection may take to say that it is gone.
const SETTLE: Duration = Duration::from_millis(50);

/// Runs to the end.
pub fn run(plan: Plan) -> Exit {
    told(async |stops| {
        let scope = match Scope::connect(plan.options.clone(), plan.record.clone()) {
            Ok(scope) => scope,
            Err(error) => {
                complain(plan.variables.masks().text(&error.to_string()));
                return Exit::Usage;
            }
        };
        let begun = Instant::now();
        let mut player = Player::new(&scope, &plan);
        let over = tokio::select! {
            biased;
            over = player.all() => over,
            _ = stops.next() => Over::Interrupted,
        };
        let Player {
            mut rows,
            variables,
            ..
        } = player;
        finish(&plan, &mut rows, &over);
        tokio::select! {
            () = scope.shutdown() => {}
            () = tokio::time::sleep(LEAVE) => {}
            _ = stops.next() => {}
        }
        for notice in scope.notices() {
            complain(variables.masks().text(&notice));
        }
        let report = Report {
            collection: plan.collection.clone(),
            url: variables.masks().text(&shown_url(&plan)),
            rows,
            time: begun.elapsed(),
        };
        conclude(&plan, &report, &over)
    })
    .unwrap_or_else(|exit| exit)
}

/// How the run came to its end.
#[derive(Debug, Clone, PartialEq)]
enum Over {
    /// Every draft had its turn, or `--bail` ended it.
    Done,
    /// There was no connection, or it is gone; why.
    Gone(Exit, String),
    /// A command was not taken.
    Refused(String),
    /// By a signal.
    Interrupted,
}

/// Rows for the drafts that had no turn: the one that the connection failed, the rest not sent.
fn finish(plan: &Plan, rows: &mut Vec<Row>, over: &Over) {
    let rest: Vec<Row> = drafts(plan)
        .skip(rows.len())
        .map(|(file, draft)| row(plan, file, draft, Duration::ZERO, Outcome::Skipped))
        .collect();
    for mut row in rest {
        if let Over::Gone(_, why) = over
            && !rows
                .iter()
                .any(|row| matches!(row.outcome, Outcome::Error(_)))
        {
            row.outcome = Outcome::Error(why.clone());
        }
        say(plan, &row);
        rows.push(row);
    }
}

/// Writes the reports; the exit code.
fn conclude(plan: &Plan, report: &Report, over: &Over) -> Exit {
    let exit = match over {
        Over::Interrupted => Exit::Interrupted,
        Over::Gone(exit, _) => *exit,
        Over::Refused(_) => Exit::Usage,
        Over::Done if report.has_failed() => Exit::Unmet,
        Over::Done => Exit::Done,
    };
    match over {
        Over::Gone(_, why) | Over::Refused(why) => complain(why),
        Over::Done | Over::Interrupted => {}
    }
    complain(report.sentence());
    let mut failed = None;
    if plan.json {
        let text = print::json_line(&report.json(exit.code()).to_string());
        failed = Some(print::to_stdout(format!("{text}\n").as_bytes()));
    }
    if let Some(file) = &plan.junit
        && let Err(error) = std::fs::write(file, report.junit())
    {
        complain(format_args!(
            "--junit: cannot write {}: {error}",
            file.display()
        ));
        failed = Some(Exit::Usage);
    }
    match (exit, failed) {
        (Exit::Done, Some(failed)) => failed,
        _ => exit,
    }
}

fn drafts(plan: &Plan) -> impl Iterator<Item = (String, &Draft)> {
    plan.sheets.iter().flat_map(|sheet| {
        let file = sheet.file.display().to_string();
        sheet.drafts.iter().map(move |draft| (file.clone(), draft))
    })
}

fn row(plan: &Plan, file: String, draft: &Draft, time: Duration, outcome: Outcome) -> Row {
    Row {
        file,
        name: draft.name.clone(),
        nsp: draft.nsp.clone().unwrap_or_else(|| first(plan).to_owned()),
        event: draft.event.clone(),
        time,
        outcome,
    }
}

/// Prints a line as soon as it is known.
fn say(plan: &Plan, row: &Row) {
    if !plan.json {
        let line = row.line(plan.sheets.len() > 1);
        // Whoever closed the pipe has seen enough; the run and its exit code go on.
        let _ = print::to_stdout(format!("{line}\n").as_bytes());
    }
}

fn first(plan: &Plan) -> &str {
    let first = plan.options.namespaces.first();
    first.map_or("/", |first| name_of(&first.nsp))
}

/// The URL without what may be a secret.
fn shown_url(plan: &Plan) -> String {
    let mut url = plan.options.url.clone();
    url.set_query(None);
    print::url(&url)
}

struct Player<'a> {
    scope: &'a Scope,
    plan: &'a Plan,
    journal: Journal,
    decoder: Decoder,
    status: Status,
    next: u64,
    variables: Variables,
    rows: Vec<Row>,
}

impl<'a> Player<'a> {
    fn new(scope: &'a Scope, plan: &'a Plan) -> Player<'a> {
        let journal = scope.journal().clone();
        let asked = plan.options.namespaces.iter().map(|one| one.nsp.as_str());
        Player {
            scope,
            plan,
            decoder: Decoder::new(journal.header().parser.as_deref()),
            journal,
            status: Status::new(asked),
            next: 1,
            variables: plan.variables.clone(),
            rows: Vec::new(),
        }
    }

    /// Connects, and plays every draft.
    async fn all(&mut self) -> Over {
        if let Err(over) = self.connected().await {
            return over;
        }
        let plan = self.plan;
        for (file, draft) in drafts(plan) {
            let begun = Instant::now();
            let (time, result) = match self.one(draft).await {
                Ok(turn) => turn,
                Err(over) => (begun.elapsed(), Err(over)),
            };
            let (outcome, over) = match result {
                Ok(outcome) => (outcome, None),
                Err(Over::Gone(exit, why)) => {
                    (Outcome::Error(why.clone()), Some(Over::Gone(exit, why)))
                }
                Err(over) => return over,
            };
            let row = row(plan, file, draft, time, outcome);
            say(plan, &row);
            let failed = row.outcome != Outcome::Passed;
            self.rows.push(row);
            match over {
                Some(over) => return over,
                None if failed && plan.bail => return Over::Done,
                None => {}
            }
        }
        Over::Done
    }

    /// Waits until every namespace that was asked for is joined.
    async fn connected(&mut self) -> Result<(), Over> {
        loop {
            let ended = self.scope.ended();
            self.read(None);
            if let Some((nsp, reason)) = self.status.refused().next() {
                let why = format!("namespace {nsp} refused: {reason}");
                return Err(Over::Gone(Exit::NotConnected, self.masked(&why)));
            }
            if self.status.ever_joined && self.status.settled() {
                return Ok(());
            }
            if ended || self.status.gave_up.is_some() {
                return Err(self.gone());
            }
            self.wait(None).await;
        }
    }

    /// Sends a draft and waits for what it expects: how long that took, and how it ended.
    async fn one(&mut self, draft: &Draft) -> Result<(Duration, Result<Outcome, Over>), Over> {
        let filled = match draft.fill(&self.variables) {
            Ok(filled) => filled,
            Err(error) => {
                let why = format!("not sent: {error}, because an earlier draft did not bring it");
                let outcome = Outcome::Failed(self.masked(&why));
                return Ok((Duration::ZERO, Ok(outcome)));
            }
        };
        if let Err(error) = check_binary(&filled.array) {
            let outcome = Outcome::Failed(self.masked(&format!("not sent: {error}")));
            return Ok((Duration::ZERO, Ok(outcome)));
        }
        let nsp = filled.nsp.unwrap_or_else(|| first(self.plan).to_owned());
        if !self.status.knows(&nsp) {
            self.status.joins(&nsp);
            self.command(Command::Join {
                nsp: nsp.clone(),
                auth: None,
            })?;
        }
        let patience = draft.timeout_ms.or(draft.within_ms);
        let patience = patience.map_or(self.plan.patience, Duration::from_millis);
        let within = draft.within_ms.map_or(patience, Duration::from_millis);
        let emit = Command::Emit(Emit {
            nsp: nsp.clone(),
            args: filled.array,
            ack: draft.ack,
            timeout_ms: (draft.ack)
                .then(|| u64::try_from(patience.as_millis()).unwrap_or(u64::MAX)),
            volatile: false,
        });
        match self.scope.command(emit) {
            Ok(()) => {}
            // What the driver can't say is this draft's own trouble.
            Err(Refused::Driver(why)) => {
                let outcome = Outcome::Failed(self.masked(&format!("not sent: {why}")));
                return Ok((Duration::ZERO, Ok(outcome)));
            }
            Err(refused) => return Err(Over::Refused(self.masked(&refused.to_string()))),
        }
        let mut turn = Turn {
            nsp: name_of(&nsp).to_owned(),
            event: filled.event,
            trial: Trial::new(filled.groups, draft.ack),
            patience,
            given: Instant::now(),
            sent: None,
            id: None,
            posting: None,
            without: None,
        };
        let result = self.watch(&mut turn, within).await;
        let time = turn.sent.unwrap_or(turn.given).elapsed();
        // Secrets first: what did not fit may show them.
        for (name, value) in turn.trial.seen() {
            if draft.hides(name) || self.variables.is_secret(name) {
                self.variables.hide(value);
            }
        }
        for (name, value) in turn.trial.captured() {
            self.variables.set(name, value.clone(), draft.hides(name));
        }
        let result = match result {
            Ok(None) => Ok(Outcome::Passed),
            Ok(Some(why)) => Ok(Outcome::Failed(why.say(&turn, &self.variables))),
            Err(over) => Err(over),
        };
        Ok((time, result))
    }

    /// Follows the journal until the draft is decided: `None` where all came as expected.
    async fn watch(&mut self, turn: &mut Turn, within: Duration) -> Result<Option<Why>, Over> {
        let mut lost: Option<Instant> = None;
        loop {
            let ended = self.scope.ended();
            self.read(Some(turn));
            if turn.trial.failed().is_some() {
                return Ok(Some(Why::Unfit));
            }
            if turn.sent.is_some() && turn.posting.is_none() && turn.trial.is_met() {
                return Ok(None);
            }
            match turn.without {
                Some(AckState::Timeout) => return Ok(Some(Why::Late(turn.patience))),
                Some(AckState::Lost) => {
                    let since = *lost.get_or_insert_with(Instant::now);
                    if !self.status.closed && since.elapsed() >= SETTLE {
                        return Ok(Some(Why::Lost));
                    }
                }
                _ => {}
            }
            let refused = self.status.refused().find(|(nsp, _)| *nsp == turn.nsp);
            if let Some((_, reason)) = refused {
                return Ok(Some(Why::Refused(reason.to_owned())));
            }
            if ended || self.status.gave_up.is_some() {
                return Err(self.gone());
            }
            let until = turn.sent.unwrap_or(turn.given).checked_add(within);
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(Some(Why::Late(within)));
            }
            let settled = lost.and_then(|since| since.checked_add(SETTLE));
            self.wait([until, settled].into_iter().flatten().min())
                .await;
        }
    }

    /// Reads what is new.
    fn read(&mut self, mut turn: Option<&mut Turn>) {
        let (status, decoder) = (&mut self.status, &mut self.decoder);
        let next = self.journal.scan(self.next, |record| {
            status.note(&record);
            let packets = decoder.decode(&record);
            if let Some(turn) = turn.as_deref_mut() {
                turn.take(&record, &packets);
            }
            ControlFlow::Continue(())
        });
        self.next = next.max(self.next);
    }

    async fn wait(&self, until: Option<Instant>) {
        // The client falls idle a moment after its last record, and nothing tells of it.
        let again = Instant::now()
            .checked_add(BUSY)
            .filter(|_| self.status.closed);
        let until = [until, again].into_iter().flatten().min();
        tokio::select! {
            () = self.journal.changed(self.next.saturating_sub(1)) => {}
            () = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until.into()).await,
                    None => std::future::pending().await,
                }
            } => {}
        }
    }

    fn command(&self, command: Command) -> Result<(), Over> {
        let refused = self.scope.command(command);
        refused.map_err(|refused| Over::Refused(self.masked(&refused.to_string())))
    }

    fn gone(&self) -> Over {
        let status = &self.status;
        let why = status.last_reason.as_deref().or(status.gave_up.as_deref());
        let why = why.unwrap_or("no reason known");
        let url = shown_url(self.plan);
        let (exit, why) = match status.ever_joined {
            true => (Exit::Lost, format!("disconnected from {url}: {why}")),
            false => (
                Exit::NotConnected,
                format!("could not connect to {url}: {why}"),
            ),
        };
        Over::Gone(exit, self.masked(&why))
    }

    fn masked(&self, text: &str) -> String {
        self.variables.masks().text(text)
    }
}

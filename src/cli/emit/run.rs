//! The run itself: what happened is read from the journal.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use super::Plan;
use crate::cli::stop::told;
use crate::cli::stream::session::{BUSY, LEAVE};
use crate::cli::stream::status::Status;
use crate::cli::{Exit, complain, print};
use crate::client::Command;
use crate::journal::Record;
use crate::journal::record::{AckState, Body, Direction};
use crate::model::decode::Kind;
use crate::model::{Decoder, Packet};
use crate::scope::Scope;

/// Runs to the end.
pub fn run(plan: Plan) -> Exit {
    told(async |stops| {
        let scope = match Scope::connect(plan.options.clone(), plan.record.clone()) {
            Ok(scope) => scope,
            Err(error) => {
                complain(error);
                return Exit::Usage;
            }
        };
        let exit = match scope.command(Command::Emit(plan.emit.clone())) {
            Ok(()) => {
                let watching = watch(&scope, &plan);
                tokio::select! {
                    exit = watching => exit,
                    _ = stops.next() => Exit::Interrupted,
                }
            }
            Err(refused) => {
                complain(refused);
                Exit::Usage
            }
        };
        tokio::select! {
            () = scope.shutdown() => {}
            () = tokio::time::sleep(LEAVE) => {}
            _ = stops.next() => {}
        }
        scope.notices().into_iter().for_each(complain);
        exit
    })
    .unwrap_or_else(|exit| exit)
}

/// Follows the journal until everything asked for has come, or can't come any more.
async fn watch(scope: &Scope, plan: &Plan) -> Exit {
    let journal = scope.journal().clone();
    let mut decoder = Decoder::new(journal.header().parser.as_deref());
    let mut status = Status::new([plan.emit.nsp.as_str()]);
    let mut progress = Progress::new(plan);
    let mut next = 1;
    loop {
        let ended = scope.ended();
        let mut answers = Vec::new();
        next = journal
            .scan(next, |record| {
                status.note(&record);
                let packets = decoder.decode(&record);
                answers.extend(progress.take(&record, &packets));
                ControlFlow::Continue(())
            })
            .max(next);
        for answer in answers {
            let printed = print::to_stdout(
                format!("{}\n", print::json_line(&masked(plan, answer))).as_bytes(),
            );
            if printed != Exit::Done {
                return printed;
            }
        }
        if let Some(exit) = progress.over(&status, plan) {
            return exit;
        }
        if ended || status.gave_up.is_some() {
            return gone(&status, plan);
        }
        // The client falls idle a moment after its last record, and nothing tells of it.
        let again = Instant::now().checked_add(BUSY).filter(|_| status.closed);
        let sleep = [progress.deadline(plan.timeout), again]
            .into_iter()
            .flatten()
            .min()
            .map(tokio::time::Instant::from_std);
        tokio::select! {
            () = journal.changed(next.saturating_sub(1)) => {}
            () = async {
                match sleep {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            } => {}
        }
    }
}

fn gone(status: &Status, plan: &Plan) -> Exit {
    let why = status
        .last_reason
        .as_deref()
        .or(status.gave_up.as_deref())
        .unwrap_or("no reason known");
    if status.ever_joined {
        say(
            plan,
            format_args!("disconnected from {}: {why}", print::url(&plan.options.url)),
        );
        Exit::Lost
    } else {
        say(
            plan,
            format_args!(
                "could not connect to {}: {why}",
                print::url(&plan.options.url)
            ),
        );
        Exit::NotConnected
    }
}

/// Says something without secrets.
fn say(plan: &Plan, what: std::fmt::Arguments<'_>) {
    complain(plan.masks.text(&what.to_string()));
}

/// What came, without secrets; untouched where there are none.
fn masked(plan: &Plan, json: String) -> String {
    match serde_json::from_str(&json) {
        Ok(value) if !plan.masks.is_empty() => plan.masks.json(&value).to_string(),
        _ => json,
    }
}

/// What has come of what was asked for.
struct Progress {
    nsp: String,
    event: String,
    /// An ack is asked for, and how that went: `None` not decided yet.
    ack: Option<Option<AckState>>,
    /// An event is awaited.
    wait: Option<String>,
    /// The emit was on the wire at this moment.
    sent: Option<Instant>,
    /// Its ack id.
    id: Option<u64>,
    /// The POST that carried it is not answered yet.
    posting: Option<u64>,
}

impl Progress {
    fn new(plan: &Plan) -> Progress {
        Progress {
            nsp: plan.emit.nsp.clone(),
            event: plan.event.clone(),
            ack: plan.emit.ack.then_some(None),
            wait: plan.wait.clone(),
            sent: None,
            id: None,
            posting: None,
        }
    }

    /// Takes a record in; returns the arrays to print.
    fn take(&mut self, record: &Record, packets: &[Packet]) -> Vec<String> {
        let mut print = Vec::new();
        for packet in packets {
            let Kind::Socket {
                nsp,
                id,
                data,
                event,
                name,
                ..
            } = &packet.kind
            else {
                continue;
            };
            if *nsp != self.nsp {
                continue;
            }
            match packet.dir {
                Direction::ToServer => {
                    if self.sent.is_none() && event.as_deref() == Some(self.event.as_str()) {
                        self.sent = Some(Instant::now());
                        self.id = *id;
                        if let Body::Request(request) = &record.body {
                            self.posting = Some(request.x);
                        }
                    }
                }
                Direction::ToClient => {
                    let is_ack = matches!(*name, "ack" | "binary_ack");
                    if is_ack && self.ack == Some(None) && id.is_some() && *id == self.id {
                        self.ack = Some(Some(AckState::Answered));
                        print.push(data.clone().unwrap_or_else(|| "[]".to_owned()));
                    }
                    if self.sent.is_some() && event.is_some() && *event == self.wait {
                        self.wait = None;
                        print.push(arguments(data.as_deref().unwrap_or("[]")));
                    }
                }
            }
        }
        match &record.body {
            Body::Response(response) if self.posting == Some(response.x) => self.posting = None,
            Body::Ack(ack)
                if ack.dir == Direction::ToServer
                    && ack.nsp == self.nsp
                    && matches!(ack.state, AckState::Timeout | AckState::Lost)
                    && self.ack == Some(None) =>
            {
                self.ack = Some(Some(ack.state));
            }
            _ => {}
        }
        print
    }

    fn deadline(&self, timeout: Duration) -> Option<Instant> {
        self.sent?.checked_add(timeout)
    }

    /// Whether the run is over, and how.
    fn over(&self, status: &Status, plan: &Plan) -> Option<Exit> {
        if let Some((nsp, reason)) = status.refused().next() {
            say(plan, format_args!("namespace {nsp} refused: {reason}"));
            return Some(Exit::NotConnected);
        }
        let ms = plan.timeout.as_millis();
        match self.ack {
            Some(Some(AckState::Lost)) => {
                say(
                    plan,
                    format_args!("the ack of {:?} was lost with the connection", self.event),
                );
                return Some(Exit::Unmet);
            }
            Some(Some(AckState::Timeout)) => {
                say(
                    plan,
                    format_args!("no ack of {:?} within {ms} ms", self.event),
                );
                return Some(Exit::Unmet);
            }
            _ => {}
        }
        let all = self.sent.is_some()
            && self.posting.is_none()
            && self.ack != Some(None)
            && self.wait.is_none();
        if all {
            return Some(Exit::Done);
        }
        if self
            .deadline(plan.timeout)
            .is_some_and(|until| Instant::now() >= until)
        {
            match &self.wait {
                Some(wait) => say(plan, format_args!("no event {wait:?} within {ms} ms")),
                None if self.posting.is_some() => {
                    say(
                        plan,
                        format_args!("the server did not take the POST within {ms} ms"),
                    );
                }
                None => say(
                    plan,
                    format_args!("no ack of {:?} within {ms} ms", self.event),
                ),
            }
            return Some(Exit::Unmet);
        }
        None
    }
}

/// An event's array without its name, as raw text.
fn arguments(array: &str) -> String {
    let values: Vec<&RawValue> = serde_json::from_str(array).unwrap_or_default();
    let args: Vec<&str> = values.iter().skip(1).map(|value| value.get()).collect();
    format!("[{}]", args.join(","))
}

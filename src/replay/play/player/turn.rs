//! What to do now: an answer that is due, the next step, or a wait.

use std::time::Duration;

use super::{Failure, Pace, Player, Turn, scaled};
use crate::client::Command;
use crate::client::command::Emit;
use crate::replay::path::Of;
use crate::replay::play::script::{Deed, Reply};
use crate::replay::play::values::Unready;

impl Player {
    /// What to do now.
    pub fn turn(&mut self, now: Duration) -> Turn {
        if let Some(failure) = self.refused() {
            return Turn::Failed(failure);
        }
        if let Some(turn) = self.answer(now) {
            return turn;
        }
        let answers = self.due.iter().map(|(at, ..)| *at).min();
        let Some(zero) = self.zero else {
            return Turn::Wait(answers);
        };
        let Some(step) = self.script.steps.get(self.next) else {
            return self.ending(now, zero, answers);
        };
        match self.is_due(now, zero) {
            Ok(true) => {}
            Ok(false) if self.settings.pace == Pace::Step => return Turn::Ask(self.next),
            Ok(false) => {
                let at = match self.settings.pace {
                    Pace::Timed(speed) => zero.saturating_add(scaled(step.at, speed)),
                    _ => self.since.saturating_add(self.settings.patience),
                };
                return Turn::Wait(earliest(Some(at), answers));
            }
            Err(failure) => return Turn::Failed(failure),
        }
        self.perform(now, zero, answers)
    }

    /// A refusal where the recording was let in: nothing that follows can be the same.
    fn refused(&self) -> Option<Failure> {
        self.beside().find_map(|(expected, came)| {
            match (&expected.reply, came.map(|came| &came.reply)) {
                (Reply::Joined { .. }, Some(Reply::Refused { nsp, data })) => {
                    Some(Failure::Refused {
                        nsp: nsp.clone(),
                        reason: data.clone(),
                    })
                }
                _ => None,
            }
        })
    }

    fn answer(&mut self, now: Duration) -> Option<Turn> {
        let place = self.due.iter().position(|(at, ..)| *at <= now)?;
        let (_, which, id) = *self.due.get(place)?;
        let answer = self.script.answers.get(which)?.clone();
        let Reply::Event(ask) = self.script.expected.get(answer.ask)?.reply.clone() else {
            return None;
        };
        let of = Of {
            nsp: &ask.nsp,
            event: &ask.event,
            reply: true,
        };
        let args = match self.values.fresh(of, &answer.args) {
            Ok(args) => args,
            Err(Unready::Missing(name)) => {
                return Some(Turn::Failed(Failure::NoValue {
                    name,
                    step: format!("the answer to {:?}", ask.event),
                    ms: 0,
                }));
            }
            Err(Unready::Unfit(why)) => return Some(Turn::Failed(Failure::Unfit(why))),
        };
        self.due.swap_remove(place);
        self.given.insert(which);
        self.since = now;
        Some(Turn::Do(Command::Answer {
            nsp: ask.nsp,
            id,
            args,
        }))
    }

    fn is_due(&self, now: Duration, zero: Duration) -> Result<bool, Failure> {
        let Some(step) = self.script.steps.get(self.next) else {
            return Ok(false);
        };
        match self.settings.pace {
            Pace::Timed(speed) => Ok(now >= zero.saturating_add(scaled(step.at, speed))),
            Pace::Step => Ok(self.let_go),
            Pace::Match => {
                let Some(after) = step.after else {
                    return Ok(true);
                };
                if self.has_come(after) {
                    return Ok(true);
                }
                if now < self.since.saturating_add(self.settings.patience) {
                    return Ok(false);
                }
                let expected = self.script.expected.get(after);
                Err(Failure::NotMet {
                    what: expected.map_or(String::new(), |one| one.reply.to_string()),
                    n: expected.map_or(0, |one| one.n),
                    step: step.deed.to_string(),
                    ms: self.settings.patience.as_millis(),
                })
            }
        }
    }

    fn perform(&mut self, now: Duration, zero: Duration, answers: Option<Duration>) -> Turn {
        let Some(step) = self.script.steps.get(self.next).cloned() else {
            return Turn::Wait(answers);
        };
        let command = match step.deed.clone() {
            Deed::Join { nsp, auth } => Command::Join { nsp, auth },
            Deed::Leave { nsp } => Command::Leave { nsp },
            Deed::Disconnect => Command::Disconnect,
            Deed::Connect => Command::Connect,
            Deed::Emit(event) => {
                let of = Of {
                    nsp: &event.nsp,
                    event: &event.event,
                    reply: false,
                };
                let args = match self.values.fresh(of, &event.args) {
                    Ok(args) => args,
                    Err(Unready::Unfit(why)) => return Turn::Failed(Failure::Unfit(why)),
                    Err(Unready::Missing(name)) => {
                        // Waited for since it was due.
                        let due = match self.settings.pace {
                            Pace::Timed(speed) => zero.saturating_add(scaled(step.at, speed)),
                            _ => self.since,
                        };
                        let until = due.max(self.since).saturating_add(self.settings.patience);
                        if now < until {
                            return Turn::Wait(earliest(Some(until), answers));
                        }
                        return Turn::Failed(Failure::NoValue {
                            name,
                            step: step.deed.to_string(),
                            ms: self.settings.patience.as_millis(),
                        });
                    }
                };
                self.outbox
                    .push_back((event.nsp.clone(), event.event.clone(), self.next));
                Command::Emit(Emit {
                    args: with_name(&event.event, &args),
                    ack: event.id.is_some(),
                    nsp: event.nsp,
                    timeout_ms: None,
                    volatile: false,
                })
            }
        };
        self.advance(now);
        Turn::Do(command)
    }

    /// All steps are done: stay as long as the recording did, and until the rest has come.
    fn ending(&self, now: Duration, zero: Duration, answers: Option<Duration>) -> Turn {
        let end = match self.settings.pace {
            Pace::Timed(speed) => zero.saturating_add(scaled(self.script.end, speed)),
            Pace::Match | Pace::Step => self.since,
        };
        if now < end {
            return Turn::Wait(earliest(Some(end), answers));
        }
        // Not yet on the wire, or not yet answered.
        let busy = !self.due.is_empty() || !self.outbox.is_empty() || self.left > 0;
        let until = end.max(self.since).saturating_add(self.settings.patience);
        if busy && now < until {
            return Turn::Wait(earliest(Some(until), answers));
        }
        Turn::Done
    }
}

/// An event's array.
fn with_name(event: &str, args: &str) -> String {
    let name = crate::protocol::json::quote(event);
    let rest = args
        .trim()
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or_default()
        .trim();
    if rest.is_empty() {
        format!("[{name}]")
    } else {
        format!("[{name},{rest}]")
    }
}

fn earliest(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    [one, other].into_iter().flatten().min()
}

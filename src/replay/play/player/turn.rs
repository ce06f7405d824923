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
        if let Some(until) = self.held(now, zero) {
            return Turn::Wait(earliest(Some(until), answers));
        }
        self.perform(now, zero, answers)
    }

    /// A refusal where the recording was let in, and which what follows can't do without.
    fn refused(&self) -> Option<Failure> {
        self.refused.iter().find_map(|(nsp, reason)| {
            let mut left = self.script.steps.iter().skip(self.next);
            let needs =
                left.find(|step| matches!(&step.deed, Deed::Emit(event) if event.nsp == *nsp));
            let needed = match needs {
                Some(step) => format!("{} needs it", step.deed),
                None if self.is_in_another() => return None,
                None => "there is no other".to_owned(),
            };
            Some(Failure::Refused {
                nsp: nsp.clone(),
                reason: reason.clone(),
                needed,
            })
        })
    }

    /// Whether the recorded client was let into a namespace that does not refuse.
    fn is_in_another(&self) -> bool {
        self.script.expected.iter().any(
            |expected| matches!(&expected.reply, Reply::Joined { nsp } if !self.is_refused(nsp)),
        )
    }

    /// Until when a leave waits for what came before it in the recording; `None` where nothing of
    /// that is open, or it has waited long enough.
    fn held(&self, now: Duration, zero: Duration) -> Option<Duration> {
        let step = self.script.steps.get(self.next)?;
        let left = match &step.deed {
            Deed::Leave { nsp } => Some(nsp),
            Deed::Disconnect => None,
            Deed::Join { .. } | Deed::Emit(_) | Deed::Connect => return None,
        };
        let due = match self.settings.pace {
            Pace::Timed(speed) => zero.saturating_add(scaled(step.at, speed)),
            Pace::Match => self.since,
            Pace::Step => return None,
        };
        let until = due.max(self.since).saturating_add(self.settings.patience);
        let here = |place: usize| {
            let nsp = self.script.expected.get(place).map(|one| one.reply.nsp());
            left.is_none_or(|left| nsp == Some(left))
        };
        let before = step.after.map_or(0, |after| after.saturating_add(1));
        let comes = (self.first_open..before).any(|place| self.is_awaited(place) && here(place));
        let answers = self.due.iter().any(|(_, which, _)| {
            let answer = self.script.answers.get(*which);
            answer.is_some_and(|answer| answer.n < step.n && here(answer.ask))
        });
        (now < until && (comes || answers)).then_some(until)
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
                // What comes on a namespace that refuses is not waited for.
                let refuses = |place: &usize| {
                    let expected = self.script.expected.get(*place);
                    expected.is_some_and(|one| self.is_refused(one.reply.nsp()))
                };
                let before = step.after.map_or(0, |after| after.saturating_add(1));
                let Some(after) = (0..before).rev().find(|place| !refuses(place)) else {
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
        if let (Pace::Timed(speed), Deed::Leave { .. } | Deed::Disconnect) =
            (self.settings.pace, &step.deed)
        {
            // What follows keeps its distance from a leave that had to wait.
            self.zero = Some(now.saturating_sub(scaled(step.at, speed)));
        }
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
        let comes = (self.first_open..self.script.expected.len()).any(|at| self.is_awaited(at));
        let busy = !self.due.is_empty() || !self.outbox.is_empty() || comes;
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

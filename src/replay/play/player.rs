//! The script against the live session: what to do when, and what came of it. **Pure**: facts,
//! keys and the time in, commands out.
//!
//! Times are counted from the start of the run. The script's own begin when the server has
//! answered the first join, as they do in the recording; from then on a step is due
//!
//! - [`Pace::Timed`]: at its recorded time, divided by the speed;
//! - [`Pace::Match`]: when what came last before it in the recording has come again;
//! - [`Pace::Step`]: when the person says so.
//!
//! In every pace an emit waits for the values that it needs, and an answer for its question. What
//! is waited for has [`Settings::patience`]; then the run fails with a word. After the last step
//! the rest of what was recorded is waited for, as long at most.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::fact::{Event, Fact, What, name_of};
use super::script::{Deed, Expected, Reply, Script};
use super::values::{Unready, Values};
use crate::client::Command;
use crate::client::command::Emit;
use crate::replay::path::Of;

/// When a step is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As recorded, so many times as fast (above 0).
    Timed(f64),
    /// After what preceded it.
    Match,
    /// When [`Player::next`] is called.
    Step,
}

/// How to play.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// When a step is due.
    pub pace: Pace,
    /// How long something may be waited for.
    pub patience: Duration,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// Hand this to the client, then ask again.
    Do(Command),
    /// Nothing before this time, or before something is heard.
    Wait(Option<Duration>),
    /// The person says when the step goes: its place in the script.
    Ask(usize),
    /// All was done.
    Done,
    /// It can't go on.
    Failed(Failure),
}

/// Why it can't go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// [`Pace::Match`]: what preceded a step did not come.
    #[error("waited {ms} ms for {what} (record {n}), which came before {step}, in vain")]
    NotMet {
        /// What was waited for.
        what: String,
        /// Its record.
        n: u64,
        /// The step that waited.
        step: String,
        /// How long.
        ms: u128,
    },
    /// A value that an emit needs did not come.
    #[error("waited {ms} ms for what --capture {name} takes, which {step} needs, in vain")]
    NoValue {
        /// Name of the capture.
        name: String,
        /// The step that needs it.
        step: String,
        /// How long.
        ms: u128,
    },
    /// A recorded payload that can't be changed.
    #[error("{0}")]
    Unfit(String),
    /// A namespace that let the client in now refuses.
    #[error("namespace {nsp} refuses: {reason} (in the recording it let the client in)")]
    Refused {
        /// Namespace.
        nsp: String,
        /// The server's data, raw JSON.
        reason: String,
    },
}

/// Something that came, live.
#[derive(Debug, Clone, PartialEq)]
pub struct Came {
    /// Its record in the live session.
    pub n: u64,
    /// What.
    pub reply: Reply,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Steps done (or skipped), and all.
    pub steps: (usize, usize),
    /// Answers given, and all.
    pub answers: (usize, usize),
    /// Recorded replies that came, and all.
    pub replies: (usize, usize),
    /// What came and was not recorded.
    pub extra: usize,
}

/// What the live side is matched by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// A join was answered, either way.
    Answered(String),
    Dropped(String),
    Event(String, String),
}

/// The machine.
#[derive(Debug)]
pub struct Player {
    script: Script,
    settings: Settings,
    values: Values,
    /// When the server had answered the first join.
    zero: Option<Duration>,
    next: usize,
    /// When the last step was done: what is waited for counts from here.
    since: Duration,
    /// The person let the next step go.
    let_go: bool,
    /// What came of each of [`Script::expected`].
    came: Vec<Option<Came>>,
    left: usize,
    /// The first of them that has not come.
    first_open: usize,
    /// Those that wait, by what they are matched by.
    waiting: BTreeMap<Key, VecDeque<usize>>,
    /// Which of [`Script::expected`] is the ack of a step.
    ack_of: BTreeMap<usize, usize>,
    extra: Vec<Came>,
    /// Emits that were handed over and are not on the wire yet.
    outbox: VecDeque<(String, String, usize)>,
    /// Steps whose ack is awaited, by namespace and live id.
    asked: BTreeMap<(String, u64), usize>,
    /// Answers by the question: place in [`Script::expected`] to place in [`Script::answers`].
    answer_of: BTreeMap<usize, usize>,
    /// Answers on their way: when, which, and the live id of the question.
    due: Vec<(Duration, usize, u64)>,
    /// Answers that were given.
    given: BTreeSet<usize>,
    skipped: Vec<usize>,
}

impl Player {
    /// A machine for a prepared script.
    pub fn new(script: Script, settings: Settings, values: Values) -> Player {
        let mut waiting: BTreeMap<Key, VecDeque<usize>> = BTreeMap::new();
        let mut ack_of = BTreeMap::new();
        for (at, expected) in script.expected.iter().enumerate() {
            let key = match &expected.reply {
                Reply::Joined { nsp } | Reply::Refused { nsp, .. } => Key::Answered(nsp.clone()),
                Reply::Dropped { nsp } => Key::Dropped(nsp.clone()),
                Reply::Event(event) => Key::Event(event.nsp.clone(), event.event.clone()),
                Reply::Ack { step, .. } => {
                    ack_of.insert(*step, at);
                    continue;
                }
            };
            waiting.entry(key).or_default().push_back(at);
        }
        let answer_of = script
            .answers
            .iter()
            .enumerate()
            .map(|(at, answer)| (answer.ask, at))
            .collect();
        Player {
            came: vec![None; script.expected.len()],
            left: script.expected.len(),
            first_open: 0,
            script,
            settings,
            values,
            zero: None,
            next: 0,
            since: Duration::ZERO,
            let_go: false,
            waiting,
            ack_of,
            extra: Vec::new(),
            outbox: VecDeque::new(),
            asked: BTreeMap::new(),
            answer_of,
            due: Vec::new(),
            given: BTreeSet::new(),
            skipped: Vec::new(),
        }
    }

    /// The script.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// What was recorded, each beside what came of it.
    pub fn beside(&self) -> impl Iterator<Item = (&Expected, Option<&Came>)> {
        self.script
            .expected
            .iter()
            .zip(self.came.iter().map(Option::as_ref))
    }

    /// What came of what was recorded at this place of [`Script::expected`].
    pub fn came(&self, place: usize) -> Option<&Came> {
        self.came.get(place).and_then(Option::as_ref)
    }

    /// The first of what was recorded that has not come.
    pub fn first_open(&self) -> Option<&Expected> {
        self.script.expected.get(self.first_open)
    }

    /// Whether what was recorded at this place of [`Script::expected`] has come.
    pub fn has_come(&self, place: usize) -> bool {
        self.came.get(place).is_some_and(Option::is_some)
    }

    /// Whether the answer at this place of [`Script::answers`] was given.
    pub fn has_answered(&self, place: usize) -> bool {
        self.given.contains(&place)
    }

    /// What came and was not recorded.
    pub fn extra(&self) -> &[Came] {
        &self.extra
    }

    /// The fresh values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        Progress {
            steps: (self.next, self.script.steps.len()),
            answers: (self.given.len(), self.script.answers.len()),
            replies: (
                self.script.expected.len().saturating_sub(self.left),
                self.script.expected.len(),
            ),
            extra: self.extra.len(),
        }
    }

    /// Steps that were left out by the person.
    pub fn skipped(&self) -> &[usize] {
        &self.skipped
    }

    /// Whether some namespace was joined (or refused) at all.
    pub fn has_begun(&self) -> bool {
        self.zero.is_some()
    }

    /// Whether the next step makes a connection that is not there.
    pub fn revives(&self) -> bool {
        self.script
            .steps
            .get(self.next)
            .is_some_and(|step| matches!(step.deed, Deed::Connect | Deed::Join { .. }))
    }

    /// Nothing is left to do or to answer: what is missing is only waited for.
    pub fn all_done(&self) -> bool {
        self.next >= self.script.steps.len() && self.due.is_empty()
    }

    /// Lets the next step go ([`Pace::Step`]).
    pub fn next(&mut self) {
        self.let_go = true;
    }

    /// Leaves the next step out.
    pub fn skip(&mut self, now: Duration) {
        if self.next < self.script.steps.len() {
            self.skipped.push(self.next);
            self.advance(now);
        }
    }

    /// Goes on at another pace.
    pub fn set_pace(&mut self, now: Duration, pace: Pace) {
        // Time stood still while somebody looked: the next step is due now.
        if let (Pace::Timed(speed), Some(step)) = (pace, self.script.steps.get(self.next)) {
            self.zero = Some(now.saturating_sub(scaled(step.at, speed)));
        }
        self.settings.pace = pace;
        self.since = now;
    }

    /// Takes in what the live session says.
    pub fn hear(&mut self, now: Duration, fact: &Fact) {
        let came = |reply| Came { n: fact.n, reply };
        match &fact.what {
            What::Joined { nsp } => {
                self.begin(now);
                let came = came(Reply::Joined { nsp: nsp.clone() });
                // A client that had to reconnect joins again: nothing to wonder about.
                self.meet(&Key::Answered(nsp.clone()), came);
            }
            What::Refused { nsp, data } => {
                self.begin(now);
                let (nsp, data) = (nsp.clone(), data.clone());
                let key = Key::Answered(nsp.clone());
                self.meet_or_extra(&key, came(Reply::Refused { nsp, data }));
            }
            What::Dropped { nsp } => {
                let came = came(Reply::Dropped { nsp: nsp.clone() });
                self.meet_or_extra(&Key::Dropped(nsp.clone()), came);
            }
            What::Event(event) => self.hear_event(now, fact.n, event),
            What::Emit(event) => self.hear_emit(event),
            What::Ack { nsp, id, args } => self.hear_ack(fact.n, nsp, *id, args),
            What::Join { .. }
            | What::Leave { .. }
            | What::Answer { .. }
            | What::Closed { .. }
            | What::Unreadable => {}
        }
    }

    fn begin(&mut self, now: Duration) {
        if self.zero.is_none() {
            self.zero = Some(now);
            self.since = now;
        }
    }

    /// Notes that the oldest of those that wait for this has come; its place, where one waits.
    fn meet(&mut self, key: &Key, came: Came) -> Option<usize> {
        let place = self.waiting.get_mut(key)?.pop_front()?;
        self.met(place, came);
        Some(place)
    }

    fn meet_or_extra(&mut self, key: &Key, came: Came) {
        if self
            .waiting
            .get(key)
            .is_some_and(|waiting| !waiting.is_empty())
        {
            self.meet(key, came);
        } else {
            self.extra.push(came);
        }
    }

    fn met(&mut self, place: usize, came: Came) {
        if let Some(slot) = self.came.get_mut(place)
            && slot.is_none()
        {
            *slot = Some(came);
            self.left = self.left.saturating_sub(1);
            while self.has_come(self.first_open) {
                self.first_open = self.first_open.saturating_add(1);
            }
        }
    }

    fn recorded_args(&self, place: usize) -> Option<String> {
        match &self.script.expected.get(place)?.reply {
            Reply::Event(Event { args, .. }) | Reply::Ack { args, .. } => Some(args.clone()),
            _ => None,
        }
    }

    fn hear_event(&mut self, now: Duration, n: u64, event: &Event) {
        let key = Key::Event(event.nsp.clone(), event.event.clone());
        let came = Came {
            n,
            reply: Reply::Event(event.clone()),
        };
        let place = self.waiting.get_mut(&key).and_then(VecDeque::pop_front);
        let recorded = place.and_then(|place| self.recorded_args(place));
        let of = Of {
            nsp: &event.nsp,
            event: &event.event,
            reply: false,
        };
        self.values.hear(of, &event.args, recorded.as_deref());
        let Some(place) = place else {
            self.extra.push(came);
            return;
        };
        self.met(place, came);
        let answer = self.answer_of.get(&place).copied();
        if let (Some(answer), Some(id)) = (answer, event.id) {
            let delay = self.script.answers.get(answer).map(|one| one.delay);
            let delay = match self.settings.pace {
                Pace::Timed(speed) => scaled(delay.unwrap_or_default(), speed),
                Pace::Match | Pace::Step => Duration::ZERO,
            };
            self.due.push((now.saturating_add(delay), answer, id));
        }
    }

    /// An emit is on the wire: its ack id tells which step the ack belongs to.
    fn hear_emit(&mut self, event: &Event) {
        let place = self
            .outbox
            .iter()
            .position(|(nsp, name, _)| *nsp == event.nsp && *name == event.event);
        let Some((_, _, step)) = place.and_then(|place| self.outbox.remove(place)) else {
            return;
        };
        if let Some(id) = event.id {
            self.asked.insert((event.nsp.clone(), id), step);
        }
    }

    fn hear_ack(&mut self, n: u64, nsp: &str, id: u64, args: &str) {
        let Some(step) = self.asked.remove(&(nsp.to_owned(), id)) else {
            return;
        };
        let Some(Deed::Emit(event)) = self.script.steps.get(step).map(|step| step.deed.clone())
        else {
            return;
        };
        let place = self.ack_of.get(&step).copied();
        let recorded = place.and_then(|place| self.recorded_args(place));
        let of = Of {
            nsp,
            event: &event.event,
            reply: true,
        };
        self.values.hear(of, args, recorded.as_deref());
        let came = Came {
            n,
            reply: Reply::Ack {
                nsp: nsp.to_owned(),
                event: event.event,
                step,
                args: args.to_owned(),
            },
        };
        match place {
            Some(place) => self.met(place, came),
            None => self.extra.push(came),
        }
    }

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

    fn advance(&mut self, now: Duration) {
        self.next = self.next.saturating_add(1);
        self.since = now;
        self.let_go = false;
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

impl std::fmt::Display for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Deed::Join { nsp, .. } => write!(f, "join {}", name_of(nsp)),
            Deed::Leave { nsp } => write!(f, "leave {nsp}"),
            Deed::Disconnect => f.write_str("disconnect"),
            Deed::Connect => f.write_str("connect"),
            Deed::Emit(event) => write!(f, "emit {:?} on {}", event.event, event.nsp),
        }
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

fn scaled(time: Duration, speed: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() / speed).unwrap_or(Duration::MAX)
}

fn earliest(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    [one, other].into_iter().flatten().min()
}

#[cfg(test)]
mod tests;

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
//! the rest of what was recorded is waited for, as long at most; so it is before a leave or a
//! disconnect, unless a person says when that goes: it would cut off what is still on its way.
//!
//! A namespace that let the client in and now refuses ends the run where a step needs it (or where
//! there is no other); else the rest is played, and nothing is waited for on that namespace.
//!
//! Here are the machine and what a face asks of it; `hear.rs` takes in what comes, `turn.rs` says
//! what to do.

mod hear;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::script::{Deed, Expected, Reply, Script};
use super::values::Values;
use crate::client::Command;

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
    #[error(
        "namespace {nsp} refuses: {reason} (in the recording it let the client in), and {needed}: \
         the replay stops here. --allow-target sends the recorded auth to another server than the \
         recorded one, --auth or -n {nsp}=AUTH gives another, -n NSP plays other namespaces alone"
    )]
    Refused {
        /// Namespace.
        nsp: String,
        /// The server's data, raw JSON.
        reason: String,
        /// Why it can't go on without.
        needed: String,
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
    /// Steps that were left out by the person: they count among those that are done.
    pub skipped: usize,
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
    /// Namespaces that let the recorded client in and now refuse, with the server's data.
    refused: Vec<(String, String)>,
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
            refused: Vec::new(),
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
            skipped: self.skipped.len(),
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

    /// Namespaces that let the recorded client in and now refuse, with the server's data (raw
    /// JSON).
    pub fn refusals(&self) -> &[(String, String)] {
        &self.refused
    }

    fn is_refused(&self, nsp: &str) -> bool {
        self.refused.iter().any(|(on, _)| on == nsp)
    }

    /// Whether what was recorded at this place of [`Script::expected`] has not come, and can.
    fn is_awaited(&self, place: usize) -> bool {
        let expected = self.script.expected.get(place);
        !self.has_come(place)
            && expected.is_some_and(|expected| !self.is_refused(expected.reply.nsp()))
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

    fn advance(&mut self, now: Duration) {
        self.next = self.next.saturating_add(1);
        self.since = now;
        self.let_go = false;
    }
}

fn scaled(time: Duration, speed: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() / speed).unwrap_or(Duration::MAX)
}

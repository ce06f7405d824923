//! What was said, lined up: each direction of each namespace, and replies with their questions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::changes::changes;
use super::clients::Client;
use super::line::{Line, What};
use super::lineup::{Step, line_up};
use super::reader::Side;
use super::words::{self, Label, Voice};
use super::{Aspect, Work, links};
use crate::journal::record::Direction;

/// A reply is much slower when it took this many times as long,
const MUCH: f64 = 5.0;
/// and this much longer, in milliseconds.
const LONGER_MS: f64 = 1_000.0;

/// One direction of one namespace; without one, what could not be decoded.
type Lane = (Option<Arc<str>>, Option<Direction>);

/// Compares what was said.
pub(super) fn compare(work: &mut Work<'_>, a: &Client, b: &Client) {
    let said_a = Said::of(work.a, a, &work.lines_of(true, a));
    let said_b = Said::of(work.b, b, &work.lines_of(false, b));
    let mut lanes: Vec<&Lane> = said_a.lanes.keys().collect();
    lanes.extend(
        said_b
            .lanes
            .keys()
            .filter(|lane| !said_a.lanes.contains_key(*lane)),
    );
    for lane in lanes {
        let none = Vec::new();
        let of_a = said_a.lanes.get(lane).unwrap_or(&none);
        let of_b = said_b.lanes.get(lane).unwrap_or(&none);
        LaneWork {
            voice: Voice::of(work.rules),
            labels: [words::labels(work.a, of_a), words::labels(work.b, of_b)],
            said: [&said_a, &said_b],
            shared: !of_a.is_empty() && !of_b.is_empty(),
            rejoins: said_a.connections != said_b.connections
                && !of_a.is_empty()
                && !of_b.is_empty(),
            work,
        }
        .compare(of_a, of_b);
    }
}

/// Rows of what only one side has to say, where it makes no sense to compare.
pub(super) fn unheard(work: &mut Work<'_>, a: &Client, b: &Client) {
    for (client, first) in [(a, true), (b, false)] {
        let side = if first { work.a } else { work.b };
        for place in work.lines_of(first, client) {
            let fact = side
                .lines
                .get(place)
                .is_none_or(|line| links::is_fact(line.what));
            match (fact, first) {
                (true, _) => {}
                (false, true) => work.pair(Some(place), None, true),
                (false, false) => work.pair(None, Some(place), true),
            }
        }
    }
}

/// What a client said and heard.
struct Said {
    lanes: BTreeMap<Lane, Vec<usize>>,
    /// Replies by their questions.
    replies: HashMap<usize, usize>,
    /// How many of its connections opened.
    connections: usize,
    /// When its first connection began and its last one was over.
    life: (u64, u64),
}

impl Said {
    fn of(side: &Side, client: &Client, lines: &[usize]) -> Said {
        let mut said = Said {
            lanes: BTreeMap::new(),
            replies: HashMap::new(),
            connections: 0,
            life: (u64::MAX, 0),
        };
        for link in client.iter().filter_map(|c| side.links.get(c)) {
            said.connections += usize::from(link.handshake.is_some());
            said.life.0 = said.life.0.min(link.first);
            said.life.1 = said.life.1.max(link.last);
        }
        for place in lines.iter().copied() {
            match side.lines.get(place) {
                None => {}
                Some(line) if links::is_fact(line.what) => {}
                Some(Line {
                    question: Some(question),
                    ..
                }) => {
                    said.replies.insert(*question, place);
                }
                Some(line) => {
                    let lane = (line.nsp.clone(), line.dir);
                    said.lanes.entry(lane).or_default().push(place);
                }
            }
        }
        said
    }

    /// Whether the client had gone by the time at which the other heard a line.
    fn had_gone(&self, line: &Line, other: &Said) -> bool {
        let since = line.t.saturating_sub(other.life.0);
        since > self.life.1.saturating_sub(self.life.0)
    }
}

struct LaneWork<'w, 's, 'l> {
    work: &'w mut Work<'s>,
    voice: Voice,
    said: [&'l Said; 2],
    labels: [HashMap<usize, Label>; 2],
    /// Whether both sides have something to say in the lane.
    shared: bool,
    /// Whether one side has more connections, so that it joins more often.
    rejoins: bool,
}

impl LaneWork<'_, '_, '_> {
    fn compare(mut self, of_a: &[usize], of_b: &[usize]) {
        let keys = |lane: &[usize], keys: &[u32]| -> Vec<u32> {
            (lane.iter())
                .map(|place| keys.get(*place).copied().unwrap_or(u32::MAX))
                .collect()
        };
        let [keys_a, keys_b] = &self.work.keys;
        let keys = [keys(of_a, keys_a), keys(of_b, keys_b)];
        let mut known = HashMap::new();
        let shapes = [
            shapes(self.work.a, of_a, &mut known),
            shapes(self.work.b, of_b, &mut known),
        ];
        let lineup = line_up([&keys[0], &keys[1]], [&shapes[0], &shapes[1]]);
        let steps: Vec<Step> = (lineup.steps.iter())
            .map(|(a, b)| {
                let a = a.and_then(|place| of_a.get(place).copied());
                let b = b.and_then(|place| of_b.get(place).copied());
                (a, b)
            })
            .collect();
        let last_common = steps.iter().rposition(|(a, b)| a.is_some() && b.is_some());
        let mut moved = lineup.moved.into_iter().peekable();
        for (place, step) in steps.iter().enumerate() {
            let is_moved = moved.next_if_eq(&place).is_some();
            match *step {
                (Some(a), Some(b)) => self.both(a, b, is_moved.then_some([of_a, of_b])),
                (Some(a), None) => self.alone(a, true, last_common < Some(place)),
                (None, Some(b)) => self.alone(b, false, last_common < Some(place)),
                (None, None) => {}
            }
        }
    }

    fn label(&self, a: Option<usize>, b: Option<usize>) -> Label {
        let [of_a, of_b] = &self.labels;
        let found = (a.and_then(|a| of_a.get(&a))).or_else(|| b.and_then(|b| of_b.get(&b)));
        found.cloned().unwrap_or_default()
    }

    /// Lines that belong together; `moved` gives the lanes where they stand at other places.
    fn both(&mut self, a: usize, b: usize, moved: Option<[&[usize]; 2]>) {
        let same = self.work.same(a, b);
        self.work.pair(Some(a), Some(b), moved.is_some() || !same);
        if let Some([of_a, of_b]) = moved {
            let before = |lane: &[usize], place: usize| {
                let at = lane
                    .partition_point(|other| *other < place)
                    .checked_sub(1)?;
                lane.get(at).copied()
            };
            let neighbours = [
                before(of_a, a).map(|place| self.label(Some(place), None)),
                before(of_b, b).map(|place| self.label(None, Some(place))),
            ];
            let why = words::moved(&self.voice, &self.label(Some(a), None), neighbours);
            self.work.tell(Aspect::Order, Some(a), Some(b), why);
        }
        if !same {
            self.changed(a, b, self.label(Some(a), Some(b)));
        }
        self.replies(a, b);
    }

    fn changed(&mut self, a: usize, b: usize, label: Label) {
        let (Some(of_a), Some(of_b)) = (self.work.line_a(a), self.work.line_b(b)) else {
            return;
        };
        if of_a.what != of_b.what {
            let lines = [of_a, of_b];
            let why = words::let_in_or_not(&self.voice, lines);
            self.work.tell(Aspect::Refused, Some(a), Some(b), why);
            return;
        }
        let aspect = match of_a.what {
            What::Refusal => Aspect::Refused,
            _ if of_a.is_sent() => Aspect::Sent,
            What::Reply => Aspect::Reply,
            _ => Aspect::Event,
        };
        let (found, count) = changes(&of_a.value(), &of_b.value(), 3);
        let mask = found.first().and_then(|change| words::mask(of_a, change));
        let why = words::changed(&self.voice, [of_a, of_b], &label, &found, count);
        self.work.tell_masked(aspect, Some(a), Some(b), why, mask);
    }

    fn replies(&mut self, a: usize, b: usize) {
        let reply = |side: usize, place: usize| self.said.get(side)?.replies.get(&place).copied();
        let label = self.label(Some(a), Some(b));
        match (reply(0, a), reply(1, b)) {
            (None, None) => {}
            (Some(a), Some(b)) => {
                let same = self.work.same(a, b);
                self.work.pair(Some(a), Some(b), !same);
                if !same {
                    self.changed(a, b, label);
                    return;
                }
                let late = |line: Option<&Line>| line.is_some_and(|line| line.late);
                let (late_a, late_b) = (late(self.work.line_a(a)), late(self.work.line_b(b)));
                let ms = |line: Option<&Line>| line.and_then(|line| line.ms).unwrap_or_default();
                let (of_a, of_b) = (ms(self.work.line_a(a)), ms(self.work.line_b(b)));
                let (least, most) = (of_a.min(of_b), of_a.max(of_b));
                if late_a != late_b {
                    let why = words::late(&self.voice, &label, late_a, [of_a, of_b]);
                    self.work.tell(Aspect::Timing, Some(a), Some(b), why);
                } else if most - least >= LONGER_MS && most >= least * MUCH {
                    let why = words::slow(&self.voice, &label, [of_a, of_b]);
                    self.work.tell(Aspect::Timing, Some(a), Some(b), why);
                }
            }
            (of_a, of_b) => {
                self.work.pair(of_a, of_b, true);
                let answered = (of_a.and_then(|place| self.work.line_a(place)))
                    .or_else(|| of_b.and_then(|place| self.work.line_b(place)));
                let ms = answered.and_then(|line| line.ms);
                let by_us = answered.is_some_and(Line::is_sent);
                let why = words::unanswered(&self.voice, &label, of_a.is_some(), ms);
                let aspect = if by_us { Aspect::Sent } else { Aspect::Missing };
                // The question stands for the reply that did not come.
                let (a, b) = (of_a.or(Some(a)), of_b.or(Some(b)));
                self.work.tell(aspect, a, b, why);
            }
        }
    }

    /// A line that only one side has. `tail`: nothing that both have follows it.
    fn alone(&mut self, place: usize, first: bool, tail: bool) {
        let line = match first {
            true => self.work.line_a(place),
            false => self.work.line_b(place),
        };
        let Some(line) = line else {
            return;
        };
        let (a, b) = if first {
            (Some(place), None)
        } else {
            (None, Some(place))
        };
        self.work.pair(a, b, true);
        let [said_a, said_b] = self.said;
        let (mine, theirs) = if first {
            (said_a, said_b)
        } else {
            (said_b, said_a)
        };
        if let Some(reply) = mine.replies.get(&place).copied() {
            match first {
                true => self.work.pair(Some(reply), None, true),
                false => self.work.pair(None, Some(reply), true),
            }
        }
        let gone = tail && theirs.had_gone(line, mine);
        // A further join follows from a connection more, which is told.
        if matches!(line.what, What::Join | What::Welcome) && self.rejoins {
            return;
        }
        let aspect = match line.what {
            _ if gone => Aspect::Timing,
            What::Join => Aspect::Sent,
            What::Welcome | What::Refusal => Aspect::Refused,
            What::Disconnect if line.is_sent() => Aspect::Transport,
            What::Disconnect => Aspect::Ended,
            _ if line.is_sent() => Aspect::Sent,
            _ => Aspect::Missing,
        };
        // Who is out already has no goodbye to say.
        if line.what == What::Disconnect && line.is_sent() && gone {
            return;
        }
        let voice = &self.voice;
        let why = words::alone(voice, first, line, &self.label(a, b), [gone, self.shared]);
        self.work.tell(aspect, a, b, why);
    }
}

/// Numbers for what a line is, whatever it says: what may have become what.
fn shapes<'s>(
    side: &'s Side,
    lane: &[usize],
    known: &mut HashMap<(What, &'s str), u32>,
) -> Vec<u32> {
    (lane.iter().filter_map(|place| side.lines.get(*place)))
        .map(|line| {
            let what = match line.what {
                What::Refusal => What::Welcome, // both answer a CONNECT
                other => other,
            };
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry((what, &*line.name)).or_insert(next)
        })
        .collect()
}

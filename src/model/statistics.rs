//! Events by name: how many, how large, how fast answered.
//!
//! **Floor 1**, pure. Memory is bounded: names beyond a number are counted together, and of the
//! latencies of an event the newest are kept.

use std::collections::{BTreeMap, VecDeque};

use crate::journal::record::Direction;

/// Events that are counted by name; a hostile peer could send a new one each time.
const EVENTS: usize = 10_000;
/// Latencies that are kept of each event.
pub const LATENCIES: usize = 1_000;

/// What is known of one event.
#[derive(Debug, Clone, Default)]
pub struct Event {
    /// How often it was seen.
    pub count: u64,
    /// Bytes of its packets, attachments included.
    pub bytes: u64,
    /// Session time of the first one, in microseconds.
    pub first: u64,
    /// Session time of the newest one, in microseconds.
    pub last: u64,
    /// Record of the newest one.
    pub n: u64,
    /// Milliseconds until its acks came, the newest [`LATENCIES`] of them, oldest first.
    pub latencies: VecDeque<f64>,
    /// Acks of it that were answered.
    pub answered: u64,
}

impl Event {
    /// Events a second between the first and the newest one; `None` for fewer than two.
    pub fn rate(&self) -> Option<f64> {
        let span = self.last.saturating_sub(self.first) as f64 / 1e6;
        (self.count > 1 && span > 0.0).then(|| (self.count - 1) as f64 / span)
    }

    /// The latency (ms) under which this share (0 to 1) of the kept latencies lies: the smallest
    /// one that at least that many do not exceed (nearest rank).
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let mut sorted: Vec<f64> = self.latencies.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let rank = (share.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.max(1) - 1).copied()
    }
}

/// An event's name, and where it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// Namespace.
    pub nsp: &'a str,
    /// Event name.
    pub event: &'a str,
    /// Which way it went.
    pub dir: Direction,
}

/// The same name each way.
#[derive(Debug, Clone, Default)]
struct Ways {
    to_server: Option<Event>,
    to_client: Option<Event>,
}

impl Ways {
    fn way(&mut self, dir: Direction) -> &mut Option<Event> {
        match dir {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

/// All events of a session.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    /// By namespace, then by name: looked up without making a key.
    events: BTreeMap<String, BTreeMap<String, Ways>>,
    names: usize,
    /// Events of names that came when enough names were counted already.
    pub others: u64,
}

impl Statistics {
    /// The events, by namespace and name.
    pub fn events(&self) -> impl Iterator<Item = (Name<'_>, &Event)> {
        self.events.iter().flat_map(|(nsp, events)| {
            events.iter().flat_map(move |(event, ways)| {
                let ways = [
                    (Direction::ToServer, &ways.to_server),
                    (Direction::ToClient, &ways.to_client),
                ];
                ways.into_iter()
                    .filter_map(move |(dir, one)| Some((Name { nsp, event, dir }, one.as_ref()?)))
            })
        })
    }

    fn known(&mut self, name: Name<'_>) -> Option<&mut Ways> {
        self.events.get_mut(name.nsp)?.get_mut(name.event)
    }

    /// An event of `size` bytes was seen in record `n` at session time `t`.
    pub(super) fn seen(&mut self, name: Name<'_>, size: u64, n: u64, t: u64) {
        if self.known(name).is_none() {
            if self.names >= EVENTS {
                self.others += 1;
                return;
            }
            self.names += 1;
            let of_namespace = self.events.entry(name.nsp.to_owned()).or_default();
            of_namespace.insert(name.event.to_owned(), Ways::default());
        }
        let Some(ways) = self.known(name) else { return };
        let known = ways.way(name.dir).get_or_insert_with(|| Event {
            first: t,
            ..Event::default()
        });
        known.count += 1;
        known.bytes = known.bytes.saturating_add(size);
        known.last = known.last.max(t);
        known.n = n;
    }

    /// An ack of an event that went this way came after `ms`.
    pub(super) fn answered(&mut self, name: Name<'_>, ms: f64) {
        let Some(known) = self.known(name).and_then(|it| it.way(name.dir).as_mut()) else {
            return;
        };
        known.answered += 1;
        if known.latencies.len() >= LATENCIES {
            known.latencies.pop_front();
        }
        known.latencies.push_back(ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(event: &str) -> Name<'_> {
        Name {
            nsp: "/",
            event,
            dir: Direction::ToServer,
        }
    }

    fn filled(latencies: &[f64]) -> Statistics {
        let mut all = Statistics::default();
        for (at, ms) in latencies.iter().enumerate() {
            let at = at as u64;
            all.seen(name("say"), 10, at + 1, at * 500_000);
            all.answered(name("say"), *ms);
        }
        all
    }

    #[test]
    fn counts_bytes_rate_and_percentiles_are_those_of_the_events() {
        let all = filled(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        let (found, say) = all.events().next().unwrap();
        assert_eq!(found, name("say"));
        assert_eq!((say.count, say.bytes, say.n, say.answered), (5, 50, 5, 5));
        assert_eq!(say.rate(), Some(2.0));
        let cases = [(0.0, 1.0), (0.5, 3.0), (0.8, 4.0), (0.95, 5.0), (1.0, 5.0)];
        for (share, ms) in cases {
            assert_eq!(say.percentile(share), Some(ms), "{share}");
        }
    }

    #[test]
    fn one_event_has_no_rate_and_an_unanswered_one_no_percentile() {
        let mut all = Statistics::default();
        all.seen(name("a"), 1, 1, 7);
        let (_, a) = all.events().next().unwrap();
        assert_eq!((a.rate(), a.percentile(0.5)), (None, None));
    }

    #[test]
    fn names_and_latencies_are_bounded() {
        let mut all = filled(&vec![1.0; LATENCIES + 10]);
        let (_, say) = all.events().next().unwrap();
        assert_eq!(say.latencies.len(), LATENCIES);
        assert_eq!(say.answered, LATENCIES as u64 + 10);
        for at in 0..EVENTS + 5 {
            all.seen(name(&format!("e{at}")), 1, 1, 1);
        }
        assert_eq!(all.events().count(), EVENTS);
        assert_eq!(all.others, 6);
    }
}

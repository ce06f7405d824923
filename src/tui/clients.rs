//! The clients of a tap: which connection is looked at, and what is known of each beside the
//! model. **Pure.**
//!
//! A session of our own client has one connection at a time; a tap has as many as clients are
//! pointed at it. One of them is chosen, the newest until a person chooses; the connection pane,
//! the namespaces and the composer speak of that one.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::record::{Body, Direction, Record};
use crate::model::Model;
use crate::model::Packet;
use crate::model::decode::Kind;
use crate::model::state::Connection;

/// Connections of which something is remembered.
const REMEMBERED: usize = 1_000;
/// Rows of the list in the connection pane at most.
pub const LISTED: usize = 5;

/// What is known of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Socket.IO packets to it.
    pub to_client: u64,
    /// Socket.IO packets from it.
    pub to_server: u64,
    /// What it calls itself (`User-Agent`).
    pub agent: Option<String>,
}

/// A tap: where its clients are, and which one is looked at.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    /// Base URL that clients are to be pointed at; `None` in a saved session.
    pub listening: Option<String>,
    /// Base URL of the server behind it.
    pub upstream: String,
    chosen: Option<u32>,
    seen: BTreeMap<u32, Seen>,
    /// Connections of which the next message is ours.
    announced: BTreeSet<u32>,
    /// Records that carry what was injected.
    injected: BTreeSet<u64>,
}

impl Clients {
    /// A tap in front of a server.
    pub fn new(listening: Option<&str>, upstream: &str) -> Clients {
        Clients {
            listening: listening.map(str::to_owned),
            upstream: upstream.to_owned(),
            ..Clients::default()
        }
    }

    /// Counts a record of a client.
    pub fn take(&mut self, record: &Record, packets: &[Packet]) {
        let Some(c) = record.c else { return };
        match &record.body {
            Body::Mark(mark) if injection(&mark.text).is_some() => {
                self.announced.insert(c);
            }
            // Over polling, to the client, it shares a body with what is not ours.
            Body::Frame(_) | Body::Request(_) if self.announced.remove(&c) => {
                if self.injected.len() >= REMEMBERED {
                    self.injected.pop_first();
                }
                self.injected.insert(record.n);
            }
            _ => {
                self.announced.remove(&c);
            }
        }
        if self.seen.len() >= REMEMBERED && !self.seen.contains_key(&c) {
            self.seen.pop_first();
        }
        let seen = self.seen.entry(c).or_default();
        for packet in packets {
            if matches!(packet.kind, Kind::Socket { .. }) {
                match packet.dir {
                    Direction::ToClient => seen.to_client += 1,
                    Direction::ToServer => seen.to_server += 1,
                }
            }
        }
        if let Body::Request(request) = &record.body
            && seen.agent.is_none()
        {
            seen.agent = request
                .headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("user-agent"))
                .map(|(_, value)| super::line::head(value, 120).into_owned());
        }
    }

    /// Whether a record carries what was injected.
    pub fn is_injected(&self, n: u64) -> bool {
        self.injected.contains(&n)
    }

    /// What is known of a client.
    pub fn seen(&self, c: u32) -> Option<&Seen> {
        self.seen.get(&c)
    }

    /// The connection that is looked at: the chosen one, or the newest.
    pub fn current<'a>(&self, model: &'a Model) -> Option<&'a Connection> {
        self.chosen
            .and_then(|c| model.connections.get(&c))
            .or_else(|| model.connections.values().next_back())
    }

    /// Looks at a connection; the newest is followed when newer ones come.
    pub fn choose(&mut self, model: &Model, c: u32) {
        let newest = model.connections.keys().next_back() == Some(&c);
        self.chosen = (!newest).then_some(c);
    }

    /// Looks at the connection `by` places further; false where there is none.
    pub fn step(&mut self, model: &Model, by: isize) -> bool {
        let all: Vec<u32> = model.connections.keys().copied().collect();
        let Some(now) = self.current(model).map(|connection| connection.c) else {
            return false;
        };
        let at = all.iter().position(|c| *c == now).unwrap_or(0);
        let last = all.len().saturating_sub(1);
        let next = at.saturating_add_signed(by).min(last);
        if next == at {
            return false;
        }
        if let Some(c) = all.get(next) {
            self.choose(model, *c);
        }
        true
    }

    /// The connections that the list shows: those around the one that is looked at.
    pub fn listed<'a>(&self, model: &'a Model) -> Vec<&'a Connection> {
        let all: Vec<&Connection> = model.connections.values().collect();
        let now = self.current(model).map(|connection| connection.c);
        let at = all.iter().position(|one| Some(one.c) == now).unwrap_or(0);
        let most = all.len().saturating_sub(LISTED);
        let first = at.saturating_sub(LISTED / 2).min(most);
        all.into_iter().skip(first).take(LISTED).collect()
    }

    /// How many connections are open.
    pub fn open(&self, model: &Model) -> usize {
        model
            .connections
            .values()
            .filter(|connection| connection.closed.is_none())
            .count()
    }
}

/// What a mark says that announces an injection: the side that gets it, and what.
pub fn injection(mark: &str) -> Option<&str> {
    mark.strip_prefix("injected to the ")
}

/// A filter that shows one connection and nothing else, and which.
pub fn only(filter: &str) -> Option<u32> {
    filter.trim().strip_prefix("c:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::{self, ConnectionState};

    fn model(connections: u32) -> Model {
        let mut model = Model::default();
        for c in 1..=connections {
            let record = Record {
                n: c.into(),
                t: 0,
                c: Some(c),
                body: Body::Connection(record::Connection {
                    state: ConnectionState::Connecting,
                    reason: None,
                    detail: None,
                    attempt: None,
                    delay_ms: None,
                }),
            };
            model.apply(&record, &[]);
        }
        model
    }

    #[test]
    fn the_newest_is_looked_at_until_another_is_chosen() {
        let mut clients = Clients::default();
        let current = |clients: &Clients, model: &Model| clients.current(model).map(|one| one.c);
        assert_eq!(current(&clients, &model(0)), None);
        assert_eq!(current(&clients, &model(3)), Some(3));
        assert!(clients.step(&model(3), -1));
        assert_eq!(current(&clients, &model(9)), Some(2));
        assert!(clients.step(&model(3), 1));
        assert_eq!(
            current(&clients, &model(9)),
            Some(9),
            "the newest is followed"
        );
        assert!(!clients.step(&model(9), 1));
        clients.choose(&model(9), 1);
        assert!(!clients.step(&model(9), -1));
    }

    #[test]
    fn the_list_shows_those_around_the_chosen_one() {
        let mut clients = Clients::default();
        let model = model(20);
        for c in 1..=20 {
            clients.choose(&model, c);
            let listed: Vec<u32> = clients.listed(&model).iter().map(|one| one.c).collect();
            assert_eq!(listed.len(), LISTED);
            assert!(listed.contains(&c), "{c} in {listed:?}");
        }
    }

    #[test]
    fn what_was_injected_is_known_by_the_mark_before_it() {
        let mut clients = Clients::default();
        let mut take = |n, c, body| {
            clients.take(
                &Record {
                    n,
                    t: 0,
                    c: Some(c),
                    body,
                },
                &[],
            );
            clients.is_injected(n)
        };
        let frame = || {
            Body::Frame(record::Frame {
                dir: Direction::ToClient,
                op: record::Opcode::Text,
                data: "42[]".into(),
                code: None,
                reason: None,
                wire: None,
            })
        };
        let mark = |text: &str| Body::Mark(record::Mark { text: text.into() });
        assert!(!take(1, 1, frame()));
        take(2, 1, mark("injected to the client: [] in /"));
        assert!(!take(3, 2, frame()), "another connection's");
        assert!(take(4, 1, frame()));
        assert!(!take(5, 1, frame()));
        take(6, 1, mark("deploy began"));
        assert!(!take(7, 1, frame()));
    }

    #[test]
    fn a_filter_of_one_connection_is_known_again() {
        assert_eq!(only("c:12"), Some(12));
        assert_eq!(only("c:12 is:event"), None);
        assert_eq!(only("ns:/"), None);
    }
}

//! What the library does not tell, read from the tap's records: how its namespace stands, what
//! became of the acks it asked for. No IO and no clock: times are session times in microseconds.
//!
//! The library has no getter for its state, its `Close` and `Error` carry no reason, it gives
//! ack ids at random and never calls back for an ack that did not come. All of that crosses the
//! wire, so it is derived here and written as the `namespace` and `ack` records that our own
//! client writes. A session of either driver reads the same.

use std::collections::VecDeque;

use serde_json::Value;

use crate::journal::Record;
use crate::journal::record::{
    Ack, AckState, Body, ConnectionState, Direction, Namespace, NamespaceState,
};
use crate::model::decode::{Decoder, Kind};

/// Stands in for the id of a question that never crossed the wire. The library draws its ids
/// below 999.
const NO_ID: u64 = 1_000;
/// Questions that timed out are remembered, so that an answer can be told as late.
const REMEMBERED: usize = 1_000;

/// A question that was handed to the library.
#[derive(Debug)]
struct Handed {
    /// Its number among all emits.
    number: u64,
    /// When its time is up.
    until: Option<u64>,
    at: u64,
    timeout: Option<u64>,
    failed: bool,
}

/// A question that crossed the wire.
#[derive(Debug)]
struct Asked {
    number: Option<u64>,
    id: u64,
    c: Option<u32>,
    at: u64,
    until: Option<u64>,
    timed_out: bool,
}

/// A record to be written: its connection and what it says.
pub(super) type Told = (Option<u32>, Body);

/// How the library's one namespace and its questions stand.
#[derive(Debug)]
pub(super) struct Ledger {
    nsp: String,
    decoder: Decoder,
    state: Option<NamespaceState>,
    /// The namespace's connection.
    on: Option<u32>,
    /// The newest connection, and whether it has ended.
    newest: Option<(u32, bool)>,
    by_server: bool,
    handed: VecDeque<Handed>,
    asked: VecDeque<Asked>,
    nameless: u64,
}

impl Ledger {
    pub(super) fn new(nsp: String) -> Ledger {
        Ledger {
            nsp,
            decoder: Decoder::light(None),
            state: None,
            on: None,
            newest: None,
            by_server: false,
            handed: VecDeque::new(),
            asked: VecDeque::new(),
            nameless: 0,
        }
    }

    /// A new client begins: what the one before it left behind says nothing of this one.
    pub(super) fn begin(&mut self) {
        self.state = None;
        self.by_server = false;
        self.newest = None;
    }

    /// The namespace's state; `None` before the library has asked for it.
    pub(super) fn state(&self) -> Option<NamespaceState> {
        self.state
    }

    /// The namespace ended by the server's DISCONNECT.
    pub(super) fn left_by_server(&self) -> bool {
        self.state == Some(NamespaceState::Disconnected) && self.by_server
    }

    /// The newest connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.newest.is_some_and(|(_, closed)| closed)
    }

    /// Number of the newest connection.
    pub(super) fn newest(&self) -> Option<u32> {
        self.newest.map(|(c, _)| c)
    }

    /// An emit that asks for an ack is handed to the library; `timeout` in microseconds.
    pub(super) fn hand(&mut self, number: u64, now: u64, timeout: Option<u64>) {
        self.handed.push_back(Handed {
            number,
            until: timeout.map(|timeout| now.saturating_add(timeout)),
            at: now,
            timeout,
            failed: false,
        });
    }

    /// The library could not send it.
    pub(super) fn fail(&mut self, number: u64, now: u64) -> Vec<Told> {
        if let Some(handed) = self.handed.iter_mut().find(|one| one.number == number) {
            handed.failed = true;
            return self.failed_ones(now);
        }
        let place = self
            .asked
            .iter()
            .position(|one| one.number == Some(number) && !one.timed_out);
        let lost = place.and_then(|place| self.asked.remove(place));
        lost.map(|one| self.told(one.c, one.id, AckState::Lost, Some(one.at), now))
            .into_iter()
            .collect()
    }

    /// None of what was handed over will be sent any more.
    pub(super) fn drop_handed(&mut self, now: u64) -> Vec<Told> {
        for handed in &mut self.handed {
            handed.failed = true;
        }
        self.failed_ones(now)
    }

    /// Takes a record in; returns what follows from it.
    pub(super) fn take(&mut self, record: &Record) -> Vec<Told> {
        let mut told = Vec::new();
        if let (Body::Connection(connection), Some(c)) = (&record.body, record.c) {
            match connection.state {
                ConnectionState::Closed => {
                    if self.newest.is_none_or(|(newest, _)| newest <= c) {
                        self.newest = Some((c, true));
                    }
                    self.lose(c, connection.reason.as_deref(), record.t, &mut told);
                }
                ConnectionState::Connecting | ConnectionState::Open => {
                    if self.newest.is_none_or(|(newest, _)| newest < c) {
                        self.newest = Some((c, false));
                    }
                }
                ConnectionState::Waiting | ConnectionState::GaveUp => {}
            }
        }
        for packet in self.decoder.decode(record) {
            let Kind::Socket {
                name,
                nsp,
                id,
                data,
                ..
            } = &packet.kind
            else {
                continue;
            };
            if *nsp != self.nsp {
                continue;
            }
            match (*name, packet.dir, id) {
                ("event" | "binary_event", Direction::ToServer, Some(id)) => {
                    self.ask(*id, record.c, record.t, &mut told);
                }
                ("ack" | "binary_ack", Direction::ToClient, Some(id)) => {
                    self.answer(*id, record.t, &mut told);
                }
                (name, dir, _) => {
                    told.extend(self.turn(name, dir, data.as_deref(), record.c));
                }
            }
        }
        told
    }

    /// A packet's share in the state of the namespace.
    fn turn(
        &mut self,
        name: &str,
        dir: Direction,
        data: Option<&str>,
        c: Option<u32>,
    ) -> Option<Told> {
        let data = || data.and_then(|data| serde_json::from_str::<Value>(data).ok());
        let mut said = Namespace {
            nsp: self.nsp.clone(),
            state: NamespaceState::Joining,
            sid: None,
            reason: None,
            recovered: None,
            data: None,
        };
        match (name, dir) {
            ("connect", Direction::ToServer) => {}
            ("connect", Direction::ToClient) => {
                said.state = NamespaceState::Connected;
                said.sid =
                    data().and_then(|welcome| welcome.get("sid")?.as_str().map(str::to_owned));
            }
            ("connect_error", Direction::ToClient) => {
                said.state = NamespaceState::Refused;
                if let Some(refusal) = data() {
                    said.reason = Some(match (&refusal, refusal.get("message")) {
                        (Value::String(text), _) | (_, Some(Value::String(text))) => text.clone(),
                        (other, _) => other.to_string(),
                    });
                    said.data = refusal.get("data").map(Value::to_string);
                }
            }
            ("disconnect", dir) => {
                said.state = NamespaceState::Disconnected;
                self.by_server = dir == Direction::ToClient;
                let who = if self.by_server { "server" } else { "client" };
                said.reason = Some(format!("io {who} disconnect"));
            }
            _ => return None,
        }
        self.state = Some(said.state);
        self.on = c;
        Some((c, Body::Namespace(said)))
    }

    /// A connection ended, and with it what lived on it.
    fn lose(&mut self, c: u32, reason: Option<&str>, now: u64, told: &mut Vec<Told>) {
        let alive = matches!(
            self.state,
            Some(NamespaceState::Connected | NamespaceState::Joining)
        );
        if alive && self.on == Some(c) {
            self.state = Some(NamespaceState::Disconnected);
            self.by_server = false;
            told.push((
                Some(c),
                Body::Namespace(Namespace {
                    nsp: self.nsp.clone(),
                    state: NamespaceState::Disconnected,
                    sid: None,
                    reason: Some(reason.unwrap_or("transport close").to_owned()),
                    recovered: None,
                    data: None,
                }),
            ));
        }
        let (lost, kept) = self
            .asked
            .drain(..)
            .partition(|one: &Asked| one.c == Some(c));
        self.asked = kept;
        let lost: VecDeque<Asked> = lost;
        for one in lost.into_iter().filter(|one| !one.timed_out) {
            told.push(self.told(one.c, one.id, AckState::Lost, Some(one.at), now));
        }
    }

    /// A question crossed the wire: it is the first that was handed over and not seen yet.
    fn ask(&mut self, id: u64, c: Option<u32>, now: u64, told: &mut Vec<Told>) {
        told.extend(self.failed_ones(now));
        let handed = self.handed.pop_front();
        self.asked.push_back(Asked {
            number: handed.as_ref().map(|one| one.number),
            id,
            c,
            at: now,
            until: handed
                .and_then(|one| one.timeout)
                .map(|timeout| now.saturating_add(timeout)),
            timed_out: false,
        });
        told.push(self.told(c, id, AckState::Pending, None, now));
        told.extend(self.failed_ones(now));
    }

    /// An answer belongs to the oldest question of its id; the library may use one twice.
    fn answer(&mut self, id: u64, now: u64, told: &mut Vec<Told>) {
        let place = self.asked.iter().position(|one| one.id == id);
        let Some(one) = place.and_then(|place| self.asked.remove(place)) else {
            return;
        };
        let state = match one.timed_out {
            true => AckState::Late,
            false => AckState::Answered,
        };
        told.push(self.told(one.c, id, state, Some(one.at), now));
    }

    /// Those that failed, as far as nothing before them may still be sent: asks are told in
    /// their order.
    fn failed_ones(&mut self, now: u64) -> Vec<Told> {
        let mut told = Vec::new();
        while self.handed.front().is_some_and(|first| first.failed) {
            if let Some(first) = self.handed.pop_front() {
                told.push(self.nameless(&first, AckState::Lost, now));
            }
        }
        told
    }

    fn nameless(&mut self, handed: &Handed, state: AckState, now: u64) -> Told {
        let id = NO_ID.saturating_add(self.nameless);
        self.nameless = self.nameless.saturating_add(1);
        self.told(self.newest(), id, state, Some(handed.at), now)
    }

    /// When the next question's time is up.
    pub(super) fn deadline(&self) -> Option<u64> {
        let asked = self.asked.iter().filter(|one| !one.timed_out);
        // Told in their order, so only the first one's time counts.
        let handed = self.handed.front().and_then(|one| one.until);
        asked.filter_map(|one| one.until).chain(handed).min()
    }

    /// Says which questions' time is up.
    pub(super) fn due(&mut self, now: u64) -> Vec<Told> {
        let mut over = Vec::new();
        for one in &mut self.asked {
            if !one.timed_out && one.until.is_some_and(|until| until <= now) {
                one.timed_out = true;
                over.push((one.c, one.id, one.at));
            }
        }
        let mut told: Vec<Told> = over
            .into_iter()
            .map(|(c, id, at)| self.told(c, id, AckState::Timeout, Some(at), now))
            .collect();
        let late = self.asked.iter().filter(|one| one.timed_out).count();
        if late > REMEMBERED
            && let Some(oldest) = self.asked.iter().position(|one| one.timed_out)
        {
            self.asked.remove(oldest);
        }
        while self
            .handed
            .front()
            .is_some_and(|first| first.until.is_some_and(|until| until <= now))
        {
            if let Some(first) = self.handed.pop_front() {
                told.push(self.nameless(&first, AckState::Timeout, now));
            }
        }
        told
    }

    fn told(&self, c: Option<u32>, id: u64, state: AckState, since: Option<u64>, now: u64) -> Told {
        let body = Body::Ack(Ack {
            nsp: self.nsp.clone(),
            id,
            dir: Direction::ToServer,
            state,
            ms: since.map(|since| now.saturating_sub(since) as f64 / 1e3),
        });
        (c, body)
    }
}

#[cfg(test)]
mod tests;

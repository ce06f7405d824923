//! The ack ledger: who asked, who answered, how long it took.

use super::super::decode::{Kind, Packet};
use super::super::state::{AckEntry, KnownAck, Model, REMEMBERED};
use super::super::statistics::Name;
use super::ACK_ROWS;
use crate::journal::Record;
use crate::journal::record::{self, AckState, Direction};

/// What tells one question from another. Ids count per namespace and asking side; in a session
/// with several clients each connection counts its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    nsp: String,
    id: u64,
    to_server: bool,
    c: Option<u32>,
}

/// Pending entries are dear to the reader, but a peer that never answers must not fill memory.
const PENDING: usize = 10 * REMEMBERED;

fn turned(dir: Direction) -> Direction {
    match dir {
        Direction::ToServer => Direction::ToClient,
        Direction::ToClient => Direction::ToServer,
    }
}

impl Model {
    /// A question or an answer crossed the wire.
    pub(super) fn take_question_or_answer(&mut self, record: &Record, packet: &Packet) {
        let Kind::Socket {
            name,
            nsp,
            id: Some(id),
            event,
            ..
        } = &packet.kind
        else {
            return;
        };
        match *name {
            "event" | "binary_event" => {
                self.asked(record, packet, nsp, *id, event.as_deref());
            }
            "ack" | "binary_ack" => self.answered(record, packet, nsp, *id),
            _ => {}
        }
    }

    fn asked(&mut self, record: &Record, packet: &Packet, nsp: &str, id: u64, event: Option<&str>) {
        // The ledger's record may have come before the frame: at the emit, when it was buffered.
        let waits = self.entry(nsp, id, packet.dir, record.c).filter(|entry| {
            entry.asked_n.is_none() && entry.told && entry.state == AckState::Pending
        });
        let number = match waits {
            Some(entry) => {
                entry.c = record.c.or(entry.c);
                entry.number
            }
            None => self.new_entry(nsp, id, packet.dir, record.c, record.t),
        };
        if let Some(entry) = self.entry_by_number(number) {
            entry.event = event.map(str::to_owned);
            entry.asked_n = Some(record.n);
            entry.asked_index = packet.index;
        }
        self.note_rows(number);
    }

    fn answered(&mut self, record: &Record, packet: &Packet, nsp: &str, id: u64) {
        let Some(entry) = self.entry(nsp, id, turned(packet.dir), record.c) else {
            return;
        };
        // The first answer wins, as in the reference.
        if entry.answered_n.is_some() {
            return;
        }
        entry.answered_n = Some(record.n);
        entry.answered_index = packet.index;
        let number = entry.number;
        if !entry.told && entry.state == AckState::Pending {
            let ms = record.t.saturating_sub(entry.asked) as f64 / 1e3;
            entry.state = AckState::Answered;
            entry.ms = Some(ms);
            self.memory.ended_acks += 1;
            self.count_latency(number);
        }
        self.note_rows(number);
        self.forget_acks();
    }

    /// An answer came: its latency counts for its event.
    fn count_latency(&mut self, number: u64) {
        let Ok(place) = self
            .acks
            .binary_search_by_key(&number, |entry| entry.number)
        else {
            return;
        };
        if let Some(AckEntry {
            nsp,
            event: Some(event),
            dir,
            ms: Some(ms),
            ..
        }) = self.acks.get(place)
        {
            let dir = *dir;
            self.statistics.answered(Name { nsp, event, dir }, *ms);
        }
    }

    /// The ledger of our own client speaks.
    pub(super) fn take_ack(&mut self, record: &Record, told: &record::Ack) {
        let known = self
            .entry(&told.nsp, told.id, told.dir, record.c)
            .filter(|entry| {
                // A used id again: a new question, unless it is the one that just crossed the wire.
                told.state != AckState::Pending || (entry.state == AckState::Pending && !entry.told)
            });
        let number = match known {
            Some(entry) => entry.number,
            None => self.new_entry(&told.nsp, told.id, told.dir, record.c, record.t),
        };
        let Some(entry) = self.entry_by_number(number) else {
            return;
        };
        let was_pending = entry.state == AckState::Pending;
        entry.told = true;
        entry.state = told.state;
        if told.state != AckState::Pending {
            let asked = entry.asked;
            entry.ms = told
                .ms
                .or(entry.ms)
                .or_else(|| Some(record.t.saturating_sub(asked) as f64 / 1e3));
            if was_pending {
                self.memory.ended_acks += 1;
            }
            if matches!(told.state, AckState::Answered | AckState::Late) {
                self.count_latency(number);
            }
        }
        self.note_rows(number);
        self.forget_acks();
    }

    /// A connection ended. Entries that the client keeps itself are left to its own records.
    pub(super) fn lose_acks(&mut self, c: u32, t: u64) {
        let mut numbers = Vec::new();
        for entry in &mut self.acks {
            if entry.c == Some(c) && entry.state == AckState::Pending && !entry.told {
                entry.state = AckState::Lost;
                entry.ms = Some(t.saturating_sub(entry.asked) as f64 / 1e3);
                numbers.push(entry.number);
            }
        }
        self.memory.ended_acks += numbers.len();
        for number in numbers {
            self.note_rows(number);
        }
        self.forget_acks();
    }

    fn new_entry(&mut self, nsp: &str, id: u64, dir: Direction, c: Option<u32>, t: u64) -> u64 {
        let number = self.memory.next_ack;
        self.memory.next_ack += 1;
        let question = Question {
            nsp: nsp.to_owned(),
            id,
            to_server: dir == Direction::ToServer,
            c,
        };
        self.memory.questions.insert(question, number);
        self.acks.push_back(AckEntry {
            c,
            nsp: nsp.to_owned(),
            id,
            dir,
            state: AckState::Pending,
            event: None,
            asked: t,
            asked_n: None,
            asked_index: 0,
            answered_n: None,
            answered_index: 0,
            ms: None,
            number,
            told: false,
        });
        self.forget_acks();
        number
    }

    fn entry(
        &mut self,
        nsp: &str,
        id: u64,
        dir: Direction,
        c: Option<u32>,
    ) -> Option<&mut AckEntry> {
        let mut question = Question {
            nsp: nsp.to_owned(),
            id,
            to_server: dir == Direction::ToServer,
            c,
        };
        let found = match self.memory.questions.get(&question) {
            Some(number) => Some(*number),
            None => {
                // Asked while there was no connection: it was buffered.
                question.c = None;
                self.memory.questions.get(&question).copied()
            }
        };
        self.entry_by_number(found.or_else(|| self.told_before(nsp, id, dir))?)
    }

    /// A pending question of our own client that went out on an earlier connection: its timeout
    /// and its loss may be told on a later one, or on none.
    fn told_before(&self, nsp: &str, id: u64, dir: Direction) -> Option<u64> {
        self.acks
            .iter()
            .rev()
            .take(64)
            .find(|entry| entry.told && entry.id == id && entry.dir == dir && entry.nsp == nsp)
            .map(|entry| entry.number)
    }

    fn entry_by_number(&mut self, number: u64) -> Option<&mut AckEntry> {
        let place = self
            .acks
            .binary_search_by_key(&number, |entry| entry.number)
            .ok()?;
        self.acks.get_mut(place)
    }

    /// Keeps what `ack_at` answers for the rows of an entry.
    fn note_rows(&mut self, number: u64) {
        let Some(entry) = self.entry_by_number(number) else {
            return;
        };
        let (state, ms) = (entry.state, entry.ms);
        let asked = entry.asked_n.map(|n| (n, entry.asked_index));
        let answered = entry.answered_n.map(|n| (n, entry.answered_index));
        let rows = &mut self.memory.ack_rows;
        let known = |other: Option<(u64, u32)>| KnownAck {
            state,
            ms,
            other: other.map(|o| o.0),
        };
        if let Some(place) = asked {
            rows.insert(place, known(answered));
        }
        if let Some(place) = answered {
            rows.insert(place, known(asked));
        }
        while rows.len() > ACK_ROWS {
            rows.pop_first();
        }
    }

    /// Forgets the oldest ended entries, a quarter at a time so that it costs little each.
    fn forget_acks(&mut self) {
        let too_many = self.memory.ended_acks > REMEMBERED + REMEMBERED / 4;
        if !too_many && self.acks.len() <= PENDING {
            return;
        }
        let mut ended = self.memory.ended_acks.saturating_sub(REMEMBERED);
        let mut pending = self.acks.len().saturating_sub(PENDING / 2);
        let crowded = self.acks.len() > PENDING;
        let memory = &mut self.memory;
        let mut questions = std::mem::take(&mut memory.questions);
        let mut ended_acks = memory.ended_acks;
        self.acks.retain(|entry| {
            let is_pending = entry.state == AckState::Pending;
            let goes = if is_pending {
                crowded && pending > 0
            } else {
                ended > 0
            };
            if goes {
                pending = pending.saturating_sub(1);
                if !is_pending {
                    ended = ended.saturating_sub(1);
                    ended_acks = ended_acks.saturating_sub(1);
                }
            }
            !goes
        });
        let acks = &self.acks;
        questions.retain(|_, number| {
            acks.binary_search_by_key(number, |entry| entry.number)
                .is_ok()
        });
        self.memory.questions = questions;
        self.memory.ended_acks = ended_acks;
    }
}

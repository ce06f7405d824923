//! Records in.
//!
//! Where `connection`, `namespace` and `ack` records say what happened, they are believed. A
//! tapped, imported or foreign session may have none of them: then the same facts are derived
//! from the packets. Both ways end in the same state.
//!
//! Memory is bounded: finished things beyond [`REMEMBERED`] are forgotten, oldest first.

mod acks;
mod connections;
mod heartbeat;
mod namespaces;
mod reconnects;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use super::decode::{Kind, Packet};
use super::state::{Buffered, Connection, KnownAck, Model, REMEMBERED};
use crate::journal::Record;
use crate::journal::record::{Body, Buffer, BufferOp, Direction};

/// How many different event names are counted; a hostile peer could send a new one each time.
const EVENT_NAMES: usize = 10_000;
/// How many rows' acks are known.
const ACK_ROWS: usize = 200_000;
/// How many packets of the offline buffer are kept.
const BUFFERED: usize = 10_000;

/// What the fold must remember to join later records with earlier ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// What `ack_at` answers, by record and packet.
    pub(super) ack_rows: BTreeMap<(u64, u32), KnownAck>,
    /// Number of the ledger's entry for a question.
    questions: BTreeMap<acks::Question, u64>,
    /// Number of the next entry of the ledger.
    next_ack: u64,
    /// Entries of the ledger that have ended.
    ended_acks: usize,
    /// Exchanges without a response, by their number: what was asked for.
    exchanges: BTreeMap<u64, connections::Asked>,
    /// Connections of which `connection` records speak.
    told: std::collections::BTreeSet<u32>,
    /// When the series of attempts began: at the last loss.
    series: Option<u64>,
    /// The reason that came last, and how often in a row.
    last_reason: Option<(String, u32)>,
    /// What left the offline buffer unsent last: its record, its time, its place.
    dropped: Option<(u64, u64, usize)>,
    /// Delay that was planned for the next attempt, in milliseconds.
    delay_ms: Option<u64>,
}

impl Memory {
    /// What `ack_at` answers, and nothing else.
    pub(super) fn acks_of_rows(&self) -> Memory {
        Memory {
            ack_rows: self.ack_rows.clone(),
            ..Memory::default()
        }
    }
}

impl Model {
    /// Folds one record in, with the packets that [`super::Decoder::decode`] found in it.
    pub fn apply(&mut self, record: &Record, packets: &[Packet]) {
        self.now = self.now.max(record.t);
        self.seen = self.seen.max(record.n);
        self.count(record, packets);
        self.take_carrier(record);
        for packet in packets {
            self.take_packet(record, packet);
        }
        match &record.body {
            Body::Response(response) => self.take_response(record, response),
            Body::Frame(frame) => self.take_control_frame(record, frame),
            Body::Transport(transport) => self.take_transport(record, transport),
            Body::Connection(connection) => self.take_connection(record, connection),
            Body::Namespace(namespace) => self.take_namespace(record, namespace),
            Body::Ack(ack) => self.take_ack(record, ack),
            Body::Buffer(buffer) => self.take_buffer(record, buffer),
            Body::Request(_)
            | Body::Fault(_)
            | Body::Gap(_)
            | Body::Mark(_)
            | Body::Finding(_)
            | Body::Unknown(_) => {}
        }
    }

    fn count(&mut self, record: &Record, packets: &[Packet]) {
        let counts = &mut self.counts;
        match &record.body {
            Body::Request(request) => {
                counts.frames += 1;
                counts.bytes_to_server += request.body.len() as u64;
            }
            Body::Response(response) => counts.bytes_to_client += response.body.len() as u64,
            Body::Frame(frame) => {
                counts.frames += 1;
                match frame.dir {
                    Direction::ToServer => counts.bytes_to_server += frame.data.len() as u64,
                    Direction::ToClient => counts.bytes_to_client += frame.data.len() as u64,
                }
            }
            Body::Gap(gap) => counts.lost = counts.lost.saturating_add(gap.records),
            _ => {}
        }
        let broken = packets
            .iter()
            .filter(|p| matches!(p.kind, Kind::Undecodable { .. }))
            .count();
        counts.undecodable += broken as u64;
    }

    fn take_packet(&mut self, record: &Record, packet: &Packet) {
        match &packet.kind {
            Kind::Engine { name, data } => self.take_engine(record, packet, name, data),
            Kind::Socket { .. } => {
                self.take_socket(record, packet);
                self.take_question_or_answer(record, packet);
            }
            Kind::Undecodable { .. } => {}
        }
    }

    fn take_buffer(&mut self, record: &Record, buffer: &Buffer) {
        match buffer.op {
            BufferOp::Queued => {
                if self.buffered.len() >= BUFFERED {
                    self.buffered.pop_front();
                }
                let waits = Buffered {
                    nsp: buffer.nsp.clone(),
                    packet: buffer.packet.clone(),
                    since: record.t,
                    n: record.n,
                    op: BufferOp::Queued,
                };
                // Changed in its place: one is dropped and the next record queues another.
                match self.memory.dropped.take() {
                    Some((n, t, place)) if n + 1 == record.n && t == record.t => {
                        self.buffered.insert(place.min(self.buffered.len()), waits);
                    }
                    _ => self.buffered.push_back(waits),
                }
            }
            BufferOp::Flushed | BufferOp::Dropped => {
                // The buffer is emptied in order, so this is the first one nearly always.
                let place = self
                    .buffered
                    .iter()
                    .position(|waits| waits.nsp == buffer.nsp && waits.packet == buffer.packet);
                if let Some(place) = place {
                    self.buffered.remove(place);
                    self.memory.dropped =
                        (buffer.op == BufferOp::Dropped).then_some((record.n, record.t, place));
                }
            }
        }
    }

    fn count_event(&mut self, event: &str) {
        if let Some(times) = self.events.get_mut(event) {
            *times += 1;
        } else if self.events.len() < EVENT_NAMES {
            self.events.insert(event.to_owned(), 1);
        }
    }

    /// The connection with this number; made, and the oldest forgotten, where it is new.
    fn connection_mut(&mut self, c: u32, t: u64) -> &mut Connection {
        if !self.connections.contains_key(&c) {
            if self.connections.len() >= REMEMBERED {
                let oldest = self
                    .connections
                    .iter()
                    .find(|(_, connection)| connection.closed.is_some())
                    .or_else(|| self.connections.iter().next())
                    .map(|(number, _)| *number);
                if let Some(oldest) = oldest {
                    self.connections.remove(&oldest);
                    self.memory.told.remove(&oldest);
                }
            }
            self.current = Some(self.current.map_or(c, |newest| newest.max(c)));
        }
        let n = self.seen;
        self.connections
            .entry(c)
            .or_insert_with(|| connections::begun(c, t, n))
    }
}

/// Adds to a bounded list, at whose front the oldest are forgotten.
fn remember<T>(list: &mut VecDeque<T>, new: T, limit: usize) {
    if list.len() >= limit {
        list.pop_front();
    }
    list.push_back(new);
}

//! The rows of the frame log. **Pure.**
//!
//! A [`RowRef`] is what a list of a million rows is made of: 16 bytes that say which record and
//! which of its packets. [`refs`] tells the rows of a record at a [`Level`]. A [`Row`] is what
//! is drawn and filtered: it borrows from the record and its packets, so making one costs next
//! to nothing. To draw a row from the middle of a session, read its record back and decode it
//! with [`super::Decoder::packets_of`].

mod describe;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::decode::{Kind, Packet};
use super::state::Model;
use crate::journal::Record;
use crate::journal::record::{
    AckState, Body, BufferOp, ConnectionState, Direction, NamespaceState, Opcode, TransportName,
};

/// How much the frame log shows; each level shows what the one before it shows, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// One row a packet, and what else a person must see: disconnects with their reasons,
    /// refusals, failures, marks, faults, findings, gaps.
    #[default]
    Packets,
    /// Also the frames and exchanges that carried them, transports, buffer and acks.
    Frames,
    /// One row a record, undecoded.
    Raw,
}

/// One row of the list: which record, and which of its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowRef {
    /// Sequence number of the record.
    pub n: u64,
    /// Which packet of the record, or [`RowRef::RECORD`] for the record itself.
    pub index: u32,
    /// How many records before `n` the packet's first part lies; 0 for all but binary packets.
    pub back: u32,
}

impl RowRef {
    /// `index` of a row that shows a record rather than a packet of it.
    pub const RECORD: u32 = u32::MAX;

    /// The row of a whole record.
    pub fn record(n: u64) -> RowRef {
        RowRef {
            n,
            index: RowRef::RECORD,
            back: 0,
        }
    }

    /// The packet that it shows; `None` when it shows the record.
    pub fn packet(self) -> Option<u32> {
        (self.index != RowRef::RECORD).then_some(self.index)
    }
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// An Engine.IO packet, by its name.
    Engine(&'static str),
    /// A Socket.IO packet, by its name.
    Socket(&'static str),
    /// Bytes that could not be decoded.
    Undecodable,
    /// A frame that carries packets (or a part of one).
    Frame(Opcode),
    /// A WebSocket ping, pong or close frame.
    Control(Opcode),
    /// An HTTP request.
    Request,
    /// An HTTP response, or the error that came instead.
    Response,
    /// A transport changed state.
    Transport,
    /// A connection changed state.
    Connection(ConnectionState),
    /// A namespace changed state.
    Namespace(NamespaceState),
    /// An ack changed state.
    Ack(AckState),
    /// The offline buffer changed.
    Buffer(BufferOp),
    /// A failure made on purpose.
    Fault,
    /// Records were lost.
    Gap,
    /// A mark.
    Mark,
    /// A finding.
    Finding,
    /// A record of a kind that this version does not know.
    Unknown,
}

/// The ack side of a row: a question or its answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowAck {
    /// Ack id.
    pub id: u64,
    /// Whether this row asks (an event) or answers (an ack).
    pub asks: bool,
    /// State, while it is remembered.
    pub state: Option<AckState>,
    /// Record of the other side: the answer of a question, the question of an answer.
    pub other: Option<u64>,
}

/// A row as it is drawn and filtered.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// Sequence number of its record.
    pub n: u64,
    /// Which packet of the record; `None` when the row shows the record itself.
    pub index: Option<u32>,
    /// Session time in microseconds.
    pub t: u64,
    /// Microseconds since the row above; set by whoever draws the list.
    pub delta: Option<u64>,
    /// Connection.
    pub c: Option<u32>,
    /// Which way it went.
    pub dir: Option<Direction>,
    /// The transport that carried it.
    pub via: Option<TransportName>,
    /// What it is.
    pub what: What,
    /// Namespace.
    pub nsp: Option<&'a str>,
    /// Event name.
    pub event: Option<&'a str>,
    /// Its side of an ack.
    pub ack: Option<RowAck>,
    /// Ack latency, or the whole time of an exchange, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Bytes: of the packet with its attachments, or of the frame or body.
    pub size: Option<u64>,
    /// Exchange number of the request or response that it is or came with.
    pub x: Option<u64>,
    /// It has attachments, or is a binary frame.
    pub binary: bool,
    /// It tells of something that went wrong.
    pub error: bool,
    /// It is a step of the upgrade from polling to WebSocket.
    pub upgrade: bool,
    /// The packet, where the row shows one.
    pub packet: Option<&'a Packet>,
    /// The record.
    pub record: &'a Record,
}

/// The rows that a record gives at `level`, in order. `packets` are those that the decoder found
/// in it, and `back` is [`super::Decoder::back`] after it.
pub fn refs(
    record: &Record,
    packets: &[Packet],
    back: u32,
    level: Level,
) -> impl Iterator<Item = RowRef> + use<> {
    let n = record.n;
    let own = shows_record(record, packets, level);
    let count = if level == Level::Raw {
        0
    } else {
        packets.len()
    };
    let count = u32::try_from(count).unwrap_or(u32::MAX - 1);
    // A request stands above what it carries, a frame too.
    own.then(|| RowRef::record(n))
        .into_iter()
        .chain((0..count).map(move |index| RowRef {
            n,
            index,
            // Only the first packet of a record can have begun in an earlier one.
            back: if index == 0 { back } else { 0 },
        }))
}

/// Whether the record itself has a row at `level`.
fn shows_record(record: &Record, packets: &[Packet], level: Level) -> bool {
    match level {
        Level::Raw => true,
        Level::Frames => match &record.body {
            // A frame with one packet would be said twice.
            Body::Frame(_) => packets.is_empty(),
            _ => true,
        },
        Level::Packets => match &record.body {
            Body::Response(response) => response.error.is_some() || response.status >= 300,
            Body::Transport(transport) => transport.error.is_some(),
            Body::Connection(connection) => connection.state != ConnectionState::Connecting,
            Body::Namespace(namespace) => match namespace.state {
                NamespaceState::Disconnected => true,
                NamespaceState::Connected => namespace.recovered.is_some(),
                // The packets say it.
                NamespaceState::Joining | NamespaceState::Refused => false,
            },
            Body::Ack(ack) => ack.state == AckState::Timeout,
            Body::Buffer(buffer) => buffer.op != BufferOp::Flushed,
            // A close frame carries no packet, and its code is half of the reason.
            Body::Frame(frame) => frame.op == Opcode::Close,
            Body::Fault(_) | Body::Gap(_) | Body::Mark(_) | Body::Finding(_) => true,
            // A kind of a later version says nothing here; a line that is no record must be seen.
            Body::Unknown(unknown) => unknown.why.is_some(),
            Body::Request(_) => false,
        },
    }
}

impl<'a> Row<'a> {
    /// The row that `index` of `record` is; `packets` are those of the record. Ack states and
    /// latencies come from `model`. `None` when the record has no such packet.
    pub fn new(
        record: &'a Record,
        packets: &'a [Packet],
        index: Option<u32>,
        model: &Model,
    ) -> Option<Row<'a>> {
        let mut row = Row {
            n: record.n,
            index,
            t: record.t,
            delta: None,
            c: record.c,
            dir: None,
            via: None,
            what: What::Unknown,
            nsp: None,
            event: None,
            ack: None,
            latency_ms: None,
            size: None,
            x: None,
            binary: false,
            error: false,
            upgrade: false,
            packet: None,
            record,
        };
        row.take_record(model);
        if let Some(index) = index {
            let packet = packets.get(usize::try_from(index).ok()?)?;
            row.take_packet(packet, model);
        }
        Some(row)
    }

    fn take_packet(&mut self, packet: &'a Packet, model: &Model) {
        self.packet = Some(packet);
        self.dir = Some(packet.dir);
        self.size = Some(packet.size);
        self.latency_ms = None;
        self.binary = false;
        self.error = false;
        match &packet.kind {
            Kind::Engine { name, data } => {
                self.what = What::Engine(name);
                self.upgrade =
                    *name == "upgrade" || (matches!(*name, "ping" | "pong") && data == "probe");
            }
            Kind::Socket {
                name,
                nsp,
                id,
                event,
                attachments,
                ..
            } => {
                self.what = What::Socket(name);
                self.nsp = Some(nsp);
                self.event = event.as_deref();
                self.binary = *attachments > 0;
                self.error = *name == "connect_error";
                let asks = self.event.is_some();
                let known = id.and_then(|_| model.ack_at(self.n, packet.index));
                self.ack = id.map(|id| RowAck {
                    id,
                    asks,
                    state: known.map(|known| known.state),
                    other: known.and_then(|known| known.other),
                });
                self.latency_ms = known.and_then(|known| known.ms);
            }
            Kind::Undecodable { .. } => {
                self.what = What::Undecodable;
                self.error = true;
            }
        }
    }

    fn take_record(&mut self, _model: &Model) {
        use TransportName::{Polling, Websocket};
        match &self.record.body {
            Body::Request(request) => {
                self.what = What::Request;
                self.dir = Some(Direction::ToServer);
                self.upgrade = super::decode::is_websocket_url(&request.url);
                self.via = Some(if self.upgrade { Websocket } else { Polling });
                self.size = Some(request.body.len() as u64);
                self.x = Some(request.x);
            }
            Body::Response(response) => {
                self.what = What::Response;
                self.dir = Some(Direction::ToClient);
                self.upgrade = response.status == 101;
                self.via = Some(if self.upgrade { Websocket } else { Polling });
                self.size = Some(response.body.len() as u64);
                self.latency_ms = response.timing.total;
                self.x = Some(response.x);
                self.error = response.error.is_some() || response.status >= 300;
            }
            Body::Frame(frame) => {
                self.what = match frame.op {
                    Opcode::Text | Opcode::Binary => What::Frame(frame.op),
                    op => What::Control(op),
                };
                self.dir = Some(frame.dir);
                self.via = Some(Websocket);
                self.size = Some(frame.data.len() as u64);
                self.binary = frame.op == Opcode::Binary;
            }
            Body::Transport(transport) => {
                self.what = What::Transport;
                self.via = Some(transport.name);
                self.error = transport.error.is_some();
                self.upgrade = transport.state == crate::journal::record::TransportState::Upgrading;
            }
            Body::Connection(connection) => {
                self.what = What::Connection(connection.state);
                self.error = match connection.state {
                    ConnectionState::GaveUp => true,
                    ConnectionState::Closed => !matches!(
                        connection.reason.as_deref(),
                        None | Some("io client disconnect")
                    ),
                    _ => false,
                };
            }
            Body::Namespace(namespace) => {
                self.what = What::Namespace(namespace.state);
                self.nsp = Some(&namespace.nsp);
                self.error = match namespace.state {
                    NamespaceState::Refused => true,
                    NamespaceState::Disconnected => !matches!(
                        namespace.reason.as_deref(),
                        None | Some("io client disconnect")
                    ),
                    _ => false,
                };
            }
            Body::Ack(ack) => {
                self.what = What::Ack(ack.state);
                self.nsp = Some(&ack.nsp);
                self.dir = Some(ack.dir);
                self.ack = Some(RowAck {
                    id: ack.id,
                    asks: matches!(ack.state, AckState::Pending),
                    state: Some(ack.state),
                    other: None,
                });
                self.latency_ms = ack.ms;
                self.error = matches!(ack.state, AckState::Timeout | AckState::Lost);
            }
            Body::Buffer(buffer) => {
                self.what = What::Buffer(buffer.op);
                self.nsp = Some(&buffer.nsp);
                self.size = Some(buffer.packet.len() as u64);
                self.error = buffer.op == BufferOp::Dropped;
            }
            Body::Fault(_) => self.what = What::Fault,
            Body::Gap(_) => {
                self.what = What::Gap;
                self.error = true;
            }
            Body::Mark(_) => self.what = What::Mark,
            Body::Finding(finding) => {
                self.what = What::Finding;
                self.error = finding.severity == "error";
            }
            Body::Unknown(unknown) => self.error = unknown.why.is_some(),
        }
    }

    /// The reference of this row. `back` is not known to it.
    pub fn reference(&self) -> RowRef {
        RowRef {
            n: self.n,
            index: self.index.unwrap_or(RowRef::RECORD),
            back: 0,
        }
    }

    /// Raw JSON of the packet's data, where there is any: arguments with the event name first,
    /// the handshake, auth, a refusal.
    pub fn data(&self) -> Option<&'a str> {
        match self.packet.map(|packet| &packet.kind) {
            Some(Kind::Socket { data, .. }) => data.as_deref(),
            Some(Kind::Engine { data, .. }) if !data.is_empty() => Some(data),
            _ => None,
        }
    }

    /// What free text is looked for in: the payload, or what a record says.
    pub fn text(&self) -> Cow<'a, str> {
        match self.packet.map(|packet| &packet.kind) {
            Some(Kind::Undecodable { error, .. }) => {
                Cow::Owned(format!("{error} {}", describe::text(self.record)))
            }
            Some(_) => Cow::Borrowed(self.data().unwrap_or_default()),
            None => describe::text(self.record),
        }
    }

    /// The word in the row's name column: `event`, `connect`, `close 1006`, `GET`, `mark` …
    pub fn name(&self) -> Cow<'a, str> {
        describe::name(self)
    }
}

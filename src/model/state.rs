//! What a person asks about, as plain data. Times are session times in microseconds.

use std::collections::{BTreeMap, VecDeque};

use super::fold::Memory;
use super::statistics::Statistics;
use crate::journal::record::{
    AckState, BufferOp, ConnectionState, Direction, NamespaceState, TransportName,
};

/// How many finished things of a sort (connections, acks, attempts) are remembered.
pub const REMEMBERED: usize = 1_000;

/// Everything that is known about a session so far.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Connections by number; the oldest are forgotten beyond [`REMEMBERED`].
    pub connections: BTreeMap<u32, Connection>,
    /// Number of the newest connection.
    pub current: Option<u32>,
    /// Namespaces in the order in which they were first seen. In a session with several
    /// clients (tap) each connection has its own.
    pub namespaces: Vec<Namespace>,
    /// Each connection is a client of its own (a tap): none takes over what another one left.
    pub several: bool,
    /// The ack ledger, oldest first; ended entries are forgotten beyond [`REMEMBERED`].
    pub acks: VecDeque<AckEntry>,
    /// What happened between connections, oldest first.
    pub reconnects: VecDeque<Reconnect>,
    /// The next attempt, while one is planned.
    pub waiting: Option<Waiting>,
    /// No further attempt will be made, and why.
    pub gave_up: Option<String>,
    /// Packets that wait for their namespace, oldest first.
    pub buffered: VecDeque<Buffered>,
    /// Event names seen or sent, with how often: for completion and statistics.
    pub events: BTreeMap<String, u64>,
    /// Events by namespace, name and direction.
    pub statistics: Statistics,
    /// Totals.
    pub counts: Counts,
    /// Session time of the newest record.
    pub now: u64,
    /// Sequence number of the newest record that was folded in.
    pub seen: u64,
    /// What the fold must remember to join later records with earlier ones.
    pub(super) memory: Memory,
}

/// What is known about the ack of one row: a question's or an answer's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownAck {
    /// State of the question.
    pub state: AckState,
    /// Milliseconds from question to answer (or to its end).
    pub ms: Option<f64>,
    /// Record of the other side: the answer of a question, the question of an answer.
    pub other: Option<u64>,
}

impl Model {
    /// The newest connection.
    pub fn connection(&self) -> Option<&Connection> {
        self.connections.get(&self.current?)
    }

    /// What is known about the ack of packet `index` of record `n`. Known for many more rows
    /// than [`Model::acks`] has entries.
    pub fn ack_at(&self, n: u64, index: u32) -> Option<&KnownAck> {
        self.memory.ack_rows.get(&(n, index))
    }

    /// A model that answers [`Model::ack_at`] as this one does now, and knows nothing else: what
    /// a look through the rows needs.
    #[must_use]
    pub fn acks_of_rows(&self) -> Model {
        Model {
            memory: self.memory.acks_of_rows(),
            ..Model::default()
        }
    }
}

/// Totals of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames and exchanges.
    pub frames: u64,
    /// Payload bytes to the server.
    pub bytes_to_server: u64,
    /// Payload bytes to the client.
    pub bytes_to_client: u64,
    /// Records known to be lost.
    pub lost: u64,
    /// Packets that could not be decoded.
    pub undecodable: u64,
}

/// One Engine.IO connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its number.
    pub c: u32,
    /// Its state.
    pub state: ConnectionState,
    /// The transport that carries packets now (or did last).
    pub transport: Option<TransportName>,
    /// Engine.IO protocol version (3 or 4), from the `EIO` of its URL.
    pub eio: Option<u8>,
    /// Engine.IO session id.
    pub engine_sid: Option<String>,
    /// When the handshake began.
    pub began: u64,
    /// When the handshake was answered.
    pub opened: Option<u64>,
    /// When it ended.
    pub closed: Option<u64>,
    /// Official disconnect reason or connect error.
    pub reason: Option<String>,
    /// What lies under it.
    pub detail: Option<String>,
    /// Transports that the server offers to upgrade to.
    pub upgrades: Vec<String>,
    /// The upgrade from polling to WebSocket.
    pub upgrade: Upgrade,
    /// Pings, pongs and what they tell.
    pub heartbeat: Heartbeat,
    /// Largest POST body that the server takes, where it says so.
    pub max_payload: Option<u64>,
    /// When the server was last heard.
    pub last_heard: Option<u64>,
    /// Attempt number within its reconnect series; `None` for a first connect.
    pub attempt: Option<u32>,
    /// Record in which it was first seen.
    pub first_n: u64,
}

/// Steps of the upgrade, each with its session time.
#[derive(Debug, Clone, Default)]
pub struct Upgrade {
    /// The WebSocket for the probe was asked for.
    pub began: Option<u64>,
    /// `2probe` was sent.
    pub probe_sent: Option<u64>,
    /// `3probe` came.
    pub probe_answered: Option<u64>,
    /// `5` was sent: WebSocket carries packets.
    pub done: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Pings and pongs of one connection.
#[derive(Debug, Clone, Default)]
pub struct Heartbeat {
    /// From the handshake, in milliseconds.
    pub interval_ms: u64,
    /// From the handshake, in milliseconds.
    pub timeout_ms: u64,
    /// Last Engine.IO ping, from whichever side pings in this generation.
    pub last_ping: Option<u64>,
    /// Last Engine.IO pong.
    pub last_pong: Option<u64>,
    /// Pings seen.
    pub pings: u64,
    /// Generation 3: ping to pong in ms. Generation 4: arrival against `interval_ms` in ms
    /// (signed). Newest last, at most 60.
    pub samples: VecDeque<f64>,
    /// Session time at which the silence becomes `ping timeout`.
    pub deadline: Option<u64>,
    /// Session time at which the next ping is due.
    pub next: Option<u64>,
}

/// One namespace of one connection series.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// Its name, `/` included.
    pub nsp: String,
    /// Connection on which it was last seen.
    pub c: Option<u32>,
    /// Its state.
    pub state: NamespaceState,
    /// Socket id.
    pub socket_sid: Option<String>,
    /// Private id for connection state recovery.
    pub pid: Option<String>,
    /// Newest recovery offset.
    pub offset: Option<String>,
    /// Whether the last connect was a recovery.
    pub recovered: Option<bool>,
    /// Disconnect reason or refusal.
    pub reason: Option<String>,
    /// Refusal's data as raw JSON.
    pub data: Option<String>,
    /// Events from the server.
    pub received: u64,
    /// Events to the server.
    pub sent: u64,
    /// Session time of its last change.
    pub since: u64,
}

/// One entry of the ack ledger.
#[derive(Debug, Clone)]
pub struct AckEntry {
    /// Connection on which it was asked.
    pub c: Option<u32>,
    /// Namespace.
    pub nsp: String,
    /// Ack id.
    pub id: u64,
    /// Which way the question went.
    pub dir: Direction,
    /// Its state.
    pub state: AckState,
    /// Event that asked, where the frame was seen.
    pub event: Option<String>,
    /// When it was asked.
    pub asked: u64,
    /// Record of the question's frame.
    pub asked_n: Option<u64>,
    /// Which packet of that record asked.
    pub asked_index: u32,
    /// Record of the answer's frame.
    pub answered_n: Option<u64>,
    /// Which packet of that record answered.
    pub answered_index: u32,
    /// Milliseconds from question to answer (or to its end).
    pub ms: Option<f64>,
    /// Its number among all entries of the session, for finding it again.
    pub(super) number: u64,
    /// `ack` records speak of it: its state is what they say and not derived from packets.
    pub(super) told: bool,
}

/// One line of the reconnect timeline: a loss, or an attempt.
#[derive(Debug, Clone)]
pub enum Reconnect {
    /// A connection ended.
    Lost {
        /// Session time.
        at: u64,
        /// Record.
        n: u64,
        /// Connection.
        c: u32,
        /// Official reason.
        reason: String,
        /// What lies under it.
        detail: Option<String>,
        /// How long the connection had been open, in microseconds.
        lived: Option<u64>,
        /// How often in a row this reason came.
        in_a_row: u32,
    },
    /// An attempt ended, well or badly.
    Attempt {
        /// Session time of its end.
        at: u64,
        /// Record.
        n: u64,
        /// Connection that it tried to make.
        c: u32,
        /// Attempt number, `None` for a first connect.
        attempt: Option<u32>,
        /// Microseconds since the loss that began the series (or since the session began).
        after: u64,
        /// Planned delay in ms.
        delay_ms: Option<u64>,
        /// `Ok` with the Engine.IO sid, or the error and its detail.
        outcome: Result<String, (String, Option<String>)>,
    },
}

/// The next attempt.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// When the wait began.
    pub since: u64,
    /// Planned delay in milliseconds.
    pub delay_ms: u64,
    /// Number of the attempt.
    pub attempt: u32,
}

/// A packet in the offline buffer.
#[derive(Debug, Clone)]
pub struct Buffered {
    /// Namespace that it waits for.
    pub nsp: String,
    /// Its text.
    pub packet: String,
    /// When it was queued.
    pub since: u64,
    /// Record.
    pub n: u64,
    /// Last thing that happened to it.
    pub op: BufferOp,
}

//! The kinds of record: session file version 1, as Rust types.
//!
//! A [`Record`] says when ([`Record::t`]), on which connection ([`Record::c`]) and what
//! ([`Body`]). Raw bytes are kept as they crossed the wire; decoded forms are derived by
//! `model::decode` and never stored here.

use bytes::Bytes;

/// One line of the journal: something that happened, with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Sequence number, from 1, without holes.
    pub n: u64,
    /// Microseconds since the session started; never runs backwards.
    pub t: u64,
    /// Number of the Engine.IO connection, from 1, where the record belongs to one.
    pub c: Option<u32>,
    /// What happened.
    pub body: Body,
}

/// What happened: one variant for each `k` of the session file.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// An HTTP request was written.
    Request(Request),
    /// Its response came, or it failed.
    Response(Response),
    /// A WebSocket message or control frame crossed the wire.
    Frame(Frame),
    /// A transport changed state.
    Transport(Transport),
    /// A connection changed state, or waits for its next attempt.
    Connection(Connection),
    /// A namespace was joined, refused or left.
    Namespace(Namespace),
    /// An entry of the ack ledger changed state.
    Ack(Ack),
    /// A packet went into or out of the offline buffer.
    Buffer(Buffer),
    /// A failure was made on purpose.
    Fault(Fault),
    /// Records were lost before they reached the journal.
    Gap(Gap),
    /// A person or script left a mark.
    Mark(Mark),
    /// A diagnosis rule concluded something (derived: printed, never stored).
    Finding(Finding),
    /// A kind that this version does not know; kept so that a copy loses nothing.
    Unknown(Unknown),
}

/// Which way something travelled. Reads the same for a client, a tap and a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// HTTP headers in the order and spelling in which they were written.
pub type Headers = Vec<(String, String)>;

/// An HTTP request: a handshake, a poll, a post or a WebSocket upgrade.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// Exchange number, from 1, shared with its [`Response`].
    pub x: u64,
    /// HTTP method.
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// Request headers.
    pub headers: Headers,
    /// Request body; empty where there is none.
    pub body: Bytes,
}

/// The response to the request with the same `x`, or the error that came instead.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Response {
    /// Exchange number of the request.
    pub x: u64,
    /// HTTP status; 0 where no response came.
    pub status: u16,
    /// Response headers.
    pub headers: Headers,
    /// Body after content decoding (gzip, deflate), before any Engine.IO decoding.
    pub body: Bytes,
    /// How long each phase took.
    pub timing: Timing,
    /// Why no (whole) response came, in words for a person.
    pub error: Option<String>,
}

/// Milliseconds spent in each phase; `None` where a phase did not happen (a reused connection
/// has no `dns`, `connect` and `tls`).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Timing {
    /// Name resolution.
    pub dns: Option<f64>,
    /// TCP connect, and the proxy's handshake where there is one.
    pub connect: Option<f64>,
    /// TLS handshake.
    pub tls: Option<f64>,
    /// From the request's last byte to the response's first.
    pub first_byte: Option<f64>,
    /// From the start of the exchange to the response's last byte.
    pub total: Option<f64>,
}

/// WebSocket opcode of a message or control frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Opcode {
    /// A text message.
    Text,
    /// A binary message.
    Binary,
    /// A WebSocket (not Engine.IO) ping.
    Ping,
    /// A WebSocket (not Engine.IO) pong.
    Pong,
    /// A close frame.
    Close,
}

/// One WebSocket message or control frame, as it crossed the wire (after inflating).
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Which way it went.
    pub dir: Direction,
    /// What kind of frame.
    pub op: Opcode,
    /// Payload. Text that is not UTF-8 is kept as it is. Empty for a close frame.
    pub data: Bytes,
    /// Close code; only on close frames, `None` there means that the frame carried no code.
    pub code: Option<u16>,
    /// Close reason, with a code only.
    pub reason: Option<String>,
    /// Bytes of payload on the wire, where compression made them differ from `data`.
    pub wire: Option<u64>,
}

/// Name of an Engine.IO transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportName {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    Websocket,
}

/// State of a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportState {
    /// Its first request is on the way.
    Opening,
    /// It carries packets.
    Open,
    /// It is being probed to take over from polling.
    Upgrading,
    /// It is gone.
    Closed,
}

/// A transport changed state.
#[derive(Debug, Clone, PartialEq)]
pub struct Transport {
    /// Which one.
    pub name: TransportName,
    /// Its new state.
    pub state: TransportState,
    /// What went wrong, where something did.
    pub error: Option<String>,
}

/// State of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// The handshake is on the way.
    Connecting,
    /// The handshake was answered.
    Open,
    /// It ended, or could not be made.
    Closed,
    /// The next attempt is planned.
    Waiting,
    /// No further attempt will be made.
    GaveUp,
}

/// A connection changed state.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// Its new state.
    pub state: ConnectionState,
    /// The official reason text (`transport close`, `ping timeout`, …), or the connect error.
    pub reason: Option<String>,
    /// What lies under the reason: close code, HTTP status and body, OS error, silence.
    pub detail: Option<String>,
    /// Number of the attempt within the reconnect series, from 1; absent on a first connect.
    pub attempt: Option<u32>,
    /// Planned delay before that attempt, in milliseconds.
    pub delay_ms: Option<u64>,
}

/// State of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NamespaceState {
    /// CONNECT was sent, or (generation 2, `/`) is awaited.
    Joining,
    /// The server let us in.
    Connected,
    /// The server refused with CONNECT_ERROR.
    Refused,
    /// It was left, or lost with its connection.
    Disconnected,
}

/// A namespace changed state.
#[derive(Debug, Clone, PartialEq)]
pub struct Namespace {
    /// The namespace, `/` included.
    pub nsp: String,
    /// Its new state.
    pub state: NamespaceState,
    /// Socket id that the server gave.
    pub sid: Option<String>,
    /// Disconnect reason (official text) or the refusal's message.
    pub reason: Option<String>,
    /// Whether connection state recovery worked; absent where it was not in play.
    pub recovered: Option<bool>,
    /// The refusal's data, as raw JSON text.
    pub data: Option<String>,
}

/// State of an ack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckState {
    /// Asked for.
    Pending,
    /// The answer came in time (or we gave it).
    Answered,
    /// The answer came after the timeout.
    Late,
    /// No answer within the timeout.
    Timeout,
    /// The connection ended first.
    Lost,
}

/// An entry of the ack ledger changed state.
#[derive(Debug, Clone, PartialEq)]
pub struct Ack {
    /// Namespace.
    pub nsp: String,
    /// Ack id, counted per namespace by the side that asked.
    pub id: u64,
    /// Which way the *question* went: `ToServer` means that we asked.
    pub dir: Direction,
    /// New state.
    pub state: AckState,
    /// Milliseconds since the question, on every state but `Pending`.
    pub ms: Option<f64>,
}

/// What happened to a buffered packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BufferOp {
    /// It waits for its namespace.
    Queued,
    /// It was sent.
    Flushed,
    /// It will not be sent.
    Dropped,
}

/// A packet went into or out of the offline buffer.
#[derive(Debug, Clone, PartialEq)]
pub struct Buffer {
    /// Namespace that it waits for.
    pub nsp: String,
    /// What happened to it.
    pub op: BufferOp,
    /// The packet's text as it will be (or was) sent, without its attachments.
    pub packet: String,
}

/// A failure made on purpose.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Name of the fault in the catalogue.
    pub fault: String,
    /// Rule of the plan that chose it, where one did.
    pub rule: Option<String>,
    /// What it did, in words.
    pub did: String,
}

/// Records that were lost before they reached the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// How many records.
    pub records: u64,
    /// How many payload bytes they held.
    pub bytes: u64,
}

/// A mark that a person or script left.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Its text.
    pub text: String,
}

/// What a diagnosis rule concluded.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Name of the rule.
    pub rule: String,
    /// `info`, `warn` or `error`.
    pub severity: String,
    /// In plain words.
    pub title: String,
    /// Sequence numbers of the records that prove it.
    pub evidence: Vec<u64>,
    /// Why the evidence means this.
    pub why: String,
    /// What to change, with the very line.
    pub fix: String,
}

/// A record of a kind that this version does not know, or a line that is no record.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// Its `k`; empty where it has none.
    pub k: String,
    /// Why it can't be read, where it is not just of another kind.
    pub why: Option<String>,
    /// The whole line, as it stood in the file.
    pub line: String,
}

//! The client as a state machine without IO.
//!
//! **Contract.** The driver calls [`Machine::handle`] with what happened and the time at which
//! it happened, then takes [`Machine::poll_output`] until it is empty and does what each output
//! asks. When nothing happens it calls [`Machine::tick`] at [`Machine::deadline`]. The machine
//! never reads a clock, never waits and never touches the network, so that reconnection,
//! heartbeats, upgrade, namespaces, buffering and acks are tested in virtual time.
//!
//! | file | what it holds |
//! |---|---|
//! | `opening.rs` | first request, handshake, recognising the server's generation |
//! | `polling.rs` | one GET and one POST at a time, batching under `maxPayload` |
//! | `upgrade.rs` | probe, pause, `5`, flush |
//! | `heartbeat.rs` | pings and pongs of both generations, `ping timeout` |
//! | `incoming.rs` | Engine.IO packets in, Socket.IO packets to their namespace |
//! | `namespaces.rs` | join, leave, CONNECT, refusal, recovery |
//! | `acks.rs` | both sides' questions and answers, timeouts |
//! | `outgoing.rs` | emits, the offline buffer |
//! | `queue.rs` | the write queue and its bound |
//! | `closing.rs` | every way to end, and what follows |

mod acks;
mod buffer;
mod closing;
mod heartbeat;
mod incoming;
mod namespaces;
mod opening;
mod outgoing;
mod polling;
mod queue;
#[cfg(test)]
mod tests;
mod upgrade;

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::command::Command;
use super::options::{Auth, Eio, Options};
use crate::journal::record::{
    Body, Connection, ConnectionState, Headers, Transport, TransportName, TransportState,
};
use crate::protocol::engine::url::Endpoint;
use crate::protocol::engine::{Handshake, Revision, Version};
use crate::protocol::socket::Assembler;

use heartbeat::Heartbeat;
use namespaces::Namespace;

/// Identifies an exchange or a WebSocket; the `x` of the journal.
pub type ExchangeId = u64;

/// Something happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// A face asks for something.
    Command(Command),
    /// The response to an [`Output::Http`] came.
    HttpResponse {
        /// Which exchange.
        x: ExchangeId,
        /// HTTP status.
        status: u16,
        /// Response headers.
        headers: &'a Headers,
        /// Decoded body.
        body: &'a [u8],
    },
    /// No (whole) response came.
    HttpFailed {
        /// Which exchange.
        x: ExchangeId,
        /// Why, in words, with the OS error.
        error: String,
    },
    /// The server switched protocols: the WebSocket is there.
    WsOpened {
        /// Which one.
        x: ExchangeId,
    },
    /// The WebSocket could not be made.
    WsFailed {
        /// Which one.
        x: ExchangeId,
        /// Why, in words: status and body of the refusal, or the OS error.
        error: String,
    },
    /// A text message.
    WsText {
        /// Which WebSocket.
        x: ExchangeId,
        /// Its payload.
        text: &'a str,
    },
    /// A binary message.
    WsBinary {
        /// Which WebSocket.
        x: ExchangeId,
        /// Its payload.
        data: &'a [u8],
    },
    /// The WebSocket ended.
    WsClosed {
        /// Which one.
        x: ExchangeId,
        /// How.
        end: WsEnd,
    },
    /// So many messages were handed to the operating system.
    WsWritten {
        /// Which WebSocket.
        x: ExchangeId,
        /// How many.
        messages: usize,
    },
    /// An auth payload was read ([`Output::ReadAuth`]).
    AuthRead {
        /// For which namespace.
        nsp: String,
        /// JSON text, or why it could not be read.
        auth: Result<Option<String>, String>,
    },
}

/// How a WebSocket ended.
#[derive(Debug, Clone, PartialEq)]
pub enum WsEnd {
    /// A close frame came; `None` is a frame without a code (1005).
    Frame {
        /// Close code.
        code: Option<u16>,
        /// Close reason.
        reason: String,
    },
    /// The connection went away without one (1006), with the OS error where there is one.
    Cut(Option<String>),
    /// Bytes that are no WebSocket frames, or text that is no UTF-8: a `transport error`.
    Violation(String),
}

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Start an HTTP exchange.
    Http {
        /// Its number.
        x: ExchangeId,
        /// The connection that it belongs to.
        c: u32,
        /// `GET` or `POST`.
        method: &'static str,
        /// Absolute URL.
        url: String,
        /// `Content-Type` of a POST.
        content_type: Option<&'static str>,
        /// Body of a POST.
        body: Bytes,
    },
    /// Give up on an exchange.
    AbortHttp {
        /// Which one.
        x: ExchangeId,
    },
    /// Open a WebSocket.
    OpenWs {
        /// Its number.
        x: ExchangeId,
        /// The connection that it belongs to.
        c: u32,
        /// `ws:` or `wss:` URL.
        url: String,
    },
    /// Write a message.
    SendWs {
        /// Which WebSocket.
        x: ExchangeId,
        /// The message.
        message: Message,
    },
    /// Write a WebSocket (not Engine.IO) ping.
    PingWs {
        /// Which WebSocket.
        x: ExchangeId,
    },
    /// Write what is queued, then a close frame without a code, then end.
    CloseWs {
        /// Which WebSocket.
        x: ExchangeId,
    },
    /// Read an auth payload and come back with [`Input::AuthRead`].
    ReadAuth {
        /// For which namespace.
        nsp: String,
        /// From where.
        source: Auth,
    },
    /// Write a record that happened now.
    Record {
        /// Connection.
        c: Option<u32>,
        /// What happened.
        body: Body,
    },
    /// Tell the person once.
    Notice(String),
}

/// How a connection looks on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wire {
    /// Its number.
    pub c: u32,
    /// The handshake was answered, and nothing ends it yet.
    pub open: bool,
    /// The transport that carries packets.
    pub transport: TransportName,
    /// Its WebSocket, where that is the transport.
    pub ws: Option<ExchangeId>,
    /// Engine.IO version.
    pub version: Version,
    /// Dialect of its polling bodies.
    pub revision: Revision,
    /// `maxPayload` of the handshake, in bytes.
    pub max_payload: Option<u64>,
}

/// A WebSocket message to write.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Binary.
    Binary(Bytes),
}

/// Where the machine is.
#[derive(Debug, Clone, PartialEq)]
enum Phase {
    /// Nothing is planned.
    Idle,
    /// The handshake is on the way; it fails at this time.
    Opening { until: Instant },
    /// The engine is open.
    Open,
    /// A polite close is being written; it is cut at this time.
    Closing { until: Instant },
    /// The next attempt begins at this time.
    Waiting { until: Instant },
}

/// One Engine.IO connection, from its first request to its end.
struct Link {
    /// Its number.
    c: u32,
    /// Version that it speaks.
    version: Version,
    /// Dialect of its polling payloads.
    revision: Revision,
    /// The handshake, once answered.
    handshake: Option<Handshake>,
    /// Transport that carries packets.
    transport: TransportName,
    /// Poll in flight.
    get: Option<ExchangeId>,
    /// Post in flight.
    post: Option<ExchangeId>,
    /// The WebSocket, where that is the transport.
    ws: Option<ExchangeId>,
    /// Messages handed to the driver and not yet written.
    ws_in_flight: usize,
    /// The upgrade under way.
    probe: Option<upgrade::Probe>,
    /// Packets that wait to be written.
    queue: queue::Queue,
    /// Half-arrived binary packet. Belongs to the connection, not to a transport.
    assembler: Assembler,
    heartbeat: Heartbeat,
    opened: Option<Instant>,
    last_heard: Instant,
    /// Why it will be closed once the upgrade or the queue is through.
    ending: Option<closing::Ending>,
}

/// The state machine. See the module's documentation for the contract.
pub struct Machine {
    options: Options,
    /// Where requests go, with the query that all of them carry.
    endpoint: Endpoint,
    random: Box<dyn FnMut() -> f64 + Send>,
    now: Instant,
    out: VecDeque<Output>,
    phase: Phase,
    link: Option<Link>,
    namespaces: Vec<Namespace>,
    /// A person holds events back.
    held: bool,
    /// Ack deadlines: (when, namespace, id).
    ack_deadlines: BTreeSet<(Instant, String, u64)>,
    /// Version to begin the next connection with.
    version: Version,
    /// The generation was recognised, and changed, since the last planned attempt.
    switched: bool,
    /// It was said that Engine.IO 3 has no auth payload.
    auth_told: bool,
    /// Attempts made in this reconnect series.
    attempts: u32,
    /// Any engine was ever open.
    ever_open: bool,
    /// `disconnect` was asked for; no attempt until `connect`.
    stopped: bool,
    last_c: u32,
    last_x: ExchangeId,
    /// Source of the cache buster: differs for each request.
    stamp: u64,
    probe_rtt_at: Option<Instant>,
}

impl Machine {
    /// A machine for `options`. `random` gives draws in `[0, 1)`; `stamp` is any number that
    /// differs between runs (milliseconds since the epoch), for the cache buster.
    pub fn new(
        options: Options,
        now: Instant,
        stamp: u64,
        random: Box<dyn FnMut() -> f64 + Send>,
    ) -> Machine {
        let version = match options.eio {
            Eio::V3 => Version::V3,
            Eio::Auto | Eio::V4 => Version::V4,
        };
        let namespaces = options
            .namespaces
            .iter()
            .map(|wanted| Namespace::wanted(&wanted.nsp, wanted.auth.clone()))
            .collect();
        let endpoint = options.endpoint();
        Machine {
            options,
            endpoint,
            random,
            now,
            out: VecDeque::new(),
            phase: Phase::Idle,
            link: None,
            namespaces,
            held: false,
            ack_deadlines: BTreeSet::new(),
            version,
            switched: false,
            auth_told: false,
            attempts: 0,
            ever_open: false,
            stopped: false,
            last_c: 0,
            last_x: 0,
            stamp,
            probe_rtt_at: None,
        }
    }

    /// Takes in what happened at `now`. Deadlines that have passed are dealt with first, so
    /// that a process that was suspended finds its connection dead before it writes to it.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.tick(now);
        match input {
            Input::Command(command) => self.command(command),
            Input::HttpResponse {
                x,
                status,
                headers,
                body,
            } => self.http_response(x, status, headers, body),
            Input::HttpFailed { x, error } => self.http_failed(x, &error),
            Input::WsOpened { x } => self.ws_opened(x),
            Input::WsFailed { x, error } => self.ws_failed(x, &error),
            Input::WsText { x, text } => self.ws_text(x, text),
            Input::WsBinary { x, data } => self.ws_binary(x, data),
            Input::WsClosed { x, end } => self.ws_closed(x, end),
            Input::WsWritten { x, messages } => self.ws_written(x, messages),
            Input::AuthRead { nsp, auth } => self.auth_read(&nsp, auth),
        }
    }

    /// Deals with the deadlines that have passed at `now`.
    pub fn tick(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.ack_timeouts();
        match self.phase {
            Phase::Opening { until } if until <= self.now => {
                let seconds = self.options.connect_timeout.as_secs_f64();
                self.connect_failed(
                    "timeout",
                    &format!("no Engine.IO handshake within {seconds} s"),
                );
            }
            Phase::Closing { until } if until <= self.now => self.closed(),
            Phase::Waiting { until } if until <= self.now => self.attempt_now(),
            _ => {}
        }
        self.heartbeat_tick();
        if let (Some(at), Some(every)) = (self.probe_rtt_at, self.options.probe_rtt)
            && at <= self.now
        {
            if let Some(x) = self.link.as_ref().and_then(|link| link.ws) {
                self.out.push_back(Output::PingWs { x });
            }
            self.probe_rtt_at = Some(self.now + every.max(Duration::from_millis(100)));
        }
    }

    /// When [`Machine::tick`] has to be called next, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Opening { until } | Phase::Closing { until } | Phase::Waiting { until } => {
                Some(until)
            }
            Phase::Idle | Phase::Open => None,
        };
        let ack = self.ack_deadlines.first().map(|(at, _, _)| *at);
        let beat = match (&self.phase, &self.link) {
            (Phase::Open, Some(link)) => link.heartbeat.deadline(),
            _ => None,
        };
        let rtt = self
            .probe_rtt_at
            .filter(|_| self.link.as_ref().is_some_and(|link| link.ws.is_some()));
        [phase, ack, beat, rtt].into_iter().flatten().min()
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Nothing is open, on the way or planned: only a command changes that.
    pub fn idle(&self) -> bool {
        self.phase == Phase::Idle && self.out.is_empty()
    }

    /// How the connection of now looks on the wire: what faults are applied to.
    pub fn wire(&self) -> Option<Wire> {
        self.link.as_ref().map(|link| Wire {
            c: link.c,
            open: link.handshake.is_some() && self.phase == Phase::Open,
            transport: link.transport,
            ws: link.ws,
            version: link.version,
            revision: link.revision,
            max_payload: link.handshake.as_ref().and_then(|shake| shake.max_payload),
        })
    }

    /// Starts the first connection.
    pub fn start(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.open(None);
    }

    /// State of the connection in words, for notices.
    fn state_word(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "disconnected",
            Phase::Opening { .. } => "connecting",
            Phase::Open => "connected",
            Phase::Closing { .. } => "closing",
            Phase::Waiting { .. } => "waiting for the next attempt",
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Emit(emit) => self.emit(emit),
            Command::Join { nsp, auth } => self.join(&nsp, auth),
            Command::Leave { nsp } => self.leave(&nsp),
            Command::Answer { nsp, id, args } => self.answer(&nsp, id, &args, false),
            Command::AnswerAgain { nsp, id, args } => self.answer(&nsp, id, &args, true),
            Command::Hold => self.hold(),
            Command::Flush => self.release(),
            Command::Unbuffer { nsp, packet } => self.unbuffer_text(&nsp, &packet),
            Command::Rebuffer { nsp, packet, args } => self.rebuffer(&nsp, &packet, &args),
            Command::Connect => self.connect(),
            Command::Disconnect => self.disconnect(),
            Command::Mark { text } => {
                self.record(None, Body::Mark(crate::journal::record::Mark { text }))
            }
            // The driver makes them: the machine must not know what is done to it.
            Command::Fault(_) | Command::FaultOn { .. } | Command::ClearFaults => {}
        }
    }

    fn record(&mut self, c: Option<u32>, body: Body) {
        self.out.push_back(Output::Record { c, body });
    }

    fn notice(&mut self, text: String) {
        self.out.push_back(Output::Notice(text));
    }

    fn c(&self) -> Option<u32> {
        self.link.as_ref().map(|link| link.c)
    }

    fn next_x(&mut self) -> ExchangeId {
        self.last_x += 1;
        self.last_x
    }

    fn record_transport(
        &mut self,
        name: TransportName,
        state: TransportState,
        error: Option<String>,
    ) {
        let c = self.c();
        self.record(c, Body::Transport(Transport { name, state, error }));
    }

    fn record_connection(
        &mut self,
        state: ConnectionState,
        reason: Option<&str>,
        detail: Option<String>,
    ) {
        let c = self.c();
        let attempt = (self.attempts > 0).then_some(self.attempts);
        self.record(
            c,
            Body::Connection(Connection {
                state,
                reason: reason.map(str::to_owned),
                detail: detail.filter(|text| !text.is_empty()),
                attempt,
                delay_ms: None,
            }),
        );
    }
}

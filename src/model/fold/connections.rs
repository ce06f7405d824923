//! Connections: their requests, frames, handshake, transports, upgrade and end.

use super::super::decode::{Packet, is_websocket_url, query_value};
use super::super::state::{Connection, Heartbeat, Model, Upgrade};
use super::REMEMBERED;
use crate::journal::Record;
use crate::journal::record::{
    self, Body, ConnectionState, Direction, Frame, Opcode, Response, TransportName, TransportState,
};

/// What a request without a response asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A handshake over polling.
    Handshake,
    /// A WebSocket, as the first transport.
    Websocket,
    /// A WebSocket, to upgrade to.
    Upgrade,
    /// A poll.
    Poll,
    /// A post.
    Post,
}

/// A connection of which nothing is known yet but that it began.
pub(super) fn begun(c: u32, t: u64, n: u64) -> Connection {
    Connection {
        c,
        state: ConnectionState::Connecting,
        transport: None,
        eio: None,
        engine_sid: None,
        began: t,
        opened: None,
        closed: None,
        reason: None,
        detail: None,
        upgrades: Vec::new(),
        upgrade: Upgrade::default(),
        heartbeat: Heartbeat::default(),
        max_payload: None,
        last_heard: None,
        attempt: None,
        first_n: n,
    }
}

impl Model {
    /// What the record that carries packets says by itself: who was heard, over which transport.
    pub(super) fn take_carrier(&mut self, record: &Record) {
        let (c, t) = match record.c {
            Some(c) => (c, record.t),
            None => return,
        };
        match &record.body {
            Body::Request(request) => {
                let websocket = is_websocket_url(&request.url);
                let sid = query_value(&request.url, "sid");
                let asked = match (websocket, sid.is_some(), request.method.as_str()) {
                    (true, true, _) => Asked::Upgrade,
                    (true, false, _) => Asked::Websocket,
                    (false, _, "POST") => Asked::Post,
                    (false, false, _) => Asked::Handshake,
                    (false, true, _) => Asked::Poll,
                };
                if self.memory.exchanges.len() >= REMEMBERED {
                    self.memory.exchanges.pop_first();
                }
                self.memory.exchanges.insert(request.x, asked);
                let eio = query_value(&request.url, "EIO").and_then(|eio| eio.parse().ok());
                let connection = self.connection_mut(c, t);
                connection.eio = eio.or(connection.eio);
                match asked {
                    Asked::Upgrade => connection.upgrade.began = Some(t),
                    Asked::Websocket => {
                        connection.transport.get_or_insert(TransportName::Websocket);
                    }
                    _ => {
                        connection.transport.get_or_insert(TransportName::Polling);
                    }
                }
                // A recording that began in the middle: the sid of its requests is all there is.
                if connection.engine_sid.is_none() {
                    connection.engine_sid = sid.map(str::to_owned);
                }
            }
            Body::Response(response) if response.status > 0 => {
                self.connection_mut(c, t).last_heard = Some(t);
            }
            Body::Frame(frame) => {
                let connection = self.connection_mut(c, t);
                connection.transport.get_or_insert(TransportName::Websocket);
                if frame.dir == Direction::ToClient {
                    connection.last_heard = Some(t);
                }
            }
            _ => {}
        }
    }

    /// An Engine.IO packet other than a message.
    pub(super) fn take_engine(&mut self, record: &Record, packet: &Packet, name: &str, data: &str) {
        let Some(c) = record.c else {
            return;
        };
        let t = record.t;
        let by_websocket = matches!(record.body, Body::Frame(_));
        let told = self.memory.told.contains(&c);
        let connection = self.connection_mut(c, t);
        match (name, packet.dir) {
            ("open", Direction::ToClient) => {
                connection.take_handshake(data);
                connection.transport = Some(if by_websocket {
                    TransportName::Websocket
                } else {
                    TransportName::Polling
                });
                connection.heartbeat_began(t);
                if !told {
                    self.connection_opened(record.n, c, t);
                } else {
                    self.name_attempt(c);
                }
            }
            ("ping", Direction::ToServer) if data == "probe" => {
                connection.upgrade.probe_sent = Some(t);
            }
            ("pong", Direction::ToClient) if data == "probe" => {
                connection.upgrade.probe_answered = Some(t);
            }
            ("upgrade", Direction::ToServer) => {
                connection.upgrade.done = Some(t);
                connection.upgrade.error = None;
                connection.transport = Some(TransportName::Websocket);
            }
            ("ping", dir) => connection.pinged(dir, t),
            ("pong", dir) => connection.ponged(dir, t),
            // Over WebSocket both official sides ignore it; the close frame follows.
            ("close", dir) if !by_websocket && !told => {
                let reason = match dir {
                    Direction::ToClient => "transport close",
                    Direction::ToServer => "io client disconnect",
                };
                let detail = (dir == Direction::ToClient)
                    .then(|| "transport closed by the server".to_owned());
                self.connection_ended(record.n, c, t, Some(reason.to_owned()), detail);
            }
            _ => {}
        }
    }

    /// A response that says by its status or error that something failed.
    pub(super) fn take_response(&mut self, record: &Record, response: &Response) {
        let asked = self.memory.exchanges.remove(&response.x);
        let Some(c) = record.c else {
            return;
        };
        let fine = response.error.is_none() && matches!(response.status, 101 | 200..=299);
        if fine {
            return;
        }
        let told = self.memory.told.contains(&c);
        let detail = failure(response);
        let connection = self.connection_mut(c, record.t);
        let reason = match asked {
            Some(Asked::Upgrade) => {
                connection.upgrade.error = Some(detail);
                return;
            }
            Some(Asked::Websocket) => "websocket error",
            Some(Asked::Post) => "xhr post error",
            Some(Asked::Handshake | Asked::Poll) | None => "xhr poll error",
        };
        if told || connection.closed.is_some() {
            return;
        }
        // After the upgrade an old poll may fail without harm.
        if connection.upgrade.done.is_some() {
            return;
        }
        let (reason, detail) = if connection.opened.is_some() {
            ("transport error".to_owned(), format!("{reason}: {detail}"))
        } else {
            (reason.to_owned(), detail)
        };
        self.connection_ended(record.n, c, record.t, Some(reason), Some(detail));
    }

    /// A close frame; others say nothing beyond their packets.
    pub(super) fn take_control_frame(&mut self, record: &Record, frame: &Frame) {
        let Some(c) = record.c else {
            return;
        };
        if frame.op != Opcode::Close || self.memory.told.contains(&c) {
            return;
        }
        let connection = self.connection_mut(c, record.t);
        // The probe's socket may close without harm to polling.
        if connection.transport == Some(TransportName::Polling) {
            if connection.upgrade.done.is_none() {
                connection.upgrade.error = Some(close_words(frame));
            }
            return;
        }
        let reason = match frame.dir {
            Direction::ToClient => "transport close",
            Direction::ToServer => "io client disconnect",
        };
        let detail = Some(close_words(frame));
        self.connection_ended(record.n, c, record.t, Some(reason.to_owned()), detail);
    }

    pub(super) fn take_transport(&mut self, record: &Record, transport: &record::Transport) {
        let Some(c) = record.c else {
            return;
        };
        let t = record.t;
        let connection = self.connection_mut(c, t);
        match transport.state {
            TransportState::Opening => {
                connection.transport.get_or_insert(transport.name);
            }
            TransportState::Open => {
                let before = connection.transport.replace(transport.name);
                if before == Some(TransportName::Polling)
                    && transport.name == TransportName::Websocket
                {
                    connection.upgrade.done.get_or_insert(t);
                }
            }
            TransportState::Upgrading => {
                connection.upgrade.began.get_or_insert(t);
            }
            TransportState::Closed => {
                if transport.name == TransportName::Websocket
                    && connection.transport == Some(TransportName::Polling)
                {
                    connection.upgrade.error = transport
                        .error
                        .clone()
                        .or_else(|| Some("the WebSocket closed before it took over".to_owned()));
                    return;
                }
                // In a tapped session nobody else says that the carrier is gone; a close frame
                // that came before has said it better.
                let carries = transport.name == TransportName::Websocket
                    && connection.transport == Some(TransportName::Websocket);
                let alive = connection.closed.is_none();
                if carries && alive && !self.memory.told.contains(&c) {
                    let reason = "transport close".to_owned();
                    self.connection_ended(record.n, c, t, Some(reason), transport.error.clone());
                }
            }
        }
    }

    pub(super) fn take_connection(&mut self, record: &Record, told: &record::Connection) {
        let t = record.t;
        match told.state {
            ConnectionState::Waiting => {
                self.wait(t, told);
                return;
            }
            ConnectionState::GaveUp => {
                self.waiting = None;
                let why = match (&told.reason, &told.detail) {
                    (Some(reason), Some(detail)) => format!("{reason}: {detail}"),
                    (Some(only), None) | (None, Some(only)) => only.clone(),
                    (None, None) => "no attempts left".to_owned(),
                };
                self.gave_up = Some(why);
                return;
            }
            _ => {}
        }
        let Some(c) = record.c else {
            return;
        };
        self.connection_mut(c, t);
        self.memory.told.insert(c);
        match told.state {
            ConnectionState::Connecting => {
                self.waiting = None;
                self.gave_up = None;
                let connection = self.connection_mut(c, t);
                connection.attempt = told.attempt;
                connection.began = t;
                if told.delay_ms.is_some() {
                    self.memory.delay_ms = told.delay_ms;
                }
            }
            ConnectionState::Open => {
                if told.attempt.is_some() {
                    self.connection_mut(c, t).attempt = told.attempt;
                }
                self.connection_opened(record.n, c, t);
            }
            _ => {
                if told.attempt.is_some() {
                    self.connection_mut(c, t).attempt = told.attempt;
                }
                // Between two attempts it is the waiting that ends: the connection before it has
                // ended already, for a reason of its own.
                let given_up = self.waiting.take().is_some()
                    && self
                        .connections
                        .get(&c)
                        .is_some_and(|one| one.closed.is_some());
                if !given_up {
                    self.connection_ended(record.n, c, t, told.reason.clone(), told.detail.clone());
                }
            }
        }
    }
}

impl Connection {
    /// Reads what is usable of a handshake; what is missing or of the wrong type is left out.
    fn take_handshake(&mut self, data: &str) {
        let Ok(handshake) = serde_json::from_str::<serde_json::Value>(data) else {
            return;
        };
        let millis = |key: &str| {
            handshake
                .get(key)
                .and_then(serde_json::Value::as_f64)
                .filter(|ms| (0.0..=1e15).contains(ms))
                .map(|ms| ms as u64)
        };
        if let Some(sid) = handshake.get("sid").and_then(|sid| sid.as_str()) {
            self.engine_sid = Some(sid.to_owned());
        }
        if let Some(upgrades) = handshake.get("upgrades").and_then(|list| list.as_array()) {
            self.upgrades = upgrades
                .iter()
                .take(16)
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect();
        }
        self.heartbeat.interval_ms = millis("pingInterval").unwrap_or(0);
        self.heartbeat.timeout_ms = millis("pingTimeout").unwrap_or(0);
        self.max_payload = millis("maxPayload");
        // Only generation 4 says it.
        if self.eio.is_none() && self.max_payload.is_some() {
            self.eio = Some(4);
        }
    }
}

/// A failed response in words: the error, or the status and the start of the body.
fn failure(response: &Response) -> String {
    let body: String = String::from_utf8_lossy(&response.body)
        .chars()
        .take(200)
        .collect();
    let body = body.trim();
    match &response.error {
        Some(error) => error.clone(),
        None if body.is_empty() => format!("HTTP {}", response.status),
        None => format!("HTTP {} {body}", response.status),
    }
}

fn close_words(frame: &Frame) -> String {
    match (frame.code, frame.reason.as_deref()) {
        (Some(code), Some(reason)) if !reason.is_empty() => {
            format!("close code {code}: {reason}")
        }
        (Some(code), _) => format!("close code {code}"),
        (None, _) => "close code 1005 (none was sent)".to_owned(),
    }
}

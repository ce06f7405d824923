//! Namespaces: joined, refused, left, and what crossed them.

use super::super::decode::{Kind, Packet};
use super::super::state::{Model, Namespace, REMEMBERED};
use super::super::statistics::Name;
use crate::journal::Record;
use crate::journal::record::{self, Direction, NamespaceState};

impl Model {
    /// Where the namespace of this name stands in the list: that of connection `c`, or one whose
    /// connection has ended and which `c` takes over (a reconnect). Where each connection is a
    /// client of its own nothing is taken over.
    fn place_of(&self, nsp: &str, c: Option<u32>) -> Option<usize> {
        let mut ended = None;
        for (place, namespace) in self.namespaces.iter().enumerate().rev() {
            if namespace.nsp != nsp {
                continue;
            }
            if namespace.c == c || c.is_none() || namespace.c.is_none() {
                return Some(place);
            }
            let alive = namespace
                .c
                .and_then(|old| self.connections.get(&old))
                .is_some_and(|old| old.closed.is_none());
            if !alive && !self.several {
                ended.get_or_insert(place);
            }
        }
        ended
    }

    /// The namespace of this name on connection `c`; made where it is new.
    fn namespace_mut(&mut self, nsp: &str, c: Option<u32>, t: u64) -> Option<&mut Namespace> {
        // A generation 2 client writes its query into the name; the answer has none.
        let nsp = nsp.split_once('?').map_or(nsp, |(name, _query)| name);
        let place = match self.place_of(nsp, c) {
            Some(place) => place,
            None => {
                if self.namespaces.len() >= REMEMBERED {
                    let oldest = self
                        .namespaces
                        .iter()
                        .position(|namespace| {
                            !matches!(
                                namespace.state,
                                NamespaceState::Connected | NamespaceState::Joining
                            )
                        })
                        .unwrap_or(0);
                    self.namespaces.remove(oldest);
                }
                self.namespaces.push(Namespace {
                    nsp: nsp.to_owned(),
                    c,
                    state: NamespaceState::Joining,
                    socket_sid: None,
                    pid: None,
                    offset: None,
                    recovered: None,
                    reason: None,
                    data: None,
                    received: 0,
                    sent: 0,
                    since: t,
                });
                self.namespaces.len() - 1
            }
        };
        let namespace = self.namespaces.get_mut(place)?;
        namespace.c = c.or(namespace.c);
        Some(namespace)
    }

    /// A Socket.IO packet's share in the state of its namespace.
    pub(super) fn take_socket(&mut self, record: &Record, packet: &Packet) {
        let Kind::Socket {
            name,
            nsp,
            data,
            event,
            offset,
            ..
        } = &packet.kind
        else {
            return;
        };
        let t = record.t;
        if let Some(event) = event {
            self.count_event(event);
            let dir = packet.dir;
            let name = Name { nsp, event, dir };
            self.statistics.seen(name, packet.size, record.n, record.t);
        }
        let connection = record.c.and_then(|c| self.connections.get_mut(&c));
        // Generation 3 and older: the socket's id is the connection's.
        let mut engine_sid = None;
        if let Some(connection) = connection {
            if connection.eio.is_none()
                && packet.dir == Direction::ToClient
                && *name == "connect"
                && data.as_deref().is_some_and(|data| data.contains("\"sid\""))
            {
                connection.eio = Some(4);
            }
            if connection.eio == Some(3) {
                engine_sid.clone_from(&connection.engine_sid);
            }
        }
        let Some(namespace) = self.namespace_mut(nsp, record.c, t) else {
            return;
        };
        match (*name, packet.dir) {
            ("event" | "binary_event", Direction::ToClient) => {
                namespace.received = namespace.received.saturating_add(1);
                if offset.is_some() && namespace.pid.is_some() {
                    namespace.offset.clone_from(offset);
                }
                namespace.surely_connected(t);
            }
            ("event" | "binary_event", Direction::ToServer) => {
                namespace.sent = namespace.sent.saturating_add(1);
                namespace.surely_connected(t);
            }
            ("connect", Direction::ToServer) => {
                namespace.turn(NamespaceState::Joining, t);
                namespace.take_wish(data.as_deref());
            }
            ("connect", Direction::ToClient) => {
                namespace.turn(NamespaceState::Connected, t);
                namespace.reason = None;
                namespace.data = None;
                namespace.take_welcome(data.as_deref(), engine_sid);
            }
            ("connect_error", Direction::ToClient) => {
                namespace.turn(NamespaceState::Refused, t);
                namespace.reason = data.as_deref().map(refusal);
                namespace.data.clone_from(data);
            }
            ("disconnect", dir) => {
                namespace.turn(NamespaceState::Disconnected, t);
                let reason = match dir {
                    Direction::ToClient => "io server disconnect",
                    Direction::ToServer => "io client disconnect",
                };
                namespace.reason = Some(reason.to_owned());
            }
            _ => {}
        }
    }

    pub(super) fn take_namespace(&mut self, record: &Record, told: &record::Namespace) {
        let Some(namespace) = self.namespace_mut(&told.nsp, record.c, record.t) else {
            return;
        };
        namespace.turn(told.state, record.t);
        namespace.socket_sid = told.sid.clone().or(namespace.socket_sid.take());
        match told.state {
            NamespaceState::Connected => {
                namespace.recovered = told.recovered;
                namespace.reason = None;
                namespace.data = None;
            }
            NamespaceState::Joining => {}
            NamespaceState::Refused | NamespaceState::Disconnected => {
                namespace.reason = told.reason.clone().or(namespace.reason.take());
                namespace.data = told.data.clone().or(namespace.data.take());
            }
        }
    }

    /// A connection ended: what lived on it is disconnected for the same reason.
    pub(super) fn lose_namespaces(&mut self, c: u32, t: u64, reason: &str) {
        for namespace in &mut self.namespaces {
            let alive = matches!(
                namespace.state,
                NamespaceState::Connected | NamespaceState::Joining
            );
            if namespace.c == Some(c) && alive {
                namespace.turn(NamespaceState::Disconnected, t);
                namespace.reason = Some(reason.to_owned());
            }
        }
    }
}

impl Namespace {
    fn turn(&mut self, state: NamespaceState, t: u64) {
        if self.state != state {
            self.state = state;
            self.since = t;
        }
    }

    /// An event crosses a namespace of which no CONNECT was seen: the recording began later.
    /// Where one was seen, it is left to its answer (recovered events come before that).
    fn surely_connected(&mut self, t: u64) {
        if self.state == NamespaceState::Joining
            && self.received + self.sent == 1
            && self.since == t
        {
            self.turn(NamespaceState::Connected, t);
        }
    }

    /// Reads what the client wants to recover, which tells a reconnect from a first visit.
    fn take_wish(&mut self, data: Option<&str>) {
        let wish = data.and_then(|data| serde_json::from_str::<serde_json::Value>(data).ok());
        let text = |key: &str| Some(wish.as_ref()?.get(key)?.as_str()?.to_owned());
        if let Some(pid) = text("pid") {
            self.pid = Some(pid);
            self.offset = text("offset").or(self.offset.take());
        }
    }

    /// Reads the server's answer to CONNECT.
    fn take_welcome(&mut self, data: Option<&str>, engine_sid: Option<String>) {
        let welcome = data.and_then(|data| serde_json::from_str::<serde_json::Value>(data).ok());
        let text = |key: &str| {
            let value = welcome.as_ref()?.get(key)?.as_str()?;
            Some(value.to_owned())
        };
        let pid = text("pid");
        let same = pid.is_some() && pid == self.pid;
        if self.pid.is_some() {
            self.recovered = Some(same);
        }
        if !same {
            // The offset belonged to the session that could not be recovered.
            self.offset = None;
        }
        self.pid = pid;
        let fallback = || match self.nsp.as_str() {
            "/" => engine_sid,
            nsp => engine_sid.map(|sid| format!("{nsp}#{sid}")),
        };
        self.socket_sid = text("sid").or_else(fallback);
    }
}

/// The message of a refusal, which may be an object, a text or anything else.
fn refusal(data: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(data) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(value) => match value.get("message").and_then(|message| message.as_str()) {
            Some(message) => message.to_owned(),
            None => data.to_owned(),
        },
        Err(_) => data.to_owned(),
    }
}

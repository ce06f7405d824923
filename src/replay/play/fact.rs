//! Records as what they say of one Socket.IO client: the same for the recording and for the live
//! session that plays it again. **Pure.**

use std::time::Duration;

use crate::journal::Record;
use crate::journal::file::Header;
use crate::journal::record::{Body, ConnectionState, Direction};
use crate::model::decode::Kind;
use crate::model::{Decoder, Packet};
use crate::replay::diff::Veil;

/// One thing that a client did, or that happened to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Record that says so.
    pub n: u64,
    /// Time since the session's start.
    pub at: Duration,
    /// Connection.
    pub c: Option<u32>,
    /// What.
    pub what: What,
}

/// What a client did, or what happened to it. JSON is raw text; `args` of events are without
/// the event's name, and binary leaves are `{"$binary":"<base64>"}`.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the fields say what they are by their names")]
pub enum What {
    /// The client asked to join a namespace (whose name may hold a query in generation 2).
    Join { nsp: String, auth: Option<String> },
    /// The client left a namespace.
    Leave { nsp: String },
    /// The client emitted an event.
    Emit(Event),
    /// The client answered an event of the server.
    Answer { nsp: String, id: u64, args: String },
    /// The server let the client in.
    Joined { nsp: String },
    /// The server refused.
    Refused { nsp: String, data: String },
    /// The server put the client out of a namespace.
    Dropped { nsp: String },
    /// The server emitted an event.
    Event(Event),
    /// The server answered an event of the client.
    Ack { nsp: String, id: u64, args: String },
    /// The connection ended: `ours` where the client ended it.
    Closed { ours: bool },
    /// A packet of the client could not be read.
    Unreadable,
}

/// An event, either way.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Namespace, without a query.
    pub nsp: String,
    /// Its name.
    pub event: String,
    /// Ack id, where an answer is wanted.
    pub id: Option<u64>,
    /// The arguments after the name, as a raw JSON array.
    pub args: String,
    /// The last of them is a recovery offset that the server added.
    pub offset: bool,
}

impl What {
    /// The namespace that it is about, without a query.
    pub fn nsp(&self) -> Option<&str> {
        match self {
            What::Join { nsp, .. }
            | What::Leave { nsp }
            | What::Answer { nsp, .. }
            | What::Joined { nsp }
            | What::Refused { nsp, .. }
            | What::Dropped { nsp }
            | What::Ack { nsp, .. }
            | What::Emit(Event { nsp, .. })
            | What::Event(Event { nsp, .. }) => Some(name_of(nsp)),
            What::Closed { .. } | What::Unreadable => None,
        }
    }
}

/// A namespace as packets name it: generation 2 lets it be joined with a query, `/chat?room=1`.
pub fn name_of(nsp: &str) -> &str {
    nsp.split_once('?').map_or(nsp, |(name, _)| name)
}

/// Reads the records of a session in order.
#[derive(Debug, Default)]
pub struct Listener {
    decoder: Decoder,
    veil: Veil,
}

impl Listener {
    /// For the start of a session.
    pub fn new(header: &Header) -> Listener {
        Listener {
            decoder: Decoder::new(header.parser.as_deref()),
            veil: Veil::new(header),
        }
    }

    /// What of this session's payloads is no difference, as far as it was heard.
    pub fn veil(&self) -> &Veil {
        &self.veil
    }

    /// Engine.IO version of a connection, as far as it is known.
    pub fn version(&self, c: u32) -> Option<u8> {
        self.decoder.version(c)
    }

    /// What a record says.
    pub fn take(&mut self, record: &Record) -> Vec<Fact> {
        let packets = self.decoder.decode(record);
        let theirs = |packet: &&Packet| packet.dir == Direction::ToClient;
        (packets.iter().filter(theirs)).for_each(|packet| self.veil.learn(packet));
        let of_packets = packets.into_iter().filter_map(of_packet);
        let of_body = match &record.body {
            Body::Connection(connection) if connection.state == ConnectionState::Closed => {
                let ours = connection.reason.as_deref() == Some("io client disconnect");
                Some(What::Closed { ours })
            }
            _ => None,
        };
        of_packets
            .chain(of_body)
            .map(|what| Fact {
                n: record.n,
                at: Duration::from_micros(record.t),
                c: record.c,
                what,
            })
            .collect()
    }
}

fn of_packet(packet: Packet) -> Option<What> {
    let up = packet.dir == Direction::ToServer;
    let (name, nsp, id, data, event, offset) = match packet.kind {
        Kind::Undecodable { .. } => return up.then_some(What::Unreadable),
        // The transport's end by the client: polling says it with a packet.
        Kind::Engine { name, .. } => {
            return (up && name == "close").then_some(What::Closed { ours: true });
        }
        Kind::Socket {
            name,
            nsp,
            id,
            data,
            event,
            offset,
            ..
        } => (name, nsp, id, data, event, offset.is_some()),
    };
    let plain = name_of(&nsp).to_owned();
    Some(match (name, up) {
        ("connect", true) => What::Join { nsp, auth: data },
        ("connect", false) => What::Joined { nsp: plain },
        ("connect_error", false) => What::Refused {
            nsp: plain,
            data: data.unwrap_or_else(|| "null".to_owned()),
        },
        ("disconnect", true) => What::Leave { nsp: plain },
        ("disconnect", false) => What::Dropped { nsp: plain },
        ("event" | "binary_event", _) => {
            let event = Event {
                nsp: plain,
                event: event?,
                id,
                args: arguments(data.as_deref().unwrap_or("[]")),
                offset,
            };
            if up {
                What::Emit(event)
            } else {
                What::Event(event)
            }
        }
        ("ack" | "binary_ack", _) => {
            let (nsp, id) = (plain, id?);
            let args = data.unwrap_or_else(|| "[]".to_owned());
            if up {
                What::Answer { nsp, id, args }
            } else {
                What::Ack { nsp, id, args }
            }
        }
        _ => return None,
    })
}

/// An event's array without its name, as raw text.
fn arguments(array: &str) -> String {
    let elements = crate::protocol::json::elements(array).unwrap_or_default();
    let rest: Vec<&str> = elements.into_iter().skip(1).collect();
    format!("[{}]", rest.join(","))
}

//! The Socket.IO packet.

use std::borrow::Cow;
use std::fmt;

use crate::protocol::json;

/// The kinds of packet; the numbers are those of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PacketKind {
    /// 0: join a namespace, or the server's yes to it.
    Connect,
    /// 1: leave a namespace.
    Disconnect,
    /// 2: an event.
    Event,
    /// 3: the answer to an event.
    Ack,
    /// 4: the server's no to a CONNECT; protocol 3 and 4 call it ERROR.
    ConnectError,
    /// 5: an event with attachments.
    BinaryEvent,
    /// 6: an answer with attachments.
    BinaryAck,
}

impl PacketKind {
    /// The kind with this number, 0 to 6.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Connect,
            1 => Self::Disconnect,
            2 => Self::Event,
            3 => Self::Ack,
            4 => Self::ConnectError,
            5 => Self::BinaryEvent,
            6 => Self::BinaryAck,
            _ => return None,
        })
    }

    /// The number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Connect => 0,
            Self::Disconnect => 1,
            Self::Event => 2,
            Self::Ack => 3,
            Self::ConnectError => 4,
            Self::BinaryEvent => 5,
            Self::BinaryAck => 6,
        }
    }

    /// The digit on the wire.
    pub fn digit(self) -> char {
        char::from(b'0'.saturating_add(self.number()))
    }

    /// The name in session files and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Disconnect => "disconnect",
            Self::Event => "event",
            Self::Ack => "ack",
            Self::ConnectError => "connect_error",
            Self::BinaryEvent => "binary_event",
            Self::BinaryAck => "binary_ack",
        }
    }

    /// Whether it is an event, with or without attachments.
    pub fn is_event(self) -> bool {
        matches!(self, Self::Event | Self::BinaryEvent)
    }

    /// Whether it is an ack, with or without attachments.
    pub fn is_ack(self) -> bool {
        matches!(self, Self::Ack | Self::BinaryAck)
    }

    /// Whether attachments follow it.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }
}

impl fmt::Display for PacketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One Socket.IO packet. Attachments are counted here and carried by [`Assembled`](super::Assembled).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What kind it is.
    pub kind: PacketKind,
    /// How many binary messages follow it; 0 for the kinds without attachments.
    pub attachments: u64,
    /// The namespace, `/` when the text names none. A 2.x client's query is part of it
    /// ([`split_namespace_query`](crate::protocol::engine::url::split_namespace_query)).
    pub nsp: Cow<'a, str>,
    /// The ack id.
    pub id: Option<u64>,
    /// The JSON text, untouched; placeholders included.
    pub data: Option<Cow<'a, str>>,
}

impl<'a> Packet<'a> {
    /// The arguments of an ack, or an event's name and arguments, each as raw JSON. Empty when
    /// there is no array.
    pub fn args(&self) -> Vec<&str> {
        self.data
            .as_deref()
            .and_then(json::elements)
            .unwrap_or_default()
    }

    /// The event's name: a string without its quotes and escapes, or a number as it is written.
    /// `None` when the packet is no event.
    pub fn event_name(&self) -> Option<Cow<'_, str>> {
        if !self.kind.is_event() {
            return None;
        }
        let data = self.data.as_deref()?;
        let mut tokens = json::Tokens::new(data);
        tokens.next_token().ok()??;
        let first = tokens.next_token().ok()??;
        let raw = data.get(first.start..first.end)?;
        match first.kind {
            json::TokenKind::String => json::unescape(raw),
            json::TokenKind::Number => Some(Cow::Borrowed(raw)),
            _ => None,
        }
    }

    /// The same packet, owned.
    pub fn into_owned(self) -> Packet<'static> {
        Packet {
            kind: self.kind,
            attachments: self.attachments,
            nsp: Cow::Owned(self.nsp.into_owned()),
            id: self.id,
            data: self.data.map(|data| Cow::Owned(data.into_owned())),
        }
    }
}

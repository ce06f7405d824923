//! The Engine.IO packet.

use std::borrow::Cow;
use std::fmt;

/// The kinds of packet; the numbers are those of the wire (Engine.IO protocol, "Packet types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PacketKind {
    /// 0: the handshake.
    Open,
    /// 1: the session ends.
    Close,
    /// 2: a heartbeat, or the upgrade's probe.
    Ping,
    /// 3: its answer.
    Pong,
    /// 4: a message of the layer above.
    Message,
    /// 5: the client moves to this transport.
    Upgrade,
    /// 6: nothing; it ends a poll.
    Noop,
}

impl PacketKind {
    /// The kind with this number, 0 to 6.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Open,
            1 => Self::Close,
            2 => Self::Ping,
            3 => Self::Pong,
            4 => Self::Message,
            5 => Self::Upgrade,
            6 => Self::Noop,
            _ => return None,
        })
    }

    /// The kind with this ASCII digit.
    pub fn from_digit(digit: u8) -> Option<Self> {
        Self::from_number(digit.checked_sub(b'0')?)
    }

    /// The number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Close => 1,
            Self::Ping => 2,
            Self::Pong => 3,
            Self::Message => 4,
            Self::Upgrade => 5,
            Self::Noop => 6,
        }
    }

    /// The digit on the wire.
    pub fn digit(self) -> char {
        char::from(b'0'.saturating_add(self.number()))
    }

    /// The name in session files and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Message => "message",
            Self::Upgrade => "upgrade",
            Self::Noop => "noop",
        }
    }
}

impl fmt::Display for PacketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a packet carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data<'a> {
    /// Text, possibly empty.
    Text(Cow<'a, str>),
    /// Bytes, possibly none.
    Binary(Cow<'a, [u8]>),
}

impl Data<'_> {
    /// Size in bytes: UTF-8 for text.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is binary.
    pub fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// The text, when it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    /// The bytes, when it is binary.
    pub fn as_binary(&self) -> Option<&[u8]> {
        match self {
            Self::Text(_) => None,
            Self::Binary(bytes) => Some(bytes),
        }
    }

    /// The same data, owned.
    pub fn into_owned(self) -> Data<'static> {
        match self {
            Self::Text(text) => Data::Text(Cow::Owned(text.into_owned())),
            Self::Binary(bytes) => Data::Binary(Cow::Owned(bytes.into_owned())),
        }
    }
}

/// One Engine.IO packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What kind it is.
    pub kind: PacketKind,
    /// What it carries; empty text for the kinds that carry nothing.
    pub data: Data<'a>,
}

impl<'a> Packet<'a> {
    /// A packet of text.
    pub fn text(kind: PacketKind, text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            kind,
            data: Data::Text(text.into()),
        }
    }

    /// A packet that carries nothing.
    pub fn bare(kind: PacketKind) -> Self {
        Self::text(kind, "")
    }

    /// A message of text.
    pub fn message(text: impl Into<Cow<'a, str>>) -> Self {
        Self::text(PacketKind::Message, text)
    }

    /// A message of bytes.
    pub fn binary(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self {
            kind: PacketKind::Message,
            data: Data::Binary(bytes.into()),
        }
    }

    /// The same packet, owned.
    pub fn into_owned(self) -> Packet<'static> {
        Packet {
            kind: self.kind,
            data: self.data.into_owned(),
        }
    }
}

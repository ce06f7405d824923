//! Engine.IO, both generations. **Floor 0, pure.**
//!
//! A [`Packet`] crosses the wire as one WebSocket message ([`message`]) or as a part of a polling
//! body ([`payload`]). The first packet of a session is the [`Handshake`]. Around them:
//! [`url`] builds request addresses, [`server_error`] reads refusals and [`generation`] tells
//! from bytes what kind of server answered.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

pub mod base64;
pub mod generation;
pub mod handshake;
pub mod message;
mod packet;
pub mod payload;
pub mod server_error;
pub mod url;

#[cfg(test)]
mod properties;

pub use crate::protocol::decoded::{DecodeError, DecodeErrorKind, Decoded, Quirk};
pub use handshake::Handshake;
pub use message::Message;
pub use packet::{Data, Packet, PacketKind};

/// The Engine.IO protocol, as the `EIO` query parameter names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// `EIO=3`: Socket.IO 1.x and 2.x; the client pings.
    V3,
    /// `EIO=4`: Socket.IO 3 and newer; the server pings.
    V4,
}

impl Version {
    /// The digit of the `EIO` parameter.
    pub fn digit(self) -> char {
        match self {
            Self::V3 => '3',
            Self::V4 => '4',
        }
    }
}

/// Which Socket.IO's reading of an Engine.IO 3 polling body; Engine.IO 4 has only one.
///
/// Both announce `EIO=3`; the bytes differ (engine.io-parser 1.3.2 against 2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Revision {
    /// Socket.IO 1.x: octet-stream whenever binary is possible, text encoded as UTF-8 twice.
    SocketIo1,
    /// Socket.IO 2.x: octet-stream only for a body with binary in it, text encoded once.
    #[default]
    SocketIo2,
}

//! WebSocket frames as they cross the wire, permessage-deflate, the HTTP upgrade.
//! **Floor 0, pure**: no clock, no socket, no tokio.
//!
//! - [`frame`]: one frame's head, masking and mask keys, on tungstenite's public frame types.
//! - [`decoder`]: read bytes in, whole messages out; [`encoder`] the other way.
//! - [`negotiation`]: what `Sec-WebSocket-Extensions` says; [`deflate`] does what was agreed.
//! - [`handshake`]: the headers of the HTTP upgrade, from both sides.
//! - [`passive`]: decodes copies of both directions of somebody else's connection.
//!
//! # Contract
//! The decoder serves a debugger: what an ordinary library drops is kept (bytes on the wire,
//! number of fragments, deviations that were tolerated as [`Quirks`]), and what cannot be
//! tolerated is a [`Violation`] value with its place, the close code that fits and the bytes
//! that caused it. No input makes it panic, and nothing is answered by itself: pongs and close
//! frames are the caller's decision.
//!
//! Payloads are slices of the read buffer ([`bytes::Bytes`]); no allocation is made for a frame
//! that arrives whole. A slice keeps its read buffer alive: who stores payloads for long copies
//! them.

pub mod decoder;
pub mod deflate;
pub mod encoder;
pub mod frame;
pub mod handshake;
pub mod negotiation;
pub mod passive;
pub mod violation;

use bytes::Bytes;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub use negotiation::{DeflateOffer, DeflateParams};
pub use passive::Passive;
pub use violation::{Quirk, Quirks, Violation, ViolationKind};

/// Which end of the connection somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that asked for the upgrade; it masks what it sends (RFC 6455, section 5.1).
    Client,
    /// The end that answered with 101.
    Server,
}

impl Role {
    /// The other end.
    pub fn peer(self) -> Role {
        match self {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        }
    }
}

/// What a message is; control frames count as messages here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A text message.
    Text,
    /// A binary message.
    Binary,
    /// A WebSocket ping.
    Ping,
    /// A WebSocket pong.
    Pong,
    /// A close frame.
    Close {
        /// The close code; `None` where the frame carried none.
        code: Option<u16>,
        /// The reason; `None` where the frame carried no code or an empty reason. Bytes that
        /// are not UTF-8 are replaced and told by [`Quirk::CloseReasonNotUtf8`].
        reason: Option<String>,
    },
}

/// One whole message, or one control frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub op: Op,
    /// Payload, unmasked and inflated; empty for a close frame.
    pub data: Bytes,
    /// Payload bytes on the wire where the message came compressed, else `None`.
    pub wire: Option<u64>,
    /// Frames that it was cut into; 1 for nearly all.
    pub frames: u32,
    /// Deviations from RFC 6455 that were tolerated.
    pub quirks: Quirks,
}

/// How much a decoder takes in before it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message, counted after inflating and over all its fragments.
    pub message: usize,
}

impl Default for Limits {
    /// 64 MiB a message: far above Socket.IO's default `maxHttpBufferSize` of 1 MB.
    fn default() -> Self {
        Limits {
            message: 64 * 1024 * 1024,
        }
    }
}

//! Socket.IO packets, protocols 3 to 5. **Floor 0, pure.**
//!
//! The text form is `<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]` (Socket.IO protocol,
//! "Packet encoding"). [`peek`] reads the header alone and is meant for a million packets a
//! second; [`decode_text`] judges the whole packet as the reference parser does; [`Assembler`]
//! joins a packet with its attachments. JSON stays the raw text that came.
//!
//! [`msgpack`] is the other parser that servers use; [`recovery`] knows the offsets of connection
//! state recovery.

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

pub mod binary;
mod encode;
mod header;
pub mod msgpack;
mod packet;
pub mod recovery;
mod text;

#[cfg(test)]
mod properties;

pub use crate::protocol::decoded::{DecodeError, DecodeErrorKind, Decoded, Quirk};
pub use binary::{Assembled, Assembler, Progress, extract, substitute};
pub use encode::{Encoded, encode, encode_connect, encode_disconnect, encode_with_binary};
pub use header::{Peek, peek};
pub use packet::{Packet, PacketKind};
pub use text::{RESERVED_EVENTS, RESERVED_EVENTS_V2, decode_text};

/// The limits that keep hostile bytes harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Attachments of one packet. The reference's default since socket.io-parser 4.2.6 is 10.
    pub max_attachments: u64,
    /// Levels of nesting that a msgpack packet, or JSON on its way into msgpack, may have. JSON
    /// text has no such limit, because it is read without recursion.
    pub max_depth: usize,
    /// Bytes of one packet's text, or of one attachment.
    pub max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_attachments: 10,
            max_depth: 256,
            max_bytes: 100_000_000,
        }
    }
}

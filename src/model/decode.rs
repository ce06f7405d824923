//! A record's bytes as packets, with attachments put together.

use crate::journal::Record;
use crate::journal::record::Direction;

/// A packet as a person reads it: one row of the frame log, one entry of `packets`.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// Record that completed it.
    pub n: u64,
    /// Its place among the packets of that record, from 0.
    pub index: u32,
    /// Which way it went.
    pub dir: Direction,
    /// Bytes it took, attachments included.
    pub size: u64,
    /// What it is.
    pub kind: Kind,
    /// Deviations that were tolerated, in words.
    pub quirks: Vec<String>,
}

/// What a packet is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// An Engine.IO packet other than message; `data` as it stood (the handshake's JSON for open).
    Engine {
        /// `open`, `close`, `ping`, `pong`, `upgrade` or `noop`.
        name: &'static str,
        /// What followed the type digit.
        data: String,
    },
    /// A Socket.IO packet.
    Socket {
        /// `connect`, `disconnect`, `event`, `ack`, `connect_error`, `binary_event`, `binary_ack`.
        name: &'static str,
        /// Namespace.
        nsp: String,
        /// Ack id.
        id: Option<u64>,
        /// Raw JSON text; binary leaves as `{"$binary":"<base64>"}` once complete.
        data: Option<String>,
        /// Event name, for events.
        event: Option<String>,
        /// Number of attachments.
        attachments: u64,
        /// Recovery offset that ended the arguments, split off for display only (`data` keeps it).
        offset: Option<String>,
    },
    /// Bytes that could not be decoded.
    Undecodable {
        /// Why.
        error: String,
        /// Byte offset in the frame or body.
        at: usize,
    },
}

/// Decodes the records of a session in order. Keeps what has to be kept between records:
/// versions, parsers and half-arrived binary packets of each connection and direction.
#[derive(Debug, Default)]
pub struct Decoder {}

impl Decoder {
    /// A decoder for the start of a session; `parser` as in the session's header.
    pub fn new(parser: Option<&str>) -> Decoder {
        Decoder {}
    }
    /// The packets that `record` carries or completes; empty for a record without bytes and for
    /// the parts of a binary packet before its last.
    pub fn decode(&mut self, record: &Record) -> Vec<Packet> {
        unimplemented!()
    }
}

//! What a decoder answers. **Floor 0, pure.**
//!
//! [`Decoded`] is a value with the [`Quirk`]s that were tolerated on the way; [`DecodeError`]
//! says where (byte offset in the input) and why (a matchable [`DecodeErrorKind`]) nothing
//! could be read. Both print as words for the person at the terminal.

use std::fmt;

use crate::protocol::engine;

/// A value that was read, and what was odd about its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded<T> {
    /// What was read.
    pub value: T,
    /// Deviations that the reference implementations tolerate too, in the order in which they
    /// were met. Empty (and unallocated) for clean input.
    pub quirks: Vec<Quirk>,
}

impl<T> Decoded<T> {
    /// A value whose bytes were clean.
    pub fn clean(value: T) -> Self {
        Self {
            value,
            quirks: Vec::new(),
        }
    }

    /// The same quirks with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Decoded<U> {
        Decoded {
            value: f(self.value),
            quirks: self.quirks,
        }
    }
}

/// A deviation that was tolerated. `Display` says it in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quirk {
    /// Base64 that is not the canonical form: padding missing, another alphabet, whitespace or
    /// foreign characters. Node skips what it can't read, and so do we.
    Base64NotCanonical,
    /// The text is not UTF-8 from this byte on; invalid bytes were read as U+FFFD.
    NotUtf8 {
        /// Offset of the first invalid byte in the input.
        at: usize,
    },
    /// A packet of a kind that carries nothing carried something.
    UnexpectedData(engine::PacketKind),
    /// A kind other than message arrived as binary.
    BinaryControl(engine::PacketKind),
    /// Engine.IO 3: a length that only JavaScript's `Number()` reads as one, such as `0x3`.
    OddLength(String),
    /// Engine.IO 3: a packet of length 0 (`0:`), which the reference skips.
    EmptyPacketSkipped,
    /// Engine.IO 3, binary payload: the body ended before the declared length.
    Truncated {
        /// Bytes that the length announced.
        declared: u64,
        /// Bytes that were there.
        got: u64,
    },
    /// Engine.IO 3: framed as `application/octet-stream` without saying so.
    OctetStreamUnannounced,
    /// Socket.IO 1.x polling text that was not encoded as UTF-8 twice.
    NotDoubleEncoded,
    /// Handshake: a field that a handshake should have is missing; a default stands in.
    FieldMissing(&'static str),
    /// Handshake: a field has the wrong type or an impossible value; a default stands in.
    FieldUnusable {
        /// Name of the field.
        field: &'static str,
        /// Its JSON text.
        raw: String,
    },
    /// Handshake: a number was out of range and was brought into it.
    FieldClamped {
        /// Name of the field.
        field: &'static str,
        /// Its JSON text.
        raw: String,
    },
    /// Handshake: `pingInterval` is 0, as python servers announce for less than a second.
    PingIntervalZero,
    /// An empty Socket.IO packet, which the reference reads as CONNECT `/`.
    EmptyIsConnect,
    /// Whitespace in place of the packet type, which JavaScript reads as 0, CONNECT.
    WhitespaceType,
    /// An attachment count that only JavaScript's `Number()` reads as one, such as `1e0`.
    OddAttachmentCount(String),
    /// Whitespace where the ack id stands; JavaScript reads it as part of the number.
    WhitespaceInId,
    /// Digits and whitespace in the place of the ack id that make no number; taken as no id.
    UnreadableId(String),
    /// The ack id is above 2^53, where a JavaScript peer loses precision.
    IdAboveSafeInteger(u64),
    /// The ack id does not fit 64 bits; taken as no id, so that no wrong one is answered.
    IdTooBig(String),
    /// An id on a packet kind that has none.
    UnexpectedId,
    /// An ACK without an id: it matches no callback.
    AckWithoutId,
    /// An ACK without its array of arguments.
    AckWithoutPayload,
    /// A CONNECT_ERROR without a payload; the official client fails on it.
    ConnectErrorWithoutPayload,
    /// A namespace that doesn't end with a comma although JSON seems to follow it: the JSON is
    /// read as part of the name, as the reference does.
    JsonInNamespace,
    /// Attachments that no placeholder names.
    UnusedAttachments(usize),
    /// Two placeholders name the same attachment.
    AttachmentUsedTwice(u64),
    /// Msgpack: a value that JSON has no form for, and what was written instead.
    NotJson(&'static str),
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64NotCanonical => f.write_str(
                "the base64 is not canonical (padding, alphabet or whitespace); read as Node reads it",
            ),
            Self::NotUtf8 { at } => write!(
                f,
                "not UTF-8 from byte {at} on; invalid bytes are shown as U+FFFD"
            ),
            Self::UnexpectedData(kind) => write!(f, "a {kind} packet should carry no data"),
            Self::BinaryControl(kind) => {
                write!(f, "a {kind} packet came as binary; only messages should")
            }
            Self::OddLength(text) => write!(
                f,
                "the packet length is written {text:?}; only JavaScript reads that as a number"
            ),
            Self::EmptyPacketSkipped => f.write_str("a packet of length 0 was skipped"),
            Self::Truncated { declared, got } => write!(
                f,
                "the body was cut: {declared} bytes announced, {got} arrived"
            ),
            Self::OctetStreamUnannounced => {
                f.write_str("framed as application/octet-stream, but no Content-Type says so")
            }
            Self::NotDoubleEncoded => f.write_str(
                "Socket.IO 1.x encodes polling text as UTF-8 twice; this text is encoded once",
            ),
            Self::FieldMissing(field) => {
                write!(f, "the handshake has no {field}; a default is used")
            }
            Self::FieldUnusable { field, raw } => write!(
                f,
                "the handshake's {field} is {raw}, which can't be used; a default is used"
            ),
            Self::FieldClamped { field, raw } => {
                write!(f, "the handshake's {field} is {raw}, out of range; clamped")
            }
            Self::PingIntervalZero => {
                f.write_str("the handshake's pingInterval is 0 (python servers cut to whole seconds)")
            }
            Self::EmptyIsConnect => {
                f.write_str("an empty packet, which JavaScript reads as CONNECT of \"/\"")
            }
            Self::WhitespaceType => {
                f.write_str("whitespace as packet type, which JavaScript reads as 0 (CONNECT)")
            }
            Self::OddAttachmentCount(text) => write!(
                f,
                "the attachment count is written {text:?}; only JavaScript reads that as a number"
            ),
            Self::WhitespaceInId => {
                f.write_str("whitespace before the payload; JavaScript reads it as part of an ack id")
            }
            Self::UnreadableId(text) => {
                write!(f, "{text:?} stands where the ack id belongs and is no number; taken as none")
            }
            Self::IdAboveSafeInteger(id) => {
                write!(f, "ack id {id} is above 2^53: a JavaScript peer rounds it")
            }
            Self::IdTooBig(digits) => {
                write!(f, "ack id {digits} does not fit 64 bits; taken as none")
            }
            Self::UnexpectedId => f.write_str("this kind of packet has no ack id; it is ignored"),
            Self::AckWithoutId => f.write_str("an ack without an id: it answers nothing"),
            Self::AckWithoutPayload => f.write_str(
                "an ack without its array; the official client fails on it when the callback expects an error first",
            ),
            Self::ConnectErrorWithoutPayload => {
                f.write_str("a CONNECT_ERROR without a payload; the official client fails on it")
            }
            Self::JsonInNamespace => f.write_str(
                "no comma after the namespace: all that follows is read as part of its name",
            ),
            Self::UnusedAttachments(n) => write!(f, "{n} attachment(s) that no placeholder names"),
            Self::AttachmentUsedTwice(num) => {
                write!(f, "attachment {num} is named by more than one placeholder")
            }
            Self::NotJson(what) => write!(f, "{what}, which JSON can't hold"),
        }
    }
}

/// Why nothing could be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {at})")]
pub struct DecodeError {
    /// Byte offset in the decoder's input.
    pub at: usize,
    /// The reason.
    pub kind: DecodeErrorKind,
}

impl DecodeError {
    /// An error at a byte of the input.
    pub fn new(at: usize, kind: DecodeErrorKind) -> Self {
        Self { at, kind }
    }

    /// The same error, seen from an input in which the first one began at `by`.
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        Self {
            at: self.at.saturating_add(by),
            kind: self.kind,
        }
    }
}

/// The reason of a [`DecodeError`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A polling body of no bytes. socketioxide answers so when it closes a polled session.
    #[error("the polling body is empty")]
    EmptyBody,
    /// A packet of no bytes: an empty WebSocket message, or a leading, trailing or doubled
    /// separator in a payload.
    #[error("empty Engine.IO packet")]
    EmptyPacket,
    /// The first character is not an Engine.IO packet type.
    #[error("unknown Engine.IO packet type {0:?}")]
    UnknownEngineType(char),
    /// Engine.IO 3 binary: the first byte is not a packet type.
    #[error("unknown Engine.IO packet type byte {0:#04x}")]
    UnknownEngineTypeByte(u8),
    /// Engine.IO 3 text payload: no colon after the length.
    #[error("no colon after the packet length")]
    NoColon,
    /// Engine.IO 3 payload: the length is no number.
    #[error("the packet length is not a number: {0:?}")]
    BadLength(String),
    /// Engine.IO 3 payload: less is there than the length announces.
    #[error("the packet length says {declared}, but {available} are left")]
    LengthTooLong {
        /// What the length announces (UTF-16 units in text, bytes in binary).
        declared: u64,
        /// What is left of the body, in the same unit.
        available: u64,
    },
    /// Engine.IO 3 text payload: the length ends between the halves of a surrogate pair.
    #[error("the packet length ends inside a character (lengths count UTF-16 units)")]
    SplitsCharacter,
    /// Engine.IO 3 binary payload: a packet must start with 0 (text) or 1 (binary).
    #[error("a packet of a binary payload must start with 00 or 01, not {0:#04x}")]
    BadMarker(u8),
    /// Engine.IO 3 binary payload: the length's end byte `ff` is missing.
    #[error("the packet length has no end (byte ff)")]
    LengthUnended,
    /// The JSON text is malformed.
    #[error("malformed JSON: {0}")]
    Json(super::json::JsonErrorKind),
    /// The handshake is JSON, but no object.
    #[error("the handshake must be a JSON object")]
    HandshakeNotObject,
    /// The handshake lacks what nothing can stand in for.
    #[error("the handshake has no usable {0}")]
    HandshakeField(&'static str),
    /// The first character is not a Socket.IO packet type.
    #[error("unknown Socket.IO packet type {0:?}")]
    UnknownSocketType(char),
    /// A binary packet whose attachment count is missing or no positive integer.
    #[error("illegal attachments: a count of 1 or more and a dash must follow the type")]
    IllegalAttachments,
    /// More attachments than the limit allows.
    #[error("too many attachments: {count} announced, the limit is {limit}")]
    TooManyAttachments {
        /// What the packet announces.
        count: u64,
        /// The limit in force.
        limit: u64,
    },
    /// An event without its array.
    #[error("an event must have a payload")]
    MissingPayload,
    /// The payload is JSON of a shape that this kind of packet can't have.
    #[error("invalid payload: {0}")]
    InvalidPayload(&'static str),
    /// The event's name is reserved; protocol 5 refuses it on receipt.
    #[error("invalid payload: the event name {0:?} is reserved")]
    ReservedEvent(String),
    /// A text packet arrived while attachments of another one were awaited.
    #[error(
        "got plaintext data when reconstructing a packet: {missing} attachment(s) were still awaited"
    )]
    TextWhileAssembling {
        /// How many attachments had not come.
        missing: u64,
    },
    /// A binary message arrived and no packet awaited one.
    #[error(
        "got binary data when not reconstructing a packet (a server with another parser, such as msgpack?)"
    )]
    BinaryWithoutHeader,
    /// A placeholder names an attachment that doesn't exist.
    #[error("illegal attachments: placeholder num {num} with {count} attachment(s)")]
    PlaceholderOutOfRange {
        /// JSON text of `num`, `undefined` when it is missing.
        num: String,
        /// How many attachments there are.
        count: usize,
    },
    /// `{"$binary":…}` whose text is not base64.
    #[error("\"$binary\" must hold base64 text")]
    BadBinaryLeaf,
    /// The msgpack bytes are malformed or cut.
    #[error("malformed msgpack: {0}")]
    Msgpack(String),
    /// Msgpack: a field of the packet is missing or of the wrong type.
    #[error("msgpack packet with an invalid {0}")]
    MsgpackField(&'static str),
    /// A limit of ours was reached.
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// A limit of ours was reached.
    #[error("{size} bytes are more than the limit of {limit}")]
    TooBig {
        /// Size of the input.
        size: usize,
        /// The limit in force.
        limit: usize,
    },
}

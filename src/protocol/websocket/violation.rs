//! What can be wrong with a WebSocket stream: [`Quirks`] are tolerated, a [`Violation`] is not.
//! **Floor 0, pure.**
//!
//! A deviation is a quirk as long as the bytes after it can still be read for certain. The
//! reference implementation (`ws` for Node, `lib/receiver.js`) ends the connection for most of
//! the quirks too; a debugger shows them and goes on.

use bytes::Bytes;
use tungstenite::protocol::frame::coding::CloseCode;

/// A deviation from RFC 6455 after which the stream can still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Quirk {
    /// A server's frame was masked.
    MaskedByServer,
    /// A client's frame was not masked.
    NotMaskedByClient,
    /// The length was written in a longer form than needed.
    LongLength,
    /// A text message is not UTF-8 (only where the decoder was told to tolerate that).
    TextNotUtf8,
    /// A close frame's payload of one byte, too short for a code.
    CloseCodeCut,
    /// A close code that must not travel on the wire (such as 1005, 1006 or 1015).
    CloseCodeReserved,
    /// A close frame's reason is not UTF-8.
    CloseReasonNotUtf8,
    /// Frames went on after the close frame.
    AfterClose,
}

const ALL: [Quirk; 8] = [
    Quirk::MaskedByServer,
    Quirk::NotMaskedByClient,
    Quirk::LongLength,
    Quirk::TextNotUtf8,
    Quirk::CloseCodeCut,
    Quirk::CloseCodeReserved,
    Quirk::CloseReasonNotUtf8,
    Quirk::AfterClose,
];

impl Quirk {
    /// What it is, in words for a person.
    pub fn text(self) -> &'static str {
        match self {
            Quirk::MaskedByServer => "the server masked its frame; only clients mask",
            Quirk::NotMaskedByClient => "the client did not mask its frame",
            Quirk::LongLength => "the frame's length was written in a longer form than needed",
            Quirk::TextNotUtf8 => "the text is not valid UTF-8",
            Quirk::CloseCodeCut => "the close frame has one byte of payload, a code needs two",
            Quirk::CloseCodeReserved => "the close code must not be sent on the wire",
            Quirk::CloseReasonNotUtf8 => "the close reason is not valid UTF-8",
            Quirk::AfterClose => "the frame came after the close frame",
        }
    }

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// A set of [`Quirk`]s; free to copy, empty for nearly every message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Quirks(u8);

impl Quirks {
    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `quirk` is among them.
    pub fn has(self, quirk: Quirk) -> bool {
        self.0 & quirk.bit() != 0
    }

    /// Adds one.
    pub fn add(&mut self, quirk: Quirk) {
        self.0 |= quirk.bit();
    }

    /// Adds all of `other`.
    pub fn join(&mut self, other: Quirks) {
        self.0 |= other.0;
    }

    /// Those that are in the set.
    pub fn iter(self) -> impl Iterator<Item = Quirk> {
        ALL.into_iter().filter(move |quirk| self.has(*quirk))
    }
}

/// Why a stream cannot be read any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViolationKind {
    /// Plain HTTP was written into the upgraded connection. Node's Engine.IO server does this
    /// when `EIO` is not 4 (engine.io `lib/server.ts`, `abortUpgrade`).
    #[error("the server wrote plain HTTP into the WebSocket after its 101")]
    HttpAfterUpgrade,
    /// Reserved bits are set that no negotiated extension explains.
    #[error(
        "reserved bits {bits:03b} are set (RSV1 to RSV3, left to right), but no negotiated \
         extension uses them here"
    )]
    Rsv {
        /// RSV1, RSV2, RSV3 as the bits 4, 2, 1.
        bits: u8,
    },
    /// An opcode that RFC 6455 does not define.
    #[error("opcode {opcode:#x} is not defined")]
    Opcode {
        /// The opcode's four bits.
        opcode: u8,
    },
    /// A control frame came in fragments.
    #[error("a control frame must not be fragmented")]
    ControlFragmented,
    /// A control frame is longer than 125 bytes.
    #[error("a control frame of {len} bytes; at most 125 are allowed")]
    ControlTooLong {
        /// Its length.
        len: u64,
    },
    /// A continuation frame without a message that it continues.
    #[error("a continuation frame came, but no message was open")]
    ContinuationOfNothing,
    /// A new message began before the fragmented one ended.
    #[error("a new message began before the fragmented one was finished")]
    MessageInsideFragments,
    /// A text message is not UTF-8.
    #[error("the text message is not valid UTF-8 from its byte {valid_up_to} on")]
    TextNotUtf8 {
        /// Bytes of the payload that are valid.
        valid_up_to: usize,
    },
    /// A message is over the limit.
    #[error("a message of more than {limit} bytes; raise the limit to receive it")]
    TooBig {
        /// The limit in force, in bytes.
        limit: usize,
    },
    /// A compressed message cannot be inflated.
    #[error("the compressed message cannot be inflated: {0}")]
    Inflate(String),
}

/// The point where a stream stopped making sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (byte {at} of the stream)")]
pub struct Violation {
    /// Offset of the frame's first byte, counted from the first byte after the 101's head.
    pub at: u64,
    /// What is wrong.
    pub kind: ViolationKind,
    /// The bytes that are wrong: the text's payload where it is not UTF-8, else what was read
    /// from `at` on (at most 4 KiB).
    pub bytes: Bytes,
}

impl Violation {
    /// The close code that RFC 6455 (section 7.4.1) has for it: 1002, 1007 or 1009.
    pub fn close_code(&self) -> u16 {
        let code = match self.kind {
            ViolationKind::TextNotUtf8 { .. } | ViolationKind::Inflate(_) => CloseCode::Invalid,
            ViolationKind::TooBig { .. } => CloseCode::Size,
            _ => CloseCode::Protocol,
        };
        code.into()
    }
}

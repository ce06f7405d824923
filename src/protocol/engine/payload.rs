//! Polling bodies: several packets in one HTTP body.
//!
//! - [`v4`]: packets joined by the byte 0x1e, binary as base64.
//! - [`v3`]: `length:packet`, the length in UTF-16 units; Socket.IO 1.x encodes the text twice.
//! - [`v3_binary`]: `application/octet-stream`, lengths in bytes.
//!
//! [`decode_body`] chooses among them as the peers do; [`encode_body`] writes what the reference
//! writes; [`Measure`] tells the exact size beforehand, so that a batch stays within `maxPayload`.

mod measure;
pub mod v3;
pub mod v3_binary;
pub mod v4;

#[cfg(test)]
mod tests;

use super::{
    Data, DecodeError, DecodeErrorKind, Decoded, Packet, Quirk, Revision, Version, message,
};

pub use measure::{Measure, batch_len, encoded_len};

/// What was read from a polling body: the packets before the error, if there is one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Payload<'a> {
    /// The packets, in order, each with its own quirks.
    pub packets: Vec<Decoded<Packet<'a>>>,
    /// What was odd about the body as a whole.
    pub quirks: Vec<Quirk>,
    /// Where reading stopped. The reference delivers the packets before it, then fails.
    pub error: Option<DecodeError>,
}

impl<'a> Payload<'a> {
    fn failed(at: usize, kind: DecodeErrorKind) -> Self {
        Self {
            error: Some(DecodeError::new(at, kind)),
            ..Self::default()
        }
    }

    fn fail(mut self, at: usize, kind: DecodeErrorKind) -> Self {
        self.error = Some(DecodeError::new(at, kind));
        self
    }

    /// Adds what a packet's decoder gave; `false` when it gave an error. `at` is where the
    /// packet begins in the body.
    fn take(&mut self, at: usize, result: Result<Decoded<Packet<'a>>, DecodeError>) -> bool {
        match result {
            Ok(mut decoded) => {
                for quirk in &mut decoded.quirks {
                    if let Quirk::NotUtf8 { at: inside } = quirk {
                        *inside = inside.saturating_add(at);
                    }
                }
                self.packets.push(decoded);
                true
            }
            Err(error) => {
                self.error = Some(error.shifted(at));
                false
            }
        }
    }

    /// The same payload, owned.
    pub fn into_owned(self) -> Payload<'static> {
        Payload {
            packets: self
                .packets
                .into_iter()
                .map(|decoded| decoded.map(Packet::into_owned))
                .collect(),
            quirks: self.quirks,
            error: self.error,
        }
    }
}

/// Reads a polling body of either direction. v4 ignores the Content-Type, as the reference does;
/// v3 reads `application/octet-stream` as its binary form. A body that is not UTF-8 is read
/// with U+FFFD for each invalid sequence, and says so.
pub fn decode_body<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
    version: Version,
    revision: Revision,
) -> Payload<'a> {
    if body.is_empty() {
        return Payload::failed(0, DecodeErrorKind::EmptyBody);
    }
    match version {
        Version::V4 => v4::decode(body),
        Version::V3 if content_type.is_some_and(is_octet_stream) => v3_binary::decode(body),
        Version::V3 if content_type.is_none() && v3_binary::looks_like(body) => {
            let mut payload = v3_binary::decode(body);
            payload.quirks.push(Quirk::OctetStreamUnannounced);
            payload
        }
        Version::V3 => v3::decode(body, revision),
    }
}

/// Reads one packet of text that may not be UTF-8.
fn decode_text_bytes(bytes: &[u8], version: Version) -> Result<Decoded<Packet<'_>>, DecodeError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => message::decode_text(text, version),
        Err(error) => {
            let text = String::from_utf8_lossy(bytes);
            let mut decoded = message::decode_text(&text, version)?.map(Packet::into_owned);
            decoded.quirks.push(Quirk::NotUtf8 {
                at: error.valid_up_to(),
            });
            Ok(decoded)
        }
    }
}

/// Whether a Content-Type names the binary form of v3, whatever its parameters.
pub fn is_octet_stream(content_type: &str) -> bool {
    content_type
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/octet-stream"))
}

/// A body to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The value of its Content-Type header.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The Content-Type of text bodies, as the JavaScript client writes it.
pub const TEXT: &str = "text/plain;charset=UTF-8";
/// The Content-Type of v3's binary bodies.
pub const OCTET_STREAM: &str = "application/octet-stream";

/// Writes packets as one polling body. `binary` says whether the peer takes v3's binary form
/// (a client that sent `b64=1` doesn't); v4 has only one form and ignores it.
///
/// Packet text must not contain the byte 0x1e in v4: the format can't escape it (JSON does).
pub fn encode_body(
    packets: &[Packet<'_>],
    version: Version,
    revision: Revision,
    binary: bool,
) -> Body {
    let form = Form::of(packets, version, revision, binary);
    let bytes = match form {
        Form::V4 => v4::encode(packets).into_bytes(),
        Form::Text(revision) => v3::encode(packets, revision).into_bytes(),
        Form::Binary => v3_binary::encode(packets),
    };
    Body {
        content_type: if form == Form::Binary {
            OCTET_STREAM
        } else {
            TEXT
        },
        bytes,
    }
}

/// The forms of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    V4,
    Text(Revision),
    Binary,
}

impl Form {
    fn of(packets: &[Packet<'_>], version: Version, revision: Revision, binary: bool) -> Self {
        let any_binary = packets
            .iter()
            .any(|packet| matches!(packet.data, Data::Binary(_)));
        match (version, revision) {
            (Version::V4, _) => Self::V4,
            // 1.x uses the binary form whenever it may, 2.x only when it needs to.
            (Version::V3, Revision::SocketIo1) if binary => Self::Binary,
            (Version::V3, Revision::SocketIo2) if binary && any_binary => Self::Binary,
            (Version::V3, revision) => Self::Text(revision),
        }
    }
}

//! Engine.IO 4: packets joined by 0x1e (engine.io-parser 5, `index.js`).
//!
//! Reading stops at the first packet that is empty or of an unknown type; the separator can't
//! be escaped, and neither a leading nor a trailing one is allowed.

use super::super::message;
use super::{Packet, Payload, Quirk, Version, decode_text_bytes};

/// The byte between two packets.
pub const SEPARATOR: u8 = 0x1e;

/// Reads a body.
pub fn decode(body: &[u8]) -> Payload<'_> {
    let mut payload = Payload::default();
    let Ok(text) = simdutf8::basic::from_utf8(body) else {
        return decode_lossy(body);
    };
    let mut at: usize = 0;
    for part in text.split(char::from(SEPARATOR)) {
        if !payload.take(at, message::decode_text(part, Version::V4)) {
            break;
        }
        at = at.saturating_add(part.len()).saturating_add(1);
    }
    payload
}

/// Writes a body.
pub fn encode(packets: &[Packet<'_>]) -> String {
    let mut out = String::new();
    for (i, packet) in packets.iter().enumerate() {
        if i > 0 {
            out.push(char::from(SEPARATOR));
        }
        message::encode_text_onto(packet, Version::V4, &mut out);
    }
    out
}

/// 0x1e never occurs inside a multi-byte sequence, so splitting first keeps the offsets true.
fn decode_lossy(body: &[u8]) -> Payload<'_> {
    let mut payload = Payload::default();
    note_invalid(body, &mut payload);
    let mut at: usize = 0;
    for part in body.split(|&byte| byte == SEPARATOR) {
        if !payload.take(at, decode_text_bytes(part, Version::V4)) {
            break;
        }
        at = at.saturating_add(part.len()).saturating_add(1);
    }
    payload
}

/// Says on the payload where the body stops being UTF-8.
pub(super) fn note_invalid(body: &[u8], payload: &mut Payload<'_>) {
    if let Err(error) = std::str::from_utf8(body) {
        payload.quirks.push(Quirk::NotUtf8 {
            at: error.valid_up_to(),
        });
    }
}

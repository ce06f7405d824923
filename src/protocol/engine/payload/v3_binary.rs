//! Engine.IO 3, binary form: `application/octet-stream` (engine.io-parser 2.2.1,
//! `decodePayloadAsBinary`).
//!
//! A packet is `00` (text) or `01` (binary), its length in bytes as decimal digits written as
//! raw bytes 0 to 9, `ff`, and the content. Text content is the packet as UTF-8; binary content
//! begins with the raw type byte.
//!
//! Deviations from the reference: a cut body is delivered with a quirk instead of silently; text
//! that is not UTF-8 is read with U+FFFD instead of refused; a marker other than 00 and 01 is an
//! error instead of binary.

use super::super::message;
use super::{Data, DecodeErrorKind, Packet, Payload, Quirk, Version, decode_text_bytes};

/// More digits than any length has; the reference gives up at 310.
const MAX_DIGITS: usize = 310;

/// Reads a body.
pub fn decode(body: &[u8]) -> Payload<'_> {
    let mut payload = Payload::default();
    let mut at: usize = 0;
    while let Some(&marker) = body.get(at) {
        if marker > 1 {
            return payload.fail(at, DecodeErrorKind::BadMarker(marker));
        }
        let digits_at = at.saturating_add(1);
        let rest = body.get(digits_at..).unwrap_or_default();
        let Some(end) = rest.iter().take(MAX_DIGITS).position(|&b| b == 0xff) else {
            return payload.fail(digits_at, DecodeErrorKind::LengthUnended);
        };
        let digits = rest.get(..end).unwrap_or_default();
        let Some(declared) = length(digits) else {
            let shown = format!("{digits:02x?}").chars().take(60).collect();
            return payload.fail(digits_at, DecodeErrorKind::BadLength(shown));
        };
        let start = digits_at.saturating_add(end).saturating_add(1);
        let available = body.get(start..).unwrap_or_default();
        let size = usize::try_from(declared)
            .unwrap_or(usize::MAX)
            .min(available.len());
        let content = available.get(..size).unwrap_or_default();
        let result = if marker == 0 {
            decode_text_bytes(content, Version::V3)
        } else {
            message::decode_binary(content, Version::V3)
        };
        if !payload.take(start, result) {
            return payload;
        }
        let got = u64::try_from(size).unwrap_or(u64::MAX);
        if let (true, Some(last)) = (got < declared, payload.packets.last_mut()) {
            last.quirks.push(Quirk::Truncated { declared, got });
        }
        at = start.saturating_add(size);
    }
    payload
}

/// Whether a body without a Content-Type begins like this form.
pub fn looks_like(body: &[u8]) -> bool {
    matches!(body, [0 | 1, 0..=9, ..])
}

/// Writes a body.
pub fn encode(packets: &[Packet<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for packet in packets {
        let (marker, content) = match &packet.data {
            Data::Text(_) => (0, message::encode_text(packet, Version::V3).into_bytes()),
            Data::Binary(bytes) => {
                let mut content = Vec::with_capacity(bytes.len().saturating_add(1));
                content.push(packet.kind.number());
                content.extend_from_slice(bytes);
                (1, content)
            }
        };
        out.push(marker);
        out.extend(
            content
                .len()
                .to_string()
                .bytes()
                .map(|b| b.wrapping_sub(b'0')),
        );
        out.push(0xff);
        out.extend_from_slice(&content);
    }
    out
}

fn length(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, &digit| {
        (digit <= 9).then(|| value.saturating_mul(10).saturating_add(u64::from(digit)))
    })
}

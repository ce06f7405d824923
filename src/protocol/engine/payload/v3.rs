//! Engine.IO 3, text form: `length:packet` (engine.io-parser 2.2.1, `decodePayload`).
//!
//! The length counts UTF-16 units of the packet, as JavaScript's `length` does. In Socket.IO 1.x
//! (engine.io-parser 1.3.2) the packet's UTF-8 bytes were turned into characters first, so the
//! length counts those bytes and the body is UTF-8 twice.
//!
//! Deviations from 2.2.1: a length that ends inside a surrogate pair is an error, where it
//! delivers half a character; `b` without a known type is an error, where it delivers a packet
//! without a type. `0:` is skipped in both, here with a quirk.

use std::borrow::Cow;

use super::super::message;
use super::{
    Data, DecodeError, DecodeErrorKind, Decoded, Packet, Payload, Quirk, Revision, Version,
    decode_text_bytes, v4,
};
use crate::protocol::json;

/// Reads a body.
pub fn decode(body: &[u8], revision: Revision) -> Payload<'_> {
    let mut payload = Payload::default();
    let valid = simdutf8::basic::from_utf8(body).is_ok();
    if !valid {
        v4::note_invalid(body, &mut payload);
    }
    let mut at: usize = 0;
    while at < body.len() {
        let rest = body.get(at..).unwrap_or_default();
        let Some(colon) = memchr::memchr(b':', rest) else {
            return payload.fail(at, DecodeErrorKind::NoColon);
        };
        let digits = String::from_utf8_lossy(rest.get(..colon).unwrap_or_default());
        let Some((declared, odd)) = length(&digits) else {
            let shown = digits.chars().take(40).collect();
            return payload.fail(at, DecodeErrorKind::BadLength(shown));
        };
        let start = at.saturating_add(colon).saturating_add(1);
        let content = body.get(start..).unwrap_or_default();
        let size = match measure(content, declared, valid) {
            Measured::Bytes(size) => size,
            Measured::Short(available) => {
                return payload.fail(
                    at,
                    DecodeErrorKind::LengthTooLong {
                        declared,
                        available,
                    },
                );
            }
            Measured::InsideCharacter => {
                return payload.fail(at, DecodeErrorKind::SplitsCharacter);
            }
        };
        let packet = content.get(..size).unwrap_or_default();
        if packet.is_empty() {
            payload.quirks.push(Quirk::EmptyPacketSkipped);
        } else {
            if !payload.take(start, one(packet, revision)) {
                return payload;
            }
            if let (Some(last), true) = (payload.packets.last_mut(), odd) {
                last.quirks.push(Quirk::OddLength(digits.into_owned()));
            }
        }
        at = start.saturating_add(size);
    }
    payload
}

/// Writes a body.
pub fn encode(packets: &[Packet<'_>], revision: Revision) -> String {
    // The reference's encoder writes this for no packets.
    if packets.is_empty() {
        return "0:".to_owned();
    }
    let mut out = String::new();
    for packet in packets {
        let text = message::encode_text(packet, Version::V3);
        let text = match revision {
            Revision::SocketIo1 => Cow::Owned(text.bytes().map(char::from).collect::<String>()),
            Revision::SocketIo2 => Cow::Borrowed(text.as_str()),
        };
        out.push_str(&utf16_len(&text).to_string());
        out.push(':');
        out.push_str(&text);
    }
    out
}

/// What JavaScript's `length` gives for a text.
pub fn utf16_len(text: &str) -> usize {
    // A character of 4 bytes is two units; every other is one.
    text.bytes()
        .map(|byte| match byte {
            0x80..=0xbf => 0_usize,
            0xf0..=0xff => 2,
            _ => 1,
        })
        .fold(0, usize::saturating_add)
}

/// Reads a length as the reference does, by `Number()`; the flag says that it is not plain.
fn length(text: &str) -> Option<(u64, bool)> {
    let plain = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if plain {
        // A length that does not fit is longer than any body.
        return Some((text.parse().unwrap_or(u64::MAX), false));
    }
    if text.is_empty() {
        return None;
    }
    let number = json::number(text)?;
    // 2^53 is beyond any body and still exact.
    let whole = number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and in range"
    )]
    whole.then_some((number as u64, true))
}

enum Measured {
    Bytes(usize),
    Short(u64),
    InsideCharacter,
}

/// How many bytes hold this many UTF-16 units.
fn measure(content: &[u8], units: u64, valid: bool) -> Measured {
    // A unit takes at most 3 bytes, so no length makes us look further than this. The 4 keep a
    // last character whole.
    let limit = usize::try_from(units)
        .ok()
        .and_then(|n| n.checked_mul(3))
        .and_then(|n| n.checked_add(4))
        .map_or(content.len(), |n| n.min(content.len()));
    let window = content.get(..limit).unwrap_or_default();
    let mut seen: u64 = 0;
    let mut at: usize = 0;
    let mut step = |width: u64, size: usize| -> Option<Measured> {
        if seen == units {
            return Some(Measured::Bytes(at));
        }
        seen = seen.saturating_add(width);
        if seen > units {
            return Some(Measured::InsideCharacter);
        }
        at = at.saturating_add(size);
        None
    };
    if valid {
        let mut i: usize = 0;
        while let Some(&byte) = window.get(i) {
            let (width, size) = match byte {
                0x00..=0x7f => (1, 1),
                0x80..=0xdf => (1, 2),
                0xe0..=0xef => (1, 3),
                0xf0..=0xff => (2, 4),
            };
            if let Some(done) = step(width, size) {
                return done;
            }
            i = i.saturating_add(size);
        }
    } else {
        for chunk in window.utf8_chunks() {
            for c in chunk.valid().chars() {
                let width = u64::try_from(c.len_utf16()).unwrap_or(1);
                if let Some(done) = step(width, c.len_utf8()) {
                    return done;
                }
            }
            if !chunk.invalid().is_empty()
                && let Some(done) = step(1, chunk.invalid().len())
            {
                return done;
            }
        }
    }
    if seen == units {
        Measured::Bytes(at)
    } else {
        Measured::Short(seen)
    }
}

/// Reads one packet of the body.
fn one(bytes: &[u8], revision: Revision) -> Result<Decoded<Packet<'_>>, DecodeError> {
    let mut decoded = decode_text_bytes(bytes, Version::V3)?;
    if revision == Revision::SocketIo1
        && let Data::Text(data) = &mut decoded.value.data
        && !data.is_ascii()
    {
        match undouble(data) {
            Some(once) => *data = Cow::Owned(once),
            None => decoded.quirks.push(Quirk::NotDoubleEncoded),
        }
    }
    Ok(decoded)
}

/// Takes one of the two UTF-8 encodings off; `None` when there was only one.
fn undouble(text: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

//! One WebSocket message is one packet.
//!
//! | | text message | binary message |
//! |---|---|---|
//! | v4 | type digit, data; or `b` and base64 | data, always a message |
//! | v3 | type digit, data; or `b`, type digit, base64 | type byte (raw 0 to 6), data |
//!
//! Sources: Engine.IO protocol, "Encoding"; engine.io-parser 5 `decodePacket.js` and 2.2.1
//! `lib/index.js`.

use std::borrow::Cow;

use super::{
    Data, DecodeError, DecodeErrorKind, Decoded, Packet, PacketKind, Quirk, Version, base64,
};

/// What is put into one WebSocket message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

/// Reads the packet of a text message (or of one element of a v4 polling body).
///
/// # Errors
/// An empty message, or a first character that is no packet type.
pub fn decode_text(text: &str, version: Version) -> Result<Decoded<Packet<'_>>, DecodeError> {
    let Some(&first) = text.as_bytes().first() else {
        return Err(DecodeError::new(0, DecodeErrorKind::EmptyPacket));
    };
    if first == b'b' {
        return decode_base64(text, version);
    }
    let (Some(kind), Some(data)) = (PacketKind::from_digit(first), text.get(1..)) else {
        return Err(unknown_type(text, 0));
    };
    let mut decoded = Decoded::clean(Packet::text(kind, data));
    note_unexpected(&mut decoded);
    Ok(decoded)
}

/// Reads the packet of a binary message.
///
/// # Errors
/// v3 only: no type byte, or one that is no packet type. In v4 any bytes are a message.
pub fn decode_binary(bytes: &[u8], version: Version) -> Result<Decoded<Packet<'_>>, DecodeError> {
    if version == Version::V4 {
        return Ok(Decoded::clean(Packet::binary(bytes)));
    }
    let Some((&first, data)) = bytes.split_first() else {
        return Err(DecodeError::new(0, DecodeErrorKind::EmptyPacket));
    };
    let kind = PacketKind::from_number(first)
        .ok_or_else(|| DecodeError::new(0, DecodeErrorKind::UnknownEngineTypeByte(first)))?;
    let mut decoded = Decoded::clean(Packet {
        kind,
        data: Data::Binary(Cow::Borrowed(data)),
    });
    note_unexpected(&mut decoded);
    Ok(decoded)
}

/// Writes a packet as one WebSocket message. With `base64` (the peer asked for it by `b64=1`),
/// binary goes as text.
pub fn encode(packet: &Packet<'_>, version: Version, base64: bool) -> Message {
    match &packet.data {
        Data::Text(_) => Message::Text(encode_text(packet, version)),
        Data::Binary(_) if base64 => Message::Text(encode_text(packet, version)),
        Data::Binary(bytes) if version == Version::V4 => Message::Binary(bytes.to_vec()),
        Data::Binary(bytes) => {
            let mut out = Vec::with_capacity(bytes.len().saturating_add(1));
            out.push(packet.kind.number());
            out.extend_from_slice(bytes);
            Message::Binary(out)
        }
    }
}

/// Writes a packet as text; binary becomes base64.
pub fn encode_text(packet: &Packet<'_>, version: Version) -> String {
    let mut out = String::with_capacity(encoded_text_len(packet, version));
    encode_text_onto(packet, version, &mut out);
    out
}

/// Like [`encode_text`], onto the end of a text.
pub(super) fn encode_text_onto(packet: &Packet<'_>, version: Version, out: &mut String) {
    match &packet.data {
        Data::Text(text) => {
            out.push(packet.kind.digit());
            out.push_str(text);
        }
        Data::Binary(bytes) => {
            out.push('b');
            if version == Version::V3 {
                out.push(packet.kind.digit());
            }
            base64::encode_onto(bytes, out);
        }
    }
}

/// The length in bytes of what [`encode_text`] writes.
pub fn encoded_text_len(packet: &Packet<'_>, version: Version) -> usize {
    match (&packet.data, version) {
        (Data::Text(text), _) => text.len().saturating_add(1),
        (Data::Binary(bytes), Version::V4) => base64::encoded_len(bytes.len()).saturating_add(1),
        (Data::Binary(bytes), Version::V3) => base64::encoded_len(bytes.len()).saturating_add(2),
    }
}

fn decode_base64(text: &str, version: Version) -> Result<Decoded<Packet<'_>>, DecodeError> {
    let (kind, encoded) = match version {
        Version::V4 => (PacketKind::Message, text.get(1..).unwrap_or_default()),
        Version::V3 => {
            let kind = text
                .as_bytes()
                .get(1)
                .and_then(|&digit| PacketKind::from_digit(digit))
                .ok_or_else(|| unknown_type(text, 1))?;
            (kind, text.get(2..).unwrap_or_default())
        }
    };
    let (bytes, canonical) = base64::decode_lenient(encoded);
    let mut decoded = Decoded::clean(Packet {
        kind,
        data: Data::Binary(Cow::Owned(bytes)),
    });
    if !canonical {
        decoded.quirks.push(Quirk::Base64NotCanonical);
    }
    note_unexpected(&mut decoded);
    Ok(decoded)
}

fn unknown_type(text: &str, at: usize) -> DecodeError {
    let kind = match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(c) => DecodeErrorKind::UnknownEngineType(c),
        None => DecodeErrorKind::EmptyPacket,
    };
    DecodeError::new(at, kind)
}

fn note_unexpected(decoded: &mut Decoded<Packet<'_>>) {
    let packet = &decoded.value;
    let carries_nothing = matches!(
        packet.kind,
        PacketKind::Close | PacketKind::Upgrade | PacketKind::Noop
    );
    if packet.data.is_binary() && packet.kind != PacketKind::Message {
        decoded.quirks.push(Quirk::BinaryControl(packet.kind));
    } else if carries_nothing && !packet.data.is_empty() {
        decoded.quirks.push(Quirk::UnexpectedData(packet.kind));
    }
}

#[cfg(test)]
mod tests;

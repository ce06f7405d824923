//! The whole text form, judged as socket.io-parser 4.2.7 (protocol 5) and 3.4.5 (protocols 3 and
//! 4) judge it.
//!
//! Deviations from them:
//!
//! - an event without a payload is an error: the parser accepts it and the client then throws
//!   `RangeError`;
//! - an ack id beyond 64 bits, or one with a gap in it (`1 2`, NaN in JavaScript), is read as no
//!   id, so that no wrong one is answered;
//! - an unknown type is an error in both generations; 3.4.5 turns it into an ERROR packet that
//!   its client ignores, which is for the client to decide.

use std::borrow::Cow;

use super::header::Header;
use super::{DecodeError, DecodeErrorKind, Decoded, Limits, Packet, PacketKind, Quirk};
use crate::protocol::engine::Version;
use crate::protocol::json::{self, Shape, TokenKind, Tokens};

/// Event names that protocol 5 reserves; its parser refuses them on receipt.
pub const RESERVED_EVENTS: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// Event names that a 2.x client emits itself and refuses to send; its parser lets them in.
pub const RESERVED_EVENTS_V2: [&str; 13] = [
    "connect",
    "connect_error",
    "connect_timeout",
    "connecting",
    "disconnect",
    "error",
    "reconnect",
    "reconnect_attempt",
    "reconnect_failed",
    "reconnect_error",
    "reconnecting",
    "ping",
    "pong",
];

/// Reads a packet from the text of a message. [`Version::V4`] judges by protocol 5,
/// [`Version::V3`] by protocols 3 and 4.
///
/// # Errors
/// All that the reference's parser refuses, and an event without a payload.
pub fn decode_text<'a>(
    text: &'a str,
    limits: &Limits,
    version: Version,
) -> Result<Decoded<Packet<'a>>, DecodeError> {
    if text.len() > limits.max_bytes {
        return Err(DecodeError::new(
            limits.max_bytes,
            DecodeErrorKind::TooBig {
                size: text.len(),
                limit: limits.max_bytes,
            },
        ));
    }
    let mut quirks = Vec::new();
    let header = Header::read(text, limits.max_attachments, &mut |quirk| {
        quirks.push(quirk);
    })?;
    let json = text.get(header.json_at..).unwrap_or_default();
    if json.is_empty() {
        check_absence(&header, text.len(), &mut quirks)?;
    } else {
        check_payload(header.kind, json, version).map_err(|e| e.shifted(header.json_at))?;
    }
    if header.kind.is_ack() && header.id.is_none() {
        quirks.push(Quirk::AckWithoutId);
    }
    let takes_id = header.kind.is_event() || header.kind.is_ack();
    if header.has_id && !takes_id {
        quirks.push(Quirk::UnexpectedId);
    }
    Ok(Decoded {
        value: Packet {
            kind: header.kind,
            attachments: header.attachments,
            nsp: Cow::Borrowed(header.nsp),
            id: header.id,
            data: (!json.is_empty()).then_some(Cow::Borrowed(json)),
        },
        quirks,
    })
}

/// What a missing payload means for this kind.
fn check_absence(
    header: &Header<'_>,
    at: usize,
    quirks: &mut Vec<Quirk>,
) -> Result<(), DecodeError> {
    match header.kind {
        PacketKind::Event | PacketKind::BinaryEvent => {
            return Err(DecodeError::new(at, DecodeErrorKind::MissingPayload));
        }
        PacketKind::Ack | PacketKind::BinaryAck => quirks.push(Quirk::AckWithoutPayload),
        PacketKind::ConnectError => quirks.push(Quirk::ConnectErrorWithoutPayload),
        PacketKind::Connect | PacketKind::Disconnect => {}
    }
    Ok(())
}

/// Checks syntax and shape. Offsets count from the start of the JSON.
fn check_payload(kind: PacketKind, json: &str, version: Version) -> Result<(), DecodeError> {
    let invalid = |at, why| Err(DecodeError::new(at, DecodeErrorKind::InvalidPayload(why)));
    let mut tokens = Tokens::new(json);
    let first = next(&mut tokens)?;
    let mut second = None;
    if let Some(first) = first
        && first.kind == TokenKind::ArrayStart
    {
        second = next(&mut tokens)?;
    }
    while next(&mut tokens)?.is_some() {}
    let Some(first) = first else {
        return invalid(0, "empty");
    };
    let shape = first.shape();
    let old = version == Version::V3;
    match kind {
        PacketKind::Connect => match shape {
            Shape::Object => Ok(()),
            Shape::Array | Shape::Null if old => Ok(()),
            _ => invalid(first.start, "a CONNECT carries an object or nothing"),
        },
        PacketKind::Disconnect => invalid(first.start, "a DISCONNECT carries nothing"),
        PacketKind::ConnectError => match shape {
            Shape::Object | Shape::String => Ok(()),
            Shape::Array | Shape::Null if old => Ok(()),
            _ => invalid(first.start, "a CONNECT_ERROR carries an object or a text"),
        },
        PacketKind::Ack | PacketKind::BinaryAck => match shape {
            Shape::Array => Ok(()),
            _ => invalid(first.start, "an ack carries an array"),
        },
        PacketKind::Event | PacketKind::BinaryEvent => {
            if shape != Shape::Array {
                return invalid(first.start, "an event carries an array");
            }
            let Some(name) = second else {
                return invalid(first.start, "the event has no name");
            };
            match name.kind {
                TokenKind::Number => Ok(()),
                TokenKind::String => {
                    let raw = json.get(name.start..name.end).unwrap_or_default();
                    if old {
                        return Ok(());
                    }
                    check_reserved(raw).map_err(|error| error.shifted(name.start))
                }
                TokenKind::ArrayEnd => invalid(name.start, "the event has no name"),
                _ => invalid(name.start, "an event's name is a string or a number"),
            }
        }
    }
}

fn check_reserved(raw: &str) -> Result<(), DecodeError> {
    // The longest reserved name with every character escaped.
    if raw.len() > 100 {
        return Ok(());
    }
    match json::unescape(raw) {
        Some(name) if RESERVED_EVENTS.contains(&name.as_ref()) => Err(DecodeError::new(
            0,
            DecodeErrorKind::ReservedEvent(name.into_owned()),
        )),
        _ => Ok(()),
    }
}

fn next(tokens: &mut Tokens<'_>) -> Result<Option<json::Token>, DecodeError> {
    tokens
        .next_token()
        .map_err(|error| DecodeError::new(error.at, DecodeErrorKind::Json(error.kind)))
}

#[cfg(test)]
mod tests;

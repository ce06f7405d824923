//! The msgpack parser: every packet is one binary message, a map `{type, data, id?, nsp}`
//! (npm `socket.io-msgpack-parser`, on `notepack.io`).
//!
//! Binary stays inside the map, so there are no placeholders and no attachments. Decoded, a packet
//! has the same form as from text: its data is JSON text, each buffer a leaf
//! `{"$binary":"<base64>"}`. Encoding takes that form back and writes the bytes that notepack
//! writes, except that integers beyond 2^53 keep their digits (JavaScript has rounded them before).
//!
//! The parser's version 2, for Socket.IO 2.x, writes CONNECT, DISCONNECT and ERROR as JSON text of
//! the same members ([`decode_text`], [`encode_text`]) and keeps the types 5 and 6 for packets
//! with binary.

mod from_json;
mod to_json;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use rmpv::Value;

use super::{DecodeError, DecodeErrorKind, Decoded, Limits, Packet, PacketKind, Quirk};
use crate::protocol::json;

/// Reads a packet.
///
/// # Errors
/// Malformed or cut msgpack, bytes after the map, fields that the reference's parsers refuse, or
/// more nesting or bytes than the limits allow. Types 5 and 6 are those of the parser's version 2.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded<Packet<'static>>, DecodeError> {
    if bytes.len() > limits.max_bytes {
        return Err(DecodeError::new(
            limits.max_bytes,
            DecodeErrorKind::TooBig {
                size: bytes.len(),
                limit: limits.max_bytes,
            },
        ));
    }
    let mut rest = bytes;
    let value = rmpv::decode::read_value_with_max_depth(&mut rest, limits.max_depth);
    let at = bytes.len().saturating_sub(rest.len());
    let value = value.map_err(|error| DecodeError::new(at, read_error(&error, limits)))?;
    if !rest.is_empty() {
        let text = format!("{} bytes after the packet", rest.len());
        return Err(DecodeError::new(at, DecodeErrorKind::Msgpack(text)));
    }
    let Value::Map(members) = value else {
        return Err(DecodeError::new(
            0,
            DecodeErrorKind::MsgpackField("shape: it must be a map"),
        ));
    };
    let mut fields = Fields::default();
    for (key, value) in members {
        fields.take(&key, value);
    }
    fields.packet()
}

/// Writes a packet: `type`, `data`, `id`, `nsp`, in the JavaScript client's order. The data's
/// leaves `{"$binary":"<base64>"}` become msgpack binary; a binary kind becomes its plain one.
///
/// # Errors
/// The data is not JSON, nests deeper than the limit, or a `$binary` leaf is not base64.
pub fn encode(packet: &Packet<'_>, limits: &Limits) -> Result<Vec<u8>, DecodeError> {
    let kind = match packet.kind {
        PacketKind::BinaryEvent => PacketKind::Event,
        PacketKind::BinaryAck => PacketKind::Ack,
        kind => kind,
    };
    let mut members = vec![(Value::from("type"), Value::from(kind.number()))];
    if let Some(data) = &packet.data {
        members.push((
            Value::from("data"),
            from_json::value(data, limits.max_depth)?,
        ));
    }
    if let Some(id) = packet.id {
        members.push((Value::from("id"), Value::from(id)));
    }
    members.push((Value::from("nsp"), Value::from(packet.nsp.as_ref())));
    let mut out = Vec::new();
    rmpv::encode::write_value(&mut out, &Value::Map(members))
        .map_err(|error| DecodeError::new(0, DecodeErrorKind::Msgpack(error.to_string())))?;
    Ok(out)
}

/// Reads a packet that came as text: CONNECT, DISCONNECT and ERROR of the parser's version 2
/// (npm `socket.io-msgpack-parser` 2.x, `parseJSON`).
///
/// # Errors
/// No JSON object, or fields that the reference's parser refuses.
pub fn decode_text<'a>(text: &'a str, limits: &Limits) -> Result<Decoded<Packet<'a>>, DecodeError> {
    if text.len() > limits.max_bytes {
        let (size, limit) = (text.len(), limits.max_bytes);
        return Err(DecodeError::new(
            limit,
            DecodeErrorKind::TooBig { size, limit },
        ));
    }
    let invalid = |what| DecodeError::new(0, DecodeErrorKind::MsgpackField(what));
    let members = json::members(text).ok_or_else(|| invalid("shape: it must be a map"))?;
    // Later duplicates win, as in JavaScript.
    let member = |key: &str| {
        let mut named = members.iter().rev();
        named
            .find(|(name, _)| json::unescape(name).as_deref() == Some(key))
            .map(|(_, raw)| *raw)
    };
    let kind = member("type")
        .and_then(|raw| raw.parse().ok())
        .and_then(PacketKind::from_number)
        .filter(|kind| !kind.is_event() && !kind.is_ack())
        .ok_or_else(|| invalid("type"))?;
    let nsp = member("nsp")
        .and_then(json::unescape)
        .ok_or_else(|| invalid("namespace (nsp)"))?;
    let data = member("data").filter(|raw| *raw != "null");
    Ok(Decoded {
        value: Packet {
            kind,
            attachments: 0,
            nsp: Cow::Owned(nsp.into_owned()),
            id: None,
            data: data.map(Cow::Borrowed),
        },
        quirks: Vec::new(),
    })
}

/// Writes a CONNECT or DISCONNECT as the parser's version 2 does.
pub fn encode_text(packet: &Packet<'_>) -> String {
    let (kind, nsp) = (packet.kind.number(), json::quote(&packet.nsp));
    match &packet.data {
        Some(data) => format!("{{\"type\":{kind},\"nsp\":{nsp},\"data\":{data}}}"),
        None => format!("{{\"type\":{kind},\"nsp\":{nsp}}}"),
    }
}

/// Whether a binary message looks like a packet of this parser: a map whose first key is one of
/// the packet's. It is what a client with the text parser stumbles over.
pub fn looks_like(bytes: &[u8]) -> bool {
    // Fixmap, then the fixstr of a key that the JavaScript encoder may write first.
    match bytes {
        [0x81..=0x8f, rest @ ..] => [b"\xa4type".as_slice(), b"\xa4data", b"\xa3nsp", b"\xa2id"]
            .iter()
            .any(|key| rest.starts_with(key)),
        _ => false,
    }
}

#[derive(Default)]
struct Fields {
    kind: Option<Value>,
    nsp: Option<Value>,
    id: Option<Value>,
    data: Option<Value>,
}

impl Fields {
    /// Later duplicates win, as in JavaScript; other keys (`options`, `attachments`) are the
    /// sender's own business.
    fn take(&mut self, key: &Value, value: Value) {
        match key.as_str() {
            Some("type") => self.kind = Some(value),
            Some("nsp") => self.nsp = Some(value),
            Some("id") => self.id = Some(value),
            Some("data") => self.data = Some(value),
            _ => {}
        }
    }

    fn packet(self) -> Result<Decoded<Packet<'static>>, DecodeError> {
        let invalid = |what| DecodeError::new(0, DecodeErrorKind::MsgpackField(what));
        let mut quirks = Vec::new();
        let kind = self
            .kind
            .as_ref()
            .and_then(whole)
            .and_then(|number| u8::try_from(number).ok())
            .and_then(PacketKind::from_number)
            .ok_or_else(|| invalid("type"))?;
        let nsp = match self.nsp {
            Some(Value::String(nsp)) => to_json::text(&nsp, &mut quirks).into_owned(),
            _ => return Err(invalid("namespace (nsp)")),
        };
        let id = match &self.id {
            None => None,
            Some(id) => Some(id_of(id, &mut quirks).ok_or_else(|| invalid("id"))?).flatten(),
        };
        // notepack has no "undefined": the official client leaves the key out, others write nil.
        let data = self
            .data
            .filter(|data| !is_nothing(data) || kind.is_event() || kind.is_ack());
        check_shape(kind, data.as_ref())?;
        if kind.is_ack() && id.is_none() {
            quirks.push(Quirk::AckWithoutId);
        }
        let data = data.map(|data| Cow::Owned(to_json::json(&data, &mut quirks)));
        Ok(Decoded {
            value: Packet {
                kind,
                attachments: 0,
                nsp: Cow::Owned(nsp),
                id,
                data,
            },
            quirks,
        })
    }
}

/// Nil, or what notepack writes for `undefined` (extension 0 of one byte 0): a JavaScript client
/// without auth sends that with its CONNECT.
fn is_nothing(value: &Value) -> bool {
    value.is_nil() || matches!(value, Value::Ext(0, bytes) if bytes.as_slice() == [0])
}

/// A number without a fraction, also one that was written as a float.
fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(number) => number
            .as_u64()
            .map(i128::from)
            .or_else(|| number.as_i64().map(i128::from)),
        Value::F32(number) => whole_float(f64::from(*number)),
        Value::F64(number) => whole_float(*number),
        _ => None,
    }
}

fn whole_float(number: f64) -> Option<i128> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from float saturates"
    )]
    (number.fract() == 0.0).then_some(number as i128)
}

/// The inner `None` is an id that the reference accepts and we can't hold.
#[allow(clippy::option_option, reason = "refused and unusable differ")]
fn id_of(value: &Value, quirks: &mut Vec<Quirk>) -> Option<Option<u64>> {
    let number = whole(value)?;
    let id = u64::try_from(number).ok();
    if id.is_none() {
        quirks.push(Quirk::UnreadableId(number.to_string()));
    }
    Some(id)
}

fn check_shape(kind: PacketKind, data: Option<&Value>) -> Result<(), DecodeError> {
    let invalid = |why| Err(DecodeError::new(0, DecodeErrorKind::InvalidPayload(why)));
    match (kind, data) {
        (PacketKind::Connect, None | Some(Value::Map(_))) | (PacketKind::Disconnect, None) => {
            Ok(())
        }
        (PacketKind::Connect, _) => invalid("a CONNECT carries an object or nothing"),
        (PacketKind::Disconnect, _) => invalid("a DISCONNECT carries nothing"),
        (PacketKind::ConnectError, Some(Value::Map(_) | Value::String(_))) => Ok(()),
        (PacketKind::ConnectError, _) => invalid("a CONNECT_ERROR carries an object or a text"),
        (PacketKind::Ack | PacketKind::BinaryAck, Some(Value::Array(_))) => Ok(()),
        (PacketKind::Ack | PacketKind::BinaryAck, _) => invalid("an ack carries an array"),
        (PacketKind::Event | PacketKind::BinaryEvent, Some(Value::Array(args))) => {
            match args.first() {
                Some(Value::String(_) | Value::Integer(_) | Value::F32(_) | Value::F64(_)) => {
                    Ok(())
                }
                Some(_) => invalid("an event's name is a string or a number"),
                None => invalid("the event has no name"),
            }
        }
        (PacketKind::Event | PacketKind::BinaryEvent, _) => invalid("an event carries an array"),
    }
}

fn read_error(error: &rmpv::decode::Error, limits: &Limits) -> DecodeErrorKind {
    match error {
        rmpv::decode::Error::DepthLimitExceeded => DecodeErrorKind::TooDeep(limits.max_depth),
        error if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeErrorKind::Msgpack("the bytes end too early".to_owned())
        }
        error => DecodeErrorKind::Msgpack(error.to_string()),
    }
}

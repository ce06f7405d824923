//! Packets as text, exactly as the JavaScript encoder writes them (socket.io-parser 4.2.7,
//! `encodeAsString`): the namespace with its comma unless it is `/`, then the id, then the JSON.
//! JSON text is passed on byte for byte; [`json::compact`](crate::protocol::json::compact) it
//! first to write what JavaScript would.

use std::borrow::Cow;

use bytes::Bytes;

use super::{DecodeError, Packet, PacketKind, binary};

/// A packet ready to be sent: the text message, then the attachments, with nothing between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The text message.
    pub text: String,
    /// The binary messages that must follow at once.
    pub attachments: Vec<Bytes>,
}

/// Writes a packet. The attachment count is written for binary kinds only.
pub fn encode(packet: &Packet<'_>) -> String {
    let data = packet.data.as_deref().unwrap_or_default();
    let mut out = String::with_capacity(
        packet
            .nsp
            .len()
            .saturating_add(data.len())
            .saturating_add(32),
    );
    out.push(packet.kind.digit());
    if packet.kind.is_binary() {
        out.push_str(&packet.attachments.to_string());
        out.push('-');
    }
    if packet.nsp != "/" && !packet.nsp.is_empty() {
        out.push_str(&packet.nsp);
        out.push(',');
    }
    if let Some(id) = packet.id {
        out.push_str(&id.to_string());
    }
    out.push_str(data);
    out
}

/// Writes a CONNECT: `0`, `0{"token":"x"}`, `0/admin,`.
pub fn encode_connect(nsp: &str, auth: Option<&str>) -> String {
    encode(&Packet {
        kind: PacketKind::Connect,
        attachments: 0,
        nsp: Cow::Borrowed(nsp),
        id: None,
        data: auth.map(Cow::Borrowed),
    })
}

/// Writes a DISCONNECT: `1`, `1/admin,`.
pub fn encode_disconnect(nsp: &str) -> String {
    encode(&Packet {
        kind: PacketKind::Disconnect,
        attachments: 0,
        nsp: Cow::Borrowed(nsp),
        id: None,
        data: None,
    })
}

/// Writes an event or an ack whose JSON array may hold `{"$binary":"<base64>"}` leaves: they
/// become placeholders and attachments, and the kind becomes the binary one.
///
/// # Errors
/// The array is not JSON, or a `$binary` leaf is not base64.
pub fn encode_with_binary(
    kind: PacketKind,
    nsp: &str,
    id: Option<u64>,
    array: &str,
) -> Result<Encoded, DecodeError> {
    let (data, attachments) = binary::extract(array)?;
    let kind = match (kind, attachments.is_empty()) {
        (PacketKind::Event, false) => PacketKind::BinaryEvent,
        (PacketKind::Ack, false) => PacketKind::BinaryAck,
        (PacketKind::BinaryEvent, true) => PacketKind::Event,
        (PacketKind::BinaryAck, true) => PacketKind::Ack,
        (kind, _) => kind,
    };
    let text = encode(&Packet {
        kind,
        attachments: u64::try_from(attachments.len()).unwrap_or(u64::MAX),
        nsp: Cow::Borrowed(nsp),
        id,
        data: Some(Cow::Owned(data)),
    });
    Ok(Encoded { text, attachments })
}

#[cfg(test)]
mod tests;

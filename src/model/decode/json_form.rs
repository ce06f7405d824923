//! Packets as the `packets` list of a session file's line.

use std::fmt::Write as _;

use super::{Decoder, Kind, Packet};
use crate::journal::Record;
use crate::journal::record::Body;
use crate::protocol::json;

/// The `packets` member of a record's line, `"packets":[…]`; `None` for a record without bytes.
/// `decoder` must see the records of a session in order.
pub fn packets_member(decoder: &mut Decoder, record: &Record) -> Option<String> {
    let packets = decoder.decode(record);
    member_of(record, &packets)
}

/// The same for packets that were decoded already.
pub fn member_of(record: &Record, packets: &[Packet]) -> Option<String> {
    let carries = matches!(
        record.body,
        Body::Frame(_) | Body::Request(_) | Body::Response(_)
    );
    carries.then(|| {
        let mut member = "\"packets\":".to_owned();
        write_packets(packets, &mut member);
        member
    })
}

/// Writes the list: `[{"engine":"message","type":"event","nsp":"/","data":["hello"]},…]`. Raw
/// JSON passes through as it came, except that line breaks between its tokens go, because a
/// session file has one object a line.
pub fn write_packets(packets: &[Packet], out: &mut String) {
    out.push('[');
    for (place, packet) in packets.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_packet(packet, out);
    }
    out.push(']');
}

fn write_packet(packet: &Packet, out: &mut String) {
    match &packet.kind {
        Kind::Engine { name, data } => {
            // The names are our own and need no escapes.
            out.push_str("{\"engine\":\"");
            out.push_str(name);
            out.push('"');
            if !data.is_empty() {
                out.push_str(",\"data\":");
                // The handshake is JSON; what follows a ping is text, even `1`.
                if *name == "open" && json::validate(data).is_ok() {
                    push_raw(data, out);
                } else {
                    out.push_str(&json::quote(data));
                }
            }
        }
        Kind::Socket {
            name,
            nsp,
            id,
            data,
            attachments,
            ..
        } => {
            out.push_str("{\"engine\":\"message\",\"type\":\"");
            out.push_str(name);
            out.push_str("\",\"nsp\":");
            if nsp == "/" {
                out.push_str("\"/\"");
            } else {
                out.push_str(&json::quote(nsp));
            }
            if let Some(id) = id {
                // Writing to a String cannot fail.
                let _ = write!(out, ",\"id\":{id}");
            }
            if let Some(data) = data {
                out.push_str(",\"data\":");
                push_raw(data, out);
            }
            if *attachments > 0 {
                let _ = write!(out, ",\"attachments\":{attachments}");
            }
        }
        Kind::Undecodable { error, at } => {
            out.push_str("{\"error\":");
            out.push_str(&json::quote(error));
            let _ = write!(out, ",\"at\":{at}");
        }
    }
    if !packet.quirks.is_empty() {
        out.push_str(",\"quirks\":[");
        for (place, quirk) in packet.quirks.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            out.push_str(&json::quote(quirk));
        }
        out.push(']');
    }
    out.push('}');
}

fn push_raw(raw: &str, out: &mut String) {
    if memchr::memchr2(b'\n', b'\r', raw.as_bytes()).is_none() {
        out.push_str(raw);
    } else if let Ok(compact) = json::compact(raw) {
        out.push_str(&compact);
    } else {
        out.push_str(&json::quote(raw));
    }
}

//! The byte work: bodies that are made up, and bytes that are changed.

use bytes::Bytes;

use crate::faults::verdict::{Answer, Message, Place};
use crate::protocol::engine::payload;
use crate::protocol::engine::url::parse_query;
use crate::protocol::engine::{Handshake, Packet, PacketKind, Version};
use crate::protocol::json;

/// What the client gets in place of a packet: for Engine.IO 4 a Socket.IO event that breaks off,
/// for Engine.IO 3, whose clients do not look so closely, a type that does not exist.
pub(super) const GARBAGE_V4: &str = "42[\"garbage";
pub(super) const GARBAGE_V3: &str = "9garbage";
/// The session id that no server knows.
pub(super) const UNKNOWN_SID: &str = "sioscope-unknown-sid";
/// Announcing more than this is cheaper than sending it.
const MOST_PADDING: u64 = 64 * 1024 * 1024;
/// Bytes that an oversize WebSocket frame announces: more than any server takes.
const ANNOUNCED: u64 = 1 << 33;

/// Garbage as a message.
pub(super) fn garbage(version: Version) -> Message {
    let text = match version {
        Version::V4 => GARBAGE_V4,
        Version::V3 => GARBAGE_V3,
    };
    Message::Text(Bytes::from_static(text.as_bytes()))
}

/// Garbage as a polling body of text.
pub(super) fn garbage_body(version: Version) -> Bytes {
    match version {
        Version::V4 => Bytes::from_static(GARBAGE_V4.as_bytes()),
        Version::V3 => Bytes::from(format!("{}:{GARBAGE_V3}", GARBAGE_V3.len())),
    }
}

/// What a proxy or the server says with this status.
pub(super) fn refusal(status: u16) -> Answer {
    let (content_type, body) = match status {
        400 => (
            "application/json",
            "{\"code\":3,\"message\":\"Bad request\"}".to_owned(),
        ),
        413 => ("text/plain", String::new()),
        _ => {
            let phrase = phrase(status);
            let page = format!(
                "<html>\r\n<head><title>{status} {phrase}</title></head>\r\n<body>\r\n\
                 <h1>{status} {phrase}</h1>\r\n</body>\r\n</html>\r\n"
            );
            ("text/html", page)
        }
    };
    Answer {
        status,
        content_type,
        body: body.into(),
    }
}

fn phrase(status: u16) -> &'static str {
    match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        400..=499 => "Client Error",
        _ => "Server Error",
    }
}

/// A post that was taken.
pub(super) fn taken() -> Answer {
    Answer {
        status: 200,
        content_type: "text/html",
        body: Bytes::from_static(b"ok"),
    }
}

/// The URL with another session id; `None` where it has none.
pub(super) fn other_sid(url: &str) -> Option<String> {
    let (before, query) = url.split_once('?')?;
    let named = parse_query(query)
        .into_iter()
        .any(|(name, _)| name == "sid");
    named.then(|| {
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| match pair.starts_with("sid=") {
                true => format!("sid={UNKNOWN_SID}"),
                false => pair.to_owned(),
            })
            .collect();
        format!("{before}?{}", pairs.join("&"))
    })
}

/// The JSON of a handshake without WebSocket among its upgrades; `None` where it offers none.
pub(super) fn without_websocket(text: &str) -> Option<String> {
    let offers = Handshake::parse(text)
        .ok()?
        .value
        .upgrades
        .iter()
        .any(|name| name == "websocket");
    if !offers {
        return None;
    }
    let members: Vec<String> = json::members(text)?
        .into_iter()
        .map(|(key, value)| {
            if json::unescape(key).as_deref() != Some("upgrades") {
                return format!("{key}:{value}");
            }
            let left: Vec<&str> = json::elements(value)
                .unwrap_or_default()
                .into_iter()
                .filter(|name| json::unescape(name).as_deref() != Some("websocket"))
                .collect();
            format!("{key}:[{}]", left.join(","))
        })
        .collect();
    Some(format!("{{{}}}", members.join(",")))
}

/// A client's frame that announces more bytes than any server takes: a server that looks at the
/// length answers with close code 1009 before a byte of it has come.
pub(super) fn oversize_frame() -> Bytes {
    // FIN and text; masked, with a length of 64 bits; a mask.
    let mut frame = vec![0x81, 0xff];
    frame.extend_from_slice(&ANNOUNCED.to_be_bytes());
    frame.extend_from_slice(&[0x5a, 0xa5, 0x3c, 0xc3]);
    frame.into()
}

/// The packets of a post and one more that makes it larger than the server takes; `None` where
/// the limit is not known or too large to send.
pub(super) fn oversize_body(
    place: &Place,
    mut packets: Vec<Packet<'static>>,
    binary: bool,
) -> Option<payload::Body> {
    let limit = place.max_payload.filter(|limit| *limit <= MOST_PADDING)?;
    let filler = usize::try_from(limit).ok()?.saturating_add(1);
    packets.push(Packet::text(PacketKind::Message, "x".repeat(filler)));
    Some(payload::encode_body(
        &packets,
        place.version,
        place.revision,
        binary,
    ))
}

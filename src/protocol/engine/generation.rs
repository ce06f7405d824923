//! What kind of server answered, told from its bytes.
//!
//! Each function looks at one thing that a server says and gives a [`Clue`]: what it proves and
//! the evidence in words. Nothing here guesses from timing or names.

use super::handshake::Handshake;
use super::server_error::{Form, ServerError};
use super::{PacketKind, Revision, Version, payload};

/// Server generations, as far as bytes tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Generation {
    /// Socket.IO 1.x.
    One,
    /// Socket.IO 2.x.
    Two,
    /// Socket.IO 1.x or 2.x.
    OneOrTwo,
    /// Socket.IO 3.0 to 4.x.
    ThreeOrNewer,
    /// Socket.IO 4.5 or newer.
    FourFiveOrNewer,
}

impl Generation {
    /// The protocol that it speaks by itself.
    pub fn version(self) -> Version {
        match self {
            Self::One | Self::Two | Self::OneOrTwo => Version::V3,
            Self::ThreeOrNewer | Self::FourFiveOrNewer => Version::V4,
        }
    }

    /// How it reads and writes the polling bodies of Engine.IO 3.
    pub fn revision(self) -> Revision {
        match self {
            Self::One => Revision::SocketIo1,
            _ => Revision::SocketIo2,
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "Socket.IO 1.x",
            Self::Two => "Socket.IO 2.x",
            Self::OneOrTwo => "Socket.IO 1.x or 2.x",
            Self::ThreeOrNewer => "Socket.IO 3.x or 4.x",
            Self::FourFiveOrNewer => "Socket.IO 4.5 or newer",
        }
    }
}

/// Server implementations that betray themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Implementation {
    /// The official server on Node.
    Node,
    /// python-engineio and python-socketio.
    Python,
    /// socketioxide.
    Socketioxide,
    /// No Socket.IO server: a proxy answered in its place.
    Proxy,
}

/// What one observation proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clue {
    /// The generation, where it is proved.
    pub generation: Option<Generation>,
    /// The implementation, where it is proved.
    pub implementation: Option<Implementation>,
    /// What was seen, in words.
    pub evidence: &'static str,
}

impl Clue {
    fn generation(generation: Generation, evidence: &'static str) -> Self {
        Self {
            generation: Some(generation),
            implementation: None,
            evidence,
        }
    }

    fn implementation(implementation: Implementation, evidence: &'static str) -> Self {
        Self {
            generation: None,
            implementation: Some(implementation),
            evidence,
        }
    }
}

/// Looks at the body of the first poll, whatever protocol was asked for.
pub fn from_first_body(body: &[u8], content_type: Option<&str>) -> Vec<Clue> {
    if content_type.is_some_and(payload::is_octet_stream)
        && payload::v3_binary::looks_like(body)
        && opens(&payload::v3_binary::decode(body))
    {
        return vec![Clue::generation(
            Generation::One,
            "the handshake is application/octet-stream",
        )];
    }
    if has_length_before_open(body) {
        let decoded = payload::v3::decode(body, Revision::SocketIo2);
        let connects = decoded.packets.iter().any(|packet| {
            packet.value.kind == PacketKind::Message && packet.value.data.as_text() == Some("0")
        });
        let mut clues = vec![if connects {
            Clue::generation(
                Generation::Two,
                "the handshake's body carries the CONNECT packet too (2:40)",
            )
        } else {
            Clue::generation(
                Generation::OneOrTwo,
                "the handshake is framed with a length, as in Engine.IO 3",
            )
        }];
        // A 3.x or 4.x server that serves Engine.IO 3 announces maxPayload there as well.
        if let Some(handshake) = handshake_of(&decoded)
            && handshake.max_payload.is_some()
        {
            clues = from_handshake(&handshake);
        }
        return clues;
    }
    let decoded = payload::v4::decode(body);
    handshake_of(&decoded).map_or_else(Vec::new, |handshake| {
        let mut clues = vec![Clue::generation(
            Generation::ThreeOrNewer,
            "the handshake is framed as in Engine.IO 4",
        )];
        clues.extend(from_handshake(&handshake));
        clues
    })
}

/// Whether a body begins with a length, a colon and an OPEN packet: Engine.IO 3 bytes, whatever
/// was asked for. A client that expects Engine.IO 4 would read the first digit as a packet type.
pub fn has_length_before_open(body: &[u8]) -> bool {
    let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0
        && body
            .get(digits..)
            .is_some_and(|rest| rest.starts_with(b":0{"))
}

/// Looks at the members of a handshake.
pub fn from_handshake(handshake: &Handshake) -> Vec<Clue> {
    let mut clues = Vec::new();
    if handshake.max_payload.is_some() {
        clues.push(Clue::generation(
            Generation::FourFiveOrNewer,
            "the handshake has maxPayload",
        ));
    }
    let position = |name: &str| handshake.key_order.iter().position(|key| *key == name);
    if let (Some(timeout), Some(interval)) = (position("pingTimeout"), position("pingInterval"))
        && timeout < interval
    {
        clues.push(Clue::implementation(
            Implementation::Python,
            "the handshake names pingTimeout before pingInterval",
        ));
    }
    clues
}

/// Looks at the payload of the server's CONNECT packet for a namespace (`None` without one).
pub fn from_connect(payload: Option<&str>) -> Option<Clue> {
    Some(match payload {
        Some(json) if json.contains("\"sid\"") => Clue::generation(
            Generation::ThreeOrNewer,
            "the CONNECT packet carries a socket id",
        ),
        Some(_) => return None,
        None => Clue::generation(
            Generation::OneOrTwo,
            "the CONNECT packet carries no socket id",
        ),
    })
}

/// Looks at a refusal and its HTTP status.
pub fn from_refusal(status: u16, error: &ServerError) -> Option<Clue> {
    Some(match (status, error.form) {
        (_, Form::ObjectTextCode) => Clue::implementation(
            Implementation::Socketioxide,
            "the error code is text, not a number",
        ),
        (_, Form::JsonString) => Clue::implementation(
            Implementation::Python,
            "the error body is a bare JSON string",
        ),
        (413, Form::Html) => Clue::implementation(
            Implementation::Proxy,
            "a 413 with an HTML page comes from a proxy",
        ),
        (413, Form::Empty) => Clue::implementation(
            Implementation::Node,
            "a 413 without a body comes from the Engine.IO server",
        ),
        (502..=504 | 524, Form::Html) => Clue::implementation(
            Implementation::Proxy,
            "a gateway error with an HTML page comes from a proxy",
        ),
        (400, Form::Object) if error.code == Some(5) => Clue {
            generation: Some(Generation::ThreeOrNewer),
            implementation: Some(Implementation::Node),
            evidence: "the server refuses the protocol version (code 5)",
        },
        _ => return None,
    })
}

/// Looks at the answer to a POST that was accepted.
pub fn from_post_answer(body: &[u8]) -> Option<Clue> {
    (body == b"OK").then(|| {
        Clue::implementation(
            Implementation::Python,
            "a POST is answered with OK in capitals",
        )
    })
}

/// Looks at a Set-Cookie value of a polling response. `first` is the handshake's response; only
/// 1.x and 2.x set the cookie again on later ones.
pub fn from_set_cookie(value: &str, first: bool) -> Option<Clue> {
    (!first && value.starts_with("io=")).then(|| {
        Clue::generation(
            Generation::OneOrTwo,
            "the io cookie is set on every polling response",
        )
    })
}

/// Reads HTTP text that came where WebSocket frames were due: a 4.x server that refuses the
/// protocol completes the upgrade first. Gives the status and the body.
pub fn http_after_upgrade(bytes: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(bytes);
    let rest = text.strip_prefix("HTTP/1.")?;
    let status = rest.get(2..5)?.parse().ok()?;
    let body = text
        .split_once("\r\n\r\n")
        .map_or("", |(_, body)| body)
        .to_owned();
    Some((status, body))
}

fn opens(payload: &payload::Payload<'_>) -> bool {
    payload
        .packets
        .first()
        .is_some_and(|packet| packet.value.kind == PacketKind::Open)
}

fn handshake_of(payload: &payload::Payload<'_>) -> Option<Handshake> {
    let first = &payload.packets.first()?.value;
    if first.kind != PacketKind::Open {
        return None;
    }
    Handshake::parse(first.data.as_text()?)
        .ok()
        .map(|decoded| decoded.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str =
        r#"{"sid":"ESID","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#;

    fn generations(body: &[u8], content_type: Option<&str>) -> Vec<Generation> {
        from_first_body(body, content_type)
            .into_iter()
            .filter_map(|clue| clue.generation)
            .collect()
    }

    #[test]
    fn a_length_before_the_handshake_is_engine_io_3_for_two_and_three_digits() {
        assert!(has_length_before_open(br#"97:0{"sid""#));
        assert!(has_length_before_open(br#"101:0{"sid""#));
        assert!(!has_length_before_open(br#"0{"sid""#));
        assert!(!has_length_before_open(br#":0{"sid""#));
        assert!(!has_length_before_open(b"97"));
        assert!(!has_length_before_open(b""));
    }

    #[test]
    fn a_bundled_connect_is_2_x() {
        let body = format!("{}:0{OPEN}2:40", OPEN.len() + 1);
        assert_eq!(generations(body.as_bytes(), None), [Generation::Two]);
    }

    #[test]
    fn a_lone_framed_handshake_is_1_x_or_2_x() {
        let body = format!("{}:0{OPEN}", OPEN.len() + 1);
        assert_eq!(generations(body.as_bytes(), None), [Generation::OneOrTwo]);
    }

    #[test]
    fn an_octet_stream_handshake_is_1_x() {
        let packets = [crate::protocol::engine::Packet::text(
            PacketKind::Open,
            OPEN,
        )];
        let body = payload::v3_binary::encode(&packets);
        assert_eq!(
            generations(&body, Some("application/octet-stream")),
            [Generation::One]
        );
    }

    #[test]
    fn max_payload_is_4_5_also_behind_engine_io_3() {
        let open = OPEN.replace('}', r#","maxPayload":1000000}"#);
        assert_eq!(
            generations(format!("0{open}").as_bytes(), None),
            [Generation::ThreeOrNewer, Generation::FourFiveOrNewer]
        );
        let framed = format!("{}:0{open}", open.len() + 1);
        assert_eq!(
            generations(framed.as_bytes(), None),
            [Generation::FourFiveOrNewer]
        );
    }

    #[test]
    fn pythons_order_of_keys_is_noticed() {
        let open =
            r#"{"sid":"a","upgrades":[],"pingTimeout":20000,"pingInterval":25000,"maxPayload":1}"#;
        let clues = from_first_body(format!("0{open}").as_bytes(), None);
        assert!(
            clues
                .iter()
                .any(|clue| clue.implementation == Some(Implementation::Python))
        );
    }

    #[test]
    fn foreign_bodies_prove_nothing() {
        for body in ["<!doctype html>", "4hello", "", "ok", "97:0{", "\u{1e}"] {
            let proved = from_first_body(body.as_bytes(), None);
            let framed = has_length_before_open(body.as_bytes());
            assert_eq!(proved.is_empty(), !framed, "{body:?}");
        }
    }

    #[test]
    fn connect_payloads_tell_the_generation() {
        assert_eq!(
            from_connect(Some(r#"{"sid":"x"}"#)).unwrap().generation,
            Some(Generation::ThreeOrNewer)
        );
        assert_eq!(
            from_connect(None).unwrap().generation,
            Some(Generation::OneOrTwo)
        );
        assert_eq!(from_connect(Some("{}")), None);
    }

    #[test]
    fn refusals_tell_the_implementation() {
        use crate::protocol::engine::server_error::decode;
        let cases: &[(u16, &str, Option<Implementation>)] = &[
            (
                400,
                r#"{"code":"1","message":"x"}"#,
                Some(Implementation::Socketioxide),
            ),
            (
                400,
                r#""Invalid session abc""#,
                Some(Implementation::Python),
            ),
            (
                413,
                "<html><title>413</title>nginx",
                Some(Implementation::Proxy),
            ),
            (413, "", Some(Implementation::Node)),
            (504, "<html><title>504</title>", Some(Implementation::Proxy)),
            (400, r#"{"code":1,"message":"x"}"#, None),
            (404, "Cannot GET /socket.io/", None),
        ];
        for (status, body, implementation) in cases {
            let error = decode(body.as_bytes(), None);
            let clue = from_refusal(*status, &error);
            assert_eq!(
                clue.and_then(|clue| clue.implementation),
                *implementation,
                "{body}"
            );
        }
    }

    #[test]
    fn http_text_after_the_upgrade_is_read() {
        let bytes =
            b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nUnsupported protocol version";
        assert_eq!(
            http_after_upgrade(bytes),
            Some((400, "Unsupported protocol version".to_owned()))
        );
        assert_eq!(http_after_upgrade(b"HTTP/1.1"), None);
        assert_eq!(http_after_upgrade(b"\x81\x010"), None);
    }

    #[test]
    fn post_answers_and_cookies_tell_too() {
        assert_eq!(from_post_answer(b"ok"), None);
        assert!(from_post_answer(b"OK").is_some());
        assert_eq!(from_set_cookie("io=abc; Path=/", true), None);
        assert!(from_set_cookie("io=abc; Path=/", false).is_some());
        assert_eq!(from_set_cookie("LB=1", false), None);
    }
}

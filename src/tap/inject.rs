//! Something of ours between the messages of a tapped connection.
//!
//! An injection is announced by a `mark` record ("injected to the client: …") on its connection;
//! the `frame` (or, to the server over polling, the `request`) right behind it is the injected
//! one. An injected event never asks for an ack: the answer would reach a peer that did not ask.

use bytes::Bytes;

use crate::faults::Message;
use crate::journal::record::{Body, Direction, Mark};
use crate::protocol::engine::payload::{self, encode_body};
use crate::protocol::engine::{
    Packet as EnginePacket, PacketKind as EngineKind, Revision, Version, message,
};
use crate::protocol::socket::{
    self, Packet as SocketPacket, PacketKind as SocketKind, encode_with_binary,
};

/// What to put into a live connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Injection {
    /// One text message as it stands on the wire: `42["hello"]`, `2`, anything.
    Text(String),
    /// One binary message: an attachment, or whatever the peer makes of it.
    Binary(Bytes),
    /// An event, in the form that the connection speaks.
    Event {
        /// Namespace.
        nsp: String,
        /// JSON array: the event's name, then its arguments; `{"$binary":"<base64>"}` is binary.
        args: String,
    },
}

/// Why something could not be injected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InjectError {
    /// There is no live connection of this number.
    #[error(
        "no live connection {0}; connections are numbered from 1 in the order in which they began"
    )]
    NoConnection(u32),
    /// No number was given, and there is not exactly one.
    #[error("{0} connections are live; say which one with \"c\"")]
    Which(usize),
    /// The event can't be written.
    #[error("the event can't be written: {0}")]
    Event(String),
    /// Over polling only packets can cross.
    #[error("no Engine.IO packet, so polling can't carry it: {0}")]
    NoPacket(String),
    /// Earlier ones have not gone out yet.
    #[error("busy: earlier injections have not gone out yet, try again")]
    Busy,
}

/// Messages that go between two others, with the records that announce them.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) dir: Direction,
    pub(super) messages: Vec<Message>,
    pub(super) told: Vec<Body>,
    /// Each message is recorded as a frame. (What a fault makes is not: its record tells it.)
    pub(super) recorded: bool,
}

impl Injection {
    /// As messages of a connection.
    pub(super) fn parcel(
        &self,
        dir: Direction,
        version: Version,
        base64: bool,
        msgpack: bool,
    ) -> Result<Parcel, InjectError> {
        let messages = match self {
            Injection::Text(text) => vec![Message::Text(Bytes::from(text.clone()))],
            Injection::Binary(bytes) => vec![Message::Binary(bytes.clone())],
            Injection::Event { nsp, args } => event(nsp, args, version, base64, msgpack)?,
        };
        let to = match dir {
            Direction::ToClient => "the client",
            Direction::ToServer => "the server",
        };
        let what = match self {
            Injection::Text(text) => short(text),
            Injection::Binary(bytes) => format!("{} bytes of binary", bytes.len()),
            Injection::Event { nsp, args } => format!("{} in {nsp}", short(args)),
        };
        let mark = Body::Mark(Mark {
            text: format!("injected to {to}: {what}"),
        });
        Ok(Parcel {
            dir,
            messages,
            told: vec![mark],
            recorded: true,
        })
    }
}

fn event(
    nsp: &str,
    args: &str,
    version: Version,
    base64: bool,
    msgpack: bool,
) -> Result<Vec<Message>, InjectError> {
    let wrong = |error: &dyn std::fmt::Display| InjectError::Event(error.to_string());
    if msgpack {
        let packet = SocketPacket {
            kind: SocketKind::Event,
            attachments: 0,
            nsp: nsp.into(),
            id: None,
            data: Some(args.into()),
        };
        let limits = socket::Limits::default();
        let bytes = socket::msgpack::encode(&packet, &limits).map_err(|error| wrong(&error))?;
        return Ok(vec![wire(&EnginePacket::binary(bytes), version, base64)]);
    }
    let encoded =
        encode_with_binary(SocketKind::Event, nsp, None, args).map_err(|error| wrong(&error))?;
    let mut messages = vec![wire(&EnginePacket::message(encoded.text), version, base64)];
    for attachment in &encoded.attachments {
        let packet = EnginePacket::binary(attachment.as_ref());
        messages.push(wire(&packet, version, base64));
    }
    Ok(messages)
}

fn wire(packet: &EnginePacket<'_>, version: Version, base64: bool) -> Message {
    match message::encode(packet, version, base64) {
        message::Message::Text(text) => Message::Text(Bytes::from(text)),
        message::Message::Binary(bytes) => Message::Binary(Bytes::from(bytes)),
    }
}

impl Parcel {
    /// As packets, for a polling body.
    pub(super) fn packets(
        &self,
        version: Version,
    ) -> Result<Vec<EnginePacket<'static>>, InjectError> {
        let packet = |message: &Message| {
            let decoded = match message {
                Message::Text(data) => {
                    message::decode_text(&String::from_utf8_lossy(data), version)
                        .map(|decoded| decoded.value.into_owned())
                }
                Message::Binary(data) => {
                    message::decode_binary(data, version).map(|decoded| decoded.value.into_owned())
                }
                Message::Raw(_) => {
                    let why = "raw bytes are for a WebSocket only".to_owned();
                    return Err(InjectError::NoPacket(why));
                }
            };
            decoded.map_err(|error| InjectError::NoPacket(error.to_string()))
        };
        self.messages.iter().map(packet).collect()
    }
}

/// Adds packets to the body of a poll's answer; `None` where that body can't be read.
pub(super) fn add_to_body(
    body: &[u8],
    content_type: Option<&str>,
    packets: Vec<EnginePacket<'static>>,
    version: Version,
    revision: Revision,
    binary: bool,
) -> Option<payload::Body> {
    let decoded = payload::decode_body(body, content_type, version, revision).into_owned();
    if decoded.error.is_some() {
        return None;
    }
    let mut all: Vec<EnginePacket<'static>> = decoded
        .packets
        .into_iter()
        .map(|packet| packet.value)
        // A noop only ends the poll; with something to carry it is not needed.
        .filter(|packet| packet.kind != EngineKind::Noop)
        .collect();
    all.extend(packets);
    // A binary form that was announced stays: whoever sent it knows that the peer reads it.
    let binary = binary || content_type.is_some_and(payload::is_octet_stream);
    Some(encode_body(&all, version, revision, binary))
}

fn short(text: &str) -> String {
    const SHOWN: usize = 120;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(parcel: &Parcel) -> Vec<String> {
        parcel
            .messages
            .iter()
            .map(|message| match message {
                Message::Text(data) => String::from_utf8_lossy(data).into_owned(),
                Message::Binary(data) | Message::Raw(data) => format!("{:?}", &data[..]),
            })
            .collect()
    }

    #[test]
    fn an_event_takes_the_form_that_its_connection_speaks() {
        let plain = Injection::Event {
            nsp: "/chat".to_owned(),
            args: r#"["hi",1]"#.to_owned(),
        };
        let binary = Injection::Event {
            nsp: "/".to_owned(),
            args: r#"["b",{"$binary":"AQI="}]"#.to_owned(),
        };
        for (injection, version, base64, expected) in [
            (&plain, Version::V4, false, vec![r#"42/chat,["hi",1]"#]),
            (
                &binary,
                Version::V4,
                false,
                vec![r#"451-["b",{"_placeholder":true,"num":0}]"#, "[1, 2]"],
            ),
            (
                &binary,
                Version::V3,
                false,
                vec![r#"451-["b",{"_placeholder":true,"num":0}]"#, "[4, 1, 2]"],
            ),
            (
                &binary,
                Version::V3,
                true,
                vec![r#"451-["b",{"_placeholder":true,"num":0}]"#, "b4AQI="],
            ),
        ] {
            let parcel = injection
                .parcel(Direction::ToClient, version, base64, false)
                .unwrap();
            assert_eq!(texts(&parcel), expected, "{injection:?} {version:?}");
        }
    }

    #[test]
    fn a_poll_s_answer_takes_packets_in_in_either_generation() {
        let event = || vec![EnginePacket::message(r#"2["x"]"#)];
        for (body, version, expected) in [
            ("4a", Version::V4, "4a\u{1e}42[\"x\"]"),
            ("6", Version::V4, "42[\"x\"]"),
            ("2:4a", Version::V3, "2:4a7:42[\"x\"]"),
            ("1:6", Version::V3, "7:42[\"x\"]"),
        ] {
            let revision = Revision::SocketIo2;
            let made = add_to_body(body.as_bytes(), None, event(), version, revision, false);
            assert_eq!(String::from_utf8(made.unwrap().bytes).unwrap(), expected);
        }
        assert_eq!(
            add_to_body(
                b"no",
                None,
                event(),
                Version::V3,
                Revision::SocketIo2,
                false
            ),
            None
        );
    }

    #[test]
    fn what_is_no_packet_can_not_go_over_polling() {
        let parcel = Injection::Text("x".to_owned())
            .parcel(Direction::ToClient, Version::V4, false, false)
            .unwrap();
        assert!(matches!(
            parcel.packets(Version::V4),
            Err(InjectError::NoPacket(_))
        ));
    }
}

//! Every row was compared with socket.io-parser 4.2.7 and 3.4.5 themselves.

use super::*;
use crate::protocol::json::JsonErrorKind;
use crate::protocol::socket::peek;

use DecodeErrorKind as E;
use PacketKind::{Ack, BinaryAck, BinaryEvent, Connect, ConnectError, Disconnect, Event};

fn decode(text: &str, version: Version) -> Result<Decoded<Packet<'_>>, DecodeError> {
    decode_text(text, &Limits::default(), version)
}

fn both(text: &str) -> [Result<Decoded<Packet<'_>>, DecodeError>; 2] {
    [decode(text, Version::V4), decode(text, Version::V3)]
}

/// Text, kind, attachments, namespace, id, JSON.
type Accepted = (
    &'static str,
    PacketKind,
    u64,
    &'static str,
    Option<u64>,
    Option<&'static str>,
);

#[test]
fn accepts_what_both_references_accept() {
    let rows: &[Accepted] = &[
        ("0", Connect, 0, "/", None, None),
        ("0{}", Connect, 0, "/", None, Some("{}")),
        ("0/admin,", Connect, 0, "/admin", None, None),
        ("0/admin", Connect, 0, "/admin", None, None),
        (
            "0/admin,{\"t\":1}",
            Connect,
            0,
            "/admin",
            None,
            Some("{\"t\":1}"),
        ),
        (
            "0{\"sid\":\"N\",\"pid\":\"P\"}",
            Connect,
            0,
            "/",
            None,
            Some("{\"sid\":\"N\",\"pid\":\"P\"}"),
        ),
        (
            "0/admin?token=a%20b&z=1,",
            Connect,
            0,
            "/admin?token=a%20b&z=1",
            None,
            None,
        ),
        ("0/ü,{}", Connect, 0, "/ü", None, Some("{}")),
        ("1", Disconnect, 0, "/", None, None),
        ("1/a", Disconnect, 0, "/a", None, None),
        ("1/a,", Disconnect, 0, "/a", None, None),
        ("2[\"a\"]", Event, 0, "/", None, Some("[\"a\"]")),
        ("212[\"a\",1]", Event, 0, "/", Some(12), Some("[\"a\",1]")),
        (
            "2/admin,0[\"x\"]",
            Event,
            0,
            "/admin",
            Some(0),
            Some("[\"x\"]"),
        ),
        ("2/,[\"x\"]", Event, 0, "/", None, Some("[\"x\"]")),
        ("2/a b,[\"x\"]", Event, 0, "/a b", None, Some("[\"x\"]")),
        ("2[1]", Event, 0, "/", None, Some("[1]")),
        ("2[-1]", Event, 0, "/", None, Some("[-1]")),
        ("2[1e5,2]", Event, 0, "/", None, Some("[1e5,2]")),
        ("2[\"\"]", Event, 0, "/", None, Some("[\"\"]")),
        ("2[\"a\"] ", Event, 0, "/", None, Some("[\"a\"] ")),
        (
            "2[\"a\",\"\\ud800\"]",
            Event,
            0,
            "/",
            None,
            Some("[\"a\",\"\\ud800\"]"),
        ),
        (
            "2[\"n\",12345678901234567890,1e999,0.1]",
            Event,
            0,
            "/",
            None,
            Some("[\"n\",12345678901234567890,1e999,0.1]"),
        ),
        (
            "2[\"o\",{\"b\":1.0,\"a\":1e2}]",
            Event,
            0,
            "/",
            None,
            Some("[\"o\",{\"b\":1.0,\"a\":1e2}]"),
        ),
        (
            "2[\"a\",\"\\u0000\\u001f\"]",
            Event,
            0,
            "/",
            None,
            Some("[\"a\",\"\\u0000\\u001f\"]"),
        ),
        (
            "2[\"__proto__\",{\"constructor\":1}]",
            Event,
            0,
            "/",
            None,
            Some("[\"__proto__\",{\"constructor\":1}]"),
        ),
        (
            "2[\"x\",{\"_placeholder\":true,\"num\":0}]",
            Event,
            0,
            "/",
            None,
            Some("[\"x\",{\"_placeholder\":true,\"num\":0}]"),
        ),
        ("31[]", Ack, 0, "/", Some(1), Some("[]")),
        ("31[\"x\"]", Ack, 0, "/", Some(1), Some("[\"x\"]")),
        ("30[\"ok\",2]", Ack, 0, "/", Some(0), Some("[\"ok\",2]")),
        ("4\"msg\"", ConnectError, 0, "/", None, Some("\"msg\"")),
        ("4{}", ConnectError, 0, "/", None, Some("{}")),
        ("4/a,\"x\"", ConnectError, 0, "/a", None, Some("\"x\"")),
        (
            "51-[\"b\",{\"_placeholder\":true,\"num\":0}]",
            BinaryEvent,
            1,
            "/",
            None,
            Some("[\"b\",{\"_placeholder\":true,\"num\":0}]"),
        ),
        ("510-[\"a\"]", BinaryEvent, 10, "/", None, Some("[\"a\"]")),
        (
            "51-/admin,13[\"a\"]",
            BinaryEvent,
            1,
            "/admin",
            Some(13),
            Some("[\"a\"]"),
        ),
        (
            "61-/admin,13[{}]",
            BinaryAck,
            1,
            "/admin",
            Some(13),
            Some("[{}]"),
        ),
    ];
    for (text, kind, attachments, nsp, id, data) in rows {
        for result in both(text) {
            let decoded = result.unwrap_or_else(|error| panic!("{text:?}: {error}"));
            let packet = &decoded.value;
            assert_eq!(
                (
                    packet.kind,
                    packet.attachments,
                    packet.nsp.as_ref(),
                    packet.id,
                    packet.data.as_deref()
                ),
                (*kind, *attachments, *nsp, *id, *data),
                "{text:?}"
            );
            assert_eq!(decoded.quirks, [], "{text:?}");
        }
    }
}

#[test]
fn tolerates_what_both_references_tolerate_and_names_it() {
    let odd = |text: &str| vec![Quirk::OddAttachmentCount(text.to_owned())];
    type Row = (
        &'static str,
        PacketKind,
        &'static str,
        Option<u64>,
        Vec<Quirk>,
    );
    let rows: Vec<Row> = vec![
        ("", Connect, "/", None, vec![Quirk::EmptyIsConnect]),
        (" {}", Connect, "/", None, vec![Quirk::WhitespaceType]),
        ("11", Disconnect, "/", Some(1), vec![Quirk::UnexpectedId]),
        (
            "0 {}",
            Connect,
            "/",
            Some(0),
            vec![Quirk::WhitespaceInId, Quirk::UnexpectedId],
        ),
        (
            "1 ",
            Disconnect,
            "/",
            Some(0),
            vec![Quirk::WhitespaceInId, Quirk::UnexpectedId],
        ),
        (
            "3",
            Ack,
            "/",
            None,
            vec![Quirk::AckWithoutPayload, Quirk::AckWithoutId],
        ),
        ("312", Ack, "/", Some(12), vec![Quirk::AckWithoutPayload]),
        ("61-[{}]", BinaryAck, "/", None, vec![Quirk::AckWithoutId]),
        (
            "61-1",
            BinaryAck,
            "/",
            Some(1),
            vec![Quirk::AckWithoutPayload],
        ),
        (
            "4",
            ConnectError,
            "/",
            None,
            vec![Quirk::ConnectErrorWithoutPayload],
        ),
        (
            "41",
            ConnectError,
            "/",
            Some(1),
            vec![Quirk::ConnectErrorWithoutPayload, Quirk::UnexpectedId],
        ),
        (
            "43{\"message\":\"m\"}",
            ConnectError,
            "/",
            Some(3),
            vec![Quirk::UnexpectedId],
        ),
        ("51e0-[\"a\"]", BinaryEvent, "/", None, odd("1e0")),
        ("5 1-[\"a\"]", BinaryEvent, "/", None, odd(" 1")),
        ("5+1-[\"a\"]", BinaryEvent, "/", None, odd("+1")),
        ("50x1-[\"a\"]", BinaryEvent, "/", None, odd("0x1")),
        ("501-[\"a\"]", BinaryEvent, "/", None, odd("01")),
        (
            "2 [\"a\"]",
            Event,
            "/",
            Some(0),
            vec![Quirk::WhitespaceInId],
        ),
        (
            "2\n[\"a\"]",
            Event,
            "/",
            Some(0),
            vec![Quirk::WhitespaceInId],
        ),
        (
            "2\u{a0}[\"a\"]",
            Event,
            "/",
            Some(0),
            vec![Quirk::WhitespaceInId],
        ),
        (
            "2\u{feff}[\"a\"]",
            Event,
            "/",
            Some(0),
            vec![Quirk::WhitespaceInId],
        ),
        (
            "21 2[\"a\"]",
            Event,
            "/",
            None,
            vec![Quirk::UnreadableId("1 2".to_owned()), Quirk::WhitespaceInId],
        ),
        (
            "299999999999999999999[\"q\"]",
            Event,
            "/",
            None,
            vec![Quirk::IdTooBig("99999999999999999999".to_owned())],
        ),
        (
            "399999999999999999999[]",
            Ack,
            "/",
            None,
            vec![
                Quirk::IdTooBig("99999999999999999999".to_owned()),
                Quirk::AckWithoutId,
            ],
        ),
        (
            "29007199254740993[\"q\"]",
            Event,
            "/",
            Some(9_007_199_254_740_993),
            vec![Quirk::IdAboveSafeInteger(9_007_199_254_740_993)],
        ),
        (
            "0/random{\"sid\":\"x\"}",
            Connect,
            "/random{\"sid\":\"x\"}",
            None,
            vec![Quirk::JsonInNamespace],
        ),
    ];
    for (text, kind, nsp, id, quirks) in rows {
        for result in both(text) {
            let decoded = result.unwrap_or_else(|error| panic!("{text:?}: {error}"));
            let packet = &decoded.value;
            assert_eq!(
                (packet.kind, packet.nsp.as_ref(), packet.id),
                (kind, nsp, id),
                "{text:?}"
            );
            assert_eq!(decoded.quirks, quirks, "{text:?}");
        }
    }
}

#[test]
fn refuses_what_both_references_refuse_and_says_where() {
    let payload = E::InvalidPayload;
    let json = |kind| E::Json(kind);
    let rows: Vec<(&str, usize, E)> = vec![
        (
            "0\"x\"",
            1,
            payload("a CONNECT carries an object or nothing"),
        ),
        ("0{}x", 3, json(JsonErrorKind::TrailingText)),
        ("1{}", 1, payload("a DISCONNECT carries nothing")),
        ("1\"\"", 1, payload("a DISCONNECT carries nothing")),
        ("1/a,1{}", 5, payload("a DISCONNECT carries nothing")),
        ("2[]", 2, payload("the event has no name")),
        ("2{}", 1, payload("an event carries an array")),
        ("2\"x\"", 1, payload("an event carries an array")),
        (
            "2[null]",
            2,
            payload("an event's name is a string or a number"),
        ),
        (
            "2[true]",
            2,
            payload("an event's name is a string or a number"),
        ),
        (
            "2[{\"toString\":\"foo\"}]",
            2,
            payload("an event's name is a string or a number"),
        ),
        ("2,[\"a\"]", 1, json(JsonErrorKind::ExpectedValue)),
        ("2[\"a\"]]", 6, json(JsonErrorKind::TrailingText)),
        ("2[\"a\"]\u{a0}", 6, json(JsonErrorKind::TrailingText)),
        ("2[\"a\",{\"b\":", 11, json(JsonErrorKind::UnexpectedEnd)),
        ("2[\"a\",]", 6, json(JsonErrorKind::ExpectedValue)),
        ("2[\"a\",01]", 7, json(JsonErrorKind::BadNumber)),
        ("2[\"a\",\"\t\"]", 7, json(JsonErrorKind::ControlCharacter)),
        ("2abc[\"x\"]", 1, json(JsonErrorKind::ExpectedValue)),
        ("2-1[\"x\"]", 3, json(JsonErrorKind::TrailingText)),
        ("21.5[\"x\"]", 2, json(JsonErrorKind::ExpectedValue)),
        ("2\u{85}[\"a\"]", 1, json(JsonErrorKind::ExpectedValue)),
        ("2/a,b,[\"x\"]", 4, json(JsonErrorKind::ExpectedValue)),
        ("31{}", 2, payload("an ack carries an array")),
        ("31null", 2, payload("an ack carries an array")),
        (
            "4true",
            1,
            payload("a CONNECT_ERROR carries an object or a text"),
        ),
        ("5", 1, E::IllegalAttachments),
        ("51", 1, E::IllegalAttachments),
        ("5-", 1, E::IllegalAttachments),
        ("5-[\"x\"]", 1, E::IllegalAttachments),
        ("50-", 1, E::IllegalAttachments),
        ("50-[\"x\"]", 1, E::IllegalAttachments),
        ("5a-[\"x\"]", 1, E::IllegalAttachments),
        ("51.5-[\"x\"]", 1, E::IllegalAttachments),
        ("5-1-[\"x\"]", 1, E::IllegalAttachments),
        ("5Infinity-[\"x\"]", 1, E::IllegalAttachments),
        (
            "511-[\"x\"]",
            1,
            E::TooManyAttachments {
                count: 11,
                limit: 10,
            },
        ),
        (
            "5999999999-[\"x\"]",
            1,
            E::TooManyAttachments {
                count: 999_999_999,
                limit: 10,
            },
        ),
        (
            "599999999999999999999-[]",
            1,
            E::TooManyAttachments {
                count: u64::MAX,
                limit: 10,
            },
        ),
        ("7[\"x\"]", 0, E::UnknownSocketType('7')),
        ("x", 0, E::UnknownSocketType('x')),
        ("-1", 0, E::UnknownSocketType('-')),
        ("٣[]", 0, E::UnknownSocketType('٣')),
    ];
    for (text, at, kind) in rows {
        for result in both(text) {
            let error = result.expect_err(text);
            assert_eq!((error.at, &error.kind), (at, &kind), "{text:?}");
        }
    }
}

#[test]
fn an_event_without_payload_is_an_error_because_clients_crash_on_it() {
    for text in ["2", "2/a,", "212", "2/a,12", "51-", "2/admin[\"a\"]"] {
        for result in both(text) {
            let error = result.expect_err(text);
            assert_eq!(
                (error.at, error.kind),
                (text.len(), E::MissingPayload),
                "{text:?}"
            );
        }
    }
}

#[test]
fn the_generations_differ_in_payloads_and_reserved_names() {
    for text in ["0null", "0[]", "4[]", "4null", " [\"a\"]"] {
        let [new, old] = both(text);
        assert!(
            matches!(new.unwrap_err().kind, E::InvalidPayload(_)),
            "{text}"
        );
        assert!(old.is_ok(), "{text}");
    }
    for name in RESERVED_EVENTS {
        let text = format!("2[\"{name}\",\"x\"]");
        let [new, old] = both(&text);
        let error = new.unwrap_err();
        assert_eq!(
            (error.at, error.kind),
            (2, E::ReservedEvent(name.to_owned()))
        );
        assert!(old.is_ok());
    }
    let escaped = both("2[\"\\u0063onnect\"]");
    assert!(matches!(
        escaped[0].as_ref().unwrap_err().kind,
        E::ReservedEvent(_)
    ));
}

#[test]
fn deep_nesting_is_no_obstacle() {
    let text = format!("2[\"a\",{}{}]", "[".repeat(10_000), "]".repeat(10_000));
    let decoded = decode(&text, Version::V4).unwrap();
    assert_eq!(decoded.value.args().len(), 2);
}

#[test]
fn limits_are_obeyed() {
    let limits = Limits {
        max_attachments: 12,
        max_bytes: 20,
        ..Limits::default()
    };
    assert!(decode_text("512-[\"x\"]", &limits, Version::V4).is_ok());
    let error = decode_text("2[\"aaaaaaaaaaaaaaaaaaaaaaa\"]", &limits, Version::V4).unwrap_err();
    assert!(matches!(error.kind, E::TooBig { limit: 20, .. }));
}

#[test]
fn args_and_name_come_from_the_raw_text() {
    let packet = decode("2[\"h\\u0069\", 1.0 ,{\"a\":[1]}]", Version::V4)
        .unwrap()
        .value;
    assert_eq!(packet.args(), ["\"h\\u0069\"", "1.0", "{\"a\":[1]}"]);
    assert_eq!(packet.event_name().unwrap(), "hi");
    let numbered = decode("2[7]", Version::V4).unwrap().value;
    assert_eq!(numbered.event_name().unwrap(), "7");
    let ack = decode("31[\"x\"]", Version::V4).unwrap().value;
    assert_eq!(ack.event_name(), None);
    assert_eq!(ack.args(), ["\"x\""]);
}

#[test]
fn a_peek_gives_the_header_and_the_plain_name() {
    let peeked = peek("51-/admin,13[\"b\",{}]").unwrap();
    assert_eq!(
        (
            peeked.kind,
            peeked.attachments,
            peeked.nsp,
            peeked.id,
            peeked.event
        ),
        (BinaryEvent, 1, "/admin", Some(13), Some("b"))
    );
    assert_eq!(peeked.json_at, 12);
    assert_eq!(peek("2[\"h\\u0069\"]").unwrap().event, None);
    assert_eq!(peek("2[ \"a\"]").unwrap().event, None);
    assert_eq!(peek("2[\"a").unwrap().event, None);
    assert_eq!(peek("2").unwrap().json_at, 1);
    assert_eq!(peek("31[\"a\"]").unwrap().event, None);
    assert_eq!(peek("0/admin").unwrap().json_at, 7);
    assert_eq!(peek("x"), None);
}

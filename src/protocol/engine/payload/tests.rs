use super::*;

/// A payload as short text: `message|a`, binary as hex, then the error.
fn shown(payload: &Payload<'_>) -> (Vec<String>, Option<(usize, DecodeErrorKind)>) {
    let packets = payload
        .packets
        .iter()
        .map(|packet| match &packet.value.data {
            Data::Text(text) => format!("{}|{text}", packet.value.kind),
            Data::Binary(bytes) => format!("{}|B{bytes:02x?}", packet.value.kind),
        })
        .collect();
    let error = payload.error.clone().map(|error| (error.at, error.kind));
    (packets, error)
}

fn v3(body: &[u8]) -> Payload<'_> {
    decode_body(body, Some("text/plain"), Version::V3, Revision::SocketIo2)
}

fn v4(body: &[u8]) -> Payload<'_> {
    decode_body(body, None, Version::V4, Revision::SocketIo2)
}

type Expected = (
    &'static str,
    &'static [&'static str],
    Option<(usize, DecodeErrorKind)>,
);

fn check(rows: Vec<Expected>, decode: impl Fn(&'static [u8]) -> Payload<'static>) {
    for (body, packets, error) in rows {
        let (got, got_error) = shown(&decode(body.as_bytes()));
        assert_eq!(got, packets, "{body:?}");
        assert_eq!(got_error, error, "{body:?}");
    }
}

#[test]
fn v4_bodies() {
    use DecodeErrorKind as E;
    check(
        vec![
            ("4hello", &["message|hello"], None),
            ("4a\u{1e}4b", &["message|a", "message|b"], None),
            (
                "4hello\u{1e}bAQIDBA==",
                &["message|hello", "message|B[01, 02, 03, 04]"],
                None,
            ),
            (
                "4hello\u{1e}2\u{1e}4world",
                &["message|hello", "ping|", "message|world"],
                None,
            ),
            ("4", &["message|"], None),
            ("b", &["message|B[]"], None),
            ("bAQID\nBA==", &["message|B[01, 02, 03, 04]"], None),
            ("4€ é 😀 \u{2028}", &["message|€ é 😀 \u{2028}"], None),
            ("1\u{1e}4late", &["close|", "message|late"], None),
            ("4a\r\n", &["message|a\r\n"], None),
            ("4a\u{1e}", &["message|a"], Some((3, E::EmptyPacket))),
            ("\u{1e}4a", &[], Some((0, E::EmptyPacket))),
            (
                "4a\u{1e}\u{1e}4b",
                &["message|a"],
                Some((3, E::EmptyPacket)),
            ),
            (
                "4a\u{1e}9x\u{1e}4b",
                &["message|a"],
                Some((3, E::UnknownEngineType('9'))),
            ),
            ("", &[], Some((0, E::EmptyBody))),
            ("ok", &[], Some((0, E::UnknownEngineType('o')))),
            ("<!doctype html>", &[], Some((0, E::UnknownEngineType('<')))),
            (
                "{\"error\":\"x\"}",
                &[],
                Some((0, E::UnknownEngineType('{'))),
            ),
            (
                "\u{feff}4a",
                &[],
                Some((0, E::UnknownEngineType('\u{feff}'))),
            ),
        ],
        |body| v4(body),
    );
}

#[test]
fn v4_reads_a_body_that_is_not_utf8_with_replacement() {
    let payload = v4(b"4ok\x1e4\xc3(\x1e4end");
    assert_eq!(
        shown(&payload).0,
        ["message|ok", "message|\u{fffd}(", "message|end"]
    );
    assert_eq!(payload.quirks, [Quirk::NotUtf8 { at: 5 }]);
    assert_eq!(payload.packets[1].quirks, [Quirk::NotUtf8 { at: 5 }]);
    assert_eq!(payload.error, None);
}

#[test]
fn v3_text_bodies() {
    use DecodeErrorKind as E;
    let bad = |text: &str| E::BadLength(text.to_owned());
    check(
        vec![
            ("6:4hello2:4€", &["message|hello", "message|€"], None),
            ("3:4😀", &["message|😀"], None),
            (
                "12:4👨\u{200d}👩\u{200d}👧\u{200d}👦",
                &["message|👨\u{200d}👩\u{200d}👧\u{200d}👦"],
                None,
            ),
            ("1:21:31:61:1", &["ping|", "pong|", "noop|", "close|"], None),
            ("1:4", &["message|"], None),
            ("10:b4AQIDBA==", &["message|B[01, 02, 03, 04]"], None),
            ("2:b4", &["message|B[]"], None),
            ("0x3:4ab", &["message|ab"], None),
            ("+3:4ab", &["message|ab"], None),
            (" 3:4ab", &["message|ab"], None),
            ("03:4ab", &["message|ab"], None),
            ("3.0:4ab", &["message|ab"], None),
            ("3e0:4ab", &["message|ab"], None),
            ("0:", &[], None),
            ("0:1:2", &["ping|"], None),
            ("", &[], Some((0, E::EmptyBody))),
            ("5", &[], Some((0, E::NoColon))),
            (":4", &[], Some((0, bad("")))),
            ("x:4a", &[], Some((0, bad("x")))),
            ("-1:4a", &[], Some((0, bad("-1")))),
            ("1.5:4a", &[], Some((0, bad("1.5")))),
            ("Infinity:4", &[], Some((0, bad("Infinity")))),
            (
                "10:4abc",
                &[],
                Some((
                    0,
                    E::LengthTooLong {
                        declared: 10,
                        available: 4,
                    },
                )),
            ),
            (
                "99999999999999999999:4a",
                &[],
                Some((
                    0,
                    E::LengthTooLong {
                        declared: u64::MAX,
                        available: 2,
                    },
                )),
            ),
            ("3:4abc4:4xyz", &["message|ab"], Some((5, bad("c4")))),
            ("2:4a3", &["message|a"], Some((4, E::NoColon))),
            ("1:2:4", &["ping|"], Some((3, bad("")))),
            ("2:9a", &[], Some((2, E::UnknownEngineType('9')))),
            // The reference delivers half a character here, which text in Rust can't hold.
            ("2:4😀", &[], Some((0, E::SplitsCharacter))),
            // The reference delivers a packet without a type for these two.
            ("1:b", &[], Some((3, E::EmptyPacket))),
            ("2:bz", &[], Some((3, E::UnknownEngineType('z')))),
        ],
        v3,
    );
}

#[test]
fn v3_says_which_lengths_were_odd() {
    let payload = v3(b"03:4ab0:1:2");
    assert_eq!(
        payload.packets[0].quirks,
        [Quirk::OddLength("03".to_owned())]
    );
    assert_eq!(payload.quirks, [Quirk::EmptyPacketSkipped]);
}

#[test]
fn v3_counts_each_invalid_sequence_as_one_character() {
    let payload = v3(b"3:4\xc3(1:2");
    assert_eq!(shown(&payload).0, ["message|\u{fffd}(", "ping|"]);
    assert_eq!(payload.quirks, [Quirk::NotUtf8 { at: 3 }]);
}

#[test]
fn v3_binary_bodies() {
    use DecodeErrorKind as E;
    type Row = (&'static [u8], &'static [&'static str], Option<(usize, E)>);
    let rows: &[Row] = &[
        (
            &[
                0, 4, 0xff, 0x34, 0xe2, 0x82, 0xac, 1, 5, 0xff, 4, 1, 2, 3, 4,
            ],
            &["message|€", "message|B[01, 02, 03, 04]"],
            None,
        ),
        (&[0, 1, 0xff, b'2'], &["ping|"], None),
        (&[1, 5, 0xff, 4, 1], &["message|B[01]"], None),
        (&[0, 2, 0xff, b'4', b'c'], &["message|c"], None),
        (b"\x00\x06\xffb4AQID", &["message|B[01, 02, 03]"], None),
        (
            &[0, 1, 0xff, b'9'],
            &[],
            Some((3, E::UnknownEngineType('9'))),
        ),
        (
            &[1, 1, 0xff, 9],
            &[],
            Some((3, E::UnknownEngineTypeByte(9))),
        ),
        (&[0, 0, 0xff], &[], Some((3, E::EmptyPacket))),
        (&[2, 1, 0xff, b'4'], &[], Some((0, E::BadMarker(2)))),
        (&[0, 1], &[], Some((1, E::LengthUnended))),
        (
            &[0, 0xff, b'4'],
            &[],
            Some((1, E::BadLength("[]".to_owned()))),
        ),
        (
            &[0, 10, 0xff],
            &[],
            Some((1, E::BadLength("[0a]".to_owned()))),
        ),
        (&[], &[], Some((0, E::EmptyBody))),
    ];
    for (body, packets, error) in rows {
        let payload = decode_body(
            body,
            Some("application/octet-stream"),
            Version::V3,
            Revision::SocketIo2,
        );
        let (got, got_error) = shown(&payload);
        assert_eq!(got, *packets, "{body:02x?}");
        assert_eq!(got_error, *error, "{body:02x?}");
    }
}

#[test]
fn v3_binary_reports_a_cut_body() {
    let body = [1, 5, 0xff, 4, 1];
    let payload = decode_body(
        &body,
        Some("Application/Octet-Stream; x=y"),
        Version::V3,
        Revision::SocketIo2,
    );
    assert_eq!(
        payload.packets[0].quirks,
        [Quirk::Truncated {
            declared: 5,
            got: 2
        }]
    );
}

#[test]
fn v3_chooses_its_form_by_content_type() {
    let body = [0, 4, 0xff, 0x34, 0xe2, 0x82, 0xac];
    assert!(v3(&body).error.is_some());
    let unannounced = decode_body(&body, None, Version::V3, Revision::SocketIo2);
    assert_eq!(shown(&unannounced).0, ["message|€"]);
    assert_eq!(unannounced.quirks, [Quirk::OctetStreamUnannounced]);
}

#[test]
fn socket_io_1_text_is_encoded_twice() {
    // What a 1.7 server writes for "€" with b64=1: three characters, two bytes each where needed.
    let body = "4:4â\u{82}¬".as_bytes();
    let payload = decode_body(body, None, Version::V3, Revision::SocketIo1);
    assert_eq!(shown(&payload), (vec!["message|€".to_owned()], None));
    assert!(payload.packets[0].quirks.is_empty());

    let once = decode_body("2:4€".as_bytes(), None, Version::V3, Revision::SocketIo1);
    assert_eq!(shown(&once).0, ["message|€"]);
    assert_eq!(once.packets[0].quirks, [Quirk::NotDoubleEncoded]);

    let encoded = encode_body(
        &[Packet::message("€")],
        Version::V3,
        Revision::SocketIo1,
        false,
    );
    assert_eq!(encoded.bytes, body);
}

#[test]
fn encodes_each_form() {
    let text = Packet::message("€");
    let binary = Packet::binary(&[1, 2, 3, 4][..]);
    let both = [text.clone(), binary.clone()];
    let octets = [
        0, 4, 0xff, 0x34, 0xe2, 0x82, 0xac, 1, 5, 0xff, 4, 1, 2, 3, 4,
    ];
    use Revision::{SocketIo1, SocketIo2};
    type Row<'a> = (&'a [Packet<'a>], Version, Revision, bool, &'a str, &'a [u8]);
    let rows: &[Row<'_>] = &[
        (
            &both,
            Version::V4,
            SocketIo2,
            true,
            TEXT,
            "4€\u{1e}bAQIDBA==".as_bytes(),
        ),
        (
            &both,
            Version::V3,
            SocketIo2,
            false,
            TEXT,
            "2:4€10:b4AQIDBA==".as_bytes(),
        ),
        (&both, Version::V3, SocketIo2, true, OCTET_STREAM, &octets),
        (
            &both[..1],
            Version::V3,
            SocketIo2,
            true,
            TEXT,
            "2:4€".as_bytes(),
        ),
        (
            &both[..1],
            Version::V3,
            SocketIo1,
            true,
            OCTET_STREAM,
            &octets[..7],
        ),
        (
            &both[1..],
            Version::V3,
            SocketIo1,
            false,
            TEXT,
            b"10:b4AQIDBA==",
        ),
        (&[], Version::V3, SocketIo2, true, TEXT, b"0:"),
        (&[], Version::V4, SocketIo2, true, TEXT, b""),
    ];
    for (packets, version, revision, binary, content_type, bytes) in rows {
        let body = encode_body(packets, *version, *revision, *binary);
        assert_eq!(
            (body.content_type, body.bytes.as_slice()),
            (*content_type, *bytes)
        );
    }
}

#[test]
fn a_batch_stays_within_max_payload() {
    let queue = ["aaaaaaaa", "bbbbbbbb", "c"].map(Packet::message);
    let fits = |queue: &[Packet<'static>], max| {
        batch_len(queue, Version::V4, Revision::SocketIo2, true, max)
    };
    assert_eq!(fits(&queue, Some(20)), 2);
    assert_eq!(fits(&queue, Some(18)), 1);
    assert_eq!(fits(&queue, Some(19)), 2);
    assert_eq!(fits(&queue, None), 3);
    assert_eq!(fits(&queue, Some(1)), 1);
    assert_eq!(fits(&[], Some(1)), 0);
    // Three binaries of four bytes: nine characters each, so two and a separator fit.
    let binary = [(); 3].map(|()| Packet::binary(vec![0; 4]));
    assert_eq!(fits(&binary, Some(20)), 2);
    assert_eq!(fits(&binary, Some(18)), 1);
}

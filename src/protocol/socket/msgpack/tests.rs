//! The bytes were written by notepack.io through socket.io-msgpack-parser.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
        .collect()
}

fn packet(
    kind: PacketKind,
    nsp: &'static str,
    id: Option<u64>,
    data: Option<&'static str>,
) -> Packet<'static> {
    Packet {
        kind,
        attachments: 0,
        nsp: Cow::Borrowed(nsp),
        id,
        data: data.map(Cow::Borrowed),
    }
}

fn read(hex: &str) -> Result<Decoded<Packet<'static>>, DecodeError> {
    decode(&bytes(hex), &Limits::default())
}

#[test]
fn reads_and_writes_the_reference_bytes() {
    use PacketKind::{Ack, Connect, ConnectError, Disconnect, Event};
    let rows = [
        (
            "83a47479706500a46461746181a5746f6b656ea178a36e7370a12f",
            packet(Connect, "/", None, Some("{\"token\":\"x\"}")),
        ),
        (
            "82a47479706500a36e7370a62f61646d696e",
            packet(Connect, "/admin", None, None),
        ),
        (
            "84a47479706502a4646174619da16501ffccc8d1ff38ce00011170cf000000012a05f200cb3ff8000000000000c0c3a2c3a99081a16181a16201a2696407a36e7370a12f",
            packet(
                Event,
                "/",
                Some(7),
                Some(
                    "[\"e\",1,-1,200,-200,70000,5000000000,1.5,null,true,\"é\",[],{\"a\":{\"b\":1}}]",
                ),
            ),
        ),
        (
            "83a47479706502a46461746192a162c403010203a36e7370a12f",
            packet(Event, "/", None, Some("[\"b\",{\"$binary\":\"AQID\"}]")),
        ),
        (
            "84a47479706503a46461746190a2696400a36e7370a22f61",
            packet(Ack, "/a", Some(0), Some("[]")),
        ),
        (
            "82a47479706501a36e7370a12f",
            packet(Disconnect, "/", None, None),
        ),
        (
            "83a47479706504a46461746181a76d657373616765a16da36e7370a12f",
            packet(ConnectError, "/", None, Some("{\"message\":\"m\"}")),
        ),
    ];
    for (hex, expected) in rows {
        let decoded = read(hex).unwrap();
        assert_eq!(decoded.value, expected);
        assert_eq!(decoded.quirks, []);
        assert_eq!(
            encode(&expected, &Limits::default()).unwrap(),
            bytes(hex),
            "{hex}"
        );
        assert!(looks_like(&bytes(hex)));
    }
}

#[test]
fn reads_what_has_no_json_form() {
    let date = read("83a47479706502a46461746192a164d7000000018bcfe5687ba36e7370a12f").unwrap();
    assert_eq!(
        date.value.data.as_deref(),
        Some("[\"d\",\"2023-11-14T22:13:20.123Z\"]")
    );
    assert_eq!(date.quirks, [Quirk::NotJson("a date became its text")]);

    let options = read(
        "85a47479706502a46461746191a165a76f7074696f6e7381a8636f6d7072657373c3a2696401a36e7370a12f",
    )
    .unwrap();
    assert_eq!(
        options.value,
        packet(PacketKind::Event, "/", Some(1), Some("[\"e\"]"))
    );

    // NaN, an unknown extension, a key that is a number.
    let odd =
        read("83a47479706502a46461746194a165cb7ff8000000000000d4050781010aa36e7370a12f").unwrap();
    assert_eq!(
        odd.value.data.as_deref(),
        Some("[\"e\",null,[5,{\"$binary\":\"Bw==\"}],{\"1\":10}]")
    );
    assert_eq!(odd.quirks.len(), 3);
}

#[test]
fn undefined_where_auth_would_be_is_nothing() {
    // What notepack writes for {type:0,data:undefined,nsp:"/"}.
    let read = read("83a47479706500a464617461d40000a36e7370a12f").unwrap();
    assert_eq!(read.value, packet(PacketKind::Connect, "/", None, None));
}

#[test]
fn refuses_what_the_reference_refuses() {
    use DecodeErrorKind as E;
    let rows = [
        ("", E::Msgpack("the bytes end too early".to_owned())),
        (
            "83a474797065",
            E::Msgpack("the bytes end too early".to_owned()),
        ),
        (
            "82a47479706501a36e7370a12f00",
            E::Msgpack("1 bytes after the packet".to_owned()),
        ),
        ("01", E::MsgpackField("shape: it must be a map")),
        ("80", E::MsgpackField("type")),
        ("82a47479706507a36e7370a12f", E::MsgpackField("type")),
        (
            "82a4747970659fa36e7370a12f",
            E::Msgpack("the bytes end too early".to_owned()),
        ),
        ("81a47479706501", E::MsgpackField("namespace (nsp)")),
        (
            "83a47479706501a36e7370a12fa26964a161",
            E::MsgpackField("id"),
        ),
        (
            "83a47479706501a36e7370a12fa46461746180",
            E::InvalidPayload("a DISCONNECT carries nothing"),
        ),
        (
            "83a47479706502a36e7370a12fa46461746190",
            E::InvalidPayload("the event has no name"),
        ),
        (
            "82a47479706502a36e7370a12f",
            E::InvalidPayload("an event carries an array"),
        ),
        (
            "82a47479706504a36e7370a12f",
            E::InvalidPayload("a CONNECT_ERROR carries an object or a text"),
        ),
    ];
    for (hex, kind) in rows {
        assert_eq!(read(hex).unwrap_err().kind, kind, "{hex}");
    }
}

#[test]
fn nesting_is_limited_both_ways() {
    let limits = Limits {
        max_depth: 20,
        ..Limits::default()
    };
    let mut deep = bytes("83a47479706502a36e7370a12fa464617461");
    deep.extend([0x91; 10_000]);
    deep.push(0xc0);
    assert_eq!(
        decode(&deep, &limits).unwrap_err().kind,
        DecodeErrorKind::TooDeep(20)
    );
    let json = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let packet = Packet {
        data: Some(json.into()),
        ..packet(PacketKind::Event, "/", None, None)
    };
    let error = encode(&packet, &limits).unwrap_err();
    assert_eq!((error.at, error.kind), (20, DecodeErrorKind::TooDeep(20)));
}

#[test]
fn text_and_attachments_do_not_look_like_it() {
    for sample in [&b""[..], b"\x01\x02", b"42[\"a\"]", b"\x81", b"\x83\xa3foo"] {
        assert!(!looks_like(sample));
    }
}

#[test]
fn version_2_writes_what_carries_no_event_as_json_text() {
    for (text, kind, nsp, data) in [
        (r#"{"type":0,"nsp":"/"}"#, PacketKind::Connect, "/", None),
        (
            r#"{"type":1,"nsp":"/a"}"#,
            PacketKind::Disconnect,
            "/a",
            None,
        ),
        (
            r#"{"type":4,"data":"no","nsp":"/a"}"#,
            PacketKind::ConnectError,
            "/a",
            Some("\"no\""),
        ),
    ] {
        let packet = decode_text(text, &Limits::default()).expect(text).value;
        assert_eq!(
            (packet.kind, &*packet.nsp, packet.data.as_deref()),
            (kind, nsp, data),
            "{text}"
        );
        if data.is_none() {
            assert_eq!(encode_text(&packet), text);
        }
    }
    for text in [
        "",
        "0",
        "[]",
        r#"{"type":2,"nsp":"/","data":["a"]}"#,
        r#"{"type":0}"#,
        r#"{"type":9,"nsp":"/"}"#,
    ] {
        assert!(decode_text(text, &Limits::default()).is_err(), "{text}");
    }
}

#[test]
fn version_2_has_types_of_their_own_for_packets_with_binary() {
    // {"type":5,"nsp":"/","data":["e"]}
    let bytes = b"\x83\xa4type\x05\xa3nsp\xa1/\xa4data\x91\xa1e";
    let packet = decode(bytes, &Limits::default())
        .expect("a binary event")
        .value;
    assert_eq!(
        (packet.kind, packet.data.as_deref()),
        (PacketKind::BinaryEvent, Some("[\"e\"]"))
    );
}

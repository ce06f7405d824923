use proptest::prelude::*;

use super::*;
use crate::protocol::websocket::{Encoder, Passive};

type Outcome = (Vec<Message>, Option<(u64, ViolationKind)>);

fn drain(decoder: &mut Decoder, buf: &mut BytesMut, out: &mut Outcome) {
    while out.1.is_none() {
        match decoder.decode(buf) {
            Ok(Some(message)) => out.0.push(message),
            Ok(None) => return,
            Err(violation) => out.1 = Some((violation.at, violation.kind)),
        }
    }
}

fn whole(role: Role, params: Option<&DeflateParams>, wire: &[u8]) -> Outcome {
    let mut out = Outcome::default();
    let mut buf = BytesMut::from(wire);
    drain(&mut Decoder::new(role, params, small()), &mut buf, &mut out);
    out
}

fn byte_by_byte(role: Role, params: Option<&DeflateParams>, wire: &[u8]) -> Outcome {
    let mut out = Outcome::default();
    let mut buf = BytesMut::new();
    let mut decoder = Decoder::new(role, params, small());
    for byte in wire {
        buf.extend_from_slice(&[*byte]);
        drain(&mut decoder, &mut buf, &mut out);
    }
    out
}

fn small() -> Limits {
    Limits { message: 100_000 }
}

fn text(data: &'static str) -> Message {
    let data = Bytes::from_static(data.as_bytes());
    Message {
        op: Op::Text,
        data,
        wire: None,
        frames: 1,
        quirks: Quirks::default(),
    }
}

fn with(mut message: Message, quirks: &[Quirk]) -> Message {
    quirks.iter().for_each(|quirk| message.quirks.add(*quirk));
    message
}

fn close_frame(code: Option<u16>, reason: Option<&str>) -> Message {
    let op = Op::Close {
        code,
        reason: reason.map(str::to_owned),
    };
    Message {
        op,
        data: Bytes::new(),
        wire: None,
        frames: 1,
        quirks: Quirks::default(),
    }
}

#[test]
fn good_streams_give_the_same_messages_however_they_are_cut() {
    let ping = Message {
        op: Op::Ping,
        ..text("p")
    };
    let fragmented = Message {
        frames: 3,
        ..text("42[\"a\"]")
    };
    let binary = Message {
        op: Op::Binary,
        ..text("\u{1}\u{2}")
    };
    let long: &'static [u8] = Box::leak(
        [&[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0][..], &[b'x'; 65536]]
            .concat()
            .into(),
    );
    let cases: Vec<(&str, Role, &[u8], Vec<Message>)> = vec![
        ("nothing", Role::Client, b"", vec![]),
        (
            "text",
            Role::Client,
            b"\x81\x064hello",
            vec![text("4hello")],
        ),
        (
            "record separators stay",
            Role::Client,
            b"\x81\x054a\x1e4b",
            vec![text("4a\u{1e}4b")],
        ),
        ("empty text", Role::Client, b"\x81\x00", vec![text("")]),
        ("binary", Role::Client, b"\x82\x02\x01\x02", vec![binary]),
        (
            "ping between fragments comes first",
            Role::Client,
            b"\x01\x0242\x00\x01[\x89\x01p\x80\x04\"a\"]",
            vec![ping, fragmented],
        ),
        (
            "masked by a client",
            Role::Server,
            b"\x81\x81\x01\x02\x03\x04\x33",
            vec![text("2")],
        ),
        (
            "close without a code",
            Role::Client,
            b"\x88\x00",
            vec![close_frame(None, None)],
        ),
        (
            "close with code and reason",
            Role::Client,
            b"\x88\x06\x03\xf1nope",
            vec![close_frame(Some(1009), Some("nope"))],
        ),
        (
            "bad gateway",
            Role::Client,
            b"\x88\x02\x03\xf6",
            vec![close_frame(Some(1014), None)],
        ),
        (
            "one byte of a code",
            Role::Client,
            b"\x88\x01\x03",
            vec![with(close_frame(None, None), &[Quirk::CloseCodeCut])],
        ),
        (
            "a code that must not travel",
            Role::Client,
            b"\x88\x02\x03\xee",
            vec![with(
                close_frame(Some(1006), None),
                &[Quirk::CloseCodeReserved],
            )],
        ),
        (
            "a reason that is not UTF-8",
            Role::Client,
            b"\x88\x03\x03\xe8\xff",
            vec![with(
                close_frame(Some(1000), Some("\u{fffd}")),
                &[Quirk::CloseReasonNotUtf8],
            )],
        ),
        (
            "masked by a server",
            Role::Client,
            b"\x81\x81\x01\x02\x03\x04\x33",
            vec![with(text("2"), &[Quirk::MaskedByServer])],
        ),
        (
            "not masked by a client",
            Role::Server,
            b"\x81\x012",
            vec![with(text("2"), &[Quirk::NotMaskedByClient])],
        ),
        (
            "long form of a short length",
            Role::Client,
            b"\x81\x7e\x00\x012",
            vec![with(text("2"), &[Quirk::LongLength])],
        ),
        (
            "a frame after the close frame",
            Role::Client,
            b"\x88\x00\x81\x012",
            vec![
                close_frame(None, None),
                with(text("2"), &[Quirk::AfterClose]),
            ],
        ),
        (
            "64 KiB",
            Role::Client,
            long,
            vec![Message {
                data: Bytes::from(vec![b'x'; 65536]),
                ..text("")
            }],
        ),
    ];
    for (name, role, wire, want) in cases {
        let want = (want, None);
        assert_eq!(whole(role, None, wire), want, "{name}, whole");
        assert_eq!(byte_by_byte(role, None, wire), want, "{name}, byte by byte");
        let trailing = [wire, b"\x89"].concat();
        assert_eq!(
            whole(role, None, &trailing),
            want,
            "{name}, with a byte of the next"
        );
    }
}

#[test]
fn violations_tell_their_place_and_their_close_code() {
    use ViolationKind as Kind;
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\nUnsupported protocol version";
    let cases: Vec<(&[u8], u64, u16, Kind)> = vec![
        (http, 0, 1002, Kind::HttpAfterUpgrade),
        (b"\xc1\x00", 0, 1002, Kind::Rsv { bits: 4 }),
        (b"\x81\x012\xa1\x00", 3, 1002, Kind::Rsv { bits: 2 }),
        (b"\x83\x00", 0, 1002, Kind::Opcode { opcode: 3 }),
        (b"\x8b\x00", 0, 1002, Kind::Opcode { opcode: 11 }),
        (b"\x09\x00", 0, 1002, Kind::ControlFragmented),
        (
            b"\x89\x7e\x00\x7e",
            0,
            1002,
            Kind::ControlTooLong { len: 126 },
        ),
        (b"\x80\x00", 0, 1002, Kind::ContinuationOfNothing),
        (b"\x01\x00\x81\x00", 2, 1002, Kind::MessageInsideFragments),
        (
            b"\x81\x024\xff",
            0,
            1007,
            Kind::TextNotUtf8 { valid_up_to: 1 },
        ),
        (
            b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
            0,
            1009,
            Kind::TooBig { limit: 100_000 },
        ),
        (
            b"\x82\x7f\x00\x00\x00\x00\x00\x01\x86\xa1",
            0,
            1009,
            Kind::TooBig { limit: 100_000 },
        ),
    ];
    for (wire, at, code, kind) in cases {
        let want = Some((at, kind));
        assert_eq!(whole(Role::Client, None, wire).1, want, "{wire:x?}, whole");
        assert_eq!(
            byte_by_byte(Role::Client, None, wire).1,
            want,
            "{wire:x?}, byte by byte"
        );
        let mut decoder = Decoder::new(Role::Client, None, small());
        let mut buf = BytesMut::from(wire);
        let first = loop {
            match decoder.decode(&mut buf) {
                Err(violation) => break violation,
                Ok(message) => assert!(message.is_some()),
            }
        };
        assert_eq!(first.close_code(), code);
        assert!(!first.bytes.is_empty());
        assert_eq!(decoder.decode(&mut buf), Err(first), "it stays what it was");
    }
}

#[test]
fn plain_http_after_the_upgrade_is_kept_to_be_shown() {
    let http = "HTTP/1.1 400 Bad Request\r\n\r\n{\"code\":5}";
    for params in [None, Some(DeflateParams::default())] {
        let mut decoder = Decoder::new(Role::Client, params.as_ref(), Limits::default());
        let violation = decoder.decode(&mut BytesMut::from(http)).unwrap_err();
        assert_eq!(violation.bytes, http);
    }
}

#[test]
fn fragments_are_counted_against_the_limit_together() {
    let mut wire = BytesMut::new();
    for first in [true, false] {
        let opcode = OpCode::Data(if first { Data::Binary } else { Data::Continue });
        super::super::frame::write_frame(&mut wire, false, 0, opcode, None, &[0; 60_000]);
    }
    let (messages, violation) = whole(Role::Client, None, &wire);
    assert!(messages.is_empty());
    assert_eq!(
        violation,
        Some((60_004, ViolationKind::TooBig { limit: 100_000 }))
    );
}

#[test]
fn a_compressed_message_over_the_limit_is_refused() {
    let params = DeflateParams::default();
    let mut wire = BytesMut::new();
    Encoder::new(Role::Server, Some(&params)).binary(&[0; 100_001], &mut wire);
    assert!(wire.len() < 1000);
    let (_, violation) = whole(Role::Client, Some(&params), &wire);
    assert_eq!(
        violation,
        Some((0, ViolationKind::TooBig { limit: 100_000 }))
    );
}

#[test]
fn a_corrupt_compressed_message_is_told_with_its_bytes() {
    let params = DeflateParams::default();
    let mut buf = BytesMut::from(&b"\xc1\x04\xff\xff\xff\xff"[..]);
    let violation = Decoder::new(Role::Client, Some(&params), small())
        .decode(&mut buf)
        .unwrap_err();
    assert!(
        matches!(violation.kind, ViolationKind::Inflate(_)),
        "{violation}"
    );
    assert_eq!(
        (violation.close_code(), &violation.bytes[..]),
        (1007, &[0xff; 4][..])
    );
}

#[test]
fn a_compressed_message_in_fragments_with_a_ping_between_is_read() {
    // "Hello", cut as in RFC 7692, section 7.2.3.1.
    let wire = b"\x41\x03\xf2\x48\xcd\x89\x00\x80\x04\xc9\xc9\x07\x00";
    let params = DeflateParams::default();
    let (messages, violation) = byte_by_byte(Role::Client, Some(&params), wire);
    assert_eq!(violation, None);
    assert_eq!(messages[0].op, Op::Ping);
    assert_eq!(
        messages[1],
        Message {
            frames: 2,
            wire: Some(7),
            ..text("Hello")
        }
    );
}

#[test]
fn the_bytes_that_a_large_frame_lacks_are_told() {
    let mut decoder = Decoder::new(Role::Client, None, small());
    let mut buf = BytesMut::from(&b"\x82\x7e\x10\x00abc"[..]);
    assert_eq!(decoder.decode(&mut buf), Ok(None));
    assert_eq!(decoder.missing(), 4093);
    assert!(!decoder.is_between_messages(&buf));
}

/// Bytes that were written, and bytes to read: tungstenite's idea of a socket.
struct Pipe {
    input: std::io::Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl std::io::Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.input.read(buf)
    }
}

impl std::io::Write for Pipe {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.output.write(buf)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_independent_implementation_reads_what_we_write_and_is_read() {
    use tungstenite::protocol::{Message as Theirs, Role as TheirRole, WebSocket};
    let long = "4".repeat(70_000);
    for (ours, theirs) in [
        (Role::Client, TheirRole::Server),
        (Role::Server, TheirRole::Client),
    ] {
        let mut input = BytesMut::new();
        let mut encoder = Encoder::new(ours, None);
        encoder.text("2probe", &mut input);
        encoder.binary(&[1, 2, 3], &mut input);
        encoder.text(&long, &mut input);
        encoder.ping(b"p", &mut input).unwrap();
        encoder.close(Some(1001), "gone", &mut input).unwrap();
        let pipe = Pipe {
            input: std::io::Cursor::new(input.to_vec()),
            output: Vec::new(),
        };
        let mut socket = WebSocket::from_raw_socket(pipe, theirs, None);
        for want in [
            "2probe".into(),
            Theirs::binary(vec![1, 2, 3]),
            Theirs::text(&*long),
        ] {
            assert_eq!(socket.read().unwrap(), want);
            socket.send(want).unwrap();
        }
        assert_eq!(
            socket.read().unwrap(),
            Theirs::Ping(Bytes::from_static(b"p"))
        );
        match socket.read().unwrap() {
            Theirs::Close(Some(frame)) => {
                assert_eq!(
                    (u16::from(frame.code), frame.reason.as_str()),
                    (1001, "gone")
                );
            }
            other => panic!("{other:?}"),
        }
        let _ = socket.flush();
        let output = std::mem::take(&mut socket.get_mut().output);
        let (messages, violation) = whole(ours, None, &output);
        assert_eq!(violation, None);
        assert!(messages.iter().all(|message| message.quirks.is_empty()));
        let ops: Vec<&Op> = messages.iter().map(|message| &message.op).collect();
        let close = Op::Close {
            code: Some(1001),
            reason: Some("gone".to_owned()),
        };
        assert_eq!(ops, [&Op::Text, &Op::Binary, &Op::Text, &Op::Pong, &close]);
        assert_eq!(messages[2].data, long);
    }
}

fn any_role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn any_params() -> impl Strategy<Value = Option<DeflateParams>> {
    proptest::option::of((any::<bool>(), any::<bool>(), 8u8..=15, 8u8..=15).prop_map(
        |(server_no, client_no, server, client)| DeflateParams {
            server_no_context_takeover: server_no,
            client_no_context_takeover: client_no,
            server_max_window_bits: server,
            client_max_window_bits: client,
        },
    ))
}

fn any_message() -> impl Strategy<Value = (Op, Vec<u8>)> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..3000);
    let short = || proptest::collection::vec(any::<u8>(), 0..=125);
    prop_oneof![
        ".{0,700}".prop_map(|text| (Op::Text, text.into_bytes())),
        "[ab]{0,3000}".prop_map(|text| (Op::Text, text.into_bytes())),
        bytes().prop_map(|data| (Op::Binary, data)),
        short().prop_map(|data| (Op::Ping, data)),
        short().prop_map(|data| (Op::Pong, data)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_bytes_are_survived_and_read_alike_however_cut(
        role in any_role(),
        params in any_params(),
        wire in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let together = whole(role, params.as_ref(), &wire);
        prop_assert_eq!(&byte_by_byte(role, params.as_ref(), &wire), &together);
        let mut passive = Passive::new(params.as_ref(), small());
        passive.push(role.peer(), &wire);
        while let Ok(Some(_)) = passive.next_message(role.peer()) {}
    }

    #[test]
    fn messages_survive_the_round_trip_in_both_roles(
        sender in any_role(),
        params in any_params(),
        from in 0usize..2000,
        messages in proptest::collection::vec(any_message(), 1..8),
        cut in 1usize..5000,
    ) {
        let mut encoder = Encoder::new(sender, params.as_ref()).compressing_from(from);
        let mut decoder = Decoder::new(sender.peer(), params.as_ref(), Limits::default());
        let mut wire = BytesMut::new();
        let mut sizes = Vec::new();
        for (op, data) in &messages {
            sizes.push(encoder.encode(op, data, &mut wire).unwrap());
        }
        let (mut buf, mut out) = (BytesMut::new(), Outcome::default());
        for piece in wire.chunks(cut) {
            buf.extend_from_slice(piece);
            drain(&mut decoder, &mut buf, &mut out);
        }
        prop_assert_eq!(out.1, None);
        prop_assert_eq!(out.0.len(), messages.len());
        for ((got, (op, data)), size) in out.0.iter().zip(&messages).zip(sizes) {
            prop_assert_eq!(&got.op, op);
            prop_assert_eq!(&got.data[..], &data[..]);
            prop_assert_eq!(got.wire, size);
            prop_assert!(got.quirks.is_empty());
        }
        prop_assert!(decoder.is_between_messages(&buf));
    }
}

use super::*;

type Row = (
    &'static str,
    Version,
    Result<(PacketKind, Data<'static>, Vec<Quirk>), (usize, DecodeErrorKind)>,
);

fn text(data: &'static str) -> Data<'static> {
    Data::Text(Cow::Borrowed(data))
}

fn bytes(data: &'static [u8]) -> Data<'static> {
    Data::Binary(Cow::Borrowed(data))
}

#[test]
fn text_messages() {
    use PacketKind as K;
    use Version::{V3, V4};
    let odd = || vec![Quirk::Base64NotCanonical];
    let unknown = |at, c| Err((at, DecodeErrorKind::UnknownEngineType(c)));
    let rows: Vec<Row> = vec![
        ("4hello", V4, Ok((K::Message, text("hello"), vec![]))),
        ("4", V4, Ok((K::Message, text(""), vec![]))),
        (
            "4a\u{1e}4b",
            V4,
            Ok((K::Message, text("a\u{1e}4b"), vec![])),
        ),
        ("2probe", V4, Ok((K::Ping, text("probe"), vec![]))),
        ("3probe", V3, Ok((K::Pong, text("probe"), vec![]))),
        ("5", V4, Ok((K::Upgrade, text(""), vec![]))),
        ("6", V4, Ok((K::Noop, text(""), vec![]))),
        ("0{}", V4, Ok((K::Open, text("{}"), vec![]))),
        (
            "1x",
            V4,
            Ok((K::Close, text("x"), vec![Quirk::UnexpectedData(K::Close)])),
        ),
        ("4a\r\n", V4, Ok((K::Message, text("a\r\n"), vec![]))),
        (
            "bAQIDBA==",
            V4,
            Ok((K::Message, bytes(&[1, 2, 3, 4]), vec![])),
        ),
        ("bAQID", V4, Ok((K::Message, bytes(&[1, 2, 3]), vec![]))),
        ("b", V4, Ok((K::Message, bytes(&[]), vec![]))),
        ("bAQIDBA", V4, Ok((K::Message, bytes(&[1, 2, 3, 4]), odd()))),
        ("b_-8=", V4, Ok((K::Message, bytes(&[0xff, 0xef]), odd()))),
        ("b!!!", V4, Ok((K::Message, bytes(&[]), odd()))),
        (
            "b4AQIDBA==",
            V3,
            Ok((K::Message, bytes(&[1, 2, 3, 4]), vec![])),
        ),
        ("b4", V3, Ok((K::Message, bytes(&[]), vec![]))),
        (
            "b2AQ==",
            V3,
            Ok((K::Ping, bytes(&[1]), vec![Quirk::BinaryControl(K::Ping)])),
        ),
        ("b", V3, Err((1, DecodeErrorKind::EmptyPacket))),
        ("bz", V3, unknown(1, 'z')),
        ("", V4, Err((0, DecodeErrorKind::EmptyPacket))),
        ("", V3, Err((0, DecodeErrorKind::EmptyPacket))),
        ("9foo", V4, unknown(0, '9')),
        ("7", V4, unknown(0, '7')),
        ("ok", V4, unknown(0, 'o')),
        ("\u{feff}4a", V4, unknown(0, '\u{feff}')),
        ("é", V3, unknown(0, 'é')),
    ];
    for (input, version, expected) in rows {
        let got = decode_text(input, version)
            .map(|decoded| (decoded.value.kind, decoded.value.data, decoded.quirks))
            .map_err(|error| (error.at, error.kind));
        assert_eq!(got, expected, "{input:?} {version:?}");
    }
}

#[test]
fn binary_messages() {
    let decode = |bytes, version| {
        decode_binary(bytes, version)
            .map(|decoded| (decoded.value, decoded.quirks))
            .map_err(|error| error.kind)
    };
    assert_eq!(
        decode(&[1, 2, 3, 4], Version::V4),
        Ok((Packet::binary(&[1, 2, 3, 4][..]), vec![]))
    );
    assert_eq!(
        decode(&[], Version::V4),
        Ok((Packet::binary(&[][..]), vec![]))
    );
    assert_eq!(
        decode(&[4, 1, 2, 3], Version::V3),
        Ok((Packet::binary(&[1, 2, 3][..]), vec![]))
    );
    assert_eq!(decode(&[], Version::V3), Err(DecodeErrorKind::EmptyPacket));
    assert_eq!(
        decode(b"4a", Version::V3),
        Err(DecodeErrorKind::UnknownEngineTypeByte(b'4'))
    );
}

#[test]
fn encodes_as_the_reference() {
    let binary = Packet::binary(&[1, 2, 3, 4][..]);
    let cases = [
        (
            Packet::message("hello"),
            Version::V4,
            false,
            Message::Text("4hello".into()),
        ),
        (
            Packet::bare(PacketKind::Upgrade),
            Version::V3,
            false,
            Message::Text("5".into()),
        ),
        (
            binary.clone(),
            Version::V4,
            false,
            Message::Binary(vec![1, 2, 3, 4]),
        ),
        (
            binary.clone(),
            Version::V3,
            false,
            Message::Binary(vec![4, 1, 2, 3, 4]),
        ),
        (
            binary.clone(),
            Version::V4,
            true,
            Message::Text("bAQIDBA==".into()),
        ),
        (
            binary,
            Version::V3,
            true,
            Message::Text("b4AQIDBA==".into()),
        ),
    ];
    for (packet, version, base64, expected) in cases {
        assert_eq!(encode(&packet, version, base64), expected);
    }
}

#[test]
fn a_clean_text_message_is_borrowed() {
    let decoded = decode_text("4hello", Version::V4).unwrap();
    assert!(matches!(decoded.value.data, Data::Text(Cow::Borrowed(_))));
    assert_eq!(decoded.quirks.capacity(), 0);
}

//! Properties of the Engine.IO codecs.

use proptest::prelude::*;

use super::payload::{self, decode_body, encode_body, encoded_len};
use super::{Data, Packet, PacketKind, Revision, Version, message};

fn data() -> impl Strategy<Value = Data<'static>> {
    prop_oneof![
        any::<String>().prop_map(|text| Data::Text(text.into())),
        "[a-z€😀é\"]{0,12}".prop_map(|text| Data::Text(text.into())),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Data::Binary(bytes.into())),
    ]
}

fn packet() -> impl Strategy<Value = Packet<'static>> {
    (0..=6_u8, data()).prop_map(|(number, data)| {
        let kind = match data {
            Data::Binary(_) => PacketKind::Message,
            Data::Text(_) => PacketKind::from_number(number).unwrap(),
        };
        Packet { kind, data }
    })
}

fn without_separator(packet: &Packet<'_>) -> bool {
    !packet.data.as_text().unwrap_or_default().contains('\u{1e}')
}

fn forms() -> impl Strategy<Value = (Version, Revision, bool)> {
    prop_oneof![
        Just((Version::V4, Revision::SocketIo2, true)),
        Just((Version::V3, Revision::SocketIo2, true)),
        Just((Version::V3, Revision::SocketIo2, false)),
        Just((Version::V3, Revision::SocketIo1, true)),
        Just((Version::V3, Revision::SocketIo1, false)),
    ]
}

proptest! {
    #[test]
    fn bodies_round_trip(
        packets in prop::collection::vec(packet(), 1..6),
        (version, revision, binary) in forms(),
    ) {
        prop_assume!(version == Version::V3 || packets.iter().all(without_separator));
        let body = encode_body(&packets, version, revision, binary);
        prop_assert_eq!(body.bytes.len(), encoded_len(&packets, version, revision, binary));
        let decoded = decode_body(&body.bytes, Some(body.content_type), version, revision);
        prop_assert_eq!(decoded.error, None);
        let values: Vec<_> = decoded.packets.into_iter().map(|packet| packet.value).collect();
        prop_assert_eq!(values, packets);
    }

    #[test]
    fn trailing_rubbish_loses_no_packet_before_it(
        packets in prop::collection::vec(packet(), 1..4),
        (version, revision, binary) in forms(),
    ) {
        prop_assume!(version == Version::V3 || packets.iter().all(without_separator));
        let mut body = encode_body(&packets, version, revision, binary);
        let end = body.bytes.len();
        body.bytes.extend_from_slice(if version == Version::V4 { b"\x1e9" } else { b"\x07" });
        let decoded = decode_body(&body.bytes, Some(body.content_type), version, revision);
        prop_assert_eq!(decoded.packets.len(), packets.len());
        prop_assert!(decoded.error.unwrap().at >= end);
    }

    #[test]
    fn messages_round_trip(packet in packet(), v4 in any::<bool>(), base64 in any::<bool>()) {
        let version = if v4 { Version::V4 } else { Version::V3 };
        let encoded = message::encode(&packet, version, base64);
        let decoded = match &encoded {
            message::Message::Text(text) => message::decode_text(text, version),
            message::Message::Binary(bytes) => message::decode_binary(bytes, version),
        };
        prop_assert_eq!(decoded.unwrap().value, packet);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for version in [Version::V3, Version::V4] {
            for revision in [Revision::SocketIo1, Revision::SocketIo2] {
                for content_type in [None, Some("text/plain"), Some(payload::OCTET_STREAM)] {
                    let decoded = decode_body(&bytes, content_type, version, revision);
                    if let Some(error) = decoded.error {
                        prop_assert!(error.at <= bytes.len());
                    }
                }
            }
            let _ = message::decode_binary(&bytes, version);
            let _ = message::decode_text(&String::from_utf8_lossy(&bytes), version);
        }
        let _ = super::generation::from_first_body(&bytes, None);
        let _ = super::generation::http_after_upgrade(&bytes);
        let _ = super::server_error::decode(&bytes, None);
    }

    /// Near misses of the length-prefixed forms, which random bytes rarely hit.
    #[test]
    fn no_framed_bytes_panic(body in "([0-9+x. ]{0,3}:[0-6b]{0,2}[a€😀]{0,4}){0,4}", cut in 0..40_usize) {
        let bytes = &body.as_bytes()[..cut.min(body.len())];
        let _ = decode_body(bytes, Some("text/plain"), Version::V3, Revision::SocketIo2);
        let _ = decode_body(bytes, Some("text/plain"), Version::V3, Revision::SocketIo1);
    }
}

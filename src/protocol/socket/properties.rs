//! Properties of the Socket.IO codecs.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::protocol::engine::Version;

/// JSON of every kind, buffers included, as compact text.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("1e999".to_owned()),
        Just("\"\\ud800\"".to_owned()),
        any::<String>().prop_map(|text| crate::protocol::json::quote(&text)),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| {
            format!(
                "{{\"$binary\":\"{}\"}}",
                crate::protocol::engine::base64::encode(&bytes)
            )
        }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(("[a-c]{1,2}", inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members
                    .into_iter()
                    .map(|(key, value)| format!("\"{key}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn limits() -> Limits {
    Limits {
        max_attachments: 1000,
        ..Limits::default()
    }
}

proptest! {
    #[test]
    fn events_round_trip_with_their_buffers(
        args in prop::collection::vec(json(), 0..4),
        nsp in prop_oneof![Just("/".to_owned()), "/[a-z?=é]{0,6}"],
        id in prop::option::of(0..9_007_199_254_740_992_u64),
    ) {
        let array = format!("[{}]", std::iter::once("\"name\"".to_owned()).chain(args).collect::<Vec<_>>().join(","));
        let encoded = encode_with_binary(PacketKind::Event, &nsp, id, &array).unwrap();
        let mut assembler = Assembler::new(limits(), Version::V4);
        let (packet, data) = match assembler.push_text(&encoded.text).unwrap() {
            Progress::Packet(decoded) => {
                prop_assert!(decoded.quirks.is_empty());
                let data = decoded.value.data.clone().unwrap().into_owned();
                (decoded.value.into_owned(), data)
            }
            Progress::Waiting(_) => {
                let mut done = None;
                for bytes in encoded.attachments {
                    done = assembler.push_binary(bytes).unwrap();
                }
                let done = done.unwrap();
                prop_assert!(done.quirks.is_empty());
                (done.value.packet, done.value.json.unwrap())
            }
        };
        prop_assert_eq!(data, array);
        prop_assert_eq!(packet.nsp.as_ref(), nsp.as_str());
        prop_assert_eq!(packet.id, id);
    }

    #[test]
    fn a_peek_agrees_with_the_full_reader(text in "[0-7x ]{0,2}[0-9]{0,2}-?(/[a-z]{0,2},?)?[0-9 ]{0,2}(\\[\"a\"\\]|\\{\\}|\\[\\])?") {
        if let Ok(decoded) = decode_text(&text, &limits(), Version::V4) {
            let packet = decoded.value;
            let peeked = peek(&text).unwrap();
            prop_assert_eq!(peeked.kind, packet.kind);
            prop_assert_eq!(peeked.attachments, packet.attachments);
            prop_assert_eq!(peeked.nsp, packet.nsp.as_ref());
            prop_assert_eq!(peeked.id, packet.id);
            prop_assert_eq!(&text[peeked.json_at..], packet.data.as_deref().unwrap_or_default());
            if let Some(name) = peeked.event {
                let full = packet.event_name();
                prop_assert_eq!(Some(name), full.as_deref());
            }
        }
    }

    #[test]
    fn no_text_panics(text in prop_oneof![any::<String>(), "[0-7][0-9-]{0,3}[/,a\\[\\]{}\":0-9]{0,16}"]) {
        for version in [Version::V3, Version::V4] {
            if let Err(error) = decode_text(&text, &limits(), version) {
                prop_assert!(error.at <= text.len());
            }
        }
        let _ = peek(&text);
        let _ = extract(&text);
        let _ = substitute(&text, &[[1_u8]]);
        let mut assembler = Assembler::new(limits(), Version::V4);
        let _ = assembler.push_text(&text);
        let _ = assembler.push_binary(Bytes::from_static(b"x"));
    }

    #[test]
    fn msgpack_round_trips(args in prop::collection::vec(json(), 0..4), id in any::<Option<u64>>()) {
        // A number that is no double and half a surrogate pair have no msgpack form; keys that
        // come twice collapse, as in JavaScript.
        let array = format!("[{}]", std::iter::once("\"name\"".to_owned()).chain(args).collect::<Vec<_>>().join(","));
        prop_assume!(!array.contains("1e999") && !array.contains("\\ud800"));
        let packet = Packet { kind: PacketKind::Event, attachments: 0, nsp: "/".into(), id, data: Some(array.into()) };
        let bytes = msgpack::encode(&packet, &limits()).unwrap();
        let once = msgpack::decode(&bytes, &limits()).unwrap();
        prop_assert!(once.quirks.is_empty());
        prop_assert_eq!(once.value.id, id);
        let again = msgpack::encode(&once.value, &limits()).unwrap();
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), framed in any::<bool>()) {
        let mut input = if framed { b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data".to_vec() } else { Vec::new() };
        input.extend(bytes);
        if let Err(error) = msgpack::decode(&input, &limits()) {
            prop_assert!(error.at <= input.len());
        }
    }
}

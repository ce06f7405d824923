use bytes::Bytes;

use super::super::{DecodeErrorKind as E, Limits, PacketKind, Quirk};
use super::*;
use crate::protocol::engine::Version;

const ONE: &str = "51-[\"b\",{\"_placeholder\":true,\"num\":0}]";

fn assembler() -> Assembler {
    Assembler::new(Limits::default(), Version::V4)
}

/// Pushes a header and its attachments; gives the JSON and quirks, or the error.
fn assemble(text: &str, attachments: &[&'static [u8]]) -> Result<(String, Vec<Quirk>), E> {
    let mut assembler = assembler();
    assembler.push_text(text).map_err(|error| error.kind)?;
    let mut last = None;
    for bytes in attachments {
        last = assembler
            .push_binary(Bytes::from_static(bytes))
            .map_err(|error| error.kind)?;
    }
    let done = last.expect("complete");
    assert_eq!(assembler.missing(), 0);
    Ok((done.value.json.unwrap_or_default(), done.quirks))
}

#[test]
fn joins_a_packet_with_its_attachment() {
    let mut assembler = assembler();
    assert!(matches!(assembler.push_text(ONE), Ok(Progress::Waiting(_))));
    assert_eq!(assembler.missing(), 1);
    let done = assembler
        .push_binary(Bytes::from_static(&[1, 2]))
        .unwrap()
        .unwrap();
    assert!(done.quirks.is_empty());
    assert_eq!(done.value.packet.kind, PacketKind::BinaryEvent);
    assert_eq!(done.value.attachments, [Bytes::from_static(&[1, 2])]);
    assert_eq!(done.value.json.unwrap(), "[\"b\",{\"$binary\":\"AQI=\"}]");
    assert_eq!(assembler.missing(), 0);
}

#[test]
fn a_packet_without_attachments_passes() {
    let mut assembler = assembler();
    assert!(matches!(
        assembler.push_text("2[\"a\"]"),
        Ok(Progress::Packet(_))
    ));
    assert_eq!(assembler.missing(), 0);
}

#[test]
fn placeholders_in_any_order_and_number() {
    let ph = |num| format!("{{\"_placeholder\":true,\"num\":{num}}}");
    let (a, b) = ("{\"$binary\":\"AQ==\"}", "{\"$binary\":\"Ag==\"}");
    let two: &[&'static [u8]] = &[&[1], &[2]];
    assert_eq!(
        assemble(&format!("52-[\"b\",{},{}]", ph("1"), ph("0")), two),
        Ok((format!("[\"b\",{b},{a}]"), vec![]))
    );
    assert_eq!(
        assemble(&format!("51-[\"b\",{},{}]", ph("0"), ph("0")), &two[..1]),
        Ok((
            format!("[\"b\",{a},{a}]"),
            vec![Quirk::AttachmentUsedTwice(0)]
        ))
    );
    assert_eq!(
        assemble(&format!("52-[\"b\",{}]", ph("0")), two),
        Ok((format!("[\"b\",{a}]"), vec![Quirk::UnusedAttachments(1)]))
    );
    assert_eq!(
        assemble(
            &format!("52-[\"b\",{{\"x\":[{}, {}]}}]", ph("1.0"), ph("0e0")),
            two
        ),
        Ok((format!("[\"b\",{{\"x\":[{b}, {a}]}}]"), vec![]))
    );
    assert_eq!(
        assemble("61-[]", &two[..1]),
        Ok((
            "[]".to_owned(),
            vec![Quirk::AckWithoutId, Quirk::UnusedAttachments(1)]
        ))
    );
}

#[test]
fn a_placeholder_is_what_javascript_takes_for_one() {
    let one: &[&'static [u8]] = &[&[1]];
    let unused = || vec![Quirk::UnusedAttachments(1)];
    let leaf = "[\"b\",{\"$binary\":\"AQ==\"}]";
    let rows = [
        ("{\"num\":0,\"x\":[],\"_placeholder\":true}", leaf, vec![]),
        ("{\"_pl\\u0061ceholder\":true,\"num\":0}", leaf, vec![]),
        (
            "{\"_placeholder\":false,\"_placeholder\":true,\"num\":0}",
            leaf,
            vec![],
        ),
        (
            "{\"_placeholder\":true,\"num\":0,\"x\":{\"_placeholder\":true,\"num\":99}}",
            leaf,
            vec![],
        ),
    ];
    for (object, expected, quirks) in rows {
        assert_eq!(
            assemble(&format!("51-[\"b\",{object}]"), one),
            Ok((expected.to_owned(), quirks)),
            "{object}"
        );
    }
    for object in [
        "{\"_placeholder\":1,\"num\":0}",
        "{\"_placeholder\":\"true\",\"num\":0}",
        "{\"_placeholder\":true,\"_placeholder\":{},\"num\":0}",
        "[\"_placeholder\",true]",
    ] {
        assert_eq!(
            assemble(&format!("51-[\"b\",{object}]"), one),
            Ok((format!("[\"b\",{object}]"), unused())),
            "{object}"
        );
    }
}

#[test]
fn a_num_that_names_nothing_is_refused() {
    for num in [
        "5", "1", "-1", "\"0\"", "1e9", "0.5", "null", "1e999", "[0]",
    ] {
        let text = format!("51-[\"b\",{{\"_placeholder\":true,\"num\":{num}}}]");
        let error = assemble(&text, &[&[1]]).unwrap_err();
        assert!(
            matches!(error, E::PlaceholderOutOfRange { count: 1, .. }),
            "{num}: {error:?}"
        );
    }
    let error = assemble("51-[\"b\",{\"_placeholder\":true}]", &[&[1]]).unwrap_err();
    assert_eq!(
        error,
        E::PlaceholderOutOfRange {
            num: "undefined".to_owned(),
            count: 1
        }
    );
}

#[test]
fn text_between_header_and_attachment_is_refused_and_the_next_is_read() {
    let mut assembler = assembler();
    assembler.push_text("51-/a,[\"x\"]").unwrap();
    let error = assembler.push_text("51-/b,[\"x\"]").unwrap_err();
    assert_eq!(error.kind, E::TextWhileAssembling { missing: 1 });
    assert!(assembler.push_text("2[\"x\"]").is_ok());
}

#[test]
fn binary_without_a_header_is_refused() {
    let mut assembler = assembler();
    let error = assembler.push_binary(Bytes::new()).unwrap_err();
    assert_eq!(error.kind, E::BinaryWithoutHeader);
    // One attachment too many.
    assembler.push_text(ONE).unwrap();
    assert!(assembler.push_binary(Bytes::new()).unwrap().is_some());
    let error = assembler.push_binary(Bytes::new()).unwrap_err();
    assert_eq!(error.kind, E::BinaryWithoutHeader);
}

#[test]
fn a_reset_gives_back_what_had_come() {
    let mut assembler = assembler();
    assembler.push_text("52-[\"x\"]").unwrap();
    assembler.push_binary(Bytes::from_static(&[1])).unwrap();
    assert_eq!(assembler.missing(), 1);
    let (packet, attachments) = assembler.reset().unwrap();
    assert_eq!((packet.attachments, attachments.len()), (2, 1));
    assert!(assembler.push_text("2[\"x\"]").is_ok());
    assert!(assembler.reset().is_none());
}

#[test]
fn a_huge_count_reserves_nothing() {
    let limits = Limits {
        max_attachments: u64::MAX,
        ..Limits::default()
    };
    let mut assembler = Assembler::new(limits, Version::V4);
    assembler.push_text("5999999999999999-[\"x\"]").unwrap();
    assembler.push_binary(Bytes::new()).unwrap();
    assert_eq!(assembler.missing(), 999_999_999_999_998);
}

#[test]
fn takes_buffers_out_in_the_order_of_the_text() {
    let (json, attachments) =
        extract("[\"b\", {\"$binary\":\"AQ==\"},{\"x\":[{ \"$binary\" : \"Ag\" }],\"n\":1.0}]")
            .unwrap();
    assert_eq!(
        json,
        "[\"b\", {\"_placeholder\":true,\"num\":0},{\"x\":[{\"_placeholder\":true,\"num\":1}],\"n\":1.0}]"
    );
    assert_eq!(
        attachments,
        [Bytes::from_static(&[1]), Bytes::from_static(&[2])]
    );
}

#[test]
fn only_an_object_with_that_member_alone_is_a_buffer() {
    for json in [
        "[{\"$binary\":\"AQ==\",\"x\":1}]",
        "[{\"$binary\":1}]",
        "[{\"$binary\":{}}]",
        "[\"$binary\",\"AQ==\"]",
    ] {
        let (out, attachments) = extract(json).unwrap();
        assert_eq!((out.as_str(), attachments.len()), (json, 0));
    }
    let error = extract("[{\"$binary\":\"!\"}]").unwrap_err();
    assert_eq!((error.at, error.kind), (12, E::BadBinaryLeaf));
    assert_eq!(extract("[1").unwrap_err().at, 2);
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!(
        "{}{}{}",
        "[".repeat(50_000),
        "{\"$binary\":\"AQ==\"}",
        "]".repeat(50_000)
    );
    let (json, attachments) = extract(&deep).unwrap();
    assert_eq!(substitute(&json, &attachments).unwrap().json, deep);
}

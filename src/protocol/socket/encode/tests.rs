use super::*;

fn encoded(kind: PacketKind, nsp: &str, id: Option<u64>, json: &str) -> String {
    encode_with_binary(kind, nsp, id, json).unwrap().text
}

#[test]
fn writes_events_and_acks_as_javascript() {
    use PacketKind::{Ack, Event};
    let rows = [
        (
            Event,
            "/",
            None,
            "[\"hello\",1,{\"a\":null}]",
            "2[\"hello\",1,{\"a\":null}]",
        ),
        (Event, "/admin", None, "[\"x\"]", "2/admin,[\"x\"]"),
        (Event, "/", Some(0), "[\"x\"]", "20[\"x\"]"),
        (Event, "/admin", Some(0), "[\"x\"]", "2/admin,0[\"x\"]"),
        (Ack, "/", Some(12), "[1,\"b\"]", "312[1,\"b\"]"),
        (Ack, "/admin", Some(12), "[]", "3/admin,12[]"),
        (Event, "", None, "[\"x\"]", "2[\"x\"]"),
        (Event, "/", None, "[ \"x\", 1e2 ]", "2[ \"x\", 1e2 ]"),
    ];
    for (kind, nsp, id, json, text) in rows {
        assert_eq!(encoded(kind, nsp, id, json), text);
    }
}

#[test]
fn a_buffer_makes_the_packet_binary() {
    use PacketKind::{Ack, Event};
    let leaf = "{\"$binary\":\"AQ==\"}";
    let hole = "{\"_placeholder\":true,\"num\":0}";
    let rows = [
        (
            Event,
            "/",
            None,
            format!("[\"b\",{leaf}]"),
            format!("51-[\"b\",{hole}]"),
        ),
        (
            Event,
            "/",
            Some(0),
            format!("[\"b\",{leaf}]"),
            format!("51-0[\"b\",{hole}]"),
        ),
        (
            Event,
            "/admin",
            None,
            format!("[\"b\",{leaf}]"),
            format!("51-/admin,[\"b\",{hole}]"),
        ),
        (
            Ack,
            "/",
            Some(5),
            format!("[{leaf}]"),
            format!("61-5[{hole}]"),
        ),
        (
            Ack,
            "/admin",
            Some(13),
            format!("[{leaf}]"),
            format!("61-/admin,13[{hole}]"),
        ),
    ];
    for (kind, nsp, id, json, text) in rows {
        let encoded = encode_with_binary(kind, nsp, id, &json).unwrap();
        assert_eq!(encoded.text, text);
        assert_eq!(encoded.attachments, [Bytes::from_static(&[1])]);
    }
}

#[test]
fn two_buffers_are_numbered_in_order() {
    let json = "[\"b\",{\"$binary\":\"AQ==\"},{\"x\":{\"$binary\":\"Ag==\"}}]";
    let encoded = encode_with_binary(PacketKind::Event, "/", None, json).unwrap();
    assert_eq!(
        encoded.text,
        "52-[\"b\",{\"_placeholder\":true,\"num\":0},{\"x\":{\"_placeholder\":true,\"num\":1}}]"
    );
}

#[test]
fn writes_connect_and_disconnect() {
    assert_eq!(encode_connect("/", None), "0");
    assert_eq!(
        encode_connect("/", Some("{\"token\":\"x\"}")),
        "0{\"token\":\"x\"}"
    );
    assert_eq!(encode_connect("/admin", None), "0/admin,");
    assert_eq!(encode_connect("/admin?a=b", None), "0/admin?a=b,");
    assert_eq!(encode_disconnect("/"), "1");
    assert_eq!(encode_disconnect("/admin"), "1/admin,");
}

#[test]
fn refuses_what_is_no_json() {
    assert_eq!(
        encode_with_binary(PacketKind::Event, "/", None, "[\"a\",")
            .unwrap_err()
            .at,
        5
    );
}

//! Scripted sessions and the packets that come of them.

use super::super::script::{HELLO, Script, V3, V3_WS, V4, V4_WS, word};
use super::*;

fn first(script: &Script, record: usize) -> &Packet {
    &script.packets[record - 1][0]
}

#[test]
fn frames_of_generation_4_are_packets() {
    let mut s = Script::on(1);
    s.request("GET", V4_WS, b"")
        .response(101, b"")
        .down(HELLO)
        .up("40/chat,{\"token\":\"x\"}");
    s.down("40/chat,{\"sid\":\"S\"}")
        .up("42/chat,7[\"say\",1]")
        .down("43/chat,7[\"ok\"]")
        .down("2")
        .up("3");
    let told = s.told();
    assert!(told.starts_with(";;<open({\"sid\":\"E1\""), "{told}");
    assert!(
        told.ends_with(
            ";>connect/chat{\"token\":\"x\"};<connect/chat{\"sid\":\"S\"};>event/chat#7[\"say\",1]\
             ;<ack/chat#7[\"ok\"];<ping();>pong()"
        ),
        "{told}"
    );
    let Kind::Socket { event, .. } = &first(&s, 6).kind else {
        panic!()
    };
    assert_eq!(event.as_deref(), Some("say"));
    assert_eq!(first(&s, 6).size, 18);
}

#[test]
fn polls_and_posts_are_packets_and_the_ok_is_none() {
    let mut s = Script::on(1);
    s.poll(V4, HELLO.as_bytes());
    s.request("POST", V4, b"40").response(200, b"ok");
    s.poll(V4, "40{\"sid\":\"S\"}\u{1e}42[\"a\"]\u{1e}2".as_bytes());
    let told = s.told();
    assert!(
        told.ends_with(";>connect/;;;<connect/{\"sid\":\"S\"} <event/[\"a\"] <ping()"),
        "{told}"
    );
    assert_eq!(s.packets[5][2].index, 2);
    assert_eq!(s.packets[5][1].size, 7);
}

#[test]
fn responses_other_than_200_and_upgrades_carry_nothing() {
    let mut s = Script::on(1);
    s.request("GET", V4, b"")
        .response(400, b"{\"code\":1,\"message\":\"Session ID unknown\"}");
    s.request("GET", V4_WS, b"").response(101, b"2probe");
    s.request("GET", V4, b"").response(204, b"");
    assert_eq!(s.told(), ";;;;;");
}

#[test]
fn generation_3_counts_utf16_units() {
    let mut s = Script::on(1);
    s.poll(V3, b"15:0{\"sid\":\"ESID\"}2:40");
    s.request("POST", V3, "16:420[\"hi\",\"é€😀\"]".as_bytes());
    assert_eq!(
        s.told(),
        ";<open({\"sid\":\"ESID\"}) <connect/;>event/#0[\"hi\",\"é€😀\"]"
    );
    assert_eq!(s.decoder.version(1), Some(3));
}

#[test]
fn socket_io_1_double_encoding_is_recognised() {
    let twice: String = "42[\"é\"]".bytes().map(char::from).collect();
    let body = format!("{}:{}", twice.chars().count(), twice);
    let mut s = Script::on(1);
    s.poll(V3, body.as_bytes());
    assert_eq!(s.told(), ";<event/[\"é\"]");
}

#[test]
fn an_octet_stream_is_read_by_its_type_byte() {
    let mut s = Script::on(1);
    s.request("GET", V3, b"");
    s.typed_response(
        200,
        "application/octet-stream",
        b"\x00\x02\xff40\x00\x07\xff42[\"a\"]",
    );
    assert_eq!(s.told(), ";<connect/ <event/[\"a\"]");
}

#[test]
fn a_binary_packet_is_whole_at_its_last_attachment() {
    for (url, lead) in [(V4_WS, &b""[..]), (V3_WS, &b"\x04"[..])] {
        let mut s = Script::on(1);
        s.request("GET", url, b"").response(101, b"");
        s.down("452-[\"b\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]");
        s.down_binary(&[lead, &[1, 2][..]].concat())
            .up("2")
            .down_binary(&[lead, &[3][..]].concat());
        assert_eq!(
            s.told(),
            ";;;;>ping();<binary_event/[\"b\",{\"$binary\":\"AQI=\"},{\"$binary\":\"Aw==\"}]",
        );
        assert_eq!(s.backs[5], 3, "the header lies three records before");
        let Kind::Socket { attachments, .. } = first(&s, 6).kind else {
            panic!()
        };
        assert_eq!(attachments, 2);
    }
}

#[test]
fn a_binary_packet_outlives_the_upgrade_and_comes_as_base64() {
    let mut s = Script::on(1);
    s.poll(
        V4,
        "451-[\"b\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQI=".as_bytes(),
    );
    s.poll(V4, b"451-[\"c\",{\"_placeholder\":true,\"num\":0}]");
    s.down_binary(&[9]);
    assert_eq!(
        s.told(),
        ";<binary_event/[\"b\",{\"$binary\":\"AQI=\"}];;;<binary_event/[\"c\",{\"$binary\":\"CQ==\"}]"
    );
}

#[test]
fn text_among_attachments_is_an_error_and_still_read() {
    let mut s = Script::on(1);
    s.down("451-[\"b\",{\"_placeholder\":true,\"num\":0}]")
        .down("42[\"a\"]")
        .down("42[\"c\"]");
    assert_eq!(s.packets[1].len(), 2);
    assert!(word(&s.packets[1][0]).starts_with("<!"));
    assert_eq!(word(&s.packets[1][1]), "<event/[\"a\"]");
    assert_eq!(s.packets[2].len(), 1);
}

#[test]
fn undecodable_bytes_say_where_and_why() {
    for (text, at) in [("42[\"a\"", 6), ("9", 0), ("", 0), ("42{}", 2), ("47", 1)] {
        let mut s = Script::on(1);
        s.down(text);
        let Kind::Undecodable { at: found, error } = &first(&s, 1).kind else {
            panic!("{text} was decoded: {}", s.told())
        };
        assert!(!error.is_empty());
        assert_eq!(*found, at, "{text}: {error}");
    }
}

#[test]
fn control_frames_carry_no_packets() {
    let mut s = Script::on(1);
    s.closed(Direction::ToClient, Some(1006));
    assert_eq!(s.told(), "");
}

#[test]
fn without_a_request_the_pings_tell_the_version() {
    let mut s = Script::on(1);
    s.down(HELLO);
    assert_eq!(
        s.decoder.version(1),
        Some(4),
        "only generation 4 announces maxPayload"
    );
    let mut s = Script::on(1);
    s.down("0{\"sid\":\"E\",\"pingInterval\":25000,\"pingTimeout\":5000}")
        .up("2");
    assert_eq!(s.decoder.version(1), Some(3));
}

#[test]
fn recovery_offsets_are_split_off_where_the_namespace_has_a_pid() {
    let offset = |s: &Script| match &s.packets.last().unwrap()[0].kind {
        Kind::Socket { offset, data, .. } => (offset.clone(), data.clone()),
        other => panic!("{other:?}"),
    };
    let mut s = Script::on(1);
    s.down("42[\"hi\",\"tail\"]");
    assert_eq!(offset(&s).0, None, "no pid yet");
    s.down("40{\"sid\":\"S\",\"pid\":\"P\"}")
        .down("42[\"hi\",\"Q7zC6jk\"]");
    assert_eq!(
        offset(&s),
        (Some("Q7zC6jk".into()), Some("[\"hi\",\"Q7zC6jk\"]".into()))
    );
    s.down("427[\"hi\",\"text\"]");
    assert_eq!(offset(&s).0, None, "a question has no offset");
    s.down("42[\"hi\"]");
    assert_eq!(offset(&s).0, None, "the name is no offset");
}

#[test]
fn rows_from_the_middle_are_decoded_again() {
    let mut s = Script::on(1);
    s.request("GET", V3_WS, b"").response(101, b"");
    s.down("451-[\"b\",{\"_placeholder\":true,\"num\":0}]")
        .down_binary(&[4, 7])
        .down("42[\"x\"]");
    for (n, back) in [(4, s.backs[3]), (5, s.backs[4])] {
        let row = RowRef { n, index: 0, back };
        let records = &s.records;
        let (_, packets) = s
            .decoder
            .packets_of(row, |n| records.get(n as usize - 1).cloned())
            .unwrap();
        assert_eq!(packets, s.packets[n as usize - 1]);
    }
}

#[test]
fn the_light_decoder_tells_the_same_packets() {
    let mut s = Script::on(1);
    s.request("GET", V4_WS, b"")
        .response(101, b"")
        .down(HELLO)
        .up("40")
        .down("40{\"sid\":\"S\"}");
    s.down("42[\"a\",{\"b\":1}]")
        .down("451-3[\"b\",{\"_placeholder\":true,\"num\":0}]");
    s.down_binary(&[1])
        .up("433[]")
        .down("44{\"message\":\"no\"}")
        .down("2");
    let mut light = Decoder::light(None);
    for (record, whole) in s.records.iter().zip(&s.packets) {
        let brief = light.decode(record);
        let shape = |packets: &[Packet]| -> Vec<_> {
            packets
                .iter()
                .map(|packet| match &packet.kind {
                    Kind::Socket {
                        name,
                        nsp,
                        id,
                        event,
                        attachments,
                        ..
                    } => {
                        format!(
                            "{name} {nsp} {id:?} {event:?} {attachments} {}",
                            packet.size
                        )
                    }
                    other => format!("{other:?}"),
                })
                .collect()
        };
        assert_eq!(shape(&brief), shape(whole));
    }
}

#[test]
fn packets_are_written_as_the_session_file_wants_them() {
    let mut s = Script::on(1);
    s.poll(V4, HELLO.as_bytes());
    s.poll(V4, "2probe\u{1e}6\u{1e}42/chat,7[\"say\",\n 1e999]\u{1e}41\u{1e}44{\"message\":\"no\"}\u{1e}451-[\"b\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQI=\u{1e}42[".as_bytes());
    let mut open = String::new();
    write_packets(&s.packets[1], &mut open);
    assert_eq!(
        open,
        format!("[{{\"engine\":\"open\",\"data\":{}}}]", &HELLO[1..])
    );
    let mut out = String::new();
    write_packets(&s.packets[3], &mut out);
    let (fine, error) = out.split_once(",{\"error\":").unwrap();
    assert_eq!(
        fine,
        "[{\"engine\":\"ping\",\"data\":\"probe\"},{\"engine\":\"noop\"},\
         {\"engine\":\"message\",\"type\":\"event\",\"nsp\":\"/chat\",\"id\":7,\"data\":[\"say\",1e999]},\
         {\"engine\":\"message\",\"type\":\"disconnect\",\"nsp\":\"/\"},\
         {\"engine\":\"message\",\"type\":\"connect_error\",\"nsp\":\"/\",\"data\":{\"message\":\"no\"}},\
         {\"engine\":\"message\",\"type\":\"binary_event\",\"nsp\":\"/\",\"data\":[\"b\",{\"$binary\":\"AQI=\"}],\"attachments\":1}"
    );
    assert!(error.contains("\"at\":"), "{error}");
    assert!(!out.contains('\n'));
}

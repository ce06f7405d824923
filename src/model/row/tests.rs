//! Rows of scripted sessions at the three levels.

use super::super::script::{HELLO, Script, V4, V4_WS};
use super::*;
use crate::journal::record::{Ack, Buffer, Mark, Namespace, Transport, TransportState};

/// The names of all rows at a level, records apart by ` / `.
fn names(s: &Script, level: Level) -> String {
    let mut records = Vec::new();
    for (place, record) in s.records.iter().enumerate() {
        let packets = &s.packets[place];
        let words: Vec<String> = refs(record, packets, s.backs[place], level)
            .map(|row| {
                assert_eq!(row.n, record.n);
                let row = Row::new(record, packets, row.packet(), &s.model).unwrap();
                row.name().into_owned()
            })
            .collect();
        if !words.is_empty() {
            records.push(words.join(" "));
        }
    }
    records.join(" / ")
}

#[test]
fn a_row_in_the_list_is_small() {
    assert_eq!(std::mem::size_of::<RowRef>(), 16);
}

#[test]
fn a_poll_with_five_packets_is_five_rows_of_one_exchange() {
    let mut s = Script::on(1);
    s.request("GET", V4, b"").ms(20);
    s.response(
        200,
        "42[\"a\"]\u{1e}42[\"b\"]\u{1e}2\u{1e}6\u{1e}43/x,1[]".as_bytes(),
    );
    assert_eq!(names(&s, Level::Packets), "event event ping noop ack");
    assert_eq!(
        names(&s, Level::Frames),
        "GET / 200 event event ping noop ack"
    );
    assert_eq!(names(&s, Level::Raw), "GET / 200");
    for index in 0..5 {
        let row = Row::new(&s.records[1], &s.packets[1], Some(index), &s.model).unwrap();
        assert_eq!(
            (row.n, row.x, row.via),
            (2, Some(1), Some(TransportName::Polling))
        );
    }
    assert!(Row::new(&s.records[1], &s.packets[1], Some(5), &s.model).is_none());
}

#[test]
fn attachments_fold_into_their_packet() {
    let mut s = Script::on(1);
    let header = "452-[\"b\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
    s.down(header);
    s.down_binary(&[1]).down_binary(&[2]);
    assert_eq!(names(&s, Level::Packets), "binary_event");
    assert_eq!(names(&s, Level::Frames), "text / binary / binary_event");
    assert_eq!(names(&s, Level::Raw), "text / binary / binary");
    let row = refs(&s.records[2], &s.packets[2], s.backs[2], Level::Packets)
        .next()
        .unwrap();
    assert_eq!((row.n, row.index, row.back), (3, 0, 2));
    let row = Row::new(&s.records[2], &s.packets[2], Some(0), &s.model).unwrap();
    assert!(row.binary);
    assert_eq!(row.size, Some(header.len() as u64 + 2));
}

#[test]
fn the_packet_level_shows_what_a_person_must_see() {
    let mut s = Script::on(1);
    s.connection(ConnectionState::Connecting, None);
    s.request("GET", V4, b"")
        .response(400, b"{\"code\":1,\"message\":\"Session ID unknown\"}");
    s.connection(ConnectionState::Closed, Some("xhr poll error"));
    s.attempt(ConnectionState::Waiting, None, Some(1), Some(900));
    s.connection(ConnectionState::Open, None).down("2");
    let error = Some("refused".to_owned());
    let (name, state) = (TransportName::Websocket, TransportState::Closed);
    s.add(Body::Transport(Transport { name, state, error }));
    s.add(Body::Transport(Transport {
        name,
        state: TransportState::Open,
        error: None,
    }));
    s.add(Body::Mark(Mark { text: "m".into() }));
    s.ack(1, AckState::Timeout, Some(1.0))
        .ack(2, AckState::Pending, None);
    let (nsp, packet) = ("/".to_owned(), "42[]".to_owned());
    s.add(Body::Buffer(Buffer {
        nsp: nsp.clone(),
        op: BufferOp::Queued,
        packet: packet.clone(),
    }));
    s.add(Body::Buffer(Buffer {
        nsp: nsp.clone(),
        op: BufferOp::Flushed,
        packet,
    }));
    s.closed(Direction::ToClient, None);
    let state = NamespaceState::Disconnected;
    let reason = Some("transport close".to_owned());
    s.add(Body::Namespace(Namespace {
        nsp,
        state,
        sid: None,
        reason,
        recovered: None,
        data: None,
    }));
    s.attempt(
        ConnectionState::GaveUp,
        Some("no attempts left"),
        None,
        None,
    );
    assert_eq!(
        names(&s, Level::Packets),
        "400 / closed / waiting / connected / ping / closed / mark / ack timeout / queued / \
         close 1005 / disconnected / gave up"
    );
    assert_eq!(names(&s, Level::Raw).split(" / ").count(), s.records.len());
}

#[test]
fn rows_say_their_reason() {
    let mut s = Script::on(1);
    s.connection(ConnectionState::Closed, Some("transport close"));
    s.attempt(ConnectionState::Waiting, None, Some(2), Some(1_800));
    s.request("GET", V4, b"")
        .response(400, b"Session ID unknown");
    let text = |s: &Script, place: usize| {
        Row::new(&s.records[place], &s.packets[place], None, &s.model)
            .unwrap()
            .text()
            .into_owned()
    };
    assert_eq!(text(&s, 0), "transport close");
    assert_eq!(text(&s, 1), "attempt #2 in 1800 ms");
    assert_eq!(text(&s, 2), V4);
    assert_eq!(text(&s, 3), "Session ID unknown");
}

#[test]
fn a_line_that_is_no_record_is_seen_and_a_kind_of_later_is_not() {
    let mut s = Script::on(1);
    for (k, why) in [("later", None), ("frame", Some("it has no \"op\""))] {
        s.add(Body::Unknown(crate::journal::record::Unknown {
            k: k.to_owned(),
            why: why.map(str::to_owned),
            line: "{}".to_owned(),
        }));
    }
    assert_eq!(names(&s, Level::Packets), "unreadable");
    assert_eq!(names(&s, Level::Raw), "later / unreadable");
    let row = Row::new(&s.records[1], &[], None, &s.model).unwrap();
    assert!(row.error);
    assert_eq!(row.text(), "it has no \"op\": {}");
}

#[test]
fn a_question_and_its_answer_point_to_each_other() {
    let mut s = Script::on(1);
    s.request("GET", V4_WS, b"")
        .down(HELLO)
        .up("427[\"say\"]")
        .ms(18)
        .down("437[]");
    let ask = Row::new(&s.records[2], &s.packets[2], Some(0), &s.model).unwrap();
    let answer = Row::new(&s.records[3], &s.packets[3], Some(0), &s.model).unwrap();
    let (asked, answered) = (ask.ack.unwrap(), answer.ack.unwrap());
    assert!(asked.asks && !answered.asks);
    assert_eq!(
        (asked.id, asked.other, asked.state),
        (7, Some(4), Some(AckState::Answered))
    );
    assert_eq!((answered.id, answered.other), (7, Some(3)));
    assert_eq!(
        (ask.latency_ms, answer.latency_ms),
        (Some(18.0), Some(18.0))
    );
    let dir = Direction::ToClient;
    s.add(Body::Ack(Ack {
        nsp: "/".into(),
        id: 1,
        dir,
        state: AckState::Lost,
        ms: None,
    }));
    assert!(Row::new(&s.records[4], &[], None, &s.model).unwrap().error);
}

mod properties {
    use super::super::super::decode::{Decoder, write_packets};
    use super::super::super::filter::parse;
    use super::*;
    use crate::journal::record::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            proptest::sample::select(vec![
                HELLO,
                "0{}",
                "0",
                "1",
                "2",
                "2probe",
                "3",
                "3probe",
                "40",
                "41",
                "44",
                "5",
                "6",
                "40{\"sid\":\"S\",\"pid\":\"P\"}",
                "42[\"a\",\"Q7zC6jk\"]",
                "420[\"a\"]",
                "430[]",
                "451-[\"b\",{\"_placeholder\":true,\"num\":0}]",
                "bAQI=",
                "b4AQI=",
                "4",
                "2:40",
                "450-[]",
                "4599999999999-[\"a\"]",
                "42/a?b=c,[\"x\"]",
                "42[\"a\"]\u{1e}6",
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
        ]
    }

    fn dir() -> impl Strategy<Value = Direction> {
        prop_oneof![Just(Direction::ToServer), Just(Direction::ToClient)]
    }

    fn text() -> impl Strategy<Value = Option<String>> {
        proptest::option::of("[a-z ]{0,8}")
    }

    fn body() -> impl Strategy<Value = Body> {
        let op = proptest::sample::select(vec![
            Opcode::Text,
            Opcode::Text,
            Opcode::Binary,
            Opcode::Ping,
            Opcode::Pong,
            Opcode::Close,
        ]);
        let url = proptest::sample::select(vec![
            V4,
            V4_WS,
            super::super::super::script::V3,
            "?",
            "ws://h?EIO=3&sid=1",
            "",
        ]);
        let ack_state = proptest::sample::select(vec![
            AckState::Pending,
            AckState::Answered,
            AckState::Late,
            AckState::Timeout,
            AckState::Lost,
        ]);
        let connection_state = proptest::sample::select(vec![
            ConnectionState::Connecting,
            ConnectionState::Open,
            ConnectionState::Closed,
            ConnectionState::Waiting,
            ConnectionState::GaveUp,
        ]);
        let namespace_state = proptest::sample::select(vec![
            NamespaceState::Joining,
            NamespaceState::Connected,
            NamespaceState::Refused,
            NamespaceState::Disconnected,
        ]);
        let transport_state = proptest::sample::select(vec![
            TransportState::Opening,
            TransportState::Open,
            TransportState::Upgrading,
            TransportState::Closed,
        ]);
        let buffer_op =
            proptest::sample::select(vec![BufferOp::Queued, BufferOp::Flushed, BufferOp::Dropped]);
        let nsp = proptest::sample::select(vec!["/", "/a", "", "?"]);
        prop_oneof![
            4 => (dir(), op, bytes(), any::<Option<u16>>(), text()).prop_map(|(dir, op, data, code, reason)| {
                Body::Frame(Frame { dir, op, data: Bytes::from(data), code, reason, wire: None })
            }),
            2 => (0_u64..3, url, "GET|POST|", bytes()).prop_map(|(x, url, method, body)| {
                Body::Request(Request { x, method, url: url.into(), headers: Vec::new(), body: body.into() })
            }),
            2 => (0_u64..3, proptest::sample::select(vec![0_u16, 101, 200, 200, 200, 400]), "|application/octet-stream", bytes(), text()).prop_map(|(x, status, kind, body, error)| {
                Body::Response(Response { x, status, headers: vec![("content-type".into(), kind)], body: body.into(), timing: Timing::default(), error })
            }),
            1 => (connection_state, text(), text(), any::<Option<u32>>(), any::<Option<u64>>()).prop_map(|(state, reason, detail, attempt, delay_ms)| {
                Body::Connection(Connection { state, reason, detail, attempt, delay_ms })
            }),
            1 => (nsp.clone(), namespace_state, text(), text()).prop_map(|(nsp, state, sid, reason)| {
                Body::Namespace(Namespace { nsp: nsp.into(), state, sid, reason, recovered: Some(true), data: None })
            }),
            1 => (nsp.clone(), 0_u64..2, dir(), ack_state).prop_map(|(nsp, id, dir, state)| {
                Body::Ack(Ack { nsp: nsp.into(), id, dir, state, ms: None })
            }),
            1 => (transport_state, text()).prop_map(|(state, error)| {
                Body::Transport(Transport { name: TransportName::Websocket, state, error })
            }),
            1 => (nsp, buffer_op).prop_map(|(nsp, op)| {
                Body::Buffer(Buffer { nsp: nsp.into(), op, packet: "42[]".into() })
            }),
            1 => Just(Body::Gap(Gap { records: u64::MAX, bytes: u64::MAX })),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn any_records_in_any_order_never_panic(
            records in proptest::collection::vec((proptest::option::of(0_u32..3), any::<u64>(), body()), 0..40)
        ) {
            let filter = parse("lat:>1 | at:.a=1 | !x since:<5s | ack:lost /b/").unwrap();
            let mut light = Decoder::light(None);
            let mut brief = Model::default();
            let mut s = Script::default();
            for (c, t, body) in records {
                s.c = c;
                s.t = t;
                s.add(body);
            }
            for (place, record) in s.records.iter().enumerate() {
                let packets = light.decode(record);
                brief.apply(record, &packets);
                let mut out = String::new();
                write_packets(&s.packets[place], &mut out);
                prop_assert!(!out.contains('\n'));
                for level in [Level::Packets, Level::Frames, Level::Raw] {
                    for at in refs(record, &s.packets[place], s.backs[place], level) {
                        let row = Row::new(record, &s.packets[place], at.packet(), &s.model).unwrap();
                        let _ = (row.name(), row.text(), filter.matches(&row, s.model.now));
                        if at.packet().is_some() {
                            let _ = s.decoder.packets_of(at, |n| s.records.get(n as usize - 1).cloned());
                        }
                    }
                }
            }
        }
    }
}

//! Every kind: record to line, byte by byte, and back.

use bytes::Bytes;
use proptest::prelude::*;

use super::{parse_line, parse_line_or_unknown, write_line, write_line_with};
use crate::journal::record::*;

fn written(record: &Record) -> String {
    let mut out = Vec::new();
    write_line(&mut out, record);
    String::from_utf8(out).unwrap()
}

fn record(n: u64, t: u64, c: Option<u32>, body: Body) -> Record {
    Record { n, t, c, body }
}

fn frame(op: Opcode, data: &'static [u8]) -> Frame {
    Frame {
        dir: Direction::ToClient,
        op,
        data: Bytes::from_static(data),
        code: None,
        reason: None,
        wire: None,
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// One record of every kind (and of every shape that a kind has) with its line.
fn table() -> Vec<(Record, &'static str)> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        (
            record(
                1,
                1_234_567,
                Some(1),
                Body::Request(Request {
                    x: 1,
                    method: "POST".into(),
                    url: "http://h:3000/socket.io/?EIO=4&transport=polling".into(),
                    headers: vec![header("Host", "h:3000"), header("X-Q", "a\"b\\c")],
                    body: Bytes::from_static(b"40/admin,{\"token\":\"x\"}"),
                }),
            ),
            r#"{"n":1,"t":1.234567,"c":1,"k":"request","x":1,"method":"POST","url":"http://h:3000/socket.io/?EIO=4&transport=polling","headers":[["Host","h:3000"],["X-Q","a\"b\\c"]],"body":"40/admin,{\"token\":\"x\"}"}"#,
        ),
        (
            record(
                2,
                0,
                Some(1),
                Body::Request(Request {
                    x: 2,
                    method: "GET".into(),
                    url: "/".into(),
                    ..Request::default()
                }),
            ),
            r#"{"n":2,"t":0.000000,"c":1,"k":"request","x":2,"method":"GET","url":"/","headers":[]}"#,
        ),
        (
            record(
                3,
                5,
                Some(1),
                Body::Response(Response {
                    x: 1,
                    status: 200,
                    headers: vec![header("Content-Type", "text/plain")],
                    body: Bytes::from_static(&[0xff, 0x04, 0x00]),
                    timing: Timing {
                        dns: Some(0.25),
                        connect: Some(1.0),
                        tls: None,
                        first_byte: Some(12.125),
                        total: Some(13.5),
                    },
                    error: None,
                }),
            ),
            r#"{"n":3,"t":0.000005,"c":1,"k":"response","x":1,"status":200,"headers":[["Content-Type","text/plain"]],"body_b64":"/wQA","timing":{"dns":0.25,"connect":1,"first_byte":12.125,"total":13.5}}"#,
        ),
        (
            record(
                4,
                5,
                Some(1),
                Body::Response(Response {
                    x: 2,
                    error: some("connection refused"),
                    ..Response::default()
                }),
            ),
            r#"{"n":4,"t":0.000005,"c":1,"k":"response","x":2,"error":"connection refused"}"#,
        ),
        (
            record(
                5,
                61_000_000,
                Some(2),
                Body::Frame(Frame {
                    wire: Some(9),
                    ..frame(
                        Opcode::Text,
                        "42[\"é\u{1f600}\",\"\n\u{1b}[31m\"]".as_bytes(),
                    )
                }),
            ),
            r#"{"n":5,"t":61.000000,"c":2,"k":"frame","dir":"to_client","op":"text","data":"42[\"é😀\",\"\n\u001b[31m\"]","wire":9}"#,
        ),
        (
            record(6, 6, Some(2), Body::Frame(frame(Opcode::Text, b"4\xff"))),
            r#"{"n":6,"t":0.000006,"c":2,"k":"frame","dir":"to_client","op":"text","b64":"NP8="}"#,
        ),
        (
            record(
                7,
                7,
                Some(2),
                Body::Frame(Frame {
                    dir: Direction::ToServer,
                    ..frame(Opcode::Binary, &[1, 2, 3, 4])
                }),
            ),
            r#"{"n":7,"t":0.000007,"c":2,"k":"frame","dir":"to_server","op":"binary","b64":"AQIDBA=="}"#,
        ),
        (
            record(8, 8, Some(2), Body::Frame(frame(Opcode::Ping, b""))),
            r#"{"n":8,"t":0.000008,"c":2,"k":"frame","dir":"to_client","op":"ping","data":""}"#,
        ),
        (
            record(9, 9, Some(2), Body::Frame(frame(Opcode::Pong, b"hi"))),
            r#"{"n":9,"t":0.000009,"c":2,"k":"frame","dir":"to_client","op":"pong","data":"hi"}"#,
        ),
        (
            record(
                10,
                10,
                Some(2),
                Body::Frame(Frame {
                    code: Some(1006),
                    reason: some("gone"),
                    ..frame(Opcode::Close, b"")
                }),
            ),
            r#"{"n":10,"t":0.000010,"c":2,"k":"frame","dir":"to_client","op":"close","code":1006,"reason":"gone"}"#,
        ),
        (
            record(
                11,
                11,
                Some(2),
                Body::Transport(Transport {
                    name: TransportName::Websocket,
                    state: TransportState::Closed,
                    error: some("reset"),
                }),
            ),
            r#"{"n":11,"t":0.000011,"c":2,"k":"transport","name":"websocket","state":"closed","error":"reset"}"#,
        ),
        (
            record(
                12,
                12,
                Some(2),
                Body::Connection(Connection {
                    state: ConnectionState::Waiting,
                    reason: some("ping timeout"),
                    detail: some("nothing for 45 s"),
                    attempt: Some(3),
                    delay_ms: Some(4000),
                }),
            ),
            r#"{"n":12,"t":0.000012,"c":2,"k":"connection","state":"waiting","reason":"ping timeout","detail":"nothing for 45 s","attempt":3,"delay_ms":4000}"#,
        ),
        (
            record(
                13,
                13,
                None,
                Body::Namespace(Namespace {
                    nsp: "/admin".into(),
                    state: NamespaceState::Refused,
                    sid: some("abc"),
                    reason: some("no"),
                    recovered: Some(false),
                    data: some("{\"code\":[1,null]}"),
                }),
            ),
            r#"{"n":13,"t":0.000013,"k":"namespace","nsp":"/admin","state":"refused","sid":"abc","reason":"no","recovered":false,"data":{"code":[1,null]}}"#,
        ),
        (
            record(
                14,
                14,
                None,
                Body::Namespace(Namespace {
                    nsp: "/".into(),
                    state: NamespaceState::Refused,
                    sid: None,
                    reason: None,
                    recovered: None,
                    data: some("null"),
                }),
            ),
            r#"{"n":14,"t":0.000014,"k":"namespace","nsp":"/","state":"refused","data":null}"#,
        ),
        (
            record(
                15,
                15,
                Some(1),
                Body::Ack(Ack {
                    nsp: "/".into(),
                    id: 7,
                    dir: Direction::ToServer,
                    state: AckState::Late,
                    ms: Some(5001.25),
                }),
            ),
            r#"{"n":15,"t":0.000015,"c":1,"k":"ack","nsp":"/","id":7,"dir":"to_server","state":"late","ms":5001.25}"#,
        ),
        (
            record(
                16,
                16,
                Some(1),
                Body::Buffer(Buffer {
                    nsp: "/".into(),
                    op: BufferOp::Dropped,
                    packet: "2[\"a\"]".into(),
                }),
            ),
            r#"{"n":16,"t":0.000016,"c":1,"k":"buffer","nsp":"/","op":"dropped","packet":"2[\"a\"]"}"#,
        ),
        (
            record(
                17,
                17,
                Some(1),
                Body::Fault(Fault {
                    fault: "drop".into(),
                    rule: some("r1"),
                    did: "dropped one frame".into(),
                }),
            ),
            r#"{"n":17,"t":0.000017,"c":1,"k":"fault","fault":"drop","rule":"r1","did":"dropped one frame"}"#,
        ),
        (
            record(
                18,
                18,
                None,
                Body::Gap(Gap {
                    records: 3,
                    bytes: 4096,
                }),
            ),
            r#"{"n":18,"t":0.000018,"k":"gap","lost":{"records":3,"bytes":4096}}"#,
        ),
        (
            record(
                19,
                19,
                None,
                Body::Mark(Mark {
                    text: "here".into(),
                }),
            ),
            r#"{"n":19,"t":0.000019,"k":"mark","text":"here"}"#,
        ),
        (
            record(
                20,
                20,
                None,
                Body::Finding(Finding {
                    rule: "sticky".into(),
                    severity: "error".into(),
                    title: "no stickiness".into(),
                    evidence: vec![3, 4],
                    why: "two servers".into(),
                    fix: "ip_hash;".into(),
                }),
            ),
            r#"{"n":20,"t":0.000020,"k":"finding","rule":"sticky","severity":"error","title":"no stickiness","evidence":[3,4],"why":"two servers","fix":"ip_hash;"}"#,
        ),
        (
            record(
                21,
                2_500_000,
                Some(4),
                Body::Unknown(Unknown {
                    k: "tomorrow".into(),
                    why: None,
                    line: r#"{"k":"tomorrow", "n":21,"t":2.5,"c":4,"data":[1e999]}"#.into(),
                }),
            ),
            r#"{"k":"tomorrow", "n":21,"t":2.5,"c":4,"data":[1e999]}"#,
        ),
    ]
}

#[test]
fn every_kind_has_its_exact_line_and_reads_back() {
    for (record, line) in table() {
        assert_eq!(written(&record), line);
        assert_eq!(
            parse_line(line.as_bytes(), 1).as_ref(),
            Ok(&record),
            "{line}"
        );
    }
}

#[test]
fn the_order_of_keys_and_unknown_keys_do_not_matter() {
    for (record, line) in table() {
        if matches!(record.body, Body::Unknown(_)) {
            continue;
        }
        let serde_json::Value::Object(members) = serde_json::from_str(line).unwrap() else {
            panic!("{line}");
        };
        let mut turned = serde_json::Map::new();
        turned.insert(
            "later".into(),
            serde_json::json!({"t": 1, "x": ["\u{fffd}"]}),
        );
        turned.extend(members.into_iter().rev());
        let turned = serde_json::to_string(&turned).unwrap();
        assert_eq!(parse_line(turned.as_bytes(), 1), Ok(record), "{turned}");
    }
}

#[test]
fn an_extra_member_stands_at_the_end_and_does_not_disturb_reading() {
    for (record, line) in table() {
        let mut out = Vec::new();
        write_line_with(&mut out, &record, Some(r#""packets":[{"engine":"ping"}]"#));
        let out = String::from_utf8(out).unwrap();
        if matches!(record.body, Body::Unknown(_)) {
            assert_eq!(out, line);
        } else {
            let begin = line.strip_suffix('}').unwrap();
            assert_eq!(out, format!(r#"{begin},"packets":[{{"engine":"ping"}}]}}"#));
        }
        assert_eq!(parse_line(out.as_bytes(), 1), Ok(record));
    }
}

#[test]
fn lone_surrogates_never_cost_a_line() {
    let text = |line: &str| match parse_line(line.as_bytes(), 1).unwrap().body {
        Body::Frame(frame) => String::from_utf8(frame.data.to_vec()).unwrap(),
        Body::Mark(mark) => mark.text,
        other => panic!("{other:?}"),
    };
    let cases = [
        (r"a\ud83db", "a\u{fffd}b"),
        (r"\ude00", "\u{fffd}"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (r"\\ud83d", r"\ud83d"),
        (r"\ud83d\n", "\u{fffd}\n"),
        (r"\ud83d\ude00", "\u{1f600}"),
    ];
    for (escaped, plain) in cases {
        let fast = format!(
            r#"{{"n":1,"t":0.000001,"k":"frame","dir":"to_client","op":"text","data":"{escaped}"}}"#
        );
        assert_eq!(text(&fast), plain, "{fast}");
        let tolerant = format!(r#"{{"k":"mark","text":"{escaped}"}}"#);
        assert_eq!(text(&tolerant), plain, "{tolerant}");
    }
    // Raw JSON is kept as it came.
    let line = r#"{"k":"namespace","nsp":"/","state":"refused","data":"\ud83d"}"#;
    let Body::Namespace(namespace) = parse_line(line.as_bytes(), 1).unwrap().body else {
        panic!("{line}");
    };
    assert_eq!(namespace.data.as_deref(), Some(r#""\ud83d""#));
}

#[test]
fn what_a_terminal_would_act_on_is_written_as_escapes() {
    let hostile =
        "\u{7f}\u{80}\u{9f}\u{61c}\u{200e}\u{200f}\u{2028}\u{202a}\u{202e}\u{2066}\u{2069}\0";
    let harmless = "\u{a0}\u{200d}\u{2013}\u{2039}\u{2070}\u{61b}\u{e9}";
    let body = Body::Mark(Mark {
        text: format!("{hostile}{harmless}"),
    });
    let mark = record(1, 0, None, body);
    let line = written(&mark);
    let escapes = hostile.chars().map(|c| format!("\\u{:04x}", u32::from(c)));
    assert_eq!(
        line,
        format!(
            r#"{{"n":1,"t":0.000000,"k":"mark","text":"{}{harmless}"}}"#,
            escapes.collect::<String>()
        )
    );
    assert_eq!(parse_line(line.as_bytes(), 1), Ok(mark));
    // In raw JSON too; line breaks there are white space.
    let mut out = Vec::new();
    super::escape::write_raw(&mut out, "{\n\"a\":\r\"\u{9b}\u{e9}\u{202e}\"\t}");
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "{ \"a\": \"\\u009b\u{e9}\\u202e\" }"
    );
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    let cases = [
        ("", "line 9: EOF while parsing a value (byte 0)"),
        ("{\"n\":1", "line 9: EOF while parsing an object (byte 6)"),
        ("{\"n\":1}", "line 9: it has no \"k\""),
        (
            r#"{"k":"frame","dir":"up","op":"text"}"#,
            "line 9: \"dir\" has a word that is not known: \"up\"",
        ),
        (
            r#"{"k":"mark","t":"soon","text":"x"}"#,
            "line 9: \"t\" is no number: \"soon\"",
        ),
        (r#"{"k":"mark"}"#, "line 9: missing field `text` (byte 12)"),
    ];
    for (line, error) in cases {
        assert_eq!(
            parse_line(line.as_bytes(), 9).unwrap_err().to_string(),
            error
        );
    }
}

#[test]
fn a_corrupt_line_is_kept_as_it_stands() {
    let (kept, timed) = parse_line_or_unknown(b"{\"n\":3,\"t\":1.5,\"c\":2,\"k\":\"mark\"}\r\n", 4);
    assert!(timed);
    assert_eq!((kept.n, kept.t, kept.c), (3, 1_500_000, Some(2)));
    let Body::Unknown(unknown) = kept.body else {
        panic!("{kept:?}")
    };
    assert_eq!(unknown.k, "mark");
    let why = unknown.why.as_deref();
    assert_eq!(why, Some("missing field `text` (byte 32)"));
    assert_eq!(unknown.line, "{\"n\":3,\"t\":1.5,\"c\":2,\"k\":\"mark\"}");
    let (kept, timed) = parse_line_or_unknown(b"\xffnonsense", 4);
    assert!(!timed);
    assert_eq!(
        kept.body,
        Body::Unknown(Unknown {
            k: String::new(),
            why: Some("expected value (byte 1)".into()),
            line: "\u{fffd}nonsense".into()
        })
    );
}

#[test]
fn times_are_read_exactly_and_never_fail_on_absurd_numbers() {
    let cases = [
        ("0", 0),
        ("1.5", 1_500_000),
        ("12.3456789", 12_345_679),
        ("1e3", 1_000_000_000),
        ("-4", 0),
        ("9007199254.740993", 9_007_199_254_740_993),
        ("1e300", u64::MAX),
        ("99999999999999999999", u64::MAX),
    ];
    for (text, micros) in cases {
        let line = format!(r#"{{"t":{text},"k":"mark","text":""}}"#);
        assert_eq!(parse_line(line.as_bytes(), 1).unwrap().t, micros, "{text}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,40}",
        "[\"\\\\\u{0}-\u{1f}é\u{80}-\u{9f}\u{2000}-\u{2070}]{0,20}"
    ]
}

fn maybe_text() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(any_text())
}

fn any_bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(Bytes::from),
        any_text().prop_map(Bytes::from),
    ]
}

fn maybe_float() -> impl Strategy<Value = Option<f64>> {
    proptest::option::of(any::<f64>().prop_filter("finite", |float| float.is_finite()))
}

fn one_of<T: Copy + std::fmt::Debug>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

fn any_body() -> impl Strategy<Value = Body> {
    let headers = || proptest::collection::vec((any_text(), any_text()), 0..4);
    let request = (any::<u64>(), any_text(), any_text(), headers(), any_bytes()).prop_map(
        |(x, method, url, headers, body)| {
            Body::Request(Request {
                x,
                method,
                url,
                headers,
                body,
            })
        },
    );
    let timing = (
        maybe_float(),
        maybe_float(),
        maybe_float(),
        maybe_float(),
        maybe_float(),
    )
        .prop_map(|(dns, connect, tls, first_byte, total)| Timing {
            dns,
            connect,
            tls,
            first_byte,
            total,
        });
    let response = (
        any::<u64>(),
        any::<u16>(),
        headers(),
        any_bytes(),
        timing,
        maybe_text(),
    )
        .prop_map(|(x, status, headers, body, timing, error)| {
            Body::Response(Response {
                x,
                status,
                headers,
                body,
                timing,
                error,
            })
        });
    let wire = proptest::option::of(any::<u64>());
    let code = proptest::option::of(any::<u16>());
    let frame = (
        one_of(Direction::ALL),
        one_of(Opcode::ALL),
        any_bytes(),
        code,
        maybe_text(),
        wire,
    )
        .prop_map(|(dir, op, data, code, reason, wire)| {
            Body::Frame(Frame {
                dir,
                op,
                data,
                code,
                reason,
                wire,
            })
        });
    let transport = (
        one_of(TransportName::ALL),
        one_of(TransportState::ALL),
        maybe_text(),
    )
        .prop_map(|(name, state, error)| Body::Transport(Transport { name, state, error }));
    let connection = (
        one_of(ConnectionState::ALL),
        maybe_text(),
        maybe_text(),
        any::<Option<u32>>(),
        any::<Option<u64>>(),
    )
        .prop_map(|(state, reason, detail, attempt, delay_ms)| {
            Body::Connection(Connection {
                state,
                reason,
                detail,
                attempt,
                delay_ms,
            })
        });
    let data =
        proptest::option::of("[a-z]{0,9}".prop_map(|text| format!("{{\"a\":[\"{text}\",1.50]}}")));
    let namespace = (
        any_text(),
        one_of(NamespaceState::ALL),
        maybe_text(),
        maybe_text(),
        any::<Option<bool>>(),
        data,
    )
        .prop_map(|(nsp, state, sid, reason, recovered, data)| {
            Body::Namespace(Namespace {
                nsp,
                state,
                sid,
                reason,
                recovered,
                data,
            })
        });
    let ack = (
        any_text(),
        any::<u64>(),
        one_of(Direction::ALL),
        one_of(AckState::ALL),
        maybe_float(),
    )
        .prop_map(|(nsp, id, dir, state, ms)| {
            Body::Ack(Ack {
                nsp,
                id,
                dir,
                state,
                ms,
            })
        });
    let buffer = (any_text(), one_of(BufferOp::ALL), any_text())
        .prop_map(|(nsp, op, packet)| Body::Buffer(Buffer { nsp, op, packet }));
    let fault = (any_text(), maybe_text(), any_text())
        .prop_map(|(fault, rule, did)| Body::Fault(Fault { fault, rule, did }));
    let gap = any::<(u64, u64)>().prop_map(|(records, bytes)| Body::Gap(Gap { records, bytes }));
    let mark = any_text().prop_map(|text| Body::Mark(Mark { text }));
    let finding = (
        any_text(),
        any_text(),
        any::<Vec<u64>>(),
        any_text(),
        any_text(),
    )
        .prop_map(|(rule, title, evidence, why, fix)| {
            let severity = "warn".to_owned();
            Body::Finding(Finding {
                rule,
                severity,
                title,
                evidence,
                why,
                fix,
            })
        });
    prop_oneof![
        request, response, frame, transport, connection, namespace, ack, buffer, fault, gap, mark,
        finding
    ]
}

#[test]
fn a_line_cut_at_any_byte_is_an_error_and_never_a_hang() {
    for (_, line) in table() {
        for end in 0..line.len() {
            assert!(
                parse_line(&line.as_bytes()[..end], 1).is_err(),
                "{line} cut at {end}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_record_survives_its_line(
        n in any::<u64>(),
        t in any::<u64>(),
        c in any::<Option<u32>>(),
        body in any_body(),
    ) {
        let record = Record { n, t, c, body };
        let mut line = Vec::new();
        write_line(&mut line, &record);
        prop_assert!(!line.iter().any(|&byte| byte < 0x20 || byte == 0x7f));
        prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&line).is_ok());
        prop_assert_eq!(parse_line(&line, 1), Ok(record));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_line_or_unknown(&line, 1);
    }

    #[test]
    fn any_damage_to_a_line_is_read_without_a_panic(
        body in any_body(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut line = Vec::new();
        write_line(&mut line, &Record { n: 1, t: 1, c: Some(1), body });
        let at = at.index(line.len());
        line[at] = byte;
        let _ = parse_line_or_unknown(&line, 1);
        let _ = parse_line_or_unknown(&line[..at], 1);
    }
}

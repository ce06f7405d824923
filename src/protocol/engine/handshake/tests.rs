use super::*;

const FULL: &str = r#"{"sid":"ESID","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

#[test]
fn reads_the_handshake_of_a_4_x_server() {
    let decoded = Handshake::parse(FULL).unwrap();
    assert!(decoded.quirks.is_empty());
    let handshake = decoded.value;
    assert_eq!(handshake.sid, "ESID");
    assert_eq!(handshake.upgrades, ["websocket"]);
    assert_eq!(handshake.ping_interval_ms, 25_000);
    assert_eq!(handshake.ping_timeout_ms, 20_000);
    assert_eq!(handshake.max_payload, Some(1_000_000));
    assert_eq!(handshake.raw, FULL);
}

#[test]
fn keeps_unknown_members_and_the_order_of_the_known() {
    let text = r#"{"sid":"a","upgrades":[],"pingTimeout":500,"pingInterval":1000,"foo":{"bar":1}}"#;
    let decoded = Handshake::parse(text).unwrap();
    assert!(decoded.quirks.is_empty());
    assert_eq!(decoded.value.max_payload, None);
    assert_eq!(
        decoded.value.extra,
        [("foo".to_owned(), r#"{"bar":1}"#.to_owned())]
    );
    assert_eq!(
        decoded.value.key_order,
        ["sid", "upgrades", "pingTimeout", "pingInterval"]
    );
}

#[test]
fn missing_upgrades_are_none_and_are_named() {
    let decoded = Handshake::parse(r#"{"sid":"a","pingInterval":1000,"pingTimeout":500}"#).unwrap();
    assert_eq!(decoded.value.upgrades, Vec::<String>::new());
    assert_eq!(decoded.quirks, [Quirk::FieldMissing("upgrades")]);
}

#[test]
fn wrong_types_get_a_default_or_a_clamp_and_never_a_zero_timer() {
    let cases: &[(&str, u64)] = &[
        ("\"abc\"", DEFAULT_PING_INTERVAL_MS),
        ("-5", DEFAULT_PING_INTERVAL_MS),
        ("null", DEFAULT_PING_INTERVAL_MS),
        ("{}", DEFAULT_PING_INTERVAL_MS),
        ("1e12", MAX_TIMER_MS),
        ("1e999", MAX_TIMER_MS),
        ("99999999999999999999999", MAX_TIMER_MS),
        ("300.7", 300),
        ("2.5e4", 25_000),
    ];
    for (raw, expected) in cases {
        let text = format!(r#"{{"sid":"a","upgrades":[],"pingInterval":{raw},"pingTimeout":1}}"#);
        let decoded = Handshake::parse(&text).unwrap();
        assert_eq!(decoded.value.ping_interval_ms, *expected, "{raw}");
        let tolerated = matches!(*raw, "300.7" | "2.5e4");
        assert_eq!(decoded.quirks.is_empty(), tolerated, "{raw}");
    }
}

#[test]
fn an_interval_of_zero_stays_zero_and_is_named() {
    let text = r#"{"sid":"a","upgrades":[],"pingInterval":0,"pingTimeout":20000}"#;
    let decoded = Handshake::parse(text).unwrap();
    assert_eq!(decoded.value.ping_interval_ms, 0);
    assert_eq!(decoded.quirks, [Quirk::PingIntervalZero]);
}

#[test]
fn a_sid_of_digits_is_used_and_named() {
    let text = r#"{"sid":5,"upgrades":[],"pingInterval":1,"pingTimeout":1}"#;
    let decoded = Handshake::parse(text).unwrap();
    assert_eq!(decoded.value.sid, "5");
    assert_eq!(
        decoded.quirks,
        [Quirk::FieldUnusable {
            field: "sid",
            raw: "5".to_owned()
        }]
    );
}

#[test]
fn refuses_what_has_no_session() {
    let no_sid = DecodeErrorKind::HandshakeField("sid");
    let cases: &[(&str, usize, DecodeErrorKind)] = &[
        ("{}", 0, no_sid.clone()),
        (r#"{"sid":""}"#, 0, no_sid.clone()),
        (r#"{"sid":null}"#, 0, no_sid.clone()),
        ("[]", 0, DecodeErrorKind::HandshakeNotObject),
        ("\"x\"", 0, DecodeErrorKind::HandshakeNotObject),
        ("", 0, DecodeErrorKind::Json(JsonErrorKind::UnexpectedEnd)),
        (
            r#"{"sid":"a",}"#,
            11,
            DecodeErrorKind::Json(JsonErrorKind::ExpectedKey),
        ),
    ];
    for (text, at, kind) in cases {
        let error = Handshake::parse(text).unwrap_err();
        assert_eq!((error.at, &error.kind), (*at, kind), "{text}");
    }
}

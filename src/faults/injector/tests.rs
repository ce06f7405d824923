//! The injector by tables and by properties. The clock is a value.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::faults::verdict::{
    Answered, Asked, EndDo, HeadDo, MessageDo, RequestDo, RequestKind, ResponseDo, Strike, Verdict,
};
use crate::protocol::engine::Revision;

const IN: Direction = Direction::ToClient;
const OUT: Direction = Direction::ToServer;

fn place(transport: TransportName, version: Version) -> Place {
    Place {
        c: 1,
        attempt: 0,
        transport,
        version,
        revision: Revision::default(),
        max_payload: Some(100),
    }
}

fn ws(version: Version) -> Place {
    place(TransportName::Websocket, version)
}

fn polling(version: Version) -> Place {
    place(TransportName::Polling, version)
}

fn armed(fault: &str) -> Injector {
    let mut injector = Injector::new(None, Side::Tap);
    injector.arm(fault.parse().unwrap()).unwrap();
    injector
}

fn planned(text: &str) -> Injector {
    Injector::new(Some(Plan::parse(text).unwrap()), Side::Tap)
}

fn text(text: &str) -> Message {
    Message::Text(Bytes::copy_from_slice(text.as_bytes()))
}

/// What crosses in place of a message, as texts.
fn crossed(verdict: &Verdict<MessageDo>, message: &Message) -> Vec<String> {
    let messages = match &verdict.what {
        MessageDo::Pass => vec![message.clone()],
        MessageDo::Become(messages) => messages.clone(),
    };
    let words = |message: &Message| String::from_utf8_lossy(message.data()).into_owned();
    messages.iter().map(words).collect()
}

/// Sends texts over a WebSocket; what comes out.
fn run(injector: &mut Injector, place: &Place, dir: Direction, texts: &[&str]) -> Vec<String> {
    let now = Instant::now();
    let mut out = Vec::new();
    for one in texts {
        let message = text(one);
        let verdict = injector.message(now, place, dir, &message);
        out.extend(crossed(&verdict, &message));
    }
    out
}

fn poll(injector: &mut Injector, place: &Place, status: u16, body: &str) -> Verdict<ResponseDo> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let answered = Answered {
        kind: RequestKind::Poll,
        status,
        content_type: Some("text/plain"),
        body: &body,
    };
    injector.response(Instant::now(), place, &answered)
}

fn post(injector: &mut Injector, place: &Place, body: &str) -> Verdict<RequestDo> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let asked = Asked {
        kind: RequestKind::Post,
        url: "/socket.io/?EIO=4&transport=polling&sid=abc&t=1",
        content_type: Some("text/plain"),
        body: &body,
    };
    injector.request(Instant::now(), place, &asked)
}

fn body_of(verdict: &Verdict<ResponseDo>) -> String {
    match &verdict.what {
        ResponseDo::Change { body, .. } => String::from_utf8_lossy(body).into_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_plan_and_arms_it_is_idle_and_once_faults_leave_it_so() {
    let mut injector = Injector::new(None, Side::Tap);
    assert!(injector.is_idle());
    injector.arm(Fault::Drop).unwrap();
    assert!(!injector.is_idle());
    assert!(injector.strike(Instant::now(), &ws(Version::V4)).is_some());
    assert!(injector.strike(Instant::now(), &ws(Version::V4)).is_none());
    assert!(injector.is_idle());
}

#[test]
fn heartbeats_are_kept_from_whoever_waits_for_them_in_each_generation() {
    let v4 = Version::V4;
    let v3 = Version::V3;
    let cases = [
        ("deaf", v4, IN, "2"),
        ("deaf", v3, OUT, "2"),
        ("no-pong", v4, OUT, "3"),
        ("no-pong", v3, IN, "3"),
    ];
    for (fault, version, dir, beat) in cases {
        let mut injector = armed(fault);
        let probe = format!("{beat}probe");
        let came = run(
            &mut injector,
            &ws(version),
            dir,
            &[beat, &probe, "42[\"a\"]", beat],
        );
        assert_eq!(came, [&probe, "42[\"a\"]"], "{fault} in {version:?}");
        let other = if dir == IN { OUT } else { IN };
        let came = run(&mut injector, &ws(version), other, &[beat]);
        assert_eq!(came, [beat], "{fault} in {version:?}, the other way");
    }
}

#[test]
fn heartbeats_are_taken_out_of_polling_bodies_of_each_generation() {
    let mut injector = armed("deaf");
    let v4 = polling(Version::V4);
    assert_eq!(
        body_of(&poll(&mut injector, &v4, 200, "2\u{1e}42[\"a\"]")),
        "42[\"a\"]"
    );
    assert_eq!(body_of(&poll(&mut injector, &v4, 200, "2")), "6");
    assert_eq!(
        poll(&mut injector, &v4, 200, "42[\"a\"]").what,
        ResponseDo::Pass
    );
    // What the server says because it was not answered is not heard either.
    // Not even by a noop, which an Engine.IO 3 client takes for a sign of life.
    assert_eq!(
        poll(&mut injector, &v4, 200, "1").what,
        ResponseDo::NeverAnswer
    );
    assert_eq!(
        poll(&mut injector, &v4, 400, "").what,
        ResponseDo::NeverAnswer
    );
    assert_eq!(injector.end(Instant::now(), &v4).what, EndDo::Hide);

    let mut injector = armed("no-pong");
    let v3 = polling(Version::V3);
    assert_eq!(
        body_of(&poll(&mut injector, &v3, 200, "1:36:42[\"a\"")),
        "6:42[\"a\""
    );
    assert_eq!(body_of(&poll(&mut injector, &v3, 200, "1:3")), "1:6");

    let mut injector = armed("no-pong");
    match post(&mut injector, &v4, "3").what {
        RequestDo::Answer(answer) => {
            assert_eq!((answer.status, &answer.body[..]), (200, &b"ok"[..]))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_body_that_can_not_be_read_is_left_alone() {
    let mut injector = armed("deaf");
    let v3 = polling(Version::V3);
    assert_eq!(
        poll(&mut injector, &v3, 200, "9999:x").what,
        ResponseDo::Pass
    );
}

#[test]
fn acks_events_and_their_attachments_are_one() {
    let v4 = ws(Version::V4);
    let came = run(
        &mut armed("drop-ack"),
        &v4,
        IN,
        &["42[\"a\"]", "431[1]", "432[2]"],
    );
    assert_eq!(came, ["42[\"a\"]", "432[2]"]);
    let came = run(
        &mut armed("duplicate"),
        &v4,
        IN,
        &["42[\"a\"]", "42[\"b\"]"],
    );
    assert_eq!(came, ["42[\"a\"]", "42[\"a\"]", "42[\"b\"]"]);
    let came = run(
        &mut armed("reorder"),
        &v4,
        IN,
        &["42[\"a\"]", "2", "42[\"b\"]", "42[\"c\"]"],
    );
    assert_eq!(came, ["2", "42[\"b\"]", "42[\"a\"]", "42[\"c\"]"]);

    let header = "451-[\"a\",{\"_placeholder\":true,\"num\":0}]";
    let pieces = [
        text(header),
        Message::Binary(Bytes::from_static(b"xyz")),
        text("42[\"b\"]"),
    ];
    for (fault, wanted) in [
        ("duplicate", vec![header, "xyz", header, "xyz", "42[\"b\"]"]),
        ("reorder", vec!["42[\"b\"]", header, "xyz"]),
    ] {
        let mut injector = armed(fault);
        let mut came = Vec::new();
        for message in &pieces {
            let verdict = injector.message(Instant::now(), &v4, IN, message);
            came.extend(crossed(&verdict, message));
        }
        assert_eq!(came, wanted, "{fault}");
    }
}

#[test]
fn an_event_that_nothing_overtakes_goes_on_after_a_while() {
    let mut injector = armed("reorder");
    let v4 = ws(Version::V4);
    let now = Instant::now();
    let held = text("42[\"a\"]");
    assert_eq!(
        injector.message(now, &v4, IN, &held).what,
        MessageDo::Become(Vec::new())
    );
    let at = injector.deadline().expect("a deadline");
    assert!(injector.due(now).is_empty());
    assert_eq!(injector.due(at), [(1, IN, vec![held])]);
    assert!(injector.is_idle());
}

#[test]
fn a_binary_header_is_cut_from_its_attachment() {
    let mut injector = armed("split-attachment");
    let header = text("451-[\"a\",{\"_placeholder\":true,\"num\":0}]");
    let verdict = injector.message(Instant::now(), &ws(Version::V4), IN, &header);
    assert_eq!(
        (verdict.what, verdict.then),
        (MessageDo::Pass, Some(End::Fin))
    );

    let mut injector = armed("split-attachment");
    let v4 = polling(Version::V4);
    let body = "42[\"x\"]\u{1e}451-[\"a\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAAEC";
    let verdict = poll(&mut injector, &v4, 200, body);
    assert!(body_of(&verdict).ends_with("\"num\":0}]"), "{verdict:?}");
    assert_eq!(post(&mut injector, &v4, "3").what, RequestDo::Cut(End::Fin));
    injector.closed(1);
    assert_eq!(post(&mut injector, &v4, "3").what, RequestDo::Pass);
}

#[test]
fn the_upgrade_is_hidden_or_cut() {
    let mut injector = armed("no-upgrade");
    let open = "0{\"sid\":\"s\",\"upgrades\":[\"websocket\",\"webtransport\"],\"pingInterval\":1,\"pingTimeout\":2}";
    let body = Bytes::from_static(open.as_bytes());
    let answered = Answered {
        kind: RequestKind::Handshake,
        status: 200,
        content_type: Some("text/plain"),
        body: &body,
    };
    let verdict = injector.response(Instant::now(), &polling(Version::V4), &answered);
    assert_eq!(body_of(&verdict), open.replace("\"websocket\",", ""));

    let mut injector = armed("abort-upgrade");
    let v4 = ws(Version::V4);
    assert_eq!(run(&mut injector, &v4, OUT, &["2probe"]), ["2probe"]);
    let verdict = injector.message(Instant::now(), &v4, IN, &text("3probe"));
    assert_eq!(verdict.what, MessageDo::Become(Vec::new()));
    assert_eq!(verdict.then, Some(End::Fin));
}

#[test]
fn requests_are_counted_answered_and_changed() {
    let v4 = polling(Version::V4);
    let mut injector = armed("status:504@3");
    for nth in 1..=4 {
        match post(&mut injector, &v4, "42[\"a\"]").what {
            RequestDo::Answer(answer) => {
                assert_eq!((nth, answer.status), (3, 504));
                assert!(answer.body.starts_with(b"<html>"));
            }
            what => assert_eq!((nth == 3, what), (false, RequestDo::Pass)),
        }
    }
    match post(&mut armed("unknown-sid"), &v4, "42[\"a\"]").what {
        RequestDo::Change {
            url: Some(url),
            body: None,
            ..
        } => {
            assert!(url.ends_with("&sid=sioscope-unknown-sid&t=1"), "{url}");
        }
        other => panic!("{other:?}"),
    }
    match post(&mut armed("oversize"), &v4, "42[\"a\"]").what {
        RequestDo::Change {
            body: Some(body), ..
        } => assert!(body.len() > 100),
        other => panic!("{other:?}"),
    }
    let unlimited = Place {
        max_payload: None,
        ..v4
    };
    match post(&mut armed("oversize"), &unlimited, "42[\"a\"]").what {
        RequestDo::Answer(answer) => assert_eq!(answer.status, 413),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_strikes_by_itself_waits_for_its_transport() {
    let now = Instant::now();
    let mut injector = armed("close:1011");
    assert!(injector.strike(now, &polling(Version::V4)).is_none());
    let struck = injector.strike(now, &ws(Version::V4)).expect("a strike");
    assert!(matches!(
        struck.what,
        Strike::End(End::Close { code: 1011, .. })
    ));

    let mut injector = armed("drop");
    let v4 = polling(Version::V4);
    let struck = injector.strike(now, &v4).expect("a strike");
    assert_eq!(struck.what, Strike::End(End::Fin));
    // Where no exchange was in flight the next one is cut.
    assert_eq!(post(&mut injector, &v4, "3").what, RequestDo::Cut(End::Fin));
}

#[test]
fn a_frozen_connection_thaws_when_it_is_cleared_or_over() {
    let now = Instant::now();
    for over in [true, false] {
        let mut injector = armed("freeze");
        let v4 = ws(Version::V4);
        assert_eq!(
            injector.strike(now, &v4).map(|s| s.what),
            Some(Strike::Freeze)
        );
        assert!(injector.frozen(1) && !injector.frozen(2));
        assert_eq!(injector.end(now, &v4).what, EndDo::Hide);
        match over {
            true => injector.closed(1),
            false => assert!(injector.clear().is_empty()),
        }
        assert!(!injector.frozen(1));
        assert_eq!(run(&mut injector, &v4, IN, &["2"]), ["2"]);
    }
}

#[test]
fn what_is_slowed_keeps_its_order() {
    let now = Instant::now();
    let v4 = ws(Version::V4);
    let mut injector = armed("jitter:500");
    let mut last = now;
    for number in 0..50 {
        let message = text(&format!("42[\"e\",{number}]"));
        let until = injector.message(now, &v4, IN, &message).until;
        let until = until.unwrap_or(last);
        assert!(until >= last);
        last = until;
    }
    assert!(last <= now + Duration::from_millis(500));

    let mut injector = armed("throttle:100");
    let message = text(&"x".repeat(50));
    for half_seconds in 1..=3u32 {
        let until = injector.message(now, &v4, IN, &message).until;
        assert_eq!(until, Some(now + Duration::from_millis(500) * half_seconds));
    }
}

#[test]
fn only_a_tap_splits_the_101() {
    let mut injector = armed("split-101");
    let now = Instant::now();
    let v4 = ws(Version::V4);
    assert!(matches!(
        injector.switching(now, &v4).what,
        HeadDo::Split { .. }
    ));
    assert_eq!(injector.switching(now, &v4).what, HeadDo::Pass);
}

#[test]
fn a_rule_acts_where_all_that_it_names_fits() {
    let plan = "[[rule]]\nname = \"r\"\nfault = \"drop\"\nconnection = 2\ndirection = \"to_client\"\n\
                namespace = \"/chat\"\nevent = \"say\"\nnth = 2\n";
    let mut injector = planned(plan);
    let cut = |injector: &mut Injector, c: u32, dir, message: &str| {
        let place = Place {
            c,
            ..ws(Version::V4)
        };
        injector
            .message(Instant::now(), &place, dir, &text(message))
            .then
            .is_some()
    };
    let say = "42/chat,[\"say\"]";
    for (c, dir, message, acts) in [
        (1, IN, say, false),
        (1, IN, say, false),
        (2, IN, say, false),
        (2, OUT, say, false),
        (2, IN, "42[\"say\"]", false),
        (2, IN, "42/chat,[\"other\"]", false),
        (2, IN, say, true),
        (2, IN, say, false),
    ] {
        assert_eq!(
            cut(&mut injector, c, dir, message),
            acts,
            "{c} {dir:?} {message}"
        );
    }
}

/// What is asked of an injector.
#[derive(Debug, Clone)]
enum Question {
    Message(u32, bool, bool, Vec<u8>, bool),
    Request(u32, u8, Vec<u8>, bool),
    Response(u32, u8, u16, Vec<u8>, bool),
    Strike(u32, bool),
    Closed(u32),
    Due(u64),
    Clear,
    Arm(usize),
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::sample::select(vec![
            "2",
            "3",
            "2probe",
            "3probe",
            "6",
            "1",
            "42[\"a\"]",
            "42/chat,7[\"b\",1]",
            "430[1]",
            "451-[\"c\",{\"_placeholder\":true,\"num\":0}]",
            "bAAEC",
            "2\u{1e}42[\"a\"]\u{1e}431[]",
            "1:2",
            "8:42[\"a\"]",
            "0{\"sid\":\"s\",\"upgrades\":[\"websocket\"]}",
            "42[\"a\"]\u{1e}451-[\"c\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAAEC",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let c = 1..4u32;
    prop_oneof![
        6 => (c.clone(), any::<bool>(), any::<bool>(), bytes(), any::<bool>())
            .prop_map(|(c, dir, op, data, v3)| Question::Message(c, dir, op, data, v3)),
        3 => (c.clone(), 0..4u8, bytes(), any::<bool>())
            .prop_map(|(c, kind, body, v3)| Question::Request(c, kind, body, v3)),
        3 => (c.clone(), 0..4u8, prop_oneof![Just(200u16), Just(400)], bytes(), any::<bool>())
            .prop_map(|(c, kind, status, body, v3)| Question::Response(c, kind, status, body, v3)),
        1 => (c.clone(), any::<bool>()).prop_map(|(c, ws)| Question::Strike(c, ws)),
        1 => c.prop_map(Question::Closed),
        1 => (0..5_000u64).prop_map(Question::Due),
        1 => Just(Question::Clear),
        2 => (0..crate::faults::CATALOGUE.len()).prop_map(Question::Arm),
    ]
}

/// All that an injector answers, as text.
fn answers(plan: &Plan, start: Instant, questions: &[Question]) -> Vec<String> {
    let mut injector = Injector::new(Some(plan.clone()), Side::Tap);
    let mut now = start;
    let at = |c: u32, transport, v3: bool| Place {
        c,
        ..place(transport, if v3 { Version::V3 } else { Version::V4 })
    };
    let (ws, polling) = (TransportName::Websocket, TransportName::Polling);
    let kinds = RequestKind::WORDS;
    let answer = |injector: &mut Injector, question: &Question, now: &mut Instant| match question {
        Question::Message(c, dir, op, data, v3) => {
            let data = Bytes::copy_from_slice(data);
            let message = if *op {
                Message::Text(data)
            } else {
                Message::Binary(data)
            };
            let dir = if *dir { IN } else { OUT };
            format!(
                "{:?}",
                injector.message(*now, &at(*c, ws, *v3), dir, &message)
            )
        }
        Question::Request(c, kind, body, v3) => {
            let body = Bytes::copy_from_slice(body);
            let asked = Asked {
                kind: kinds[usize::from(*kind)].1,
                url: "/socket.io/?EIO=4&sid=x",
                content_type: None,
                body: &body,
            };
            format!(
                "{:?}",
                injector.request(*now, &at(*c, polling, *v3), &asked)
            )
        }
        Question::Response(c, kind, status, body, v3) => {
            let body = Bytes::copy_from_slice(body);
            let answered = Answered {
                kind: kinds[usize::from(*kind)].1,
                status: *status,
                content_type: None,
                body: &body,
            };
            format!(
                "{:?}",
                injector.response(*now, &at(*c, polling, *v3), &answered)
            )
        }
        Question::Strike(c, over_ws) => {
            let over = if *over_ws { ws } else { polling };
            format!("{:?}", injector.strike(*now, &at(*c, over, false)))
        }
        Question::Closed(c) => {
            injector.closed(*c);
            String::new()
        }
        Question::Due(ms) => {
            *now += Duration::from_millis(*ms);
            format!("{:?}", injector.due(*now))
        }
        Question::Clear => format!("{:?}", injector.clear()),
        Question::Arm(index) => {
            let fault: Fault = crate::faults::CATALOGUE[*index].example.parse().unwrap();
            format!("{:?}", injector.arm(fault))
        }
    };
    questions
        .iter()
        .map(|question| answer(&mut injector, question, &mut now))
        .collect()
}

fn plan() -> impl Strategy<Value = Plan> {
    let rule = (
        0..crate::faults::CATALOGUE.len(),
        prop::option::of(1..3u64),
        prop::option::of(0.0..1.0f64),
        prop::option::of(any::<bool>()),
    );
    (any::<u64>(), prop::collection::vec(rule, 0..5)).prop_map(|(seed, rules)| Plan {
        seed,
        rules: rules
            .into_iter()
            .enumerate()
            .map(|(at, (index, nth, probability, dir))| crate::faults::Rule {
                name: format!("rule {at}"),
                faults: vec![crate::faults::CATALOGUE[index].example.parse().unwrap()],
                when: When {
                    nth,
                    probability,
                    direction: dir.map(|to_client| if to_client { IN } else { OUT }),
                    ..When::default()
                },
                places: crate::faults::Places::default(),
            })
            .collect(),
    })
}

proptest! {
    #[test]
    fn the_same_seed_and_questions_give_the_same_answers(
        plan in plan(),
        questions in prop::collection::vec(question(), 0..60),
    ) {
        let start = Instant::now();
        prop_assert_eq!(
            answers(&plan, start, &questions),
            answers(&plan, start, &questions)
        );
    }

    #[test]
    fn without_faults_everything_passes(data in bytes(), text in any::<bool>(), dir in any::<bool>()) {
        let mut injector = Injector::new(None, Side::Tap);
        let data = Bytes::from(data);
        let message = if text { Message::Text(data) } else { Message::Binary(data) };
        let dir = if dir { IN } else { OUT };
        let verdict = injector.message(Instant::now(), &ws(Version::V4), dir, &message);
        prop_assert_eq!(verdict, Verdict::just(MessageDo::Pass));
    }
}

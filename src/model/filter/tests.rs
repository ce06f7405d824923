//! Expressions with what they let through, and mistakes with their columns.

use super::super::row::Level;
use super::super::row::{Row, refs};
use super::super::script::{HELLO, Script, V4, V4_WS};
use super::*;
use crate::journal::record::{
    AckState, Body, ConnectionState, Direction, Fault, Finding, Gap, Mark, Transport,
    TransportName, TransportState,
};

/// A row's nickname, the place of its record, and which of that record's packets it is.
type Named = (&'static str, usize, Option<u32>);

/// A session with something of everything. Each row has a nickname.
fn session() -> (Script, Vec<Named>) {
    let mut s = Script::on(1);
    let mut rows = Vec::new();
    let mut named = |s: &Script, name: &'static str, index: Option<u32>| {
        rows.push((name, s.records.len() - 1, index));
    };
    s.request("GET", V4, b"");
    named(&s, "get", None);
    s.ms(300).response(200, HELLO.as_bytes());
    named(&s, "open", Some(0));
    s.up("40/chat,{\"token\":\"t\"}");
    named(&s, "join", Some(0));
    s.down("40/chat,{\"sid\":\"S\"}");
    named(&s, "joined", Some(0));
    s.down("44/admin,{\"message\":\"authentication error\"}");
    named(&s, "refused", Some(0));
    s.down("2");
    named(&s, "ping", Some(0));
    s.up("3");
    named(&s, "pong", Some(0));
    s.up("42/chat,7[\"say\",\"Room One\",{\"user\":{\"id\":7,\"name\":\"Ada\"},\"tags\":[\"x\",\"y\"]}]");
    named(&s, "say", Some(0));
    s.ms(250).down("43/chat,7[\"ok\"]");
    named(&s, "ok", Some(0));
    s.up("42/chat,8[\"shout\",null]");
    named(&s, "shout", Some(0));
    s.down("51-[\"b\"]")
        .down("451-[\"pic\",{\"_placeholder\":true,\"num\":0}]")
        .down_binary(&[1, 2, 3]);
    named(&s, "pic", Some(0));
    s.down("42{");
    named(&s, "broken", Some(0));
    s.add(Body::Mark(Mark {
        text: "here it breaks".into(),
    }));
    named(&s, "mark", None);
    s.add(Body::Fault(Fault {
        fault: "drop".into(),
        rule: None,
        did: "cut the line".into(),
    }));
    named(&s, "fault", None);
    s.add(Body::Gap(Gap {
        records: 2,
        bytes: 10,
    }));
    named(&s, "gap", None);
    s.add(Body::Finding(Finding {
        rule: "idle".into(),
        severity: "warn".into(),
        title: "proxy closes idle connections".into(),
        evidence: vec![1],
        why: "60 s".into(),
        fix: "raise it".into(),
    }));
    named(&s, "finding", None);
    s.add(Body::Transport(Transport {
        name: TransportName::Websocket,
        state: TransportState::Upgrading,
        error: None,
    }));
    named(&s, "upgrading", None);
    s.c = Some(2);
    s.request("GET", V4_WS, b"").up("42[\"end\"]");
    named(&s, "end", Some(0));
    s.closed(Direction::ToClient, Some(1006));
    named(&s, "close", None);
    s.connection(ConnectionState::Closed, Some("transport close"));
    named(&s, "lost", None);
    s.ms(60_000);
    (s, rows)
}

fn passing(text: &str) -> Vec<&'static str> {
    let (s, rows) = session();
    let filter = parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake}"));
    rows.iter()
        .filter(|(_, record, index)| {
            let row = Row::new(&s.records[*record], &s.packets[*record], *index, &s.model).unwrap();
            filter.matches(&row, s.t)
        })
        .map(|(name, ..)| *name)
        .collect()
}

#[test]
fn expressions_let_through_what_they_say() {
    let table: &[(&str, &[&str])] = &[
        // words
        ("room", &["say"]),
        ("ROOM", &["say"]),
        ("\"room one\"", &["say"]),
        ("'room one'", &["say"]),
        ("room\\ one", &["say"]),
        ("authentication", &["refused"]),
        ("breaks", &["mark"]),
        ("proxy", &["finding"]),
        ("sho", &["shout"]),
        ("room|shout", &["say", "shout"]),
        ("room|breaks|proxy", &["say", "mark", "finding"]),
        // regexes
        ("/Room.One/", &["say"]),
        ("/room.one/", &[]),
        ("/room.one/i", &["say"]),
        ("/a\\/b/", &[]),
        ("/^sho/", &["shout"]),
        // keys
        ("ev:say", &["say"]),
        ("ev:sa", &[]),
        ("ev:s*", &["say", "shout"]),
        ("ev:\"say\"", &["say"]),
        ("ev:/^s.y$/", &["say"]),
        ("ev:say|shout", &["say", "shout"]),
        ("ns:/chat", &["join", "joined", "say", "ok", "shout"]),
        ("ns:chat", &["join", "joined", "say", "ok", "shout"]),
        ("ns:/", &["pic", "end"]),
        ("ns:/admin|/none", &["refused"]),
        ("ns:/*m*", &["refused"]),
        ("dir:in is:ack", &["ok"]),
        ("dir:out ns:/chat", &["join", "say", "shout"]),
        ("is:event", &["say", "shout", "pic", "end"]),
        ("is:ack", &["ok"]),
        ("is:event|ack ns:/chat", &["say", "ok", "shout"]),
        ("is:connect", &["join", "joined"]),
        ("is:error", &["refused", "broken", "gap", "lost"]),
        ("is:ping", &["ping"]),
        ("is:pong", &["pong"]),
        ("is:open", &["open"]),
        ("is:close", &["close", "lost"]),
        ("is:disconnect", &["lost"]),
        ("is:upgrade", &["upgrading"]),
        ("is:noop", &[]),
        ("is:binary", &["pic"]),
        ("is:exchange", &["get", "open"]),
        ("is:fault", &["fault"]),
        ("is:finding", &["finding"]),
        ("is:mark", &["mark"]),
        ("is:gap", &["gap"]),
        ("ack:pending", &["shout"]),
        ("ack:lost", &[]),
        ("ack:answered", &["say", "ok"]),
        ("ack:7", &["say", "ok"]),
        ("ack:7|8", &["say", "ok", "shout"]),
        ("via:polling", &["get", "open"]),
        ("via:ws is:ping", &["ping"]),
        ("via:websocket is:ping", &["ping"]),
        ("c:2", &["end", "close", "lost"]),
        ("c:>1", &["end", "close", "lost"]),
        ("c:1 is:mark", &["mark"]),
        ("size:>80", &["open"]),
        ("size:>70", &["open", "say"]),
        ("size:<=1", &["get", "ping", "pong", "close"]),
        ("size:>1k", &[]),
        ("size:1", &["ping", "pong"]),
        ("size:=1", &["ping", "pong"]),
        ("lat:>200ms", &["say", "ok"]),
        ("lat:200", &["say", "ok"]),
        ("lat:<0.2s", &[]),
        ("lat:>=250ms lat:<=250ms", &["say", "ok"]),
        ("since:1s", &[]),
        ("since:60s is:event", &["shout", "pic", "end"]),
        ("since:>60s is:event", &["say"]),
        ("since:2m is:ack", &["ok"]),
        // paths
        ("at:.user.id=7", &["say"]),
        ("at:.user.id=8", &[]),
        ("at:.user.id", &["say"]),
        ("at:.user.id>6", &["say"]),
        ("at:.user.id!=7", &[]),
        ("at:.user.name=Ada", &["say"]),
        ("at:.user.name=\"Ada\"", &["say"]),
        ("at:.user.id=\"7\"", &[]),
        ("at:.user.name~ad", &["say"]),
        ("at:.user.name~/^A/", &["say"]),
        ("at:.user.name~/^a/", &[]),
        ("at:.user.*=Ada", &["say"]),
        ("at:.tags[1]=y", &["say"]),
        ("at:.tags[-1]=y", &["say"]),
        ("at:.tags[]=x", &["say"]),
        ("at:[0]=\"Room One\"", &["say"]),
        ("at:[0]=ok", &["ok"]),
        ("at:[0]=null", &["shout"]),
        ("at:.[0]=ok", &["ok"]),
        ("at:[1].user.id=7", &["say"]),
        ("at:[1][\"user\"].id=7", &["say"]),
        ("at:.token=t", &["join"]),
        ("at:.message~auth", &["refused"]),
        ("at:.pingInterval>=25000", &["open"]),
        ("at:.id=7", &[]),
        // putting together
        ("!ns:/chat is:event", &["pic", "end"]),
        ("ns:/chat !is:event", &["join", "joined", "ok"]),
        ("ev:say | ev:shout", &["say", "shout"]),
        ("ev:say || ev:shout", &["say", "shout"]),
        ("ns:/chat ev:say | is:ack", &["say", "ok"]),
        ("ns:/chat & ev:say | is:mark", &["say", "mark"]),
        ("(ns:/chat ev:say) | is:mark", &["say", "mark"]),
        ("!(is:event|ack|connect) ns:/*", &["refused"]),
        ("!!ev:say", &["say"]),
        ("ev:say|is:mark", &["say", "mark"]),
    ];
    let wrong: Vec<String> = table
        .iter()
        .filter(|(text, expected)| &passing(text) != expected)
        .map(|(text, expected)| format!("{text}: {:?}, not {expected:?}", passing(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_typed_lets_everything_through() {
    let all = session().1.len();
    for text in ["", "  "] {
        assert_eq!(passing(text).len(), all);
        assert!(parse(text).unwrap().is_empty());
    }
}

#[test]
fn mistakes_are_pointed_at_by_column() {
    let table = [
        ("foo:bar", 1, "no key `foo:`"),
        ("ns:/chat foo:bar", 10, "expected one of ev, ns, dir, is"),
        ("ü foo:bar", 3, "no key"),
        (
            "is:evnt",
            4,
            "`is:` does not know `evnt`, expected one of event, ack",
        ),
        ("is:event|evnt", 10, "does not know `evnt`"),
        ("is:", 4, "needs a value, expected one of event"),
        ("dir:up", 5, "expected one of in, out"),
        ("via:tcp", 5, "expected one of polling, ws"),
        (
            "ack:soon",
            5,
            "pending, answered, late, timeout, lost, an ack id",
        ),
        ("ev:", 4, "an event name"),
        ("c:x", 3, "`x` is not understood"),
        (
            "size:>1q",
            7,
            "`1q` is not understood, expected a size like >1k",
        ),
        ("size:>", 7, "a number is missing"),
        ("lat:fast", 5, "expected a latency like >200ms"),
        ("since:now", 7, "expected an age like 30s"),
        ("\"abc", 1, "this \" is never closed"),
        ("x 'abc", 3, "this ' is never closed"),
        ("\"\"", 1, "no text"),
        ("/abc", 1, "no closing /"),
        ("/a(/", 2, "the regex is not understood"),
        ("/a/x", 4, "`x` is no flag"),
        ("(a", 1, "this ( is never closed"),
        ("a)", 2, "this ) closes nothing"),
        ("a ()", 3, "nothing between"),
        ("a |", 4, "something is missing"),
        ("| a", 1, "something is missing"),
        ("a & | b", 5, "something is missing"),
        ("!", 2, "something is missing"),
        ("at:", 4, "needs a path"),
        ("at:user", 4, "a path begins with . or ["),
        ("at:.", 5, "a key is missing"),
        ("at:.a..b", 7, "a key is missing"),
        ("at:.a[x]", 7, "`x` is no index"),
        ("at:.a[0", 6, "this [ is never closed"),
        ("at:.a=", 7, "a value is missing"),
        ("at:.a%5", 6, "`%` cannot stand in a path"),
        ("a\"b", 2, "this \" is never closed"),
    ];
    for (text, column, says) in table {
        let mistake = match parse(text) {
            Err(mistake) => mistake,
            Ok(_) => panic!("{text} was understood"),
        };
        let said = mistake.to_string();
        assert_eq!(mistake.column, column, "{text}: {said}");
        assert!(said.starts_with(&format!("column {column}: ")), "{said}");
        assert!(said.contains(says), "{text}: {said}");
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    let deep = "(".repeat(100_000);
    assert!(parse(&deep).unwrap_err().message.contains("levels"));
    let deep = "!".repeat(100_000);
    assert!(parse(&deep).unwrap_err().message.contains("levels"));
    assert!(
        parse(&"(a) ".repeat(500)).is_ok(),
        "many side by side are not deep"
    );
}

#[test]
fn what_can_change_later_is_known() {
    for (text, unsteady) in [
        ("ack:pending", true),
        ("lat:>1", true),
        ("since:5s", true),
        ("!ack:lost x", true),
        ("ev:a", false),
    ] {
        assert_eq!(parse(text).unwrap().is_unsteady(), unsteady, "{text}");
    }
}

#[test]
fn lines_are_ruled_out_only_when_no_row_on_them_can_pass() {
    let table: [(&str, &str, bool); 11] = [
        ("ev:say", r#"{"k":"frame","data":"42[\"say\"]"}"#, true),
        ("ev:say", r#"{"k":"frame","data":"42[\"shout\"]"}"#, false),
        (
            "ev:say is:event",
            r#"{"k":"frame","data":"42[\"shout\"]"}"#,
            false,
        ),
        ("ev:say|shout", r#"{"k":"frame","data":"42[\"x\"]"}"#, true),
        ("!ev:say", r#"{"k":"frame","data":"42[\"x\"]"}"#, true),
        ("ev:s*out", r#"{"k":"frame","data":"42[\"x\"]"}"#, false),
        (
            "ev:say",
            r#"{"k":"frame","op":"binary","b64":"AQ=="}"#,
            true,
        ),
        ("ev:say", r#"{"k":"frame","data":"bAQ=="}"#, true),
        (
            "ev:say",
            r#"{"k":"frame","data":"42[\"\\u0073ay\"]"}"#,
            true,
        ),
        (
            "ns:/chat",
            r#"{"k":"frame","data":"42/chat,[\"x\"]"}"#,
            true,
        ),
        ("ns:/", r#"{"k":"frame","data":"42[\"x\"]"}"#, true),
    ];
    for (text, line, may) in table {
        assert_eq!(
            parse(text).unwrap().may_match_line(line.as_bytes()),
            may,
            "{text} {line}"
        );
    }
}

#[test]
fn completion_offers_what_can_stand_there() {
    let offered = |text: &str| -> Vec<String> {
        complete(
            text,
            text.len(),
            ["say", "shout it", "hello"],
            ["/", "/chat"],
        )
        .into_iter()
        .map(|completion| {
            let mut whole = text.to_owned();
            whole.replace_range(completion.replace, &completion.text);
            whole
        })
        .collect()
    };
    assert_eq!(offered("n"), ["ns:", "since:"]);
    assert_eq!(offered("").len(), 11);
    assert_eq!(offered("is:pi"), ["is:ping"]);
    assert_eq!(offered("x !is:po"), ["x !is:pong"]);
    assert_eq!(offered("is:event|ma"), ["is:event|mark"]);
    assert_eq!(offered("(dir:"), ["(dir:in", "(dir:out"]);
    assert_eq!(offered("ev:s"), ["ev:say", "ev:\"shout it\""]);
    assert_eq!(offered("ns:ch"), ["ns:/chat"]);
    assert_eq!(offered("via:"), ["via:polling", "via:ws"]);
    assert!(offered("\"is:").is_empty());
    assert!(offered("/is:").is_empty());
    assert!(offered("zzz").is_empty());
    // In the middle of a text, only the word before the cursor counts.
    assert_eq!(complete("is:pi x", 5, [], [])[0].replace, 3..5);
}

#[test]
fn a_session_is_filtered_by_its_rows() {
    let (s, _) = session();
    let filter = parse("ns:/chat is:event").unwrap();
    let mut shown = 0;
    for (record, packets) in s.records.iter().zip(&s.packets) {
        for place in refs(record, packets, 0, Level::Packets) {
            let row = Row::new(record, packets, place.packet(), &s.model).unwrap();
            shown += usize::from(filter.matches(&row, s.t));
        }
    }
    assert_eq!(shown, 2);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_parses_or_points_into_itself(text in "[ -~äé😀]{0,40}|[a-z:|!&()/.=<>\"'\\[\\]0-9 ]{0,60}") {
            match parse(&text) {
                Ok(filter) => {
                    prop_assert_eq!(filter.source(), text.as_str());
                }
                Err(mistake) => {
                    prop_assert!(mistake.column >= 1);
                    prop_assert!(mistake.column <= text.chars().count() + 1);
                }
            }
            for cursor in 0..=text.len() + 1 {
                for completion in complete(&text, cursor, ["a b"], ["/"]) {
                    prop_assert!(text.get(completion.replace).is_some());
                }
            }
        }

        #[test]
        fn a_row_that_passes_is_never_ruled_out_by_its_line(pick in 0_usize..40) {
            let filters = ["ev:say", "ns:/chat", "ev:s*", "ns:chat ev:say", "ev:pic", "is:event ns:/"];
            let (s, rows) = session();
            let (_, record, index) = rows[pick % rows.len()];
            let row = Row::new(&s.records[record], &s.packets[record], index, &s.model).unwrap();
            let line = match &s.records[record].body {
                Body::Frame(frame) => match std::str::from_utf8(&frame.data) {
                    Ok(text) if frame.op == crate::journal::record::Opcode::Text => format!("{{\"data\":{}}}", serde_json::to_string(text).unwrap()),
                    _ => "{\"b64\":\"AQID\"}".to_owned(),
                },
                _ => return Ok(()),
            };
            for text in filters {
                let filter = parse(text).unwrap();
                if filter.matches(&row, s.t) {
                    prop_assert!(filter.may_match_line(line.as_bytes()), "{} {}", text, line);
                }
            }
        }
    }

    #[test]
    fn pending_acks_are_found() {
        let mut s = Script::on(1);
        s.up("421[\"a\"]").ack(1, AckState::Pending, None);
        let row = Row::new(&s.records[0], &s.packets[0], Some(0), &s.model).unwrap();
        assert!(parse("ack:pending").unwrap().matches(&row, 0));
        s.ack(1, AckState::Timeout, Some(5.0))
            .down("431[]")
            .ack(1, AckState::Late, Some(9.0));
        let row = Row::new(&s.records[0], &s.packets[0], Some(0), &s.model).unwrap();
        assert!(parse("ack:late").unwrap().matches(&row, 0));
        assert!(
            parse("ack:timeout").unwrap().matches(&row, 0),
            "a late answer had timed out"
        );
        assert!(!parse("ack:pending").unwrap().matches(&row, 0));
    }
}

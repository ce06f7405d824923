//! What is a difference: what it is about, its words, and what comes first.

use super::session::{FIRST, Session};
use crate::journal::record::{Ack, AckState, Body, ConnectionState, Direction};
use crate::replay::diff::{Aspect, Rules, compare};

fn base() -> Session {
    Session::connected(FIRST)
}

fn told(a: &Session, b: &Session) -> Vec<(Aspect, String)> {
    let comparison = compare(&a.read(), &b.read(), &Rules::default());
    (comparison.differences.into_iter())
        .map(|found| (found.aspect, found.why))
        .collect()
}

/// One difference: what it is about, and its words.
#[track_caller]
fn only(a: &Session, b: &Session, aspect: Aspect, why: &str) {
    assert_eq!(told(a, b), [(aspect, why.to_owned())]);
}

#[test]
fn a_changed_reply_is_named_with_its_place() {
    let with = |status: &str| {
        base()
            .up(r#"420["say",1]"#)
            .up(r#"421["say",2]"#)
            .down(r#"430["ok"]"#)
            .down(&format!("431[{{\"status\":\"{status}\",\"n\":1}}]"))
    };
    only(
        &with("ok"),
        &with("error"),
        Aspect::Reply,
        r#"the reply to "say" (2nd of 2) differs: [0].status is "ok" in A and "error" in B"#,
    );
    let comparison = compare(&with("ok").read(), &with("error").read(), &Rules::default());
    assert_eq!(
        comparison.differences[0].mask.as_deref(),
        Some("reply:say[0].status")
    );
}

#[test]
fn a_reply_that_never_came_is_missing() {
    let a = base().up(r#"420["say",1]"#).ms(17).down(r#"430["ok"]"#);
    let b = base().up(r#"420["say",1]"#);
    let why = r#""say" was answered in A after 18 ms, and never in B"#;
    only(&a, &b, Aspect::Missing, why);
}

#[test]
fn events_are_missing_changed_sent_or_out_of_order() {
    let news = |list: &[u32]| {
        (list.iter()).fold(base(), |session, n| {
            session.down(&format!("42[\"news{n}\",{n}]"))
        })
    };
    only(
        &news(&[1, 2, 3]),
        &news(&[1, 3]),
        Aspect::Missing,
        r#"the server sent "news2" in A, and not in B"#,
    );
    only(
        &news(&[1, 3]),
        &news(&[1, 2, 3]),
        Aspect::Missing,
        r#"the server sent "news2" in B, and not in A"#,
    );
    only(
        &news(&[1, 2, 3, 4]),
        &news(&[2, 3, 4, 1]),
        Aspect::Order,
        r#""news1" comes in another order: after CONNECT in A, after "news4" in B"#,
    );
    only(
        &base().down(r#"42/chat,["x",{"v":1}]"#),
        &base().down(r#"42/chat,["x",{"v":2}]"#),
        Aspect::Event,
        r#"the server's "x" in /chat differs: [0].v is 1 in A and 2 in B"#,
    );
    only(
        &base().up(r#"42["x",1]"#),
        &base().up(r#"42["x",2]"#),
        Aspect::Sent,
        r#"the client sent another "x": [0] is 1 in A and 2 in B"#,
    );
    only(
        &base().up(r#"42["x",1]"#),
        &base().up(r#"427["x",1]"#),
        Aspect::Sent,
        r#"the client sent another "x": it asks for a reply in B, and not in A"#,
    );
}

#[test]
fn a_refusal_outweighs_what_follows_from_it() {
    let a = base()
        .up(r#"40/admin,{"token":"one"}"#)
        .down(r#"40/admin,{"sid":"x"}"#)
        .down(r#"42/admin,["hello"]"#);
    let b = base()
        .up(r#"40/admin,{"token":"two"}"#)
        .down(r#"44/admin,{"message":"not authorized"}"#);
    let found = told(&a, &b);
    assert_eq!(
        found[0],
        (
            Aspect::Refused,
            r#"/admin let A in and refused B: "not authorized""#.to_owned()
        )
    );
    // The secret is not said.
    assert_eq!(found[1].0, Aspect::Sent);
    assert_eq!(
        found[1].1,
        "the client's auth differs in its CONNECT in /admin: [0].token differs (its value is not shown)"
    );
    assert_eq!(found[2].0, Aspect::Missing);
    assert_eq!(found.len(), 3);
}

#[test]
fn a_lost_connection_comes_first_and_shifts_nothing() {
    let a = base().down(r#"42["a"]"#).down(r#"42["b"]"#).left();
    let b = base()
        .down(r#"42["a"]"#)
        .ms(60_000)
        .ends("transport close", Some("close code 1006"))
        .on(2)
        .opens(FIRST)
        .joins("/", FIRST)
        .down(r#"42["b"]"#)
        .left();
    let found = told(&a, &b);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, Aspect::Ended);
    assert!(
        found[0].1.starts_with("B lost a connection after 60.0 s: transport close (close code 1006); nothing like it in A"),
        "{found:?}"
    );
}

#[test]
fn ends_are_told_with_what_lies_under_them() {
    let ended = |reason: &str, detail: &str| base().ms(1_000).ends(reason, Some(detail));
    only(
        &ended("transport close", "close code 1006"),
        &ended("transport close", "close code 1001"),
        Aspect::Ended,
        "the connection of A ended after 1007 ms with transport close (close code 1006); \
         that of B ended after 1007 ms with transport close (close code 1001)",
    );
    only(
        &ended("ping timeout", "20 s of silence"),
        &base(),
        Aspect::Ended,
        "the connection of A ended after 1007 ms with ping timeout (20 s of silence); \
         that of B was still open when its recording ended, after 6.0 ms",
    );
    // Who left and whose recording ended tell the same.
    let found = told(&base().left(), &base());
    assert_eq!(
        found,
        [(
            Aspect::Transport,
            "the client said that it leaves / in A, and not in B".to_owned()
        )]
    );
}

#[test]
fn who_never_got_a_connection_has_that_one_difference() {
    let a = base().down(r#"42["a"]"#).left();
    let b = Session::empty()
        .connection(ConnectionState::Connecting, None, None)
        .ends("xhr poll error", Some("HTTP 502"));
    only(
        &a,
        &b,
        Aspect::Reached,
        "B never got a connection, and A did: xhr poll error (HTTP 502)",
    );
}

#[test]
fn the_handshake_and_the_headers_count_less_and_each_once() {
    let with = |interval: u64, server: Option<&str>| {
        let first = Session::empty()
            .opens_with(FIRST, interval, server)
            .joins("/", FIRST);
        first
            .ends("ping timeout", None)
            .on(2)
            .opens_with(FIRST, interval, server)
            .joins("/", FIRST)
    };
    let found = told(&with(25_000, None), &with(5_000, Some("nginx")));
    assert_eq!(
        found,
        [
            (
                Aspect::Handshake,
                "the handshake's pingInterval is 25000 in A and 5000 in B".to_owned()
            ),
            (
                Aspect::Headers,
                "headers of the handshake response: server is missing in A and \"nginx\" in B"
                    .to_owned()
            ),
        ]
    );
}

#[test]
fn late_and_slow_replies_are_told_last() {
    let slow = |ms: u64, late: bool| {
        let session = base().up(r#"420["q"]"#).ms(ms).down(r#"430[1]"#);
        match late {
            true => session.add(Body::Ack(Ack {
                nsp: "/".to_owned(),
                id: 0,
                dir: Direction::ToServer,
                state: AckState::Late,
                ms: None,
            })),
            false => session,
        }
    };
    only(
        &slow(10, false),
        &slow(2_400, false),
        Aspect::Timing,
        r#"the reply to "q" took 11 ms in A and 2401 ms in B"#,
    );
    only(
        &slow(10, false),
        &slow(400, true),
        Aspect::Timing,
        r#"the reply to "q" came after 401 ms in B, when the client had given up, and in time in A (after 11 ms)"#,
    );
    assert_eq!(told(&slow(10, false), &slow(400, false)), []);
}

#[test]
fn what_came_when_the_other_had_gone_is_told_last() {
    let a = base()
        .down(r#"42["tick",1]"#)
        .ms(5_000)
        .down(r#"42["tick",2]"#)
        .left();
    let b = base().down(r#"42["tick",1]"#).ms(500).left();
    only(
        &a,
        &b,
        Aspect::Timing,
        r#"the server sent "tick" (2nd of 2) in A, and not in B; B was over before that"#,
    );
}

#[test]
fn what_is_ignored_is_no_difference() {
    let a = base().up(r#"42["x",1]"#).down(r#"42["y",1]"#);
    let b = base().up(r#"42["x",2]"#).down(r#"42["y",2]"#);
    let rules = Rules::of_what_came_back(["the recording", "the server"]);
    let comparison = compare(&a.read(), &b.read(), &rules);
    let why: Vec<&str> = comparison
        .differences
        .iter()
        .map(|found| found.why.as_str())
        .collect();
    assert_eq!(
        why,
        [r#"the server's "y" differs: [0] is 1 in the recording and 2 in the server"#]
    );
}

#[test]
fn an_answer_of_ours_that_differs_is_what_was_sent() {
    let with = |answer: &str| base().down(r#"425["q"]"#).up(&format!("435[{answer}]"));
    let found = told(&with("1"), &with("2"));
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].1,
        r#"the client's answer to "q" differs: [0] is 1 in A and 2 in B"#
    );
}

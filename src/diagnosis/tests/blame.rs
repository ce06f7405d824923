//! Who is to blame, and who is not: what a person made, what another client did, what we did
//! ourselves while leaving; and one cause has one name.

use super::near_misses::Tapped;
use super::{findings_at, findings_of};
use crate::journal::file::Source;

/// How a tap tells that a client went without a word.
const CLIENT_WENT: &str = r#""k":"connection","state":"closed","reason":"transport close","detail":"the client reset the TCP connection (RST) without a close frame, which its other side sees as code 1006""#;

/// A session over polling, line by line.
#[derive(Default)]
struct Polling {
    lines: String,
    n: u64,
    t: f64,
    x: u64,
}

impl Polling {
    fn add(&mut self, rest: &str) -> &mut Polling {
        self.n += 1;
        self.t += 0.001;
        let (n, t) = (self.n, self.t);
        self.lines
            .push_str(&format!("{{\"n\":{n},\"t\":{t:.6},\"c\":1,{rest}}}\n"));
        self
    }

    fn asks(&mut self, method: &str, sid: &str, body: &str) -> u64 {
        self.x += 1;
        let x = self.x;
        let body = serde_json::to_string(body).unwrap();
        self.add(&format!(
            r#""k":"request","x":{x},"method":"{method}","url":"http://h/socket.io/?EIO=4&transport=polling{sid}","headers":[],"body":{body}"#
        ));
        x
    }

    fn answers(&mut self, x: u64, status: u16, kind: &str, body: &str) -> &mut Polling {
        let body = serde_json::to_string(body).unwrap();
        self.add(&format!(
            r#""k":"response","x":{x},"status":{status},"headers":[["Content-Type","{kind}"]],"body":{body},"timing":{{}}"#
        ))
    }

    /// The handshake, and `/` is joined.
    fn joined() -> Polling {
        let mut session = Polling::default();
        let x = session.asks("GET", "", "");
        session.answers(
            x,
            200,
            "text/plain; charset=UTF-8",
            r#"0{"sid":"a","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#,
        );
        session.posts("40");
        session.polls(r#"40{"sid":"S"}"#);
        session
    }

    fn posts(&mut self, body: &str) -> &mut Polling {
        let x = self.asks("POST", "&sid=a", body);
        self.answers(x, 200, "text/html", "ok")
    }

    fn polls(&mut self, body: &str) -> &mut Polling {
        let x = self.asks("GET", "&sid=a", "");
        self.answers(x, 200, "text/plain; charset=UTF-8", body)
    }

    /// A request that a process without the session answers.
    fn unknown(&mut self, method: &str, body: &str) -> &mut Polling {
        let x = self.asks(method, "&sid=a", body);
        self.answers(
            x,
            400,
            "application/json",
            r#"{"code":1,"message":"Session ID unknown"}"#,
        )
    }

    fn rules(&self) -> Vec<String> {
        let findings = findings_of(Source::Client, &self.lines);
        findings.into_iter().map(|found| found.rule).collect()
    }
}

#[test]
fn a_session_that_was_ended_for_what_nobody_can_read_is_no_missing_stickiness() {
    let mut s = Polling::joined();
    s.polls("9:garbage").unknown("POST", "1");
    assert_eq!(s.rules(), ["parse-error"]);
    // Also where the refused request is no goodbye.
    let mut s = Polling::joined();
    s.polls("9:garbage").unknown("GET", "");
    assert_eq!(s.rules(), ["parse-error"]);
    let mut s = Polling::joined();
    s.polls(r#"42["fine"]"#).unknown("GET", "");
    assert_eq!(s.rules(), ["no-sticky-session"]);
}

#[test]
fn a_session_whose_upgrade_was_cut_right_before_is_no_missing_stickiness() {
    let of = |error: &str| {
        let mut s = Polling::joined();
        let x = s.asks("GET", "&sid=a", "");
        s.add(&format!(
            r#""k":"transport","name":"websocket","state":"closed","error":"{error}""#
        ));
        s.answers(
            x,
            400,
            "application/json",
            r#"{"code":1,"message":"Session ID unknown"}"#,
        );
        s.rules()
    };
    let cut = "probe error: websocket closed with code 1006 (no close frame)";
    assert_eq!(of(cut), ["restarted-or-killed-session"]);
    let refused = "probe error: unexpected response 400";
    assert!(of(refused).contains(&"no-sticky-session".to_owned()));
}

#[test]
fn what_a_client_asks_while_it_leaves_is_no_finding() {
    let closed = r#""k":"connection","state":"closed","reason":"io client disconnect","detail":"the client posted a close packet""#;
    let mut s = Polling::joined();
    s.posts("41").posts("1").add(closed).unknown("GET", "");
    assert!(s.rules().is_empty(), "{:?}", s.rules());
    // A goodbye that finds nobody is none either.
    let mut s = Polling::joined();
    s.unknown("POST", "1").add(closed);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
}

#[test]
fn a_client_that_cuts_its_own_websocket_was_cut_by_nobody() {
    let mut s = Tapped::on(4);
    // A whole number of seconds, as a proxy's idle time would be.
    s.joins().after(4_999).add(CLIENT_WENT);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
    let theirs = CLIENT_WENT.replace("the client reset", "the server reset");
    let mut s = Tapped::on(4);
    s.joins().add(&theirs);
    assert_eq!(s.rules(), ["close-code"]);
}

#[test]
fn another_client_that_says_the_same_is_no_reconnect() {
    let again = |second: &str| {
        let mut s = Tapped::on(4);
        s.joins().up(r#"420["ack-late",800,"x"]"#).add(CLIENT_WENT);
        s.opens(4).joins().up(second).down("430[]");
        s.rules().contains(&"duplicate-emits".to_owned())
    };
    assert!(!again(r#"420["ack-late",800,"x"]"#), "it counts from 0");
    assert!(again(r#"421["ack-late",800,"x"]"#), "it counts on");
    // A client that was there before the other one went is not its return.
    let mut s = Tapped::on(4);
    s.joins().up(r#"420["order",1]"#);
    s.opens(4).joins();
    s.goes(1, CLIENT_WENT).up(r#"427["order",1]"#).down("437[]");
    assert!(
        !s.rules().contains(&"duplicate-emits".to_owned()),
        "{:?}",
        s.rules()
    );
}

#[test]
fn our_own_clients_next_connection_is_always_its_return() {
    let mut s = Tapped::on(4);
    s.joins().up(r#"421["order",1]"#);
    s.closes("to_client", Some(1001)).opens(4).joins();
    s.up(r#"420["order",1]"#).down("430[]");
    let rules = |source| {
        let findings = findings_of(source, &s.lines);
        findings.iter().any(|found| found.rule == "duplicate-emits")
    };
    assert!(rules(Source::Client));
    assert!(!rules(Source::Tap));
}

#[test]
fn a_token_that_is_refused_to_another_client_is_stale_only_where_it_has_expired() {
    let of = |message: &str| {
        let mut s = Tapped::on(4);
        s.up(r#"40{"token":"x"}"#).down(r#"40{"sid":"S"}"#);
        s.up("41").closes("to_server", None).opens(4);
        s.up(r#"40{"token":"x"}"#)
            .down(&format!(r#"44{{"message":"{message}"}}"#));
        s.rules()
    };
    assert_eq!(of("the room is full"), ["namespace-refused"]);
    assert_eq!(of("jwt expired"), ["auth-stale"]);
}

#[test]
fn clients_that_come_and_go_behind_a_tap_are_no_storm() {
    let storm = |end: &str| {
        let mut s = Tapped::on(4);
        for _ in 0..12 {
            s.joins().after(100).add(end).opens(4);
        }
        s.rules().contains(&"reconnect-storm".to_owned())
    };
    assert!(!storm(CLIENT_WENT));
    assert!(storm(
        &CLIENT_WENT.replace("the client reset", "the server reset")
    ));
}

#[test]
fn a_server_that_goes_on_serving_another_client_was_not_restarted() {
    let restarted = |second_is_served: bool| {
        let cut = CLIENT_WENT.replace("the client reset", "the server reset");
        let url = "http://h/socket.io/?EIO=4&transport=polling";
        let mut s = Tapped::on(4);
        s.joins().opens(4).joins().goes(1, &cut);
        s.goes(
            9,
            &format!(r#""k":"request","x":9,"method":"GET","url":"{url}","headers":[]"#),
        );
        s.goes(9, r#""k":"response","x":9,"status":502,"headers":[["Server","nginx"]],"body":"<html></html>","timing":{}"#);
        s.goes(
            9,
            r#""k":"connection","state":"closed","reason":"xhr poll error""#,
        );
        if second_is_served {
            s.down(r#"42["tick"]"#);
        }
        s.opens(4).joins();
        s.rules()
            .contains(&"restarted-or-killed-session".to_owned())
    };
    assert!(restarted(false));
    assert!(!restarted(true));
}

#[test]
fn what_a_person_injects_is_blamed_on_nobody() {
    let broken = r#"42["raw""#;
    let mut s = Tapped::on(4);
    s.joins().down(broken).closes("to_server", None);
    assert_eq!(s.rules(), ["parse-error"]);
    let mut s = Tapped::on(4);
    s.joins().injects("client", broken).down(broken);
    s.closes("to_server", None);
    assert!(s.rules().is_empty(), "{:?}", s.rules());

    let stray = r#"42/admin,["x"]"#;
    let mut s = Tapped::on(4);
    s.joins().up(stray).closes("to_client", None);
    assert_eq!(s.rules(), ["event-before-connect"]);
    let mut s = Tapped::on(4);
    s.joins().injects("server", stray).up(stray);
    s.closes("to_client", None);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
}

#[test]
fn an_injected_event_is_harmless_unless_the_connection_ends_for_it() {
    let ends_after = |ms| {
        let mut s = Tapped::on(4);
        let event = r#"42["kick"]"#;
        s.joins().injects("server", event).up(event);
        s.after(ms).closes("to_client", Some(1008));
        s.rules()
    };
    assert!(ends_after(100).is_empty(), "{:?}", ends_after(100));
    assert_eq!(ends_after(2_500), ["close-code"]);
}

#[test]
fn an_unknown_namespace_has_one_name_and_the_path_of_the_url_its_own() {
    let mut s = Tapped::on(4);
    s.joins().up("40/nope,");
    s.down(r#"44/nope,{"message":"Invalid namespace"}"#);
    s.up("40/other,")
        .down(r#"44/other,{"message":"Invalid namespace"}"#);
    let of = |target| -> Vec<(String, bool)> {
        let findings = findings_at(Source::Tap, target, &s.lines);
        findings
            .into_iter()
            .map(|found| (found.rule, found.title.contains("/nope")))
            .collect()
    };
    let meant = ("path-meant-as-namespace".to_owned(), true);
    let unknown = |nope| ("unknown-namespace".to_owned(), nope);
    assert_eq!(of("http://h/nope"), [meant, unknown(false)]);
    assert_eq!(of("http://h/"), [unknown(true), unknown(false)]);
}

/// An upgrade whose poll is not released until much later.
#[test]
fn an_upgrade_that_is_held_up_has_one_name() {
    let mut s = Polling::joined();
    let poll = s.asks("GET", "&sid=a", "");
    s.add(r#""k":"request","x":90,"method":"GET","url":"ws://h/socket.io/?EIO=4&transport=websocket&sid=a","headers":[]"#);
    s.add(r#""k":"response","x":90,"status":101,"headers":[],"timing":{}"#);
    s.add(r#""k":"frame","dir":"to_server","op":"text","data":"2probe""#);
    s.add(r#""k":"frame","dir":"to_client","op":"text","data":"3probe""#);
    s.t += 8.0;
    s.answers(poll, 200, "text/plain; charset=UTF-8", "2");
    s.posts("3");
    s.t += 1.0;
    s.add(r#""k":"frame","dir":"to_server","op":"text","data":"5""#);
    assert_eq!(s.rules(), ["upgrade-stalled"]);
}

#[test]
fn an_engines_own_words_to_a_websocket_are_no_proxys_page() {
    let of = |kind: &str, body: &str| {
        let mut s = Polling::joined();
        s.add(r#""k":"request","x":90,"method":"GET","url":"ws://h/socket.io/?EIO=4&transport=websocket&sid=a","headers":[]"#);
        s.answers(90, 400, kind, body);
        let found = findings_of(Source::Client, &s.lines);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].rule, "stuck-on-polling");
        found[0].why.contains("by the Socket.IO server itself")
    };
    assert!(of("text/html", "no entry"));
    assert!(!of("text/html", "<html><title>no entry</title></html>"));
    assert!(!of("text/html; charset=utf-8", "no entry"));
}

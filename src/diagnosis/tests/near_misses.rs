//! Near misses that no recording shows: sessions by hand, most of them as a tap sees them.

use super::findings_of;
use crate::journal::file::Source;

/// A tapped WebSocket session, line by line.
pub(super) struct Tapped {
    pub(super) lines: String,
    n: u64,
    t: f64,
    c: u32,
}

impl Tapped {
    /// Connection 1 of Engine.IO `eio`, with a heartbeat of 1 s + 1 s.
    pub(super) fn on(eio: u8) -> Tapped {
        let mut session = Tapped {
            lines: String::new(),
            n: 0,
            t: 0.0,
            c: 0,
        };
        session.opens(eio);
        session
    }

    pub(super) fn add(&mut self, rest: &str) -> &mut Tapped {
        self.n += 1;
        self.t += 0.001;
        let (n, t, c) = (self.n, self.t, self.c);
        self.lines
            .push_str(&format!("{{\"n\":{n},\"t\":{t:.6},\"c\":{c},{rest}}}\n"));
        self
    }

    /// The next connection.
    pub(super) fn opens(&mut self, eio: u8) -> &mut Tapped {
        self.c += 1;
        let x = self.c;
        let url = format!("ws://h/socket.io/?EIO={eio}&transport=websocket");
        self.add(&format!(
            r#""k":"request","x":{x},"method":"GET","url":"{url}","headers":[]"#
        ));
        self.add(&format!(
            r#""k":"response","x":{x},"status":101,"headers":[],"timing":{{}}"#
        ));
        let sid = format!("E{x}");
        self.down(&format!(
            r#"0{{"sid":"{sid}","upgrades":[],"pingInterval":1000,"pingTimeout":1000}}"#
        ))
    }

    fn frame(&mut self, dir: &str, data: &str) -> &mut Tapped {
        let data = serde_json::to_string(data).unwrap();
        self.add(&format!(
            r#""k":"frame","dir":"{dir}","op":"text","data":{data}"#
        ))
    }

    pub(super) fn up(&mut self, data: &str) -> &mut Tapped {
        self.frame("to_server", data)
    }

    pub(super) fn down(&mut self, data: &str) -> &mut Tapped {
        self.frame("to_client", data)
    }

    /// `/` is joined.
    pub(super) fn joins(&mut self) -> &mut Tapped {
        self.up("40").down(r#"40{"sid":"S"}"#)
    }

    pub(super) fn after(&mut self, ms: u64) -> &mut Tapped {
        self.t += ms as f64 / 1e3;
        self
    }

    pub(super) fn closes(&mut self, dir: &str, code: Option<u16>) -> &mut Tapped {
        let code = code.map_or(String::new(), |code| format!(",\"code\":{code}"));
        self.add(&format!(r#""k":"frame","dir":"{dir}","op":"close"{code}"#))
    }

    /// Healthy pings and pongs of Engine.IO 4.
    fn beats(&mut self, times: usize) -> &mut Tapped {
        for _ in 0..times {
            self.after(997).down("2").up("3");
        }
        self
    }

    /// A message is injected to the client or the server, as a tap announces it.
    pub(super) fn injects(&mut self, to: &str, what: &str) -> &mut Tapped {
        let text = serde_json::to_string(&format!("injected to the {to}: {what}")).unwrap();
        self.add(&format!(r#""k":"mark","text":{text}"#))
    }

    /// A record of an earlier connection.
    pub(super) fn goes(&mut self, c: u32, rest: &str) -> &mut Tapped {
        let current = std::mem::replace(&mut self.c, c);
        self.add(rest);
        self.c = current;
        self
    }

    pub(super) fn rules(&self) -> Vec<String> {
        findings_of(Source::Tap, &self.lines)
            .into_iter()
            .map(|finding| finding.rule)
            .collect()
    }
}

#[test]
fn a_second_connect_at_a_python_server_is_no_unknown_namespace() {
    let mut s = Tapped::on(4);
    s.joins().up("40").down("44\"Unable to connect\"").beats(1);
    assert!(!s.rules().contains(&"unknown-namespace".to_owned()));
    let mut s = Tapped::on(4);
    s.joins().up("40/a,").down("44/a,\"Unable to connect\"");
    assert_eq!(s.rules(), ["unknown-namespace"]);
}

#[test]
fn a_slow_answer_to_connect_is_still_an_answer() {
    let mut s = Tapped::on(4);
    s.up("40").beats(4).down(r#"40{"sid":"S"}"#).beats(4);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
    let mut s = Tapped::on(4);
    s.up("40").beats(6);
    assert_eq!(s.rules(), ["connect-unanswered"]);
}

#[test]
fn a_client_that_leaves_before_the_answer_is_not_kept_waiting() {
    let mut s = Tapped::on(4);
    s.up("40").beats(2).closes("to_server", None);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
}

#[test]
fn the_same_auth_of_two_clients_at_a_time_is_not_stale() {
    let mut s = Tapped::on(4);
    s.up(r#"40{"token":"x"}"#).down(r#"40{"sid":"S"}"#);
    s.opens(4);
    s.up(r#"40{"token":"x"}"#)
        .down(r#"44{"message":"already connected"}"#);
    assert_eq!(s.rules(), ["namespace-refused"]);
}

#[test]
fn recovery_does_not_make_the_same_auth_another() {
    let mut s = Tapped::on(4);
    s.up(r#"40{"token":"x"}"#)
        .down(r#"40{"sid":"S","pid":"P"}"#)
        .closes("to_client", None);
    s.opens(4);
    s.up(r#"40{"pid":"P","token":"x"}"#)
        .down(r#"44{"message":"jwt expired"}"#);
    let rules = s.rules();
    assert!(rules.contains(&"auth-stale".to_owned()), "{rules:?}");
    assert!(
        !rules.contains(&"namespace-refused".to_owned()),
        "{rules:?}"
    );
}

#[test]
fn a_tapped_clients_watchdog_is_known_by_its_silence() {
    let mut s = Tapped::on(4);
    s.joins().beats(2).after(2_000).closes("to_server", None);
    assert_eq!(s.rules(), ["ping-timeout-theirs"]);
    // It left a moment after a ping: that is leaving.
    let mut s = Tapped::on(4);
    s.joins().beats(2).after(300).closes("to_server", None);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
}

#[test]
fn a_client_whose_pongs_are_late_is_busy() {
    let mut s = Tapped::on(4);
    s.joins();
    for _ in 0..4 {
        s.after(500).down("2").after(1_500).up("3");
    }
    let findings = findings_of(Source::Tap, &s.lines);
    assert_eq!(findings[0].rule, "blocked-event-loop");
    assert!(
        findings[0].title.contains("client"),
        "{}",
        findings[0].title
    );
}

#[test]
fn late_pings_while_other_packets_come_are_no_blocked_loop() {
    let mut s = Tapped::on(4);
    s.joins();
    for _ in 0..5 {
        s.after(1_500).down("42[\"tick\"]");
        s.after(200).down("2").up("3");
    }
    assert!(s.rules().is_empty(), "{:?}", s.rules());
}

#[test]
fn an_answer_within_ten_seconds_is_an_answer() {
    let mut s = Tapped::on(4);
    s.joins().up("420[\"a\"]").beats(8).down("430[]").beats(8);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
    let mut s = Tapped::on(4);
    s.joins().up("420[\"a\"]").beats(11);
    assert_eq!(s.rules(), ["ack-unanswered"]);
}

#[test]
fn an_event_that_was_answered_may_be_sent_again() {
    let again = |answer: &str, second: &str| {
        let mut s = Tapped::on(4);
        s.joins().up(r#"420["order", {"id":7}]"#);
        if !answer.is_empty() {
            s.down(answer);
        }
        s.closes("to_client", Some(1001)).opens(4).joins();
        s.up(second).down("431[]");
        s.rules().contains(&"duplicate-emits".to_owned())
    };
    assert!(
        again("", r#"421["order",{"id":7}]"#),
        "spacing is no difference"
    );
    assert!(!again("430[]", r#"421["order",{"id":7}]"#));
    assert!(!again("", r#"421["order",{"id":8}]"#));
    assert!(!again("", r#"421["order",{"id":"7 "}]"#));
}

#[test]
fn what_is_subscribed_to_after_each_connect_is_no_duplicate() {
    let mut s = Tapped::on(4);
    for _ in 0..3 {
        s.joins().up(r#"42["subscribe","EURUSD"]"#);
        s.closes("to_client", Some(1001)).opens(4);
    }
    let rules = s.rules();
    assert!(!rules.contains(&"duplicate-emits".to_owned()), "{rules:?}");
}

#[test]
fn a_goodbye_explains_a_close_without_a_code() {
    let mut s = Tapped::on(4);
    s.joins().down("41").closes("to_client", None);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
    let mut s = Tapped::on(4);
    s.joins().beats(1).after(300).closes("to_client", None);
    assert_eq!(s.rules(), ["close-code"]);
}

#[test]
fn a_cut_without_a_close_frame_is_seen_behind_a_tap() {
    let mut s = Tapped::on(4);
    s.joins()
        .beats(1)
        .add(r#""k":"transport","name":"websocket","state":"closed","error":"cut (1006)""#);
    assert_eq!(s.rules(), ["close-code"]);
}

#[test]
fn a_packet_that_is_broken_by_a_gap_is_nobodys_fault() {
    let broken = r#"42["a",{"b":"#;
    let mut s = Tapped::on(4);
    s.joins().down(broken);
    assert_eq!(s.rules(), ["parse-error"]);
    let mut s = Tapped::on(4);
    s.joins()
        .add(r#""k":"gap","lost":{"records":3,"bytes":90}"#);
    s.down(broken);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
}

#[test]
fn leaving_a_namespace_and_the_engine_is_no_stray_packet() {
    let mut s = Tapped::on(4);
    s.joins().up("41").closes("to_client", None);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
}

#[test]
fn what_a_fault_did_is_no_case_of_these_rules() {
    let fault = r#""k":"fault","fault":"no-pong","did":"pongs were swallowed""#;
    let mut s = Tapped::on(4);
    s.joins().beats(1).add(fault).after(990).down("2");
    s.after(1_000).closes("to_client", None);
    assert!(s.rules().is_empty(), "{:?}", s.rules());
    let mut s = Tapped::on(4);
    s.joins().beats(1).after(990).down("2");
    s.after(1_000).closes("to_client", None);
    assert_eq!(s.rules(), ["ping-timeout-ours"]);
}

#[test]
fn a_disconnect_before_the_answer_is_a_client_on_its_way_out() {
    let mut s = Tapped::on(4);
    s.up("40").up("41").closes("to_client", Some(1005));
    assert!(
        !s.rules().contains(&"event-before-connect".to_owned()),
        "{:?}",
        s.rules()
    );
    // Where another namespace is lost with it, it is a mistake.
    let mut s = Tapped::on(4);
    s.joins().up("41/a,").closes("to_client", Some(1005));
    assert_eq!(s.rules(), ["event-before-connect"]);
}

/// A polling session whose waiting poll is answered with `status`, and which is unknown then.
fn poll_that_ends_with(status: u16) -> String {
    let url = "http://h/socket.io/?EIO=4&transport=polling";
    format!(
        r#"{{"n":1,"t":0.1,"c":1,"k":"request","x":1,"method":"GET","url":"{url}","headers":[]}}
{{"n":2,"t":0.2,"c":1,"k":"response","x":1,"status":200,"headers":[],"body":"0{{\"sid\":\"a\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000}}","timing":{{}}}}
{{"n":3,"t":0.3,"c":1,"k":"request","x":2,"method":"GET","url":"{url}&sid=a","headers":[]}}
{{"n":4,"t":3.3,"c":1,"k":"response","x":2,"status":{status},"headers":[["Server","nginx"]],"body":"<html><center>nginx</center></html>","timing":{{}}}}
{{"n":5,"t":3.4,"c":1,"k":"request","x":3,"method":"POST","url":"{url}&sid=a","headers":[],"body":"41"}}
{{"n":6,"t":3.5,"c":1,"k":"response","x":3,"status":400,"headers":[["Content-Type","application/json"]],"body":"{{\"code\":1,\"message\":\"Session ID unknown\"}}","timing":{{}}}}
"#
    )
}

#[test]
fn a_poll_that_a_proxy_gave_up_takes_its_session_along_and_is_no_restart() {
    let of = |status| findings_of(Source::Tap, &poll_that_ends_with(status));
    let severity = |findings: &[crate::journal::record::Finding]| {
        let gone =
            |found: &&crate::journal::record::Finding| found.rule == "restarted-or-killed-session";
        findings
            .iter()
            .find(gone)
            .map(|found| found.severity.clone())
    };
    let cut = of(504);
    assert!(cut.iter().any(|found| found.rule == "proxy-idle-timeout"));
    assert!(!cut.iter().any(|found| found.rule == "no-sticky-session"));
    assert_eq!(severity(&cut).as_deref(), Some("info"), "{cut:#?}");
    assert_eq!(severity(&of(502)).as_deref(), Some("warn"));
}

#[test]
fn a_websocket_that_falls_with_its_server_ran_into_no_idle_time() {
    let fall = |page: &str| {
        let mut s = Tapped::on(4);
        s.lines = s
            .lines
            .replace(r#"\"pingInterval\":1000"#, r#"\"pingInterval\":25000"#);
        s.joins().after(4_995);
        s.lines.push_str(page);
        s.add(r#""k":"connection","state":"closed","reason":"transport close","detail":"cut without a close frame (1006)""#);
        s.rules()
    };
    let page = r#"{"n":101,"t":4.9,"c":9,"k":"request","x":9,"method":"GET","url":"http://h/socket.io/?EIO=4&transport=polling","headers":[]}
{"n":102,"t":5.0,"c":9,"k":"response","x":9,"status":502,"headers":[["Server","nginx"]],"body":"<html><center>nginx</center></html>","timing":{}}
"#;
    let idle = "proxy-idle-timeout".to_owned();
    assert!(fall("").contains(&idle), "{:?}", fall(""));
    assert!(!fall(page).contains(&idle), "{:?}", fall(page));
}

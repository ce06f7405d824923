//! `--set` and `--capture`: fresh values in what is emitted.

use serde_json::json;

use super::stage::{Recorded, servers};
use crate::lab::Server;

/// A session in which the server gives a ticket and the client shows it.
#[track_caller]
fn with_ticket(server: &Server) -> Recorded {
    Recorded::with(&server.url(), &[], |run| {
        // python greets whenever it gets to it: later events shall not overtake that.
        run.say(json!({ "wait": { "event": "hello" } }));
        run.say(json!({ "emit": ["login", "ann"], "ack": true }));
        let given = run.wait_for(crate::interop::records::event("ticket"));
        let ticket = crate::interop::records::packets_of(&given, "to_client")
            .find(|packet| packet["data"][0] == "ticket")
            .map(|packet| packet["data"][1]["ticket"].clone())
            .expect("a ticket");
        run.say(json!({ "wait": { "event": "ticket" } }));
        run.say(json!({ "emit": ["use", { "ticket": ticket, "n": 1 }], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
    })
}

#[test]
fn a_captured_ticket_opens_the_door_that_the_recorded_one_does_not() {
    for (name, server) in servers() {
        let recorded = with_ticket(&server);
        let stale = recorded.replay(&server.url(), &["--check", "--wait", "match"]);
        assert_eq!(stale.code, Some(1), "{name}: {stale:?}");
        assert!(
            stale.stdout.contains("\"use\"") && stale.stdout.contains("forbidden"),
            "{name}: {stale:?}"
        );
        // From the event, and from the ack; and the check takes the fresh one for the old.
        for capture in ["t=ticket[0].ticket", "t=reply:login.ticket"] {
            let args = [
                "--check",
                "--wait",
                "match",
                "--capture",
                capture,
                "--set",
                "use[0].ticket={{t}}",
            ];
            let fresh = recorded.replay(&server.url(), &args);
            assert_eq!(fresh.code, Some(0), "{name} {capture}: {fresh:?}");
        }
    }
}

#[test]
fn a_captured_id_or_time_stands_for_the_recorded_value_wherever_it_shows_up() {
    for (name, server) in servers() {
        let recorded = Recorded::lines(
            &server.url(),
            &[],
            &[
                json!({ "wait": { "event": "hello" } }),
                json!({ "emit": ["greet", "ann"], "ack": true }),
                json!({ "wait": { "ack": true } }),
                json!({ "emit": ["echo", "in", { "password": "hunter22", "n": 1 }], "ack": true }),
                json!({ "wait": { "ack": true } }),
            ],
        );
        for (capture, set) in [
            ("x=reply:greet[0].by", "echo[1].password={{x}}"),
            ("x=reply:greet[0].at", "echo[1].password={{x}}"),
            ("x=reply:greet[0].text", "echo[1].password=so {{x}}"),
            ("x=reply:greet[0].by", "echo[1].password=a literal"),
        ] {
            let args = [
                "--check",
                "--wait",
                "match",
                "--capture",
                capture,
                "--set",
                set,
            ];
            let finished = recorded.replay(&server.url(), &args);
            assert_eq!(
                finished.code,
                Some(0),
                "{name} {capture} {set}: {finished:?}"
            );
        }
    }
}

#[test]
fn a_value_is_set_and_a_wrong_place_told_before_anything_is_sent() {
    let (_, server) = servers().swap_remove(1);
    let recorded = with_ticket(&server);
    let finished = recorded.replay(
        &server.url(),
        &["--set", "login[0]=bob", "--set", "use[0].n={\"a\":[2]}"],
    );
    assert_eq!(finished.code, Some(0), "{finished:?}");
    server.expect(|line| line["event"] == "login" && line["args"] == json!(["bob"]));
    server.expect(|line| line["event"] == "use" && line["args"][0]["n"] == json!({ "a": [2] }));
    let connections = || {
        (server.lines().iter())
            .filter(|line| line["saw"] == "connection")
            .count()
    };
    let seen = connections();
    for (args, word) in [
        (["--set", "logout[0]=1"], "login"),
        (["--set", "use[0].ticket={{t}}"], "--capture t="),
        (["--set", "use[0"], "--set"),
        (["--capture", "t=nothing[0]"], "ticket"),
        (["--capture", "no path"], "--capture"),
    ] {
        let finished = recorded.replay(&server.url(), &args);
        assert_eq!(finished.code, Some(2), "{args:?}: {finished:?}");
        assert!(finished.stderr.contains(word), "{args:?}: {finished:?}");
    }
    assert_eq!(connections(), seen);
}

#[test]
fn a_value_that_does_not_come_ends_with_1() {
    let (_, server) = servers().swap_remove(1);
    let recorded = with_ticket(&server);
    let finished = recorded.replay(
        &server.url(),
        &[
            "--capture",
            "t=ticket[0].other",
            "--set",
            "use[0].ticket={{t}}",
            "--timeout",
            "200ms",
        ],
    );
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.stderr.contains("--capture t") && finished.stderr.contains("\"use\""),
        "{finished:?}"
    );
}

//! When what is sent: as recorded, faster, by a key, or after what preceded it.

use serde_json::{Value, json};

use super::stage::Recorded;
use crate::lab::{Generation, Lab, Server, Sioscope};

/// Three emits, of which the second waits for what the server says late.
#[track_caller]
fn with_pauses(server: &Server) -> Recorded {
    Recorded::lines(
        &server.url(),
        &[],
        &[
            json!({ "emit": ["ack-late", 600, "one"], "ack": true }),
            json!({ "wait": { "ack": true } }),
            json!({ "emit": ["echo", "two"], "ack": true }),
            json!({ "wait": { "ack": true } }),
            json!({ "emit": ["echo", "three"] }),
            json!({ "wait": { "ms": 900 } }),
        ],
    )
}

/// The arguments of the events that a server saw since.
fn events(server: &Server, from: usize) -> Vec<Value> {
    (server.lines().into_iter().skip(from))
        .filter(|line| line["saw"] == "event")
        .map(|line| line["args"].clone())
        .collect()
}

#[test]
fn played_fast_everything_still_comes_in_its_order() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = with_pauses(&server);
    let from = server.lines().len();
    let finished = recorded.replay(&server.url(), &["--speed", "1000", "--check"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(
        events(&server, from),
        [json!([600, "one"]), json!(["two"]), json!(["three"])]
    );
    // Faster than the server's late ack: nothing waited for it.
    assert!(finished.stderr.contains(" in 0.0 s on "), "{finished:?}");
}

#[test]
fn a_leave_does_not_overtake_what_came_before_it_however_fast_it_is_played() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = Recorded::with(&server.url(), &[], |run| {
        run.say(json!({ "wait": { "event": "hello" } }));
        run.say(json!({ "emit": ["ack-late", 400, "slow"], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        run.wait_for(crate::interop::records::ack(0));
        let from = run.mark();
        run.say(json!({ "disconnect": true }));
        run.say(json!({ "wait": { "ms": 300 } }));
        run.say(json!({ "connect": true }));
        run.wait_from(from, |record| {
            record["k"] == "namespace" && record["state"] == "connected"
        });
        run.say(json!({ "emit": ["greet", "ann"], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
    });
    for speed in ["3", "1000"] {
        let finished = recorded.replay(&server.url(), &["--speed", speed, "--check"]);
        assert_eq!(finished.code, Some(0), "{speed}: {finished:?}");
    }
}

#[test]
fn match_sends_the_next_only_after_what_came_before_it() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = with_pauses(&server);
    let from = server.lines().len();
    let finished = recorded.replay(&server.url(), &["--wait", "match", "--check"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(events(&server, from).len(), 3);
    // A server that never gives it.
    let silent = Lab::server(Generation::V4, json!({ "greet": false }));
    let greeted = Recorded::lines(
        &server.url(),
        &[],
        &[
            json!({ "wait": { "event": "hello" } }),
            json!({ "emit": ["echo", "after hello"] }),
        ],
    );
    let args = ["--wait", "match", "--timeout", "300ms"];
    let finished = greeted.replay(&silent.url(), &args);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished
            .stderr
            .contains("waited 300 ms for event \"hello\" on /"),
        "{finished:?}"
    );
    assert!(events(&silent, 0).is_empty());
}

#[test]
fn each_step_goes_by_a_line_where_there_is_no_terminal() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = with_pauses(&server);
    let from = server.lines().len();
    let run = Sioscope::start(&[
        "replay",
        &recorded.file(),
        &server.url(),
        "--step",
        "--timeout",
        "2s",
    ]);
    run.wait_for_talk("1/3 emit \"ack-late\"");
    assert!(events(&server, from).is_empty());
    run.say_text("");
    run.wait_for_talk("2/3 emit \"echo\" on / [\"two\"]");
    run.say_text("skip");
    run.wait_for_talk("3/3 emit \"echo\" on / [\"three\"]");
    run.say_text("what?");
    run.wait_for_talk("stdin line 3");
    run.say_text("all");
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.stderr.contains("played 2 of 3 emits"),
        "{finished:?}"
    );
    assert_eq!(
        events(&server, from),
        [json!([600, "one"]), json!(["three"])]
    );
}

#[test]
fn what_a_secret_name_holds_is_not_told_with_a_step() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = Recorded::lines(
        &server.url(),
        &[],
        &[
            json!({ "emit": ["echo", { "user": "ann", "password": "hunter22secret" }], "ack": true }),
            json!({ "wait": { "ack": true } }),
        ],
    );
    let run = Sioscope::start(&["replay", &recorded.file(), &server.url(), "--step"]);
    run.wait_for_talk("emit \"echo\" on / [{\"user\":\"ann\",\"password\":\"•••\"}]");
    run.say_text("");
    // It is sent as it was.
    server.expect(|line| line["args"][0]["password"] == "hunter22secret");
    let finished = run.wait_for_end();
    assert!(!finished.stderr.contains("hunter22"), "{finished:?}");
}

#[test]
fn the_end_of_input_leaves_where_each_step_goes_by_a_line() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = with_pauses(&server);
    let from = server.lines().len();
    let finished = recorded.replay(&server.url(), &["--step"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(events(&server, from).is_empty());
}

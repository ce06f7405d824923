//! `--driver rust_socketio`: the published client behind a tap, against real servers.

use std::process::Command;

use serde_json::{Value, json};

use super::records::{all, event, namespace, packets, state};
use crate::lab::{Generation, Lab, Sioscope};

const DRIVER: [&str; 3] = ["--no-record", "--driver", "rust_socketio"];
const SOON: [&str; 4] = [
    "--reconnection-delay",
    "20",
    "--reconnection-delay-max",
    "50",
];

fn stream(url: &str, more: &[&str]) -> Sioscope {
    Sioscope::stream(url, &[&DRIVER[..], more].concat())
}

/// A mark with this text.
fn mark(text: &str) -> impl Fn(&Value) -> bool {
    move |record| record["k"] == "mark" && record["text"] == text
}

/// A mark that begins so.
fn mark_of(start: &str) -> impl Fn(&Value) -> bool {
    move |record| {
        let text = record["text"].as_str().unwrap_or_default();
        record["k"] == "mark" && text.starts_with(start)
    }
}

fn ack(state: &'static str) -> impl Fn(&Value) -> bool {
    move |record| record["k"] == "ack" && record["state"] == state
}

#[test]
fn bytes_and_callbacks_stand_beside_each_other_in_each_generation_and_transport() {
    for generation in [Generation::V3, Generation::V4] {
        for transports in ["polling,websocket", "polling", "websocket"] {
            let server = Lab::server(generation, json!({}));
            let run = stream(&server.url(), &["--transports", transports]);
            // Given before there is a connection: held until the namespace is there.
            run.say(json!({ "emit": ["echo", "x", { "a": 1 }], "ack": true }));
            run.say(json!({ "wait": { "ack": true } }));
            let finished = run.finish();
            let place = format!("{generation:?} over {transports}: {finished:?}");
            assert_eq!(finished.code, Some(0), "{place}");
            let records = run.records();
            let one = |wanted: &dyn Fn(&Value) -> bool, what: &str| {
                assert_eq!(all(&records, wanted).len(), 1, "{what}: {place}");
            };
            one(&event("hello"), "the event on the wire");
            one(
                &mark_of("rust_socketio: event \"hello\" [{"),
                "the callback of the event",
            );
            one(&mark("rust_socketio: connect"), "the callback of CONNECT");
            one(
                &mark("rust_socketio: ack of \"echo\" [[\"x\",{\"a\":1}]]"),
                "the callback of the ack",
            );
            one(&namespace("/", "connected"), "the namespace");
            one(&ack("pending"), "the question");
            one(&ack("answered"), "the answer");
            // Its habit: a pong that nobody asked for.
            let sent = packets(&records, "to_server");
            assert!(sent.iter().any(|packet| packet["engine"] == "pong"));
            server.expect(|line| line["saw"] == "event" && line["args"] == json!(["x", {"a": 1}]));
        }
    }
}

#[test]
fn auth_headers_and_query_reach_the_server() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = stream(
        &server.url(),
        &[
            "-n",
            "/admin={\"token\":\"letmein\"}",
            "-H",
            "X-Team: blue",
            "-b",
            "a=1",
            "-q",
            "room=ü 1",
        ],
    );
    run.say(json!({ "emit": ["whoami"], "ack": true }));
    run.say(json!({ "wait": { "ack": true } }));
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let received = packets(&run.records(), "to_client");
    let answer = received
        .iter()
        .find(|packet| packet["type"] == "ack")
        .expect("an ack");
    let known = &answer["data"][0];
    assert_eq!(known["auth"], json!({ "token": "letmein" }));
    assert_eq!(known["headers"]["x-team"], "blue");
    assert_eq!(known["headers"]["cookie"], "a=1");
    assert_eq!(known["query"]["room"], "ü 1");
}

#[test]
fn a_refused_namespace_ends_with_3_and_the_servers_word() {
    let server = Lab::server(Generation::V4, json!({}));
    let url = format!("{}/deny", server.url());
    let run = stream(&url, &[]);
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(
        finished.stderr.contains("namespace /deny refused: closed"),
        "{finished:?}"
    );
    run.wait_for(namespace("/deny", "refused"));
    run.wait_for(mark_of(
        "rust_socketio: error Received an ConnectError frame: {",
    ));
    let finished = Sioscope::run(&[&["emit", &url, "echo"], &DRIVER[..]].concat());
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.stderr.contains("refused: closed"), "{finished:?}");
}

#[test]
fn auth_is_read_again_before_each_attempt_and_a_stale_one_is_refused_on_the_way_back() {
    // Each token is good once.
    let server = Lab::server(Generation::V4, json!({ "tokenUses": 1 }));
    let url = format!("{}/admin", server.url());
    let fresh = r#"!echo "{\"token\":\"letmein-$$\"}""#;
    let run = stream(&url, &[&SOON[..], &["--auth", fresh]].concat());
    run.say(json!({ "wait": { "namespace": "/admin" } }));
    run.say(json!({ "fault": "drop" }));
    let (_, next) = run.wait_from(0, namespace("/admin", "disconnected"));
    run.wait_from(next, namespace("/admin", "connected"));
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");

    let stale = r#"{"token":"letmein-always"}"#;
    let run = stream(&url, &[&SOON[..], &["--auth", stale]].concat());
    run.say(json!({ "wait": { "namespace": "/admin" } }));
    run.say(json!({ "fault": "drop" }));
    let (refused, _) = run.wait_from(0, namespace("/admin", "refused"));
    assert_eq!(refused["reason"], "jwt expired", "{refused}");
    run.wait_for(mark_of("rust_socketio: error"));
    let finished = run.wait_for_end();
    assert!(finished.stderr.contains("jwt expired"), "{finished:?}");
    assert_eq!(finished.code, Some(4), "{finished:?}");
}

#[test]
fn emit_prints_the_ack() {
    let server = Lab::server(Generation::V4, json!({}));
    let arguments = ["emit", &server.url(), "echo", "1", "two", "--ack"];
    let finished = Sioscope::run(&[&arguments[..], &DRIVER].concat());
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (Some(0), "[1,\"two\"]\n"),
        "{finished:?}"
    );
    let arguments = ["emit", "http://127.0.0.1:1", "echo", "--ack"];
    let finished = Sioscope::run(&[&arguments[..], &DRIVER].concat());
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(
        finished.stderr.contains("refused the connection"),
        "{finished:?}"
    );
}

#[test]
fn an_ack_that_does_not_come_is_a_timeout_although_the_library_never_says_so() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = stream(&server.url(), &[]);
    run.say(json!({ "emit": ["ack-never"], "ack": true, "timeout_ms": 50 }));
    run.say(json!({ "wait": { "ack": true } }));
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.stderr.contains("did not come in time"),
        "{finished:?}"
    );
    run.wait_for(ack("timeout"));
}

#[test]
fn after_a_killed_server_its_attempts_are_seen_until_the_limit_and_the_run_ends_with_4() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = stream(
        &server.url(),
        &[&SOON[..], &["--reconnection-attempts", "3"]].concat(),
    );
    run.wait_for(mark("rust_socketio: connect"));
    server.kill();
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(4), "{finished:?}");
    let records = run.records();
    for attempt in 1..=3 {
        run.wait_for(mark(&format!("rust_socketio: reconnect attempt {attempt}")));
    }
    assert!(all(&records, mark("rust_socketio: reconnect attempt 4")).is_empty());
    run.wait_for(mark_of("rust_socketio: error EngineIO Error"));
    run.wait_for(mark_of("rust_socketio: 3 attempts failed"));
    run.wait_for(state("connection", "gave_up"));
    // Each attempt is a connection of its own in the tap's records (its fallback to polling
    // makes a second one of it).
    let tried = all(&records, state("connection", "connecting")).len();
    assert!((4..=7).contains(&tried), "{tried} connections");
    let lost = run.wait_for(namespace("/", "disconnected"));
    assert_eq!(lost["reason"], "transport close");
}

#[test]
fn it_comes_back_when_the_server_does() {
    let server = Lab::server(Generation::V4, json!({}));
    let port = server.port();
    let run = stream(&server.url(), &SOON);
    run.wait_for(mark("rust_socketio: connect"));
    server.kill();
    run.wait_for(mark("rust_socketio: reconnect attempt 2"));
    let from = run.mark();
    let server = Lab::server(Generation::V4, json!({ "port": port }));
    let (back, _) = run.wait_from(from, namespace("/", "connected"));
    assert!(back["c"].as_u64() > Some(1), "{back}");
    run.wait_from(from, mark("rust_socketio: connect"));
    run.say(json!({ "emit": ["echo", "again"], "ack": true }));
    run.say(json!({ "wait": { "ack": true } }));
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    server.expect(|line| line["saw"] == "event" && line["args"] == json!(["again"]));
}

#[test]
fn faults_are_made_by_its_tap() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = stream(&server.url(), &SOON);
    run.say(json!({ "wait": { "namespace": "/" } }));
    run.say(json!({ "fault": "drop" }));
    run.wait_for(|record| record["k"] == "fault" && record["fault"] == "drop");
    let (closed, next) = run.wait_from(0, state("connection", "closed"));
    assert_eq!(closed["reason"], "transport close");
    run.wait_for(mark("rust_socketio: reconnect attempt 1"));
    run.wait_from(next, namespace("/", "connected"));
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn a_servers_disconnect_is_not_retried_and_ends_with_4() {
    let server = Lab::server(Generation::V4, json!({}));
    for kick in ["kick", "kick-close"] {
        let run = stream(&server.url(), &SOON);
        run.say(json!({ "emit": [kick] }));
        let finished = run.wait_for_end();
        assert_eq!(finished.code, Some(4), "{kick}: {finished:?}");
        let left = run.wait_for(namespace("/", "disconnected"));
        assert_eq!(left["reason"], "io server disconnect", "{kick}");
        run.wait_for(mark("rust_socketio: close"));
        let records = run.records();
        assert!(all(&records, mark_of("rust_socketio: reconnect")).is_empty());
    }
}

#[test]
fn disconnect_and_connect_make_a_new_client() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = stream(&server.url(), &[]);
    run.say(json!({ "wait": { "event": "hello" } }));
    run.say(json!({ "disconnect": true }));
    run.say(json!({ "connect": true }));
    run.say(json!({ "wait": { "event": "hello" } }));
    run.say(json!({ "quit": true }));
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let records = run.records();
    assert_eq!(all(&records, namespace("/", "connected")).len(), 2);
    let left = all(&records, namespace("/", "disconnected"));
    assert_eq!(left.len(), 2, "both left politely");
    assert!(
        left.iter()
            .all(|one| one["reason"] == "io client disconnect")
    );
}

#[test]
fn what_the_library_can_not_do_is_said_before_anything_is_connected() {
    let server = Lab::server(Generation::V4, json!({ "requests": true }));
    for (args, words) in [
        (&["--eio", "3"][..], "Engine.IO 4 only"),
        (&["--profile", "js2"], "--profile"),
        (&["--profile", "java1"], "--profile"),
        (&["-n", "/a", "-n", "/b"], "one namespace"),
        (&["--parser", "msgpack"], "msgpack"),
        (&["--probe-rtt", "1"], "--probe-rtt"),
        (&["--reconnection-attempts", "1000"], "255"),
    ] {
        let start = ["stream", &server.url()];
        let finished = Sioscope::run(&[&start[..], &DRIVER, args].concat());
        assert_eq!(finished.code, Some(2), "{args:?}: {finished:?}");
        assert!(finished.stdout.is_empty(), "{args:?}: {finished:?}");
        assert!(
            finished.stderr.contains("--driver rust_socketio: ") && finished.stderr.contains(words),
            "{args:?}: {finished:?}"
        );
    }
    assert!(!server.lines().iter().any(|line| line["saw"] == "request"));
}

#[test]
fn commands_that_it_can_not_carry_out_are_bad_lines() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = stream(&server.url(), &[]);
    run.say(json!({ "wait": { "namespace": "/" } }));
    for command in [
        json!({ "join": "/chat" }),
        json!({ "leave": "/" }),
        json!({ "answer": [1], "id": 0 }),
        json!({ "emit": ["echo"], "volatile": true }),
        json!({ "emit": ["echo", { "$binary": "AQI=" }, 2] }),
    ] {
        run.say(command);
    }
    run.say(json!({ "emit": ["echo", { "$binary": "AQI=" }] }));
    run.say(json!({ "wait": { "event": "echo" } }));
    let finished = run.finish();
    assert_eq!(finished.code, Some(2), "{finished:?}");
    for (line, words) in [
        (2, "one namespace"),
        (3, "disconnect"),
        (4, "can't be answered"),
        (5, "volatile"),
        (6, "binary only as the one and only argument"),
    ] {
        let told = format!("stdin line {line}: ");
        let said = finished.stderr.lines().find(|said| said.contains(&told));
        assert!(
            said.is_some_and(|said| said.contains(words)),
            "{line}: {finished:?}"
        );
    }
    // The one that it can send came through, and back with a name of the library's making.
    server.expect(|line| line["saw"] == "event" && line["event"] == "echo");
    run.wait_for(mark_of("rust_socketio: event \"echo"));
}

#[test]
fn a_proxy_of_the_environment_does_not_come_between_it_and_its_tap() {
    let server = Lab::server(Generation::V4, json!({}));
    let home = tempfile::tempdir().expect("a temporary directory");
    for (exceptions, value) in [("NO_PROXY", ""), ("no_proxy", "example.org")] {
        let output = Command::new(env!("CARGO_BIN_EXE_sioscope"))
            .args(["emit", &server.url(), "echo", "through", "--ack"])
            .args(["--transports", "polling"])
            .args(DRIVER)
            .env("HOME", home.path())
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            // Nobody listens there.
            .env("http_proxy", "http://127.0.0.1:1")
            .env("ALL_PROXY", "http://127.0.0.1:1")
            .env(exceptions, value)
            .output()
            .expect("the program");
        assert_eq!(
            (
                output.status.code(),
                String::from_utf8_lossy(&output.stdout).as_ref()
            ),
            (Some(0), "[\"through\"]\n"),
            "{output:?}"
        );
    }
}

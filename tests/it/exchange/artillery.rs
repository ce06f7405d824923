//! What is exported for Artillery runs in the real Artillery against a real server.

use std::fs;

use serde_json::{Value, json};

use super::{export, text};
use crate::lab::{Generation, Lab, Sioscope};

/// Milliseconds without a word before the client leaves: far more than all the rest takes, and no
/// whole number of seconds.
const PAUSE: u64 = 2_345;

#[test]
fn the_scenario_does_what_the_client_did_with_the_token_of_the_environment() {
    let server = Lab::server(Generation::V4, json!({ "token": "letmein-4711" }));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("work.sio.jsonl");
    let run = Sioscope::stream(
        &server.url(),
        &[
            "-n",
            "/",
            "-n",
            r#"/admin={"token":"letmein-4711"}"#,
            "-n",
            "/chat",
            "-q",
            "version=7",
            "--record",
            text(&file),
        ],
    );
    for nsp in ["/", "/admin", "/chat"] {
        run.wait_for(|record| record["nsp"] == nsp && record["state"] == "connected");
    }
    let emits = [
        (
            "/",
            json!(["echo", "grüße: \"x\" # no comment", { "n": [1, null, true, 2.5], "a.b": "c" }]),
            true,
        ),
        ("/", json!(["echo"]), true),
        ("/chat", json!(["say", "lobby", "hi"]), false),
        ("/admin", json!(["echo", { "deep": { "er": [] } }]), true),
        ("/", json!(["ack-never"]), false),
    ];
    for (nsp, emit, ack) in &emits {
        run.say(json!({ "emit": emit, "nsp": nsp, "ack": ack }));
        if *ack {
            run.say(json!({ "wait": { "ack": true } }));
        }
    }
    run.say(json!({ "emit": ["echo", { "$binary": "AAE=" }] }));
    run.say(json!({ "emit": ["echo", "{{ name }}"] }));
    run.say(json!({ "emit": ["ack-never"], "ack": true, "timeout_ms": 50 }));
    run.say(json!({ "wait": { "ms": PAUSE } }));
    run.say(json!({ "disconnect": true }));
    // The ack that never came is an expectation that failed.
    assert_eq!(run.finish().code, Some(1));
    let before = seen(&server.lines());

    let scenario = folder.path().join("scenario.yml");
    let (_, talk) = export(&file, "artillery", &["-o", text(&scenario)]);
    for what in ["arguments are binary", "{{…}}", "it never came"] {
        assert!(talk.contains(what), "{what}: {talk}");
    }
    let yaml = fs::read_to_string(&scenario).expect("the scenario");
    assert!(!yaml.contains("letmein"), "{yaml}");
    assert!(yaml.contains("SIOSCOPE_AUTH_TOKEN"), "{yaml}");

    let done = Lab::artillery(&scenario, &[("SIOSCOPE_AUTH_TOKEN", "letmein-4711")]);
    assert_eq!(done.code, Some(0), "{yaml}\n{done:?}");
    assert!(done.stdout.contains("vusers.completed"), "{done:?}");
    let failed = done
        .stdout
        .lines()
        .find(|line| line.starts_with("vusers.failed"));
    assert!(failed.is_some_and(|line| line.ends_with(" 0")), "{done:?}");
    assert!(!done.stdout.contains("errors."), "{yaml}\n{done:?}");
    // The recorded pause was kept: a client's session took at least that long.
    let shortest = session_length(&done.stdout).unwrap_or_else(|| panic!("{done:?}"));
    assert!(shortest >= PAUSE as f64, "{shortest} ms\n{yaml}\n{done:?}");
    let mut expected: Vec<Value> = emits
        .iter()
        .map(|(nsp, emit, _)| json!({ "nsp": nsp, "event": emit[0], "args": emit.as_array().expect("a list")[1..] }))
        .collect();
    // The one whose ack never came is emitted without asking.
    expected.push(json!({ "nsp": "/", "event": "ack-never", "args": [] }));
    let after = seen(&server.lines());
    assert_eq!(after[before.len()..], expected, "{yaml}");
}

/// The shortest session of the summary, in milliseconds.
fn session_length(said: &str) -> Option<f64> {
    let (_, rest) = said.rsplit_once("vusers.session_length:")?;
    let line = rest.lines().find(|line| line.trim().starts_with("min:"))?;
    line.split_whitespace().last()?.parse().ok()
}

/// The events that the server saw.
fn seen(lines: &[Value]) -> Vec<Value> {
    lines
        .iter()
        .filter(|line| line["saw"] == "event")
        .map(|line| json!({ "nsp": line["nsp"], "event": line["event"], "args": line["args"] }))
        .collect()
}

#[test]
fn what_artillery_does_not_speak_is_refused_with_the_reason() {
    let done = Sioscope::run(&[
        "export",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/sessions/ack-unanswered.speaks.2.sio.jsonl"
        ),
        "--format",
        "artillery",
    ]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("generation 2"), "{done:?}");
    assert_eq!(done.stdout, "");
}

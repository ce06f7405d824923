//! How a run goes and ends: bad lines, waits in vain, its time, signals, a reader that leaves.

use std::process::Command;

use serde_json::json;

use super::records::{all, event, namespace, packets, state};
use crate::lab::{Generation, Lab, Sioscope};

/// `script` in a shell with a time limit; `$1` is the program, `$2` the server's URL.
fn shell(script: &str, url: &str) -> (Option<i32>, String, String) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = Command::new("timeout")
        .args([
            "30",
            "sh",
            "-c",
            script,
            "sh",
            env!("CARGO_BIN_EXE_sioscope"),
            url,
        ])
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path())
        .current_dir(home.path())
        .output()
        .expect("a shell");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn bad_lines_are_told_with_their_number_and_the_run_goes_on() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(&server.url(), &["--no-record"]);
    run.say(json!({ "wait": { "namespace": "/" } }));
    run.say_text("no JSON");
    run.say_text(r#"{"shout":["echo"]}"#);
    run.say_text("");
    run.say_text(r#"{"emit":["echo"],"nsp":"/never-joined"}"#);
    run.say_text(r#"{"emit":["echo"],"tiemout_ms":5}"#);
    run.say(json!({ "emit": ["echo", "after"], "ack": true }));
    run.say(json!({ "wait": { "ack": true } }));
    let finished = run.finish();
    assert_eq!(finished.code, Some(2), "{finished:?}");
    for line in [2, 3, 5, 6] {
        assert!(
            finished.stderr.contains(&format!("stdin line {line}: ")),
            "{line}: {finished:?}"
        );
    }
    assert!(!finished.stderr.contains("stdin line 4"), "{finished:?}");
    server.expect(|line| line["saw"] == "event" && line["args"] == json!(["after"]));
}

#[test]
fn a_mistake_on_the_command_line_ends_with_2_before_anything_is_connected() {
    let server = Lab::server(Generation::V4, json!({ "requests": true }));
    for args in [
        &["--transports", "pigeon"][..],
        &["--auth", "{broken"],
        &["-H", "no colon"],
        &["--eio", "5"],
        &["-n", "/a", "-n", "/a"],
        &["--randomization-factor", "2"],
        &["--cacert", "/does/not/exist"],
        &["--unknown-option"],
    ] {
        let finished = Sioscope::run(&[&["stream", &server.url()], args].concat());
        assert_eq!(finished.code, Some(2), "{args:?}: {finished:?}");
        assert!(
            finished.stdout.is_empty() && !finished.stderr.is_empty(),
            "{args:?}: {finished:?}"
        );
    }
    assert!(!server.lines().iter().any(|line| line["saw"] == "request"));
}

#[test]
fn a_wait_in_vain_ends_with_1_and_says_what_for() {
    let server = Lab::server(Generation::V4, json!({}));
    for (wait, words) in [
        (
            json!({ "event": "never", "timeout_ms": 50 }),
            "event \"never\"",
        ),
        (
            json!({ "namespace": "/never", "timeout_ms": 50 }),
            "namespace /never",
        ),
        (
            json!({ "namespace": "/deny", "timeout_ms": 400 }),
            "refused: closed",
        ),
    ] {
        let run = Sioscope::stream(&server.url(), &["--no-record", "-n", "/", "-n", "/deny"]);
        run.say(json!({ "wait": { "namespace": "/" } }));
        run.say(json!({ "wait": wait }));
        let finished = run.wait_for_end();
        assert_eq!(finished.code, Some(1), "{wait}: {finished:?}");
        assert!(
            finished.stderr.contains("stdin line 2") && finished.stderr.contains(words),
            "{wait}: {finished:?}"
        );
    }
    let run = Sioscope::stream(&server.url(), &["--no-record"]);
    run.say(json!({ "emit": ["ack-never"], "ack": true, "timeout_ms": 50 }));
    run.say(json!({ "wait": { "ack": true } }));
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("stdin line 2"), "{finished:?}");
}

#[test]
fn the_last_emit_before_the_end_of_input_is_sent() {
    for transport in ["websocket", "polling"] {
        let server = Lab::server(Generation::V4, json!({}));
        let run = Sioscope::stream(&server.url(), &["--no-record", "--transports", transport]);
        run.wait_for(namespace("/", "connected"));
        run.say(json!({ "emit": ["echo", "last"] }));
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{transport}: {finished:?}");
        server.expect(|line| line["saw"] == "event" && line["args"] == json!(["last"]));
    }
}

#[test]
fn a_run_with_a_time_stays_until_it_is_over_and_leaves() {
    let server = Lab::server(Generation::V4, json!({}));
    let finished = Sioscope::run(&["stream", &server.url(), "--no-record", "--for", "700ms"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("\"connected\""), "{finished:?}");
    server.expect(|line| {
        line["saw"] == "disconnect" && line["reason"] == "client namespace disconnect"
    });
}

#[test]
fn quit_leaves_although_the_input_is_open() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(&server.url(), &["--no-record"]);
    run.say(json!({ "wait": { "namespace": "/" } }));
    run.say(json!({ "mark": "leaving" }));
    run.say(json!({ "quit": true }));
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(
        all(&run.records(), |record| record["k"] == "mark"
            && record["text"] == "leaving")
        .len(),
        1
    );
    server.expect(|line| {
        line["saw"] == "disconnect" && line["reason"] == "client namespace disconnect"
    });
}

#[test]
fn sigterm_and_sigint_leave_politely_also_in_a_flood() {
    for signal in ["TERM", "INT"] {
        let server = Lab::server(Generation::V4, json!({}));
        let run = Sioscope::stream(&server.url(), &["--no-record", "--transports", "websocket"]);
        run.say(json!({ "wait": { "namespace": "/" } }));
        run.say(json!({ "emit": ["flood", 3000] }));
        run.wait_for(event("flood"));
        run.signal(signal);
        let finished = run.wait_for_end();
        assert_eq!(finished.code, Some(130), "{signal}: {:?}", finished.stderr);
        let last = run.records().pop().expect("a record");
        assert_eq!(last["k"], "connection", "{signal}: {last}");
        assert!(
            state("connection", "closed")(&last) && last["reason"] == "io client disconnect",
            "{last}"
        );
        server.expect(|line| line["saw"] == "disconnect");
    }
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    let server = Lab::server(Generation::V4, json!({}));
    let (_, stdout, stderr) = shell(
        r#"printf '{"wait":{"namespace":"/"}}\n{"emit":["flood",20000]}\n' |
           { "$1" stream "$2" --no-record --for 20s; echo "code $?" >&2; } | head -n 2"#,
        &server.url(),
    );
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
    assert_eq!(stderr, "code 0\n");
}

#[test]
fn emit_prints_the_answer_and_nothing_else() {
    let server = Lab::server(Generation::V4, json!({}));
    let url = server.url();
    for (args, stdout, code) in [
        (
            &["echo", "[1,2]", "text", "{\"a\":null}", "--ack"][..],
            "[[1,2],\"text\",{\"a\":null}]\n",
            0,
        ),
        (&["echo", "--ack"], "[]\n", 0),
        (&["echo", "quiet"], "", 0),
        (&["ack-never", "--ack", "--ack-timeout", "100"], "", 1),
    ] {
        let finished = Sioscope::run(&[&["emit", &url], args, &["--no-record"]].concat());
        assert_eq!(
            (finished.code, &*finished.stdout),
            (Some(code), stdout),
            "{args:?}: {finished:?}"
        );
    }
    server.expect(|line| line["saw"] == "event" && line["args"] == json!(["quiet"]));
    server.kill();
    let nobody = Sioscope::run(&["emit", &url, "echo", "--no-record"]);
    assert_eq!(nobody.code, Some(3), "{nobody:?}");
}

#[test]
fn the_whole_of_a_flood_arrives_in_order() {
    let server = Lab::server(Generation::V4, json!({}));
    for choice in ["polling", "websocket"] {
        let run = Sioscope::stream(&server.url(), &["--no-record", "--transports", choice]);
        run.wait_for(namespace("/", "connected"));
        run.say(json!({ "emit": ["flood", 5000], "ack": true }));
        run.say(json!({ "wait": { "ack": true, "timeout_ms": 15_000 } }));
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{choice}: {}", finished.stderr);
        let numbers: Vec<_> = packets(&run.records(), "to_client")
            .iter()
            .filter(|packet| packet["data"][0] == "flood")
            .filter_map(|packet| packet["data"][1].as_u64())
            .collect();
        assert!(
            numbers.iter().copied().eq(0..5000),
            "{choice}: {} events",
            numbers.len()
        );
    }
}

//! Sound servers of every kind: nothing is said against them, and nothing is left behind.

use serde_json::{Value, json};

use super::doctor;
use crate::lab::{Generation, Lab, Server, Sioscope};

fn saw<'a>(lines: &'a [Value], what: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["saw"] == what).collect()
}

/// Every request that the server saw is in the list, and none besides; every session was closed.
#[track_caller]
fn kept_its_word(server: &Server, listed: usize) {
    server.expect(|line| line["saw"] == "engine_close");
    let lines = server.lines();
    assert_eq!(saw(&lines, "request").len(), listed, "{lines:#?}");
    let opened = saw(&lines, "engine").len();
    assert!(opened > 0);
    let all_closed = |lines: &[Value]| saw(lines, "engine_close").len() == opened;
    for _ in 0..100 {
        if all_closed(&server.lines()) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!(
        "of {opened} sessions not all were closed: {:#?}",
        server.lines()
    );
}

#[test]
fn every_generation_is_sound_and_every_request_is_listed() {
    for generation in Generation::ALL {
        let server = Lab::server(generation, json!({ "requests": true }));
        let examined = doctor(&[&server.url()]);
        examined.is_sound();
        examined.says(
            "generation",
            "ok",
            &[&format!("Engine.IO {}", generation.eio())],
        );
        kept_its_word(&server, examined.list("requests").len());
    }
}

#[test]
fn nothing_is_emitted_and_every_namespace_is_left() {
    let server = Lab::server(Generation::V4, json!({ "packets": true }));
    doctor(&[&server.url(), "-n", "/", "-n", "/chat"]).is_sound();
    let lines = server.lines();
    assert_eq!(saw(&lines, "event"), [] as [&Value; 0]);
    assert_eq!(
        saw(&lines, "connection").len(),
        saw(&lines, "disconnect").len(),
        "{lines:#?}"
    );
}

#[test]
fn python_is_sound_and_is_told_from_node() {
    let server = Server::python(json!({}));
    let examined = doctor(&[&server.url(), "-n", "/chat"]);
    examined.is_sound();
    examined.says("generation", "ok", &["python-socketio"]);
    examined.says("namespaces", "ok", &["/chat joined"]);
}

#[test]
fn the_demo_is_sound() {
    let demo = Sioscope::start(&["demo", "--headless", "--listen", "127.0.0.1:0"]);
    let said = demo.wait_for_talk("listening on ");
    let url = said.rsplit(' ').next().unwrap_or_default();
    doctor(&[url]).is_sound();
}

#[test]
fn other_parsers_paths_cookies_and_compression_are_sound() {
    let cases: [(Value, &[&str]); 4] = [
        (json!({ "parser": "msgpack" }), &["--parser", "msgpack"]),
        (json!({ "path": "/ws" }), &["--path", "/ws"]),
        (json!({ "cookie": true, "perMessageDeflate": true }), &[]),
        (json!({ "allowEIO3": true }), &["--eio", "3"]),
    ];
    for (options, args) in cases {
        let server = Lab::server(Generation::V4, options);
        doctor(&[&[server.url().as_str()], args].concat()).is_sound();
    }
}

#[test]
fn what_was_recorded_is_read_again_without_a_finding() {
    let server = Lab::server(Generation::V4, json!({}));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.sio.jsonl").display().to_string();
    let examined = doctor(&[&server.url(), "--record", &file]);
    examined.is_sound();
    let again = doctor(&[&file]);
    assert_eq!(again.code, Some(0), "{:#}", again.report);
    assert_eq!(again.rules(), [] as [&str; 0], "{:#}", again.report);
    again.says("file", "ok", &["records of http://127.0.0.1"]);
}

#[test]
fn a_session_that_went_wrong_is_told_by_its_rule() {
    let gallery = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/no-sticky-session");
    let spoken = doctor(&[&format!("{gallery}.speaks.sio.jsonl")]);
    assert_eq!(spoken.code, Some(1), "{:#}", spoken.report);
    assert_eq!(spoken.rules(), ["no-sticky-session"]);
    spoken.says("no-sticky-session", "fail", &[]);
    let silent = doctor(&[&format!("{gallery}.silent.sio.jsonl")]);
    assert!(!silent.rules().contains(&"no-sticky-session"));
}

#[test]
fn a_session_with_nothing_but_warnings_is_not_called_well_and_a_swallowed_upgrade_fails() {
    let session = |rule: &str| {
        let gallery = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions");
        Sioscope::run(&["doctor", &format!("{gallery}/{rule}.speaks.sio.jsonl")])
    };
    for rule in ["reconnect-storm", "blocked-event-loop"] {
        let finished = session(rule);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(finished.stdout.contains(" warning"), "{}", finished.stdout);
        assert!(
            !finished.stdout.contains("nothing is wrong"),
            "{}",
            finished.stdout
        );
    }
    // As when the endpoint itself is examined.
    let swallowed = session("upgrade-header-swallowed");
    assert_eq!(swallowed.code, Some(1), "{swallowed:?}");
    assert!(swallowed.stdout.contains("something is wrong"));
}

#[test]
fn the_page_names_requests_checks_and_the_end_without_colours() {
    let server = Lab::server(Generation::V4, json!({}));
    let finished = Sioscope::run(&["doctor", &server.url()]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for words in [
        "Requests\n   1  GET",
        "Checks\n",
        "✓ ok      upgrade",
        "nothing is wrong",
    ] {
        assert!(
            finished.stdout.contains(words),
            "{words}: {}",
            finished.stdout
        );
    }
    assert!(!finished.stdout.contains('\u{1b}'));
}

#[test]
fn idle_keeps_both_transports_and_tells_progress() {
    for generation in [Generation::V2, Generation::V4] {
        let server = Lab::server(
            generation,
            json!({ "pingInterval": 1_000, "pingTimeout": 5_000 }),
        );
        let run = Sioscope::start(&["doctor", "--json", "--idle=6s", &server.url()]);
        run.wait_for_talk("idle: 5 s of 6 s; WebSocket open");
        let finished = run.finish();
        let report: Value = serde_json::from_str(finished.stdout.trim()).expect("JSON");
        let idle = report["checks"]
            .as_array()
            .and_then(|checks| checks.last())
            .expect("idle");
        assert_eq!(idle["verdict"], "ok", "{generation:?}: {idle:#}");
        assert!(
            idle["detail"]
                .as_str()
                .is_some_and(|detail| detail.matches("kept").count() == 2)
        );
        assert_eq!(finished.code, Some(0), "{report:#}");
    }
}

#[test]
fn an_interrupt_ends_it_with_130() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::start(&["doctor", "--idle=60s", &server.url()]);
    run.wait_for_talk("idle: keeping");
    run.signal("INT");
    assert_eq!(run.wait_for_end().code, Some(130));
}

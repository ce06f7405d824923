//! How a replay is recorded, how it ends, and what can't be played.

use serde_json::{Value, json};

use super::stage::Recorded;
use crate::lab::{Generation, Lab, Sioscope};

fn echo() -> [Value; 2] {
    [
        json!({ "emit": ["echo", 1], "ack": true }),
        json!({ "wait": { "ack": true } }),
    ]
}

#[test]
fn a_replay_is_recorded_as_one_and_can_be_played_again() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = Recorded::lines(&server.url(), &[], &echo());
    let file = recorded.folder().join("again.sio.jsonl");
    let name = file.to_str().expect("text");
    let finished = recorded.replay(&server.url(), &["--record", name]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let text = std::fs::read_to_string(&file).expect("a session");
    let header: Value = serde_json::from_str(text.lines().next().unwrap_or_default()).unwrap();
    assert_eq!(header["source"], "replay", "{header}");
    let again = Sioscope::run(&["replay", name, &server.url(), "--check"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    // The session that is played is not written over.
    let own = recorded.file();
    let finished = recorded.replay(&server.url(), &["--record", &own]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stderr.contains("overwritten"), "{finished:?}");
    assert_eq!(recorded.replay(&server.url(), &[]).code, Some(0));
}

#[test]
fn nobody_there_is_3_and_a_lost_connection_4() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = Recorded::lines(
        &server.url(),
        &[],
        &[
            json!({ "emit": ["echo", "first"], "ack": true }),
            json!({ "wait": { "ack": true } }),
            json!({ "wait": { "ms": 1500 } }),
            json!({ "emit": ["echo", "second"] }),
        ],
    );
    let other = Lab::server(Generation::V4, json!({}));
    // Slowed down, so that the second step is far away however busy the machine is.
    let run = Sioscope::start(&["replay", &recorded.file(), &other.url(), "--speed", "0.1"]);
    other.expect(|line| line["saw"] == "event");
    other.kill();
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(4), "{finished:?}");
    // The second emit, and the leave where the recorded client left before the last echo came.
    let told = [
        "after 1 of 2 steps, and not back",
        "after 1 of 3 steps, and not back",
    ];
    let is_told = |words: &&str| finished.stderr.contains(words);
    assert!(told.iter().any(is_told), "{finished:?}");
    let nobody = recorded.replay(&other.url(), &["--check"]);
    assert_eq!(nobody.code, Some(3), "{nobody:?}");
    assert!(nobody.stdout.is_empty(), "{nobody:?}");
}

#[test]
fn ctrl_c_leaves_politely() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = Recorded::lines(
        &server.url(),
        &[],
        &[
            json!({ "emit": ["echo", 1] }),
            json!({ "wait": { "ms": 1000 } }),
            json!({ "emit": ["echo", 2] }),
        ],
    );
    let from = server.lines().len();
    let run = Sioscope::start(&["replay", &recorded.file(), &server.url(), "--speed", "0.01"]);
    while server
        .lines()
        .iter()
        .skip(from)
        .all(|line| line["saw"] != "event")
    {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    run.signal("INT");
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(130), "{finished:?}");
    let left = |line: &Value| {
        line["saw"] == "disconnect" && line["reason"] == "client namespace disconnect"
    };
    server.expect(left);
}

#[test]
fn what_can_not_be_played_gets_a_clear_word_and_2() {
    let server = Lab::server(Generation::V4, json!({ "requests": true }));
    let header = r#"{"sioscope":1,"started":"2026-01-02T03:04:05.678Z","source":"client","target":"http://h:1","tool":"0.1.0"}"#;
    let mark = r#"{"n":1,"t":0.1,"k":"mark","text":"only"}"#;
    for (text, word) in [
        (String::new(), "empty"),
        ("hello\n".to_owned(), "no session file"),
        (header.replace(":1,", ":9,"), "newer"),
        (format!("{header}\n"), "nothing to play"),
        (format!("{header}\n{mark}\n"), "nothing to play"),
        ("\u{0}\u{1}\u{2}".to_owned(), "no session file"),
    ] {
        let finished = Recorded::text(&text).replay(&server.url(), &[]);
        assert_eq!(finished.code, Some(2), "{text:?}: {finished:?}");
        let said = finished.stderr.to_lowercase();
        let newer = word == "newer" && said.contains("update sioscope");
        assert!(newer || said.contains(word), "{text:?}: {finished:?}");
    }
    let recorded = Recorded::lines(&server.url(), &[], &echo());
    let connections = || {
        (server.lines().iter())
            .filter(|line| line["saw"] == "connection")
            .count()
    };
    let seen = connections();
    for (args, word) in [
        (&["--connection", "9"][..], "no connection 9"),
        (&["-n", "/nowhere"], "/nowhere is not in it"),
        (&["--speed", "0"], "--speed"),
        (&["--speed", "2", "--step"], "--step"),
        (&["--mask", "x[0]"], "--check"),
        (&["--readonly"], "--readonly"),
    ] {
        let finished = recorded.replay(&server.url(), args);
        assert_eq!(finished.code, Some(2), "{args:?}: {finished:?}");
        assert!(finished.stderr.contains(word), "{args:?}: {finished:?}");
    }
    let missing = Sioscope::run(&["replay", "/does/not/exist", &server.url()]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(missing.stderr.contains("/does/not/exist"), "{missing:?}");
    assert_eq!(connections(), seen);
}

#[test]
fn a_session_that_was_cut_is_played_as_far_as_it_goes() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = Recorded::lines(&server.url(), &[], &echo());
    let text = std::fs::read_to_string(recorded.file()).expect("the session");
    let ack = text.find("[1]").expect("the ack");
    let cut = Recorded::text(text.get(..ack).expect("a cut"));
    let finished = cut.replay(&server.url(), &[]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.stderr.contains("played 1 of 1 emit"),
        "{finished:?}"
    );
}

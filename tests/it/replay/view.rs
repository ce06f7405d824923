//! `--view`: the recording beside the live session, in a real terminal.

use serde_json::json;

use super::stage::Recorded;
use crate::lab::{Generation, Lab};
use crate::terminal::screen::{NARROW, Screen, WIDE};

#[track_caller]
fn recorded(url: &str) -> Recorded {
    Recorded::lines(
        url,
        &[],
        &[
            json!({ "wait": { "event": "hello" } }),
            json!({ "emit": ["greet", "ann"], "ack": true }),
            json!({ "wait": { "ack": true } }),
            json!({ "emit": ["echo", "last"], "ack": true }),
            json!({ "wait": { "ack": true } }),
        ],
    )
}

#[test]
fn each_key_sends_a_step_and_the_end_says_what_the_check_found() {
    let server = Lab::server(Generation::V4, json!({}));
    let session = recorded(&server.url());
    let file = session.file();
    for (size, salute, verdict, leave, code) in [
        (WIDE, "hello", "✓ no difference", "q", 0),
        (
            NARROW,
            "good day",
            "✗ reply: the reply to \"greet\" differs",
            "\u{1b}",
            1,
        ),
        (
            WIDE,
            "good day",
            "✗ reply: the reply to \"greet\" differs",
            "q",
            1,
        ),
    ] {
        let other = Lab::server(Generation::V4, json!({ "salute": salute }));
        let url = other.url();
        let args = [
            "replay",
            &file,
            &url,
            "--view",
            "--step",
            "--check",
            "--no-record",
        ];
        let mut screen = Screen::start(&args, size);
        screen.wait_for_text(&["Replay", "recorded", "live", "waits for a key", "sent 0/2"]);
        assert!(!other.lines().iter().any(|line| line["saw"] == "event"));
        let text = screen.after("\r", &["sent 1/2", "ack of greet"]);
        assert!(text.contains("✓ sent"), "{text}");
        other.expect(|line| line["event"] == "greet");
        // Put away and fetched again while it waits.
        screen.type_keys("R");
        screen.wait_for(|text| !text.contains("waits for a key"));
        screen.after("R", &["waits for a key"]);
        screen.after("a", &["sent 2/2", verdict]);
        // Apart: an escape right before a letter is another key.
        screen.type_keys(leave);
        screen.wait_for(|text| !text.contains(verdict));
        screen.type_keys("Q");
        assert_eq!(screen.wait_exit().exit_code(), code, "{salute} {leave:?}");
    }
}

#[test]
fn what_is_skipped_is_not_sent_and_the_signs_are_explained() {
    let server = Lab::server(Generation::V4, json!({}));
    let session = recorded(&server.url());
    let other = Lab::server(Generation::V4, json!({ "salute": "good day" }));
    let (file, url) = (session.file(), other.url());
    let args = ["replay", &file, &url, "--view", "--step", "--no-record"];
    let mut screen = Screen::start(&args, WIDE);
    screen.wait_for_text(&[
        "waits for a key",
        "sent 0/2",
        "≈ no difference that matters",
    ]);
    // The greeting is another one; the hello and the way in are not.
    let text = screen.after("\r", &["sent 1/2", "≠ ack of greet"]);
    assert!(text.contains("= / connected"), "{text}");
    screen.after("s", &["sent 1/2", "1 skipped", "− skipped"]);
    screen.type_keys("qQ");
    assert!(screen.wait_exit().success());
}

#[test]
fn left_before_its_end_it_ends_as_far_as_it_came() {
    let server = Lab::server(Generation::V4, json!({}));
    let session = recorded(&server.url());
    let (file, url) = (session.file(), server.url());
    for (check, code) in [(&["--check"][..], 1), (&[], 0)] {
        let args = ["replay", &file, &url, "--view", "--step", "--no-record"];
        let mut screen = Screen::start(&[&args, check].concat(), WIDE);
        screen.wait_for_text(&["waits for a key", "sent 0/2"]);
        screen.type_keys("qQ");
        assert_eq!(screen.wait_exit().exit_code(), code, "{check:?}");
    }
}

#[test]
fn who_is_not_there_is_said_in_the_box() {
    let server = Lab::server(Generation::V4, json!({}));
    let session = recorded(&server.url());
    server.kill();
    let mut screen = Screen::start(
        &[
            "replay",
            &session.file(),
            &server.url(),
            "--view",
            "--no-record",
        ],
        WIDE,
    );
    screen.wait_for_text(&["✗ could not connect"]);
    screen.type_keys("qQ");
    assert_eq!(screen.wait_exit().exit_code(), 3, "as without --view");
}

//! `diff` on a terminal: two sessions side by side.

use super::screen::{Modes, NARROW, Screen, WIDE};

const DROPPED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/sessions/proxy-idle-timeout.silent.sio.jsonl"
);
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/demo.sio.jsonl");

#[test]
fn two_sessions_are_walked_by_keys_in_every_size_and_the_exit_code_tells_that_they_differ() {
    let mut screen = Screen::start(&["diff", DEMO, DROPPED], WIDE);
    screen.wait_for_text(&[
        "✗ ",
        " differences",
        "demo.sio.jsonl",
        "Difference 1 of",
        "▸",
    ]);
    assert!(screen.modes().alternate_screen);
    screen.after("n", &["Difference 2 of"]);
    screen.after("N", &["Difference 1 of"]);
    screen.after("!", &["what is alike is hidden"]);
    screen.resize(NARROW);
    screen.wait_for_text(&["Difference 1 of", "next that matters", " A "]);
    screen.resize((30, 8));
    screen.wait_for_text(&["needs 40 x 10"]);
    screen.resize(WIDE);
    screen.wait_for_text(&["Difference 1 of", "│   B"]);
    screen.type_keys("q");
    assert_eq!(screen.wait_exit().exit_code(), 1);
    assert_eq!(screen.modes(), Modes::RESTORED);
}

#[test]
fn equal_sessions_say_so_and_end_with_0() {
    let mut screen = Screen::start(&["diff", DEMO, DEMO], NARROW);
    screen.wait_for_text(&["✓ no difference"]);
    screen.type_keys("q");
    assert_eq!(screen.wait_exit().exit_code(), 0);
    assert_eq!(screen.modes(), Modes::RESTORED);
}

#[test]
fn text_is_printed_where_it_is_asked_for() {
    let mut screen = Screen::start(&["diff", DEMO, DEMO, "--text"], WIDE);
    assert_eq!(screen.wait_exit().exit_code(), 0);
    screen.wait_for_text(&["✓ No difference:"]);
    assert!(!screen.modes().alternate_screen);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let mut screen = Screen::start(&["diff", DEMO, DEMO], WIDE);
    screen.wait_for_text(&["✓ no difference"]);
    screen.signal("TERM");
    assert_eq!(screen.wait_exit().exit_code(), 143);
    assert_eq!(screen.modes(), Modes::RESTORED);
}

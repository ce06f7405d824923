//! Every way to end: the terminal is as it was, the session file is whole, the server was told.

use super::screen::{Modes, NARROW, Recorded, Screen, WIDE};

/// What the demo's screen says when it is ready.
const READY: &[&str] = &["● connected", "welcome"];

#[track_caller]
fn ended_well(screen: &mut Screen, code: u32) -> Recorded {
    let status = screen.wait_exit();
    assert_eq!(status.exit_code(), code, "{status:?}\n{}", screen.text());
    assert_eq!(status.signal(), None);
    assert_eq!(screen.modes(), Modes::RESTORED);
    // The polite end: out of the namespace, and then the connection.
    let recorded = screen.recorded();
    assert!(recorded.sent("41"), "{}", recorded.text);
    recorded
}

#[test]
fn the_first_paint_of_the_demo_shows_its_connection() {
    let screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    screen.wait_for_text(&["EIO4", "sid ", "Namespaces", "Frames", "? help", "● /"]);
    let modes = screen.modes();
    assert!(modes.alternate_screen && modes.bracketed_paste && !modes.line_as_before);
}

#[test]
fn q_asks_once_and_restores_the_terminal() {
    let mut screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    screen.after("q", &["Quit?"]);
    screen.type_keys("y");
    ended_well(&mut screen, 0);
}

#[test]
fn capital_q_leaves_from_inside_a_dialog() {
    let mut screen = Screen::demo(NARROW);
    screen.wait_for_text(READY);
    screen.after("?", &["Quit at once"]);
    screen.type_keys("Q");
    ended_well(&mut screen, 0);
}

#[test]
fn ctrl_c_leaves_from_inside_a_text_field() {
    let mut screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    screen.after("iecho", &["will send"]);
    screen.type_keys("\x03");
    ended_well(&mut screen, 0);
}

#[test]
fn sigterm_ends_politely() {
    let mut screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    screen.signal("TERM");
    ended_well(&mut screen, 143);
}

#[test]
fn sighup_ends_politely() {
    let mut screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    screen.signal("HUP");
    ended_well(&mut screen, 129);
}

#[test]
fn a_terminal_that_goes_away_ends_the_program_and_leaves_a_whole_file() {
    let mut screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    screen.unplug();
    let status = screen.wait_exit();
    assert_eq!(status.signal(), None, "{status:?} {}", screen.reports());
    assert_eq!(status.exit_code(), 129, "{}", screen.reports());
    assert!(screen.recorded().sent("41"));
}

#[test]
fn without_a_terminal_there_is_no_screen_but_a_word() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sioscope"))
        .arg("demo")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("terminal"), "{said}");
    assert_eq!(output.stdout, b"");
}

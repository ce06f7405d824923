//! What a panic leaves behind. The program offers no way to provoke one, so the test binary runs
//! itself in a terminal, takes that terminal as the program does, and panics.

use portable_pty::CommandBuilder;
use sioscope::tui::terminal::{Terminal, fallen};

use super::screen::{Modes, NARROW, Screen};

#[track_caller]
fn myself(test: &str) -> Screen {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    Screen::spawn(command, NARROW)
}

#[track_caller]
fn reported(screen: &Screen, words: &str) {
    let text = screen.text();
    assert!(text.contains(words), "{text}");
    let path = std::fs::read_dir(screen.data())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "txt"))
        .expect("a report");
    // The terminal wraps the line wherever it is full.
    let flat: String = text.split('\n').map(str::trim_end).collect();
    assert!(flat.contains(path.to_str().unwrap()), "{path:?}\n{text}");
    let report = std::fs::read_to_string(path).unwrap();
    assert!(report.contains(words), "{report}");
    assert!(report.contains("panics.rs:"), "{report}");
}

#[test]
fn a_panic_restores_the_terminal_and_says_where_the_report_is() {
    let mut screen = myself("terminal::panics::falls_in_the_middle_of_a_frame");
    let status = screen.wait_exit();
    assert_eq!(status.exit_code(), 101);
    assert_eq!(screen.modes(), Modes::RESTORED);
    reported(&screen, "a fall while drawing");
    // Nothing of the frame that was begun comes after the terminal was given back.
    let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
    let (_, after) = raw.rsplit_once("\x1b[?1049l").unwrap();
    assert!(
        !after.contains("\x1b[?2026h") || after.contains("\x1b[?2026l"),
        "{after:?}"
    );
}

#[test]
fn a_panic_on_another_thread_restores_the_terminal_and_ends_the_program() {
    let mut screen = myself("terminal::panics::falls_beside_the_screen");
    assert!(screen.wait_exit().success());
    assert_eq!(screen.modes(), Modes::RESTORED);
    reported(&screen, "a fall beside");
}

#[test]
#[ignore = "run by the tests above, in a terminal of its own"]
fn falls_in_the_middle_of_a_frame() {
    let mut terminal = Terminal::take(true).unwrap();
    terminal.draw(|_| panic!("a fall while drawing")).unwrap();
}

#[tokio::test]
#[ignore = "run by the tests above, in a terminal of its own"]
async fn falls_beside_the_screen() {
    let _terminal = Terminal::take(true).unwrap();
    tokio::spawn(async { panic!("a fall beside") })
        .await
        .unwrap_err();
    // What the loop of the screen waits for beside its keys.
    fallen().await;
}

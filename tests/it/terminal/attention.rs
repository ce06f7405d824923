//! What a person does at the screen: a flood, a dead server, an emit, a saved session.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::screen::{Screen, WIDE};

const READY: &[&str] = &["● connected", "welcome"];

/// A demo server in a process of its own, so that it can be killed.
pub struct Server {
    child: Child,
    url: String,
}

impl Server {
    pub fn start() -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sioscope"))
            .args(["demo", "--headless"])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().strip_prefix("listening on ").expect(&line);
        let url = url.to_owned();
        Server { child, url }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn keys_are_answered_in_a_flood() {
    let screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    screen.after("itick-start\t1", &["will send", "tick-start"]);
    screen.type_keys("\r");
    screen.wait_for(|text| text.matches(" tick ").count() > 3);
    // Alone: with a key right behind it, it would be alt and that key.
    screen.after("\x1b", &["? help"]);
    screen.after("?", &["Quit at once"]);
    screen.type_keys("\x1b");
    screen.wait_for(|text| !text.contains("Quit at once"));
    screen.after("/", &["search"]);
}

#[test]
fn a_killed_server_is_told_with_the_reason_the_countdown_and_the_attempts() {
    let mut server = Server::start();
    let screen = Screen::start(&[&server.url], WIDE);
    screen.wait_for_text(READY);
    server.kill();
    screen.wait_for_text(&["transport close", "refused"]);
    screen.wait_for(|text| text.contains("#2") && text.contains("c tries now"));
}

#[test]
fn an_emit_with_an_ack_shows_its_answer() {
    let screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    screen.after("iecho\t7", &["will send 42[\"echo\",7]"]);
    screen.after("\x1ba", &["will send 420[\"echo\",7]"]);
    screen.type_keys("\r");
    screen.wait_for(|text| {
        text.lines()
            .any(|line| line.contains("ack") && line.contains("#0") && line.contains("[7]"))
    });
}

#[test]
fn read_only_takes_the_keys_away_that_act() {
    let server = Server::start();
    let screen = Screen::start(&[&server.url, "--readonly"], WIDE);
    let text = screen.wait_for_text(&["● connected", "welcome", "read-only"]);
    assert!(!text.contains("i compose"), "{text}");
    screen.type_keys("d");
    // The help comes after whatever `d` might have opened.
    let text = screen.after("?", &["Quit at once"]);
    assert!(!text.contains("Disconnect?"), "{text}");
    assert!(!screen.recorded().sent("41"));
}

#[test]
fn without_colour_there_is_no_colour_sequence() {
    let screen = Screen::start_with(&["demo"], WIDE, &[("NO_COLOR", "1")]);
    screen.wait_for_text(READY);
    let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
    for sgr in raw.split("\x1b[").skip(1).filter_map(sgr) {
        let coloured = sgr.split([';', ':']).any(|part| {
            matches!(
                part.parse(),
                Ok(30..=38 | 40..=48 | 58 | 90..=97 | 100..=107)
            )
        });
        assert!(!coloured, "{sgr:?}");
    }
    // The same check sees colours where they are wanted.
    let screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
    assert!(
        raw.split("\x1b[")
            .filter_map(sgr)
            .any(|sgr| sgr.starts_with("38") || sgr.starts_with('3'))
    );
}

/// The parameters of a sequence that sets colours and styles.
fn sgr(sequence: &str) -> Option<&str> {
    let end = sequence.find(|c: char| c.is_ascii_alphabetic())?;
    sequence
        .get(end..)?
        .starts_with('m')
        .then(|| &sequence[..end])
}

#[test]
fn a_recorded_session_is_shown_with_its_rows() {
    let mut live = Screen::demo(WIDE);
    live.wait_for_text(READY);
    live.type_keys("Q");
    live.wait_exit();
    let path = live.recorded().path;
    let mut saved = Screen::start(&["open", path.to_str().unwrap()], WIDE);
    saved.wait_for_text(&["welcome", "io client disconnect"]);
    // Nothing is connected, so nothing is asked.
    saved.type_keys("q");
    assert_eq!(saved.wait_exit().exit_code(), 0);
}

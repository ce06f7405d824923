//! The screen with `--driver rust_socketio`: the same screen, the library's callbacks among its
//! rows.

use serde_json::json;

use super::screen::{Modes, Screen, WIDE};
use crate::lab::{Generation, Lab};

#[test]
fn the_library_is_seen_and_driven_from_the_screen() {
    let server = Lab::server(Generation::V4, json!({}));
    let url = server.url();
    let mut arguments = vec![url.as_str(), "--driver", "rust_socketio"];
    arguments.extend(["--reconnection-delay", "100"]);
    arguments.extend(["--reconnection-delay-max", "300"]);
    let mut screen = Screen::start(&arguments, WIDE);
    screen.wait_for_text(&[
        "● connected",
        "hello",
        "callback  connect",
        "callback  event",
    ]);
    screen.after("iecho", &["will send"]);
    screen.type_keys("\r");
    server.expect(|line| line["saw"] == "event" && line["event"] == "echo");
    screen.wait_for_text(&["\"echo\""]);
    // A server that goes and comes back: what the library does about it stands on the screen.
    let port = server.port();
    server.kill();
    screen.wait_for_text(&["callback", "reconnect  attempt"]);
    let server = Lab::server(Generation::V4, json!({ "port": port }));
    screen.wait_for_text(&["● connected"]);
    // From inside the composer.
    screen.type_keys("\x03");
    let status = screen.wait_exit();
    assert_eq!(status.exit_code(), 0, "{}", screen.text());
    assert_eq!(screen.modes(), Modes::RESTORED);
    let recorded = screen.recorded();
    for words in ["rust_socketio: connect", "rust_socketio: reconnect attempt"] {
        assert!(recorded.text.contains(words), "{}", recorded.text);
    }
    drop(server);
}

#[test]
fn what_the_library_can_not_do_is_said_before_the_screen_opens() {
    let arguments = [
        "http://127.0.0.1:1",
        "--driver",
        "rust_socketio",
        "--eio",
        "3",
    ];
    let mut screen = Screen::start(&arguments, WIDE);
    let status = screen.wait_exit();
    assert_eq!(status.exit_code(), 2, "{}", screen.text());
    assert!(
        screen.text().contains("Engine.IO 4 only"),
        "{}",
        screen.text()
    );
}

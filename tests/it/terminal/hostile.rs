//! Text from the network never commands the terminal.

use super::screen::{Screen, WIDE};
use crate::scripted::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn escapes_c1_and_overrides_in_an_event_never_reach_the_terminal() {
    let mut server = Server::start().await;
    let url = format!("http://127.0.0.1:{}", server.port);
    let screen = Screen::start(&[&url, "--transports", "websocket", "--no-reconnect"], WIDE);
    let request = server.take(|request| request.is_upgrade()).await.unwrap();
    let mut socket = request.upgrade().await;
    socket
        .text(r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#)
        .await;
    socket.next().await;
    socket.text(r#"40{"sid":"t"}"#).await;
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[31;5mred\u{9b}7mC1\u{202e}rtl\u{2066}\u{7f}";
    // As JSON escapes first: what is decoded is shown.
    let escaped: String = evil
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() {
                c.to_string()
            } else {
                format!("\\u{:04x}", c as u32)
            }
        })
        .collect();
    socket
        .text(&format!(
            "42[\"esc-{escaped}\",{{\"{escaped}\":\"{escaped}\"}}]"
        ))
        .await;
    // And as they are: no JSON any more, shown as text with its mistake.
    socket.text(&format!("42[\"raw-{evil}\",\"{evil}\"]")).await;
    socket.close(Some(1000), evil).await;
    screen.wait_for_text(&["undecodable", "esc-", "close 1000"]);
    // Through the views of both packets: the tree, the text, the bytes, what is around them.
    screen.type_keys("G\r");
    for _ in 0..8 {
        screen.type_keys("pppp5k");
    }
    screen.after("?", &["Quit at once"]);
    let raw = String::from_utf8(screen.raw()).expect("only UTF-8 is written");
    for sequence in ["\u{1b}]0;", "\u{1b}[31;5m", "\u{7}"] {
        assert!(!raw.contains(sequence), "{sequence:?}");
    }
    let hidden = raw.chars().find(|c| {
        matches!(c, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    assert_eq!(hidden, None);
}

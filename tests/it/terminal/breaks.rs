//! Breaking on purpose, by keys: what is asked, what comes of it, and what the session file says.

use super::screen::{Screen, WIDE};

/// Connected, and over WebSocket: what a cut brings depends on it.
const READY: &[&str] = &["● connected", "welcome", "upgraded"];

#[test]
fn x_drops_the_connection_which_is_told_as_our_own_doing_and_comes_back() {
    let mut screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    screen.after("x", &["Break on purpose", "transport close", "drop"]);
    screen.after("drop\r", &["Break: drop", "will be transport close"]);
    screen.type_keys("\r");
    screen.wait_for_text(&["transport close", "we broke it: drop"]);
    // The first attempt of the series, and connected again.
    screen.wait_for(|text| {
        text.contains("● connected")
            && text
                .lines()
                .any(|line| line.contains("#1 ") && line.contains("connected"))
    });
    screen.type_keys("Q");
    screen.wait_exit();
    let records = screen.recorded().records;
    let of = |kind: &str, key: &str, value: &str| {
        records
            .iter()
            .position(|record| record["k"] == kind && record[key] == value)
    };
    let broken = of("fault", "fault", "drop").expect("a fault record");
    let lost = of("connection", "reason", "transport close").expect("a loss");
    assert!(broken < lost, "{broken} {lost}");
}

#[test]
fn a_fault_that_lasts_is_shown_until_it_is_cleared() {
    let screen = Screen::demo(WIDE);
    screen.wait_for_text(READY);
    screen.after(":break delay:150\r", &["⚡ delay:150"]);
    screen.after("x", &["clear: end delay:150"]);
    screen.after("\r", &["End delay:150?"]);
    screen.type_keys("\r");
    screen.wait_for(|text| text.contains("is ended") && !text.contains("⚡ delay:150"));
}

#[test]
fn a_tap_says_where_to_point_a_client_and_injects_into_it() {
    let server = super::attention::Server::start();
    let screen = Screen::start(&["tap", server.url(), "--listen", "127.0.0.1:0"], WIDE);
    let text = screen.wait_for_text(&["no client yet: point one at", "listening"]);
    let address = text
        .split_once("sioscope http://")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .map(|address| format!("http://{address}"))
        .expect(&text);
    let client = Screen::start(&[&address], WIDE);
    client.wait_for_text(READY);
    screen.wait_for_text(&["1 of 1 open", "welcome", "upgraded"]);
    screen.after(
        "inews\t7",
        &["will inject to the client of c1: 42[\"news\",7]"],
    );
    screen.type_keys("\r");
    screen.wait_for(|text| {
        text.lines().any(|line| {
            line.contains("news") && line.trim_end_matches(['│', '┃', ' ']).ends_with("injected")
        })
    });
    client.wait_for_text(&["event", "news"]);
}

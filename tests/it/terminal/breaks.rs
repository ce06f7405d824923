//! Breaking on purpose, by keys: what is asked, what comes of it, and what the session file says.

use serde_json::json;

use super::screen::{Modes, Screen, WIDE};
use crate::lab::{Client, Generation, Server};

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

/// The address that a tap's screen says to point clients at.
fn address_in(text: &str) -> String {
    text.split_once("sioscope http://")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .map(|address| format!("http://{address}"))
        .expect(text)
}

#[test]
fn a_tap_says_where_to_point_a_client_and_injects_into_it() {
    let server = super::attention::Server::start();
    let screen = Screen::start(&["tap", server.url(), "--listen", "127.0.0.1:0"], WIDE);
    let text = screen.wait_for_text(&["no client yet: point one at", "listening"]);
    let address = address_in(&text);
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

#[test]
fn x_breaks_the_client_of_a_tap_and_quitting_leaves_the_terminal_clean() {
    let server = Server::node(Generation::V4, json!({}));
    let mut screen = Screen::start(&["tap", &server.url(), "--listen", "127.0.0.1:0"], WIDE);
    let text = screen.wait_for_text(&["no client yet: point one at", "listening"]);
    let client = Client::start(Generation::V4, &address_in(&text), json!({}));
    client.expect(|line| line["saw"] == "connect");
    screen.wait_for_text(&["1 of 1 open", "upgraded", "● /"]);
    screen.after("x", &["Break on purpose", "split-101"]);
    screen.after("drop\r", &["Break: drop", "will be transport close"]);
    screen.type_keys("\r");
    // The client says by itself what it was broken with, and comes back.
    let lost = client.expect(|line| line["saw"] == "disconnect");
    assert_eq!(lost["reason"], "transport close");
    client.expect(|line| line["saw"] == "connect");
    screen.wait_for_text(&["1 of 2 open", "we broke it: drop"]);
    screen.wait_for(|text| !text.contains("no sticky") && text.contains("no findings"));
    screen.after("q", &["Quit?", "its client is cut off"]);
    screen.type_keys("y");
    let status = screen.wait_exit();
    assert_eq!(status.exit_code(), 0, "{}", screen.text());
    assert_eq!(screen.modes(), Modes::RESTORED);
    let records = screen.recorded().records;
    let fault = records.iter().find(|record| record["k"] == "fault");
    assert_eq!(fault.expect("a fault record")["c"], 1);
}

#[test]
fn from_a_finding_of_a_tap_to_the_records_that_prove_it_and_back() {
    let server = Server::node(Generation::V4, json!({}));
    let mut screen = Screen::start(&["tap", &server.url(), "--listen", "127.0.0.1:0"], WIDE);
    let text = screen.wait_for_text(&["no client yet: point one at", "listening"]);
    let refused = json!({ "namespaces": [{ "nsp": "/" }, { "nsp": "/deny" }] });
    let client = Client::start(Generation::V4, &address_in(&text), refused);
    client.expect(|line| line["saw"] == "connect_error");
    screen.wait_for_text(&["found (4 shows it)", "/deny refused"]);
    screen.after("4", &["↵ why"]);
    screen.after("\r", &["namespace-refused", "Why", "Evidence", "Fix"]);
    // Both are seen at once only while the screen is being drawn.
    let walks =
        |at: &'static str| move |text: &str| text.contains(at) && !text.contains("Evidence");
    screen.type_keys("\r");
    screen.wait_for(walks("evidence 1 of 2"));
    screen.type_keys("n");
    screen.wait_for(|text| {
        let at = |row: &str| row.contains('▸') && row.contains("/deny");
        walks("evidence 2 of 2")(text) && text.lines().any(at)
    });
    screen.after("q", &["Evidence", "Fix"]);
    // Escape and Q at once would be one key: alt-Q.
    screen.type_keys("\x1b");
    screen.wait_for(|text| !text.contains("Evidence"));
    screen.type_keys("Q");
    assert_eq!(screen.wait_exit().exit_code(), 0);
    assert_eq!(screen.modes(), Modes::RESTORED);
}

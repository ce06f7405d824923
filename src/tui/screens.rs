//! The screen as a person sees it, by snapshot, at the three sizes that count.

use super::bench::*;
use crate::journal::record::*;
use Direction::ToClient;

#[test]
fn a_connected_session_on_a_wide_screen() {
    let mut bench = connected(120, 36);
    bench.settle(38_000);
    insta::assert_snapshot!(bench.screen());
}

#[test]
fn a_connected_session_on_an_ordinary_terminal() {
    let mut bench = connected(80, 24);
    bench.settle(38_000);
    insta::assert_snapshot!(bench.screen());
    bench.keys("1");
    insta::assert_snapshot!(
        "a_connected_session_on_an_ordinary_terminal_connection",
        bench.screen()
    );
}

#[test]
fn a_connected_session_on_the_smallest_screen() {
    let mut bench = connected(40, 10);
    bench.settle(38_000);
    insta::assert_snapshot!(bench.screen());
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    let mut bench = connected(39, 9);
    bench.settle(38_000);
    insta::assert_snapshot!(bench.screen());
}

fn waiting(width: u16, height: u16) -> Bench {
    let mut bench = connected(width, height);
    bench.add(61_000, close(ToClient, 1001));
    bench.add(
        61_001,
        Body::Connection(Connection {
            reason: Some("transport close".into()),
            detail: Some("close code 1001: the server is going away; silent for 36.0 s".into()),
            ..connection(ConnectionState::Closed)
        }),
    );
    bench.add(
        61_001,
        Body::Connection(Connection {
            attempt: Some(1),
            delay_ms: Some(1_120),
            ..connection(ConnectionState::Waiting)
        }),
    );
    bench
}

#[test]
fn between_two_attempts_there_is_a_countdown_with_its_plan() {
    let mut bench = waiting(120, 36);
    bench.state.tabs[0].reconnection = Some(crate::client::options::Reconnection {
        enabled: true,
        delay: std::time::Duration::from_secs(1),
        delay_max: std::time::Duration::from_secs(5),
        factor: 0.5,
        attempts: None,
    });
    bench.settle(61_500);
    insta::assert_snapshot!(bench.screen());
    let mut bench = waiting(80, 24);
    bench.settle(61_500);
    insta::assert_snapshot!(
        "between_two_attempts_on_an_ordinary_terminal",
        bench.screen()
    );
}

#[test]
fn a_refused_namespace_shows_why_and_what_the_server_sent() {
    let mut bench = connected(120, 36);
    bench.settle(38_000);
    bench.keys("e");
    bench.settle(38_000);
    let screen = bench.screen();
    assert!(screen.contains("authentication error"), "{screen}");
    assert!(screen.contains("401"), "{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn a_binary_packet_is_shown_whole_and_its_bytes_in_hex() {
    let mut bench = connected(120, 36);
    bench.text(
        30_000,
        ToClient,
        r#"451-["picture",{"_placeholder":true,"num":0},"png"]"#,
    );
    let bytes: Vec<u8> = (0..64).collect();
    bench.add(30_001, binary(ToClient, &bytes));
    bench.settle(38_000);
    let screen = bench.screen();
    assert!(screen.contains("binary, 64 B"), "{screen}");
    insta::assert_snapshot!(screen);
    bench.keys("p p");
    bench.settle(38_000);
    insta::assert_snapshot!("a_binary_packet_in_hex", bench.screen());
}

#[test]
fn a_flood_is_taken_in_by_slices_and_the_lag_is_shown() {
    let mut bench = connected(120, 36);
    for n in 0..30_000 {
        bench.text(30_000 + n / 100, ToClient, &format!(r#"42["tick",{n}]"#));
    }
    assert!(bench.advance(), "more than one frame's worth of work");
    let lag = bench.tab().lag();
    assert!(lag > 0);
    bench.state.tabs[0].now = 38_000_000;
    super::sync::prepare(&mut bench.state, &bench.readers);
    let screen = bench.screen();
    assert!(
        screen.contains(&format!("{} behind", super::units::count(lag))),
        "{screen}"
    );
    bench.settle(38_000);
    assert_eq!(bench.tab().lag(), 0);
    insta::assert_snapshot!(bench.screen());
}

#[test]
fn the_help_lies_over_the_screen() {
    let mut bench = connected(80, 24);
    bench.settle(38_000);
    bench.keys("?");
    assert!(matches!(
        bench.state.overlays.last(),
        Some(super::state::Overlay::Help(_))
    ));
    insta::assert_snapshot!(bench.screen());
}

#[test]
fn an_event_that_waits_for_an_answer_is_marked() {
    let mut bench = connected(120, 36);
    bench.text(31_000, ToClient, r#"42/chat,3["ask","how are you?"]"#);
    bench.add(
        31_000,
        Body::Ack(Ack {
            nsp: "/chat".into(),
            id: 3,
            dir: ToClient,
            state: AckState::Pending,
            ms: None,
        }),
    );
    bench.settle(38_000);
    let screen = bench.screen();
    assert!(screen.contains("? answer"), "{screen}");
    assert!(screen.contains("1 to answer"), "{screen}");
}

#[test]
fn secrets_are_covered_in_every_view_until_they_are_asked_for() {
    let mut bench = connected(200, 60);
    bench.keys("v v");
    bench.settle(38_000);
    let rows = bench.tab().log.len();
    bench.keys("g");
    for _ in 0..rows {
        for _ in 0..4 {
            let screen = bench.screen();
            assert!(!screen.contains("verysecret"), "{screen}");
            bench.keys("p");
        }
        bench.keys("j");
    }
    bench.keys("v");
    bench.keys("g");
    let found = (0..rows).any(|_| {
        bench.keys("j");
        let covered = bench.screen().contains("verysecret");
        assert!(!covered, "{}", bench.screen());
        bench.keys("S");
        let shown = bench.screen().contains("verysecret");
        bench.keys("S");
        shown
    });
    assert!(found, "asked for, a secret is shown");
}

#[test]
fn a_secret_in_a_payload_is_covered_in_every_view_and_copy_until_it_is_asked_for() {
    let mut bench = connected(200, 60);
    for (ms, dir) in [
        (30_000, crate::journal::record::Direction::ToServer),
        (30_001, ToClient),
    ] {
        bench.text(
            ms,
            dir,
            r#"4217["login",{"user":{"passwd":"PassWd99x","no":7}}]"#,
        );
    }
    bench.add(
        30_002,
        Body::Buffer(crate::journal::record::Buffer {
            nsp: "/".into(),
            op: crate::journal::record::BufferOp::Queued,
            packet: r#"2["login",{"passwd":"PassWd99x"}]"#.into(),
        }),
    );
    bench.settle(38_000);
    bench.keys("G");
    let mut shown = [0, 0];
    for _ in 0..6 {
        for _ in 0..4 {
            let screen = bench.screen();
            assert!(!screen.contains("PassWd99x"), "{screen}");
            shown[0] += usize::from(screen.contains("passwd"));
            bench.keys("S");
            shown[1] += usize::from(bench.screen().contains("PassWd99x"));
            bench.keys("S");
            bench.keys("p");
        }
        let copy = format!("{:?}", bench.tab().detail.content.copy);
        assert!(!copy.contains("PassWd99x"), "{copy}");
        bench.keys("k");
    }
    assert!(shown.iter().all(|times| *times >= 8), "{shown:?}");
}

#[test]
fn hostile_text_never_reaches_a_cell_as_a_control() {
    let mut bench = connected(120, 36);
    bench.text(
        30_000,
        ToClient,
        "42[\"\u{1b}]0;owned\u{7}\",\"\u{202e}evil\u{9b}31m\"]",
    );
    bench.text(30_001, ToClient, "\u{1b}[2Jnot a packet\r\n\u{85}");
    bench.add(
        30_002,
        Body::Namespace(Namespace {
            reason: Some("\u{1b}[31mred".into()),
            ..namespace("/\u{1b}c", NamespaceState::Refused)
        }),
    );
    bench.settle(38_000);
    for key in ["k", "k", "p", "p", "p", "v", "v", "2"] {
        bench.keys(key);
        let screen = bench.screen();
        assert!(
            !screen
                .chars()
                .any(|c| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c))),
            "after {key}: {screen:?}"
        );
    }
}

#[test]
fn no_size_of_the_screen_makes_it_panic() {
    let mut bench = waiting(120, 36);
    bench.settle(61_500);
    for width in (1..=200).step_by(7).chain([39, 40, 41, 99, 100, 101]) {
        for height in (1..=60).step_by(3).chain([9, 10, 11, 27, 28, 29]) {
            bench.resize(width, height);
            super::sync::prepare(&mut bench.state, &bench.readers);
            let _ = bench.screen();
        }
    }
}

#[test]
fn a_saved_session_says_so_and_no_clock_runs_on_in_it() {
    let mut bench = connected(120, 36);
    bench.state.tabs[0].live = false;
    bench.settle(38_000);
    let screen = bench.screen();
    assert!(screen.contains("saved"), "{screen}");
    assert!(screen.contains("open at end"), "{screen}");
    assert!(!screen.contains("next in"), "{screen}");
    assert!(bench.keys("i d").is_empty());
    assert!(
        bench
            .state
            .notice
            .take()
            .is_some_and(|notice| notice.text.contains("saved session"))
    );
}

#[test]
fn a_saved_session_that_ended_in_a_wait_counts_nothing_down() {
    let mut bench = waiting(120, 36);
    bench.state.tabs[0].live = false;
    bench.settle(61_500);
    let screen = bench.screen();
    assert!(screen.contains("attempt 1 was due after 1.1 s"), "{screen}");
    assert!(!screen.contains("tries now"), "{screen}");
    bench.resize(80, 24);
    bench.settle(61_500);
    assert!(
        !bench.screen().contains("attempt 1 in"),
        "{}",
        bench.screen()
    );
}

#[test]
fn the_lines_of_what_to_try_go_when_a_row_is_looked_at() {
    let mut bench = connected(120, 36);
    bench.state.hints = vec!["emit ask".to_owned()];
    bench.settle(38_000);
    assert!(bench.screen().contains("emit ask"));
    bench.keys("k");
    assert!(!bench.screen().contains("emit ask"));
}

#[test]
fn what_was_broken_on_purpose_is_said_everywhere() {
    use crate::faults::Fault as F;
    let mut bench = connected(120, 36);
    bench.state.tabs[0].broken.asked(F::Delay(200), None);
    bench.state.tabs[0].broken.asked(F::NoPong, None);
    bench.add(
        60_900,
        Body::Fault(Fault {
            fault: "drop".into(),
            rule: None,
            did: "the TCP connection was ended without a word".into(),
        }),
    );
    bench.add(
        61_000,
        Body::Connection(Connection {
            reason: Some("transport close".into()),
            ..connection(ConnectionState::Closed)
        }),
    );
    bench.settle(61_500);
    insta::assert_snapshot!("broken_on_purpose_wide", bench.screen());
    bench.resize(80, 24);
    bench.settle(61_500);
    insta::assert_snapshot!("broken_on_purpose_narrow", bench.screen());
    bench.keys("3");
    let screen = bench.screen();
    assert!(screen.contains("we broke it: drop"), "{screen}");
}

/// A tap with two clients: one over polling that has gone, one over WebSocket.
fn tapped(width: u16, height: u16) -> Bench {
    let mut bench = Bench::new(width, height);
    let zone = bench.tab().zone.clone();
    let mut tab = super::state::Tab::new("http://upstream:3000", true, bench.tab().started)
        .tapping(Some("http://127.0.0.1:9000"), "http://upstream:3000/");
    tab.zone = zone;
    bench.state.tabs[0] = tab;
    bench
}

fn client_of_a_tap(bench: &mut Bench, at: u64, c: u32, agent: &str) {
    let told = |state| Body::Connection(connection(state));
    bench.add_on(at, Some(c), told(ConnectionState::Connecting));
    bench.add_on(
        at,
        Some(c),
        Body::Request(Request {
            x: c.into(),
            method: "GET".to_owned(),
            url: "ws://upstream:3000/socket.io/?EIO=4&transport=websocket".to_owned(),
            headers: vec![("User-Agent".to_owned(), agent.to_owned())],
            ..Request::default()
        }),
    );
    let text = |dir, data: String| {
        Body::Frame(Frame {
            dir,
            op: Opcode::Text,
            data: data.into(),
            code: None,
            reason: None,
            wire: None,
        })
    };
    let open = format!(
        r#"0{{"sid":"sid-of-{c}","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#
    );
    bench.add_on(at + 5, Some(c), text(ToClient, open));
    bench.add_on(at + 5, Some(c), told(ConnectionState::Open));
    bench.add_on(at + 6, Some(c), text(Direction::ToServer, "40".into()));
    bench.add_on(
        at + 7,
        Some(c),
        text(ToClient, format!(r#"40{{"sid":"s{c}"}}"#)),
    );
    bench.add_on(
        at + 9,
        Some(c),
        text(ToClient, format!(r#"42["hello",{c}]"#)),
    );
}

fn two_clients(width: u16, height: u16) -> Bench {
    let mut bench = tapped(width, height);
    client_of_a_tap(&mut bench, 0, 1, "python/3.13 aiohttp/3.11");
    client_of_a_tap(&mut bench, 500, 2, "node-XMLHttpRequest");
    bench.add_on(
        900,
        Some(1),
        Body::Connection(Connection {
            reason: Some("transport close".into()),
            ..connection(ConnectionState::Closed)
        }),
    );
    bench
}

#[test]
fn a_fault_hits_the_client_that_is_looked_at() {
    use super::effect::Effect;
    use crate::client::Command;
    use crate::faults::Fault as F;
    let mut bench = tapped(120, 36);
    for c in 1..=3 {
        client_of_a_tap(&mut bench, u64::from(c) * 100, c, "python");
    }
    bench.settle(1_000);
    let hits = |effects: &[Effect], wanted: u32| matches!(effects, [Effect::Command(0, Command::FaultOn { fault: F::Drop, c })] if *c == wanted);
    let effects = bench.keys("x 'drop' enter enter");
    assert!(hits(&effects, 3), "{effects:?}");
    if let super::state::Tab {
        tap: Some(clients),
        model,
        ..
    } = &mut bench.state.tabs[0]
    {
        clients.choose(model, 2);
    }
    let effects = bench.keys("x 'drop' enter enter");
    assert!(hits(&effects, 2), "{effects:?}");
    let effects = bench.keys(": 'break drop' enter");
    assert!(hits(&effects, 2), "{effects:?}");
}

#[test]
fn a_tap_says_what_to_point_where_before_the_first_client() {
    use super::effect::Effect;
    let mut bench = tapped(120, 36);
    bench.settle(3_000);
    insta::assert_snapshot!("tap_waits_wide", bench.screen());
    let effects = bench.keys("y");
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Copy { what: "address", text }] if text == "http://127.0.0.1:9000"
        ),
        "{effects:?}"
    );
    bench.resize(80, 24);
    bench.settle(3_000);
    insta::assert_snapshot!("tap_waits_narrow", bench.screen());
}

#[test]
fn a_tap_shows_its_clients_and_the_one_that_is_looked_at() {
    let mut bench = two_clients(120, 36);
    bench.settle(3_000);
    insta::assert_snapshot!("tap_wide", bench.screen());
    bench.resize(80, 24);
    bench.settle(3_000);
    insta::assert_snapshot!("tap_narrow", bench.screen());
    bench.resize(120, 36);
    bench.keys("[");
    bench.settle(3_000);
    let screen = bench.screen();
    assert!(screen.contains("▸c1"), "{screen}");
    assert!(screen.contains("python/3.13"), "{screen}");
    assert!(screen.contains("○ disconnected"), "{screen}");
    // The filter on one connection goes along.
    bench.keys("1 enter");
    assert_eq!(bench.tab().filter.active().unwrap().source(), "c:1");
    bench.keys("]");
    assert_eq!(bench.tab().filter.active().unwrap().source(), "c:2");
    bench.keys("enter");
    assert!(bench.tab().filter.active().is_none());
}

#[test]
fn the_help_says_what_is_not_there_in_a_tap_or_a_saved_session() {
    let entry = |bench: &Bench, about: &str| {
        let screen = bench.screen();
        let line = screen.lines().find(|line| line.contains(about));
        line.unwrap_or_else(|| panic!("no {about}: {screen}"))
            .to_owned()
    };
    let mut bench = two_clients(120, 36);
    bench.keys("1 ?");
    assert!(entry(&bench, "Join a namespace").contains("(off: in a tap)"));
    assert!(entry(&bench, "to be injected into the chosen").contains(" i "));
    assert!(entry(&bench, "only, and all again").contains("enter"));
    assert!(!entry(&bench, "Break the connection").contains("off:"));
    let mut bench = connected(120, 36);
    bench.state.tabs[0].live = false;
    bench.keys("?");
    assert!(entry(&bench, "Join a namespace").contains("(off: a saved session)"));
    assert!(!entry(&bench, "Search in the frame log").contains("off:"));
}

#[test]
fn who_ends_a_tap_is_told_whom_it_cuts_off() {
    let mut bench = two_clients(120, 36);
    bench.settle(3_000);
    bench.keys("q");
    let screen = bench.screen();
    assert!(screen.contains("its client is cut off"), "{screen}");
}

#[test]
fn in_a_tap_an_event_is_injected_and_what_is_the_clients_own_is_not_there() {
    use super::effect::Effect;
    let mut bench = two_clients(120, 36);
    bench.settle(3_000);
    for (keys, said) in [
        ("J", "join and leave by themselves"),
        ("L", "join and leave by themselves"),
        ("c", "`:connect URL` opens a session of our own"),
        ("d", "x breaks a connection"),
        (": 'join /chat' enter", "join and leave by themselves"),
    ] {
        assert!(bench.keys(keys).is_empty(), "{keys}");
        let notice = bench.state.notice.take().unwrap().text;
        assert!(notice.contains(said), "{keys}: {notice}");
        assert!(bench.state.overlays.is_empty(), "{keys}");
    }
    let effects = bench.keys("i 'news' tab '7' enter");
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Inject { at: 0, c: 2, dir: ToClient, emit }]
                if emit.nsp == "/" && emit.args == r#"["news",7]"#
        ),
        "{effects:?}"
    );
    let effects = bench.keys("alt+a enter");
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Inject {
                dir: Direction::ToServer,
                ..
            }]
        ),
        "{effects:?}"
    );
    bench.state.readonly = true;
    assert!(bench.keys("enter").is_empty());
}

use super::*;
use crate::journal::record::Direction::{ToClient, ToServer};
use crate::protocol::engine::Handshake;

const HANDSHAKE: &str =
    r#"{"sid":"S","upgrades":["websocket"],"pingInterval":1000,"pingTimeout":500}"#;

fn seconds(since: Instant, seconds: f64) -> Instant {
    since + Duration::from_secs_f64(seconds)
}

/// Records in short: `closed transport close: detail`, `websocket open`.
fn words(told: &[Body]) -> Vec<String> {
    told.iter()
        .map(|body| match body {
            Body::Connection(connection) => {
                let mut text = format!("{:?}", connection.state).to_lowercase();
                if let Some(reason) = &connection.reason {
                    text.push_str(&format!(" {reason}"));
                }
                if let Some(detail) = &connection.detail {
                    text.push_str(&format!(": {detail}"));
                }
                text
            }
            Body::Transport(transport) => {
                let mut text = format!("{:?} {:?}", transport.name, transport.state).to_lowercase();
                if let Some(error) = &transport.error {
                    text.push_str(&format!(": {error}"));
                }
                text
            }
            other => format!("{other:?}"),
        })
        .collect()
}

fn handshake() -> Handshake {
    Handshake::parse(HANDSHAKE).unwrap().value
}

/// A connection that was opened over a transport.
fn open(now: Instant, by: TransportName, eio: &str) -> Story {
    let kind = match by {
        TransportName::Polling => RequestKind::Handshake,
        TransportName::Websocket => RequestKind::Upgrade,
    };
    let mut story = Story::new(now, kind, None, Some(eio));
    let told = words(&story.requested(now, kind, true));
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], "connecting");
    if by == TransportName::Polling {
        assert!(story.answered(now, kind, None).is_empty());
    } else {
        assert!(story.switched().is_empty());
    }
    let told = words(&story.opened(now, &handshake()));
    assert_eq!(told[0], "open");
    story
}

fn end(story: &mut Story, now: Instant, who: Who, how: How) -> String {
    let told = words(&story.socket_ended(now, who, &how));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(story.ended);
    told[1].clone()
}

#[test]
fn an_upgrade_is_told_step_by_step() {
    let now = Instant::now();
    let mut story = open(now, TransportName::Polling, "4");
    assert_eq!(
        words(&story.requested(now, RequestKind::Upgrade, false)),
        ["websocket opening"]
    );
    assert_eq!(words(&story.switched()), ["websocket upgrading"]);
    let by = TransportName::Websocket;
    assert!(story.packet(now, ToServer, by, b"2probe").is_empty());
    assert!(story.packet(now, ToClient, by, b"3probe").is_empty());
    assert_eq!(
        words(&story.packet(now, ToServer, by, b"5")),
        ["websocket open", "polling closed"]
    );
    // What polling still does is of no account.
    story.requested(now, RequestKind::Poll, false);
    let late = story.answered(now, RequestKind::Poll, Some("HTTP 400".to_owned()));
    assert!(late.is_empty() && !story.ended);
}

#[test]
fn an_upgrade_that_fails_leaves_polling_alone() {
    let now = Instant::now();
    let mut story = open(now, TransportName::Polling, "4");
    story.requested(now, RequestKind::Upgrade, false);
    let told = story.answered(now, RequestKind::Upgrade, Some("HTTP 400 no".to_owned()));
    assert_eq!(words(&told), ["websocket closed: HTTP 400 no"]);
    story.requested(now, RequestKind::Upgrade, false);
    story.switched();
    let told = story.socket_ended(now, Who::Server, &How::Fin);
    assert_eq!(
        words(&told),
        ["websocket closed: the server ended the TCP connection (FIN) before the upgrade was done"]
    );
    assert!(!story.ended);
}

#[test]
fn who_ended_a_websocket_and_how_gives_the_client_s_reason() {
    let close = |code| How::Close(code, None);
    for (who, how, expected) in [
        (
            Who::Server,
            close(None),
            "closed transport close: the server sent close code 1005 (none was sent)",
        ),
        (
            Who::Server,
            How::Close(Some(1011), Some("sorry".to_owned())),
            "closed transport close: the server sent close code 1011: sorry",
        ),
        (
            Who::Server,
            How::Rst,
            "closed transport close: the server reset the TCP connection (RST) without a close frame, which its other side sees as code 1006",
        ),
        (
            Who::Client,
            close(Some(1000)),
            "closed io client disconnect: the client sent close code 1000",
        ),
        (
            Who::Client,
            close(Some(1009)),
            "closed transport error: the client sent close code 1009",
        ),
        (
            Who::Client,
            How::Fin,
            "closed transport close: the client ended the TCP connection (FIN) without a close frame, which its other side sees as code 1006",
        ),
    ] {
        let now = Instant::now();
        let mut story = open(now, TransportName::Websocket, "4");
        assert_eq!(end(&mut story, now, who, how), expected);
    }
}

#[test]
fn a_client_that_leaves_says_why_by_its_last_words() {
    let now = Instant::now();
    let by = TransportName::Websocket;
    let close = How::Close(None, None);

    let mut story = open(now, by, "4");
    story.packet(now, ToClient, by, b"41");
    let told = end(&mut story, now, Who::Client, close.clone());
    assert!(told.starts_with("closed io server disconnect"), "{told}");

    let mut story = open(now, by, "4");
    story.packet(now, ToServer, by, b"41");
    let told = end(&mut story, now, Who::Client, How::Fin);
    assert!(told.starts_with("closed io client disconnect"), "{told}");

    // Generation 4: no ping of the server within pingInterval + pingTimeout.
    let mut story = open(now, by, "4");
    story.packet(seconds(now, 1.0), ToClient, by, b"2");
    let told = end(&mut story, seconds(now, 2.6), Who::Client, close.clone());
    assert_eq!(
        told,
        "closed ping timeout: the client sent close code 1005 (none was sent); no ping of the server for 1.6 s"
    );
    let mut story = open(now, by, "4");
    story.packet(seconds(now, 1.0), ToClient, by, b"2");
    let told = end(&mut story, seconds(now, 2.3), Who::Client, close.clone());
    assert!(told.starts_with("closed io client disconnect"), "{told}");

    // Generation 3: no answer to the client's ping within pingTimeout.
    let mut story = open(now, by, "3");
    story.packet(seconds(now, 1.0), ToServer, by, b"2");
    let told = end(&mut story, seconds(now, 1.5), Who::Client, close.clone());
    assert!(told.starts_with("closed ping timeout"), "{told}");
    let mut story = open(now, by, "3");
    story.packet(seconds(now, 1.0), ToServer, by, b"2");
    story.packet(seconds(now, 1.1), ToClient, by, b"3");
    let told = end(&mut story, seconds(now, 1.9), Who::Client, close);
    assert!(told.starts_with("closed io client disconnect"), "{told}");
}

#[test]
fn a_polling_client_that_is_gone_is_noticed() {
    let now = Instant::now();
    let mut story = open(now, TransportName::Polling, "4");
    story.requested(now, RequestKind::Poll, false);
    assert!(story.tick(seconds(now, 100.0)).is_empty(), "a poll waits");
    story.abandoned(now, How::Rst);
    assert!(story.tick(seconds(now, 0.9)).is_empty(), "it may come back");
    let told = words(&story.tick(seconds(now, 1.0)));
    assert_eq!(
        told[1],
        "closed transport close: the client reset the TCP connection (RST) while its poll was waiting, and did not come back"
    );

    let mut story = open(now, TransportName::Polling, "4");
    story.requested(now, RequestKind::Poll, false);
    story.abandoned(now, How::Fin);
    story.requested(seconds(now, 0.5), RequestKind::Poll, false);
    assert!(story.tick(seconds(now, 5.0)).is_empty(), "it came back");

    let mut story = open(now, TransportName::Polling, "4");
    assert!(story.tick(seconds(now, 1.4)).is_empty());
    assert!(
        words(&story.tick(seconds(now, 1.5)))[1].contains("no request of the client for 1.5 s")
    );
}

#[test]
fn goodbyes_over_polling_are_ends() {
    let now = Instant::now();
    let by = TransportName::Polling;
    let mut story = open(now, by, "4");
    let told = words(&story.packet(now, ToServer, by, b"1"));
    assert_eq!(
        told[1],
        "closed io client disconnect: the client posted a close packet"
    );
    assert!(
        story.packet(now, ToClient, by, b"1").is_empty(),
        "told once"
    );

    let mut story = open(now, by, "4");
    let told = words(&story.packet(now, ToClient, by, b"1"));
    assert_eq!(
        told[1],
        "closed transport close: transport closed by the server"
    );
}

#[test]
fn failures_before_and_after_the_handshake_are_told_apart() {
    let now = Instant::now();
    for (kind, sid, reason) in [
        (
            RequestKind::Handshake,
            None,
            "closed xhr poll error: HTTP 502",
        ),
        (
            RequestKind::Upgrade,
            None,
            "closed websocket error: HTTP 502",
        ),
        (
            RequestKind::Poll,
            Some("strange"),
            "closed transport error: xhr poll error: HTTP 502",
        ),
        (
            RequestKind::Post,
            Some("strange"),
            "closed transport error: xhr post error: HTTP 502",
        ),
    ] {
        let mut story = Story::new(now, kind, sid, Some("4"));
        let first = words(&story.requested(now, kind, true));
        assert_eq!(
            first[0].contains("has not seen its handshake"),
            sid.is_some()
        );
        let told = words(&story.answered(now, kind, Some("HTTP 502".to_owned())));
        assert_eq!(told[1], reason);
    }
}

#[test]
fn a_session_older_than_the_tap_is_taken_as_open() {
    let now = Instant::now();
    let mut story = Story::new(now, RequestKind::Poll, Some("older"), Some("4"));
    story.requested(now, RequestKind::Poll, true);
    let told = words(&story.answered(now, RequestKind::Poll, None));
    assert_eq!(told, ["open", "polling open"]);
    assert!(story.answered(now, RequestKind::Poll, None).is_empty());
}

#[test]
fn a_polling_client_that_hangs_up_and_stays_away_has_left() {
    let now = Instant::now();
    let mut story = open(now, TransportName::Polling, "4");
    story.hung_up(seconds(now, 0.2));
    assert!(story.tick(seconds(now, 1.1)).is_empty(), "it may come back");
    let told = words(&story.tick(seconds(now, 1.3)));
    assert_eq!(
        told[1],
        "closed transport close: the client ended the TCP connection (FIN) with no poll under way, and did not come back"
    );

    // With a poll under way, an idle connection may end without meaning anything.
    let mut story = open(now, TransportName::Polling, "4");
    let _ = story.requested(now, RequestKind::Poll, false);
    story.hung_up(seconds(now, 0.1));
    assert!(
        story
            .answered(seconds(now, 0.2), RequestKind::Poll, None)
            .is_empty()
    );
    assert!(story.tick(seconds(now, 1.4)).is_empty());

    // And whoever asks again is back.
    let mut story = open(now, TransportName::Polling, "4");
    story.hung_up(seconds(now, 0.1));
    let _ = story.requested(seconds(now, 0.2), RequestKind::Poll, false);
    let _ = story.answered(seconds(now, 0.3), RequestKind::Poll, None);
    assert!(story.tick(seconds(now, 1.4)).is_empty());
}

#[test]
fn the_silence_of_engine_io_3_counts_from_an_unanswered_ping_or_the_last_word() {
    let bye = || How::Close(None, None);
    let ws = TransportName::Websocket;
    for (ping, word, leaves, reason) in [
        // Not answered for pingTimeout.
        (Some(1.0), None, 1.5, "ping timeout"),
        (Some(1.0), None, 1.3, "io client disconnect"),
        // Any word of the server is an answer; from it both times count.
        (Some(1.0), Some(1.2), 2.0, "io client disconnect"),
        (Some(1.0), Some(1.2), 2.7, "ping timeout"),
        (None, None, 1.5, "ping timeout"),
    ] {
        let now = Instant::now();
        let mut story = open(now, ws, "3");
        if let Some(at) = ping {
            let _ = story.packet(seconds(now, at), ToServer, ws, b"2");
        }
        if let Some(at) = word {
            let _ = story.packet(seconds(now, at), ToClient, ws, b"42[\"x\"]");
        }
        let told = end(&mut story, seconds(now, leaves), Who::Client, bye());
        let wanted = format!("closed {reason}");
        assert!(
            told.starts_with(&wanted),
            "{ping:?} {word:?} {leaves}: {told}"
        );
    }
}

#[test]
fn who_leaves_after_garbage_of_a_fault_could_not_read_it() {
    for (eio, reason) in [("4", "parse error"), ("3", "transport error")] {
        let now = Instant::now();
        let mut story = open(now, TransportName::Websocket, eio);
        story.faulted(&Fault {
            fault: "garbage".to_owned(),
            rule: None,
            did: String::new(),
        });
        let told = end(&mut story, now, Who::Client, How::Close(None, None));
        assert!(told.starts_with(&format!("closed {reason}: ")), "{told}");
    }
}

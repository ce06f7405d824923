use super::*;
use crate::replay::mock::bed::{LIVE, session};

const SECOND: u64 = 1_000_000;

fn open(eio: u8, transport: Transport, steps: &[(u64, &str)]) -> Session {
    let script = Arc::new(session(&[(1, eio, steps)]));
    let opening = Opening {
        part: 0,
        sid: LIVE.to_owned(),
        transport,
        base64: false,
        play: Play::default(),
    };
    Session::open(&script, opening, 0).unwrap()
}

const IN: &[(u64, &str)] = &[(0, "> 40"), (0, "< 40{\"sid\":\"s\"}")];

fn body(polled: Polled) -> String {
    match polled {
        Polled::Body(body) => String::from_utf8(body.bytes)
            .unwrap()
            .replace('\u{1e}', " "),
        other => format!("{other:?}"),
    }
}

fn poll(session: &mut Session) -> String {
    let number = session.begin_poll();
    body(session.poll(number))
}

fn frames(session: &mut Session) -> String {
    let frames = session.frames();
    let mut said: Vec<String> = frames
        .messages
        .iter()
        .map(|message| format!("{message:?}"))
        .collect();
    said.extend(frames.end.map(|end| format!("{end:?}")));
    said.join(" ")
}

#[test]
fn the_handshake_is_the_recorded_one_with_a_sid_and_upgrades_that_fit() {
    let rest = "\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000}";
    let mut polling = open(4, Transport::Polling, IN);
    assert_eq!(
        poll(&mut polling),
        format!("0{{\"sid\":\"{LIVE}\",\"upgrades\":[\"websocket\"],{rest}")
    );
    let mut websocket = open(4, Transport::Websocket, IN);
    let text = format!("0{{\"sid\":\"{LIVE}\",\"upgrades\":[],{rest}");
    assert_eq!(frames(&mut websocket), format!("Text({text:?})"));
}

#[test]
fn generation_2_gets_its_main_namespace_with_the_handshake_where_it_was_recorded_so() {
    let mut polling = open(3, Transport::Polling, &[(0, "< 40")]);
    assert!(poll(&mut polling).ends_with("}2:40"));
}

#[test]
fn a_server_of_protocol_4_pings_and_gives_up_on_who_does_not_answer() {
    let mut session = open(4, Transport::Websocket, IN);
    frames(&mut session);
    assert_eq!(session.deadline(), Some(25 * SECOND));
    session.advance(25 * SECOND);
    assert_eq!(frames(&mut session), "Text(\"2\")");
    session.hear(26 * SECOND, &Packet::bare(PacketKind::Pong));
    assert_eq!(session.deadline(), Some(51 * SECOND));
    session.advance(51 * SECOND);
    assert_eq!(frames(&mut session), "Text(\"2\")");
    session.advance(71 * SECOND - 1);
    assert!(!session.is_over());
    session.advance(71 * SECOND);
    assert!(session.is_lost());
    assert_eq!(frames(&mut session), "Close { code: None, reason: None }");
    assert_eq!(session.deadline(), None);
}

#[test]
fn a_server_of_protocol_3_answers_pings_and_gives_up_on_who_is_silent() {
    let mut session = open(3, Transport::Websocket, &[(0, "< 40")]);
    frames(&mut session);
    session.hear(30 * SECOND, &Packet::bare(PacketKind::Ping));
    assert_eq!(frames(&mut session), "Text(\"3\")");
    assert_eq!(session.deadline(), Some(75 * SECOND));
    session.advance(75 * SECOND);
    assert!(session.is_lost());
}

#[test]
fn a_poll_waits_for_packets_and_a_second_one_takes_its_place() {
    let mut session = open(4, Transport::Polling, IN);
    poll(&mut session);
    let first = session.begin_poll();
    assert_eq!(session.poll(first), Polled::Wait);
    let stamp = session.stamp();
    let second = session.begin_poll();
    assert!(session.stamp() > stamp);
    assert_eq!(body(session.poll(first)), "6");
    assert_eq!(session.poll(second), Polled::Wait);
    session.post(1, b"40", Some("text/plain;charset=UTF-8"));
    assert_eq!(
        body(session.poll(second)),
        "40{\"sid\":\"live-engine-siS00001\"}"
    );
}

#[test]
fn a_body_that_cannot_be_read_ends_the_session() {
    let mut session = open(4, Transport::Polling, IN);
    poll(&mut session);
    session.post(1, b"40\x1e\x1e", None);
    assert!(session.is_over());
    assert_eq!(poll(&mut session), "Unknown");
    let unreadable = |note: &Note| matches!(note, Note::Unreadable { .. });
    assert!(session.notes().iter().any(unreadable));
}

#[test]
fn an_upgrade_ends_the_poll_and_moves_what_waits_to_the_websocket() {
    let mut session = open(
        4,
        Transport::Polling,
        &[IN, &[(20, "< 42[\"x\"]")]].concat(),
    );
    poll(&mut session);
    session.post(0, b"40", None);
    poll(&mut session);
    let waiting = session.begin_poll();
    assert!(session.begin_probe(0));
    assert!(!session.begin_probe(0), "one probe at a time");
    assert_eq!(session.poll(waiting), Polled::Wait, "not before the probe");
    session.probed();
    assert_eq!(body(session.poll(waiting)), "6");
    assert_eq!(poll(&mut session), "6");
    session.advance(20_000);
    assert_eq!(frames(&mut session), "");
    session.upgrade();
    assert_eq!(frames(&mut session), "Text(\"42[\\\"x\\\"]\")");
    assert_eq!(session.carrier(), Transport::Websocket);
    assert!(!session.begin_probe(30_000));
}

#[test]
fn a_probe_has_its_time() {
    let mut session = open(4, Transport::Polling, IN);
    poll(&mut session);
    assert!(session.begin_probe(0));
    session.probed();
    assert_eq!(session.deadline(), Some(UPGRADE));
    session.advance(UPGRADE);
    assert!(!session.is_probing() && !session.is_over());
    let number = session.begin_poll();
    assert_eq!(session.poll(number), Polled::Wait);
    assert!(session.begin_probe(UPGRADE));
}

#[test]
fn each_end_is_told_in_the_way_of_its_transport() {
    let close = "Close { code: Some(1011), reason: None }";
    for (recorded, over_polling, over_websocket) in [
        // Not in one body with the word before it: a client would obey the close first.
        ("< close 1011", ["42[\"bye\"]", "1", "Unknown"], close),
        ("cut", ["42[\"bye\"]", "Cut", "Cut"], "Cut"),
    ] {
        let steps = [IN, &[(10, "< 42[\"bye\"]"), (10, recorded)]].concat();
        let mut session = open(4, Transport::Polling, &steps);
        poll(&mut session);
        session.post(0, b"40", None);
        poll(&mut session);
        session.advance(20_000);
        assert_eq!(
            [(); 3].map(|()| poll(&mut session)),
            over_polling,
            "{recorded}"
        );
        assert!(session.is_over());

        let mut session = open(4, Transport::Websocket, &steps);
        frames(&mut session);
        session.hear(0, &Packet::message("0"));
        frames(&mut session);
        session.advance(20_000);
        assert_eq!(
            frames(&mut session),
            format!("Text(\"42[\\\"bye\\\"]\") {over_websocket}")
        );
        assert!(session.is_over());
    }
}

#[test]
fn a_recorded_silence_is_silence_until_the_client_has_given_up() {
    let steps = [IN, &[(10, "< 2"), (60_000, "timeout")]].concat();
    let mut session = open(4, Transport::Websocket, &steps);
    session.hear(0, &Packet::message("0"));
    frames(&mut session);
    session.advance(30 * SECOND);
    assert_eq!(frames(&mut session), "", "no ping");
    assert!(!session.is_over());
    session.advance(200 * SECOND);
    assert!(session.is_lost());
}

#[test]
fn who_says_goodbye_over_polling_gets_the_poll_back() {
    let mut session = open(4, Transport::Polling, IN);
    poll(&mut session);
    let waiting = session.begin_poll();
    session.post(1, b"1", None);
    assert_eq!(body(session.poll(waiting)), "6");
    assert!(session.is_over());
}

#[test]
fn a_mock_that_goes_closes_as_the_reference_does() {
    let mut session = open(4, Transport::Polling, IN);
    poll(&mut session);
    let waiting = session.begin_poll();
    session.shut();
    assert_eq!(body(session.poll(waiting)), "1");
    let mut session = open(4, Transport::Websocket, IN);
    frames(&mut session);
    session.shut();
    assert_eq!(frames(&mut session), "Close { code: None, reason: None }");
}

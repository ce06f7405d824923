//! Waits, on hand-made records.

use std::time::Instant;

use super::*;
use crate::journal::file::{Header, Source};
use crate::journal::record::{Frame, Namespace, Opcode, Request};

fn journal() -> Journal {
    let header = Header::now(Source::Client, "http://h");
    let journal = Journal::in_memory(header, Instant::now(), 1 << 20);
    let upgrade = Request {
        x: 1,
        method: "GET".to_owned(),
        url: "ws://h/socket.io/?EIO=4&transport=websocket".to_owned(),
        ..Request::default()
    };
    journal.append(Instant::now(), Some(1), &Body::Request(upgrade));
    journal
}

fn frame(journal: &Journal, dir: Direction, text: &str) -> u64 {
    let frame = Frame {
        dir,
        op: Opcode::Text,
        data: bytes::Bytes::copy_from_slice(text.as_bytes()),
        code: None,
        reason: None,
        wire: None,
    };
    journal.append(Instant::now(), Some(1), &Body::Frame(frame))
}

fn comes(journal: &Journal, text: &str) -> u64 {
    frame(journal, Direction::ToClient, text)
}

fn state(journal: &Journal, nsp: &str, state: NamespaceState) -> u64 {
    let namespace = Namespace {
        nsp: nsp.to_owned(),
        state,
        sid: None,
        reason: None,
        recovered: None,
        data: None,
    };
    journal.append(Instant::now(), Some(1), &Body::Namespace(namespace))
}

fn event(name: &str, nsp: Option<&str>) -> Expect {
    Expect::Event {
        event: name.to_owned(),
        nsp: nsp.map(str::to_owned),
    }
}

#[test]
fn an_event_that_came_before_the_wait_counts() {
    let journal = journal();
    comes(&journal, "42[\"hello\",1]");
    let mut watch = Watch::new(None);
    assert_eq!(watch.look(&journal, &event("hello", None)), Found::Met);
}

#[test]
fn the_same_event_does_not_meet_two_waits() {
    let journal = journal();
    comes(&journal, "42[\"tick\",1]");
    let mut watch = Watch::new(None);
    assert_eq!(watch.look(&journal, &event("tick", None)), Found::Met);
    assert_eq!(watch.look(&journal, &event("tick", None)), Found::NotYet);
    comes(&journal, "42[\"tick\",2]");
    assert_eq!(watch.look(&journal, &event("tick", None)), Found::Met);
}

#[test]
fn what_came_before_a_met_wait_is_past() {
    let journal = journal();
    comes(&journal, "42[\"a\"]");
    comes(&journal, "42[\"b\"]");
    let mut watch = Watch::new(None);
    assert_eq!(watch.look(&journal, &event("b", None)), Found::Met);
    assert_eq!(watch.look(&journal, &event("a", None)), Found::NotYet);
}

#[test]
fn several_events_of_one_poll_meet_several_waits_in_order() {
    let journal = journal();
    let request = Request {
        x: 2,
        method: "GET".to_owned(),
        url: "http://h/socket.io/?EIO=4&transport=polling&sid=x".to_owned(),
        ..Request::default()
    };
    journal.append(Instant::now(), Some(1), &Body::Request(request));
    let response = crate::journal::record::Response {
        x: 2,
        status: 200,
        body: bytes::Bytes::from_static(b"42[\"a\"]\x1e42[\"b\"]\x1e42[\"a\"]"),
        ..Default::default()
    };
    journal.append(Instant::now(), Some(1), &Body::Response(response));
    let mut watch = Watch::new(None);
    for name in ["a", "b", "a"] {
        assert_eq!(
            watch.look(&journal, &event(name, None)),
            Found::Met,
            "{name}"
        );
    }
    assert_eq!(watch.look(&journal, &event("b", None)), Found::NotYet);
}

#[test]
fn the_namespace_of_an_event_counts_where_it_is_named() {
    let journal = journal();
    comes(&journal, "42/chat,[\"hello\"]");
    assert_eq!(
        Watch::new(None).look(&journal, &event("hello", Some("/"))),
        Found::NotYet
    );
    assert_eq!(
        Watch::new(None).look(&journal, &event("hello", Some("/chat"))),
        Found::Met
    );
    assert_eq!(
        Watch::new(None).look(&journal, &event("hello", None)),
        Found::Met
    );
}

#[test]
fn our_own_emit_is_no_event_from_the_server() {
    let journal = journal();
    frame(&journal, Direction::ToServer, "42[\"hello\"]");
    assert_eq!(
        Watch::new(None).look(&journal, &event("hello", None)),
        Found::NotYet
    );
}

#[test]
fn a_binary_event_is_met_when_it_is_whole() {
    let journal = journal();
    comes(&journal, "451-[\"pic\",{\"_placeholder\":true,\"num\":0}]");
    let mut watch = Watch::new(None);
    assert_eq!(watch.look(&journal, &event("pic", None)), Found::NotYet);
    let part = Frame {
        dir: Direction::ToClient,
        op: Opcode::Binary,
        data: bytes::Bytes::from_static(&[1, 2, 3]),
        code: None,
        reason: None,
        wire: None,
    };
    journal.append(Instant::now(), Some(1), &Body::Frame(part));
    assert_eq!(watch.look(&journal, &event("pic", None)), Found::Met);
}

#[test]
fn namespaces_may_be_waited_for_in_any_order() {
    let journal = journal();
    state(&journal, "/chat", NamespaceState::Connected);
    state(&journal, "/", NamespaceState::Connected);
    let mut watch = Watch::new(None);
    let wait = |nsp: &str| Expect::Namespace(nsp.to_owned());
    assert_eq!(watch.look(&journal, &wait("/")), Found::Met);
    assert_eq!(watch.look(&journal, &wait("/chat")), Found::Met);
    assert_eq!(watch.look(&journal, &wait("/chat")), Found::NotYet);
}

#[test]
fn a_namespace_that_was_lost_in_between_must_come_back() {
    let journal = journal();
    state(&journal, "/", NamespaceState::Connected);
    state(&journal, "/", NamespaceState::Disconnected);
    comes(&journal, "42[\"x\"]");
    let mut watch = Watch::new(None);
    assert_eq!(watch.look(&journal, &event("x", None)), Found::Met);
    let wait = Expect::Namespace("/".to_owned());
    assert_eq!(watch.look(&journal, &wait), Found::NotYet);
    state(&journal, "/", NamespaceState::Connected);
    assert_eq!(watch.look(&journal, &wait), Found::Met);
}

#[test]
fn a_wait_that_ended_without_looking_moves_the_beginning() {
    let journal = journal();
    let early = comes(&journal, "42[\"x\",1]");
    let mut watch = Watch::new(None);
    watch.skip_to(early);
    assert_eq!(watch.look(&journal, &event("x", None)), Found::NotYet);
    comes(&journal, "42[\"x\",2]");
    assert_eq!(watch.look(&journal, &event("x", None)), Found::Met);
}

#[test]
fn a_long_journal_is_looked_through_in_slices() {
    let journal = journal();
    for _ in 0..SLICE {
        comes(&journal, "42[\"noise\"]");
    }
    comes(&journal, "42[\"x\"]");
    let mut watch = Watch::new(None);
    assert_eq!(watch.look(&journal, &event("x", None)), Found::More);
    assert_eq!(watch.look(&journal, &event("x", None)), Found::Met);
}

#[test]
fn in_a_tap_the_servers_connect_joins_until_the_connection_ends() {
    let journal = journal();
    let namespace = Expect::Namespace("/".to_owned());
    let mut watch = Watch::tapping(None);
    frame(&journal, Direction::ToServer, "40");
    assert_eq!(watch.look(&journal, &namespace), Found::NotYet);
    comes(&journal, "40{\"sid\":\"s\"}");
    comes(&journal, "42[\"hello\"]");
    assert_eq!(watch.look(&journal, &event("hello", None)), Found::Met);
    assert_eq!(
        watch.look(&journal, &namespace),
        Found::Met,
        "it joined while the event was waited for"
    );
    comes(&journal, "40/chat,{\"sid\":\"c\"}");
    comes(&journal, "42[\"again\"]");
    assert_eq!(watch.look(&journal, &event("again", None)), Found::Met);
    let closed = crate::journal::record::Connection {
        state: ConnectionState::Closed,
        attempt: None,
        delay_ms: None,
        reason: Some("transport close".to_owned()),
        detail: None,
    };
    journal.append(Instant::now(), Some(1), &Body::Connection(closed));
    comes(&journal, "42[\"more\"]");
    assert_eq!(watch.look(&journal, &event("more", None)), Found::Met);
    let chat = Expect::Namespace("/chat".to_owned());
    assert_eq!(watch.look(&journal, &chat), Found::NotYet);
}

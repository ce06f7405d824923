//! How things stand, from hand-made records.

use super::*;
use crate::journal::record::{Ack, Buffer, Connection, Namespace};

fn record(n: u64, body: Body) -> Record {
    Record {
        n,
        t: n,
        c: Some(1),
        body,
    }
}

fn namespace(nsp: &str, state: NamespaceState, reason: Option<&str>) -> Body {
    Body::Namespace(Namespace {
        nsp: nsp.to_owned(),
        state,
        sid: None,
        reason: reason.map(str::to_owned),
        recovered: None,
        data: None,
    })
}

fn ack(nsp: &str, id: u64, state: AckState) -> Body {
    Body::Ack(Ack {
        nsp: nsp.to_owned(),
        id,
        dir: Direction::ToServer,
        state,
        ms: None,
    })
}

fn buffer(op: BufferOp) -> Body {
    Body::Buffer(Buffer {
        nsp: "/".to_owned(),
        op,
        packet: "2[\"x\"]".to_owned(),
    })
}

fn connection(state: ConnectionState, reason: Option<&str>) -> Body {
    Body::Connection(Connection {
        state,
        reason: reason.map(str::to_owned),
        detail: Some("below".to_owned()),
        attempt: None,
        delay_ms: None,
    })
}

fn after(status: &mut Status, bodies: impl IntoIterator<Item = Body>) {
    for (n, body) in (1..).zip(bodies) {
        status.note(&record(n, body));
    }
}

#[test]
fn a_run_is_settled_when_every_namespace_has_its_answer() {
    use NamespaceState::{Connected, Joining, Refused};
    let mut status = Status::new(["/", "/admin"]);
    assert!(!status.settled());
    after(
        &mut status,
        [
            namespace("/", Joining, None),
            namespace("/", Connected, None),
        ],
    );
    assert!(!status.settled());
    after(&mut status, [namespace("/admin", Refused, Some("no"))]);
    assert!(status.settled());
    assert!(status.ever_joined && status.joined_now());
    assert_eq!(status.refused().collect::<Vec<_>>(), [("/admin", "no")]);
}

#[test]
fn a_namespace_that_was_lost_is_waited_for_unless_nobody_retries() {
    use NamespaceState::{Connected, Disconnected};
    for (reason, settled) in [
        ("transport close", false),
        ("ping timeout", false),
        ("io server disconnect", true),
        ("io client disconnect", true),
    ] {
        let mut status = Status::new(["/"]);
        after(
            &mut status,
            [
                namespace("/", Connected, None),
                namespace("/", Disconnected, Some(reason)),
            ],
        );
        assert_eq!(status.settled(), settled, "{reason}");
        assert!(!status.joined_now());
        assert_eq!(
            status.left_all(),
            reason == "io client disconnect",
            "{reason}"
        );
    }
}

#[test]
fn buffered_packets_are_waited_for_once_their_namespace_is_connected() {
    let connected = || namespace("/", NamespaceState::Connected, None);
    let mut status = Status::new(["/"]);
    after(
        &mut status,
        [
            buffer(BufferOp::Queued),
            buffer(BufferOp::Queued),
            connected(),
        ],
    );
    assert!(!status.settled());
    after(
        &mut status,
        [buffer(BufferOp::Flushed), buffer(BufferOp::Dropped)],
    );
    assert!(status.settled());
}

#[test]
fn acks_are_given_to_the_emits_in_their_order_for_each_namespace() {
    use AckState::{Answered, Pending, Timeout};
    let mut status = Status::default();
    let first = status.asks("/", "a".to_owned(), true);
    let other = status.asks("/chat", "b".to_owned(), true);
    let second = status.asks("/", "c".to_owned(), true);
    after(
        &mut status,
        [
            ack("/chat", 0, Pending),
            ack("/", 0, Pending),
            ack("/", 1, Pending),
            ack("/", 1, Answered),
        ],
    );
    assert_eq!(status.asked(second).unwrap().decided, Some((4, Answered)));
    assert_eq!(status.asked(first).unwrap().decided, None);
    after(
        &mut status,
        [ack("/", 0, Timeout), ack("/chat", 0, Answered)],
    );
    assert_eq!(status.missed_acks, 1);
    assert_eq!(status.pending().count(), 0);
    // The newest stays, whoever asks for it; the others are forgotten.
    assert!(status.asked(second).is_some());
    assert!(status.asked(first).is_none() && status.asked(other).is_none());
    let third = status.asks("/", "d".to_owned(), true);
    assert_eq!(status.asked(third).unwrap().event, "d");
    assert_eq!(status.pending().count(), 1);
}

#[test]
fn an_answer_after_the_timeout_does_not_undo_it() {
    let mut status = Status::default();
    let ask = status.asks("/", "a".to_owned(), true);
    after(
        &mut status,
        [
            ack("/", 5, AckState::Pending),
            ack("/", 5, AckState::Timeout),
            ack("/", 5, AckState::Late),
        ],
    );
    assert_eq!(
        status.asked(ask).unwrap().decided,
        Some((2, AckState::Timeout))
    );
    assert_eq!(status.missed_acks, 1);
}

#[test]
fn the_servers_own_questions_are_not_ours() {
    let mut status = Status::default();
    let ask = status.asks("/", "a".to_owned(), false);
    let theirs = Ack {
        nsp: "/".to_owned(),
        id: 0,
        dir: Direction::ToClient,
        state: AckState::Answered,
        ms: None,
    };
    after(&mut status, [Body::Ack(theirs)]);
    assert_eq!(status.asked(ask).unwrap().decided, None);
}

#[test]
fn giving_up_is_known_with_its_reason_until_a_new_connect() {
    let mut status = Status::new(["/"]);
    after(
        &mut status,
        [
            connection(ConnectionState::Closed, Some("xhr poll error")),
            connection(ConnectionState::GaveUp, Some("xhr poll error")),
        ],
    );
    assert_eq!(status.gave_up.as_deref(), Some("xhr poll error"));
    assert_eq!(status.last_reason.as_deref(), Some("xhr poll error: below"));
    after(&mut status, [connection(ConnectionState::Connecting, None)]);
    assert_eq!(status.gave_up, None);
}

#[test]
fn what_was_left_and_joined_by_hand_is_known() {
    let mut status = Status::new(["/"]);
    assert!(status.knows("/") && !status.knows("/chat"));
    status.joins("/chat");
    assert!(status.knows("/chat") && !status.settled());
    after(
        &mut status,
        [namespace("/", NamespaceState::Connected, None)],
    );
    status.leaves("/chat");
    assert!(status.settled());
}

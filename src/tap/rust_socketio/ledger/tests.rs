use bytes::Bytes;

use super::*;
use crate::journal::record::{Connection, Frame, Opcode};

/// A ledger that is fed with frames, a millisecond apart.
struct Bed {
    ledger: Ledger,
    n: u64,
}

impl Bed {
    fn new(nsp: &str) -> Bed {
        Bed {
            ledger: Ledger::new(nsp.to_owned()),
            n: 0,
        }
    }

    fn record(&mut self, c: u32, body: Body) -> Vec<String> {
        self.n += 1;
        let told = self.ledger.take(&Record {
            n: self.n,
            t: self.n * 1_000,
            c: Some(c),
            body,
        });
        words(told)
    }

    fn frame(&mut self, c: u32, dir: Direction, text: &str) -> Vec<String> {
        self.record(
            c,
            Body::Frame(Frame {
                dir,
                op: Opcode::Text,
                data: Bytes::copy_from_slice(text.as_bytes()),
                code: None,
                reason: None,
                wire: None,
            }),
        )
    }

    fn up(&mut self, text: &str) -> Vec<String> {
        self.frame(1, Direction::ToServer, text)
    }

    fn down(&mut self, text: &str) -> Vec<String> {
        self.frame(1, Direction::ToClient, text)
    }

    fn connection(&mut self, c: u32, state: ConnectionState, reason: &str) -> Vec<String> {
        self.record(
            c,
            Body::Connection(Connection {
                state,
                reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
                detail: None,
                attempt: None,
                delay_ms: None,
            }),
        )
    }
}

/// Each record on one short line.
fn words(told: Vec<Told>) -> Vec<String> {
    told.into_iter()
        .map(|(c, body)| match body {
            Body::Namespace(said) => format!(
                "{c:?} {} {:?} {} {} {}",
                said.nsp,
                said.state,
                said.sid.as_deref().unwrap_or("-"),
                said.reason.as_deref().unwrap_or("-"),
                said.data.as_deref().unwrap_or("-"),
            ),
            Body::Ack(said) => format!(
                "{c:?} {} {:?} {}",
                said.id,
                said.state,
                said.ms.map_or("-".to_owned(), |ms| ms.to_string())
            ),
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_namespace_is_read_from_the_wire() {
    let mut bed = Bed::new("/chat");
    assert_eq!(bed.ledger.state(), None);
    assert!(bed.connection(1, ConnectionState::Open, "").is_empty());
    assert_eq!(
        bed.up("40/chat,{\"token\":1}"),
        ["Some(1) /chat Joining - - -"]
    );
    // Another namespace, and another server's event, say nothing of ours.
    assert!(bed.down("40{\"sid\":\"other\"}").is_empty());
    assert_eq!(
        bed.down("40/chat,{\"sid\":\"abc\"}"),
        ["Some(1) /chat Connected abc - -"]
    );
    assert_eq!(
        bed.down("41/chat,"),
        ["Some(1) /chat Disconnected - io server disconnect -"]
    );
    assert!(bed.ledger.left_by_server());
    // What ends later ends nothing twice.
    assert!(
        bed.connection(1, ConnectionState::Closed, "io server disconnect")
            .is_empty()
    );
    assert!(bed.ledger.is_closed());
}

#[test]
fn a_refusal_has_its_message_and_data() {
    let mut bed = Bed::new("/");
    bed.up("40");
    assert_eq!(
        bed.down("44{\"message\":\"closed\",\"data\":{\"why\":1}}"),
        ["Some(1) / Refused - closed {\"why\":1}"]
    );
    assert_eq!(bed.down("44\"plain\""), ["Some(1) / Refused - plain -"]);
}

#[test]
fn a_lost_connection_takes_namespace_and_questions_with_it_and_a_new_one_brings_it_back() {
    let mut bed = Bed::new("/");
    bed.connection(1, ConnectionState::Connecting, "");
    bed.up("40");
    bed.down("40{\"sid\":\"a\"}");
    bed.ledger.hand(1, 0, None);
    assert_eq!(bed.up("427[\"q\"]"), ["Some(1) 7 Pending -"]);
    assert_eq!(
        bed.connection(1, ConnectionState::Closed, "transport close"),
        [
            "Some(1) / Disconnected - transport close -",
            "Some(1) 7 Lost 1"
        ]
    );
    assert!(bed.ledger.is_closed() && !bed.ledger.left_by_server());
    bed.connection(2, ConnectionState::Connecting, "");
    assert!(!bed.ledger.is_closed());
    bed.frame(2, Direction::ToServer, "40");
    assert_eq!(
        bed.frame(2, Direction::ToClient, "40{\"sid\":\"b\"}"),
        ["Some(2) / Connected b - -"]
    );
    // The old connection's late end is not the new one's.
    assert!(
        bed.connection(1, ConnectionState::Closed, "transport close")
            .is_empty()
    );
    assert!(!bed.ledger.is_closed());
}

#[test]
fn acks_are_pending_answered_late_or_timed_out() {
    let mut bed = Bed::new("/");
    bed.ledger.hand(1, 0, None);
    bed.ledger.hand(2, 0, Some(5_000));
    assert_eq!(bed.up("42900[\"a\"]"), ["Some(1) 900 Pending -"]);
    assert_eq!(bed.up("4212[\"b\"]"), ["Some(1) 12 Pending -"]);
    assert_eq!(bed.down("43900[1]"), ["Some(1) 900 Answered 2"]);
    // Asked at 2 ms, with 5 ms of time.
    assert_eq!(bed.ledger.deadline(), Some(7_000));
    assert!(bed.ledger.due(6_999).is_empty());
    assert_eq!(words(bed.ledger.due(7_000)), ["Some(1) 12 Timeout 5"]);
    assert_eq!(bed.ledger.deadline(), None);
    bed.n = 9;
    assert_eq!(bed.down("4312[1]"), ["Some(1) 12 Late 8"]);
    // Nobody asked for this one.
    assert!(bed.down("4312[1]").is_empty());
}

#[test]
fn an_id_that_the_library_drew_twice_is_answered_once_each() {
    let mut bed = Bed::new("/");
    bed.ledger.hand(1, 0, None);
    bed.ledger.hand(2, 0, None);
    bed.up("425[\"a\"]");
    bed.up("425[\"b\"]");
    assert_eq!(bed.down("435[]"), ["Some(1) 5 Answered 2"]);
    assert_eq!(bed.down("435[]"), ["Some(1) 5 Answered 2"]);
}

#[test]
fn questions_that_were_never_sent_are_told_in_their_order() {
    let mut bed = Bed::new("/");
    bed.ledger.hand(1, 0, None);
    bed.ledger.hand(2, 0, None);
    bed.ledger.hand(3, 0, None);
    // The first may still be on its way.
    assert!(bed.ledger.fail(2, 1_000).is_empty());
    assert_eq!(
        bed.up("423[\"a\"]"),
        ["Some(1) 3 Pending -", "None 1000 Lost 1"]
    );
    assert_eq!(words(bed.ledger.drop_handed(3_000)), ["None 1001 Lost 3"]);
    // Sent, and then told to have failed: a post that was refused.
    assert_eq!(words(bed.ledger.fail(1, 4_000)), ["Some(1) 3 Lost 3"]);
    assert!(bed.ledger.fail(1, 4_000).is_empty());
}

#[test]
fn a_question_that_hangs_in_the_library_has_its_time_too() {
    let mut bed = Bed::new("/");
    bed.ledger.hand(1, 1_000, Some(2_000));
    assert_eq!(bed.ledger.deadline(), Some(3_000));
    assert_eq!(words(bed.ledger.due(3_000)), ["None 1000 Timeout 2"]);
    assert_eq!(bed.ledger.deadline(), None);
}

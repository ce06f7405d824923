//! What a filter means, as a tree.

use regex::Regex;

use super::path::At;
use super::value::{Comparison, Pattern};
use crate::journal::record::{AckState, Direction, TransportName};

/// A filter or a part of one.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    /// Everything passes: the empty filter.
    All,
    /// The part does not match.
    Not(Box<Expr>),
    /// All parts match; the cheap ones stand first.
    And(Vec<Expr>),
    /// One part matches; the cheap ones stand first.
    Or(Vec<Expr>),
    /// A single test.
    Test(Test),
}

/// A single test of a row.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// Text or a regex in the event name or the payload.
    Text(Regex),
    /// `ev:`.
    Event(Pattern),
    /// `ns:`.
    Namespace(Pattern),
    /// `dir:`.
    Direction(Direction),
    /// `is:`.
    Is(Is),
    /// `ack:pending` and the like.
    AckState(AckState),
    /// `ack:7`.
    AckId(u64),
    /// `via:`.
    Via(TransportName),
    /// `c:`.
    Connection(Comparison<u64>),
    /// `size:` in bytes.
    Size(Comparison<u64>),
    /// `lat:` in milliseconds.
    Latency(Comparison<f64>),
    /// `since:` in microseconds of age.
    Since(Comparison<u64>),
    /// `at:`.
    At(At),
}

/// Values of `is:`, with the name that is typed and a word of explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Event,
    Ack,
    Connect,
    Disconnect,
    Error,
    Ping,
    Pong,
    Open,
    Close,
    Upgrade,
    Noop,
    Binary,
    Exchange,
    Fault,
    Finding,
    Mark,
    Gap,
}

impl Is {
    /// Every value with its name and what it lets through.
    pub(super) const ALL: [(&'static str, Is, &'static str); 17] = [
        ("event", Is::Event, "events"),
        ("ack", Is::Ack, "answers to events"),
        ("connect", Is::Connect, "namespace joins and their answers"),
        (
            "disconnect",
            Is::Disconnect,
            "leaving and losing a namespace or connection",
        ),
        (
            "error",
            Is::Error,
            "refusals, failures and bytes that cannot be decoded",
        ),
        ("ping", Is::Ping, "pings of Engine.IO and of WebSocket"),
        ("pong", Is::Pong, "pongs of Engine.IO and of WebSocket"),
        ("open", Is::Open, "handshakes"),
        (
            "close",
            Is::Close,
            "close packets, close frames, ended connections",
        ),
        ("upgrade", Is::Upgrade, "steps of the upgrade to WebSocket"),
        ("noop", Is::Noop, "noop packets"),
        (
            "binary",
            Is::Binary,
            "packets with attachments, binary frames",
        ),
        (
            "exchange",
            Is::Exchange,
            "what an HTTP request or response is or carried",
        ),
        ("fault", Is::Fault, "failures made on purpose"),
        ("finding", Is::Finding, "records that prove a finding"),
        ("mark", Is::Mark, "your marks"),
        ("gap", Is::Gap, "lost records"),
    ];
}

impl Expr {
    /// How dear a test is: 0 compares numbers, 1 compares short text, 2 reads the payload,
    /// 3 parses it.
    fn cost(&self) -> u8 {
        match self {
            Expr::All => 0,
            Expr::Not(part) => part.cost(),
            Expr::And(parts) | Expr::Or(parts) => parts.iter().map(Expr::cost).max().unwrap_or(0),
            Expr::Test(Test::Event(_) | Test::Namespace(_)) => 1,
            Expr::Test(Test::Text(_)) => 2,
            Expr::Test(Test::At(_)) => 3,
            Expr::Test(_) => 0,
        }
    }

    /// All of `parts`, the cheap ones first.
    pub(super) fn and(mut parts: Vec<Expr>) -> Expr {
        parts.sort_by_key(Expr::cost);
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, Some(last)) => {
                parts.push(last);
                Expr::And(parts)
            }
            (_, None) => Expr::All,
        }
    }

    /// One of `parts`, the cheap ones first.
    pub(super) fn or(mut parts: Vec<Expr>) -> Expr {
        parts.sort_by_key(Expr::cost);
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, Some(last)) => {
                parts.push(last);
                Expr::Or(parts)
            }
            (_, None) => Expr::All,
        }
    }

    pub(super) fn is_unsteady(&self) -> bool {
        match self {
            Expr::All => false,
            Expr::Not(part) => part.is_unsteady(),
            Expr::And(parts) | Expr::Or(parts) => parts.iter().any(Expr::is_unsteady),
            Expr::Test(test) => {
                matches!(
                    test,
                    Test::AckState(_) | Test::Latency(_) | Test::Since(_) | Test::Is(Is::Finding)
                )
            }
        }
    }

    /// Collects words that every match holds as they stand.
    pub(super) fn needles(&self, into: &mut Vec<String>) {
        match self {
            Expr::And(parts) => parts.iter().for_each(|part| part.needles(into)),
            Expr::Test(Test::Event(pattern) | Test::Namespace(pattern)) => {
                into.extend(pattern.needle());
            }
            // Alternatives and negations demand no word; free text ignores case.
            _ => {}
        }
    }
}

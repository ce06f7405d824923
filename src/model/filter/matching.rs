//! Whether a row passes.

use super::expr::{Expr, Is, Test};
use super::value::Pattern;
use crate::journal::record::{AckState, ConnectionState, NamespaceState, Opcode};
use crate::model::row::{Row, What};

pub(super) fn matches(expr: &Expr, row: &Row<'_>, now: u64) -> bool {
    match expr {
        Expr::All => true,
        Expr::Not(part) => !matches(part, row, now),
        Expr::And(parts) => parts.iter().all(|part| matches(part, row, now)),
        Expr::Or(parts) => parts.iter().any(|part| matches(part, row, now)),
        Expr::Test(test) => passes(test, row, now),
    }
}

fn passes(test: &Test, row: &Row<'_>, now: u64) -> bool {
    match test {
        Test::Text(regex) => {
            row.event.is_some_and(|event| regex.is_match(event)) || regex.is_match(&row.text())
        }
        Test::Event(pattern) => row.event.is_some_and(|event| pattern.matches(event)),
        Test::Namespace(pattern) => row.nsp.is_some_and(|nsp| in_namespace(pattern, nsp)),
        Test::Direction(dir) => row.dir == Some(*dir),
        Test::Is(is) => is_a(*is, row),
        Test::AckState(state) => {
            row.ack
                .as_ref()
                .and_then(|ack| ack.state)
                .is_some_and(|is| match state {
                    // An answer that came late has timed out, too.
                    AckState::Timeout => matches!(is, AckState::Timeout | AckState::Late),
                    state => is == *state,
                })
        }
        Test::AckId(id) => row.ack.as_ref().is_some_and(|ack| ack.id == *id),
        Test::Via(via) => row.via == Some(*via),
        Test::Connection(with) => row.c.is_some_and(|c| with.holds(u64::from(c))),
        Test::Size(with) => row.size.is_some_and(|size| with.holds(size)),
        Test::Latency(with) => row.latency_ms.is_some_and(|ms| with.holds(ms)),
        Test::Since(with) => with.holds(now.saturating_sub(row.t)),
        Test::At(at) => row
            .data()
            .is_some_and(|data| at.matches(data, row.event.is_some())),
    }
}

/// A generation 2 client writes its query into the namespace (`/admin?token=x`): the name alone
/// finds it, too.
fn in_namespace(pattern: &Pattern, nsp: &str) -> bool {
    pattern.matches(nsp)
        || nsp
            .split_once('?')
            .is_some_and(|(name, _query)| pattern.matches(name))
}

fn is_a(is: Is, row: &Row<'_>) -> bool {
    let what = &row.what;
    match is {
        Is::Event => matches!(what, What::Socket("event" | "binary_event")),
        Is::Ack => matches!(what, What::Socket("ack" | "binary_ack")),
        Is::Connect => matches!(
            what,
            What::Socket("connect")
                | What::Connection(ConnectionState::Connecting | ConnectionState::Open)
                | What::Namespace(NamespaceState::Joining | NamespaceState::Connected)
        ),
        Is::Disconnect => matches!(
            what,
            What::Socket("disconnect")
                | What::Connection(ConnectionState::Closed | ConnectionState::GaveUp)
                | What::Namespace(NamespaceState::Disconnected)
        ),
        Is::Error => row.error,
        Is::Ping => matches!(what, What::Engine("ping") | What::Control(Opcode::Ping)),
        Is::Pong => matches!(what, What::Engine("pong") | What::Control(Opcode::Pong)),
        Is::Open => matches!(
            what,
            What::Engine("open") | What::Connection(ConnectionState::Open)
        ),
        Is::Close => matches!(
            what,
            What::Engine("close")
                | What::Control(Opcode::Close)
                | What::Connection(ConnectionState::Closed | ConnectionState::GaveUp)
        ),
        Is::Upgrade => row.upgrade,
        Is::Noop => matches!(what, What::Engine("noop")),
        Is::Binary => row.binary,
        Is::Exchange => row.x.is_some(),
        Is::Fault => matches!(what, What::Fault),
        Is::Finding => row.proves || matches!(what, What::Finding),
        Is::Mark => matches!(what, What::Mark),
        Is::Gap => matches!(what, What::Gap),
    }
}

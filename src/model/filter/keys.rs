//! The keys, and the values of those that take one of a few words. Parser and completion read
//! the same tables.

use crate::journal::record::{AckState, Direction, TransportName};

/// Keys with a word of explanation, in the order in which they are offered.
pub(super) const KEYS: [(&str, &str); 11] = [
    ("ev", "event name; * stands for anything"),
    ("ns", "namespace; * stands for anything"),
    ("dir", "in or out"),
    ("is", "what it is"),
    ("ack", "pending, late, lost … or an id"),
    ("via", "polling or ws"),
    ("c", "connection number"),
    ("size", "bytes, as in size:>1k"),
    ("lat", "latency, as in lat:>200ms"),
    ("since", "age, as in since:30s"),
    ("at", "JSON path, as in at:.user.id=7"),
];

/// The keys as a Markdown table, for the README.
pub fn as_markdown() -> String {
    let row = |(key, about): &(&str, &str)| format!("| `{key}:` | {about} |\n");
    let rows: String = KEYS.iter().map(row).collect();
    format!("| key | what it looks at |\n|---|---|\n{rows}")
}

/// Values of `dir:`.
pub(super) const DIRECTIONS: [(&str, Direction, &str); 2] = [
    ("in", Direction::ToClient, "from the server"),
    ("out", Direction::ToServer, "to the server"),
];

/// Values of `ack:` besides an id.
pub(super) const ACKS: [(&str, AckState, &str); 5] = [
    ("pending", AckState::Pending, "no answer yet"),
    ("answered", AckState::Answered, "answered in time"),
    ("late", AckState::Late, "answered after the timeout"),
    (
        "timeout",
        AckState::Timeout,
        "not answered within the timeout",
    ),
    ("lost", AckState::Lost, "the connection ended first"),
];

/// Values of `via:`.
pub(super) const TRANSPORTS: [(&str, TransportName, &str); 3] = [
    ("polling", TransportName::Polling, "HTTP long-polling"),
    ("ws", TransportName::Websocket, "WebSocket"),
    ("websocket", TransportName::Websocket, "WebSocket"),
];

//! The faults themselves.

use super::{Brings, Entry, Lasts, Outcome, Side};
use crate::journal::record::TransportName;
use crate::protocol::engine::Version;

const POLLING: TransportName = TransportName::Polling;
const WEBSOCKET: TransportName = TransportName::Websocket;
const BOTH: &[TransportName] = &[POLLING, WEBSOCKET];
const EVERYWHERE: &[Side] = &[Side::Client, Side::Tap];

const fn always(what: Brings) -> Outcome {
    Outcome {
        what,
        over: None,
        eio: None,
    }
}

const fn over(name: TransportName, what: Brings) -> Outcome {
    Outcome {
        what,
        over: Some(name),
        eio: None,
    }
}

const fn eio(version: Version, what: Brings) -> Outcome {
    Outcome {
        what,
        over: None,
        eio: Some(version),
    }
}

/// A cut: what engine.io-client makes of a WebSocket that closes and of a request that fails.
const A_CUT: &[Outcome] = &[
    over(WEBSOCKET, Brings::TransportClose),
    over(POLLING, Brings::TransportError),
];

/// The faults, in the order in which they are listed within their group.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        name: "freeze",
        form: "freeze",
        example: "freeze",
        brings: &[always(Brings::PingTimeout)],
        does: "half-open: nothing is read, nothing is written, the socket stays",
        lasts: Lasts::Once,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "deaf",
        form: "deaf",
        example: "deaf",
        brings: &[always(Brings::PingTimeout)],
        does: "pings are not seen by the side that waits for them, nor what the server says because of it",
        lasts: Lasts::UntilCleared,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "stall-poll",
        form: "stall-poll",
        example: "stall-poll",
        brings: &[always(Brings::PingTimeout)],
        does: "the answer to a poll never arrives",
        lasts: Lasts::Once,
        over: &[POLLING],
        sides: EVERYWHERE,
    },
    Entry {
        name: "drop",
        form: "drop",
        example: "drop",
        brings: A_CUT,
        does: "the TCP connection ends without a word (FIN)",
        lasts: Lasts::Once,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "reset",
        form: "reset",
        example: "reset",
        brings: A_CUT,
        does: "the TCP connection is torn (RST)",
        lasts: Lasts::Once,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "close",
        form: "close:CODE",
        example: "close:1011",
        brings: &[always(Brings::TransportClose)],
        does: "the WebSocket is closed with this code",
        lasts: Lasts::Once,
        over: &[WEBSOCKET],
        sides: EVERYWHERE,
    },
    Entry {
        name: "no-pong",
        form: "no-pong",
        example: "no-pong",
        brings: &[
            eio(Version::V4, Brings::TransportClose),
            eio(Version::V3, Brings::PingTimeout),
        ],
        does: "pongs do not arrive, so that the side that pinged gives up",
        lasts: Lasts::UntilCleared,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "split-attachment",
        form: "split-attachment",
        example: "split-attachment",
        brings: A_CUT,
        does: "the connection ends between a binary header and its attachment",
        lasts: Lasts::Once,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "oversize",
        form: "oversize",
        example: "oversize",
        brings: A_CUT,
        does: "the server gets a message larger than it takes (close 1009, HTTP 413)",
        lasts: Lasts::Once,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "status",
        form: "status:CODE@N",
        example: "status:502@1",
        brings: &[always(Brings::TransportError)],
        does: "the Nth poll or post from now is answered with this status and a body, as by a proxy",
        lasts: Lasts::Once,
        over: &[POLLING],
        sides: EVERYWHERE,
    },
    Entry {
        name: "unknown-sid",
        form: "unknown-sid",
        example: "unknown-sid",
        brings: &[always(Brings::TransportError)],
        does: "a poll or post names a session that the server does not know",
        lasts: Lasts::Once,
        over: &[POLLING],
        sides: EVERYWHERE,
    },
    Entry {
        name: "garbage",
        form: "garbage",
        example: "garbage",
        brings: &[
            eio(Version::V4, Brings::ParseError),
            eio(Version::V3, Brings::TransportError),
        ],
        does: "the client gets bytes that are no packet",
        lasts: Lasts::Once,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "no-upgrade",
        form: "no-upgrade",
        example: "no-upgrade",
        brings: &[always(Brings::NoUpgrade)],
        does: "the next handshakes do not offer WebSocket",
        lasts: Lasts::UntilCleared,
        over: &[POLLING],
        sides: EVERYWHERE,
    },
    Entry {
        name: "abort-upgrade",
        form: "abort-upgrade",
        example: "abort-upgrade",
        brings: &[always(Brings::NoUpgrade)],
        does: "the next upgrade is cut between probe and upgrade",
        lasts: Lasts::Once,
        over: &[POLLING],
        sides: EVERYWHERE,
    },
    Entry {
        name: "delay",
        form: "delay:MS",
        example: "delay:250",
        brings: &[always(Brings::Late)],
        does: "everything comes so much later, in each direction",
        lasts: Lasts::UntilCleared,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "jitter",
        form: "jitter:MS",
        example: "jitter:100",
        brings: &[always(Brings::Late)],
        does: "everything comes later by a random time up to this one (100 where none is given)",
        lasts: Lasts::UntilCleared,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "throttle",
        form: "throttle:BYTES/S",
        example: "throttle:1000/s",
        brings: &[always(Brings::Late)],
        does: "no more than so many bytes a second, in each direction",
        lasts: Lasts::UntilCleared,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "split-101",
        form: "split-101",
        example: "split-101",
        brings: &[always(Brings::Late)],
        does: "the answer to the next WebSocket upgrade comes in three TCP segments, the last one late",
        lasts: Lasts::Once,
        over: BOTH,
        sides: &[Side::Tap],
    },
    Entry {
        name: "drop-ack",
        form: "drop-ack",
        example: "drop-ack",
        brings: &[always(Brings::LostAck)],
        does: "the next ack does not arrive",
        lasts: Lasts::Once,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "duplicate",
        form: "duplicate",
        example: "duplicate",
        brings: &[always(Brings::Twice)],
        does: "the next event arrives twice",
        lasts: Lasts::Once,
        over: BOTH,
        sides: EVERYWHERE,
    },
    Entry {
        name: "reorder",
        form: "reorder",
        example: "reorder",
        brings: &[always(Brings::WrongOrder)],
        does: "the next event arrives after the one that follows it",
        lasts: Lasts::Once,
        over: BOTH,
        sides: EVERYWHERE,
    },
];

//! The heartbeat runs in the direction of the other generation.
//!
//! Up to Engine.IO 3 the client pings, from 4 on the server does. Who waits for the other's ping
//! hears none and gives up after interval + timeout; who pings where it must not is thrown out
//! (engine.io: "invalid heartbeat direction").

use super::{Entry, Rule};
use crate::diagnosis::beat::Beat;
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Life, Place};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::seconds;

pub(super) const ENTRY: Entry = Entry {
    name: "heartbeat-direction",
    about: "one side pings (or waits for pings) as in the other generation of the protocol",
    on: Moments::ENDED,
    gives_way_to: &[],
    make: || Box::new(HeartbeatDirection::default()),
};

/// A connection that the server closes so soon (microseconds) after a packet was closed for it.
const AT_ONCE: u64 = 1_000_000;

#[derive(Default)]
struct HeartbeatDirection {
    cases: Tallies,
}

/// What was seen.
struct Wrong {
    kind: &'static str,
    title: String,
    why: String,
    fix: &'static str,
    proof: Vec<u64>,
}

impl Rule for HeartbeatDirection {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some((life, ended, beat)) = Beat::ended(moment, scene) else {
            return;
        };
        let Some(opened) = life.opened else { return };
        let wrong = match beat.eio {
            4 => client_pings(life, ended)
                .or_else(|| nobody_pings_v4(life, opened, ended, beat, scene)),
            _ => nobody_pings_v3(life, opened, ended, beat),
        };
        let Some(wrong) = wrong else { return };
        let Some(tally) = self.cases.add(wrong.kind, Some(life.c), wrong.proof) else {
            return;
        };
        speech.say(Conclusion {
            subject: wrong.kind.to_owned(),
            connections: tally.connections(),
            severity: Severity::Error,
            title: format!("{}{}", wrong.title, tally.so_far()),
            evidence: tally.evidence(),
            why: wrong.why,
            fix: wrong.fix.to_owned(),
        });
    }
}

/// A client of Engine.IO 4 pings, and is thrown out for it.
fn client_pings(life: &Life, ended: Place) -> Option<Wrong> {
    let ping = *life.pings_to_server.last()?;
    if !life.closed_by_engine() || ended.t.saturating_sub(ping.t) > AT_ONCE {
        return None;
    }
    Some(Wrong {
        kind: "client pings",
        title: "the client pings an Engine.IO 4 server, which throws it out for that".to_owned(),
        why: format!(
            "The client asked for EIO=4 and sent a ping (`2`) of its own; {} later the server \
             closed the connection without a code. In Engine.IO 4 the server pings and the client \
             answers `3`; a ping from the client (other than `2probe`) is an invalid heartbeat \
             direction and ends the session (server reason `transport error`).",
            seconds(ended.t.saturating_sub(ping.t))
        ),
        fix: "Client: do not send `2`; answer each `2` of the server with `3`. A hand-written or \
              old client that keeps its own ping timer speaks Engine.IO 3: let it connect with \
              `EIO=3` to a server with `new Server({ allowEIO3: true })`, or bring it to version 4.",
        proof: vec![ping.n, ended.n],
    })
}

/// The client waits for pings that an old server never sends.
fn nobody_pings_v4(
    life: &Life,
    opened: Place,
    ended: Place,
    beat: Beat,
    scene: &Scene<'_>,
) -> Option<Wrong> {
    let lived = ended.t.saturating_sub(opened.t);
    if !life.pings_to_client.is_empty() || !Beat::reaches(lived, beat.patience()) {
        return None;
    }
    // Only an old server connects `/` without giving it an id.
    let old = scene
        .story
        .joins()
        .filter(|join| join.c == life.c && join.welcomed())
        .find(|join| join.answered_text("sid").is_none())?;
    if !life.left_by_client() && !life.cut_by_client() && !life.dropped() {
        return None;
    }
    let mut proof = vec![ended.n];
    proof.extend(old.evidence());
    Some(Wrong {
        kind: "server waits",
        title: format!(
            "nobody pings: the server speaks Engine.IO 3 and waits for the client's pings, the \
             client waits for the server's; it ended after {}",
            seconds(lived)
        ),
        why: format!(
            "The client asked for EIO=4, in which the server pings. Not one ping came in {} \
             ({}), and the namespace was joined by a CONNECT without a `sid`, as servers of \
             Socket.IO 1 and 2 write it: those wait for the client to ping. Each side waits for \
             the other until one gives up, and it begins again.",
            seconds(lived),
            beat.words()
        ),
        fix: "Use a client of the server's generation (socket.io-client 2.x, Java 1.x, \
              python-socketio 4.x; sioscope: `--eio 3`), or bring the server to Socket.IO 4, with \
              `new Server({ allowEIO3: true })` as long as old clients are there.",
        proof,
    })
}

/// A client of Engine.IO 3 never pings.
fn nobody_pings_v3(life: &Life, opened: Place, ended: Place, beat: Beat) -> Option<Wrong> {
    let lived = ended.t.saturating_sub(opened.t);
    let silent = life.pings_to_server.is_empty();
    if !silent || !life.closed_by_engine() || !Beat::reaches(lived, beat.patience()) {
        return None;
    }
    let server = match life.pings_to_client.first() {
        Some(_) => "The server pinged instead, as in Engine.IO 4.",
        None => "The server waited for them, as Engine.IO 3 servers do.",
    };
    let mut proof = vec![ended.n, opened.n];
    proof.extend(life.pings_to_client.first().map(|ping| ping.n));
    Some(Wrong {
        kind: "client silent",
        title: format!(
            "the client never pings, as if the server did: closed after {}",
            seconds(lived)
        ),
        why: format!(
            "The client asked for EIO=3, in which the client sends a ping (`2`) every \
             pingInterval. It sent none in {}, and the server closed the connection without a \
             code when {} were over. {server}",
            seconds(lived),
            beat.words()
        ),
        fix: "Client: send `2` every `pingInterval` of the handshake, the first one an interval \
              after it, and expect `3` within `pingTimeout`. A client that only answers pings \
              speaks Engine.IO 4: let it connect with `EIO=4` to a server of Socket.IO 3 or newer.",
        proof,
    })
}

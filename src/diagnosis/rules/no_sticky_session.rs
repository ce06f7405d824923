//! Requests of one session land on different server processes.
//!
//! A polling session lives in one process. A process that never saw it answers code 1, "Session
//! ID unknown" (engine.io `server.ts`). Code 1 also follows when the session has died in the right
//! process; that is told apart by what the session itself showed before: a session that was alive
//! right before (its handshake was just answered, or another request of it is answered well while
//! or after this one was refused) did not die.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange};

pub(super) const ENTRY: Entry = Entry {
    name: "no-sticky-session",
    about: "requests of one session land on different server processes",
    on: Moments::EXCHANGE,
    gives_way_to: &[],
    make: || Box::new(NoStickySession::default()),
};

/// How long after its last good answer a session is taken to be alive, in microseconds: less than
/// any ping timeout in use.
const ALIVE: u64 = 2_000_000;

/// Sessions that were refused, and the proofs.
#[derive(Default)]
struct NoStickySession {
    sessions: Vec<u32>,
    evidence: Vec<u64>,
}

impl Rule for NoStickySession {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Exchange(exchange) = moment else {
            return;
        };
        let Some(c) = exchange.c else { return };
        if exchange.asked == Asked::Handshake
            || !exchange.is_engine_error(1)
            || scene.story.is_faulted(c)
            || self.sessions.contains(&c)
        {
            return;
        }
        let Some(proof) = proof_of_life(exchange, c, scene) else {
            return;
        };
        self.sessions.push(c);
        self.evidence.extend(proof);
        self.evidence.extend(exchange.evidence());
        self.evidence.truncate(20);
        let times = match self.sessions.len() {
            1 => String::new(),
            many => format!(", {many} sessions so far"),
        };
        speech.say(Conclusion {
            subject: String::new(),
            connections: vec![c],
            severity: Severity::Error,
            title: format!(
                "no sticky sessions: the session's next request reached another server process{times}"
            ),
            evidence: self.evidence.clone(),
            why: "The handshake was answered and a moment later a request with the same sid got \
                  `Session ID unknown` (code 1). The session had no time to die, so the request \
                  reached a process that never had it: a load balancer, or several workers, \
                  without stickiness."
                .to_owned(),
            fix: "nginx: put `ip_hash;` (or `hash $cookie_NAME consistent;` with a cookie of \
                  yours) into the `upstream` block. HAProxy: `cookie SERVERID insert indirect \
                  nocache`. Apache: `ProxySet stickysession=SERVERID`. AWS ALB: turn on \
                  stickiness for the target group. Node cluster: @socket.io/sticky; gunicorn: one \
                  worker a port. Or connect with `transports: [\"websocket\"]`, which needs no \
                  stickiness but has no fallback."
                .to_owned(),
        });
    }
}

/// Records which show that the session was alive when the request was refused: an answer that it
/// got within [`ALIVE`] before the request was written, with nothing in between that ends one.
fn proof_of_life(refused: &Exchange, c: u32, scene: &Scene<'_>) -> Option<Vec<u64>> {
    let life = scene.story.life(c)?;
    // What we could not write correctly may have killed it: a broken packet, or a close.
    if !life.troubles.is_empty() {
        return None;
    }
    let good = scene
        .story
        .exchanges_of(c)
        .filter(|other| other.x != refused.x && other.status == 200)
        .filter(|other| other.asked == Asked::Handshake || other.sid == refused.sid)
        .filter_map(|other| other.response)
        .filter(|response| response.t + ALIVE > refused.request.t)
        .max()?;
    Some(vec![good.n])
}

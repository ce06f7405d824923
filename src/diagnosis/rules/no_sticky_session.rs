//! Requests of one session land on different server processes.
//!
//! A polling session lives in one process. A process that never saw it answers code 1, "Session
//! ID unknown" (engine.io `server.ts`), in the form of its implementation: JSON over HTTP,
//! `text/html` to a WebSocket upgrade, a bare JSON string from python. Code 1 also follows when
//! the session has died in the right process ([`crate::diagnosis::death`]); so this rule wants
//! proof that it was alive: its handshake or a poll of it was answered right before, and nothing
//! in between ends one. An `ok` to a post is no such proof: packets that kill a session get it too.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange};
use crate::diagnosis::{advice, death, words};

pub(super) const ENTRY: Entry = Entry {
    name: "no-sticky-session",
    about: "requests of one session land on different server processes",
    on: Moments::EXCHANGE,
    gives_way_to: &["cookies-lost"],
    make: || Box::new(NoStickySession::default()),
};

/// How long after its last good answer a session is taken to be alive, in microseconds: the shortest
/// ping timeout that servers have by default (Socket.IO 2). A silence beyond the session's own
/// heartbeat is a death of its own.
const ALIVE: u64 = 5_000_000;
/// Sessions that are named at most.
const SESSIONS: usize = 100;
/// Records that are named at most.
const EVIDENCE: usize = 12;

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
        if exchange.sid.is_none()
            || !exchange.is_engine_error(1)
            || scene.story.is_faulted(c)
            || self.sessions.contains(&c)
            || self.sessions.len() >= SESSIONS
        {
            return;
        }
        let Some((proof, after)) = proof_of_life(exchange, c, scene) else {
            return;
        };
        self.sessions.push(c);
        self.evidence.extend(
            std::iter::once(proof)
                .chain(exchange.evidence())
                .take(EVIDENCE.saturating_sub(self.evidence.len())),
        );
        let what = match exchange.asked {
            Asked::Post => "post",
            Asked::Upgrade => "WebSocket upgrade",
            _ => "poll",
        };
        let times = match self.sessions.len() {
            1 => String::new(),
            many => format!(" ({many} sessions so far)"),
        };
        let after = words::seconds(after);
        speech.say(Conclusion {
            subject: String::new(),
            connections: self.sessions.clone(),
            severity: Severity::Error,
            title: format!(
                "no sticky sessions: a {what} went to a server process that does not know the \
                 session{times}"
            ),
            evidence: self.evidence.clone(),
            why: format!(
                "The session was alive: a request of it was answered well, and {after} after that \
                 answer a {what} with the same sid was answered `Session ID unknown` (code 1). \
                 Nothing that ends a session lies before it: no packet that can't be read, no \
                 close, no cut, no silence, no server that was away. So the {what} reached a \
                 process that never had it: a load balancer, or several workers, without \
                 stickiness."
            ),
            fix: advice::STICKY.to_owned(),
        });
    }
}

/// The record which shows that the session was alive, and how long after it the request was refused
/// (microseconds): the handshake or a poll was answered within [`ALIVE`], and nothing says that it
/// died.
fn proof_of_life(refused: &Exchange, c: u32, scene: &Scene<'_>) -> Option<(u64, u64)> {
    let life = scene.story.life(c)?;
    if death::may_be(refused, life, scene) {
        return None;
    }
    let good = scene
        .story
        .exchanges_of(c)
        .filter(|other| other.x != refused.x && other.status == 200 && !other.is_page())
        .filter(|other| {
            other.asked == Asked::Handshake
                || (other.asked == Asked::Poll && other.sid == refused.sid)
        })
        .filter_map(|other| other.response)
        .max()?;
    let after = refused.response?.t.saturating_sub(good.t);
    (after < ALIVE).then_some((good.n, after))
}

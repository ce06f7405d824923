//! An ack came after its timeout: the answer was given and nobody listened any more.
//!
//! Only our own client says what its timeout was, so this speaks on what the ledger tells.

use super::ack_unanswered::{entry, event_of, place_of};
use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::millis;
use crate::journal::record::{AckState, Body, Direction};

pub(super) const ENTRY: Entry = Entry {
    name: "ack-late",
    about: "an ack came after its timeout had passed",
    on: Moments::TOLD,
    gives_way_to: &[],
    make: || Box::new(AckLate::default()),
};

/// How many timeouts may wait for a late answer.
const TIMEOUTS: usize = 1_000;

/// A question whose time was up.
struct TimedOut {
    nsp: String,
    id: u64,
    dir: Direction,
    n: u64,
    ms: f64,
}

#[derive(Default)]
struct AckLate {
    cases: Tallies,
    timeouts: Vec<TimedOut>,
}

impl Rule for AckLate {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Told(Body::Ack(ack)) = moment else {
            return;
        };
        match ack.state {
            AckState::Timeout => {
                if self.timeouts.len() >= TIMEOUTS {
                    self.timeouts.remove(0);
                }
                self.timeouts.push(TimedOut {
                    nsp: ack.nsp.clone(),
                    id: ack.id,
                    dir: ack.dir,
                    n: scene.n,
                    ms: ack.ms.unwrap_or(0.0),
                });
                return;
            }
            AckState::Late => {}
            _ => return,
        }
        let at = self
            .timeouts
            .iter()
            .rposition(|old| old.id == ack.id && old.dir == ack.dir && old.nsp == ack.nsp);
        let timeout = at.map(|at| self.timeouts.remove(at));
        let Some(asked) = entry(scene, &ack.nsp, ack.id, ack.dir, AckState::Late) else {
            return;
        };
        let proof = asked
            .asked_n
            .into_iter()
            .chain(timeout.as_ref().map(|timeout| timeout.n))
            .chain(asked.answered_n);
        let subject = format!("{} {:?}", asked.nsp, asked.event);
        let Some(tally) = self.cases.add(&subject, asked.c.or(scene.c), proof) else {
            return;
        };
        let took = millis(ack.ms.unwrap_or(0.0) as u64);
        let limit = timeout.map(|timeout| millis(timeout.ms.round() as u64));
        let limit_words = limit.map_or(String::new(), |limit| format!(", its timeout was {limit}"));
        let event = event_of(asked);
        let name = asked.event.as_deref().unwrap_or("EVENT");
        speech.say(Conclusion {
            subject,
            connections: tally.connections(),
            severity: Severity::Warn,
            title: format!(
                "late ack: {event}{} was answered after {took}{limit_words}{}",
                place_of(asked),
                tally.so_far()
            ),
            evidence: tally.evidence(),
            why: format!(
                "The ack was asked for, its time ran out, and {took} after the question the answer \
                 did come{limit_words}. The caller had been told `operation has timed out` by then \
                 and the answer was dropped, yet the server did the work: whoever repeats the emit \
                 after such a timeout makes it do it twice."
            ),
            fix: format!(
                "Client: a longer timeout than the work takes, `socket.timeout(MS).emit(\"{name}\", \
                 …)` or `ackTimeout` (sioscope: `\"timeout_ms\"` or `--ack-timeout`). Server: \
                 acknowledge at once and send the result as an event of its own; make the handler \
                 safe against a repeated emit (an id in the payload)."
            ),
        });
    }
}

//! An ack was asked for and never given, though the connection lived on.
//!
//! Where our client has a timeout, the ledger tells when it passed; the answer may still come late,
//! so a while longer is waited. A tapped or imported session shows only that nothing came.
//! JavaScript calls nothing back then: a plain callback waits for ever.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::seconds;
use crate::journal::record::{AckState, Direction};
use crate::model::state::AckEntry;

pub(super) const ENTRY: Entry = Entry {
    name: "ack-unanswered",
    about: "an ack was asked for and never came, while the connection lived",
    on: Moments::ENDED.and(Moments::TIME),
    gives_way_to: &[],
    make: || Box::new(AckUnanswered::default()),
};

/// How long a question without a timeout of its own is waited for, in microseconds.
const PATIENCE: u64 = 10_000_000;
/// Questions about which something was said are remembered by their records.
const SAID: usize = 1_000;

#[derive(Default)]
struct AckUnanswered {
    cases: Tallies,
    said: Vec<u64>,
}

impl Rule for AckUnanswered {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Time => {
                let pending = scene
                    .model
                    .acks
                    .iter()
                    .filter(|entry| is_overdue(entry, scene.now))
                    .filter(|entry| {
                        let life = entry.c.and_then(|c| scene.story.life(c));
                        life.is_some_and(|life| life.ended.is_none())
                    });
                for asked in pending.take(100) {
                    self.found(asked, scene.now, scene, speech);
                }
            }
            Moment::Ended(life) => {
                let Some(ended) = life.ended else { return };
                let open = scene
                    .model
                    .acks
                    .iter()
                    .filter(|entry| entry.c == Some(life.c) && entry.answered_n.is_none())
                    .filter(|entry| {
                        let waited = ended.t.saturating_sub(entry.asked);
                        match entry.state {
                            AckState::Timeout => true,
                            AckState::Pending | AckState::Lost => waited >= PATIENCE,
                            AckState::Answered | AckState::Late => false,
                        }
                    });
                for asked in open.take(100) {
                    self.found(asked, ended.t, scene, speech);
                }
            }
            _ => {}
        }
    }
}

/// So long pending, or so long after its own timeout, that no answer is to be expected.
fn is_overdue(entry: &AckEntry, now: u64) -> bool {
    let waited = now.saturating_sub(entry.asked);
    match entry.state {
        AckState::Pending => waited >= PATIENCE,
        AckState::Timeout => {
            let timeout = entry.ms.map_or(0, |ms| (ms * 1e3) as u64);
            waited >= timeout.saturating_mul(2).saturating_add(1_000_000)
        }
        AckState::Answered | AckState::Late | AckState::Lost => false,
    }
}

/// The newest entry of the ledger for a question in this state.
pub(super) fn entry<'a>(
    scene: &Scene<'a>,
    nsp: &str,
    id: u64,
    dir: Direction,
    state: AckState,
) -> Option<&'a AckEntry> {
    let model = scene.model;
    model.acks.iter().rev().find(|entry| {
        entry.id == id && entry.dir == dir && entry.nsp == nsp && entry.state == state
    })
}

/// The event that asked, as it is written in a title.
pub(super) fn event_of(entry: &AckEntry) -> String {
    match &entry.event {
        Some(event) => format!("\"{event}\""),
        None => format!("ack {}", entry.id),
    }
}

/// Where it was asked, for a title: nothing for `/`.
pub(super) fn place_of(entry: &AckEntry) -> String {
    if entry.nsp == "/" {
        String::new()
    } else {
        format!(" in {}", entry.nsp)
    }
}

impl AckUnanswered {
    fn found(&mut self, asked: &AckEntry, until: u64, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        // It was written, on a connection that was heard after it.
        let (Some(n), Some(c)) = (asked.asked_n, asked.c) else {
            return;
        };
        let Some(life) = scene.story.life(c) else {
            return;
        };
        let heard = life.heard.filter(|heard| heard.n > n);
        if self.said.contains(&n) || scene.story.is_faulted(c) {
            return;
        }
        let Some(heard) = heard else { return };
        if self.said.len() >= SAID {
            self.said.remove(0);
        }
        self.said.push(n);
        let to_server = asked.dir == Direction::ToServer;
        let subject = format!("{} {:?} {to_server}", asked.nsp, asked.event);
        let Some(tally) = self.cases.add(&subject, Some(c), [n, heard.n]) else {
            return;
        };
        let (event, place) = (event_of(asked), place_of(asked));
        let waited = seconds(until.saturating_sub(asked.asked));
        let answered = scene
            .model
            .acks
            .iter()
            .rev()
            .take(500)
            .filter(|other| other.dir == asked.dir && other.answered_n.is_some())
            .count();
        let others = match answered {
            0 => String::new(),
            1 => " Another question of this session was answered.".to_owned(),
            many => format!(" {many} other questions of this session were answered."),
        };
        let (who, whom) = if to_server {
            ("server", "client")
        } else {
            ("client", "server")
        };
        let fix = if to_server {
            let name = asked.event.as_deref().unwrap_or("EVENT");
            format!(
                "Server: answer on every path, `socket.on(\"{name}\", (…, callback) => {{ …; \
                 callback(result); }})`, also where it throws, and see that the handler takes the \
                 callback as its last argument and is on this namespace (python: `return` a value \
                 from the handler). Client: `socket.timeout(5000).emit(\"{name}\", …, (error, \
                 answer) => …)`, so that it learns of it."
            )
        } else {
            "Client: answer it, `socket.on(EVENT, (…, callback) => callback(result))`; in sioscope \
             a question is answered by hand (`{\"answer\":[…]}` in `stream`). Server: \
             `socket.timeout(5000).emit(…)`, so that it learns of it."
                .to_owned()
        };
        speech.say(Conclusion {
            subject,
            connections: tally.connections(),
            severity: if to_server {
                Severity::Error
            } else {
                Severity::Warn
            },
            title: format!(
                "the {who} never answered {event}{place}: an ack was asked for and none came in \
                 {waited}{}",
                tally.so_far()
            ),
            evidence: tally.evidence(),
            why: format!(
                "The {whom} asked for an ack (id {}), and in {waited} none came, though the \
                 connection lived and other packets came from the {who} meanwhile.{others} So the \
                 event arrived, and its handler does not call back: it has no callback parameter, \
                 leaves by a path without calling it, waits for something, threw, or there is no \
                 handler of that name.",
                asked.id
            ),
            fix,
        });
    }
}

//! Connection state recovery did not work, and why.
//!
//! The server gives a `pid` with the CONNECT and ends each event with an offset; the client shows
//! both when it comes back. The server recovers only where it still has the session, knows the
//! offset, and neither side had left on purpose (socket.io `in-memory-adapter.ts`,
//! `connectionStateRecovery`, Socket.IO 4.6).

use std::collections::BTreeMap;

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Join, Place};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::seconds;
use crate::journal::record::Direction;
use crate::model::decode::Kind;

pub(super) const ENTRY: Entry = Entry {
    name: "recovery-impossible",
    about: "connection state recovery did not work, and why (no offset, too late, other server, …)",
    on: Moments::EVENT.and(Moments::PACKET),
    gives_way_to: &[],
    make: || Box::new(RecoveryImpossible::default()),
};

/// How long a server keeps what it needs by default, in microseconds (maxDisconnectionDuration).
const KEPT: u64 = 120_000_000;
/// How many namespaces' offsets are remembered.
const OFFSETS: usize = 1_000;
/// An offset longer than this is no offset.
const LONGEST: usize = 100;

#[derive(Default)]
struct RecoveryImpossible {
    cases: Tallies,
    /// The last argument of the newest events, by connection and namespace: text and record.
    offsets: BTreeMap<(u32, String), (String, Place)>,
}

/// Why it did not work.
struct Why {
    kind: &'static str,
    severity: Severity,
    title: String,
    why: String,
    fix: &'static str,
    proof: Vec<u64>,
}

const NODE_GONE: &str = "Keep the session where the client comes back to: the in-memory adapter \
    forgets it with the process, and another node never had it. Use an adapter that stores it: \
    @socket.io/redis-streams-adapter or @socket.io/mongo-adapter (0.3 or newer); the Redis pub/sub \
    adapter can't. Give it long enough: `new Server({ connectionStateRecovery: { \
    maxDisconnectionDuration: 2 * 60 * 1000 } })`. And let the client fetch the state anew where \
    `socket.recovered` is false.";

impl Rule for RecoveryImpossible {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(c) = scene.c else { return };
        match moment {
            Moment::Event(packet) => {
                if let Kind::Socket {
                    nsp,
                    offset: Some(offset),
                    ..
                } = &packet.kind
                    && packet.dir == Direction::ToClient
                {
                    self.note(c, nsp, offset, scene);
                }
            }
            Moment::Packet(packet) if packet.dir == Direction::ToClient => {
                let Kind::Socket {
                    name: "connect",
                    nsp,
                    ..
                } = &packet.kind
                else {
                    return;
                };
                if let Some(join) = scene.story.join(c, nsp) {
                    self.welcomed(join, scene, speech);
                }
            }
            _ => {}
        }
    }
}

impl RecoveryImpossible {
    fn note(&mut self, c: u32, nsp: &str, offset: &str, scene: &Scene<'_>) {
        let place = Place {
            n: scene.n,
            t: scene.now,
        };
        let offset = offset.get(..LONGEST).unwrap_or(offset);
        if let Some((text, at)) = self.offsets.get_mut(&(c, nsp.to_owned())) {
            text.clear();
            text.push_str(offset);
            *at = place;
            return;
        }
        if self.offsets.len() >= OFFSETS {
            self.offsets.pop_first();
        }
        self.offsets
            .insert((c, nsp.to_owned()), (offset.to_owned(), place));
    }

    fn welcomed(&mut self, join: &Join, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let (Some(answer), Some(pid)) = (&join.answer, join.sent_text("pid")) else {
            return;
        };
        let given = join.answered_text("pid");
        if answer.place.n != scene.n || given.as_deref() == Some(&*pid) {
            return;
        }
        // Where the recording began later, nothing proves that the pid was ever good.
        let Some(old) = scene
            .story
            .joins()
            .rev()
            .find(|old| old.c != join.c && old.answered_text("pid").as_deref() == Some(&*pid))
        else {
            return;
        };
        if scene.story.is_faulted(join.c) {
            return;
        }
        let Some(why) = self.why(join, old, given.is_some(), scene) else {
            return;
        };
        let nsp = &join.nsp;
        let subject = format!("{nsp} {}", why.kind);
        let Some(tally) = self.cases.add(&subject, Some(join.c), why.proof) else {
            return;
        };
        let place = if nsp == "/" {
            String::new()
        } else {
            format!(" of {nsp}")
        };
        speech.say(Conclusion {
            subject,
            connections: tally.connections(),
            severity: why.severity,
            title: format!("no recovery{place}: {}{}", why.title, tally.so_far()),
            evidence: tally.evidence(),
            why: format!(
                "The client came back with its `pid`, and the server gave it a new socket id{} \
                 instead of the old session (recovered: false): what was sent to it meanwhile is \
                 lost. {}",
                if given.is_some() {
                    " and a new pid"
                } else {
                    ""
                },
                why.why
            ),
            fix: why.fix.to_owned(),
        });
    }

    fn why(&self, join: &Join, old: &Join, still: bool, scene: &Scene<'_>) -> Option<Why> {
        let answered = join.answer.as_ref()?.place;
        let mut proof = vec![join.asked.n, answered.n];
        proof.extend(old.answer.as_ref().map(|answer| answer.place.n));
        if !still {
            return Some(Why {
                kind: "not offered",
                severity: Severity::Warn,
                title: "the server that answered does not offer it".to_owned(),
                why: "The first CONNECT reply had a `pid`, the new one has none: another node, or \
                      a version or configuration without `connectionStateRecovery`, answered."
                    .to_owned(),
                fix: "Turn it on at every node: `new Server({ connectionStateRecovery: {} })`, \
                      with an adapter that can (Redis streams, MongoDB 0.3 or newer), and the same \
                      configuration everywhere.",
                proof,
            });
        }
        if let Some((left, dir)) = old.left {
            proof.insert(0, left.n);
            let who = match dir {
                Direction::ToServer => "client left on purpose (`socket.disconnect()`)",
                Direction::ToClient => "server threw the client out (`socket.disconnect()`)",
            };
            return Some(Why {
                kind: "left",
                severity: Severity::Info,
                title: format!("the {who} before"),
                why: "A DISCONNECT packet ended the session for good: recovery is only for \
                      connections that were lost (transport close or error, ping timeout)."
                    .to_owned(),
                fix: "Nothing is wrong. To try recovery out, cut the connection instead: \
                      `socket.io.engine.close()` in the client; in sioscope the faults `drop`, \
                      `reset` and `freeze`.",
                proof,
            });
        }
        let lost = scene.story.life(old.c).and_then(|life| life.ended);
        let gone = lost.map(|lost| answered.t.saturating_sub(lost.t));
        proof.extend(lost.map(|lost| lost.n));
        let real = self.offsets.get(&(old.c, old.nsp.clone()));
        let Some(offset) = join.sent_text("offset") else {
            return Some(match real {
                Some((_, place)) => Why {
                    kind: "no offset sent",
                    severity: Severity::Warn,
                    title: "the client did not send the offset that it had received".to_owned(),
                    why: "An event with an offset had come, yet the CONNECT carries the pid alone."
                        .to_owned(),
                    fix: "Client: socket.io-client 4.6 or newer, and no `auth` that replaces \
                          `offset`.",
                    proof: [vec![place.n], proof].concat(),
                },
                None => Why {
                    kind: "no offset",
                    severity: Severity::Warn,
                    title: "no event had come yet, so there was no offset to go on from".to_owned(),
                    why:
                        "The offset is the last argument of an event that the server sent; before \
                          the first one there is none, and without it the server refuses. Events \
                          that want an ack and volatile ones carry none either."
                            .to_owned(),
                    fix: "Server: emit something as soon as a client is in, \
                          `io.on(\"connection\", (socket) => socket.emit(\"welcome\"))`: that \
                          gives the first offset.",
                    proof,
                },
            });
        };
        if let Some((last, place)) = real.filter(|(last, _)| *last != offset) {
            return Some(Why {
                kind: "poisoned",
                severity: Severity::Warn,
                title: "a text at the end of an event was taken for the offset".to_owned(),
                why: format!(
                    "The client sent a last text of {} characters as offset, which is not the \
                     offset of the last event that carried one ({} characters). Clients take the \
                     last argument of any event for the offset if it is a text; events that want \
                     an ack and volatile ones have no offset, so a text of the application's own \
                     took its place.",
                    offset.chars().count(),
                    last.chars().count()
                ),
                fix: "Do not let an event that wants an ack, or a volatile one, end in a text: \
                      `socket.emit(\"price\", { symbol: \"EURUSD\" }, callback)` instead of \
                      `socket.emit(\"price\", \"EURUSD\", callback)`.",
                proof: [vec![place.n], proof].concat(),
            });
        }
        let gone = gone?;
        if gone > KEPT {
            return Some(Why {
                kind: "too late",
                severity: Severity::Warn,
                title: format!("the client was gone for {}", seconds(gone)),
                why: format!(
                    "Servers keep a lost session for maxDisconnectionDuration, {} by default; the \
                     client came back after {}.",
                    seconds(KEPT),
                    seconds(gone)
                ),
                fix: "Server: `new Server({ connectionStateRecovery: { maxDisconnectionDuration: \
                      MS } })`, as long as its memory allows. Client: fetch the state anew where \
                      `socket.recovered` is false.",
                proof,
            });
        }
        let down = scene
            .story
            .exchanges()
            .filter(|exchange| {
                matches!(exchange.asked, Asked::Handshake | Asked::Websocket)
                    && lost.is_some_and(|lost| exchange.request > lost)
                    && exchange.response.is_some_and(|place| place < answered)
                    && (exchange.status == 0 || exchange.status >= 500)
            })
            .filter_map(|exchange| exchange.response)
            .next();
        Some(match down {
            Some(down) => {
                proof.push(down.n);
                Why {
                    kind: "restarted",
                    severity: Severity::Warn,
                    title: "the server was restarted meanwhile and has forgotten the session"
                        .to_owned(),
                    why: format!(
                        "Pid and offset were right and the client was gone for {} only, but in \
                         between the server did not answer at all: it went away, and its sessions \
                         with it.",
                        seconds(gone)
                    ),
                    fix: NODE_GONE,
                    proof,
                }
            }
            None => Why {
                kind: "forgotten",
                severity: Severity::Warn,
                title: format!(
                    "the server has forgotten the session after {}",
                    seconds(gone)
                ),
                why: format!(
                    "Pid and offset were right and the client was gone for {} only. So the server \
                     that answered never had the session (another node, an adapter that can't \
                     store it, a restart), or its maxDisconnectionDuration is shorter than that \
                     (default {}).",
                    seconds(gone),
                    seconds(KEPT)
                ),
                fix: NODE_GONE,
                proof,
            },
        })
    }
}

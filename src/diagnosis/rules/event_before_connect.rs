//! A packet for a namespace that was not joined.
//!
//! From Socket.IO 3 on each namespace, `/` too, needs a CONNECT. An event, ack or DISCONNECT for
//! another makes the server close the whole connection, all its namespaces included (socket.io
//! `client.ts`, `ondecoded`). A DISCONNECT by which nothing else is lost is a client on its way
//! out, and no mistake that anybody feels.

use std::collections::BTreeMap;

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Join, Life, Place};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::seconds;
use crate::journal::record::Direction;
use crate::model::Packet;
use crate::model::decode::Kind;

pub(super) const ENTRY: Entry = Entry {
    name: "event-before-connect",
    about: "an event for a namespace that was not joined: the server closes the connection",
    on: Moments::EVENT.and(Moments::PACKET).and(Moments::ENDED),
    gives_way_to: &[],
    make: || Box::new(EventBeforeConnect::default()),
};

/// A connection that the server closes so soon (microseconds) after the packet was closed for it.
const AT_ONCE: u64 = 1_000_000;
/// How many connections are watched.
const CONNECTIONS: usize = 1_000;

/// What is known of one connection.
#[derive(Default)]
struct Seen {
    /// Namespaces that are joined, so that a flood of events costs nothing.
    joined: Vec<String>,
    /// The newest packet for another one: namespace, event, place.
    stray: Option<(String, String, Place)>,
}

#[derive(Default)]
struct EventBeforeConnect {
    seen: BTreeMap<u32, Seen>,
    cases: Tallies,
}

impl Rule for EventBeforeConnect {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Event(packet) | Moment::Packet(packet) if packet.dir == Direction::ToServer => {
                self.crossed(packet, scene);
            }
            Moment::Ended(life) => self.ended(life, scene, speech),
            _ => {}
        }
    }
}

impl EventBeforeConnect {
    fn crossed(&mut self, packet: &Packet, scene: &Scene<'_>) {
        let Kind::Socket {
            name, nsp, event, ..
        } = &packet.kind
        else {
            return;
        };
        let Some(c) = scene.c.filter(|_| *name != "connect") else {
            return;
        };
        if self.seen.len() >= CONNECTIONS && !self.seen.contains_key(&c) {
            self.seen.pop_first();
        }
        let seen = self.seen.entry(c).or_default();
        if *name != "disconnect" && seen.joined.contains(nsp) {
            return;
        }
        // A DISCONNECT is in the story already, as what left the newest try.
        let join = scene.story.join(c, nsp);
        let n = scene.n;
        let there = join
            .is_some_and(|join| join.welcomed() && join.left.is_none_or(|(left, _)| left.n == n));
        // Old servers ignore it, and a recording that began later has not seen the CONNECT.
        let eio = scene.model.connections.get(&c).and_then(|known| known.eio);
        let opened = scene
            .story
            .life(c)
            .is_some_and(|life| life.opened.is_some());
        if there {
            seen.joined.retain(|known| known != nsp);
            if *name != "disconnect" && seen.joined.len() < 100 {
                seen.joined.push(nsp.clone());
            }
            return;
        }
        let harmless = || *name == "disconnect" && !has_other(c, nsp, scene);
        if eio == Some(4) && opened && !harmless() {
            let what = match event {
                Some(event) => format!("\"{event}\""),
                None => (*name).to_owned(),
            };
            let place = Place { n, t: scene.now };
            seen.stray = Some((nsp.clone(), what, place));
        }
    }

    fn ended(&mut self, life: &Life, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let seen = self.seen.remove(&life.c);
        let (Some(ended), Some(Some((nsp, what, place)))) =
            (life.ended, seen.map(|seen| seen.stray))
        else {
            return;
        };
        let after = ended.t.saturating_sub(place.t);
        if !life.closed_by_engine() || after > AT_ONCE || scene.story.is_faulted(life.c) {
            return;
        }
        let Some(tally) = self.cases.add(&nsp, Some(life.c), [place.n, ended.n]) else {
            return;
        };
        let state = match scene.story.join(life.c, &nsp) {
            None => "no CONNECT for it was ever sent on this connection".to_owned(),
            Some(join) => state_of(join),
        };
        speech.say(Conclusion {
            subject: nsp.clone(),
            connections: tally.connections(),
            severity: Severity::Error,
            title: format!(
                "{what} was sent to {nsp}, which was not joined: the server closed the whole \
                 connection{}",
                tally.so_far()
            ),
            evidence: tally.evidence(),
            why: format!(
                "The client sent {what} to {nsp}, and {state}; {} later the server closed the \
                 connection without a code. From Socket.IO 3 on every namespace, / included, has \
                 to be joined first (`40`, then the server's `40{{\"sid\":…}}`); a packet for \
                 another one is a protocol violation, for which all namespaces of the connection \
                 are closed.",
                seconds(after)
            ),
            fix: "Client: send CONNECT (`40`, `40/admin,`) after the handshake and wait for the \
                  reply before the first event. Official clients do so by themselves: with a \
                  client of generation 2 or a hand-written one this is the step that is missing. \
                  After `disconnect()` of a namespace send nothing more to it."
                .to_owned(),
        });
    }
}

/// Whether another namespace was joined on the connection and not left since.
fn has_other(c: u32, nsp: &str, scene: &Scene<'_>) -> bool {
    let joins = scene.story.joins();
    joins
        .filter(|join| join.c == c && join.nsp != nsp)
        .any(|join| join.welcomed() && join.left.is_none())
}

fn state_of(join: &Join) -> String {
    match &join.answer {
        None => "its CONNECT had not been answered yet".to_owned(),
        Some(answer) if !answer.welcome => "the server had refused it".to_owned(),
        Some(_) => "it had been left before".to_owned(),
    }
}

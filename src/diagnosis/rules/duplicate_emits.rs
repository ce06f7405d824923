//! The same event with the same arguments goes out again after a reconnect.
//!
//! Two ways lead there. An emit whose ack was pending at the loss is sent again by the application
//! (or by `retries`), though the server may have done it. Or it was emitted several times while
//! there was no connection: the client buffers each and flushes them all.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Life, Place};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::{seconds, times};
use crate::journal::record::{AckState, Body, Buffer, BufferOp, Direction};
use crate::model::decode::Kind;

pub(super) const ENTRY: Entry = Entry {
    name: "duplicate-emits",
    about: "the same event and arguments go out again after a reconnect: buffer flush or resend",
    on: Moments::EVENT.and(Moments::ENDED).and(Moments::TOLD),
    gives_way_to: &[],
    make: || Box::new(DuplicateEmits::default()),
};

/// Unanswered questions of lost connections that are remembered.
const LOST: usize = 500;
/// Buffered packets that are remembered.
const BUFFERED: usize = 2_000;
/// How long after the loss, in microseconds, the same event is the same intention.
const WINDOW: u64 = 300_000_000;

/// An emit that may not have been done: its ack was pending when its connection was lost.
struct Unsure {
    key: u64,
    nsp: u64,
    /// The newest ack id that was asked for in that namespace.
    newest: u64,
    c: u32,
    asked: Place,
    lost: Place,
}

/// A question that may be pending when the connection ends.
struct Asked {
    key: u64,
    nsp: u64,
    id: u64,
    c: u32,
    place: Place,
}

/// The first ack id that was asked for in a namespace of a connection.
struct First {
    c: u32,
    nsp: u64,
    id: u64,
}

/// A packet that was flushed out of the offline buffer.
struct Flushed {
    key: u64,
    queued: u64,
}

#[derive(Default)]
struct DuplicateEmits {
    cases: Tallies,
    asked: VecDeque<Asked>,
    firsts: VecDeque<First>,
    unsure: VecDeque<Unsure>,
    /// Packets in the offline buffer: key and record of the emit.
    queued: VecDeque<Flushed>,
    /// What was flushed in the present burst, and the burst's time.
    flushed: VecDeque<Flushed>,
    burst: u64,
}

impl Rule for DuplicateEmits {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Event(packet) if packet.dir == Direction::ToServer => {
                let Kind::Socket {
                    nsp,
                    id,
                    data: Some(data),
                    event,
                    ..
                } = &packet.kind
                else {
                    return;
                };
                // Without an ack and without anything unsure there is nothing to compare.
                if id.is_none() && self.unsure.is_empty() {
                    return;
                }
                let Some(c) = scene.c else { return };
                let place = Place {
                    n: scene.n,
                    t: scene.now,
                };
                let key = key_of(nsp, data);
                if let Some(id) = *id {
                    self.ask(key, key_of(nsp, ""), id, c, place);
                }
                self.again(key, c, place, event.as_deref(), nsp, scene, speech);
            }
            Moment::Ended(life) => self.lost(life, scene),
            Moment::Told(Body::Buffer(buffer)) => self.buffer(buffer, scene, speech),
            _ => {}
        }
    }
}

/// What makes two emits the same: namespace, event and arguments, however they are spaced.
fn key_of(nsp: &str, data: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    crate::diagnosis::story::joins::bare(nsp).hash(&mut hasher);
    let mut quoted = false;
    let mut escaped = false;
    for byte in data.bytes() {
        if !quoted && byte.is_ascii_whitespace() {
            continue;
        }
        hasher.write_u8(byte);
        if quoted && !escaped && byte == b'\\' {
            escaped = true;
            continue;
        }
        if byte == b'"' && !escaped {
            quoted = !quoted;
        }
        escaped = false;
    }
    hasher.finish()
}

impl DuplicateEmits {
    /// An event goes out that wants an ack.
    fn ask(&mut self, key: u64, nsp: u64, id: u64, c: u32, place: Place) {
        if self.asked.len() >= LOST {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked {
            key,
            nsp,
            id,
            c,
            place,
        });
        let known = |first: &First| first.c == c && first.nsp == nsp;
        if !self.firsts.iter().any(known) {
            if self.firsts.len() >= LOST {
                self.firsts.pop_front();
            }
            self.firsts.push_back(First { c, nsp, id });
        }
    }

    /// Whether connection `c` is the return of the client that was lost. Of our own client every
    /// later connection is. Behind a tap it has to begin after the loss and to count its acks on
    /// from there, as a client does that lives on; another one begins anew.
    fn came_back(&self, unsure: &Unsure, c: u32, scene: &Scene<'_>) -> bool {
        if !scene.story.several() {
            return unsure.c < c;
        }
        let later = scene
            .story
            .life(c)
            .is_some_and(|life| life.began > unsure.lost);
        let first = self
            .firsts
            .iter()
            .find(|first| first.c == c && first.nsp == unsure.nsp);
        later && first.is_some_and(|first| first.id > unsure.newest)
    }

    /// What was asked on a connection that was lost, and not answered, may or may not be done.
    fn lost(&mut self, life: &Life, scene: &Scene<'_>) {
        let Some(lost) = life.ended else { return };
        let gone = life.left_by_client() && life.reason.as_deref() != Some("ping timeout");
        let asked = std::mem::take(&mut self.asked);
        let mut newest: Vec<(u64, u64)> = Vec::new();
        for question in asked.iter().filter(|question| question.c == life.c) {
            match newest.iter_mut().find(|(nsp, _)| *nsp == question.nsp) {
                Some((_, id)) => *id = question.id.max(*id),
                None => newest.push((question.nsp, question.id)),
            }
        }
        for question in asked {
            if question.c != life.c {
                self.asked.push_back(question);
                continue;
            }
            let pending = !gone
                && scene.model.acks.iter().rev().any(|entry| {
                    entry.asked_n == Some(question.place.n)
                        && entry.answered_n.is_none()
                        && matches!(
                            entry.state,
                            AckState::Pending | AckState::Lost | AckState::Timeout
                        )
                });
            if pending {
                if self.unsure.len() >= LOST {
                    self.unsure.pop_front();
                }
                let newest = newest.iter().find(|(nsp, _)| *nsp == question.nsp);
                self.unsure.push_back(Unsure {
                    key: question.key,
                    nsp: question.nsp,
                    newest: newest.map_or(question.id, |(_, id)| *id),
                    c: life.c,
                    asked: question.place,
                    lost,
                });
            }
        }
    }

    /// An event goes out: is it one of which nobody knows whether it was done?
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one fact about one packet"
    )]
    fn again(
        &mut self,
        key: u64,
        c: u32,
        place: Place,
        event: Option<&str>,
        nsp: &str,
        scene: &Scene<'_>,
        speech: &mut Speech<'_>,
    ) {
        let at = self.unsure.iter().position(|unsure| {
            unsure.key == key
                && self.came_back(unsure, c, scene)
                && place.t.saturating_sub(unsure.lost.t) <= WINDOW
        });
        let Some(unsure) = at.and_then(|at| self.unsure.remove(at)) else {
            return;
        };
        if scene.story.is_faulted(unsure.c) {
            return;
        }
        let flushed = self.flushed.iter().find(|flushed| flushed.key == key);
        let joined = scene
            .story
            .join(c, nsp)
            .and_then(|join| join.answer.as_ref())
            .map(|answer| answer.place);
        let name = event.unwrap_or("an event");
        let mut proof = vec![unsure.asked.n, unsure.lost.n, place.n];
        let how = match (flushed, joined) {
            (Some(flushed), _) => {
                proof.insert(2, flushed.queued);
                "It was emitted again while there was no connection and waited in the offline \
                 buffer, which was flushed at the reconnect."
                    .to_owned()
            }
            (None, Some(joined)) if place.t.saturating_sub(joined.t) < 50_000 => format!(
                "It went out {} after the namespace was joined again, as the offline buffer's \
                 flush, `retries` or a `connect` handler do.",
                seconds(place.t.saturating_sub(joined.t))
            ),
            _ => {
                "It was not in the offline buffer: the application sent it again itself.".to_owned()
            }
        };
        let subject = format!("again {nsp} {name}");
        let Some(tally) = self.cases.add(&subject, Some(c), proof) else {
            return;
        };
        speech.say(Conclusion {
            subject,
            connections: tally.connections(),
            severity: Severity::Warn,
            title: format!(
                "\"{name}\" was sent again after the reconnect, with the same arguments; the first \
                 one may have been done{}",
                tally.so_far()
            ),
            evidence: tally.evidence(),
            why: format!(
                "\"{name}\" went out {} before the connection was lost and its ack was still \
                 pending; {} after the loss the same event with the same arguments went out on the \
                 next connection. The server can't tell that it is one intention: if the first one \
                 arrived, it is done twice. {how}",
                seconds(unsure.lost.t.saturating_sub(unsure.asked.t)),
                seconds(place.t.saturating_sub(unsure.lost.t))
            ),
            fix: format!(
                "Give each intention an id in the payload (`crypto.randomUUID()`), the same in \
                 every repetition, and let the server's handler of \"{name}\" skip ids that it has \
                 seen, answering them as before. `retries` needs the same: its tries carry a new \
                 ack id each. Do not emit in a `connect` handler what was emitted before."
            ),
        });
    }

    /// The same packet more than once in one flush.
    fn buffer(&mut self, buffer: &Buffer, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        // Digits before the arguments are the type, attachments and the ack's id, new each time.
        let data = buffer
            .packet
            .find('[')
            .and_then(|at| buffer.packet.get(at..))
            .unwrap_or(&buffer.packet);
        let key = key_of(&buffer.nsp, data);
        match buffer.op {
            BufferOp::Queued => {
                if self.queued.len() >= BUFFERED {
                    self.queued.pop_front();
                }
                self.queued.push_back(Flushed {
                    key,
                    queued: scene.n,
                });
                return;
            }
            BufferOp::Dropped => {
                if let Some(at) = self.queued.iter().position(|waits| waits.key == key) {
                    self.queued.remove(at);
                }
                return;
            }
            BufferOp::Flushed => {}
        }
        let Some(at) = self.queued.iter().position(|waits| waits.key == key) else {
            return;
        };
        let Some(waited) = self.queued.remove(at) else {
            return;
        };
        if scene.now.saturating_sub(self.burst) > 50_000 {
            self.flushed.clear();
        }
        self.burst = scene.now;
        if self.flushed.len() >= BUFFERED {
            self.flushed.pop_front();
        }
        let twins: Vec<u64> = self
            .flushed
            .iter()
            .filter(|other| other.key == key)
            .map(|other| other.queued)
            .collect();
        let count = twins.len() + 1;
        let mut proof: Vec<u64> = twins.into_iter().take(5).collect();
        proof.extend([waited.queued, scene.n]);
        self.flushed.push_back(waited);
        if count < 2 || (count > 20 && !count.is_power_of_two()) {
            return;
        }
        // At the first connect nothing was lost; an application that emits twice wants that.
        let again = scene
            .story
            .lives()
            .any(|life| life.ended.is_some() && life.opened.is_some() && Some(life.c) != scene.c);
        if !again {
            return;
        }
        let name = event_name(data);
        let subject = format!("flush {} {name}", buffer.nsp);
        let Some(tally) = self.cases.add(&subject, scene.c, proof) else {
            return;
        };
        speech.say(Conclusion {
            subject,
            connections: tally.connections(),
            severity: Severity::Warn,
            title: format!(
                "\"{name}\" was flushed {} with the same arguments at the reconnect: the offline \
                 buffer kept each emit",
                times(count)
            ),
            evidence: tally.evidence(),
            why: format!(
                "While there was no connection the application emitted \"{name}\" {} with the same \
                 arguments. The client keeps such emits and sends all of them as soon as the \
                 namespace is joined again, before the `connect` handlers run: the server gets \
                 them in one burst, and does each.",
                times(count)
            ),
            fix: format!(
                "Client: `if (socket.connected) socket.emit(\"{name}\", …)`, or \
                 `socket.volatile.emit(\"{name}\", …)` for what is worth nothing later (state, \
                 positions, typing); to empty the buffer at a loss: `socket.on(\"disconnect\", () \
                 => {{ socket.sendBuffer = []; }})`. For what has to arrive once: an id in the \
                 payload that the server checks."
            ),
        });
    }
}

/// The event's name at the start of its arguments.
fn event_name(data: &str) -> String {
    serde_json::from_str::<serde_json::Value>(data)
        .ok()
        .and_then(|value| Some(value.get(0)?.as_str()?.to_owned()))
        .unwrap_or_else(|| "an event".to_owned())
}

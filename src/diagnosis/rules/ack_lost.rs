//! Acks that were pending when the connection was lost.
//!
//! Ids and callbacks do not survive it: the server answers to a socket that is gone. JavaScript
//! drops plain callbacks silently; only those with a timeout or a promise learn of it.

use super::ack_unanswered::event_of;
use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::Life;
use crate::diagnosis::tally::Tally;
use crate::diagnosis::words::seconds;
use crate::journal::record::{AckState, Direction};
use crate::model::state::AckEntry;

pub(super) const ENTRY: Entry = Entry {
    name: "ack-lost",
    about: "acks were pending when the connection was lost: nobody knows whether it was done",
    on: Moments::ENDED,
    gives_way_to: &[],
    make: || Box::new(AckLost::default()),
};

/// Who has not answered for so long (microseconds) was not going to: another rule's case.
const HOPELESS: u64 = 10_000_000;

#[derive(Default)]
struct AckLost {
    tally: Tally,
}

impl Rule for AckLost {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Ended(life) = moment else { return };
        let Some(ended) = life.ended else { return };
        // Who leaves on purpose knows what it leaves behind.
        let on_purpose = life.left_by_client() && life.reason.as_deref() != Some("ping timeout");
        if on_purpose || scene.story.is_faulted(life.c) {
            return;
        }
        let lost: Vec<&AckEntry> = scene
            .model
            .acks
            .iter()
            .rev()
            .filter(|entry| entry.c == Some(life.c) && entry.dir == Direction::ToServer)
            .filter(|entry| matches!(entry.state, AckState::Lost | AckState::Pending))
            .filter(|entry| entry.answered_n.is_none() && entry.asked_n.is_some())
            .filter(|entry| ended.t.saturating_sub(entry.asked) < HOPELESS)
            .take(50)
            .collect();
        if lost.is_empty() {
            return;
        }
        let mut proof: Vec<u64> = lost
            .iter()
            .rev()
            .filter_map(|entry| entry.asked_n)
            .collect();
        proof.truncate(5);
        proof.push(ended.n);
        self.tally.add(Some(life.c), proof);
        if self.tally.is_news() {
            speech.say(conclusion(&self.tally, &lost, life, ended.t));
        }
    }
}

fn conclusion(tally: &Tally, lost: &[&AckEntry], life: &Life, ended: u64) -> Conclusion {
    let mut names: Vec<String> = lost.iter().rev().map(|entry| event_of(entry)).collect();
    names.dedup();
    let more = names.len().saturating_sub(4);
    names.truncate(4);
    let mut list = names.join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    let oldest = lost.iter().map(|entry| entry.asked).min().unwrap_or(ended);
    let count = match lost.len() {
        1 => "an ack was".to_owned(),
        many => format!("{many} acks were"),
    };
    let reason = life.reason.as_deref().unwrap_or("closed");
    Conclusion {
        subject: String::new(),
        connections: tally.connections(),
        severity: Severity::Warn,
        title: format!(
            "{count} pending when the connection was lost: {list} ({reason}){}",
            tally.so_far()
        ),
        evidence: tally.evidence(),
        why: format!(
            "The question was written up to {} before the connection ended ({reason}), and its \
             answer had not come. Ack ids belong to the connection: the answer can't come any \
             more, and nobody on the client's side can tell whether the server did the work. In \
             JavaScript a plain callback is dropped without a word; with `timeout()` or \
             `emitWithAck` it gets `socket has been disconnected`.",
            seconds(ended.saturating_sub(oldest))
        ),
        fix: "Client: `socket.timeout(5000).emitWithAck(…)`, so that the loss is an error, and on \
              it ask the server for the state before repeating. Where each emit has to arrive: \
              `io(URL, { retries: 3, ackTimeout: 10000 })` (Socket.IO 4.6) with an id in the \
              payload that the server checks, because a retry may be the second one to arrive."
            .to_owned(),
    }
}

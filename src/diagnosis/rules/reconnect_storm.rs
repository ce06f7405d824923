//! Connections are made and lost again and again in a short time.
//!
//! The client's delays grow with failed attempts and begin anew as soon as Engine.IO opens
//! (`manager.ts`, `onopen`). A server that accepts and drops is therefore tried for ever at the
//! shortest delay.

use std::collections::VecDeque;

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::Life;
use crate::diagnosis::words;

pub(super) const ENTRY: Entry = Entry {
    name: "reconnect-storm",
    about: "many connections are made and lost in a short time",
    on: Moments::ENDED,
    gives_way_to: &[
        "generation-mismatch",
        "wrong-path",
        "cookies-lost",
        "no-sticky-session",
        "proxy-idle-timeout",
        "upgrade-header-swallowed",
        "payload-too-large",
    ],
    make: || Box::new(ReconnectStorm::default()),
};

/// So many connections that end within so many microseconds, one after the other, are a storm: by
/// the defaults of the official client failed attempts are rarer.
const STORMS: [(usize, u64); 2] = [(10, 20_000_000), (6, 6_000_000)];
/// Ends that are remembered.
const REMEMBERED: usize = 10;
/// Connections that are named at most: causes name the first ones, too.
const CONNECTIONS: usize = 50;

#[derive(Default)]
struct ReconnectStorm {
    ends: VecDeque<End>,
    connections: Vec<u32>,
    total: usize,
}

struct End {
    c: u32,
    began: u64,
    at: u64,
    n: u64,
    opened: bool,
    reason: String,
}

impl Rule for ReconnectStorm {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Ended(life) = moment else { return };
        // Behind a tap those who leave by themselves tell nothing of those who are thrown out.
        if scene.story.several() && (life.left_by_client() || life.cut_by_client()) {
            return;
        }
        if life.ended_by_us() || scene.story.is_faulted(life.c) {
            self.ends.clear();
            return;
        }
        self.add(life);
        let storm = STORMS.iter().find_map(|(many, within)| {
            let from = self.ends.len().checked_sub(*many)?;
            let (first, last) = (self.ends.get(from)?, self.ends.back()?);
            let span = last.at.saturating_sub(first.began);
            (span <= *within).then_some((from, span, last))
        });
        let Some((from, span, last)) = storm else {
            return;
        };
        let count = self.ends.len() - from;
        let accepted = self.ends.iter().skip(from).filter(|end| end.opened).count();
        let dropped = accepted * 2 > count;
        let per_minute = (count as u64).saturating_mul(60_000_000) / span.max(1);
        let reason = &last.reason;
        let (how, why, fix) = if dropped {
            (
                "accepted and dropped",
                format!(
                    "{accepted} of these {count} connections were opened and then ended \
                     ({reason}). Each opening sets the client's attempt counter back, so that its \
                     delays never grow: every attempt is the first one."
                ),
                "Find what ends them (see the last records of each connection). Meanwhile raise \
                 `reconnectionDelay` on the client, or let it call `disconnect()` when it is \
                 dropped several times in a row; on the server refuse in a middleware \
                 (`io.use((socket, next) => next(new Error(…)))`) rather than by disconnecting: a \
                 refused client does not come back by itself.",
            )
        } else {
            (
                "tried without success",
                format!(
                    "{count} attempts in {} failed ({reason}). The client's delays are too short \
                     to let the server recover.",
                    words::seconds(span)
                ),
                "Client: the defaults are `reconnectionDelay: 1000, reconnectionDelayMax: 5000, \
                 randomizationFactor: 0.5`; many clients need more, such as 2000 and 30000. Let \
                 `reconnectionAttempts` end it.",
            )
        };
        speech.say(Conclusion {
            subject: String::new(),
            connections: self
                .connections
                .iter()
                .copied()
                .chain(self.ends.iter().map(|end| end.c))
                .collect(),
            severity: Severity::Warn,
            title: format!(
                "reconnect storm: {count} connections {how} in {} ({per_minute} a minute, {} so \
                 far)",
                words::seconds(span),
                self.total
            ),
            evidence: self
                .ends
                .iter()
                .rev()
                .take(6)
                .rev()
                .map(|end| end.n)
                .collect(),
            why,
            fix: fix.to_owned(),
        });
    }
}

impl ReconnectStorm {
    /// Adds an end where it follows the one before: several clients at a time are no storm.
    fn add(&mut self, life: &Life) {
        let Some(ended) = life.ended else { return };
        if self.ends.back().is_some_and(|last| life.began.t < last.at) {
            return;
        }
        self.total += 1;
        self.ends.push_back(End {
            c: life.c,
            began: life.began.t,
            at: ended.t,
            n: ended.n,
            opened: life.opened.is_some(),
            reason: life.reason.clone().unwrap_or_else(|| "closed".to_owned()),
        });
        if self.connections.len() < CONNECTIONS {
            self.connections.push(life.c);
        }
        while self.ends.len() > REMEMBERED {
            self.ends.pop_front();
        }
    }
}

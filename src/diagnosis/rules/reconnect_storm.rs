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
        "no-sticky-session",
        "cookies-lost",
        "generation-mismatch",
        "wrong-path",
        "refused-connection",
        "dns-failure",
        "tls-failure",
        "proxy-status-page",
        "proxy-idle-timeout",
        "payload-too-large",
        "upgrade-header-swallowed",
    ],
    make: || Box::new(ReconnectStorm::default()),
};

/// So many connections …
const MANY: usize = 10;
/// … that end within this time, in microseconds, are a storm.
const WITHIN: u64 = 20_000_000;

#[derive(Default)]
struct ReconnectStorm {
    ends: VecDeque<End>,
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
        if life.ended_by_us() || scene.story.is_faulted(life.c) {
            self.ends.clear();
            return;
        }
        self.add(life);
        let (Some(first), Some(last)) = (self.ends.front(), self.ends.back()) else {
            return;
        };
        let span = last.at.saturating_sub(first.began);
        if self.ends.len() < MANY || span > WITHIN {
            return;
        }
        let accepted = self.ends.iter().filter(|end| end.opened).count();
        let count = self.ends.len();
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
            connections: self.ends.iter().map(|end| end.c).collect(),
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
        while self.ends.len() > MANY {
            self.ends.pop_front();
        }
    }
}

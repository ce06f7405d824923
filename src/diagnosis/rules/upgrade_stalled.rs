//! The upgrade hangs between the probe's answer and the switch.
//!
//! After `3probe` the client stops polling and waits for the poll that is under way; the server has
//! to release it with a noop (`6`). One that forgets to, or does it once too early, leaves the
//! client waiting until its next ping, up to a pingInterval, and all that it emits waits too.

use std::collections::BTreeMap;

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange, Place};
use crate::diagnosis::tally::Tally;
use crate::diagnosis::words::seconds;
use crate::journal::record::Direction;
use crate::model::decode::Kind;

pub(super) const ENTRY: Entry = Entry {
    name: "upgrade-stalled",
    about: "the probe was answered, but the poll under way was not released: all emits wait",
    on: Moments::PACKET.and(Moments::TIME).and(Moments::ENDED),
    gives_way_to: &[],
    make: || Box::new(UpgradeStalled::default()),
};

/// How long the switch may take after the probe's answer, in microseconds. Node looks every 100 ms.
const PATIENCE: u64 = 2_000_000;
/// How many upgrades may be under way.
const UPGRADES: usize = 1_000;

#[derive(Default)]
struct UpgradeStalled {
    /// Answered probes of connections that have not switched yet.
    answered: BTreeMap<u32, (Place, bool)>,
    tally: Tally,
}

impl Rule for UpgradeStalled {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Packet(packet) => {
                let (Kind::Engine { name, data }, Some(c)) = (&packet.kind, scene.c) else {
                    return;
                };
                let place = Place {
                    n: scene.n,
                    t: scene.now,
                };
                match (*name, packet.dir) {
                    // An answer that comes after the connection's end holds nobody up.
                    ("pong", Direction::ToClient)
                        if data == "probe"
                            && scene.story.life(c).is_none_or(|life| life.ended.is_none()) =>
                    {
                        if self.answered.len() >= UPGRADES {
                            self.answered.pop_first();
                        }
                        self.answered.insert(c, (place, false));
                    }
                    ("upgrade", Direction::ToServer) => {
                        if let Some((probe, said)) = self.answered.remove(&c) {
                            self.weigh(c, probe, said, Some(place), scene, speech);
                        }
                    }
                    _ => {}
                }
            }
            Moment::Ended(life) => {
                if let Some((probe, said)) = self.answered.remove(&life.c) {
                    self.weigh(life.c, probe, said, None, scene, speech);
                }
            }
            Moment::Time => {
                let due: Vec<(u32, Place)> = self
                    .answered
                    .iter()
                    .filter(|(_, (probe, said))| {
                        !said && scene.now.saturating_sub(probe.t) >= PATIENCE
                    })
                    .map(|(c, (probe, _))| (*c, *probe))
                    .collect();
                for (c, probe) in due {
                    self.weigh(c, probe, false, None, scene, speech);
                    if let Some((_, said)) = self.answered.get_mut(&c) {
                        *said = true;
                    }
                }
            }
            _ => {}
        }
    }
}

impl UpgradeStalled {
    fn weigh(
        &mut self,
        c: u32,
        probe: Place,
        said: bool,
        switched: Option<Place>,
        scene: &Scene<'_>,
        speech: &mut Speech<'_>,
    ) {
        let until = switched.map_or(scene.now, |place| place.t);
        let waited = until.saturating_sub(probe.t);
        if waited < PATIENCE || scene.story.is_faulted(c) {
            return;
        }
        // What held it up: an exchange that was under way when the probe was answered, or began
        // right after, and was not answered for nearly as long.
        let Some(held) = scene.story.exchanges_of(c).find(|exchange| {
            matches!(exchange.asked, Asked::Poll | Asked::Post)
                && exchange.request.t < probe.t.saturating_add(PATIENCE / 2)
                && ended_at(exchange, scene.now) >= probe.t.saturating_add(waited / 2)
        }) else {
            return;
        };
        if !said {
            let proof = [probe.n, held.request.n]
                .into_iter()
                .chain(held.response.map(|place| place.n))
                .chain(switched.map(|place| place.n));
            self.tally.add(Some(c), proof);
        }
        if !self.tally.is_news() {
            return;
        }
        let post = held.asked == Asked::Post;
        let what = if post { "POST" } else { "polling GET" };
        let end = match (held.response, switched) {
            (Some(_), Some(_)) => format!(
                "It was answered {} after the probe, by {}, and only then the client switched.",
                seconds(waited),
                if post {
                    "its `ok`"
                } else {
                    "the next packet that the server had anyway (a ping, an event)"
                }
            ),
            _ => "It was still not answered at the end.".to_owned(),
        };
        speech.say(Conclusion {
            subject: String::new(),
            connections: self.tally.connections(),
            severity: Severity::Warn,
            title: format!(
                "the upgrade to WebSocket stalled for {}: the probe was answered, the {what} under \
                 way was not{}",
                seconds(waited),
                self.tally.so_far()
            ),
            evidence: self.tally.evidence(),
            why: format!(
                "After the answer to its probe the client stops polling and waits for what is \
                 under way; nothing is sent meanwhile, all emits wait in its buffer. The {what} \
                 was under way then. {end} A server has to release a waiting poll with a noop \
                 (`6`) as long as an upgrade goes on; Node does within 100 ms."
            ),
            fix: if post {
                "Find out what holds the POST up: a proxy that buffers requests, or a server that \
                 is busy. Until then: `transports: [\"websocket\"]`, which needs no upgrade."
                    .to_owned()
            } else {
                "Bring the server up to date: python-engineio and socketioxide had this bug, they \
                 sent the noop once, before the client's next poll was there. If the server does \
                 send it, something between holds the response back (nginx: `proxy_buffering \
                 off;`). Until then: `transports: [\"websocket\"]`, which needs no upgrade, or \
                 `upgrade: false`."
                    .to_owned()
            },
        });
    }
}

/// When an exchange ended; never, for one that is still under way or was given up.
fn ended_at(exchange: &Exchange, now: u64) -> u64 {
    match exchange.response {
        Some(place) if exchange.status > 0 => place.t,
        _ => now,
    }
}

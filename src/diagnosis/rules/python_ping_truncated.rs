//! The server announces a `pingInterval` or `pingTimeout` of 0: python-engineio cuts both down to
//! whole seconds in its handshake, so that a setting below a second becomes nothing.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::Life;
use crate::diagnosis::tally::Tally;
use crate::diagnosis::words::seconds;

pub(super) const ENTRY: Entry = Entry {
    name: "python-ping-truncated",
    about: "the handshake announces a pingInterval or pingTimeout of 0 (python: below a second)",
    on: Moments::OPENED.and(Moments::ENDED),
    gives_way_to: &[],
    make: || Box::new(PythonPingTruncated::default()),
};

#[derive(Default)]
struct PythonPingTruncated {
    opened: Tally,
    lost: Tally,
}

impl Rule for PythonPingTruncated {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let (life, ended): (&Life, bool) = match moment {
            Moment::Opened(life) => (life, false),
            Moment::Ended(life) => (life, true),
            _ => return,
        };
        let Some(connection) = scene.model.connections.get(&life.c) else {
            return;
        };
        let beat = &connection.heartbeat;
        let (interval, timeout) = (beat.interval_ms, beat.timeout_ms);
        // A handshake that names neither is something else.
        if (interval > 0) == (timeout > 0) {
            return;
        }
        let Some(handshake) = scene
            .story
            .exchanges_of(life.c)
            .find(|exchange| exchange.status == 200)
            .and_then(|exchange| exchange.response)
            .or(life.opened)
        else {
            return;
        };
        let timed_out = ended && life.reason.as_deref() == Some("ping timeout");
        if ended && !timed_out {
            return;
        }
        let tally = if timed_out {
            &mut self.lost
        } else {
            &mut self.opened
        };
        let end = life.ended.filter(|_| timed_out).map(|place| place.n);
        tally.add(Some(life.c), std::iter::once(handshake.n).chain(end));
        if !tally.is_news() || (!timed_out && self.lost.count > 0) {
            return;
        }
        let tally = if timed_out { &self.lost } else { &self.opened };
        let (name, option) = if interval == 0 {
            ("pingInterval", "ping_interval")
        } else {
            ("pingTimeout", "ping_timeout")
        };
        let real = real_interval(life).map_or(String::new(), |real| {
            format!(" Its pings really come every {}.", seconds(real))
        });
        let title = if timed_out {
            format!(
                "ping timeout: the server announces {name} 0{}",
                tally.so_far()
            )
        } else {
            format!("the server announces {name} 0: a setting below one second was cut off")
        };
        speech.say(Conclusion {
            subject: String::new(),
            connections: tally.connections(),
            severity: if timed_out {
                Severity::Error
            } else {
                Severity::Warn
            },
            title,
            evidence: tally.evidence(),
            why: format!(
                "The handshake says pingInterval {interval} and pingTimeout {timeout} ms. \
                 python-engineio keeps these in seconds and writes whole seconds only, so 0.5 \
                 becomes 0.{real} Clients take the numbers as they are: they wait {} for a ping \
                 and no longer, and some divide by the interval or spin.",
                seconds((interval + timeout) * 1_000)
            ),
            fix: format!(
                "Server: `socketio.Server({option}=1)`, whole seconds and at least one (25 and 20 \
                 are the defaults)."
            ),
        });
    }
}

/// The time between the last two pings that came.
fn real_interval(life: &Life) -> Option<u64> {
    let mut pings = life.pings_to_client.iter().rev();
    let (last, before) = (pings.next()?, pings.next()?);
    Some(last.t.saturating_sub(before.t))
}

//! The server gave up on the client, because the client was silent.
//!
//! Engine.IO 4: a ping of the server was not answered by a pong within `pingTimeout`. Engine.IO 3:
//! no ping came from the client for interval + timeout. A client that slept (a closed laptop, a
//! breakpoint, a frozen tab) notices at its waking that the deadline has passed.

use super::{Entry, Rule};
use crate::diagnosis::beat::Beat;
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Life, Place};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::seconds;
use crate::journal::file::Source;

pub(super) const ENTRY: Entry = Entry {
    name: "ping-timeout-ours",
    about: "the server closed the connection because the client did not answer its pings",
    on: Moments::ENDED,
    gives_way_to: &["heartbeat-direction"],
    make: || Box::new(PingTimeoutOurs::default()),
};

/// How late a timer of ours may fire before we must have slept, in microseconds, at the least; for
/// long deadlines a share of them.
const OVERSLEPT: u64 = 300_000;
/// How much later than its deadline a server acts: python looks every so often, Node extends a
/// deadline once where other traffic came.
const SLACK: u64 = 2_000_000;

#[derive(Default)]
struct PingTimeoutOurs {
    cases: Tallies,
}

/// What was seen.
struct Silence {
    kind: &'static str,
    title: String,
    why: String,
    proof: Vec<u64>,
}

impl Rule for PingTimeoutOurs {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some((life, ended, beat)) = Beat::ended(moment, scene) else {
            return;
        };
        let Some(opened) = life.opened else { return };
        let silence = overslept(life, opened, ended, beat, scene).or_else(|| match beat.eio {
            4 => no_pong(life, ended, beat),
            _ => no_ping(life, opened, ended, beat),
        });
        let Some(silence) = silence else { return };
        let Some(tally) = self.cases.add(silence.kind, Some(life.c), silence.proof) else {
            return;
        };
        speech.say(Conclusion {
            subject: silence.kind.to_owned(),
            connections: tally.connections(),
            severity: Severity::Error,
            title: format!("{}{}", silence.title, tally.so_far()),
            evidence: tally.evidence(),
            why: silence.why,
            fix: "Find what keeps the client from running: a breakpoint, heavy work on its event \
                  loop, a browser tab in the background, a phone that sleeps (do the work in a \
                  worker; on mobiles reconnect when the app comes back). A hand-written client has \
                  to answer each `2` with `3` (Engine.IO 4) or to send `2` every pingInterval \
                  (Engine.IO 3). To be more patient, server: `new Server({ pingTimeout: 60000 })`, \
                  python: `ping_timeout=60`; a proxy's idle timeout must stay above pingInterval + \
                  pingTimeout."
                .to_owned(),
        });
    }
}

/// A ping of the server got no pong.
fn no_pong(life: &Life, ended: Place, beat: Beat) -> Option<Silence> {
    let ping = *life.pings_to_client.last()?;
    let answered = life
        .pongs_to_server
        .last()
        .is_some_and(|pong| *pong >= ping);
    let waited = ended.t.saturating_sub(ping.t);
    let longest = beat.timeout.saturating_mul(2).saturating_add(SLACK);
    let fits = Beat::reaches(waited, beat.timeout) && waited <= longest.max(beat.patience());
    if answered || !fits || !life.closed_by_engine() {
        return None;
    }
    let other = match life.spoke.filter(|spoke| *spoke > ping) {
        Some(spoke) => format!(
            "The client did send something else {} after that ping, so it was alive and its \
             heartbeat was not.",
            seconds(spoke.t.saturating_sub(ping.t))
        ),
        None => "Nothing else came from the client after that ping either: its process did not \
                 run, or what it wrote did not arrive."
            .to_owned(),
    };
    let pongs = life.pongs_to_server.len();
    Some(Silence {
        kind: "no pong",
        title: format!(
            "ping timeout at the server: its ping went unanswered for {} (pingTimeout {}), so it \
             closed the connection",
            seconds(waited),
            seconds(beat.timeout)
        ),
        why: format!(
            "The server's last ping got no pong, and {} later it closed the connection without \
             a word, as servers do when pingTimeout ({}) is over; their reason is `ping timeout`, \
             the client sees `transport close`. {pongs} pings before it were answered. {other}",
            seconds(waited),
            seconds(beat.timeout)
        ),
        proof: vec![ping.n, ended.n],
    })
}

/// The client's pings stopped.
fn no_ping(life: &Life, opened: Place, ended: Place, beat: Beat) -> Option<Silence> {
    let last = life.pings_to_server.last().copied().unwrap_or(opened);
    let waited = ended.t.saturating_sub(last.t);
    let longest = beat.patience().saturating_mul(2).saturating_add(SLACK);
    let fits = Beat::reaches(waited, beat.patience()) && waited <= longest;
    if !fits || !life.closed_by_engine() {
        return None;
    }
    Some(Silence {
        kind: "no ping",
        title: format!(
            "ping timeout at the server: no ping from the client for {}, so it closed the \
             connection",
            seconds(waited)
        ),
        why: format!(
            "In Engine.IO 3 the client pings. Its last ping (or the handshake) is {} before the \
             end, and the server closes after {} of silence, without a word; its reason is `ping \
             timeout`, the client sees `transport close`.",
            seconds(waited),
            beat.words()
        ),
        proof: vec![last.n, ended.n],
    })
}

/// Our own watchdog noticed the deadline long after it had passed: this process did not run.
fn overslept(
    life: &Life,
    opened: Place,
    ended: Place,
    beat: Beat,
    scene: &Scene<'_>,
) -> Option<Silence> {
    if scene.story.source != Source::Client || life.reason.as_deref() != Some("ping timeout") {
        return None;
    }
    let (from, limit) = match beat.eio {
        4 => (
            life.pings_to_client.last().copied().unwrap_or(opened),
            beat.patience(),
        ),
        _ => (life.pings_to_server.last().copied()?, beat.timeout),
    };
    let late = ended.t.saturating_sub(from.t).checked_sub(limit)?;
    if late < OVERSLEPT.max(limit / 20) {
        return None;
    }
    Some(Silence {
        kind: "overslept",
        title: format!(
            "ping timeout: this client slept for about {}, its own watchdog fired {} late",
            seconds(
                ended
                    .t
                    .saturating_sub(life.heard.max(life.spoke).unwrap_or(from).t)
            ),
            seconds(late)
        ),
        why: format!(
            "The deadline ({} after the last ping) passed {} before the client noticed it. A timer \
             that fires so late means that the process did not run at all: the machine slept, or \
             the process was stopped. The server is not to blame; it had given up meanwhile.",
            beat.words(),
            seconds(late)
        ),
        proof: vec![from.n, ended.n],
    })
}

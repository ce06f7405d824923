//! Heartbeats come late, again and again, while nothing else comes either: somebody's event loop
//! is blocked.
//!
//! Engine.IO 4: the server's pings against `pingInterval`, and (behind a tap) the client's pongs.
//! Engine.IO 3: the server's pongs. A slow network delays every answer alike; a busy loop holds all
//! of them back for a while and is quick in between.

use std::collections::BTreeMap;

use super::{Entry, Rule};
use crate::diagnosis::beat::Beat;
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Life, Place};
use crate::diagnosis::words::seconds;
use crate::journal::record::Direction;
use crate::model::decode::Kind;

pub(super) const ENTRY: Entry = Entry {
    name: "blocked-event-loop",
    about: "heartbeats come late several times while all else stalls: a busy process",
    on: Moments::PACKET,
    gives_way_to: &[],
    make: || Box::new(BlockedEventLoop::default()),
};

/// How late a ping may come, in microseconds, at the least; for long intervals a share of them.
const LATE: u64 = 500_000;
/// How long a pong may take.
const SLOW: u64 = 1_000_000;
/// How often it must happen.
const OFTEN: usize = 3;
/// How many connections are watched.
const CONNECTIONS: usize = 1_000;
/// Records that are kept for a connection.
const EVIDENCE: usize = 10;

/// Late heartbeats of one connection.
#[derive(Default)]
struct Late {
    count: usize,
    of: usize,
    least: u64,
    most: u64,
    evidence: Vec<u64>,
}

#[derive(Default)]
struct BlockedEventLoop {
    /// By connection, and whether it is the client that is late.
    late: BTreeMap<(u32, bool), Late>,
}

impl Rule for BlockedEventLoop {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Packet(packet) = moment else {
            return;
        };
        let Kind::Engine { name, data } = &packet.kind else {
            return;
        };
        if !matches!(*name, "ping" | "pong") || data == "probe" {
            return;
        }
        let Some((life, beat)) = scene
            .c
            .and_then(|c| Some((scene.story.life(c)?, Beat::of(c, scene)?)))
        else {
            return;
        };
        let now = Place {
            n: scene.n,
            t: scene.now,
        };
        // How late it is, and whether it is the client that was.
        let (late, client) = match (*name, packet.dir, beat.eio) {
            ("ping", Direction::ToClient, 4) => (late_ping(life, now, beat), false),
            ("pong", Direction::ToClient, 3) => (slow(&life.pings_to_server, now), false),
            ("pong", Direction::ToServer, 4) => (slow(&life.pings_to_client, now), true),
            _ => return,
        };
        if self.late.len() >= CONNECTIONS && !self.late.contains_key(&(life.c, client)) {
            self.late.pop_first();
        }
        let seen = self.late.entry((life.c, client)).or_default();
        seen.of += 1;
        let Some(late) = late else { return };
        seen.count += 1;
        seen.least = if seen.count == 1 {
            late
        } else {
            seen.least.min(late)
        };
        seen.most = seen.most.max(late);
        if seen.evidence.len() < EVIDENCE {
            seen.evidence.push(now.n);
        }
        // Often, and no rare exception.
        if seen.count < OFTEN || seen.count * 4 < seen.of || scene.story.is_faulted(life.c) {
            return;
        }
        if seen.count > 20 && !seen.count.is_multiple_of(50) {
            return;
        }
        speech.say(conclusion(life.c, client, seen, beat));
    }
}

/// How late the ping at hand is, where nothing else came since it was due.
fn late_ping(life: &Life, now: Place, beat: Beat) -> Option<u64> {
    let opened = life.opened?;
    let before = match life.pings_to_client.iter().rev().nth(1) {
        Some(before) => *before,
        None => opened,
    };
    let due = before.t.saturating_add(beat.interval);
    let late = now.t.checked_sub(due)?;
    let heard = life.heard_before?;
    let stalled = heard.t <= due.saturating_add(LATE / 5);
    (beat.interval > 0 && stalled && late >= LATE.max(beat.interval / 20)).then_some(late)
}

/// How long the pong at hand took, where that is long.
fn slow(pings: &[Place], now: Place) -> Option<u64> {
    let ping = pings.last()?;
    let took = now.t.saturating_sub(ping.t);
    (took >= SLOW).then_some(took)
}

fn conclusion(c: u32, client: bool, seen: &Late, beat: Beat) -> Conclusion {
    let range = if seen.most.saturating_sub(seen.least) < 100_000 {
        seconds(seen.most)
    } else {
        format!("{} to {}", seconds(seen.least), seconds(seen.most))
    };
    let (count, of) = (seen.count, seen.of);
    let (who, title, measured) = match (client, beat.eio) {
        (true, _) => (
            "client",
            format!("the client answers pings late: {count} of {of} by {range}"),
            format!("{count} of {of} pongs of the client came {range} after the ping"),
        ),
        (false, 4) => (
            "server",
            format!(
                "the server's pings come late: {count} of {of} by {range}, and nothing else comes \
                 meanwhile"
            ),
            format!(
                "{count} of {of} pings came {range} after they were due (pingInterval {}), and \
                 from the time they were due nothing else came from the server",
                seconds(beat.interval)
            ),
        ),
        (false, _) => (
            "server",
            format!("the server answers pings late: {count} of {of} took {range}"),
            format!("{count} of {of} pongs of the server came {range} after the ping"),
        ),
    };
    let fix = if client {
        "Client: find the long computation (profiler) and move it into a worker; a browser slows \
         timers in background tabs down. Until then, server: `new Server({ pingTimeout: 60000 })`."
    } else {
        "Server: measure it, `perf_hooks.monitorEventLoopDelay()` (Node), `loop.slow_callback_\
         duration` with `asyncio` debug (python); then move the computation into a worker thread \
         or process, replace `*Sync` calls and large `JSON.parse`, run python handlers that block \
         in a thread pool (`await loop.run_in_executor(…)`). Until then: `new Server({ pingTimeout: \
         60000 })`, so that clients wait."
    };
    Conclusion {
        subject: format!("{c} {client}"),
        connections: vec![c],
        severity: Severity::Warn,
        title,
        evidence: seen.evidence.clone(),
        why: format!(
            "{measured}. A slow network would delay each of them; these stall and then all comes \
             at once, as when the {who}'s process has one thread and computes (or was stopped, or \
             swaps). When a stall lasts pingTimeout ({}), connections are lost.",
            seconds(beat.timeout)
        ),
        fix: fix.to_owned(),
    }
}

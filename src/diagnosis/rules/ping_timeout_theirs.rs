//! The client gave up on the server, because the server was silent: reason `ping timeout`.
//!
//! Either nothing at all came any more (a connection that is dead without knowing it: half-open),
//! or other packets came and only the heartbeat did not.

use super::{Entry, Rule};
use crate::diagnosis::beat::Beat;
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Life, Place};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::seconds;
use crate::journal::file::Source;

pub(super) const ENTRY: Entry = Entry {
    name: "ping-timeout-theirs",
    about: "ping timeout: nothing (or no ping) came from the server for too long",
    on: Moments::ENDED,
    gives_way_to: &[
        "heartbeat-direction",
        "ping-timeout-ours",
        "python-ping-truncated",
    ],
    make: || Box::new(PingTimeoutTheirs::default()),
};

/// Packets that came so short before the last ping was due (microseconds) came with it.
const WITH_IT: u64 = 100_000;

#[derive(Default)]
struct PingTimeoutTheirs {
    cases: Tallies,
}

impl Rule for PingTimeoutTheirs {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some((life, ended, beat)) = Beat::ended(moment, scene) else {
            return;
        };
        let Some(from) = given_up_since(life, ended, beat, scene) else {
            return;
        };
        let heard = life.heard.unwrap_or(from);
        let alive = heard.t > from.t.saturating_add(WITH_IT);
        let waited = seconds(ended.t.saturating_sub(from.t));
        let silent = seconds(ended.t.saturating_sub(heard.t));
        let (kind, title) = match (alive, beat.eio) {
            (true, 4) => (
                "no ping",
                format!(
                    "ping timeout: no ping from the server for {waited}, though it sent other packets"
                ),
            ),
            (true, _) => (
                "no pong",
                format!(
                    "ping timeout: the server did not answer our ping for {waited}, though it sent other packets"
                ),
            ),
            (false, _) => (
                "silence",
                format!("ping timeout: nothing came from the server for {silent}"),
            ),
        };
        let mut proof = vec![from.n, ended.n];
        if alive {
            proof.insert(1, heard.n);
        }
        let Some(tally) = self.cases.add(kind, Some(life.c), proof) else {
            return;
        };
        let waits_for = if beat.eio == 4 {
            "The client waits pingInterval + pingTimeout for the server's next ping"
        } else {
            "The client waits pingTimeout for the answer to its ping"
        };
        let what = if alive {
            format!(
                "Other packets still came {silent} before the end: the connection worked and the \
                 server's process ran, only its heartbeat did not. The server's ping timer was \
                 lost, or something between drops Engine.IO pings."
            )
        } else {
            format!(
                "Nothing at all came for {silent}, and the connection was not closed either: it \
                 is half-open (the path died without a word: Wi-Fi or VPN change, a NAT or \
                 firewall that forgot the connection, a machine that was switched off), or the \
                 server's process was frozen."
            )
        };
        let fix = if alive {
            "Server: look for code that replaces or stops its timers, and for middleware that \
             filters packets. Compare with a connection past the proxy."
        } else {
            "Was the server's process busy or stopped at that time (its log, CPU, `kill -STOP`, a \
             breakpoint)? Then that is the cause. Else the path: let pings come more often than \
             the shortest idle time of NAT, firewall and proxy (`new Server({ pingInterval: 10000 \
             })`, python: `ping_interval=10`), nginx: `proxy_socket_keepalive on;`. The client \
             finds out sooner with a smaller pingTimeout."
        };
        speech.say(Conclusion {
            subject: kind.to_owned(),
            connections: tally.connections(),
            severity: Severity::Error,
            title: format!("{title}{}", tally.so_far()),
            evidence: tally.evidence(),
            why: format!(
                "{waits_for} ({}) and gave up after {waited}. {what}",
                beat.words()
            ),
            fix: fix.to_owned(),
        });
    }
}

/// The record since which the client waited in vain, where that is why it ended.
fn given_up_since(life: &Life, ended: Place, beat: Beat, scene: &Scene<'_>) -> Option<Place> {
    let opened = life.opened?;
    let told = life.reason.as_deref() == Some("ping timeout");
    // A tapped client does not say why it closes; its watchdog closes without a code.
    let silently = scene.story.source != Source::Client
        && life
            .close_frames
            .first()
            .is_some_and(|frame| frame.code.is_none() && frame.place == ended);
    let gave_up = told || (silently && life.left_by_client());
    if !gave_up {
        return None;
    }
    let (from, limit) = match beat.eio {
        4 => (
            life.pings_to_client.last().copied().unwrap_or(opened),
            beat.patience(),
        ),
        _ => (
            life.pings_to_server.last().copied().unwrap_or(opened),
            beat.timeout,
        ),
    };
    if beat.eio != 4 && life.pongs_to_client.last().is_some_and(|pong| *pong > from) {
        return None;
    }
    (told || Beat::reaches(ended.t.saturating_sub(from.t), limit)).then_some(from)
}

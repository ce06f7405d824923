//! Something between client and server closes connections that are idle.
//!
//! Proxies wait a fixed time for the next byte (nginx `proxy_read_timeout`, Apache
//! `ProxyTimeout`: 60 s by default). Where that is shorter than the time between two pings, an
//! idle WebSocket is cut without a close frame (1006), and a poll that waits is answered 504 (or
//! 524). The proof is the silence: it is the same each time, or a round number, and shorter than
//! pingInterval, so that neither side of Socket.IO had a reason to end anything.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange, Life};
use crate::diagnosis::{advice, words};
use crate::journal::record::TransportName;

pub(super) const ENTRY: Entry = Entry {
    name: "proxy-idle-timeout",
    about: "a proxy closes connections that are idle for less than the time between two pings",
    on: Moments::EXCHANGE.and(Moments::ENDED),
    gives_way_to: &[],
    make: || Box::new(ProxyIdleTimeout::default()),
};

/// Shorter silences (microseconds) are no timeouts that anybody sets.
const SHORTEST: u64 = 500_000;
/// Timeouts are set in steps of this, in microseconds: one case at such a number is enough.
const ROUND: u64 = 5_000_000;
/// How far from such a number it may be.
const NEAR: u64 = 120_000;
/// What happens within this time, in microseconds, has one cause.
const AT_ONCE: u64 = 1_000_000;
/// Drops that are remembered.
const DROPS: usize = 50;

/// A connection that ended in a silence.
#[derive(Clone)]
struct Drop {
    c: u32,
    silence: u64,
    evidence: [u64; 2],
    /// Status of the page that the proxy wrote, for a poll.
    page: Option<u16>,
    server: Option<String>,
}

#[derive(Default)]
struct ProxyIdleTimeout {
    drops: Vec<Drop>,
}

impl Rule for ProxyIdleTimeout {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let drop = match moment {
            Moment::Exchange(exchange) => poll(exchange),
            Moment::Ended(life) => websocket(life, scene),
            _ => None,
        };
        let Some(drop) = drop else { return };
        if self.drops.len() >= DROPS || scene.story.is_faulted(drop.c) {
            return;
        }
        let Some(connection) = scene.model.connections.get(&drop.c) else {
            return;
        };
        let heartbeat = &connection.heartbeat;
        let interval = heartbeat.interval_ms.saturating_mul(1_000);
        // With a ping in between it was not idle; without one that was due, the server is to blame.
        if drop.silence < SHORTEST || drop.silence > interval.saturating_add(SHORTEST) {
            return;
        }
        self.drops.push(drop.clone());
        let same: Vec<&Drop> = self
            .drops
            .iter()
            .filter(|other| {
                let most = (drop.silence / 33).max(NEAR);
                other.silence.abs_diff(drop.silence) <= most
            })
            .collect();
        let whole = (drop.silence + ROUND / 2) / ROUND * ROUND;
        let round =
            whole > 0 && drop.silence.abs_diff(whole) <= NEAR && !server_was_gone(scene, scene.now);
        if same.len() < 2 && !round && drop.page.is_none() {
            return;
        }
        self.speak(
            &drop,
            &same,
            (heartbeat.interval_ms, heartbeat.timeout_ms),
            speech,
        );
    }
}

impl ProxyIdleTimeout {
    fn speak(&self, drop: &Drop, same: &[&Drop], beat: (u64, u64), speech: &mut Speech<'_>) {
        let silence = words::seconds(round_to_tenth(drop.silence));
        let interval = words::millis(beat.0);
        let both = words::millis(beat.0 + beat.1);
        let how = match drop.page {
            Some(status) => format!("the waiting poll was answered with HTTP {status}"),
            None => "the WebSocket was cut without a close frame (1006)".to_owned(),
        };
        let times = match same.len() {
            1 => String::new(),
            many => format!(", {} with the same silence", words::times(many)),
        };
        let named = same.iter().rev().find_map(|drop| drop.server.as_deref());
        let proxy = named.map_or_else(|| "a proxy".to_owned(), |name| format!("a proxy ({name})"));
        let not_ours = match drop.page {
            Some(_) => "An Engine.IO server never writes such a page.",
            None => "A Socket.IO server that ends a connection sends a close frame first.",
        };
        speech.say(Conclusion {
            subject: String::new(),
            connections: same.iter().map(|drop| drop.c).collect(),
            severity: if same.len() >= 3 {
                Severity::Error
            } else {
                Severity::Warn
            },
            title: format!(
                "the connection drops after {silence} of silence: {proxy} closes what is idle, \
                 and pings come every {interval} only"
            ),
            evidence: same.iter().take(5).flat_map(|drop| drop.evidence).collect(),
            why: format!(
                "Nothing crossed for {silence}, then {how}{times}. {not_ours} The next ping was \
                 not due yet (pingInterval {interval}), so nothing kept the connection awake, and \
                 something in between that waits {silence} gave it up."
            ),
            fix: format!(
                "Let the proxy wait longer than pingInterval + pingTimeout ({both}). {}",
                advice::IDLE.replace("PING", &ping_below(drop.silence).to_string())
            ),
        });
    }
}

/// A pingInterval in milliseconds that keeps something awake which waits so long (microseconds).
fn ping_below(silence: u64) -> u64 {
    let ms = silence / 1_000 * 2 / 5;
    (ms / 500 * 500).max(500)
}

/// Whether somebody was told at that moment that the server is not there: then what was cut was
/// cut with it, and how long it had been silent is chance.
fn server_was_gone(scene: &Scene<'_>, now: u64) -> bool {
    let recent = |exchange: &&Exchange| {
        exchange
            .response
            .is_some_and(|response| now.saturating_sub(response.t) <= AT_ONCE)
    };
    scene
        .story
        .exchanges()
        .filter(recent)
        .any(|exchange| matches!(exchange.status, 502 | 503 | 521 | 523))
}

fn round_to_tenth(us: u64) -> u64 {
    (us + 50_000) / 100_000 * 100_000
}

/// A poll that the proxy gave up.
fn poll(exchange: &Exchange) -> Option<Drop> {
    if exchange.asked != Asked::Poll
        || !matches!(exchange.status, 504 | 524)
        || exchange.refusal().code.is_some()
    {
        return None;
    }
    Some(Drop {
        c: exchange.c?,
        silence: exchange.took()?,
        evidence: [exchange.request.n, exchange.response?.n],
        page: Some(exchange.status),
        server: exchange.answer_header("server").map(str::to_owned),
    })
}

/// A WebSocket that was cut.
fn websocket(life: &Life, scene: &Scene<'_>) -> Option<Drop> {
    let connection = scene.model.connections.get(&life.c)?;
    if connection.transport != Some(TransportName::Websocket) || !life.was_cut() {
        return None;
    }
    let (traffic, ended) = (life.traffic()?, life.ended?);
    life.opened?;
    let server = scene
        .story
        .exchanges_of(life.c)
        .rev()
        .find_map(|exchange| exchange.answer_header("server"))
        .map(str::to_owned);
    Some(Drop {
        c: life.c,
        silence: ended.t.saturating_sub(traffic.t),
        evidence: [traffic.n, ended.n],
        page: None,
        server,
    })
}

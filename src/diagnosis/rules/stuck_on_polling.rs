//! The upgrade to WebSocket does not come about, and which step failed.
//!
//! The steps: the handshake offers `websocket`, the client opens one with the session's sid,
//! writes `2probe`, hears `3probe`, lets its polls come to rest, writes `5`. A step that fails is
//! no disconnect: everything goes on by polling, slower and with more requests, and nobody is
//! told.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange, Life};
use crate::diagnosis::words;
use crate::journal::record::{Body, TransportName, TransportState};
use crate::model::state::Connection;

pub(super) const ENTRY: Entry = Entry {
    name: "stuck-on-polling",
    about: "the upgrade to WebSocket fails, and at which step",
    on: Moments::EXCHANGE
        .and(Moments::TOLD)
        .and(Moments::CONTROL)
        .and(Moments::REQUEST)
        .and(Moments::OPENED)
        .and(Moments::ENDED)
        .and(Moments::TIME),
    gives_way_to: &[
        "upgrade-header-swallowed",
        "upgrade-stalled",
        "no-sticky-session",
        "cookies-lost",
    ],
    make: || Box::new(StuckOnPolling::default()),
};

/// How long a step may take, in microseconds, before it counts as failed. Servers give a probe
/// 10 s (`upgradeTimeout`).
const PATIENCE: u64 = 5_000_000;
/// How long polling has to outlive the WebSocket, in microseconds, for it to be the upgrade that
/// failed and not the connection that ended.
const GOES_ON: u64 = 500_000;
/// Connections that are remembered.
const CONNECTIONS: usize = 200;

/// Connections of which something was said.
#[derive(Default)]
struct StuckOnPolling {
    told: Vec<u32>,
    /// A WebSocket that ended in the middle; said once polling goes on without it.
    ended: Option<(u32, u64, Step, u64)>,
}

/// What is said of one step.
struct Step {
    name: &'static str,
    severity: Severity,
    title: String,
    why: String,
    fix: &'static str,
}

impl Rule for StuckOnPolling {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Opened(life) => self.opened(life, scene, speech),
            Moment::Exchange(exchange) if exchange.asked == Asked::Upgrade => {
                self.refused(exchange, speech, scene);
            }
            Moment::Told(Body::Transport(transport))
                if transport.name == TransportName::Websocket
                    && transport.state == TransportState::Closed =>
            {
                self.failed(scene);
            }
            Moment::Control(_) => self.failed(scene),
            Moment::Ended(life) => {
                let by_us = life.ended_by_us();
                // Where the whole connection ended, it was not its upgrade that failed.
                if !by_us {
                    self.ended.take_if(|(c, at, ..)| {
                        *c == life.c && scene.now.saturating_sub(*at) < GOES_ON
                    });
                }
                self.goes_on(by_us, scene, speech);
                self.stalled(life.c, scene, speech);
            }
            Moment::Request(_) => {
                self.goes_on(false, scene, speech);
                if let Some(c) = scene.c {
                    self.stalled(c, scene, speech);
                }
            }
            Moment::Time => {
                self.goes_on(false, scene, speech);
                if let Some(c) = scene.model.current {
                    self.stalled(c, scene, speech);
                }
            }
            _ => {}
        }
    }
}

impl StuckOnPolling {
    fn say(
        &mut self,
        c: u32,
        step: Step,
        evidence: Vec<u64>,
        scene: &Scene<'_>,
        speech: &mut Speech<'_>,
    ) {
        if self.told.len() >= CONNECTIONS || self.told.contains(&c) || scene.story.is_faulted(c) {
            return;
        }
        self.told.push(c);
        speech.say(Conclusion {
            subject: step.name.to_owned(),
            connections: self.told.clone(),
            severity: step.severity,
            title: step.title,
            evidence,
            why: step.why,
            fix: step.fix.to_owned(),
        });
    }

    /// The first step: the handshake offers it.
    fn opened(&mut self, life: &Life, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(connection) = scene.model.connections.get(&life.c) else {
            return;
        };
        let Some(handshake) = scene.story.exchanges_of(life.c).find(|exchange| {
            exchange.asked == Asked::Handshake
                && exchange.status == 200
                && exchange.is_engine_answer()
        }) else {
            return;
        };
        if connection.transport != Some(TransportName::Polling) || !connection.upgrades.is_empty() {
            return;
        }
        let step = Step {
            name: "not-offered",
            severity: Severity::Info,
            title: "the connection stays on polling: the server offers no WebSocket".to_owned(),
            why: "The handshake's `upgrades` is empty. So the server's WebSocket transport is off \
                  (`transports`), upgrades are (`allowUpgrades: false`), or its stack has none \
                  (python: no websocket package for its async mode)."
                .to_owned(),
            fix: "Server: `new Server({ transports: [\"polling\", \"websocket\"], allowUpgrades: \
                  true })` (both are the defaults). python: `pip install simple-websocket` for \
                  threads, an ASGI server or aiohttp for asyncio, gevent-websocket for gevent.",
        };
        let evidence = handshake
            .response
            .map(|place| place.n)
            .into_iter()
            .collect();
        self.say(life.c, step, evidence, scene, speech);
    }

    /// The second: the WebSocket is opened.
    fn refused(&mut self, exchange: &Exchange, speech: &mut Speech<'_>, scene: &Scene<'_>) {
        let Some(c) = exchange.c else { return };
        if exchange.status == 101 || exchange.is_given_up() || exchange.is_engine_error(1) {
            return;
        }
        let refusal = exchange.refusal();
        let message = match (&exchange.error, refusal.message.as_str()) {
            (Some(error), _) => error.clone(),
            (None, "") => String::new(),
            (None, message) => format!("{message:?}"),
        };
        let by = if exchange.is_upgrade_refusal() {
            ", by the Socket.IO server itself".to_owned()
        } else {
            exchange
                .answer_header("server")
                .map(|server| format!(", by {server}"))
                .unwrap_or_default()
        };
        let (title, why) = if exchange.status == 0 {
            (
                "the connection stays on polling: the WebSocket could not be opened".to_owned(),
                format!(
                    "The handshake offered WebSocket, and the request for one got no answer: \
                     {message}. Polling to the same host goes on, so something in between does not \
                     let WebSockets through."
                ),
            )
        } else {
            (
                format!(
                    "the connection stays on polling: the WebSocket was refused with HTTP {}",
                    exchange.status
                ),
                format!(
                    "The handshake offered WebSocket, and the request for one was answered with \
                     HTTP {}{by}{}{message}. Polling goes on as if nothing had been.",
                    exchange.status,
                    if message.is_empty() { "" } else { ": " }
                ),
            )
        };
        let step = Step {
            name: "refused",
            severity: Severity::Warn,
            title,
            why,
            fix: "Look at who wrote that answer (its Server header and body). A proxy or firewall: \
                  let it pass requests with `transport=websocket` and `Upgrade: websocket` on the \
                  path /socket.io/. The server: its `allowRequest` or a middleware refuses the \
                  upgrade though it allowed the handshake; compare the headers of the two requests \
                  (Origin, cookies).",
        };
        self.say(c, step, exchange.evidence(), scene, speech);
    }

    /// The third and fourth: `3probe`, then `5`. The WebSocket has just ended.
    fn failed(&mut self, scene: &Scene<'_>) {
        let Some(c) = scene.c else { return };
        let Some(connection) = scene.model.connections.get(&c) else {
            return;
        };
        let upgrade = &connection.upgrade;
        let Some(error) = &upgrade.error else { return };
        if upgrade.done.is_some()
            || upgrade.probe_sent.is_none()
            || connection.closed.is_some()
            || error.contains("given up")
        {
            return;
        }
        let step = if upgrade.probe_answered.is_some() {
            Step {
                name: "cut-before-5",
                severity: Severity::Warn,
                title:
                    "the connection stays on polling: the WebSocket was cut between 3probe and 5"
                        .to_owned(),
                why: format!(
                    "The probe was answered, and before the polls had come to rest and `5` could \
                     be written the WebSocket ended: {error}."
                ),
                fix: CUT,
            }
        } else {
            Step {
                name: "no-3probe",
                severity: Severity::Warn,
                title: "the connection stays on polling: no 3probe came on the WebSocket"
                    .to_owned(),
                why: format!(
                    "The WebSocket was opened and `2probe` written, and what followed is not \
                     `3probe`: {error}. The path lets the upgrade through, but not the frames."
                ),
                fix: CUT,
            }
        };
        self.ended = Some((c, scene.now, step, scene.n));
    }

    /// Says of a WebSocket that ended in the middle, when polling has outlived it.
    fn goes_on(&mut self, by_us: bool, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let over = self
            .ended
            .take_if(|(_, at, ..)| by_us || scene.now.saturating_sub(*at) >= GOES_ON);
        if let Some((c, _, step, n)) = over {
            self.say(c, step, vec![n], scene, speech);
        }
    }

    /// A step that takes too long.
    fn stalled(&mut self, c: u32, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(connection) = scene.model.connections.get(&c) else {
            return;
        };
        let upgrade = &connection.upgrade;
        let now = connection.closed.unwrap_or(scene.now);
        if upgrade.done.is_some() || upgrade.error.is_some() {
            return;
        }
        let waited = |since: Option<u64>| {
            since
                .map(|since| now.saturating_sub(since))
                .filter(|waited| *waited > PATIENCE)
        };
        let step = if let Some(waited) = waited(upgrade.probe_answered) {
            stalled_before_5(waited)
        } else if upgrade.probe_answered.is_none()
            && let Some(waited) = waited(upgrade.probe_sent)
        {
            Step {
                name: "no-3probe",
                severity: Severity::Warn,
                title: format!(
                    "the connection stays on polling: 2probe is unanswered after {}",
                    words::seconds(waited)
                ),
                why: "The WebSocket was opened, `2probe` written, and nothing came back: the path \
                      lets the upgrade through, but not the frames."
                    .to_owned(),
                fix: CUT,
            }
        } else {
            return;
        };
        let evidence = self.upgrade_evidence(c, connection, scene);
        self.say(c, step, evidence, scene, speech);
    }

    fn upgrade_evidence(&self, c: u32, _connection: &Connection, scene: &Scene<'_>) -> Vec<u64> {
        scene
            .story
            .exchanges_of(c)
            .filter(|exchange| exchange.asked == Asked::Upgrade)
            .flat_map(Exchange::evidence)
            .collect()
    }
}

fn stalled_before_5(waited: u64) -> Step {
    Step {
        name: "stalled",
        severity: Severity::Warn,
        title: format!(
            "the upgrade stalls: {} after 3probe the poll is still held",
            words::seconds(waited)
        ),
        why:
            "The probe was answered, so the client stops polling and waits for the poll under way \
              to come back; the server has to end it with a noop (`6`). It does not, and nothing \
              is written meanwhile."
                .to_owned(),
        fix: "Bring the server's Engine.IO up to date: some end a poll only once, before the \
              client's last one arrives (python-engineio before 3.9.3, socketioxide before 0.15). \
              A proxy that holds answers back: nginx `proxy_buffering off;`.",
    }
}

/// Frames that don't get through.
const CUT: &str = "Look for something that understands the upgrade and then looks into the \
    stream: antivirus with web shield, a corporate proxy, a service mesh or CDN without WebSocket \
    support. With TLS (https://) it can't look in. nginx: `proxy_buffering off;` and a \
    `proxy_read_timeout` of more than a few seconds.";

//! A session that is gone on the server: restarted, given up, or ended for what the client sent.
//!
//! Servers end a session without telling the client: after a packet that can't be read (its POST
//! is answered `ok`), after a silence of pingInterval + pingTimeout, when the process ends. The
//! next request then gets code 1, which is mostly blamed on missing stickiness.

use super::{Entry, Rule};
use crate::diagnosis::death::{self, Death};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Deed, DeedKind, Exchange, Life, Place};
use crate::diagnosis::words;

pub(super) const ENTRY: Entry = Entry {
    name: "restarted-or-killed-session",
    about: "the server restarted, or ended the session for a silence or a packet",
    on: Moments::EXCHANGE.and(Moments::ENDED).and(Moments::OPENED),
    gives_way_to: &["payload-too-large"],
    make: || Box::new(RestartedOrKilled::default()),
};

/// Records that are named at most.
const EVIDENCE: usize = 10;

/// A connection that was lost, and what followed.
#[derive(Default)]
struct RestartedOrKilled {
    lost: Option<Lost>,
    restarts: usize,
}

struct Lost {
    c: u32,
    at: Place,
    /// Attempts that found nobody, with their evidence.
    nobody: Vec<u64>,
    connections: Vec<u32>,
}

impl Rule for RestartedOrKilled {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Exchange(exchange) => refused(exchange, scene, speech),
            Moment::Ended(life) => self.ended(life, scene),
            Moment::Opened(life) => self.opened(life, scene, speech),
            _ => {}
        }
    }
}

impl RestartedOrKilled {
    fn ended(&mut self, life: &Life, scene: &Scene<'_>) {
        if life.opened.is_some() {
            let by_client = life.ended_by_us() || life.cut_by_client();
            // One client's leave tells nothing of the others.
            if by_client && scene.story.several() {
                return;
            }
            self.lost = (!by_client && !scene.story.is_faulted(life.c))
                .then_some(life.ended)
                .flatten()
                .map(|at| Lost {
                    c: life.c,
                    at,
                    nobody: Vec::new(),
                    connections: vec![life.c],
                });
            return;
        }
        let Some(lost) = &mut self.lost else { return };
        let nobody = scene
            .story
            .exchanges_of(life.c)
            .find(|exchange| found_nobody(exchange));
        if let (Some(exchange), true) = (nobody, lost.nobody.len() < EVIDENCE) {
            lost.nobody.extend(exchange.response.map(|place| place.n));
            lost.connections.push(life.c);
        }
    }

    /// Somebody answers again: whoever was there before was gone in between.
    fn opened(&mut self, life: &Life, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let (Some(lost), Some(opened)) = (self.lost.take(), life.opened) else {
            return;
        };
        if lost.nobody.is_empty() {
            return;
        }
        // Whom the server went on serving shows that it was there all the time.
        let served = |other: &Life| {
            other.c != lost.c
                && other.opened.is_some_and(|opened| opened < lost.at)
                && other.ended.is_none()
                && other.heard.is_some_and(|heard| heard > lost.at)
        };
        if scene.story.several() && scene.story.lives().any(served) {
            return;
        }
        self.restarts += 1;
        let away = words::seconds(opened.t.saturating_sub(lost.at.t));
        let attempts = lost.nobody.len();
        let mut evidence = vec![lost.at.n];
        evidence.extend(lost.nobody);
        evidence.push(opened.n);
        let again = match self.restarts {
            1 => String::new(),
            times => format!(" ({} so far)", words::times(times)),
        };
        let found = match attempts {
            1 => "an attempt then found nobody".to_owned(),
            many => format!("{many} attempts then found nobody"),
        };
        speech.say(Conclusion {
            subject: "restart".to_owned(),
            connections: lost.connections,
            severity: Severity::Warn,
            title: format!("the server was away for {away} and came back: a restart{again}"),
            evidence,
            why: format!(
                "Connection {} ended, {found} where the server had been (refused, or a proxy's \
                 502 or 503), and the next one got a new session from scratch. A network that \
                 fails in between would have been silent instead.",
                lost.c
            ),
            fix: "Look for the process's end at this time: a deploy, a crash, out of memory \
                  (`journalctl -k | grep -i oom`), a failed health check. What clients miss \
                  meanwhile comes back with `connectionStateRecovery: {}` on the server (adapter \
                  permitting). For deploys: start the new process first, and let the old one close \
                  its clients with `io.close()`."
                .to_owned(),
        });
    }
}

fn found_nobody(exchange: &Exchange) -> bool {
    matches!(exchange.status, 502 | 503)
        || (exchange.status == 0
            && exchange.error.as_deref().is_some_and(|error| {
                let error = error.to_ascii_lowercase();
                ["refused", "reset", "in the middle", "closed"]
                    .iter()
                    .any(|word| error.contains(word))
            }))
}

/// A request was refused with code 1, and the session had died before.
fn refused(exchange: &Exchange, scene: &Scene<'_>, speech: &mut Speech<'_>) {
    let Some(c) = exchange.c else { return };
    if exchange.sid.is_none() || !exchange.is_engine_error(1) {
        return;
    }
    let Some(life) = scene.story.life(c) else {
        return;
    };
    let Some((death, mut evidence)) = death::of(exchange, life, scene) else {
        return;
    };
    // What a client still asks while it leaves, or after that, is nobody's fault.
    if let Death::Deed(deed) = &death
        && deed.what == DeedKind::ClosedByClient
    {
        return;
    }
    evidence.extend(exchange.evidence());
    let (severity, title, why, fix) = words_on(&death, life, scene);
    speech.say(Conclusion {
        subject: format!("{c}"),
        connections: vec![c],
        severity,
        title,
        evidence,
        why: format!(
            "{why} \"Session ID unknown\" (code 1) is what is left of it, and no proof of missing \
             sticky sessions."
        ),
        fix,
    });
}

/// Severity, title, why, fix.
fn words_on(death: &Death, life: &Life, scene: &Scene<'_>) -> (Severity, String, String, String) {
    match death {
        Death::Deed(deed) => words_on_deed(deed),
        Death::Away(places) => (
            Severity::Warn,
            "the session is gone: the server was away in between".to_owned(),
            format!(
                "{} of this session failed without reaching it, and the process that answered \
                 then does not know the session: it is a new one.",
                match places.len() {
                    1 => "One request".to_owned(),
                    many => format!("{many} requests"),
                }
            ),
            "Nothing in the client: it has to open a new session, as the official ones do. Look \
             why the process ended (deploy, crash, out of memory)."
                .to_owned(),
        ),
        Death::Cut(_) => (
            Severity::Warn,
            "the session is gone: its WebSocket was cut in the middle of the upgrade".to_owned(),
            "The session was served well until its WebSocket, which was to take over, was cut \
             without a close frame. The process that had it ended then, or something cut all its \
             connections: a server ends a session whose poll's connection is closed under it."
                .to_owned(),
            "Look for what cut the connections at this time: the process's end (deploy, crash, out \
             of memory), a proxy that was reloaded, a firewall."
                .to_owned(),
        ),
        Death::PollCut(status) => (
            Severity::Info,
            format!("the session ended with its poll, which a proxy gave up (HTTP {status})"),
            "A poll waits at the server until there is something to say. A proxy did not wait so \
             long, and closed its connection to the server; a server ends a session whose poll is \
             cut."
                .to_owned(),
            "Let the proxy wait longer than pingInterval + pingTimeout (nginx: \
             `proxy_read_timeout 120s;`)."
                .to_owned(),
        ),
        Death::Failover(held) => {
            let held = words::seconds(*held);
            (
                Severity::Warn,
                format!(
                    "the session's server died: its poll was held for {held}, then another server \
                     answered it"
                ),
                format!(
                    "A process that does not know a session says so at once. This poll was held \
                     for {held} first, by the process that had the session. It died, and the proxy \
                     gave the same request to the next one."
                ),
                "Look why the process ended at this time (deploy, crash, out of memory). The proxy \
                 did as it is told; that it asks the next server can be turned off with nginx's \
                 `proxy_next_upstream off;` (the client then sees a 502)."
                    .to_owned(),
            )
        }
        Death::Silence(silence) => {
            let heartbeat = scene
                .model
                .connections
                .get(&life.c)
                .map_or((0, 0), |found| {
                    (found.heartbeat.interval_ms, found.heartbeat.timeout_ms)
                });
            let silence = words::seconds(*silence);
            let (interval, timeout) = (words::millis(heartbeat.0), words::millis(heartbeat.1));
            (
                Severity::Warn,
                format!("the session timed out: the client was silent for {silence}"),
                format!(
                    "The server waits pingInterval + pingTimeout ({interval} + {timeout}) for a \
                     sign of life and then ends the session. The client gave none for {silence}: \
                     a suspended tab or laptop, a blocked thread, a network that was away."
                ),
                "Client: don't block its event loop, and open a new session after a suspension. \
                 Where clients sleep a lot (phones), a longer `pingTimeout` on the server keeps \
                 their sessions: `new Server({ pingTimeout: 60000 })`."
                    .to_owned(),
            )
        }
        Death::Vanished(answers) => (
            Severity::Warn,
            "the session is gone: the process that had it is not there any more".to_owned(),
            format!(
                "{answers} requests of it were answered well before, so requests do find their \
                 process. Then it was unknown at once: the process was replaced (a restart, or a \
                 worker that a cluster ended), or the load balancer moved the client."
            ),
            "Look for a restart at this time; of a load balancer, how long its stickiness lasts \
             and whether servers were added or removed."
                .to_owned(),
        ),
    }
}

fn words_on_deed(deed: &Deed) -> (Severity, String, String, String) {
    let record = deed.place.n;
    let killed =
        |title: String, why: String, fix: &str| (Severity::Error, title, why, fix.to_owned());
    match &deed.what {
        DeedKind::Unreadable(error) => killed(
            "the server ended the session: the client sent a packet that can't be read".to_owned(),
            format!(
                "Record {record} holds a packet that can't be read ({error}). The server answers \
                 such a POST with `ok` and ends the session all the same."
            ),
            "Fix what the client wrote in that record: the length in UTF-16 units before each \
             packet (Engine.IO 3), 0x1e between packets (Engine.IO 4), one packet type digit, \
             valid JSON. Or use an official client of the server's generation.",
        ),
        DeedKind::NotJoined(nsp) => killed(
            format!("the server ended the session: a packet for {nsp}, which was not joined"),
            format!(
                "Record {record} is for the namespace {nsp}, for which no CONNECT was sent on this \
                 connection. The server answers with `ok` and closes the whole connection, all \
                 namespaces included."
            ),
            "Send CONNECT (`40` for /, `40/NAME,` for others) first and wait for its answer before \
             the first event; from Socket.IO 3 on that holds for / too. Official clients do it by \
             themselves: emit after `connect`.",
        ),
        DeedKind::SecondConnect(nsp) => killed(
            format!("the server ended the session: {nsp} was joined twice"),
            format!(
                "Record {record} is a second CONNECT for {nsp} on a connection that had asked for \
                 it before. The server closes the whole connection for that."
            ),
            "Call `connect()` once, or wait for its answer; after a late answer to an abandoned \
             CONNECT, leave with `41` before joining again.",
        ),
        DeedKind::WrongPing => killed(
            "the server ended the session: the client sent a ping".to_owned(),
            format!(
                "Record {record} is a ping from the client. In Engine.IO 4 the server pings; it \
                 takes a client's ping as a protocol error and ends the session."
            ),
            "Use a client library of the server's generation (Socket.IO 3 or 4), or leave pings to \
             the server.",
        ),
        DeedKind::Overlap(post) => killed(
            format!(
                "the server ended the session: two {} at a time",
                if *post { "posts" } else { "polls" }
            ),
            format!(
                "Record {record} began while another of its kind was under way. The server takes \
                 one GET and one POST at a time and ends the session at a second one."
            ),
            "Let the client wait for the answer of each before the next; a proxy must not repeat a \
             request of its own (nginx: `proxy_next_upstream off;`).",
        ),
        DeedKind::ClosedByClient => (
            Severity::Info,
            "the session was closed by the client, and asked for again".to_owned(),
            format!("Record {record} is the client's close packet; a request followed it."),
            "Let the client stop polling once it has closed.".to_owned(),
        ),
        DeedKind::ClosedByServer => (
            Severity::Warn,
            "the session was closed by the server, and asked for again".to_owned(),
            format!("Record {record} is the server's close packet; a request followed it."),
            "Let the client open a new session after a close packet (`1`).".to_owned(),
        ),
    }
}

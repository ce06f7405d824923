//! The way from polling to WebSocket, step by step.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::case::{Case, finding, is_unknown_session};
use super::fix;
use super::joining::{self, Wanted};
use super::polling::cause;
use super::probe::Answer;
use super::report::{Check, Outcome, Verdict};
use super::socket::Said;
use super::visit::{PATIENCE, Visit, Wires};
use super::voice::Hello;
use super::websocket::{Refusal, refusal, swallowed};
use crate::journal::record::{NamespaceState, TransportName, TransportState};
use crate::model::decode::Kind;
use crate::protocol::engine::{Packet, PacketKind, Version};

const NAME: &str = "upgrade";
/// How long the server may take to answer the probe and to let the waiting poll go, beside the way.
const RELEASE: Duration = Duration::from_secs(5);
/// Polls that may pass while the upgrade is under way.
const POLLS: usize = 6;

/// How far the upgrade came.
enum Step {
    /// The poll that waits got an answer that ends the session for a client.
    Poll(Box<Answer>),
    /// The WebSocket of the probe could not be opened.
    Socket(Box<Answer>),
    /// `2probe` was not answered with `3probe`.
    Probe(String),
    /// The poll that waited was not let go.
    Release,
    /// The WebSocket is lost after the switch.
    Packets(String),
    /// Nothing comes over the WebSocket after the switch.
    Silent,
    /// All steps done.
    Done {
        /// Milliseconds from the WebSocket's request to the switch.
        ms: f64,
    },
}

/// Opens a session over polling and moves it to a WebSocket.
pub(super) async fn check(case: &mut Case<'_>) -> Outcome {
    for (transport, name) in [
        (TransportName::Polling, "polling"),
        (TransportName::Websocket, "websocket"),
    ] {
        if !case.wants(transport) {
            return Check::skipped(NAME, format!("--transports leaves {name} out")).into();
        }
    }
    if !case.probe.options.upgrade {
        return Check::skipped(NAME, "--no-upgrade").into();
    }
    if !case.polls || case.mismatch {
        return Check::skipped(NAME, "there is no polling session to upgrade").into();
    }
    if case.parsers_differ {
        return Check::skipped(NAME, "client and server write packets in different ways").into();
    }
    let offered = case
        .handshake
        .as_ref()
        .is_some_and(|open| open.upgrades.iter().any(|name| name == "websocket"));
    if !offered && case.sockets == Some(true) {
        return not_offered(case);
    }
    if !offered {
        return Check::skipped(
            NAME,
            "the handshake's `upgrades` does not name websocket: the server option \
             allowUpgrades is false, or transports has no websocket",
        )
        .into();
    }
    let mut visit = case.visit(NAME, Wires::Fresh);
    let (answer, hello) = visit.open("a session to upgrade").await;
    case.notice(&answer);
    if !matches!(hello, Hello::Open(_)) {
        return Check::new(
            NAME,
            Verdict::Fail,
            format!("no session: {}", answer.told()),
        )
        .seen_in(answer.records())
        .into();
    }
    let (wanted, _) = joining::wanted(case.probe).await;
    let mut evidence = answer.records().to_vec();
    let (step, seen) = climb(&visit, wanted.get(..1).unwrap_or_default()).await;
    evidence.extend(seen);
    judged(case, step, evidence)
}

/// A WebSocket from the start works, and the handshake over polling offers none.
fn not_offered(case: &Case<'_>) -> Outcome {
    let finding = finding(
        "stuck-on-polling",
        "warn",
        "The server takes a WebSocket from the start, and no upgrade to one",
        case.first.records(),
        "The `upgrades` of its handshake are empty: the server option allowUpgrades is false. \
         Clients begin with polling unless they are told otherwise, and stay on it.",
        "server option: `allowUpgrades: true`, which is the default (python: `allow_upgrades`); or \
         client option: `transports: [\"websocket\"]`, which needs no upgrade",
    );
    let detail = "none is offered: who begins with polling stays on it";
    Outcome::found(NAME, Verdict::Warn, detail, finding)
}

/// Goes through the steps; gives the last one and the records that show it.
async fn climb(visit: &Visit<'_>, wanted: &[Wanted]) -> (Step, Vec<u64>) {
    let paused = AtomicBool::new(false);
    let ended = AtomicBool::new(false);
    let (drained, released) = oneshot::channel();
    // Longer than everything that happens beside it: a poll that is cut off ends the session.
    let release = RELEASE + visit.pace();
    let held = PATIENCE + release * 2;
    let polling = async {
        let (mut seen, mut bad) = (Vec::new(), None);
        for _ in 0..POLLS {
            let answer = visit.get("the poll that waits", held).await;
            seen.extend(answer.records());
            let good = answer.status == 200 && answer.error.is_none();
            // What a session says that we have ended proves nothing, nor does our own cut.
            if !good && !answer.late && !ended.load(Ordering::Acquire) {
                bad = Some(answer);
                break;
            }
            if !good || paused.load(Ordering::Acquire) {
                break;
            }
        }
        let _ = drained.send(bad.is_none());
        (seen, bad)
    };
    let give_up = async || {
        ended.store(true, Ordering::Release);
        visit.close("end the session that was not upgraded").await;
    };
    let rising = async {
        let began = Instant::now();
        let (answer, mut socket) = match visit.socket("the WebSocket to upgrade to").await {
            Ok(opened) => opened,
            Err(answer) => {
                let seen = answer.records().to_vec();
                paused.store(true, Ordering::Release);
                give_up().await;
                return (Step::Socket(answer), seen);
            }
        };
        let seen = answer.records().to_vec();
        visit.transport(TransportName::Websocket, TransportState::Upgrading);
        socket.text("2probe").await;
        let probe =
            |kind: &Kind| matches!(kind, Kind::Engine { name: "pong", data } if data == "probe");
        let answered = socket.wait(Instant::now() + release, probe).await;
        // From here on no further poll begins.
        paused.store(true, Ordering::Release);
        if let Err(said) = answered {
            give_up().await;
            socket.drop_it().await;
            return (Step::Probe(said.told()), seen);
        }
        let well = match tokio::time::timeout(release, released).await {
            Ok(well) => well.unwrap_or(false),
            Err(_) => {
                give_up().await;
                socket.drop_it().await;
                return (Step::Release, seen);
            }
        };
        socket.send(&Packet::bare(PacketKind::Upgrade)).await;
        if !well {
            // The session is ended where it lives; a client would not have come so far.
            socket.drop_it().await;
            visit.left("transport error", None);
            return (Step::Release, seen);
        }
        visit.moved();
        let ms = began.elapsed().as_micros() as f64 / 1e3;
        let lost = match visit.version {
            // The CONNECT has come by polling already; a ping shows that packets pass.
            Version::V3 => {
                socket.send(&Packet::bare(PacketKind::Ping)).await;
                let pong = |kind: &Kind| matches!(kind, Kind::Engine { name: "pong", .. });
                socket.wait(Instant::now() + release, pong).await.err()
            }
            Version::V4 => {
                let (joins, ended) = joining::by_socket(visit, &mut socket, wanted).await;
                let answered = joins
                    .iter()
                    .any(|join| join.state != NamespaceState::Joining);
                match (ended, answered) {
                    (None, false) => Some(Said::Nothing),
                    (ended, _) => ended,
                }
            }
        };
        match lost {
            None => {
                socket.close().await;
                (Step::Done { ms }, seen)
            }
            Some(Said::Nothing) => {
                socket.close().await;
                (Step::Silent, seen)
            }
            Some(said) => {
                visit.left("transport close", Some(said.told()));
                (Step::Packets(said.told()), seen)
            }
        }
    };
    let ((polls, bad), (step, mut seen)) = tokio::join!(polling, rising);
    seen.extend(polls);
    // A client is polling before it opens the WebSocket, so this comes first whatever else did.
    let step = bad.map_or(step, |answer| Step::Poll(Box::new(answer)));
    (step, seen)
}

fn judged(case: &mut Case<'_>, step: Step, evidence: Vec<u64>) -> Outcome {
    let fail = |detail: String| Check::new(NAME, Verdict::Fail, detail).seen_in(evidence.clone());
    match step {
        Step::Done { ms } => {
            let detail = format!(
                "WebSocket opened, probe answered, poll let go, switched in {ms:.0} ms; packets \
                 go both ways"
            );
            Check::ok(NAME, detail).seen_in(evidence).into()
        }
        Step::Poll(answer) => {
            let detail = format!(
                "first failing step: the poll that waits. {}; a client ends the session there \
                 (`transport error`), whatever becomes of the WebSocket",
                answer.told()
            );
            if is_unknown_session(&answer) {
                case.unknown_in.push(NAME);
                return fail(detail).fixed_by(fix::STICKY).into();
            }
            match cause(&case.endpoint.path, &answer, &evidence) {
                Some(finding) => Outcome::found(NAME, Verdict::Fail, detail, finding),
                None => fail(detail)
                    .fixed_by("look at the server's log for this request")
                    .into(),
            }
        }
        Step::Socket(answer) => {
            let detail = format!(
                "first failing step: the WebSocket. No 101: {}",
                answer.told()
            );
            if is_unknown_session(&answer) {
                case.unknown_in.push(NAME);
                return fail(detail).into();
            }
            if let Some(mut finding) = swallowed(&answer) {
                finding.evidence = evidence;
                return Outcome::found(NAME, Verdict::Fail, detail, finding);
            }
            match refusal(&case.endpoint.path, &answer) {
                Refusal::Cause(finding) => Outcome::found(NAME, Verdict::Fail, detail, *finding),
                Refusal::NotOffered | Refusal::Unknown => fail(detail)
                    .fixed_by("look at the server's log for this request")
                    .into(),
            }
        }
        Step::Probe(why) => {
            let finding = finding(
                "stuck-on-polling",
                "error",
                "The upgrade to WebSocket fails at the probe",
                evidence,
                format!(
                    "The WebSocket opens, and its first packet, 2probe, gets no 3probe: {why}."
                ),
                "look whether the proxy buffers or inspects upgraded connections (nginx: \
                 `proxy_buffering off;` in the location), and raise the server option \
                 `upgradeTimeout`",
            );
            let detail = format!("first failing step: the probe. {why}");
            Outcome::found(NAME, Verdict::Fail, detail, finding)
        }
        Step::Release => {
            let finding = finding(
                "stuck-on-polling",
                "error",
                "The upgrade to WebSocket hangs: the waiting poll is not let go",
                evidence,
                format!(
                    "The probe was answered, and the poll that was under way did not end within \
                     {} s of that. The client may not switch before it has: everything that it wants to \
                     send waits meanwhile.",
                    RELEASE.as_secs()
                ),
                "update the server library (python-engineio and socketioxide have had this \
                 fault), and let the proxy pass short answers at once, nginx: \
                 `proxy_buffering off;`",
            );
            let detail = "first failing step: the waiting poll is not let go";
            Outcome::found(NAME, Verdict::Fail, detail, finding)
        }
        // A namespace that answers nobody is no fault of the upgrade.
        Step::Silent if !case.joins.is_empty() && case.joins.iter().all(silent) => {
            let detail = "WebSocket opened, probe answered, poll let go, switched";
            Check::ok(NAME, detail).seen_in(evidence).into()
        }
        Step::Silent => fail("first failing step: after the switch nothing comes".to_owned())
            .fixed_by(
                "look whether the proxy buffers upgraded connections, nginx: \
                 `proxy_buffering off;`",
            )
            .into(),
        Step::Packets(why) => fail(format!("first failing step: after the switch. {why}"))
            .fixed_by("look at the server's log for the end of this session")
            .into(),
    }
}

fn silent(join: &joining::Join) -> bool {
    join.state == NamespaceState::Joining
}

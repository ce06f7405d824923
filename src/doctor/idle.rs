//! Keeps a WebSocket and a poll open and says nothing that the protocol does not ask for, until
//! somebody cuts them or the time is over.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::case::{Case, finding};
use super::joining::{self, is_ping};
use super::pings::seconds;
use super::probe::{Answer, LIMIT, Probe};
use super::report::{Check, Outcome, Verdict};
use super::socket::Said;
use super::visit::{PATIENCE, Visit, Wires};
use super::voice::Hello;
use super::{Progress, fix};
use crate::journal::record::{Finding, TransportName};
use crate::model::decode::Kind;
use crate::protocol::engine::{Packet, PacketKind, Version};
use gone::{Gone, died, gone, says_gone};

mod gone;

const NAME: &str = "idle";
/// The idle time of most proxies, and a little more.
const USUAL: Duration = Duration::from_secs(65);
/// The longest watch that nobody asked for.
const LONGEST: Duration = Duration::from_secs(600);
/// How often progress is told.
const TELL: Duration = Duration::from_secs(5);
/// How long a released poll may take to come back, beside the way.
const RELEASE: Duration = Duration::from_millis(1_500);
/// Requests that are left for the other checks.
const RESERVE: usize = 20;
/// A ping that comes later than this after its time is late.
const LATE_MS: f64 = 1_500.0;

/// How one of the two fared.
#[derive(Debug, Clone, PartialEq)]
enum Fate {
    /// It was not tried; why.
    Untried(&'static str),
    /// It was not opened, although it could be before; why.
    Unopened(String),
    /// It lived to the end.
    Lived {
        /// Heartbeats that came.
        beats: usize,
        /// The longest time between two of them beyond the interval, in ms.
        late_ms: f64,
        /// Records that show it.
        evidence: Vec<u64>,
    },
    /// It was cut.
    Cut {
        /// How it was cut.
        how: String,
        /// Milliseconds that it had been silent.
        silent_ms: f64,
        /// Milliseconds that it had lived.
        lived_ms: f64,
        /// The answer says that the server is not there any more, or knows nothing of the session.
        gone: bool,
        /// Records that show it.
        evidence: Vec<u64>,
    },
}

/// Watches for `time`, or as long as the ping schedule suggests.
pub(super) async fn check(
    case: &mut Case<'_>,
    time: Option<Option<Duration>>,
    progress: &Progress,
) -> Outcome {
    let Some(time) = time else {
        return Check::skipped(NAME, "--idle also waits out idle timeouts").into();
    };
    let Some(open) = &case.handshake else {
        return Check::skipped(NAME, "no session was opened").into();
    };
    if case.mismatch {
        return Check::skipped(NAME, "client and server are of different generations").into();
    }
    if case.parsers_differ {
        return Check::skipped(NAME, "client and server write packets in different ways").into();
    }
    let interval = Duration::from_millis(open.ping_interval_ms);
    let patience = interval + Duration::from_millis(open.ping_timeout_ms);
    let time = time.unwrap_or_else(|| (patience + Duration::from_secs(5)).max(USUAL).min(LONGEST));
    let until = Instant::now() + time;
    let socket = case.sockets == Some(true) && case.wants(TransportName::Websocket);
    let poll = case.polls && case.sticky != Some(false) && case.wants(TransportName::Polling);
    let (by_socket, by_poll) = (
        case.visit(NAME, Wires::Fresh),
        case.visit(NAME, Wires::Kept),
    );
    let states = [
        Mutex::new("not tried".to_owned()),
        Mutex::new("not tried".to_owned()),
    ];
    let [socket_state, poll_state] = &states;
    let watching = async {
        tokio::join!(
            async {
                match socket {
                    true => watch_socket(&by_socket, until, interval, socket_state).await,
                    false => Fate::Untried("WebSocket does not work"),
                }
            },
            async {
                match poll {
                    true => watch_poll(by_poll, until, interval, poll_state).await,
                    false => Fate::Untried("polling does not work"),
                }
            }
        )
    };
    let began = Instant::now();
    let telling = async {
        loop {
            tokio::time::sleep(TELL).await;
            let [socket, poll] = [&states[0], &states[1]]
                .map(|state| state.lock().unwrap_or_else(PoisonError::into_inner).clone());
            progress(&format!(
                "idle: {} s of {} s; WebSocket {socket}; poll {poll}",
                began.elapsed().as_secs(),
                time.as_secs()
            ));
        }
    };
    let total = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    progress(&format!(
        "idle: keeping a WebSocket and a poll silent for {}",
        seconds(total)
    ));
    let (socket, poll) = tokio::select! {
        fates = watching => fates,
        () = telling => return Check::skipped(NAME, "the watch ended early").into(),
    };
    let gone = gone(case, &socket, &poll).await;
    judged(
        &socket,
        &poll,
        total,
        u64::try_from(interval.as_millis()).unwrap_or(u64::MAX),
        gone.as_ref(),
    )
}

fn say(state: &Mutex<String>, text: impl Into<String>) {
    *state.lock().unwrap_or_else(PoisonError::into_inner) = text.into();
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_micros() as f64 / 1e3
}

async fn watch_socket(
    visit: &Visit<'_>,
    until: Instant,
    interval: Duration,
    state: &Mutex<String>,
) -> Fate {
    let (answer, mut socket) = match visit.socket("a WebSocket to keep").await {
        Ok(opened) => opened,
        Err(answer) => return Fate::Unopened(answer.told()),
    };
    let opened = Instant::now();
    let is_open = |kind: &Kind| matches!(kind, Kind::Engine { name: "open", .. });
    if let Err(said) = socket.wait(Instant::now() + PATIENCE, is_open).await {
        return Fate::Unopened(said.told());
    }
    visit.opened_by_socket();
    let (wanted, _) = joining::wanted(visit.probe).await;
    let first = wanted.get(..1).unwrap_or_default();
    if let (_, Some(said)) = joining::by_socket(visit, &mut socket, first).await {
        return Fate::Unopened(said.told());
    }
    let mut evidence = answer.records().to_vec();
    let mut last = Instant::now();
    let mut ping_at = opened + interval;
    let mut beat = opened;
    let mut late_ms: f64 = 0.0;
    loop {
        say(
            state,
            format!("open, silent for {:.0} s", last.elapsed().as_secs_f64()),
        );
        let now = Instant::now();
        if now >= until {
            break;
        }
        let ours = visit.version == Version::V3 && !interval.is_zero();
        if ours && now >= ping_at {
            socket.send(&Packet::bare(PacketKind::Ping)).await;
            ping_at = now + interval;
            last = now;
        }
        let wake = match ours {
            true => until.min(ping_at),
            false => until,
        };
        // Woken now and then, so that the state that is told stays true.
        let beats = socket.heartbeats.len();
        match socket.next(wake.min(now + Duration::from_secs(1))).await {
            Said::Packets(_, n) => {
                evidence.push(n);
                last = Instant::now();
                if socket.heartbeats.len() > beats {
                    late_ms = late_ms.max(ms(beat) - interval.as_secs_f64() * 1e3);
                    beat = Instant::now();
                }
            }
            Said::Nothing => {}
            ended => {
                let how = ended.told();
                if let Said::Closed { n, .. } = ended {
                    evidence.push(n);
                }
                say(state, "cut");
                visit.left("transport close", Some(how.clone()));
                return Fate::Cut {
                    how,
                    silent_ms: ms(last),
                    lived_ms: ms(opened),
                    gone: false,
                    evidence,
                };
            }
        }
    }
    late_ms = late_ms.max(ms(beat) - interval.as_secs_f64() * 1e3);
    let beats = socket.heartbeats.len();
    say(state, "kept");
    socket.close().await;
    Fate::Lived {
        beats,
        late_ms,
        evidence,
    }
}

async fn watch_poll(
    mut visit: Visit<'_>,
    until: Instant,
    interval: Duration,
    state: &Mutex<String>,
) -> Fate {
    let (answer, hello) = visit.open("a session to poll").await;
    if !matches!(hello, Hello::Open(_)) {
        return Fate::Unopened(answer.told());
    }
    let visit = visit;
    let opened = Instant::now();
    let (wanted, _) = joining::wanted(visit.probe).await;
    let early = visit.packets(&answer);
    let first = wanted.get(..1).unwrap_or_default();
    let joined = joining::by_polling(&visit, first, &early).await;
    if joined.closed || joined.polls.iter().any(|poll| poll.status != 200) {
        visit.left("transport error", None);
        return Fate::Unopened("the session could not be joined".to_owned());
    }
    let mut evidence = answer.records().to_vec();
    let (mut beats, mut beat, mut late_ms) = (0_usize, opened, 0.0_f64);
    let mut ping_at = opened + interval;
    loop {
        let began = Instant::now();
        if began >= until || room(visit.probe) < RESERVE {
            break;
        }
        let left = until.saturating_duration_since(began);
        let get = visit.get("a poll that is kept", left + RELEASE + visit.pace() * 2);
        let mut get = std::pin::pin!(get);
        let answer: Answer = loop {
            say(
                state,
                format!("held for {:.0} s", began.elapsed().as_secs_f64()),
            );
            let now = Instant::now();
            let ours = visit.version == Version::V3 && !interval.is_zero();
            if ours && now >= ping_at && now < until {
                let ping = Packet::bare(PacketKind::Ping);
                visit.post("a ping", &[ping], PATIENCE).await;
                ping_at = now + interval;
            }
            if now >= until {
                // The close releases the poll.
                visit.close("end the kept session").await;
                let answer = get.await;
                evidence.extend(answer.records());
                late_ms = late_ms.max(ms(beat) - interval.as_secs_f64() * 1e3);
                say(state, "kept");
                return Fate::Lived {
                    beats,
                    late_ms,
                    evidence,
                };
            }
            let wake = until.min(now + Duration::from_secs(1)).min(match ours {
                true => ping_at.max(now + Duration::from_millis(10)),
                false => until,
            });
            if let Ok(answer) = tokio::time::timeout_at(wake.into(), &mut get).await {
                break answer;
            }
        };
        if answer.status != 200 || answer.error.is_some() {
            evidence.extend(answer.records());
            say(state, "cut");
            visit.left("transport error", Some(answer.told()));
            return Fate::Cut {
                how: answer.told(),
                silent_ms: ms(began),
                lived_ms: ms(opened),
                gone: says_gone(&answer),
                evidence,
            };
        }
        let packets = visit.packets(&answer);
        let pong = |packet: &crate::model::Packet| {
            matches!(&packet.kind, Kind::Engine { name: "pong", .. })
        };
        if packets.iter().any(|packet| is_ping(packet) || pong(packet)) {
            beats = beats.saturating_add(1);
            late_ms = late_ms.max(ms(beat) - interval.as_secs_f64() * 1e3);
            beat = Instant::now();
            evidence.extend(answer.records());
        }
        if packets.iter().any(is_ping) && visit.version == Version::V4 {
            let pong = Packet::bare(PacketKind::Pong);
            visit.post("the pong", &[pong], PATIENCE).await;
        }
        let over = |packet: &crate::model::Packet| {
            matches!(&packet.kind, Kind::Engine { name: "close", .. })
        };
        if packets.iter().any(over) {
            visit.left("transport close", None);
            return Fate::Cut {
                how: "the server sent a close packet".to_owned(),
                silent_ms: ms(began),
                lived_ms: ms(opened),
                gone: false,
                evidence,
            };
        }
    }
    visit.close("end the kept session").await;
    say(state, "kept");
    Fate::Lived {
        beats,
        late_ms,
        evidence,
    }
}

/// Requests that may still be made.
fn room(probe: &Probe) -> usize {
    LIMIT.saturating_sub(probe.requests().len())
}

fn judged(socket: &Fate, poll: &Fate, time: u64, interval: u64, gone: Option<&Gone>) -> Outcome {
    let told = format!("WebSocket {}; poll {}", described(socket), described(poll));
    if let Some(gone) = gone {
        let finding = died(&told, gone, socket, poll);
        return Outcome::found(NAME, Verdict::Fail, told, finding);
    }
    if let Some(finding) = cut(socket, poll, interval) {
        return Outcome::found(NAME, Verdict::Fail, told, finding);
    }
    let late = [socket, poll]
        .into_iter()
        .filter_map(|fate| match fate {
            Fate::Lived {
                late_ms, evidence, ..
            } => Some((*late_ms, evidence)),
            _ => None,
        })
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    if let Some((late_ms, evidence)) = late
        && late_ms > LATE_MS
        && interval > 0
    {
        let finding = finding(
            "blocked-event-loop",
            "warn",
            format!("A ping came {:.1} s late", late_ms / 1e3),
            evidence.iter().copied(),
            format!(
                "Pings are due every {}. Nobody cut the connection, so the server was busy with \
                 something else: on Node one long computation keeps everything waiting, and \
                 clients end with `ping timeout`.",
                seconds(interval)
            ),
            "server: look for long synchronous work (`node --cpu-prof`), and move it into a \
             worker thread",
        );
        return Outcome::found(NAME, Verdict::Warn, told, finding);
    }
    match (socket, poll) {
        (Fate::Untried(_), Fate::Untried(_)) => Check::new(NAME, Verdict::Skipped, told).into(),
        (Fate::Unopened(_), _) | (_, Fate::Unopened(_)) => {
            Check::new(NAME, Verdict::Fail, told).into()
        }
        _ => Check::ok(NAME, format!("{told}; {} without a cut", seconds(time))).into(),
    }
}

fn described(fate: &Fate) -> String {
    match fate {
        Fate::Untried(why) => format!("not kept ({why})"),
        Fate::Unopened(why) => format!("not opened any more ({why})"),
        Fate::Lived { beats, .. } => format!("kept, {beats} heartbeats"),
        Fate::Cut {
            how,
            silent_ms,
            lived_ms,
            ..
        } => format!(
            "cut after {:.1} s, silent for {:.1} s: {how}",
            lived_ms / 1e3,
            silent_ms / 1e3
        ),
    }
}

/// What the cuts mean together.
fn cut(socket: &Fate, poll: &Fate, interval: u64) -> Option<Finding> {
    let cuts: Vec<_> = [socket, poll]
        .into_iter()
        .filter_map(|fate| match fate {
            Fate::Cut {
                how,
                silent_ms,
                lived_ms,
                evidence,
                ..
            } => Some((how, *silent_ms, *lived_ms, evidence)),
            _ => None,
        })
        .collect();
    let (_, silent_ms, lived_ms, _) = *cuts.first()?;
    let told = format!(
        "WebSocket: {}. Poll: {}",
        described(socket),
        described(poll)
    );
    let evidence: Vec<u64> = cuts.iter().flat_map(|(_, _, _, n)| (*n).clone()).collect();
    let whole = |ms: f64| (ms / 1e3 * 2.0).round() / 2.0;
    // Cut in silence, before the next ping was due: somebody counts idle time.
    let idle = cuts.iter().any(|(_, silent, _, _)| {
        let due = interval as f64;
        due <= 0.0 || *silent < due * 0.98 || *silent > due
    });
    let silent_before_ping = silent_ms < interval as f64 * 0.98;
    if idle && (silent_before_ping || lived_ms < interval as f64) {
        return Some(finding(
            "proxy-idle-timeout",
            "error",
            format!("Something cuts what is silent for {} s", whole(silent_ms)),
            evidence,
            format!(
                "{told}. Pings come every {} only, and nobody is silent longer than that by \
                 protocol: whoever cuts earlier does not know Socket.IO. It is a proxy's idle \
                 time, and clients see 1006 (`transport close`) or a 504 there.",
                seconds(interval)
            ),
            fix::IDLE,
        ));
    }
    Some(finding(
        "connection-lifetime",
        "error",
        format!(
            "The connection is cut after {} s although pings pass",
            whole(lived_ms)
        ),
        evidence,
        format!(
            "{told}. It was not idle: pings went both ways every {}. Something ends connections \
             by their age (the GCP classic balancer does so with its backend timeout), or the \
             server itself does.",
            seconds(interval)
        ),
        "raise the time that the balancer lets a connection live (GCP: `timeoutSec: 86400` of \
         the backend service; HAProxy: `timeout tunnel 1h`), and look at the server's log at \
         that moment",
    ))
}

#[cfg(test)]
mod tests;

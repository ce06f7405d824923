//! Pings and pongs of both generations, and `ping timeout`.
//!
//! Engine.IO 4: the server pings; the watchdog of `pingInterval + pingTimeout` is wound up by
//! pings alone (engine.io-client 6.6.1 and later) or by any packet (earlier ones, Java, python).
//! Engine.IO 3: the client pings every `pingInterval`; any packet is a sign of life.

use std::time::{Duration, Instant};

use super::{Machine, Phase};
use crate::client::options::Profile;
use crate::protocol::engine::{Handshake, Packet, PacketKind, Version};

/// Stands in for an interval of 0, which some servers advertise: the client's own pings would
/// come without a pause.
const INSTEAD_OF_ZERO: Duration = Duration::from_secs(1);
/// Above this a handshake's figure is taken for a mistake and cut, so that no sum overflows.
const LONGEST: u64 = 7 * 24 * 3_600_000;

/// The heartbeat of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    /// Any packet winds the watchdog up, not only pings.
    any_packet: bool,
    /// Generation 3: the client pings.
    client_pings: bool,
    /// Silence until here is `ping timeout`.
    dead_at: Option<Instant>,
    /// Generation 3: our next ping; none while one is unanswered.
    ping_at: Option<Instant>,
}

impl Heartbeat {
    pub(super) fn new(
        version: Version,
        profile: Profile,
        handshake: &Handshake,
        now: Instant,
    ) -> Heartbeat {
        let client_pings = version == Version::V3;
        let interval = match handshake.ping_interval_ms.min(LONGEST) {
            0 if client_pings => INSTEAD_OF_ZERO,
            ms => Duration::from_millis(ms),
        };
        let timeout = Duration::from_millis(handshake.ping_timeout_ms.min(LONGEST));
        Heartbeat {
            interval,
            timeout,
            client_pings,
            any_packet: client_pings || !matches!(profile, Profile::Js4 | Profile::Rust),
            dead_at: Some(now + interval + timeout),
            ping_at: client_pings.then(|| now + interval),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.dead_at, self.ping_at].into_iter().flatten().min()
    }

    /// Something came from the server.
    pub(super) fn heard(&mut self, kind: PacketKind, now: Instant) {
        if self.any_packet || kind == PacketKind::Ping {
            self.dead_at = Some(now + self.interval + self.timeout);
        }
        // The next ping follows the pong, as in engine.io-client 3.x: a timeout that is longer
        // than the interval would otherwise never run out.
        if self.client_pings && kind == PacketKind::Pong {
            self.ping_at = Some(now + self.interval);
        }
    }
}

impl Machine {
    pub(super) fn heartbeat_tick(&mut self) {
        if self.phase != Phase::Open {
            return;
        }
        let now = self.now;
        let Some(link) = &mut self.link else { return };
        let beat = &mut link.heartbeat;
        if beat.dead_at.is_some_and(|at| at <= now) {
            let waited = beat.interval + beat.timeout;
            let silence = now.saturating_duration_since(link.last_heard);
            let who = match link.version {
                Version::V4 => "no ping from the server",
                Version::V3 => "no answer to our ping",
            };
            let detail = format!(
                "{who} within {} s; last heard {:.1} s ago",
                waited.as_secs_f64(),
                silence.as_secs_f64()
            );
            return self.lost_and_tell("ping timeout", &detail);
        }
        if beat.ping_at.is_some_and(|at| at <= now) {
            beat.ping_at = None;
            beat.dead_at = Some(now + beat.timeout.max(Duration::from_millis(1)));
            self.queue(Packet::bare(PacketKind::Ping));
            self.flush();
        }
    }

    /// Answers the server's ping. The data is echoed, as the specification allows and python does.
    pub(super) fn pong(&mut self, data: &str) {
        self.queue(Packet::text(PacketKind::Pong, data.to_owned()));
        self.flush();
    }
}

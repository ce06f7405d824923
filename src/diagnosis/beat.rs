//! The heartbeat that was agreed upon in a connection's handshake.

use super::moment::Moment;
use super::speech::Scene;
use super::story::{Life, Place};
use super::words::millis;

/// Who pings, and how patient both are. Times are in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beat {
    /// Engine.IO version: in 4 the server pings, in 3 the client.
    pub(super) eio: u8,
    pub(super) interval: u64,
    pub(super) timeout: u64,
}

impl Beat {
    /// That of a connection whose handshake was seen and announces one.
    pub(super) fn of(c: u32, scene: &Scene<'_>) -> Option<Beat> {
        let connection = scene.model.connections.get(&c)?;
        let beat = Beat {
            eio: connection.eio?,
            interval: connection.heartbeat.interval_ms.saturating_mul(1_000),
            timeout: connection.heartbeat.timeout_ms.saturating_mul(1_000),
        };
        (beat.patience() > 0).then_some(beat)
    }

    /// Of a connection that has just ended, and not by a fault that was made on purpose: its life,
    /// its end, and the heartbeat that it had.
    pub(super) fn ended<'a>(
        moment: &Moment<'a>,
        scene: &Scene<'_>,
    ) -> Option<(&'a Life, Place, Beat)> {
        let Moment::Ended(life) = *moment else {
            return None;
        };
        let (ended, beat) = (life.ended?, Beat::of(life.c, scene)?);
        (!scene.story.is_faulted(life.c)).then_some((life, ended, beat))
    }

    /// Interval and timeout together: the silence after which the waiting side gives up.
    pub(super) fn patience(self) -> u64 {
        self.interval.saturating_add(self.timeout)
    }

    /// `pingInterval 25 s + pingTimeout 20 s`.
    pub(super) fn words(self) -> String {
        format!(
            "pingInterval {} + pingTimeout {}",
            millis(self.interval / 1_000),
            millis(self.timeout / 1_000)
        )
    }

    /// Whether a wait is as long as a limit, allowing for timers that are a little early.
    pub(super) fn reaches(waited: u64, limit: u64) -> bool {
        waited >= limit.saturating_sub(limit / 20)
    }
}

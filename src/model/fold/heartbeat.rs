//! Pings and pongs, and what their times tell.
//!
//! Generation 4: the server pings; the client's watchdog starts anew at each ping. What can be
//! measured is how far each arrival strays from `pingInterval`. Generation 3: the client pings,
//! and ping to pong is a round trip; its next ping is timed from the pong.

use super::super::state::Connection;
use super::remember;
use crate::journal::record::Direction;

/// How many samples are kept.
const SAMPLES: usize = 60;

impl Connection {
    fn interval(&self) -> u64 {
        self.heartbeat.interval_ms.saturating_mul(1_000)
    }

    fn timeout(&self) -> u64 {
        self.heartbeat.timeout_ms.saturating_mul(1_000)
    }

    /// The handshake was answered: both clocks start.
    pub(super) fn heartbeat_began(&mut self, t: u64) {
        // A server that announces nothing (or 0, as some do below a second) has no deadline to show.
        if self.interval() == 0 && self.timeout() == 0 {
            return;
        }
        let next = t.saturating_add(self.interval());
        self.heartbeat.next = Some(next);
        self.heartbeat.deadline = Some(next.saturating_add(self.timeout()));
    }

    /// An Engine.IO ping that is no probe.
    pub(super) fn pinged(&mut self, dir: Direction, t: u64) {
        let before = self.heartbeat.last_ping.replace(t);
        self.heartbeat.pings = self.heartbeat.pings.saturating_add(1);
        match dir {
            Direction::ToClient => {
                self.eio.get_or_insert(4);
                let interval = self.interval();
                // Some servers (socketioxide) ping for the first time at once: that starts their
                // clock and strays from nothing.
                let opened = self
                    .opened
                    .filter(|opened| t.saturating_sub(*opened) > interval / 2);
                if let Some(before) = before.or(opened)
                    && interval > 0
                {
                    let waited = t.saturating_sub(before) as f64;
                    let sample = (waited - interval as f64) / 1e3;
                    remember(&mut self.heartbeat.samples, sample, SAMPLES);
                }
                self.heartbeat_began(t);
            }
            Direction::ToServer => {
                self.eio.get_or_insert(3);
                self.heartbeat.next = None;
                self.heartbeat.deadline = Some(t.saturating_add(self.timeout()));
            }
        }
    }

    /// An Engine.IO pong that is no probe's.
    pub(super) fn ponged(&mut self, dir: Direction, t: u64) {
        self.heartbeat.last_pong = Some(t);
        if dir == Direction::ToClient {
            if let Some(ping) = self.heartbeat.last_ping {
                let sample = t.saturating_sub(ping) as f64 / 1e3;
                remember(&mut self.heartbeat.samples, sample, SAMPLES);
            }
            self.heartbeat_began(t);
        }
    }
}

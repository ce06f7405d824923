//! Stands before each reconnect attempt of the library. Pure: times are passed in.
//!
//! The library's own limit ends a series of attempts, not the attempts: its outer loop begins
//! the next series at once. And after 15 minutes without success its backoff has no delay left
//! and it tries without waiting (client.rs, `poll_stream`; `backoff`'s default
//! `max_elapsed_time`). Both would be a storm, so every attempt passes here.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Attempts within [`WINDOW`] beyond which the library is slowed down.
const STORM: usize = 10;
/// See [`STORM`].
const WINDOW: Duration = Duration::from_secs(1);

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// It is made; its number since the namespace was last connected.
    Go(u32),
    /// It is made after this time: there were too many.
    After(u32, Duration),
    /// It is not made: so many have failed.
    Never(u32),
}

/// Counts attempts.
#[derive(Debug)]
pub(super) struct Gate {
    limit: Option<u32>,
    spacing: Duration,
    made: u32,
    recent: VecDeque<Instant>,
}

impl Gate {
    /// At most `limit` attempts in a row; `spacing` is put between those of a storm.
    pub(super) fn new(limit: Option<u32>, spacing: Duration) -> Gate {
        Gate {
            limit,
            spacing: spacing.max(WINDOW),
            made: 0,
            recent: VecDeque::new(),
        }
    }

    /// The library is about to try again.
    pub(super) fn ask(&mut self, now: Instant) -> Pass {
        if let Some(limit) = self.limit.filter(|limit| self.made >= *limit) {
            return Pass::Never(limit);
        }
        self.made = self.made.saturating_add(1);
        while self
            .recent
            .front()
            .is_some_and(|first| now.saturating_duration_since(*first) >= WINDOW)
        {
            self.recent.pop_front();
        }
        if self.recent.len() >= STORM {
            // The attempt takes place later, when all of these are long ago.
            self.recent.clear();
            self.recent.extend(now.checked_add(self.spacing));
            return Pass::After(self.made, self.spacing);
        }
        self.recent.push_back(now);
        Pass::Go(self.made)
    }

    /// The namespace is connected: the next loss begins a new count.
    pub(super) fn connected(&mut self) {
        self.made = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_counts_across_the_series_of_the_library() {
        let now = Instant::now();
        let mut gate = Gate::new(Some(2), Duration::from_secs(5));
        let at = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(gate.ask(at(1)), Pass::Go(1));
        assert_eq!(gate.ask(at(3)), Pass::Go(2));
        assert_eq!(gate.ask(at(9)), Pass::Never(2));
        assert_eq!(gate.ask(at(9)), Pass::Never(2));
        gate.connected();
        assert_eq!(gate.ask(at(10)), Pass::Go(1));
    }

    #[test]
    fn a_storm_is_slowed_down_and_an_ordinary_series_is_not() {
        let now = Instant::now();
        let mut gate = Gate::new(None, Duration::from_secs(5));
        for n in 1..=200 {
            let at = now + Duration::from_millis(250) * n;
            assert_eq!(gate.ask(at), Pass::Go(n), "four a second are no storm");
        }
        let mut now = now + Duration::from_secs(60);
        let mut waited = 0;
        for _ in 0..100 {
            now += Duration::from_millis(2);
            if let Pass::After(_, spacing) = gate.ask(now) {
                assert_eq!(spacing, Duration::from_secs(5));
                now += spacing;
                waited += 1;
            }
        }
        assert!(waited >= 9, "one in ten waits: {waited}");
    }
}

//! How a run comes to its end: by the connection, by the time, or by the end of input.

use std::io::Write;
use std::time::{Duration, Instant};

use super::{BUSY, Session, Turn};
use crate::cli::{Exit, complain, print};

/// How long acks without a time of their own are waited for after the end of input.
const LAST_ACKS: Duration = Duration::from_secs(30);

impl<W: Write> Session<W> {
    /// Whether the run is over, now that neither records nor commands are left.
    pub(super) fn end(&mut self, ended: bool) -> Turn {
        let now = Instant::now();
        if self.status.gave_up.is_some() && !self.status.left {
            return Turn::End(self.gone());
        }
        if let Some(until) = self.until
            && now >= until
        {
            return Turn::End(self.lost_or(self.verdict()));
        }
        let idle = self.waiting.is_none() && self.queue.is_empty();
        if idle && ended && !self.status.left_all() {
            return Turn::End(self.gone());
        }
        let mut wake = self.until;
        // The client falls idle a moment after its last record, and nothing tells of it.
        if idle && !ended && self.status.closed {
            wake = earlier_of(wake, now.checked_add(BUSY));
        }
        if let Some(waiting) = &self.waiting {
            wake = earlier(wake, waiting.until);
        } else if idle && let (Some(since), None) = (self.ended_input, self.until) {
            match self.last_acks(since, now) {
                LastAcks::Wait(until) => wake = earlier_of(wake, until),
                LastAcks::Over(exit) => return Turn::End(exit),
            }
        }
        Turn::Idle(wake)
    }

    /// After the end of input: the connection, what is buffered, and pending acks are waited for.
    fn last_acks(&mut self, since: Instant, now: Instant) -> LastAcks {
        if !self.status.settled() {
            return LastAcks::Wait(None);
        }
        let mut pending = self.status.pending().peekable();
        if pending.peek().is_none() {
            return LastAcks::Over(self.lost_or(self.verdict()));
        }
        let Some(untimed) = pending.find(|asked| !asked.timed) else {
            return LastAcks::Wait(None);
        };
        let until = since.checked_add(LAST_ACKS).unwrap_or(now);
        if now < until {
            return LastAcks::Wait(Some(until));
        }
        complain(format_args!(
            "no ack of {:?} within {} s after the end of input; \"timeout_ms\" beside it or --ack-timeout sets another time",
            untimed.event,
            LAST_ACKS.as_secs(),
        ));
        LastAcks::Over(Exit::Unmet)
    }

    /// The exit code of a run that came to its end by itself.
    pub(super) fn verdict(&self) -> Exit {
        if self.bad_lines > 0 {
            Exit::Usage
        } else if self.status.missed_acks > 0 {
            Exit::Unmet
        } else {
            Exit::Done
        }
    }

    /// `otherwise`, unless there is no connection although there should be one.
    pub(super) fn lost_or(&self, otherwise: Exit) -> Exit {
        if self.status.joined_now() || self.status.left_all() {
            return otherwise;
        }
        match otherwise {
            Exit::Unmet => Exit::Unmet,
            _ => self.gone(),
        }
    }

    /// The connection is not there and will not come back.
    fn gone(&self) -> Exit {
        for (nsp, reason) in self.status.refused() {
            complain(format_args!("namespace {nsp} refused: {reason}"));
        }
        let why = self.why().or(self.status.gave_up.as_deref());
        let url = self.scope.options().map_or_else(
            || "the server".to_owned(),
            |options| print::url(&options.url),
        );
        if self.status.ever_joined {
            complain(format_args!(
                "disconnected from {url} and not back{}",
                why.map_or_else(String::new, |why| format!(": {why}"))
            ));
            Exit::Lost
        } else {
            complain(format_args!(
                "could not connect to {url}{}",
                why.map_or_else(String::new, |why| format!(": {why}"))
            ));
            Exit::NotConnected
        }
    }
}

enum LastAcks {
    Wait(Option<Instant>),
    Over(Exit),
}

fn earlier(one: Option<Instant>, other: Instant) -> Option<Instant> {
    Some(one.map_or(other, |one| one.min(other)))
}

fn earlier_of(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match other {
        Some(other) => earlier(one, other),
        None => one,
    }
}

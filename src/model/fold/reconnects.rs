//! The reconnect timeline: openings, losses, failed attempts and the waits between them.

use super::super::state::{Model, REMEMBERED, Reconnect, Waiting};
use super::remember;
use crate::journal::record::{self, ConnectionState};

impl Model {
    /// The next attempt is planned.
    pub(super) fn wait(&mut self, t: u64, told: &record::Connection) {
        let delay_ms = told.delay_ms.unwrap_or(0);
        self.memory.delay_ms = told.delay_ms;
        self.gave_up = None;
        self.waiting = Some(Waiting {
            since: t,
            delay_ms,
            attempt: told.attempt.unwrap_or(1),
        });
    }

    /// A handshake was answered.
    pub(super) fn connection_opened(&mut self, n: u64, c: u32, t: u64) {
        let connection = self.connection_mut(c, t);
        if connection.closed.is_some() || connection.state == ConnectionState::Open {
            return;
        }
        connection.state = ConnectionState::Open;
        connection.opened.get_or_insert(t);
        let sid = connection.engine_sid.clone().unwrap_or_default();
        self.waiting = None;
        self.gave_up = None;
        self.attempt_ended(n, c, t, Ok(sid));
        self.memory.series = None;
    }

    /// The Engine.IO sid became known after the attempt was written down.
    pub(super) fn name_attempt(&mut self, c: u32) {
        let Some(sid) = self
            .connections
            .get(&c)
            .and_then(|found| found.engine_sid.clone())
        else {
            return;
        };
        for line in self.reconnects.iter_mut().rev().take(8) {
            if let Reconnect::Attempt {
                c: of,
                outcome: Ok(known),
                ..
            } = line
                && *of == c
                && known.is_empty()
            {
                *known = sid;
                return;
            }
        }
    }

    /// A connection ended, or could not be made.
    pub(super) fn connection_ended(
        &mut self,
        n: u64,
        c: u32,
        t: u64,
        reason: Option<String>,
        detail: Option<String>,
    ) {
        let connection = self.connection_mut(c, t);
        if connection.closed.is_some() {
            self.correct_ending(c, reason, detail);
            return;
        }
        let opened = connection.opened;
        connection.state = ConnectionState::Closed;
        connection.closed = Some(t);
        connection.reason.clone_from(&reason);
        connection.detail.clone_from(&detail);
        connection.heartbeat.deadline = None;
        connection.heartbeat.next = None;
        let reason = reason.unwrap_or_else(|| "closed".to_owned());
        self.lose_namespaces(c, t, &reason);
        self.lose_acks(c, t);
        let Some(opened) = opened else {
            self.attempt_ended(n, c, t, Err((reason, detail)));
            if self.memory.series.is_none() {
                self.memory.series = Some(t);
            }
            return;
        };
        let in_a_row = match self.memory.last_reason.take() {
            Some((last, times)) if last == reason => times.saturating_add(1),
            _ => 1,
        };
        self.memory.last_reason = Some((reason.clone(), in_a_row));
        self.memory.series = Some(t);
        let lived = Some(t.saturating_sub(opened));
        let lost = Reconnect::Lost {
            at: t,
            n,
            c,
            reason,
            detail,
            lived,
            in_a_row,
        };
        remember(&mut self.reconnects, lost, REMEMBERED);
    }

    /// A second account of the same end, such as the `connection` record after the close frame.
    fn correct_ending(&mut self, c: u32, better: Option<String>, more: Option<String>) {
        let Some(connection) = self.connections.get_mut(&c) else {
            return;
        };
        connection.reason = better.clone().or(connection.reason.take());
        connection.detail = more.clone().or(connection.detail.take());
        for line in self.reconnects.iter_mut().rev().take(8) {
            match line {
                Reconnect::Lost {
                    c: of,
                    reason,
                    detail,
                    ..
                } if *of == c => {
                    if let Some(better) = better {
                        *reason = better;
                    }
                    *detail = more.or(detail.take());
                    return;
                }
                _ => {}
            }
        }
    }

    fn attempt_ended(
        &mut self,
        n: u64,
        c: u32,
        t: u64,
        outcome: Result<String, (String, Option<String>)>,
    ) {
        let attempt = self
            .connections
            .get(&c)
            .and_then(|connection| connection.attempt);
        let after = t.saturating_sub(self.memory.series.unwrap_or(0));
        let delay_ms = self.memory.delay_ms.take();
        let line = Reconnect::Attempt {
            at: t,
            n,
            c,
            attempt,
            after,
            delay_ms,
            outcome,
        };
        remember(&mut self.reconnects, line, REMEMBERED);
    }
}

//! Acks both ways: who asked, who answered, whose time is up, what a lost connection took along.

use std::time::{Duration, Instant};

use super::Machine;
use super::namespaces::Joined;
use crate::journal::record::{Ack, AckState, Body, Direction};
use crate::protocol::socket;

/// How many questions whose time is up are remembered, so that a late answer is known as such.
const REMEMBERED: usize = 1_000;
/// How many of the server's questions are held; a server that asks more is not answered anyway.
const ASKS: usize = 100_000;

/// A question of ours.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// When it was sent (or queued).
    pub(super) asked: Instant,
    /// When its time is up.
    pub(super) until: Option<Instant>,
    /// It was written: a lost connection takes it along. Buffered ones survive.
    pub(super) sent: bool,
}

fn ms(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_micros() as f64 / 1e3
}

impl Machine {
    fn record_ack(&mut self, nsp: &str, id: u64, dir: Direction, state: AckState, ms: Option<f64>) {
        let (c, nsp) = (self.c(), self.label(nsp));
        self.record(
            c,
            Body::Ack(Ack {
                nsp,
                id,
                dir,
                state,
                ms,
            }),
        );
    }

    /// We asked.
    pub(super) fn ask(&mut self, index: usize, id: u64, timeout: Option<Duration>, sent: bool) {
        let until = timeout.map(|timeout| self.now + timeout);
        let asked = self.now;
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let nsp = namespace.name.clone();
        namespace
            .pending
            .insert(id, Question { asked, until, sent });
        if let Some(until) = until {
            self.ack_deadlines.insert((until, nsp.clone(), id));
        }
        self.record_ack(&nsp, id, Direction::ToServer, AckState::Pending, None);
    }

    /// The server answered.
    pub(super) fn answered(&mut self, nsp: &str, id: u64) {
        let now = self.now;
        let Some(index) = self.find(nsp) else { return };
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let name = namespace.name.clone();
        if let Some(question) = namespace.pending.remove(&id) {
            if let Some(until) = question.until {
                self.ack_deadlines.remove(&(until, name.clone(), id));
            }
            self.record_ack(
                &name,
                id,
                Direction::ToServer,
                AckState::Answered,
                Some(ms(question.asked, now)),
            );
        } else if let Some(asked) = namespace.timed_out.remove(&id) {
            self.record_ack(
                &name,
                id,
                Direction::ToServer,
                AckState::Late,
                Some(ms(asked, now)),
            );
        }
        // An id that nobody asked with, or answered twice, is ignored as the reference does;
        // the frame is in the log.
    }

    /// The time of our questions is up.
    pub(super) fn ack_timeouts(&mut self) {
        while self
            .ack_deadlines
            .first()
            .is_some_and(|(until, ..)| *until <= self.now)
        {
            let Some((_, nsp, id)) = self.ack_deadlines.pop_first() else {
                return;
            };
            let Some(index) = self.find(&nsp) else {
                continue;
            };
            let now = self.now;
            let Some(namespace) = self.namespaces.get_mut(index) else {
                continue;
            };
            let Some(question) = namespace.pending.remove(&id) else {
                continue;
            };
            if question.sent {
                namespace.timed_out.insert(id, question.asked);
                while namespace.timed_out.len() > REMEMBERED {
                    namespace.timed_out.pop_first();
                }
            } else {
                // Never sent: it leaves the buffer, so that it isn't sent later.
                self.unbuffer(index, id);
            }
            self.record_ack(
                &nsp,
                id,
                Direction::ToServer,
                AckState::Timeout,
                Some(ms(question.asked, now)),
            );
        }
    }

    /// The server asks us.
    pub(super) fn asked(&mut self, nsp: &str, id: u64) {
        let now = self.now;
        let Some(index) = self.find(nsp) else { return };
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let name = namespace.name.clone();
        if namespace.asks.len() < ASKS {
            namespace.asks.insert(id, now);
        }
        self.record_ack(&name, id, Direction::ToClient, AckState::Pending, None);
    }

    /// We answer the server. `again`: also a question that was answered, with another packet of
    /// its id.
    pub(super) fn answer(&mut self, nsp: &str, id: u64, args: &str, again: bool) {
        let state = self.state_word();
        let now = self.now;
        let version = self.link.as_ref().map_or(self.version, |link| link.version);
        let index = self.find(nsp);
        let Some(namespace) = index.and_then(|index| self.namespaces.get_mut(index)) else {
            return self.notice(format!(
                "ack {id} on {nsp} can't be answered: {nsp} was never joined"
            ));
        };
        if namespace.joined != Joined::Yes {
            return self.notice(if again {
                format!("ack {id} on {nsp} can't be answered again: {state}")
            } else {
                format!(
                    "ack {id} on {nsp} can't be answered: {state}, and the question ended with \
                     its connection"
                )
            });
        }
        let asked = namespace.asks.get(&id).copied();
        if asked.is_none() && !again {
            return self.notice(format!(
                "ack {id} on {nsp} can't be answered: the server does not wait for it (never \
                 asked, or answered already)"
            ));
        }
        let name = namespace.name.clone();
        let path = namespace.path(version).to_owned();
        let packets = match self.encode_args(socket::PacketKind::Ack, &path, Some(id), args) {
            Ok((packets, _)) => packets,
            Err(error) => {
                return self.notice(format!("ack {id} on {nsp} was not sent: {error}"));
            }
        };
        self.queue_all(packets);
        if let Some(asked) = asked {
            if let Some(namespace) = index.and_then(|index| self.namespaces.get_mut(index)) {
                namespace.asks.remove(&id);
            }
            let took = Some(ms(asked, now));
            self.record_ack(&name, id, Direction::ToClient, AckState::Answered, took);
        }
        self.flush();
    }

    /// A question was taken back before it was sent.
    pub(super) fn forget_question(&mut self, index: usize, id: u64) {
        let now = self.now;
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let nsp = namespace.name.clone();
        let Some(question) = namespace.pending.remove(&id) else {
            return;
        };
        if let Some(until) = question.until {
            self.ack_deadlines.remove(&(until, nsp.clone(), id));
        }
        let waited = Some(ms(question.asked, now));
        self.record_ack(&nsp, id, Direction::ToServer, AckState::Lost, waited);
    }

    /// The connection of a namespace ended: sent questions are lost, theirs too.
    pub(super) fn lose_acks(&mut self, index: usize) {
        let now = self.now;
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let name = namespace.name.clone();
        let lost: Vec<(u64, Question)> = namespace
            .pending
            .iter()
            .filter(|(_, question)| question.sent)
            .map(|(id, question)| (*id, question.clone()))
            .collect();
        for (id, _) in &lost {
            namespace.pending.remove(id);
        }
        namespace.timed_out.clear();
        let asks = std::mem::take(&mut namespace.asks);
        for (id, question) in lost {
            if let Some(until) = question.until {
                self.ack_deadlines.remove(&(until, name.clone(), id));
            }
            self.record_ack(
                &name,
                id,
                Direction::ToServer,
                AckState::Lost,
                Some(ms(question.asked, now)),
            );
        }
        for (id, asked) in asks {
            self.record_ack(
                &name,
                id,
                Direction::ToClient,
                AckState::Lost,
                Some(ms(asked, now)),
            );
        }
    }
}

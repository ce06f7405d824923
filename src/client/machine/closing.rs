//! Every way to end a connection, and what follows.
//!
//! The reasons are the official texts of the JavaScript client (`packages/socket.io-client`,
//! `lib/socket.ts` and `lib/manager.ts`); the detail says what lies under them.

use std::time::Duration;

use super::upgrade::Stage;
use super::{ExchangeId, Machine, Output, Phase};
use crate::client::backoff;
use crate::client::options::Profile;
use crate::journal::record::{Body, Connection, ConnectionState, TransportName, TransportState};
use crate::protocol::engine::{Packet, PacketKind};

/// How long a polite close may take before it is cut.
const POLITE: Duration = Duration::from_secs(2);
/// How long the last poll may take to come back once the server has taken the close packet.
const LAST_POLL: Duration = Duration::from_millis(500);

/// A close that waits for the upgrade or for the queue.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    reason: &'static str,
    detail: String,
    /// The Engine.IO close packet was posted (polling), the close frame asked for (WebSocket).
    pub(super) close_sent: bool,
}

impl Machine {
    /// Leaves all namespaces and closes; no further attempt until `connect`.
    pub(super) fn disconnect(&mut self) {
        self.stopped = true;
        match self.phase {
            Phase::Idle => {}
            Phase::Waiting { .. } => {
                self.phase = Phase::Idle;
                self.record_after(
                    ConnectionState::Closed,
                    Some("io client disconnect"),
                    None,
                    None,
                );
            }
            Phase::Opening { .. } => {
                self.abort_exchanges();
                self.record_transport_closed();
                self.record_connection(ConnectionState::Closed, Some("io client disconnect"), None);
                self.link = None;
                self.phase = Phase::Idle;
            }
            Phase::Closing { .. } => {}
            Phase::Open => {
                self.leave_all();
                self.end("io client disconnect", String::new());
            }
        }
    }

    /// Connects, or tries now instead of waiting.
    pub(super) fn connect(&mut self) {
        self.stopped = false;
        for namespace in &mut self.namespaces {
            namespace.active |= !namespace.left;
        }
        match self.phase {
            Phase::Idle => self.open(None),
            Phase::Waiting { .. } => self.attempt_now(),
            Phase::Open => self.join_wanted(),
            Phase::Opening { .. } | Phase::Closing { .. } => {}
        }
    }

    /// Ends the engine politely: after the upgrade under way and after what is queued.
    pub(super) fn end(&mut self, reason: &'static str, detail: String) {
        let Some(link) = &mut self.link else { return };
        if link.ending.is_some() {
            return;
        }
        link.ending = Some(Ending {
            reason,
            detail,
            close_sent: false,
        });
        self.phase = Phase::Closing {
            until: self.now + POLITE,
        };
        self.ending_may_go_on();
    }

    /// Takes the polite close a step further where nothing holds it back.
    pub(super) fn ending_may_go_on(&mut self) {
        let Some(link) = &self.link else { return };
        let Some(ending) = &link.ending else { return };
        match link.probe.as_ref().map(|probe| probe.stage) {
            // The switch is under way: what is queued goes out on the new transport.
            Some(Stage::Pausing) => return,
            // Nothing depends on the probe yet; the reference drops it and closes, too.
            Some(_) => {
                return self.upgrade_failed("given up: the connection is being closed", false);
            }
            None => {}
        }
        match (link.transport, link.ws) {
            (TransportName::Websocket, Some(x)) => {
                // Closed once the close handshake is through, so that the record of the end
                // stands behind the frames that made it.
                if let Some(ending) = self.link.as_mut().and_then(|link| link.ending.as_mut())
                    && !std::mem::replace(&mut ending.close_sent, true)
                {
                    self.flush_all();
                    self.out.push_back(Output::CloseWs { x });
                }
            }
            (TransportName::Websocket, None) => self.closed(),
            (TransportName::Polling, _) => {
                let idle = link.queue.is_empty() && link.post.is_none();
                if ending.close_sent {
                    if idle && link.get.is_none() {
                        self.closed();
                    } else if let Phase::Closing { until } = &mut self.phase
                        && idle
                    {
                        // The server answers the waiting poll with a noop now.
                        *until = (*until).min(self.now + LAST_POLL);
                    }
                } else if idle {
                    // The reference posts the close packet by itself, after what was queued.
                    if let Some(ending) = self.link.as_mut().and_then(|link| link.ending.as_mut()) {
                        ending.close_sent = true;
                    }
                    self.queue(Packet::bare(PacketKind::Close));
                    self.post();
                } else {
                    self.post();
                }
            }
        }
    }

    /// The polite close is through (or has taken too long).
    pub(super) fn closed(&mut self) {
        let Some(ending) = self.link.as_mut().and_then(|link| link.ending.take()) else {
            self.phase = Phase::Idle;
            return;
        };
        if let Some(link) = &mut self.link
            && ending.close_sent
        {
            // Asked to close already; whoever drives it cuts it when it takes too long.
            link.ws = None;
        }
        self.abort_exchanges();
        self.drop_namespaces(ending.reason);
        self.record_transport_closed();
        self.record_connection(
            ConnectionState::Closed,
            Some(ending.reason),
            Some(ending.detail),
        );
        self.link = None;
        self.probe_rtt_at = None;
        self.phase = Phase::Idle;
        let wanted = !self.stopped && self.namespaces.iter().any(|namespace| namespace.active);
        if wanted {
            self.open(None);
        }
    }

    /// The transport failed: a connect error before the handshake, `transport error` after it.
    pub(super) fn transport_failed(&mut self, error: &'static str, detail: &str) {
        if self
            .link
            .as_ref()
            .is_some_and(|link| link.handshake.is_none())
        {
            return self.connect_failed(error, detail);
        }
        let silence = self.silence();
        self.lost("transport error", &format!("{error}: {detail}{silence}"));
    }

    /// The transport was closed by the other side.
    pub(super) fn transport_closed(&mut self, detail: &str) {
        let silence = self.silence();
        self.lost("transport close", &format!("{detail}{silence}"));
    }

    /// How long the server had been silent, where that is worth a word.
    fn silence(&self) -> String {
        let Some(link) = &self.link else {
            return String::new();
        };
        let silent = self
            .now
            .saturating_duration_since(link.last_heard)
            .as_secs_f64();
        if silent < 0.5 {
            String::new()
        } else {
            format!("; silent for {silent:.1} s before")
        }
    }

    /// Like [`Machine::lost`] for ends that we declare while the transport still works: over
    /// polling the server is told, so that it does not keep the session.
    pub(super) fn lost_and_tell(&mut self, reason: &'static str, detail: &str) {
        if let Some(link) = &mut self.link
            && link.transport == TransportName::Polling
            && link.post.is_none()
            && link.ending.is_none()
        {
            link.queue.clear();
            let probe = link.probe.take();
            self.queue(Packet::bare(PacketKind::Close));
            self.post();
            if let Some(link) = &mut self.link {
                // The exchange goes on by itself; nothing waits for it.
                link.post = None;
                link.probe = probe;
            }
        }
        self.lost(reason, detail);
    }

    /// An open connection ended against our will.
    pub(super) fn lost(&mut self, reason: &'static str, detail: &str) {
        if self.link.as_ref().is_some_and(|link| link.ending.is_some()) {
            return self.closed();
        }
        let unjoined = self.unjoined();
        self.abort_exchanges();
        self.drop_namespaces(reason);
        self.record_transport_closed();
        let detail = Some(format!("{detail}{unjoined}"));
        self.record_connection(ConnectionState::Closed, Some(reason), detail);
        self.link = None;
        self.probe_rtt_at = None;
        self.plan_attempt();
    }

    /// The handshake could not be done.
    pub(super) fn connect_failed(&mut self, error: &'static str, detail: &str) {
        self.abort_exchanges();
        // The cause stands in the connection's record; once is enough.
        self.record_transport_closed();
        self.record_connection(
            ConnectionState::Closed,
            Some(error),
            Some(detail.to_owned()),
        );
        self.link = None;
        self.plan_attempt();
    }

    /// Plans the next attempt, or gives up.
    fn plan_attempt(&mut self) {
        self.phase = Phase::Idle;
        let wanted =
            self.namespaces.iter().any(|namespace| namespace.active) || self.namespaces.is_empty();
        if self.stopped || !wanted {
            return;
        }
        let rule = &self.options.reconnection;
        let give_up = if !rule.enabled {
            Some("reconnection is off".to_owned())
        } else if self.options.profile == Profile::Python && !self.ever_open {
            Some("the python client does not retry its first connection".to_owned())
        } else if rule.attempts.is_some_and(|limit| self.attempts >= limit) {
            Some(match self.attempts {
                1 => "1 attempt failed".to_owned(),
                attempts => format!("{attempts} attempts failed"),
            })
        } else {
            None
        };
        if let Some(why) = give_up {
            self.record_after(
                ConnectionState::GaveUp,
                Some("reconnect failed"),
                Some(why),
                None,
            );
            return;
        }
        let draw = (self.random)();
        let delay = backoff::delay_ms(
            &self.options.reconnection,
            self.options.profile,
            self.attempts,
            draw,
        );
        self.switched = false;
        // A delay of 0 would try again within the same instant, for ever.
        self.phase = Phase::Waiting {
            until: self.now + Duration::from_millis(delay.max(1)),
        };
        self.attempts = self.attempts.saturating_add(1);
        self.record_after(ConnectionState::Waiting, None, None, Some(delay));
    }

    /// Begins the planned attempt.
    pub(super) fn attempt_now(&mut self) {
        self.open(Some(self.attempts));
    }

    /// A connection record of the time after the connection is gone.
    fn record_after(
        &mut self,
        state: ConnectionState,
        reason: Option<&str>,
        detail: Option<String>,
        delay_ms: Option<u64>,
    ) {
        let attempt = (self.attempts > 0).then_some(self.attempts);
        let body = Connection {
            state,
            reason: reason.map(str::to_owned),
            detail,
            attempt,
            delay_ms,
        };
        self.record(Some(self.last_c), Body::Connection(body));
    }

    pub(super) fn record_transport_closed(&mut self) {
        let Some(link) = &self.link else { return };
        let name = link.transport;
        if link.probe.is_some() {
            self.record_transport(TransportName::Websocket, TransportState::Closed, None);
        }
        self.record_transport(name, TransportState::Closed, None);
    }

    /// Stops everything that is under way for this connection.
    pub(super) fn abort_exchanges(&mut self) {
        let Some(link) = &mut self.link else { return };
        let exchanges: Vec<ExchangeId> = [link.get.take(), link.post.take()]
            .into_iter()
            .flatten()
            .collect();
        let sockets: Vec<ExchangeId> = [link.ws.take(), link.probe.as_ref().map(|probe| probe.x)]
            .into_iter()
            .flatten()
            .collect();
        self.out
            .extend(exchanges.into_iter().map(|x| Output::AbortHttp { x }));
        self.out
            .extend(sockets.into_iter().map(|x| Output::CloseWs { x }));
    }
}

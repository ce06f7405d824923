//! What has to be told of a tapped connection beside its bytes: that it was opened, which
//! transport carries it, and how it ended. No IO and no clock: times are passed in, records
//! come out.
//!
//! The reason of an end is the official text that the *client* sees (engine.io-client and
//! socket.io-client name them so); the detail says who ended what, and how. A client that ends
//! by itself gives its own account where its last words allow one: silence of the server beyond
//! the heartbeat's time is `ping timeout`, a DISCONNECT of the server before it is
//! `io server disconnect`, a goodbye is `io client disconnect`, and an end without any word is a
//! `transport close`.

use std::time::{Duration, Instant};

use crate::faults::RequestKind;
use crate::journal::record::{
    Body, Connection, ConnectionState, Direction, Fault, Transport, TransportName, TransportState,
};
use crate::protocol::engine::{Handshake, Revision, Version};

/// How long a client that left its poll may take to come back with another request.
const GRACE: Duration = Duration::from_secs(1);
/// Timers of two processes are never quite equal, and a busy machine hands bytes on late: so much,
/// and a tenth of the time, may be missing.
const SLACK: Duration = Duration::from_millis(20);
/// Stands in for a heartbeat that was never announced.
const UNKNOWN_SILENCE: Duration = Duration::from_secs(45);

/// Which end of the wire did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Client,
    Server,
}

/// How an end of the wire ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    /// A TCP FIN.
    Fin,
    /// A TCP RST.
    Rst,
    /// A WebSocket close frame.
    Close(Option<u16>, Option<String>),
    /// Something else, in words.
    Broken(String),
}

impl How {
    /// Who did what, in words.
    pub(super) fn words(&self, who: Who) -> String {
        let who = match who {
            Who::Client => "the client",
            Who::Server => "the server",
        };
        match self {
            How::Fin => format!("{who} ended the TCP connection (FIN)"),
            How::Rst => format!("{who} reset the TCP connection (RST)"),
            How::Close(None, _) => format!("{who} sent close code 1005 (none was sent)"),
            How::Close(Some(code), None) => format!("{who} sent close code {code}"),
            How::Close(Some(code), Some(reason)) => {
                format!("{who} sent close code {code}: {reason}")
            }
            How::Broken(why) => format!("the TCP connection to {who} broke: {why}"),
        }
    }
}

/// What the tap knows of one Engine.IO connection.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) sid: Option<String>,
    pub(super) version: Version,
    pub(super) revision: Revision,
    /// What carries packets.
    pub(super) transport: TransportName,
    /// The handshake was answered, or the recording began after it.
    pub(super) opened: bool,
    pub(super) ended: bool,
    /// The name of it was not seen in any handshake.
    strange: bool,
    interval: Duration,
    timeout: Duration,
    pub(super) max_payload: Option<u64>,
    /// When the server was heard as its client's heartbeat counts it: its pings, in Engine.IO 3
    /// every packet.
    heard: Instant,
    /// A ping of the client (Engine.IO 3) that nothing answered yet.
    asked: Option<Instant>,
    /// The last word of each side was a goodbye.
    server_left: bool,
    client_left: bool,
    /// A fault gave the client something that it can't read.
    garbled: bool,
    /// Exchanges and WebSockets that the client has open.
    busy: u32,
    last_request: Instant,
    /// The client seems to have left, how, and in the middle of what.
    abandoned: Option<(Instant, How, &'static str)>,
}

impl Story {
    pub(super) fn new(
        now: Instant,
        kind: RequestKind,
        sid: Option<&str>,
        eio: Option<&str>,
    ) -> Story {
        Story {
            sid: sid.map(str::to_owned),
            version: if eio == Some("3") {
                Version::V3
            } else {
                Version::V4
            },
            revision: Revision::default(),
            transport: match kind {
                RequestKind::Upgrade if sid.is_none() => TransportName::Websocket,
                _ => TransportName::Polling,
            },
            opened: false,
            ended: false,
            strange: sid.is_some(),
            interval: Duration::ZERO,
            timeout: Duration::ZERO,
            max_payload: None,
            heard: now,
            asked: None,
            server_left: false,
            client_left: false,
            garbled: false,
            busy: 0,
            last_request: now,
            abandoned: None,
        }
    }

    /// A request is about to be recorded; `first` of its connection.
    pub(super) fn requested(&mut self, now: Instant, kind: RequestKind, first: bool) -> Vec<Body> {
        self.busy = self.busy.saturating_add(1);
        self.last_request = now;
        self.abandoned = None;
        let mut told = Vec::new();
        if first {
            let detail = self.strange.then(|| {
                "the tap has not seen its handshake: it is another server's, or older than the tap"
                    .to_owned()
            });
            told.push(connection(ConnectionState::Connecting, None, detail));
            told.push(transport(self.transport, TransportState::Opening, None));
        } else if kind == RequestKind::Upgrade && self.transport == TransportName::Polling {
            told.push(transport(
                TransportName::Websocket,
                TransportState::Opening,
                None,
            ));
        }
        told
    }

    /// A request's exchange is over: it was answered, or failed. `failure` are the words for it.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        kind: RequestKind,
        failure: Option<String>,
    ) -> Vec<Body> {
        self.busy = self.busy.saturating_sub(1);
        self.last_request = now;
        let Some(failure) = failure else {
            if self.strange && !self.opened && kind != RequestKind::Upgrade {
                // The server knows it: the recording began in its middle.
                self.opened = true;
                return vec![
                    connection(ConnectionState::Open, None, None),
                    transport(self.transport, TransportState::Open, None),
                ];
            }
            return Vec::new();
        };
        let error = match kind {
            RequestKind::Upgrade => "websocket error",
            RequestKind::Post => "xhr post error",
            RequestKind::Poll | RequestKind::Handshake => "xhr poll error",
        };
        if self.transport == TransportName::Websocket && kind != RequestKind::Upgrade {
            // After the upgrade an old poll may fail without harm.
            return Vec::new();
        }
        if kind == RequestKind::Upgrade && self.transport == TransportName::Polling {
            return vec![transport(
                TransportName::Websocket,
                TransportState::Closed,
                Some(failure),
            )];
        }
        if self.opened || self.strange {
            self.end("transport error", format!("{error}: {failure}"))
        } else {
            self.end(error, failure)
        }
    }

    /// The client ended its TCP connection while it waited for the answer to a poll or post.
    pub(super) fn abandoned(&mut self, now: Instant, how: How) {
        self.busy = self.busy.saturating_sub(1);
        self.abandoned
            .get_or_insert((now, how, "while its poll was waiting"));
    }

    /// The client ended a TCP connection that it had kept for further requests. While nothing
    /// else of it is under way, that is how one leaves that says no goodbye.
    pub(super) fn hung_up(&mut self, now: Instant) {
        if self.busy == 0 && self.opened && self.transport == TransportName::Polling {
            self.abandoned
                .get_or_insert((now, How::Fin, "with no poll under way"));
        }
    }

    /// A 101 was passed on.
    pub(super) fn switched(&mut self) -> Vec<Body> {
        if self.transport == TransportName::Polling {
            return vec![transport(
                TransportName::Websocket,
                TransportState::Upgrading,
                None,
            )];
        }
        Vec::new()
    }

    /// The server's OPEN packet.
    pub(super) fn opened(&mut self, now: Instant, handshake: &Handshake) -> Vec<Body> {
        self.sid = Some(handshake.sid.clone());
        self.interval = Duration::from_millis(handshake.ping_interval_ms);
        self.timeout = Duration::from_millis(handshake.ping_timeout_ms);
        self.max_payload = handshake.max_payload;
        self.heard = now;
        if self.opened || self.ended {
            return Vec::new();
        }
        self.opened = true;
        vec![
            connection(ConnectionState::Open, None, None),
            transport(self.transport, TransportState::Open, None),
        ]
    }

    /// A text packet, as it stands on the wire (its type digit first).
    pub(super) fn packet(
        &mut self,
        now: Instant,
        dir: Direction,
        by: TransportName,
        text: &[u8],
    ) -> Vec<Body> {
        let to_client = dir == Direction::ToClient;
        if to_client && self.version == Version::V3 {
            self.asked = None;
            self.heard = now;
        }
        match (text, dir) {
            ([b'2', ..], Direction::ToClient) if self.version == Version::V4 => self.heard = now,
            ([b'2'], Direction::ToServer) if self.version == Version::V3 => {
                self.asked.get_or_insert(now);
            }
            ([b'5', ..], Direction::ToServer)
                if by == TransportName::Websocket && self.transport == TransportName::Polling =>
            {
                self.transport = TransportName::Websocket;
                return vec![
                    transport(TransportName::Websocket, TransportState::Open, None),
                    transport(TransportName::Polling, TransportState::Closed, None),
                ];
            }
            ([b'1', ..], dir) if by == TransportName::Polling => {
                return match dir {
                    Direction::ToClient => self.end(
                        "transport close",
                        "transport closed by the server".to_owned(),
                    ),
                    Direction::ToServer => {
                        self.client_left = true;
                        self.left_by_client(now, "the client posted a close packet".to_owned())
                    }
                };
            }
            ([b'1', ..], Direction::ToServer) => self.client_left = true,
            ([b'4', b'1', ..], Direction::ToServer) => self.client_left = true,
            ([b'4', b'1', ..], Direction::ToClient) => self.server_left = true,
            ([b'4', b'0' | b'2' | b'5', ..], dir) => match dir {
                // Whoever goes on talking has not left.
                Direction::ToServer => self.client_left = false,
                Direction::ToClient => self.server_left = false,
            },
            _ => {}
        }
        Vec::new()
    }

    /// A fault was made; where only that explains what the client does next, it is remembered.
    pub(super) fn faulted(&mut self, fault: &Fault) {
        self.garbled |= fault.fault == "garbage";
    }

    /// An end of the WebSocket ended, as the first of the two.
    pub(super) fn socket_ended(&mut self, now: Instant, who: Who, how: &How) -> Vec<Body> {
        self.busy = self.busy.saturating_sub(1);
        self.last_request = now;
        let mut words = how.words(who);
        if self.transport == TransportName::Polling {
            return vec![transport(
                TransportName::Websocket,
                TransportState::Closed,
                Some(format!("{words} before the upgrade was done")),
            )];
        }
        if matches!(how, How::Fin | How::Rst | How::Broken(_)) {
            words.push_str(" without a close frame, which its other side sees as code 1006");
        }
        match (who, how) {
            (Who::Server, _) if self.opened => self.end("transport close", words),
            (Who::Server, _) => self.end("websocket error", words),
            (Who::Client, How::Close(Some(1002 | 1003 | 1007 | 1009 | 1010), _)) => {
                self.end("transport error", words)
            }
            (Who::Client, _) => self.left_by_client(now, words),
        }
    }

    /// The client ended by itself; its last words may tell why.
    fn left_by_client(&mut self, now: Instant, words: String) -> Vec<Body> {
        let (silent, allowed) = match self.asked {
            // A ping that waits for its answer has a shorter time (Engine.IO 3).
            Some(asked) => (now.saturating_duration_since(asked), self.timeout),
            None => (
                now.saturating_duration_since(self.heard),
                self.interval + self.timeout,
            ),
        };
        if !allowed.is_zero() && silent + SLACK + allowed / 10 >= allowed && self.opened {
            let silent = silent.as_secs_f64();
            let what = match self.version {
                Version::V4 => "no ping of the server",
                Version::V3 if self.asked.is_none() => "no word of the server",
                Version::V3 => "no answer to its ping",
            };
            return self.end("ping timeout", format!("{words}; {what} for {silent:.1} s"));
        }
        if self.garbled {
            let reason = match self.version {
                Version::V4 => "parse error",
                Version::V3 => "transport error",
            };
            return self.end(reason, format!("{words}, after the garbage of a fault"));
        }
        let polite = words.contains("close code") || words.contains("close packet");
        match (self.client_left, self.server_left) {
            (false, true) => self.end(
                "io server disconnect",
                format!("{words}, after the server's DISCONNECT"),
            ),
            (true, _) => self.end("io client disconnect", words),
            (false, false) if polite => self.end("io client disconnect", words),
            (false, false) => self.end("transport close", words),
        }
    }

    /// The tap itself ends it: a fault, or the tap's own end.
    pub(super) fn ended_by_tap(&mut self, reason: &str, words: &str) -> Vec<Body> {
        self.end(reason, words.to_owned())
    }

    /// Looks whether a polling client is gone; to be asked every now and then.
    pub(super) fn tick(&mut self, now: Instant) -> Vec<Body> {
        if self.ended || self.busy > 0 || self.transport == TransportName::Websocket {
            return Vec::new();
        }
        if let Some((since, how, when)) = &self.abandoned
            && now.saturating_duration_since(*since) >= GRACE
        {
            let words = format!("{} {when}, and did not come back", how.words(Who::Client));
            return self.left_by_client(now, words);
        }
        let limit = match self.interval + self.timeout {
            Duration::ZERO => UNKNOWN_SILENCE,
            limit => limit,
        };
        let silent = now.saturating_duration_since(self.last_request);
        if silent >= limit {
            let words = format!(
                "no request of the client for {:.1} s: it is gone",
                silent.as_secs_f64()
            );
            return self.left_by_client(now, words);
        }
        Vec::new()
    }

    /// Once only: what comes after the first account is ignored.
    fn end(&mut self, reason: &str, detail: String) -> Vec<Body> {
        if std::mem::replace(&mut self.ended, true) {
            return Vec::new();
        }
        vec![
            transport(self.transport, TransportState::Closed, None),
            connection(
                ConnectionState::Closed,
                Some(reason.to_owned()),
                Some(detail),
            ),
        ]
    }
}

fn connection(state: ConnectionState, reason: Option<String>, detail: Option<String>) -> Body {
    Body::Connection(Connection {
        state,
        reason,
        detail,
        attempt: None,
        delay_ms: None,
    })
}

fn transport(name: TransportName, state: TransportState, error: Option<String>) -> Body {
    Body::Transport(Transport { name, state, error })
}

#[cfg(test)]
mod tests;

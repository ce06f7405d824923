//! First request, handshake, and recognising the server's generation.

use std::time::Duration;

use super::heartbeat::Heartbeat;
use super::queue::Queue;
use super::{Link, Machine, Output, Phase};
use crate::client::options::Eio;
use crate::journal::record::{ConnectionState, TransportName, TransportState};
use crate::protocol::engine::url::{Request, Transport};
use crate::protocol::engine::{Handshake, Revision, Version};
use crate::protocol::socket::{Assembler, Limits};

impl Machine {
    /// Begins a connection: `attempt` counts within a reconnect series.
    pub(super) fn open(&mut self, attempt: Option<u32>) {
        self.attempts = attempt.unwrap_or(0);
        self.last_c += 1;
        let transport = self
            .options
            .transports
            .first()
            .copied()
            .unwrap_or(TransportName::Polling);
        self.link = Some(Link {
            c: self.last_c,
            version: self.version,
            revision: Revision::default(),
            handshake: None,
            transport,
            get: None,
            post: None,
            ws: None,
            ws_in_flight: 0,
            probe: None,
            queue: Queue::default(),
            assembler: Assembler::new(Limits::default(), self.version),
            heartbeat: Heartbeat::default(),
            opened: None,
            last_heard: self.now,
            ending: None,
        });
        self.phase = Phase::Opening {
            // Not 0, which would be over before it began, for ever.
            until: self.now + self.options.connect_timeout.max(Duration::from_millis(1)),
        };
        self.record_connection(ConnectionState::Connecting, None, None);
        self.record_transport(transport, TransportState::Opening, None);
        match transport {
            TransportName::Polling => self.poll(),
            TransportName::Websocket => {
                let x = self.open_ws();
                if let Some(link) = &mut self.link {
                    link.ws = x;
                }
            }
        }
    }

    /// Asks the driver for a WebSocket of this connection.
    pub(super) fn open_ws(&mut self) -> Option<super::ExchangeId> {
        let url = self.url(TransportName::Websocket)?;
        let x = self.next_x();
        let c = self.c()?;
        self.out.push_back(Output::OpenWs { x, c, url });
        Some(x)
    }

    /// URL of the next request on `transport`.
    pub(super) fn url(&mut self, transport: TransportName) -> Option<String> {
        let link = self.link.as_ref()?;
        self.stamp += 1;
        let stamp = cache_buster(self.stamp);
        let polling = transport == TransportName::Polling;
        Some(
            self.endpoint.request_url(&Request {
                version: link.version,
                transport: if polling {
                    Transport::Polling
                } else {
                    Transport::Websocket
                },
                // Only polling needs a cache buster; the official client leaves WebSocket alone.
                cache_buster: polling.then_some(("t", stamp.as_str())),
                b64: false,
                sid: link
                    .handshake
                    .as_ref()
                    .map(|handshake| handshake.sid.as_str()),
            }),
        )
    }

    /// The OPEN packet came: the engine is open.
    pub(super) fn opened(&mut self, json: &str) {
        let handshake = match Handshake::parse(json) {
            Ok(decoded) => {
                for quirk in &decoded.quirks {
                    self.notice(format!("handshake: {quirk}"));
                }
                decoded.value
            }
            Err(error) => {
                return self.connect_failed(
                    "server error",
                    &format!("parser error: unreadable handshake: {error}"),
                );
            }
        };
        let Some(link) = &mut self.link else { return };
        link.heartbeat = Heartbeat::new(link.version, self.options.profile, &handshake, self.now);
        link.opened = Some(self.now);
        let transport = link.transport;
        link.handshake = Some(handshake);
        self.phase = Phase::Open;
        self.ever_open = true;
        self.record_transport(transport, TransportState::Open, None);
        self.record_connection(ConnectionState::Open, None, None);
        // The reference resets its attempt counter here, not when a namespace is joined: a
        // server that accepts and drops is tried for ever at the base delay.
        self.attempts = 0;
        self.switched = false;
        if let Some(every) = self.options.probe_rtt {
            self.probe_rtt_at = Some(self.now + every);
        }
        self.join_wanted();
        self.begin_upgrade();
    }

    /// A second OPEN in the middle of a session: the reference takes over its values.
    pub(super) fn reopened(&mut self, json: &str) {
        let Ok(decoded) = Handshake::parse(json) else {
            return;
        };
        let profile = self.options.profile;
        let now = self.now;
        if let Some(link) = &mut self.link {
            link.heartbeat = Heartbeat::new(link.version, profile, &decoded.value, now);
            link.handshake = Some(decoded.value);
        }
        self.notice(
            "the server sent a second OPEN packet; its values are used from now on".to_owned(),
        );
    }

    /// The server refuses Engine.IO 3 with its own words (code 5).
    pub(super) fn unsupported_version(&mut self, refusal: &str) {
        if self.options.eio == Eio::Auto && !self.switched {
            let evidence = "it answers \"Unsupported protocol version\"";
            return self.other_generation(Version::V4, evidence, None);
        }
        let advice = "the server speaks Engine.IO 4 (Socket.IO 3 or 4) only. Use --eio 4 or --eio \
                      auto, or set allowEIO3 on the server";
        self.connect_failed("xhr poll error", &format!("{refusal}; {advice}"));
    }

    /// The server speaks the other generation. With `--eio auto` a new handshake follows at
    /// once; otherwise the attempt fails with the sentence that says so.
    pub(super) fn other_generation(
        &mut self,
        speaks: Version,
        evidence: &str,
        ghost_sid: Option<String>,
    ) {
        let name = match speaks {
            Version::V3 => "Engine.IO 3 (Socket.IO 1 or 2)",
            Version::V4 => "Engine.IO 4 (Socket.IO 3 or 4)",
        };
        // Switched once already in this attempt: a server that claims both is not asked for ever.
        if self.options.eio != Eio::Auto || self.version == speaks || self.switched {
            let flag = match speaks {
                Version::V3 => "--eio 3",
                Version::V4 => "--eio 4",
            };
            return self.connect_failed(
                "server error",
                &format!("the server speaks {name}: {evidence}. Use {flag} or --eio auto"),
            );
        }
        let detail = format!("the server speaks {name}: {evidence}; trying again with that");
        self.notice(format!("the server speaks {name}: {evidence}"));
        let attempt = (self.attempts > 0).then_some(self.attempts);
        self.release_ghost(speaks, ghost_sid);
        self.abort_exchanges();
        // What was asked for on this connection has to be asked for again on the next.
        self.drop_namespaces("server error");
        self.record_transport_closed();
        self.record_connection(ConnectionState::Closed, Some("server error"), Some(detail));
        self.version = speaks;
        self.switched = true;
        self.link = None;
        self.open(attempt);
    }
}

/// A short text that differs for each number: base 36, as the official client writes its time.
pub(super) fn cache_buster(mut number: u64) -> String {
    let mut digits = Vec::new();
    while digits.is_empty() || number > 0 {
        digits.extend(char::from_digit((number % 36) as u32, 36));
        number /= 36;
    }
    digits.iter().rev().collect()
}

//! Engine.IO packets in, Socket.IO packets to their namespace.

use bytes::Bytes;

use super::{ExchangeId, Machine, WsEnd};
use crate::client::options::Parser;
use crate::journal::record::TransportName;
use crate::protocol::engine::{Data, Packet, PacketKind, Version, message};
use crate::protocol::socket::{self, DecodeErrorKind, Limits, Progress};

/// Which role a WebSocket plays at the moment.
enum Role {
    /// It carries the session.
    Session,
    /// It is probed.
    Probe,
    /// It belongs to a connection that has ended.
    Gone,
}

impl Machine {
    fn role(&self, x: ExchangeId) -> Role {
        match &self.link {
            Some(link) if link.ws == Some(x) => Role::Session,
            Some(link) if link.probe.as_ref().is_some_and(|probe| probe.x == x) => Role::Probe,
            _ => Role::Gone,
        }
    }

    pub(super) fn ws_opened(&mut self, x: ExchangeId) {
        match self.role(x) {
            Role::Probe => self.probe_opened(),
            // The handshake comes by itself as the first message.
            Role::Session => {}
            Role::Gone => self.out.push_back(super::Output::CloseWs { x }),
        }
    }

    pub(super) fn ws_failed(&mut self, x: ExchangeId, error: &str) {
        match self.role(x) {
            Role::Probe => {
                self.upgrade_failed(&format!("probe error: websocket error: {error}"), true)
            }
            Role::Session => {
                self.ws_gone();
                self.transport_failed("websocket error", error);
            }
            Role::Gone => {}
        }
    }

    /// The session's WebSocket has ended by itself: there is nothing left to close.
    fn ws_gone(&mut self) {
        if let Some(link) = &mut self.link {
            link.ws = None;
        }
    }

    pub(super) fn ws_text(&mut self, x: ExchangeId, text: &str) {
        let Some(version) = self.link.as_ref().map(|link| link.version) else {
            return;
        };
        match (self.role(x), message::decode_text(text, version)) {
            (Role::Session, Ok(decoded)) => self.incoming(decoded.value, TransportName::Websocket),
            (Role::Session, Err(error)) => self.undecodable(&error.to_string()),
            (Role::Probe, Ok(decoded)) => self.probe_heard(&decoded.value),
            (Role::Probe, Err(error)) => {
                self.upgrade_failed(&format!("probe error: {error}"), false)
            }
            (Role::Gone, _) => {}
        }
    }

    pub(super) fn ws_binary(&mut self, x: ExchangeId, data: &[u8]) {
        let Some(version) = self.link.as_ref().map(|link| link.version) else {
            return;
        };
        match (self.role(x), message::decode_binary(data, version)) {
            (Role::Session, Ok(decoded)) => self.incoming(decoded.value, TransportName::Websocket),
            (Role::Session, Err(error)) => self.undecodable(&error.to_string()),
            (Role::Probe, _) => {
                let what = "probe error: the server answered with a binary message";
                self.upgrade_failed(what, false);
            }
            (Role::Gone, _) => {}
        }
    }

    pub(super) fn ws_closed(&mut self, x: ExchangeId, end: WsEnd) {
        let described = describe(&end);
        let role = self.role(x);
        // After a violation the other side still has to be told, by a close.
        if matches!(role, Role::Session) && !matches!(end, WsEnd::Violation(_)) {
            self.ws_gone();
        }
        match role {
            Role::Probe => {
                let ended = !matches!(end, WsEnd::Violation(_));
                self.upgrade_failed(&format!("probe error: {described}"), ended);
            }
            Role::Session if matches!(end, WsEnd::Violation(_)) => {
                self.transport_failed("websocket error", &described)
            }
            Role::Session
                if self
                    .link
                    .as_ref()
                    .is_some_and(|link| link.handshake.is_none()) =>
            {
                // The reference reports nothing until its open timer runs out; a debugger says it at once.
                self.connect_failed(
                    "websocket error",
                    &format!("{described} before the Engine.IO handshake"),
                );
            }
            Role::Session => self.transport_closed(&described),
            Role::Gone => {}
        }
    }

    /// One Engine.IO packet of the running session.
    pub(super) fn incoming(&mut self, packet: Packet<'_>, transport: TransportName) {
        let now = self.now;
        let Some(link) = &mut self.link else { return };
        link.last_heard = now;
        let opened = link.handshake.is_some();
        if packet.kind == PacketKind::Open {
            let Some(json) = packet.data.as_text() else {
                return self.undecodable("the handshake is binary");
            };
            return if opened {
                self.reopened(json)
            } else {
                self.opened(json)
            };
        }
        if !opened {
            return self.notice(format!(
                "a {} packet came before the handshake and is ignored, as the official client does",
                packet.kind.name()
            ));
        }
        link.heartbeat.heard(packet.kind, now);
        match packet.kind {
            PacketKind::Message => {
                if packet.data.as_text().is_some_and(|text| !text.is_empty())
                    || packet.data.as_binary().is_some()
                {
                    self.message(&packet);
                } else {
                    self.parse_error("an empty message, where a Socket.IO packet was expected", 0);
                }
            }
            PacketKind::Ping => {
                let data = match packet.data.as_text() {
                    Some("probe") | None => "",
                    Some(data) => data,
                };
                self.pong(data);
            }
            // Over WebSocket the reference ignores a close packet; the frame log shows it.
            PacketKind::Close if transport == TransportName::Polling => {
                self.transport_closed("transport closed by the server");
            }
            PacketKind::Close
            | PacketKind::Pong
            | PacketKind::Upgrade
            | PacketKind::Noop
            | PacketKind::Open => {}
        }
    }

    fn message(&mut self, packet: &Packet<'_>) {
        if self.options.parser == Parser::Msgpack {
            return self.msgpack_message(packet);
        }
        let Some(link) = &mut self.link else { return };
        let version = link.version;
        match &packet.data {
            Data::Text(text) => match link.assembler.push_text(text) {
                Ok(Progress::Packet(decoded)) => self.packet(&decoded.value),
                Ok(Progress::Waiting(_)) => {}
                // The 2.x parser makes an ERROR packet of an unknown type, which its client ignores.
                Err(error)
                    if version == Version::V3
                        && matches!(error.kind, DecodeErrorKind::UnknownSocketType(_)) =>
                {
                    self.notice(format!("{}; ignored, as the 2.x client does", error.kind));
                }
                Err(error) => self.parse_error(&error.kind.to_string(), error.at),
            },
            Data::Binary(data) => match link.assembler.push_binary(Bytes::copy_from_slice(data)) {
                Ok(Some(assembled)) => self.packet(&assembled.value.packet),
                Ok(None) => {}
                Err(error) => {
                    let hint = "does the server use the msgpack parser? Then give --parser msgpack";
                    self.parse_error(&format!("{}; {hint}", error.kind), error.at);
                }
            },
        }
    }

    fn msgpack_message(&mut self, packet: &Packet<'_>) {
        let data = match &packet.data {
            Data::Binary(data) => data,
            // In generation 2 CONNECT, DISCONNECT and ERROR are text.
            Data::Text(text) => {
                return match socket::msgpack::decode_text(text, &Limits::default()) {
                    Ok(decoded) => self.packet(&decoded.value),
                    Err(_) => {
                        let what = "a text message, where the msgpack parser expects binary; is the server's parser the default one?";
                        self.parse_error(what, 0);
                    }
                };
            }
        };
        match socket::msgpack::decode(data, &Limits::default()) {
            Ok(decoded) => self.packet(&decoded.value),
            Err(error) => self.parse_error(&error.kind.to_string(), error.at),
        }
    }

    /// One whole Socket.IO packet.
    fn packet(&mut self, packet: &socket::Packet<'_>) {
        use socket::PacketKind as Kind;
        let nsp = packet.nsp.as_ref();
        match packet.kind {
            Kind::Connect => self.connected(nsp, packet.data.as_deref()),
            Kind::Disconnect => self.server_disconnect(nsp),
            Kind::Event | Kind::BinaryEvent => {
                if let Some(id) = packet.id {
                    self.asked(nsp, id);
                }
                self.note_offset(nsp, packet);
            }
            Kind::Ack | Kind::BinaryAck => {
                if let Some(id) = packet.id {
                    self.answered(nsp, id);
                }
            }
            Kind::ConnectError => self.refused(nsp, packet.data.as_deref()),
        }
    }

    /// Bytes that are no Engine.IO packet.
    pub(super) fn undecodable(&mut self, what: &str) {
        if self
            .link
            .as_ref()
            .is_some_and(|link| link.handshake.is_none())
        {
            return self.connect_failed("server error", &format!("parser error: {what}"));
        }
        self.lost_and_tell(
            "transport error",
            &format!("server error: parser error: {what}"),
        );
    }

    /// A Socket.IO packet that can't be decoded.
    pub(super) fn parse_error(&mut self, what: &str, at: usize) {
        self.lost_and_tell("parse error", &format!("{what} (byte {at} of the packet)"));
    }

    /// True when this connection speaks the older generation.
    pub(super) fn old(&self) -> bool {
        self.link.as_ref().map_or(self.version, |link| link.version) == Version::V3
    }
}

/// How a WebSocket ended, in words.
fn describe(end: &WsEnd) -> String {
    match end {
        WsEnd::Frame { code: None, .. } => {
            "websocket closed with code 1005 (close frame without a code)".to_owned()
        }
        WsEnd::Frame {
            code: Some(code),
            reason,
        } => {
            let meaning = match code {
                1000 => " (normal)",
                1001 => " (going away)",
                1002 => " (protocol error)",
                1003 => " (unsupported data)",
                1007 => " (bad UTF-8)",
                1008 => " (policy violation)",
                1009 => " (message too big)",
                1011 => " (internal error)",
                1012 => " (service restart)",
                1013 => " (try again later)",
                1014 => " (bad gateway)",
                _ => "",
            };
            let reason = if reason.is_empty() {
                String::new()
            } else {
                format!(": {reason:?}")
            };
            format!("websocket closed with code {code}{meaning}{reason}")
        }
        WsEnd::Cut(None) => {
            "websocket closed with code 1006 (no close frame): the connection was cut".to_owned()
        }
        WsEnd::Cut(Some(error)) => {
            format!("websocket closed with code 1006 (no close frame): {error}")
        }
        WsEnd::Violation(what) => what.clone(),
    }
}

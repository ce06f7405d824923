//! Emits, the offline buffer and the write queue.

use super::namespaces::Joined;
use super::upgrade::Stage;
use super::{ExchangeId, Machine, Message, Output, Phase};
use crate::client::command::Emit;
use crate::client::options::Parser;
use crate::journal::record::{self, Body, BufferOp, TransportName};
use crate::protocol::engine::{Packet, message};
use crate::protocol::socket::{self, Limits};

/// Messages handed to the driver and not yet written; the rest waits here, where it is counted.
const IN_FLIGHT: usize = 256;

/// A packet that waits until its namespace is joined.
#[derive(Debug, Clone)]
pub(super) struct Buffered {
    /// Engine.IO packets, contiguous on the wire.
    packets: Vec<Packet<'static>>,
    /// Its text, for the journal.
    text: String,
    /// Its ack id.
    id: Option<u64>,
}

impl Machine {
    /// A Socket.IO packet without binary, as Engine.IO packets.
    pub(super) fn encode(
        &self,
        kind: socket::PacketKind,
        nsp: &str,
        id: Option<u64>,
        data: Option<&str>,
    ) -> Vec<Packet<'static>> {
        let packet = socket::Packet {
            kind,
            attachments: 0,
            nsp: nsp.into(),
            id,
            data: data.map(Into::into),
        };
        match self.options.parser {
            Parser::Default => vec![Packet::message(socket::encode(&packet))],
            Parser::Msgpack if self.old() => {
                vec![Packet::message(socket::msgpack::encode_text(&packet))]
            }
            Parser::Msgpack => match socket::msgpack::encode(&packet, &Limits::default()) {
                Ok(bytes) => vec![Packet::binary(bytes)],
                // Only data that is no JSON fails, and that is checked when it comes in.
                Err(_) => Vec::new(),
            },
        }
    }

    /// An event or ack with its arguments (a JSON array, binary as `{"$binary":…}`), as
    /// Engine.IO packets and as text for the journal.
    pub(super) fn encode_args(
        &self,
        kind: socket::PacketKind,
        nsp: &str,
        id: Option<u64>,
        args: &str,
    ) -> Result<(Vec<Packet<'static>>, String), String> {
        let encoded =
            socket::encode_with_binary(kind, nsp, id, args).map_err(|error| error.to_string())?;
        // What we would not accept ourselves is not sent: no array, no event name, a reserved name.
        let header = socket::Limits {
            max_attachments: u64::MAX,
            ..Limits::default()
        };
        let version = self.link.as_ref().map_or(self.version, |link| link.version);
        socket::decode_text(&encoded.text, &header, version)
            .map_err(|error| error.kind.to_string())?;
        let text = encoded.text;
        if self.options.parser == Parser::Msgpack {
            let packet = socket::Packet {
                kind,
                attachments: 0,
                nsp: nsp.into(),
                id,
                data: Some(args.into()),
            };
            let bytes = socket::msgpack::encode(&packet, &Limits::default())
                .map_err(|error| error.to_string())?;
            return Ok((vec![Packet::binary(bytes)], text));
        }
        let mut packets = vec![Packet::message(text.clone())];
        packets.extend(
            encoded
                .attachments
                .into_iter()
                .map(|bytes| Packet::binary(bytes.to_vec())),
        );
        Ok((packets, text))
    }

    pub(super) fn emit(&mut self, emit: Emit) {
        let nsp = emit.nsp.as_str();
        let index = self.find_or_add(nsp);
        let version = self.link.as_ref().map_or(self.version, |link| link.version);
        let Some(namespace) = self.namespaces.get(index) else {
            return;
        };
        let id = Some(namespace.next_id).filter(|_| emit.ack);
        let path = namespace.path(version);
        let encoded = self.encode_args(socket::PacketKind::Event, path, id, &emit.args);
        let (packets, text) = match encoded {
            Ok(encoded) => encoded,
            Err(error) => return self.notice(format!("not sent: {error}")),
        };
        let writable = self.writable();
        let open = self.phase == Phase::Open;
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let joined = open && namespace.joined == Joined::Yes;
        if emit.volatile && !(joined && writable) {
            let why = if joined {
                "the transport is busy"
            } else {
                "not connected"
            };
            self.record_buffer(nsp, BufferOp::Dropped, &text);
            return self.notice(format!("volatile event dropped: {why}"));
        }
        if id.is_some() {
            namespace.next_id += 1;
        }
        let wanted = namespace.active;
        if joined {
            self.queue_all(packets);
        } else {
            namespace.buffer.push_back(Buffered {
                packets,
                text: text.clone(),
                id,
            });
            self.record_buffer(nsp, BufferOp::Queued, &text);
            if !wanted {
                self.notice(format!("{nsp} is not joined: the event waits until it is"));
            }
        }
        if let Some(id) = id {
            let timeout = emit
                .timeout_ms
                .map(std::time::Duration::from_millis)
                .or(self.options.ack_timeout);
            self.ask(index, id, timeout, joined);
        }
        self.flush();
    }

    fn record_buffer(&mut self, nsp: &str, op: BufferOp, packet: &str) {
        let c = self.c();
        let nsp = nsp.to_owned();
        let packet = packet.to_owned();
        self.record(c, Body::Buffer(record::Buffer { nsp, op, packet }));
    }

    /// The namespace was joined: what waited goes out, in order.
    pub(super) fn flush_buffer(&mut self, index: usize) {
        let now = self.now;
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let nsp = namespace.name.clone();
        let buffer = std::mem::take(&mut namespace.buffer);
        for buffered in &buffer {
            if let Some(question) = buffered.id.and_then(|id| namespace.pending.get_mut(&id)) {
                question.sent = true;
                // The latency counts from here; the timeout went on since the emit.
                question.asked = now;
            }
        }
        for buffered in buffer {
            self.record_buffer(&nsp, BufferOp::Flushed, &buffered.text);
            self.queue_all(buffered.packets);
        }
        self.flush();
    }

    /// Takes a packet out of the buffer for good.
    pub(super) fn unbuffer(&mut self, index: usize, id: u64) {
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let nsp = namespace.name.clone();
        let Some(at) = namespace
            .buffer
            .iter()
            .position(|buffered| buffered.id == Some(id))
        else {
            return;
        };
        if let Some(buffered) = namespace.buffer.remove(at) {
            self.record_buffer(&nsp, BufferOp::Dropped, &buffered.text);
        }
    }

    /// Appends to the write queue.
    pub(super) fn queue(&mut self, packet: Packet<'static>) {
        if let Some(link) = &mut self.link {
            link.queue.push_back(packet);
        }
    }

    /// The transport could take a packet right now.
    fn writable(&self) -> bool {
        let Some(link) = &self.link else { return false };
        let pausing = link
            .probe
            .as_ref()
            .is_some_and(|probe| probe.stage == Stage::Pausing);
        link.queue.is_empty()
            && match link.transport {
                TransportName::Polling => link.post.is_none() && !pausing,
                TransportName::Websocket => link.ws_in_flight < IN_FLIGHT,
            }
    }

    /// Writes what can be written.
    pub(super) fn flush(&mut self) {
        match self.link.as_ref().map(|link| link.transport) {
            Some(TransportName::Polling) => self.post(),
            Some(TransportName::Websocket) => self.flush_ws(IN_FLIGHT),
            None => {}
        }
    }

    /// Writes the whole queue, before a close.
    pub(super) fn flush_all(&mut self) {
        self.flush_ws(usize::MAX);
    }

    fn flush_ws(&mut self, limit: usize) {
        while let Some(link) = &mut self.link {
            let Some(x) = link.ws else { return };
            let closed = limit < usize::MAX && link.ending.as_ref().is_some_and(|e| e.close_sent);
            if link.ws_in_flight >= limit || link.handshake.is_none() || closed {
                return;
            }
            let Some(packet) = link.queue.pop_front() else {
                return;
            };
            link.ws_in_flight += 1;
            self.send_on(x, &packet);
        }
    }

    /// Writes one packet on a WebSocket.
    pub(super) fn send_on(&mut self, x: ExchangeId, packet: &Packet<'_>) {
        let Some(link) = &self.link else { return };
        let message = match message::encode(packet, link.version, false) {
            message::Message::Text(text) => Message::Text(text),
            message::Message::Binary(bytes) => Message::Binary(bytes.into()),
        };
        self.out.push_back(Output::SendWs { x, message });
    }

    /// A POST was answered.
    pub(super) fn written(&mut self) {
        self.paused();
        self.flush();
        self.ending_may_go_on();
    }

    pub(super) fn ws_written(&mut self, x: ExchangeId, messages: usize) {
        if let Some(link) = &mut self.link
            && link.ws == Some(x)
        {
            link.ws_in_flight = link.ws_in_flight.saturating_sub(messages);
            self.flush();
        }
    }
}

//! Emits and the write queue.

use super::buffer::Buffered;
use super::namespaces::Joined;
use super::queue::MOST_BYTES;
use super::upgrade::Stage;
use super::{ExchangeId, Machine, Message, Output, Phase};
use crate::client::command::Emit;
use crate::client::options::Parser;
use crate::journal::record::{BufferOp, TransportName};
use crate::protocol::engine::{Packet, message};
use crate::protocol::socket::{self, Limits};

/// Events that may wait in the buffer of one namespace.
const MOST_BUFFERED: usize = 100_000;
/// Messages handed to the driver and not yet written; the rest waits here, where it is counted.
const IN_FLIGHT: usize = 256;

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
        let full = self.link.as_ref().is_some_and(|link| link.queue.is_full());
        let (open, held) = (self.phase == Phase::Open, self.held);
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let joined = open && !held && namespace.joined == Joined::Yes;
        if emit.volatile && !(joined && writable) {
            let why = match (joined, held) {
                (true, _) => "the transport is busy",
                (false, true) => "events are held back",
                (false, false) => "not connected",
            };
            self.record_buffer(nsp, BufferOp::Dropped, &text);
            return self.notice(format!("volatile event dropped: {why}"));
        }
        if !joined && namespace.buffer.len() >= MOST_BUFFERED {
            self.record_buffer(nsp, BufferOp::Dropped, &text);
            return self.notice(format!(
                "not sent: {MOST_BUFFERED} events wait for {nsp} already"
            ));
        }
        if joined && full {
            self.record_buffer(nsp, BufferOp::Dropped, &text);
            let waiting = MOST_BYTES >> 20;
            return self.notice(format!(
                "not sent: the server does not read, and {waiting} MiB wait for it already"
            ));
        }
        if id.is_some() {
            namespace.next_id += 1;
        }
        let wanted = namespace.active;
        if joined {
            self.queue_all(packets);
        } else {
            let waits = Buffered::new(packets, text.clone(), id);
            namespace.buffer.push_back(waits);
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

    /// Appends to the write queue.
    pub(super) fn queue(&mut self, packet: Packet<'static>) {
        if let Some(link) = &mut self.link {
            link.queue.push(packet);
        }
    }

    /// Queues packets that are contiguous on the wire.
    pub(super) fn queue_all(&mut self, packets: Vec<Packet<'static>>) {
        for packet in packets {
            self.queue(packet);
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
            let Some(packet) = link.queue.pop() else {
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

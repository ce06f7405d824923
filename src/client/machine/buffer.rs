//! The offline buffer: what waits until its namespace is joined, or until it is let go.
//!
//! The reference clients send what waits as soon as the namespace is joined (socket.io-client
//! `socket.ts`, `emitBuffered`). Here a person may look at it first: hold it back, change it,
//! drop it, and let it go.

use super::namespaces::Joined;
use super::{Machine, Phase};
use crate::journal::record::{self, Body, BufferOp, Mark};
use crate::protocol::engine::Packet;
use crate::protocol::socket::PacketKind;

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

impl Buffered {
    pub(super) fn new(packets: Vec<Packet<'static>>, text: String, id: Option<u64>) -> Buffered {
        Buffered { packets, text, id }
    }
}

impl Machine {
    pub(super) fn record_buffer(&mut self, nsp: &str, op: BufferOp, packet: &str) {
        let (c, nsp) = (self.c(), self.label(nsp));
        let packet = packet.to_owned();
        self.record(c, Body::Buffer(record::Buffer { nsp, op, packet }));
    }

    /// The namespace was joined: what waited goes out, in order, unless it is held back.
    pub(super) fn flush_buffer(&mut self, index: usize) {
        let now = self.now;
        if self.held {
            return;
        }
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

    /// Takes the packet of a question out of the buffer for good.
    pub(super) fn unbuffer(&mut self, index: usize, id: u64) {
        let at = self.namespaces.get(index).and_then(|namespace| {
            let mut waiting = namespace.buffer.iter();
            waiting.position(|buffered| buffered.id == Some(id))
        });
        if let Some(at) = at {
            self.drop_buffered(index, at);
        }
    }

    fn drop_buffered(&mut self, index: usize, at: usize) -> Option<Buffered> {
        let namespace = self.namespaces.get_mut(index)?;
        let nsp = namespace.name.clone();
        let buffered = namespace.buffer.remove(at)?;
        self.record_buffer(&nsp, BufferOp::Dropped, &buffered.text);
        Some(buffered)
    }

    /// Nothing leaves the buffer by itself from now on, and every event goes into it.
    pub(super) fn hold(&mut self) {
        if self.held {
            return self.notice("events are held back already".to_owned());
        }
        self.held = true;
        self.mark("events are held back from here on");
    }

    /// What waits for joined namespaces goes out, and nothing is held back any more.
    pub(super) fn release(&mut self) {
        if self.held {
            self.held = false;
            self.mark("events are let go again");
        }
        let mut waiting = 0;
        for index in 0..self.namespaces.len() {
            let joined = self
                .namespaces
                .get(index)
                .is_some_and(|namespace| namespace.joined == Joined::Yes);
            if joined && self.phase == Phase::Open {
                self.flush_buffer(index);
            }
            waiting += self
                .namespaces
                .get(index)
                .map_or(0, |namespace| namespace.buffer.len());
        }
        if waiting > 0 {
            let s = if waiting == 1 { "" } else { "s" };
            self.notice(format!(
                "{waiting} event{s} still wait: their namespaces are not joined"
            ));
        }
    }

    /// A person drops what waits.
    pub(super) fn unbuffer_text(&mut self, nsp: &str, packet: &str) {
        let Some((index, at)) = self.buffered_at(nsp, packet) else {
            return self.not_there(nsp, packet);
        };
        if let Some(Buffered { id: Some(id), .. }) = self.drop_buffered(index, at) {
            self.forget_question(index, id);
        }
    }

    /// A person changes what waits.
    pub(super) fn rebuffer(&mut self, nsp: &str, packet: &str, args: &str) {
        let Some((index, at)) = self.buffered_at(nsp, packet) else {
            return self.not_there(nsp, packet);
        };
        let version = self.link.as_ref().map_or(self.version, |link| link.version);
        let Some(namespace) = self.namespaces.get(index) else {
            return;
        };
        let id = namespace.buffer.get(at).and_then(|buffered| buffered.id);
        let (name, path) = (namespace.name.clone(), namespace.path(version).to_owned());
        match self.encode_args(PacketKind::Event, &path, id, args) {
            Ok((packets, text)) => {
                let place = self
                    .namespaces
                    .get_mut(index)
                    .and_then(|namespace| namespace.buffer.get_mut(at));
                if let Some(place) = place {
                    *place = Buffered::new(packets, text.clone(), id);
                }
                self.record_buffer(&name, BufferOp::Dropped, packet);
                self.record_buffer(&name, BufferOp::Queued, &text);
            }
            Err(error) => self.notice(format!("not changed: {error}")),
        }
    }

    fn buffered_at(&self, nsp: &str, packet: &str) -> Option<(usize, usize)> {
        let index = self.find(nsp)?;
        let mut waiting = self.namespaces.get(index)?.buffer.iter();
        Some((index, waiting.position(|one| one.text == packet)?))
    }

    fn not_there(&mut self, nsp: &str, packet: &str) {
        self.notice(format!(
            "{packet} does not wait for {nsp} any more: it was sent or dropped meanwhile"
        ));
    }

    fn mark(&mut self, text: &str) {
        let text = text.to_owned();
        self.record(None, Body::Mark(Mark { text }));
    }
}

//! Packets that wait to be written, with their size: a peer that does not read must not make us
//! grow without end.

use std::collections::VecDeque;

use crate::protocol::engine::{Packet, PacketKind};

/// Bytes that may wait. The official client has no limit; a debugger says it instead.
pub(super) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The write queue of a connection, oldest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    packets: VecDeque<Packet<'static>>,
    bytes: usize,
}

impl Queue {
    /// Appends. A pong behind a pong that still waits says nothing new and is left out.
    pub(super) fn push(&mut self, packet: Packet<'static>) {
        if packet.kind == PacketKind::Pong && self.packets.back() == Some(&packet) {
            return;
        }
        self.bytes = self.bytes.saturating_add(packet.data.len());
        self.packets.push_back(packet);
    }

    /// Takes the oldest.
    pub(super) fn pop(&mut self) -> Option<Packet<'static>> {
        let packet = self.packets.pop_front()?;
        self.bytes = self.bytes.saturating_sub(packet.data.len());
        Some(packet)
    }

    /// Takes so many of the oldest.
    pub(super) fn take(&mut self, count: usize) -> Vec<Packet<'static>> {
        (0..count).map_while(|_| self.pop()).collect()
    }

    /// All of them, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Packet<'static>> {
        self.packets.iter()
    }

    pub(super) fn clear(&mut self) {
        *self = Queue::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// No further event is taken until some of it is written.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MOST_BYTES
    }
}

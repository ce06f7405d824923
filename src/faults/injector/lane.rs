//! One direction of one connection: packets with their attachments, what is held back, and when
//! the next may go on.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use crate::journal::record::{Direction, TransportName};
use crate::protocol::engine::url::split_namespace_query;
use crate::protocol::engine::{Data, Packet};
use crate::protocol::socket::{self, Limits, PacketKind};

/// How long an event is held back for another one to overtake it.
const HELD: Duration = Duration::from_secs(2);
/// Pieces of one event that are kept for it to be repeated or held back.
const MOST_PIECES: usize = 1_000;

/// One direction of one connection.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Attachments of the current packet that are still to come.
    missing: u64,
    mode: Mode,
    /// Pieces of the current packet, to be repeated.
    copy: Vec<Packet<'static>>,
    held: Option<Held>,
    /// The transport that packets crossed on last.
    pub(super) transport: Option<TransportName>,
    /// When what crossed last may go on.
    last: Option<Instant>,
    /// When a throttle lets the next through.
    free_at: Option<Instant>,
}

/// What becomes of the attachments of the current packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    #[default]
    Pass,
    Swallow,
    Repeat,
    Hold,
}

/// An event that another one is to overtake.
#[derive(Debug)]
struct Held {
    packets: Vec<Packet<'static>>,
    since: Instant,
}

/// What is to be done with a Socket.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Pass,
    Swallow,
    Repeat,
    Hold,
}

/// What a Socket.IO packet says of itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Info {
    pub(super) kind: PacketKind,
    pub(super) nsp: String,
    pub(super) event: Option<String>,
    pub(super) id: Option<u64>,
    pub(super) attachments: u64,
}

impl Info {
    /// Reads the head of a message; `None` for an attachment and for what can't be read.
    pub(super) fn read(packet: &Packet<'_>) -> Option<Info> {
        match &packet.data {
            Data::Text(text) => {
                let peek = socket::peek(text)?;
                let event = peek.event.map(str::to_owned).or_else(|| {
                    let packet = socket::Packet {
                        kind: peek.kind,
                        attachments: peek.attachments,
                        nsp: Cow::Borrowed(peek.nsp),
                        id: peek.id,
                        data: text.get(peek.json_at..).map(Cow::Borrowed),
                    };
                    packet.event_name().map(Cow::into_owned)
                });
                Some(Info {
                    kind: peek.kind,
                    nsp: split_namespace_query(peek.nsp).0.to_owned(),
                    event,
                    id: peek.id,
                    attachments: peek.attachments,
                })
            }
            Data::Binary(bytes) if socket::msgpack::looks_like(bytes) => {
                let packet = socket::msgpack::decode(bytes, &Limits::default())
                    .ok()?
                    .value;
                Some(Info {
                    kind: packet.kind,
                    nsp: split_namespace_query(&packet.nsp).0.to_owned(),
                    event: packet.event_name().map(Cow::into_owned),
                    id: packet.id,
                    // The buffers are inside.
                    attachments: 0,
                })
            }
            Data::Binary(_) => None,
        }
    }

    /// In words: `event "say" on /chat`.
    pub(super) fn words(&self) -> String {
        let what = match (&self.event, self.id) {
            (Some(event), _) => format!("event {event:?}"),
            (None, Some(id)) if self.kind.is_ack() => format!("ack {id}"),
            (None, _) => format!("the {} packet", self.kind.name()),
        };
        match self.nsp.as_str() {
            "/" => what,
            nsp => format!("{what} on {nsp}"),
        }
    }
}

impl Lane {
    /// A message begins the next Socket.IO packet, or is an attachment of the current one.
    pub(super) fn awaits_attachment(&self, packet: &Packet<'_>) -> bool {
        self.missing > 0 && packet.data.is_binary()
    }

    pub(super) fn holds(&self) -> bool {
        self.held.is_some()
    }

    /// The head of a Socket.IO packet with its fate; `None` passes it as it is.
    pub(super) fn head(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        info: &Info,
        unit: Unit,
    ) -> Option<Vec<Packet<'static>>> {
        // A text message in the middle of attachments is the peers' mistake, not ours.
        self.missing = info.attachments;
        self.copy.clear();
        let whole = self.missing == 0;
        self.mode = match unit {
            Unit::Pass => Mode::Pass,
            Unit::Swallow => Mode::Swallow,
            Unit::Repeat => Mode::Repeat,
            Unit::Hold => Mode::Hold,
        };
        match unit {
            Unit::Pass if whole && info.kind.is_event() => self.overtaken(packet),
            Unit::Pass => None,
            Unit::Swallow => Some(Vec::new()),
            Unit::Repeat if whole => {
                let twice = vec![packet.clone().into_owned(), packet.clone().into_owned()];
                Some(twice)
            }
            Unit::Repeat => {
                self.copy.push(packet.clone().into_owned());
                None
            }
            Unit::Hold => {
                self.held = Some(Held {
                    packets: vec![packet.clone().into_owned()],
                    since: now,
                });
                Some(Vec::new())
            }
        }
    }

    /// An attachment of the current packet.
    pub(super) fn attachment(&mut self, packet: &Packet<'_>) -> Option<Vec<Packet<'static>>> {
        self.missing = self.missing.saturating_sub(1);
        let whole = self.missing == 0;
        match self.mode {
            Mode::Pass if whole => self.overtaken(packet),
            Mode::Pass => None,
            Mode::Swallow => Some(Vec::new()),
            Mode::Repeat => {
                if self.copy.len() < MOST_PIECES {
                    self.copy.push(packet.clone().into_owned());
                }
                if !whole {
                    return None;
                }
                let mut out = vec![packet.clone().into_owned()];
                out.append(&mut self.copy);
                Some(out)
            }
            Mode::Hold => {
                if let Some(held) = &mut self.held
                    && held.packets.len() < MOST_PIECES
                {
                    held.packets.push(packet.clone().into_owned());
                }
                Some(Vec::new())
            }
        }
    }

    /// The last piece of a packet, and what it has overtaken behind it.
    fn overtaken(&mut self, packet: &Packet<'_>) -> Option<Vec<Packet<'static>>> {
        let held = self.held.take()?;
        let mut out = vec![packet.clone().into_owned()];
        out.extend(held.packets);
        Some(out)
    }

    /// When what is held back goes on without having been overtaken.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.held
            .as_ref()
            .and_then(|held| held.since.checked_add(HELD))
    }

    /// What was held back for too long; nothing in the middle of another packet.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<Packet<'static>> {
        let due = self.deadline().is_some_and(|at| at <= now);
        if !due || self.missing > 0 {
            return Vec::new();
        }
        self.held
            .take()
            .map(|held| held.packets)
            .unwrap_or_default()
    }

    /// When something may go on that could go on at `until`: never before what came before it.
    pub(super) fn in_order(&mut self, now: Instant, until: Option<Instant>) -> Option<Instant> {
        let last = self.last.filter(|last| *last > now);
        let until = until.max(last)?;
        self.last = Some(until);
        Some(until)
    }

    /// When `bytes` more have passed at `rate` bytes a second.
    pub(super) fn throttled(&mut self, now: Instant, bytes: usize, rate: u64) -> Instant {
        let begin = self.free_at.map_or(now, |at| at.max(now));
        let seconds = bytes as f64 / rate.max(1) as f64;
        let takes = Duration::try_from_secs_f64(seconds.min(86_400.0)).unwrap_or_default();
        let until = begin.checked_add(takes).unwrap_or(begin);
        self.free_at = Some(until);
        until
    }

    /// Nothing of it matters any more.
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        let over = |at: Option<Instant>| at.is_none_or(|at| at <= now);
        self.held.is_none()
            && (self.missing == 0 || self.mode == Mode::Pass)
            && over(self.last)
            && over(self.free_at)
    }
}

/// `to the server`, `to the client`.
pub(super) fn way(dir: Direction) -> &'static str {
    match dir {
        Direction::ToServer => "to the server",
        Direction::ToClient => "to the client",
    }
}

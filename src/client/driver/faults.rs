//! Failures made on purpose: asks the injector and does what it says.
//!
//! Whatever ends or holds back is done from the driver's loop ([`Driver::carry_faults`]), never
//! in the middle of reading: what a fault asks for waits in [`Failing`] until then.
//!
//! Here are what waits and when it is done; `request.rs` asks about requests and responses,
//! `message.rs` about WebSocket messages, and `end.rs` cuts and freezes.

mod end;
mod message;
mod request;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::Driver;
use crate::client::machine::{ExchangeId, Wire, WsEnd};
use crate::faults::{self, End, Fault, Message, Place, Refused, Strike, There};
use crate::journal::record::{
    self, Body, ConnectionState, Direction, Fault as FaultRecord, TransportName,
};
use crate::protocol::engine::{Revision, Version};

pub(super) use request::Asking;

/// What faults have to do.
#[derive(Default)]
pub(super) struct Failing {
    /// WebSockets that are to end.
    cuts: VecDeque<(ExchangeId, End)>,
    /// Connections over polling that are to end.
    polls: VecDeque<(u32, End)>,
    /// Messages that are held back.
    held: HashMap<(ExchangeId, Direction), Held>,
    /// Requests that are held back, and whether they were sent.
    unsent: HashMap<ExchangeId, Arc<AtomicBool>>,
    /// Something that strikes by itself may find its moment.
    strikes: bool,
    /// The latest connection and its attempt.
    attempt: (u32, u32),
}

/// Messages of one WebSocket and direction that are held back.
#[derive(Default)]
struct Held {
    c: u32,
    items: VecDeque<(Instant, Item)>,
}

/// What is held back.
enum Item {
    /// A message, and how many of the machine's it stands for.
    Message(Message, usize),
    /// The end of the WebSocket.
    End(WsEnd),
}

impl Failing {
    /// Whether this request was given up before it was sent: there is nothing to answer.
    pub(super) fn never_sent(&mut self, x: ExchangeId) -> bool {
        let sent = self.unsent.remove(&x);
        sent.is_some_and(|sent| !sent.load(Ordering::Acquire))
    }

    /// Puts the end of a WebSocket behind the messages that are held back; gives it back where
    /// there are none.
    pub(super) fn hold_end(&mut self, x: ExchangeId, end: WsEnd) -> Option<WsEnd> {
        let Some(held) = self.held.get_mut(&(x, Direction::ToClient)) else {
            return Some(end);
        };
        let Some((at, _)) = held.items.back() else {
            return Some(end);
        };
        let at = *at;
        held.items.push_back((at, Item::End(end)));
        None
    }

    fn hold(&mut self, x: ExchangeId, c: u32, dir: Direction, at: Instant, item: Item) {
        let held = self.held.entry((x, dir)).or_default();
        held.c = c;
        held.items.push_back((at, item));
    }

    fn holds(&self, x: ExchangeId, dir: Direction) -> bool {
        !self.held.is_empty() && self.held.contains_key(&(x, dir))
    }

    fn ends(&self, x: ExchangeId) -> bool {
        self.cuts.iter().any(|(cut, _)| *cut == x)
    }
}

impl Driver {
    /// A person asks for a fault, on the connection `c` or on any.
    pub(super) fn arm(&mut self, fault: Fault, c: Option<u32>) {
        let wire = self.machine.wire().filter(|wire| wire.open);
        let armed = match c {
            None => self.injector.arm(fault),
            Some(c) if wire.is_some_and(|wire| wire.c == c) => self.injector.arm_on(fault, c),
            Some(c) => Err(Refused::Gone { c }),
        };
        if let Err(refused) = armed {
            return self.notices.push(refused.to_string());
        }
        self.failing.strikes = true;
        let there = wire.map_or(There::Nothing, |wire| There::Open(wire.transport));
        // Before the first connection what acts on any is no news: it acts as soon as there is one.
        if (there != There::Nothing || fault.entry().over.len() == 1)
            && let Some(what) = faults::waits_for(fault, there)
        {
            self.notices.push(format!("{fault} waits for {what}"));
        }
    }

    /// The session is over: says what was armed in vain.
    pub(super) fn tell_unstruck(&self) {
        if let Some(text) = faults::never_struck(&self.injector.unstruck()) {
            self.notices.push(text);
        }
    }

    /// A person has had enough.
    pub(super) fn clear_faults(&mut self) {
        let cleared: Vec<String> = self.injector.clear().iter().map(Fault::to_string).collect();
        let text = match cleared.as_slice() {
            [] => "faults cleared".to_owned(),
            list => format!("faults cleared: {}", list.join(", ")),
        };
        self.record(None, &Body::Mark(record::Mark { text }));
    }

    /// When held messages go on.
    pub(super) fn faults_deadline(&self) -> Option<Instant> {
        let held = self.failing.held.values();
        let next = held
            .filter(|held| !self.injector.frozen(held.c))
            .filter_map(|held| held.items.front().map(|(at, _)| *at))
            .min();
        [next, self.injector.deadline()].into_iter().flatten().min()
    }

    /// Does what faults have asked for. Costs nothing without any.
    pub(super) fn carry_faults(&mut self) {
        let frozen = self.readers.iter().any(|reader| reader.frozen);
        if self.injector.is_idle() && self.failing.held.is_empty() && !frozen {
            self.failing.strikes = false;
            if self.failing.cuts.is_empty() && self.failing.polls.is_empty() {
                return;
            }
        }
        if std::mem::take(&mut self.failing.strikes) {
            self.strike();
        }
        loop {
            if let Some((x, end)) = self.failing.cuts.pop_front() {
                self.cut_ws(x, end);
            } else if let Some((c, end)) = self.failing.polls.pop_front() {
                self.cut_exchanges(c, &end);
            } else {
                break;
            }
            self.carry_out();
        }
        let now = Instant::now();
        for (c, dir, messages) in self.injector.due(now) {
            let ws = self.machine.wire().filter(|wire| wire.c == c);
            if let Some(x) = ws.and_then(|wire| wire.ws) {
                for message in messages {
                    self.hand_on(now, x, c, dir, message, 0, None);
                }
            }
        }
        self.deliver_held(now);
        self.carry_out();
        self.freeze_and_thaw();
    }

    /// Faults that look for an open connection.
    fn strike(&mut self) {
        let now = Instant::now();
        while let Some(wire) = self.machine.wire().filter(|wire| wire.open) {
            let place = self.place(wire.c, wire.transport);
            let Some(struck) = self.injector.strike(now, &place) else {
                return;
            };
            self.tell(wire.c, struck.told);
            match (struck.what, wire.ws) {
                (Strike::End(end), Some(x)) if wire.transport == TransportName::Websocket => {
                    self.failing.cuts.push_back((x, end));
                    return;
                }
                (Strike::End(end), _) => {
                    self.failing.polls.push_back((wire.c, end));
                    return;
                }
                (Strike::Inject(dir, message), Some(x)) => {
                    self.hand_on(now, x, wire.c, dir, message, 0, None);
                    self.carry_out();
                }
                (Strike::Freeze | Strike::Inject(..), _) => {}
            }
        }
    }

    /// Where something of this connection crosses.
    fn place(&self, c: u32, transport: TransportName) -> Place {
        let wire = self.machine.wire().filter(|wire| wire.c == c);
        let (latest, attempt) = self.failing.attempt;
        Place {
            c,
            attempt: if latest == c { attempt } else { 0 },
            transport,
            version: wire.map_or(Version::V4, |wire: Wire| wire.version),
            revision: wire.map_or(Revision::default(), |wire| wire.revision),
            max_payload: wire.and_then(|wire| wire.max_payload),
        }
    }

    fn tell(&self, c: u32, told: Vec<FaultRecord>) {
        for fault in told {
            self.record(Some(c), &Body::Fault(fault));
        }
    }

    /// Follows the records that the machine writes: connections begin, open and end.
    pub(super) fn note_connection(&mut self, c: Option<u32>, body: &Body) {
        match (c, body) {
            (Some(c), Body::Connection(connection)) => match connection.state {
                ConnectionState::Connecting => {
                    self.failing.attempt = (c, connection.attempt.unwrap_or(0));
                }
                ConnectionState::Open => self.failing.strikes = true,
                ConnectionState::Closed => self.injector.closed(c),
                ConnectionState::Waiting | ConnectionState::GaveUp => {}
            },
            (_, Body::Transport(transport)) => {
                self.failing.strikes |= transport.state == record::TransportState::Open;
            }
            _ => {}
        }
    }
}

//! WebSocket messages before they cross, and those that are held back.

use std::time::Instant;

use super::Item;
use crate::client::driver::Driver;
use crate::client::driver::socket::Write;
use crate::client::machine::{ExchangeId, Input, Message as Outgoing};
use crate::faults::{Message, MessageDo};
use crate::journal::record::{Direction, TransportName};
use crate::protocol::websocket::{Message as Frame, Op};

impl Driver {
    /// A message of the machine for a WebSocket.
    pub(in crate::client::driver) fn send(&mut self, x: ExchangeId, message: Outgoing) {
        if self.injector.is_idle()
            && self.failing.cuts.is_empty()
            && !self.failing.holds(x, Direction::ToServer)
        {
            return self.write(x, Write::Message(message));
        }
        let now = Instant::now();
        let Some(c) = self.writers.get(&x).map(|writer| writer.c) else {
            return;
        };
        if self.failing.ends(x) {
            // It would have gone to the end that comes.
            return;
        }
        let message = match message {
            Outgoing::Text(text) => Message::Text(text.into()),
            Outgoing::Binary(data) => Message::Binary(data),
        };
        if self.injector.frozen(c) {
            return self.write(x, Write::Made(message, 1));
        }
        self.cross(now, x, c, Direction::ToServer, message);
    }

    /// Asks about a message that has come; false where nothing has to be asked.
    pub(in crate::client::driver) fn fails_in(
        &mut self,
        now: Instant,
        x: ExchangeId,
        c: u32,
        frame: &Frame,
    ) -> bool {
        if self.injector.is_idle() && !self.failing.holds(x, Direction::ToClient) {
            return false;
        }
        let message = match frame.op {
            Op::Text if std::str::from_utf8(&frame.data).is_ok() => {
                Message::Text(frame.data.clone())
            }
            Op::Binary => Message::Binary(frame.data.clone()),
            _ => return false,
        };
        self.cross(now, x, c, Direction::ToClient, message);
        true
    }

    fn cross(&mut self, now: Instant, x: ExchangeId, c: u32, dir: Direction, message: Message) {
        let place = self.place(c, TransportName::Websocket);
        let verdict = self.injector.message(now, &place, dir, &message);
        self.tell(c, verdict.told);
        let messages = match verdict.what {
            MessageDo::Pass => vec![message],
            MessageDo::Become(messages) => messages,
        };
        if messages.is_empty() && dir == Direction::ToServer {
            // To the machine it is written.
            self.machine
                .handle(now, Input::WsWritten { x, messages: 1 });
        }
        for (at, message) in messages.into_iter().enumerate() {
            let counts = usize::from(at == 0);
            self.hand_on(now, x, c, dir, message, counts, verdict.until);
        }
        if let Some(end) = verdict.then {
            self.failing.cuts.push_back((x, end));
        }
    }

    /// Hands a message on in its direction, at its time.
    #[expect(clippy::too_many_arguments, reason = "what, where, when")]
    pub(super) fn hand_on(
        &mut self,
        now: Instant,
        x: ExchangeId,
        c: u32,
        dir: Direction,
        message: Message,
        counts: usize,
        until: Option<Instant>,
    ) {
        if until.is_some() || self.failing.holds(x, dir) {
            let at = until.unwrap_or(now);
            return self
                .failing
                .hold(x, c, dir, at, Item::Message(message, counts));
        }
        self.pass(now, x, dir, message, counts);
    }

    fn pass(
        &mut self,
        now: Instant,
        x: ExchangeId,
        dir: Direction,
        message: Message,
        counts: usize,
    ) {
        if dir == Direction::ToServer {
            return self.write(x, Write::Made(message, counts));
        }
        match &message {
            Message::Text(data) => {
                let text = String::from_utf8_lossy(data);
                self.machine.handle(now, Input::WsText { x, text: &text });
            }
            Message::Binary(data) => self.machine.handle(now, Input::WsBinary { x, data }),
            Message::Raw(_) => {}
        }
    }

    /// Hands on what was held back long enough.
    pub(super) fn deliver_held(&mut self, now: Instant) {
        let due: Vec<(ExchangeId, Direction)> = self
            .failing
            .held
            .iter()
            .filter(|(_, held)| !self.injector.frozen(held.c))
            .map(|(key, _)| *key)
            .collect();
        for (x, dir) in due {
            self.deliver(now, x, dir, false);
        }
    }

    /// Hands on what is held back for the server at once: its end comes.
    pub(in crate::client::driver) fn release_held(&mut self, x: ExchangeId) {
        if self.failing.holds(x, Direction::ToServer) {
            self.deliver(Instant::now(), x, Direction::ToServer, true);
        }
    }

    fn deliver(&mut self, now: Instant, x: ExchangeId, dir: Direction, all: bool) {
        while let Some(held) = self.failing.held.get_mut(&(x, dir)) {
            let due = held.items.front().is_some_and(|(at, _)| all || *at <= now);
            let item = due.then(|| held.items.pop_front()).flatten();
            match item {
                Some((_, Item::Message(message, counts))) => {
                    self.pass(now, x, dir, message, counts);
                }
                Some((_, Item::End(end))) => self.machine.handle(now, Input::WsClosed { x, end }),
                None => {
                    if held.items.is_empty() {
                        self.failing.held.remove(&(x, dir));
                    }
                    return;
                }
            }
        }
    }

    pub(super) fn forget_held(&mut self, x: ExchangeId) {
        self.failing.held.remove(&(x, Direction::ToServer));
        self.failing.held.remove(&(x, Direction::ToClient));
    }
}

//! Failures made on purpose: asks the injector and does what it says.
//!
//! Whatever ends or holds back is done from the driver's loop ([`Driver::carry_faults`]), never
//! in the middle of reading: what a fault asks for waits in [`Failing`] until then.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;

use super::exchange::Late;
use super::socket::Write;
use super::{Done, Driver};
use crate::client::machine::{ExchangeId, Input, Message as Outgoing, Wire, WsEnd};
use crate::faults::{
    Answered, Asked, End, EndDo, Fault, Message, MessageDo, Place, RequestDo, RequestKind,
    ResponseDo, Strike, Verdict,
};
use crate::journal::record::{
    self, Body, ConnectionState, Direction, Fault as FaultRecord, TransportName,
};
use crate::protocol::engine::{Revision, Version};
use crate::protocol::websocket::handshake::header;
use crate::protocol::websocket::{Message as Frame, Op};

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

/// What becomes of a request.
pub(super) enum Asking {
    /// It is sent, not before this time.
    Send(Option<Instant>),
    /// It is not sent; all that follows is done.
    Done,
}

/// A wait before a request is sent.
pub(super) type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

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
    /// A person asks for a fault.
    pub(super) fn arm(&mut self, fault: Fault) {
        match self.injector.arm(fault) {
            Ok(()) => self.failing.strikes = true,
            Err(refused) => self.notices.push(refused.to_string()),
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

    /// Asks about a polling request; changes it where a fault does.
    pub(super) fn asked(
        &mut self,
        x: ExchangeId,
        c: u32,
        kind: RequestKind,
        url: &mut String,
        content_type: &mut Option<&'static str>,
        body: &mut Bytes,
    ) -> Asking {
        let place = self.place(c, TransportName::Polling);
        let asked = Asked {
            kind,
            url,
            content_type: *content_type,
            body,
        };
        let now = Instant::now();
        let verdict = self.injector.request(now, &place, &asked);
        self.tell(c, verdict.told);
        match verdict.what {
            RequestDo::Pass => return Asking::Send(verdict.until),
            RequestDo::Change {
                url: other,
                content_type: kind,
                body: bytes,
            } => {
                *url = other.unwrap_or_else(|| std::mem::take(url));
                *content_type = kind.or(*content_type);
                *body = bytes.unwrap_or_else(|| std::mem::take(body));
                return Asking::Send(verdict.until);
            }
            RequestDo::Answer(answer) => {
                let headers = vec![("Content-Type".to_owned(), answer.content_type.to_owned())];
                let input = Input::HttpResponse {
                    x,
                    status: answer.status,
                    headers: &headers,
                    body: &answer.body,
                };
                self.machine.handle(now, input);
            }
            RequestDo::NeverAnswer => {}
            RequestDo::Cut(end) => {
                self.part(&end);
                let error = cut_words(&end).to_owned();
                self.machine.handle(now, Input::HttpFailed { x, error });
            }
        }
        Asking::Done
    }

    /// Asks about the request for a WebSocket.
    pub(super) fn asked_ws(&mut self, x: ExchangeId, c: u32, url: &mut String) -> Asking {
        let place = self.place(c, TransportName::Websocket);
        let asked = Asked {
            kind: RequestKind::Upgrade,
            url,
            content_type: None,
            body: &Bytes::new(),
        };
        let now = Instant::now();
        let verdict = self.injector.request(now, &place, &asked);
        self.tell(c, verdict.told);
        let error = match verdict.what {
            RequestDo::Pass => return Asking::Send(verdict.until),
            RequestDo::Change { url: other, .. } => {
                *url = other.unwrap_or_else(|| std::mem::take(url));
                return Asking::Send(verdict.until);
            }
            RequestDo::NeverAnswer => return Asking::Done,
            RequestDo::Answer(answer) => {
                format!("the upgrade was answered with HTTP {}", answer.status)
            }
            RequestDo::Cut(end) => {
                self.part(&end);
                cut_words(&end).to_owned()
            }
        };
        self.machine.handle(now, Input::WsFailed { x, error });
        Asking::Done
    }

    /// Records a request now, or where it is held back, at the time when it is sent.
    pub(super) fn record_when_sent(
        &mut self,
        x: ExchangeId,
        c: u32,
        request: Body,
        until: Option<Instant>,
    ) -> Option<Wait> {
        let Some(until) = until else {
            self.record(Some(c), &request);
            return None;
        };
        let sent = Arc::new(AtomicBool::new(false));
        self.failing.unsent.insert(x, Arc::clone(&sent));
        let journal = self.journal.clone();
        Some(Box::pin(async move {
            tokio::time::sleep_until(until.into()).await;
            sent.store(true, Ordering::Release);
            journal.append(Instant::now(), Some(c), &request);
        }))
    }

    /// Asks about a response that has come, and hands on what is to be handed on.
    pub(super) fn answered(&mut self, c: u32, kind: RequestKind, mut late: Late) {
        self.failing.unsent.remove(&late.x);
        let place = self.place(c, TransportName::Polling);
        let now = Instant::now();
        let answered = Answered {
            kind,
            status: late.status,
            content_type: header(&late.headers, "content-type"),
            body: &late.body,
        };
        let Verdict {
            what, until, told, ..
        } = self.injector.response(now, &place, &answered);
        self.tell(c, told);
        match what {
            ResponseDo::Pass => {}
            ResponseDo::Change { body, content_type } => {
                late.body = body;
                if let Some(kind) = content_type {
                    let other =
                        |(name, _): &(String, String)| !name.eq_ignore_ascii_case("content-type");
                    late.headers.retain(other);
                    let kind = ("Content-Type".to_owned(), kind.to_owned());
                    late.headers.push(kind);
                }
            }
            ResponseDo::NeverAnswer => return,
            ResponseDo::Cut(end) => {
                self.part(&end);
                let error = cut_words(&end).to_owned();
                let x = late.x;
                return self.machine.handle(now, Input::HttpFailed { x, error });
            }
        }
        match until {
            None => self.http_late(late),
            Some(until) => {
                self.tasks.spawn(async move {
                    tokio::time::sleep_until(until.into()).await;
                    Done::Late(Box::new(late))
                });
            }
        }
    }

    /// Hands a response to the machine.
    pub(super) fn http_late(&mut self, late: Late) {
        let input = Input::HttpResponse {
            x: late.x,
            status: late.status,
            headers: &late.headers,
            body: &late.body,
        };
        self.machine.handle(Instant::now(), input);
    }

    /// A message of the machine for a WebSocket.
    pub(super) fn send(&mut self, x: ExchangeId, message: Outgoing) {
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
    pub(super) fn fails_in(&mut self, now: Instant, x: ExchangeId, c: u32, frame: &Frame) -> bool {
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
    fn hand_on(
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
    fn deliver_held(&mut self, now: Instant) {
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
    pub(super) fn release_held(&mut self, x: ExchangeId) {
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

    /// Whether nothing more is to be read from a WebSocket now.
    pub(super) fn stopped(&self, x: ExchangeId, c: u32) -> bool {
        (!self.failing.cuts.is_empty() && self.failing.ends(x)) || self.injector.frozen(c)
    }

    /// Whether a fault keeps the end of a WebSocket from the machine.
    pub(super) fn hides_end(&mut self, c: u32) -> bool {
        if self.injector.is_idle() {
            return false;
        }
        let place = self.place(c, TransportName::Websocket);
        let verdict = self.injector.end(Instant::now(), &place);
        self.tell(c, verdict.told);
        verdict.what == EndDo::Hide
    }

    /// Closes a frozen WebSocket without a word; false where it is not frozen.
    pub(super) fn closes_frozen(&mut self, x: ExchangeId) -> bool {
        let Some(index) = self.readers.iter().position(|reader| reader.x == x) else {
            return false;
        };
        let frozen = self
            .readers
            .get(index)
            .is_some_and(|reader| self.injector.frozen(reader.c));
        if frozen {
            let reader = self.readers.swap_remove(index);
            reader.writing.abort();
            self.writers.remove(&x);
            self.forget_held(x);
        }
        frozen
    }

    fn forget_held(&mut self, x: ExchangeId) {
        self.failing.held.remove(&(x, Direction::ToServer));
        self.failing.held.remove(&(x, Direction::ToClient));
    }

    /// Readers stop and go on as the injector says.
    fn freeze_and_thaw(&mut self) {
        let mut thawed = Vec::new();
        for reader in &mut self.readers {
            let frozen = self.injector.frozen(reader.c);
            if reader.frozen && !frozen {
                thawed.push(reader.x);
            }
            reader.frozen = frozen;
        }
        for x in thawed {
            self.hand_over(x);
            // What had been read before the frost lies in the reader.
            if let Some(index) = self.readers.iter().position(|reader| reader.x == x) {
                self.drain(index);
            }
        }
    }

    /// Ends a WebSocket.
    fn cut_ws(&mut self, x: ExchangeId, end: End) {
        let Some(index) = self.readers.iter().position(|reader| reader.x == x) else {
            return;
        };
        self.release_held(x);
        self.forget_held(x);
        self.part(&end);
        match end {
            End::Fin => {
                self.write(x, Write::Fin);
                self.end_reader(index, WsEnd::Cut(None));
            }
            End::Rst => {
                if let Some(reader) = self.readers.get(index) {
                    reader.writing.abort();
                }
                self.writers.remove(&x);
                let why = cut_words(&End::Rst).to_owned();
                self.end_reader(index, WsEnd::Cut(Some(why)));
            }
            End::Close { code, reason } => {
                self.write(x, Write::Close(Some(code)));
                let code = Some(code);
                self.end_reader(index, WsEnd::Frame { code, reason });
            }
        }
    }

    /// Ends the exchanges of a connection that are in flight. Where there are none, the injector
    /// cuts the next one.
    fn cut_exchanges(&mut self, c: u32, end: &End) {
        self.part(end);
        let mut exchanges: Vec<ExchangeId> = self
            .connections
            .iter()
            .filter(|(x, of)| **of == c && !self.opening.contains(x))
            .map(|(x, _)| *x)
            .collect();
        exchanges.sort_unstable();
        for x in exchanges {
            if let Some(abort) = self.aborts.remove(&x) {
                abort.abort();
            }
            self.connections.remove(&x);
            let error = cut_words(end).to_owned();
            if !self.failing.never_sent(x) {
                let response = record::Response {
                    x,
                    error: Some(error.clone()),
                    ..Default::default()
                };
                self.record(Some(c), &Body::Response(response));
            }
            self.machine
                .handle(Instant::now(), Input::HttpFailed { x, error });
            self.carry_out();
        }
    }

    /// What every cut does to the sockets that lie idle, and to all where it is a RST.
    fn part(&mut self, end: &End) {
        if *end == End::Rst {
            self.dialer.reset_open();
        }
        if !matches!(end, End::Close { .. }) {
            self.http.close_idle();
        }
    }
}

/// How a cut reads in a record.
fn cut_words(end: &End) -> &'static str {
    match end {
        End::Rst => "the connection was torn on purpose (RST)",
        End::Fin | End::Close { .. } => "the connection was cut on purpose (FIN)",
    }
}

//! A WebSocket after its 101: bytes pass as they came, frames are decoded on a copy.
//!
//! As long as nothing is injected and no fault is armed, what was read is written on first and
//! decoded after it; neither side is read from while what it sent has not gone on, so that
//! backpressure reaches it. Where something of ours is to go between two messages, or an armed
//! fault has to be asked, whole messages are held until that is decided ([`Way::careful`]).
//!
//! A message that is swallowed or held back would leave a hole in a compressed stream whose
//! window is kept (RFC 7692): from then on that direction's compressed messages are passed on
//! uncompressed, as the extension allows for each message.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use super::inject::Parcel;
use super::sessions::{Order, Session};
use super::story::{How, Who};
use super::{Shared, stopped};
use crate::faults::{End, EndDo, Message, MessageDo};
use crate::journal::record::{Body, Direction, Frame, Opcode, TransportName};
use crate::net::dial::Stream;
use crate::protocol::engine::Handshake;
use crate::protocol::websocket::{
    DeflateParams, Encoder, Limits, Message as Decoded, Op, Passive, Role,
};

/// Bytes that one read may take in.
const READ: usize = 64 * 1024;
/// Bytes that wait in one direction before its sender is not read any more.
const HELD: usize = 4 * 1024 * 1024;
/// How long the second half of a connection may outlive the first.
const HALF: Duration = Duration::from_secs(60);
/// How long an end that the tap makes may take.
const CLOSING: Duration = Duration::from_millis(1_500);

/// Both ends of a connection that was switched to WebSocket.
pub(super) struct Ends {
    pub(super) client_read: OwnedReadHalf,
    pub(super) client_write: OwnedWriteHalf,
    pub(super) server_read: ReadHalf<Stream>,
    pub(super) server_write: WriteHalf<Stream>,
    /// What was read behind the heads already.
    pub(super) from_client: BytesMut,
    pub(super) from_server: BytesMut,
}

/// A message on its way that a fault holds back, or follows with an end.
struct Held {
    until: Option<Instant>,
    bytes: BytesMut,
    then: Option<End>,
}

/// One direction.
struct Way {
    dir: Direction,
    /// Read and not passed on.
    raw: BytesMut,
    /// To be written.
    out: BytesMut,
    /// When what lies in `out` was read.
    at: Instant,
    /// Bytes of the sender that were passed on.
    sent: u64,
    /// Of these, what belongs to whole messages.
    whole: u64,
    /// Attachments that must follow before anything else may.
    attachments: u64,
    /// Compressed messages are passed on uncompressed.
    plain: bool,
    encoder: Encoder,
    parcels: VecDeque<Parcel>,
    held: VecDeque<Held>,
    held_bytes: usize,
    /// Bytes were pushed for decoding and not drained.
    undecoded: bool,
    /// What is sent can't be read as frames any more.
    lost: bool,
    /// How the sender's side ended.
    ended: Option<How>,
    /// The receiver was told of that end, or is gone.
    shut: bool,
    /// The receiver is gone: what still comes is recorded and goes nowhere.
    dead: bool,
}

impl Way {
    fn new(dir: Direction) -> Way {
        Way {
            dir,
            raw: BytesMut::new(),
            out: BytesMut::new(),
            at: Instant::now(),
            sent: 0,
            whole: 0,
            attachments: 0,
            plain: false,
            encoder: Encoder::new(sender(dir), None),
            parcels: VecDeque::new(),
            held: VecDeque::new(),
            held_bytes: 0,
            undecoded: false,
            lost: false,
            ended: None,
            shut: false,
            dead: false,
        }
    }

    /// Reading may go on: what was read before has gone on.
    fn reads(&self) -> bool {
        self.ended.is_none() && self.out.is_empty() && self.held_bytes < HELD
    }

    /// Messages have to be looked at before they are passed on.
    fn careful(&self, faulty: bool) -> bool {
        !self.lost && (faulty || !self.parcels.is_empty())
    }

    /// Something may be put behind what was passed on so far.
    fn between(&self) -> bool {
        self.sent == self.whole && self.attachments == 0 && self.held.is_empty()
    }

    /// The next time at which something that is held back may go on.
    fn wakes(&self) -> Option<Instant> {
        self.held.front().and_then(|held| held.until)
    }

    fn room(&mut self) {
        if self.raw.capacity() - self.raw.len() < READ / 4 {
            self.raw.reserve(READ);
        }
    }

    fn encode(&mut self, message: &Message) -> BytesMut {
        let mut out = BytesMut::new();
        match message {
            Message::Text(data) => {
                let _ = self.encoder.encode(&Op::Text, data, &mut out);
            }
            Message::Binary(data) => {
                self.encoder.binary(data, &mut out);
            }
            Message::Raw(bytes) => out.extend_from_slice(bytes),
        }
        out
    }
}

fn sender(dir: Direction) -> Role {
    match dir {
        Direction::ToServer => Role::Client,
        Direction::ToClient => Role::Server,
    }
}

/// Why the loop ended.
enum Finish {
    /// Both sides are through.
    Through,
    /// The server (or a fault) reset: the client gets a RST.
    Reset,
    /// Cut without a word.
    Cut,
}

/// What is known of the connection, and where it is written down.
struct Relay<'a> {
    shared: &'a Shared,
    session: Option<Arc<Session>>,
    passive: Passive,
    orders: mpsc::Receiver<Order>,
    /// The first end that was seen.
    first_end: Option<(Who, How)>,
    told: bool,
    /// The tap ends it itself, by this time.
    closing: Option<Instant>,
    /// The server's end is kept from the client.
    hidden: bool,
}

/// Relays until both sides are through, or the tap ends.
pub(super) async fn run(
    shared: &Shared,
    session: Option<Arc<Session>>,
    deflate: Option<DeflateParams>,
    ends: Ends,
) {
    let orders = match &session {
        Some(session) => session.attach(),
        None => mpsc::channel(1).1,
    };
    let mut relay = Relay {
        shared,
        session,
        passive: Passive::new(deflate.as_ref(), Limits::default()),
        orders,
        first_end: None,
        told: false,
        closing: None,
        hidden: false,
    };
    relay.run(ends).await;
}

impl Relay<'_> {
    async fn run(&mut self, ends: Ends) {
        let Ends {
            mut client_read,
            mut client_write,
            mut server_read,
            mut server_write,
            from_client,
            from_server,
        } = ends;
        let mut up = Way::new(Direction::ToServer);
        let mut down = Way::new(Direction::ToClient);
        up.raw = from_client;
        down.raw = from_server;
        for way in [&mut up, &mut down] {
            if !way.raw.is_empty() {
                self.arrived(way, 0).await;
            }
        }
        let mut stop = self.shared.stop.subscribe();
        let finish = loop {
            if let Some(finish) = self.advance(&mut up, &mut down).await {
                break finish;
            }
            let frozen = self.frozen();
            // Ends are passed on once everything before them is.
            for (way, who) in [(&mut up, Who::Client), (&mut down, Who::Server)] {
                let through = way.ended.is_some() && way.out.is_empty() && way.held.is_empty();
                if !through || way.shut || frozen {
                    continue;
                }
                way.shut = true;
                let hide = who == Who::Server && self.hidden;
                let result = match who {
                    _ if hide => Ok(()),
                    Who::Client => server_write.shutdown().await,
                    Who::Server => client_write.shutdown().await,
                };
                // Whoever is gone already need not be told.
                let _ = result;
                if self.closing.is_none() && !hide {
                    self.closing = Instant::now().checked_add(HALF);
                }
            }
            if up.shut && down.shut && !(self.hidden && up.ended.is_none()) {
                break Finish::Through;
            }
            let wake = [up.wakes(), down.wakes(), self.closing]
                .into_iter()
                .flatten()
                .min();
            up.room();
            down.room();
            let (up_before, down_before) = (up.raw.len(), down.raw.len());
            tokio::select! {
                biased;
                () = stopped(&mut stop) => {
                    self.tell_end_by_tap("transport close", "the tap was stopped").await;
                    break Finish::Cut;
                }
                written = server_write.write_buf(&mut up.out), if !up.out.is_empty() && !frozen => {
                    self.written(&mut up, written).await;
                }
                written = client_write.write_buf(&mut down.out), if !down.out.is_empty() && !frozen => {
                    self.written(&mut down, written).await;
                }
                read = client_read.read_buf(&mut up.raw), if up.reads() && !frozen => {
                    match read {
                        Ok(1..) => self.arrived(&mut up, up_before).await,
                        end => self.end_of(&mut up, Who::Client, end.err()).await,
                    }
                }
                read = server_read.read_buf(&mut down.raw), if down.reads() && !frozen => {
                    match read {
                        Ok(1..) => self.arrived(&mut down, down_before).await,
                        end => {
                            let rst = end.as_ref().is_err_and(is_reset);
                            self.end_of(&mut down, Who::Server, end.err()).await;
                            if rst && !self.hidden {
                                break Finish::Reset;
                            }
                        }
                    }
                }
                Some(order) = self.orders.recv() => {
                    if let Some(finish) = self.obey(order, &mut up, &mut down).await {
                        break finish;
                    }
                }
                () = sleep_until(wake) => {
                    if self.closing.is_some_and(|until| until <= Instant::now()) {
                        break Finish::Through;
                    }
                }
            }
        };
        let frozen_now = self.frozen();
        self.tell_end().await;
        if matches!(finish, Finish::Reset | Finish::Cut) && !frozen_now {
            // What went before the end goes first.
            let both = async {
                let _ = client_write.write_all(&down.out).await;
                let _ = server_write.write_all(&up.out).await;
            };
            let _ = tokio::time::timeout(CLOSING, both).await;
        }
        match finish {
            Finish::Reset => {
                // The system sends a RST instead of a FIN when the last half is gone.
                let _ = client_write.as_ref().set_zero_linger();
                client_write.forget();
            }
            Finish::Cut => {
                let _ = client_write.shutdown().await;
                drop((server_read, server_write));
                drain(client_read).await;
            }
            Finish::Through => {}
        }
    }

    /// Whether a fault holds all of it.
    fn frozen(&self) -> bool {
        match &self.session {
            Some(session) => self.shared.faults.frozen(session.c),
            None => false,
        }
    }

    fn c(&self) -> Option<u32> {
        self.session.as_ref().map(|session| session.c)
    }

    /// Passes on what may go by now.
    async fn advance(&mut self, up: &mut Way, down: &mut Way) -> Option<Finish> {
        for way in [&mut *up, &mut *down] {
            self.put_ours(way).await;
        }
        let mut then = None;
        for way in [&mut *up, &mut *down] {
            while way.out.len() < HELD {
                let now = Instant::now();
                let due = |held: &Held| held.until.is_none_or(|until| until <= now);
                if !way.held.front().is_some_and(due) {
                    break;
                }
                let Some(held) = way.held.pop_front() else {
                    break;
                };
                way.held_bytes = way.held_bytes.saturating_sub(held.bytes.len());
                append(&mut way.out, held.bytes);
                if held.then.is_some() {
                    then = held.then;
                    break;
                }
            }
        }
        match then {
            Some(end) => self.end_by_fault(end, up, down).await,
            None => None,
        }
    }

    /// Puts what is injected between two messages, where that is possible now.
    async fn put_ours(&mut self, way: &mut Way) {
        if way.shut || !way.between() {
            return;
        }
        while let Some(parcel) = way.parcels.pop_front() {
            let c = self.c();
            let recorder = &self.shared.recorder;
            recorder.all(c, parcel.told).await;
            for message in &parcel.messages {
                let bytes = way.encode(message);
                append(&mut way.out, bytes);
                if parcel.recorded
                    && let Some(frame) = frame(way.dir, message)
                {
                    recorder.record(c, Body::Frame(frame)).await;
                }
            }
        }
    }

    /// Bytes came: `raw` holds what was there `before`, and them.
    async fn arrived(&mut self, way: &mut Way, before: usize) {
        way.at = Instant::now();
        let role = sender(way.dir);
        let fresh = way.raw.get(before..).unwrap_or_default();
        if !way.lost {
            self.passive.push(role, fresh);
            way.undecoded = true;
        }
        if way.dead {
            self.decode(way, false).await;
            way.raw.clear();
            return;
        }
        if way.careful(self.shared.faults.busy()) {
            self.decode(way, true).await;
            if way.careful(self.shared.faults.busy()) {
                return;
            }
        }
        // First on its way, then looked at.
        let all = way.raw.split();
        way.sent = way.sent.saturating_add(all.len() as u64);
        append(&mut way.out, all);
    }

    async fn written(&mut self, way: &mut Way, written: std::io::Result<usize>) {
        match written {
            Ok(1..) if !way.out.is_empty() => {}
            Ok(1..) => {
                if way.undecoded {
                    self.decode(way, false).await;
                }
            }
            // The receiver is gone; reading from it will say how.
            _ => {
                way.out.clear();
                way.held.clear();
                way.held_bytes = 0;
                way.shut = true;
                way.dead = true;
                if way.undecoded {
                    self.decode(way, false).await;
                }
            }
        }
    }

    /// Decodes what was pushed. Where that is `held` back, messages are passed on here, as their
    /// faults say.
    async fn decode(&mut self, way: &mut Way, held: bool) {
        way.undecoded = false;
        let role = sender(way.dir);
        loop {
            let message = match self.passive.next_message(role) {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(violation) => {
                    way.lost = true;
                    let who = match role {
                        Role::Client => "the client",
                        Role::Server => "the server",
                    };
                    let text = format!(
                        "from here on the bytes of {who} can't be read as WebSocket frames ({violation}); they are passed on unseen"
                    );
                    self.shared.recorder.mark(self.c(), text).await;
                    break;
                }
            };
            self.note(way, &message).await;
            let Some(boundary) = self.passive.boundary(role) else {
                continue;
            };
            let begun = way.sent > way.whole;
            way.whole = boundary;
            if !held {
                continue;
            }
            let size = usize::try_from(boundary.saturating_sub(way.sent)).unwrap_or(usize::MAX);
            let part = way.raw.split_to(size.min(way.raw.len()));
            way.sent = boundary;
            if begun {
                append(&mut way.out, part);
            } else {
                self.judge(way, message, part).await;
            }
            self.put_ours(way).await;
        }
        if !held {
            // A message may have begun that was not passed on whole.
            return;
        }
        if way.lost {
            let rest = way.raw.split();
            way.sent = way.sent.saturating_add(rest.len() as u64);
            append(&mut way.out, rest);
        }
    }

    /// Asks the injector about a whole message, and puts what becomes of it into the queue.
    async fn judge(&mut self, way: &mut Way, message: Decoded, part: BytesMut) {
        let Some(session) = self.session.clone().filter(|_| self.shared.faults.busy()) else {
            append(&mut way.out, part);
            return;
        };
        let now = Instant::now();
        let place = session.place(TransportName::Websocket);
        let ours = match &message.op {
            Op::Text => Message::Text(message.data.clone()),
            Op::Binary => Message::Binary(message.data.clone()),
            Op::Close { .. } if way.dir == Direction::ToClient => {
                let verdict = self.shared.faults.ask(|injector| injector.end(now, &place));
                self.shared.tell_faults(session.c, verdict.told).await;
                if verdict.what == EndDo::Hide {
                    self.hidden = true;
                    return;
                }
                hold(way, verdict.until, part, verdict.then);
                return;
            }
            // Other control frames are never asked about; they keep their place.
            _ => {
                let until = way.held.back().and_then(|last| last.until);
                hold(way, until, part, None);
                return;
            }
        };
        let dir = way.dir;
        let verdict = self
            .shared
            .faults
            .ask(|injector| injector.message(now, &place, dir, &ours));
        self.shared.tell_faults(session.c, verdict.told).await;
        let compressed = message.wire.is_some();
        let bytes = match verdict.what {
            MessageDo::Pass if way.plain && compressed => way.encode(&ours),
            MessageDo::Pass => part,
            MessageDo::Become(list) => {
                way.plain |= compressed;
                let mut all = BytesMut::new();
                for one in &list {
                    let bytes = way.encode(one);
                    append(&mut all, bytes);
                }
                all
            }
        };
        hold(way, verdict.until, bytes, verdict.then);
    }

    /// Writes a message down, with what follows from it.
    async fn note(&mut self, way: &mut Way, message: &Decoded) {
        let (op, code, reason) = match &message.op {
            Op::Text => (Opcode::Text, None, None),
            Op::Binary => (Opcode::Binary, None, None),
            Op::Ping => (Opcode::Ping, None, None),
            Op::Pong => (Opcode::Pong, None, None),
            Op::Close { code, reason } => (Opcode::Close, *code, reason.clone()),
        };
        match op {
            Opcode::Text => way.attachments = attachments(&message.data),
            Opcode::Binary => way.attachments = way.attachments.saturating_sub(1),
            _ => {}
        }
        let body = Body::Frame(Frame {
            dir: way.dir,
            op,
            data: message.data.clone(),
            code,
            reason: reason.clone(),
            wire: message.wire,
        });
        let recorder = &self.shared.recorder;
        recorder.record_at(way.at, self.c(), body).await;
        if op == Opcode::Close && self.first_end.is_none() {
            let who = match way.dir {
                Direction::ToServer => Who::Client,
                Direction::ToClient => Who::Server,
            };
            self.first_end = Some((who, How::Close(code, reason)));
        }
        let Some(session) = self.session.clone().filter(|_| op == Opcode::Text) else {
            return;
        };
        let mut told = Vec::new();
        let mut opened = false;
        {
            let mut state = session.state();
            let story = &mut state.story;
            if way.dir == Direction::ToClient
                && !story.opened
                && message.data.first() == Some(&b'0')
                && let Some(text) = message.data.get(1..)
                && let Ok(handshake) = Handshake::parse(&String::from_utf8_lossy(text))
            {
                told = story.opened(way.at, &handshake.value);
                opened = true;
            }
            told.extend(story.packet(way.at, way.dir, TransportName::Websocket, &message.data));
        }
        if opened {
            self.shared.opened(&session).await;
        }
        if !told.is_empty() {
            recorder.all(self.c(), told).await;
        }
    }

    /// A side's bytes have ended.
    async fn end_of(&mut self, way: &mut Way, who: Who, error: Option<std::io::Error>) {
        if way.undecoded {
            self.decode(way, false).await;
        }
        let how = match error {
            None => How::Fin,
            Some(error) if is_reset(&error) => How::Rst,
            // TLS that ends without its goodbye: an end all the same.
            Some(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => How::Fin,
            Some(error) => How::Broken(error.to_string()),
        };
        // Half a message goes on as it is.
        let rest = way.raw.split();
        append(&mut way.out, rest);
        if who == Who::Server
            && !self.hidden
            && self.first_end.is_none()
            && let Some(session) = self.session.clone().filter(|_| self.shared.faults.busy())
        {
            let place = session.place(TransportName::Websocket);
            let now = Instant::now();
            let verdict = self.shared.faults.ask(|injector| injector.end(now, &place));
            self.shared.tell_faults(session.c, verdict.told).await;
            self.hidden = verdict.what == EndDo::Hide;
        }
        self.first_end.get_or_insert((who, how.clone()));
        way.ended = Some(how);
        if who == Who::Client && self.hidden {
            self.hidden = false;
        }
        if !(who == Who::Server && self.hidden) {
            self.tell_end().await;
        }
    }

    /// Tells once how it ended.
    async fn tell_end(&mut self) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let (who, how) = self.first_end.clone().unwrap_or((Who::Client, How::Fin));
        if let Some(session) = self.session.clone() {
            let told = session
                .state()
                .story
                .socket_ended(Instant::now(), who, &how);
            self.shared.told(&session, told).await;
        }
    }

    async fn tell_end_by_tap(&mut self, reason: &str, words: &str) {
        self.told = true;
        if let Some(session) = self.session.clone() {
            let told = session.state().story.ended_by_tap(reason, words);
            self.shared.told(&session, told).await;
        }
    }

    async fn obey(&mut self, order: Order, up: &mut Way, down: &mut Way) -> Option<Finish> {
        match order {
            Order::Look => None,
            Order::Parcel(parcel) => {
                let way = match parcel.dir {
                    Direction::ToServer => up,
                    Direction::ToClient => down,
                };
                way.parcels.push_back(parcel);
                None
            }
            Order::End(end) => self.end_by_fault(end, up, down).await,
        }
    }

    async fn end_by_fault(&mut self, end: End, up: &mut Way, down: &mut Way) -> Option<Finish> {
        match end {
            End::Fin => {
                let words = "the tap ended the TCP connection (FIN) without a close frame, which the client sees as code 1006";
                self.tell_end_by_tap("transport close", words).await;
                // What was decided before it goes first, as far as the sockets take it at once.
                Some(Finish::Cut)
            }
            End::Rst => {
                let words =
                    "the tap reset the TCP connection (RST), which the client sees as code 1006";
                self.tell_end_by_tap("transport close", words).await;
                Some(Finish::Reset)
            }
            End::Close { code, reason } => {
                for way in [&mut *up, &mut *down] {
                    let mut bytes = BytesMut::new();
                    // A reason that is too long is refused; the code alone says enough then.
                    if way.encoder.close(Some(code), &reason, &mut bytes).is_err() {
                        let _ = way.encoder.close(Some(code), "", &mut bytes);
                    }
                    way.held.clear();
                    way.held_bytes = 0;
                    append(&mut way.out, bytes);
                }
                let words = format!("the tap sent close code {code}");
                self.tell_end_by_tap("transport close", &words).await;
                // What the server still says does not reach the client any more.
                down.ended.get_or_insert(How::Fin);
                self.closing = Instant::now().checked_add(CLOSING);
                None
            }
        }
    }
}

fn hold(way: &mut Way, until: Option<Instant>, bytes: BytesMut, then: Option<End>) {
    if way.held.is_empty() && until.is_none() && then.is_none() {
        append(&mut way.out, bytes);
        return;
    }
    way.held_bytes = way.held_bytes.saturating_add(bytes.len());
    way.held.push_back(Held { until, bytes, then });
}

/// Without a copy where nothing waits.
fn append(out: &mut BytesMut, bytes: BytesMut) {
    if out.is_empty() {
        *out = bytes;
    } else {
        out.extend_from_slice(&bytes);
    }
}

fn frame(dir: Direction, message: &Message) -> Option<Frame> {
    let (op, data) = match message {
        Message::Text(data) => (Opcode::Text, data),
        Message::Binary(data) => (Opcode::Binary, data),
        Message::Raw(_) => return None,
    };
    Some(Frame {
        dir,
        op,
        data: data.clone(),
        code: None,
        reason: None,
        wire: None,
    })
}

/// The attachments that a text message announces: `451-[…]`, `462-/nsp,3[…]`.
fn attachments(text: &[u8]) -> u64 {
    let [b'4', b'5' | b'6', rest @ ..] = text else {
        return 0;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 6 || rest.get(digits) != Some(&b'-') {
        return 0;
    }
    rest.iter()
        .take(digits)
        .fold(0, |count, digit| count * 10 + u64::from(digit - b'0'))
}

fn is_reset(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::ConnectionAborted
    )
}

/// Reads to the end for a moment: what lies unread when a socket is closed turns its FIN into
/// a RST.
pub(super) async fn drain(mut client: OwnedReadHalf) {
    let mut rest = vec![0; 16 * 1024];
    let all = async { while matches!(client.read(&mut rest).await, Ok(1..)) {} };
    let _ = tokio::time::timeout(CLOSING, all).await;
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Whether a session wants its next poll changed.
pub(super) fn has_parcels(session: &Session) -> bool {
    session.has_parcels.load(Ordering::Acquire)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announced_attachments_are_counted() {
        for (text, count) in [
            ("451-[1]", 1),
            ("4612-/nsp,3[]", 12),
            ("42[\"a\"]", 0),
            ("45[1]", 0),
            ("2", 0),
            ("", 0),
        ] {
            assert_eq!(attachments(text.as_bytes()), count, "{text}");
        }
    }
}

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

mod ends;
mod messages;
mod way;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use ends::is_reset;
use way::{Held, Way, append, sender};

use super::sessions::{Order, Session};
use super::story::{How, Who};
use super::{Shared, stopped};
use crate::faults::Message;
use crate::journal::record::{Body, Direction, Frame, Opcode};
use crate::net::dial::Stream;
use crate::protocol::websocket::{DeflateParams, Limits, Passive};

/// Bytes that one read may take in.
const READ: usize = 64 * 1024;
/// Bytes of a frozen client that are looked at, so that its goodbye can be told.
const OVERHEARD: usize = 64 * 1024;
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
    /// The client has left a frozen connection: nothing of it goes on any more.
    forsaken: bool,
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
        forsaken: false,
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
            if self.forsaken && up.ended.is_some() {
                break Finish::Through;
            }
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
                read = client_read.read_buf(&mut up.raw), if if frozen { up.overhears() } else { up.reads() } => {
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
            Some(session) => self.forsaken || self.shared.faults.frozen(session.c),
            None => false,
        }
    }

    fn c(&self) -> Option<u32> {
        self.session.as_ref().map(|session| session.c)
    }

    /// Passes on what may go by now.
    async fn advance(&mut self, up: &mut Way, down: &mut Way) -> Option<Finish> {
        if up.overheard && !self.frozen() {
            up.overheard = false;
            let all = up.raw.split();
            up.sent = up.sent.saturating_add(all.len() as u64);
            append(&mut up.out, all);
        }
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
        if self.frozen() {
            way.overheard = true;
            self.decode(way, false).await;
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

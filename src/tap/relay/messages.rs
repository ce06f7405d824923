//! Messages of a relayed WebSocket: decoded, written down, judged by the faults.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::BytesMut;

use super::Relay;
use super::way::Way;
use super::way::append;
use super::way::attachments;
use super::way::hold;
use super::way::sender;
use super::way::untouched;
use crate::faults::EndDo;
use crate::faults::MessageDo;
use crate::journal::record::Body;
use crate::journal::record::Direction;
use crate::journal::record::TransportName;
use crate::net::websocket::frame;
use crate::protocol::engine::Handshake;
use crate::protocol::websocket::Message as Decoded;
use crate::protocol::websocket::Op;
use crate::protocol::websocket::Role;
use crate::tap::sessions::Order;
use crate::tap::story::How;
use crate::tap::story::Who;

impl Relay<'_> {
    /// Decodes what was pushed. Where that is `held` back, messages are passed on here, as their
    /// faults say.
    pub(super) async fn decode(&mut self, way: &mut Way, held: bool) {
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
                self.follow(way, &message).await;
                continue;
            };
            let begun = way.sent > way.whole;
            way.whole = boundary;
            if !held {
                self.follow(way, &message).await;
                continue;
            }
            let size = usize::try_from(boundary.saturating_sub(way.sent)).unwrap_or(usize::MAX);
            let part = way.raw.split_to(size.min(way.raw.len()));
            way.sent = boundary;
            if begun {
                self.follow(way, &message).await;
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
    pub(super) async fn judge(&mut self, way: &mut Way, message: Decoded, part: BytesMut) {
        let Some(session) = self.session.clone().filter(|_| self.shared.faults.busy()) else {
            self.follow(way, &message).await;
            let bytes = match untouched(&message).filter(|_| way.plain && message.wire.is_some()) {
                Some(ours) => way.encode(&ours),
                None => part,
            };
            hold(way, None, bytes, None);
            return;
        };
        if way.dir == Direction::ToServer {
            // What the client says tells of it even where it is swallowed.
            self.follow(way, &message).await;
        }
        let now = Instant::now();
        let place = session.place(TransportName::Websocket);
        let ours = match &message.op {
            Op::Close { .. } if way.dir == Direction::ToClient && !self.client_left() => {
                let verdict = self.shared.faults.ask(|injector| injector.end(now, &place));
                self.shared.tell_faults(session.c, verdict.told).await;
                if verdict.what == EndDo::Hide {
                    self.hidden = true;
                    self.first_end = None;
                    return;
                }
                hold(way, verdict.until, part, verdict.then);
                return;
            }
            _ => untouched(&message),
        };
        let Some(ours) = ours else {
            // Other control frames are never asked about; they keep their place.
            let until = way.held.back().and_then(|last| last.until);
            hold(way, until, part, None);
            return;
        };
        let dir = way.dir;
        let verdict = self
            .shared
            .faults
            .ask(|injector| injector.message(now, &place, dir, &ours));
        self.shared.tell_faults(session.c, verdict.told).await;
        let swallowed = matches!(&verdict.what, MessageDo::Become(list) if list.is_empty());
        if way.dir == Direction::ToClient && !swallowed {
            self.follow(way, &message).await;
        }
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

    /// Writes a message down.
    pub(super) async fn note(&mut self, way: &mut Way, message: &Decoded) {
        match message.op {
            Op::Text => way.attachments = attachments(&message.data),
            Op::Binary => way.attachments = way.attachments.saturating_sub(1),
            _ => {}
        }
        let frame = frame(way.dir, &message.op, message.data.clone(), message.wire);
        let recorder = &self.shared.recorder;
        recorder
            .record_at(way.at, self.c(), Body::Frame(frame))
            .await;
        if let Op::Close { code, reason } = &message.op
            && self.first_end.is_none()
        {
            let who = match way.dir {
                Direction::ToServer => Who::Client,
                Direction::ToClient => Who::Server,
            };
            self.first_end = Some((who, How::Close(*code, reason.clone())));
        }
    }

    /// What follows from a message that has reached, or will reach, its receiver; and from
    /// whatever the client says, received or not.
    pub(super) async fn follow(&mut self, way: &mut Way, message: &Decoded) {
        if matches!(message.op, Op::Close { .. }) && way.dir == Direction::ToServer {
            self.left().await;
        }
        let text = message.op == Op::Text;
        let Some(session) = self.session.clone().filter(|_| text) else {
            return;
        };
        let mut told = Vec::new();
        let mut opened = false;
        let mut left_over = VecDeque::new();
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
            let polling = story.transport == TransportName::Polling;
            told.extend(story.packet(way.at, way.dir, TransportName::Websocket, &message.data));
            if polling && story.transport == TransportName::Websocket {
                left_over = std::mem::take(&mut state.parcels);
            }
        }
        // What waited for a poll that will not come any more.
        for parcel in left_over {
            if session.order(Order::Parcel(parcel)).is_err() {
                let text =
                    "an injection was lost: too many wait for the upgraded connection".to_owned();
                self.shared.notices.push(text);
            }
        }
        if opened {
            self.shared.opened(&session).await;
        }
        if !told.is_empty() {
            self.shared.recorder.all(self.c(), told).await;
        }
    }
}

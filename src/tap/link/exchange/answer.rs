//! An answer that is whole, or the switch to WebSocket: what it says of its connection, and what
//! the client gets.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use bytes::BytesMut;
use tokio::io::AsyncWriteExt;

use super::Exchange;
use super::Switched;
use super::account::timing;
use super::account::wire_start;
use super::wait;
use crate::faults::Answered;
use crate::faults::HeadDo;
use crate::faults::RequestKind;
use crate::faults::ResponseDo;
use crate::journal::record::Body as Record;
use crate::journal::record::Direction;
use crate::journal::record::Response;
use crate::journal::record::TransportName;
use crate::net::http::content;
use crate::protocol::engine::Handshake;
use crate::protocol::engine::PacketKind;
use crate::protocol::engine::generation;
use crate::protocol::engine::payload;
use crate::protocol::websocket::DeflateParams;
use crate::protocol::websocket::handshake::header;
use crate::protocol::websocket::handshake::header_values;
use crate::tap::body::Copy;
use crate::tap::body::KEPT;
use crate::tap::head::ResponseHead;
use crate::tap::inject::Parcel;
use crate::tap::inject::add_to_body;
use crate::tap::link::Link;
use crate::tap::link::Next;
use crate::tap::sessions::Session;

impl Link<'_> {
    /// The answer has come, whole.
    pub(super) async fn finish(
        &mut self,
        exchange: Exchange,
        head: ResponseHead,
        copy: Copy,
        held: Option<BytesMut>,
        mut down: BytesMut,
        keeps: bool,
    ) -> Next {
        let shared = self.shared;
        let raw = copy.data.freeze();
        let encodings: Vec<&str> = header_values(&head.headers, "Content-Encoding").collect();
        let mut body = match content::decode(&encodings.join(","), raw.clone(), KEPT) {
            Ok(body) => body,
            Err(error) => {
                self.unreadable(&error);
                raw
            }
        };
        let mut content_type = header(&head.headers, "Content-Type").map(str::to_owned);
        let mut changed = false;
        let may_carry = head.status == 200 && exchange.kind == RequestKind::Poll;
        if let (Some(session), true) = (&exchange.session, may_carry && held.is_some())
            && let Some(made) = self
                .with_parcels(session, &body, content_type.as_deref(), true)
                .await
        {
            body = Bytes::from(made.bytes);
            content_type = Some(made.content_type.to_owned());
            changed = true;
        }
        let mut headers = head.headers.clone();
        if changed && let Some(kind) = &content_type {
            for (name, value) in &mut headers {
                if name.eq_ignore_ascii_case("Content-Type") {
                    value.clone_from(kind);
                }
            }
        }
        let response = Response {
            x: exchange.x,
            status: head.status,
            headers,
            body: body.clone(),
            timing: timing(&exchange),
            error: None,
        };
        shared
            .recorder
            .record(exchange.c(), Record::Response(response))
            .await;
        self.left_out(&exchange, copy.left_out).await;
        let mut next = match keeps {
            true => Next::Another,
            false => Next::Over,
        };
        if let Some(session) = exchange.session.clone() {
            self.learn_dialect(&session, &exchange, &head, &body, content_type.as_deref());
            if let Some(held) = held {
                let place = session.place(TransportName::Polling);
                let answered = Answered {
                    kind: exchange.kind,
                    status: head.status,
                    content_type: content_type.as_deref(),
                    body: &body,
                };
                let verdict = shared
                    .faults
                    .ask(|injector| injector.response(Instant::now(), &place, &answered));
                shared.tell_faults(session.c, verdict.told).await;
                wait(verdict.until).await;
                let mut bytes = match verdict.what {
                    ResponseDo::Pass if changed => head.with_body(&body, content_type.as_deref()),
                    ResponseDo::Pass => held,
                    ResponseDo::Change {
                        body: new,
                        content_type: kind,
                    } => {
                        body = new;
                        content_type = kind.map(str::to_owned).or(content_type);
                        head.with_body(&body, content_type.as_deref())
                    }
                    ResponseDo::NeverAnswer => {
                        let _ = self.never(&session).await;
                        return Next::Over;
                    }
                    ResponseDo::Cut(end) => {
                        self.cut_by_fault(&session, exchange.kind, &end).await;
                        return Link::cut(&end);
                    }
                };
                if may_carry
                    && let Some(made) = self
                        .with_parcels(&session, &body, content_type.as_deref(), false)
                        .await
                {
                    bytes = head.with_body(&made.bytes, Some(made.content_type));
                }
                // What the client gets is what becomes of its connection.
                self.learn(&session, &exchange, &head, &body, content_type.as_deref())
                    .await;
                down.extend_from_slice(&bytes);
                if let Some(end) = verdict.then {
                    let _ = self.client.write.write_all(&down).await;
                    self.cut_by_fault(&session, exchange.kind, &end).await;
                    return Link::cut(&end);
                }
            } else {
                self.learn(&session, &exchange, &head, &body, content_type.as_deref())
                    .await;
            }
        }
        if self.client.write.write_all(&down).await.is_err() {
            next = Next::Over;
        }
        next
    }

    /// Adds what waits for the client's poll to its body. Only what is `recorded`, or the rest.
    pub(super) async fn with_parcels(
        &mut self,
        session: &Arc<Session>,
        body: &Bytes,
        content_type: Option<&str>,
        recorded: bool,
    ) -> Option<payload::Body> {
        let (parcels, version, revision, base64) = {
            let mut state = session.state();
            let (now, later): (VecDeque<Parcel>, VecDeque<Parcel>) =
                std::mem::take(&mut state.parcels)
                    .into_iter()
                    .partition(|parcel| parcel.recorded == recorded);
            state.parcels = later;
            session.has_parcels.store(
                !state.parcels.is_empty(),
                std::sync::atomic::Ordering::Release,
            );
            let story = &state.story;
            (now, story.version, story.revision, state.base64)
        };
        if parcels.is_empty() {
            return None;
        }
        let mut packets = Vec::new();
        for parcel in parcels {
            if let Ok(more) = parcel.packets(version) {
                packets.extend(more);
                self.shared.recorder.all(Some(session.c), parcel.told).await;
            }
        }
        add_to_body(body, content_type, packets, version, revision, !base64)
    }

    /// The first answer shows which dialect of bodies the connection speaks.
    pub(super) fn learn_dialect(
        &self,
        session: &Session,
        exchange: &Exchange,
        head: &ResponseHead,
        body: &Bytes,
        content_type: Option<&str>,
    ) {
        if exchange.kind != RequestKind::Handshake || !(200..300).contains(&head.status) {
            return;
        }
        let clues = generation::from_first_body(body, content_type);
        if let Some(found) = clues.iter().find_map(|clue| clue.generation) {
            session.state().story.revision = found.revision();
        }
    }

    /// What an exchange says of its connection.
    pub(super) async fn learn(
        &mut self,
        session: &Arc<Session>,
        exchange: &Exchange,
        head: &ResponseHead,
        body: &Bytes,
        content_type: Option<&str>,
    ) {
        let now = Instant::now();
        let failure = (!(200..300).contains(&head.status)).then(|| {
            let start: String = String::from_utf8_lossy(body).chars().take(200).collect();
            format!("HTTP {} {}", head.status, start.trim())
                .trim_end()
                .to_owned()
        });
        let fine = failure.is_none();
        let mut opened = false;
        let told = {
            let mut state = session.state();
            let story = &mut state.story;
            let (version, revision) = (story.version, story.revision);
            let mut told = story.answered(now, exchange.kind, failure);
            if fine && exchange.kind != RequestKind::Post {
                for packet in payload::decode_body(body, content_type, version, revision).packets {
                    let packet = packet.value;
                    if packet.kind == PacketKind::Open
                        && let Some(text) = packet.data.as_text()
                        && let Ok(handshake) = Handshake::parse(text)
                    {
                        opened = true;
                        told.extend(story.opened(now, &handshake.value));
                    }
                    let start = wire_start(&packet);
                    let (dir, by) = (Direction::ToClient, TransportName::Polling);
                    told.extend(story.packet(now, dir, by, &start));
                }
            }
            told
        };
        if opened {
            self.shared.opened(session).await;
        }
        self.shared.told(session, told).await;
    }

    /// The server answered 101.
    pub(super) async fn switch(
        &mut self,
        exchange: Exchange,
        head: ResponseHead,
        down: BytesMut,
    ) -> Next {
        let shared = self.shared;
        let deflate =
            DeflateParams::observed(header_values(&head.headers, "Sec-WebSocket-Extensions"));
        let response = Response {
            x: exchange.x,
            status: head.status,
            headers: head.headers,
            body: Bytes::new(),
            timing: timing(&exchange),
            error: None,
        };
        let c = exchange.c();
        shared.recorder.record(c, Record::Response(response)).await;
        let mut pieces: Vec<(Duration, Bytes)> = Vec::new();
        if let Some(session) = &exchange.session {
            let told = session.state().story.switched();
            shared.told(session, told).await;
            if shared.faults.busy() {
                let place = session.place(TransportName::Websocket);
                let verdict = shared
                    .faults
                    .ask(|injector| injector.switching(Instant::now(), &place));
                shared.tell_faults(session.c, verdict.told).await;
                wait(verdict.until).await;
                if let HeadDo::Split { pause, late } = verdict.what {
                    let third = (head.bytes.len() / 3).max(1);
                    let mut rest = head.bytes.clone();
                    let first = rest.split_to(third.min(rest.len()));
                    let second = rest.split_to(third.min(rest.len()));
                    pieces = vec![(Duration::ZERO, first), (pause, second), (late, rest)];
                }
                if let Some(end) = verdict.then {
                    self.cut_by_fault(session, exchange.kind, &end).await;
                    return Link::cut(&end);
                }
            }
        }
        if pieces.is_empty() {
            pieces.push((Duration::ZERO, head.bytes));
        }
        let mut whole = self.client.write.write_all(&down).await;
        for (pause, piece) in pieces {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            if whole.is_ok() {
                whole = self.client.write.write_all(&piece).await;
            }
        }
        // A client that is gone by now is told by the relay: its next read says how.
        Next::Socket(Box::new(Switched {
            session: exchange.session,
            deflate,
        }))
    }
}

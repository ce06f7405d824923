//! One request and its answer.
//!
//! Both directions are pumped at once, so that an answer that comes before the request is whole
//! (a 413, say) is passed on, and neither side is read from faster than the other takes in. The
//! answer of a tapped connection is recorded before its last byte goes on: what the client does
//! next, on whatever TCP connection, is recorded after it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{AHEAD, Link, Next, PATIENCE, Side};
use crate::faults::{Answered, Asked, End, HeadDo, RequestDo, RequestKind, ResponseDo};
use crate::journal::record::{
    Body as Record, Direction, Gap, Headers, Request, Response, Timing, TransportName,
};
use crate::net::http::content::{self, ContentError};
use crate::protocol::engine::url::decode_component;
use crate::protocol::engine::{Data, Handshake, PacketKind, generation, payload};
use crate::protocol::websocket::DeflateParams;
use crate::protocol::websocket::handshake::{header, header_values};
use crate::tap::body::{Body, Copy, KEPT};
use crate::tap::head::{self, RequestHead, ResponseHead};
use crate::tap::inject::{Parcel, add_to_body};
use crate::tap::relay::has_parcels;
use crate::tap::sessions::Session;
use crate::tap::stopped;
use crate::tap::story::{How, Who};

/// A connection that became a WebSocket.
pub(super) struct Switched {
    pub(super) session: Option<Arc<Session>>,
    pub(super) deflate: Option<DeflateParams>,
}

/// What is known of the exchange while it goes on.
struct Exchange {
    x: u64,
    kind: RequestKind,
    session: Option<Arc<Session>>,
    method: String,
    url: String,
    target: String,
    headers: Headers,
    started: Instant,
    written: Option<Instant>,
    first_byte: Option<Instant>,
    timing: Timing,
    recorded: bool,
    copy: Copy,
}

/// How far the answer is.
enum Answer {
    Head,
    Body {
        head: ResponseHead,
        body: Body,
        copy: Copy,
        /// It is held until it is whole, as it came.
        held: Option<BytesMut>,
    },
}

impl Exchange {
    fn c(&self) -> Option<u32> {
        self.session.as_ref().map(|session| session.c)
    }
}

impl Link<'_> {
    /// Passes a request on, and its answer back.
    pub(super) async fn exchange(&mut self, mut head: RequestHead) -> Next {
        let shared = self.shared;
        if head.method == "CONNECT" {
            self.client.buf = BytesMut::from(head.method.as_bytes());
            self.refuse_gibberish(
                "it asks for a tunnel; point the client at the tap itself, not at it as a proxy",
            )
            .await;
            return Next::Over;
        }
        let mut body = match head.body() {
            Ok(body) => body,
            Err(why) => {
                self.client.buf = head.bytes();
                self.refuse_gibberish(&why).await;
                return Next::Over;
            }
        };
        let changes = head.point_at(&shared.upstream, shared.rewrite_origin);
        shared.tell_changes(changes).await;
        let mut exchange = self.begin(&head).await;
        let posting = match (&exchange.session, exchange.kind) {
            // A post of our own and the client's would end the session, were they sent at once.
            (Some(session), RequestKind::Post) => Some(Arc::clone(session)),
            _ => None,
        };
        let _posting = match &posting {
            Some(session) => Some(session.posting.read().await),
            None => None,
        };
        let mut whole = None;
        if exchange.session.is_some() && shared.faults.busy() {
            let mut copy = Copy::default();
            self.rest_of(&mut body, &mut copy).await;
            match self.ask(&mut exchange, &mut head, copy.data.freeze()).await {
                Ok(changed) => whole = Some(changed),
                Err(next) => return next,
            }
        }
        if self.server.is_none()
            && let Err(why) = self.dial(&mut exchange).await
        {
            let mut copy = Copy::default();
            self.rest_of(&mut body, &mut copy).await;
            exchange.copy = copy;
            return self.unreachable(&mut exchange, &why).await;
        }
        let mut out = head.bytes();
        if let Some(bytes) = whole {
            out.extend_from_slice(&bytes);
            exchange.copy.data = BytesMut::from(&bytes[..]);
            body = Body::None;
        }
        self.pump(exchange, out, body).await
    }

    /// Finds the connection that a request belongs to.
    async fn begin(&mut self, head: &RequestHead) -> Exchange {
        let shared = self.shared;
        let now = Instant::now();
        let kind = RequestKind::of(&head.method, &head.target, head.is_upgrade());
        let value = |name: &str| query_value(&head.target, name);
        let sid = value("sid").map(decode_component);
        let (eio, transport) = (value("EIO"), value("transport"));
        let engine = sid.is_some() || eio.is_some() || transport.is_some();
        let mut told = Vec::new();
        let session = match &sid {
            // A preflight speaks for nobody.
            Some(sid) if head.method == "OPTIONS" => shared.sessions.by_sid(sid),
            _ if !engine || head.method == "OPTIONS" => None,
            sid => {
                let (session, first) = shared.sessions.of_request(now, kind, sid.as_deref(), eio);
                let mut state = session.state();
                told = state.story.requested(now, kind, first);
                state.base64 |= value("b64").is_some_and(|b64| b64 != "0");
                if kind != RequestKind::Upgrade {
                    state.model = Some(head.clone());
                }
                drop(state);
                Some(session)
            }
        };
        if let Some(session) = &session {
            shared.told(session, told).await;
        }
        Exchange {
            x: shared.sessions.exchange(),
            kind,
            session,
            method: head.method.clone(),
            url: format!("{}{}", shared.origin, head.target),
            target: head.target.clone(),
            headers: head.headers(),
            started: now,
            written: None,
            first_byte: None,
            timing: Timing::default(),
            recorded: false,
            copy: Copy::default(),
        }
    }

    async fn dial(&mut self, exchange: &mut Exchange) -> Result<(), String> {
        match self.shared.dialer.dial(&self.shared.upstream).await {
            Ok(dialed) => {
                exchange.timing = dialed.timing;
                let (read, write) = tokio::io::split(dialed.stream);
                self.server = Some(Side {
                    read,
                    write,
                    buf: BytesMut::new(),
                });
                Ok(())
            }
            Err(error) => {
                exchange.timing = *error.timing.clone();
                Err(error.to_string())
            }
        }
    }

    /// The server can't be reached: the client gets a 502 that says so.
    async fn unreachable(&mut self, exchange: &mut Exchange, why: &str) -> Next {
        self.record_request(exchange).await;
        let error = format!("{why} (the tap answered 502)");
        self.failed(exchange, None, Bytes::new(), error).await;
        let text = Bytes::from(format!("sioscope tap: {why}\n"));
        self.answer(502, "text/plain; charset=utf-8", &text, false)
            .await;
        Next::Over
    }

    /// Asks the injector about a request; `Err` where it does not go on.
    async fn ask(
        &mut self,
        exchange: &mut Exchange,
        head: &mut RequestHead,
        body: Bytes,
    ) -> Result<Bytes, Next> {
        let shared = self.shared;
        let Some(session) = exchange.session.clone() else {
            return Ok(body);
        };
        let transport = match exchange.kind {
            RequestKind::Upgrade => TransportName::Websocket,
            _ => TransportName::Polling,
        };
        let place = session.place(transport);
        let asked = Asked {
            kind: exchange.kind,
            url: &exchange.target,
            content_type: header(&exchange.headers, "Content-Type"),
            body: &body,
        };
        let verdict = shared
            .faults
            .ask(|injector| injector.request(Instant::now(), &place, &asked));
        shared.tell_faults(session.c, verdict.told).await;
        wait(verdict.until).await;
        let mut body = body;
        let mut answered = None;
        match verdict.what {
            RequestDo::Pass => {}
            RequestDo::Change {
                url,
                content_type,
                body: new,
            } => {
                if let Some(url) = url {
                    exchange.url = format!("{}{url}", shared.origin);
                    head.target = url;
                }
                if let Some(kind) = content_type {
                    head.set("Content-Type", Some(kind));
                }
                if let Some(new) = new {
                    body = new;
                }
            }
            RequestDo::Answer(answer) => answered = Some(answer),
            RequestDo::NeverAnswer => {
                self.never(&session).await;
                return Err(Next::Over);
            }
            RequestDo::Cut(end) => {
                self.cut_by_fault(&session, exchange.kind, &end).await;
                return Err(Link::cut(&end));
            }
        }
        if let Some(answer) = answered {
            let failure = (answer.status >= 400).then(|| {
                format!(
                    "HTTP {} {} (made by the tap)",
                    answer.status,
                    String::from_utf8_lossy(&answer.body)
                )
            });
            let told = session
                .state()
                .story
                .answered(Instant::now(), exchange.kind, failure);
            shared.told(&session, told).await;
            let taken = self
                .answer(answer.status, answer.content_type, &answer.body, true)
                .await;
            return Err(match verdict.then {
                Some(end) => Link::cut(&end),
                None if taken => Next::Another,
                None => Next::Over,
            });
        }
        if let Some(end) = verdict.then {
            self.cut_by_fault(&session, exchange.kind, &end).await;
            return Err(Link::cut(&end));
        }
        head.set("Transfer-Encoding", None);
        if !body.is_empty() || header(&exchange.headers, "Content-Length").is_some() {
            head.set("Content-Length", Some(&body.len().to_string()));
        }
        exchange.headers = head.headers();
        Ok(body)
    }

    /// Holds a request for ever: until the client gives up, or the tap ends.
    async fn never(&mut self, session: &Arc<Session>) {
        let mut stop = self.shared.stop.subscribe();
        let mut cut = session.cut.subscribe();
        cut.mark_unchanged();
        let how = loop {
            self.client.buf.clear();
            self.client.buf.reserve(4 * 1024);
            tokio::select! {
                read = self.client.read.read_buf(&mut self.client.buf) => match read {
                    Ok(1..) => {}
                    Ok(0) => break How::Fin,
                    Err(_) => break How::Rst,
                },
                _ = cut.changed() => break How::Fin,
                () = stopped(&mut stop) => break How::Fin,
            }
        };
        session.state().story.abandoned(Instant::now(), how);
    }

    /// A fault ends the client's TCP connection in the middle of an exchange.
    async fn cut_by_fault(&mut self, session: &Arc<Session>, kind: RequestKind, end: &End) {
        let words = match end {
            End::Rst => "the tap reset the TCP connection (RST)",
            End::Fin | End::Close { .. } => "the tap ended the TCP connection (FIN)",
        };
        let told = session
            .state()
            .story
            .answered(Instant::now(), kind, Some(words.to_owned()));
        self.shared.told(session, told).await;
    }

    async fn pump(&mut self, mut exchange: Exchange, mut up: BytesMut, mut asking: Body) -> Next {
        let shared = self.shared;
        let mut down = BytesMut::new();
        let mut answer = Answer::Head;
        let mut client_end: Option<How> = None;
        let mut server_end: Option<How> = None;
        let mut give_up: Option<Instant> = None;
        let mut told_server = false;
        let mut stop = shared.stop.subscribe();
        let cut_sender = exchange.session.clone();
        let mut cut = cut_sender.as_ref().map(|session| {
            let mut cut = session.cut.subscribe();
            cut.mark_unchanged();
            cut
        });
        loop {
            if !asking.is_done() && up.len() < AHEAD && !self.client.buf.is_empty() {
                match asking.take(&self.client.buf, &mut exchange.copy) {
                    Ok(used) => up.extend_from_slice(&self.client.buf.split_to(used)),
                    Err(why) => {
                        self.record_request(&mut exchange).await;
                        self.failed(
                            &exchange,
                            None,
                            Bytes::new(),
                            format!("the request's body: {why}"),
                        )
                        .await;
                        return Next::Over;
                    }
                }
            }
            if up.is_empty() && asking.is_done() && !exchange.recorded {
                exchange.written = Some(Instant::now());
                self.record_request(&mut exchange).await;
            }
            if let Answer::Head = answer {
                let taken = match &mut self.server {
                    Some(server) => head::take_response(&mut server.buf),
                    None => Ok(None),
                };
                match taken {
                    Ok(None) => {}
                    Ok(Some(head)) if head.status < 200 && head.status != 101 => {
                        down.extend_from_slice(&head.bytes);
                        continue;
                    }
                    Ok(Some(head)) => {
                        exchange.written.get_or_insert_with(Instant::now);
                        self.record_request(&mut exchange).await;
                        if head.status == 101 {
                            return self.switch(exchange, head, down).await;
                        }
                        let body = match head.body(&exchange.method) {
                            Ok(body) => body,
                            Err(_) => Body::Close,
                        };
                        let held = match &exchange.session {
                            Some(session) if shared.faults.busy() || has_parcels(session) => {
                                Some(BytesMut::from(&head.bytes[..]))
                            }
                            _ => {
                                down.extend_from_slice(&head.bytes);
                                None
                            }
                        };
                        answer = Answer::Body {
                            head,
                            body,
                            copy: Copy::default(),
                            held,
                        };
                    }
                    Err(why) => {
                        // Not HTTP: whoever asked shall see what came, and so shall the record.
                        let said = self
                            .server
                            .as_mut()
                            .map(|server| server.buf.split().freeze())
                            .unwrap_or_default();
                        self.record_request(&mut exchange).await;
                        let error = format!(
                            "the server's answer is not HTTP ({why}): `{}`",
                            said.get(..64).unwrap_or(&said).escape_ascii()
                        );
                        self.failed(&exchange, None, said.clone(), error).await;
                        let _ = self.client.write.write_all(&said).await;
                        return Next::Over;
                    }
                }
            }
            if let Answer::Body {
                body, copy, held, ..
            } = &mut answer
                && let Some(server) = &mut self.server
            {
                if !server.buf.is_empty() {
                    match body.take(&server.buf, copy) {
                        Ok(used) => {
                            let part = server.buf.split_to(used);
                            held.as_mut().unwrap_or(&mut down).extend_from_slice(&part);
                        }
                        Err(why) => {
                            let error = format!("the answer's body can't be read: {why}");
                            return self.broke(&exchange, answer, down, error, &How::Fin).await;
                        }
                    }
                }
                if body.is_done() || (body.ends_with_connection() && server_end.is_some()) {
                    let Answer::Body {
                        head,
                        body,
                        copy,
                        held,
                    } = answer
                    else {
                        return Next::Over;
                    };
                    let keeps = head.keeps_alive()
                        && !body.ends_with_connection()
                        && client_end.is_none()
                        && asking.is_done();
                    return self.finish(exchange, head, copy, held, down, keeps).await;
                }
            }
            if let Some(how) = &server_end {
                let how = how.clone();
                let error = format!("{} before its answer was whole", how.words(Who::Server));
                self.record_request(&mut exchange).await;
                return self.broke(&exchange, answer, down, error, &how).await;
            }
            if let Some(how) = &client_end
                && (*how != How::Fin || give_up.is_some_and(|until| until <= Instant::now()))
            {
                let how = how.clone();
                self.record_request(&mut exchange).await;
                return self.left(&exchange, answer, how).await;
            }
            let Some(server) = &mut self.server else {
                return Next::Over;
            };
            if client_end.is_some() && up.is_empty() && !told_server {
                // The server learns that the client will say no more, and may still answer.
                told_server = true;
                let _ = server.write.shutdown().await;
            }
            self.client.buf.reserve(16 * 1024);
            server.buf.reserve(64 * 1024);
            tokio::select! {
                biased;
                () = stopped(&mut stop) => {
                    self.record_request(&mut exchange).await;
                    self.stopped(&exchange).await;
                    return Next::Over;
                }
                end = changed(&mut cut) => {
                    self.record_request(&mut exchange).await;
                    if let Some(session) = &exchange.session {
                        self.cut_by_fault(session, exchange.kind, &end).await;
                    }
                    return Link::cut(&end);
                }
                written = server.write.write_buf(&mut up), if !up.is_empty() => {
                    if !matches!(written, Ok(1..)) {
                        // It may have answered all the same.
                        up.clear();
                        asking = Body::None;
                    }
                }
                written = self.client.write.write_buf(&mut down), if !down.is_empty() => {
                    if !matches!(written, Ok(1..)) {
                        client_end = Some(How::Rst);
                    }
                }
                read = server.read.read_buf(&mut server.buf),
                    if server_end.is_none() && down.len() < AHEAD => match read {
                    Ok(1..) => {
                        exchange.first_byte.get_or_insert_with(Instant::now);
                    }
                    Ok(0) => server_end = Some(How::Fin),
                    Err(error) => server_end = Some(how_of(&error)),
                },
                read = self.client.read.read_buf(&mut self.client.buf),
                    if client_end.is_none() && self.client.buf.len() < AHEAD => match read {
                    Ok(1..) => {}
                    Ok(0) => {
                        client_end = Some(How::Fin);
                        give_up = Instant::now().checked_add(PATIENCE);
                    }
                    Err(error) => client_end = Some(how_of(&error)),
                },
                () = wait(give_up), if give_up.is_some() => {}
            }
        }
    }

    /// The answer has come, whole.
    async fn finish(
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
            self.learn(&session, &exchange, &head, &body, content_type.as_deref())
                .await;
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
                        self.never(&session).await;
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
                down.extend_from_slice(&bytes);
                if let Some(end) = verdict.then {
                    let _ = self.client.write.write_all(&down).await;
                    self.cut_by_fault(&session, exchange.kind, &end).await;
                    return Link::cut(&end);
                }
            }
        }
        if self.client.write.write_all(&down).await.is_err() {
            next = Next::Over;
        }
        next
    }

    /// Adds what waits for the client's poll to its body. Only what is `recorded`, or the rest.
    async fn with_parcels(
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

    /// What an exchange says of its connection.
    async fn learn(
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
            if fine && exchange.kind == RequestKind::Handshake {
                let clues = generation::from_first_body(body, content_type);
                if let Some(found) = clues.iter().find_map(|clue| clue.generation) {
                    story.revision = found.revision();
                }
            }
            let (version, revision) = (story.version, story.revision);
            let mut told = story.answered(now, exchange.kind, failure);
            if fine && exchange.kind == RequestKind::Post {
                let sent = &exchange.copy.data;
                let kind = header(&exchange.headers, "Content-Type");
                for packet in payload::decode_body(sent, kind, version, revision).packets {
                    let start = wire_start(&packet.value);
                    let (dir, by) = (Direction::ToServer, TransportName::Polling);
                    told.extend(story.packet(now, dir, by, &start));
                }
            } else if fine {
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
    async fn switch(&mut self, exchange: Exchange, head: ResponseHead, down: BytesMut) -> Next {
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

    /// The server's answer broke off.
    async fn broke(
        &mut self,
        exchange: &Exchange,
        answer: Answer,
        down: BytesMut,
        error: String,
        how: &How,
    ) -> Next {
        let (head, body) = match answer {
            Answer::Head => (None, Bytes::new()),
            Answer::Body { head, copy, .. } => (Some(head), copy.data.freeze()),
        };
        self.failed(exchange, head, body, error).await;
        let _ = self.client.write.write_all(&down).await;
        match how {
            How::Rst => Next::Reset,
            _ => Next::Over,
        }
    }

    /// The client left before the answer was whole.
    async fn left(&mut self, exchange: &Exchange, answer: Answer, how: How) -> Next {
        let (head, body) = match answer {
            Answer::Head => (None, Bytes::new()),
            Answer::Body { head, copy, .. } => (Some(head), copy.data.freeze()),
        };
        let error = format!("{} before it had the answer", how.words(Who::Client));
        self.record_failure(exchange, head, body, error).await;
        if let Some(session) = &exchange.session {
            let mut state = session.state();
            state.story.abandoned(Instant::now(), how);
        }
        Next::Over
    }

    async fn stopped(&mut self, exchange: &Exchange) {
        let error = "the tap was stopped".to_owned();
        self.record_failure(exchange, None, Bytes::new(), error)
            .await;
    }

    /// An exchange failed on the server's side.
    async fn failed(
        &mut self,
        exchange: &Exchange,
        head: Option<ResponseHead>,
        body: Bytes,
        error: String,
    ) {
        self.record_failure(exchange, head, body, error.clone())
            .await;
        if let Some(session) = &exchange.session {
            let told = session
                .state()
                .story
                .answered(Instant::now(), exchange.kind, Some(error));
            self.shared.told(session, told).await;
        }
    }

    async fn record_failure(
        &mut self,
        exchange: &Exchange,
        head: Option<ResponseHead>,
        body: Bytes,
        error: String,
    ) {
        let (status, headers) =
            head.map_or((0, Headers::new()), |head| (head.status, head.headers));
        let response = Response {
            x: exchange.x,
            status,
            headers,
            body,
            timing: timing(exchange),
            error: Some(error),
        };
        self.shared
            .recorder
            .record(exchange.c(), Record::Response(response))
            .await;
    }

    /// Once: the request as it went to the server.
    async fn record_request(&mut self, exchange: &mut Exchange) {
        if std::mem::replace(&mut exchange.recorded, true) {
            return;
        }
        let raw = Bytes::copy_from_slice(&exchange.copy.data);
        let encodings: Vec<&str> = header_values(&exchange.headers, "Content-Encoding").collect();
        let body = match encodings.is_empty() {
            true => raw,
            false => content::decode(&encodings.join(","), raw.clone(), KEPT).unwrap_or(raw),
        };
        let request = Request {
            x: exchange.x,
            method: exchange.method.clone(),
            url: exchange.url.clone(),
            headers: exchange.headers.clone(),
            body,
        };
        let c = exchange.c();
        self.shared
            .recorder
            .record(c, Record::Request(request))
            .await;
        let left_out = exchange.copy.left_out;
        self.left_out(exchange, left_out).await;
    }

    async fn left_out(&mut self, exchange: &Exchange, bytes: u64) {
        if bytes > 0 {
            let gap = Record::Gap(Gap { records: 0, bytes });
            self.shared.recorder.record(exchange.c(), gap).await;
        }
    }

    fn unreadable(&self, error: &ContentError) {
        let text = format!("an answer is recorded as it crossed the wire: {error}");
        self.shared.notice_once(text);
    }
}

fn timing(exchange: &Exchange) -> Timing {
    let ms = |from: Instant, to: Instant| {
        // Whole microseconds: more digits would only look exact.
        to.saturating_duration_since(from).as_micros() as f64 / 1e3
    };
    let first_byte = exchange
        .written
        .zip(exchange.first_byte)
        .map(|(written, first)| ms(written, first));
    Timing {
        first_byte,
        total: Some(ms(exchange.started, Instant::now())),
        ..exchange.timing
    }
}

/// Type digit and first byte of a packet, which is all that a story asks about.
fn wire_start(packet: &crate::protocol::engine::Packet<'_>) -> Vec<u8> {
    let mut start = vec![packet.kind.number() + b'0'];
    if let Data::Text(text) = &packet.data {
        start.extend(text.as_bytes().first());
    }
    start
}

fn how_of(error: &std::io::Error) -> How {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => How::Rst,
        Kind::UnexpectedEof => How::Fin,
        _ => How::Broken(error.to_string()),
    }
}

/// The first value of a query parameter, as it is written.
fn query_value<'t>(target: &'t str, wanted: &str) -> Option<&'t str> {
    let query = target.split_once('?')?.1;
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == wanted).then_some(value)
    })
}

async fn wait(until: Option<Instant>) {
    if let Some(until) = until {
        tokio::time::sleep_until(until.into()).await;
    }
}

/// Waits until a fault ends the exchanges of the connection.
async fn changed(cut: &mut Option<tokio::sync::watch::Receiver<Option<End>>>) -> End {
    let Some(cut) = cut else {
        return std::future::pending().await;
    };
    loop {
        if cut.changed().await.is_err() {
            return std::future::pending().await;
        }
        if let Some(end) = cut.borrow_and_update().clone() {
            return end;
        }
    }
}

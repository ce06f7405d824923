//! One Engine.IO session as the doctor makes it: used as a client uses it, closed politely.
//!
//! A visit that no client would make (a wrong path on purpose, the other generation) has no
//! connection number in the records, so that no rule takes it for a client's fault.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::probe::{Answer, Probe, Purpose};
use super::socket::Socket;
use super::voice::{self, Hello, Opened};
use crate::client::options::Parser;
use crate::journal::record::{
    self, Body, ConnectionState, NamespaceState, Record, TransportName, TransportState,
};
use crate::model::{Decoder, Packet};
use crate::net::cookies::Jar;
use crate::net::http::HttpClient;
use crate::protocol::engine::url::{Endpoint, Request, Transport, encode_component};
use crate::protocol::engine::{self, Handshake, Revision, Version, payload};
use crate::protocol::socket;
use crate::protocol::websocket::handshake::header_values;

/// How long an answer may take that needs no wait on the server's side.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Which TCP connections a visit's requests use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wires {
    /// Kept and used again, as HTTP clients do.
    Kept,
    /// A new one for each request.
    Fresh,
}

/// A session, open or not yet.
pub(super) struct Visit<'p> {
    pub(super) probe: &'p Probe,
    /// The check that it is made for.
    pub(super) check: &'static str,
    /// Its number in the records.
    pub(super) c: Option<u32>,
    /// Where the server is.
    pub(super) endpoint: Endpoint,
    /// The protocol that is spoken.
    pub(super) version: Version,
    /// How polling bodies are written.
    pub(super) revision: Revision,
    /// What the server said first.
    pub(super) handshake: Option<Handshake>,
    /// How Socket.IO packets are written.
    parser: Parser,
    /// Whether cookies are carried, as a browser does.
    pub(super) cookies: bool,
    wires: Wires,
    http: HttpClient,
    jar: Mutex<Jar>,
    decoder: Mutex<Decoder>,
    joined: Mutex<Vec<String>>,
    /// Which transport carries it.
    by: Mutex<TransportName>,
    /// The longest time that an answer took which waited for nothing.
    pace: Mutex<Duration>,
}

impl<'p> Visit<'p> {
    /// A session that is still to be opened.
    pub(super) fn new(
        probe: &'p Probe,
        check: &'static str,
        endpoint: &Endpoint,
        (version, revision): (Version, Revision),
        wires: Wires,
    ) -> Visit<'p> {
        let given: Vec<String> = probe
            .options
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Visit {
            probe,
            check,
            c: Some(probe.next_c()),
            endpoint: endpoint.clone(),
            version,
            revision,
            handshake: None,
            parser: probe.options.parser,
            cookies: true,
            wires,
            http: probe.fresh(),
            jar: Mutex::new(Jar::new(given.iter().map(String::as_str))),
            decoder: Mutex::new(Decoder::new(Probe::parser(probe.options.parser))),
            joined: Mutex::default(),
            by: Mutex::new(TransportName::Polling),
            pace: Mutex::default(),
        }
    }

    /// One that no client would make.
    pub(super) fn aside(mut self) -> Visit<'p> {
        self.c = None;
        self
    }

    /// With a parser of choice.
    pub(super) fn speaking(mut self, parser: Parser) -> Visit<'p> {
        self.parser = parser;
        self.decoder = Mutex::new(Decoder::new(Probe::parser(parser)));
        self
    }

    /// Without the cookies that the server sets.
    pub(super) fn without_cookies(mut self) -> Visit<'p> {
        self.cookies = false;
        self
    }

    /// Opens it over polling.
    pub(super) async fn open(&mut self, what: &str) -> (Answer, Hello) {
        self.connection(ConnectionState::Connecting, None, None);
        self.transport(TransportName::Polling, TransportState::Opening);
        let answer = self.get(what, PATIENCE).await;
        self.timed(&answer);
        let hello = voice::hello(answer.status, &answer.headers, &answer.body, self.version);
        match &hello {
            Hello::Open(opened) if opened.version == self.version => {
                self.revision = opened.revision;
                self.handshake = Some(opened.handshake.clone());
                self.transport(TransportName::Polling, TransportState::Open);
                self.connection(ConnectionState::Open, None, None);
            }
            _ => {
                self.transport(TransportName::Polling, TransportState::Closed);
                let detail = Some(answer.told());
                self.connection(ConnectionState::Closed, Some("xhr poll error"), detail);
            }
        }
        (answer, hello)
    }

    /// Ends the session that a server of the other generation opened for us all the same, so
    /// that none is left behind.
    pub(super) async fn release(&mut self, opened: &Opened) {
        self.version = opened.version;
        self.revision = opened.revision;
        self.handshake = Some(opened.handshake.clone());
        self.close("end the session that was opened").await;
    }

    /// Session id, once it is open.
    pub(super) fn sid(&self) -> Option<&str> {
        self.handshake.as_ref().map(|open| open.sid.as_str())
    }

    /// A poll (or, without a session, the handshake).
    pub(super) async fn get(&self, what: &str, patience: Duration) -> Answer {
        self.exchange(what, patience, None).await
    }

    /// A post.
    pub(super) async fn post(
        &self,
        what: &str,
        packets: &[engine::Packet<'_>],
        patience: Duration,
    ) -> Answer {
        let body = payload::encode_body(packets, self.version, self.revision, true);
        let post = Some((body.content_type, Bytes::from(body.bytes)));
        let answer = self.exchange(what, patience, post).await;
        self.timed(&answer);
        answer
    }

    /// How long the way to the server and back takes at most, as far as is known. Whoever gives
    /// something up has to wait at least so much longer than a near server needs: what was cut
    /// off too soon kills a session that is sound.
    pub(super) fn pace(&self) -> Duration {
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns the pace from an answer that had nothing to wait for.
    fn timed(&self, answer: &Answer) {
        if answer.status > 0 {
            let took = Duration::from_secs_f64(answer.ms.max(0.0) / 1e3);
            let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            *pace = took.max(*pace);
        }
    }

    async fn exchange(
        &self,
        what: &str,
        patience: Duration,
        post: Option<(&'static str, Bytes)>,
    ) -> Answer {
        let fresh;
        let client = match self.wires {
            Wires::Kept => &self.http,
            Wires::Fresh => {
                fresh = self.probe.fresh();
                &fresh
            }
        };
        let request = self.request(Transport::Polling, self.sid());
        let jar = |url: &url::Url| self.jar().header(url);
        let purpose = self.purpose(what, patience);
        let answer = self
            .probe
            .exchange(purpose, client, &self.endpoint, &request, jar, post)
            .await;
        self.keep_cookies(&answer, Transport::Polling);
        answer
    }

    fn purpose<'a>(&self, what: &'a str, patience: Duration) -> Purpose<'a> {
        Purpose {
            check: self.check,
            what,
            c: self.c,
            patience,
        }
    }

    fn request<'a>(&self, transport: Transport, sid: Option<&'a str>) -> Request<'a> {
        Request {
            version: self.version,
            transport,
            cache_buster: None,
            b64: false,
            sid,
        }
    }

    /// A WebSocket: of this session where it is open, else a session of its own. The answer is
    /// given where there is none.
    pub(super) async fn socket(&self, what: &str) -> Result<(Answer, Socket<'_, 'p>), Box<Answer>> {
        let request = self.request(Transport::Websocket, self.sid());
        if self.sid().is_none() {
            *self.by.lock().unwrap_or_else(PoisonError::into_inner) = TransportName::Websocket;
            self.connection(ConnectionState::Connecting, None, None);
        }
        self.transport(TransportName::Websocket, TransportState::Opening);
        let jar = |url: &url::Url| self.jar().header(url);
        let purpose = self.purpose(what, PATIENCE);
        let (answer, upgraded) = self
            .probe
            .upgrade(purpose, &self.endpoint, &request, jar)
            .await;
        self.keep_cookies(&answer, Transport::Websocket);
        self.timed(&answer);
        match upgraded {
            Some(upgraded) => Ok((answer, Socket::new(self, upgraded))),
            None => {
                self.transport(TransportName::Websocket, TransportState::Closed);
                if self.sid().is_none() {
                    let detail = Some(answer.told());
                    self.connection(ConnectionState::Closed, Some("websocket error"), detail);
                }
                Err(Box::new(answer))
            }
        }
    }

    /// Notes that WebSocket carries it from now on.
    pub(super) fn moved(&self) {
        *self.by.lock().unwrap_or_else(PoisonError::into_inner) = TransportName::Websocket;
        self.transport(TransportName::Websocket, TransportState::Open);
        self.transport(TransportName::Polling, TransportState::Closed);
    }

    fn keep_cookies(&self, answer: &Answer, transport: Transport) {
        if !self.cookies {
            return;
        }
        let request = self.request(transport, None);
        if let Ok(url) = url::Url::parse(&self.endpoint.request_url(&request)) {
            self.jar()
                .store(&url, header_values(&answer.headers, "set-cookie"));
        }
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The packets that a poll brought.
    pub(super) fn packets(&self, answer: &Answer) -> Vec<Packet> {
        let body = Body::Response(record::Response {
            x: answer.x,
            status: answer.status,
            headers: answer.headers.clone(),
            body: answer.body.clone(),
            timing: answer.timing,
            error: answer.error.clone(),
        });
        // The decoder learns the version from the request.
        let request = self.request(Transport::Polling, self.sid());
        self.decode(
            answer.n,
            Body::Request(record::Request {
                x: answer.x,
                method: "GET".to_owned(),
                url: self.endpoint.request_url(&request),
                ..record::Request::default()
            }),
        );
        self.decode(answer.answer_n, body)
    }

    /// The packets of a record of this session.
    pub(super) fn decode(&self, n: u64, body: Body) -> Vec<Packet> {
        let record = Record {
            n,
            t: 0,
            c: Some(self.c.unwrap_or(0)),
            body,
        };
        self.decoder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .decode(&record)
    }

    /// Tells the decoder which protocol a WebSocket speaks.
    pub(super) fn learn(&self) {
        let request = self.request(Transport::Websocket, self.sid());
        self.decode(
            0,
            Body::Request(record::Request {
                method: "GET".to_owned(),
                url: self.endpoint.request_url(&request),
                ..record::Request::default()
            }),
        );
    }

    /// The Engine.IO packet of a Socket.IO packet without binary; `None` where it cannot be
    /// written.
    pub(super) fn message(
        &self,
        kind: socket::PacketKind,
        nsp: &str,
        data: Option<&str>,
    ) -> Option<engine::Packet<'static>> {
        let packet = socket::Packet {
            kind,
            attachments: 0,
            nsp: nsp.into(),
            id: None,
            data: data.map(Into::into),
        };
        match (self.parser, self.version) {
            (Parser::Default, _) => Some(engine::Packet::message(socket::encode(&packet))),
            (Parser::Msgpack, Version::V3) => Some(engine::Packet::message(
                socket::msgpack::encode_text(&packet),
            )),
            (Parser::Msgpack, Version::V4) => {
                socket::msgpack::encode(&packet, &socket::Limits::default())
                    .ok()
                    .map(engine::Packet::binary)
            }
        }
    }

    /// The CONNECT for a namespace; `None` where the server joins it by itself.
    pub(super) fn connect(&self, nsp: &str, auth: Option<&str>) -> Option<engine::Packet<'static>> {
        self.namespace(nsp, NamespaceState::Joining, None, None);
        if self.version == Version::V4 {
            return self.message(socket::PacketKind::Connect, nsp, auth);
        }
        if nsp == "/" {
            return None;
        }
        // Generation 2 hangs the query on the namespace's name.
        let mut target = nsp.to_owned();
        if !nsp.contains('?') {
            for (index, (name, value)) in self.endpoint.query.iter().enumerate() {
                target.push(if index == 0 { '?' } else { '&' });
                encode_component(name, &mut target);
                target.push('=');
                encode_component(value, &mut target);
            }
        }
        self.message(socket::PacketKind::Connect, &target, None)
    }

    /// Notes what the server said to a CONNECT.
    pub(super) fn joined(&self, nsp: &str, sid: Option<String>) {
        self.joined
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(nsp.to_owned());
        self.namespace(nsp, NamespaceState::Connected, sid, None);
    }

    /// Notes that the server refused.
    pub(super) fn refused(&self, nsp: &str, why: &str) {
        self.namespace(nsp, NamespaceState::Refused, None, Some(why.to_owned()));
    }

    /// The packets that leave everything politely; the last one ends the session.
    pub(super) fn farewell(&self) -> Vec<engine::Packet<'static>> {
        let joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let mut packets: Vec<engine::Packet<'static>> = joined
            .iter()
            .filter_map(|nsp| self.message(socket::PacketKind::Disconnect, nsp, None))
            .collect();
        packets.push(engine::Packet::bare(engine::PacketKind::Close));
        packets
    }

    /// Ends a session that polling carries.
    pub(super) async fn close(&self, what: &str) -> Answer {
        let answer = self.post(what, &self.farewell(), PATIENCE).await;
        self.left("io client disconnect", None);
        answer
    }

    /// Notes that it has ended.
    pub(super) fn left(&self, reason: &str, detail: Option<String>) {
        let joined =
            std::mem::take(&mut *self.joined.lock().unwrap_or_else(PoisonError::into_inner));
        for nsp in joined {
            let why = Some(reason.to_owned());
            self.namespace(&nsp, NamespaceState::Disconnected, None, why);
        }
        let by = *self.by.lock().unwrap_or_else(PoisonError::into_inner);
        self.transport(by, TransportState::Closed);
        self.connection(ConnectionState::Closed, Some(reason), detail);
    }

    /// Notes that the session was opened over WebSocket.
    pub(super) fn opened_by_socket(&self) {
        self.transport(TransportName::Websocket, TransportState::Open);
        self.connection(ConnectionState::Open, None, None);
    }

    fn namespace(
        &self,
        nsp: &str,
        state: NamespaceState,
        sid: Option<String>,
        reason: Option<String>,
    ) {
        if self.c.is_none() {
            return;
        }
        let body = Body::Namespace(record::Namespace {
            nsp: nsp.to_owned(),
            state,
            sid,
            reason,
            recovered: None,
            data: None,
        });
        self.probe.record(self.c, &body);
    }

    fn connection(&self, state: ConnectionState, reason: Option<&str>, detail: Option<String>) {
        if self.c.is_none() {
            return;
        }
        let body = Body::Connection(record::Connection {
            state,
            reason: reason.map(str::to_owned),
            detail,
            attempt: None,
            delay_ms: None,
        });
        self.probe.record(self.c, &body);
    }

    pub(super) fn transport(&self, name: TransportName, state: TransportState) {
        if self.c.is_none() {
            return;
        }
        let body = Body::Transport(record::Transport {
            name,
            state,
            error: None,
        });
        self.probe.record(self.c, &body);
    }
}

//! Requests: handshakes, polls, posts, upgrades and preflights, answered as the reference
//! server's engine does.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, CACHE_CONTROL, CONTENT_TYPE,
    HeaderName, HeaderValue, ORIGIN, SET_COOKIE, VARY,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use tokio::sync::{mpsc, watch};

use super::socket::{Arrival, Switched};
use super::{Live, Shared};
use crate::protocol::engine::Version;
use crate::protocol::engine::payload::Body;
use crate::protocol::engine::url::{Transport, parse_query};
use crate::protocol::websocket::handshake::response_headers;
use crate::replay::mock::engine::{Opening, Polled, Session};
use crate::replay::mock::report::Note;
use crate::replay::mock::script::{Names, Part};

/// What a post may hold where the handshake names no limit (`maxHttpBufferSize` of old servers).
const LARGEST_POST: u64 = 100_000_000;

type Answer = Response<Full<Bytes>>;

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut as recorded")]
pub(super) struct Cut;

/// The query parameters that count.
struct Query {
    eio: Option<String>,
    transport: Option<String>,
    sid: Option<String>,
    base64: bool,
}

impl Query {
    fn of(text: &str) -> Query {
        let pairs = parse_query(text);
        let value = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        };
        Query {
            eio: value("EIO"),
            transport: value("transport"),
            sid: value("sid"),
            base64: value("b64").is_some_and(|b64| b64 != "0" && b64 != "false"),
        }
    }

    fn version(&self) -> Version {
        match self.eio.as_deref() {
            Some("4") => Version::V4,
            _ => Version::V3,
        }
    }
}

/// Answers one request. A WebSocket is handed out by `upgraded`.
pub(super) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
    upgraded: mpsc::Sender<Switched>,
) -> Result<Answer, Cut> {
    let origin = request.headers().get(ORIGIN).cloned();
    let wanted = request
        .headers()
        .get(ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned();
    let mut answer = if request.method() == Method::OPTIONS {
        plain(StatusCode::NO_CONTENT, "text/plain", "")
    } else {
        route(&shared, request, upgraded).await?
    };
    allow(answer.headers_mut(), origin, wanted);
    Ok(answer)
}

/// Lets pages of any origin read the answer, with their credentials.
fn allow(headers: &mut HeaderMap, origin: Option<HeaderValue>, wanted: Option<HeaderValue>) {
    let Some(origin) = origin else { return };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(wanted) = wanted {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
        let methods = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        let private = HeaderName::from_static("access-control-allow-private-network");
        headers.insert(private, HeaderValue::from_static("true"));
    }
}

async fn route(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    upgraded: mpsc::Sender<Switched>,
) -> Result<Answer, Cut> {
    let path = request.uri().path().trim_end_matches('/');
    if path != shared.path {
        let said = format!(
            "sioscope mock: this session was recorded at {}/, not at {}\n",
            shared.path,
            request.uri().path()
        );
        if request.uri().query().is_some_and(|q| q.contains("EIO=")) {
            turned_away(
                shared,
                format!(
                    "a client asked for {path}/, but the session was recorded at {}/",
                    shared.path
                ),
            );
        }
        return Ok(plain(StatusCode::NOT_FOUND, "text/plain", &said));
    }
    let query = Query::of(request.uri().query().unwrap_or_default());
    let transport = match query.transport.as_deref() {
        Some("polling") => Transport::Polling,
        Some("websocket") => Transport::Websocket,
        _ => return Ok(refused(0, "Transport unknown")),
    };
    let Some(sid) = &query.sid else {
        return Ok(handshake(shared, request, &query, transport, upgraded));
    };
    let Some(live) = shared.by_sid(sid) else {
        return Ok(refused(1, "Session ID unknown"));
    };
    let version = shared.with(&live, |session| session.version());
    if query.eio.is_some() && query.version() != version {
        return Ok(refused(3, "Bad request"));
    }
    if transport == Transport::Websocket {
        let now = shared.now();
        if !shared.with(&live, |session| session.begin_probe(now)) {
            return Ok(refused(3, "Bad request"));
        }
        let answer = switch(request, Arc::clone(&live), Arrival::Probe, upgraded);
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            shared.with(&live, Session::end_probe);
        }
        return Ok(answer);
    }
    if shared.with(&live, |session| session.carrier()) == Transport::Websocket {
        return Ok(refused(3, "Bad request"));
    }
    match *request.method() {
        Method::GET => poll(shared, &live).await,
        Method::POST => Ok(post(shared, &live, request).await),
        _ => Ok(refused(2, "Bad handshake method")),
    }
}

/// A new connection.
fn handshake(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    query: &Query,
    transport: Transport,
    upgraded: mpsc::Sender<Switched>,
) -> Answer {
    if request.method() != Method::GET {
        return refused(2, "Bad handshake method");
    }
    if transport == Transport::Websocket && !is_upgrade(request.headers()) {
        return refused(3, "Bad request");
    }
    let Some(part) = shared.next_part(query.version()) else {
        let (ours, theirs) = match query.version() {
            Version::V3 => ('4', '3'),
            Version::V4 => ('3', '4'),
        };
        turned_away(
            shared,
            format!(
                "a client speaks EIO={theirs}, but the session was recorded with EIO={ours}: use a client of that generation"
            ),
        );
        return refused(5, "Unsupported protocol version");
    };
    let opening = Opening {
        part,
        sid: fresh_sid(),
        transport,
        base64: query.base64,
        play: shared.play,
    };
    let sid = opening.sid.clone();
    let cookies = cookies(shared, part, &sid);
    let Some(live) = shared.open(opening) else {
        return refused(3, "Bad request");
    };
    let mut answer = if transport == Transport::Websocket {
        switch(request, Arc::clone(&live), Arrival::New, upgraded)
    } else {
        let number = shared.with(&live, Session::begin_poll);
        match shared.with(&live, |session| session.poll(number)) {
            Polled::Body(body) => polled(body),
            _ => refused(3, "Bad request"),
        }
    };
    for cookie in cookies {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}

/// The recorded cookies, with the sid of this connection.
fn cookies(shared: &Shared, part: usize, sid: &str) -> Vec<HeaderValue> {
    let Some(part) = shared.script.parts.get(part) else {
        return Vec::new();
    };
    let ours = |part: &Part, cookie: &str| {
        let engine = part.ids.iter().find(|(_, names)| *names == Names::Engine);
        match engine {
            Some((recorded, _)) => cookie.replace(recorded.as_str(), sid),
            None => cookie.to_owned(),
        }
    };
    let cookies = part.cookies.iter();
    cookies
        .filter_map(|cookie| HeaderValue::from_str(&ours(part, cookie)).ok())
        .collect()
}

/// A poll: waits until there is something for it.
async fn poll(shared: &Arc<Shared>, live: &Arc<Live>) -> Result<Answer, Cut> {
    let number = shared.with(live, Session::begin_poll);
    let mut stamp = live.stamp.subscribe();
    loop {
        stamp.mark_unchanged();
        match shared.with(live, |session| session.poll(number)) {
            Polled::Body(body) => return Ok(polled(body)),
            Polled::Cut => return Err(Cut),
            Polled::Unknown => return Ok(refused(1, "Session ID unknown")),
            Polled::Wait => {}
        }
        let deadline = Shared::deadline(live);
        tokio::select! {
            _ = stamp.changed() => {}
            () = super::socket::until(shared, deadline) => {}
        }
    }
}

async fn post(shared: &Arc<Shared>, live: &Arc<Live>, request: Request<Incoming>) -> Answer {
    let limit = shared.largest_post(live);
    let declared = request
        .headers()
        .get(http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit) {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "text/html", "");
    }
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .map(str::to_owned);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let body = match Limited::new(request.into_body(), limit).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "text/html", ""),
    };
    let now = shared.now();
    shared.with(live, |session| session.post(now, &body, kind.as_deref()));
    plain(StatusCode::OK, "text/html", "ok")
}

/// The 101; the WebSocket goes to whoever serves the TCP connection.
fn switch(
    mut request: Request<Incoming>,
    live: Arc<Live>,
    arrival: Arrival,
    upgraded: mpsc::Sender<Switched>,
) -> Answer {
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    let Some((headers, _)) = response_headers(&headers, false) else {
        return refused(3, "Bad request");
    };
    let io = hyper::upgrade::on(&mut request);
    let switched = Switched { io, live, arrival };
    if upgraded.try_send(switched).is_err() {
        return refused(3, "Bad request");
    }
    let mut answer = plain(StatusCode::SWITCHING_PROTOCOLS, "", "");
    answer.headers_mut().clear();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers
        .get(http::header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

fn turned_away(shared: &Shared, why: String) {
    shared.tell(0, Note::TurnedAway { why });
}

fn polled(body: Body) -> Answer {
    let mut answer = plain(StatusCode::OK, body.content_type, "");
    *answer.body_mut() = Full::new(Bytes::from(body.bytes));
    let no_store = HeaderValue::from_static("no-store");
    answer.headers_mut().insert(CACHE_CONTROL, no_store);
    answer
}

/// An error as the reference words it.
fn refused(code: u8, message: &str) -> Answer {
    let said = format!("{{\"code\":{code},\"message\":\"{message}\"}}");
    plain(StatusCode::BAD_REQUEST, "application/json", &said)
}

fn plain(status: StatusCode, kind: &'static str, body: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

/// A sid as the reference makes them: 15 random bytes in 20 characters.
fn fresh_sid() -> String {
    let mut bytes = [0; 15];
    if getrandom::fill(&mut bytes).is_err() {
        // No source of chance: the time is better than nothing, and nothing secret hangs on it.
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos());
        for (byte, time) in bytes.iter_mut().zip(nanos.to_le_bytes()) {
            *byte = time;
        }
    }
    let standard = crate::protocol::engine::base64::encode(&bytes);
    standard.replace('+', "-").replace('/', "_")
}

impl Shared {
    /// The part that the next connection of a protocol plays.
    fn next_part(&self, version: Version) -> Option<usize> {
        if !self.play.in_turn {
            return self.script.opening(version);
        }
        let parts: Vec<usize> = self.script.parts_of(version).collect();
        let mut table = self.table();
        let [three, four] = &mut table.turns;
        let turn = match version {
            Version::V3 => three,
            Version::V4 => four,
        };
        let part = parts.get(*turn).or(parts.last()).copied();
        *turn = turn.saturating_add(1);
        part
    }

    fn open(&self, opening: Opening) -> Option<Arc<Live>> {
        let sid = opening.sid.clone();
        let session = Session::open(&self.script, opening, self.now())?;
        let mut table = self.table();
        table.opened = table.opened.saturating_add(1);
        let live = Arc::new(Live {
            number: table.opened,
            session: session.into(),
            stamp: watch::Sender::new((0, None)),
        });
        table.live.insert(sid, Arc::clone(&live));
        Some(live)
    }

    fn largest_post(&self, live: &Live) -> u64 {
        let part = self.with(live, |session| session.part());
        let part = self.script.parts.get(part);
        part.and_then(|part| part.max_payload)
            .unwrap_or(LARGEST_POST)
    }
}

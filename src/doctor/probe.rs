//! The doctor's hands: makes requests, records and counts each of them.
//!
//! Everything goes through here, so the list of requests is the truth: one entry for each HTTP
//! request and each WebSocket upgrade that left, none repeated behind the caller's back (each
//! HTTP connection is used at once or not at all), and never more than [`LIMIT`].

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use url::Url;

use super::report::Asked;
use crate::client::Options;
use crate::client::driver::{SetupError, authorize, dial_options};
use crate::client::options::Parser;
use crate::journal::Journal;
use crate::journal::record::{self, Body, Headers, Mark, Timing};
use crate::net::dial::{DialError, Dialer};
use crate::net::http::{self, ConnectionInfo, ExchangeError, ExchangeErrorKind, HttpClient};
use crate::net::websocket::{self, UpgradeError, Upgraded};
use crate::protocol::engine::url::{Endpoint, Request, Transport};
use crate::protocol::websocket::{DeflateOffer, Limits};

/// Requests of one visit, whatever happens.
pub(super) const LIMIT: usize = 250;
/// The longest answer that is read: a handshake is small, and so is all that is asked for.
const BODY: usize = 4 * 1024 * 1024;

/// An answer to a request, or what came instead.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// Record of the request.
    pub(super) n: u64,
    /// Record of the answer.
    pub(super) answer_n: u64,
    /// Exchange number in the records.
    pub(super) x: u64,
    /// Status; 0 where no head came.
    pub(super) status: u16,
    /// Headers.
    pub(super) headers: Headers,
    /// Body, decoded.
    pub(super) body: Bytes,
    /// Why there is no whole answer.
    pub(super) error: Option<String>,
    /// Why there was no connection.
    pub(super) dial: Option<DialError>,
    /// What came is not HTTP.
    pub(super) not_http: bool,
    /// Nothing came within the time.
    pub(super) late: bool,
    /// The phases.
    pub(super) timing: Timing,
    /// The connection that carried it.
    pub(super) connection: Option<ConnectionInfo>,
    /// Milliseconds for everything.
    pub(super) ms: f64,
}

impl Answer {
    /// The records that show it.
    pub(super) fn records(&self) -> [u64; 2] {
        [self.n, self.answer_n]
    }

    /// What came, in words.
    pub(super) fn told(&self) -> String {
        if self.late {
            return format!("no answer within {:.0} s", self.ms / 1e3);
        }
        if let Some(error) = &self.error {
            return error.clone();
        }
        match super::voice::who(self.status, &self.headers, &self.body) {
            super::voice::Who::Engine(error) => match error.code {
                Some(code) => format!("HTTP {}, “{}” (code {code})", self.status, error.message),
                None => format!("HTTP {} {}", self.status, error.message)
                    .trim_end()
                    .to_owned(),
            },
            super::voice::Who::Redirect(to) => {
                let place = to.split('?').next().unwrap_or_default();
                format!(
                    "HTTP {}, a redirect to {}",
                    self.status,
                    super::voice::excerpt(place)
                )
            }
            super::voice::Who::Proxy(page) | super::voice::Who::Other(page) => page.told(),
        }
    }
}

/// A request on its way.
struct Begun {
    index: usize,
    n: u64,
    at: Instant,
    c: Option<u32>,
}

/// What is asked of a request, beside its endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purpose<'a> {
    /// The check that asks.
    pub(super) check: &'static str,
    /// What for.
    pub(super) what: &'a str,
    /// Its connection; none for a request that no client would make.
    pub(super) c: Option<u32>,
    /// How long to wait.
    pub(super) patience: Duration,
}

/// One visit: how connections are made, what was recorded, what was asked.
pub(super) struct Probe {
    pub(super) options: Options,
    pub(super) journal: Journal,
    dialer: Dialer,
    asked: Mutex<Vec<Asked>>,
    last_c: AtomicU32,
    stamp: AtomicU64,
}

impl Probe {
    /// Sets the connection options up; nothing is sent.
    pub(super) fn new(mut options: Options, journal: Journal) -> Result<Probe, SetupError> {
        authorize(&mut options);
        let dialer = Dialer::new(dial_options(&options)?)?;
        let stamp = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        Ok(Probe {
            options,
            journal,
            dialer,
            asked: Mutex::default(),
            last_c: AtomicU32::new(0),
            stamp: AtomicU64::new(stamp),
        })
    }

    /// A client with no connections yet: its first exchange makes one.
    pub(super) fn fresh(&self) -> HttpClient {
        HttpClient::new(self.dialer.clone(), BODY)
    }

    /// Number of the next connection.
    pub(super) fn next_c(&self) -> u32 {
        self.last_c.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// The header's word for the parser, as decoders want it.
    pub(super) fn parser(parser: Parser) -> Option<&'static str> {
        (parser == Parser::Msgpack).then_some("msgpack")
    }

    /// Writes a record.
    pub(super) fn record(&self, c: Option<u32>, body: &Body) -> u64 {
        self.journal.append(Instant::now(), c, body)
    }

    /// Writes what the next records are for, for those who open the session.
    pub(super) fn mark(&self, text: impl Into<String>) {
        self.record(None, &Body::Mark(Mark { text: text.into() }));
    }

    /// Everything that was asked so far.
    pub(super) fn requests(&self) -> Vec<Asked> {
        self.list().clone()
    }

    fn list(&self) -> MutexGuard<'_, Vec<Asked>> {
        // Nothing panics while it is held; the list stays good if it did.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The URL of a request to `endpoint`.
    pub(super) fn url(&self, endpoint: &Endpoint, request: &Request<'_>) -> String {
        let stamp = self.stamp.fetch_add(1, Ordering::Relaxed);
        let stamp = format!("{stamp:x}");
        let buster = (request.transport == Transport::Polling).then_some(("t", stamp.as_str()));
        endpoint.request_url(&Request {
            cache_buster: buster,
            ..*request
        })
    }

    /// The same without what may be secret: the password of the URL never is in it, and the
    /// person's own parameters lose their values.
    fn shown(endpoint: &Endpoint, request: &Request<'_>) -> String {
        let mut endpoint = endpoint.clone();
        for (_, value) in &mut endpoint.query {
            "***".clone_into(value);
        }
        endpoint.request_url(request)
    }

    /// Writes the request into journal and list; `None` at the limit.
    fn begin(
        &self,
        purpose: Purpose<'_>,
        method: &'static str,
        url: &str,
        shown: String,
        headers: &Headers,
        body: &Bytes,
    ) -> Option<Begun> {
        let mut list = self.list();
        if list.len() >= LIMIT {
            return None;
        }
        let index = list.len();
        let at = Instant::now();
        let x = u64::try_from(index).unwrap_or(0).saturating_add(1);
        let request = record::Request {
            x,
            method: method.to_owned(),
            url: url.to_owned(),
            headers: headers.clone(),
            body: body.clone(),
        };
        let n = self.journal.append(at, purpose.c, &Body::Request(request));
        list.push(Asked {
            number: index.saturating_add(1),
            check: purpose.check,
            method,
            url: shown,
            what: purpose.what.to_owned(),
            n,
            answer_n: None,
            status: None,
            error: None,
            ms: 0.0,
        });
        Some(Begun {
            index,
            n,
            at,
            c: purpose.c,
        })
    }

    /// Writes the answer into journal and list.
    fn end(&self, begun: &Begun, mut answer: Answer) -> Answer {
        answer.ms = begun.at.elapsed().as_micros() as f64 / 1e3;
        answer.n = begun.n;
        answer.x = u64::try_from(begun.index).unwrap_or(0).saturating_add(1);
        let response = record::Response {
            x: answer.x,
            status: answer.status,
            headers: answer.headers.clone(),
            body: answer.body.clone(),
            timing: answer.timing,
            error: answer.error.clone(),
        };
        answer.answer_n = self.record(begun.c, &Body::Response(response));
        if let Some(asked) = self.list().get_mut(begun.index) {
            asked.answer_n = Some(answer.answer_n);
            asked.status = Some(answer.status).filter(|status| *status > 0);
            asked.error.clone_from(&answer.error);
            asked.ms = answer.ms;
        }
        answer
    }

    /// One HTTP request over `client`.
    pub(super) async fn exchange(
        &self,
        purpose: Purpose<'_>,
        client: &HttpClient,
        endpoint: &Endpoint,
        request: &Request<'_>,
        cookie: impl FnOnce(&Url) -> Option<String>,
        post: Option<(&'static str, Bytes)>,
    ) -> Answer {
        let text = self.url(endpoint, request);
        let url = match Url::parse(&text) {
            Ok(url) => url,
            Err(error) => return Answer::failed(format!("{text} is no URL: {error}")),
        };
        let (method, kind, body) = match post {
            Some((kind, body)) => ("POST", Some(kind), body),
            None => ("GET", None, Bytes::new()),
        };
        let cookie = cookie(&url);
        let headers = http::request_headers(
            &url,
            &self.options.headers,
            cookie.as_deref(),
            kind.map(|kind| (kind, body.len())),
        );
        let shown = Self::shown(endpoint, request);
        let Some(begun) = self.begin(purpose, method, &text, shown, &headers, &body) else {
            return Answer::failed(format!(
                "not sent: the limit of {LIMIT} requests is reached"
            ));
        };
        let request = http::Request {
            method: method.to_owned(),
            url,
            headers,
            body,
        };
        let answer = match tokio::time::timeout(purpose.patience, client.exchange(&request)).await {
            Err(_) => Answer::late(purpose.patience),
            Ok(Ok(response)) => Answer {
                status: response.status,
                headers: response.headers,
                body: response.body,
                timing: response.timing,
                connection: Some(response.connection),
                ..Answer::default()
            },
            Ok(Err(failed)) => Answer::from_exchange(failed),
        };
        self.end(&begun, answer)
    }

    /// One WebSocket upgrade; the answer of a success has the 101's status and headers.
    pub(super) async fn upgrade(
        &self,
        purpose: Purpose<'_>,
        endpoint: &Endpoint,
        request: &Request<'_>,
        cookie: impl FnOnce(&Url) -> Option<String>,
    ) -> (Answer, Option<Upgraded>) {
        let text = self.url(endpoint, request);
        let url = match Url::parse(&text) {
            Ok(url) => url,
            Err(error) => return (Answer::failed(format!("{text} is no URL: {error}")), None),
        };
        let cookie = cookie(&url);
        let offer = DeflateOffer::default();
        let own = &self.options.headers;
        let headers = websocket::request_headers(&url, own, cookie.as_deref(), Some(&offer));
        let shown = Self::shown(endpoint, request);
        let Some(begun) = self.begin(purpose, "GET", &text, shown, &headers, &Bytes::new()) else {
            let why = format!("not sent: the limit of {LIMIT} requests is reached");
            return (Answer::failed(why), None);
        };
        let opening = websocket::connect(&self.dialer, &url, &headers, Limits { message: BODY });
        let (answer, upgraded) = match tokio::time::timeout(purpose.patience, opening).await {
            Err(_) => (Answer::late(purpose.patience), None),
            Ok(Ok(upgraded)) => {
                let answer = Answer {
                    status: upgraded.response.status,
                    headers: upgraded.response.headers.clone(),
                    timing: upgraded.timing,
                    ..Answer::default()
                };
                (answer, Some(upgraded))
            }
            Ok(Err(failed)) => (Answer::from_upgrade(failed), None),
        };
        (self.end(&begun, answer), upgraded)
    }
}

impl Answer {
    fn failed(why: String) -> Answer {
        Answer {
            error: Some(why),
            ..Answer::default()
        }
    }

    fn late(patience: Duration) -> Answer {
        Answer {
            error: Some(format!("no answer within {} s", patience.as_secs_f64())),
            late: true,
            ..Answer::default()
        }
    }

    fn from_exchange(failed: ExchangeError) -> Answer {
        let error = failed.to_string();
        let (mut dial, mut not_http) = (None, false);
        match *failed.kind {
            ExchangeErrorKind::Dial(error) => dial = Some(error),
            ExchangeErrorKind::NotHttp(_) => not_http = true,
            _ => {}
        }
        Answer {
            status: failed.status.unwrap_or(0),
            headers: failed.headers,
            body: failed.body,
            error: Some(error),
            dial,
            not_http,
            timing: *failed.timing,
            connection: failed.connection.map(|connection| *connection),
            ..Answer::default()
        }
    }

    fn from_upgrade(failed: UpgradeError) -> Answer {
        let error = Some(failed.to_string());
        match failed {
            UpgradeError::Refused {
                response, timing, ..
            } => Answer {
                status: response.status,
                // A refusal with a status says by that what it is.
                error: error.filter(|_| response.status == 101),
                headers: response.headers,
                body: response.body,
                timing,
                ..Answer::default()
            },
            UpgradeError::NoResponse { bytes, timing, .. } => Answer {
                body: bytes,
                timing,
                error,
                ..Answer::default()
            },
            UpgradeError::Dial(dial) => Answer {
                timing: *dial.timing,
                dial: Some(dial),
                error,
                ..Answer::default()
            },
            UpgradeError::Request(_) => Answer {
                error,
                ..Answer::default()
            },
        }
    }
}

//! Opening a WebSocket, and what is said where that fails.

use std::time::Instant;

use bytes::Bytes;
use url::Url;

use super::Reader;
use super::writing::Writer;
use crate::client::driver::faults::Asking;
use crate::client::driver::{Done, Driver};
use crate::client::machine::{ExchangeId, Input};
use crate::journal::record::{self, Body};
use crate::net::dial::TlsInfo;
use crate::net::websocket::{self, UpgradeError, Upgraded};
use crate::protocol::websocket::handshake::header;
use crate::protocol::websocket::{DeflateOffer, Limits};

/// How an opening ended.
pub(in crate::client::driver) struct Outcome {
    x: ExchangeId,
    c: u32,
    url: Url,
    result: Result<Upgraded, UpgradeError>,
}

impl Driver {
    pub(in crate::client::driver) fn open_ws(&mut self, x: ExchangeId, c: u32, url: &str) {
        let mut url = url.to_owned();
        let mut until = None;
        if !self.injector.is_idle() {
            match self.asked_ws(x, c, &mut url) {
                Asking::Send(at) => until = at,
                Asking::Done => return,
            }
        }
        let url = match Url::parse(&url) {
            Ok(url) => url,
            Err(error) => {
                let error = format!("{url:?} is no URL: {error}");
                return self
                    .machine
                    .handle(Instant::now(), Input::WsFailed { x, error });
            }
        };
        let cookie = self
            .jar
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .header(&url);
        let offer = DeflateOffer::default();
        let headers = websocket::request_headers(
            &url,
            &self.options.headers,
            cookie.as_deref(),
            Some(&offer),
        );
        let asked = Body::Request(record::Request {
            x,
            method: "GET".to_owned(),
            url: url.to_string(),
            headers: headers.clone(),
            body: Bytes::new(),
        });
        let waits = self.record_when_sent(x, c, asked, until);
        let dialer = self.dialer.clone();
        let patience = self.options.connect_timeout;
        let abort = self.tasks.spawn(async move {
            if let Some(waits) = waits {
                waits.await;
            }
            let opening = websocket::connect(&dialer, &url, &headers, Limits::default());
            let result = match tokio::time::timeout(patience, opening).await {
                Ok(result) => result,
                Err(_) => Err(UpgradeError::NoResponse {
                    message: format!(
                        "no answer to the upgrade within {} s",
                        patience.as_secs_f64()
                    ),
                    bytes: Bytes::new(),
                    timing: record::Timing::default(),
                }),
            };
            Done::Ws(Box::new(Outcome { x, c, url, result }))
        });
        self.aborts.insert(x, abort);
        self.connections.insert(x, c);
        self.opening.insert(x);
    }

    pub(in crate::client::driver) fn ws_done(&mut self, outcome: Outcome) {
        let Outcome { x, c, url, result } = outcome;
        if self.injector.frozen(c) {
            return;
        }
        self.opening.remove(&x);
        self.aborts.remove(&x);
        self.connections.remove(&x);
        match result {
            Ok(upgraded) => self.ws_opened(x, c, &url, upgraded),
            Err(failed) => {
                let error = failed.to_string();
                let (status, headers, body, timing, words) = match failed {
                    UpgradeError::Refused {
                        response, timing, ..
                    } => {
                        self.store_cookies(&url, &response.headers);
                        let words =
                            refusal(&response.headers, response.status, &response.body, &error);
                        (
                            response.status,
                            response.headers,
                            response.body,
                            timing,
                            words,
                        )
                    }
                    UpgradeError::NoResponse { bytes, timing, .. } => {
                        (0, Vec::new(), bytes, timing, error.clone())
                    }
                    UpgradeError::Dial(dial) => {
                        (0, Vec::new(), Bytes::new(), *dial.timing, error.clone())
                    }
                    UpgradeError::Request(_) => (
                        0,
                        Vec::new(),
                        Bytes::new(),
                        record::Timing::default(),
                        error.clone(),
                    ),
                };
                let error = (status == 0 || status == 101).then_some(error);
                self.record(
                    Some(c),
                    &Body::Response(record::Response {
                        x,
                        status,
                        headers,
                        body,
                        timing,
                        error,
                    }),
                );
                self.machine
                    .handle(Instant::now(), Input::WsFailed { x, error: words });
            }
        }
    }

    fn ws_opened(&mut self, x: ExchangeId, c: u32, url: &Url, upgraded: Upgraded) {
        self.tell_tls(upgraded.tls.as_ref());
        self.store_cookies(url, &upgraded.response.headers);
        self.record(
            Some(c),
            &Body::Response(record::Response {
                x,
                status: upgraded.response.status,
                headers: upgraded.response.headers,
                body: Bytes::new(),
                timing: upgraded.timing,
                error: None,
            }),
        );
        let (writer, writing) = Writer::start(
            x,
            c,
            upgraded.writer,
            self.journal.clone(),
            self.written.clone(),
        );
        self.writers.insert(x, writer);
        self.readers.push(Reader {
            x,
            c,
            io: upgraded.reader,
            closing: false,
            cut_at: None,
            writing,
            frozen: false,
        });
        self.machine.handle(Instant::now(), Input::WsOpened { x });
        self.carry_out();
        // What came right behind the 101 is in the reader already.
        let index = self.readers.len() - 1;
        self.drain(index);
    }

    /// Says once what TLS would have refused.
    pub(in crate::client::driver) fn tell_tls(&mut self, tls: Option<&TlsInfo>) {
        let Some(failure) = tls.and_then(|tls| tls.would_have_failed.as_ref()) else {
            return;
        };
        if !std::mem::replace(&mut self.tls_told, true) {
            self.notices.push(format!(
                "--insecure: the certificate would have been refused: {failure}"
            ));
            self.record(
                None,
                &Body::Mark(record::Mark {
                    text: format!("TLS: accepted although {failure}"),
                }),
            );
        }
    }
}

/// What a refused upgrade says, in one line.
fn refusal(headers: &record::Headers, status: u16, body: &[u8], otherwise: &str) -> String {
    if status == 101 {
        return otherwise.to_owned();
    }
    let error =
        crate::protocol::engine::server_error::decode(body, header(headers, "content-type"));
    let mut words = format!("the upgrade was answered with HTTP {status}");
    if !error.message.is_empty() {
        words.push_str(&format!(": {}", error.message));
    }
    if let Some(location) = header(headers, "location") {
        words.push_str(&format!("; redirects to {location}"));
    }
    words
}

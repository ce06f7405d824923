//! One HTTP exchange: what was asked, what was answered.

use super::Place;
use crate::journal::record::{Headers, Request, Response};
use crate::protocol::engine::generation;
use crate::protocol::engine::server_error::{self, Form, ServerError};

/// Bytes of a body that are kept.
const BODY: usize = 4 * 1024;

/// What a request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A handshake over polling.
    Handshake,
    /// A WebSocket as the first transport.
    Websocket,
    /// A WebSocket to upgrade to.
    Upgrade,
    /// A poll.
    Poll,
    /// A post.
    Post,
}

/// An HTTP request and, once it is there, its response.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Exchange number.
    pub x: u64,
    /// Connection.
    pub c: Option<u32>,
    /// The request's record.
    pub request: Place,
    /// What it asked for.
    pub asked: Asked,
    /// HTTP method.
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// Engine.IO session id that it named.
    pub sid: Option<String>,
    /// `EIO` that it named.
    pub eio: Option<String>,
    /// Request headers.
    pub headers: Headers,
    /// Bytes of the request's body.
    pub sent: usize,
    /// The response's record, once it came (or failed).
    pub response: Option<Place>,
    /// Its status; 0 where no response came.
    pub status: u16,
    /// Its headers.
    pub answer_headers: Headers,
    /// Start of its body.
    pub body: Vec<u8>,
    /// Why no (whole) response came.
    pub error: Option<String>,
}

impl Exchange {
    pub(super) fn asked(place: Place, c: Option<u32>, request: &Request) -> Exchange {
        let sid = query_value(&request.url, "sid").map(str::to_owned);
        let websocket = query_value(&request.url, "transport") == Some("websocket")
            || request.url.starts_with("ws");
        let asked = match (websocket, &sid, request.method.as_str()) {
            (true, Some(_), _) => Asked::Upgrade,
            (true, None, _) => Asked::Websocket,
            (false, _, "POST") => Asked::Post,
            (false, None, _) => Asked::Handshake,
            (false, Some(_), _) => Asked::Poll,
        };
        Exchange {
            x: request.x,
            c,
            request: place,
            asked,
            method: request.method.clone(),
            url: request.url.clone(),
            sid,
            eio: query_value(&request.url, "EIO").map(str::to_owned),
            headers: request.headers.clone(),
            sent: request.body.len(),
            response: None,
            status: 0,
            answer_headers: Headers::new(),
            body: Vec::new(),
            error: None,
        }
    }

    pub(super) fn answer(&mut self, place: Place, response: &Response) {
        self.response = Some(place);
        self.status = response.status;
        self.answer_headers.clone_from(&response.headers);
        self.body = response.body.get(..BODY).unwrap_or(&response.body).to_vec();
        self.error.clone_from(&response.error);
    }

    /// The first request header of this name.
    pub fn request_header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The first response header of this name.
    pub fn answer_header(&self, name: &str) -> Option<&str> {
        header(&self.answer_headers, name)
    }

    /// What a refusal says: the Engine.IO server's own error, a proxy's page, or neither.
    pub fn refusal(&self) -> ServerError {
        server_error::decode(&self.body, self.answer_header("content-type"))
    }

    /// The body is an Engine.IO server's refusal with this code (protocol: 0 unknown transport,
    /// 1 unknown session, 2 handshake method, 3 bad request, 4 forbidden, 5 unsupported protocol).
    pub fn is_engine_error(&self, code: u64) -> bool {
        (400..500).contains(&self.status) && self.refusal().code == Some(code)
    }

    /// An Engine.IO server refused a WebSocket, in words of its own or of its `allowRequest`.
    pub fn is_upgrade_refusal(&self) -> bool {
        matches!(self.asked, Asked::Websocket | Asked::Upgrade)
            && server_error::is_upgrade_refusal(
                self.status,
                self.answer_header("content-type"),
                &self.refusal(),
            )
    }

    /// The answer is an HTML page, as proxies and applications write it.
    pub fn is_page(&self) -> bool {
        self.refusal().form == Form::Html
    }

    /// We gave it up because its connection had ended.
    pub fn is_given_up(&self) -> bool {
        self.status == 0
            && self
                .error
                .as_deref()
                .is_some_and(|error| error.starts_with("given up"))
    }

    /// An Engine.IO server answered: with packets, with its own refusal, or with a WebSocket.
    /// What a wrong place, a proxy or an application answers is none of that.
    pub fn is_engine_answer(&self) -> bool {
        match (self.status, self.asked) {
            (101, _) => true,
            (200, Asked::Post) => self.body.eq_ignore_ascii_case(b"ok"),
            (200, _) => {
                let octets = self
                    .answer_header("content-type")
                    .is_some_and(|kind| kind.contains("octet-stream"));
                octets
                    || (!self.is_page()
                        && !generation::from_first_body(&self.body, None).is_empty())
                    || (self.sid.is_some() && !self.is_page())
            }
            (400..=403, _) => self.refusal().code.is_some() || self.is_upgrade_refusal(),
            _ => false,
        }
    }

    /// How long it took, in microseconds, once it ended.
    pub fn took(&self) -> Option<u64> {
        Some(self.response?.t.saturating_sub(self.request.t))
    }

    /// Scheme, host and port, the same for polling and WebSocket.
    pub fn origin(&self) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("http", &self.url));
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let scheme = match scheme {
            "ws" => "http",
            "wss" => "https",
            other => other,
        };
        format!("{scheme}://{host}")
    }

    /// Numbers of its records.
    pub fn evidence(&self) -> Vec<u64> {
        std::iter::once(self.request.n)
            .chain(self.response.map(|place| place.n))
            .collect()
    }

    /// The URL's path.
    pub fn path(&self) -> &str {
        let rest = self
            .url
            .split_once("://")
            .map_or(&*self.url, |(_, rest)| rest);
        let from = rest.find('/').unwrap_or(rest.len());
        let path = rest.get(from..).unwrap_or_default();
        path.split(['?', '#']).next().unwrap_or_default()
    }
}

fn header<'a>(headers: &'a Headers, wanted: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
}

/// The first value of a query parameter, as it is written.
fn query_value<'a>(url: &'a str, wanted: &str) -> Option<&'a str> {
    let query = url.split_once('?')?.1;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == wanted).then_some(value)
    })
}

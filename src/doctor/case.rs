//! What is known about the endpoint so far, for the checks that come after.

use super::joining::Join;
use super::probe::{Answer, Probe};
use super::visit::{Visit, Wires};
use super::voice::Hello;
use crate::client::options::Eio;
use crate::journal::record::{Finding, TransportName};
use crate::protocol::engine::generation::Clue;
use crate::protocol::engine::url::Endpoint;
use crate::protocol::engine::{Handshake, Revision, Version};
use crate::protocol::websocket::handshake::header_values;

/// A `Set-Cookie` that came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cookie {
    /// Its name.
    pub(super) name: String,
    /// The record that brought it.
    pub(super) n: u64,
}

/// The facts of one visit, gathered check by check.
pub(super) struct Case<'p> {
    pub(super) probe: &'p Probe,
    /// Where the server is, or is thought to be.
    pub(super) endpoint: Endpoint,
    /// The answer to the first handshake, and how it reads.
    pub(super) first: Answer,
    pub(super) hello: Hello,
    /// The session that the first handshake opened, until it is closed.
    pub(super) visit: Option<Visit<'p>>,
    /// Which protocol the server speaks with us, once known.
    pub(super) speaks: Option<(Version, Revision)>,
    pub(super) handshake: Option<Handshake>,
    pub(super) clues: Vec<Clue>,
    /// The server speaks another generation than the person asked for.
    pub(super) mismatch: bool,
    /// The server writes Socket.IO packets in another way than we do.
    pub(super) parsers_differ: bool,
    /// A handshake over polling works.
    pub(super) polls: bool,
    /// A session on one kept connection could post and poll.
    pub(super) kept_works: Option<bool>,
    /// A WebSocket works.
    pub(super) sockets: Option<bool>,
    /// The compression of that WebSocket.
    pub(super) deflate: Option<bool>,
    /// What became of the namespaces that were asked for.
    pub(super) joins: Vec<Join>,
    /// An auth payload that could not be read.
    pub(super) auth_error: Option<String>,
    /// Cookies that the server set.
    pub(super) cookies: Vec<Cookie>,
    /// An HTTP body that came compressed.
    pub(super) gzip: Option<String>,
    /// Checks that failed because a session was unknown (code 1).
    pub(super) unknown_in: Vec<&'static str>,
    /// Stickiness was tested and holds.
    pub(super) sticky: Option<bool>,
}

impl<'p> Case<'p> {
    /// Before anything was asked.
    pub(super) fn new(probe: &'p Probe) -> Case<'p> {
        Case {
            probe,
            endpoint: probe.options.endpoint(),
            first: Answer::default(),
            hello: Hello::Redirect {
                status: 0,
                location: String::new(),
            },
            visit: None,
            speaks: None,
            handshake: None,
            clues: Vec::new(),
            mismatch: false,
            parsers_differ: false,
            polls: false,
            kept_works: None,
            sockets: None,
            deflate: None,
            joins: Vec::new(),
            auth_error: None,
            cookies: Vec::new(),
            gzip: None,
            unknown_in: Vec::new(),
            sticky: None,
        }
    }

    /// The protocol to begin with.
    pub(super) fn asked(&self) -> Version {
        match self.probe.options.eio {
            Eio::V3 => Version::V3,
            Eio::Auto | Eio::V4 => Version::V4,
        }
    }

    /// The protocol to speak.
    pub(super) fn tongue(&self) -> (Version, Revision) {
        self.speaks.unwrap_or((self.asked(), Revision::default()))
    }

    /// A session for `check`.
    pub(super) fn visit(&self, check: &'static str, wires: Wires) -> Visit<'p> {
        Visit::new(self.probe, check, &self.endpoint, self.tongue(), wires)
    }

    /// A session to look with whether and how the server answers over polling: none of a client's
    /// where the person wants no polling.
    pub(super) fn look(&self, check: &'static str) -> Visit<'p> {
        let visit = self.visit(check, Wires::Kept);
        match self.wants(TransportName::Polling) {
            true => visit,
            false => visit.aside(),
        }
    }

    /// Whether the person lets this transport be used.
    pub(super) fn wants(&self, transport: TransportName) -> bool {
        self.probe.options.transports.contains(&transport)
    }

    /// Keeps what every answer may tell.
    pub(super) fn notice(&mut self, answer: &Answer) {
        for value in header_values(&answer.headers, "set-cookie") {
            let name = value.split('=').next().unwrap_or_default().trim();
            self.cookies.push(Cookie {
                name: name.to_owned(),
                n: answer.answer_n,
            });
        }
        if self.gzip.is_none() {
            self.gzip = header_values(&answer.headers, "content-encoding")
                .next()
                .map(str::to_owned);
        }
    }
}

/// Whether an answer says that the session is unknown.
pub(super) fn is_unknown_session(answer: &Answer) -> bool {
    use super::voice::{Who, who};
    answer.error.is_none()
        && matches!(
            who(answer.status, &answer.headers, &answer.body),
            Who::Engine(error) if error.code == Some(1)
        )
}

/// A finding in one call.
pub(super) fn finding(
    rule: &str,
    severity: &str,
    title: impl Into<String>,
    evidence: impl IntoIterator<Item = u64>,
    why: impl Into<String>,
    fix: impl Into<String>,
) -> Finding {
    let mut evidence: Vec<u64> = evidence.into_iter().filter(|n| *n > 0).collect();
    evidence.sort_unstable();
    evidence.dedup();
    Finding {
        rule: rule.to_owned(),
        severity: severity.to_owned(),
        title: title.into(),
        evidence,
        why: why.into(),
        fix: fix.into(),
    }
}

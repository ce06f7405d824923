//! Who gave an HTTP answer, and what it says: the Socket.IO server, a proxy before it, or an
//! application. Pure: told from status, headers and body alone.

use crate::journal::record::Headers;
use crate::protocol::engine::generation::{self, Clue, Generation};
use crate::protocol::engine::server_error::{self, Form, ServerError};
use crate::protocol::engine::{Handshake, PacketKind, Revision, Version, payload};
use crate::protocol::websocket::handshake::header;

/// What an answer to a handshake over polling says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Hello {
    /// A Socket.IO server opened a session.
    Open(Box<Opened>),
    /// A Socket.IO server said no.
    Refused(ServerError),
    /// Somebody sends us elsewhere.
    Redirect {
        /// The status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// A proxy answered in the server's place.
    Proxy(Page),
    /// Somebody else answered: an application, a file server, an unknown.
    Other(Page),
}

/// A session that was opened.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Opened {
    /// The protocol whose framing the body has.
    pub(super) version: Version,
    /// How its polling bodies are written.
    pub(super) revision: Revision,
    /// The server's first words.
    pub(super) handshake: Handshake,
    /// What betrays generation and implementation.
    pub(super) clues: Vec<Clue>,
}

/// An answer that no Socket.IO server gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page {
    /// The status.
    pub(super) status: u16,
    /// Who seems to have written it, `nginx` or `the application (Express)`.
    pub(super) by: String,
    /// The first words of its body.
    pub(super) words: String,
}

impl Page {
    /// In words: `404 from the application (Express): "Cannot GET /"`.
    pub(super) fn told(&self) -> String {
        let words = match self.words.is_empty() {
            true => "an empty body".to_owned(),
            false => format!("“{}”", self.words),
        };
        format!("HTTP {} from {}, {words}", self.status, self.by)
    }
}

/// Reads the answer to a handshake that asked for `asked`.
pub(super) fn hello(status: u16, headers: &Headers, body: &[u8], asked: Version) -> Hello {
    let kind = header(headers, "content-type");
    if status == 200
        && let Some(opened) = opened(body, kind, asked)
    {
        return Hello::Open(Box::new(opened));
    }
    match who(status, headers, body) {
        Who::Engine(error) => Hello::Refused(error),
        Who::Redirect(location) => Hello::Redirect { status, location },
        Who::Proxy(page) => Hello::Proxy(page),
        Who::Other(page) => Hello::Other(page),
    }
}

fn opened(body: &[u8], kind: Option<&str>, asked: Version) -> Option<Opened> {
    let clues = generation::from_first_body(body, kind);
    let old =
        kind.is_some_and(payload::is_octet_stream) || generation::has_length_before_open(body);
    let version = match (old, asked) {
        (true, _) => Version::V3,
        (false, asked) => asked,
    };
    let revision = clues
        .iter()
        .filter_map(|clue| clue.generation)
        .min()
        .map(Generation::revision)
        .unwrap_or_default();
    let read = payload::decode_body(body, kind, version, revision);
    let first = &read.packets.first()?.value;
    if first.kind != PacketKind::Open {
        return None;
    }
    let handshake = Handshake::parse(first.data.as_text()?).ok()?.value;
    Some(Opened {
        version,
        revision,
        handshake,
        clues,
    })
}

/// Who answered, where it was not an open session.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Who {
    /// The Socket.IO server, with its error.
    Engine(ServerError),
    /// Whoever redirects, and where to.
    Redirect(String),
    /// A proxy or balancer.
    Proxy(Page),
    /// An application or an unknown.
    Other(Page),
}

/// Who wrote an answer that is no success of Engine.IO.
pub(super) fn who(status: u16, headers: &Headers, body: &[u8]) -> Who {
    let kind = header(headers, "content-type");
    if matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Who::Redirect(header(headers, "location").unwrap_or_default().to_owned());
    }
    let error = server_error::decode(body, kind);
    let text = String::from_utf8_lossy(body.get(..4096).unwrap_or(body)).into_owned();
    let lower = text.to_ascii_lowercase();
    let page = |by: &str| Page {
        status,
        by: by.to_owned(),
        words: words(&error, &text),
    };
    // The bodies that betray a proxy by itself: the Server header is added to the answers of
    // others, too.
    for (mark, name) in [
        ("<center>nginx", "nginx"),
        ("<center>openresty", "openresty (nginx)"),
        ("<center>awselb", "the AWS load balancer"),
        ("<center>cloudflare", "Cloudflare"),
        ("cf-error-details", "Cloudflare"),
        ("cloudfront", "CloudFront"),
        ("no server is available to handle this request", "HAProxy"),
        ("the server didn't respond in time", "HAProxy"),
        ("your browser sent an invalid request", "HAProxy"),
        ("<address>apache", "Apache"),
        ("the proxy server received an invalid", "Apache"),
        ("error code: 52", "Cloudflare"),
        ("squid", "Squid"),
    ] {
        if lower.contains(mark) {
            return Who::Proxy(page(name));
        }
    }
    let engine = match error.form {
        // The code alone is not enough: many APIs answer with one.
        Form::Object | Form::ObjectTextCode => {
            error.code.is_some_and(|code| code <= 5) && matches!(status, 400 | 403 | 401)
        }
        Form::JsonString | Form::Text => {
            error.code.is_some()
                || error.message == "Invalid websocket upgrade"
                || server_error::is_upgrade_refusal(status, kind, &error)
        }
        Form::Empty => matches!(status, 413) && header(headers, "server").is_none(),
        Form::OtherJson | Form::Html => false,
    };
    if engine {
        return Who::Engine(error);
    }
    let server = header(headers, "server").unwrap_or_default();
    if matches!(status, 502..=504 | 520..=526) {
        return Who::Proxy(page(match server {
            "" => "a proxy",
            name => name,
        }));
    }
    let by = if lower.contains("cannot get /") || lower.contains("cannot post /") {
        "the application (Express)".to_owned()
    } else if text == "404 page not found\n" {
        "Traefik or a Go application".to_owned()
    } else if text.trim() == "404: Not Found" {
        "the application (aiohttp)".to_owned()
    } else if let Some(powered) = header(headers, "x-powered-by") {
        format!("the application ({powered})")
    } else if matches!(status, 401 | 403) && !server.is_empty() {
        server.to_owned()
    } else if lower.contains("<html") || lower.contains("<!doctype") {
        "a web page".to_owned()
    } else {
        "the application".to_owned()
    };
    Who::Other(page(&by))
}

/// The first words of a body, on one line.
fn words(error: &ServerError, text: &str) -> String {
    let text = match error.form {
        Form::Html if !error.message.is_empty() => &error.message,
        _ => text,
    };
    excerpt(text)
}

/// The start of a text from outside, on one line.
pub(super) fn excerpt(text: &str) -> String {
    const CHARACTERS: usize = 80;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut chars = line.chars();
    let mut out: String = chars.by_ref().take(CHARACTERS).collect();
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests;

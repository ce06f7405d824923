//! Refusals: what a server says when it takes no request, in the form of each implementation.
//!
//! - Node over HTTP: `{"code":1,"message":"Session ID unknown"}`
//! - socketioxide: the same with the code as text
//! - python-engineio: the message alone, as a JSON string
//! - Node refusing a WebSocket: `text/html` with the message as text
//! - a proxy: an HTML page of its own

use crate::protocol::json::{self, Shape};

/// The form in which a refusal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// An object with a numeric code: Node, uWebSockets.js.
    Object,
    /// An object with the code as text: socketioxide.
    ObjectTextCode,
    /// A bare JSON string: python-engineio.
    JsonString,
    /// Other JSON: no Engine.IO server that we know.
    OtherJson,
    /// Plain text: Node's refusal of a WebSocket upgrade, or an application's own answer.
    Text,
    /// An HTML page: a proxy or an application.
    Html,
    /// No body: Node's answer to a body that is too large, or to two requests at a time.
    Empty,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// The Engine.IO error code, when the body carries one or its text is that of a code.
    pub code: Option<u64>,
    /// The server's words; for HTML the page's title.
    pub message: String,
    /// How it came.
    pub form: Form,
}

impl ServerError {
    /// What the refusal means, in plain words, when the code is known.
    pub fn meaning(&self) -> Option<&'static str> {
        self.code.and_then(meaning)
    }
}

/// What an Engine.IO error code means (engine.io `server.ts`, `Server.errors`).
pub fn meaning(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "the server does not offer this transport",
        1 => {
            "this process does not know the session: no sticky load balancing, a restart, a ping timeout, or the session was ended after a packet that could not be read"
        }
        2 => "a session must be opened with GET",
        3 => {
            "the request does not fit the session: another transport or EIO than it was opened with, a WebSocket request whose Upgrade header was lost, or a middleware refused it"
        }
        4 => "the server's allowRequest refused the connection",
        5 => {
            "the server does not speak this Engine.IO protocol: use EIO=4, or set allowEIO3 on the server"
        }
        _ => return None,
    })
}

/// Whether an answer is the one with which Node's Engine.IO refuses a WebSocket: it writes a 400 of
/// its own to the socket, with the label `text/html` and nothing more, and the reason as plain text
/// (engine.io `server.ts`, `abortUpgrade`). The text may be the application's, from `allowRequest`;
/// a page has tags, and frameworks name a charset.
pub fn is_upgrade_refusal(status: u16, content_type: Option<&str>, refusal: &ServerError) -> bool {
    status == 400
        && refusal.form == Form::Text
        && content_type.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// Reads the body of a response that refuses.
pub fn decode(body: &[u8], content_type: Option<&str>) -> ServerError {
    let text = String::from_utf8_lossy(body);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return ServerError {
            code: None,
            message: String::new(),
            form: Form::Empty,
        };
    }
    match json::validate(trimmed) {
        Ok(Shape::Object) => object(trimmed),
        Ok(Shape::String) => named(
            json::unescape(trimmed).unwrap_or_default().into_owned(),
            Form::JsonString,
        ),
        Ok(_) => named(trimmed.to_owned(), Form::OtherJson),
        Err(_) if is_html(trimmed, content_type) => ServerError {
            code: None,
            message: title(trimmed).unwrap_or_else(|| clip(trimmed)),
            form: Form::Html,
        },
        Err(_) => named(clip(trimmed), Form::Text),
    }
}

fn object(text: &str) -> ServerError {
    let mut code = None;
    let mut form = Form::OtherJson;
    let mut message = None;
    for (key, value) in json::members(text).unwrap_or_default() {
        match json::unescape(key).as_deref() {
            Some("code") => {
                if let Some(inner) = json::unescape(value) {
                    code = inner.parse().ok();
                    form = Form::ObjectTextCode;
                } else {
                    code = value.parse().ok();
                    form = Form::Object;
                }
            }
            Some("message") => {
                message = Some(
                    json::unescape(value)
                        .map_or_else(|| value.to_owned(), |text| text.into_owned()),
                );
            }
            _ => {}
        }
    }
    if code.is_none() {
        form = Form::OtherJson;
    }
    ServerError {
        code,
        message: message.unwrap_or_else(|| clip(text)),
        form,
    }
}

/// A refusal whose code must be told from its words.
fn named(message: String, form: Form) -> ServerError {
    let code = match message.as_str() {
        "Transport unknown" | "Invalid transport" => Some(0),
        "Session ID unknown" => Some(1),
        "Bad handshake method" => Some(2),
        "Bad request" => Some(3),
        "Forbidden" => Some(4),
        "Unsupported protocol version" => Some(5),
        text if text.starts_with("Invalid session") => Some(1),
        text if text.starts_with("The client is using an unsupported version") => Some(5),
        _ => None,
    };
    ServerError {
        code,
        message,
        form,
    }
}

fn is_html(text: &str, content_type: Option<&str>) -> bool {
    // Node labels its plain-text refusals text/html, so the label alone proves nothing.
    let tagged = text.starts_with('<');
    tagged
        && (content_type.is_none_or(|kind| kind.contains("html")) || {
            let head = text.get(..15).unwrap_or(text).to_ascii_lowercase();
            head.starts_with("<!doctype html") || head.starts_with("<html")
        })
}

fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title>")?.saturating_add("<title>".len());
    let end = start.saturating_add(lower.get(start..)?.find("</title>")?);
    let title = html.get(start..end)?.trim();
    (!title.is_empty()).then(|| title.to_owned())
}

/// Enough of a long text to recognise it.
fn clip(text: &str) -> String {
    const CHARACTERS: usize = 200;
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take(CHARACTERS).collect();
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_refusal_of_a_websocket_is_known_by_its_label_and_its_plain_text() {
        let is = |status, kind, body: &str| {
            is_upgrade_refusal(status, Some(kind), &decode(body.as_bytes(), Some(kind)))
        };
        assert!(is(400, "text/html", "no entry"));
        assert!(is(400, "text/html", "Bad request"));
        assert!(!is(400, "text/html", "<html><center>nginx</center></html>"));
        assert!(!is(400, "text/html; charset=utf-8", "no entry"));
        assert!(!is(400, "text/plain", "no entry"));
        assert!(!is(403, "text/html", "no entry"));
    }

    #[test]
    fn reads_every_servers_form() {
        type Row = (
            &'static str,
            Option<&'static str>,
            Option<u64>,
            &'static str,
            Form,
        );
        let cases: &[Row] = &[
            (
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
                Some("application/json"),
                Some(5),
                "Unsupported protocol version",
                Form::Object,
            ),
            (
                r#"{"code":"1","message":"Session ID unknown"}"#,
                None,
                Some(1),
                "Session ID unknown",
                Form::ObjectTextCode,
            ),
            (
                r#"{"code":4,"message":"nope"}"#,
                None,
                Some(4),
                "nope",
                Form::Object,
            ),
            (
                r#""Invalid session abc""#,
                Some("text/plain"),
                Some(1),
                "Invalid session abc",
                Form::JsonString,
            ),
            (
                r#""Invalid transport""#,
                None,
                Some(0),
                "Invalid transport",
                Form::JsonString,
            ),
            ("nope", Some("text/html"), None, "nope", Form::Text),
            (
                "Session ID unknown",
                Some("text/html"),
                Some(1),
                "Session ID unknown",
                Form::Text,
            ),
            (
                "<html>\r\n<head><title>413 Request Entity Too Large</title></head>",
                Some("text/html"),
                None,
                "413 Request Entity Too Large",
                Form::Html,
            ),
            ("", None, None, "", Form::Empty),
            (
                r#"{"error":"x"}"#,
                None,
                None,
                r#"{"error":"x"}"#,
                Form::OtherJson,
            ),
            (
                r#"{"code":99999999999999999999}"#,
                None,
                None,
                r#"{"code":99999999999999999999}"#,
                Form::OtherJson,
            ),
        ];
        for (body, content_type, code, message, form) in cases {
            let error = decode(body.as_bytes(), *content_type);
            assert_eq!(
                (error.code, error.message.as_str(), error.form),
                (*code, *message, *form),
                "{body}"
            );
        }
    }

    #[test]
    fn every_code_has_a_meaning() {
        for code in 0..=5 {
            assert!(meaning(code).is_some(), "{code}");
        }
        assert_eq!(meaning(6), None);
    }

    #[test]
    fn a_page_that_is_not_utf8_is_still_clipped() {
        let body = [b"\xff".repeat(1000), b"<".to_vec()].concat();
        let error = decode(&body, None);
        assert_eq!(error.message.chars().count(), 201);
    }
}

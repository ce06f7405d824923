//! Secrets as they are shown: covered, unless the person asks to see them. **Pure.**
//!
//! Covered are all values of an auth payload, cookies and authorization headers, and whatever
//! stands under a name that speaks of a secret, in a query, a header or a payload. Which names do
//! is told by [`crate::journal::redact`], as for exports.

use std::borrow::Cow;

use bytes::Bytes;

use super::detail::json::{self, Shape};
use crate::journal::record::Direction;
use crate::journal::redact::{self, is_secret_name, is_secret_parameter};
use crate::model::Packet;
use crate::model::decode::Kind;

pub use crate::journal::redact::COVER;

/// A header's value, covered where its name asks for it.
pub fn header<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret_name(name) { COVER } else { value }
}

/// A URL with the secret values of its query, and a password before its host, covered.
pub fn url(url: &str) -> String {
    let (head, query) = match url.split_once('?') {
        Some((head, query)) => (head, Some(query)),
        None => (url, None),
    };
    let mut out = match (head.find("://"), head.find('@')) {
        (Some(scheme), Some(at))
            if at > scheme && !head.get(scheme + 3..at).unwrap_or("").contains('/') =>
        {
            format!(
                "{}{COVER}{}",
                head.get(..scheme + 3).unwrap_or(""),
                head.get(at..).unwrap_or("")
            )
        }
        _ => head.to_owned(),
    };
    let Some(query) = query else { return out };
    for (at, pair) in query.split('&').enumerate() {
        out.push(if at == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if is_secret_parameter(name) => {
                out.push_str(name);
                out.push('=');
                out.push_str(COVER);
            }
            _ => out.push_str(pair),
        }
    }
    out
}

/// Words, or JSON, with what its names and its shape tell to be secret covered.
pub fn text(text: &str) -> Cow<'_, str> {
    redact::covered(text, None)
}

/// The JSON of a CONNECT: what the server answers has its private id of recovery covered.
pub fn welcome(data: &str) -> String {
    let packet = format!("40{data}");
    let covered = redact::covered(&packet, Some(Direction::ToClient));
    covered.strip_prefix("40").unwrap_or_default().to_owned()
}

/// The text of a frame or a polling body that went one way.
pub fn payload(text: &str, dir: Option<Direction>) -> Cow<'_, str> {
    redact::covered(text, dir)
}

/// The bytes of a frame or a body, as many as before.
pub fn bytes(bytes: &Bytes, dir: Option<Direction>) -> Bytes {
    redact::covered_bytes(bytes, dir.unwrap_or(Direction::ToServer))
        .map_or_else(|| bytes.clone(), Bytes::from)
}

/// JSON text with every value that is text or a number covered; keys, and the shape, stay.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let Some(root) = json::root(text) else {
        return COVER.to_owned();
    };
    let mut covers = Vec::new();
    let mut stack = vec![root];
    while let Some(span) = stack.pop() {
        match json::shape(text, &span) {
            Shape::Object | Shape::Array => {
                let (found, more) = json::children(text, &span, 1_000);
                if more {
                    covers.push(span);
                } else {
                    stack.extend(found.into_iter().map(|child| child.value));
                }
            }
            _ => covers.push(span),
        }
    }
    covers.sort_by_key(|span| span.start);
    let mut at = 0;
    for span in covers {
        out.push_str(text.get(at..span.start).unwrap_or(""));
        out.push('"');
        out.push_str(COVER);
        out.push('"');
        at = span.end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

/// Whether a record's packets hold an auth payload: a CONNECT to the server with data, or (in
/// generation 2) with a query behind its namespace.
pub fn holds_auth(packets: &[Packet]) -> bool {
    packets.iter().any(|packet| match &packet.kind {
        Kind::Socket {
            name, data, nsp, ..
        } => {
            packet.dir == Direction::ToServer
                && *name == "connect"
                && (data.is_some() || nsp.contains('?'))
        }
        _ => false,
    })
}

/// The text of a frame or of a polling body that [`holds_auth`], with the payloads of its
/// CONNECT packets covered, and whatever else is secret. What can't be taken apart is covered
/// whole.
pub fn raw(text: &str) -> String {
    let mut covered = false;
    let parts: Vec<String> = text
        .split('\u{1e}')
        .map(|part| {
            let Some(rest) = part.strip_prefix("40") else {
                return part.to_owned();
            };
            match (rest.find('{'), rest.contains('?')) {
                (_, true) => {
                    covered = true;
                    format!("40{}", url(rest))
                }
                (Some(at), false) => {
                    covered = true;
                    let (head, data) = rest.split_at(at);
                    format!("40{head}{}", json(data))
                }
                (None, false) => part.to_owned(),
            }
        })
        .collect();
    if covered {
        redact::covered(&parts.join("\u{1e}"), Some(Direction::ToServer)).into_owned()
    } else {
        COVER.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_auth_payload_keeps_its_shape_and_loses_its_values() {
        assert_eq!(
            json(r#"{"token":"x","n":[1,{"a":true}]}"#),
            r#"{"token":"•••","n":["•••",{"a":"•••"}]}"#
        );
        assert_eq!(json(""), COVER);
    }

    #[test]
    fn raw_text_keeps_what_is_no_secret() {
        assert_eq!(
            raw("40/chat,{\"token\":\"x\"}\u{1e}42[\"a\"]"),
            "40/chat,{\"token\":\"•••\"}\u{1e}42[\"a\"]"
        );
        assert_eq!(raw("40/admin?token=x,"), "40/admin?token=•••");
        assert_eq!(raw("12:40/a,{\"b\":1}"), COVER, "what can't be taken apart");
    }

    #[test]
    fn raw_text_hides_secrets_of_the_packets_beside_a_connect() {
        assert_eq!(
            raw("40{\"token\":\"x\"}\u{1e}42[\"a\",{\"passwd\":\"PassWd99x\"}]"),
            "40{\"token\":\"•••\"}\u{1e}42[\"a\",{\"passwd\":\"•••\"}]"
        );
        assert_eq!(
            welcome(r#"{"sid":"s","pid":"secretpid"}"#),
            r#"{"sid":"s","pid":"•••"}"#
        );
    }

    #[test]
    fn secrets_in_urls_and_headers_are_covered() {
        assert_eq!(
            url("http://u:p@h/socket.io/?EIO=4&token=abc&key=k1&x=1"),
            "http://•••@h/socket.io/?EIO=4&token=•••&key=•••&x=1"
        );
        assert_eq!(url("http://h/a@b?x=1"), "http://h/a@b?x=1");
        assert_eq!(header("Cookie", "a=b"), COVER);
        assert_eq!(header("Host", "h"), "h");
    }
}

//! Heads of requests and responses: read, kept word for word, changed only where it must be.

use bytes::{Bytes, BytesMut};
use url::{Position, Url};

use super::body::Body;
use crate::journal::record::Headers;
use crate::protocol::websocket::handshake::{header, header_values};

/// Bytes of a head before it is given up.
pub(super) const MAX_HEAD: usize = 256 * 1024;
const MAX_HEADERS: usize = 256;

/// A request's head as the client wrote it.
#[derive(Debug, Clone)]
pub(super) struct RequestHead {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    /// 1 for HTTP/1.1.
    minor: u8,
    /// Names in their spelling, values as bytes.
    fields: Vec<(String, Bytes)>,
}

/// A response's head as the server wrote it.
#[derive(Debug, Clone)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    /// 1 for HTTP/1.1.
    minor: u8,
    pub(super) headers: Headers,
    /// The head itself, with its empty line.
    pub(super) bytes: Bytes,
}

/// What a change of the request's head did, once said.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Changed {
    pub(super) name: &'static str,
    pub(super) from: String,
    pub(super) to: String,
}

/// Takes a request's head off the front of `buf`. `Ok(None)` where more bytes are needed.
pub(super) fn take_request(buf: &mut BytesMut) -> Result<Option<RequestHead>, String> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut slots);
    let size = match request.parse(buf) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) if buf.len() < MAX_HEAD => return Ok(None),
        Ok(httparse::Status::Partial) => {
            return Err(format!("its head is larger than {MAX_HEAD} bytes"));
        }
        Err(error) => return Err(error.to_string()),
    };
    let fields = request
        .headers
        .iter()
        .map(|field| (field.name.to_owned(), Bytes::copy_from_slice(field.value)))
        .collect();
    let head = RequestHead {
        method: request.method.unwrap_or_default().to_owned(),
        target: path_and_query(request.path.unwrap_or("/")),
        minor: request.version.unwrap_or(1),
        fields,
    };
    let _ = buf.split_to(size);
    Ok(Some(head))
}

/// A client that takes the tap for a forward proxy writes a whole URL.
fn path_and_query(target: &str) -> String {
    let absolute = ["http://", "https://"]
        .iter()
        .find_map(|scheme| target.strip_prefix(scheme));
    match absolute {
        Some(rest) => match rest.find(['/', '?']) {
            Some(at) if rest[at..].starts_with('/') => rest[at..].to_owned(),
            Some(at) => format!("/{}", &rest[at..]),
            None => "/".to_owned(),
        },
        None => target.to_owned(),
    }
}

impl RequestHead {
    /// Headers as text, for records and decisions.
    pub(super) fn headers(&self) -> Headers {
        self.fields
            .iter()
            .map(|(name, value)| {
                (
                    name.clone(),
                    String::from_utf8_lossy(value).trim().to_owned(),
                )
            })
            .collect()
    }

    /// Puts the upstream's authority in the place of the client's `Host` and, where that is
    /// asked for, its origin in the place of the client's `Origin`. Returns what was changed.
    pub(super) fn point_at(&mut self, upstream: &Url, origin: bool) -> Vec<Changed> {
        let authority = upstream[Position::BeforeHost..Position::AfterPort].to_owned();
        let mut changed = Vec::new();
        if !self.has("Host") {
            self.fields
                .insert(0, ("Host".to_owned(), Bytes::from(authority.clone())));
        }
        self.replace("Host", &authority, &mut changed);
        if origin {
            let own = format!("{}://{authority}", upstream.scheme());
            self.replace("Origin", &own, &mut changed);
        }
        changed
    }

    fn has(&self, wanted: &str) -> bool {
        self.fields
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    }

    fn replace(&mut self, wanted: &'static str, new: &str, changed: &mut Vec<Changed>) {
        for (name, value) in &mut self.fields {
            if name.eq_ignore_ascii_case(wanted) && *value != new.as_bytes() {
                changed.push(Changed {
                    name: wanted,
                    from: String::from_utf8_lossy(value).into_owned(),
                    to: new.to_owned(),
                });
                *value = Bytes::copy_from_slice(new.as_bytes());
            }
        }
    }

    /// Sets or takes away a header.
    pub(super) fn set(&mut self, wanted: &str, new: Option<&str>) {
        let place = self
            .fields
            .iter()
            .position(|(name, _)| name.eq_ignore_ascii_case(wanted));
        self.fields
            .retain(|(name, _)| !name.eq_ignore_ascii_case(wanted));
        if let Some(new) = new {
            let place = place.unwrap_or(self.fields.len()).min(self.fields.len());
            let value = Bytes::copy_from_slice(new.as_bytes());
            self.fields.insert(place, (wanted.to_owned(), value));
        }
    }

    /// Makes its target that of a polling session: `transport=polling`, and this sid.
    pub(super) fn set_sid(&mut self, sid: &str) {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let mut parts: Vec<String> = query
            .split('&')
            .filter(|part| !part.is_empty() && !part.starts_with("sid="))
            .map(str::to_owned)
            .collect();
        let mut value = String::new();
        crate::protocol::engine::url::encode_component(sid, &mut value);
        parts.push(format!("sid={value}"));
        self.target = format!("{path}?{}", parts.join("&"));
    }

    /// The head as it goes to the server.
    pub(super) fn bytes(&self) -> BytesMut {
        let mut out = BytesMut::with_capacity(512);
        for part in [
            self.method.as_str(),
            " ",
            self.target.as_str(),
            if self.minor == 0 {
                " HTTP/1.0\r\n"
            } else {
                " HTTP/1.1\r\n"
            },
        ] {
            out.extend_from_slice(part.as_bytes());
        }
        for (name, value) in &self.fields {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// How its body is delimited (RFC 9112, section 6).
    pub(super) fn body(&self) -> Result<Body, String> {
        framing(&self.headers()).map(|body| body.unwrap_or(Body::None))
    }

    /// Asks for a WebSocket.
    pub(super) fn is_upgrade(&self) -> bool {
        header(&self.headers(), "Upgrade")
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("websocket"))
    }
}

/// Takes a response's head off the front of `buf`. `Ok(None)` where more bytes are needed.
pub(super) fn take_response(buf: &mut BytesMut) -> Result<Option<ResponseHead>, String> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut slots);
    let size = match response.parse(buf) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) if buf.len() < MAX_HEAD => return Ok(None),
        Ok(httparse::Status::Partial) => {
            return Err(format!("its head is larger than {MAX_HEAD} bytes"));
        }
        Err(error) => return Err(error.to_string()),
    };
    let headers = response
        .headers
        .iter()
        .map(|field| {
            (
                field.name.to_owned(),
                String::from_utf8_lossy(field.value).into_owned(),
            )
        })
        .collect();
    let (status, minor) = (
        response.code.unwrap_or_default(),
        response.version.unwrap_or(1),
    );
    Ok(Some(ResponseHead {
        status,
        minor,
        headers,
        bytes: buf.split_to(size).freeze(),
    }))
}

impl ResponseHead {
    /// How its body is delimited, as the answer to a request with this method.
    pub(super) fn body(&self, method: &str) -> Result<Body, String> {
        if method == "HEAD" || matches!(self.status, 100..=199 | 204 | 304) {
            return Ok(Body::None);
        }
        framing(&self.headers).map(|body| body.unwrap_or(Body::Close))
    }

    /// Whether the server keeps the connection for a further exchange.
    pub(super) fn keeps_alive(&self) -> bool {
        let says = |token: &str| {
            header_values(&self.headers, "Connection")
                .flat_map(|value| value.split(','))
                .any(|part| part.trim().eq_ignore_ascii_case(token))
        };
        if self.minor == 0 {
            says("keep-alive")
        } else {
            !says("close")
        }
    }

    /// The same head for another body.
    pub(super) fn with_body(&self, body: &[u8], content_type: Option<&str>) -> BytesMut {
        let line = self
            .bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let mut out = BytesMut::with_capacity(self.bytes.len() + body.len() + 64);
        out.extend_from_slice(line);
        out.extend_from_slice(b"\n");
        for (name, value) in &self.headers {
            let gone = ["Content-Length", "Content-Encoding", "Transfer-Encoding"]
                .iter()
                .any(|framing| name.eq_ignore_ascii_case(framing));
            if gone {
                continue;
            }
            let value = match content_type {
                Some(new) if name.eq_ignore_ascii_case("Content-Type") => new,
                _ => value,
            };
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        out.extend_from_slice(body);
        out
    }
}

fn framing(headers: &Headers) -> Result<Option<Body>, String> {
    let chunked = header_values(headers, "Transfer-Encoding")
        .flat_map(|value| value.split(','))
        .any(|coding| coding.trim().eq_ignore_ascii_case("chunked"));
    if chunked {
        return Ok(Some(Body::chunked()));
    }
    match header(headers, "Content-Length") {
        None => Ok(None),
        Some(text) => match text.trim().parse() {
            Ok(length) => Ok(Some(Body::Length(length))),
            Err(_) => Err(format!("Content-Length is {text:?}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> RequestHead {
        take_request(&mut BytesMut::from(text)).unwrap().unwrap()
    }

    #[test]
    fn only_the_host_and_on_request_the_origin_change() {
        let text = "POST /socket.io/?EIO=4 HTTP/1.1\r\nhOsT: tap:1\r\nX-B: 1\r\nx-a:2\r\nOrigin: http://page\r\nX-B: 3\r\n\r\n";
        let upstream: Url = "http://server:3000".parse().unwrap();
        for (origin, sent) in [(false, "http://page"), (true, "http://server:3000")] {
            let mut head = request(text);
            let changed = head.point_at(&upstream, origin);
            assert_eq!(changed.len(), 1 + usize::from(origin));
            assert_eq!(changed[0].from, "tap:1");
            let expected = format!(
                "POST /socket.io/?EIO=4 HTTP/1.1\r\nhOsT: server:3000\r\nX-B: 1\r\nx-a: 2\r\nOrigin: {sent}\r\nX-B: 3\r\n\r\n"
            );
            assert_eq!(head.bytes(), expected);
        }
    }

    #[test]
    fn the_scheme_s_own_port_is_not_named_and_a_missing_host_is_added() {
        let upstream: Url = "https://server/".parse().unwrap();
        let mut head = request("GET / HTTP/1.0\r\n\r\n");
        assert_eq!(head.point_at(&upstream, true), []);
        assert_eq!(head.bytes(), "GET / HTTP/1.0\r\nHost: server\r\n\r\n");
    }

    #[test]
    fn a_whole_url_is_cut_to_its_path() {
        for (target, path) in [
            ("http://h:1/a?b=c", "/a?b=c"),
            ("https://h", "/"),
            ("http://h?x", "/?x"),
            ("/plain", "/plain"),
        ] {
            let head = request(&format!("GET {target} HTTP/1.1\r\n\r\n"));
            assert_eq!(head.target, path);
        }
    }

    #[test]
    fn what_is_no_http_is_refused_and_half_a_head_is_waited_for() {
        let mut tls = BytesMut::from(&b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"[..]);
        assert!(take_request(&mut tls).is_err());
        let mut half = BytesMut::from("GET / HT");
        assert!(take_request(&mut half).unwrap().is_none());
        let mut huge =
            BytesMut::from(format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(MAX_HEAD)).as_str());
        assert!(take_request(&mut huge).is_err());
    }

    #[test]
    fn bodies_are_delimited_as_the_rfc_says() {
        let body = |method: &str, head: &str| {
            let mut bytes = BytesMut::from(format!("HTTP/1.1 {head}\r\n\r\n").as_str());
            let head = take_response(&mut bytes).unwrap().unwrap();
            head.body(method).map(|body| format!("{body:?}"))
        };
        for (method, head, expected) in [
            ("GET", "200 OK\r\nContent-Length: 5", "Length(5)"),
            ("HEAD", "200 OK\r\nContent-Length: 5", "None"),
            ("GET", "204 No Content", "None"),
            ("GET", "200 OK", "Close"),
        ] {
            assert_eq!(body(method, head).unwrap(), expected, "{method} {head}");
        }
        let chunked = "200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 5";
        assert!(body("GET", chunked).unwrap().starts_with("Chunked"));
        assert!(body("GET", "200 OK\r\nContent-Length: x").is_err());
    }

    #[test]
    fn a_changed_response_gets_a_plain_body_and_keeps_the_rest() {
        let mut bytes = BytesMut::from(
            "HTTP/1.1 200 Fine\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\nContent-Type: a/b\r\n\r\n",
        );
        let head = take_response(&mut bytes).unwrap().unwrap();
        assert_eq!(
            head.with_body(b"6", None),
            "HTTP/1.1 200 Fine\r\nX-One: 1\r\nContent-Type: a/b\r\nContent-Length: 1\r\n\r\n6"
        );
    }
}

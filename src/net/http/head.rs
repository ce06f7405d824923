//! Heads of requests and responses as bytes, in their own order and spelling. **Floor 1** (no IO
//! of its own).

use url::{Position, Url};

use crate::journal::record::Headers;
use crate::protocol::websocket::handshake::header;

/// How this program names itself to servers.
pub const USER_AGENT: &str = concat!("sioscope/", env!("CARGO_PKG_VERSION"));

/// The usual headers of a request, in sending order: ours, then the caller's `own`, then
/// `Cookie` and `Content-Length`.
///
/// A header in `own` replaces ours of that name and keeps its place and spelling; `cookie` (of
/// the jar) is appended to a `Cookie` in `own`. `Content-Length` and `Transfer-Encoding` in
/// `own` are left out: they would contradict the body. `body` is its content type and length;
/// give `None` for a request without one.
pub fn request_headers(
    url: &Url,
    own: &[(String, String)],
    cookie: Option<&str>,
    body: Option<(&str, usize)>,
) -> Headers {
    let mut headers: Headers = [
        ("Host", authority(url)),
        ("User-Agent", USER_AGENT.to_owned()),
        ("Accept", "*/*".to_owned()),
        ("Accept-Encoding", "gzip, deflate".to_owned()),
    ]
    .into_iter()
    .chain(body.map(|(kind, _)| ("Content-Type", kind.to_owned())))
    .filter(|(name, _)| header(own, name).is_none())
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    headers.extend(
        own.iter()
            .filter(|(name, _)| {
                !name.eq_ignore_ascii_case("Content-Length")
                    && !name.eq_ignore_ascii_case("Transfer-Encoding")
            })
            .cloned(),
    );
    add_cookie(&mut headers, cookie);
    if let Some((_, len)) = body {
        headers.push(("Content-Length".to_owned(), len.to_string()));
    }
    headers
}

/// The URL's authority as `Host` has it: the port only where it is not the scheme's own.
pub(in crate::net) fn authority(url: &Url) -> String {
    url[Position::BeforeHost..Position::AfterPort].to_owned()
}

/// Adds the jar's cookies, to the caller's own `Cookie` header if there is one.
pub(in crate::net) fn add_cookie(headers: &mut Headers, cookie: Option<&str>) {
    let Some(cookie) = cookie else { return };
    match headers
        .iter_mut()
        .find(|(name, _)| name.eq_ignore_ascii_case("Cookie"))
    {
        Some((_, value)) => *value = format!("{value}; {cookie}"),
        None => headers.push(("Cookie".to_owned(), cookie.to_owned())),
    }
}

/// A request's head as bytes, after checking that it is one request and nothing more.
pub(in crate::net) fn head_bytes(
    method: &str,
    url: &Url,
    headers: &[(String, String)],
) -> Result<Vec<u8>, String> {
    if http::Method::from_bytes(method.as_bytes()).is_err() {
        return Err(format!("`{}` is no HTTP method", method.escape_debug()));
    }
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let target = if target.starts_with('/') {
        target.to_owned()
    } else {
        format!("/{target}")
    };
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(format!("`{}` is no header name", name.escape_debug()));
        }
        if value.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(format!(
                "the header `{name}` has a line break or NUL in its value"
            ));
        }
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    Ok(head.into_bytes())
}

/// Status and headers of a whole response head. Values that are not UTF-8 are read with
/// replacement characters.
pub(in crate::net) fn parse_head(bytes: &[u8]) -> Option<(u16, Headers, usize)> {
    let mut slots = [httparse::EMPTY_HEADER; 256];
    let mut response = httparse::Response::new(&mut slots);
    let httparse::Status::Complete(size) = response.parse(bytes).ok()? else {
        return None;
    };
    let headers = response
        .headers
        .iter()
        .map(|header| {
            (
                header.name.to_owned(),
                String::from_utf8_lossy(header.value).into_owned(),
            )
        })
        .collect();
    Some((response.code?, headers, size))
}

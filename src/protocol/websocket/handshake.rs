//! The headers of the HTTP upgrade, from both sides (RFC 6455, section 4). **Floor 0, pure.**
//!
//! A caller's own header replaces ours of the same name and keeps its place and spelling, so a
//! person can debug the handshake itself; the answer is judged against what was really sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tungstenite::handshake::derive_accept_key;

use super::frame::random_u64;
use super::negotiation::ExtensionError;
use super::{DeflateOffer, DeflateParams};

/// HTTP headers in the order and spelling in which they are written.
pub type Headers = Vec<(String, String)>;

/// A fresh `Sec-WebSocket-Key`: 16 random bytes as base64.
pub fn key() -> String {
    let mut bytes = [0; 16];
    let (low, high) = bytes.split_at_mut(8);
    low.copy_from_slice(&random_u64().to_ne_bytes());
    high.copy_from_slice(&random_u64().to_ne_bytes());
    STANDARD.encode(bytes)
}

/// The first header called `name`, whatever its case.
pub fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    header_values(headers, name).next()
}

/// All headers called `name`, whatever their case.
pub fn header_values<'h>(
    headers: &'h [(String, String)],
    name: &str,
) -> impl Iterator<Item = &'h str> {
    headers
        .iter()
        .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// All headers of an upgrade request: ours first, then the caller's `own`.
///
/// `host` is the URL's authority, `key` is from [`key()`].
pub fn request_headers(
    host: &str,
    key: &str,
    offer: Option<&DeflateOffer>,
    own: &[(String, String)],
) -> Headers {
    let ours = [
        ("Host", host.to_owned()),
        ("Connection", "Upgrade".to_owned()),
        ("Upgrade", "websocket".to_owned()),
        ("Sec-WebSocket-Version", "13".to_owned()),
        ("Sec-WebSocket-Key", key.to_owned()),
    ];
    let extensions = offer.map(|offer| ("Sec-WebSocket-Extensions", offer.header()));
    let mut headers: Headers = ours
        .into_iter()
        .chain(extensions)
        .filter(|(name, _)| header(own, name).is_none())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    headers.extend_from_slice(own);
    headers
}

/// Why a response is not the wanted upgrade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// Another status than 101.
    #[error("the server answered {0} instead of 101 Switching Protocols")]
    Status(u16),
    /// `Upgrade: websocket` is missing.
    #[error("the 101 does not say `Upgrade: websocket`; something between may not know WebSocket")]
    NoUpgrade,
    /// `Connection: Upgrade` is missing.
    #[error("the 101 does not say `Connection: Upgrade`; something between may not know WebSocket")]
    NoConnection,
    /// `Sec-WebSocket-Accept` is missing or was made from another key.
    #[error(
        "the 101 has a wrong Sec-WebSocket-Accept ({got}, expected {expected}); it may be the \
         answer to another request, from a cache or a proxy"
    )]
    Accept {
        /// What the key demands.
        expected: String,
        /// What came, or `none`.
        got: String,
    },
    /// The extensions are not what was offered.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
    /// A subprotocol that was not asked for.
    #[error("the server chose the subprotocol `{0}`, which was not asked for")]
    Protocol(String),
}

/// For the client: judges the response against the request's headers. `Ok` holds the
/// compression that is on.
///
/// # Errors
/// The first thing that is wrong; the WebSocket must not be used then.
pub fn check_response(
    request: &[(String, String)],
    status: u16,
    response: &[(String, String)],
) -> Result<Option<DeflateParams>, HandshakeError> {
    if status != 101 {
        return Err(HandshakeError::Status(status));
    }
    if !header_values(response, "Upgrade")
        .any(|value| value.trim().eq_ignore_ascii_case("websocket"))
    {
        return Err(HandshakeError::NoUpgrade);
    }
    if !has_token(response, "Connection", "upgrade") {
        return Err(HandshakeError::NoConnection);
    }
    let key = header(request, "Sec-WebSocket-Key").unwrap_or_default();
    let expected = derive_accept_key(key.as_bytes());
    let got = header(response, "Sec-WebSocket-Accept").unwrap_or("none");
    if got != expected {
        return Err(HandshakeError::Accept {
            expected,
            got: got.to_owned(),
        });
    }
    if let Some(chosen) = header(response, "Sec-WebSocket-Protocol")
        && !has_token(request, "Sec-WebSocket-Protocol", chosen)
    {
        return Err(HandshakeError::Protocol(chosen.to_owned()));
    }
    let offer = offered(request);
    let values = header_values(response, "Sec-WebSocket-Extensions");
    Ok(DeflateParams::accept(offer.as_ref(), values)?)
}

/// What the request really offered (a person may have written the header).
fn offered(request: &[(String, String)]) -> Option<DeflateOffer> {
    let extension = header_values(request, "Sec-WebSocket-Extensions")
        .flat_map(super::negotiation::parse_extensions)
        .find(|extension| extension.name.eq_ignore_ascii_case("permessage-deflate"))?;
    let param = |name: &str| extension.params.iter().find(|(key, _)| key == name);
    Some(DeflateOffer {
        server_no_context_takeover: param("server_no_context_takeover").is_some(),
        client_no_context_takeover: param("client_no_context_takeover").is_some(),
        server_max_window_bits: param("server_max_window_bits")
            .and_then(|(_, bits)| bits.as_deref()?.parse().ok()),
        client_max_window_bits: param("client_max_window_bits").is_some(),
    })
}

/// For a server: the headers of the 101, and the compression that they turn on. `deflate` says
/// whether the server is willing to compress. `None` where the request is no upgrade to
/// WebSocket 13 (it should be answered with 400).
pub fn response_headers(
    request: &[(String, String)],
    deflate: bool,
) -> Option<(Headers, Option<DeflateParams>)> {
    let upgrade = has_token(request, "Upgrade", "websocket")
        && has_token(request, "Connection", "upgrade")
        && header(request, "Sec-WebSocket-Version") == Some("13");
    let key = header(request, "Sec-WebSocket-Key").filter(|_| upgrade)?;
    let mut headers: Headers = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    headers.push((
        "Sec-WebSocket-Accept".to_owned(),
        derive_accept_key(key.as_bytes()),
    ));
    let agreed = deflate
        .then(|| DeflateParams::answer(header_values(request, "Sec-WebSocket-Extensions")))
        .flatten();
    let params = agreed.map(|(params, value)| {
        headers.push(("Sec-WebSocket-Extensions".to_owned(), value));
        params
    });
    Some((headers, params))
}

fn has_token(headers: &[(String, String)], name: &str, token: &str) -> bool {
    header_values(headers, name)
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> Headers {
        list.iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    }

    /// Key and accept are the example of RFC 6455, section 1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    #[test]
    fn own_headers_replace_ours_and_keep_order_and_spelling() {
        let own = headers(&[("hOsT", "other"), ("X-One", "1"), ("x-one", "2")]);
        let got = request_headers("h:1", KEY, Some(&DeflateOffer::default()), &own);
        let names: Vec<&str> = got.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "Connection",
                "Upgrade",
                "Sec-WebSocket-Version",
                "Sec-WebSocket-Key",
                "Sec-WebSocket-Extensions",
                "hOsT",
                "X-One",
                "x-one"
            ]
        );
    }

    #[test]
    fn keys_are_sixteen_bytes_and_never_the_same() {
        assert_eq!(STANDARD.decode(key()).unwrap().len(), 16);
        assert_ne!(key(), key());
    }

    #[test]
    fn responses_are_judged_against_the_request() {
        let request = request_headers("h", KEY, None, &[]);
        let good = headers(&[
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-accept", ACCEPT),
        ]);
        assert_eq!(check_response(&request, 101, &good), Ok(None));
        assert_eq!(
            check_response(&request, 400, &good),
            Err(HandshakeError::Status(400))
        );
        type Change = fn(&mut Headers);
        let cases: [(Change, &str); 5] = [
            (|h| drop(h.remove(0)), "Upgrade: websocket"),
            (|h| h[1].1 = "close".into(), "Connection: Upgrade"),
            (|h| h[2].1 = "AAAA".into(), "Sec-WebSocket-Accept (AAAA"),
            (|h| drop(h.remove(2)), "(none, expected s3pP"),
            (
                |h| h.push(("Sec-WebSocket-Extensions".into(), "x".into())),
                "not offered",
            ),
        ];
        for (change, text) in cases {
            let mut response = good.clone();
            change(&mut response);
            let error = check_response(&request, 101, &response)
                .unwrap_err()
                .to_string();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn a_server_of_ours_is_accepted_by_a_client_of_ours() {
        for (offer, willing, on) in [
            (true, true, true),
            (true, false, false),
            (false, true, false),
        ] {
            let offer = offer.then(DeflateOffer::default);
            let request = request_headers("h", &key(), offer.as_ref(), &[]);
            let (response, params) = response_headers(&request, willing).unwrap();
            assert_eq!(params.is_some(), on);
            assert_eq!(check_response(&request, 101, &response), Ok(params));
        }
        assert_eq!(response_headers(&headers(&[("Host", "h")]), true), None);
    }
}

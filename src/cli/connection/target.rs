//! The URL argument: which server, which namespace.

use url::Url;

use crate::cli::UsageError;

/// What a URL argument says.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// `http` or `https`, with the path as it was given and without a fragment.
    pub url: Url,
    /// The namespace that the path names.
    pub nsp: String,
}

/// Reads `http(s)://`, `ws(s)://` and `host:port` forms. `named` tells that `-n` names the
/// namespaces, so that the path means nothing.
pub fn parse(text: &str, named: bool) -> Result<Target, UsageError> {
    let text = text.trim();
    let fail = |why: String| Err(UsageError(why));
    if text.is_empty() {
        return fail("the URL is empty; write http://host:port".to_owned());
    }
    let full = match text.split_once("://") {
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => format!("http://{rest}"),
            "https" | "wss" => format!("https://{rest}"),
            other => {
                return fail(format!(
                    "{text}: unknown scheme {other}; use http, https, ws or wss"
                ));
            }
        },
        None if looks_like_a_word(text) => {
            return fail(format!(
                "{text} is neither a command nor a URL; see sioscope --help for the commands, \
                 or write http://{text} if it is a host"
            ));
        }
        None => format!("http://{text}"),
    };
    let mut url = match Url::parse(&full) {
        Ok(url) => url,
        Err(error) => return fail(format!("{text}: {error}; write http://host:port")),
    };
    url.set_fragment(None);
    let path = url.path();
    if !named && (path == "/socket.io" || path.starts_with("/socket.io/")) {
        return fail(format!(
            "{text}: /socket.io is the HTTP path and is the default already, while the path of \
             this argument names a namespace; leave it out (--path sets another HTTP path, \
             -n joins a namespace)"
        ));
    }
    // A namespace travels as text, not percent-encoded: /caf%C3%A9 means /café.
    let nsp = decoded(path);
    if let (false, Some(at)) = (named, nsp.find(',')) {
        return fail(format!(
            "{text}: a namespace can't hold a comma (the protocol ends it there), but this one has one at character {}",
            nsp.get(..at)
                .map_or(0, |before| before.chars().count())
                .saturating_add(1)
        ));
    }
    Ok(Target { url, nsp })
}

/// A single bare word is more likely a mistyped command than a host.
fn looks_like_a_word(text: &str) -> bool {
    text != "localhost" && !text.contains(['.', ':', '/'])
}

fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = match (first, after) {
            (b'%', [high, low, ..]) => {
                let digit = |b: u8| {
                    char::from(b)
                        .to_digit(16)
                        .and_then(|d| u8::try_from(d).ok())
                };
                digit(*high)
                    .zip(digit(*low))
                    .map(|(high, low)| high << 4 | low)
            }
            _ => None,
        };
        match hex {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    match String::from_utf8(bytes) {
        Ok(nsp) => nsp,
        Err(_) => path.to_owned(),
    }
}

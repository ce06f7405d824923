//! The handshake of a recording: what belongs to it, and which of that may be sent where. **Pure.**

use url::Url;

use super::fact::name_of;
use crate::client::Options;
use crate::client::options::{Auth, Eio, NamespaceAuth, Parser};
use crate::journal::record::{Body, Request, TransportName};
use crate::journal::redact::is_mask;
use crate::protocol::engine::url::parse_query;

/// What a recorded client's handshake said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Setup {
    /// URL that the recording says it was of.
    pub target: String,
    /// Engine.IO version, 3 or 4.
    pub eio: Option<u8>,
    /// socket.io-msgpack-parser.
    pub msgpack: bool,
    /// HTTP path.
    pub path: Option<String>,
    /// Query parameters that are not the protocol's.
    pub query: Vec<(String, String)>,
    /// Headers that a client does not send by itself.
    pub headers: Vec<(String, String)>,
    /// Cookies of the first request.
    pub cookies: Vec<(String, String)>,
    /// Transports in the order in which they were used.
    pub transports: Vec<TransportName>,
    /// Namespaces that were joined at once, with their auth (raw JSON).
    pub joins: Vec<(String, Option<String>)>,
    /// The first request was seen.
    begun: bool,
    /// URL of the first request.
    first: String,
}

/// What was given anew, and so is not taken from the recording.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given {
    /// `--eio`.
    pub eio: bool,
    /// `--parser`.
    pub parser: bool,
    /// `--path`.
    pub path: bool,
    /// `--transports`.
    pub transports: bool,
    /// `-n`, or a namespace in the URL's path.
    pub namespaces: bool,
}

/// What of the recording was not used, for another host must not see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Namespaces whose auth it was.
    pub auth: Vec<String>,
    /// Names of query parameters.
    pub query: Vec<String>,
    /// Names of headers.
    pub headers: Vec<String>,
    /// Names of cookies.
    pub cookies: Vec<String>,
}

impl Withheld {
    /// Nothing was.
    pub fn is_empty(&self) -> bool {
        *self == Withheld::default()
    }
}

impl std::fmt::Display for Withheld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds = [
            ("the auth of ", &self.auth),
            ("the query ", &self.query),
            ("the headers ", &self.headers),
            ("the cookies ", &self.cookies),
        ];
        let kinds: Vec<String> = kinds
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what}{}", names.join(", ")))
            .collect();
        f.write_str(&kinds.join("; "))
    }
}

impl Setup {
    /// Takes a record of this connection in.
    pub(super) fn take(&mut self, body: &Body) {
        let Body::Request(request) = body else { return };
        let (head, query) = match request.url.split_once('?') {
            Some((head, query)) => (head, parse_query(query)),
            None => (request.url.as_str(), Vec::new()),
        };
        let transport = query
            .iter()
            .find(|(name, _)| name == "transport")
            .map(|(_, value)| value.as_str());
        let transport = match transport {
            Some("websocket") => TransportName::Websocket,
            Some("polling") => TransportName::Polling,
            _ => return,
        };
        if !self.transports.contains(&transport) {
            self.transports.push(transport);
        }
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        self.first.clone_from(&request.url);
        self.path = path_of(head);
        self.query = query
            .into_iter()
            .filter(|(name, _)| !OWN_QUERY.contains(&name.as_str()))
            .collect();
        self.headers(request);
    }

    fn headers(&mut self, request: &Request) {
        for (name, value) in &request.headers {
            let lower = name.to_ascii_lowercase();
            if lower == "cookie" {
                let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
                self.cookies.extend(
                    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())),
                );
            } else if !is_own_header(&lower, value) {
                self.headers.push((name.clone(), value.clone()));
            }
        }
    }

    /// Whether the recording is of the server that `url` names: same host and port, and no less
    /// protected.
    pub fn is_of(&self, url: &Url) -> bool {
        let recorded = [self.target.as_str(), self.first.as_str()]
            .into_iter()
            .find_map(|text| Url::parse(text).ok().filter(Url::has_host));
        let secure = |url: &Url| matches!(url.scheme(), "https" | "wss");
        let port = |url: &Url| url.port().unwrap_or(if secure(url) { 443 } else { 80 });
        recorded.is_some_and(|recorded| {
            recorded.host_str() == url.host_str()
                && port(&recorded) == port(url)
                && (secure(url) || !secure(&recorded))
        })
    }

    /// The URL that the recording was of, as far as it may be said: without user and query.
    pub fn origin(&self) -> String {
        let recorded = [self.target.as_str(), self.first.as_str()]
            .into_iter()
            .find_map(|text| Url::parse(text).ok().filter(Url::has_host));
        match recorded {
            Some(url) => {
                let port = url.port().map_or(String::new(), |port| format!(":{port}"));
                format!(
                    "{}://{}{port}",
                    url.scheme(),
                    url.host_str().unwrap_or_default()
                )
            }
            None => "an unknown server".to_owned(),
        }
    }

    /// Namespaces whose auth the recording holds, or held before it was masked.
    pub fn with_auth(&self) -> impl Iterator<Item = &str> {
        self.joins
            .iter()
            .filter(|(nsp, auth)| auth.is_some() || nsp.contains('?'))
            .map(|(nsp, _)| name_of(nsp))
    }

    /// Puts the recording's handshake under what was given: `options` holds that, and the
    /// namespaces to play where some were named. `trusted`: the server may see what the recorded
    /// one saw. Returns what was left out.
    pub fn apply(&self, options: &mut Options, given: Given, trusted: bool) -> Withheld {
        if !given.eio {
            match self.eio {
                Some(3) => options.eio = Eio::V3,
                Some(_) => options.eio = Eio::V4,
                None => {}
            }
        }
        if !given.parser && self.msgpack {
            options.parser = Parser::Msgpack;
        }
        if let (false, Some(path)) = (given.path, &self.path) {
            options.path.clone_from(path);
        }
        if !given.transports && !self.transports.is_empty() {
            options.transports.clone_from(&self.transports);
            if self.transports.as_slice() == [TransportName::Polling] {
                options.upgrade = false;
            }
        }
        let mut withheld = Withheld::default();
        self.secrets(options, trusted, &mut withheld);
        self.namespaces(options, given, trusted, &mut withheld);
        withheld
    }

    fn secrets(&self, options: &mut Options, trusted: bool, withheld: &mut Withheld) {
        // What the URL that was given says already.
        let of_url: Vec<String> = options
            .url
            .query()
            .map(parse_query)
            .unwrap_or_default()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let user = (!options.url.username().is_empty()).then(|| "Authorization".to_owned());
        let same = |one: &str, other: &str| one == other;
        let mut under = Under {
            trusted,
            withheld: &mut withheld.query,
        };
        under.put(&self.query, &mut options.query, &of_url, same);
        under.withheld = &mut withheld.headers;
        let user: Vec<String> = user.into_iter().collect();
        under.put(
            &self.headers,
            &mut options.headers,
            &user,
            str::eq_ignore_ascii_case,
        );
        under.withheld = &mut withheld.cookies;
        under.put(&self.cookies, &mut options.cookies, &[], same);
    }

    fn namespaces(
        &self,
        options: &mut Options,
        given: Given,
        trusted: bool,
        withheld: &mut Withheld,
    ) {
        let named = std::mem::take(&mut options.namespaces);
        for (nsp, auth) in &self.joins {
            let name = name_of(nsp);
            let again = named.iter().find(|one| name_of(&one.nsp) == name);
            if given.namespaces && again.is_none() {
                continue;
            }
            let again = again.filter(|_| given.namespaces);
            // Given anew, with a query or an auth of its own.
            let own = again.filter(|one| one.auth.is_some() || one.nsp.contains('?'));
            let covered = own.is_some() || (options.auth.is_some() && auth.is_some());
            let secret = auth.is_some() || nsp.contains('?');
            let one = match own {
                Some(own) => own.clone(),
                None if trusted && !auth.as_deref().is_some_and(is_masked) => NamespaceAuth {
                    nsp: nsp.clone(),
                    auth: auth
                        .clone()
                        .filter(|_| options.auth.is_none())
                        .map(Auth::Json),
                },
                None => {
                    if secret && !covered {
                        withheld.auth.push(name.to_owned());
                    }
                    NamespaceAuth {
                        nsp: name.to_owned(),
                        auth: None,
                    }
                }
            };
            options.namespaces.push(one);
        }
    }
}

/// Whether an auth payload holds what a redaction left in the place of a secret. A star alone may
/// as well be a wildcard that the server asks for.
pub(super) fn is_masked(auth: &str) -> bool {
    auth.split('"').any(|text| text != "*" && is_mask(text))
}

/// Puts recorded pairs under those that were given.
struct Under<'w> {
    trusted: bool,
    withheld: &'w mut Vec<String>,
}

impl Under<'_> {
    /// `known` are names that are given elsewhere.
    fn put(
        &mut self,
        recorded: &[(String, String)],
        given: &mut Vec<(String, String)>,
        known: &[String],
        same: fn(&str, &str) -> bool,
    ) {
        let mut all = Vec::new();
        for (name, value) in recorded {
            let names = given.iter().map(|(name, _)| name).chain(known);
            if names.into_iter().any(|one| same(one, name)) {
                continue;
            }
            if self.trusted {
                all.push((name.clone(), value.clone()));
            } else {
                self.withheld.push(name.clone());
            }
        }
        all.append(given);
        *given = all;
    }
}

/// Query parameters of Engine.IO's own.
const OWN_QUERY: [&str; 6] = ["EIO", "transport", "sid", "t", "b64", "j"];

/// Headers that every client or browser adds by itself, or that belong to one hop or one request.
fn is_own_header(name: &str, value: &str) -> bool {
    const OWN: [&str; 20] = [
        "host",
        "connection",
        "keep-alive",
        "upgrade",
        "accept",
        "accept-encoding",
        "accept-language",
        "content-length",
        "content-type",
        "transfer-encoding",
        "te",
        "trailer",
        "pragma",
        "cache-control",
        "dnt",
        "priority",
        "if-none-match",
        "if-modified-since",
        "forwarded",
        "via",
    ];
    name.starts_with(':')
        || name.starts_with("sec-")
        || name.starts_with("proxy-")
        || name.starts_with("x-forwarded-")
        || OWN.contains(&name)
        || (name == "user-agent" && value.starts_with("sioscope"))
}

/// The HTTP path of a URL without its query, without the slash at its end.
fn path_of(head: &str) -> Option<String> {
    let (_, rest) = head.split_once("://").unwrap_or(("", head));
    let path = rest.get(rest.find('/')?..)?;
    let path = path.trim_end_matches('/');
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests;

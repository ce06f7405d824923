//! The cookie jar that polling and WebSocket share. **Floor 1** (no IO of its own).
//!
//! Rules of RFC 6265: cookies of `http` go with `ws`, those of `https` with `wss`.
//! Cookies that the user gave are sent to the target always, until the server sets one of the
//! same name.

use cookie_store::{CookieStore, RawCookie, StoreAction};
use url::Url;

/// Cookies of one session.
#[derive(Debug, Clone, Default)]
pub struct Jar {
    given: Vec<(String, String)>,
    store: CookieStore,
}

/// What a `Set-Cookie` changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieChange {
    /// Name of the cookie.
    pub name: String,
    /// Its value before, if it had one.
    pub old: Option<String>,
    /// Its value now; `None` where the server deleted it.
    pub new: Option<String>,
}

impl Jar {
    /// A jar that starts with the user's own cookies, each text as `a=b; c=d`. Pieces without
    /// `=` count as a name with an empty value.
    pub fn new<'a>(given: impl IntoIterator<Item = &'a str>) -> Self {
        let given = given
            .into_iter()
            .flat_map(|text| text.split(';'))
            .map(str::trim)
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (name.trim().to_owned(), value.trim().to_owned())
            })
            .collect();
        Jar {
            given,
            store: CookieStore::default(),
        }
    }

    /// Takes in the `Set-Cookie` values of a response from `url`. Those that are not valid for
    /// it are ignored, as a browser does. Returns what changed, in order.
    pub fn store<'v>(
        &mut self,
        url: &Url,
        values: impl IntoIterator<Item = &'v str>,
    ) -> Vec<CookieChange> {
        let url = http(url);
        let mut changes = Vec::new();
        for value in values {
            let Ok(cookie) = RawCookie::parse(value.to_owned()) else {
                continue;
            };
            let name = cookie.name().to_owned();
            let old = self.value(&url, &name);
            let new = match self.store.insert_raw(&cookie, &url) {
                Ok(StoreAction::Inserted | StoreAction::UpdatedExisting) => {
                    Some(cookie.value().to_owned())
                }
                Ok(StoreAction::ExpiredExisting) => None,
                Err(_) => continue,
            };
            if old != new {
                changes.push(CookieChange { name, old, new });
            }
        }
        changes
    }

    /// The value of the `Cookie` header for a request to `url`; `None` where there is none.
    pub fn header(&self, url: &Url) -> Option<String> {
        let stored = self.matching(&http(url));
        let given = self
            .given
            .iter()
            .filter(|(name, _)| stored.iter().all(|(other, _)| other != name))
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<String> = given
            .chain(stored.iter().copied())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn value(&self, url: &Url, name: &str) -> Option<String> {
        let stored = self.matching(url).into_iter().find(|(key, _)| *key == name);
        stored
            .or_else(|| {
                let given = self.given.iter().find(|(key, _)| key == name);
                given.map(|(name, value)| (name.as_str(), value.as_str()))
            })
            .map(|(_, value)| value.to_owned())
    }

    /// Longer paths first (RFC 6265, section 5.4), then by name, so that the order is stable.
    fn matching(&self, url: &Url) -> Vec<(&str, &str)> {
        let mut found = self.store.matches(url);
        found.sort_by(|a, b| {
            let len = |cookie: &cookie_store::Cookie<'_>| String::from(&cookie.path).len();
            len(b).cmp(&len(a)).then_with(|| a.name().cmp(b.name()))
        });
        found
            .into_iter()
            .map(|cookie| cookie.name_value())
            .collect()
    }
}

/// Cookies know `http` and `https` only.
fn http(url: &Url) -> Url {
    let mut url = url.clone();
    let scheme = match url.scheme() {
        "ws" => "http",
        "wss" => "https",
        _ => return url,
    };
    // `set_scheme` accepts these pairs.
    let _ = url.set_scheme(scheme);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn change(name: &str, old: Option<&str>, new: Option<&str>) -> CookieChange {
        let own = |text: Option<&str>| text.map(str::to_owned);
        CookieChange {
            name: name.to_owned(),
            old: own(old),
            new: own(new),
        }
    }

    #[test]
    fn a_cookie_of_a_poll_goes_with_the_websocket_and_is_replaced_by_a_later_one() {
        let poll = url("http://127.0.0.1:3000/socket.io/?EIO=4&transport=polling");
        let socket = url("ws://127.0.0.1:3000/socket.io/?EIO=4&transport=websocket");
        let mut jar = Jar::default();
        assert_eq!(jar.header(&poll), None);
        assert_eq!(
            jar.store(&poll, ["LB=1; Path=/"]),
            [change("LB", None, Some("1"))]
        );
        assert_eq!(jar.header(&socket).as_deref(), Some("LB=1"));
        assert_eq!(
            jar.store(&socket, ["LB=2; Path=/"]),
            [change("LB", Some("1"), Some("2"))]
        );
        assert_eq!(jar.store(&socket, ["LB=2; Path=/"]), []);
        assert_eq!(jar.header(&poll).as_deref(), Some("LB=2"));
        let gone = jar.store(&poll, ["LB=; Path=/; Max-Age=0"]);
        assert_eq!(gone, [change("LB", Some("2"), None)]);
        assert_eq!(jar.header(&poll), None);
    }

    #[test]
    fn cookies_keep_to_their_host_path_and_tls() {
        let mut jar = Jar::default();
        let here = url("https://h.test/socket.io/");
        jar.store(
            &here,
            [
                "a=1; Path=/",
                "s=2; Secure; Path=/",
                "p=3; Path=/socket.io",
                "x=4; Domain=other.test",
            ],
        );
        assert_eq!(
            jar.header(&url("wss://h.test/socket.io/")).as_deref(),
            Some("p=3; a=1; s=2")
        );
        assert_eq!(jar.header(&url("http://h.test/")).as_deref(), Some("a=1"));
        assert_eq!(jar.header(&url("https://other.test/")), None);
    }

    #[test]
    fn given_cookies_are_sent_until_the_server_sets_one_of_that_name() {
        let mut jar = Jar::new(["a=1; b=x=y", "c"]);
        let here = url("http://h.test/");
        assert_eq!(jar.header(&here).as_deref(), Some("a=1; b=x=y; c="));
        assert_eq!(
            jar.store(&here, ["a=2"]),
            [change("a", Some("1"), Some("2"))]
        );
        assert_eq!(jar.header(&here).as_deref(), Some("b=x=y; c=; a=2"));
    }
}

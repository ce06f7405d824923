//! A load balancer's cookie is set and not sent back, so that the next request goes elsewhere.
//!
//! Stickiness by cookie needs the cookie on every later request of the session, polls, posts and
//! the WebSocket upgrade alike. Clients lose it: the JavaScript client in Node keeps none without
//! `withCredentials`, a browser sends none to another site without it, and a cookie whose `Path`,
//! `Domain` or `Secure` does not fit the requests is kept by nobody.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::Exchange;
use crate::diagnosis::{death, words};

pub(super) const ENTRY: Entry = Entry {
    name: "cookies-lost",
    about: "the cookie that keeps a session on its server is not sent back",
    on: Moments::EXCHANGE,
    gives_way_to: &[],
    make: || Box::new(CookiesLost::default()),
};

/// Cookies that load balancers choose the server by.
const BALANCERS: [&str; 12] = [
    "AWSALB",
    "AWSALBCORS",
    "AWSELB",
    "SERVERID",
    "SRVNAME",
    "route",
    "sticky",
    "INGRESSCOOKIE",
    "GCLB",
    "ARRAffinity",
    "ARRAffinitySameSite",
    "ROUTEID",
];
/// Sessions that are named at most.
const SESSIONS: usize = 50;

#[derive(Default)]
struct CookiesLost {
    sessions: Vec<u32>,
    evidence: Vec<u64>,
}

/// A cookie as an answer set it.
struct Set<'a> {
    name: &'a str,
    value: &'a str,
    attributes: &'a str,
    n: u64,
}

impl Rule for CookiesLost {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Exchange(exchange) = moment else {
            return;
        };
        let Some(c) = exchange.c else { return };
        // That it matters shows in a request which reached a process without the session.
        if exchange.sid.is_none()
            || !exchange.is_engine_error(1)
            || self.sessions.contains(&c)
            || self.sessions.len() >= SESSIONS
            || scene.story.is_faulted(c)
        {
            return;
        }
        let Some(life) = scene.story.life(c) else {
            return;
        };
        if death::may_be(exchange, life, scene) {
            return;
        }
        let Some(lost) = lost(exchange, c, scene) else {
            return;
        };
        self.sessions.push(c);
        if self.evidence.len() < 9 {
            self.evidence.push(lost.n);
            self.evidence.extend(exchange.evidence());
        }
        let times = match self.sessions.len() {
            1 => String::new(),
            many => format!(" ({} so far)", words::times(many)),
        };
        let name = lost.name;
        let (reason, fix) = reason(&lost, exchange);
        speech.say(Conclusion {
            subject: name.to_owned(),
            connections: self.sessions.clone(),
            severity: Severity::Error,
            title: format!(
                "the cookie {name}, which keeps a session on its server, is not sent back: \
                 {reason}{times}"
            ),
            evidence: self.evidence.clone(),
            why: format!(
                "An answer of this session set {name}; the next request went without it, and \
                 reached a process that does not know the session (code 1). Stickiness is there, \
                 but it needs the cookie on every request, the WebSocket upgrade included."
            ),
            fix,
        });
    }
}

/// The load balancer's cookie that an answer of the session set and the refused request lacks.
fn lost<'a>(refused: &Exchange, c: u32, scene: &Scene<'a>) -> Option<Set<'a>> {
    let sent = refused.request_header("cookie").unwrap_or_default();
    let has = |name: &str| {
        sent.split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(known, _)| known == name)
    };
    let again = |set: &Set<'_>| {
        cookies(refused).any(|other| other.name == set.name && other.value != set.value)
    };
    scene
        .story
        .exchanges_of(c)
        .filter(|other| other.x != refused.x)
        .filter(|other| {
            other
                .response
                .is_some_and(|response| response.n < refused.request.n)
        })
        .flat_map(cookies)
        .filter(|set| !set.value.is_empty() && !has(set.name))
        // The io cookie of a server before 3.x holds the sid, and chooses no server.
        .filter(|set| set.name != "io" || set.value.contains('~'))
        .find(|set| BALANCERS.contains(&set.name) || again(set))
}

/// The cookies that an answer sets.
fn cookies(exchange: &Exchange) -> impl Iterator<Item = Set<'_>> {
    let n = exchange.response.map_or(0, |place| place.n);
    exchange
        .answer_headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .filter_map(move |(_, value)| {
            let (pair, attributes) = value.split_once(';').unwrap_or((value, ""));
            let (name, value) = pair.split_once('=')?;
            Some(Set {
                name: name.trim(),
                value: value.trim(),
                attributes,
                n,
            })
        })
}

/// Why the cookie stayed behind, and what to change.
fn reason(lost: &Set<'_>, refused: &Exchange) -> (String, String) {
    let attribute = |wanted: &str| {
        lost.attributes.split(';').find_map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| value.trim())
        })
    };
    if let Some(path) = attribute("path")
        && !refused.path().starts_with(path)
    {
        return (
            format!("its Path is {path}"),
            format!(
                "Let the load balancer set it with `Path=/`: {path} does not cover {}. nginx: \
                 `sticky cookie {} path=/;`, or `add_header Set-Cookie \"{}=…; Path=/\";`.",
                refused.path(),
                lost.name,
                lost.name
            ),
        );
    }
    if attribute("secure").is_some() && refused.origin().starts_with("http:") {
        return (
            "it is Secure, and the requests are plain http".to_owned(),
            "Connect with https://, or let the load balancer set the cookie without `Secure`."
                .to_owned(),
        );
    }
    let host = refused.origin();
    let host = host.rsplit('/').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    if let Some(domain) = attribute("domain")
        && !host.ends_with(domain.trim_start_matches('.'))
    {
        return (
            format!("its Domain is {domain}"),
            "Let the load balancer set the cookie without `Domain`, or with the domain that \
             clients connect to."
                .to_owned(),
        );
    }
    (
        "the client keeps no cookies".to_owned(),
        "JavaScript: `io(URL, { withCredentials: true })` (in Node from 4.7 on), and for another \
         site on the server `cors: { origin: \"https://PAGE\", credentials: true }`. Java: an \
         OkHttpClient with a CookieJar as `callFactory` and `webSocketFactory`. python keeps \
         cookies, the asyncio client only those of a host with a name (for an address: \
         `http_session=aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))`). A \
         client that keeps none (rust_socketio): `transports: [\"websocket\"]`, which needs no \
         cookie, or on the balancer stickiness by address (nginx: `ip_hash;`)."
            .to_owned(),
    )
}

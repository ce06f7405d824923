//! A proxy, load balancer or application answered in the server's place.
//!
//! An Engine.IO server refuses in its own form (JSON with a code, a bare JSON string, the plain
//! text of a code). A gateway's statuses, redirects and HTML pages are somebody else's, and what
//! to do depends on who wrote them.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange};
use crate::diagnosis::words;

pub(super) const ENTRY: Entry = Entry {
    name: "proxy-status-page",
    about: "a proxy answers instead of the server (502, 503, 504, 524, 401, 403, redirects)",
    on: Moments::EXCHANGE,
    gives_way_to: &[
        "proxy-idle-timeout",
        "restarted-or-killed-session",
        "tls-failure",
        "wrong-path",
    ],
    make: || Box::new(ProxyStatusPage::default()),
};

/// Statuses and origins that are remembered.
const SORTS: usize = 30;
/// Connections that are named at most.
const CONNECTIONS: usize = 50;

/// What was seen of one status.
struct Sort {
    status: u16,
    times: usize,
    connections: Vec<u32>,
    evidence: Vec<u64>,
}

#[derive(Default)]
struct ProxyStatusPage {
    sorts: Vec<Sort>,
}

impl Rule for ProxyStatusPage {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Exchange(exchange) = moment else {
            return;
        };
        let Some(c) = exchange.c else { return };
        let Some((means, fix)) = meaning(exchange.status) else {
            return;
        };
        // A refused upgrade is a step of its own, and an engine's own refusal is its own.
        if exchange.asked == Asked::Upgrade
            || exchange.refusal().code.is_some()
            || exchange.is_upgrade_refusal()
            || scene.story.is_faulted(c)
        {
            return;
        }
        let known = self
            .sorts
            .iter()
            .position(|sort| sort.status == exchange.status);
        if known.is_none() {
            if self.sorts.len() >= SORTS {
                return;
            }
            self.sorts.push(Sort {
                status: exchange.status,
                times: 0,
                connections: Vec::new(),
                evidence: Vec::new(),
            });
        }
        let at = known.unwrap_or(self.sorts.len().saturating_sub(1));
        let Some(sort) = self.sorts.get_mut(at) else {
            return;
        };
        sort.times += 1;
        if sort.connections.len() < CONNECTIONS && !sort.connections.contains(&c) {
            sort.connections.push(c);
        }
        if sort.evidence.len() < 8 {
            sort.evidence.extend(exchange.evidence());
        }
        let who = who(exchange);
        let times = match sort.times {
            1 => String::new(),
            many => format!(" ({} so far)", words::times(many)),
        };
        let to = exchange
            .answer_header("location")
            .map(|location| format!(" to {location}"))
            .unwrap_or_default();
        let asks = exchange
            .answer_header("www-authenticate")
            .map(|asks| format!(" It asks for {asks}."))
            .unwrap_or_default();
        let message = exchange.refusal().message;
        let said = if message.is_empty() {
            "an empty body".to_owned()
        } else {
            format!("{message:?}")
        };
        speech.say(Conclusion {
            subject: format!("{}", exchange.status),
            connections: sort.connections.clone(),
            severity: Severity::Error,
            title: format!(
                "{who} answered HTTP {} instead of the server: {means}{to}{times}",
                exchange.status
            ),
            evidence: sort.evidence.clone(),
            why: format!(
                "The answer to the {} is {said}, by {who}. A Socket.IO server refuses with a code \
                 of its own, so this was written in front of it.{asks}",
                match exchange.asked {
                    Asked::Handshake => "handshake",
                    Asked::Websocket => "WebSocket request",
                    Asked::Poll => "poll",
                    _ => "post",
                }
            ),
            fix: fix.to_owned(),
        });
    }
}

/// What a status means when a proxy writes it, and what to do.
fn meaning(status: u16) -> Option<(&'static str, &'static str)> {
    Some(match status {
        301 | 302 | 303 | 307 | 308 => (
            "a redirect, which Socket.IO clients do not follow",
            "Connect to the address that it redirects to (https:// instead of http://, the host \
             with or without www). nginx: let the `location` of /socket.io/ stand before the \
             `return 301`.",
        ),
        401 | 407 => (
            "it wants a login first",
            "Send what it asks for (sioscope: `-H 'Authorization: …'` or user:password@ in the \
             URL; JavaScript: `extraHeaders`, which a browser can't set on a WebSocket: use a \
             cookie). Or nginx: `auth_basic off;` in the `location` of /socket.io/.",
        ),
        403 => (
            "access is denied",
            "nginx: look for `deny`, or for a `location` of /socket.io/ that is missing, so that a \
             folder is served. A firewall (WAF, Cloudflare): an exception for the path \
             /socket.io/.",
        ),
        429 => (
            "too many requests",
            "Raise its limit for /socket.io/ (nginx: `limit_req`): polling makes many requests. Or \
             use `transports: [\"websocket\"]`.",
        ),
        502 => (
            "it can't reach the server",
            "See that the server runs and listens where the proxy looks (nginx: `proxy_pass \
             http://127.0.0.1:3000;`; in containers not on 127.0.0.1 but on 0.0.0.0). nginx's \
             error log names the reason (`connect() failed (111: Connection refused)`).",
        ),
        503 => (
            "there is no server behind it",
            "See that the server runs and passes the load balancer's health check (answer it at a \
             path of your own: /socket.io/ answers 400 to a plain GET). Then see whether somebody \
             switched the site to maintenance.",
        ),
        504 | 522 | 524 => (
            "the server did not answer it in time",
            "See whether the server hangs (a blocked event loop, a database), then whether the \
             proxy waits long enough for a poll: more than pingInterval + pingTimeout (nginx: \
             `proxy_read_timeout 120s;`).",
        ),
        520 | 521 | 523 | 525..=527 | 530 => (
            "Cloudflare can't reach the server",
            "Look up that status in Cloudflare's list: it tells whether the server was down (521), \
             answered nonsense (520), had a bad certificate (525, 526) or was not found (523, 530).",
        ),
        _ => return None,
    })
}

/// Names that proxies leave in their pages.
const NAMES: [(&str, &str); 10] = [
    ("cloudflare", "Cloudflare"),
    ("nginx", "nginx"),
    ("apache", "Apache"),
    ("haproxy", "HAProxy"),
    ("no server is available to handle this request", "HAProxy"),
    ("upstream connect error", "Envoy"),
    ("no healthy upstream", "Envoy"),
    ("awselb", "an AWS load balancer"),
    ("varnish", "Varnish"),
    ("traefik", "Traefik"),
];

/// Who wrote an answer, by its Server header or its page.
fn who(exchange: &Exchange) -> String {
    if let Some(server) = exchange.answer_header("server") {
        return server.to_owned();
    }
    let body = String::from_utf8_lossy(&exchange.body).to_ascii_lowercase();
    let named = NAMES.iter().find(|(sign, _)| body.contains(sign));
    match (named, exchange.answer_header("via")) {
        (Some((_, name)), _) => (*name).to_owned(),
        (None, Some(via)) => format!("a proxy (Via: {via})"),
        (None, None) => "a proxy or the application".to_owned(),
    }
}

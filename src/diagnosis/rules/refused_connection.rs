//! Nobody listens at the port, or nothing answers at all.
//!
//! A refusal comes at once, from a machine that is there: no process has the port open. Silence
//! until the timeout is something else: a firewall that drops packets, or an address where no
//! machine is.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Exchange, Life};
use crate::diagnosis::words;

pub(super) const ENTRY: Entry = Entry {
    name: "refused-connection",
    about: "nobody listens at the port, or a firewall drops the packets",
    on: Moments::EXCHANGE.and(Moments::OPENED),
    gives_way_to: &["restarted-or-killed-session"],
    make: || Box::new(RefusedConnection::default()),
};

/// Connections that are named at most.
const CONNECTIONS: usize = 50;

#[derive(Clone, Copy, PartialEq)]
enum How {
    Refused,
    Silent,
    Unreachable,
}

#[derive(Default)]
struct RefusedConnection {
    how: Option<How>,
    since: u64,
    times: usize,
    origin: String,
    connections: Vec<u32>,
    evidence: Vec<u64>,
}

impl Rule for RefusedConnection {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Exchange(exchange) => self.failed(exchange, scene, speech),
            Moment::Opened(life) => self.opened(life, scene, speech),
            _ => {}
        }
    }
}

impl RefusedConnection {
    fn failed(&mut self, exchange: &Exchange, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(c) = exchange.c else { return };
        let Some(how) = how(exchange) else { return };
        if scene.story.is_faulted(c) {
            return;
        }
        let origin = exchange.origin();
        if self.how != Some(how) || self.origin != origin {
            *self = RefusedConnection {
                how: Some(how),
                since: exchange.request.t,
                origin: origin.clone(),
                ..RefusedConnection::default()
            };
        }
        self.times += 1;
        if self.connections.len() < CONNECTIONS && !self.connections.contains(&c) {
            self.connections.push(c);
        }
        if self.evidence.len() < 6 {
            self.evidence.extend(exchange.response.map(|place| place.n));
        }
        let error = exchange.error.as_deref().unwrap_or_default();
        let times = words::times(self.times);
        let took = words::seconds(exchange.took().unwrap_or_default());
        let (title, why, fix) = match how {
            How::Refused => (
                format!("nobody listens at {origin}: the connection was refused ({times})"),
                format!(
                    "The machine answered at once that no process has this port open: {error}."
                ),
                "Start the server, and see where it listens: `ss -ltnp`. A server in a container \
                 has to listen on 0.0.0.0, not on 127.0.0.1, and its port has to be published. \
                 `localhost` may mean ::1 while the server listens on 127.0.0.1 only.",
            ),
            How::Silent => (
                format!("{origin} does not answer at all: no refusal, just silence ({times})"),
                format!(
                    "A machine without a process at the port refuses at once. Here nothing came \
                     back for {took}: something drops the packets, or no machine has this \
                     address. {error}."
                ),
                "Look for a firewall on the way: the cloud's security group, `ufw status`, a \
                 company network that lets only 80 and 443 through. Then whether the name points \
                 to the right address.",
            ),
            How::Unreachable => (
                format!("{origin} can't be reached from this network ({times})"),
                format!("There is no way to it: {error}."),
                "Check the network connection; a private address needs its VPN.",
            ),
        };
        speech.say(Conclusion {
            subject: format!("{origin} {how}", how = how as u8),
            connections: self.connections.clone(),
            severity: Severity::Error,
            title,
            evidence: self.evidence.clone(),
            why,
            fix: fix.to_owned(),
        });
    }

    /// In the end somebody was there.
    fn opened(&mut self, life: &Life, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(how) = self.how else { return };
        let origin = scene
            .story
            .exchanges_of(life.c)
            .next()
            .map(Exchange::origin);
        let (Some(opened), true) = (life.opened, origin.as_deref() == Some(&*self.origin)) else {
            return;
        };
        let waited = words::seconds(opened.t.saturating_sub(self.since));
        let mut evidence = std::mem::take(&mut self.evidence);
        evidence.push(opened.n);
        self.how = None;
        speech.say(Conclusion {
            subject: format!("{} {how}", self.origin, how = how as u8),
            connections: std::mem::take(&mut self.connections),
            severity: Severity::Info,
            title: format!(
                "nobody was at {} at first; {waited} later the server was there",
                self.origin
            ),
            evidence,
            why: format!(
                "{} the connection failed before it was made; then a session was opened. The \
                 server started later than the client, or was away.",
                words::times(self.times)
            ),
            fix: "Nothing, if the server was being started. Otherwise let clients start after it \
                  (docker compose: `depends_on` with a health check)."
                .to_owned(),
        });
    }
}

fn how(exchange: &Exchange) -> Option<How> {
    if exchange.status != 0 || exchange.is_given_up() {
        return None;
    }
    let error = exchange.error.as_deref()?;
    let has = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if has(&[
        "refused the connection",
        "ECONNREFUSED",
        "ERR_CONNECTION_REFUSED",
    ]) {
        Some(How::Refused)
    } else if has(&["did not answer", "ETIMEDOUT", "ERR_CONNECTION_TIMED_OUT"]) {
        Some(How::Silent)
    } else if has(&[
        "cannot be reached from here",
        "EHOSTUNREACH",
        "ERR_ADDRESS_UNREACHABLE",
    ]) {
        Some(How::Unreachable)
    } else {
        None
    }
}

//! The requests reach a web server, but no Socket.IO server: the HTTP path is another.
//!
//! A handshake that is answered 404, or with an application's page, went to the wrong place: a
//! path that the server does not serve, a slash that is missing at its end, a proxy that replaces
//! the prefix. Over WebSocket a Node server says nothing at all and closes after one second
//! (engine.io `destroyUpgradeTimeout`).

use super::{Entry, Rule};
use crate::diagnosis::advice;
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange};

pub(super) const ENTRY: Entry = Entry {
    name: "wrong-path",
    about: "the HTTP path is not the Socket.IO server's",
    on: Moments::EXCHANGE,
    gives_way_to: &[],
    make: || Box::new(WrongPath::default()),
};

/// How long a Node server keeps an upgrade that nobody takes, in microseconds.
const UNCLAIMED: std::ops::Range<u64> = 950_000..1_400_000;
/// Places that are remembered.
const PLACES: usize = 50;

#[derive(Default)]
struct WrongPath {
    /// Places where an Engine.IO server did answer.
    right: Vec<String>,
    wrong: Vec<(String, Vec<u32>, Vec<u64>)>,
}

impl Rule for WrongPath {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Exchange(exchange) = moment else {
            return;
        };
        let Some(c) = exchange.c else { return };
        if !matches!(exchange.asked, Asked::Handshake | Asked::Websocket)
            || scene.story.is_faulted(c)
        {
            return;
        }
        let place = format!("{}{}", exchange.origin(), exchange.path());
        if exchange.is_engine_answer() {
            if !self.right.contains(&place) && self.right.len() < PLACES {
                self.right.push(place);
            }
            return;
        }
        if self.right.contains(&place) {
            return;
        }
        let Some((title, why)) = wrong(exchange) else {
            return;
        };
        let known = self.wrong.iter().position(|(known, ..)| *known == place);
        let at = known.unwrap_or(self.wrong.len());
        if known.is_none() {
            if self.wrong.len() >= PLACES {
                return;
            }
            self.wrong.push((place.clone(), Vec::new(), Vec::new()));
        }
        let Some((_, connections, evidence)) = self.wrong.get_mut(at) else {
            return;
        };
        if connections.len() < PLACES {
            connections.push(c);
        }
        if evidence.len() < 6 {
            evidence.extend(exchange.evidence());
        }
        speech.say(Conclusion {
            subject: place,
            connections: connections.clone(),
            severity: Severity::Error,
            title,
            evidence: evidence.clone(),
            why,
            fix: advice::PATH.to_owned(),
        });
    }
}

/// What is wrong with the path of an exchange, and why; `None` where that is not what is wrong.
fn wrong(exchange: &Exchange) -> Option<(String, String)> {
    let path = exchange.path();
    let by = exchange
        .answer_header("server")
        .map(|server| format!(" The answer names {server}."))
        .unwrap_or_default();
    let body = String::from_utf8_lossy(&exchange.body);
    if exchange.status == 0 {
        let silent = exchange
            .error
            .as_deref()
            .is_some_and(|error| error.contains("without an answer"));
        let took = exchange.took()?;
        return (exchange.asked == Asked::Websocket && silent && UNCLAIMED.contains(&took)).then(|| {
            (
                format!("no Socket.IO server at {path}: the WebSocket request was dropped after 1 s"),
                "The connection was made, the request was kept for one second and dropped without \
                 a word: that is what a Node server with Socket.IO does to a WebSocket request \
                 whose path is not Socket.IO's."
                    .to_owned(),
            )
        });
    }
    let page = exchange.is_page();
    if exchange.status == 404 {
        let seen = body
            .split_once("Cannot GET ")
            .and_then(|(_, rest)| rest.split(['<', '?', '\n']).next())
            .map(str::trim);
        if let Some(seen) = seen
            && seen != path
        {
            return Some((
                format!("the proxy changes the path: {path} was asked for, the server saw {seen}"),
                format!(
                    "The application's own answer says which path it was asked for: {seen}. So a \
                     proxy in between replaced the prefix.{by}"
                ),
            ));
        }
        if path.ends_with("/socket.io") || path.ends_with("/engine.io") {
            return Some((
                format!("no Socket.IO server at {path}: the slash at its end is missing"),
                format!(
                    "The answer is 404. By default a server answers at {path}/ only, with the \
                     slash; without it the request goes to the application behind.{by}"
                ),
            ));
        }
        let who = if page && !body.contains("Cannot GET") {
            "a web server's own page: no `location` or route leads from there to a Socket.IO server"
        } else {
            "the application's: the request reached one, but Socket.IO is not attached at this \
             path, or a proxy replaced the prefix on the way"
        };
        return Some((
            format!("no Socket.IO server at {path}: 404"),
            format!("The handshake was answered with 404, and the answer is {who}.{by}"),
        ));
    }
    if exchange.status == 200 && (page || !exchange.is_engine_answer()) {
        let title = exchange.refusal().message;
        let what = if page {
            format!("a page ({title:?})")
        } else {
            "something else".to_owned()
        };
        return Some((
            format!("no Socket.IO server at {path}: {what} came instead of a handshake"),
            format!(
                "The handshake was answered with 200, and with {what}: the application's fallback \
                 route answers everything that it does not know.{by}"
            ),
        ));
    }
    None
}

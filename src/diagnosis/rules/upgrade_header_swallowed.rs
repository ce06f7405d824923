//! A WebSocket is asked for, and the server sees a plain GET.
//!
//! `Upgrade` and `Connection` belong to one hop: a proxy passes them on only where it is told to.
//! What is left is a GET with `transport=websocket`. The Node server refuses that with code 3, as
//! JSON; a refusal that it writes to a real upgrade is `text/html`, which tells the two apart
//! (engine.io `server.ts`, TRANSPORT_HANDSHAKE_ERROR). python says "Invalid transport" or "Invalid
//! websocket upgrade"; other stacks answer 426.

use super::{Entry, Rule};
use crate::diagnosis::advice;
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange};
use crate::protocol::engine::server_error::Form;

pub(super) const ENTRY: Entry = Entry {
    name: "upgrade-header-swallowed",
    about: "a proxy does not pass on the headers that make a request a WebSocket",
    on: Moments::EXCHANGE,
    gives_way_to: &[],
    make: || Box::new(UpgradeHeaderSwallowed::default()),
};

/// Connections that are named at most.
const CONNECTIONS: usize = 50;

#[derive(Default)]
struct UpgradeHeaderSwallowed {
    connections: Vec<u32>,
    evidence: Vec<u64>,
}

impl Rule for UpgradeHeaderSwallowed {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Exchange(exchange) = moment else {
            return;
        };
        let Some(c) = exchange.c else { return };
        let Some(sign) = sign(exchange, scene) else {
            return;
        };
        if self.connections.contains(&c)
            || self.connections.len() >= CONNECTIONS
            || scene.story.is_faulted(c)
        {
            return;
        }
        self.connections.push(c);
        if self.evidence.len() < 8 {
            self.evidence.extend(exchange.evidence());
        }
        let only = exchange.asked == Asked::Websocket;
        let (severity, effect) = if only {
            (Severity::Error, "no connection comes about")
        } else {
            (Severity::Warn, "the connection stays on polling")
        };
        let by = exchange
            .answer_header("server")
            .map(|server| format!(" The answer came through {server}."))
            .unwrap_or_default();
        speech.say(Conclusion {
            subject: String::new(),
            connections: self.connections.clone(),
            severity,
            title: format!(
                "the WebSocket request reached the server as a plain GET (HTTP {}): {effect}",
                exchange.status
            ),
            evidence: self.evidence.clone(),
            why: format!(
                "The request was sent with `Upgrade: websocket`, but {sign}. A proxy in between \
                 did not pass on the headers Upgrade and Connection.{by}{}",
                if only {
                    ""
                } else {
                    " Polling works, so that the fault is easily overlooked."
                }
            ),
            fix: advice::UPGRADE.to_owned(),
        });
    }
}

/// What shows that a server saw no upgrade, in words.
fn sign(exchange: &Exchange, scene: &Scene<'_>) -> Option<&'static str> {
    if !matches!(exchange.asked, Asked::Upgrade | Asked::Websocket) {
        return None;
    }
    // A client that did not ask for one is another story.
    if !exchange.headers.is_empty() && exchange.request_header("upgrade").is_none() {
        return None;
    }
    let refusal = exchange.refusal();
    let offered = || {
        exchange
            .c
            .and_then(|c| scene.model.connections.get(&c))
            .is_some_and(|found| found.upgrades.iter().any(|name| name == "websocket"))
    };
    match (exchange.status, refusal.form) {
        (400, Form::Object | Form::ObjectTextCode) if refusal.code == Some(3) => Some(
            "the server refused it as a bad request (code 3) in JSON, as it does to a GET without \
             them: its refusals of real upgrades are plain text",
        ),
        (400, Form::JsonString)
            if refusal.message == "Invalid websocket upgrade"
                || (refusal.message == "Invalid transport" && offered()) =>
        {
            Some("the server (python) answered as it does to a GET without them")
        }
        (426, _) => Some("the answer is 426 Upgrade Required: the server saw no upgrade"),
        (200, _) if !exchange.is_page() && exchange.is_engine_answer() => {
            Some("the server answered it like a poll")
        }
        _ => None,
    }
}

//! Two polls, or two posts, of one session at a time.
//!
//! An Engine.IO server takes one GET and one POST at a time. A second one is answered 400 with an
//! empty body, and the session is closed (engine.io `polling.ts`, "overlap from client").

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, DeedKind};

pub(super) const ENTRY: Entry = Entry {
    name: "polling-overlap",
    about: "two polls or two posts of one session at a time",
    on: Moments::EXCHANGE,
    gives_way_to: &["no-sticky-session"],
    make: || Box::new(PollingOverlap),
};

struct PollingOverlap;

impl Rule for PollingOverlap {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Exchange(exchange) = moment else {
            return;
        };
        let Some(life) = exchange.c.and_then(|c| scene.story.life(c)) else {
            return;
        };
        if exchange.status != 400 || !exchange.body.is_empty() {
            return;
        }
        let overlaps = life.deeds.iter().any(|deed| {
            matches!(deed.what, DeedKind::Overlap(_)) && deed.place.n == exchange.request.n
        });
        if !overlaps {
            return;
        }
        let first = scene
            .story
            .exchanges_of(life.c)
            .filter(|other| other.asked == exchange.asked && other.x != exchange.x)
            .filter(|other| other.request.n < exchange.request.n)
            .rfind(|other| {
                other
                    .response
                    .is_none_or(|response| response.n > exchange.request.n)
            });
        let mut evidence = exchange.evidence();
        evidence.extend(first.map(|first| first.request.n));
        let what = if exchange.asked == Asked::Post {
            "posts"
        } else {
            "polls"
        };
        speech.say(Conclusion {
            subject: format!("{} {what}", life.c),
            connections: vec![life.c],
            severity: Severity::Error,
            title: format!("two {what} of one session at a time: the server ended it"),
            evidence,
            why: format!(
                "The request was written while another of its kind was under way. The answer, 400 \
                 with an empty body, is what an Engine.IO server says to the second of two {what}; \
                 it ends the session with it."
            ),
            fix: "Let the client wait for the answer of each request before the next of its kind. \
                  If the client does, something repeats its requests: a service worker, a retrying \
                  HTTP library, nginx's `proxy_next_upstream` (turn it off: \
                  `proxy_next_upstream off;`)."
                .to_owned(),
        });
    }
}

//! A packet that can't be decoded: where, what stands there, who sent it, and what it costs.
//!
//! A Node server closes the whole connection for one, a JavaScript client leaves with `parse
//! error` (Socket.IO) or `transport error` (Engine.IO) and comes back; Java and python ignore what
//! they can't read of Socket.IO.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Life, Trouble};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::seconds;
use crate::journal::record::{Body, Direction};
use crate::model::decode::Kind;

pub(super) const ENTRY: Entry = Entry {
    name: "parse-error",
    about: "a packet that can't be decoded: the byte, who sent it, and what it did to the peer",
    on: Moments::PACKET.and(Moments::ENDED).and(Moments::TOLD),
    gives_way_to: &["generation-mismatch", "wrong-path"],
    make: || Box::new(ParseError::default()),
};

/// A connection that ends so soon (microseconds) after the packet ended for it.
const AT_ONCE: u64 = 1_000_000;

#[derive(Default)]
struct ParseError {
    cases: Tallies,
    /// Records were lost: a packet may be broken only because of that.
    gap: bool,
    /// The record of the newest broken packet.
    last: Option<u64>,
}

impl Rule for ParseError {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Told(Body::Gap(_)) => self.gap = true,
            Moment::Packet(packet) => {
                if !matches!(packet.kind, Kind::Undecodable { .. }) {
                    return;
                }
                let Some(life) = scene.c.and_then(|c| scene.story.life(c)) else {
                    return;
                };
                let trouble = life
                    .troubles
                    .iter()
                    .rfind(|trouble| trouble.place.n == scene.n && trouble.dir == packet.dir);
                // What follows a broken packet in the same record is mostly broken by it.
                let first = packet.index == 0 || self.last != Some(scene.n);
                self.last = Some(scene.n);
                if let Some(trouble) = trouble
                    && first
                    && self.is_telling(life, scene)
                {
                    let subject = subject(trouble);
                    self.cases.add(&subject, Some(life.c), [trouble.place.n]);
                    self.say(life, trouble, speech);
                }
            }
            Moment::Ended(life) => {
                let (Some(trouble), Some(ended)) = (life.troubles.last(), life.ended) else {
                    return;
                };
                let soon = ended.t.saturating_sub(trouble.place.t) <= AT_ONCE;
                if soon
                    && self.is_telling(life, scene)
                    && self.cases.of(&subject(trouble)).is_some()
                {
                    self.say(life, trouble, speech);
                }
            }
            _ => {}
        }
    }
}

/// Cases that are told together.
fn subject(trouble: &Trouble) -> String {
    format!("{:?} {}", trouble.dir, trouble.error)
}

impl ParseError {
    /// The connection was a Socket.IO one whose packets are all here.
    fn is_telling(&self, life: &Life, scene: &Scene<'_>) -> bool {
        let raw = scene
            .story
            .exchanges_of(life.c)
            .next()
            .is_some_and(|exchange| exchange.path().contains("engine.io"));
        life.opened.is_some() && !self.gap && !raw && !scene.story.is_faulted(life.c)
    }

    fn say(&self, life: &Life, trouble: &Trouble, speech: &mut Speech<'_>) {
        let subject = subject(trouble);
        let Some(tally) = self.cases.of(&subject).filter(|tally| tally.is_news()) else {
            return;
        };
        let (who, whom) = match trouble.dir {
            Direction::ToClient => ("server", "client"),
            Direction::ToServer => ("client", "server"),
        };
        let Trouble {
            error, at, around, ..
        } = trouble;
        let ended = life
            .ended
            .filter(|ended| ended.t.saturating_sub(trouble.place.t) <= AT_ONCE);
        let outcome = match (ended, trouble.dir) {
            (Some(ended), Direction::ToServer) if life.dropped() => format!(
                "{} later the server closed the connection, without a code or a word: a packet \
                 that it can't decode costs all namespaces of the connection (its reason is `parse \
                 error` or `forced close`; over polling the POST is answered `ok` all the same, and \
                 the next request gets code 1).",
                seconds(ended.t.saturating_sub(trouble.place.t))
            ),
            (Some(ended), Direction::ToClient) => format!(
                "{} later the connection was over ({}): clients leave for it and connect again, so \
                 if the same packet comes again it is a loop.",
                seconds(ended.t.saturating_sub(trouble.place.t)),
                life.reason.as_deref().unwrap_or("closed")
            ),
            _ => format!(
                "A {} closes the connection, with all its namespaces, for such a packet; python \
                 and Java ignore it.",
                if whom == "server" {
                    "Node server"
                } else {
                    "JavaScript client"
                }
            ),
        };
        let binary = error.contains("binary") || error.contains("msgpack");
        let fix = if binary {
            format!(
                "Both sides have to use the same parser: `parser: require(\"socket.io-msgpack-\
                 parser\")` (or none) at client and server, sioscope: `--parser msgpack`. With the \
                 default parser find out what the {who} puts between a packet and its attachments."
            )
        } else if error.contains("length") {
            format!(
                "{who}: in Engine.IO 3 the length before a packet counts UTF-16 units (JavaScript's \
                 `String.length`), not bytes and not characters: a hand-written encoder has to \
                 count as JavaScript does.",
                who = capital(who)
            )
        } else {
            format!(
                "{}: write packets by a library's `emit`, not by hand; the arguments have to be one \
                 JSON array whose first element is the event's name. Something between that \
                 rewrites or cuts messages shows in a comparison past the proxy.",
                capital(who)
            )
        };
        let mut evidence = tally.evidence();
        if let Some(ended) = ended.filter(|ended| !evidence.contains(&ended.n)) {
            evidence.push(ended.n);
        }
        speech.say(Conclusion {
            subject,
            connections: tally.connections(),
            severity: Severity::Error,
            title: format!(
                "the {who} sent a packet that can't be decoded: {error}, byte {at}{}",
                tally.so_far()
            ),
            evidence,
            why: format!(
                "At byte {at} of what the {who} sent stands (after »): {around}\nThat is no valid \
                 packet: {error}. {outcome}"
            ),
            fix,
        });
    }
}

fn capital(who: &str) -> String {
    let mut chars = who.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

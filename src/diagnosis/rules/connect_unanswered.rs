//! A namespace's CONNECT gets no answer.
//!
//! No client has a timer for it: `connect` just never comes. A middleware that does not call
//! `next()` does it, an `async` one that throws, a connect handler that awaits for ever. Servers
//! from Socket.IO 3 on close a connection on which nothing was joined within `connectTimeout`
//! (45 s) without a word.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Join, Life};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::seconds;

pub(super) const ENTRY: Entry = Entry {
    name: "connect-unanswered",
    about: "a namespace's CONNECT gets no answer, or the server's connectTimeout instead of one",
    on: Moments::ENDED.and(Moments::TIME),
    gives_way_to: &[],
    make: || Box::new(ConnectUnanswered::default()),
};

/// How long an answer may take before something is said, in microseconds. Middlewares ask
/// databases; five seconds is beyond all that is meant.
const PATIENCE: u64 = 5_000_000;
/// A server that closes an unjoined connection sooner had another reason.
const TIMEOUT_AT_LEAST: u64 = 900_000;
/// How many tries of which something was said are remembered.
const SAID: usize = 1_000;

#[derive(Default)]
struct ConnectUnanswered {
    cases: Tallies,
    /// Tries of which something was said already.
    said: Vec<(u32, u64)>,
}

impl Rule for ConnectUnanswered {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Time => {
                let waiting = scene.story.joins().filter(|join| {
                    is_unanswered(join, scene)
                        && scene.now.saturating_sub(join.asked.t) >= PATIENCE
                        && scene
                            .story
                            .life(join.c)
                            .is_some_and(|life| life.ended.is_none())
                });
                for join in waiting {
                    let waited = scene.now.saturating_sub(join.asked.t);
                    self.found(join, waited, None, scene, speech);
                }
            }
            Moment::Ended(life) => {
                let Some(ended) = life.ended else { return };
                let joined = scene
                    .story
                    .joins()
                    .any(|join| join.c == life.c && join.welcomed());
                let given_up = !joined && life.closed_by_engine();
                for join in scene.story.joins().filter(|join| join.c == life.c) {
                    let waited = ended.t.saturating_sub(join.asked.t);
                    if !is_unanswered(join, scene) {
                        continue;
                    }
                    if given_up && waited >= TIMEOUT_AT_LEAST && life.troubles.is_empty() {
                        self.found(join, waited, Some(life), scene, speech);
                    } else if waited >= PATIENCE {
                        self.found(join, waited, None, scene, speech);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Nothing came back although the CONNECT went out.
fn is_unanswered(join: &Join, scene: &Scene<'_>) -> bool {
    if join.answer.is_some() || join.left.is_some() {
        return false;
    }
    let Some(life) = scene.story.life(join.c) else {
        return false;
    };
    // Raw Engine.IO has no namespaces, and who can't be understood has not been asked.
    if life.opened.is_none() || (join.implied && !life.troubles.is_empty()) {
        return false;
    }
    let posted = scene
        .story
        .exchanges_of(join.c)
        .find(|exchange| exchange.request.n == join.asked.n);
    match posted {
        // The handshake of a raw Engine.IO server, which no CONNECT follows.
        Some(exchange) if join.implied => !exchange.path().contains("engine.io"),
        // A POST that was refused or hangs did not reach Socket.IO.
        Some(exchange) => exchange.status == 200,
        None => true,
    }
}

impl ConnectUnanswered {
    fn found(
        &mut self,
        join: &Join,
        waited: u64,
        timed_out: Option<&Life>,
        scene: &Scene<'_>,
        speech: &mut Speech<'_>,
    ) {
        let known = self.said.contains(&(join.c, join.asked.n));
        if known && timed_out.is_none() {
            return;
        }
        let end = timed_out.and_then(|life| life.ended).map(|place| place.n);
        if !known {
            if self.said.len() >= SAID {
                self.said.remove(0);
            }
            self.said.push((join.c, join.asked.n));
            let proof = std::iter::once(join.asked.n).chain(end);
            self.cases.add(&join.nsp, Some(join.c), proof);
        }
        let Some(tally) = self.cases.of(&join.nsp).filter(|tally| tally.is_news()) else {
            return;
        };
        let nsp = &join.nsp;
        let eio = scene.model.connections.get(&join.c).and_then(|c| c.eio);
        let asked = if join.implied {
            "The handshake was answered, and in this generation the server connects / by itself; \
             its CONNECT packet did not come"
                .to_owned()
        } else {
            format!(
                "The CONNECT for {nsp} reached the server, and neither a CONNECT nor a \
                     CONNECT_ERROR came back"
            )
        };
        let (title, more) = match timed_out {
            Some(_) => (
                format!(
                    "the server never answered CONNECT to {nsp} and closed the connection after \
                     {}: its connectTimeout",
                    seconds(waited)
                ),
                format!(
                    " Nothing was joined on the connection, and after {} the server closed it \
                     without a word, as `connectTimeout` does (45 s by default); the client sees \
                     `transport close` and tries again.",
                    seconds(waited)
                ),
            ),
            None => (
                format!("no answer to CONNECT for {nsp} in {}", seconds(waited)),
                " No client library has a timer for this: without an answer neither `connect` nor \
                 `connect_error` is ever called."
                    .to_owned(),
            ),
        };
        let handler = if eio == Some(3) && nsp == "/" {
            "`io.use((socket, next) => …)`".to_owned()
        } else {
            format!("`io.of(\"{nsp}\").use((socket, next) => …)`")
        };
        speech.say(Conclusion {
            subject: nsp.clone(),
            connections: tally.connections(),
            severity: Severity::Error,
            title: format!("{title}{}", tally.so_far()),
            evidence: tally.evidence(),
            why: format!(
                "{asked}, while the connection itself was well.{more} An unknown namespace and a \
                 refusal are both answered at once; silence means that something on the server \
                 still waits: a middleware that does not call `next()` on every path, or an \
                 `async` one that threw before it did."
            ),
            fix: format!(
                "Server: see that each path of {handler} ends in `next()` or `next(error)`: wrap \
                 `async` ones in `try {{ … next(); }} catch (error) {{ next(error); }}`, and give \
                 what they await a time limit. python: return from the `connect` handler. Client: \
                 a timer of your own that calls `socket.disconnect().connect()`."
            ),
        });
    }
}

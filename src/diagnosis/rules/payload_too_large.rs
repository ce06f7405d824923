//! A message is larger than the server, or a proxy before it, takes.
//!
//! Over polling the Node server answers 413 with an empty body and keeps the session (clients drop
//! it all the same); nginx answers 413 with a page of its own. python and Socket.IO 2 never answer
//! such a post: they close the session. Over WebSocket the `ws` library closes with code 1009.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange, Life};
use crate::diagnosis::{advice, words};
use crate::journal::record::{Direction, Frame, Opcode};

pub(super) const ENTRY: Entry = Entry {
    name: "payload-too-large",
    about: "a message is larger than the server or a proxy takes (413, 1009, maxPayload)",
    on: Moments::EXCHANGE
        .and(Moments::MESSAGE)
        .and(Moments::CONTROL)
        .and(Moments::ENDED),
    gives_way_to: &[],
    make: || Box::new(PayloadTooLarge::default()),
};

/// Where a server announces no limit, a post of at least so many bytes may be over it.
const LARGE: usize = 100_000;
/// How soon a server closes after a post that is too large, in microseconds.
const SOON: u64 = 5_000_000;
/// Connections whose newest message is remembered.
const CONNECTIONS: usize = 100;

/// A message that crossed.
#[derive(Clone, Copy)]
struct Crossed {
    c: u32,
    n: u64,
    size: usize,
    largest: usize,
}

#[derive(Default)]
struct PayloadTooLarge {
    to_server: Vec<Crossed>,
    to_client: Vec<Crossed>,
    times: usize,
}

impl Rule for PayloadTooLarge {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Message(frame) => self.crossed(frame, scene),
            Moment::Exchange(exchange) if exchange.status == 413 => {
                self.refused(exchange, scene, speech);
            }
            Moment::Control(frame) if frame.code == Some(1009) => {
                self.closed(frame, scene, speech);
            }
            Moment::Ended(life) => self.unanswered(life, scene, speech),
            _ => {}
        }
    }
}

impl PayloadTooLarge {
    fn crossed(&mut self, frame: &Frame, scene: &Scene<'_>) {
        let Some(c) = scene.c else { return };
        let list = match frame.dir {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        let size = frame.data.len();
        let (n, known) = (scene.n, list.iter_mut().rev().find(|known| known.c == c));
        if let Some(known) = known {
            // The one that was too large is the largest so far, and hardly ever is it the last.
            if size >= known.largest {
                *known = Crossed {
                    c,
                    n,
                    size,
                    largest: size,
                };
            }
            return;
        }
        if list.len() >= CONNECTIONS {
            list.remove(0);
        }
        list.push(Crossed {
            c,
            n,
            size,
            largest: size,
        });
    }

    /// Says of connection `c` who does not take it (`by`), with title, why and fix.
    fn say(
        &mut self,
        c: u32,
        by: &str,
        (title, why, fix): (String, String, &str),
        evidence: Vec<u64>,
        speech: &mut Speech<'_>,
    ) {
        self.times += 1;
        let times = match self.times {
            1 => String::new(),
            many => format!(" ({} so far)", words::times(many)),
        };
        speech.say(Conclusion {
            subject: by.to_owned(),
            connections: vec![c],
            severity: Severity::Error,
            title: format!("{title}{times}"),
            evidence,
            why,
            fix: fix.to_owned(),
        });
    }

    /// HTTP 413.
    fn refused(&mut self, exchange: &Exchange, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(c) = exchange.c else { return };
        let limit = limit(c, scene);
        let size = words::bytes(exchange.sent as u64);
        let against = against(limit, exchange.sent);
        if exchange.body.is_empty() {
            let title = format!("a post of {size} is larger than the server takes (413){against}");
            let why = format!(
                "The answer is 413 with an empty body: so refuses the Engine.IO server what is \
                 larger than its maxHttpBufferSize. Its session would live on, but clients drop \
                 the connection at any answer other than 200, and send the same again.{against}"
            );
            self.say(
                c,
                "server",
                (title, why, advice::LARGER_SERVER),
                exchange.evidence(),
                speech,
            );
            return;
        }
        let server = exchange
            .answer_header("server")
            .unwrap_or("a proxy")
            .to_owned();
        let title = format!("a post of {size} is refused by {server}, not by the server (413)");
        let allowed = match limit {
            Some(limit) if (exchange.sent as u64) <= limit => format!(
                " The server itself would take it: its maxPayload is {}.",
                words::bytes(limit)
            ),
            _ => String::new(),
        };
        let why = format!(
            "The answer is 413 with a page ({:?}); the Engine.IO server's own 413 has an empty \
             body. So something before it refused the post.{allowed}",
            exchange.refusal().message
        );
        self.say(
            c,
            "proxy",
            (title, why, advice::LARGER_PROXY),
            exchange.evidence(),
            speech,
        );
    }

    /// Close code 1009.
    fn closed(&mut self, frame: &Frame, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(c) = scene.c else { return };
        let Some(life) = scene.story.life(c) else {
            return;
        };
        // The second close frame is the echo of the first.
        if frame.op != Opcode::Close || life.close_frames.len() != 1 {
            return;
        }
        let (list, who) = match frame.dir {
            Direction::ToClient => (&self.to_server, "server"),
            Direction::ToServer => (&self.to_client, "client"),
        };
        let found = list.iter().find(|known| known.c == c).copied();
        let mut evidence = vec![scene.n];
        evidence.extend(found.map(|found| found.n));
        let size = found.map_or_else(
            || "a message".to_owned(),
            |found| format!("a message of {}", words::bytes(found.size as u64)),
        );
        let limit = limit(c, scene).filter(|_| who == "server");
        let against = against(limit, found.map_or(0, |found| found.size));
        let title = format!("{size} is larger than the {who} takes: closed with 1009{against}");
        let why = format!(
            "Close code 1009 is \"message too big\": the {who}'s WebSocket library ended the \
             connection. The largest message that it got before is {size}{against}. After the \
             reconnect a client that sends it again is closed again."
        );
        self.say(
            c,
            who,
            (title, why, advice::LARGER_SERVER),
            evidence,
            speech,
        );
    }

    /// A post that was never answered, on a connection that the server closed: python, 2.x.
    fn unanswered(&mut self, life: &Life, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(ended) = life.ended else { return };
        if life.ended_by_us() || life.cut_by_client() || life.opened.is_none() {
            return;
        }
        let limit = limit(life.c, scene);
        let post = scene.story.exchanges_of(life.c).rev().find(|exchange| {
            exchange.asked == Asked::Post
                && (exchange.response.is_none() || exchange.status == 0)
                && ended.t.saturating_sub(exchange.request.t) < SOON
                && match limit {
                    Some(limit) => exchange.sent as u64 > limit,
                    None => exchange.sent >= LARGE,
                }
        });
        let Some(post) = post else { return };
        let size = words::bytes(post.sent as u64);
        let against = against(limit, post.sent);
        let title = format!("the server closed the session over a post of {size}{against}");
        let why = format!(
            "The post was not answered, and the server ended the session right after it began. So \
             do python-engineio and Socket.IO 2 with a post that is larger than they take, instead \
             of answering 413.{against}"
        );
        let evidence = vec![post.request.n, ended.n];
        self.say(
            life.c,
            "server",
            (title, why, advice::LARGER_SERVER),
            evidence,
            speech,
        );
    }
}

fn limit(c: u32, scene: &Scene<'_>) -> Option<u64> {
    scene.model.connections.get(&c)?.max_payload
}

/// The size against the limit that the handshake named.
fn against(limit: Option<u64>, size: usize) -> String {
    match limit {
        Some(limit) if size as u64 > limit => {
            format!("; its handshake said maxPayload {}", words::bytes(limit))
        }
        _ => String::new(),
    }
}

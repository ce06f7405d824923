//! Compression, where it matters: much text goes uncompressed, or compressed frames come that
//! were not agreed on.
//!
//! Servers from 2.5 on have permessage-deflate off by default (it costs memory for each
//! connection), and compress polls from 1 KiB on. That is fine for most; where megabytes of text
//! cross it is worth a thought.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange, Life};
use crate::diagnosis::words;
use crate::journal::record::{Direction, Frame, Opcode};

pub(super) const ENTRY: Entry = Entry {
    name: "compression",
    about: "much text crosses uncompressed, or compression was not agreed on",
    on: Moments::EXCHANGE.and(Moments::MESSAGE).and(Moments::ENDED),
    gives_way_to: &["generation-mismatch"],
    make: || Box::new(Compression::default()),
};

/// Messages from this size on are compressed where compression is on.
const WORTH: usize = 1_024;
/// So many bytes of such text, uncompressed, are worth a word.
const MUCH: u64 = 2_000_000;
/// Connections that are counted at a time.
const CONNECTIONS: usize = 200;

/// What crossed uncompressed on one connection.
struct Plain {
    c: u32,
    websocket: bool,
    bytes: u64,
    messages: u64,
    first: u64,
    largest: (u64, usize),
    told: bool,
}

#[derive(Default)]
struct Compression {
    plain: Vec<Plain>,
}

impl Rule for Compression {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Message(frame) => self.message(frame, scene, speech),
            Moment::Exchange(exchange) => self.poll(exchange, scene, speech),
            Moment::Ended(life) => not_agreed(life, speech),
            _ => {}
        }
    }
}

impl Compression {
    fn message(&mut self, frame: &Frame, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        if frame.data.len() < WORTH
            || frame.op != Opcode::Text
            || frame.wire.is_some()
            || frame.dir != Direction::ToClient
        {
            return;
        }
        let Some(c) = scene.c else { return };
        self.count(c, true, scene.n, frame.data.len(), scene, speech);
    }

    fn poll(&mut self, exchange: &Exchange, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        if exchange.asked != Asked::Poll || exchange.status != 200 {
            return;
        }
        let length = exchange
            .answer_header("content-length")
            .and_then(|length| length.parse::<usize>().ok())
            .unwrap_or(exchange.body.len());
        let asked = exchange
            .request_header("accept-encoding")
            .is_some_and(|accepts| accepts.contains("gzip") || accepts.contains("deflate"));
        let plain = exchange.answer_header("content-encoding").is_none();
        let (Some(c), Some(response)) = (exchange.c, exchange.response) else {
            return;
        };
        if length >= WORTH && asked && plain {
            self.count(c, false, response.n, length, scene, speech);
        }
    }

    fn count(
        &mut self,
        c: u32,
        websocket: bool,
        n: u64,
        size: usize,
        scene: &Scene<'_>,
        speech: &mut Speech<'_>,
    ) {
        let known = self
            .plain
            .iter()
            .rposition(|plain| plain.c == c && plain.websocket == websocket);
        let at = known.unwrap_or_else(|| {
            if self.plain.len() >= CONNECTIONS {
                self.plain.remove(0);
            }
            self.plain.push(Plain {
                c,
                websocket,
                bytes: 0,
                messages: 0,
                first: n,
                largest: (n, size),
                told: false,
            });
            self.plain.len() - 1
        });
        let Some(plain) = self.plain.get_mut(at) else {
            return;
        };
        plain.bytes += size as u64;
        plain.messages += 1;
        if size > plain.largest.1 {
            plain.largest = (n, size);
        }
        if plain.bytes < MUCH || plain.told {
            return;
        }
        plain.told = true;
        let conclusion = if websocket {
            of_websocket(plain, scene)
        } else {
            Some(of_polling(plain))
        };
        if let Some(conclusion) = conclusion {
            speech.say(conclusion);
        }
    }
}

/// Text over a WebSocket without permessage-deflate.
fn of_websocket(plain: &Plain, scene: &Scene<'_>) -> Option<Conclusion> {
    let upgrade = scene.story.exchanges_of(plain.c).rfind(|exchange| {
        matches!(exchange.asked, Asked::Upgrade | Asked::Websocket) && exchange.status == 101
    })?;
    let has =
        |header: Option<&str>| header.is_some_and(|value| value.contains("permessage-deflate"));
    let offered = has(upgrade.request_header("sec-websocket-extensions"));
    let agreed = has(upgrade.answer_header("sec-websocket-extensions"));
    let (why, fix) = match (offered, agreed) {
        (true, false) => (
            "The client offered permessage-deflate in its WebSocket request, and the 101 does not \
             take it up: the server (by default from 2.5 on) or a proxy declines.",
            "Server: `new Server({ perMessageDeflate: { threshold: 1024 } })`. It costs memory for \
             each connection; smaller messages, or the msgpack parser, may serve you better.",
        ),
        (false, _) => (
            "The client did not offer permessage-deflate in its WebSocket request.",
            "Client: most libraries offer it by themselves; a proxy may have taken the header \
             Sec-WebSocket-Extensions away. Server: `perMessageDeflate` is off by default, too.",
        ),
        (true, true) => (
            "permessage-deflate was agreed on, and yet these messages came uncompressed: they were \
             emitted with compression off, or the server's threshold is higher.",
            "Server: a smaller `perMessageDeflate: { threshold: 1024 }`, and no \
             `socket.compress(false)`.",
        ),
    };
    Some(conclusion(
        plain,
        "the WebSocket",
        upgrade.response.map(|place| place.n),
        why,
        fix,
    ))
}

/// Polls that the server could have compressed.
fn of_polling(plain: &Plain) -> Conclusion {
    conclusion(
        plain,
        "polling",
        None,
        "The client said that it takes gzip (Accept-Encoding), and the answers came as they are.",
        "Server: `httpCompression` is on by default for 1 KiB and more; it was turned off. nginx \
         can do it, too: `gzip on; gzip_types text/plain application/octet-stream;`.",
    )
}

fn conclusion(plain: &Plain, over: &str, agreed: Option<u64>, why: &str, fix: &str) -> Conclusion {
    let mut evidence: Vec<u64> = agreed.into_iter().collect();
    evidence.extend([plain.first, plain.largest.0]);
    evidence.dedup();
    Conclusion {
        subject: format!("{} {over}", plain.c),
        connections: vec![plain.c],
        severity: Severity::Info,
        title: format!(
            "{} of text came over {over} uncompressed, in {} messages of 1 kB and more",
            words::bytes(plain.bytes),
            plain.messages
        ),
        evidence,
        why: format!("{why} Text of this size shrinks to a fraction."),
        fix: fix.to_owned(),
    }
}

/// Compressed frames where none were agreed on: the receiver ends the connection.
fn not_agreed(life: &Life, speech: &mut Speech<'_>) {
    let Some(ended) = life.ended else { return };
    let named = life
        .detail
        .as_deref()
        .filter(|detail| detail.contains("RSV"));
    let Some(detail) = named else { return };
    speech.say(Conclusion {
        subject: format!("{}", life.c),
        connections: vec![life.c],
        severity: Severity::Error,
        title: "compressed WebSocket frames came, though compression was not agreed on".to_owned(),
        evidence: vec![ended.n],
        why: format!(
            "A frame had a reserved bit set that only an extension may use ({detail}). Either one \
             side compresses although permessage-deflate was not in the 101, or a proxy took the \
             header Sec-WebSocket-Extensions out of one of the two messages."
        ),
        fix: "Server: `new Server({ perMessageDeflate: false })`; proxy: pass \
              Sec-WebSocket-Extensions on unchanged in both directions."
            .to_owned(),
    });
}

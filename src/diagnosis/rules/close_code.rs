//! What a WebSocket close code says, and who is likely to have sent it.
//!
//! Node's Engine.IO closes without a code (observers see 1005) for every reason of the protocol;
//! any other code comes from the WebSocket library below it, from another server, or from what
//! stands before it. 1005, 1006 and 1015 never travel on the wire.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::Life;
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::{bytes, seconds};
use crate::journal::record::{Direction, TransportName};

pub(super) const ENTRY: Entry = Entry {
    name: "close-code",
    about: "a WebSocket close code that nothing else explains: what it means and who sends it",
    on: Moments::ENDED,
    gives_way_to: &[
        "generation-mismatch",
        "no-sticky-session",
        "restarted-or-killed-session",
        "proxy-idle-timeout",
        "payload-too-large",
        "compression",
        "parse-error",
        "ping-timeout-ours",
        "ping-timeout-theirs",
        "connect-unanswered",
        "heartbeat-direction",
        "event-before-connect",
    ],
    make: || Box::new(CloseCode::default()),
};

#[derive(Default)]
struct CloseCode {
    cases: Tallies,
}

/// A close so soon after the client's goodbye belongs to it, in microseconds.
const LEAVING: u64 = 2_000_000;

impl Rule for CloseCode {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Ended(life) = moment else { return };
        let Some(ended) = life.ended else { return };
        if !life.dropped() || scene.story.is_faulted(life.c) {
            return;
        }
        let Some((code, reason)) = code_of(life, scene) else {
            return;
        };
        if matches!(code, 1000 | 1005) && was_announced(life, scene) {
            return;
        }
        let proof = life
            .server_close()
            .map(|frame| frame.place.n)
            .into_iter()
            .chain([ended.n]);
        let subject = code.to_string();
        let Some(tally) = self.cases.add(&subject, Some(life.c), proof) else {
            return;
        };
        let meaning = meaning(code);
        let said = match reason.as_deref() {
            Some(reason) if !reason.is_empty() => format!(", reason \"{reason}\""),
            _ => String::new(),
        };
        let lived = life
            .lived()
            .map_or(String::new(), |lived| format!(" after {}", seconds(lived)));
        speech.say(Conclusion {
            subject,
            // Only the newest: what explains an earlier one better does not explain this one.
            connections: vec![life.c],
            severity: meaning.severity,
            title: format!(
                "close code {code} ({}){said}{lived}{}",
                meaning.name,
                tally.so_far()
            ),
            evidence: tally.evidence(),
            why: format!(
                "{}{} The client sees `transport close` and connects again, whatever the code.",
                meaning.why,
                size(code, life, scene)
            ),
            fix: meaning.fix.to_owned(),
        });
    }
}

/// The code of a connection that was dropped on its WebSocket, as the client sees it.
fn code_of(life: &Life, scene: &Scene<'_>) -> Option<(u16, Option<String>)> {
    if let Some(frame) = life.server_close() {
        return Some((frame.code.unwrap_or(1005), frame.reason.clone()));
    }
    let connection = scene.model.connections.get(&life.c)?;
    let websocket = connection.transport == Some(TransportName::Websocket);
    let cut = websocket
        && life.close_frames.is_empty()
        && life.reason.as_deref() == Some("transport close");
    cut.then_some((1006, None))
}

/// A DISCONNECT came right before, or nothing was joined any more: a deliberate end.
fn was_announced(life: &Life, scene: &Scene<'_>) -> bool {
    let mut joined = scene
        .story
        .joins()
        .filter(|join| join.c == life.c && join.welcomed())
        .peekable();
    // The client has just said goodbye to a namespace: it is leaving.
    let leaving = life.ended.is_some_and(|ended| {
        scene.story.joins().any(|join| {
            join.c == life.c
                && join.left.is_some_and(|(left, dir)| {
                    dir == Direction::ToServer && left.t.saturating_add(LEAVING) > ended.t
                })
        })
    });
    if leaving {
        return true;
    }
    joined.peek().is_some()
        && joined.all(|join| {
            join.left
                .is_some_and(|(_, dir)| matches!(dir, Direction::ToClient | Direction::ToServer))
        })
}

/// What was too large.
fn size(code: u16, life: &Life, scene: &Scene<'_>) -> String {
    let limit = scene
        .model
        .connections
        .get(&life.c)
        .and_then(|connection| connection.max_payload)
        .filter(|_| code == 1009);
    limit.map_or(String::new(), |limit| {
        format!(" Its handshake announced maxPayload {}.", bytes(limit))
    })
}

struct Meaning {
    name: &'static str,
    severity: Severity,
    why: &'static str,
    fix: &'static str,
}

/// The codes of RFC 6455, section 7.4.1, and the registered ones above them, for this context.
fn meaning(code: u16) -> Meaning {
    use Severity::{Error, Warn};
    let of = |name, severity, why, fix| Meaning {
        name,
        severity,
        why,
        fix,
    };
    match code {
        1000 => of(
            "normal closure",
            Warn,
            "Somebody closed on purpose and without a DISCONNECT before. python-engineio does so \
             when a pong is missing or the session is disconnected; a Node server never sends it, \
             so there it was a proxy or the application's own `ws.close(1000)`.",
            "Look into the server's and the proxy's log at that time.",
        ),
        1001 => of(
            "going away",
            Warn,
            "The other side shuts down: a server of another stack that stops, or a load balancer \
             that drains a node. Node's Socket.IO does not send it.",
            "A deploy or a scale-down: nothing to do, clients come back. If not: the load \
             balancer's draining and idle settings.",
        ),
        1002 => of(
            "protocol error",
            Error,
            "The WebSocket library of the other side met bytes that are no valid frame: an \
             unmasked client frame, reserved bits without an agreed compression, or a proxy that \
             changes the stream.",
            "Compare past the proxy; turn compression off to try: server `perMessageDeflate: \
             false`. A hand-written client has to mask its frames.",
        ),
        1003 => of(
            "unsupported data",
            Error,
            "The other side takes no messages of that kind, mostly binary ones: an API gateway, \
             not Socket.IO.",
            "Let the gateway pass binary frames, or connect with `forceBase64: true`.",
        ),
        1005 => of(
            "no code given",
            Warn,
            "The other side closed with an empty close frame, as Node's Engine.IO does for each of \
             its own reasons: `engine.close()` or `disconnect(true)` in the server's code, \
             `io.close()` at a shutdown, a ping timeout, a protocol violation of the client. \
             Nothing in this session says which.",
            "Server: `io.engine.on(\"connection\", (e) => e.on(\"close\", (reason) => \
             console.log(e.id, reason)))` and `socket.on(\"disconnect\", (reason) => …)` print the \
             server's own reason; `DEBUG=engine*,socket.io*` says more.",
        ),
        1006 => of(
            "cut without a close frame",
            Warn,
            "The TCP connection ended without a word of WebSocket: the server's process was \
             killed or crashed, a proxy ran into its time limit, or the network went away. Nobody \
             sends this code, it is what the client sees then.",
            "Look at the server's log (crash, out of memory, deploy) and at the proxy's at that \
             time. If it comes after the same time again and again, it is an idle timeout: nginx \
             `proxy_read_timeout`, above pingInterval + pingTimeout.",
        ),
        1007 => of(
            "invalid UTF-8",
            Error,
            "A text frame held bytes that are no UTF-8: a hand-written client, binary data sent as \
             text, or a proxy that changes the stream.",
            "Send binary data as binary (a Buffer or ArrayBuffer in `emit`), text as UTF-8.",
        ),
        1008 => of(
            "policy violation",
            Error,
            "Somebody refused by a rule of its own. Socket.IO does not send it: an API gateway, an \
             authentication layer or a web application firewall in front does, mostly about \
             tokens, origins or rates.",
            "Look into the gateway's log and rules; the reason in the close frame, if any, is its \
             own word.",
        ),
        1009 => of(
            "message too big",
            Error,
            "A message was larger than the server takes (maxHttpBufferSize), so its WebSocket \
             library closed the connection. If the client sends it again after the reconnect, it \
             is a loop.",
            "Server: `new Server({ maxHttpBufferSize: BYTES })` (1 MB by default; python: \
             `max_http_buffer_size`). Better for large data: upload it over HTTP and emit its \
             address, or cut it into pieces.",
        ),
        1010 => of(
            "extension missing",
            Error,
            "A client wanted a WebSocket extension that the server did not grant.",
            "Do not demand extensions; compression is optional in Socket.IO.",
        ),
        1011 => of(
            "internal error",
            Error,
            "The server's code threw: servers of other stacks (python, Go, Java) and gateways send \
             it when a handler fails. Node's Socket.IO does not.",
            "The server's log at that time has the exception.",
        ),
        1012 => of(
            "service restart",
            Warn,
            "A platform's router or a server that restarts: a rolling deploy. Clients come back by \
             themselves.",
            "Nothing, if a deploy was going on. State that has to survive it needs an adapter \
             with connection state recovery.",
        ),
        1013 => of(
            "try again later",
            Warn,
            "A router or server that is overloaded or has no capacity at the moment.",
            "Capacity and limits of the platform; let clients wait longer between attempts \
             (`reconnectionDelayMax`).",
        ),
        1014 => of(
            "bad gateway",
            Error,
            "An edge proxy lost the server behind it.",
            "Look into the proxy's log and at the health of what stands behind it.",
        ),
        1015 => of(
            "TLS failure",
            Error,
            "The TLS layer failed; nobody sends this code.",
            "Check the certificate and what ends TLS.",
        ),
        3000..=4999 => of(
            "an application's own code",
            Warn,
            "Codes from 3000 on have the meaning that their sender gives them. Socket.IO sends \
             none: the application's own code, a gateway or a hosting platform did.",
            "Look the code up in the documentation of what stands in front of the server.",
        ),
        _ => of(
            "not defined",
            Warn,
            "No standard defines this code; Socket.IO does not send it.",
            "Look into the log of what stands in front of the server.",
        ),
    }
}

//! Whether a rule can ever act: a rule that names what its fault never looks at would be read,
//! and then nothing would happen. **Floor 1, pure.**
//!
//! The table of what crosses, and which fault looks at what, stands here beside the injector that
//! does it; the tests hold the two together.

use super::When;
use crate::faults::Fault;
use crate::faults::verdict::RequestKind;
use crate::journal::record::{Direction, TransportName};

/// Something that crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// A request, before it is sent.
    Request,
    /// A response, as a whole.
    Response,
    /// The answer to the probe of an upgrade.
    Probe,
    /// A ping or a pong.
    Heartbeat,
    /// A Socket.IO event.
    Event,
    /// A Socket.IO ack.
    Ack,
    /// Another Socket.IO packet: it has a namespace and no event.
    Other,
}

/// Where it crosses.
#[derive(Debug, Clone, Copy)]
struct Crossing {
    what: What,
    dir: Direction,
    /// `None` is a WebSocket message.
    request: Option<RequestKind>,
}

impl Crossing {
    fn transport(self) -> TransportName {
        match self.request {
            None | Some(RequestKind::Upgrade) => TransportName::Websocket,
            Some(_) => TransportName::Polling,
        }
    }

    fn has_namespace(self) -> bool {
        matches!(self.what, What::Event | What::Ack | What::Other)
    }

    /// Whether a fault looks at this; `named` where its rule names a request.
    fn concerns(self, fault: Fault, named: bool) -> bool {
        use RequestKind::{Handshake, Poll, Post};
        let packet = self.has_namespace();
        let websocket = self.transport() == TransportName::Websocket;
        match fault {
            Fault::Status { .. } => {
                self.what == What::Request && (named || matches!(self.request, Some(Poll | Post)))
            }
            Fault::UnknownSid => {
                let with_sid = self.request != Some(Handshake);
                self.what == What::Request
                    && with_sid
                    && (named || matches!(self.request, Some(Poll | Post)))
            }
            Fault::Oversize => match self.what {
                What::Request => self.request == Some(Post),
                _ => packet && websocket && self.dir == Direction::ToServer,
            },
            Fault::Drop | Fault::Reset | Fault::Freeze => match named {
                true => self.what == What::Request,
                false => packet,
            },
            Fault::Close(_) => packet && websocket,
            Fault::StallPoll => self.what == What::Response && self.request == Some(Poll),
            Fault::NoUpgrade => self.what == What::Response && self.request == Some(Handshake),
            Fault::AbortUpgrade => self.what == What::Probe,
            Fault::NoPong | Fault::Deaf => self.what == What::Heartbeat,
            Fault::SplitAttachment => matches!(self.what, What::Event | What::Ack),
            // Bytes that are no packet are for the client: a server answers them by closing.
            Fault::Garbage => packet && self.dir == Direction::ToClient,
            Fault::Delay(_) | Fault::Jitter(_) | Fault::Throttle(_) => true,
            Fault::Duplicate | Fault::Reorder => self.what == What::Event,
            Fault::DropAck => self.what == What::Ack,
            Fault::Split101 => {
                self.what == What::Response && self.request == Some(RequestKind::Upgrade)
            }
        }
    }
}

/// All that can cross.
fn crossings() -> impl Iterator<Item = Crossing> {
    use Direction::{ToClient, ToServer};
    let whole = RequestKind::WORDS.into_iter().flat_map(|(_, kind)| {
        [(What::Request, ToServer), (What::Response, ToClient)].map(|(what, dir)| Crossing {
            what,
            dir,
            request: Some(kind),
        })
    });
    let carriers = [
        (ToServer, Some(RequestKind::Post)),
        (ToClient, Some(RequestKind::Poll)),
        (ToServer, None),
        (ToClient, None),
    ];
    let packets = [What::Heartbeat, What::Event, What::Ack, What::Other];
    let inside = packets
        .into_iter()
        .flat_map(move |what| carriers.map(|(dir, request)| Crossing { what, dir, request }));
    let probe = Crossing {
        what: What::Probe,
        dir: ToClient,
        request: None,
    };
    whole.chain(inside).chain([probe])
}

/// The keys of a rule that choose among what crosses.
const KEYS: [&str; 5] = ["direction", "transport", "request", "namespace", "event"];

/// Whether what crosses may fit to these keys of a rule; the others are left out.
fn fits(crossing: Crossing, when: &When, keys: &[&str]) -> bool {
    let asked = |key: &str| keys.contains(&key);
    (!asked("direction") || when.direction.is_none_or(|dir| dir == crossing.dir))
        && (!asked("transport")
            || when
                .transport
                .is_none_or(|name| name == crossing.transport()))
        && (!asked("request")
            || when
                .request
                .is_none_or(|kind| Some(kind) == crossing.request))
        && (!asked("namespace") || when.namespace.is_none() || crossing.has_namespace())
        && (!asked("event") || when.event.is_none() || crossing.what == What::Event)
}

fn can_act(fault: Fault, when: &When, keys: &[&str]) -> bool {
    let named = keys.contains(&"request") && when.request.is_some();
    crossings().any(|crossing| crossing.concerns(fault, named) && fits(crossing, when, keys))
}

/// The key because of which a fault can never act, where there is one, and the other key that it
/// does not go together with.
pub(super) fn in_vain(fault: Fault, when: &When) -> Option<(&'static str, Option<&'static str>)> {
    if can_act(fault, when, &KEYS) {
        return None;
    }
    if let Some(key) = KEYS.into_iter().find(|key| !can_act(fault, when, &[key])) {
        return Some((key, None));
    }
    for (at, one) in KEYS.into_iter().enumerate() {
        for other in KEYS.into_iter().skip(at + 1) {
            if !can_act(fault, when, &[one, other]) {
                return Some((other, Some(one)));
            }
        }
    }
    // Three that do not go together: the last one that is given.
    let given = |key: &&&str| match **key {
        "direction" => when.direction.is_some(),
        "transport" => when.transport.is_some(),
        "request" => when.request.is_some(),
        "namespace" => when.namespace.is_some(),
        _ => when.event.is_some(),
    };
    KEYS.iter().rev().find(given).map(|key| (*key, None))
}

/// What a fault looks at, for whoever named something else.
pub(super) fn looks_at(fault: Fault) -> &'static str {
    match fault {
        Fault::Status { .. } => "polls and posts on their way to the server",
        Fault::UnknownSid => "requests that name a session, on their way to the server",
        Fault::Oversize => "posts, and messages to the server over WebSocket",
        Fault::Drop | Fault::Reset | Fault::Freeze => {
            "Socket.IO packets or, with request, requests on their way to the server"
        }
        Fault::Close(_) => "Socket.IO packets over WebSocket",
        Fault::StallPoll => "answers to polls",
        Fault::NoUpgrade => "answers to handshakes over polling",
        Fault::AbortUpgrade => "the probe's answer over WebSocket",
        Fault::NoPong => "pongs",
        Fault::Deaf => "pings",
        Fault::SplitAttachment => "events and acks with attachments",
        Fault::Garbage => {
            "Socket.IO packets to the client, which reads them as a parse error (a server that gets garbage closes: for that use drop or close:CODE)"
        }
        Fault::Delay(_) | Fault::Jitter(_) | Fault::Throttle(_) => {
            "all that crosses; what has a namespace or an event crosses in posts, in answers to polls and over WebSocket"
        }
        Fault::Duplicate | Fault::Reorder => "events",
        Fault::DropAck => "acks, which have a namespace but no event",
        Fault::Split101 => "the 101 of an upgrade, on its way to the client",
    }
}

#[cfg(test)]
mod tests;

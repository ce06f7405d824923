//! The table beside the injector itself: what it calls vain never acts, what it allows can act.

use std::time::Instant;

use bytes::Bytes;

use super::*;
use crate::faults::{
    Answered, Asked, CATALOGUE, Injector, Message, Place, Places, Plan, Rule, Side,
};
use crate::protocol::engine::{Revision, Version};

const PACKETS: [&str; 6] = [
    "2",
    "3",
    "42[\"a\"]",
    "451-[\"a\",{\"_placeholder\":true,\"num\":0}]",
    "430[1]",
    "41",
];

fn place(transport: TransportName, version: Version) -> Place {
    Place {
        c: 1,
        attempt: 0,
        transport,
        version,
        revision: Revision::default(),
        max_payload: Some(100),
    }
}

/// A body of one packet.
fn body(packet: &str, version: Version) -> Bytes {
    match version {
        Version::V4 => packet.to_owned(),
        Version::V3 => format!("{}:{packet}", packet.chars().count()),
    }
    .into()
}

/// Whether a rule with this fault does anything to anything that can cross.
fn acts(fault: Fault, when: &When) -> bool {
    let rule = Rule {
        name: "rule 1".to_owned(),
        faults: vec![fault],
        when: when.clone(),
        places: Places::default(),
    };
    let plan = Plan {
        seed: 0,
        rules: vec![rule],
    };
    let injector = || Injector::new(Some(plan.clone()), Side::Tap);
    [Version::V4, Version::V3]
        .into_iter()
        .any(|version| acts_in(&injector, version))
}

fn acts_in(injector: &dyn Fn() -> Injector, version: Version) -> bool {
    let now = Instant::now();
    let polling = place(TransportName::Polling, version);
    let websocket = place(TransportName::Websocket, version);
    let asks = |kind: RequestKind, body: &Bytes| {
        let here = match kind {
            RequestKind::Upgrade => &websocket,
            _ => &polling,
        };
        let url = match kind {
            RequestKind::Handshake => "/socket.io/?EIO=4&transport=polling",
            _ => "/socket.io/?EIO=4&transport=polling&sid=abc",
        };
        let asked = Asked {
            kind,
            url,
            content_type: Some("text/plain"),
            body,
        };
        !injector().request(now, here, &asked).told.is_empty()
    };
    let answers = |kind: RequestKind, status: u16, body: &Bytes| {
        let here = match kind {
            RequestKind::Upgrade => &websocket,
            _ => &polling,
        };
        let answered = Answered {
            kind,
            status,
            content_type: Some("text/plain"),
            body,
        };
        !injector().response(now, here, &answered).told.is_empty()
    };
    let crosses = |dir: Direction, text: &str| {
        let message = Message::Text(Bytes::copy_from_slice(text.as_bytes()));
        let mut injector = injector();
        !injector
            .message(now, &websocket, dir, &message)
            .told
            .is_empty()
    };
    let open = r#"0{"sid":"abc","upgrades":["websocket"],"pingInterval":1,"pingTimeout":1}"#;
    let empty = Bytes::new();
    RequestKind::WORDS
        .into_iter()
        .any(|(_, kind)| asks(kind, &empty))
        || answers(RequestKind::Handshake, 200, &body(open, version))
        || answers(RequestKind::Poll, 200, &body("6", version))
        || answers(RequestKind::Post, 200, &Bytes::from_static(b"ok"))
        || answers(RequestKind::Upgrade, 400, &empty)
        || !injector().switching(now, &websocket).told.is_empty()
        || PACKETS.into_iter().chain(["3probe"]).any(|packet| {
            crosses(Direction::ToServer, packet)
                || crosses(Direction::ToClient, packet)
                || (packet != "3probe"
                    && (asks(RequestKind::Post, &body(packet, version))
                        || answers(RequestKind::Poll, 200, &body(packet, version))))
        })
}

#[test]
fn what_is_called_vain_never_acts_and_all_else_can() {
    let directions = [None, Some(Direction::ToServer), Some(Direction::ToClient)];
    let transports = [
        None,
        Some(TransportName::Polling),
        Some(TransportName::Websocket),
    ];
    let kinds = RequestKind::WORDS.map(|(_, kind)| Some(kind));
    let requests = [None].into_iter().chain(kinds);
    let mut compared = 0;
    for request in requests {
        for direction in directions {
            for transport in transports {
                for (nsp, event) in [(false, false), (true, false), (false, true), (true, true)] {
                    let when = When {
                        request,
                        direction,
                        transport,
                        namespace: nsp.then(|| "/".to_owned()),
                        event: event.then(|| "a".to_owned()),
                        ..When::default()
                    };
                    for entry in CATALOGUE {
                        let fault: Fault = entry.example.parse().expect("a fault");
                        assert_eq!(
                            acts(fault, &when),
                            in_vain(fault, &when).is_none(),
                            "{fault} {when:?}: {:?}",
                            in_vain(fault, &when)
                        );
                        compared += 1;
                    }
                }
            }
        }
    }
    assert_eq!(compared, 5 * 3 * 3 * 4 * CATALOGUE.len());
}

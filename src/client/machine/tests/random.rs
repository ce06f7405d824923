//! Any sequence of inputs, however senseless: no panic, no law broken, time goes on.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::bed::{Bed, options};
use crate::client::command::{Command, Emit};
use crate::client::machine::{Input, WsEnd};
use crate::client::options::{Auth, Eio, NamespaceAuth, Options, Parser, Profile};
use crate::journal::record::TransportName;

/// Things that servers say, right and wrong; joined with 0x1e they are polling bodies.
const WORDS: &[&str] = &[
    r#"0{"sid":"E","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":40}"#,
    r#"0{"sid":"E","upgrades":["websocket"],"pingInterval":0,"pingTimeout":0}"#,
    r#"0{"sid":"E","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#,
    "0{",
    "1",
    "2",
    "2probe",
    "3",
    "3probe",
    "3other",
    "4",
    "5",
    "6",
    r#"40{"sid":"N"}"#,
    r#"40{"sid":"N","pid":"P"}"#,
    r#"40/a,{"sid":"A"}"#,
    r#"40/b,{"sid":"B"}"#,
    "40",
    "40/a,",
    "40{}",
    "41",
    "41/a,",
    r#"42["x","offset"]"#,
    r#"420["q"]"#,
    r#"42/a,1["q"]"#,
    r#"430["ok"]"#,
    "43/a,0[]",
    r#"44{"message":"no"}"#,
    r#"44/a,"no""#,
    "44",
    r#"451-["b",{"_placeholder":true,"num":0}]"#,
    "bAQI=",
    "47",
    "9",
    "",
    "<html>",
];

#[derive(Debug, Clone)]
enum Step {
    Command(Command),
    /// An answer to one of the exchanges under way: status, words, framed as generation 3 does.
    Http(Index, u16, Vec<&'static str>, bool),
    /// An answer of any bytes.
    Bytes(Index, Vec<u8>, bool),
    HttpFailed(Index),
    WsOpened(Index),
    WsFailed(Index),
    WsText(Index, &'static str),
    WsAny(Index, String),
    WsBinary(Index, Vec<u8>),
    WsClosed(Index, u8),
    Written(Index),
    Auth(&'static str, bool),
    /// Something about an exchange that nobody knows.
    Unknown,
    Pass(u64),
    Sleep(u64),
}

fn namespace() -> impl Strategy<Value = String> {
    select(&["/", "/a", "/b", "/a?x=1"][..]).prop_map(str::to_owned)
}

fn command() -> impl Strategy<Value = Command> {
    let args = select(
        &[
            r#"["x"]"#,
            r#"["b",{"$binary":"AQID"}]"#,
            "[]",
            "nonsense",
            r#"["a rather long text that is above maxPayload"]"#,
        ][..],
    );
    prop_oneof![
        4 => (namespace(), args, any::<bool>(), any::<bool>(), prop::option::of(0..500u64))
            .prop_map(|(nsp, args, ack, volatile, timeout_ms)| Command::Emit(Emit {
                nsp,
                args: args.to_owned(),
                ack,
                timeout_ms,
                volatile,
            })),
        2 => (namespace(), any::<bool>()).prop_map(|(nsp, auth)| Command::Join {
            nsp,
            auth: auth.then(|| "{}".to_owned()),
        }),
        2 => namespace().prop_map(|nsp| Command::Leave { nsp }),
        1 => (namespace(), 0..2u64).prop_map(|(nsp, id)| Command::Answer {
            nsp,
            id,
            args: "[1]".to_owned(),
        }),
        1 => Just(Command::Connect),
        1 => Just(Command::Disconnect),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let at = any::<Index>;
    let status = prop_oneof![8 => Just(200u16), 1 => Just(400u16), 1 => Just(0u16)];
    prop_oneof![
        4 => command().prop_map(Step::Command),
        8 => (at(), status, prop::collection::vec(select(WORDS), 1..4), any::<bool>())
            .prop_map(|(at, status, words, old)| Step::Http(at, status, words, old)),
        1 => (at(), prop::collection::vec(any::<u8>(), 0..40), any::<bool>())
            .prop_map(|(at, bytes, octets)| Step::Bytes(at, bytes, octets)),
        1 => at().prop_map(Step::HttpFailed),
        4 => at().prop_map(Step::WsOpened),
        1 => at().prop_map(Step::WsFailed),
        8 => (at(), select(WORDS)).prop_map(|(at, text)| Step::WsText(at, text)),
        1 => (at(), ".{0,20}").prop_map(|(at, text)| Step::WsAny(at, text)),
        1 => (at(), prop::collection::vec(any::<u8>(), 0..9))
            .prop_map(|(at, data)| Step::WsBinary(at, data)),
        2 => (at(), 0..3u8).prop_map(|(at, how)| Step::WsClosed(at, how)),
        1 => at().prop_map(Step::Written),
        2 => (select(&["/", "/a", "/b"][..]), any::<bool>())
            .prop_map(|(nsp, good)| Step::Auth(nsp, good)),
        1 => Just(Step::Unknown),
        3 => (0..1_000u64).prop_map(Step::Pass),
        1 => (0..100_000u64).prop_map(Step::Sleep),
    ]
}

fn any_options() -> impl Strategy<Value = Options> {
    use TransportName::{Polling, Websocket};
    (
        select(vec![
            vec![Polling, Websocket],
            vec![Polling],
            vec![Websocket],
            vec![],
        ]),
        select(vec![Eio::Auto, Eio::V3, Eio::V4]),
        prop_oneof![4 => Just(Parser::Default), 1 => Just(Parser::Msgpack)],
        select(vec![
            Profile::Js4,
            Profile::Java2,
            Profile::Python,
            Profile::Rust,
        ]),
        select(vec![0, 1, 1_000]),
        select(vec![0, 500, 20_000]),
        prop::option::of(select(vec![0, 50])),
        any::<(bool, bool, bool)>(),
    )
        .prop_map(
            |(transports, eio, parser, profile, delay, timeout, rtt, (auth, second, limit))| {
                let ms = Duration::from_millis;
                let mut options = options();
                options.transports = transports;
                options.eio = eio;
                options.parser = parser;
                options.profile = profile;
                options.reconnection.delay = ms(delay);
                options.reconnection.factor = 0.5;
                options.reconnection.attempts = limit.then_some(3);
                options.connect_timeout = ms(timeout);
                options.probe_rtt = rtt.map(ms);
                options.ack_timeout = rtt.map(ms);
                options.auth = auth.then(|| Auth::Command("token".to_owned()));
                if second {
                    options.namespaces.push(NamespaceAuth {
                        nsp: "/a".to_owned(),
                        auth: None,
                    });
                }
                options
            },
        )
}

/// Feeds an answer to one of the exchanges under way.
fn answer(bed: &mut Bed, at: &Index, status: u16, body: &[u8], octets: bool) {
    let exchanges = &bed.laws().exchanges;
    if exchanges.is_empty() {
        return;
    }
    let x = at.get(exchanges).x;
    let kind = match octets {
        true => "application/octet-stream",
        false => "text/plain",
    };
    let headers = vec![("content-type".to_owned(), kind.to_owned())];
    bed.feed(Input::HttpResponse {
        x,
        status,
        headers: &headers,
        body,
    });
}

/// Number of one of the WebSockets that are open, or not open yet.
fn socket(bed: &Bed, at: &Index, opened: bool) -> Option<u64> {
    let sockets: Vec<u64> = bed
        .laws()
        .sockets
        .iter()
        .filter(|ws| ws.opened == opened)
        .map(|ws| ws.x)
        .collect();
    (!sockets.is_empty()).then(|| *at.get(&sockets))
}

fn take(bed: &mut Bed, step: Step) {
    match step {
        Step::Command(command) => bed.feed(Input::Command(command)),
        Step::Http(at, status, words, old) => {
            let body = match old {
                true => words.iter().map(|w| format!("{}:{w}", w.len())).collect(),
                false => words.join("\u{1e}"),
            };
            answer(bed, &at, status, body.as_bytes(), false);
        }
        Step::Bytes(at, bytes, octets) => answer(bed, &at, 200, &bytes, octets),
        Step::HttpFailed(at) => {
            let exchanges = &bed.laws().exchanges;
            if !exchanges.is_empty() {
                let x = at.get(exchanges).x;
                let error = "reset".to_owned();
                bed.feed(Input::HttpFailed { x, error });
            }
        }
        Step::WsOpened(at) => {
            if let Some(x) = socket(bed, &at, false) {
                bed.feed(Input::WsOpened { x });
            }
        }
        Step::WsFailed(at) => {
            if let Some(x) = socket(bed, &at, false) {
                let error = "HTTP 400".to_owned();
                bed.feed(Input::WsFailed { x, error });
            }
        }
        Step::WsText(at, text) => {
            if let Some(x) = socket(bed, &at, true) {
                bed.feed(Input::WsText { x, text });
            }
        }
        Step::WsAny(at, text) => {
            if let Some(x) = socket(bed, &at, true) {
                bed.feed(Input::WsText { x, text: &text });
            }
        }
        Step::WsBinary(at, data) => {
            if let Some(x) = socket(bed, &at, true) {
                bed.feed(Input::WsBinary { x, data: &data });
            }
        }
        Step::WsClosed(at, how) => {
            if let Some(x) = socket(bed, &at, true) {
                let end = match how {
                    0 => WsEnd::Cut(None),
                    1 => WsEnd::Violation("bad".to_owned()),
                    _ => WsEnd::Frame {
                        code: None,
                        reason: String::new(),
                    },
                };
                bed.feed(Input::WsClosed { x, end });
            }
        }
        Step::Written(at) => {
            if let Some(x) = socket(bed, &at, true) {
                bed.feed(Input::WsWritten { x, messages: 1 });
            }
        }
        Step::Auth(nsp, good) => {
            let auth = match good {
                true => Ok(Some("{}".to_owned())),
                false => Err("exit status 1".to_owned()),
            };
            let nsp = nsp.to_owned();
            bed.feed(Input::AuthRead { nsp, auth });
        }
        Step::Unknown => {
            let x = 999_999;
            bed.feed(Input::HttpFailed {
                x,
                error: String::new(),
            });
            bed.feed(Input::WsText { x, text: "42[" });
            bed.feed(Input::WsClosed {
                x,
                end: WsEnd::Cut(None),
            });
        }
        Step::Pass(ms) => bed.pass(ms),
        Step::Sleep(ms) => bed.sleep(ms),
    }
    bed.take_wire();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_inputs_breaks_a_law(
        options in any_options(),
        draw in 0.0..1.0f64,
        writes in any::<bool>(),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut bed = Bed::with_draw(options, draw);
        bed.writes = writes;
        bed.begin();
        bed.take_wire();
        for step in steps {
            take(&mut bed, step);
        }
        bed.work_off(50);
    }
}

// 10,000 attempts in a row, with the least times that can be given.
#[test]
fn ten_thousand_deadlines_take_their_time() {
    let mut options = options();
    options.profile = Profile::Java2;
    options.reconnection.delay = Duration::ZERO;
    options.reconnection.delay_max = Duration::ZERO;
    options.connect_timeout = Duration::ZERO;
    let mut bed = Bed::new(options);
    bed.begin();
    bed.work_off(10_000);
    assert!(bed.ms() >= 10_000, "only {} ms", bed.ms());
}

//! Every fault of the catalogue on a tap, between the official client and a real server of both
//! generations: the client says the reason that the fault is listed under.

use serde_json::{Value, json};
use sioscope::faults::{Brings, CATALOGUE, Entry, Side};
use sioscope::journal::record::TransportName;
use sioscope::protocol::engine::Version;

use super::stage::{Tapped, connection};
use crate::interop::records::all;
use crate::lab::{Client, Generation, Lab, Server};

/// Two servers of a generation: one that pings quickly, one that leaves time.
struct Bed {
    generation: Generation,
    version: Version,
    quick: Server,
    steady: Server,
}

impl Bed {
    fn new(generation: Generation) -> Bed {
        // With the window of a compressed stream kept, so that a swallowed message matters.
        let deflate = json!({ "threshold": 0 });
        let quick =
            json!({ "pingInterval": 800, "pingTimeout": 800, "perMessageDeflate": deflate });
        let steady = json!({ "perMessageDeflate": deflate });
        Bed {
            generation,
            version: match generation.eio() {
                3 => Version::V3,
                _ => Version::V4,
            },
            quick: Lab::server(generation, quick),
            steady: Lab::server(generation, steady),
        }
    }

    fn start(&self, server: &Server, ways: &[&str]) -> (Tapped, Client) {
        let tapped = Tapped::before(&server.url(), &["--no-record"]);
        let client = self.client(&tapped, ways);
        (tapped, client)
    }

    fn client(&self, tapped: &Tapped, ways: &[&str]) -> Client {
        let options = json!({ "options": {
            "transports": ways,
            "perMessageDeflate": { "threshold": 0 },
            "reconnectionDelay": 10,
            "reconnectionDelayMax": 20,
        } });
        let client = Lab::client(self.generation, &tapped.url(), options);
        client.expect(|line| line["saw"] == "event" && line["event"] == "hello");
        client
    }
}

fn word(over: TransportName) -> &'static str {
    match over {
        TransportName::Polling => "polling",
        TransportName::Websocket => "websocket",
    }
}

#[track_caller]
fn arm(tapped: &Tapped, fault: &str) {
    tapped.run.say(json!({ "fault": fault }));
    // A mark behind it: the fault is armed once it is there.
    tapped.run.say(json!({ "mark": fault }));
    let fault = fault.to_owned();
    tapped
        .run
        .wait_for(|record| record["k"] == "mark" && record["text"] == fault);
}

#[track_caller]
fn made(tapped: &Tapped, entry: &Entry) -> Value {
    tapped
        .run
        .wait_for(|record| record["k"] == "fault" && record["fault"] == entry.example)
}

/// No rule speaks: what goes wrong here is our own doing.
#[track_caller]
fn blames_nobody(name: &str, tapped: &Tapped) {
    let records = tapped.run.records();
    let blamed = all(&records, |record| record["k"] == "finding");
    assert!(blamed.is_empty(), "{name}: {blamed:#?}");
}

#[track_caller]
fn disconnects(bed: &Bed, entry: &Entry, over: TransportName, reason: &str) {
    let name = format!("{} in {:?} over {}", entry.name, bed.version, word(over));
    let heartbeat = matches!(entry.name, "freeze" | "deaf" | "stall-poll" | "no-pong");
    let server = if heartbeat { &bed.quick } else { &bed.steady };
    let (tapped, client) = bed.start(server, &[word(over)]);
    arm(&tapped, entry.example);
    match entry.name {
        "split-attachment" => client.say(json!({ "emit": ["binary", 4] })),
        "oversize" | "garbage" | "status" | "unknown-sid" if over == TransportName::Polling => {
            client.say(json!({ "emit": ["echo", "now"] }));
        }
        _ => {}
    }
    let gone = client.expect(|line| line["saw"] == "disconnect");
    assert_eq!(
        gone["reason"],
        reason,
        "{name}: {gone}\n{:#?}",
        tapped.run.records()
    );
    let fault = made(&tapped, entry);
    assert_eq!(fault["c"], 1, "{name}: {fault}");
    let closed = tapped.run.wait_for(connection(1, "closed"));
    assert!(
        fault["n"].as_u64() < closed["n"].as_u64(),
        "{name}: {closed}"
    );
    assert_eq!(closed["reason"], reason, "{name}: {closed}");
    tapped.run.say(json!({ "fault": "clear" }));
    // And it comes back as after the real thing.
    client.expect(|line| line["saw"] == "connect" && line["sid"] != gone["sid"]);
    tapped.run.wait_for(connection(2, "open"));
    blames_nobody(&name, &tapped);
}

#[track_caller]
fn stays_on_polling(bed: &Bed, entry: &Entry) {
    let (tapped, first) = bed.start(&bed.steady, &["polling", "websocket"]);
    first.expect(|line| line["saw"] == "upgrade");
    arm(&tapped, entry.example);
    let second = bed.client(&tapped, &["polling", "websocket"]);
    let fault = made(&tapped, entry);
    assert_eq!(fault["c"], 2, "{fault}");
    second.say(json!({ "emit": ["echo", "still here"], "ack": true }));
    second.say(json!({ "wait": { "ack": true } }));
    assert_eq!(second.finish().code, Some(0), "{}", entry.name);
    assert_eq!(first.finish().code, Some(0));
    blames_nobody(entry.name, &tapped);
    let told = second.lines();
    assert!(
        told.iter().all(|line| line["saw"] != "upgrade"),
        "{told:#?}"
    );
    let sent = told
        .iter()
        .filter(|line| line["saw"] == "packet" && line["type"] == "message");
    assert!(sent.clone().count() > 2 && sent.clone().all(|line| line["transport"] == "polling"));
}

#[track_caller]
fn comes_late(bed: &Bed, entry: &Entry, over: TransportName) {
    let ways = match over {
        TransportName::Polling if entry.name == "split-101" => &["polling", "websocket"][..],
        TransportName::Polling => &["polling"][..],
        TransportName::Websocket => &["websocket"][..],
    };
    let (tapped, first) = bed.start(&bed.steady, ways);
    arm(&tapped, entry.example);
    let client = match entry.name {
        // It acts on an upgrade.
        "split-101" => {
            let second = bed.client(&tapped, ways);
            if ways.len() == 2 {
                second.expect(|line| line["saw"] == "upgrade");
            }
            second
        }
        _ => first,
    };
    let began = std::time::Instant::now();
    client.say(json!({ "emit": ["echo", "x".repeat(500)], "ack": true }));
    client.expect(|line| line["saw"] == "ack");
    let took = began.elapsed().as_millis();
    made(&tapped, entry);
    if entry.name == "delay" {
        assert!(took >= 500, "{} took {took} ms", entry.name);
    }
    tapped.run.say(json!({ "fault": "clear" }));
    assert_eq!(client.finish().code, Some(0), "{}", entry.name);
    blames_nobody(entry.name, &tapped);
}

#[track_caller]
fn loses_an_ack(bed: &Bed, entry: &Entry, over: TransportName) {
    let (tapped, client) = bed.start(&bed.steady, &[word(over)]);
    arm(&tapped, entry.example);
    client.say(json!({ "emit": ["echo", 1], "ack": true, "timeout_ms": 700 }));
    client.expect(|line| line["saw"] == "ack" && line["error"].is_string());
    made(&tapped, entry);
    // Behind the hole in the compressed stream the connection goes on.
    client.say(json!({ "emit": ["echo", 2], "ack": true }));
    client.expect(|line| line["saw"] == "ack" && line["args"] == json!([2]));
    assert_eq!(client.finish().code, Some(0));
    blames_nobody(entry.name, &tapped);
}

/// What came with the event `echo`, in order.
fn echoes(client: &Client) -> Vec<Value> {
    client
        .lines()
        .iter()
        .filter(|line| line["saw"] == "event" && line["event"] == "echo")
        .map(|line| line["args"][0].clone())
        .collect()
}

#[track_caller]
fn comes_twice(bed: &Bed, entry: &Entry, over: TransportName) {
    let (tapped, client) = bed.start(&bed.steady, &[word(over)]);
    arm(&tapped, entry.example);
    client.say(json!({ "emit": ["echo", "twice", { "$binary": "AAEC" }] }));
    client.say(json!({ "emit": ["echo", "once"] }));
    client.expect(|line| line["saw"] == "event" && line["args"][0] == "once");
    made(&tapped, entry);
    assert_eq!(echoes(&client), ["twice", "twice", "once"]);
    assert_eq!(client.finish().code, Some(0));
    blames_nobody(entry.name, &tapped);
}

#[track_caller]
fn overtakes(bed: &Bed, entry: &Entry, over: TransportName) {
    let (tapped, client) = bed.start(&bed.steady, &[word(over)]);
    arm(&tapped, entry.example);
    for what in ["first", "second", "third"] {
        client.say(json!({ "emit": ["echo", what] }));
    }
    client.expect(|line| line["saw"] == "event" && line["args"][0] == "third");
    made(&tapped, entry);
    assert_eq!(echoes(&client), ["second", "first", "third"]);
    assert_eq!(client.finish().code, Some(0));
    blames_nobody(entry.name, &tapped);
}

fn provoke_all(generation: Generation, over: TransportName) {
    let bed = Bed::new(generation);
    let mut made = 0;
    let mut failed = Vec::new();
    for entry in CATALOGUE.iter().filter(|entry| entry.acts_on(Side::Tap)) {
        let Some(brings) = entry.brings(over, bed.version) else {
            continue;
        };
        made += 1;
        let provoked = std::panic::AssertUnwindSafe(|| match brings {
            Brings::PingTimeout
            | Brings::TransportClose
            | Brings::TransportError
            | Brings::ParseError => {
                disconnects(&bed, entry, over, brings.reason().expect("a reason"));
            }
            Brings::NoUpgrade => stays_on_polling(&bed, entry),
            Brings::Late => comes_late(&bed, entry, over),
            Brings::LostAck => loses_an_ack(&bed, entry, over),
            Brings::Twice => comes_twice(&bed, entry, over),
            Brings::WrongOrder => overtakes(&bed, entry, over),
        });
        // The others are still worth to be seen.
        if std::panic::catch_unwind(provoked).is_err() {
            failed.push(entry.example);
        }
    }
    assert!(failed.is_empty(), "{failed:?} over {}", word(over));
    assert!(made >= 15, "only {made} faults act over {}", word(over));
}

#[test]
fn every_fault_brings_its_reason_to_the_official_client_over_websocket_in_generation_4() {
    provoke_all(Generation::V4, TransportName::Websocket);
}

#[test]
fn every_fault_brings_its_reason_to_the_official_client_over_polling_in_generation_4() {
    provoke_all(Generation::V4, TransportName::Polling);
}

#[test]
fn every_fault_brings_its_reason_to_the_official_client_over_websocket_in_generation_2() {
    provoke_all(Generation::V2, TransportName::Websocket);
}

#[test]
fn every_fault_brings_its_reason_to_the_official_client_over_polling_in_generation_2() {
    provoke_all(Generation::V2, TransportName::Polling);
}

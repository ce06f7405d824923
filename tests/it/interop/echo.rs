//! Unicode, several arguments, none, and binary, out and back, on every server over every
//! transport.

use serde_json::{Value, json};

use super::records::{
    ack, all, is_ack, is_event, namespace, packets, packets_of, state, transport,
};
use crate::lab::{Generation, Lab, Server, Sioscope};

/// The three choices of transports.
const CHOICES: [&str; 3] = ["polling", "websocket", "polling,websocket"];

/// Anything that a client can connect to. What runs ends with it.
enum Host {
    Lab(Server),
    Demo(Sioscope),
}

impl Host {
    fn demo(args: &[&str]) -> Self {
        let demo = [&["demo", "--headless", "--listen", "127.0.0.1:0"], args].concat();
        Self::Demo(Sioscope::start(&demo))
    }

    fn url(&self) -> String {
        match self {
            Self::Lab(server) => server.url(),
            Self::Demo(demo) => demo
                .wait_for_talk("listening on ")
                .trim_start_matches("listening on ")
                .to_owned(),
        }
    }
}

/// The arguments of each emit.
fn cases() -> Vec<Value> {
    vec![
        json!(["grüße 🎉 日本語 \u{2028}"]),
        json!(["several", 1, -2.5, true, null, [1, [2]], { "a": { "b": "c" } }]),
        json!([]),
        json!([{ "$binary": "AAEC/w==" }]),
        json!(["mixed", { "deep": [{ "$binary": "/w==" }, { "deeper": { "$binary": "" } }] }, 7]),
    ]
}

/// Sends every case, and finds each of them again in an event and in the ack of its id.
#[track_caller]
fn echoes(url: &str, choice: &str, args: &[&str]) -> (Vec<Value>, String) {
    let name = format!("{url} over {choice} with {args:?}");
    let upgrade = choice.contains(',');
    let run = Sioscope::stream(
        url,
        &[&["--no-record", "--transports", choice], args].concat(),
    );
    run.wait_for(namespace("/", "connected"));
    let mut wanted = cases();
    // One more goes before or during the upgrade.
    wanted.insert(0, json!(["early", { "$binary": "AQID" }]));
    for (id, case) in wanted.iter().enumerate() {
        if upgrade && id == 1 {
            run.wait_for(ack(0));
            run.wait_for(transport("websocket", "open"));
        }
        let mut emit = vec![json!("echo")];
        emit.extend(
            case.as_array()
                .expect("a list of arguments")
                .iter()
                .cloned(),
        );
        run.say(json!({ "emit": emit, "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
    }
    let finished = run.finish();
    let records = run.records();
    assert_eq!(finished.code, Some(0), "{name}\n{finished:?}");
    let came = packets(&records, "to_client");
    let answers: Vec<(u64, &Value)> = came
        .iter()
        .filter(|packet| is_ack(packet))
        .map(|packet| (packet["id"].as_u64().expect("an id"), &packet["data"]))
        .collect();
    let events: Vec<&Value> = came
        .iter()
        .filter(|packet| is_event(packet) && packet["data"][0] == "echo")
        .map(|packet| &packet["data"])
        .collect();
    let expected: Vec<(u64, &Value)> = (0..).zip(&wanted).collect();
    assert_eq!(answers, expected, "the answers of {name}");
    let echoed: Vec<Value> = wanted
        .iter()
        .map(|case| {
            let mut event = vec![json!("echo")];
            event.extend(
                case.as_array()
                    .expect("a list of arguments")
                    .iter()
                    .cloned(),
            );
            Value::Array(event)
        })
        .collect();
    assert_eq!(
        events,
        echoed.iter().collect::<Vec<_>>(),
        "the events of {name}"
    );
    assert_eq!(
        carriers_of_the_last_ack(&records),
        carriers(choice),
        "{name}"
    );
    assert!(
        all(&records, |record| record["k"] == "gap").is_empty(),
        "{name}"
    );
    (records, finished.stderr)
}

/// What carried the last ack: its kind of record says which transport it was.
fn carriers_of_the_last_ack(records: &[Value]) -> &str {
    let last = records
        .iter()
        .rfind(|record| packets_of(record, "to_client").any(is_ack));
    last.and_then(|record| record["k"].as_str())
        .unwrap_or("nothing")
}

fn carriers(choice: &str) -> &'static str {
    if choice == "polling" {
        "response"
    } else {
        "frame"
    }
}

/// Each of `ways` (arguments of the program) over each choice of transports, on one server.
#[track_caller]
fn echoes_everything(host: &Host, ways: &[&[&str]]) {
    let url = host.url();
    for choice in CHOICES {
        for args in ways {
            echoes(&url, choice, args);
        }
    }
}

#[test]
fn generation_1_echoes_over_every_transport() {
    let host = Host::Lab(Lab::server(Generation::V1, json!({})));
    echoes_everything(&host, &[&["--eio", "3"]]);
}

#[test]
fn generation_2_echoes_over_every_transport() {
    let host = Host::Lab(Lab::server(Generation::V2, json!({})));
    echoes_everything(&host, &[&["--eio", "3"]]);
}

#[test]
fn generation_3_echoes_over_every_transport() {
    let host = Host::Lab(Lab::server(Generation::V3, json!({})));
    echoes_everything(&host, &[&["--eio", "4"]]);
}

#[test]
fn generation_4_echoes_over_every_transport() {
    let host = Host::Lab(Lab::server(Generation::V4, json!({})));
    echoes_everything(&host, &[&[]]);
}

#[test]
fn generation_4_that_allows_eio_3_echoes_to_a_client_of_that_version() {
    let host = Host::Lab(Lab::server(Generation::V4, json!({ "allowEIO3": true })));
    echoes_everything(&host, &[&["--eio", "3"], &["--eio", "4"]]);
}

#[test]
fn python_socketio_echoes_over_every_transport() {
    let host = Host::Lab(Server::python(json!({})));
    echoes_everything(&host, &[&[]]);
}

#[test]
fn the_demo_server_echoes_to_both_versions_over_every_transport() {
    echoes_everything(&Host::demo(&[]), &[&["--eio", "3"], &["--eio", "4"]]);
}

#[test]
fn msgpack_echoes_over_every_transport() {
    for generation in [Generation::V2, Generation::V4] {
        let host = Host::Lab(Lab::server(generation, json!({ "parser": "msgpack" })));
        let eio = generation.eio().to_string();
        echoes_everything(&host, &[&["--parser", "msgpack", "--eio", &eio]]);
    }
    let host = Host::Lab(Server::python(json!({ "parser": "msgpack" })));
    echoes(&host.url(), "websocket", &["--parser", "msgpack"]);
    echoes(
        &Host::demo(&["--msgpack"]).url(),
        "websocket",
        &["--parser", "msgpack"],
    );
}

#[test]
fn eio_auto_recognises_an_older_generation_says_so_and_shakes_hands_again() {
    for generation in [Generation::V1, Generation::V2] {
        let host = Host::Lab(Lab::server(generation, json!({})));
        for choice in CHOICES {
            let (records, talk) = echoes(&host.url(), choice, &["--eio", "auto"]);
            let said = talk.matches("Engine.IO 3").count();
            assert_eq!(said, 1, "{generation:?} over {choice} says: {talk}");
            let opened = all(&records, state("connection", "open"));
            let last = opened.last().expect("an open connection");
            assert_eq!(
                last["c"], 2,
                "{generation:?} over {choice}: a fresh handshake"
            );
            let urls: Vec<&str> = all(&records, |record| record["k"] == "request")
                .into_iter()
                .filter_map(|record| record["url"].as_str())
                .collect();
            assert!(urls[0].contains("EIO=4"), "{urls:?}");
            assert!(
                urls.last().is_some_and(|url| url.contains("EIO=3")),
                "{urls:?}"
            );
        }
    }
}

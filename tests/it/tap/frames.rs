//! The clients work unchanged through the tap, and every packet of theirs is in the session,
//! byte for byte: their own account is compared with the recorded bytes.

use std::time::Duration;

use serde_json::{Value, json};
use sioscope::protocol::engine::Version;

use super::stage::{Crossed, Tapped, comparable, connection, on_the_wire, told_by};
use crate::interop::records::{all, transport};
use crate::lab::{Client, Generation, Lab, Server};

/// Text, binary, acks both ways, two namespaces, one large event and many small ones.
fn a_day_s_work(word: &str, flood: u32) -> Vec<Value> {
    vec![
        json!({ "wait": { "namespace": "/chat" } }),
        json!({ "emit": ["echo", word, { "ü": [1, null, "\u{2028}"] }], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["echo", { "$binary": "AAECAwQF/w==" }, { "deep": [{ "$binary": "" }] }], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["binary", 2_000] }),
        json!({ "wait": { "event": "binary" } }),
        json!({ "emit": ["say", "lobby", word], "nsp": "/chat" }),
        json!({ "wait": { "event": "said" } }),
        json!({ "emit": ["big", 70_000] }),
        json!({ "wait": { "event": "big" } }),
        json!({ "emit": ["echo", "y".repeat(20_000)], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["flood", flood], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["ask", "who?"] }),
        json!({ "wait": { "event": "ask" } }),
    ]
}

fn version(generation: Generation) -> Version {
    match generation.eio() {
        3 => Version::V3,
        _ => Version::V4,
    }
}

/// Every packet that the client tells of was recorded on connection `c`, and no other.
#[track_caller]
fn all_of_it(name: &str, records: &[Value], c: u64, version: Version, client: &[Value]) {
    let (recorded, told) = (on_the_wire(records, c, version), told_by(client));
    same(name, &recorded, &told);
    let gaps = all(records, |record| record["k"] == "gap");
    assert!(gaps.is_empty(), "{name}: {gaps:#?}");
}

#[track_caller]
fn same(name: &str, recorded: &[Crossed], told: &[Crossed]) {
    for dir in ["to_server", "to_client"] {
        let (recorded, told) = (comparable(recorded, dir), comparable(told, dir));
        assert!(told.len() > 10, "{name} {dir}: {told:#?}");
        assert_eq!(recorded, told, "{name} {dir}");
    }
}

/// python-engineio queues its goodbyes and closes at once: it tells of them, and may write all,
/// some or none.
fn without_goodbyes(mut packets: Vec<Crossed>) -> Vec<Crossed> {
    let goodbye = |packet: &Crossed| {
        let text = packet.data.as_str().unwrap_or_default();
        packet.dir == "to_server" && (text == "1" || text.starts_with("1/"))
    };
    packets.retain(|packet| packet.kind != "message" || !goodbye(packet));
    packets
}

fn compressed(records: &[Value]) -> usize {
    let small = |record: &Value| record["wire"].as_u64().is_some_and(|wire| wire > 0);
    all(records, small).len()
}

const WAYS: [&[&str]; 3] = [&["polling"], &["websocket"], &["polling", "websocket"]];

fn javascript(generation: Generation, deflate: bool) {
    let options = match deflate {
        true => json!({ "perMessageDeflate": { "threshold": 0 }, "packets": true }),
        false => json!({ "packets": true }),
    };
    let server = Lab::server(generation, options);
    for way in WAYS {
        let name = format!("{generation:?} {way:?} deflate {deflate}");
        let tapped = Tapped::before(&server.url(), &["--no-record"]);
        let mut own = json!({ "transports": way });
        if deflate {
            own["perMessageDeflate"] = json!({ "threshold": 0 });
        }
        let client = Lab::client(
            generation,
            &tapped.url(),
            json!({ "namespaces": [{ "nsp": "/" }, { "nsp": "/chat" }], "options": own }),
        );
        if way.len() == 2 {
            client.expect(|line| line["saw"] == "upgrade");
        }
        for line in a_day_s_work("word", 60) {
            client.say(line);
        }
        let finished = client.finish();
        assert_eq!(finished.code, Some(0), "{name}: {finished:?}");
        let closed = tapped.run.wait_for(connection(1, "closed"));
        assert_eq!(closed["reason"], "io client disconnect", "{name}: {closed}");
        let records = tapped.stop();
        all_of_it(&name, &records, 1, version(generation), &client.lines());
        let upgraded = all(&records, transport("websocket", "open")).len();
        assert_eq!(upgraded, usize::from(way.contains(&"websocket")), "{name}");
        let websocket = way.contains(&"websocket");
        assert_eq!(compressed(&records) > 10, deflate && websocket, "{name}");
    }
}

#[test]
fn every_packet_of_the_javascript_client_of_generation_4_is_in_the_session() {
    javascript(Generation::V4, false);
}

#[test]
fn every_packet_of_the_javascript_client_of_generation_2_is_in_the_session() {
    javascript(Generation::V2, false);
}

#[test]
fn compression_is_relayed_untouched_and_read_on_a_copy_in_generation_4() {
    javascript(Generation::V4, true);
}

#[test]
fn compression_is_relayed_untouched_and_read_on_a_copy_in_generation_2() {
    javascript(Generation::V2, true);
}

fn python(name: &str, server: &Server, compressing: bool) {
    for way in WAYS {
        let name = format!("{name} {way:?} compressing {compressing}");
        let tapped = Tapped::before(&server.url(), &["--no-record"]);
        let mut own = json!({ "namespaces": ["/", "/chat"], "transports": way });
        if compressing {
            own["compress"] = json!(15);
        }
        let client = Client::python(&tapped.url(), own);
        // python-engineio reads no more than 16 packets of a polling body (its
        // `Payload.max_decode_packets`), tapped or not.
        for line in a_day_s_work("word", 10) {
            client.say(line);
        }
        // It has answered what the server asked; what comes of that is still to come.
        client.say(json!({ "wait": { "event": "answered" } }));
        let finished = client.finish();
        assert_eq!(finished.code, Some(0), "{name}: {finished:?}");
        tapped.run.wait_for(connection(1, "closed"));
        let records = tapped.stop();
        let recorded = without_goodbyes(on_the_wire(&records, 1, Version::V4));
        same(
            &name,
            &recorded,
            &without_goodbyes(told_by(&client.lines())),
        );
        let gaps = all(&records, |record| record["k"] == "gap");
        assert!(gaps.is_empty(), "{name}: {gaps:#?}");
        let encoded = |record: &Value| {
            let headers = record["headers"].as_array();
            headers.into_iter().flatten().any(|pair| {
                pair[0]
                    .as_str()
                    .is_some_and(|name| name.eq_ignore_ascii_case("content-encoding"))
            })
        };
        let coded = all(&records, encoded).len();
        if compressing && way == ["polling"] {
            assert!(coded > 0, "{name}: no answer was compressed");
        }
        if compressing && way == ["websocket"] {
            assert!(compressed(&records) > 10, "{name}");
        }
    }
}

#[test]
fn every_packet_of_the_python_client_is_in_the_session_behind_a_javascript_server() {
    python(
        "JavaScript 4",
        &Lab::server(Generation::V4, json!({})),
        false,
    );
}

#[test]
fn every_packet_of_the_python_client_is_in_the_session_with_compression() {
    let options = json!({
        "perMessageDeflate": { "threshold": 0 },
        "httpCompression": { "threshold": 0 },
    });
    python("JavaScript 4", &Lab::server(Generation::V4, options), true);
}

#[test]
fn every_packet_of_the_python_client_is_in_the_session_behind_a_python_server() {
    python("python", &Server::python(json!({})), false);
}

#[test]
fn clients_at_once_are_told_apart_by_their_sids_across_transports() {
    let server = Lab::server(Generation::V4, json!({}));
    let tapped = Tapped::before(&server.url(), &["--no-record"]);
    let clients: Vec<(Client, &str)> = ["anna", "bert", "cleo"]
        .into_iter()
        .zip(WAYS)
        .map(|(word, way)| {
            let options = json!({
                "namespaces": [{ "nsp": "/" }, { "nsp": "/chat" }],
                "options": { "transports": way },
            });
            let client = Lab::client(Generation::V4, &tapped.url(), options);
            client.expect(|line| line["saw"] == "connect" && line["nsp"] == "/chat");
            if way.len() == 2 {
                client.expect(|line| line["saw"] == "upgrade");
            }
            (client, word)
        })
        .collect();
    for (client, word) in &clients {
        for line in a_day_s_work(word, 60) {
            client.say(line);
        }
    }
    for (client, word) in &clients {
        let finished = client.finish();
        assert_eq!(finished.code, Some(0), "{word}: {finished:?}");
    }
    for c in [1, 2, 3] {
        tapped.run.wait_for(connection(c, "closed"));
    }
    let records = tapped.stop();
    for (place, (client, word)) in clients.iter().enumerate() {
        all_of_it(
            word,
            &records,
            place as u64 + 1,
            Version::V4,
            &client.lines(),
        );
    }
    assert!(all(&records, |record| record["c"] == 4).is_empty());
}

#[test]
fn the_model_of_a_tapped_session_knows_what_a_client_s_own_would() {
    use sioscope::journal::Journal;
    use sioscope::journal::record::{AckState, ConnectionState, NamespaceState, TransportName};
    use sioscope::model::{Decoder, Model};

    let server = Lab::server(Generation::V4, json!({}));
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("tapped.sio.jsonl");
    let path = file.display().to_string();
    let tapped = Tapped::before(&server.url(), &["--quiet", "--record", &path]);
    let options = json!({ "namespaces": [{ "nsp": "/" }, { "nsp": "/chat" }, { "nsp": "/deny" }] });
    let first = Lab::client(Generation::V4, &tapped.url(), options);
    first.expect(|line| line["saw"] == "upgrade");
    let second = Lab::client(
        Generation::V4,
        &tapped.url(),
        json!({ "options": { "transports": ["websocket"] } }),
    );
    second.expect(|line| line["saw"] == "connect");
    for client in [&first, &second] {
        client.say(json!({ "emit": ["echo", 1], "ack": true }));
        client.say(json!({ "wait": { "ack": true } }));
    }
    second.expect(|line| line["saw"] == "ack");
    first.expect(|line| line["saw"] == "ack");
    second.kill();
    // What is on disk is looked at while the first client lives.
    let told = || {
        let journal = Journal::open(&file).expect("a session");
        let header = journal.header();
        assert_eq!(header.target, format!("{}/", server.url()));
        assert_eq!(header.source, sioscope::journal::file::Source::Tap);
        let mut decoder = Decoder::new(header.parser.as_deref());
        let mut model = Model::default();
        let (_, done) = (
            journal.scan(1, |record| {
                let packets = decoder.decode(&record);
                model.apply(&record, &packets);
                std::ops::ControlFlow::Continue(())
            }),
            (),
        );
        let () = done;
        model
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    let model = loop {
        let model = told();
        if model
            .connections
            .get(&2)
            .is_some_and(|second| second.closed.is_some())
        {
            break model;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "{:#?}",
            model.connections
        );
        std::thread::sleep(Duration::from_millis(50));
    };
    let one = &model.connections[&1];
    assert_eq!(one.state, ConnectionState::Open, "{one:#?}");
    assert_eq!(one.transport, Some(TransportName::Websocket));
    assert_eq!(one.eio, Some(4));
    let steps = [
        one.upgrade.began,
        one.upgrade.probe_sent,
        one.upgrade.probe_answered,
        one.upgrade.done,
    ];
    assert!(
        steps.iter().all(Option::is_some) && steps.is_sorted(),
        "{:#?}",
        one.upgrade
    );
    assert!(one.engine_sid.is_some() && one.heartbeat.interval_ms > 0);
    let two = &model.connections[&2];
    assert_eq!(two.state, ConnectionState::Closed);
    assert_eq!(two.reason.as_deref(), Some("transport close"));
    assert!(
        two.detail
            .as_deref()
            .is_some_and(|detail| detail.contains("the client")),
        "{two:#?}"
    );
    let namespace = |c: u32, nsp: &str| {
        let found = model
            .namespaces
            .iter()
            .find(|one| one.c == Some(c) && one.nsp == nsp);
        found
            .unwrap_or_else(|| panic!("no {nsp} on {c}: {:#?}", model.namespaces))
            .state
    };
    assert_eq!(namespace(1, "/"), NamespaceState::Connected);
    assert_eq!(namespace(1, "/chat"), NamespaceState::Connected);
    assert_eq!(namespace(1, "/deny"), NamespaceState::Refused);
    assert_eq!(namespace(2, "/"), NamespaceState::Disconnected);
    assert_eq!(model.acks.len(), 2, "{:#?}", model.acks);
    assert!(model.acks.iter().all(|ack| ack.state == AckState::Answered));
    assert_eq!((model.counts.lost, model.counts.undecodable), (0, 0));
    assert_eq!(first.finish().code, Some(0));
    tapped.run.signal("TERM");
    assert_eq!(tapped.run.wait_for_end().code, Some(0));
}

//! The official clients see from the mock what they saw from the server.

use serde_json::{Value, json};

use super::stage::{Recorded, seen};
use crate::lab::{Client, Generation, Lab, Server};

/// Text, binary, acks, a room, one large event and many small ones, a question of the server.
fn a_day_s_work() -> Vec<Value> {
    let buffer = json!({ "$binary": "AAECAwQF/w==" });
    vec![
        json!({ "wait": { "event": "hello" } }),
        json!({ "wait": { "event": "hello" } }),
        json!({ "emit": ["echo", "word", { "ü": [1, null, "\u{2028}"] }], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["echo", "other"], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["echo", buffer, { "deep": [{ "$binary": "" }] }], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["binary", 2_000] }),
        json!({ "wait": { "event": "binary" } }),
        json!({ "emit": ["say", "lobby", "hi"], "nsp": "/chat" }),
        json!({ "wait": { "event": "said" } }),
        json!({ "emit": ["big", 70_000] }),
        json!({ "wait": { "event": "big" } }),
        json!({ "emit": ["flood", 60], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["ask", "who?"] }),
        json!({ "wait": { "event": "ask" } }),
    ]
}

const WAYS: [&[&str]; 3] = [&["polling"], &["websocket"], &["polling", "websocket"]];

#[track_caller]
fn work(client: &Client, lines: &[Value], place: &str) {
    for line in lines {
        client.say(line.clone());
    }
    let finished = client.finish();
    assert_eq!(finished.code, Some(0), "{place}: {finished:?}");
}

#[track_caller]
fn javascript(generation: Generation) {
    let server = Lab::server(generation, json!({}));
    let mut lines = a_day_s_work();
    lines.push(json!({ "answer": ["me", { "$binary": "BwgJ" }], "nsp": "/" }));
    lines.push(json!({ "wait": { "event": "answered" } }));
    let client = |url: &str, way: &[&str], place: &str| {
        let options = json!({
            "namespaces": [{ "nsp": "/" }, { "nsp": "/chat" }, { "nsp": "/deny" }],
            "options": { "transports": way },
        });
        let client = Lab::client(generation, url, options);
        if way.len() == 2 {
            client.expect(|line| line["saw"] == "upgrade");
        }
        client.expect(|line| line["saw"] == "connect_error");
        work(&client, &lines, place);
        seen(&client)
    };
    for (way, other) in WAYS.into_iter().zip([WAYS[0], WAYS[2], WAYS[1]]) {
        let place = format!("{generation:?} recorded over {way:?}");
        let mut from_server = None;
        let recorded = Recorded::of(&server.url(), |url| {
            from_server = Some(client(url, way, &place));
        });
        let playing = recorded.play(&[]);
        let place = format!("{place}, played over {other:?}");
        let from_mock = client(&playing.url(), other, &place);
        assert!(from_mock["/ event"].len() > 60, "{place}: {from_mock:#?}");
        assert_eq!(Some(from_mock), from_server, "{place}");
        playing.stop_with_all_of_it(&place);
    }
}

#[test]
fn the_javascript_client_of_generation_4_sees_the_same() {
    javascript(Generation::V4);
}

#[test]
fn the_javascript_client_of_generation_2_sees_the_same() {
    javascript(Generation::V2);
}

#[test]
fn the_javascript_client_of_generation_1_sees_the_same() {
    javascript(Generation::V1);
}

#[track_caller]
fn python(server: &Server) {
    // python's client takes no more than 16 packets from one poll.
    let few = json!({ "emit": ["flood", 10], "ack": true });
    let mut lines: Vec<Value> = a_day_s_work()
        .into_iter()
        .map(|line| {
            if line["emit"][0] == "flood" {
                few.clone()
            } else {
                line
            }
        })
        .collect();
    lines.push(json!({ "wait": { "event": "answered" } }));
    let client = |url: &str, way: &[&str], place: &str| {
        let options = json!({ "namespaces": ["/", "/chat"], "transports": way });
        let client = Client::python(url, options);
        work(&client, &lines, place);
        seen(&client)
    };
    for way in WAYS {
        let place = format!("python over {way:?}");
        let mut from_server = None;
        let recorded = Recorded::of(&server.url(), |url| {
            from_server = Some(client(url, way, &place));
        });
        let playing = recorded.play(&[]);
        let from_mock = client(&playing.url(), way, &place);
        assert!(from_mock["/ event"].len() > 15, "{place}: {from_mock:#?}");
        assert_eq!(Some(from_mock), from_server, "{place}");
        playing.stop_with_all_of_it(&place);
    }
}

#[test]
fn the_python_client_sees_the_same_as_from_a_javascript_server() {
    python(&Lab::server(Generation::V4, json!({})));
}

#[test]
fn the_python_client_sees_the_same_as_from_a_python_server() {
    python(&Server::python(json!({})));
}

#[test]
fn msgpack_is_played_too() {
    for generation in [Generation::V2, Generation::V4] {
        let server = Lab::server(generation, json!({ "parser": "msgpack" }));
        let client = |url: &str| {
            let options = json!({
                "namespaces": [{ "nsp": "/" }, { "nsp": "/chat" }],
                "parser": "msgpack",
            });
            let client = Lab::client(generation, url, options);
            work(&client, &a_day_s_work(), "msgpack");
            seen(&client)
        };
        let folder = tempfile::TempDir::new().expect("a folder");
        let file = folder.path().join("packed.sio.jsonl");
        let path = file.display().to_string();
        let args = ["--quiet", "--record", &path, "--parser", "msgpack"];
        let tapped = crate::tap::stage::Tapped::before(&server.url(), &args);
        let from_server = client(&tapped.url());
        tapped.stop();
        let playing = super::stage::Playing::of(&file, &[]);
        assert_eq!(client(&playing.url()), from_server, "{generation:?}");
        let summary = playing.stop();
        assert_eq!(summary["unknown"], json!([]), "{generation:?}: {summary}");
    }
}

#[test]
fn several_clients_at_once_and_reconnects_each_begin_at_the_start() {
    let server = Lab::server(Generation::V4, json!({}));
    let options = || json!({ "namespaces": [{ "nsp": "/" }, { "nsp": "/chat" }] });
    let recorded = Recorded::of(&server.url(), |url| {
        let client = Lab::client(Generation::V4, url, options());
        work(&client, &a_day_s_work(), "recording");
    });
    let playing = recorded.play(&[]);
    let clients: Vec<Client> = (0..3)
        .map(|_| Lab::client(Generation::V4, &playing.url(), options()))
        .collect();
    for client in &clients {
        for line in a_day_s_work() {
            client.say(line);
        }
    }
    for client in &clients {
        let finished = client.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    let saw: Vec<_> = clients.iter().map(seen).collect();
    assert_eq!(saw[0], saw[1]);
    assert_eq!(saw[0], saw[2]);
    let mut sids: Vec<String> = clients
        .iter()
        .flat_map(Client::lines)
        .filter(|line| line["saw"] == "connect")
        .map(|line| line["sid"].to_string())
        .collect();
    let all = sids.len();
    sids.sort_unstable();
    sids.dedup();
    assert_eq!(
        (all, sids.len()),
        (6, 6),
        "every socket has an id of its own"
    );
    assert_eq!(playing.stop()["clients"], 3);
}

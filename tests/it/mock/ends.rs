//! How connections end: as recorded, by a fault, by the mock's own end.

use serde_json::{Value, json};

use super::stage::{Recorded, seen};
use crate::lab::{Client, Generation, Lab, Sioscope};

fn client(url: &str, transports: &[&str], more: Value) -> Client {
    let mut options = json!({ "transports": transports, "reconnection": false });
    if let (Some(options), Value::Object(more)) = (options.as_object_mut(), more) {
        options.extend(more);
    }
    let client = Lab::client(Generation::V4, url, json!({ "options": options }));
    client.expect(|line| line["saw"] == "event" && line["event"] == "hello");
    client
}

fn disconnect(line: &Value) -> bool {
    line["saw"] == "disconnect"
}

#[test]
fn disconnects_and_closes_are_played_as_recorded_and_can_be_left_out() {
    let server = Lab::server(Generation::V4, json!({}));
    for way in ["polling", "websocket"] {
        // After a word and the close in one poll the client may tell either reason.
        for (event, reasons) in [
            ("kick", &["io server disconnect"][..]),
            ("bye", &["io server disconnect", "transport close"]),
        ] {
            let place = format!("{way} {event}");
            let leave = |url: &str| {
                let client = client(url, &[way], json!({}));
                client.say(json!({ "emit": [event] }));
                let told = client.expect(disconnect);
                let reason = told["reason"].as_str().unwrap_or_default();
                assert!(reasons.contains(&reason), "{place}: {told}");
                client.finish();
                let mut saw = seen(&client);
                saw.retain(|kind, _| reasons.len() == 1 || !kind.ends_with("disconnect"));
                saw
            };
            let mut from_server = None;
            let recorded = Recorded::of(&server.url(), |url| from_server = Some(leave(url)));
            let playing = recorded.play(&[]);
            let from_mock = leave(&playing.url());
            assert_eq!(Some(from_mock), from_server, "{place}");
            playing.stop();

            let playing = recorded.play(&["--stay"]);
            let client = client(&playing.url(), &[way], json!({}));
            client.say(json!({ "emit": [event] }));
            client.say(json!({ "wait": { "ms": 300 } }));
            client.say(json!({ "emit": ["not-known"] }));
            playing.run.wait_for_talk("not-known");
            client.finish();
            let own = |line: &Value| disconnect(line) && line["reason"] != "io client disconnect";
            assert!(
                !client.lines().iter().any(own),
                "{place}: {:?}",
                client.lines()
            );
            playing.stop();
        }
    }
}

/// All that a polling client sees from its wish to leave on.
fn polled_bye(url: &str) -> Vec<(Value, Value)> {
    let client = client(url, &["polling"], json!({}));
    client.say(json!({ "emit": ["bye"] }));
    client.expect(disconnect);
    // What would come after it shall have its time.
    client.say(json!({ "wait": { "ms": 500 } }));
    client.finish();
    let told = |line: &Value| disconnect(line) || line["event"] == "bye";
    let lines = client.lines().into_iter().filter(told);
    lines
        .map(|line| (line["saw"].clone(), line["reason"].clone()))
        .collect()
}

#[test]
fn a_word_before_the_door_closes_is_heard_before_it_by_who_polls() {
    let server = Lab::server(Generation::V4, json!({}));
    let expected = vec![
        (json!("event"), Value::Null),
        (json!("disconnect"), json!("io server disconnect")),
    ];
    assert_eq!(polled_bye(&server.url()), expected, "the real server");
    for way in ["websocket", "polling"] {
        let recorded = Recorded::of(&server.url(), |url| {
            let client = client(url, &[way], json!({}));
            client.say(json!({ "emit": ["bye"] }));
            client.expect(disconnect);
            client.finish();
        });
        let playing = recorded.play(&[]);
        for _ in 0..3 {
            assert_eq!(polled_bye(&playing.url()), expected, "recorded over {way}");
        }
        playing.stop();
    }
}

#[test]
fn a_close_code_comes_as_recorded() {
    let header = json!({ "sioscope": 1, "started": "2026-01-02T03:04:05.678Z", "source": "client",
        "target": "http://host:3000", "tool": "0.1.0" });
    let frame = |n: u64, dir: &str, data: &str| json!({ "n": n, "t": n as f64 / 1e3, "c": 1, "k": "frame", "dir": dir, "op": "text", "data": data });
    let recorded = Recorded::written(&[
        header,
        json!({ "n": 1, "t": 0.0, "c": 1, "k": "request", "x": 1, "method": "GET",
            "url": "ws://host:3000/socket.io/?EIO=4&transport=websocket", "headers": [] }),
        frame(
            2,
            "to_client",
            "0{\"sid\":\"abcdefgh\",\"upgrades\":[],\"pingInterval\":300,\"pingTimeout\":200}",
        ),
        frame(3, "to_server", "40"),
        frame(4, "to_client", "40{\"sid\":\"ijklmnop\"}"),
        frame(5, "to_client", "42[\"hello\"]"),
        json!({ "n": 6, "t": 0.9, "c": 1, "k": "frame", "dir": "to_client", "op": "close",
            "code": 1011, "reason": "out of order" }),
    ]);
    let playing = recorded.play(&[]);
    let args = ["--no-record", "--transports", "websocket", "--no-reconnect"];
    let run = Sioscope::stream(&playing.url(), &args);
    let close = run.wait_for(|record| record["op"] == "close" && record["dir"] == "to_client");
    assert_eq!(
        (&close["code"], &close["reason"]),
        (&json!(1011), &json!("out of order"))
    );
    run.wait_for(|record| record["k"] == "connection" && record["state"] == "closed");
    // The heartbeat is the recorded one, and kept the connection alive until then.
    let ping = |record: &Value| record["dir"] == "to_client" && record["data"] == "2";
    let pings: Vec<Value> = run.records().into_iter().filter(ping).collect();
    assert!((1..=3).contains(&pings.len()), "{pings:?}");
    run.finish();
    playing.stop();
}

#[test]
fn connections_of_a_session_can_be_played_in_turn() {
    let server = Lab::server(Generation::V4, json!({}));
    let soon = json!({ "reconnection": true, "reconnectionDelay": 20, "reconnectionDelayMax": 50 });
    let lives = |url: &str, cut: &dyn Fn()| {
        let client = client(url, &["websocket"], soon.clone());
        client.say(json!({ "emit": ["echo", "first"], "ack": true }));
        client.say(json!({ "wait": { "ack": true } }));
        client.expect(|line| line["saw"] == "ack");
        cut();
        client.expect(|line| line["saw"] == "manager" && line["event"] == "reconnect");
        client.say(json!({ "wait": { "event": "hello" } }));
        client.say(json!({ "emit": ["echo", "second"], "ack": true }));
        client.say(json!({ "wait": { "ack": true } }));
        let finished = client.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        seen(&client)
    };
    let mut from_server = None;
    let recorded = Recorded::of(&server.url(), |url| {
        let cut = || server.say(json!({ "do": "kick_tcp", "how": "fin" }));
        from_server = Some(lives(url, &cut));
    });
    let playing = recorded.play(&["--in-turn"]);
    assert_eq!(Some(lives(&playing.url(), &|| {})), from_server);
    playing.stop_with_all_of_it("in turn");
}

#[test]
fn faults_come_on_top_and_what_clients_do_is_recorded() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = Recorded::of(&server.url(), |url| {
        let client = client(url, &["websocket"], json!({}));
        client.say(json!({ "emit": ["echo", 1], "ack": true }));
        client.say(json!({ "wait": { "ack": true } }));
        assert_eq!(client.finish().code, Some(0));
    });
    let folder = tempfile::TempDir::new().expect("a folder");
    let plan = folder.path().join("plan.toml");
    let rule = "[[rule]]\nfault = \"drop\"\nevent = \"echo\"\ndirection = \"to_server\"\n";
    std::fs::write(&plan, rule).expect("a plan");
    let file = folder.path().join("mocked.sio.jsonl");
    let (plan, path) = (plan.display().to_string(), file.display().to_string());
    let playing = recorded.play(&["--faults", &plan, "--record", &path]);
    let client = client(&playing.url(), &["websocket"], json!({}));
    client.say(json!({ "emit": ["echo", 1], "ack": true }));
    assert_eq!(client.expect(disconnect)["reason"], "transport close");
    client.kill();
    playing.stop();
    let text = std::fs::read_to_string(&file).expect("the record of the mock");
    let records: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record"))
        .collect();
    assert!(
        records
            .iter()
            .any(|record| record["k"] == "fault" && record["fault"] == "drop")
    );
    let hello = |record: &Value| {
        record["dir"] == "to_client"
            && record["data"]
                .as_str()
                .is_some_and(|data| data.starts_with("42[\"hello\""))
    };
    assert!(records.iter().any(hello));
}

#[test]
fn it_closes_cleanly_when_it_is_told_to_end() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = Recorded::of(&server.url(), |url| {
        client(url, &["websocket"], json!({})).finish();
    });
    let playing = recorded.play(&[]);
    let clients = ["polling", "websocket"].map(|way| client(&playing.url(), &[way], json!({})));
    let summary = playing.stop();
    assert_eq!(summary["clients"], 2);
    for client in &clients {
        let told = client.expect(disconnect);
        assert_eq!(told["reason"], "transport close");
        client.kill();
    }
    let text = recorded.path().display().to_string();
    let finished = Sioscope::run(&["mock", &text, "--for", "300ms"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stderr.contains("no client did it"), "{finished:?}");
}

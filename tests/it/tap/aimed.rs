//! Faults that are asked for by hand among several clients: the one that is named is hit.

use serde_json::{Value, json};

use super::stage::Tapped;
use crate::interop::records::all;
use crate::lab::{Client, Generation, Lab};

#[track_caller]
fn client(tapped: &Tapped, way: &str) -> Client {
    let client = Lab::client(
        Generation::V4,
        &tapped.url(),
        json!({ "options": { "transports": [way], "reconnection": false } }),
    );
    client.expect(|line| line["saw"] == "event" && line["event"] == "hello");
    client
}

fn faults(tapped: &Tapped) -> Vec<(Value, Value)> {
    let records = tapped.run.records();
    let faults = all(&records, |record| record["k"] == "fault");
    let told = |fault: &&Value| (fault["fault"].clone(), fault["c"].clone());
    faults.iter().map(told).collect()
}

#[test]
fn the_connection_that_is_named_is_hit_and_no_other() {
    let server = Lab::server(Generation::V4, json!({}));
    let tapped = Tapped::before(&server.url(), &["--no-record"]);
    let ways = ["websocket", "websocket", "polling"];
    let clients = ways.map(|way| client(&tapped, way));
    for (c, fault, reason) in [
        (2, "drop", "transport close"),
        (3, "reset", "transport error"),
    ] {
        tapped.run.say(json!({ "fault": fault, "c": c }));
        let client = &clients[c - 1];
        client.expect(|line| line["saw"] == "disconnect" && line["reason"] == reason);
        let wanted = |record: &Value| record["k"] == "fault" && record["fault"] == fault;
        assert_eq!(tapped.run.wait_for(wanted)["c"], c);
    }
    // The first one has not noticed.
    clients[0].say(json!({ "emit": ["echo", 1], "ack": true }));
    clients[0].expect(|line| line["saw"] == "ack" && line["args"] == json!([1]));
    assert_eq!(
        faults(&tapped),
        [(json!("drop"), json!(2)), (json!("reset"), json!(3))]
    );
    // Without a number it is any that is open: there is one left.
    tapped.run.say(json!({ "fault": "close:4321" }));
    clients[0].expect(|line| line["saw"] == "disconnect" && line["reason"] == "transport close");
    tapped.run.signal("TERM");
    let finished = tapped.run.wait_for_end();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(!finished.stderr.contains("never struck"), "{finished:?}");
}

#[test]
fn what_can_not_act_on_the_named_connection_says_why() {
    let server = Lab::server(Generation::V4, json!({}));
    let tapped = Tapped::before(&server.url(), &["--no-record"]);
    let _clients = ["websocket", "polling"].map(|way| client(&tapped, way));
    tapped.run.say(json!({ "fault": "drop", "c": 7 }));
    tapped.run.wait_for_talk("no connection 7 is open");
    tapped.run.say(json!({ "fault": "no-upgrade", "c": 1 }));
    tapped.run.wait_for_talk("leave \"c\" out");
    tapped.run.say(json!({ "fault": "stall-poll", "c": 1 }));
    tapped.run.wait_for_talk(
        "stall-poll on c1 waits for a connection over polling; the one here is over WebSocket",
    );
    tapped.run.say(json!({ "fault": "close:4000", "c": 2 }));
    tapped
        .run
        .wait_for_talk("close:4000 on c2 waits for a connection over WebSocket");
    // One of the two can be hit: there is nothing to say.
    tapped.run.say(json!({ "fault": "status:502@99" }));
    tapped.run.say(json!({ "mark": "done" }));
    tapped
        .run
        .wait_for(|record| record["k"] == "mark" && record["text"] == "done");
    tapped.run.signal("TERM");
    let finished = tapped.run.wait_for_end();
    assert_eq!(finished.code, Some(2), "two lines were wrong: {finished:?}");
    assert!(
        finished
            .stderr
            .contains("armed and never struck: stall-poll"),
        "{finished:?}"
    );
    for fault in ["close:4000", "status:502@99"] {
        let line = finished
            .stderr
            .lines()
            .find(|line| line.contains("never struck"));
        assert!(
            line.is_some_and(|line| line.contains(fault)),
            "{finished:?}"
        );
    }
    assert!(
        !finished.stderr.contains("status:502@99 waits"),
        "{finished:?}"
    );
    assert_eq!(faults(&tapped), []);
}

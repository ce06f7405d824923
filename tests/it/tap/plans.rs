//! Plans of failures, and faults that are asked for by a line on standard input.

use serde_json::{Value, json};

use super::stage::{Tapped, connection};
use crate::interop::records::all;
use crate::lab::{Client, Generation, Lab, Server, Sioscope};

/// A tap with this plan.
#[track_caller]
fn planned(server: &Server, text: &str) -> Tapped {
    let folder = tempfile::TempDir::new().expect("a folder");
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, text).expect("a plan");
    let plan = plan.display().to_string();
    // It is read before the tap listens.
    Tapped::before(&server.url(), &["--no-record", "--faults", &plan])
}

/// A client that has joined `/` and `/chat`, over one transport.
#[track_caller]
fn client(tapped: &Tapped, way: &str) -> Client {
    let client = Lab::client(
        Generation::V4,
        &tapped.url(),
        json!({
            "namespaces": [{ "nsp": "/" }, { "nsp": "/chat" }],
            "options": { "transports": [way], "reconnection": false },
        }),
    );
    client.expect(|line| line["saw"] == "event" && line["event"] == "hello");
    client.expect(|line| line["saw"] == "connect" && line["nsp"] == "/chat");
    client
}

/// A client that has joined `/` alone.
#[track_caller]
fn in_the_root(tapped: &Tapped, way: &str) -> Client {
    let client = Lab::client(
        Generation::V4,
        &tapped.url(),
        json!({ "options": { "transports": [way], "reconnection": false } }),
    );
    client.expect(|line| line["saw"] == "event" && line["event"] == "hello");
    client
}

fn seen(client: &Client, event: &str) -> Vec<Value> {
    let lines = client.lines();
    let wanted = lines
        .iter()
        .filter(|line| line["saw"] == "event" && line["event"] == event);
    wanted.map(|line| line["args"][0].clone()).collect()
}

/// The rules that acted, and on which connections.
fn acted(records: &[Value]) -> Vec<(Value, Value)> {
    let faults = all(records, |record| record["k"] == "fault");
    let rule = |record: &&Value| (record["rule"].clone(), record["c"].clone());
    faults.iter().map(rule).collect()
}

#[test]
fn a_plan_acts_on_what_it_names() {
    let server = Lab::server(Generation::V4, json!({}));
    let text = "[[rule]]\nname = \"second\"\nfault = \"drop\"\nconnection = 2\nevent = \"echo\"\n";
    let tapped = planned(&server, text);
    let clients: Vec<Client> = (0..2).map(|_| client(&tapped, "websocket")).collect();
    for client in &clients {
        client.say(json!({ "emit": ["echo", 1] }));
    }
    clients[1].expect(|line| line["saw"] == "disconnect" && line["reason"] == "transport close");
    clients[0].expect(|line| line["saw"] == "event" && line["event"] == "echo");
    let fault = tapped.run.wait_for(|record| record["k"] == "fault");
    assert_eq!(
        (&fault["c"], &fault["rule"]),
        (&json!(2), &json!("second")),
        "{fault}"
    );
    assert_eq!(clients[0].finish().code, Some(0));
}

#[test]
fn namespace_event_direction_transport_and_nth_must_all_fit() {
    let server = Lab::server(Generation::V4, json!({}));
    let text = "[[rule]]\nname = \"again\"\nfault = \"duplicate\"\nnamespace = \"/chat\"\n\
                event = \"said\"\ndirection = \"to_client\"\ntransport = \"websocket\"\nnth = 2\n\
                [[rule]]\nname = \"never\"\nfault = \"drop\"\nnamespace = \"/chat\"\n\
                event = \"said\"\ndirection = \"to_server\"\n";
    let tapped = planned(&server, text);
    for way in ["polling", "websocket"] {
        let client = client(&tapped, way);
        for word in ["one", "two", "three"] {
            client.say(json!({ "emit": ["say", "lobby", word], "nsp": "/chat" }));
            client.say(json!({ "emit": ["echo", word] }));
        }
        client.expect(|line| line["event"] == "said" && line["args"][0]["text"] == "three");
        client.expect(|line| line["event"] == "echo" && line["args"][0] == "three");
        assert_eq!(seen(&client, "echo"), ["one", "two", "three"], "{way}");
        let said: Vec<Value> = seen(&client, "said")
            .iter()
            .map(|said| said["text"].clone())
            .collect();
        match way {
            "polling" => assert_eq!(said, ["one", "two", "three"]),
            _ => assert_eq!(said, ["one", "two", "two", "three"]),
        }
        assert_eq!(client.finish().code, Some(0), "{way}");
    }
    let records = tapped.stop();
    assert_eq!(acted(&records), [(json!("again"), json!(2))]);
}

#[test]
fn a_gateway_s_page_in_place_of_a_poll_on_the_connection_that_the_plan_names() {
    let server = Lab::server(Generation::V4, json!({}));
    let text = "[[rule]]\nname = \"gateway\"\nfault = \"status:504@2\"\nrequest = \"post\"\n\
                connection = 2\n";
    let tapped = planned(&server, text);
    // The first post of each joins the namespace.
    let clients: Vec<Client> = (0..2).map(|_| in_the_root(&tapped, "polling")).collect();
    for client in &clients {
        for number in 1..4 {
            client.say(json!({ "emit": ["echo", number] }));
        }
    }
    clients[1].expect(|line| line["saw"] == "disconnect" && line["reason"] == "transport error");
    clients[0].expect(|line| line["event"] == "echo" && line["args"][0] == 3);
    let closed = tapped.run.wait_for(connection(2, "closed"));
    assert_eq!(closed["reason"], "transport error", "{closed}");
    let detail = closed["detail"].as_str().unwrap_or_default();
    assert!(
        detail.contains("xhr post error") && detail.contains("HTTP 504"),
        "{closed}"
    );
    assert_eq!(clients[0].finish().code, Some(0));
    let records = tapped.stop();
    assert_eq!(acted(&records), [(json!("gateway"), json!(2))]);
    // The request that the server never saw is in the session, and who kept it.
    let kept = all(&records, |record| {
        let error = record["error"].as_str().unwrap_or_default();
        record["k"] == "response" && error.contains("a fault kept it from the server")
    });
    assert_eq!(kept.len(), 1, "{kept:#?}");
    let asked = all(&records, |record| {
        record["k"] == "request" && record["x"] == kept[0]["x"] && record["method"] == "POST"
    });
    assert_eq!(asked.len(), 1, "{asked:#?}");
}

#[test]
fn the_same_seed_draws_the_same_and_another_one_does_not() {
    let server = Lab::server(Generation::V4, json!({}));
    let run_with = |seed: u64| {
        let text = format!(
            "seed = {seed}\n[[rule]]\nfault = \"duplicate\"\nevent = \"echo\"\n\
             direction = \"to_client\"\nprobability = 0.4\n"
        );
        let tapped = planned(&server, &text);
        let client = client(&tapped, "websocket");
        for number in 0..24 {
            client.say(json!({ "emit": ["echo", number] }));
        }
        client.say(json!({ "emit": ["whoami"], "ack": true }));
        client.expect(|line| line["saw"] == "ack");
        seen(&client, "echo")
    };
    let first = run_with(7);
    assert!((26..46).contains(&first.len()), "{first:?}");
    assert_eq!(first, run_with(7));
    assert_ne!(first, run_with(8));
}

#[test]
fn a_bad_plan_is_refused_with_line_and_column_before_anything_is_listened_on() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let plan = folder.path().join("plan.toml");
    for (text, told) in [
        (
            "[[rule]]\nfault = \"dorp\"\n",
            "plan.toml:2:9: there is no fault \"dorp\"",
        ),
        (
            "[[rule]]\nfault = \"drop\"\ndirection = \"up\"\n",
            "plan.toml:3:13: ",
        ),
        (
            "[[rule]]\nfault = \"drop\"\n\n[[rule]]\nfault = \"drop\"\nattempt = 2\n",
            "plan.toml:6:1: rule \"rule 2\": a tap can't tell the attempts",
        ),
    ] {
        std::fs::write(&plan, text).expect("a plan");
        let path = plan.display().to_string();
        let finished = Sioscope::run(&["tap", "localhost:1", "--headless", "--faults", &path]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(told), "{told}: {finished:?}");
        assert!(!finished.stderr.contains("listening"), "{finished:?}");
        assert_eq!(finished.stdout, "");
    }
}

#[test]
fn a_fault_is_asked_for_cleared_and_refused_by_lines() {
    let server = Lab::server(Generation::V4, json!({}));
    let tapped = Tapped::before(&server.url(), &["--no-record"]);
    let client = client(&tapped, "websocket");
    tapped.run.say(json!({ "fault": "dorp" }));
    tapped
        .run
        .wait_for_talk("stdin line 1: there is no fault \"dorp\"");
    tapped.run.say(json!({ "fault": "freeze" }));
    tapped.run.wait_for(|record| record["k"] == "fault");
    // What is said into the frozen connection is heard by nobody but the tap ...
    client.say(json!({ "emit": ["echo", "into the ice"], "ack": true }));
    tapped.run.wait_for(|record| {
        let data = record["data"].as_str().unwrap_or_default();
        record["k"] == "frame" && data.contains("into the ice")
    });
    assert!(seen(&client, "echo").is_empty());
    // ... until it thaws.
    tapped.run.say(json!({ "fault": "clear" }));
    client.expect(|line| line["saw"] == "ack" && line["args"][0] == "into the ice");
    assert_eq!(client.finish().code, Some(0));
    let closed = tapped.run.wait_for(connection(1, "closed"));
    assert_eq!(closed["reason"], "io client disconnect", "{closed}");
    tapped.run.signal("TERM");
    let finished = tapped.run.wait_for_end();
    assert_eq!(finished.code, Some(2), "one line was wrong: {finished:?}");
}

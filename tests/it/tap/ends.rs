//! How connections end is told: who ended them, and how.

use serde_json::{Value, json};

use super::stage::{Tapped, connection};
use crate::interop::records::all;
use crate::lab::{Generation, Lab};

const BOTH: [Generation; 2] = [Generation::V2, Generation::V4];

/// A client over one transport through a tap, connected; the closed record after `end`.
fn ended(
    generation: Generation,
    way: &str,
    options: Value,
    end: impl FnOnce(&crate::lab::Server, &crate::lab::Client),
) -> (Value, Vec<Value>) {
    ended_on(generation, way, options, |server, client, _| {
        end(server, client);
    })
}

fn ended_on(
    generation: Generation,
    way: &str,
    options: Value,
    end: impl FnOnce(&crate::lab::Server, &crate::lab::Client, &Tapped),
) -> (Value, Vec<Value>) {
    let server = Lab::server(generation, options);
    let tapped = Tapped::before(&server.url(), &["--no-record"]);
    let client = Lab::client(
        generation,
        &tapped.url(),
        json!({ "options": { "transports": [way], "reconnection": false } }),
    );
    client.expect(|line| line["saw"] == "event" && line["event"] == "hello");
    end(&server, &client, &tapped);
    let closed = tapped.run.wait_for(connection(1, "closed"));
    (closed, tapped.stop())
}

#[track_caller]
fn told(closed: &Value, reason: &str, words: &[&str]) {
    assert_eq!(closed["reason"], reason, "{closed}");
    let detail = closed["detail"].as_str().unwrap_or_default();
    for word in words {
        assert!(detail.contains(word), "{word}: {closed}");
    }
}

#[test]
fn a_killed_server_is_told_over_both_transports() {
    for generation in BOTH {
        let (closed, _) = ended(generation, "websocket", json!({}), |server, client| {
            server.kill();
            client
                .expect(|line| line["saw"] == "disconnect" && line["reason"] == "transport close");
        });
        told(
            &closed,
            "transport close",
            &["the server", "TCP connection", "1006"],
        );
        let (closed, records) = ended(generation, "polling", json!({}), |server, client| {
            server.kill();
            client
                .expect(|line| line["saw"] == "disconnect" && line["reason"] == "transport error");
        });
        told(
            &closed,
            "transport error",
            &["xhr poll error", "the server"],
        );
        let failed = all(&records, |record| {
            record["k"] == "response" && record["error"].is_string()
        });
        assert!(!failed.is_empty(), "{records:#?}");
    }
}

#[test]
fn a_killed_client_is_told_over_both_transports() {
    for generation in BOTH {
        let (closed, _) = ended(generation, "websocket", json!({}), |_, client| {
            client.kill()
        });
        told(
            &closed,
            "transport close",
            &["the client", "TCP connection"],
        );
        let options = json!({});
        let (closed, _) = ended_on(generation, "polling", options, |_, client, tapped| {
            // With a poll under way: without one, a dead client can't be told from a slow one.
            let hello = tapped.run.wait_for(|record| {
                let body = record["body"].as_str().unwrap_or_default();
                record["k"] == "response" && body.contains("hello")
            });
            tapped.run.wait_for(|record| {
                record["k"] == "request"
                    && record["method"] == "GET"
                    && record["x"].as_u64() > hello["x"].as_u64()
            });
            client.kill();
        });
        told(
            &closed,
            "transport close",
            &["the client", "did not come back"],
        );
    }
}

#[test]
fn a_server_that_closes_is_told_with_its_code() {
    let (closed, _) = ended(Generation::V4, "websocket", json!({}), |server, _| {
        server.say(json!({ "do": "ws_close", "code": 4001, "reason": "maintenance" }));
    });
    told(
        &closed,
        "transport close",
        &["the server sent close code 4001: maintenance"],
    );
    let (closed, _) = ended(Generation::V4, "polling", json!({}), |server, _| {
        server.say(json!({ "do": "engine_close" }));
    });
    told(&closed, "transport close", &["closed by the server"]);
}

#[test]
fn a_server_that_resets_resets_the_client_too() {
    let (closed, _) = ended(Generation::V4, "websocket", json!({}), |server, client| {
        server.say(json!({ "do": "kick_tcp" }));
        client.expect(|line| line["saw"] == "disconnect" && line["reason"] == "transport close");
    });
    told(
        &closed,
        "transport close",
        &["the server reset the TCP connection (RST)"],
    );
    let (closed, _) = ended(Generation::V4, "polling", json!({}), |server, client| {
        server.say(json!({ "do": "kick_tcp" }));
        client.expect(|line| line["saw"] == "disconnect" && line["reason"] == "transport error");
    });
    told(&closed, "transport error", &["(RST)"]);
}

#[test]
fn a_kicked_client_and_a_silent_server_are_told_by_the_client_s_reason() {
    for generation in BOTH {
        let (closed, _) = ended(generation, "websocket", json!({}), |server, client| {
            server.say(json!({ "do": "disconnect" }));
            client.expect(|line| line["saw"] == "disconnect");
            client.say(json!({ "disconnect": true }));
            client.say(json!({ "quit": true }));
        });
        told(&closed, "io server disconnect", &["the client"]);
    }
    let quick = json!({ "pingInterval": 300, "pingTimeout": 200 });
    for way in ["websocket", "polling"] {
        let (closed, _) = ended(Generation::V4, way, quick.clone(), |server, client| {
            server.say(json!({ "do": "stop_ping" }));
            client.expect(|line| line["saw"] == "disconnect" && line["reason"] == "ping timeout");
        });
        told(&closed, "ping timeout", &["no ping of the server"]);
    }
}

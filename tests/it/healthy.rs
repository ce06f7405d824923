//! No rule of the diagnosis blames anybody for a healthy session, whoever the server is and
//! however it is reached.

use serde_json::{Value, json};

use crate::interop::records::{ack, event, namespace, transport};
use crate::lab::{Generation, Lab, Server, Sioscope};
use crate::nginx::Verdict;
use crate::nginx::stage::judge;

/// Ways to a server, and whether they end at a WebSocket.
const WAYS: [(&[&str], bool); 3] = [
    (&["--transports", "polling"], false),
    (&["--transports", "websocket"], false),
    (&[], true),
];

/// What people do in a good hour: join, ask, be asked, send binary, leave a namespace and join it
/// again, sit still for some heartbeats, go.
fn good_hour(name: &str, url: &str, args: &[&str], upgrades: bool) {
    let own = ["--no-record", "-n", "/", "-n", "/chat", "-n", "/slow"];
    let run = Sioscope::stream(url, &[&own[..], args].concat());
    for nsp in ["/", "/chat", "/slow"] {
        run.wait_for(namespace(nsp, "connected"));
    }
    if upgrades {
        run.wait_for(transport("websocket", "open"));
    }
    run.say(json!({ "emit": ["echo", "one", { "two": [3, null] }], "ack": true }));
    run.say(json!({ "wait": { "ack": true } }));
    run.say(json!({ "emit": ["echo", { "$binary": "AQIDBA==" }], "ack": true }));
    run.say(json!({ "wait": { "ack": true } }));
    run.wait_for(ack(1));
    run.say(json!({ "emit": ["flood", 5], "ack": true }));
    run.say(json!({ "emit": ["big", 20_000] }));
    run.say(json!({ "emit": ["ask", "who?"] }));
    run.say(json!({ "emit": ["say", "lobby", "hello"], "nsp": "/chat" }));
    run.wait_for(event("big"));
    run.wait_for(event("said"));
    run.say(json!({ "leave": "/slow" }));
    run.wait_for(namespace("/slow", "disconnected"));
    // A server that reads both at once ends the connection: it leaves in the next tick, and takes
    // the join for a second one.
    run.say(json!({ "wait": { "ms": 300 } }));
    run.say(json!({ "join": "/slow" }));
    run.say(json!({ "wait": { "ms": 2_500 } }));
    run.say(json!({ "emit": ["echo", "last"], "ack": true }));
    run.say(json!({ "wait": { "ack": true } }));
    run.wait_for(ack(3));
    let finished = run.finish();
    let records: Vec<Value> = run.records();
    assert_eq!(finished.code, Some(0), "{name} {args:?}: {finished:?}");
    judge(&format!("{name} {args:?}"), &records, Verdict::Sound);
}

/// Pings every second: a session of some seconds has some.
fn heartbeat() -> Value {
    json!({ "pingInterval": 1_000, "pingTimeout": 3_000 })
}

fn every_way(name: &str, server: &Server, more: &[&str]) {
    std::thread::scope(|scope| {
        for (args, upgrades) in WAYS {
            let args = [args, more].concat();
            let url = server.url();
            scope.spawn(move || good_hour(name, &url, &args, upgrades));
        }
    });
}

#[test]
fn no_rule_speaks_on_a_healthy_session_of_any_generation() {
    for generation in Generation::ALL {
        let server = Lab::server(generation, heartbeat());
        let name = format!("generation {}", generation.number());
        every_way(&name, &server, &["--eio", &generation.eio().to_string()]);
    }
}

#[test]
fn no_rule_speaks_on_a_healthy_session_whose_generation_was_found_out() {
    for generation in [Generation::V2, Generation::V4] {
        let server = Lab::server(generation, heartbeat());
        every_way(
            &format!("generation {}, found out", generation.number()),
            &server,
            &[],
        );
    }
}

#[test]
fn no_rule_speaks_on_a_healthy_session_of_an_old_client_at_a_new_server() {
    let mut options = heartbeat();
    options["allowEIO3"] = json!(true);
    let server = Lab::server(Generation::V4, options);
    every_way("allowEIO3", &server, &["--eio", "3"]);
}

#[test]
fn no_rule_speaks_on_a_healthy_session_of_the_python_server() {
    every_way("python", &Server::python(heartbeat()), &[]);
}

#[test]
fn no_rule_speaks_on_a_healthy_session_with_recovery_and_compression() {
    let mut options = heartbeat();
    options["connectionStateRecovery"] = json!({});
    options["perMessageDeflate"] = json!(true);
    options["cookie"] = json!(true);
    every_way("everything on", &Lab::server(Generation::V4, options), &[]);
}

#[test]
fn no_rule_speaks_on_a_healthy_session_of_the_demo_server() {
    let demo = Sioscope::start(&["demo", "--headless", "--listen", "127.0.0.1:0"]);
    let line = demo.wait_for_talk("listening on ");
    let url = line.split("listening on ").nth(1).expect("its address");
    for (args, upgrades) in WAYS {
        for eio in ["3", "4"] {
            let own = ["--no-record", "--eio", eio, "-n", "/", "-n", "/chat"];
            let run = Sioscope::stream(url.trim(), &[&own[..], args].concat());
            run.wait_for(namespace("/", "connected"));
            run.wait_for(namespace("/chat", "connected"));
            if upgrades {
                run.wait_for(transport("websocket", "open"));
            }
            run.say(json!({ "emit": ["echo", "one"], "ack": true }));
            run.say(json!({ "wait": { "ack": true } }));
            run.say(json!({ "emit": ["slow", 300], "ack": true }));
            run.say(json!({ "wait": { "ack": true } }));
            run.say(json!({ "leave": "/chat" }));
            let finished = run.finish();
            assert_eq!(finished.code, Some(0), "demo {eio} {args:?}: {finished:?}");
            judge(
                &format!("demo {eio} {args:?}"),
                &run.records(),
                Verdict::Sound,
            );
        }
    }
}

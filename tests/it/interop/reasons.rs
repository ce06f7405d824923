//! The six disconnect reasons, each made by a real server, and what the client does after each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::records::{all, namespace, state};
use crate::lab::{Generation, Lab, Relay, Server, Sioscope};

/// Small delays, so that what is retried is seen to be.
const SOON: [&str; 7] = [
    "--no-record",
    "--reconnection-delay",
    "10",
    "--reconnection-delay-max",
    "20",
    "--randomization-factor",
    "0",
];

/// Who does what to end the connection.
enum Cause {
    /// A control line of the server.
    Server(Value),
    /// A command line of the client.
    Client(Value),
    /// The network.
    Cut,
}

/// What must follow.
enum After {
    /// A planned attempt, and a connection.
    Back,
    /// No attempt; the run ends with this code.
    Over(i32),
    /// No attempt; the run stays and ends with 0 at the end of input.
    Stays,
}

struct Case {
    transport: &'static str,
    cause: Cause,
    reason: &'static str,
    after: After,
}

fn case(transport: &'static str, cause: Cause, reason: &'static str, after: After) -> Case {
    Case {
        transport,
        cause,
        reason,
        after,
    }
}

#[track_caller]
fn provoke(server: &Server, eio: &str, case: &Case) {
    let relay = Relay::to(server.port());
    let args = [&SOON[..], &["--eio", eio, "--transports", case.transport]].concat();
    let run = Sioscope::stream(&relay.url(), &args);
    run.wait_for(namespace("/", "connected"));
    let name = format!("eio {eio} over {}: {}", case.transport, case.reason);
    match &case.cause {
        Cause::Server(control) => server.say(control.clone()),
        Cause::Client(command) => run.say(command.clone()),
        Cause::Cut => relay.cut(),
    }
    let gone = run.wait_for(namespace("/", "disconnected"));
    assert_eq!(gone["reason"], case.reason, "{name}: {gone}");
    match case.after {
        After::Back => {
            let waiting = run.wait_for(state("connection", "waiting"));
            assert_eq!(
                (&waiting["attempt"], &waiting["delay_ms"]),
                (&json!(1), &json!(10)),
                "{name}"
            );
            let closed = run.wait_for(state("connection", "closed"));
            assert_eq!(closed["reason"], case.reason, "{name}: {closed}");
            assert!(
                closed["detail"].is_string(),
                "{name} says what lies under it: {closed}"
            );
            let back =
                run.wait_for(|record| namespace("/", "connected")(record) && record["c"] == 2);
            assert!(back["sid"].is_string() || eio == "3", "{name}: {back}");
            let finished = run.finish();
            assert_eq!(finished.code, Some(0), "{name}: {finished:?}");
        }
        After::Over(code) => {
            let finished = run.wait_for_end();
            assert_eq!(finished.code, Some(code), "{name}: {finished:?}");
            not_retried(&run, &name);
        }
        After::Stays => {
            run.say(json!({ "wait": { "ms": 50 } }));
            let finished = run.finish();
            assert_eq!(finished.code, Some(0), "{name}: {finished:?}");
            not_retried(&run, &name);
        }
    }
}

#[track_caller]
fn not_retried(run: &Sioscope, name: &str) {
    let records = run.records();
    assert!(
        all(&records, state("connection", "waiting")).is_empty(),
        "{name}: {records:#?}"
    );
}

/// The causes that every server knows.
fn cases(transport: &'static str) -> Vec<Case> {
    use After::{Back, Over, Stays};
    use Cause::{Client, Cut};
    let server = Cause::Server;
    let mut cases = vec![
        case(
            transport,
            server(json!({ "do": "disconnect" })),
            "io server disconnect",
            Over(4),
        ),
        case(
            transport,
            server(json!({ "do": "disconnect_close" })),
            "io server disconnect",
            Over(4),
        ),
        case(
            transport,
            Client(json!({ "disconnect": true })),
            "io client disconnect",
            Stays,
        ),
        case(
            transport,
            Client(json!({ "leave": "/" })),
            "io client disconnect",
            Stays,
        ),
        case(
            transport,
            server(json!({ "do": "engine_close" })),
            "transport close",
            Back,
        ),
        case(
            transport,
            server(json!({ "do": "stop_ping" })),
            "ping timeout",
            Back,
        ),
        case(
            transport,
            server(json!({ "do": "send_raw", "text": "2[\"broken" })),
            "parse error",
            Back,
        ),
    ];
    if transport == "websocket" {
        cases.extend([
            case(
                transport,
                server(json!({ "do": "ws_close", "code": 1013, "reason": "later" })),
                "transport close",
                Back,
            ),
            case(transport, Cut, "transport close", Back),
            case(
                transport,
                server(json!({ "do": "kick_tcp" })),
                "transport close",
                Back,
            ),
        ]);
    } else {
        // The server waits for the poll: between two polls there is nothing that could be cut.
        cases.push(case(
            transport,
            server(json!({ "do": "kick_tcp" })),
            "transport error",
            Back,
        ));
        cases.push(case(
            transport,
            server(json!({ "do": "kick_tcp", "how": "fin" })),
            "transport error",
            Back,
        ));
    }
    cases
}

#[track_caller]
fn provoke_all(server: &Server, eio: &str, cases: &[Case]) {
    for case in cases {
        provoke(server, eio, case);
    }
    let reasons: BTreeSet<_> = cases.iter().map(|case| case.reason).collect();
    assert!(reasons.len() >= 5, "{reasons:?}");
}

fn short_heartbeat(generation: Generation) -> Server {
    Lab::server(
        generation,
        json!({ "pingInterval": 300, "pingTimeout": 200 }),
    )
}

#[test]
fn each_reason_over_websocket_has_its_rule_in_generation_4() {
    provoke_all(&short_heartbeat(Generation::V4), "4", &cases("websocket"));
}

#[test]
fn each_reason_over_polling_has_its_rule_in_generation_4() {
    provoke_all(&short_heartbeat(Generation::V4), "4", &cases("polling"));
}

#[test]
fn each_reason_over_websocket_has_its_rule_in_generation_2() {
    provoke_all(&short_heartbeat(Generation::V2), "3", &cases("websocket"));
}

#[test]
fn each_reason_over_polling_has_its_rule_in_generation_2() {
    provoke_all(&short_heartbeat(Generation::V2), "3", &cases("polling"));
}

#[test]
fn a_poll_that_is_cut_is_recorded_as_its_own_failure_and_the_server_sees_it_once() {
    for (generation, eio) in [(Generation::V2, "3"), (Generation::V4, "4")] {
        for how in ["fin", "rst"] {
            let server = Lab::server(generation, json!({ "requests": true }));
            let run = Sioscope::stream(
                &server.url(),
                &[
                    "--no-record",
                    "--no-reconnect",
                    "--transports",
                    "polling",
                    "--eio",
                    eio,
                ],
            );
            run.wait_for(namespace("/", "connected"));
            server.say(json!({ "do": "kick_tcp", "how": how }));
            let closed = run.wait_for(state("connection", "closed"));
            let name = format!("{how} by generation {eio}: {closed}");
            assert_eq!(closed["reason"], "transport error", "{name}");
            let detail = closed["detail"].as_str().expect("a detail");
            assert!(detail.contains("xhr poll error"), "{name}");
            let finished = run.wait_for_end();
            assert_eq!(finished.code, Some(4), "{name} {finished:?}");
            let records = run.records();
            let sent = all(&records, |record| record["k"] == "request");
            let failed = all(&records, |record| {
                record["k"] == "response" && record["error"].is_string()
            });
            assert_eq!(failed.len(), 1, "{name}: {failed:#?}");
            assert!(failed.iter().all(|response| {
                response["status"].as_u64().unwrap_or(0) == 0
                    && Some(&response["x"]) == sent.last().map(|request| &request["x"])
            }));
            assert!(
                !all(&records, |record| record["k"] == "response")
                    .iter()
                    .any(|response| response["status"] == 400),
                "{name}: {records:#?}"
            );
            let seen = server.lines();
            let seen = seen.iter().filter(|line| line["saw"] == "request").count();
            assert_eq!(seen, sent.len(), "{name}: {:#?}", server.lines());
        }
    }
}

#[test]
fn a_close_code_is_told_with_its_words() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(
        &server.url(),
        &["--no-record", "--no-reconnect", "--transports", "websocket"],
    );
    run.wait_for(namespace("/", "connected"));
    server.say(json!({ "do": "ws_close", "code": 1013, "reason": "later" }));
    let closed = run.wait_for(state("connection", "closed"));
    let detail = closed["detail"].as_str().expect("a detail");
    assert!(
        detail.contains("1013") && detail.contains("later"),
        "{closed}"
    );
    let frame = run.wait_for(|record| record["op"] == "close" && record["dir"] == "to_client");
    assert_eq!(
        (&frame["code"], &frame["reason"]),
        (&json!(1013), &json!("later"))
    );
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert!(finished.stderr.contains("1013"), "{finished:?}");
}

#[test]
fn a_server_that_is_killed_is_a_transport_error_while_polling_and_its_successor_is_found() {
    let first = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(
        &first.url(),
        &[&SOON[..], &["--transports", "polling"]].concat(),
    );
    run.wait_for(namespace("/", "connected"));
    let port = first.port();
    first.kill();
    let closed = run.wait_for(state("connection", "closed"));
    assert_eq!(closed["reason"], "transport error", "{closed}");
    let _second = Lab::server(Generation::V4, json!({ "port": port }));
    run.wait_for(|record| {
        namespace("/", "connected")(record) && record["c"].as_u64().is_some_and(|c| c > 1)
    });
    assert_eq!(run.finish().code, Some(0));
}

#[test]
fn a_message_that_is_too_large_for_the_server_is_a_transport_error_with_its_status() {
    let server = Lab::server(Generation::V4, json!({ "maxHttpBufferSize": 1000 }));
    let run = Sioscope::stream(
        &server.url(),
        &[&SOON[..], &["--transports", "polling"]].concat(),
    );
    run.wait_for(namespace("/", "connected"));
    run.say(json!({ "emit": ["echo", "x".repeat(5000)] }));
    let closed = run.wait_for(state("connection", "closed"));
    assert_eq!(closed["reason"], "transport error", "{closed}");
    assert!(
        closed["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("413")),
        "{closed}"
    );
    run.wait_for(state("connection", "waiting"));
    run.wait_for(|record| namespace("/", "connected")(record) && record["c"] == 2);
    assert_eq!(run.finish().code, Some(0));
}

#[test]
fn a_namespace_that_the_server_ends_stays_away_while_another_lives_on() {
    for (generation, eio) in [(Generation::V2, "3"), (Generation::V4, "4")] {
        let server = Lab::server(generation, json!({}));
        let run = Sioscope::stream(
            &server.url(),
            &[&SOON[..], &["--eio", eio, "-n", "/", "-n", "/chat"]].concat(),
        );
        run.wait_for(namespace("/chat", "connected"));
        run.wait_for(namespace("/", "connected"));
        server.say(json!({ "do": "disconnect", "nsp": "/chat" }));
        let gone = run.wait_for(namespace("/chat", "disconnected"));
        assert_eq!(gone["reason"], "io server disconnect");
        run.say(json!({ "emit": ["echo", 1], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let records = run.records();
        assert_eq!(all(&records, namespace("/chat", "connected")).len(), 1);
        assert_eq!(all(&records, state("connection", "open")).len(), 1);
    }
}

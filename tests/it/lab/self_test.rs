//! The lab tested with its own parts, so that a failure of the program can't be the lab's.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::program::Program;
use super::{Client, Generation, Lab, PATIENCE, Relay, Server, Sioscope};

/// The whole answer to `GET path`, head and body.
fn get(port: u16, path: &str) -> String {
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    tcp.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    write!(
        tcp,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    )
    .expect("the request is taken");
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).expect("the answer ends");
    String::from_utf8_lossy(&answer).into_owned()
}

/// An event of this name.
fn event(name: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["saw"] == "event" && line["event"] == name
}

/// Unicode, several arguments, none, and binary on the top level and nested: each comes back as
/// an ack and as an event; then the server asks and is answered.
#[track_caller]
fn work_through(client: &Client) {
    let cases = [
        json!(["grüße 🎉", [1, 2.5], { "a": null }]),
        json!([]),
        json!([{ "$binary": "AAEC" }, { "deep": [{ "$binary": "/w==" }] }]),
    ];
    client.say(json!({ "wait": { "namespace": "/" } }));
    for case in &cases {
        let mut emit = vec![json!("echo")];
        emit.extend(
            case.as_array()
                .expect("a list of arguments")
                .iter()
                .cloned(),
        );
        client.say(json!({ "emit": emit, "ack": true }));
        client.say(json!({ "wait": { "ack": true } }));
    }
    client.say(json!({ "emit": ["ask", "how are you?"] }));
    client.say(json!({ "wait": { "event": "ask" } }));
    client.say(json!({ "answer": ["well", 7] }));
    client.say(json!({ "wait": { "event": "answered" } }));
    for case in &cases {
        client.expect(|line| line["saw"] == "ack" && line["args"] == *case);
        client.expect(|line| event("echo")(line) && line["args"] == *case);
    }
    client.expect(|line| event("answered")(line) && line["args"] == json!(["well", 7]));
    assert_eq!(client.finish().code, Some(0));
}

#[test]
fn every_generation_answers_a_handshake() {
    for generation in Generation::ALL {
        let server = Lab::server(generation, json!({ "pingInterval": 1234 }));
        let answer = get(
            server.port(),
            &format!(
                "/socket.io/?EIO={}&transport=polling&b64=1",
                generation.eio()
            ),
        );
        assert!(
            answer.starts_with("HTTP/1.1 200 OK"),
            "{generation:?}: {answer}"
        );
        assert!(
            answer.contains(r#""pingInterval":1234"#),
            "{generation:?}: {answer}"
        );
        // The older protocol puts a packet's length before it.
        let framed = answer.contains("0{\"sid\"") && !answer.contains("\r\n0{\"sid\"");
        let chunked = answer.to_lowercase().contains("transfer-encoding");
        assert!(
            chunked || framed == (generation.eio() == 3),
            "{generation:?}: {answer}"
        );
    }
}

#[test]
fn the_python_server_answers_a_handshake() {
    let server = Server::python(json!({ "pingInterval": 3000 }));
    let answer = get(server.port(), "/socket.io/?EIO=4&transport=polling");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains(r#""pingInterval":3000"#),
        "{answer}"
    );
}

#[test]
fn the_official_client_of_each_generation_works_through_each_transport() {
    for generation in Generation::ALL {
        for transports in [
            json!(["websocket"]),
            json!(["polling"]),
            json!(["polling", "websocket"]),
        ] {
            let server = Lab::server(generation, json!({}));
            work_through(&Lab::client(
                generation,
                &server.url(),
                json!({ "options": { "transports": transports } }),
            ));
        }
    }
}

#[test]
fn the_official_client_works_with_the_python_server() {
    let server = Server::python(json!({}));
    work_through(&Lab::client(Generation::V4, &server.url(), json!({})));
}

#[test]
fn the_msgpack_parser_is_there_for_servers_and_clients() {
    for generation in [Generation::V2, Generation::V4] {
        let server = Lab::server(generation, json!({ "parser": "msgpack" }));
        work_through(&Lab::client(
            generation,
            &server.url(),
            json!({ "parser": "msgpack" }),
        ));
    }
    let server = Server::python(json!({ "parser": "msgpack" }));
    work_through(&Lab::client(
        Generation::V4,
        &server.url(),
        json!({ "parser": "msgpack" }),
    ));
}

#[test]
fn a_server_of_generation_4_serves_clients_of_generation_2_when_it_allows_them() {
    let server = Lab::server(Generation::V4, json!({ "allowEIO3": true }));
    work_through(&Lab::client(Generation::V2, &server.url(), json!({})));
    server.expect(|line| line["saw"] == "engine" && line["protocol"] == 3);
}

#[test]
fn the_admin_namespace_wants_its_token_in_every_generation() {
    for generation in Generation::ALL {
        let server = Lab::server(generation, json!({}));
        let client = Lab::client(generation, &server.url(), json!({}));
        client.say(json!({ "join": "/admin" }));
        let refusal =
            client.expect(|line| line["saw"] == "connect_error" && line["nsp"] == "/admin");
        assert_eq!(refusal["message"], "authentication error", "{generation:?}");
        let with_data = matches!(generation, Generation::V3 | Generation::V4);
        assert_eq!(
            refusal["data"]["code"] == 401,
            with_data,
            "{generation:?}: {refusal}"
        );
        client.say(json!({ "join": "/admin", "auth": { "token": "letmein" } }));
        client.expect(|line| line["saw"] == "connect" && line["nsp"] == "/admin");
        assert_eq!(client.finish().code, Some(0));
    }
}

/// A control line's effect, as the official client of a generation tells it.
#[track_caller]
fn provoke(generation: Generation, transport: &str, control: Value, reason: &str) {
    // Fast heartbeats only where one is missed on purpose: elsewhere they would race with it.
    let options = if control["do"] == "stop_ping" {
        json!({ "pingInterval": 500, "pingTimeout": 500 })
    } else {
        json!({})
    };
    provoke_at(
        &Lab::server(generation, options),
        generation,
        transport,
        control,
        reason,
    );
}

#[track_caller]
fn provoke_at(
    server: &Server,
    generation: Generation,
    transport: &str,
    control: Value,
    reason: &str,
) {
    let options = json!({ "options": { "transports": [transport], "reconnection": false } });
    let client = Lab::client(generation, &server.url(), options);
    client.expect(event("hello"));
    eprintln!("{generation:?} over {transport}: {control}"); // shown when what follows fails
    server.say(control);
    let line = client.expect(|line| line["saw"] == "disconnect");
    assert_eq!(line["reason"], reason);
}

#[test]
fn each_control_ends_a_websocket_for_its_own_reason() {
    for generation in Generation::ALL {
        for (control, reason) in [
            (json!({ "do": "disconnect" }), "io server disconnect"),
            (json!({ "do": "stop_ping" }), "ping timeout"),
            (json!({ "do": "engine_close" }), "transport close"),
            (json!({ "do": "kick_tcp" }), "transport close"),
            (json!({ "do": "kick_tcp", "how": "fin" }), "transport close"),
            (
                json!({ "do": "ws_close", "code": 4001, "reason": "later" }),
                "transport close",
            ),
            (
                json!({ "do": "send_raw", "frame": "\u{1}nonsense" }),
                "transport error",
            ),
        ] {
            provoke(generation, "websocket", control, reason);
        }
    }
    // Older clients throw an error that nobody can catch.
    provoke(
        Generation::V4,
        "websocket",
        json!({ "do": "send_raw", "text": "2[\"broken" }),
        "parse error",
    );
}

#[test]
fn each_control_ends_polling_for_its_own_reason() {
    for generation in Generation::ALL {
        for (control, reason) in [
            (json!({ "do": "disconnect" }), "io server disconnect"),
            (json!({ "do": "stop_ping" }), "ping timeout"),
            (json!({ "do": "engine_close" }), "transport close"),
            (json!({ "do": "kick_tcp" }), "transport error"),
            (
                json!({ "do": "send_raw", "frame": "\u{1}nonsense" }),
                "transport error",
            ),
        ] {
            provoke(generation, "polling", control, reason);
        }
    }
}

#[test]
fn each_control_of_the_python_server_ends_a_connection_for_its_own_reason() {
    let server = Server::python(json!({ "pingInterval": 1000, "pingTimeout": 1000 }));
    for (control, reason) in [
        (json!({ "do": "disconnect" }), "io server disconnect"),
        (json!({ "do": "kick_tcp" }), "transport close"),
        (
            json!({ "do": "send_raw", "text": "2[\"broken" }),
            "parse error",
        ),
        (
            json!({ "do": "ws_close", "code": 1013, "reason": "later" }),
            "transport close",
        ),
        (json!({ "do": "stop_ping" }), "ping timeout"),
    ] {
        provoke_at(&server, Generation::V4, "websocket", control, reason);
    }
}

#[test]
fn the_server_emits_asks_and_tells_what_it_sees() {
    let server = Lab::server(Generation::V4, json!({ "packets": true, "requests": true }));
    let client = Lab::client(
        Generation::V4,
        &server.url(),
        json!({ "namespaces": [{ "nsp": "/chat" }] }),
    );
    let joined = server.expect_next(|line| line["saw"] == "connection" && line["nsp"] == "/chat");
    server.say(json!({ "do": "emit", "nsp": "/chat", "room": "lobby", "event": "news", "args": [1, { "$binary": "AA==" }] }));
    client.expect(|line| event("news")(line) && line["args"] == json!([1, { "$binary": "AA==" }]));
    server.say(json!({ "do": "ask", "nsp": "/chat", "event": "question", "args": ["why?"] }));
    client.say(json!({ "wait": { "event": "question" } }));
    client.say(json!({ "answer": ["because"], "nsp": "/chat", "id": 0 }));
    let answer = server.expect_next(|line| line["saw"] == "answer");
    assert_eq!(
        (&answer["args"], &answer["sid"]),
        (&json!(["because"]), &joined["sid"])
    );
    assert!(
        server
            .lines()
            .iter()
            .any(|line| line["saw"] == "request" && line["method"] == "GET")
    );
    assert!(
        server
            .lines()
            .iter()
            .any(|line| line["saw"] == "packet" && line["data"] == "3/chat,0[\"because\"]")
    );
    assert_eq!(client.finish().code, Some(0));
    server.expect(|line| {
        line["saw"] == "disconnect" && line["reason"] == "client namespace disconnect"
    });
}

#[test]
fn connection_state_recovery_brings_back_what_was_missed() {
    let server = Lab::server(
        Generation::V4,
        json!({ "connectionStateRecovery": { "maxDisconnectionDuration": 60_000 } }),
    );
    let relay = Relay::to(server.port());
    let options = json!({ "options": { "transports": ["websocket"], "reconnectionDelay": 50, "randomizationFactor": 0 } });
    let client = Lab::client(Generation::V4, &relay.url(), options);
    client.expect(event("hello"));
    let wires = relay.wait_until(|wires| {
        wires
            .first()
            .is_some_and(|wire| wire.to_client.ends_with(b"\"]"))
    });
    assert!(
        wires[0]
            .to_server
            .starts_with(b"GET /socket.io/?EIO=4&transport=websocket")
    );
    relay.cut();
    client.expect(|line| line["saw"] == "disconnect" && line["reason"] == "transport close");
    client.expect(|line| line["saw"] == "connect" && line["recovered"] == true);
    server.expect(|line| line["saw"] == "connection" && line["recovered"] == true);
}

#[test]
fn a_stalled_relay_is_silence_and_a_resumed_one_brings_everything() {
    let server = Lab::server(Generation::V4, json!({}));
    let relay = Relay::to(server.port());
    let client = Lab::client(
        Generation::V4,
        &relay.url(),
        json!({ "options": { "transports": ["websocket"] } }),
    );
    client.expect(event("hello"));
    let before = relay.wires()[0].to_client.len();
    relay.stall();
    server.say(json!({ "do": "emit", "event": "late" }));
    assert_eq!(relay.wires()[0].to_client.len(), before);
    relay.resume();
    client.expect(event("late"));
}

#[test]
fn a_server_can_stop_listening_and_listen_again_on_its_port() {
    let server = Lab::server(Generation::V4, json!({}));
    server.say(json!({ "do": "stop_listening" }));
    server.expect(|line| line["saw"] == "stopped");
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
    server.say(json!({ "do": "listen" }));
    assert!(get(server.port(), "/socket.io/?EIO=4&transport=polling").contains("200 OK"));
}

#[test]
fn servers_end_when_their_standard_input_closes() {
    assert_eq!(Lab::server(Generation::V4, json!({})).hang_up(), Some(0));
    assert_eq!(Server::python(json!({})).hang_up(), Some(0));
}

#[test]
fn a_killed_server_no_longer_listens() {
    let server = Lab::server(Generation::V1, json!({}));
    server.kill();
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
}

#[test]
fn a_client_that_waits_in_vain_ends_with_1() {
    let server = Lab::server(Generation::V4, json!({}));
    let client = Lab::client(Generation::V4, &server.url(), json!({}));
    client.say(json!({ "wait": { "event": "never", "timeout_ms": 50 } }));
    assert_eq!(client.finish().code, Some(1));
    assert!(client.lines().iter().any(|line| {
        line["error"]
            .as_str()
            .is_some_and(|text| text.starts_with("waited in vain"))
    }));
}

#[test]
#[should_panic(expected = "unknown command")]
fn a_control_that_does_not_exist_is_a_failure() {
    Lab::server(Generation::V4, json!({})).say(json!({ "do": "fly" }));
}

#[test]
#[should_panic(expected = "run ./tests/install first")]
fn a_missing_tool_is_a_failure_that_names_the_remedy() {
    Program::start("the server", Command::new("a-tool-that-nobody-has"));
}

#[test]
fn a_program_that_ended_leaves_its_exit_code_and_all_that_it_said() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo data; echo talk >&2; exit 3"]);
    let program = Program::start("a short program", command);
    assert_eq!(program.wait_for_talk("ta"), "talk");
    let finished = program.finish();
    assert_eq!(
        (finished.code, &*finished.stdout, &*finished.stderr),
        (Some(3), "data\n", "talk\n")
    );
}

#[test]
#[should_panic(expected = "{\"said\":1}")]
fn who_waits_in_vain_sees_all_that_was_said() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo '{\"said\":1}'; cat"]);
    let program =
        Program::start("a quiet program", command).with_patience(Duration::from_millis(300));
    program.wait_from(0, |line| line["said"] == 2);
}

#[test]
fn the_built_program_runs_with_a_home_of_its_own() {
    let finished = Sioscope::run(&["--version"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

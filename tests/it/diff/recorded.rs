//! What differs, as JSON.

use serde_json::json;

use super::{Folder, diff, talk};
use crate::lab::{Generation, Lab, Nginx, Site};

#[test]
fn the_same_twice_is_equal_in_each_generation_and_over_each_transport() {
    let folder = Folder::new();
    for generation in [Generation::V2, Generation::V4] {
        for transports in ["polling,websocket", "polling", "websocket"] {
            let eio = generation.eio().to_string();
            let args = ["--eio", &eio, "--transports", transports];
            // Two servers: ids, ports and times differ.
            let [a, b] = ["a", "b"].map(|name| {
                let server = Lab::server(generation, json!({}));
                let mut commands = talk();
                // It tells over which transport it was asked, and that is chance while upgrading.
                commands.truncate(8);
                folder.record(name, &server.url(), &args, &commands)
            });
            diff(&a, &b, &[]).is_equal();
        }
    }
}

#[test]
fn a_changed_reply_is_named_first_with_both_records() {
    let folder = Folder::new();
    let server = Lab::server(Generation::V4, json!({}));
    // The server tells in a reply what it was asked with.
    let [a, b] = ["one", "two"].map(|stage| {
        let header = format!("X-Stage: {stage}");
        let args = ["-H", &header, "--transports", "websocket"];
        folder.record(stage, &server.url(), &args, &talk())
    });
    let said = diff(&a, &b, &[]);
    let first = said.first();
    assert_eq!(said.about(), ["reply", "headers"]);
    assert_eq!(
        first["why"],
        "the reply to \"whoami\" differs: [0].headers.x-stage is \"one\" in A and \"two\" in B"
    );
    for (side, stage) in [("a", "one"), ("b", "two")] {
        let record = &first[side];
        assert_eq!(record["type"], "ack");
        assert_eq!(record["nsp"], "/");
        assert_eq!(record["dir"], "to_client");
        assert_eq!(record["data"][0]["headers"]["x-stage"], stage);
        assert!(
            record["n"].is_u64() && record["t"].is_f64() && record["c"] == 1,
            "{record}"
        );
    }
    // The path that it proposes masks it.
    let mask = first["mask"].as_str().expect("a path");
    assert_eq!(mask, "reply:whoami[0].headers.x-stage");
    let masked = diff(&a, &b, &["--mask", mask]);
    assert_eq!(masked.about(), ["headers"]);
    diff(&a, &b, &["--mask", "$..x-stage", "--ignore", "headers"]).is_equal();
}

/// nginx before a server, with further lines of its location.
fn before(port: u16, lines: &str) -> Site {
    Site {
        http: String::new(),
        server: format!("location / {{ proxy_pass http://127.0.0.1:{port}; {lines} }}"),
    }
}

#[test]
fn behind_nginx_only_its_headers_differ_and_without_its_upgrade_that() {
    let folder = Folder::new();
    let server = Lab::server(Generation::V4, json!({}));
    let mut commands = talk();
    commands.truncate(8);
    commands.push(json!({ "wait": { "ms": 600 } })); // the upgrade is over, one way or the other
    let passes = Nginx::start(&before(
        server.port(),
        "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";",
    ));
    let keeps = Nginx::start(&before(server.port(), ""));
    let direct = folder.record("direct", &server.url(), &[], &commands);
    let through = folder.record("through", &passes.url(), &[], &commands);
    let stuck = folder.record("stuck", &keeps.url(), &[], &commands);

    let said = diff(&direct, &through, &[]);
    let why = said.first()["why"].as_str().expect("words");
    assert!(
        why.starts_with("headers of the handshake response: "),
        "{why}"
    );
    assert!(why.contains("server is missing in A and \"nginx/"), "{why}");
    assert!(
        said.about().iter().all(|about| *about == "headers"),
        "{}",
        said.object
    );
    diff(&direct, &through, &["--ignore", "headers"]).is_equal();

    let said = diff(&direct, &stuck, &["--ignore", "headers"]);
    let first = said.first();
    assert_eq!(said.about(), ["upgrade"]);
    assert_eq!(first["a"]["upgrade"], "upgraded to WebSocket");
    assert_eq!(first["b"]["upgrade"], "the upgrade to WebSocket failed");
    let why = first["why"].as_str().expect("words");
    assert!(why.contains("HTTP 400"), "{why}");
}

#[cfg(feature = "driver-rust-socketio")]
#[test]
fn rust_socketio_says_and_hears_what_our_client_does_with_other_headers() {
    let folder = Folder::new();
    let server = Lab::server(Generation::V4, json!({}));
    let commands: Vec<serde_json::Value> = talk().into_iter().take(8).collect();
    let native = folder.record("native", &server.url(), &[], &commands);
    let args = ["--driver", "rust_socketio"];
    let library = folder.record("library", &server.url(), &args, &commands);
    let said = diff(&native, &library, &[]);
    let why = said.first()["why"].as_str().expect("words");
    assert_eq!(said.about(), ["headers"], "{}", said.object);
    assert!(why.contains("user-agent is \"sioscope/"), "{why}");
    diff(&native, &library, &["--ignore", "headers"]).is_equal();
}

#[test]
fn a_refusal_a_lost_connection_and_a_server_that_is_gone_come_first() {
    let folder = Folder::new();
    let server = Lab::server(Generation::V4, json!({}));
    let join = |token: &str, state: &str| {
        let nsp = format!("/admin={{\"token\":\"{token}\"}}");
        let args = ["-n", "/", "-n", &nsp, "--transports", "websocket"];
        folder.record(
            state,
            &server.url(),
            &args,
            &[json!({ "wait": { "ms": 300 } })],
        )
    };
    let (welcome, refused) = (join("letmein", "welcome"), join("wrong", "refused"));
    let said = diff(&welcome, &refused, &[]);
    let first = said.first();
    assert_eq!(first["about"], "refused");
    assert_eq!(
        first["why"],
        "/admin let A in and refused B: \"authentication error\""
    );
    // No token is told, neither the right nor the wrong one.
    let text = said.object.to_string();
    assert!(
        !text.contains("letmein") && !text.contains("\"wrong\""),
        "{text}"
    );

    let kicked = folder.record(
        "kicked",
        &server.url(),
        &["--transports", "websocket"],
        &[
            json!({ "wait": { "event": "hello" } }),
            json!({ "emit": ["kick-close"] }),
            json!({ "wait": { "ms": 2000 } }), // the door is shut long before
        ],
    );
    let said = diff(&kicked, &kicked, &[]);
    said.is_equal();
    let url = server.url();
    drop(server);
    let stayed = &welcome;
    let said = diff(stayed, &kicked, &[]);
    assert_eq!(said.first()["about"], "ended");

    let file = folder.0.path().join("gone.sio.jsonl");
    let path = file.to_str().expect("a path of text");
    let gone = crate::lab::Sioscope::run(&[
        "stream",
        &url,
        "--no-reconnect",
        "--quiet",
        "--record",
        path,
    ]);
    assert_eq!(gone.code, Some(3), "{gone:?}");
    let said = diff(stayed, &file, &[]);
    assert_eq!(said.about(), ["reached"]);
    let why = said.first()["why"].as_str().expect("words");
    assert!(
        why.starts_with("B never got a connection, and A did: "),
        "{why}"
    );
}

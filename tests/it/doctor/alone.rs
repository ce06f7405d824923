//! Faults of the server itself and of how it is asked, without anything between.

use serde_json::json;

use super::doctor;
use crate::lab::{Generation, Lab, Server, Sioscope, free_port};

#[test]
fn a_port_on_which_nobody_listens_and_a_host_that_is_none_are_not_reached() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let refused = doctor(&[&url]);
    refused.finds(3, &["refused-connection"]);
    refused.says("tcp", "fail", &["refused"]);
    refused.says("path", "skipped", &["not reached"]);

    let unknown = doctor(&["http://no-such-host.invalid:3000"]);
    unknown.finds(3, &["dns-failure"]);
    unknown.says("dns", "fail", &["no-such-host.invalid"]);
}

#[test]
fn mistakes_in_the_options_are_told_before_anything_is_sent() {
    let url = "http://h.test";
    for (args, word) in [
        (&["doctor", url, "--idle=soon"][..], "--idle"),
        (&["doctor", url, "--idle=0"], "a time above 0"),
        (&["doctor", url, "--idle=0ms"], "a time above 0"),
        (
            &["doctor", url, "--faults", "plan.toml"],
            "--faults: doctor",
        ),
        (
            &["doctor", url, "--driver", "rust_socketio"],
            "--driver rust_socketio: doctor",
        ),
        (
            &["doctor", "/no/such/session.jsonl"],
            "/no/such/session.jsonl",
        ),
        (&["doctor", "ftp://h.test"], "ftp"),
        (&["doctor"], "URL|FILE"),
    ] {
        let finished = Sioscope::run(args);
        assert_eq!(finished.code, Some(2), "{args:?}: {finished:?}");
        assert!(finished.stdout.is_empty(), "{args:?}: {finished:?}");
        assert!(finished.stderr.contains(word), "{args:?}: {finished:?}");
    }
}

#[test]
fn a_wrong_path_is_told_with_the_right_one_and_the_rest_is_checked_there() {
    let server = Lab::server(Generation::V4, json!({}));
    let examined = doctor(&[&server.url(), "--path", "/ws"]);
    examined.finds(1, &["wrong-path"]);
    examined.says("path", "fail", &["/socket.io/"]);
    examined.says("upgrade", "ok", &[]);
    examined.says("namespaces", "ok", &["/ joined"]);
    assert!(examined.fix("wrong-path").contains("--path /socket.io"));
}

#[test]
fn a_server_that_is_nowhere_is_told_with_what_answers_instead() {
    let server = Lab::server(Generation::V4, json!({ "path": "/elsewhere" }));
    let examined = doctor(&[&server.url()]);
    examined.finds(1, &["wrong-path"]);
    examined.says("path", "fail", &["404", "nothing but Socket.IO here"]);
    examined.says("upgrade", "skipped", &[]);
}

#[test]
fn generations_that_do_not_fit_are_told_both_ways() {
    let newer = Lab::server(Generation::V4, json!({}));
    let examined = doctor(&[&newer.url(), "--eio", "3"]);
    examined.finds(1, &["generation-mismatch"]);
    examined.says("generation", "fail", &["code 5"]);
    assert!(examined.fix("generation-mismatch").contains("allowEIO3"));

    let older = Lab::server(Generation::V2, json!({}));
    let examined = doctor(&[&older.url(), "--eio", "4"]);
    examined.finds(1, &["generation-mismatch"]);
    examined.says("generation", "fail", &["Socket.IO 2"]);
    examined.says("websocket", "skipped", &[]);
}

#[test]
fn a_refused_namespace_is_told_with_its_message_and_auth_lets_in() {
    let server = Lab::server(Generation::V4, json!({}));
    let without = doctor(&[&server.url(), "-n", "/admin"]);
    without.finds(1, &["namespace-refused"]);
    without.says(
        "namespaces",
        "fail",
        &["/admin refused: “authentication error”"],
    );
    without.says("auth", "skipped", &[]);

    let wrong = doctor(&[&server.url(), "-n", r#"/admin={"token":"no"}"#]);
    wrong.finds(1, &["namespace-refused"]);
    wrong.says("auth", "fail", &["/admin"]);

    let right = doctor(&[
        &server.url(),
        "-n",
        "/",
        "-n",
        r#"/admin={"token":"letmein"}"#,
    ]);
    right.is_sound();
    right.says("auth", "ok", &["/admin let us in"]);
}

#[test]
fn an_unknown_namespace_is_told_once_and_as_stream_tells_it() {
    for generation in [Generation::V2, Generation::V4] {
        let server = Lab::server(generation, json!({}));
        let named = doctor(&[&server.url(), "-n", "/nowhere"]);
        named.finds(1, &["unknown-namespace"]);
        named.says(
            "namespaces",
            "fail",
            &["/nowhere refused", "Invalid namespace"],
        );

        let url = format!("{}/nowhere", server.url());
        let of_path = doctor(&[&url]);
        of_path.finds(1, &["path-meant-as-namespace"]);
        let run = Sioscope::stream(&url, &["--for", "2s"]);
        let told = run.wait_for(|record| record["rule"] == "path-meant-as-namespace");
        assert_eq!(
            of_path.of_findings("title"),
            [told["title"].as_str().unwrap()]
        );
        assert_eq!(of_path.of_findings("fix"), [told["fix"].as_str().unwrap()]);
    }
}

#[test]
fn each_refused_namespace_has_a_finding_and_a_fix_of_its_own() {
    for generation in [Generation::V2, Generation::V4] {
        let server = Lab::server(generation, json!({}));
        let examined = doctor(&[&server.url(), "-n", "/deny", "-n", "/admin"]);
        examined.finds(1, &["namespace-refused", "namespace-refused"]);
        examined.says("namespaces", "fail", &["/deny refused", "/admin refused"]);
        let check = examined.check("namespaces")["fix"]
            .as_str()
            .unwrap_or_default();
        for (nsp, (title, fix)) in ["/deny", "/admin"].into_iter().zip(
            examined
                .of_findings("title")
                .iter()
                .zip(examined.of_findings("fix")),
        ) {
            assert!(title.contains(nsp) && fix.contains(nsp), "{title}: {fix}");
            assert!(check.contains(nsp), "{check}");
        }
    }
}

#[test]
fn a_namespace_of_python_that_hangs_is_no_fault_of_polling_and_hides_no_other() {
    let server = Server::python(json!({}));
    let silent = doctor(&[&server.url(), "-n", "/silent"]);
    silent.finds(1, &["connect-unanswered"]);
    silent.says("polling", "ok", &["the post with the CONNECT"]);
    silent.says("namespaces", "fail", &["/silent unanswered"]);
    silent.says("generation", "ok", &[]);
    for name in ["websocket", "upgrade", "stickiness", "max-payload"] {
        silent.says(name, "ok", &[]);
    }
    let words = silent.report["findings"].to_string();
    assert!(words.contains("@sio.on("), "{words}");
    assert!(
        !words.contains("io.of(") && !words.contains("connectTimeout"),
        "{words}"
    );

    let several = doctor(&[&server.url(), "-n", "/deny", "-n", "/silent", "-n", "/nope"]);
    several.finds(
        1,
        &[
            "namespace-refused",
            "connect-unanswered",
            "unknown-namespace",
        ],
    );
    several.says(
        "namespaces",
        "fail",
        &[
            "/deny refused: “closed”",
            "/silent unanswered",
            "/nope refused",
        ],
    );
}

#[test]
fn a_parser_that_the_server_does_not_have_is_named() {
    for generation in [Generation::V2, Generation::V4] {
        let msgpack = Lab::server(generation, json!({ "parser": "msgpack" }));
        let examined = doctor(&[&msgpack.url()]);
        examined.finds(1, &["parse-error"]);
        examined.says("polling", "fail", &["in msgpack"]);
        examined.says("upgrade", "skipped", &[]);
        examined.says("stickiness", "ok", &[]);
        assert!(examined.fix("parse-error").contains("--parser msgpack"));
    }
    let plain = Lab::server(Generation::V4, json!({}));
    let examined = doctor(&[&plain.url(), "--parser", "msgpack"]);
    examined.finds(1, &["parse-error"]);
    assert!(
        examined
            .fix("parse-error")
            .contains("leave --parser msgpack out")
    );
}

#[test]
fn a_server_that_takes_a_websocket_and_no_upgrade_is_told_so_in_one_way() {
    let server = Lab::server(Generation::V4, json!({ "allowUpgrades": false }));
    let examined = doctor(&[&server.url()]);
    examined.finds(0, &["stuck-on-polling"]);
    examined.says("websocket", "ok", &["101"]);
    examined.says("upgrade", "warn", &["none is offered"]);
    assert!(!examined.report.to_string().contains("no WebSocket"));
    assert!(
        examined
            .fix("stuck-on-polling")
            .contains("allowUpgrades: true")
    );
}

#[test]
fn a_connect_that_nobody_answers_is_told() {
    let server = Lab::server(Generation::V4, json!({}));
    let examined = doctor(&[&server.url(), "-n", "/silent"]);
    examined.finds(1, &["connect-unanswered"]);
    examined.says("namespaces", "fail", &["/silent unanswered"]);
    examined.says("polling", "ok", &[]);
    examined.says("upgrade", "ok", &[]);
    examined.says("stickiness", "ok", &[]);
}

#[test]
fn transports_that_are_switched_off_are_told() {
    let polling = Lab::server(Generation::V4, json!({ "transports": ["polling"] }));
    let examined = doctor(&[&polling.url()]);
    examined.finds(0, &["stuck-on-polling"]);
    examined.says("websocket", "warn", &["Transport unknown"]);
    examined.says("upgrade", "skipped", &["upgrades"]);
    examined.says("polling", "ok", &[]);

    let websocket = Lab::server(Generation::V4, json!({ "transports": ["websocket"] }));
    let examined = doctor(&[&websocket.url()]);
    examined.finds(0, &["transport-not-offered"]);
    examined.says("polling", "warn", &["code 0"]);
    examined.says("websocket", "ok", &[]);
    examined.says("namespaces", "ok", &["/ joined"]);
    // Whoever says that no polling is wanted is not told about it.
    let asked = doctor(&[&websocket.url(), "--transports", "websocket"]);
    asked.finds(0, &[]);
    asked.says("stickiness", "skipped", &[]);
}

#[test]
fn without_polling_the_websocket_tells_the_older_generation() {
    let server = Lab::server(Generation::V2, json!({ "transports": ["websocket"] }));
    let examined = doctor(&[&server.url()]);
    examined.says("websocket", "ok", &[]);
    examined.says("namespaces", "ok", &["/ joined (generation 2"]);
}

#[test]
fn a_server_that_forbids_everybody_is_told_with_its_words() {
    let server = Lab::server(Generation::V4, json!({ "forbid": "members only" }));
    let examined = doctor(&[&server.url()]);
    assert_eq!(examined.code, Some(1), "{:#}", examined.report);
    examined.says("path", "ok", &[]);
    examined.says("polling", "fail", &["members only"]);
    assert!(examined.rules().contains(&"handshake-refused"));
}

#[test]
fn a_schedule_that_proxies_do_not_wait_for_is_warned_of() {
    let server = Lab::server(Generation::V4, json!({ "pingInterval": 70_000 }));
    let examined = doctor(&[&server.url()]);
    examined.finds(0, &["proxy-idle-timeout"]);
    examined.says("pings", "warn", &["every 70 s"]);
}

#[test]
fn python_tells_its_refusals_in_its_own_way() {
    let server = Server::python(json!({}));
    let examined = doctor(&[&server.url(), "--eio", "3"]);
    examined.finds(1, &["generation-mismatch"]);
    let refused = doctor(&[&server.url(), "-n", "/admin"]);
    refused.finds(1, &["namespace-refused"]);
}

#[test]
fn a_port_that_speaks_no_http_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for mut tcp in listener.incoming().flatten() {
            let _ = tcp.read(&mut [0; 4096]);
            let _ = tcp.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
        }
    });
    let examined = doctor(&[&url]);
    assert_eq!(examined.code, Some(1), "{:#}", examined.report);
    examined.says("path", "fail", &["SSH-2.0"]);
    assert!(examined.rules().contains(&"no-answer"));
}

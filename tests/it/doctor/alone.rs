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
    for args in [
        &["doctor", "http://h.test", "--idle=soon"][..],
        &["doctor", "/no/such/session.jsonl"],
        &["doctor", "ftp://h.test"],
        &["doctor"],
    ] {
        let finished = Sioscope::run(args);
        assert_eq!(finished.code, Some(2), "{args:?}: {finished:?}");
        assert!(finished.stdout.is_empty(), "{args:?}: {finished:?}");
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

    let unknown = doctor(&[&server.url(), "-n", "/nowhere"]);
    unknown.says("namespaces", "fail", &["Invalid namespace"]);
    assert!(
        unknown.rules().contains(&"namespace-refused"),
        "{:#}",
        unknown.report
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

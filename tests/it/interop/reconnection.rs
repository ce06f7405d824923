//! Attempts: how long they are put off, how they are counted, when it is over.

use std::net::{Ipv4Addr, TcpListener};

use serde_json::{Value, json};

use super::records::{all, namespace, state};
use crate::lab::{Generation, Lab, Sioscope};

const SOON: [&str; 7] = [
    "--no-record",
    "--reconnection-delay",
    "10",
    "--reconnection-delay-max",
    "50",
    "--randomization-factor",
    "0",
];

/// A URL of a port that nobody listens on.
fn nobody() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    format!("http://127.0.0.1:{port}")
}

/// Each planned attempt and its delay.
fn plans(run: &Sioscope) -> Vec<(u64, u64)> {
    let records = run.records();
    let number = |record: &Value, key: &str| record[key].as_u64().unwrap_or(u64::MAX);
    all(&records, state("connection", "waiting"))
        .iter()
        .map(|record| (number(record, "attempt"), number(record, "delay_ms")))
        .collect()
}

#[test]
fn without_jitter_the_default_delays_are_1_2_4_5_and_5_seconds_and_then_it_gives_up_with_3() {
    let run = Sioscope::stream(
        &nobody(),
        &[
            "--no-record",
            "--randomization-factor",
            "0",
            "--reconnection-attempts",
            "5",
        ],
    );
    // Four more lines than the program reads: it ends although its input stays open.
    for attempt in 1..=5 {
        run.wait_for(|record| {
            state("connection", "waiting")(record) && record["attempt"] == attempt
        });
        // An attempt by hand takes the place of the planned one, so that nobody waits 17 s. The
        // first delay is left to pass.
        if attempt > 1 {
            run.say(json!({ "connect": true }));
        }
    }
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert_eq!(
        plans(&run),
        [(1, 1000), (2, 2000), (3, 4000), (4, 5000), (5, 5000)]
    );
    run.wait_for(state("connection", "gave_up"));
    assert!(
        finished
            .stderr
            .contains("could not connect to http://127.0.0.1"),
        "{finished:?}"
    );
}

#[test]
fn delays_double_up_to_the_limit_and_the_attempts_are_counted() {
    for choice in ["polling", "websocket"] {
        let run = Sioscope::stream(
            &nobody(),
            &[
                &SOON[..],
                &["--reconnection-attempts", "5", "--transports", choice],
            ]
            .concat(),
        );
        let finished = run.wait_for_end();
        assert_eq!(finished.code, Some(3), "{choice}: {finished:?}");
        assert_eq!(
            plans(&run),
            [(1, 10), (2, 20), (3, 40), (4, 50), (5, 50)],
            "{choice}"
        );
        let records = run.records();
        // The first connect is none of the attempts.
        assert_eq!(
            all(&records, state("connection", "connecting")).len(),
            6,
            "{choice}"
        );
        let gave_up = all(&records, state("connection", "gave_up"));
        assert_eq!(gave_up.len(), 1, "{choice}");
        assert_eq!(gave_up[0]["reason"], "reconnect failed", "{choice}");
    }
}

#[test]
fn jitter_stays_within_its_factor_of_each_delay() {
    let mut args = SOON[..5].to_vec();
    args.extend([
        "--randomization-factor",
        "0.5",
        "--reconnection-attempts",
        "3",
    ]);
    let run = Sioscope::stream(&nobody(), &args);
    assert_eq!(run.wait_for_end().code, Some(3));
    for ((attempt, delay), base) in plans(&run).into_iter().zip([10, 20, 40]) {
        assert!(
            (base / 2..=base * 3 / 2).contains(&delay) && delay <= 50,
            "attempt {attempt}: {delay} ms around {base} ms"
        );
    }
}

#[test]
fn without_reconnection_the_first_failure_is_the_last() {
    let never = Sioscope::run(&["stream", &nobody(), "--no-record", "--no-reconnect"]);
    assert_eq!(never.code, Some(3), "{never:?}");
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(&server.url(), &["--no-record", "--no-reconnect"]);
    run.wait_for(namespace("/", "connected"));
    server.kill();
    let lost = run.wait_for_end();
    assert_eq!(lost.code, Some(4), "{lost:?}");
    assert!(plans(&run).is_empty(), "{:?}", plans(&run));
}

#[test]
fn a_connection_that_was_there_and_does_not_come_back_ends_with_4() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(
        &server.url(),
        &[&SOON[..], &["--reconnection-attempts", "2"]].concat(),
    );
    run.wait_for(namespace("/", "connected"));
    server.kill();
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert!(finished.stderr.contains("not back"), "{finished:?}");
    assert_eq!(plans(&run), [(1, 10), (2, 20)]);
}

#[test]
fn a_server_that_comes_back_is_found_and_the_next_series_begins_at_1() {
    for (generation, eio) in [(Generation::V2, "3"), (Generation::V4, "4")] {
        let server = Lab::server(generation, json!({}));
        let args = [&SOON[..], &["--eio", eio, "-n", "/", "-n", "/chat"]].concat();
        let run = Sioscope::stream(&server.url(), &args);
        let mut after = 0;
        for _ in 0..2 {
            for nsp in ["/", "/chat"] {
                run.wait_from(after, namespace(nsp, "connected"));
            }
            after = run.mark();
            server.say(json!({ "do": "stop_listening" }));
            let (waiting, _) = run.wait_from(after, |record| {
                state("connection", "waiting")(record) && record["attempt"] == 1
            });
            assert_eq!(waiting["delay_ms"], 10, "eio {eio}");
            run.wait_from(after, |record| {
                state("connection", "waiting")(record) && record["attempt"] == 3
            });
            server.say(json!({ "do": "listen" }));
        }
        for nsp in ["/", "/chat"] {
            run.wait_from(after, namespace(nsp, "connected"));
        }
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "eio {eio}: {finished:?}");
    }
}

#[test]
fn a_server_that_starts_later_is_found() {
    let url = nobody();
    let port: u16 = url
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    let run = Sioscope::stream(&url, &SOON);
    run.wait_for(|record| state("connection", "waiting")(record) && record["attempt"] == 2);
    let _server = Lab::server(Generation::V4, json!({ "port": port }));
    run.wait_for(namespace("/", "connected"));
    assert_eq!(run.finish().code, Some(0));
}

#[test]
fn auth_is_read_again_at_each_attempt() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("auth.json");
    let name = file.to_str().expect("a path that is text");
    for auth in [format!("@{name}"), format!("!cat '{name}'")] {
        std::fs::write(&file, r#"{"token":"first"}"#).expect("the auth is written");
        let server = Lab::server(Generation::V4, json!({}));
        let run = Sioscope::stream(&server.url(), &[&SOON[..], &["--auth", &auth]].concat());
        server.expect(|line| line["saw"] == "connection" && line["auth"]["token"] == "first");
        run.wait_for(namespace("/", "connected"));
        server.say(json!({ "do": "stop_listening" }));
        std::fs::write(&file, r#"{"token":"second"}"#).expect("the auth is written");
        server.say(json!({ "do": "listen" }));
        server.expect(|line| line["saw"] == "connection" && line["auth"]["token"] == "second");
        assert_eq!(run.finish().code, Some(0), "{auth}");
    }
}

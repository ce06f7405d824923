//! `--check`: the same server gives the same; another one is found out, and where.

use serde_json::{Value, json};

use super::stage::{Recorded, servers, something_of_everything};
use crate::lab::{Generation, Lab, Server};

#[test]
fn the_same_server_shows_no_difference_whatever_the_pace() {
    for (name, server) in servers() {
        let recorded = something_of_everything(&server.url());
        // python greets in a task of its own: what does not wait for it may overtake it.
        let paces = match name {
            "python" => [&["--check", "--wait", "match"][..]; 2],
            _ => [&["--check"][..], &["--check", "--wait", "match"]],
        };
        for args in paces {
            let finished = recorded.replay(&server.url(), args);
            assert_eq!(finished.code, Some(0), "{name} {args:?}: {finished:?}");
            assert!(
                finished.stdout.starts_with("no difference"),
                "{name} {args:?}: {finished:?}"
            );
            assert!(
                finished
                    .stderr
                    .contains("played 7 of 7 emits and 1 of 1 answer"),
                "{name} {args:?}: {finished:?}"
            );
        }
        // What the server saw the first time it saw twice more.
        for wanted in [
            json!(["grüße 🎉", { "n": 1.5, "deep": [null, true] }]),
            json!([{ "$binary": "AAECAwT/" }, { "also": { "$binary": "AAECAwT/" } }]),
            json!(["room", "to all"]),
        ] {
            let times = (server.lines().iter())
                .filter(|line| line["saw"] == "event" && line["args"] == wanted)
                .count();
            assert_eq!(times, 3, "{name}: {wanted}");
        }
    }
}

#[test]
fn a_changed_reply_ends_with_1_and_is_named() {
    let changed = json!({ "salute": "good day" });
    for (name, server, other) in [
        (
            "generation 2",
            Lab::server(Generation::V2, json!({})),
            Lab::server(Generation::V2, changed.clone()),
        ),
        (
            "generation 4",
            Lab::server(Generation::V4, json!({})),
            Lab::server(Generation::V4, changed.clone()),
        ),
        ("python", Server::python(json!({})), Server::python(changed)),
    ] {
        let recorded = something_of_everything(&server.url());
        let finished = recorded.replay(&other.url(), &["--check", "--wait", "match"]);
        assert_eq!(finished.code, Some(1), "{name}: {finished:?}");
        let first = finished.stdout.lines().next().unwrap_or_default();
        for word in [
            "reply to \"greet\"",
            "hello ann",
            "good day ann",
            "[0].text",
        ] {
            assert!(first.contains(word), "{name}: {word} in {finished:?}");
        }
        // Its time and its sid differ too, and are masked; and nothing else differs.
        assert!(
            !finished.stdout.contains("[0].at") && !finished.stdout.contains("[0].by"),
            "{name}: {finished:?}"
        );
        let masked = recorded.replay(
            &other.url(),
            &[
                "--check",
                "--wait",
                "match",
                "--mask",
                "reply:greet[0].text",
            ],
        );
        assert_eq!(masked.code, Some(0), "{name}: {masked:?}");
        // Without --check it is played, and that is all.
        let played = recorded.replay(&other.url(), &[]);
        assert_eq!(played.code, Some(0), "{name}: {played:?}");
        assert!(played.stdout.is_empty(), "{name}: {played:?}");
    }
}

#[test]
fn what_does_not_come_is_named_and_json_says_the_same() {
    let server = Lab::server(Generation::V4, json!({}));
    let silent = Lab::server(Generation::V4, json!({ "greet": false }));
    let recorded = Recorded::lines(
        &server.url(),
        &[],
        &[
            json!({ "wait": { "event": "hello" } }),
            json!({ "emit": ["echo", 1], "ack": true }),
            json!({ "wait": { "ack": true } }),
        ],
    );
    let args = ["--check", "--json", "--timeout", "300ms"];
    let finished = recorded.replay(&silent.url(), &args);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let said: Value = serde_json::from_str(&finished.stdout).expect("one JSON object");
    assert_eq!(said["equal"], false);
    let first = &said["differences"][0];
    assert_eq!(first["a"]["data"][0], "hello", "{said}");
    assert!(first["b"].is_null(), "{said}");
    assert!(
        first["why"]
            .as_str()
            .is_some_and(|why| why.contains("hello")),
        "{said}"
    );
    assert!(
        finished.stderr.contains("did not come is event \"hello\""),
        "{finished:?}"
    );
}

#[test]
fn a_reconnect_after_the_server_hung_up_comes_again() {
    let server = Lab::server(Generation::V4, json!({}));
    let delay = ["--reconnection-delay", "50"];
    let recorded = Recorded::with(&server.url(), &delay, |run| {
        run.say(json!({ "emit": ["echo", "before"], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        run.wait_for(crate::interop::records::ack(0));
        let from = run.mark();
        server.say(json!({ "do": "engine_close" }));
        run.wait_from(from, |record| {
            record["k"] == "namespace" && record["state"] == "connected"
        });
        run.say(json!({ "emit": ["echo", "after"], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
    });
    // The server does not hang up this time: both are played over one connection.
    let finished = recorded.replay(&server.url(), &["--timeout", "300ms"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.stderr.contains("the recorded client reconnected")
            && finished.stderr.contains("played 2 of 2 emits"),
        "{finished:?}"
    );
    // One connection of it is a session by itself.
    let second = recorded.replay(&server.url(), &["--connection", "2", "--check"]);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert!(second.stderr.contains("played 1 of 1 emit;"), "{second:?}");
}

#[test]
fn a_kick_and_the_way_back_in_by_hand_come_again() {
    for (name, server) in servers() {
        // Said at once: the run would end with the kick, were nothing left to do.
        let recorded = Recorded::lines(
            &server.url(),
            &[],
            &[
                json!({ "wait": { "event": "hello" } }),
                json!({ "emit": ["kick"] }),
                json!({ "wait": { "ms": 400 } }),
                json!({ "join": "/" }),
                json!({ "emit": ["greet", "again"], "ack": true }),
                json!({ "wait": { "ack": true } }),
            ],
        );
        let finished = recorded.replay(&server.url(), &["--check", "--wait", "match"]);
        assert_eq!(finished.code, Some(0), "{name}: {finished:?}");
    }
}

#[test]
fn a_session_of_generation_3_of_the_protocol_is_played_in_it() {
    // This server speaks both.
    let server = Lab::server(Generation::V4, json!({ "allowEIO3": true }));
    let recorded = Recorded::lines(
        &server.url(),
        &["--eio", "3"],
        &[
            json!({ "emit": ["greet", "x"], "ack": true }),
            json!({ "wait": { "ack": true } }),
        ],
    );
    let engines = || -> Vec<u64> {
        (server.lines().iter())
            .filter(|line| line["saw"] == "engine")
            .filter_map(|line| line["protocol"].as_u64())
            .collect()
    };
    let finished = recorded.replay(&server.url(), &["--check"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(engines(), [3, 3]);
    let finished = recorded.replay(&server.url(), &["--eio", "4"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(engines(), [3, 3, 4]);
}

#[test]
fn the_clients_of_a_tap_are_played_one_at_a_time() {
    let server = Lab::server(Generation::V4, json!({}));
    let tapped = crate::tap::stage::Tapped::before(&server.url(), &["--no-record"]);
    for who in ["first", "second"] {
        let finished = crate::lab::Sioscope::run(&[
            "emit",
            &tapped.url(),
            "greet",
            who,
            "--ack",
            "--no-record",
        ]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    let records = tapped.stop();
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    let recorded = Recorded::text(&format!("{}\n", lines.join("\n")));
    for (args, who) in [(&[][..], "first"), (&["--connection", "2"], "second")] {
        let finished = recorded.replay(&server.url(), &[&["--check"], args].concat());
        assert_eq!(finished.code, Some(0), "{who}: {finished:?}");
        assert!(
            finished.stderr.contains("played 1 of 1 emit;"),
            "{who}: {finished:?}"
        );
        let last = (server.lines().into_iter())
            .rfind(|line| line["saw"] == "event")
            .expect("an event");
        assert_eq!(last["args"], json!([who]));
    }
}

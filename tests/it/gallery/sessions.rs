//! Sessions that a server does not know.

use serde_json::{Value, json};

use super::take::Take;
use super::{Exhibit, silent, speaks};
use crate::lab::Generation::{V2, V4};
use crate::nginx::configurations as conf;
use crate::nginx::stage::Stage;

pub const EXHIBITS: &[Exhibit] = &[
    speaks(
        "no-sticky-session",
        "two servers of generation 4 behind nginx in turn: each session is unknown to the other one (400, code 1)",
        |take| {
            in_turn(
                take,
                Stage::new(V4, 2, &json!({}), conf::round_robin),
                &["--eio", "4"],
            )
        },
    ),
    speaks(
        "no-sticky-session",
        "the same with generation 2, over polling alone",
        |take| {
            let args = ["--eio", "3", "--transports", "polling"];
            in_turn(
                take,
                Stage::new(V2, 2, &json!({}), conf::round_robin),
                &args,
            );
        },
    ),
    silent(
        "no-sticky-session",
        "one server; it gave the session up while the client slept, and code 1 follows",
        |take| sleeper(take, Stage::new(V2, 1, &napping(), conf::plain)),
    ),
    silent(
        "no-sticky-session",
        "two servers with `ip_hash`: one is killed, and the other does not know its sessions; the next session lives",
        rolling,
    ),
    silent(
        "no-sticky-session",
        "two servers in turn without polling: a WebSocket is one request, so nothing can go astray",
        |take| {
            let stage = Stage::new(V4, 2, &json!({}), conf::round_robin);
            let run = take.stream(&stage.nginx.url(), &["--transports", "websocket"]);
            run.joins(1);
            run.echoes("one");
            run.leaves();
        },
    ),
    speaks(
        "restarted-or-killed-session",
        "two servers with `ip_hash`, one is killed in the middle: its session has served well, then it is unknown to the other one (code 1), and the next one lives",
        rolling,
    ),
    speaks(
        "restarted-or-killed-session",
        "the client slept for longer than the server waits for a ping: code 1 when it wakes",
        |take| sleeper(take, Stage::new(V2, 1, &napping(), conf::plain)),
    ),
    silent(
        "restarted-or-killed-session",
        "two servers in turn: code 1 from the first requests on, again and again",
        |take| {
            in_turn(
                take,
                Stage::new(V4, 2, &json!({}), conf::round_robin),
                &["--transports", "polling"],
            )
        },
    ),
];

/// A response with error `code` of the server.
fn refused(code: u64) -> impl Fn(&Value) -> bool {
    move |record| {
        let body = record["body"].as_str().unwrap_or_default();
        record["k"] == "response"
            && serde_json::from_str::<Value>(body).is_ok_and(|body| body["code"] == code)
    }
}

/// Two connections are lost, then it is over.
fn in_turn(take: &Take, stage: Stage, args: &[&str]) {
    let run = take.stream(&stage.nginx.url(), args);
    run.sees(|record| refused(1)(record) && record["c"] == 2);
    run.ends(2);
    run.interrupted();
}

/// The server that serves is killed; the other one serves on.
fn rolling(take: &Take) {
    let stage = Stage::new(V4, 2, &json!({}), conf::ip_hash);
    let run = take.stream(&stage.nginx.url(), &["--transports", "polling"]);
    run.joins(1);
    run.echoes("one");
    run.echoes("two");
    // The next poll has to be there: it is the one that the other server is asked.
    run.rests(100);
    let serves =
        |node: &&crate::lab::Server| node.lines().iter().any(|line| line["saw"] == "engine");
    stage
        .nodes
        .iter()
        .find(serves)
        .expect("one of them serves")
        .kill();
    run.sees(refused(1));
    run.joins(2);
    run.echoes("three");
    run.leaves();
}

/// A server of generation 2 that is soon out of patience.
fn napping() -> Value {
    json!({ "pingInterval": 600, "pingTimeout": 500 })
}

/// The client sleeps for longer than the server waits, and then pings.
fn sleeper(take: &Take, stage: Stage) {
    let run = take.stream(
        &stage.nginx.url(),
        &["--eio", "3", "--transports", "polling"],
    );
    run.joins(1);
    run.echoes("one");
    run.sees(|record| record["k"] == "request" && record["body"] == "1:2");
    run.rests(50);
    run.0.signal("STOP");
    stage.nodes[0].expect(|line| line["saw"] == "engine_close");
    run.0.signal("CONT");
    run.sees(refused(1));
    run.joins(2);
    run.leaves();
}

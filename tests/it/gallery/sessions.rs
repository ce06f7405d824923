//! Sessions that a server does not know.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::take::Take;
use super::{Exhibit, silent, speaks};
use crate::interop::records::transport;
use crate::lab::Generation::{V2, V4};
use crate::lab::{Fate, Lab, Relay};
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
        "one server: the network holds a pong back for longer than `pingTimeout`, the server gives the session up, and the pong is told code 1",
        stalled,
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
    silent(
        "no-sticky-session",
        "we leave over polling; a poll that was on its way arrives after our goodbye, and is told code 1",
        goodbye,
    ),
    speaks(
        "cookies-lost",
        "two servers chosen by a cookie that nginx sets for `Path=/other`: it never comes back (400, code 1)",
        |take| by_cookie(take, "Path=/other"),
    ),
    silent(
        "cookies-lost",
        "the same with `Path=/`: the cookie comes with every request, and the session lives",
        |take| {
            let stage = Stage::new(V4, 2, &json!({}), conf::hash_by_cookie);
            let run = take.stream(&stage.nginx.url(), &["--transports", "polling"]);
            run.joins(1);
            run.echoes("one");
            run.leaves();
        },
    ),
    silent(
        "cookies-lost",
        "generation 2 in turn: the server sets its own cookie `io`, by which nobody chooses a server",
        |take| {
            in_turn(
                take,
                Stage::new(V2, 2, &json!({}), conf::round_robin),
                &["--eio", "3"],
            );
        },
    ),
    speaks(
        "restarted-or-killed-session",
        "a server is killed and started again: the attempts in between are refused",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), &[]);
            run.joins(1);
            run.sees(|record| transport("websocket", "open")(record));
            server.say(json!({ "do": "stop_listening" }));
            run.ends(2);
            server.say(json!({ "do": "listen" }));
            run.joins(3);
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
        "the network holds a pong back for longer than `pingTimeout`: the server has given the session up when it arrives",
        stalled,
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
    silent(
        "restarted-or-killed-session",
        "we leave over polling; a poll that was on its way arrives after our goodbye, and is told code 1",
        goodbye,
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

/// Servers are chosen by a cookie with these attributes.
fn by_cookie(take: &Take, attributes: &str) {
    // Which of the two a cookie stands for is chance: the server is changed at once or a little later.
    let stage = Stage::new(V4, 2, &json!({}), |ports| {
        conf::hash_by_cookie_with(attributes, ports)
    });
    let run = take.stream(&stage.nginx.url(), &["--transports", "polling"]);
    run.sees(refused(1));
    run.rests(50);
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

/// The network holds everything back that we say from a pong on, for longer than the server waits
/// for it and not as long as we wait for the next ping.
fn stalled(take: &Take) {
    let options = json!({ "pingInterval": 2_000, "pingTimeout": 800 });
    let server = Lab::server(V4, options);
    let until = Mutex::new(None);
    let relay = Relay::meddling(server.port(), move |_, to_client, bytes| {
        let mut until = until.lock().expect("nobody panics with it");
        if until.is_none() && !to_client && bytes.ends_with(b"\r\n\r\n3") {
            *until = Some(Instant::now() + Duration::from_millis(1_600));
        }
        match *until {
            Some(time) if !to_client => Fate::Late(time.saturating_duration_since(Instant::now())),
            _ => Fate::Pass,
        }
    });
    let run = take.stream(&relay.url(), &["--transports", "polling"]);
    run.joins(1);
    run.echoes("one");
    run.sees(refused(1));
    run.joins(2);
    run.leaves();
}

/// We leave while a poll is on its way, and our goodbye overtakes it.
fn goodbye(take: &Take) {
    let server = Lab::server(V4, json!({}));
    let relay = Relay::meddling(server.port(), |_, to_client, bytes| {
        if !to_client && bytes.starts_with(b"GET ") {
            Fate::Late(Duration::from_millis(150))
        } else {
            Fate::Pass
        }
    });
    let run = take.stream(&relay.url(), &["--transports", "polling"]);
    run.joins(1);
    run.echoes("one");
    run.leaves();
    run.sees(refused(1));
}

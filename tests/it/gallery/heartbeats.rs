//! Pings that are late, missing or unheard.

use serde_json::{Value, json};

use super::take::{Run, Take};
use super::{Exhibit, silent, speaks};
use crate::interop::records::packets_of;
use crate::lab::Generation::{V2, V4};
use crate::lab::{Generation, Lab};

const WEBSOCKET: &[&str] = &["--transports", "websocket"];

pub const EXHIBITS: &[Exhibit] = &[
    speaks(
        "ping-timeout-ours",
        "our process was stopped (SIGSTOP, a suspended laptop) for longer than the server waits",
        |take| we_sleep(take, V4, &["--transports", "websocket"]),
    ),
    speaks("ping-timeout-ours", "the same over polling", |take| {
        we_sleep(take, V4, &["--transports", "polling"])
    }),
    speaks(
        "ping-timeout-ours",
        "the same with generation 2, where we are the ones who ping",
        |take| we_sleep(take, V2, &["--eio", "3", "--transports", "websocket"]),
    ),
    silent(
        "ping-timeout-ours",
        "the server hangs (SIGSTOP); we were awake all the time",
        |take| they_sleep(take, V4, WEBSOCKET),
    ),
    speaks(
        "ping-timeout-theirs",
        "the server's process hangs (SIGSTOP): no ping comes any more",
        |take| they_sleep(take, V4, WEBSOCKET),
    ),
    speaks(
        "ping-timeout-theirs",
        "the same with generation 2: our ping is not answered",
        |take| they_sleep(take, V2, &["--eio", "3", "--transports", "websocket"]),
    ),
    speaks("ping-timeout-theirs", "the same over polling", |take| {
        they_sleep(take, V4, &["--transports", "polling"])
    }),
    silent(
        "ping-timeout-theirs",
        "our own process was stopped",
        |take| we_sleep(take, V4, WEBSOCKET),
    ),
    silent(
        "ping-timeout-theirs",
        "the server closes after some healthy pings: nothing had run out",
        |take| {
            let server = Lab::server(V4, json!({ "pingInterval": 400, "pingTimeout": 600 }));
            let run = take.stream(&server.url(), WEBSOCKET);
            pings(&run, 3);
            server.say(json!({ "do": "engine_close" }));
            run.joins(2);
            run.leaves();
        },
    ),
    speaks(
        "blocked-event-loop",
        "the server computes for 1.5 s at a time: its pings come late, and everything else does, too",
        |take| blocked(take, &[1_500, 1_500, 1_500]),
    ),
    silent(
        "blocked-event-loop",
        "pings that come a few milliseconds late, as they do",
        |take| blocked(take, &[20, 20, 20, 20]),
    ),
    silent(
        "blocked-event-loop",
        "a server that does not ping at all any more",
        |take| they_sleep(take, V4, WEBSOCKET),
    ),
];

fn quick() -> Value {
    json!({ "pingInterval": 500, "pingTimeout": 1_000 })
}

/// Waits until heartbeats were exchanged this often.
fn pings(run: &Run, count: usize) {
    run.joins(1);
    let mut from = 0;
    for _ in 0..count {
        let (_, next) = run.0.wait_from(from, |record| {
            packets_of(record, "to_client")
                .any(|packet| packet["engine"] == "ping" || packet["engine"] == "pong")
        });
        from = next;
    }
}

/// We are stopped until the server has given us up.
fn we_sleep(take: &Take, generation: Generation, args: &[&str]) {
    let server = Lab::server(generation, quick());
    let run = take.stream(&server.url(), args);
    pings(&run, 2);
    run.0.signal("STOP");
    server.expect(|line| line["saw"] == "engine_close");
    run.rests(1_500);
    run.0.signal("CONT");
    run.ends(1);
    run.joins(2);
    run.leaves();
}

/// The server is stopped until we have given it up.
fn they_sleep(take: &Take, generation: Generation, args: &[&str]) {
    let server = Lab::server(generation, quick());
    let run = take.stream(&server.url(), args);
    pings(&run, 2);
    server.signal("STOP");
    run.ends(1);
    server.signal("CONT");
    run.joins(2);
    run.leaves();
}

/// The server computes for these times, between healthy pings.
fn blocked(take: &Take, times: &[u64]) {
    let server = Lab::server(V4, json!({ "pingInterval": 500, "pingTimeout": 3_000 }));
    let run = take.stream(&server.url(), WEBSOCKET);
    pings(&run, 2);
    for ms in times {
        run.rests(300);
        server.say(json!({ "do": "block", "ms": ms }));
        run.rests(500);
    }
    run.echoes("done");
    run.leaves();
}

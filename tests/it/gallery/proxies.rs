//! What a proxy does to a connection.

use serde_json::json;

use super::take::{Run, Take};
use super::{Exhibit, silent, speaks};
use crate::interop::records::{namespace, transport};
use crate::lab::Generation::{V2, V4};
use crate::lab::{Fate, Lab, Nginx, Relay, Site, Wire, free_port};
use crate::nginx::configurations as conf;
use crate::nginx::stage::Stage;

const POLLING: &[&str] = &["--transports", "polling"];
const WEBSOCKET: &[&str] = &["--transports", "websocket"];

pub const EXHIBITS: &[Exhibit] = &[
    speaks(
        "proxy-idle-timeout",
        "`proxy_read_timeout 2s` against pings every 25 s: the WebSocket is cut after two seconds of silence, again and again (1006)",
        |take| idle(take, WEBSOCKET),
    ),
    speaks(
        "proxy-idle-timeout",
        "the same over polling: each poll is answered by nginx with 504",
        |take| idle(take, POLLING),
    ),
    silent(
        "proxy-idle-timeout",
        "the server's TCP connections are reset (1006) at no regular time, while there is traffic",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), WEBSOCKET);
            for (nth, ms) in [(1, 50), (2, 900), (3, 300), (4, 1_500)] {
                run.joins(nth);
                run.rests(ms);
                run.echoes("busy");
                server.say(json!({ "do": "kick_tcp" }));
                run.ends(nth);
            }
            run.joins(5);
            run.leaves();
        },
    ),
    silent(
        "proxy-idle-timeout",
        "a server that stops pinging: drops at a regular time, but by our own watch (ping timeout)",
        |take| {
            let server = Lab::server(V4, json!({ "pingInterval": 300, "pingTimeout": 300 }));
            let run = take.stream(&server.url(), WEBSOCKET);
            for nth in 1..=3 {
                run.joins(nth);
                server.say(json!({ "do": "stop_ping" }));
                run.ends(nth);
            }
            run.joins(4);
            run.leaves();
        },
    ),
    speaks(
        "upgrade-header-swallowed",
        "nginx without the two `proxy_set_header` lines: the upgrade reaches the server as an ordinary GET (400, code 3), polling goes on",
        |take| {
            let stage = Stage::new(V4, 1, &json!({}), conf::without_upgrade_headers);
            let run = take.stream(&stage.nginx.url(), &[]);
            run.joins(1);
            run.sees(|record| transport("websocket", "closed")(record));
            run.echoes("still by polling");
            run.leaves();
        },
    ),
    speaks(
        "upgrade-header-swallowed",
        "the same with a client that has no other transport: it can't connect at all",
        |take| {
            let stage = Stage::new(V4, 1, &json!({}), conf::without_upgrade_headers);
            let args = ["--transports", "websocket", "--reconnection-attempts", "1"];
            take.stream(&stage.nginx.url(), &args).ends_itself();
        },
    ),
    silent(
        "upgrade-header-swallowed",
        "an upgrade answered with 400 because the server does not know the session (code 1): the headers arrived",
        |take| {
            let stage = Stage::new(V4, 2, &json!({}), conf::round_robin);
            let run = take.stream(&stage.nginx.url(), &[]);
            run.ends(1);
            run.interrupted();
        },
    ),
    silent(
        "upgrade-header-swallowed",
        "an upgrade that nginx answers with 502: the server behind it is gone",
        |take| {
            let nginx = Nginx::start(&conf::plain(&[free_port()]));
            let args = ["--transports", "websocket", "--reconnection-attempts", "1"];
            take.stream(&nginx.url(), &args).ends_itself();
        },
    ),
    speaks(
        "stuck-on-polling",
        "the upgrade request is refused by nginx with 403, and polling goes on",
        |take| {
            let stage = Stage::new(V2, 1, &json!({}), |ports| {
                let mut site = conf::plain(ports);
                site.server.insert_str(
                    0,
                    "        if ($arg_transport = websocket) { return 403; }\n",
                );
                site
            });
            let run = take.stream(&stage.nginx.url(), &["--eio", "3"]);
            run.joins(1);
            run.sees(|record| transport("websocket", "closed")(record));
            run.echoes("still by polling");
            run.leaves();
        },
    ),
    speaks(
        "stuck-on-polling",
        "the server offers no upgrade (`allowUpgrades: false`)",
        |take| {
            let server = Lab::server(V4, json!({ "allowUpgrades": false }));
            let run = take.stream(&server.url(), &[]);
            run.joins(1);
            run.echoes("by polling");
            run.leaves();
        },
    ),
    speaks(
        "stuck-on-polling",
        "a middlebox lets the upgrade pass (101) and ends the connection at the first frame: the probe fails",
        |take| {
            half_upgraded(
                take,
                |run| {
                    run.sees(transport("websocket", "closed"));
                },
                |wire, to_client, _| {
                    if upgraded(wire) && !to_client {
                        Fate::Cut
                    } else {
                        Fate::Pass
                    }
                },
            );
        },
    ),
    speaks(
        "stuck-on-polling",
        "a middlebox lets the upgrade pass (101) and swallows every frame: the probe is never answered",
        |take| {
            half_upgraded(
                take,
                |run| run.rests(8_000),
                |wire, _, _| {
                    if upgraded(wire) {
                        Fate::Lost
                    } else {
                        Fate::Pass
                    }
                },
            );
        },
    ),
    silent(
        "stuck-on-polling",
        "the upgrade headers are missing behind nginx (400, code 3): another rule knows why",
        |take| {
            let stage = Stage::new(V2, 1, &json!({}), conf::with_connection_and_no_upgrade);
            let run = take.stream(&stage.nginx.url(), &["--eio", "3"]);
            run.joins(1);
            run.sees(|record| transport("websocket", "closed")(record));
            run.echoes("still by polling");
            run.leaves();
        },
    ),
    silent(
        "stuck-on-polling",
        "`--transports polling`: nobody wanted to upgrade",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), POLLING);
            run.joins(1);
            run.echoes("one");
            run.leaves();
        },
    ),
    silent(
        "stuck-on-polling",
        "an upgrade that takes its time, and comes",
        |take| {
            let server = Lab::server(V4, json!({ "answerMs": 300 }));
            let run = take.stream(&server.url(), &[]);
            run.joins(1);
            run.sees(|record| transport("websocket", "open")(record));
            run.echoes("one");
            run.leaves();
        },
    ),
    speaks(
        "wrong-path",
        "nginx has no `location` for /socket.io: its own 404 page",
        |take| {
            let stage = Stage::new(V4, 1, &json!({}), conf::under_a_prefix);
            given_up(take, &stage.nginx.url());
        },
    ),
    speaks(
        "wrong-path",
        "`proxy_pass http://nodes/;` replaces the prefix: 404 from the server itself",
        |take| {
            let stage = Stage::new(V2, 1, &json!({}), conf::rewritten_prefix);
            given_up(take, &stage.nginx.url());
        },
    ),
    speaks(
        "wrong-path",
        "a site that answers every path with its page (200, text/html): no Socket.IO there",
        |take| {
            let page = "        location / { default_type text/html; return 200 '<!doctype html><title>Shop</title><div id=app></div>'; }";
            let nginx = Nginx::start(&Site {
                http: String::new(),
                server: page.to_owned(),
            });
            given_up(take, &nginx.url());
        },
    ),
    silent(
        "wrong-path",
        "the server under its prefix, with `--path /app/socket.io`",
        |take| {
            let stage = Stage::new(V4, 1, &json!({}), conf::under_a_prefix);
            let run = take.stream(&stage.nginx.url(), &["--path", "/app/socket.io"]);
            run.joins(1);
            run.echoes("found");
            run.leaves();
        },
    ),
    silent(
        "wrong-path",
        "a namespace that does not exist: the path of the HTTP requests is right",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), &["-n", "/nope"]);
            run.sees(namespace("/nope", "refused"));
            run.interrupted();
        },
    ),
    speaks(
        "proxy-status-page",
        "502: the server behind nginx is not there",
        |take| {
            let nginx = Nginx::start(&conf::plain(&[free_port()]));
            given_up(take, &nginx.url());
        },
    ),
    speaks(
        "proxy-status-page",
        "504: the server behind nginx hangs",
        |take| {
            let stage = Stage::new(V4, 1, &json!({}), |ports| conf::read_timeout("1s", ports));
            stage.nodes[0].signal("STOP");
            given_up(take, &stage.nginx.url());
        },
    ),
    speaks(
        "proxy-status-page",
        "401: nginx wants a password (`auth_basic`)",
        |take| {
            page(
                take,
                "auth_basic \"staff only\"; auth_basic_user_file /dev/null;",
            );
        },
    ),
    speaks(
        "proxy-status-page",
        "403: nginx lets nobody in (`deny all`)",
        |take| {
            page(take, "deny all;");
        },
    ),
    speaks(
        "proxy-status-page",
        "301: nginx sends everybody to another address",
        |take| {
            page(take, "return 301 https://127.0.0.1$request_uri;");
        },
    ),
    speaks(
        "proxy-status-page",
        "503: nginx says that it is too busy, in the middle of a session",
        |take| {
            // Two polls and posts a second, and no more.
            let stage = Stage::new(V4, 1, &json!({}), |ports| {
                let mut site = conf::plain(ports);
                site.http
                    .push_str("    limit_req_zone $binary_remote_addr zone=all:1m rate=2r/s;\n");
                site.server
                    .insert_str(0, "        limit_req zone=all burst=6 nodelay;\n");
                site
            });
            let run = take.stream(&stage.nginx.url(), POLLING);
            run.joins(1);
            for text in 0..8 {
                run.say(json!({ "emit": ["echo", text] }));
                run.rests(20);
            }
            run.sees(|record| record["status"] == 503);
            run.ends(1);
            run.interrupted();
        },
    ),
    silent(
        "proxy-status-page",
        "403 of the server itself: its `allowRequest` refuses (JSON, code 4)",
        |take| {
            let stage = Stage::new(V4, 1, &json!({ "forbid": "not from here" }), conf::plain);
            given_up(take, &stage.nginx.url());
        },
    ),
    silent(
        "proxy-status-page",
        "400 of the server itself behind nginx: a transport that it does not offer (JSON, code 0)",
        |take| {
            let stage = Stage::new(V4, 1, &json!({ "transports": ["websocket"] }), conf::plain);
            given_up(take, &stage.nginx.url());
        },
    ),
    speaks(
        "payload-too-large",
        "413 with an empty body: more than the server's `maxHttpBufferSize`",
        |take| {
            let server = Lab::server(V4, json!({ "maxHttpBufferSize": 1_000 }));
            too_large(take, &server.url(), POLLING);
        },
    ),
    speaks(
        "payload-too-large",
        "413 with a page of nginx: more than `client_max_body_size 1k`",
        |take| {
            let stage = Stage::new(V4, 1, &json!({}), conf::small_bodies);
            too_large(take, &stage.nginx.url(), POLLING);
        },
    ),
    speaks(
        "payload-too-large",
        "close code 1009: a WebSocket message of more than `maxHttpBufferSize`",
        |take| {
            let server = Lab::server(V4, json!({ "maxHttpBufferSize": 1_000 }));
            too_large(take, &server.url(), WEBSOCKET);
        },
    ),
    silent(
        "payload-too-large",
        "the network fails right after a large message; the message was within the limit",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), WEBSOCKET);
            run.joins(1);
            run.say(json!({ "emit": ["ack-never", "x".repeat(5_000)] }));
            server.expect(|line| line["event"] == "ack-never");
            server.say(json!({ "do": "kick_tcp" }));
            run.joins(2);
            run.leaves();
        },
    ),
];

fn idle(take: &Take, args: &[&str]) {
    let stage = Stage::new(V4, 1, &json!({}), |ports| conf::read_timeout("2s", ports));
    let run = take.stream(&stage.nginx.url(), args);
    run.ends(3);
    run.interrupted();
}

/// Two attempts, then it gives up.
fn given_up(take: &Take, url: &str) {
    take.stream(url, &["--reconnection-attempts", "1"])
        .ends_itself();
}

/// nginx with a line of its own before a sound server.
fn page(take: &Take, line: &str) {
    let stage = Stage::new(V4, 1, &json!({}), |ports| {
        let mut site = conf::plain(ports);
        site.server.insert_str(0, &format!("        {line}\n"));
        site
    });
    given_up(take, &stage.nginx.url());
}

fn too_large(take: &Take, url: &str, args: &[&str]) {
    let run = take.stream(url, args);
    run.joins(1);
    run.echoes("small");
    run.say(json!({ "emit": ["echo", "x".repeat(3_000)] }));
    run.ends(1);
    run.joins(2);
    run.leaves();
}

/// Whether this is a WebSocket whose upgrade was answered.
fn upgraded(wire: &Wire) -> bool {
    wire.to_client.starts_with(b"HTTP/1.1 101")
}

/// A session whose upgrade does not come to its end.
fn half_upgraded(
    take: &Take,
    patience: fn(&Run),
    rule: impl Fn(&Wire, bool, &[u8]) -> Fate + Send + Sync + 'static,
) {
    let server = Lab::server(V4, json!({ "upgradeTimeout": 1_500 }));
    let relay = Relay::meddling(server.port(), rule);
    let run = take.stream(&relay.url(), &[]);
    run.joins(1);
    patience(&run);
    run.echoes("still by polling");
    run.leaves();
}

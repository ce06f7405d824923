//! Configurations in which nothing is wrong: every client joins, upgrades and talks.

use serde_json::json;

use super::configurations as conf;
use super::stage::{Stage, for_both};
use crate::interop::records::transport;
use crate::lab::Site;

/// Every way to transport, through `site` before `count` servers.
#[track_caller]
fn all_is_well(count: usize, site: impl Fn(&[u16]) -> Site + Sync) {
    for_both(|generation| {
        let stage = Stage::new(generation, count, &json!({}), &site);
        for args in [
            &[][..],
            &["--transports", "polling"],
            &["--transports", "websocket"],
        ] {
            let run = stage.client(args);
            run.joins();
            if args.is_empty() {
                run.client.wait_for(transport("websocket", "open"));
            }
            run.echoes("one");
            run.echoes("two");
            run.is_sound();
        }
    });
}

#[test]
fn a_plain_configuration_is_sound() {
    all_is_well(1, conf::plain);
}

#[test]
fn two_servers_with_ip_hash_are_sound() {
    all_is_well(2, conf::ip_hash);
}

#[test]
fn responses_are_as_good_with_buffering_as_without() {
    all_is_well(1, |ports| conf::buffering(true, ports));
    all_is_well(1, |ports| conf::buffering(false, ports));
}

#[test]
fn two_servers_with_a_cookie_of_the_proxy_are_sound() {
    all_is_well(2, conf::hash_by_cookie);
}

#[test]
fn a_cookie_decides_which_of_two_servers_serves() {
    for_both(|generation| {
        let stage = Stage::new(generation, 2, &json!({}), conf::hash_by_cookie);
        for key in 1..=8 {
            let run = stage.client(&["--cookie", &format!("route=key{key}")]);
            run.joins();
            run.client.wait_for(transport("websocket", "open"));
            run.echoes("here");
            run.is_sound();
        }
        for node in &stage.nodes {
            assert!(
                node.lines().iter().any(|line| line["saw"] == "engine"),
                "both serve: {:#?}",
                node.lines()
            );
        }
    });
}

#[test]
fn without_polling_two_servers_in_turn_are_sound() {
    for_both(|generation| {
        let stage = Stage::new(generation, 2, &json!({}), conf::round_robin);
        for _ in 0..2 {
            let run = stage.client(&["--transports", "websocket"]);
            run.joins();
            run.echoes("one");
            run.is_sound();
        }
    });
}

#[test]
fn a_server_that_is_slow_but_answers_is_sound() {
    for_both(|generation| {
        let stage = Stage::new(generation, 1, &json!({ "answerMs": 700 }), conf::plain);
        let run = stage.client(&[]);
        run.joins();
        run.client.wait_for(transport("websocket", "open"));
        run.echoes("late");
        run.is_sound();
    });
}

#[test]
fn a_dead_server_beside_a_living_one_is_passed_over() {
    for_both(|generation| {
        let stage = Stage::with_a_dead_node(generation, conf::round_robin);
        let run = stage.client(&[]);
        run.joins();
        run.client.wait_for(transport("websocket", "open"));
        run.echoes("one");
        run.is_sound();
        stage.nginx.wait_for_log("Connection refused");
    });
}

#[test]
fn pings_keep_a_connection_alive_that_a_short_read_timeout_would_cut() {
    for_both(|generation| {
        let options = json!({ "pingInterval": 300, "pingTimeout": 200 });
        let stage = Stage::new(generation, 1, &options, |ports| {
            conf::read_timeout("1s", ports)
        });
        for args in [&["--transports", "websocket"], &["--transports", "polling"]] {
            let run = stage.client(args);
            run.joins();
            run.client.say(json!({ "wait": { "ms": 2_500 } }));
            run.echoes("still here");
            run.is_sound();
        }
    });
}

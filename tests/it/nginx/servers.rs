//! Servers that are not there, or not there any more.

use serde_json::json;

use super::Verdict;
use super::configurations as conf;
use super::stage::{Stage, for_both};
use crate::interop::records::{all, state};

#[test]
fn a_dead_server_that_is_asked_in_its_turn_is_a_502_now_and_then() {
    for_both(|generation| {
        let stage = Stage::with_a_dead_node(generation, conf::without_failover);
        let run = stage.client(&["--transports", "polling"]);
        let answer = run.answered(502);
        assert!(
            answer["body"]
                .as_str()
                .is_some_and(|body| body.contains("nginx")),
            "{answer}"
        );
        run.ends_with("transport error");
        let records = run.over();
        run.judged(&records, Verdict::Rule("proxy-status-page"));
    });
}

#[test]
fn the_only_server_being_dead_is_a_502_at_each_attempt() {
    for_both(|generation| {
        let stage = Stage::new(generation, 0, &json!({}), |_| {
            conf::plain(&[crate::lab::free_port()])
        });
        for transport in ["polling", "websocket"] {
            let run = stage.client(&["--transports", transport, "--reconnection-attempts", "2"]);
            let finished = run.client.wait_for_end();
            assert_eq!(finished.code, Some(3), "{}: {finished:?}", run.name);
            let records = run.client.records();
            let pages = all(&records, |record| {
                record["k"] == "response" && record["status"] == 502
            });
            assert_eq!(pages.len(), 3, "{}: {records:#?}", run.name);
            run.judged(&records, Verdict::Rule("proxy-status-page"));
        }
    });
}

#[test]
fn a_server_that_is_killed_takes_its_websockets_with_it_and_leaves_502() {
    for_both(|generation| {
        let stage = Stage::new(generation, 1, &json!({}), conf::plain);
        let run = stage.client(&["--transports", "websocket", "--reconnection-attempts", "2"]);
        run.joins();
        stage.nodes[0].kill();
        let closed = run.ends_with("transport close");
        assert!(
            closed["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("1006")),
            "{closed}"
        );
        let finished = run.client.wait_for_end();
        assert_eq!(finished.code, Some(4), "{finished:?}");
        run.answered(502);
        run.judged(&run.client.records(), Verdict::Rule("proxy-status-page"));
    });
}

#[test]
fn the_other_server_does_not_know_the_session_of_one_that_was_killed() {
    for_both(|generation| {
        let stage = Stage::new(generation, 2, &json!({}), conf::ip_hash);
        let run = stage.client(&["--transports", "polling"]);
        run.joins();
        // So many good answers that two servers in turn are out of the question.
        for text in 1..=8 {
            run.echoes(&text.to_string());
        }
        let own = stage
            .nodes
            .iter()
            .find(|node| node.lines().iter().any(|line| line["saw"] == "engine"));
        own.expect("one of them serves").kill();
        // The poll that was waiting is asked again, of the other one.
        let lost = run.client.wait_for(|record| {
            record["k"] == "response"
                && record["status"] == 400
                && record["body"]
                    .as_str()
                    .is_some_and(|body| body.contains("Session ID unknown"))
        });
        assert_eq!(lost["c"], 1, "{lost}");
        run.ends_with("transport error");
        run.joins_after(1);
        run.echoes("three");
        let records = run.leaves();
        assert_eq!(
            all(&records, state("connection", "open")).len(),
            2,
            "one new session is enough"
        );
        run.judged(&records, Verdict::Rule("restarted-or-killed-session"));
    });
}

//! Times and sizes that the proxy sets, and the servers behind it know nothing of.

use serde_json::json;

use super::Verdict;
use super::configurations as conf;
use super::stage::{Stage, for_both};
use crate::interop::records::{all, state};

#[test]
fn a_websocket_without_a_word_is_cut_whenever_the_read_timeout_is_over() {
    for_both(|generation| {
        let stage = Stage::new(generation, 1, &json!({}), |ports| {
            conf::read_timeout("3s", ports)
        });
        let run = stage.client(&["--transports", "websocket"]);
        run.joins_after(3);
        let records = run.over();
        let closed = all(&records, state("connection", "closed"));
        assert!(closed.len() >= 3, "{closed:#?}");
        for end in closed.iter().take(3) {
            assert_eq!(end["reason"], "transport close", "{end}");
            assert!(
                end["detail"]
                    .as_str()
                    .is_some_and(|detail| detail.contains("1006")),
                "{end}"
            );
        }
        for node in &stage.nodes {
            node.expect(|line| {
                line["saw"] == "engine_close" && line["reason"] == "transport close"
            });
        }
        run.judged(&records, Verdict::Rule("proxy-idle-timeout"));
    });
}

#[test]
fn a_poll_without_an_answer_is_a_504_whenever_the_read_timeout_is_over() {
    for_both(|generation| {
        let stage = Stage::new(generation, 1, &json!({}), |ports| {
            conf::read_timeout("3s", ports)
        });
        let run = stage.client(&["--transports", "polling"]);
        run.joins_after(3);
        let records = run.over();
        let late = run.answered(504);
        assert!(
            late["body"]
                .as_str()
                .is_some_and(|body| body.contains("nginx")),
            "{late}"
        );
        let closed = all(&records, state("connection", "closed"));
        for end in closed.iter().take(3) {
            assert_eq!(end["reason"], "transport error", "{end}");
            assert!(
                end["detail"]
                    .as_str()
                    .is_some_and(|detail| detail.contains("504")),
                "{end}"
            );
        }
        run.judged(&records, Verdict::Rule("proxy-idle-timeout"));
    });
}

#[test]
fn a_post_of_more_than_a_kilobyte_is_a_413_of_the_proxy() {
    for_both(|generation| {
        let stage = Stage::new(generation, 1, &json!({}), conf::small_bodies);
        let run = stage.client(&["--transports", "polling"]);
        run.joins();
        run.client
            .say(json!({ "emit": ["echo", "x".repeat(5_000)] }));
        let closed = run.ends_with("transport error");
        assert!(
            closed["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("413")),
            "{closed}"
        );
        let answer = run.answered(413);
        assert!(
            answer["body"]
                .as_str()
                .is_some_and(|body| body.contains("nginx")),
            "{answer}"
        );
        run.joins_after(1);
        let records = run.leaves();
        run.judged(&records, Verdict::Rule("payload-too-large"));

        // What crosses as a frame is nobody's body.
        let run = stage.client(&["--transports", "websocket"]);
        run.joins();
        run.echoes(&"x".repeat(5_000));
        run.is_sound();
    });
}

#[test]
fn a_server_that_hangs_is_a_504_at_the_handshake() {
    for_both(|generation| {
        let stage = Stage::new(generation, 1, &json!({}), |ports| {
            conf::read_timeout("1s", ports)
        });
        stage.nodes[0].signal("STOP");
        let run = stage.client(&["--reconnection-attempts", "1"]);
        let finished = run.client.wait_for_end();
        assert_eq!(finished.code, Some(3), "{finished:?}");
        let answer = run.answered(504);
        assert!(
            answer["body"]
                .as_str()
                .is_some_and(|body| body.contains("nginx")),
            "{answer}"
        );
        run.judged(&run.client.records(), Verdict::Rule("proxy-status-page"));
    });
}

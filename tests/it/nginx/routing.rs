//! Requests that go to the wrong server, to the wrong place, or without what they need.

use serde_json::{Value, json};

use super::Verdict;
use super::configurations as conf;
use super::stage::{Stage, for_both};
use crate::interop::records::{all, namespace, transport};

/// The error object in a response of a server.
fn refusal(response: &Value) -> Value {
    let body = response["body"].as_str().unwrap_or_default();
    serde_json::from_str(body).unwrap_or_default()
}

#[test]
fn two_servers_in_turn_do_not_know_each_others_sessions() {
    for_both(|generation| {
        let stage = Stage::new(generation, 2, &json!({}), conf::round_robin);
        for args in [&["--transports", "polling"][..], &[]] {
            let run = stage.client(args);
            let lost = run.client.wait_for(|record| {
                record["k"] == "response" && record["status"] == 400 && refusal(record)["code"] == 1
            });
            assert_eq!(
                refusal(&lost)["message"],
                "Session ID unknown",
                "{}: {lost}",
                run.name
            );
            run.ends_with("transport error");
            // It goes on like that: the next connection is lost in the same way.
            run.client.wait_for(|record| {
                record["c"]
                    .as_u64()
                    .is_some_and(|c| c > lost["c"].as_u64().unwrap_or_default())
                    && refusal(record)["code"] == 1
            });
            let records = run.over();
            let request = run.request_of(&lost);
            let opened = all(&records, |record| {
                record["k"] == "response"
                    && record["status"] == 200
                    && record["body"]
                        .as_str()
                        .is_some_and(|body| body.contains("pingInterval"))
            });
            let sid = opened
                .first()
                .and_then(|open| open["body"].as_str())
                .and_then(|body| body.split("\"sid\":\"").nth(1)?.split('"').next());
            let sid = sid.expect("a session was opened");
            assert!(
                request["url"].as_str().is_some_and(|url| url.contains(sid)),
                "the session that is unknown was opened a moment before: {request}"
            );
            run.judged(&records, Verdict::Rule("no-sticky-session"));
        }
        // Both servers give sessions out. A client that needs two requests to fail may begin at the
        // same one each time; one that needs a single request begins at the other next time.
        for _ in 0..2 {
            let run = stage.client(&["--transports", "websocket"]);
            run.joins();
            run.leaves();
        }
        for node in &stage.nodes {
            node.expect(|line| line["saw"] == "engine");
        }
    });
}

#[test]
fn without_the_upgrade_headers_a_client_stays_on_polling() {
    let sites: [fn(&[u16]) -> crate::lab::Site; 2] = [
        conf::without_upgrade_headers,
        conf::with_connection_and_no_upgrade,
    ];
    for site in sites {
        for_both(|generation| {
            let stage = Stage::new(generation, 1, &json!({}), site);
            let run = stage.client(&[]);
            run.joins();
            let refused = run
                .client
                .wait_for(|record| record["k"] == "response" && record["status"] == 400);
            assert_eq!(
                refusal(&refused),
                json!({ "code": 3, "message": "Bad request" }),
                "{refused}"
            );
            let asked = run.request_of(&refused);
            assert!(
                asked["url"]
                    .as_str()
                    .is_some_and(|url| url.contains("transport=websocket")),
                "{asked}"
            );
            let error = run.client.wait_for(|record| {
                transport("websocket", "closed")(record) && record["error"].is_string()
            });
            assert!(
                error["error"]
                    .as_str()
                    .is_some_and(|error| error.contains("400")),
                "{error}"
            );
            run.echoes("still by polling");
            let records = run.leaves();
            run.judged(&records, Verdict::Rule("upgrade-header-swallowed"));

            let run = stage.client(&["--transports", "websocket", "--reconnection-attempts", "2"]);
            let finished = run.client.wait_for_end();
            assert_eq!(finished.code, Some(3), "{}: {finished:?}", run.name);
            assert!(finished.stderr.contains("400"), "{finished:?}");
            run.judged(
                &run.client.records(),
                Verdict::Rule("upgrade-header-swallowed"),
            );
        });
    }
}

#[test]
fn a_location_that_replaces_its_prefix_ends_at_another_path_of_the_server() {
    for_both(|generation| {
        let stage = Stage::new(generation, 1, &json!({}), conf::rewritten_prefix);
        let run = stage.client(&["--reconnection-attempts", "1"]);
        let finished = run.client.wait_for_end();
        assert_eq!(finished.code, Some(3), "{}: {finished:?}", run.name);
        let answer = run.answered(404);
        let body = answer["body"].as_str().unwrap_or_default();
        assert!(
            body.contains("nothing but Socket.IO here"),
            "the server's own words: {answer}"
        );
        run.judged(&run.client.records(), Verdict::Rule("wrong-path"));

        // A server drops an upgrade that nobody there is for after a second, without a word.
        let run = stage.client(&["--transports", "websocket", "--reconnection-attempts", "1"]);
        let finished = run.client.wait_for_end();
        assert_eq!(finished.code, Some(3), "{}: {finished:?}", run.name);
        run.answered(502);
        run.judged(&run.client.records(), Verdict::Rule("proxy-status-page"));
    });
}

#[test]
fn a_path_that_no_location_is_for_is_not_found_and_the_right_one_is_sound() {
    for_both(|generation| {
        let stage = Stage::new(generation, 1, &json!({}), conf::under_a_prefix);
        let run = stage.client(&["--reconnection-attempts", "1"]);
        let finished = run.client.wait_for_end();
        assert_eq!(finished.code, Some(3), "{finished:?}");
        let answer = run.answered(404);
        assert!(
            answer["body"]
                .as_str()
                .is_some_and(|body| body.contains("nginx")),
            "{answer}"
        );
        run.judged(&run.client.records(), Verdict::Rule("wrong-path"));

        let run = stage.client(&["--path", "/app/socket.io"]);
        run.joins();
        run.echoes("found");
        run.is_sound();
    });
}

#[test]
fn a_path_in_the_url_names_a_namespace_and_not_a_path() {
    for_both(|generation| {
        let stage = Stage::new(generation, 1, &json!({}), conf::plain);
        let run = stage.client_of(&format!("{}/app", stage.nginx.url()), &[]);
        let refused = run.client.wait_for(namespace("/app", "refused"));
        assert_eq!(refused["reason"], "Invalid namespace", "{refused}");
        let records = run.over();
        run.judged(&records, Verdict::Rule("path-meant-as-namespace"));
    });
}

//! The rest of the nginx laboratory, both generations: each row is a configuration, how it is
//! examined and what comes of it. `behind` has the rows that need more words.

use serde_json::json;

use super::{Examined, doctor};
use crate::lab::{Generation, Sioscope, free_port};
use crate::nginx::configurations as conf;
use crate::nginx::stage::{Stage, for_both};

/// What is examined, with which arguments.
struct Row {
    name: &'static str,
    stage: fn(Generation) -> Stage,
    args: &'static [&'static str],
}

impl Row {
    /// The examination.
    #[track_caller]
    fn examined(&self, generation: Generation) -> Examined {
        let stage = (self.stage)(generation);
        let mut examined = doctor(&[&[stage.nginx.url().as_str()], self.args].concat());
        examined.name = format!("{}, {generation:?}: {}", self.name, examined.name);
        examined
    }
}

const SOUND: [Row; 6] = [
    Row {
        name: "proxy_buffering on",
        stage: |generation| {
            Stage::new(generation, 1, &json!({}), |ports| {
                conf::buffering(true, ports)
            })
        },
        args: &[],
    },
    Row {
        name: "proxy_buffering off",
        stage: |generation| {
            Stage::new(generation, 1, &json!({}), |ports| {
                conf::buffering(false, ports)
            })
        },
        args: &[],
    },
    Row {
        name: "a slow upstream",
        stage: |generation| Stage::new(generation, 1, &json!({ "answerMs": 200 }), conf::plain),
        args: &[],
    },
    Row {
        name: "a dead node that is passed over",
        stage: |generation| Stage::with_a_dead_node(generation, conf::round_robin),
        args: &[],
    },
    Row {
        name: "the right path of a prefix",
        stage: |generation| Stage::new(generation, 1, &json!({}), conf::under_a_prefix),
        args: &["--path", "/app/socket.io"],
    },
    Row {
        name: "pings that come before the read timeout",
        stage: |generation| {
            let options = json!({ "pingInterval": 1_000, "pingTimeout": 5_000 });
            Stage::new(generation, 1, &options, |ports| {
                conf::read_timeout("3s", ports)
            })
        },
        args: &["--idle=7s"],
    },
];

#[test]
fn what_looks_odd_and_works_is_sound() {
    for_both(|generation| {
        for row in &SOUND {
            row.examined(generation).is_sound();
        }
    });
}

#[test]
fn a_cookie_of_the_proxy_keeps_sessions_and_is_no_error() {
    for_both(|generation| {
        let row = Row {
            name: "hash by cookie",
            stage: |generation| Stage::new(generation, 4, &json!({}), conf::hash_by_cookie),
            args: &[],
        };
        let examined = row.examined(generation);
        examined.finds(0, &["cookies-lost"]);
        for name in [
            "polling",
            "websocket",
            "upgrade",
            "stickiness",
            "namespaces",
        ] {
            examined.says(name, "ok", &[]);
        }
    });
}

#[test]
fn a_dead_node_that_is_asked_in_its_turn_is_found() {
    for_both(|generation| {
        let row = Row {
            name: "one of two is dead",
            stage: |generation| Stage::with_a_dead_node(generation, conf::without_failover),
            args: &[],
        };
        let examined = row.examined(generation);
        // Depending on whose turn it is, one check or another meets it.
        assert_eq!(examined.code, Some(1), "{:#}", examined.report);
        assert_eq!(
            examined.rules().first(),
            Some(&"proxy-status-page"),
            "{:#}",
            examined.report
        );
        assert!(!examined.rules().contains(&"wrong-path"));
    });
}

#[test]
fn a_server_that_is_gone_or_hangs_is_found() {
    for_both(|generation| {
        let dead = Row {
            name: "the only one is dead",
            stage: |generation| {
                Stage::new(generation, 0, &json!({}), |_| conf::plain(&[free_port()]))
            },
            args: &[],
        };
        let examined = dead.examined(generation);
        examined.finds(1, &["proxy-status-page"]);
        examined.says("path", "fail", &["502 from nginx"]);
        let hangs = Row {
            name: "it hangs",
            stage: |generation| {
                let stage = Stage::new(generation, 1, &json!({}), |ports| {
                    conf::read_timeout("1s", ports)
                });
                stage.nodes[0].signal("STOP");
                stage
            },
            args: &[],
        };
        let examined = hangs.examined(generation);
        examined.finds(1, &["proxy-status-page"]);
        examined.says("path", "fail", &["504 from nginx"]);
    });
}

#[test]
fn a_node_that_is_killed_while_it_is_examined_is_found() {
    for_both(|generation| {
        let stage = Stage::new(generation, 1, &json!({}), conf::plain);
        let url = stage.nginx.url();
        let run = Sioscope::start(&["doctor", "--json", "--idle=12s", &url]);
        run.wait_for_talk("idle: 5 s of 12 s; WebSocket open");
        // Not after a round number of seconds, which would look like somebody's patience.
        std::thread::sleep(std::time::Duration::from_millis(700));
        stage.nodes[0].kill();
        let finished = run.finish();
        let report = serde_json::from_str(finished.stdout.trim()).expect("a report");
        let examined = Examined {
            code: finished.code,
            report,
            name: format!("killed in the middle, {generation:?}"),
        };
        assert_eq!(examined.code, Some(1), "{:#}", examined.report);
        assert_eq!(
            examined.rules().first(),
            Some(&"restarted-or-killed-session"),
            "{:#}",
            examined.report
        );
        assert!(
            !examined.rules().contains(&"proxy-idle-timeout"),
            "{:#}",
            examined.report
        );
        examined.says("idle", "fail", &["cut after 5.", "502 from nginx"]);
    });
}

#[test]
fn a_wrong_location_is_found() {
    for_both(|generation| {
        for (name, stage) in [
            (
                "a prefix that is replaced",
                (|generation| Stage::new(generation, 1, &json!({}), conf::rewritten_prefix))
                    as fn(Generation) -> Stage,
            ),
            ("a prefix that is missing", |generation| {
                Stage::new(generation, 1, &json!({}), conf::under_a_prefix)
            }),
        ] {
            let args = &[];
            let examined = Row { name, stage, args }.examined(generation);
            examined.finds(1, &["wrong-path"]);
            examined.says("path", "fail", &["404"]);
        }
    });
}

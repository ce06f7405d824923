//! Servers, nginx before them, and the client before that.

use serde_json::{Value, json};
use sioscope::diagnosis::rules::RULES;

use super::Verdict;
use crate::interop::records::{all, namespace, state};
use crate::lab::{Generation, Lab, Nginx, Options, Server, Sioscope, Site};

/// The generations that stand behind nginx: the last of the old protocol, and the newest.
pub const GENERATIONS: [Generation; 2] = [Generation::V2, Generation::V4];

/// A scenario, set up.
pub struct Stage {
    /// Its servers, in the order of the upstream.
    pub nodes: Vec<Server>,
    /// What is before them.
    pub nginx: Nginx,
    generation: Generation,
}

impl Stage {
    /// `count` servers with `options` behind a configuration.
    #[track_caller]
    pub fn new(
        generation: Generation,
        count: usize,
        options: &Options,
        site: impl Fn(&[u16]) -> Site,
    ) -> Self {
        let nodes: Vec<_> = (0..count)
            .map(|_| Lab::server(generation, options.clone()))
            .collect();
        let ports: Vec<_> = nodes.iter().map(Server::port).collect();
        Self {
            nginx: Nginx::start(&site(&ports)),
            nodes,
            generation,
        }
    }

    /// As [`Stage::new`] with two servers, and a third of which the upstream knows and that is
    /// not there.
    #[track_caller]
    pub fn with_a_dead_node(generation: Generation, site: impl Fn(&[u16]) -> Site) -> Self {
        Self::new(generation, 1, &json!({}), |ports| {
            site(&[ports, &[crate::lab::free_port()]].concat())
        })
    }

    /// A client of nginx.
    #[track_caller]
    pub fn client(&self, args: &[&str]) -> Run {
        self.client_of(&self.nginx.url(), args)
    }

    /// A client of a URL. It tries again soon, so that what is retried is seen to be.
    #[track_caller]
    pub fn client_of(&self, url: &str, args: &[&str]) -> Run {
        let eio = self.generation.eio().to_string();
        let own = [
            "--no-record",
            "--eio",
            &eio,
            "--reconnection-delay",
            "100",
            "--reconnection-delay-max",
            "200",
        ];
        Run {
            client: Sioscope::stream(url, &[&own[..], args].concat()),
            name: format!("generation {}, {args:?}", self.generation.number()),
        }
    }
}

/// A running client.
pub struct Run {
    /// The program.
    pub client: Sioscope,
    /// For panics.
    pub name: String,
}

impl Run {
    /// Waits until `/` was joined on a connection after the first `before` ones.
    #[track_caller]
    pub fn joins_after(&self, before: u64) -> Value {
        self.client.wait_for(|record| {
            namespace("/", "connected")(record) && record["c"].as_u64().is_some_and(|c| c > before)
        })
    }

    /// Waits until `/` was joined.
    #[track_caller]
    pub fn joins(&self) -> Value {
        self.joins_after(0)
    }

    /// Sends `text` to and fro.
    #[track_caller]
    pub fn echoes(&self, text: &str) {
        self.client
            .say(json!({ "emit": ["echo", text], "ack": true }));
        self.client
            .say(json!({ "wait": { "ack": true, "timeout_ms": 15_000 } }));
        self.client.wait_for(|record| {
            crate::interop::records::packets_of(record, "to_client")
                .any(|packet| crate::interop::records::is_ack(packet) && packet["data"][0] == text)
        });
    }

    /// Waits for a connection's end.
    #[track_caller]
    pub fn ends_with(&self, reason: &str) -> Value {
        self.client
            .wait_for(|record| state("connection", "closed")(record) && record["reason"] == reason)
    }

    /// Waits for a response of this status.
    #[track_caller]
    pub fn answered(&self, status: u16) -> Value {
        self.client
            .wait_for(|record| record["k"] == "response" && record["status"] == status)
    }

    /// The request that a response belongs to.
    pub fn request_of(&self, response: &Value) -> Value {
        let records = self.client.records();
        let request = records
            .iter()
            .find(|record| record["k"] == "request" && record["x"] == response["x"]);
        request.cloned().unwrap_or_default()
    }

    /// Ends the run by interrupting it, whatever it is at.
    #[track_caller]
    pub fn over(&self) -> Vec<Value> {
        self.client.signal("INT");
        self.client.wait_for_end();
        self.client.records()
    }

    /// Ends the run in good order.
    #[track_caller]
    pub fn leaves(&self) -> Vec<Value> {
        let finished = self.client.finish();
        assert_eq!(finished.code, Some(0), "{}: {finished:?}", self.name);
        self.client.records()
    }

    /// What the diagnosis said is what this scenario is a case for.
    #[track_caller]
    pub fn judged(&self, records: &[Value], verdict: Verdict) {
        judge(&self.name, records, verdict);
    }

    /// Ended in good order and with nothing in it that is not as it should be.
    #[track_caller]
    pub fn is_sound(&self) {
        let records = self.leaves();
        let name = &self.name;
        let bad = all(&records, |record| {
            record["status"]
                .as_u64()
                .is_some_and(|status| status >= 400)
                || record["error"].is_string()
        });
        assert!(bad.is_empty(), "{name}: {bad:#?}");
        let waiting = all(&records, state("connection", "waiting"));
        assert!(waiting.is_empty(), "{name}: {waiting:#?}");
        self.judged(&records, Verdict::Sound);
    }
}

/// The findings among the records of a run.
pub fn findings(records: &[Value]) -> Vec<&Value> {
    all(records, |record| record["k"] == "finding")
}

/// The diagnosis names what is wrong; where nothing is, it names nothing. What is told for
/// information blames nobody.
#[track_caller]
pub fn judge(name: &str, records: &[Value], verdict: Verdict) {
    let found = findings(records);
    match verdict {
        Verdict::Rule(rule) if RULES.iter().any(|entry| entry.name == rule) => assert!(
            found.iter().any(|finding| finding["rule"] == rule),
            "{name}: {rule} does not speak, but: {found:#?}\n{}",
            text(records)
        ),
        Verdict::Rule(_) => {}
        Verdict::Sound => {
            let blame: Vec<_> = found
                .iter()
                .filter(|finding| finding["severity"] != "info")
                .collect();
            assert!(blame.is_empty(), "{name}: {blame:#?}\n{}", text(records));
        }
    }
}

/// The records as lines.
fn text(records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    lines.join("\n")
}

/// Runs a scenario for both generations at the same time.
#[track_caller]
pub fn for_both(scenario: impl Fn(Generation) + Sync) {
    std::thread::scope(|scope| {
        let runs: Vec<_> = GENERATIONS
            .into_iter()
            .map(|generation| {
                (
                    generation,
                    scope.spawn({
                        let scenario = &scenario;
                        move || scenario(generation)
                    }),
                )
            })
            .collect();
        for (generation, run) in runs {
            if let Err(panic) = run.join() {
                eprintln!("this was generation {}", generation.number());
                std::panic::resume_unwind(panic);
            }
        }
    });
}

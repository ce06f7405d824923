//! The laboratory seen by others: the same configurations with a tap before nginx, and clients of
//! everybody's own before the tap: the official JavaScript client 2.x (before servers of
//! generation 2) and 4.x, the python client, and `rust_socketio`, which brings its tap with it.
//!
//! Each scenario is a row: what stands there, by which transports it is met, what is done, and
//! what the tapped session has to say of it. Each row is played by every client, all at once.

use serde_json::{Value, json};

use super::Verdict;
use super::configurations as conf;
use super::stage::{Stage, findings, judge};
use crate::interop::records::{all, is_ack, namespace, packets_of, state, transport};
use crate::lab::{Client, Generation, Lab, Sioscope};
use crate::tap::stage::Tapped;

/// Whose client is tapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    JavaScript2,
    JavaScript4,
    Python,
    Rust,
}

use Who::{JavaScript2, JavaScript4, Python, Rust};

impl Who {
    const ALL: [Self; 4] = [JavaScript2, JavaScript4, Python, Rust];

    /// The generation of the servers behind nginx: only the official client speaks the older one.
    fn generation(self) -> Generation {
        match self {
            JavaScript2 => Generation::V2,
            JavaScript4 | Python | Rust => Generation::V4,
        }
    }
}

/// What records.
enum Recorder {
    Tap(Tapped),
    /// The driver's own tap.
    Own(Sioscope),
}

/// A tapped client, at work.
struct Subject {
    who: Who,
    client: Option<Client>,
    recorder: Recorder,
}

impl Subject {
    #[track_caller]
    fn start(who: Who, url: &str, row: &Row) -> Self {
        let (path, transports) = (row.path, row.transports);
        if who == Rust {
            let transports = transports.join(",");
            let args = [
                "--no-record",
                "--driver",
                "rust_socketio",
                "--transports",
                &transports,
                "--path",
                path,
                "--reconnection-delay",
                "100",
                "--reconnection-delay-max",
                "200",
            ];
            return Self {
                who,
                client: None,
                recorder: Recorder::Own(Sioscope::stream(url, &args)),
            };
        }
        let tap = Tapped::before(url, &["--no-record"]);
        let client = match who {
            JavaScript2 | JavaScript4 => Lab::client(
                who.generation(),
                &tap.url(),
                json!({ "options": {
                    "path": path,
                    "transports": transports,
                    "withCredentials": row.keeps_cookies,
                    "reconnectionDelay": 100,
                    "reconnectionDelayMax": 200,
                } }),
            ),
            // It keeps no cookies of hosts that have an address and no name.
            Python | Rust => Client::python(
                &match row.keeps_cookies {
                    true => tap.url().replace("127.0.0.1", "localhost"),
                    false => tap.url(),
                },
                json!({ "path": path, "transports": transports, "reconnection": true }),
            ),
        };
        Self {
            who,
            client: Some(client),
            recorder: Recorder::Tap(tap),
        }
    }

    fn run(&self) -> &Sioscope {
        match &self.recorder {
            Recorder::Tap(tap) => &tap.run,
            Recorder::Own(run) => run,
        }
    }

    #[track_caller]
    fn wait_for(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.run().wait_for(wanted)
    }

    /// Gives the client a line of its script.
    #[track_caller]
    fn say(&self, line: Value) {
        match &self.client {
            Some(client) => client.say(line),
            None => self.run().say(line),
        }
    }

    #[track_caller]
    fn joins(&self) {
        match &self.client {
            Some(client) => {
                client.expect(|line| line["saw"] == "connect" && line["nsp"] == "/");
            }
            None => {
                self.wait_for(namespace("/", "connected"));
            }
        }
    }

    /// Sends `text` to and fro.
    #[track_caller]
    fn echoes(&self, text: &str) {
        self.say(json!({ "emit": ["echo", text], "ack": true }));
        self.wait_for(|record| {
            packets_of(record, "to_client")
                .any(|packet| is_ack(packet) && packet["data"][0] == text)
        });
    }

    /// Leaves in good order, where there is something to leave.
    #[track_caller]
    fn leaves(self) -> Vec<Value> {
        if let Some(client) = &self.client {
            let finished = client.finish();
            assert_eq!(finished.code, Some(0), "{:?}: {finished:?}", self.who);
        }
        match &self.recorder {
            Recorder::Tap(tap) => {
                // What a client says last may be on its way.
                tap.run.wait_for(state("connection", "closed"));
                tap.stop()
            }
            Recorder::Own(run) => {
                let finished = run.finish();
                assert_eq!(finished.code, Some(0), "{:?}: {finished:?}", self.who);
                run.records()
            }
        }
    }

    /// Ends, whatever it is at.
    #[track_caller]
    fn stops(self) -> Vec<Value> {
        if let Some(client) = &self.client {
            client.kill();
        }
        match &self.recorder {
            Recorder::Tap(tap) => tap.stop(),
            Recorder::Own(run) => {
                run.signal("INT");
                run.wait_for_end();
                run.records()
            }
        }
    }
}

/// A row.
#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    stage: fn(Generation) -> Stage,
    path: &'static str,
    transports: &'static [&'static str],
    /// Whether the client is used in the way in which it keeps cookies, where there is one.
    keeps_cookies: bool,
    play: fn(&Subject, &Stage),
    /// What the tapped session is to say.
    says: Verdict,
    /// What else may be said, for it is true as well.
    also: &'static [&'static str],
}

const POLLING: &[&str] = &["polling"];
const WEBSOCKET: &[&str] = &["websocket"];
const BOTH: &[&str] = &["polling", "websocket"];

/// Joins, upgrades where it can, and talks.
fn talk(subject: &Subject, _: &Stage) {
    subject.joins();
    subject.echoes("one");
    subject.echoes("two");
}

/// Keeps posting: some time one of the requests goes elsewhere.
fn keep_posting(subject: &Subject, _: &Stage) {
    for _ in 0..20 {
        subject.say(json!({ "emit": ["echo", "anybody?"] }));
        subject.say(json!({ "wait": { "ms": 100 } }));
    }
}

/// Nothing is done but to connect.
fn connect(_: &Subject, _: &Stage) {}

impl Row {
    /// Played by every client that `who` names, all at once. In sound configurations those that
    /// speak to the same servers share them; elsewhere each has its own to break.
    #[track_caller]
    fn play(&self, who: &[Who]) {
        let groups: Vec<Vec<Who>> = match self.says {
            Verdict::Sound => [Generation::V2, Generation::V4]
                .into_iter()
                .map(|generation| {
                    let fits = |one: &&Who| one.generation() == generation;
                    who.iter().filter(fits).copied().collect()
                })
                .collect(),
            Verdict::Rule(_) => who.iter().map(|&one| vec![one]).collect(),
        };
        all_at_once(&groups, |group| {
            if let Some(first) = group.first() {
                let stage = (self.stage)(first.generation());
                all_at_once(group, |&who| {
                    self.play_by(who, &stage);
                });
            }
        });
    }

    fn play_by(&self, who: Who, stage: &Stage) {
        let name = format!("{} {:?}, {who:?}", self.name, self.transports);
        let subject = Subject::start(who, &stage.nginx.url(), self);
        (self.play)(&subject, stage);
        let verdict = self.says;
        let records = match verdict {
            Verdict::Sound => {
                let upgrades = self.transports.len() == 2;
                if upgrades {
                    subject.wait_for(transport("websocket", "open"));
                    subject.echoes("by WebSocket");
                }
                subject.leaves()
            }
            Verdict::Rule(rule) => {
                subject.wait_for(|record| record["k"] == "finding" && record["rule"] == rule);
                subject.stops()
            }
        };
        judge(&name, &records, verdict);
        if let Verdict::Rule(rule) = verdict {
            let other = findings(&records)
                .into_iter()
                .filter(|finding| finding["severity"] != "info" && finding["rule"] != rule)
                .filter(|finding| !self.also.iter().any(|also| finding["rule"] == *also));
            let other: Vec<_> = other.collect();
            assert!(other.is_empty(), "{name}: {other:#?}");
        } else {
            let bad = all(&records, |record| {
                let failed = record["status"]
                    .as_u64()
                    .is_some_and(|status| status >= 400);
                // Who closes while a poll or post is on its way may be told that the session is
                // gone: it is.
                let left = record["body"]
                    .as_str()
                    .is_some_and(|body| body.contains("Session ID unknown"));
                failed && !left
            });
            assert!(bad.is_empty(), "{name}: {bad:#?}");
        }
    }
}

/// Does something with each of a list at the same time; panics where one of them does.
#[track_caller]
fn all_at_once<T: std::fmt::Debug + Sync>(list: &[T], act: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        let act = &act;
        let running: Vec<_> = list
            .iter()
            .map(|one| (one, scope.spawn(move || act(one))))
            .collect();
        let mut fallen = None;
        for (one, run) in running {
            if let Err(panic) = run.join() {
                eprintln!("this was {one:?}");
                fallen = Some(panic);
            }
        }
        if let Some(panic) = fallen {
            std::panic::resume_unwind(panic);
        }
    });
}

/// What a row is made of where it does not say otherwise.
const ROW: Row = Row {
    name: "",
    stage: |generation| Stage::new(generation, 1, &json!({}), conf::plain),
    path: "/socket.io/",
    transports: BOTH,
    keeps_cookies: false,
    play: talk,
    says: Verdict::Sound,
    also: &[],
};

/// A sound configuration, by every way to transport.
fn sound(name: &'static str, stage: fn(Generation) -> Stage, who: &[Who]) {
    for transports in [BOTH, POLLING, WEBSOCKET] {
        let row = Row {
            name,
            stage,
            transports,
            ..ROW
        };
        row.play(who);
    }
}

#[test]
fn a_plain_configuration_is_sound_for_all() {
    sound("plain", ROW.stage, &Who::ALL);
}

#[test]
fn two_servers_with_ip_hash_are_sound_for_all() {
    let stage = |generation| Stage::new(generation, 2, &json!({}), conf::ip_hash);
    Row {
        name: "ip_hash",
        stage,
        ..ROW
    }
    .play(&Who::ALL);
}

#[test]
fn buffering_and_a_slow_server_are_sound_for_all() {
    let rows = [
        Row {
            name: "proxy_buffering on",
            stage: |generation| {
                Stage::new(generation, 1, &json!({}), |ports| {
                    conf::buffering(true, ports)
                })
            },
            ..ROW
        },
        Row {
            name: "proxy_buffering off",
            stage: |generation| {
                Stage::new(generation, 1, &json!({}), |ports| {
                    conf::buffering(false, ports)
                })
            },
            ..ROW
        },
        Row {
            name: "a slow upstream",
            stage: |generation| Stage::new(generation, 1, &json!({ "answerMs": 700 }), conf::plain),
            ..ROW
        },
        Row {
            name: "a dead node beside a living one",
            stage: |generation| Stage::with_a_dead_node(generation, conf::round_robin),
            ..ROW
        },
        Row {
            name: "the right path of a prefix",
            stage: |generation| Stage::new(generation, 1, &json!({}), conf::under_a_prefix),
            path: "/app/socket.io/",
            ..ROW
        },
        Row {
            name: "round robin by WebSocket alone",
            stage: |generation| Stage::new(generation, 2, &json!({}), conf::round_robin),
            transports: WEBSOCKET,
            ..ROW
        },
    ];
    for row in rows {
        row.play(&Who::ALL);
    }
}

#[test]
fn round_robin_is_named_for_all() {
    for transports in [POLLING, BOTH] {
        Row {
            name: "round robin",
            stage: |generation| Stage::new(generation, 2, &json!({}), conf::round_robin),
            transports,
            play: connect,
            says: Verdict::Rule("no-sticky-session"),
            ..ROW
        }
        .play(&Who::ALL);
    }
}

#[test]
fn a_cookie_is_enough_for_those_who_keep_it_and_named_for_those_who_do_not() {
    let row = Row {
        name: "hash by cookie",
        stage: |generation| Stage::new(generation, 4, &json!({}), conf::hash_by_cookie),
        ..ROW
    };
    Row {
        transports: POLLING,
        play: keep_posting,
        says: Verdict::Rule("cookies-lost"),
        ..row
    }
    .play(&Who::ALL);
    Row {
        keeps_cookies: true,
        ..row
    }
    .play(&[JavaScript4, Python]);
}

#[test]
fn missing_upgrade_headers_are_named_for_all() {
    for (transports, play) in [(BOTH, talk as fn(&Subject, &Stage)), (WEBSOCKET, connect)] {
        Row {
            name: "no upgrade headers",
            stage: |generation| {
                Stage::new(generation, 1, &json!({}), conf::without_upgrade_headers)
            },
            transports,
            play,
            says: Verdict::Rule("upgrade-header-swallowed"),
            ..ROW
        }
        .play(&Who::ALL);
    }
}

#[test]
fn a_short_read_timeout_is_named_for_all() {
    for transports in [WEBSOCKET, POLLING] {
        Row {
            name: "proxy_read_timeout",
            stage: |generation| {
                Stage::new(generation, 1, &json!({}), |ports| {
                    conf::read_timeout("3s", ports)
                })
            },
            transports,
            play: connect,
            says: Verdict::Rule("proxy-idle-timeout"),
            // Said of the first drop, before there is a second to compare it with.
            also: &["close-code"],
            ..ROW
        }
        .play(&Who::ALL);
    }
}

#[test]
fn a_dead_node_is_named_for_all() {
    Row {
        name: "a dead node in its turn",
        stage: |generation| Stage::with_a_dead_node(generation, conf::without_failover),
        transports: POLLING,
        play: connect,
        says: Verdict::Rule("proxy-status-page"),
        ..ROW
    }
    .play(&Who::ALL);
    for transports in [POLLING, WEBSOCKET] {
        Row {
            name: "the only node is dead",
            stage: |generation| {
                Stage::new(generation, 0, &json!({}), |_| {
                    conf::plain(&[crate::lab::free_port()])
                })
            },
            transports,
            play: connect,
            says: Verdict::Rule("proxy-status-page"),
            ..ROW
        }
        .play(&Who::ALL);
    }
}

#[test]
fn a_node_that_is_killed_in_the_middle_is_named_for_all() {
    Row {
        name: "the only node is killed",
        transports: WEBSOCKET,
        play: |subject, stage| {
            talk(subject, stage);
            stage.nodes[0].kill();
        },
        says: Verdict::Rule("proxy-status-page"),
        also: &["close-code"],
        ..ROW
    }
    .play(&Who::ALL);
    Row {
        name: "one of two nodes is killed",
        stage: |generation| Stage::new(generation, 2, &json!({}), conf::ip_hash),
        transports: POLLING,
        play: |subject, stage| {
            subject.joins();
            // So much can't be luck: the session's requests do find their server.
            for word in ["one", "two", "three", "four", "five"] {
                subject.echoes(word);
            }
            let own = stage
                .nodes
                .iter()
                .find(|node| node.lines().iter().any(|line| line["saw"] == "engine"));
            own.expect("one of them serves").kill();
        },
        says: Verdict::Rule("restarted-or-killed-session"),
        ..ROW
    }
    .play(&Who::ALL);
}

#[test]
fn a_wrong_location_is_named_for_all() {
    for stage in [
        (|generation| Stage::new(generation, 1, &json!({}), conf::rewritten_prefix))
            as fn(Generation) -> Stage,
        |generation| Stage::new(generation, 1, &json!({}), conf::under_a_prefix),
    ] {
        Row {
            name: "a wrong location",
            stage,
            transports: POLLING,
            play: connect,
            says: Verdict::Rule("wrong-path"),
            ..ROW
        }
        .play(&Who::ALL);
    }
}

#[test]
fn a_limit_for_bodies_is_named_for_all() {
    Row {
        name: "client_max_body_size",
        stage: |generation| Stage::new(generation, 1, &json!({}), conf::small_bodies),
        transports: POLLING,
        play: |subject, stage| {
            talk(subject, stage);
            subject.say(json!({ "emit": ["echo", "x".repeat(5_000)] }));
        },
        says: Verdict::Rule("payload-too-large"),
        ..ROW
    }
    .play(&Who::ALL);
}

#[test]
fn a_server_that_hangs_is_named_for_all() {
    for transports in [POLLING, WEBSOCKET] {
        Row {
            name: "a server that hangs",
            stage: |generation| {
                let stage = Stage::new(generation, 1, &json!({}), |ports| {
                    conf::read_timeout("1s", ports)
                });
                stage.nodes[0].signal("STOP");
                stage
            },
            transports,
            play: connect,
            says: Verdict::Rule("proxy-status-page"),
            ..ROW
        }
        .play(&Who::ALL);
    }
}

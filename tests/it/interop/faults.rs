//! Every fault of the catalogue that the client can make, against real servers: it brings what
//! it is listed under, over each transport and in each generation in which it can act.

use serde_json::{Value, json};
use sioscope::faults::{Brings, CATALOGUE, Entry, Side};
use sioscope::journal::record::TransportName;
use sioscope::protocol::engine::Version;

use super::records::{ack, all, event, namespace, packets, state, transport};
use crate::lab::{Generation, Lab, Options, Server, Sioscope};

const SOON: [&str; 9] = [
    "--no-record",
    "--reconnection-delay",
    "10",
    "--reconnection-delay-max",
    "20",
    "--randomization-factor",
    "0",
    "--ack-timeout",
    "15000",
];

/// What has to happen for a fault to find its moment.
#[derive(Clone, Copy, PartialEq)]
enum Moment {
    /// It strikes by itself.
    None,
    /// A heartbeat, which has to be a short one.
    Heartbeat,
    /// An event to the server, and one back.
    Echo,
    /// An event with attachments.
    Binary,
}

/// The moment of each fault that ends a connection.
fn moment(name: &str, over: TransportName) -> Moment {
    match (name, over) {
        ("drop" | "reset" | "close", _) => Moment::None,
        ("freeze" | "deaf" | "stall-poll" | "no-pong", _) => Moment::Heartbeat,
        ("oversize" | "garbage", TransportName::Websocket) => Moment::None,
        ("oversize" | "garbage" | "status" | "unknown-sid", _) => Moment::Echo,
        ("split-attachment", _) => Moment::Binary,
        (name, _) => panic!("the fault {name} brings a disconnect and has no case here"),
    }
}

/// One server of a generation, as a fault needs it.
struct Bed {
    generation: Generation,
    version: Version,
    quick: Server,
    steady: Server,
}

impl Bed {
    fn new(generation: Generation) -> Bed {
        let server = |options: Options| Lab::server(generation, options);
        Bed {
            generation,
            version: match generation.eio() {
                3 => Version::V3,
                _ => Version::V4,
            },
            quick: server(json!({ "pingInterval": 300, "pingTimeout": 200 })),
            steady: server(json!({})),
        }
    }

    fn run(&self, server: &Server, transports: &str) -> Sioscope {
        let eio = self.generation.eio().to_string();
        let args = ["--eio", &eio, "--transports", transports];
        let run = Sioscope::stream(&server.url(), &[&SOON[..], &args].concat());
        run.wait_for(namespace("/", "connected"));
        run.wait_for(event("hello"));
        run
    }
}

fn word(over: TransportName) -> &'static str {
    match over {
        TransportName::Polling => "polling",
        TransportName::Websocket => "websocket",
    }
}

/// A fault record of this fault.
fn made(fault: &str) -> impl Fn(&Value) -> bool + use<> {
    let fault = fault.to_owned();
    move |record| record["k"] == "fault" && record["fault"] == fault
}

/// Makes one fault over one transport and looks for what it is listed under.
#[track_caller]
fn provoke(bed: &Bed, entry: &Entry, over: TransportName) {
    let brings = entry
        .brings(over, bed.version)
        .unwrap_or_else(|| panic!("{} can't act over {}", entry.name, word(over)));
    match brings {
        Brings::PingTimeout
        | Brings::TransportClose
        | Brings::TransportError
        | Brings::ParseError => disconnects(bed, entry, over, brings.reason().expect("a reason")),
        Brings::NoUpgrade => stays_on_polling(bed, entry),
        Brings::Late => comes_late(bed, entry, over),
        Brings::LostAck => loses_an_ack(bed, entry, over),
        Brings::Twice => comes_twice(bed, entry, over),
        Brings::WrongOrder => overtakes(bed, entry, over),
    }
}

#[track_caller]
fn disconnects(bed: &Bed, entry: &Entry, over: TransportName, reason: &str) {
    let moment = moment(entry.name, over);
    let server = match moment {
        Moment::Heartbeat => &bed.quick,
        _ => &bed.steady,
    };
    let name = format!("{} in {:?} over {}", entry.name, bed.version, word(over));
    let run = bed.run(server, word(over));
    run.say(json!({ "fault": entry.example }));
    match moment {
        Moment::None | Moment::Heartbeat => {}
        Moment::Echo => run.say(json!({ "emit": ["echo", "now"] })),
        Moment::Binary => run.say(json!({ "emit": ["binary", 4] })),
    }
    let gone = run.wait_for(namespace("/", "disconnected"));
    assert_eq!(gone["reason"], reason, "{name}: {:#?}", run.records());
    let closed = run.wait_for(state("connection", "closed"));
    assert_eq!(closed["reason"], reason, "{name}: {closed}");
    let fault = run.wait_for(made(entry.example));
    assert_eq!(fault["c"], gone["c"], "{name}: {fault}");
    assert!(fault["did"].as_str().is_some_and(|did| !did.is_empty()));
    assert!(fault["n"].as_u64() < gone["n"].as_u64(), "{name}: {fault}");
    run.say(json!({ "fault": "clear" }));
    // And the client does what it does after the real thing.
    let back = run.wait_for(|record| {
        namespace("/", "connected")(record) && record["c"].as_u64() > gone["c"].as_u64()
    });
    assert!(back["c"].as_u64() > Some(1), "{name}: {back}");
}

#[track_caller]
fn stays_on_polling(bed: &Bed, entry: &Entry) {
    let run = bed.run(&bed.steady, "polling,websocket");
    run.wait_for(transport("websocket", "open"));
    run.say(json!({ "fault": entry.example }));
    run.say(json!({ "disconnect": true }));
    run.wait_for(state("connection", "closed"));
    run.say(json!({ "connect": true }));
    let second = |record: &Value| record["c"] == 2;
    run.wait_for(|record| second(record) && namespace("/", "connected")(record));
    let fault = run.wait_for(made(entry.example));
    assert_eq!(fault["c"], 2, "{fault}");
    if entry.name == "abort-upgrade" {
        let failed =
            run.wait_for(|record| second(record) && transport("websocket", "closed")(record));
        let error = failed["error"].as_str().unwrap_or_default();
        assert!(error.starts_with("probe error"), "{failed}");
    }
    run.say(json!({ "emit": ["echo", "still here"] }));
    run.wait_for(|record| second(record) && event("echo")(record));
    let records = run.records();
    for gone in [
        all(&records, |r| second(r) && transport("websocket", "open")(r)),
        all(&records, |r| second(r) && state("connection", "closed")(r)),
    ] {
        assert!(gone.is_empty(), "{}: {gone:#?}", entry.name);
    }
    if entry.name == "no-upgrade" {
        let tried = all(&records, |r| {
            second(r) && transport("websocket", "opening")(r)
        });
        assert!(tried.is_empty(), "{tried:#?}");
    }
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[track_caller]
fn comes_late(bed: &Bed, entry: &Entry, over: TransportName) {
    let run = bed.run(&bed.steady, word(over));
    run.say(json!({ "fault": entry.example }));
    // 500 bytes each way, which the example's throttle lets through in half a second.
    run.say(json!({ "emit": ["echo", "x".repeat(500)], "ack": true }));
    let answered = run.wait_for(state("ack", "answered"));
    run.wait_for(made(entry.example));
    let least = match entry.name {
        "delay" => 500.0,
        "throttle" => 900.0,
        "jitter" => 0.0,
        name => panic!("the fault {name} has no case here"),
    };
    let took = answered["ms"].as_f64().expect("a time");
    assert!(took >= least, "{} took {took} ms", entry.name);
    // Once for each direction, not for each packet.
    let records = run.records();
    let told = all(&records, made(entry.example)).len();
    assert!((1..=2).contains(&told), "{}: {told}", entry.name);
    run.say(json!({ "fault": "clear" }));
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[track_caller]
fn loses_an_ack(bed: &Bed, entry: &Entry, over: TransportName) {
    let run = bed.run(&bed.steady, word(over));
    run.say(json!({ "fault": entry.example }));
    run.say(json!({ "emit": ["echo", 1], "ack": true, "timeout_ms": 700 }));
    run.wait_for(state("ack", "timeout"));
    let fault = run.wait_for(made(entry.example));
    assert!(
        fault["did"]
            .as_str()
            .is_some_and(|did| did.contains("ack 0"))
    );
    // The server has answered; the next one is not lost.
    run.wait_for(ack(0));
    run.say(json!({ "emit": ["echo", 2], "ack": true }));
    let answered = run.wait_for(state("ack", "answered"));
    assert_eq!(answered["id"], 1, "{answered}");
}

#[track_caller]
fn comes_twice(bed: &Bed, entry: &Entry, over: TransportName) {
    let run = bed.run(&bed.steady, word(over));
    run.say(json!({ "fault": entry.example }));
    let what = format!("twice over {}", word(over));
    run.say(json!({ "emit": ["echo", what, { "$binary": "AAEC" }] }));
    run.say(json!({ "emit": ["echo", "once"] }));
    run.wait_for(made(entry.example));
    run.wait_for(|record| {
        super::records::packets_of(record, "to_client").any(|packet| packet["data"][1] == "once")
    });
    let came = packets(&run.records(), "to_client");
    let times = |word: &str| came.iter().filter(|p| p["data"][1] == word).count();
    assert_eq!((times(&what), times("once")), (2, 1), "{came:#?}");
}

#[track_caller]
fn overtakes(bed: &Bed, entry: &Entry, over: TransportName) {
    let run = bed.run(&bed.steady, word(over));
    run.say(json!({ "fault": entry.example }));
    for what in ["first", "second", "third"] {
        run.say(json!({ "emit": ["echo", what] }));
    }
    run.wait_for(made(entry.example));
    run.wait_for(|record| {
        super::records::packets_of(record, "to_client").any(|packet| packet["data"][1] == "third")
    });
    let came: Vec<Value> = packets(&run.records(), "to_client")
        .iter()
        .filter(|packet| packet["data"][0] == "echo")
        .map(|packet| packet["data"][1].clone())
        .collect();
    assert_eq!(came, ["second", "first", "third"]);
}

fn provoke_all(generation: Generation, over: TransportName) {
    let bed = Bed::new(generation);
    let mut made = 0;
    for entry in CATALOGUE.iter().filter(|entry| entry.acts_on(Side::Client)) {
        if entry.over.contains(&over) {
            provoke(&bed, entry, over);
            made += 1;
        }
    }
    assert!(made >= 14, "only {made} faults act over {}", word(over));
}

#[test]
fn every_fault_brings_what_it_is_listed_under_over_websocket_in_generation_4() {
    provoke_all(Generation::V4, TransportName::Websocket);
}

#[test]
fn every_fault_brings_what_it_is_listed_under_over_polling_in_generation_4() {
    provoke_all(Generation::V4, TransportName::Polling);
}

#[test]
fn every_fault_brings_what_it_is_listed_under_over_websocket_in_generation_2() {
    provoke_all(Generation::V2, TransportName::Websocket);
}

#[test]
fn every_fault_brings_what_it_is_listed_under_over_polling_in_generation_2() {
    provoke_all(Generation::V2, TransportName::Polling);
}

#[test]
fn a_fault_that_the_client_can_not_make_is_refused_with_who_can() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(&server.url(), &["--no-record"]);
    run.wait_for(namespace("/", "connected"));
    for entry in CATALOGUE
        .iter()
        .filter(|entry| !entry.acts_on(Side::Client))
    {
        run.say(json!({ "fault": entry.example }));
        run.wait_for_talk("sioscope tap");
    }
    run.say(json!({ "fault": "dorp" }));
    run.wait_for_talk("there is no fault \"dorp\"");
    let finished = run.finish();
    assert_eq!(finished.code, Some(2), "{finished:?}");
}

#[test]
fn a_frozen_websocket_goes_on_once_it_is_cleared() {
    let server = Lab::server(Generation::V4, json!({}));
    let args = [&SOON[..], &["--transports", "websocket"]].concat();
    let run = Sioscope::stream(&server.url(), &args);
    run.wait_for(event("hello"));
    run.say(json!({ "fault": "freeze" }));
    run.wait_for(made("freeze"));
    run.say(json!({ "emit": ["echo", "into the ice"] }));
    run.say(json!({ "wait": { "ms": 100 } }));
    run.say(json!({ "mark": "thaw" }));
    let thaw = run.wait_for(|record| record["text"] == "thaw");
    let sent = packets(&run.records(), "to_server");
    assert!(sent.iter().all(|p| p["data"][0] != "echo"), "{sent:#?}");
    run.say(json!({ "fault": "clear" }));
    let echo = run.wait_for(event("echo"));
    assert!(echo["n"].as_u64() > thaw["n"].as_u64(), "{echo}");
    assert_eq!(echo["c"], 1, "{echo}");
    assert_eq!(run.finish().code, Some(0));
}

/// The faults of a run: which, of which rule, doing what.
fn faults_of(records: &[Value]) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all(records, |record| record["k"] == "fault")
        .iter()
        .map(|record| {
            (
                text(&record["fault"]),
                text(&record["rule"]),
                text(&record["did"]),
            )
        })
        .collect()
}

#[test]
fn a_plan_makes_the_same_faults_each_time() {
    let server = Lab::server(Generation::V4, json!({}));
    let folder = tempfile::TempDir::new().expect("a folder");
    let plan = folder.path().join("plan.toml");
    let run_with = |seed: u64| {
        let text = format!(
            "seed = {seed}\n\
             [[rule]]\nname = \"some\"\nfault = \"duplicate\"\nevent = \"echo\"\n\
             direction = \"to_client\"\nprobability = 0.4\n\
             [[rule]]\nname = \"cut\"\nfault = \"drop\"\nevent = \"whoami\"\nnth = 1\n\
             connection = 1\n"
        );
        std::fs::write(&plan, text).expect("a plan");
        let plan = plan.display().to_string();
        let args = ["--transports", "websocket", "--faults", &plan];
        let run = Sioscope::stream(&server.url(), &[&SOON[..], &args].concat());
        run.wait_for(event("hello"));
        for number in 0..24 {
            run.say(json!({ "emit": ["echo", number], "ack": true }));
            run.say(json!({ "wait": { "ack": true } }));
        }
        run.say(json!({ "emit": ["whoami"] }));
        let gone = run.wait_for(namespace("/", "disconnected"));
        assert_eq!(gone["reason"], "transport close", "{gone}");
        run.wait_for(|record| namespace("/", "connected")(record) && record["c"] == 2);
        faults_of(&run.records())
    };
    let first = run_with(7);
    assert_eq!(first, run_with(7));
    assert_ne!(first, run_with(8));
    let some = first.iter().filter(|(_, rule, _)| rule == "some").count();
    assert!((2..24).contains(&some), "{first:#?}");
    let (fault, rule, _) = first.last().expect("a fault");
    assert_eq!((fault.as_str(), rule.as_str()), ("drop", "cut"));
}

#[test]
fn a_plan_looks_at_attempts_and_requests() {
    let server = Lab::server(Generation::V4, json!({}));
    let folder = tempfile::TempDir::new().expect("a folder");
    let plan = folder.path().join("plan.toml");
    let text = "[[rule]]\nname = \"gateway\"\nfault = \"status:502@1\"\nrequest = \"handshake\"\n\
                attempt = [0, 1]\n";
    std::fs::write(&plan, text).expect("a plan");
    let plan = plan.display().to_string();
    let args = [&SOON[..], &["--faults", &plan]].concat();
    let run = Sioscope::stream(&server.url(), &args);
    let back = run.wait_for(namespace("/", "connected"));
    assert_eq!(back["c"], 3, "{:#?}", run.records());
    let records = run.records();
    let closed = all(&records, state("connection", "closed"));
    assert_eq!(closed.len(), 2, "{closed:#?}");
    for record in closed {
        assert_eq!(record["reason"], "xhr poll error", "{record}");
        let detail = record["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("HTTP 502"), "{record}");
    }
    assert_eq!(faults_of(&records).len(), 2);
}

#[test]
fn a_fault_that_can_not_act_says_what_it_waits_for_and_in_the_end_that_it_never_struck() {
    let server = Lab::server(Generation::V4, json!({}));
    for (transports, fault, waits) in [
        (
            "polling",
            "close:4321",
            "a connection over WebSocket; the one here is over polling",
        ),
        (
            "websocket",
            "stall-poll",
            "a connection over polling; the one here is over WebSocket",
        ),
        ("websocket", "status:502@1", "a connection over polling"),
        ("websocket", "unknown-sid", "a connection over polling"),
        (
            "polling",
            "abort-upgrade",
            "the next upgrade from polling to WebSocket",
        ),
        ("websocket", "no-upgrade", "the next handshake over polling"),
    ] {
        let args = [&SOON[..], &["--transports", transports]].concat();
        let run = Sioscope::stream(&server.url(), &args);
        run.wait_for(event("hello"));
        run.say(json!({ "fault": fault }));
        run.wait_for_talk(&format!("{fault} waits for {waits}"));
        // What acts is not complained about.
        run.say(json!({ "fault": "duplicate" }));
        run.say(json!({ "emit": ["echo", 1] }));
        run.wait_for(made("duplicate"));
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{fault}: {finished:?}");
        let end = format!("armed and never struck: {fault}");
        let told = finished.stderr.lines().filter(|line| line.contains(&end));
        assert_eq!(told.count(), 1, "{fault}: {finished:?}");
        assert!(!finished.stderr.contains("duplicate"), "{finished:?}");
        assert_eq!(
            all(&run.records(), |record| record["k"] == "fault").len(),
            1
        );
    }
}

#[test]
fn a_fault_in_stream_may_name_its_connection() {
    let server = Lab::server(Generation::V4, json!({}));
    let args = [&SOON[..], &["--transports", "websocket"]].concat();
    let run = Sioscope::stream(&server.url(), &args);
    run.wait_for(event("hello"));
    run.say(json!({ "fault": "drop", "c": 2 }));
    run.wait_for_talk("no connection 2 is open");
    run.say(json!({ "fault": "drop", "c": 1 }));
    let gone = run.wait_for(namespace("/", "disconnected"));
    assert_eq!(gone["reason"], "transport close");
    run.wait_for(|record| namespace("/", "connected")(record) && record["c"] == 2);
    assert_eq!(all(&run.records(), made("drop")).len(), 1);
    assert_eq!(run.finish().code, Some(0));
}

#[test]
fn a_bad_plan_is_refused_with_line_and_column() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let plan = folder.path().join("plan.toml");
    for (text, told) in [
        (
            "[[rule]]\nfault = \"dorp\"\n",
            "plan.toml:2:9: there is no fault \"dorp\"",
        ),
        (
            "[[rule]]\nfualt = \"drop\"\n",
            "plan.toml:2:1: unknown key \"fualt\"",
        ),
        ("seed = \n", "plan.toml:1:8: "),
        (
            "[[rule]]\nfault = \"split-101\"\n",
            "plan.toml:2:9: rule \"rule 1\": split-101 can't be made by the client",
        ),
        (
            "[[rule]]\nfault = \"stall-poll\"\ntransport = \"websocket\"\n",
            "plan.toml:3:1: \"stall-poll\" would never act with this transport",
        ),
    ] {
        std::fs::write(&plan, text).expect("a plan");
        let plan = plan.display().to_string();
        let finished = Sioscope::run(&["stream", "http://127.0.0.1:9", "--faults", &plan]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(told), "{told}: {finished:?}");
        assert_eq!(finished.stdout, "");
    }
    let finished = Sioscope::run(&["stream", "http://127.0.0.1:9", "--faults", "/no/such/plan"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
}

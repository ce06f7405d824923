//! Runs: green, red, and without a server.

use serde_json::{Value, json};

use super::stage::{Project, nobody, servers};

const CHAT: &str = r#"
[[draft]]
name = "log in"
event = "login"
args = ["{{user}}"]
capture = { ticket = "reply:login[0].ticket", again = "ticket.ticket" }
secret = ["ticket", "again"]

[[draft]]
name = "use the ticket"
event = "use"
args = [{ ticket = "{{ticket}}" }]
expect = { ack = ["welcome", "{{again}}"] }

[[draft]]
name = "greeting"
event = "greet"
args = '["{{user}}"]'
expect = { ack = [{ text = "hello {{user}}", by = "{{*}}" }] }

[[draft]]
name = "join a room"
nsp = "/chat"
event = "join"
args = ["{{room}}"]
ack = true

[[draft]]
name = "talk"
nsp = "/chat"
event = "say"
args = ["{{room}}", "to {{room}}"]
expect = { event = "said", "said[0].room" = "{{room}}", "/chat,said[0].text" = "to room 7", within_ms = 5000 }

[[draft]]
name = "types"
event = "echo"
args = ["{{count}}", "{{count}} of them", { deep = [1.5, true, "{{list}}"] }]
expect = { ack = '["{{count}}", "3 of them", {"deep": [1.5, true, ["a", null]]}]', "echo[0]" = 3 }
"#;

const VARS: [&str; 8] = [
    "--var",
    "user=ann",
    "--var",
    "room=room 7",
    "--var",
    "count=3",
    "--var",
    r#"list=["a",null]"#,
];

#[test]
fn a_collection_runs_on_one_connection_and_captures_go_on() {
    for server in servers() {
        let project = Project::new(&[("chat.toml", CHAT)]);
        let finished = project.run("chat.toml", &server.url(), &VARS);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let lines: Vec<&str> = finished.stdout.lines().collect();
        let names = [
            "log in",
            "use the ticket",
            "greeting",
            "join a room",
            "talk",
            "types",
        ];
        assert_eq!(lines.len(), names.len(), "{finished:?}");
        for (line, name) in lines.iter().zip(names) {
            assert!(
                line.starts_with(&format!("✓ {name}  ")) && line.ends_with(" ms"),
                "{line}"
            );
        }
        assert!(
            finished.stderr.contains("6 of 6 drafts passed"),
            "{finished:?}"
        );

        let seen = server.lines();
        let args = |event: &str| {
            let found = seen
                .iter()
                .find(|line| line["saw"] == "event" && line["event"] == event);
            found.unwrap_or_else(|| panic!("no {event}: {seen:?}"))["args"].clone()
        };
        assert_eq!(args("login"), json!(["ann"]));
        let ticket = args("use")[0]["ticket"]
            .as_str()
            .expect("a ticket")
            .to_owned();
        assert!(ticket.starts_with("ann-"), "{ticket}");
        assert_eq!(args("say"), json!(["room 7", "to room 7"]));
        assert_eq!(
            args("echo"),
            json!([3, "3 of them", {"deep": [1.5, true, ["a", null]]}])
        );
        // The generation is found out with a connection of its own; all events go over one.
        let mut sids: Vec<&Value> = (seen.iter())
            .filter(|line| line["saw"] == "event" && line["nsp"] == "/")
            .map(|line| &line["sid"])
            .collect();
        sids.dedup();
        assert_eq!(sids.len(), 1, "one connection for all: {seen:?}");
    }
}

const RED: &str = r#"
[[draft]]
name = "good"
event = "echo"
args = [1]
expect = { ack = [1] }

[[draft]]
name = "bad <reply>"
event = "greet"
args = ["ann"]
expect = { ack = [{ text = "good day ann" }] }

[[draft]]
name = "no ack"
event = "ack-never"
ack = true
timeout_ms = 300

[[draft]]
name = "no event"
event = "echo"
args = ["other"]
expect = { "echo[0]" = "this", within_ms = 300 }

[[draft]]
name = "needs a capture"
event = "login"
args = ["x"]
capture = { gone = "reply:login[0].nothing" }

[[draft]]
name = "so this is not sent"
event = "echo"
args = ["{{gone}}"]

[[draft]]
name = "good again"
event = "echo"
expect = { ack = [] }
"#;

#[test]
fn what_does_not_fit_ends_with_1_and_the_reports_say_which() {
    for server in servers() {
        let project = Project::new(&[("red.toml", RED)]);
        let junit = project.path("junit.xml");
        let finished = project.run("red.toml", &server.url(), &["--junit", &junit]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let wrong = r#"reply:greet[0].text"#;
        for (at, (begin, end)) in [
            ("✓ good  ", "ms"),
            (
                "✗ bad <reply>  ",
                r#"ack[0].text: expected "good day ann", got "hello ann""#,
            ),
            ("✗ no ack  ", "no ack (within 300 ms)"),
            (
                "✗ no event  ",
                r#"event "echo" came, but echo[0]: expected "this", got "other" (within 300 ms)"#,
            ),
            (
                "✗ needs a capture  ",
                "reply:login[0].nothing: expected something to capture, got nothing",
            ),
            (
                "✗ so this is not sent  ",
                "{{gone}} has no value, because an earlier draft did not bring it",
            ),
            ("✓ good again  ", "ms"),
        ]
        .into_iter()
        .enumerate()
        {
            let line = finished.stdout.lines().nth(at).unwrap_or_default();
            assert!(
                line.starts_with(begin) && line.ends_with(end),
                "{line}\n{finished:?}"
            );
        }
        assert!(!finished.stdout.contains(wrong), "{finished:?}");
        assert!(
            finished.stderr.contains("2 of 7 drafts passed, 5 failed"),
            "{finished:?}"
        );

        let xml = project.text("junit.xml");
        assert!(
            xml.contains(r#" tests="7" failures="5" errors="0" skipped="0" "#),
            "{xml}"
        );
        let (_, rest) = xml
            .split_once(r#"<testcase name="bad &lt;reply&gt;""#)
            .expect("the case");
        let (case, _) = rest.split_once("</testcase>").expect("its end");
        assert!(
            case.contains("<failure message=\"ack[0].text: expected &quot;good day ann&quot;, got &quot;hello ann&quot;\"/>"),
            "{xml}"
        );
    }
}

#[test]
fn bail_stops_at_the_first_failure_and_json_is_one_object() {
    let [_, server] = servers();
    let project = Project::new(&[("red.toml", RED)]);
    let finished = project.run("red.toml", &server.url(), &["--bail", "--json"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let report: Value = serde_json::from_str(&finished.stdout).expect("one object");
    assert_eq!(report["exit"], 1);
    assert_eq!(
        [&report["passed"], &report["failed"], &report["skipped"]],
        [1, 1, 5]
    );
    assert_eq!(report["drafts"][1]["outcome"], "failed");
    assert_eq!(report["drafts"][1]["event"], "greet");
    assert_eq!(report["drafts"][6]["outcome"], "skipped");
    let sent = server.lines();
    let sent = sent.iter().filter(|line| line["saw"] == "event").count();
    assert_eq!(sent, 2, "nothing is sent after the failure");
}

#[test]
fn without_a_server_it_ends_with_3_and_the_report_is_written() {
    let project = Project::new(&[("red.toml", RED)]);
    let junit = project.path("junit.xml");
    let finished = project.run("red.toml", &nobody(), &["--junit", &junit]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(
        finished
            .stderr
            .contains("could not connect to http://127.0.0.1:"),
        "{finished:?}"
    );
    let xml = project.text("junit.xml");
    assert!(
        xml.contains(r#" tests="7" failures="0" errors="1" skipped="6" "#),
        "{xml}"
    );
    assert!(xml.contains("<error message=\"could not connect"), "{xml}");
}

#[test]
fn a_refused_namespace_and_a_lost_connection_are_told_apart() {
    let [_, server] = servers();
    let files = [
        (
            "deny.toml",
            "[[draft]]\nname='a'\nnsp='/deny'\nevent='echo'\n[[draft]]\nname='b'\nevent='echo'\nack=true",
        ),
        (
            "kick.toml",
            "[[draft]]\nname='a'\nevent='kick-close'\n[[draft]]\nname='b'\nevent='echo'\nack=true\n[[draft]]\nname='c'\nevent='echo'",
        ),
    ];
    let project = Project::new(&files);
    let finished = project.run("deny.toml", &server.url(), &[]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.stdout.contains("✗ a  ")
            && finished.stdout.contains("namespace /deny refused: closed"),
        "{finished:?}"
    );
    assert!(finished.stdout.contains("✓ b  "), "{finished:?}");

    let refused = project.run("deny.toml", &format!("{}/deny", server.url()), &[]);
    assert_eq!(refused.code, Some(3), "{refused:?}");

    let finished = project.run("kick.toml", &server.url(), &[]);
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert!(
        finished.stdout.contains("✗ b  ") && finished.stdout.contains("- c  not sent"),
        "{finished:?}"
    );
    assert!(
        finished.stderr.contains("disconnected from"),
        "{finished:?}"
    );
}

//! The built program from the outside: exit codes, waits, and what goes to which stream. The
//! server is the program's own demo; the other implementations are in `lab`.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use serde_json::Value;

/// A `demo --headless` of its own; ended when dropped.
struct Demo {
    child: Child,
    url: String,
}

impl Demo {
    fn start() -> Demo {
        let mut child = sioscope(&["demo", "--headless"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .expect(&line)
            .to_owned();
        Demo { child, url }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sioscope(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sioscope"));
    command
        .args(args)
        .env_remove("SIOSCOPE_LOG")
        .env("SIOSCOPE_DATA_DIR", env!("CARGO_TARGET_TMPDIR"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

struct Run {
    code: i32,
    records: Vec<Value>,
    out: String,
    err: String,
}

fn finish(output: Output) -> Run {
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let records = out
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    Run {
        code: output.status.code().unwrap_or(-1),
        records,
        out,
        err,
    }
}

/// Runs to the end with these lines on stdin.
fn stream(url: &str, more: &[&str], lines: &[&str]) -> Run {
    let mut args = vec!["stream", url, "--no-record"];
    args.extend(more);
    let mut child = sioscope(&args).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin: ChildStdin = child.stdin.take().unwrap();
    // The run may end before it has read everything.
    let _ = stdin.write_all(lines.join("\n").as_bytes());
    drop(stdin);
    finish(child.wait_with_output().unwrap())
}

fn run(args: &[&str]) -> Run {
    finish(sioscope(args).output().unwrap())
}

#[track_caller]
fn ends(run: &Run, code: i32, said: &str) {
    assert_eq!(run.code, code, "stderr: {}\nstdout: {}", run.err, run.out);
    assert!(run.err.contains(said), "{said:?} is not in: {}", run.err);
}

impl Run {
    fn packets(&self) -> impl Iterator<Item = &Value> {
        self.records
            .iter()
            .filter_map(|record| record["packets"].as_array())
            .flatten()
    }
    fn of_kind(&self, k: &str) -> Vec<&Value> {
        self.records
            .iter()
            .filter(|record| record["k"] == k)
            .collect()
    }
}

/// A port on which nobody listens (any more).
fn dead_url() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn commands_run_in_order_and_the_run_leaves_politely() {
    let demo = Demo::start();
    for transports in ["polling", "websocket", "polling,websocket"] {
        let run = stream(
            &demo.url,
            &["--transports", transports],
            &[
                r#"{"wait":{"namespace":"/"}}"#,
                r#"{"emit":["echo",1,"zwei €",{"b":[null]}],"ack":true}"#,
                r#"{"wait":{"ack":true}}"#,
                r#"{"mark":"half"}"#,
                r#"{"emit":["binary",{"$binary":"AQID"}],"ack":true}"#,
            ],
        );
        ends(&run, 0, "");
        let acks: Vec<&Value> = run
            .packets()
            .filter(|packet| packet["type"] == "ack" || packet["type"] == "binary_ack")
            .map(|packet| &packet["data"])
            .collect();
        let expected = serde_json::json!([[1, "zwei €", {"b": [null]}], [{"$binary": "AQID"}]]);
        assert_eq!(serde_json::json!(acks), expected, "{transports}");
        assert_eq!(run.of_kind("mark").len(), 1);
        let last = *run.of_kind("connection").last().unwrap();
        assert_eq!(
            last["reason"], "io client disconnect",
            "{transports}: {last}"
        );
        assert!(
            run.records
                .iter()
                .skip(1)
                .zip(1..)
                .all(|(record, n)| record["n"] == n)
        );
    }
}

#[test]
fn no_commands_at_all_is_a_connect_and_a_polite_leave() {
    let demo = Demo::start();
    let run = stream(&demo.url, &[], &[]);
    ends(&run, 0, "");
    assert!(
        run.of_kind("namespace")
            .iter()
            .any(|record| record["state"] == "connected")
    );
}

#[test]
fn a_wait_that_is_not_met_ends_the_run_with_1_and_says_what_it_waited_for() {
    let demo = Demo::start();
    let run = stream(
        &demo.url,
        &[],
        &[
            r#"{"wait":{"namespace":"/"}}"#,
            r#"{"wait":{"event":"godot","timeout_ms":50}}"#,
            r#"{"mark":"never"}"#,
        ],
    );
    ends(&run, 1, "stdin line 2: waited 50 ms for event \"godot\"");
    assert!(run.of_kind("mark").is_empty());
}

#[test]
fn an_ack_that_does_not_come_is_1_with_and_without_a_wait() {
    let demo = Demo::start();
    let emit = r#"{"emit":["never"],"ack":true,"timeout_ms":50}"#;
    ends(
        &stream(&demo.url, &[], &[emit, r#"{"wait":{"ack":true}}"#]),
        1,
        "the ack of \"never\" did not come",
    );
    let run = stream(&demo.url, &[], &[emit]);
    ends(&run, 1, "");
    assert!(
        run.of_kind("ack")
            .iter()
            .any(|ack| ack["state"] == "timeout")
    );
}

#[test]
fn a_bad_line_is_told_with_its_number_and_the_run_goes_on_to_2() {
    let demo = Demo::start();
    let run = stream(
        &demo.url,
        &[],
        &[
            "",
            r#"{"emit":["echo""#,
            r#"{"emit":["echo",7],"nsp":"/nowhere"}"#,
            r#"{"emit":["echo",7],"ack":true}"#,
        ],
    );
    ends(&run, 2, "stdin line 2: not JSON at column 15");
    assert!(
        run.err
            .contains("stdin line 3: namespace /nowhere was not joined"),
        "{}",
        run.err
    );
    assert!(run.packets().any(|packet| packet["type"] == "ack"));
}

#[test]
fn a_question_of_the_server_is_answered() {
    let demo = Demo::start();
    let mut child = sioscope(&["stream", &demo.url, "--no-record"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"emit\":[\"ask\"]}\n").unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The id is the server's own choice, so it is read from the question.
    let id = lines
        .by_ref()
        .filter_map(|line| serde_json::from_str::<Value>(&line.unwrap()).ok())
        .flat_map(|record| record["packets"].as_array().cloned().unwrap_or_default())
        .find(|packet| packet["data"][0] == "question")
        .map(|packet| packet["id"].clone())
        .unwrap();
    let answer = format!("{{\"answer\":[42,\"surely\"],\"id\":{id}}}\n");
    stdin.write_all(answer.as_bytes()).unwrap();
    stdin
        .write_all(b"{\"wait\":{\"event\":\"answer-report\"}}\n")
        .unwrap();
    drop(stdin);
    let report = lines
        .map(Result::unwrap)
        .find(|line| line.contains("answer-report"))
        .unwrap();
    assert!(
        report.contains(r#""data":["answer-report",{"answered":[42,"surely"]}]"#),
        "{report}"
    );
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn namespaces_are_joined_refused_and_joined_again() {
    let demo = Demo::start();
    let run = stream(
        &demo.url,
        &["-n", "/", "-n", "/chat"],
        &[
            r#"{"wait":{"namespace":"/chat"}}"#,
            r#"{"wait":{"namespace":"/"}}"#,
            r#"{"join":"/admin"}"#,
            r#"{"wait":{"ms":300}}"#,
            r#"{"join":"/admin","auth":{"token":"sesame"}}"#,
            r#"{"wait":{"namespace":"/admin"}}"#,
            r#"{"emit":["stats"],"nsp":"/admin","ack":true}"#,
            r#"{"wait":{"ack":true}}"#,
            r#"{"leave":"/chat"}"#,
        ],
    );
    ends(&run, 0, "");
    let stats = run
        .packets()
        .find(|packet| packet["type"] == "ack")
        .unwrap();
    assert_eq!(
        stats["data"],
        serde_json::json!([{"/": 1, "/chat": 1, "/admin": 1}])
    );
}

#[test]
fn a_namespace_that_refuses_is_not_connected() {
    let demo = Demo::start();
    let run = stream(&format!("{}/admin", demo.url), &[], &[]);
    ends(&run, 3, "namespace /admin refused: not authorized");
}

#[test]
fn disconnect_and_connect_by_hand_are_no_loss() {
    let demo = Demo::start();
    let run = stream(
        &demo.url,
        &[],
        &[
            r#"{"wait":{"namespace":"/"}}"#,
            r#"{"disconnect":true}"#,
            r#"{"connect":true}"#,
            r#"{"wait":{"namespace":"/"}}"#,
            r#"{"disconnect":true}"#,
        ],
    );
    ends(&run, 0, "");
    let connected = run
        .of_kind("namespace")
        .iter()
        .filter(|one| one["state"] == "connected")
        .count();
    assert_eq!(connected, 2);
}

#[test]
fn a_servers_disconnect_ends_the_run_with_4_although_input_is_open() {
    let demo = Demo::start();
    let mut child = sioscope(&["stream", &demo.url, "--no-record"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"emit\":[\"kick\"]}\n").unwrap();
    let run = finish(child.wait_with_output().unwrap());
    drop(stdin);
    ends(&run, 4, "io server disconnect");
}

#[test]
fn a_connection_that_is_lost_and_not_retried_is_4() {
    let mut demo = Demo::start();
    let mut child = sioscope(&["stream", &demo.url, "--no-record", "--no-reconnect"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .find(|line| line.as_ref().unwrap().contains("\"state\":\"connected\""))
        .unwrap()
        .unwrap();
    demo.child.kill().unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let run = finish(child.wait_with_output().unwrap());
    drop(stdin);
    ends(&run, 4, "disconnected from");
    assert!(
        rest.iter().any(|line| line.contains("transport ")),
        "{rest:?}"
    );
}

#[test]
fn a_port_on_which_nobody_listens_is_3() {
    let url = dead_url();
    ends(
        &stream(&url, &["--no-reconnect"], &[]),
        3,
        "could not connect",
    );
    ends(
        &run(&["emit", &url, "x", "--no-record"]),
        3,
        "could not connect",
    );
    let password = url.replace("http://", "http://me:secret@");
    let run = stream(&password, &["--no-reconnect"], &[]);
    assert!(!run.err.contains("secret"), "{}", run.err);
}

#[test]
fn giving_up_after_the_planned_delays_is_3() {
    let run = stream(
        &dead_url(),
        &[
            "--reconnection-attempts",
            "5",
            "--reconnection-delay",
            "10",
            "--reconnection-delay-max",
            "50",
            "--randomization-factor",
            "0",
        ],
        &[],
    );
    ends(&run, 3, "could not connect");
    let delays: Vec<&Value> = run
        .of_kind("connection")
        .into_iter()
        .filter(|one| one["state"] == "waiting")
        .map(|one| &one["delay_ms"])
        .collect();
    assert_eq!(
        serde_json::json!(delays),
        serde_json::json!([10, 20, 40, 50, 50])
    );
}

#[test]
fn for_ends_a_run_that_would_go_on() {
    let demo = Demo::start();
    ends(&stream(&demo.url, &["--for", "300ms"], &[]), 0, "");
    ends(
        &stream(&dead_url(), &["--for", "300ms"], &[]),
        3,
        "could not connect",
    );
}

#[test]
fn quit_leaves_whatever_comes_after_it() {
    let demo = Demo::start();
    let run = stream(
        &demo.url,
        &[],
        &[
            r#"{"wait":{"namespace":"/"}}"#,
            r#"{"quit":true}"#,
            r#"{"mark":"late"}"#,
        ],
    );
    ends(&run, 0, "");
    assert!(run.of_kind("mark").is_empty());
}

#[test]
fn quiet_prints_nothing_and_the_file_has_everything() {
    let demo = Demo::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.sio.jsonl");
    let output = sioscope(&[
        "stream",
        &demo.url,
        "--quiet",
        "--record",
        file.to_str().unwrap(),
    ])
    .output()
    .unwrap();
    let run = finish(output);
    ends(&run, 0, "");
    assert_eq!(run.out, "");
    let saved = std::fs::read_to_string(&file).unwrap();
    assert!(saved.starts_with("{\"sioscope\":1,"), "{saved}");
    assert!(saved.contains("\"state\":\"connected\""), "{saved}");
}

#[test]
fn a_decoded_file_carries_the_packets_and_is_a_session_all_the_same() {
    let demo = Demo::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.sio.jsonl");
    let path = file.to_str().unwrap();
    let mut child = sioscope(&["stream", &demo.url, "--record", path, "--decoded"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let commands = concat!(
        r#"{"emit":["echo",{"$binary":"AQID"}],"ack":true}"#,
        "\n",
        r#"{"wait":{"ack":true}}"#,
        "\n"
    );
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(commands.as_bytes()).unwrap();
    drop(stdin);
    let printed = finish(child.wait_with_output().unwrap());
    assert_eq!(printed.code, 0, "{}", printed.err);
    let lines = std::fs::read_to_string(&file).unwrap();
    let records: Vec<Value> = lines
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for record in &records {
        let carries = ["frame", "request", "response"].contains(&record["k"].as_str().unwrap());
        assert_eq!(record.get("packets").is_some(), carries, "{record}");
    }
    let packets = |records: &[Value]| -> Vec<Value> {
        let lists = records
            .iter()
            .filter_map(|record| record["packets"].as_array());
        lists.flatten().cloned().collect()
    };
    // The file says the same as standard output.
    assert_eq!(packets(&records), packets(&printed.records));
    let journal = sioscope::journal::Journal::open(&file).unwrap();
    assert_eq!(journal.get(1).unwrap().n, 1);
}

#[test]
fn readonly_refuses_to_emit() {
    let demo = Demo::start();
    let run = stream(
        &demo.url,
        &["--readonly"],
        &[r#"{"wait":{"namespace":"/"}}"#, r#"{"emit":["echo",1]}"#],
    );
    ends(&run, 2, "stdin line 2: read-only");
}

#[test]
fn a_reader_that_has_gone_away_ends_the_run_quietly() {
    let demo = Demo::start();
    let mut child = sioscope(&["stream", &demo.url, "--no-record"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    drop(child.stdout.take());
    stdin.write_all(b"{\"emit\":[\"tick-start\",5]}\n").unwrap();
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{err}");
    assert_eq!(err, "");
}

#[test]
fn emit_prints_the_ack_as_one_array_and_nothing_else() {
    let demo = Demo::start();
    let emit = |args: &[&str]| {
        let mut all = vec!["emit", demo.url.as_str()];
        all.extend(args);
        all.push("--no-record");
        run(&all)
    };
    let done = emit(&["echo", "1", "zwei", "{\"a\":[null]}", "--ack"]);
    ends(&done, 0, "");
    assert_eq!(
        (done.out.as_str(), done.err.as_str()),
        ("[1,\"zwei\",{\"a\":[null]}]\n", "")
    );
    assert_eq!(emit(&["echo", "--ack"]).out, "[]\n");
    assert_eq!(emit(&["echo", "1"]).out, "");
    assert_eq!(
        emit(&["echo", "\u{9b}31m", "--ack"]).out,
        "[\"\\u009b31m\"]\n"
    );
    assert_eq!(
        emit(&["ask", "--wait", "question"]).out,
        "[\"what is 6 times 7?\"]\n"
    );
    ends(
        &emit(&["never", "--ack", "--ack-timeout", "50"]),
        1,
        "no ack of \"never\" within 50 ms",
    );
    ends(
        &emit(&["x", "--wait", "godot", "--ack-timeout", "50"]),
        1,
        "no event \"godot\"",
    );
    ends(
        &emit(&["stats", "-n", "/admin", "--ack"]),
        3,
        "refused: not authorized",
    );
    let admin = emit(&["stats", "-n", "/admin={\"token\":\"sesame\"}", "--ack"]);
    assert!(admin.out.contains("\"/admin\":1"), "{}", admin.out);
    let polling = emit(&["echo", "1", "--ack", "--transports", "polling"]);
    assert_eq!(polling.out, "[1]\n");
}

#[test]
fn mistakes_are_2_before_anything_is_connected() {
    for args in [
        vec!["stream"],
        vec!["stream", "http://h", "--nope"],
        vec!["stream", "http://h", "--auth", "{bad"],
        vec![
            "stream",
            "http://h",
            "--driver",
            "rust_socketio",
            "--eio",
            "3",
        ],
        vec!["emit", "http://h"],
        vec!["sessions", "--nope"],
        vec!["demo", "--headless", "--listen", "x"],
    ] {
        let run = run(&args);
        assert_eq!(
            (run.code, run.out.as_str()),
            (2, ""),
            "{args:?}: {}",
            run.err
        );
        assert!(run.err.starts_with("error: "), "{args:?}: {}", run.err);
    }
}

#[cfg(unix)]
#[test]
fn interrupts_are_130_and_a_server_is_ended_by_sigterm_with_0() {
    fn signal(child: &Child, name: &str) {
        let status = Command::new("kill")
            .args([name, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }
    let mut demo = Demo::start();
    let mut child = sioscope(&["stream", &demo.url, "--no-record"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .find(|line| line.as_ref().unwrap().contains("\"state\":\"connected\""))
        .unwrap()
        .unwrap();
    signal(&child, "-INT");
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(stdin);
    assert!(
        rest.iter()
            .any(|line| line.contains("io client disconnect")),
        "{rest:?}"
    );
    signal(&demo.child, "-TERM");
    assert_eq!(demo.child.wait().unwrap().code(), Some(0));
}

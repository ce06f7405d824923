//! Command lines: what they mean, and what is said about mistakes.

use super::*;

fn step(line: &str) -> Step {
    parse(line, "/")
        .unwrap_or_else(|error| panic!("{line}: {error}"))
        .unwrap()
}

fn wait(what: Expect, ms: u64) -> Step {
    Step::Wait(Wait {
        what,
        timeout: Duration::from_millis(ms),
    })
}

#[test]
fn every_command_of_the_table_is_read() {
    let emit = |nsp: &str, args: &str| Emit {
        nsp: nsp.to_owned(),
        args: args.to_owned(),
        ..Emit::default()
    };
    for (line, expected) in [
        (
            r#"{"emit":["hi"]}"#,
            Step::Do(Command::Emit(emit("/", r#"["hi"]"#))),
        ),
        (
            r#"{"emit":["name", 1.50, {"b":1,"a":2}],"nsp":"/chat","ack":true,"timeout_ms":5000}"#,
            Step::Do(Command::Emit(Emit {
                ack: true,
                timeout_ms: Some(5000),
                ..emit("/chat", r#"["name", 1.50, {"b":1,"a":2}]"#)
            })),
        ),
        (
            r#"{"volatile":true,"emit":["x"]}"#,
            Step::Do(Command::Emit(Emit {
                volatile: true,
                ..emit("/", r#"["x"]"#)
            })),
        ),
        (
            r#"{"emit":["b",{"$binary":"AQID"}]}"#,
            Step::Do(Command::Emit(emit("/", r#"["b",{"$binary":"AQID"}]"#))),
        ),
        (
            r#"{"join":"/chat"}"#,
            Step::Do(Command::Join {
                nsp: "/chat".to_owned(),
                auth: None,
            }),
        ),
        (
            r#"{"join":"chat","auth":{"t": "x"}}"#,
            Step::Do(Command::Join {
                nsp: "/chat".to_owned(),
                auth: Some(r#"{"t": "x"}"#.to_owned()),
            }),
        ),
        (
            r#"{"leave":"/chat"}"#,
            Step::Do(Command::Leave {
                nsp: "/chat".to_owned(),
            }),
        ),
        (
            r#"{"answer":[1,"two"],"nsp":"/chat","id":3}"#,
            Step::Do(Command::Answer {
                nsp: "/chat".to_owned(),
                id: 3,
                args: r#"[1,"two"]"#.to_owned(),
            }),
        ),
        (r#"{"connect":true}"#, Step::Do(Command::Connect)),
        (r#"{"disconnect":true}"#, Step::Do(Command::Disconnect)),
        (
            r#"{"mark":"here €"}"#,
            Step::Do(Command::Mark {
                text: "here €".to_owned(),
            }),
        ),
        (
            r#"{"fault":"close:1011"}"#,
            Step::Do(Command::Fault("close:1011".parse().unwrap())),
        ),
        (r#"{"fault":"clear"}"#, Step::Do(Command::ClearFaults)),
        (
            r#"{"fault":"drop","c":3}"#,
            Step::Do(Command::FaultOn {
                fault: "drop".parse().unwrap(),
                c: 3,
            }),
        ),
        (r#"{"buffer":"hold"}"#, Step::Do(Command::Hold)),
        (r#"{"buffer":"flush"}"#, Step::Do(Command::Flush)),
        (
            r#"{"answer":[1],"id":3,"again":true}"#,
            Step::Do(Command::AnswerAgain {
                nsp: "/".to_owned(),
                id: 3,
                args: "[1]".to_owned(),
            }),
        ),
        (r#"{"quit":true}"#, Step::Quit),
        (
            r#"{"wait":{"event":"hello","nsp":"/","timeout_ms":3000}}"#,
            wait(
                Expect::Event {
                    event: "hello".to_owned(),
                    nsp: Some("/".to_owned()),
                },
                3_000,
            ),
        ),
        (
            r#"{"wait":{"event":"hello"}}"#,
            wait(
                Expect::Event {
                    event: "hello".to_owned(),
                    nsp: None,
                },
                5_000,
            ),
        ),
        (r#"{"wait":{"ack":true}}"#, wait(Expect::Ack, 5_000)),
        (
            r#"{"wait":{"ack":true,"timeout_ms":10}}"#,
            wait(Expect::Ack, 10),
        ),
        (r#"{"wait":{"ms":500}}"#, wait(Expect::Time, 500)),
        (
            r#"{"wait":{"namespace":"/chat"}}"#,
            wait(Expect::Namespace("/chat".to_owned()), 5_000),
        ),
    ] {
        assert_eq!(step(line), expected, "{line}");
    }
}

#[test]
fn a_blank_line_is_nothing() {
    assert_eq!(parse("", "/"), Ok(None));
    assert_eq!(parse(" \t\r\n", "/"), Ok(None));
}

#[test]
fn a_command_without_a_namespace_means_the_one_given() {
    match parse(r#"{"emit":["x"]}"#, "/chat") {
        Ok(Some(Step::Do(Command::Emit(emit)))) => assert_eq!(emit.nsp, "/chat"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn arguments_are_passed_on_as_they_stand() {
    let args = r#"["x",1e999,"\ud800",9007199254740993,{"k":1,"k":2}]"#;
    match step(&format!("{{\"emit\":{args}}}")) {
        Step::Do(Command::Emit(emit)) => assert_eq!(emit.args, args),
        other => panic!("{other:?}"),
    }
}

#[test]
fn mistakes_say_what_where_and_what_to_do() {
    for (line, parts) in [
        ("hello", vec!["not JSON at column 1", "`hello`"]),
        ("[1]", vec!["no object", "emit, join"]),
        ("42", vec!["42 is no object"]),
        ("{}", vec!["no command", "emit, join, leave"]),
        (r#"{"emit":["x"]"#, vec!["not JSON at column 13", "EOF"]),
        (
            r#"{"emit":["x"]} trailing"#,
            vec!["not JSON at column 16", "trailing"],
        ),
        (
            r#"{"emmit":["x"]}"#,
            vec!["no command \"emmit\"", "emit, join"],
        ),
        (
            r#"{"emit":["x"],"quit":true}"#,
            vec!["emit and quit are two commands"],
        ),
        (
            r#"{"emit":["x"],"emit":["y"]}"#,
            vec!["\"emit\" stands twice"],
        ),
        (
            r#"{"emit":["x"],"namespace":"/"}"#,
            vec!["unknown key \"namespace\"", "nsp, ack, timeout_ms"],
        ),
        (r#"{"emit":"x"}"#, vec!["emit must be an array, not \"x\""]),
        (r#"{"emit":[]}"#, vec!["must begin with the event's name"]),
        (r#"{"emit":[1]}"#, vec!["must begin with the event's name"]),
        (
            r#"{"emit":["x"],"ack":1}"#,
            vec!["ack must be true or false, not 1"],
        ),
        (
            r#"{"emit":["x"],"ack":true,"timeout_ms":-1}"#,
            vec!["timeout_ms must be a whole number", "-1"],
        ),
        (
            r#"{"emit":["x"],"timeout_ms":5}"#,
            vec!["needs \"ack\":true"],
        ),
        (
            r#"{"emit":["x"],"ack":true,"volatile":true}"#,
            vec!["volatile", "ack"],
        ),
        (r#"{"emit":["x"],"nsp":"/a,b"}"#, vec!["comma"]),
        (
            r#"{"emit":["x",{"$binary":"?"}]}"#,
            vec!["$binary", "base64"],
        ),
        (
            r#"{"emit":["x",[{"a":{"$binary":7}}]]}"#,
            vec!["$binary must be a text", "7"],
        ),
        (r#"{"join":7}"#, vec!["join must be a text, not 7"]),
        (r#"{"join":"/x","auth":5}"#, vec!["auth must be an object"]),
        (
            r#"{"leave":"/x","auth":1}"#,
            vec!["unknown key \"auth\" beside \"leave\""],
        ),
        (r#"{"answer":[1]}"#, vec!["answer needs the \"id\""]),
        (r#"{"answer":{},"id":1}"#, vec!["answer must be an array"]),
        (r#"{"connect":false}"#, vec!["connect must be true"]),
        (r#"{"quit":1}"#, vec!["quit must be true or false, not 1"]),
        (
            r#"{"fault":"dorp"}"#,
            vec!["no fault \"dorp\"", "drop, reset", "clear ends"],
        ),
        (
            r#"{"buffer":"drop"}"#,
            vec!["buffer takes hold", "not drop"],
        ),
        (r#"{"fault":"close"}"#, vec!["needs a value", "close:CODE"]),
        (r#"{"fault":true}"#, vec!["fault must be a text, not true"]),
        (
            r#"{"fault":"drop","nsp":"/"}"#,
            vec!["unknown key \"nsp\"; fault knows c"],
        ),
        (
            r#"{"wait":{"evnt":"x"}}"#,
            vec![
                "unknown key \"evnt\"",
                "event, nsp, ack, namespace, ms, timeout_ms",
            ],
        ),
        (r#"{"wait":{}}"#, vec!["one of: event, ack, namespace, ms"]),
        (r#"{"wait":500}"#, vec!["500 is no object", "event, ack"]),
        (
            r#"{"wait":{"ms":5,"event":"x"}}"#,
            vec!["one thing, not for event and ms"],
        ),
        (r#"{"wait":{"ack":false}}"#, vec!["ack must be true"]),
        (
            r#"{"wait":{"ack":true,"nsp":"/"}}"#,
            vec!["nsp belongs to a wait for an event"],
        ),
        (r#"{"wait":{"ms":5,"timeout_ms":6}}"#, vec!["no timeout_ms"]),
        (r#"{"wait":{"ms":"5"}}"#, vec!["ms must be a whole number"]),
        (
            r#"{"wait":{"event":5}}"#,
            vec!["event must be a text, not 5"],
        ),
        (
            r#"{"wait":{"ms":5},"timeout_ms":6}"#,
            vec!["unknown key \"timeout_ms\" beside \"wait\""],
        ),
    ] {
        let error = parse(line, "/").expect_err(line);
        for part in parts {
            assert!(error.contains(part), "{line}: {part:?} is not in: {error}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_line_panics(line in ".{0,200}") {
        let _ = parse(&line, "/");
    }

    #[test]
    fn no_almost_right_line_panics(cut in 0usize..60, put in ".{0,3}") {
        let line = r#"{"emit":["näme",{"$binary":"AQID"}],"nsp":"/c","ack":true}"#;
        let mut text: String = line.chars().take(cut).collect();
        text.push_str(&put);
        text.extend(line.chars().skip(cut));
        let _ = parse(&text, "/");
    }
}

use super::super::bed::{V3, V4, read, script};
use super::*;

/// The steps, one a line: time, what, and what it waits for.
fn shown(script: &Script) -> Vec<String> {
    script
        .steps
        .iter()
        .map(|step| {
            let after = step
                .after
                .and_then(|after| script.expected.get(after))
                .map_or("nothing".to_owned(), |expected| expected.reply.to_string());
            format!("{} {} after {after}", step.at.as_millis(), step.deed)
        })
        .collect()
}

const TALK: &str = r#"
    # 1
    10 < 0{"sid":"E"}
    11 > 40{"token":"t"}
    20 < 40{"sid":"S"}
    25 < 42["hello",{"id":1}]
    40 > 420["login","me"]
    60 < 430["ok"]
    65 < 423["ask",1]
    70 > 40/chat,
    95 > 433["yes"]
    99 < 40/chat,{"sid":"C"}
    120 > 42/chat,["say","x"]
    150 > 41/chat,
    151 > 41
    152 = left
"#;

#[test]
fn a_session_becomes_steps_answers_and_what_came() {
    let script = script(TALK);
    assert_eq!(
        script.setup.joins,
        [("/".to_owned(), Some("{\"token\":\"t\"}".to_owned()))]
    );
    assert_eq!(
        shown(&script),
        [
            "20 emit \"login\" on / after event \"hello\" on /",
            "50 join /chat after event \"ask\" on /",
            "100 emit \"say\" on /chat after the way into namespace /chat",
        ]
    );
    let came: Vec<String> = script
        .expected
        .iter()
        .map(|expected| format!("{} {}", expected.at.as_millis(), expected.reply))
        .collect();
    assert_eq!(
        came,
        [
            "0 the way into namespace /",
            "5 event \"hello\" on /",
            "40 the ack of \"login\" on /",
            "45 event \"ask\" on /",
            "79 the way into namespace /chat",
        ]
    );
    let answer = &script.answers[0];
    assert_eq!(
        (answer.ask, answer.delay.as_millis(), answer.args.as_str()),
        (3, 30, "[\"yes\"]")
    );
    // Leaving is the end, not a step.
    assert_eq!(script.end.as_millis(), 130);
    assert_eq!(script.reconnects(), 0);
}

#[test]
fn a_reconnect_of_the_same_client_goes_on_and_joins_nothing_again() {
    let talk = r#"
        # 1
        10 < 0{"sid":"E"}
        11 > 40
        20 < 40{"sid":"S"}
        30 > 42["one"]
        40 = closed
        # 2
        50 < 0{"sid":"F"}
        51 > 40{"pid":"p","offset":"o"}
        60 < 40{"sid":"T"}
        70 > 42["two"]
        80 > 41
        81 = left
        # 3
        90 < 0{"sid":"G"}
        91 > 40{"own":1,"pid":"p","offset":"o"}
        95 < 40{"sid":"U"}
        99 > 42["three"]
    "#;
    let life = script(talk);
    assert_eq!(
        shown(&life),
        [
            "10 emit \"one\" on / after the way into namespace /",
            "50 emit \"two\" on / after the way into namespace /",
            "60 leave / after the way into namespace /",
            "61 disconnect after the way into namespace /",
            "71 connect after the way into namespace /",
            "71 join / after the way into namespace /",
            "79 emit \"three\" on / after the way into namespace /",
        ]
    );
    assert!(
        life.steps.iter().any(
            |step| matches!(&step.deed, Deed::Join { auth: Some(auth), .. } if auth == "{\"own\":1}")
        ),
        "what recovery adds is left out"
    );
    assert_eq!(life.connections, [1, 2, 3]);
    // One connection of it, and one of a tap, is a script of its own.
    for (source, connection, first) in [
        (Source::Client, Some(2), "two"),
        (Source::Tap, None, "one"),
        (Source::Har, Some(3), "three"),
    ] {
        let one = read(talk, V4, source, connection, &[]).unwrap();
        assert_eq!(one.reconnects(), 0);
        let emits: Vec<&str> = one
            .steps
            .iter()
            .filter_map(|step| match &step.deed {
                Deed::Emit(event) => Some(event.event.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(emits, [first]);
    }
}

#[test]
fn generation_2_is_let_into_the_root_by_the_server() {
    let talk = r#"
        # 1
        10 < 0{"sid":"E"}
        11 < 40
        12 > 40/admin?token=t,
        15 < 40/admin,
        30 > 42["one"]
        40 > 42/admin,["two"]
    "#;
    let script = read(talk, V3, Source::Client, None, &[]).unwrap();
    assert_eq!(
        script.setup.joins,
        [("/".to_owned(), None), ("/admin?token=t".to_owned(), None)]
    );
    assert_eq!(script.setup.eio, Some(3));
    assert_eq!(script.steps.len(), 2);
    let only = read(talk, V3, Source::Client, None, &["/admin".to_owned()]).unwrap();
    assert_eq!(only.steps.len(), 1);
    assert_eq!(only.setup.joins.len(), 1);
}

#[test]
fn in_generation_2_the_way_back_after_a_kick_is_a_connect() {
    let talk = r#"
        # 1
        10 < 0{"sid":"E"}
        11 < 40
        30 > 42["kick"]
        40 < 41
        41 = closed
        # 2
        90 < 0{"sid":"F"}
        91 < 40
        95 > 42["again"]
    "#;
    let script = read(talk, V3, Source::Client, None, &[]).unwrap();
    assert_eq!(
        shown(&script),
        [
            "19 emit \"kick\" on / after the way into namespace /",
            "80 connect after the server's disconnect from namespace /",
            "84 emit \"again\" on / after the way into namespace /",
        ]
    );
}

#[test]
fn what_can_not_be_played_is_told() {
    let nothing = read("", V4, Source::Client, None, &[]).unwrap_err();
    assert_eq!(
        nothing.to_string(),
        "there is nothing to play: it holds no Socket.IO packet (nor any other record)"
    );
    let other = read(TALK, V4, Source::Tap, Some(7), &[]).unwrap_err();
    assert_eq!(
        other.to_string(),
        "it has no connection 7 with Socket.IO packets; those that have are 1"
    );
    let other = read(TALK, V4, Source::Tap, None, &["/x".to_owned()]).unwrap_err();
    assert_eq!(
        other.to_string(),
        "namespace /x is not in it; its namespaces are /, /chat"
    );
}

//! Plans: what is read, and where a mistake is.

use super::*;

#[test]
fn a_plan_with_every_key_is_read() {
    let plan = Plan::parse(
        "seed = 7\n\
         [[rule]]\n\
         name = \"all\"\n\
         fault = [\"delay:200\", \"jitter\"]\n\
         connection = [1, 2]\n\
         attempt = 0\n\
         direction = \"to_client\"\n\
         transport = \"polling\"\n\
         request = \"poll\"\n\
         namespace = \"/chat\"\n\
         event = \"say\"\n\
         nth = 3\n\
         probability = 0.5\n\
         times = 2\n\
         [[rule]]\n\
         fault = \"drop\"\n",
    )
    .expect("a plan");
    assert_eq!(plan.seed, 7);
    let [all, second] = plan.rules.as_slice() else {
        panic!("{plan:?}");
    };
    assert_eq!(all.faults, [Fault::Delay(200), Fault::Jitter(100)]);
    let at = |line, column| At { line, column };
    assert_eq!(all.places.faults, [at(4, 10), at(4, 23)]);
    assert_eq!(all.places.attempt, Some(at(6, 1)));
    assert_eq!(second.places.faults, [at(16, 9)]);
    assert_eq!(second.name, "rule 2");
    assert_eq!(second.when, When::default());
    assert_eq!(
        all.when,
        When {
            connections: vec![1, 2],
            attempts: vec![0],
            direction: Some(Direction::ToClient),
            transport: Some(TransportName::Polling),
            request: Some(RequestKind::Poll),
            namespace: Some("/chat".to_owned()),
            event: Some("say".to_owned()),
            nth: Some(3),
            probability: Some(0.5),
            times: Some(2),
        }
    );
}

#[test]
fn the_example_is_a_plan() {
    let plan = Plan::parse(EXAMPLE).expect("the example");
    assert_eq!(plan.rules.len(), 2);
    assert!(plan.check(crate::faults::Side::Client).is_ok());
}

#[test]
fn mistakes_are_told_with_line_column_and_what_is_valid() {
    let cases: [(&str, usize, usize, &str); 22] = [
        ("", 1, 1, "no rule"),
        ("seed = 1\n", 1, 1, "[[rule]]"),
        ("seed = \n", 1, 8, ""),
        ("seed = -1\n[[rule]]\nfault = \"drop\"\n", 1, 8, "from 0"),
        (
            "sead = 1\n",
            1,
            1,
            "unknown key \"sead\"; a plan has \"seed\" and \"rule\"",
        ),
        ("rule = 1\n", 1, 8, "[[rule]]"),
        ("rule = [1]\n", 1, 9, "a table"),
        ("[[rule]]\n", 1, 1, "has no fault"),
        ("[[rule]]\nfault = []\n", 2, 9, "has no fault"),
        ("[[rule]]\nfault = \"dorp\"\n", 2, 9, "drop, reset"),
        (
            "[[rule]]\nfault = [\"drop\", \"close\"]\n",
            2,
            18,
            "close:CODE",
        ),
        ("[[rule]]\nfault = 3\n", 2, 9, "\"drop\""),
        (
            "[[rule]]\nfault = \"drop\"\n  evnt = \"x\"\n",
            3,
            3,
            "a rule has name, fault",
        ),
        (
            "[[rule]]\nfault = \"drop\"\nconnection = 0\n",
            3,
            14,
            "from 1",
        ),
        (
            "[[rule]]\nfault = \"drop\"\ndirection = \"up\"\n",
            3,
            13,
            "\"to_server\"",
        ),
        (
            "[[rule]]\nfault = \"drop\"\ntransport = \"ws\"\n",
            3,
            13,
            "\"websocket\"",
        ),
        (
            "[[rule]]\nfault = \"drop\"\nrequest = \"get\"\n",
            3,
            11,
            "\"handshake\"",
        ),
        (
            "[[rule]]\nfault = \"drop\"\nnamespace = \"chat\"\n",
            3,
            13,
            "\"/chat\"",
        ),
        ("[[rule]]\nfault = \"drop\"\nnth = 0\n", 3, 7, "from 1"),
        (
            "[[rule]]\nfault = \"drop\"\nname = \"ä\"\nprobability = 1.5\n",
            4,
            15,
            "0 to 1",
        ),
        (
            "[[rule]]\nfault = \"status:502@2\"\nnth = 2\n",
            3,
            1,
            "status:502@3",
        ),
        (
            "[[rule]]\nname = \"a\"\nfault = \"drop\"\n[[rule]]\nname = \"a\"\nfault = \"drop\"\n",
            5,
            8,
            "two rules are named \"a\"",
        ),
    ];
    for (text, line, column, what) in cases {
        let error = Plan::parse(text).expect_err(text);
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{text}: {error}"
        );
        assert!(error.what.contains(what), "{text}: {error}");
    }
}

#[test]
fn a_rule_that_could_never_act_is_refused_at_the_key_that_keeps_it() {
    let cases: [(&str, &str, usize, &str); 20] = [
        (
            "stall-poll",
            "transport = 'websocket'",
            3,
            "answers to polls",
        ),
        (
            "stall-poll",
            "direction = 'to_server'",
            3,
            "answers to polls",
        ),
        ("status:502@1", "event = 'x'", 3, "polls and posts"),
        ("status:502@1", "namespace = '/'", 3, "polls and posts"),
        (
            "status:502@1",
            "times = 1\ndirection = 'to_client'",
            4,
            "on their way",
        ),
        ("unknown-sid", "request = 'handshake'", 3, "name a session"),
        ("drop-ack", "request = 'handshake'", 3, "acks"),
        ("drop-ack", "event = 'x'", 3, "no event"),
        (
            "drop",
            "request = 'poll'\ndirection = 'to_client'",
            3,
            "together with direction",
        ),
        (
            "freeze",
            "request = 'poll'\nevent = 'x'",
            4,
            "together with request",
        ),
        ("close:1011", "transport = 'polling'", 3, "over WebSocket"),
        ("close:1011", "request = 'post'", 3, "over WebSocket"),
        ("no-upgrade", "request = 'poll'", 3, "handshakes"),
        ("abort-upgrade", "transport = 'polling'", 3, "probe"),
        ("no-pong", "event = 'x'", 3, "pongs"),
        ("garbage", "direction = 'to_server'", 3, "parse error"),
        ("duplicate", "request = 'upgrade'", 3, "events"),
        (
            "delay:5",
            "request = 'handshake'\nevent = 'x'",
            4,
            "all that crosses",
        ),
        ("oversize", "direction = 'to_client'", 3, "to the server"),
        ("split-101", "transport = 'polling'", 3, "101"),
    ];
    for (fault, keys, line, what) in cases {
        let text = format!("[[rule]]\nfault = '{fault}'\n{keys}\n");
        let error = Plan::parse(&text).expect_err(&text);
        assert_eq!((error.line, error.column), (line, 1), "{text}: {error}");
        let said = error.what.contains(what) && error.what.contains(fault);
        assert!(said, "{text}: {error}");
    }
}

#[test]
fn each_fault_has_a_rule_for_each_key_that_it_can_go_with() {
    let possible = [
        ("drop", "request = 'handshake'"),
        (
            "drop",
            "direction = 'to_client'\nevent = 'x'\nnamespace = '/a'\ntransport = 'polling'",
        ),
        ("reset", "request = 'upgrade'\ntransport = 'websocket'"),
        ("freeze", "direction = 'to_server'\nrequest = 'post'"),
        (
            "status:502@1",
            "request = 'handshake'\ntransport = 'polling'",
        ),
        ("unknown-sid", "request = 'upgrade'"),
        ("stall-poll", "request = 'poll'\ndirection = 'to_client'"),
        ("no-upgrade", "request = 'handshake'"),
        ("abort-upgrade", "transport = 'websocket'"),
        ("no-pong", "direction = 'to_server'"),
        ("no-pong", "direction = 'to_client'"),
        ("deaf", "transport = 'polling'"),
        ("garbage", "event = 'x'\ndirection = 'to_client'"),
        ("oversize", "request = 'post'"),
        ("oversize", "event = 'x'\ntransport = 'websocket'"),
        ("drop-ack", "namespace = '/a'\nrequest = 'poll'"),
        ("duplicate", "event = 'x'\nrequest = 'post'"),
        ("jitter", "event = 'x'\nrequest = 'post'"),
        ("throttle:10", "request = 'handshake'"),
        ("split-attachment", "event = 'x'"),
        ("split-101", "request = 'upgrade'"),
        ("close:1011", "transport = 'websocket'\nevent = 'x'"),
    ];
    for (fault, keys) in possible {
        let text = format!("[[rule]]\nfault = '{fault}'\n{keys}\n");
        assert!(
            Plan::parse(&text).is_ok(),
            "{text}: {:?}",
            Plan::parse(&text)
        );
    }
}

#[test]
fn a_plan_that_one_side_can_not_carry_out_is_told_with_its_place() {
    let plan = Plan::parse("[[rule]]\nfault = [\"drop\", \"split-101\"]\n");
    let error = plan
        .expect("a plan")
        .check(crate::faults::Side::Client)
        .expect_err("refused");
    assert_eq!((error.line, error.column), (2, 18));
    assert!(error.what.contains("sioscope tap"), "{error}");
}

#[test]
fn attempts_are_for_a_client_that_counts_them() {
    let text = "[[rule]]\nfault = \"drop\"\n[[rule]]\nfault = \"drop\"\nattempt = 1\n";
    let plan = Plan::parse(text).expect("a plan");
    assert!(plan.check(crate::faults::Side::Client).is_ok());
    let error = plan.check(crate::faults::Side::Tap).expect_err("refused");
    assert_eq!((error.line, error.column), (5, 1));
    assert!(error.what.contains("connection"), "{error}");
}

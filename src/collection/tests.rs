//! Drafts as they are written, filled in and judged.

use serde_json::{Value, json};

use super::*;
use crate::path::Of;

const LOGIN: &str = r#"
[[draft]]
name = "log in"
nsp = "/{{room}}"
event = "login"
args = ["{{user}}", { n = "{{count}}", text = "I am {{ user }}, {{*}} {{", at = 1.5 }]
capture = { ticket = "reply:login[0].ticket" }
secret = ["ticket"]

[[draft]]
name = "use"
event = "use"
args = '[{"ticket":"{{ticket}}"}, 1.50]'
expect = { ack = ["welcome", "{{*}}"], event = "used", "used[0].by" = "{{user}}", within_ms = 700 }
"#;

fn variables() -> Variables {
    let mut variables = Variables::default();
    let text = "[vars]\nuser = \"ann\"\ncount = 3\nroom = \"chat\"\n[secrets]\npassword = { env = \"PW\" }\npin = 4711";
    variables
        .environment(text, &|name| (name == "PW").then(|| "hun\"ter2".to_owned()))
        .unwrap();
    variables
}

fn reply(event: &str) -> Of<'_> {
    let (nsp, reply) = ("/", true);
    Of { nsp, event, reply }
}

fn event(event: &str) -> Of<'_> {
    let (nsp, reply) = ("/", false);
    Of { nsp, event, reply }
}

#[test]
fn a_draft_is_filled_in_and_values_keep_their_type() {
    let drafts = parse(LOGIN).unwrap();
    let filled = drafts[0].fill(&variables()).unwrap();
    assert_eq!(filled.nsp.as_deref(), Some("/chat"));
    assert_eq!(
        filled.array,
        r#"["login","ann",{"n":3,"text":"I am ann, {{*}} {{","at":1.5}]"#
    );
    assert_eq!(drafts[0].mentions(), ["room", "user", "count"]);
    assert!(drafts[0].ack, "what is captured from a reply needs one");
    assert_eq!(drafts[1].line, 10);
    assert_eq!(
        drafts[1].fill(&variables()),
        Err(Unfilled::Missing("ticket".to_owned()))
    );
}

#[test]
fn arguments_without_variables_are_sent_as_they_are_written() {
    let text = "[[draft]]\nname = 'x'\nevent = 'a \"b\"'\nargs = '[1.50, 12345678901234567890123]'";
    let drafts = parse(text).unwrap();
    let filled = drafts[0].fill(&Variables::default()).unwrap();
    assert_eq!(filled.array, r#"["a \"b\"",1.50, 12345678901234567890123]"#);
    let bare = parse("[[draft]]\nname = 'x'\nevent = 'e'").unwrap();
    assert_eq!(
        bare[0].fill(&Variables::default()).unwrap().array,
        r#"["e"]"#
    );
}

#[test]
fn a_reply_decides_at_once_and_of_events_one_has_to_fit() {
    let drafts = parse(LOGIN).unwrap();
    let mut variables = variables();
    variables.set("ticket", json!("t-1"), true);
    let filled = drafts[1].fill(&variables).unwrap();
    let trial = || Trial::new(filled.groups.clone(), true);

    let mut good = trial();
    good.hear(event("used"), &json!([{"by": "bob"}]));
    good.hear(reply("use"), &json!(["welcome", {"any": "thing"}]));
    assert!(!good.is_met());
    assert_eq!(
        good.missing(variables.masks()).as_deref(),
        Some(r#"event "used" came, but used[0].by: expected "ann", got "bob""#)
    );
    good.hear(event("used"), &json!([{"by": "ann", "more": 1}]));
    assert!(good.is_met());

    for (args, why) in [
        (json!(["no", 1]), r#"ack[0]: expected "welcome", got "no""#),
        (
            json!(["welcome"]),
            r#"ack[1]: expected "{{*}}", got nothing"#,
        ),
        (
            json!(["welcome", 1, "t-1"]),
            r#"ack[2]: expected "nothing more", got "***""#,
        ),
        (
            json!([{"token": "new"}, 1]),
            r#"ack[0]: expected "welcome", got {"token":"***"}"#,
        ),
    ] {
        let mut bad = trial();
        bad.hear(reply("use"), &args);
        let miss = bad.failed().expect("it is decided");
        assert_eq!(miss.say(variables.masks()), why);
    }
    assert_eq!(
        trial().missing(variables.masks()).as_deref(),
        Some("no ack")
    );
}

#[test]
fn what_is_captured_has_to_be_there() {
    let drafts = parse(LOGIN).unwrap();
    let groups = drafts[0].fill(&variables()).unwrap().groups;
    let mut trial = Trial::new(groups.clone(), true);
    trial.hear(reply("login"), &json!([{"ticket": 5}]));
    assert!(trial.is_met());
    assert_eq!(trial.captured(), [("ticket".to_owned(), json!(5))]);
    assert!(drafts[0].hides("ticket") && drafts[0].hides("authToken") && !drafts[0].hides("id"));

    let mut trial = Trial::new(groups, true);
    trial.hear(reply("login"), &json!([]));
    let miss = trial.failed().expect("it is decided");
    assert_eq!(
        miss.say(variables().masks()),
        "reply:login[0].ticket: expected something to capture, got nothing"
    );
}

#[test]
fn patterns_name_what_matters() {
    let draft = |expect: &str| {
        let text = format!("[[draft]]\nname='x'\nevent='e'\nexpect={{ {expect} }}");
        parse(&text).unwrap()[0]
            .fill(&Variables::default())
            .unwrap()
            .groups
    };
    for (expect, args, met) in [
        ("ack = '[{\"a\":1}]'", json!([{"a": 1.0, "b": 2}]), true),
        ("ack = [{ a = 1 }]", json!([{"b": 1}]), false),
        ("ack = []", json!([]), true),
        ("ack = []", json!([1]), false),
        ("ack = true", json!(["whatever"]), true),
        (
            "'reply:e[0].list' = [1, '{{*}}']",
            json!([{"list": [1, null]}]),
            true,
        ),
        ("'reply:*[-1]' = 2", json!([1, 2]), true),
        ("'/other,reply:e[0]' = 2", json!([2]), false),
        ("'reply:e[0]' = '1'", json!([1]), false),
    ] {
        let mut trial = Trial::new(draft(expect), true);
        trial.hear(reply("e"), &args);
        assert_eq!(trial.is_met(), met, "{expect} {args}");
    }
}

#[test]
fn secrets_are_masked_in_every_spelling_and_stay_secret() {
    let mut variables = variables();
    variables.given("pin=99887").unwrap();
    variables.given("apiKey=k-1").unwrap();
    variables.given("user=42").unwrap();
    let masks = variables.masks();
    assert_eq!(
        masks.text(r#"hun"ter2 "hun\"ter2" 99887 4711 k-1 42"#),
        r#"*** "***" *** *** *** 42"#
    );
    assert_eq!(
        masks.json(&json!({"pin": 4711, "hun\"ter2": ["x k-1"], "user": 42})),
        json!({"pin": "***", "***": ["x ***"], "user": 42})
    );
    assert_eq!(variables.value(&json!("{{user}}")), Ok(json!(42)));
    assert!(variables.given("no value").is_err());
    assert!(variables.given("a b=1").is_err());
}

#[test]
fn a_value_is_not_filled_again() {
    let mut variables = Variables::default();
    variables.set("a", json!("{{b}}"), false);
    assert_eq!(variables.value(&json!("{{a}}")), Ok(json!("{{b}}")));
    assert_eq!(variables.text("{{{a}}}"), Ok("{{{b}}}".to_owned()));
    let value: Value = json!({"{{a}}": ["{{a}}!", "{{not a name}}"]});
    assert_eq!(
        variables.value(&value),
        Ok(json!({"{{b}}": ["{{b}}!", "{{not a name}}"]}))
    );
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let head = "[[draft]]\nname = 'x'\nevent = 'e'\n";
    // All arguments of an event: a list, or whatever a variable brings.
    for fits in ["used = ['ann', 1]", "used = '{{all}}'", "used = '{{*}}'"] {
        parse(&format!("{head}expect = {{ {fits} }}")).expect(fits);
    }
    for (text, place, what) in [
        ("[[draft]]\nname = ", "2:8", "string"),
        ("", "1:1", "there is no draft"),
        ("[vars]\na = 1", "1:2", "--env"),
        ("[[draft]]\nevent = 'e'", "1:1", "no name"),
        ("[[draft]]\nname = 'x'", "1:1", "no event"),
        (&format!("{head}evnt = 1"), "4:1", "unknown key \"evnt\""),
        (&format!("{head}ack = 1"), "4:7", "true or false"),
        (&format!("{head}timeout_ms = 0"), "4:14", "milliseconds"),
        (&format!("{head}args = 'hi'"), "4:8", "no JSON"),
        (&format!("{head}args = '{{}}'"), "4:8", "as a list"),
        (&format!("{head}args = [nan]"), "4:9", "no such number"),
        (&format!("{head}nsp = '/a,b'"), "4:7", "comma"),
        (
            &format!("{head}expect = {{ ack = 'x y' }}"),
            "4:18",
            "no JSON",
        ),
        (
            &format!("{head}expect = {{ ack = 1 }}"),
            "4:18",
            "as a list",
        ),
        (
            &format!("{head}expect = {{ '$[0]' = 1 }}"),
            "4:12",
            "names no event",
        ),
        (
            &format!("{head}expect = {{ 'reply:f[0]' = 1 }}"),
            "4:12",
            "not the reply",
        ),
        (
            &format!("{head}expect = {{ nosuch = 1 }}"),
            "4:12",
            "unknown key \"nosuch\"",
        ),
        (
            &format!("{head}expect = {{ event = 'a', withinms = 500 }}"),
            "4:25",
            "within_ms",
        ),
        (
            &format!("{head}capture = {{ 'a b' = 'e[0]' }}"),
            "4:13",
            "is no name",
        ),
        (
            &format!("{head}capture = {{ a = 'connect.sid' }}"),
            "4:17",
            "comes before",
        ),
        (
            &format!("{head}secret = ['a']"),
            "4:10",
            "nothing is captured",
        ),
        (&format!("{head}\n{head}"), "5:1", "two drafts"),
    ] {
        let mistake = parse(text).expect_err(text).to_string();
        assert!(
            mistake.starts_with(&format!("{place}: ")),
            "{text}: {mistake}"
        );
        assert!(mistake.contains(what), "{text}: {mistake}");
    }
    let mut variables = Variables::default();
    for (text, place, what) in [
        ("[vars]\na = 1\n[secrets]\na = 2", "4:1", "[secrets]"),
        ("[secrets]\na = { env = 'NOPE' }", "2:13", "NOPE"),
        ("[other]", "1:2", "unknown key"),
        ("vars = 1", "1:8", "write a table"),
    ] {
        let mistake = variables.environment(text, &|_| None).expect_err(text);
        let mistake = mistake.to_string();
        assert!(
            mistake.starts_with(&format!("{place}: ")),
            "{text}: {mistake}"
        );
        assert!(mistake.contains(what), "{text}: {mistake}");
    }
}

#[test]
fn what_has_no_value_and_what_is_secret_can_stay_as_it_is_written() {
    let names = ["nobody".to_owned(), "user".to_owned()];
    let all = variables().or_as_written(&names);
    assert_eq!(all.text("{{user}} {{ nobody }}").unwrap(), "ann {{nobody}}");
    let shown = variables().without_secrets();
    assert_eq!(
        shown.value(&json!(["{{count}}", "{{pin}}"])).unwrap(),
        json!([3, "{{pin}}"])
    );
    let known = |text: &str| variables().known_in(text).unwrap();
    assert_eq!(
        known(r#"["e","{{pin}}",{"{{user}}":"a {{nobody}}"}]"#).unwrap(),
        r#"["e",4711,{"ann":"a {{nobody}}"}]"#
    );
    assert_eq!(known(r#"["e","{{nobody}}",1.50]"#), None, "left as it is");
}

#[test]
fn what_is_kept_of_an_event_names_its_secrets() {
    let named = |text: &str| variables().secrets_named_in(text);
    assert_eq!(
        named(r#"[{"p":"hun\"ter2","n":4711},"ann",3]"#).unwrap(),
        r#"[{"p":"{{password}}","n":"{{pin}}"},"ann",3]"#
    );
    assert_eq!(named(r#"["ann",3,1.50]"#), None);
}

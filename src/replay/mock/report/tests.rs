use super::*;
use crate::replay::mock::bed::{Client, session};

fn script() -> Script {
    session(&[(
        1,
        4,
        &[
            (0, "> 40"),
            (1, "< 40{\"sid\":\"s\"}"),
            (2, "> 420[\"save\",1]"),
            (3, "< 430[]"),
            (500, "< 42[\"late\"]"),
            (600, "> 42[\"never\"]"),
            (700, "> 40/a,"),
        ],
    )])
}

/// What is told of a client that saves something else twice, and something unheard of.
fn played() -> (Report, Vec<String>) {
    let mut client = Client::of(script());
    client.says(0, "0");
    client.hears(1);
    for _ in 0..2 {
        client.says(10, "25[\"save\",2]").says(10, "2[\"nope\"]");
    }
    client.says(12, "0/b,");
    client.hears(20);
    let mut report = Report::default();
    let script = script();
    let told = client
        .actor
        .notes()
        .into_iter()
        .filter_map(|note| report.take(&script, 7, note))
        .collect();
    (report, told)
}

#[test]
fn each_surprise_is_told_once() {
    let (_, told) = played();
    assert_eq!(
        told,
        [
            "client 7: / [\"save\",2] differs from record 5, which answers it: / [\"save\",1]",
            "client 7: the session has no such event: / [\"nope\"]",
            "client 7: the session has no namespace /b; refused with \"Invalid namespace\"",
        ]
    );
}

#[test]
fn the_summary_counts_them_and_lists_what_was_missed() {
    let (report, _) = played();
    assert_eq!(
        report.text(&script()),
        "played to 1 connection; the clients reached 2 of the session's 4 cues
not in the session:
  the session has no such event: / [\"nope\"] (2 times)
  the session has no namespace /b; refused with \"Invalid namespace\"
answered, but with other arguments:
  / [\"save\",2] for record 5: / [\"save\",1] (2 times)
more often than in the session (the answer was played again):
  record 5: / [\"save\",1]
in the session, but no client did it:
  record 8: / [\"never\"]
  record 9: joins /a
of the server's side not reached:
  record 7: / event [\"late\"]
"
    );
    let json: serde_json::Value = serde_json::from_str(&report.json(&script())).unwrap();
    assert_eq!(json["clients"], 1);
    assert_eq!(json["unknown"][0]["data"], serde_json::json!(["nope"]));
    assert_eq!(json["unknown"][0]["count"], 2);
    assert_eq!(
        json["unreached"][1],
        serde_json::json!({ "n": 9, "what": "join", "nsp": "/a" })
    );
    assert_eq!(
        json["unsaid"],
        serde_json::json!([{ "n": 7, "what": "event", "nsp": "/", "data": ["late"] }])
    );
}

#[test]
fn an_endless_variety_is_counted_and_not_kept() {
    let (mut report, script) = (Report::default(), script());
    for count in 0..2_000 {
        let data = format!("[\"e{count}\"]");
        let (nsp, asked) = ("/".to_owned(), false);
        report.take(&script, 1, Note::UnknownEvent { nsp, data, asked });
    }
    assert!(report.has_unknown());
    let text = report.text(&script);
    assert!(text.contains("and 1000 more that were not kept"), "{text}");
    assert!(text.contains("and 980 more (--json lists all)"), "{text}");
    assert!(text.lines().count() < 60, "{text}");
}

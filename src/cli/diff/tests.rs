//! `diff`: arguments and JSON.

use serde_json::{Value, json};

use super::*;
use crate::journal::Record;
use crate::journal::record::{Body, Direction, Frame, Opcode};
use crate::replay::diff::Reader;

fn parsed(args: &[&str]) -> Result<Plan, String> {
    let line = ["sioscope", "diff"].iter().chain(args).map(Into::into);
    match crate::cli::parse(line) {
        Ok(invocation) => match invocation.task {
            crate::cli::Task::Diff(plan) => Ok(*plan),
            other => Err(format!("{other:?}")),
        },
        Err(exit) => Err(format!("{exit:?}")),
    }
}

#[test]
fn masks_and_what_is_ignored_are_read() {
    let plan = parsed(&[
        "a",
        "b",
        "-m",
        "say[0].id",
        "--mask",
        "$..at",
        "--ignore",
        "headers,timing",
        "--ignore",
        "order",
    ])
    .unwrap();
    let paths: Vec<String> = plan.masks.paths.iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["say[0].id", "$..at"]);
    assert!(!plan.masks.exact);
    let ignored: Vec<&str> = plan
        .rules
        .ignore
        .iter()
        .map(|aspect| aspect.name())
        .collect();
    assert_eq!(ignored, ["order", "headers", "timing"]);
    assert!(parsed(&["a", "b", "--mask", ".x"]).is_err());
    assert!(parsed(&["a", "b", "--ignore", "colours"]).is_err());
    assert!(parsed(&["a"]).is_err());
}

fn side(frames: &[(Direction, &str)]) -> Side {
    let header = Header::now(crate::journal::file::Source::Client, "http://h/");
    let masks = Masks::default();
    let mut reader = Reader::new(&header, &masks);
    for (n, (dir, text)) in (1..).zip(frames) {
        reader.take(&Record {
            n,
            t: n * 1_000,
            c: Some(1),
            body: Body::Frame(Frame {
                dir: *dir,
                op: Opcode::Text,
                data: bytes::Bytes::copy_from_slice(text.as_bytes()),
                code: None,
                reason: None,
                wire: None,
            }),
        });
    }
    reader.finish()
}

fn printed(a: &Side, b: &Side) -> Value {
    let comparison = compare(a, b, &Rules::default());
    serde_json::from_str(&json::object(a, b, &comparison)).unwrap()
}

#[test]
fn the_object_has_the_shape_that_is_promised() {
    use Direction::{ToClient, ToServer};
    let a = side(&[
        (ToServer, r#"40{"token":"secret-one"}"#),
        (ToServer, r#"427["say",1]"#),
        (ToClient, r#"437["ok"]"#),
        (ToClient, r#"42["bye",{"$binary":"AQI="}]"#),
    ]);
    let b = side(&[
        (ToServer, r#"40{"token":"secret-one"}"#),
        (ToServer, r#"429["say",1]"#),
        (ToClient, r#"439["no"]"#),
    ]);
    assert_eq!(printed(&a, &a), json!({"equal": true, "differences": []}));
    let found = printed(&a, &b);
    assert_eq!(
        found,
        json!({"equal": false, "differences": [
            {
                "a": {"n": 3, "t": 0.003, "c": 1, "dir": "to_client", "engine": "message", "type": "ack", "nsp": "/", "id": 7, "data": ["ok"], "ms": 1.0},
                "b": {"n": 3, "t": 0.003, "c": 1, "dir": "to_client", "engine": "message", "type": "ack", "nsp": "/", "id": 9, "data": ["no"], "ms": 1.0},
                "why": "the reply to \"say\" differs: [0] is \"ok\" in A and \"no\" in B",
                "about": "reply",
                "mask": "reply:say[0]",
            },
            {
                "a": {"n": 4, "t": 0.004, "c": 1, "dir": "to_client", "engine": "message", "type": "event", "nsp": "/", "data": ["bye", {"$binary": "AQI="}]},
                "b": null,
                "why": "the server sent \"bye\" in A, and not in B; B was over before that",
                "about": "timing",
            },
        ]})
    );
}

#[test]
fn no_secret_of_a_payload_is_printed_or_said() {
    let of = |passwd: &str| {
        let login = format!(r#"42["login",{{"user":{{"passwd":"{passwd}","no":7}}}}]"#);
        let extra = format!(r#"42["extra",{{"apiKey":"{passwd}"}}]"#);
        side(&[
            (Direction::ToServer, "40"),
            (Direction::ToServer, &login),
            (Direction::ToClient, &extra),
        ])
    };
    let (one, other) = (of("PassWd99x"), of("PassWd88y"));
    let found = printed(&one, &other);
    assert_eq!(
        found["differences"][0]["a"]["data"],
        json!(["login", {"user": {"passwd": "•••", "no": 7}}])
    );
    let plan = parsed(&["a", "b"]).unwrap();
    let comparison = compare(&one, &other, &Rules::default());
    let loaded = |side: &Side| Loaded {
        path: PathBuf::from("a"),
        header: Header::now(
            crate::journal::file::Source::Client,
            "http://h/?key=PassWd99x",
        ),
        side: side.clone(),
        notes: Vec::new(),
    };
    let page = text::page(&loaded(&one), &loaded(&other), &comparison, &plan, false);
    assert!(
        page.contains("passwd differs (its value is not shown)"),
        "{page}"
    );
    let alone = printed(&one, &side(&[(Direction::ToServer, "40")]));
    for text in [found.to_string(), page, alone.to_string()] {
        assert!(!text.contains("PassWd"), "{text}");
        assert!(text.contains("passwd"), "{text}");
    }
}

#[test]
fn no_secret_of_an_auth_payload_is_printed() {
    let one = side(&[(Direction::ToServer, r#"40{"token":"secret-one"}"#)]);
    let other = side(&[(
        Direction::ToServer,
        r#"40{"token":"secret-two","pin":[4711]}"#,
    )]);
    let found = printed(&one, &other);
    assert_eq!(
        found["differences"][0]["a"]["data"],
        json!({"token": "•••"})
    );
    let text = found.to_string();
    for secret in ["secret-one", "secret-two", "4711"] {
        assert!(!text.contains(secret), "{text}");
    }
}

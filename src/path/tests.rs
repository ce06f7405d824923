//! Paths.

use serde_json::json;

use super::*;

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

fn event<'a>(nsp: &'a str, event: &'a str) -> Of<'a> {
    let reply = false;
    Of { nsp, event, reply }
}

fn reply<'a>(nsp: &'a str, event: &'a str) -> Of<'a> {
    let reply = true;
    Of { nsp, event, reply }
}

#[test]
fn a_path_leads_to_a_value() {
    let root = json!(["room1", {"user": {"id": 7, "a.b": true}, "list": [1, {"id": 8}, 3]}]);
    for (text, expected) in [
        ("say[0]", Some(json!("room1"))),
        ("say[1].user.id", Some(json!(7))),
        ("say[1].user.\"a.b\"", Some(json!(true))),
        ("say[1].user[\"a.b\"]", Some(json!(true))),
        ("say[-1].list[-1]", Some(json!(3))),
        ("say[1].list[*].id", Some(json!(8))),
        ("say[1].*.id", Some(json!(7))),
        ("say..id", Some(json!(7))),
        ("say..list[1]..id", Some(json!(8))),
        ("say", Some(root.clone())),
        ("say[2]", None),
        ("say[-3]", None),
        ("say[1].nobody", None),
        ("say.user", None),
        ("say[0][0]", None),
    ] {
        assert_eq!(path(text).get(&root), expected.as_ref(), "{text}");
    }
    assert_eq!(path("say.user").get(&json!([{"user": 1}])), Some(&json!(1)));
}

#[test]
fn a_path_is_of_the_packets_that_it_names() {
    for (text, of, expected) in [
        ("say.id", event("/", "say"), true),
        ("say.id", event("/chat", "say"), true),
        ("say.id", event("/", "said"), false),
        ("say.id", reply("/", "say"), false),
        ("/chat,say.id", event("/chat", "say"), true),
        ("/chat,say.id", event("/", "say"), false),
        ("/,say.id", event("/", "say"), true),
        ("reply:say[0]", reply("/", "say"), true),
        ("reply:say[0]", event("/", "say"), false),
        ("reply:*[0]", reply("/", "say"), true),
        ("reply:*[0]", event("/", "say"), false),
        ("$.id", event("/", "say"), true),
        ("*.id", reply("/", "say"), true),
        ("user:joined.id", event("/", "user:joined"), true),
        ("\"a.b\"[0]", event("/", "a.b"), true),
        ("\"reply:x\"", event("/", "reply:x"), true),
        ("reply:\"a.b\"", reply("/", "a.b"), true),
        ("\"/odd\"", event("/", "/odd"), true),
        ("connect.token", event("/", "connect"), true),
    ] {
        assert_eq!(path(text).covers(of), expected, "{text} {of:?}");
    }
}

#[test]
fn a_value_is_put_where_the_path_leads() {
    for (text, expected, times) in [
        (
            "say.id",
            json!([{"id": "new", "list": [{"id": 2}, {"id": 3}]}, 5]),
            1,
        ),
        (
            "say.fresh",
            json!([{"id": 1, "list": [{"id": 2}, {"id": 3}], "fresh": "new"}, 5]),
            1,
        ),
        (
            "say.list[*].id",
            json!([{"id": 1, "list": [{"id": "new"}, {"id": "new"}]}, 5]),
            2,
        ),
        (
            "say[1]",
            json!([{"id": 1, "list": [{"id": 2}, {"id": 3}]}, "new"]),
            1,
        ),
        (
            "say..id",
            json!([{"id": "new", "list": [{"id": "new"}, {"id": "new"}]}, 5]),
            3,
        ),
        (
            "say[2]",
            json!([{"id": 1, "list": [{"id": 2}, {"id": 3}]}, 5]),
            0,
        ),
        (
            "say[1].x",
            json!([{"id": 1, "list": [{"id": 2}, {"id": 3}]}, 5]),
            0,
        ),
    ] {
        let mut root = json!([{"id": 1, "list": [{"id": 2}, {"id": 3}]}, 5]);
        assert_eq!(path(text).set(&mut root, &json!("new")), times, "{text}");
        assert_eq!(root, expected, "{text}");
    }
}

#[test]
fn a_mistake_is_pointed_at() {
    for (text, column, what) in [
        ("", 1, "an event's name is missing"),
        (".user", 1, "an event's name is missing"),
        ("/chat", 6, "a comma must follow the namespace"),
        ("say.", 5, "a member's name is missing"),
        ("say[0", 6, "this [ is never closed"),
        ("say[zero]", 5, "\"zero\" is no index"),
        ("say[0]x", 7, "a step begins with . or ["),
        ("\"say", 1, "this quote is never closed"),
        ("reply:", 7, "an event's name is missing after reply:"),
        ("é[x]", 3, "\"x\" is no index"),
    ] {
        let error = text.parse::<Path>().unwrap_err();
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.what.starts_with(what), "{text}: {error}");
    }
}

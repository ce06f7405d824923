use proptest::prelude::*;

use super::*;

#[test]
fn accepts_what_json_parse_accepts() {
    let texts = [
        "0",
        "-0",
        "1e5",
        "1E+5",
        "0.1",
        "1e999",
        "12345678901234567890",
        "true",
        "false",
        "null",
        "\"\"",
        "\"\\ud800\"",
        "\"\\u0000\\u001f\"",
        "\"é😀\"",
        "[]",
        "{}",
        " [ 1 , 2 ] ",
        "{\"a\":{\"b\":[null]}}",
        "\t\r\n1\n",
        "{\"a\":1,\"a\":2}",
    ];
    for text in texts {
        assert!(validate(text).is_ok(), "{text:?}");
    }
}

#[test]
fn refuses_what_json_parse_refuses_and_says_where() {
    use JsonErrorKind as E;
    let cases = [
        ("", 0, E::UnexpectedEnd),
        (" ", 1, E::UnexpectedEnd),
        ("[", 1, E::UnexpectedEnd),
        ("[1", 2, E::UnexpectedEnd),
        ("[1,]", 3, E::ExpectedValue),
        ("[,]", 1, E::ExpectedValue),
        ("{\"a\":1,}", 7, E::ExpectedKey),
        ("{\"a\"}", 4, E::ExpectedColon),
        ("{a:1}", 1, E::ExpectedKey),
        ("[1}", 2, E::ExpectedCommaOrEnd),
        ("{\"a\":1]", 6, E::ExpectedCommaOrEnd),
        ("1 2", 2, E::TrailingText),
        ("[]]", 2, E::TrailingText),
        ("{}x", 2, E::TrailingText),
        ("\"\t\"", 1, E::ControlCharacter),
        ("\"\\x\"", 1, E::BadEscape),
        ("\"\\u12g4\"", 1, E::BadEscape),
        ("\"abc", 4, E::UnexpectedEnd),
        ("01", 1, E::BadNumber),
        ("1.", 2, E::UnexpectedEnd),
        ("1.x", 2, E::BadNumber),
        ("-", 1, E::UnexpectedEnd),
        ("-x", 1, E::BadNumber),
        ("+1", 0, E::ExpectedValue),
        ("tru", 0, E::ExpectedValue),
        ("NaN", 0, E::ExpectedValue),
        ("\u{a0}1", 0, E::ExpectedValue),
        ("\u{feff}1", 0, E::ExpectedValue),
        ("[\"a\",{\"b\":", 10, E::UnexpectedEnd),
    ];
    for (text, at, kind) in cases {
        assert_eq!(validate(text), Err(JsonError { at, kind }), "{text:?}");
    }
}

#[test]
fn depth_costs_no_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let text = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(validate(&text).is_ok());
        assert!(validate(&text[..text.len() - 1]).is_err());
        assert_eq!(compact(&text).unwrap(), text);
    }
    // Which bracket is due is remembered at every level, also above the first 128.
    let mixed = format!("{}1{}", "[{\"a\":".repeat(300), "}]".repeat(300));
    assert!(validate(&mixed).is_ok());
    assert!(validate(&mixed.replacen("}]}]", "]}}]", 1)).is_err());
}

#[test]
fn splits_arrays_and_objects_into_raw_text() {
    assert_eq!(
        elements(r#" [ 1.0 , {"b":[1,2]},"x,]" ,[[]] ]"#).unwrap(),
        ["1.0", r#"{"b":[1,2]}"#, "\"x,]\"", "[[]]"]
    );
    assert_eq!(elements("[]").unwrap(), Vec::<&str>::new());
    assert_eq!(elements("{}"), None);
    assert_eq!(elements("[1"), None);
    assert_eq!(elements("[1]]"), None);
    assert_eq!(
        members(r#"{"a": 1e2 ,"b":{"c":[]},"a":2}"#).unwrap(),
        [("\"a\"", "1e2"), ("\"b\"", r#"{"c":[]}"#), ("\"a\"", "2")]
    );
    assert_eq!(members("[]"), None);
    assert_eq!(members("{\"a\":1"), None);
}

#[test]
fn unescapes_pairs_and_replaces_lone_surrogates() {
    let cases = [
        (r#""a\nb""#, Some("a\nb")),
        (r#""\u00e9\ud83d\ude00""#, Some("é😀")),
        (r#""\ud800x""#, Some("\u{fffd}x")),
        (r#""\ud800\u0041""#, Some("\u{fffd}A")),
        (r#""plain""#, Some("plain")),
        ("plain", None),
        ("\"", None),
        ("", None),
    ];
    for (raw, expected) in cases {
        assert_eq!(unescape(raw).as_deref(), expected, "{raw}");
    }
}

#[test]
fn compacting_touches_whitespace_only() {
    assert_eq!(
        compact(" { \"b\" : 1.0 , \"a b\" : [ 1e2 , \" \" ] } ").unwrap(),
        "{\"b\":1.0,\"a b\":[1e2,\" \"]}"
    );
}

#[test]
fn number_follows_javascript() {
    let cases = [
        ("", Some(0.0)),
        (" ", Some(0.0)),
        ("12", Some(12.0)),
        (" 12\u{feff}", Some(12.0)),
        ("0x1F", Some(31.0)),
        ("0b11", Some(3.0)),
        ("0o17", Some(15.0)),
        ("1e2", Some(100.0)),
        (".5", Some(0.5)),
        ("5.", Some(5.0)),
        ("+1", Some(1.0)),
        ("-Infinity", Some(f64::NEG_INFINITY)),
        ("inf", None),
        ("nan", None),
        ("1 2", None),
        ("0x", None),
        ("-0x1", None),
        ("12a", None),
        (".", None),
        ("\u{85}1", None),
    ];
    for (text, expected) in cases {
        assert_eq!(number(text), expected, "{text:?}");
    }
}

proptest! {
    /// serde_json's ignoring reader accepts the same language.
    #[test]
    fn agrees_with_serde_json(text in "[\\[\\]{}:,\"\\\\ue0-9.+\\-truefalsn d\u{1}]{0,24}") {
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(validate(&text).is_ok(), theirs, "{:?}", text);
    }

    #[test]
    fn never_panics_and_errors_lie_inside(text in any::<String>()) {
        if let Err(error) = validate(&text) {
            prop_assert!(error.at <= text.len());
        }
        let _ = (elements(&text), members(&text), compact(&text), unescape(&text), number(&text));
    }

    #[test]
    fn quoting_round_trips(text in any::<String>()) {
        let quoted = quote(&text);
        prop_assert_eq!(serde_json::to_string(&text).unwrap(), quoted.clone());
        let unescaped = unescape(&quoted).unwrap();
        prop_assert_eq!(unescaped.as_ref(), text.as_str());
    }
}

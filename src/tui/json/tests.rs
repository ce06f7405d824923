use super::*;
use proptest::prelude::*;

#[test]
fn arguments_are_values_with_commas_or_one_array() {
    let cases: [(&str, &[&str]); 9] = [
        ("", &[]),
        ("  \n", &[]),
        ("[]", &[]),
        ("1, \"a b\" ,null", &["1", "\"a b\"", "null"]),
        (
            "[\"room1\", {\"text\": \"h, i\"}]",
            &["\"room1\"", "{\"text\":\"h, i\"}"],
        ),
        ("[[1, 2]]", &["[1,2]"]),
        ("[1], [2]", &["[1]", "[2]"]),
        (
            "123456789012345678901234567890, 1.50e+3, -0",
            &["123456789012345678901234567890", "1.50e+3", "-0"],
        ),
        ("\"\\ud800\"", &["\"\\ud800\""]),
    ];
    for (text, found) in cases {
        let got = values(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(got, found, "{text}");
    }
}

#[test]
fn mistakes_say_where_and_what_was_expected() {
    let cases = [
        ("[1, 2", 5, "expected ] for the [ at character 1"),
        ("{\"a\":1", 6, "expected } for the { at character 1"),
        ("{\"a\"", 4, "expected a : and a value, and }"),
        ("{\"a\":1,", 7, "expected a name and its value"),
        ("{\"a\":1,}", 7, "a name must follow the comma"),
        ("[1,]", 3, "after the comma"),
        ("{\"a\":}", 5, "after the colon"),
        ("]", 0, "expected a value, found ]"),
        ("1,", 2, "after the comma"),
        ("{a:1}", 1, "expected a name in double quotes, found a"),
        ("hi there", 0, "\"hi\""),
        ("'hi'", 0, "not in single ones"),
        ("“hi”", 0, "plain double quotes"),
        ("True", 0, "write true"),
        ("undefined", 0, "write null"),
        ("NaN", 0, "JSON has no NaN"),
        ("\"abc", 0, "no closing quote"),
        ("\"abc\\", 0, "no closing quote"),
        ("\"a\\x\"", 2, "unknown escape"),
        ("\"a\\u12\"", 2, "four hexadecimal digits"),
        ("\"a\nb\"", 2, "written \\n"),
        ("007", 0, "leading zeros"),
        ("-", 1, "a digit after -"),
        ("1.", 2, "after the point"),
        ("1e", 2, "exponent"),
        ("1 2", 2, "a comma between arguments, found 2"),
        ("[1 2]", 3, "expected , or ]"),
        ("[1}", 2, "expected ] for the [ at character 1, found }"),
        ("1]", 1, "nothing is open"),
        (",1", 0, "before this comma"),
        ("\u{a0}1", 0, "found a no-break space"),
        ("\u{1b}", 0, "found ␛"),
    ];
    for (text, at, said) in cases {
        let error = values(text).map(|v| format!("{v:?}")).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.what.contains(said), "{text}: {error}");
    }
    assert_eq!(value("1, 2").map_err(|e| e.at), Err(1));
    assert_eq!(
        value(" ").map_err(|e| e.what),
        Err("expected a value".into())
    );
}

#[test]
fn deep_nesting_is_no_danger() {
    let deep = "[".repeat(200_000);
    assert!(value(&deep).is_err());
    let whole = format!("{deep}{}", "]".repeat(200_000));
    assert_eq!(value(&whole).map(|v| v.len()), Ok(400_000));
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".*".prop_map(serde_json::Value::String),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((".*", inner), 0..4)
                .prop_map(|v| serde_json::Value::Object(v.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_writes_is_taken_and_compacted(v in any_json()) {
        let pretty = serde_json::to_string_pretty(&v).unwrap();
        prop_assert_eq!(value(&pretty).unwrap(), v.to_string());
    }
    #[test]
    fn what_is_taken_serde_takes_too(text in "[\\[\\]{},:\"0-9a\\-+.e \\\\nu]{0,24}") {
        if let Ok(compact) = value(&text) {
            // serde_json refuses what it can't hold: numbers out of range, lone surrogates.
            let raw = serde_json::from_str::<&serde_json::value::RawValue>(&compact);
            prop_assert!(raw.is_ok(), "{compact}");
        }
    }
    #[test]
    fn errors_point_into_the_text(text: String) {
        if let Err(e) = values(&text) {
            prop_assert!(text.is_char_boundary(e.at), "{e:?}");
        }
    }
}

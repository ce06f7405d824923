//! JSON in colours.
//!
//! **Floor 5**, pure. A tokenizer that takes text as it comes: cut off, half typed, or no JSON at
//! all. It never fails; what it can't name it calls wrong. It judges tokens, not grammar: for a
//! mistake in the grammar see [`super::json`].

use std::ops::Range;

use super::theme::Role;

/// A piece of text and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// What it is.
    pub role: Role,
}

/// The text in pieces, in order and without holes (white space has the role [`Role::Text`]).
pub fn json(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut spans: Vec<Span> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let run = |from: usize, belongs: &dyn Fn(u8) -> bool| {
            let rest = bytes.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|b| belongs(**b)).count()
        };
        let role = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at = run(at, &|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
                Role::Text
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                at = run(at, &|b| {
                    matches!(b, b'{' | b'}' | b'[' | b']' | b',' | b':')
                });
                Role::JsonPunctuation
            }
            b'"' => {
                at = string_end(bytes, at);
                let next = run(at, &|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
                match bytes.get(next) {
                    Some(b':') => Role::JsonKey,
                    _ => Role::JsonString,
                }
            }
            b'-' | b'0'..=b'9' => {
                at = run(at + 1, &|b| {
                    matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
                });
                Role::JsonNumber
            }
            _ => {
                at = run(at + 1, &|b| !b"{}[],:\" \t\n\r".contains(&b));
                let word = text.get(start..at).unwrap_or_default();
                // The beginning of a word at the very end may have been cut off, or be on its way.
                let begun = at == bytes.len()
                    && ["true", "false", "null"]
                        .iter()
                        .any(|w| w.starts_with(word));
                match word {
                    "true" | "false" | "null" => Role::JsonWord,
                    // Where a text was cut, this is no mistake of its writer.
                    "…" => Role::Dim,
                    _ if begun => Role::JsonWord,
                    _ => Role::JsonWrong,
                }
            }
        };
        spans.push(Span {
            range: start..at,
            role,
        });
    }
    spans
}

/// The role of a byte in highlighted text.
pub fn role_at(spans: &[Span], at: usize) -> Role {
    let i = spans.partition_point(|s| s.range.end <= at);
    spans.get(i).map_or(Role::Text, |s| s.role)
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        let part = |s: &Span| format!("{}:{}", s.role.name(), &text[s.range.clone()]);
        let spans = json(text);
        let spans = spans.iter().filter(|s| s.role != Role::Text);
        spans.map(part).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tokens_get_their_roles() {
        let cases = [
            (
                "{\"a\" : \"b\", \"c\":-1.5e3}",
                "json_punctuation:{ json_key:\"a\" json_punctuation:: json_string:\"b\" json_punctuation:, json_key:\"c\" json_punctuation:: json_number:-1.5e3 json_punctuation:}",
            ),
            (
                "[true,nul",
                "json_punctuation:[ json_word:true json_punctuation:, json_word:nul",
            ),
            ("\"a\\\"b", "json_string:\"a\\\"b"),
            ("\"cut…", "json_string:\"cut…"),
            ("1,…", "json_number:1 json_punctuation:, dim:…"),
            ("nope 1", "json_wrong:nope json_number:1"),
            ("\"\\", "json_string:\"\\"),
        ];
        for (text, roles) in cases {
            assert_eq!(written(text), roles, "{text}");
        }
    }

    #[test]
    fn a_byte_finds_its_role() {
        let spans = json("[1, x]");
        let roles: Vec<Role> = (0..7).map(|i| role_at(&spans, i)).collect();
        use Role::*;
        assert_eq!(
            roles,
            [
                JsonPunctuation,
                JsonNumber,
                JsonPunctuation,
                Text,
                JsonWrong,
                JsonPunctuation,
                Text
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_covered_without_holes(text: String) {
            let mut end = 0;
            for span in json(&text) {
                prop_assert_eq!(span.range.start, end);
                prop_assert!(span.range.end > end);
                prop_assert!(text.get(span.range.clone()).is_some());
                end = span.range.end;
            }
            prop_assert_eq!(end, text.len());
        }
    }
}

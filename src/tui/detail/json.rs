//! Reads JSON text as spans, without building values. **Pure.**
//!
//! What a strict parser can't hold (lone surrogates, huge numbers, deep nesting, a text that
//! stops in the middle) is still shown: a scanner that never recurses finds the children of
//! one container at a time, and calls the rest `Broken` where the text ends or makes no sense.

use std::ops::Range;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    Text,
    /// A number, `true`, `false` or `null`.
    Word,
    /// `{"$binary":"<base64>"}`: an attachment that was put back.
    Binary,
    /// Text that is no JSON.
    Broken,
}

/// A child of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its key's span, quotes included; `None` in an array.
    pub key: Option<Range<usize>>,
    /// Its value's span.
    pub value: Range<usize>,
}

/// What the value at `span` is, by its first byte.
pub fn shape(text: &str, span: &Range<usize>) -> Shape {
    let part = slice(text, span);
    match part.as_bytes().first() {
        Some(b'{') if part.starts_with("{\"$binary\":\"") && part.ends_with("\"}") => Shape::Binary,
        Some(b'{') => Shape::Object,
        Some(b'[') => Shape::Array,
        Some(b'"') => Shape::Text,
        Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => Shape::Word,
        _ => Shape::Broken,
    }
}

/// The span of the first value of `text`, blanks left out; `None` for blank text.
pub fn root(text: &str) -> Option<Range<usize>> {
    let start = skip_blanks(text.as_bytes(), 0);
    if start >= text.len() {
        return None;
    }
    let end = value_end(text.as_bytes(), start);
    Some(start..end)
}

/// The children of the container at `span`, at most `limit`, and whether there were more.
pub fn children(text: &str, span: &Range<usize>, limit: usize) -> (Vec<Child>, bool) {
    let bytes = text.as_bytes();
    let end = span.end.min(bytes.len());
    let object = bytes.get(span.start) == Some(&b'{');
    let mut at = span.start + 1;
    let mut found = Vec::new();
    loop {
        at = skip_blanks(bytes, at);
        match bytes.get(at) {
            _ if at >= end => return (found, false),
            None | Some(b'}' | b']') => return (found, false),
            Some(b',') => {
                at += 1;
                continue;
            }
            Some(_) => {}
        }
        if found.len() >= limit {
            return (found, true);
        }
        let mut key = None;
        if object && bytes.get(at) == Some(&b'"') {
            let stop = string_end(bytes, at).min(end);
            key = Some(at..stop);
            at = skip_blanks(bytes, stop);
            if bytes.get(at) == Some(&b':') {
                at = skip_blanks(bytes, at + 1);
            }
        }
        let stop = value_end(bytes, at).min(end);
        if stop <= at {
            // Nothing that could be a value: what is left is shown as it stands.
            let rest = at.min(end)..end;
            if !rest.is_empty() {
                found.push(Child { key, value: rest });
            }
            return (found, false);
        }
        found.push(Child {
            key,
            value: at..stop,
        });
        at = stop;
    }
}

/// How many children the container at `span` has, counted up to `limit`.
pub fn count(text: &str, span: &Range<usize>, limit: usize) -> (usize, bool) {
    let (found, more) = children(text, span, limit);
    (found.len(), more)
}

/// The part of the text that a span names, on character borders; empty where it can't be.
pub fn slice<'a>(text: &'a str, span: &Range<usize>) -> &'a str {
    text.get(span.clone()).unwrap_or("")
}

fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// One past the closing quote of the string that begins at `at`, or the end of the text.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    while let Some(byte) = bytes.get(next) {
        match byte {
            b'\\' => next += 2,
            b'"' => return next + 1,
            _ => next += 1,
        }
    }
    bytes.len()
}

/// One past the value that begins at `at`. Containers are skipped by counting brackets.
fn value_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'"') => string_end(bytes, at),
        Some(b'{' | b'[') => {
            let mut depth = 0usize;
            let mut next = at;
            while let Some(byte) = bytes.get(next) {
                match byte {
                    b'"' => {
                        next = string_end(bytes, next);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            return next + 1;
                        }
                    }
                    _ => {}
                }
                next += 1;
            }
            bytes.len()
        }
        Some(_) => {
            let mut next = at;
            while let Some(byte) = bytes.get(next) {
                if matches!(
                    byte,
                    b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r' | b':'
                ) {
                    break;
                }
                next += 1;
            }
            next
        }
        None => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(Option<&str>, &str)> {
        let root = root(text).unwrap();
        children(text, &root, 100)
            .0
            .iter()
            .map(|child| {
                (
                    child.key.as_ref().map(|key| slice(text, key)),
                    slice(text, &child.value),
                )
            })
            .collect()
    }

    #[test]
    fn children_of_a_container_are_found_without_reading_their_inside() {
        assert_eq!(
            parts(r#"["say", {"a": [1, 2]}, -1e999, "\ud800", null]"#),
            [
                (None, r#""say""#),
                (None, r#"{"a": [1, 2]}"#),
                (None, "-1e999"),
                (None, r#""\ud800""#),
                (None, "null"),
            ]
        );
        assert_eq!(
            parts(r#"{"a,}":"x]", "b" : {"c":{}}}"#),
            [
                (Some(r#""a,}""#), r#""x]""#),
                (Some(r#""b""#), r#"{"c":{}}"#)
            ]
        );
    }

    #[test]
    fn a_text_that_stops_in_the_middle_is_shown_up_to_there() {
        assert_eq!(
            parts(r#"["a", {"b": 1"#),
            [(None, r#""a""#), (None, r#"{"b": 1"#)]
        );
        assert_eq!(parts(r#"["a\"#), [(None, r#""a\"#)]);
    }

    #[test]
    fn nesting_of_any_depth_is_skipped_in_a_loop() {
        let deep = "[".repeat(200_000);
        assert_eq!(children(&deep, &root(&deep).unwrap(), 10).0.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_walked_without_a_panic(text in "[\\[\\]{}:,\"\\\\a1é ]{0,40}") {
            let mut open: Vec<_> = root(&text).into_iter().collect();
            let mut steps = 0;
            while let Some(span) = open.pop() {
                steps += 1;
                if steps > 200 { break; }
                if matches!(shape(&text, &span), Shape::Object | Shape::Array) {
                    for child in children(&text, &span, 50).0 {
                        proptest::prop_assert!(child.value.end <= text.len());
                        open.push(child.value);
                    }
                }
            }
        }
    }
}

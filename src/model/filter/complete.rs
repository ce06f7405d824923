//! What can stand at the cursor of the filter's prompt.

use super::expr::Is;
use super::keys::{ACKS, DIRECTIONS, KEYS, TRANSPORTS};

/// Something that could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Byte range of the prompt's text that it replaces.
    pub replace: std::ops::Range<usize>,
    /// What to put there.
    pub text: String,
    /// A word of explanation; empty where the text says enough.
    pub about: String,
}

/// What can stand at `cursor` (a byte offset into `text`): keys, or the values of the key before
/// it; `events` and `namespaces` are the names known so far. Best first, what was typed comes
/// first in each; empty inside quotes and regexes.
pub fn complete<'a>(
    text: &str,
    cursor: usize,
    events: impl IntoIterator<Item = &'a str>,
    namespaces: impl IntoIterator<Item = &'a str>,
) -> Vec<Completion> {
    let cursor = floor_char(text, cursor);
    let before = text.get(..cursor).unwrap_or_default();
    let Some(start) = word_start(before) else {
        return Vec::new();
    };
    let word = before.get(start..).unwrap_or_default();
    let Some((key, value)) = word.split_once(':') else {
        return candidates(
            start..cursor,
            word,
            KEYS.iter()
                .map(|(key, about)| (format!("{key}:"), (*about).to_owned())),
        );
    };
    // `is:event|a`: the value after the last bar.
    let value_at = value.rfind('|').map_or(0, |bar| bar + 1);
    let typed = value.get(value_at..).unwrap_or_default();
    let replace = cursor - typed.len()..cursor;
    let named = |name: &str, about: &str| (name.to_owned(), about.to_owned());
    match key {
        "is" => candidates(
            replace,
            typed,
            Is::ALL.iter().map(|(n, _, about)| named(n, about)),
        ),
        "dir" => candidates(
            replace,
            typed,
            DIRECTIONS.iter().map(|(n, _, about)| named(n, about)),
        ),
        "ack" => candidates(
            replace,
            typed,
            ACKS.iter().map(|(n, _, about)| named(n, about)),
        ),
        "via" => candidates(
            replace,
            typed,
            TRANSPORTS
                .iter()
                .take(2)
                .map(|(n, _, about)| named(n, about)),
        ),
        "ev" => candidates(
            replace,
            typed,
            events.into_iter().map(|e| (quote(e), String::new())),
        ),
        "ns" => candidates(
            replace,
            typed,
            namespaces.into_iter().map(|n| (quote(n), String::new())),
        ),
        "size" => examples(
            replace,
            typed,
            &[(">1k", "more than 1,000 bytes"), ("<100", "less")],
        ),
        "lat" => examples(replace, typed, &[(">200ms", "slower"), ("<50ms", "faster")]),
        "since" => examples(
            replace,
            typed,
            &[("30s", "the last 30 seconds"), ("5m", "minutes")],
        ),
        _ => Vec::new(),
    }
}

/// The largest character boundary that is not behind `at`.
fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the word that ends at the end of `before` begins; `None` inside quotes or a regex.
fn word_start(before: &str) -> Option<usize> {
    let mut start = 0;
    let mut inside: Option<char> = None;
    let mut escaped = false;
    let mut has_key = false;
    for (at, c) in before.char_indices() {
        let after = at + c.len_utf8();
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (inside, c) {
            (_, '\\') => escaped = true,
            (Some(end), c) if c == end => inside = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => inside = Some(c),
            (None, '/') if at == start => inside = Some('/'),
            (None, '|') if has_key => {}
            (None, c) if c.is_whitespace() || matches!(c, '|' | '&' | '(' | ')' | '!') => {
                start = after;
                has_key = false;
            }
            (None, ':') => has_key = true,
            (None, _) => {}
        }
    }
    inside.is_none().then_some(start)
}

/// Those that hold what was typed: beginning with it first, whatever the case.
fn candidates(
    replace: std::ops::Range<usize>,
    typed: &str,
    all: impl Iterator<Item = (String, String)>,
) -> Vec<Completion> {
    let typed = typed.to_lowercase();
    let mut found: Vec<(bool, Completion)> = all
        .filter_map(|(text, about)| {
            let at = text.to_lowercase().find(&typed)?;
            Some((
                at > 0,
                Completion {
                    replace: replace.clone(),
                    text,
                    about,
                },
            ))
        })
        .collect();
    found.sort_by_key(|(inside, _)| *inside);
    found
        .into_iter()
        .map(|(_, completion)| completion)
        .collect()
}

/// Examples for a value with a number: only while nothing was typed.
fn examples(replace: std::ops::Range<usize>, typed: &str, all: &[(&str, &str)]) -> Vec<Completion> {
    if !typed.is_empty() {
        return Vec::new();
    }
    all.iter()
        .map(|(text, about)| Completion {
            replace: replace.clone(),
            text: (*text).to_owned(),
            about: (*about).to_owned(),
        })
        .collect()
}

/// A name as a value: in quotes where it would read as something else.
fn quote(name: &str) -> String {
    let odd = |c: char| c.is_whitespace() || "|&()\"'\\*".contains(c);
    if name.is_empty() || name.contains(odd) {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        name.to_owned()
    }
}

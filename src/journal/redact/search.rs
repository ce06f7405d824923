//! All secret values searched for at once.

use std::ops::Range;

use aho_corasick::AhoCorasick;

/// Values of fewer bytes are masked at their place only.
const SHORTEST: usize = 4;
/// Numbers of fewer digits are masked at their place only.
const SHORTEST_NUMBER: usize = 5;
/// From so many bytes on a value is found within words too.
const WITHIN_WORDS: usize = 8;

/// Words of the protocols and of everyday life that are no secrets wherever they stand.
const COMMON: [&str; 54] = [
    "polling",
    "websocket",
    "websockets",
    "webtransport",
    "socket.io",
    "/socket.io",
    "/socket.io/",
    "message",
    "connect",
    "connected",
    "disconnect",
    "connect_error",
    "event",
    "error",
    "probe",
    "upgrade",
    "upgrades",
    "ping",
    "pong",
    "open",
    "close",
    "noop",
    "binary",
    "text",
    "data",
    "type",
    "name",
    "user",
    "http",
    "https",
    "http://",
    "https://",
    "localhost",
    "127.0.0.1",
    "true",
    "false",
    "null",
    "undefined",
    "none",
    "deleted",
    "default",
    "chrome",
    "firefox",
    "safari",
    "mozilla",
    "keep-alive",
    "transport",
    "pinginterval",
    "pingtimeout",
    "maxpayload",
    "frame",
    "request",
    "response",
    "namespace",
];

/// Whether a value is masked wherever it stands.
pub(super) fn is_telling(value: &[u8], fixed: &[String]) -> bool {
    if value.iter().all(u8::is_ascii_digit) {
        return value.len() >= SHORTEST_NUMBER;
    }
    let Ok(text) = std::str::from_utf8(value) else {
        return value.len() >= WITHIN_WORDS;
    };
    text.chars().count() >= SHORTEST
        && !COMMON.iter().any(|word| text.eq_ignore_ascii_case(word))
        && !fixed.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The values, ready to be searched for.
#[derive(Debug)]
pub(super) struct Search {
    automaton: Option<AhoCorasick>,
    /// Of each pattern: the number of its secret, and its length.
    patterns: Vec<usize>,
}

impl Search {
    /// `values` with the number of the secret that each is a form of; `fixed` are never searched.
    pub(super) fn new<'a>(
        values: impl Iterator<Item = (usize, &'a [u8])>,
        fixed: &[String],
    ) -> Search {
        let (patterns, values): (Vec<usize>, Vec<&[u8]>) =
            values.filter(|(_, value)| is_telling(value, fixed)).unzip();
        // It fails only beyond what 32 bits can count; then nothing is found by value.
        let automaton = AhoCorasick::new(values).ok();
        Search {
            automaton: automaton.filter(|_| !patterns.is_empty()),
            patterns,
        }
    }

    /// Where they stand, with the number of the secret.
    pub(super) fn find(&self, text: &[u8]) -> Vec<(Range<usize>, usize)> {
        let Some(automaton) = &self.automaton else {
            return Vec::new();
        };
        let hits = automaton.find_overlapping_iter(text);
        hits.filter(|hit| stands_alone(text, hit.range()))
            .filter_map(|hit| {
                let id = self.patterns.get(hit.pattern().as_usize())?;
                Some((hit.range(), *id))
            })
            .collect()
    }
}

/// Whether a hit is one: short values as whole words, numbers as whole numbers and no lengths.
fn stands_alone(text: &[u8], hit: Range<usize>) -> bool {
    let value = text.get(hit.clone()).unwrap_or_default();
    let before = hit.start.checked_sub(1).and_then(|at| text.get(at));
    let after = text.get(hit.end);
    let touches = |is: fn(&u8) -> bool| before.is_some_and(is) || after.is_some_and(is);
    if value.iter().all(u8::is_ascii_digit) {
        // `12345:` begins a packet of Engine.IO 3.
        return !touches(u8::is_ascii_digit) && after != Some(&b':');
    }
    value.len() >= WITHIN_WORDS || !touches(u8::is_ascii_alphanumeric)
}

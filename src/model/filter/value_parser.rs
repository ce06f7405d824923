//! `key:value`: text to a test.

use super::expr::{Is, Test};
use super::keys::{ACKS, DIRECTIONS, TRANSPORTS};
use super::mistake::Mistake;
use super::scanner::Parser;
use super::value::{Comparison, Pattern, Sign, duration, size};

impl Parser<'_> {
    /// The value at the cursor, as `key` reads it.
    pub(super) fn value(&mut self, key: &'static str, key_at: usize) -> Result<Test, Mistake> {
        if key == "at" {
            return self.at_path(key_at).map(Test::At);
        }
        let start = self.at;
        if key == "ev" && self.peek() == Some('/') {
            return Ok(Test::Event(Pattern::Regex(self.regex()?, None)));
        }
        let quoted = matches!(self.peek(), Some('"' | '\''));
        let text = self.word_or_quoted()?;
        if text.is_empty() && !quoted {
            let examples: Vec<&'static str> = match key {
                "dir" => DIRECTIONS.iter().map(|(name, ..)| *name).collect(),
                "is" => Is::ALL.iter().map(|(name, ..)| *name).collect(),
                "ack" => ACKS
                    .iter()
                    .map(|(name, ..)| *name)
                    .chain(["an ack id"])
                    .collect(),
                "via" => TRANSPORTS.iter().map(|(name, ..)| *name).take(2).collect(),
                "size" => vec!["a size like >1k"],
                "lat" => vec!["a latency like >200ms"],
                "since" => vec!["an age like 30s"],
                "c" => vec!["a connection number"],
                "ns" => vec!["a namespace like /chat"],
                _ => vec!["an event name"],
            };
            return Err(self.mistake_among(start, format!("`{key}:` needs a value"), examples));
        }
        match key {
            "ev" if quoted => Ok(Test::Event(Pattern::Exact(text))),
            "ev" => Ok(Test::Event(Pattern::wild(&text))),
            "ns" => {
                let slash = if text.starts_with(['/', '*']) {
                    ""
                } else {
                    "/"
                };
                Ok(Test::Namespace(Pattern::wild(&format!("{slash}{text}"))))
            }
            "dir" => DIRECTIONS
                .iter()
                .find(|(name, ..)| *name == text)
                .map(|(_, dir, _)| Test::Direction(*dir))
                .ok_or_else(|| self.no_value(start, key, &text, DIRECTIONS.iter().map(|d| d.0))),
            "is" => Is::ALL
                .iter()
                .find(|(name, ..)| *name == text)
                .map(|(_, is, _)| Test::Is(*is))
                .ok_or_else(|| self.no_value(start, key, &text, Is::ALL.iter().map(|i| i.0))),
            "via" => TRANSPORTS
                .iter()
                .find(|(name, ..)| *name == text)
                .map(|(_, via, _)| Test::Via(*via))
                .ok_or_else(|| {
                    self.no_value(start, key, &text, TRANSPORTS.iter().take(2).map(|t| t.0))
                }),
            "ack" => ACKS
                .iter()
                .find(|(name, ..)| *name == text)
                .map(|(_, state, _)| Test::AckState(*state))
                .or_else(|| text.parse().ok().map(Test::AckId))
                .ok_or_else(|| {
                    let values = ACKS.iter().map(|a| a.0).chain(["an ack id"]);
                    self.no_value(start, key, &text, values)
                }),
            "c" => self
                .compared(
                    start,
                    &text,
                    Sign::Equal,
                    "a number like 2 or >2",
                    |number| number.parse().ok(),
                )
                .map(Test::Connection),
            "size" => self
                .compared(start, &text, Sign::Equal, "a size like >1k or <=300", size)
                .map(Test::Size),
            "lat" => self
                .compared(
                    start,
                    &text,
                    Sign::AtLeast,
                    "a latency like >200ms or <1s",
                    |number| duration(number, 1e3).map(|micros| micros as f64 / 1e3),
                )
                .map(Test::Latency),
            _ => self
                .compared(
                    start,
                    &text,
                    Sign::AtMost,
                    "an age like 30s, 5m or >1h",
                    |number| duration(number, 1e6),
                )
                .map(Test::Since),
        }
    }

    fn no_value(
        &self,
        at: usize,
        key: &str,
        text: &str,
        values: impl Iterator<Item = &'static str>,
    ) -> Mistake {
        self.mistake_among(at, format!("`{key}:` does not know `{text}`"), values)
    }

    /// A number with an optional sign before it; `default` is the sign where none stands.
    fn compared<T>(
        &self,
        start: usize,
        text: &str,
        default: Sign,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Comparison<T>, Mistake> {
        let (sign, number) = Sign::split(text).unwrap_or((default, text));
        let at = start + (text.len() - number.len());
        match read(number) {
            Some(with) => Ok(Comparison { sign, with }),
            None if number.is_empty() => {
                Err(self.mistake_among(at, "a number is missing", [expected]))
            }
            None => {
                Err(self.mistake_among(at, format!("`{number}` is not understood"), [expected]))
            }
        }
    }
}

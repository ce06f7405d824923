//! `at:` paths: text to steps and a test.

use super::mistake::Mistake;
use super::path::{At, AtTest, Operand, Step};
use super::scanner::Parser;
use super::value::Sign;

impl Parser<'_> {
    /// A JSON path and what must stand there.
    pub(super) fn at_path(&mut self, key_at: usize) -> Result<At, Mistake> {
        let steps = self.steps()?;
        if steps.is_empty() {
            let expected = ["a path like .user.id=7", "[0].name"];
            let what = match self.peek() {
                Some(c) if !c.is_whitespace() => "a path begins with . or [",
                _ => "`at:` needs a path",
            };
            return Err(self.mistake_among(self.at, what, expected));
        }
        let sign_at = self.at;
        let test = if self.eat('~') {
            AtTest::Like(match self.peek() {
                Some('/') => self.regex()?,
                _ => {
                    let text = self.word_or_quoted()?;
                    self.plain(sign_at, &text)?
                }
            })
        } else if let Some((sign, rest)) = Sign::split(self.rest()) {
            self.at = self.text.len() - rest.len();
            let quoted = matches!(self.peek(), Some('"' | '\''));
            let text = self.word_or_quoted()?;
            if text.is_empty() && !quoted {
                return Err(self.mistake_among(
                    self.at,
                    "a value is missing",
                    ["a number", "a word", "\"text\"", "true", "false", "null"],
                ));
            }
            AtTest::Compare(
                sign,
                if quoted {
                    Operand::Text(text)
                } else {
                    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
                    Operand::Bare(text, number)
                },
            )
        } else {
            match self.peek() {
                None | Some('|' | '&' | ')') => {}
                Some(c) if c.is_whitespace() => {}
                Some(c) => {
                    return Err(self.mistake_among(
                        sign_at,
                        format!("`{c}` cannot stand in a path (quote the key: .\"a b\")"),
                        [".key", "[0]", "=", "!=", "<", "<=", ">", ">=", "~"],
                    ));
                }
            }
            AtTest::Exists
        };
        debug_assert!(self.at > key_at);
        let needle = steps.iter().rev().find_map(|step| match step {
            Step::Key(key)
                if key
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') =>
            {
                Some(key.clone())
            }
            _ => None,
        });
        Ok(At {
            steps,
            test,
            needle,
        })
    }

    fn steps(&mut self) -> Result<Vec<Step>, Mistake> {
        let mut steps = Vec::new();
        loop {
            let start = self.at;
            if self.eat('.') {
                match self.peek() {
                    Some('"' | '\'') => steps.push(Step::Key(self.quoted()?)),
                    Some('*') => {
                        self.bump();
                        steps.push(Step::Any);
                    }
                    // `.[0]`, as in jq.
                    Some('[') => {}
                    _ => {
                        let key = self.path_key();
                        if key.is_empty() {
                            return Err(self.mistake_among(
                                self.at,
                                "a key is missing in the path",
                                ["a key like .user", ".\"any key\"", ".*"],
                            ));
                        }
                        steps.push(Step::Key(key));
                    }
                }
            } else if self.eat('[') {
                let inside: String = {
                    let rest = self.rest();
                    let end = rest
                        .find(']')
                        .ok_or_else(|| self.mistake(start, "this [ is never closed"))?;
                    let inside = rest.get(..end).unwrap_or_default().to_owned();
                    self.at += end + 1;
                    inside
                };
                let trimmed = inside.trim();
                let unquoted = ['"', '\''].iter().find_map(|quote| {
                    trimmed
                        .strip_prefix(*quote)
                        .and_then(|text| text.strip_suffix(*quote))
                });
                steps.push(match (trimmed, unquoted, trimmed.parse()) {
                    ("" | "*", ..) => Step::Any,
                    (_, Some(key), _) => Step::Key(key.to_owned()),
                    (_, _, Ok(index)) => Step::Index(index),
                    _ => {
                        return Err(self.mistake_among(
                            start + 1,
                            format!("`{trimmed}` is no index"),
                            ["a number", "\"a key\"", "*"],
                        ));
                    }
                });
            } else {
                return Ok(steps);
            }
        }
    }

    fn path_key(&mut self) -> String {
        let mut key = String::new();
        while let Some(next) = self.peek() {
            if next.is_alphanumeric() || matches!(next, '_' | '-' | '$' | '@' | '#') {
                key.push(next);
                self.bump();
            } else {
                break;
            }
        }
        key
    }
}

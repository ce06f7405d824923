//! Text to filter, with mistakes by column.

use std::fmt;

use super::Filter;
use super::expr::{Expr, Is, Test};
use super::path::{At, AtTest, Operand, Step};
use super::value::{Comparison, Pattern, Sign, duration, size};
use crate::journal::record::{AckState, Direction, TransportName};

/// Parentheses and `!` may nest this deep.
const DEEPEST: usize = 64;

/// Keys with a word of explanation, in the order in which they are offered.
pub(super) const KEYS: [(&str, &str); 11] = [
    ("ev", "event name; * stands for anything"),
    ("ns", "namespace; * stands for anything"),
    ("dir", "in or out"),
    ("is", "what it is"),
    ("ack", "pending, late, lost … or an id"),
    ("via", "polling or ws"),
    ("c", "connection number"),
    ("size", "bytes, as in size:>1k"),
    ("lat", "latency, as in lat:>200ms"),
    ("since", "age, as in since:30s"),
    ("at", "JSON path, as in at:.user.id=7"),
];

/// Values of `dir:`.
pub(super) const DIRECTIONS: [(&str, Direction, &str); 2] = [
    ("in", Direction::ToClient, "from the server"),
    ("out", Direction::ToServer, "to the server"),
];

/// Values of `ack:` besides an id.
pub(super) const ACKS: [(&str, AckState, &str); 5] = [
    ("pending", AckState::Pending, "no answer yet"),
    ("answered", AckState::Answered, "answered in time"),
    ("late", AckState::Late, "answered after the timeout"),
    (
        "timeout",
        AckState::Timeout,
        "not answered within the timeout",
    ),
    ("lost", AckState::Lost, "the connection ended first"),
];

/// Values of `via:`.
pub(super) const TRANSPORTS: [(&str, TransportName, &str); 3] = [
    ("polling", TransportName::Polling, "HTTP long-polling"),
    ("ws", TransportName::Websocket, "WebSocket"),
    ("websocket", TransportName::Websocket, "WebSocket"),
];

/// What is wrong with a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What could stand there instead, where that is a short list.
    pub expected: Vec<&'static str>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)?;
        match self.expected.as_slice() {
            [] => Ok(()),
            [only] => write!(f, ", expected {only}"),
            list => write!(f, ", expected one of {}", list.join(", ")),
        }
    }
}

impl std::error::Error for Mistake {}

/// Understands a filter, or says what is wrong with it and where.
pub fn parse(text: &str) -> Result<Filter, Mistake> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    let expr = parser.side_by_side()?;
    parser.blanks();
    match parser.peek() {
        None => Ok(Filter::new(text, expr)),
        // Everything else is eaten by `side_by_side`.
        Some(_) => Err(parser.mistake(parser.at, "this ) closes nothing")),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Byte offset of the next character.
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let is = self.peek() == Some(wanted);
        if is {
            self.at += wanted.len_utf8();
        }
        is
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
    }

    fn mistake(&self, at: usize, message: impl Into<String>) -> Mistake {
        let before = self.text.get(..at).unwrap_or(self.text);
        Mistake {
            column: before.chars().count() + 1,
            message: message.into(),
            expected: Vec::new(),
        }
    }

    fn mistake_among(
        &self,
        at: usize,
        message: impl Into<String>,
        expected: impl IntoIterator<Item = &'static str>,
    ) -> Mistake {
        let mut mistake = self.mistake(at, message);
        mistake.expected = expected.into_iter().collect();
        mistake
    }

    /// Terms up to the end or a closing parenthesis, all of which must match.
    fn side_by_side(&mut self) -> Result<Expr, Mistake> {
        let mut parts = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None | Some(')') => return Ok(Expr::and(parts)),
                Some(_) => parts.push(self.alternatives()?),
            }
        }
    }

    fn alternatives(&mut self) -> Result<Expr, Mistake> {
        let mut parts = vec![self.conjunction()?];
        loop {
            self.blanks();
            if !self.eat('|') {
                return Ok(Expr::or(parts));
            }
            // `||` is the habit of other languages.
            self.eat('|');
            parts.push(self.conjunction()?);
        }
    }

    fn conjunction(&mut self) -> Result<Expr, Mistake> {
        let mut parts = vec![self.unary()?];
        loop {
            self.blanks();
            if !self.eat('&') {
                return Ok(Expr::and(parts));
            }
            self.eat('&');
            parts.push(self.unary()?);
        }
    }

    fn unary(&mut self) -> Result<Expr, Mistake> {
        self.blanks();
        let start = self.at;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.mistake(start, format!("more than {DEEPEST} levels of ( and !")));
        }
        let expr = match self.peek() {
            Some('!') => {
                self.bump();
                Expr::Not(Box::new(self.unary()?))
            }
            Some('(') => {
                self.bump();
                let inside = self.side_by_side()?;
                if !self.eat(')') {
                    return Err(self.mistake(start, "this ( is never closed"));
                }
                if matches!(inside, Expr::All) {
                    return Err(self.mistake(start, "there is nothing between ( and )"));
                }
                inside
            }
            None | Some('|' | '&' | ')') => {
                return Err(self.mistake(
                    start,
                    "something is missing here: a word, key:value, /regex/ or (",
                ));
            }
            Some(_) => self.term()?,
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn term(&mut self) -> Result<Expr, Mistake> {
        let start = self.at;
        match self.peek() {
            Some('/') => return Ok(Expr::Test(Test::Text(self.regex()?))),
            Some('"' | '\'') => {
                let text = self.quoted()?;
                if text.is_empty() {
                    return Err(self.mistake(start, "these quotes hold no text to look for"));
                }
                return Ok(Expr::Test(Test::Text(self.plain(start, &text)?)));
            }
            _ => {}
        }
        match self.key() {
            Some((name, after)) => {
                let Some((key, _)) = KEYS.iter().find(|(key, _)| *key == name) else {
                    return Err(self.mistake_among(
                        start,
                        format!("there is no key `{name}:` (quote it to search for the text)"),
                        KEYS.iter().map(|(key, _)| *key),
                    ));
                };
                self.at = after;
                self.values(key, start)
            }
            None => {
                let word = self.word();
                if word.is_empty() {
                    let odd = self.peek().unwrap_or(' ');
                    return Err(self.mistake(start, format!("`{odd}` cannot stand here")));
                }
                Ok(Expr::Test(Test::Text(self.plain(start, &word)?)))
            }
        }
    }

    /// The name before a colon and the offset behind the colon, where the next word has both.
    fn key(&self) -> Option<(&'a str, usize)> {
        let rest = self.rest();
        let colon = rest.find(|c: char| !c.is_ascii_alphabetic())?;
        let name = rest.get(..colon)?;
        (!name.is_empty() && rest.get(colon..)?.starts_with(':'))
            .then_some((name, self.at + colon + 1))
    }

    /// The value behind a key, and its alternatives: `is:event|ack`.
    fn values(&mut self, key: &'static str, start: usize) -> Result<Expr, Mistake> {
        let mut parts = vec![Expr::Test(self.value(key, start)?)];
        while self.goes_on(key) {
            self.bump();
            parts.push(Expr::Test(self.value(key, start)?));
        }
        Ok(Expr::or(parts))
    }

    /// Whether a `|` here separates values of `key` rather than terms: no blank around it, and
    /// what follows reads as a value and not as a term of its own.
    fn goes_on(&self, key: &str) -> bool {
        let Some(after) = self.rest().strip_prefix('|') else {
            return false;
        };
        let ahead = Parser {
            text: self.text,
            at: self.at + 1,
            depth: 0,
        };
        if ahead.key().is_some() || after.starts_with(['(', '!', '|', '"', '\'']) {
            return false;
        }
        match key {
            // A namespace begins with a slash, too.
            "ns" => after.starts_with(|c: char| !c.is_whitespace()),
            "at" => after.starts_with(['.', '[']),
            _ => after.starts_with(|c: char| !c.is_whitespace() && c != '/'),
        }
    }

    /// Text up to a blank or an operator; a backslash takes the next character as it is.
    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(next) = self.peek() {
            if next.is_whitespace() || matches!(next, '|' | '&' | '(' | ')' | '"') {
                break;
            }
            self.bump();
            match next {
                '\\' => word.push(self.bump().unwrap_or('\\')),
                _ => word.push(next),
            }
        }
        word
    }

    /// Text in quotes; a backslash takes the next character as it is.
    fn quoted(&mut self) -> Result<String, Mistake> {
        let start = self.at;
        let quote = self.bump().unwrap_or('"');
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err(self.mistake(start, format!("this {quote} is never closed"))),
                Some('\\') => text.extend(self.bump()),
                Some(end) if end == quote => return Ok(text),
                Some(other) => text.push(other),
            }
        }
    }

    fn word_or_quoted(&mut self) -> Result<String, Mistake> {
        match self.peek() {
            Some('"' | '\'') => self.quoted(),
            _ => Ok(self.word()),
        }
    }

    /// `/re/` and its flags.
    fn regex(&mut self) -> Result<regex::Regex, Mistake> {
        let start = self.at;
        self.bump();
        let mut pattern = String::new();
        loop {
            match self.bump() {
                None => {
                    return Err(self.mistake(
                        start,
                        "this /regex has no closing / (quote it to search for the text)",
                    ));
                }
                Some('/') => break,
                Some('\\') if self.eat('/') => pattern.push('/'),
                Some('\\') => {
                    pattern.push('\\');
                    pattern.extend(self.bump());
                }
                Some(other) => pattern.push(other),
            }
        }
        let mut caseless = false;
        while let Some(flag) = self.peek().filter(|c| c.is_alphanumeric()) {
            if flag != 'i' {
                return Err(self.mistake_among(
                    self.at,
                    format!("`{flag}` is no flag of a regex"),
                    ["i (without regard to case)"],
                ));
            }
            caseless = true;
            self.bump();
        }
        self.compile(start + 1, &pattern, caseless)
    }

    fn compile(&self, at: usize, pattern: &str, caseless: bool) -> Result<regex::Regex, Mistake> {
        regex::RegexBuilder::new(pattern)
            .case_insensitive(caseless)
            .build()
            .map_err(|error| {
                // The first lines of a syntax error draw the pattern; the last one says it.
                let text = error.to_string();
                let said = text.lines().last().unwrap_or_default().trim();
                let said = said.strip_prefix("error: ").unwrap_or(said);
                self.mistake(at, format!("the regex is not understood: {said}"))
            })
    }

    /// Text to be found as it stands, whatever its case.
    fn plain(&self, at: usize, text: &str) -> Result<regex::Regex, Mistake> {
        self.compile(at, &regex::escape(text), true)
    }

    fn value(&mut self, key: &'static str, key_at: usize) -> Result<Test, Mistake> {
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

    /// A JSON path and what must stand there.
    fn at_path(&mut self, key_at: usize) -> Result<At, Mistake> {
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

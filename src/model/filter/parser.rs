//! Text to filter, with mistakes by column.

use super::Filter;
use super::expr::{Expr, Test};
use super::keys::KEYS;
use super::mistake::Mistake;
use super::scanner::Parser;

/// Parentheses and `!` may nest this deep.
const DEEPEST: usize = 64;

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

impl<'a> Parser<'a> {
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
}

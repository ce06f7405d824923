//! Characters to words, quotes and regexes.

use super::mistake::Mistake;

/// Reads a filter from left to right.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    /// Byte offset of the next character.
    pub(super) at: usize,
    pub(super) depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let is = self.peek() == Some(wanted);
        if is {
            self.at += wanted.len_utf8();
        }
        is
    }

    pub(super) fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
    }

    pub(super) fn mistake(&self, at: usize, message: impl Into<String>) -> Mistake {
        let before = self.text.get(..at).unwrap_or(self.text);
        Mistake {
            column: before.chars().count() + 1,
            message: message.into(),
            expected: Vec::new(),
        }
    }

    pub(super) fn mistake_among(
        &self,
        at: usize,
        message: impl Into<String>,
        expected: impl IntoIterator<Item = &'static str>,
    ) -> Mistake {
        let mut mistake = self.mistake(at, message);
        mistake.expected = expected.into_iter().collect();
        mistake
    }

    /// The name before a colon and the offset behind the colon, where the next word has both.
    pub(super) fn key(&self) -> Option<(&'a str, usize)> {
        let rest = self.rest();
        let colon = rest.find(|c: char| !c.is_ascii_alphabetic())?;
        let name = rest.get(..colon)?;
        (!name.is_empty() && rest.get(colon..)?.starts_with(':'))
            .then_some((name, self.at + colon + 1))
    }

    /// Text up to a blank or an operator; a backslash takes the next character as it is.
    pub(super) fn word(&mut self) -> String {
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
    pub(super) fn quoted(&mut self) -> Result<String, Mistake> {
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

    pub(super) fn word_or_quoted(&mut self) -> Result<String, Mistake> {
        match self.peek() {
            Some('"' | '\'') => self.quoted(),
            _ => Ok(self.word()),
        }
    }

    /// `/re/` and its flags.
    pub(super) fn regex(&mut self) -> Result<regex::Regex, Mistake> {
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

    pub(super) fn compile(
        &self,
        at: usize,
        pattern: &str,
        caseless: bool,
    ) -> Result<regex::Regex, Mistake> {
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
    pub(super) fn plain(&self, at: usize, text: &str) -> Result<regex::Regex, Mistake> {
        self.compile(at, &regex::escape(text), true)
    }
}

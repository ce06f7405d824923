//! Text to a path.

use super::{Path, PathError, Step, Whose};

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

/// Reads a path.
pub(super) fn parse(text: &str) -> Result<Path, PathError> {
    let mut parser = Parser { text, at: 0 };
    let nsp = parser.namespace()?;
    let whose = parser.whose()?;
    let steps = parser.steps()?;
    Ok(Path {
        text: text.to_owned(),
        nsp,
        whose,
        steps,
    })
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, expected: &str) -> bool {
        let is = self.rest().starts_with(expected);
        if is {
            self.at = self.at.saturating_add(expected.len());
        }
        is
    }

    /// The text up to the first of `ends`, or all that is left.
    fn until(&mut self, ends: &[char]) -> &'a str {
        let rest = self.rest();
        let taken = rest
            .find(ends)
            .and_then(|end| rest.get(..end))
            .unwrap_or(rest);
        self.at = self.at.saturating_add(taken.len());
        taken
    }

    fn mistake(&self, what: impl Into<String>) -> PathError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        PathError {
            text: self.text.to_owned(),
            column: before.chars().count().saturating_add(1),
            what: what.into(),
        }
    }

    fn namespace(&mut self) -> Result<Option<String>, PathError> {
        if !self.rest().starts_with('/') {
            return Ok(None);
        }
        let nsp = self.until(&[',']).to_owned();
        if !self.eat(",") {
            return Err(self.mistake(
                "a comma must follow the namespace, as in /chat,say (quote an event's name that begins with /)",
            ));
        }
        Ok(Some(nsp))
    }

    fn whose(&mut self) -> Result<Whose, PathError> {
        if self.rest().starts_with(['.', '[']) || self.rest().is_empty() {
            return Err(self.mistake("an event's name is missing ($ stands for every packet)"));
        }
        if self.rest().starts_with('"') {
            return Ok(Whose::Event(self.quoted()?));
        }
        let reply = self.eat("reply:");
        let name = if self.rest().starts_with('"') {
            self.quoted()?
        } else {
            self.until(&['.', '[']).to_owned()
        };
        Ok(match (reply, name.as_str()) {
            (true, "") => return Err(self.mistake("an event's name is missing after reply:")),
            (true, "*" | "$") => Whose::Reply(None),
            (true, _) => Whose::Reply(Some(name)),
            (false, "*" | "$") => Whose::Any,
            (false, _) => Whose::Event(name),
        })
    }

    /// A JSON string.
    fn quoted(&mut self) -> Result<String, PathError> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find_map(|(place, letter)| {
            let ends = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            ends.then(|| place.saturating_add(1))
        });
        let raw = end.and_then(|end| rest.get(..end));
        let Some(raw) = raw else {
            return Err(self.mistake("this quote is never closed"));
        };
        let Ok(text) = serde_json::from_str(raw) else {
            return Err(self.mistake("this is no JSON string"));
        };
        self.at = self.at.saturating_add(raw.len());
        Ok(text)
    }

    fn steps(&mut self) -> Result<Vec<Step>, PathError> {
        let mut steps = Vec::new();
        while !self.rest().is_empty() {
            let step = if self.eat("..") {
                Step::Deep(self.key()?)
            } else if self.eat(".") {
                // A member stands in the first argument.
                if steps.is_empty() {
                    steps.push(Step::Index(0));
                }
                match self.eat("*") {
                    true => Step::Any,
                    false => Step::Key(self.key()?),
                }
            } else if self.eat("[") {
                self.index()?
            } else {
                return Err(self.mistake("a step begins with . or ["));
            };
            steps.push(step);
        }
        Ok(steps)
    }

    fn key(&mut self) -> Result<String, PathError> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let key = self.until(&['.', '[']);
        if key.is_empty() {
            return Err(self.mistake("a member's name is missing after the dot"));
        }
        Ok(key.to_owned())
    }

    fn index(&mut self) -> Result<Step, PathError> {
        if self.rest().starts_with('"') {
            let key = self.quoted()?;
            return match self.eat("]") {
                true => Ok(Step::Key(key)),
                false => Err(self.mistake("this [ is never closed")),
            };
        }
        let start = self.at;
        let inside = self.until(&[']']).trim();
        if !self.eat("]") {
            return Err(self.mistake("this [ is never closed"));
        }
        match (inside, inside.parse()) {
            ("*" | "", _) => Ok(Step::Any),
            (_, Ok(index)) => Ok(Step::Index(index)),
            _ => {
                self.at = start;
                Err(self.mistake(format!("{inside:?} is no index (a number or *)")))
            }
        }
    }
}

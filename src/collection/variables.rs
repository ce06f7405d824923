//! `{{names}}` in drafts: where their values come from, and what of them is secret.
//!
//! `{{name}}` alone in a text gives the value with its type, within other text its words. Names
//! are letters, digits, `-` and `_`; any other `{{…}}` is left as it stands, and so is what a
//! value brings along: it is not filled again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Mistake, read};
use crate::journal::redact::is_secret_name;

/// What stands in the place of a secret.
const MASK: &str = "***";

/// Why a draft could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfilled {
    /// Nothing gave this variable a value.
    #[error("{{{{{0}}}}} has no value")]
    Missing(String),
    /// A value does not fit its place.
    #[error("{0}")]
    Unfit(String),
}

/// Variables and their values.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    values: BTreeMap<String, Value>,
    secret: BTreeSet<String>,
    masks: Masks,
}

impl Variables {
    /// Takes an environment file in: `[vars]` and `[secrets]`, whose values may be
    /// `{ env = "NAME" }` for what `lookup` knows of the process' environment.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn environment(
        &mut self,
        text: &str,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(), Mistake> {
        for (name, value, secret) in read::environment(text, lookup)? {
            self.set(&name, value, secret);
        }
        Ok(())
    }

    /// Takes `NAME=VALUE` in: VALUE is JSON, or else text.
    ///
    /// # Errors
    /// What is wrong with it; the value is not repeated.
    pub fn given(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| "write it as in user=ann".to_owned())?;
        let name = name.trim();
        if !is_name(name) {
            return Err(no_name(name));
        }
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        self.set(name, value, is_secret_name(name));
        Ok(())
    }

    /// Gives a variable its value. Once secret, a name stays secret.
    pub fn set(&mut self, name: &str, value: Value, secret: bool) {
        if secret {
            self.secret.insert(name.to_owned());
        }
        if self.secret.contains(name) {
            self.masks.hide(&value);
        }
        self.values.insert(name.to_owned(), value);
    }

    /// Whether it has a value.
    pub fn knows(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Whether its values are never shown.
    pub fn is_secret(&self, name: &str) -> bool {
        self.secret.contains(name)
    }

    /// The names that have a value.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// What is never shown.
    pub fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Never shows this value, which is no variable's.
    pub fn hide(&mut self, value: &Value) {
        self.masks.hide(value);
    }

    /// A text with values in the place of names.
    ///
    /// # Errors
    /// A name without a value.
    pub fn text(&self, text: &str) -> Result<String, Unfilled> {
        let mut out = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name(name) => match self.of(name)? {
                    Value::String(text) => out.push_str(text),
                    other => out.push_str(&other.to_string()),
                },
            }
        }
        Ok(out)
    }

    /// JSON with values in the place of names, in texts and in members' names.
    ///
    /// # Errors
    /// A name without a value.
    pub fn value(&self, value: &Value) -> Result<Value, Unfilled> {
        Ok(match value {
            Value::String(text) => match pieces(text).as_slice() {
                [Piece::Name(name)] => self.of(name)?.clone(),
                _ => Value::String(self.text(text)?),
            },
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.value(item))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, item)| Ok((self.text(key)?, self.value(item)?)))
                    .collect::<Result<_, Unfilled>>()?,
            ),
            other => other.clone(),
        })
    }

    /// These, and for each further name its mention as the value: what has no value stays as it
    /// is written.
    #[must_use]
    pub fn or_as_written(&self, names: &[String]) -> Variables {
        let mut all = self.clone();
        for name in names.iter().filter(|name| !self.knows(name)) {
            all.values.insert(name.clone(), mention(name));
        }
        all
    }

    /// These, with each secret standing for its own mention: for texts that are shown.
    #[must_use]
    pub fn without_secrets(&self) -> Variables {
        let mut open = self.clone();
        for name in &self.secret {
            if let Some(value) = open.values.get_mut(name) {
                *value = mention(name);
            }
        }
        open
    }

    /// JSON text with values in the place of the names that have one. `None` where there is no
    /// such name in it.
    ///
    /// # Errors
    /// The text can't be read.
    pub fn known_in(&self, json: &str) -> Result<Option<String>, Unfilled> {
        let mut names = Vec::new();
        names_in(json, &mut names);
        if !names.iter().any(|name| self.knows(name)) {
            return Ok(None);
        }
        let value: Value = serde_json::from_str(json)
            .map_err(|error| Unfilled::Unfit(format!("the arguments: {error}")))?;
        let filled = self.or_as_written(&names).value(&value)?;
        Ok(Some(filled.to_string()))
    }

    /// JSON text with the secrets' names in the place of their values, wherever one stands as a
    /// text or a number of its own. `None` where there is none.
    pub fn secrets_named_in(&self, json: &str) -> Option<String> {
        let value: Value = serde_json::from_str(json).ok()?;
        let named = self.named(&value);
        (named != value).then(|| named.to_string())
    }

    fn named(&self, value: &Value) -> Value {
        match value {
            Value::String(_) | Value::Number(_) => {
                let secret = |name: &&String| self.values.get(*name) == Some(value);
                match self.secret.iter().find(secret) {
                    Some(name) => mention(name),
                    None => value.clone(),
                }
            }
            Value::Array(items) => items.iter().map(|item| self.named(item)).collect(),
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, item)| (key.clone(), self.named(item)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    fn of(&self, name: &str) -> Result<&Value, Unfilled> {
        let value = self.values.get(name);
        value.ok_or_else(|| Unfilled::Missing(name.to_owned()))
    }
}

/// Values that are never shown.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    /// Longest first, so that no part of one is left over.
    needles: Vec<String>,
}

impl Masks {
    fn hide(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                let json = Value::from(text.as_str()).to_string();
                let json = json.trim_matches('"').to_owned();
                let debug = text.escape_debug().to_string();
                for form in [text.clone(), json, debug] {
                    if !form.is_empty() && !self.needles.contains(&form) {
                        self.needles.push(form);
                    }
                }
            }
            Value::Number(number) => self.hide(&Value::from(number.to_string())),
            Value::Array(items) => items.iter().for_each(|item| self.hide(item)),
            Value::Object(members) => members.values().for_each(|item| self.hide(item)),
            Value::Null | Value::Bool(_) => {}
        }
        self.needles
            .sort_by_key(|needle| std::cmp::Reverse(needle.len()));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// The text without the values.
    pub fn text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for needle in &self.needles {
            if out.contains(needle.as_str()) {
                out = out.replace(needle.as_str(), MASK);
            }
        }
        out
    }

    /// JSON without the values, still JSON.
    pub fn json(&self, value: &Value) -> Value {
        self.masked(value, false)
    }

    /// JSON as it may be shown to a person: what stands under a name that speaks of a secret is
    /// hidden, too.
    pub fn shown(&self, value: &Value) -> Value {
        self.masked(value, true)
    }

    fn masked(&self, value: &Value, by_name: bool) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Number(number) if self.needles.contains(&number.to_string()) => {
                Value::from(MASK)
            }
            Value::Array(items) => {
                let masked = items.iter().map(|item| self.masked(item, by_name));
                Value::Array(masked.collect())
            }
            Value::Object(members) => {
                let masked = members.iter().map(|(key, item)| {
                    let leaf = item.is_string() || item.is_number();
                    let item = match by_name && leaf && is_secret_name(key) {
                        true => Value::from(MASK),
                        false => self.masked(item, by_name),
                    };
                    (self.text(key), item)
                });
                Value::Object(masked.collect())
            }
            other => other.clone(),
        }
    }
}

/// How a name is written where its value is to stand.
fn mention(name: &str) -> Value {
    Value::String(format!("{{{{{name}}}}}"))
}

enum Piece<'t> {
    Text(&'t str),
    Name(&'t str),
}

/// A text as what stands between names, and the names.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut look = 0;
    while let Some((open, name, end)) = next_name(text, look) {
        match name {
            Some(name) => {
                if open > from {
                    pieces.push(Piece::Text(text.get(from..open).unwrap_or_default()));
                }
                pieces.push(Piece::Name(name));
                (from, look) = (end, end);
            }
            None => look = end,
        }
    }
    if let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// The next `{{` from `look`: its place, the name that follows if it is one, and where to go on.
fn next_name(text: &str, look: usize) -> Option<(usize, Option<&str>, usize)> {
    let rest = text.get(look..)?;
    let open = look.saturating_add(rest.find("{{")?);
    let inside = open.saturating_add(2);
    let named = text.get(inside..).and_then(|rest| {
        let length = rest.find("}}")?;
        let name = rest.get(..length)?.trim();
        let end = inside.saturating_add(length).saturating_add(2);
        is_name(name).then_some((name, end))
    });
    Some(match named {
        Some((name, end)) => (open, Some(name), end),
        // One brace further: `{{{name}}` holds a name, too.
        None => (open, None, open.saturating_add(1)),
    })
}

/// Whether a text mentions a variable.
pub(super) fn mentions(text: &str) -> bool {
    let mut names = Vec::new();
    names_in(text, &mut names);
    !names.is_empty()
}

/// The names in a text, each once.
pub(super) fn names_in(text: &str, names: &mut Vec<String>) {
    for piece in pieces(text) {
        if let Piece::Name(name) = piece
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
}

/// Whether it can be a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    !text.is_empty() && text.chars().all(good)
}

/// What to say where it can't.
pub(super) fn no_name(text: &str) -> String {
    format!("{text:?} is no name: it has letters, digits, - and _")
}

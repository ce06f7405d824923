//! Fresh values for what is emitted: `--set PATH=VALUE`, `--capture NAME=PATH`, and `{{NAME}}` in
//! either the recorded payloads or the values that are set. **Pure.**

use std::collections::BTreeMap;

use serde_json::Value;

use super::script::{Deed, Reply, Script};
use crate::replay::path::{Of, Path};

/// What is to be put where.
#[derive(Debug, Clone, Default)]
pub struct Values {
    sets: Vec<(Path, Value)>,
    captures: Vec<(String, Path)>,
    captured: BTreeMap<String, Value>,
    /// Values of the recording, and those that stand for them now.
    swapped: Vec<(Value, Value)>,
}

/// Why an emit has no values yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unready {
    /// This capture has not come yet.
    Missing(String),
    /// The recorded arguments can't be changed.
    Unfit(String),
}

impl Values {
    /// Takes `PATH=VALUE` in: VALUE is JSON, or else text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let (path, value) =
            split(text).ok_or_else(|| format!("{text:?}: write it as in login[0].token=secret"))?;
        let path: Path = path.parse().map_err(|error| format!("{error}"))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        self.sets.push((path, value));
        Ok(())
    }

    /// Takes `NAME=PATH` in.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn capture(&mut self, text: &str) -> Result<(), String> {
        let (name, path) = text
            .split_once('=')
            .ok_or_else(|| format!("{text:?}: write it as in token=reply:login[0].token"))?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(format!(
                "{name:?} is no name: letters, digits, - and _ are, as in token=reply:login[0].token"
            ));
        }
        let path: Path = path.trim().parse().map_err(|error| format!("{error}"))?;
        self.captures.push((name.to_owned(), path));
        Ok(())
    }

    /// Says what could never work with this script: a path that leads nowhere, a name that
    /// nothing captures.
    ///
    /// # Errors
    /// The first of these.
    pub fn check(&self, script: &Script) -> Result<(), String> {
        for (path, value) in &self.sets {
            let mut names = Vec::new();
            names_in(value, &mut names);
            if let Some(name) = names
                .iter()
                .find(|name| !self.captures.iter().any(|(known, _)| known == *name))
            {
                return Err(format!(
                    "--set {path}: nothing captures {{{{{name}}}}}; add --capture {name}=EVENT.path"
                ));
            }
            let mut ours = ours(script);
            let reached = ours.any(|(of, args)| {
                path.covers(of) && root(args).is_some_and(|mut root| path.set(&mut root, value) > 0)
            });
            if !reached {
                return Err(format!(
                    "--set {path}: it leads to nothing that the client sent; {}",
                    known("it emitted", self::ours(script))
                ));
            }
        }
        for (name, path) in &self.captures {
            if !theirs(script).any(|(of, _)| path.covers(of)) {
                return Err(format!(
                    "--capture {name}={path}: nothing of that name came; {}",
                    known("there came", theirs(script))
                ));
            }
        }
        Ok(())
    }

    /// The arguments of an emit or answer with fresh values.
    ///
    /// # Errors
    /// What it still lacks.
    pub fn fresh(&mut self, of: Of<'_>, args: &str) -> Result<String, Unready> {
        let is_set = self.sets.iter().any(|(path, _)| path.covers(of));
        let mentions = self
            .captures
            .iter()
            .any(|(name, _)| args.contains("{{") && args.contains(name.as_str()));
        if !is_set && !mentions {
            return Ok(args.to_owned());
        }
        let Some(before) = root(args) else {
            return Err(Unready::Unfit(format!(
                "the arguments of {:?} hold JSON that can't be changed",
                of.event
            )));
        };
        let mut value = before.clone();
        for (path, fresh) in self.sets.iter().filter(|(path, _)| path.covers(of)) {
            path.set(&mut value, fresh);
        }
        self.fill(&mut value).map_err(Unready::Missing)?;
        for (path, _) in self.sets.iter().filter(|(path, _)| path.covers(of)) {
            if let (Some(old), Some(new)) = (path.get(&before), path.get(&value)) {
                swap(&mut self.swapped, old, new);
            }
        }
        Ok(value.to_string())
    }

    /// Takes in what came from the server, beside what the recording has in its place.
    pub fn hear(&mut self, of: Of<'_>, args: &str, recorded: Option<&str>) {
        for (name, path) in self.captures.iter().filter(|(_, path)| path.covers(of)) {
            let Some(root) = root(args) else { continue };
            let Some(value) = path.get(&root) else {
                continue;
            };
            let recorded = recorded.and_then(self::root);
            if let Some(old) = recorded.as_ref().and_then(|root| path.get(root)) {
                swap(&mut self.swapped, old, value);
            }
            self.captured.insert(name.clone(), value.clone());
        }
    }

    /// Values of the recording, and what stands for them in the live session.
    pub fn swapped(&self) -> &[(Value, Value)] {
        &self.swapped
    }

    /// Puts captured values in the place of their names.
    fn fill(&self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.fill(item)),
            Value::Object(members) => members.values_mut().try_for_each(|item| self.fill(item)),
            Value::String(text) if text.contains("{{") => {
                if let Some(filled) = self.filled(text)? {
                    *value = filled;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn filled(&self, text: &str) -> Result<Option<Value>, String> {
        let mut out = String::new();
        let mut rest = text;
        let mut changed = false;
        while let Some((before, inside, after)) = braces(rest) {
            let name = inside.trim();
            let known = self.captures.iter().any(|(known, _)| known == name);
            out.push_str(before);
            if known {
                let value = self.captured.get(name).ok_or_else(|| name.to_owned())?;
                if before.is_empty() && after.is_empty() && out.is_empty() {
                    // The whole text: the value keeps its type.
                    return Ok(Some(value.clone()));
                }
                match value {
                    Value::String(text) => out.push_str(text),
                    other => out.push_str(&other.to_string()),
                }
                changed = true;
            } else {
                out.push_str("{{");
                out.push_str(inside);
                out.push_str("}}");
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(changed.then_some(Value::String(out)))
    }
}

/// What the client of a script sends, as paths see it.
fn ours(script: &Script) -> impl Iterator<Item = (Of<'_>, &str)> {
    let emits = script.steps.iter().filter_map(|step| match &step.deed {
        Deed::Emit(event) => Some((
            Of {
                nsp: &event.nsp,
                event: &event.event,
                reply: false,
            },
            event.args.as_str(),
        )),
        _ => None,
    });
    let answers =
        script
            .answers
            .iter()
            .filter_map(|answer| match &script.expected.get(answer.ask)?.reply {
                Reply::Event(ask) => Some((
                    Of {
                        nsp: &ask.nsp,
                        event: &ask.event,
                        reply: true,
                    },
                    answer.args.as_str(),
                )),
                _ => None,
            });
    emits.chain(answers)
}

/// What came from the server, as paths see it.
fn theirs(script: &Script) -> impl Iterator<Item = (Of<'_>, &str)> {
    script.expected.iter().filter_map(|expected| {
        let (nsp, event, reply, args) = match &expected.reply {
            Reply::Event(event) => (&event.nsp, &event.event, false, &event.args),
            Reply::Ack {
                nsp, event, args, ..
            } => (nsp, event, true, args),
            _ => return None,
        };
        Some((Of { nsp, event, reply }, args.as_str()))
    })
}

fn known<'a>(what: &str, all: impl Iterator<Item = (Of<'a>, &'a str)>) -> String {
    let mut names: Vec<String> = all
        .map(|(of, _)| {
            let prefix = if of.reply { "reply:" } else { "" };
            format!("{prefix}{}", of.event)
        })
        .collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return format!("{what} nothing");
    }
    format!("{what} {}", names.join(", "))
}

fn swap(swapped: &mut Vec<(Value, Value)>, old: &Value, new: &Value) {
    let pair = (old.clone(), new.clone());
    if old != new && !swapped.contains(&pair) {
        swapped.push(pair);
    }
}

fn root(args: &str) -> Option<Value> {
    serde_json::from_str(args).ok()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

/// The path and the value of `PATH=VALUE`: the first `=` that stands in no quotes.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '=') => {
                let (path, value) = text.split_at_checked(at)?;
                return Some((path.trim(), value.strip_prefix('=')?));
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// What stands before, in and behind the first `{{…}}`.
fn braces(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (inside, after) = rest.split_once("}}")?;
    Some((before, inside, after))
}

fn names_in(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names_in(item, names)),
        Value::Object(members) => members.values().for_each(|item| names_in(item, names)),
        Value::String(text) => {
            let mut rest = text.as_str();
            while let Some((_, inside, after)) = braces(rest) {
                let name = inside.trim();
                if !name.is_empty() && name.chars().all(is_name) {
                    names.push(name.to_owned());
                }
                rest = after;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(event: &str) -> Of<'_> {
        Of {
            nsp: "/",
            event,
            reply: false,
        }
    }

    #[test]
    fn what_is_set_and_captured_stands_in_the_next_emit() {
        let mut values = Values::default();
        values.capture("token=hello[0].token").unwrap();
        values.set("use[0].token={{token}}").unwrap();
        values.set("use[0].text=my {{token}}!").unwrap();
        values.set("use[1]=7").unwrap();
        let args = r#"[{"token":"old","text":"x","kept":1.50},2]"#;
        assert_eq!(
            values.fresh(of("use"), args),
            Err(Unready::Missing("token".to_owned()))
        );
        assert_eq!(values.fresh(of("other"), args).as_deref(), Ok(args));
        values.hear(
            of("hello"),
            r#"[{"token":42}]"#,
            Some(r#"[{"token":"old"}]"#),
        );
        assert_eq!(
            values.fresh(of("use"), args).as_deref(),
            Ok(r#"[{"token":42,"text":"my 42!","kept":1.5},7]"#)
        );
        let swapped: Vec<String> = values
            .swapped()
            .iter()
            .map(|(old, new)| format!("{old}>{new}"))
            .collect();
        assert_eq!(
            swapped,
            ["\"old\">42", "\"x\">\"my 42!\"", "2>7"],
            "what the check takes for the same"
        );
    }

    #[test]
    fn names_in_recorded_payloads_are_filled_and_unknown_ones_left_alone() {
        let mut values = Values::default();
        values.capture("id=made[0]").unwrap();
        values.hear(of("made"), "[\"n\u{e9}w\"]", None);
        assert_eq!(
            values
                .fresh(of("use"), r#"["{{id}} {{who}}","{{ id }}"]"#)
                .as_deref(),
            Ok("[\"n\u{e9}w {{who}}\",\"n\u{e9}w\"]")
        );
    }

    #[test]
    fn a_mistake_is_told() {
        let mut values = Values::default();
        assert!(values.set("no value").is_err());
        assert!(values.capture("a b=c[0]").is_err());
        assert!(values.capture("just a name").is_err());
    }
}

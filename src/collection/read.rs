//! Reads the TOML of drafts; every mistake is told with its place.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::value::RawValue;
use toml::de::{DeTable, DeValue};

use super::expect::{Check, Group, Wanted};
use super::toml_value::{Item, Wrong, json, members, milliseconds, string, table, whole};
use super::{Draft, Mistake, toml_value, variables};
use crate::path::{Path, Whose};

const KEYS: &str = "name, nsp, event, args, ack, timeout_ms, expect, capture and secret";

/// The drafts of a file, which has to have some.
pub(super) fn drafts(text: &str) -> Result<Vec<Draft>, Mistake> {
    let drafts = drafts_if_any(text)?;
    match drafts.is_empty() {
        true => Err(Mistake {
            line: 1,
            column: 1,
            what: "there is no draft: write [[draft]], and below it name = \"…\" and event = \"…\""
                .to_owned(),
        }),
        false => Ok(drafts),
    }
}

/// The drafts of a file that may have none yet.
pub(super) fn drafts_if_any(text: &str) -> Result<Vec<Draft>, Mistake> {
    whole(text, |file| {
        let mut drafts: Vec<Draft> = Vec::new();
        for (key, span, item) in members(file) {
            let DeValue::Array(tables) = item.get_ref() else {
                return Err(match key {
                    "draft" => {
                        toml_value::wrong(item, "write each draft as a table of its own: [[draft]]")
                    }
                    _ => Wrong(span, unknown(key)),
                });
            };
            if key != "draft" {
                return Err(Wrong(span, unknown(key)));
            }
            for item in tables {
                let draft = draft(item, text)?;
                if drafts.iter().any(|other| other.name == draft.name) {
                    let what = format!("two drafts are named {:?}", draft.name);
                    return Err(Wrong(item.span(), what));
                }
                drafts.push(draft);
            }
        }
        Ok(drafts)
    })
}

fn unknown(key: &str) -> String {
    let hint = match key {
        "vars" | "secrets" => "; variables stand in an environment file of their own, for --env",
        _ => "",
    };
    format!("unknown key {key:?}; a file of drafts has [[draft]] tables{hint}")
}

fn draft(item: &Item<'_>, text: &str) -> Result<Draft, Wrong> {
    let keys = table(item, "[[draft]]")?;
    let mut draft = Draft {
        name: String::new(),
        line: crate::place::of(text, item.span().start).0,
        nsp: None,
        event: String::new(),
        args: "[]".to_owned(),
        ack: false,
        timeout_ms: None,
        within_ms: None,
        groups: Vec::new(),
        secret: Vec::new(),
    };
    for (key, span, item) in members(keys) {
        match key {
            "name" => draft.name = named(item, "name = \"log in\"")?,
            "event" => draft.event = named(item, "event = \"login\"")?,
            "nsp" => draft.nsp = Some(namespace(item)?),
            "args" => draft.args = array(item)?,
            "ack" => {
                draft.ack |= flag(item)?;
            }
            "timeout_ms" => draft.timeout_ms = Some(milliseconds(item)?),
            // What looks at the event's name, which may stand below.
            "expect" | "capture" => {}
            "secret" => {
                let DeValue::Array(names) = item.get_ref() else {
                    return Err(toml_value::wrong(
                        item,
                        "write a list of captures: secret = [\"ticket\"]",
                    ));
                };
                for name in names {
                    draft.secret.push(string(name, "\"ticket\"")?.to_owned());
                }
            }
            _ => {
                let what = format!("unknown key {key:?}; a draft has {KEYS}");
                return Err(Wrong(span, what));
            }
        }
    }
    for (what, value) in [("name", &draft.name), ("event", &draft.event)] {
        if value.is_empty() {
            return Err(Wrong(item.span(), format!("this draft has no {what}")));
        }
    }
    if let Some(item) = keys.get("expect") {
        expectations(&mut draft, table(item, "expect = { event = \"welcome\" }")?)?;
    }
    if let Some(item) = keys.get("capture") {
        captures(
            &mut draft,
            table(item, "capture = { token = \"reply:login[0].token\" }")?,
        )?;
    }
    let unknown = draft
        .secret
        .iter()
        .find(|name| !draft.captures().any(|one| one == *name));
    if let Some(name) = unknown {
        let what = format!("secret: nothing is captured as {name:?}");
        return Err(Wrong(
            keys.get("secret").map_or(item.span(), Item::span),
            what,
        ));
    }
    Ok(draft)
}

fn named(item: &Item<'_>, example: &str) -> Result<String, Wrong> {
    match string(item, example)? {
        "" => Err(toml_value::wrong(item, format!("it is empty: {example}"))),
        text => Ok(text.to_owned()),
    }
}

fn namespace(item: &Item<'_>) -> Result<String, Wrong> {
    let text = named(item, "nsp = \"/chat\"")?;
    if text.contains(',') {
        let what = "a namespace can't hold a comma: the protocol ends it there";
        return Err(toml_value::wrong(item, what));
    }
    Ok(match text.starts_with(['/', '{']) {
        true => text,
        false => format!("/{text}"),
    })
}

fn flag(item: &Item<'_>) -> Result<bool, Wrong> {
    match item.get_ref() {
        DeValue::Boolean(flag) => Ok(*flag),
        _ => Err(toml_value::wrong(item, "write true or false")),
    }
}

/// Arguments: a TOML array, or JSON in a text.
fn array(item: &Item<'_>) -> Result<String, Wrong> {
    let example = "write the arguments as a list, [\"room1\", { text = \"hi\" }], or as JSON in a text, '[\"room1\", {\"text\": \"hi\"}]'";
    match item.get_ref() {
        DeValue::Array(_) => Ok(json(item)?.to_string()),
        DeValue::String(text) => match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) if raw.get().starts_with('[') => Ok(raw.get().to_owned()),
            Ok(_) => Err(toml_value::wrong(item, example)),
            Err(error) => Err(toml_value::wrong(item, not_json(&error))),
        },
        _ => Err(toml_value::wrong(item, example)),
    }
}

fn not_json(error: &serde_json::Error) -> String {
    format!(
        "no JSON: {error} of this text (a variable stands in quotes: \"{{{{id}}}}\" alone keeps its type)"
    )
}

fn expectations(draft: &mut Draft, table: &DeTable<'_>) -> Result<(), Wrong> {
    for (key, span, item) in members(table) {
        match key {
            "within_ms" => draft.within_ms = Some(milliseconds(item)?),
            "event" => {
                let event = named(item, "event = \"welcome\"")?;
                group(draft, Wanted::Event(event), None);
            }
            "ack" => {
                draft.ack = true;
                let pattern = match item.get_ref() {
                    DeValue::Boolean(true) => continue,
                    DeValue::String(text) => serde_json::from_str(text)
                        .map_err(|error| toml_value::wrong(item, not_json(&error)))?,
                    _ => json(item)?,
                };
                if !pattern.is_array() {
                    let what = "write what the ack brings as a list, [\"ok\"], or as JSON in a text, '[\"ok\"]'; \"{{*}}\" stands for anything, true for any ack";
                    return Err(toml_value::wrong(item, what));
                }
                let checks = &mut group(draft, Wanted::Reply, None).checks;
                checks.push(Check {
                    path: None,
                    pattern,
                });
            }
            _ => {
                let path = path(draft, key).map_err(|what| {
                    let known = "expect has ack, event, within_ms and paths";
                    Wrong(span.clone(), format!("{what} ({known})"))
                })?;
                let pattern = json(item)?;
                takes_all(key, &path, &pattern).map_err(|what| Wrong(span, what))?;
                let checks = &mut group_of(draft, &path).checks;
                checks.push(Check {
                    path: Some(path),
                    pattern,
                });
            }
        }
    }
    Ok(())
}

/// A key without an index stands for all arguments of an event, which are a list: what is no list
/// can't fit, and the key is a mistake, or the index is missing.
fn takes_all(key: &str, path: &Path, pattern: &Value) -> Result<(), String> {
    let whole = path.get(&Value::Array(Vec::new())).is_some();
    let fits = match pattern {
        Value::Array(_) => true,
        Value::String(text) => variables::mentions(text) || text.contains("{{*}}"),
        _ => false,
    };
    match whole && !fits {
        true => Err(format!(
            "unknown key {key:?} (expect has ack, event, within_ms and paths); if it is an event, \"{key}[0]\" is its first argument, and {key:?} all of them, a list"
        )),
        false => Ok(()),
    }
}

fn captures(draft: &mut Draft, table: &DeTable<'_>) -> Result<(), Wrong> {
    for (name, span, item) in members(table) {
        if !variables::is_name(name) {
            return Err(Wrong(span, variables::no_name(name)));
        }
        let text = string(item, "token = \"reply:login[0].token\"")?;
        let path = path(draft, text).map_err(|what| toml_value::wrong(item, what))?;
        let captures = &mut group_of(draft, &path).captures;
        captures.push((name.to_owned(), path));
    }
    Ok(())
}

/// A path to something that can come after an emit.
fn path(draft: &Draft, text: &str) -> Result<Path, String> {
    let path: Path = text.parse().map_err(|error| format!("{error}"))?;
    match path.whose() {
        Whose::Any => Err(format!(
            "{text:?} names no event: write reply:… for the ack, or the event's name"
        )),
        Whose::Event(name) if matches!(name.as_str(), "connect" | "connect_error") => Err(format!(
            "{text:?}: a draft sees what comes after it, and that packet comes before"
        )),
        Whose::Reply(Some(name)) if !variables::mentions(&draft.event) && *name != draft.event => {
            Err(format!(
                "{text:?} is not the reply to this draft, whose event is {:?}",
                draft.event
            ))
        }
        _ => Ok(path),
    }
}

fn group_of<'d>(draft: &'d mut Draft, path: &Path) -> &'d mut Group {
    let nsp = path.nsp().map(str::to_owned);
    match path.whose() {
        Whose::Event(name) => {
            let name = name.clone();
            group(draft, Wanted::Event(name), nsp)
        }
        Whose::Reply(_) | Whose::Any => {
            draft.ack = true;
            group(draft, Wanted::Reply, nsp)
        }
    }
}

/// The group of what is wanted of one packet; made where there is none yet.
fn group(draft: &mut Draft, wanted: Wanted, nsp: Option<String>) -> &mut Group {
    let found = draft
        .groups
        .iter()
        .position(|group| group.wanted == wanted && group.nsp == nsp);
    let at = found.unwrap_or_else(|| {
        draft.groups.push(Group {
            wanted,
            nsp,
            checks: Vec::new(),
            captures: Vec::new(),
        });
        draft.groups.len().saturating_sub(1)
    });
    &mut draft.groups[at]
}

/// Names and values of an environment file: `(name, value, is it secret)`.
pub(super) fn environment(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<(String, Value, bool)>, Mistake> {
    whole(text, |file| {
        let mut all: Vec<(String, Value, bool)> = Vec::new();
        let mut names = BTreeSet::new();
        for (key, span, item) in members(file) {
            let secret = match key {
                "vars" => false,
                "secrets" => true,
                _ => {
                    let what =
                        format!("unknown key {key:?}; an environment has [vars] and [secrets]");
                    return Err(Wrong(span, what));
                }
            };
            for (name, span, item) in members(table(item, "[vars]")?) {
                if !variables::is_name(name) {
                    return Err(Wrong(span, variables::no_name(name)));
                }
                if !names.insert(name.to_owned()) {
                    return Err(Wrong(
                        span,
                        format!("{name:?} stands in [vars] and in [secrets]"),
                    ));
                }
                all.push((name.to_owned(), given(item, lookup)?, secret));
            }
        }
        Ok(all)
    })
}

/// A value, or `{ env = "NAME" }`: that of the process' environment.
fn given(item: &Item<'_>, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Value, Wrong> {
    if let DeValue::Table(table) = item.get_ref()
        && table.len() == 1
        && let Some(name) = table.get("env")
    {
        let name_text = string(name, "{ env = \"API_TOKEN\" }")?;
        return lookup(name_text).map(Value::from).ok_or_else(|| {
            toml_value::wrong(name, format!("the environment has no variable {name_text}"))
        });
    }
    json(item)
}

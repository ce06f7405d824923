//! What a draft waits for, and what of what came fits.
//!
//! What is expected of, and captured from, packets of one kind makes a [`Group`], and one packet
//! has to meet all of it. The reply decides at once; of events each is looked at until one fits.
//!
//! A pattern fits a value as follows: an object has at least the pattern's members, a list has
//! as many elements as the pattern's, numbers are equal whatever their spelling, and `"{{*}}"`
//! fits anything.

use serde_json::Value;

use super::variables::{Masks, Unfilled, Variables, names_in};
use crate::path::{Of, Path, Whose};

/// Fits anything.
const ANYTHING: &str = "{{*}}";
/// Characters of a value that are shown.
const SHOWN: usize = 120;

/// What brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The reply (ack) to the draft.
    Reply,
    /// An event of this name.
    Event(String),
}

/// One place of a packet and what has to stand there.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The place; `None`: all arguments.
    pub path: Option<Path>,
    /// What fits.
    pub pattern: Value,
}

/// What is wanted of one packet.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What brings it.
    pub wanted: Wanted,
    /// Namespace in which; `None`: any.
    pub nsp: Option<String>,
    /// What has to stand in it.
    pub checks: Vec<Check>,
    /// What is captured from it, by name.
    pub captures: Vec<(String, Path)>,
}

impl Group {
    pub(super) fn mentions(&self, names: &mut Vec<String>) {
        if let Wanted::Event(event) = &self.wanted {
            names_in(event, names);
        }
        for check in &self.checks {
            in_value(&check.pattern, names);
        }
    }

    pub(super) fn fill(&self, variables: &Variables, event: &str) -> Result<Group, Unfilled> {
        let paths = self.checks.iter().filter_map(|check| check.path.as_ref());
        for path in paths.chain(self.captures.iter().map(|(_, path)| path)) {
            if let Whose::Reply(Some(name)) = path.whose()
                && name != event
            {
                return Err(Unfilled::Unfit(format!(
                    "{path} is not the reply to this draft, whose event is {event:?}"
                )));
            }
        }
        let wanted = match &self.wanted {
            Wanted::Reply => Wanted::Reply,
            Wanted::Event(name) => Wanted::Event(variables.text(name)?),
        };
        let mut checks = Vec::new();
        for check in &self.checks {
            checks.push(Check {
                path: check.path.clone(),
                pattern: variables.value(&check.pattern)?,
            });
        }
        Ok(Group {
            wanted,
            nsp: self.nsp.clone(),
            checks,
            captures: self.captures.clone(),
        })
    }

    fn covers(&self, of: Of<'_>) -> bool {
        self.nsp.as_deref().is_none_or(|nsp| nsp == of.nsp)
            && match &self.wanted {
                Wanted::Reply => of.reply,
                Wanted::Event(name) => !of.reply && name == of.event,
            }
    }

    fn name(&self) -> String {
        let what = match &self.wanted {
            Wanted::Reply => "the ack".to_owned(),
            Wanted::Event(name) => format!("event {name:?}"),
        };
        match &self.nsp {
            Some(nsp) => format!("{what} in {nsp}"),
            None => what,
        }
    }
}

fn in_value(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text) => names_in(text, names),
        Value::Array(items) => items.iter().for_each(|item| in_value(item, names)),
        Value::Object(members) => {
            for (key, item) in members {
                names_in(key, names);
                in_value(item, names);
            }
        }
        _ => {}
    }
}

/// Why something does not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    place: String,
    expected: Option<Box<Value>>,
    found: Option<Box<Value>>,
}

impl Miss {
    /// It in words, without secrets.
    pub fn say(&self, masks: &Masks) -> String {
        let expected = match &self.expected {
            Some(value) => short(masks, value),
            None => "something to capture".to_owned(),
        };
        let found = match &self.found {
            Some(value) => short(masks, value),
            None => "nothing".to_owned(),
        };
        format!(
            "{}: expected {expected}, got {found}",
            masks.text(&self.place)
        )
    }
}

fn short(masks: &Masks, value: &Value) -> String {
    let text = masks.shown(value).to_string();
    let mut cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// A draft that was sent, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Each group; `Some` while it is not met, with why the newest packet did not.
    open: Vec<(Group, Option<Miss>)>,
    /// The ack is awaited, whatever it brings.
    ack: bool,
    failed: Option<Miss>,
    captured: Vec<(String, Value)>,
    seen: Vec<(String, Value)>,
}

impl Trial {
    /// What is awaited: these groups, and an ack.
    pub fn new(groups: Vec<Group>, ack: bool) -> Trial {
        Trial {
            open: groups.into_iter().map(|group| (group, None)).collect(),
            ack,
            failed: None,
            captured: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Takes a packet of the server in: the reply to the draft, or an event. `args` is the array
    /// of its arguments.
    pub fn hear(&mut self, of: Of<'_>, args: &Value) {
        if of.reply {
            self.ack = false;
        }
        let open = std::mem::take(&mut self.open);
        for (group, before) in open {
            if !group.covers(of) {
                self.open.push((group, before));
                continue;
            }
            for (name, path) in &group.captures {
                if let Some(value) = path.get(args) {
                    self.seen.push((name.clone(), value.clone()));
                }
            }
            match met(&group, args) {
                Ok(captured) => self.captured.extend(captured),
                Err(miss) => {
                    if of.reply && self.failed.is_none() {
                        self.failed = Some(miss.clone());
                    }
                    self.open.push((group, Some(miss)));
                }
            }
        }
    }

    /// All that was awaited has come, and fits.
    pub fn is_met(&self) -> bool {
        !self.ack && self.open.is_empty()
    }

    /// What came and does not fit, where nothing else can come.
    pub fn failed(&self) -> Option<&Miss> {
        self.failed.as_ref()
    }

    /// What is still missing, in words without secrets.
    pub fn missing(&self, masks: &Masks) -> Option<String> {
        if self.ack {
            return Some("no ack".to_owned());
        }
        let (group, miss) = self.open.first()?;
        let name = masks.text(&group.name());
        Some(match miss {
            Some(miss) => format!("{name} came, but {}", miss.say(masks)),
            None => format!("{name} did not come"),
        })
    }

    /// What was captured, by name.
    pub fn captured(&self) -> &[(String, Value)] {
        &self.captured
    }

    /// All that stood where something is captured, also where the rest did not fit.
    pub fn seen(&self) -> &[(String, Value)] {
        &self.seen
    }
}

fn met(group: &Group, args: &Value) -> Result<Vec<(String, Value)>, Miss> {
    for check in &group.checks {
        let (place, found) = match &check.path {
            Some(path) => (path.to_string(), path.get(args)),
            None => ("ack".to_owned(), Some(args)),
        };
        fits(&check.pattern, found, &place)?;
    }
    let captured = group.captures.iter().map(|(name, path)| {
        let found = path.get(args).cloned();
        let value = found.ok_or_else(|| Miss {
            place: path.to_string(),
            expected: None,
            found: None,
        })?;
        Ok((name.clone(), value))
    });
    captured.collect()
}

/// Whether a pattern fits what was found; the first place where it does not.
fn fits(pattern: &Value, found: Option<&Value>, place: &str) -> Result<(), Miss> {
    let miss = || Miss {
        place: place.to_owned(),
        expected: Some(Box::new(pattern.clone())),
        found: found.cloned().map(Box::new),
    };
    let value = found.ok_or_else(miss)?;
    match (pattern, value) {
        (Value::String(text), _) if text == ANYTHING => Ok(()),
        (Value::Object(members), Value::Object(have)) => {
            members.iter().try_for_each(|(key, one)| {
                let place = match super::variables::is_name(key) {
                    true => format!("{place}.{key}"),
                    false => format!("{place}.{key:?}"),
                };
                fits(one, have.get(key), &place)
            })
        }
        (Value::Array(items), Value::Array(have)) => {
            for (at, one) in items.iter().enumerate() {
                fits(one, have.get(at), &format!("{place}[{at}]"))?;
            }
            match items.len() == have.len() {
                true => Ok(()),
                // What is too much.
                false => Err(Miss {
                    place: format!("{place}[{}]", items.len()),
                    expected: Some(Box::new(Value::from("nothing more"))),
                    found: have.get(items.len()).cloned().map(Box::new),
                }),
            }
        }
        (Value::Number(one), Value::Number(other)) => {
            let equal = one == other
                || ((one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64());
            equal.then_some(()).ok_or_else(miss)
        }
        _ => (pattern == value).then_some(()).ok_or_else(miss),
    }
}

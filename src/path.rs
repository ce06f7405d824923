//! Places in the data of a packet: `say[0].user.id`. **Floor 0, pure.**
//!
//! One spelling for all that points into a packet: what a comparison leaves out, what a draft
//! expects, what a replay puts in and what it captures.
//!
//! ```text
//! [/NAMESPACE,] WHOSE STEPS
//!
//! WHOSE   say            the event of that name, whichever side sent it
//!         "a.b"          the same in quotes, for a name with . [ or a quote in it
//!         reply:say      the reply (ack) to that event; reply:* to any
//!         connect        the data of CONNECT: our auth, the server's sid
//!         connect_error  the data of a refusal
//!         $  or  *       every event, reply and CONNECT
//! STEPS   [0]  [-1]      an element; of an event the arguments, from 0 (or from the end)
//!         .key  ."a b"   a member
//!         [*]  .*        every element or member
//!         ..key          every member of that name, however deep
//! ```
//!
//! A path whose first step is a member looks into the first argument: `say.user` is
//! `say[0].user`. Without steps it means all arguments, as an array. `/chat,say` is `say` in the
//! namespace `/chat` only, as the wire writes it; without one it means every namespace.

mod parser;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A place in the data of a packet (or several, with `*` or `..`).
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// As it was written.
    text: String,
    nsp: Option<String>,
    whose: Whose,
    steps: Vec<Step>,
}

/// Whose data a path looks into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Every event's, reply's and CONNECT's.
    Any,
    /// That event's; `connect` and `connect_error` mean those packets.
    Event(String),
    /// That of the reply to this event; `None`: to any.
    Reply(Option<String>),
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    /// From the end where it is negative.
    Index(i64),
    Any,
    /// Members of this name at any depth.
    Deep(String),
}

/// What is wrong with a path, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}, at column {column} of {text:?}; a path is written like say[0].user.id")]
pub struct PathError {
    /// The path.
    pub text: String,
    /// The place, in characters from 1.
    pub column: usize,
    /// The mistake.
    pub what: String,
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Path, PathError> {
        parser::parse(text)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Which packet a root of data belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of<'a> {
    /// Its namespace.
    pub nsp: &'a str,
    /// The event's name, of a reply that of its question; `connect`, `connect_error` for those.
    pub event: &'a str,
    /// It is a reply.
    pub reply: bool,
}

impl Path {
    /// Whether it looks into this packet.
    pub fn covers(&self, of: Of<'_>) -> bool {
        let there = self.nsp.as_deref().is_none_or(|nsp| nsp == of.nsp);
        there
            && match &self.whose {
                Whose::Any => true,
                Whose::Event(name) => !of.reply && name == of.event,
                Whose::Reply(None) => of.reply,
                Whose::Reply(Some(name)) => of.reply && name == of.event,
            }
    }

    /// Whose data it looks into.
    pub fn whose(&self) -> &Whose {
        &self.whose
    }

    /// The namespace that it is bound to, where it is.
    pub fn nsp(&self) -> Option<&str> {
        self.nsp.as_deref()
    }

    /// The first value that it leads to. `root` is the array of an event's or reply's arguments
    /// (without the event's name), or an array with the data of a CONNECT as its one element.
    pub fn get<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        find(root, &self.steps)
    }

    /// Puts `value` at each place that it leads to; returns at how many. A member that is not
    /// there yet is added, where the object that should hold it is.
    pub fn set(&self, root: &mut Value, value: &Value) -> usize {
        if let Some((Step::Key(key), before)) = self.steps.split_last() {
            let mut times = 0;
            each(root, before, &mut |object| {
                if let Value::Object(members) = object {
                    members.insert(key.clone(), value.clone());
                    times += 1;
                }
            });
            return times;
        }
        let mut times = 0;
        self.each_mut(root, &mut |place| {
            place.clone_from(value);
            times += 1;
        });
        times
    }

    /// Calls `change` with each value that it leads to.
    pub fn each_mut(&self, root: &mut Value, change: &mut dyn FnMut(&mut Value)) {
        each(root, &self.steps, change);
    }
}

/// The place of an element; counted from the end where `index` is negative.
fn place(index: i64, length: usize) -> Option<usize> {
    let by = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 {
        length.checked_sub(by)
    } else {
        Some(by)
    }
}

fn find<'v>(value: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(value);
    };
    match (step, value) {
        (Step::Key(key), Value::Object(members)) => find(members.get(key)?, rest),
        (Step::Index(index), Value::Array(items)) => {
            find(items.get(place(*index, items.len())?)?, rest)
        }
        (Step::Any, Value::Array(items)) => items.iter().find_map(|item| find(item, rest)),
        (Step::Any, Value::Object(members)) => members.values().find_map(|item| find(item, rest)),
        (Step::Deep(key), Value::Object(members)) => members
            .get(key)
            .and_then(|found| find(found, rest))
            .or_else(|| members.values().find_map(|item| find(item, steps))),
        (Step::Deep(_), Value::Array(items)) => items.iter().find_map(|item| find(item, steps)),
        _ => None,
    }
}

fn each(value: &mut Value, steps: &[Step], change: &mut dyn FnMut(&mut Value)) {
    let Some((step, rest)) = steps.split_first() else {
        change(value);
        return;
    };
    match (step, value) {
        (Step::Key(key), Value::Object(members)) => {
            if let Some(found) = members.get_mut(key) {
                each(found, rest, change);
            }
        }
        (Step::Index(index), Value::Array(items)) => {
            let place = place(*index, items.len());
            if let Some(found) = place.and_then(|place| items.get_mut(place)) {
                each(found, rest, change);
            }
        }
        (Step::Any, Value::Array(items)) => {
            items.iter_mut().for_each(|item| each(item, rest, change));
        }
        (Step::Any, Value::Object(members)) => {
            members
                .values_mut()
                .for_each(|item| each(item, rest, change));
        }
        (Step::Deep(key), Value::Object(members)) => {
            for (name, item) in members.iter_mut() {
                if name == key {
                    each(item, rest, change);
                } else {
                    each(item, steps, change);
                }
            }
        }
        (Step::Deep(_), Value::Array(items)) => {
            items.iter_mut().for_each(|item| each(item, steps, change));
        }
        _ => {}
    }
}

//! Drafts: emits that are kept in files, their variables, and what they expect.
//! **Floor 1, pure**: texts in, values out; who finds and reads the files is a face.
//!
//! ```toml
//! [[draft]]
//! name = "log in"
//! nsp = "/chat"                          # without one: the connection's first namespace
//! event = "login"
//! args = ["ann", { password = "{{password}}" }]     # or JSON: '["ann", {"password": "x"}]'
//! ack = true                             # the ack must come
//! timeout_ms = 3000
//! capture = { ticket = "reply:login[0].ticket" }
//! secret = ["ticket"]                    # captures that are never shown
//!
//! [[draft]]
//! name = "use the ticket"
//! event = "use"
//! args = [{ ticket = "{{ticket}}" }]
//! expect = { ack = ["welcome", "{{*}}"], event = "used", "used[0].by" = "ann", within_ms = 2000 }
//! ```
//!
//! - [`parse`] makes [`Draft`]s of TOML; every mistake is told with its place. [`addition`] writes one.
//! - [`variables`]: `{{names}}`, where their values come from, and what of them is secret.
//! - [`expect`]: what a draft waits for, and what of what came fits.

pub mod expect;
mod read;
mod toml_value;
pub mod variables;
mod write;

#[cfg(test)]
mod tests;

use serde_json::Value;

use expect::Group;

pub use expect::Trial;
pub use variables::{Unfilled, Variables};
pub use write::Unwritten;

/// A mistake in a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {what}")]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what is valid there.
    pub what: String,
}

/// An event that is kept to be sent, with its `{{variables}}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its name, unique in its file.
    pub name: String,
    /// Line of its file, from 1.
    pub line: usize,
    /// Namespace; `None`: the first of the connection.
    pub nsp: Option<String>,
    /// Name of the event.
    pub event: String,
    /// Its arguments: a JSON array as raw text.
    pub args: String,
    /// An ack is asked for, and has to come.
    pub ack: bool,
    /// Time for the ack, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Time for everything that is expected, in milliseconds.
    pub within_ms: Option<u64>,
    /// What is expected and captured, by the packet that brings it.
    pub groups: Vec<Group>,
    /// Captures that are secret although their names do not say so.
    pub secret: Vec<String>,
}

/// A draft with its variables filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// Namespace.
    pub nsp: Option<String>,
    /// Name of the event.
    pub event: String,
    /// The packet's array: the event's name and the arguments, as raw JSON.
    pub array: String,
    /// What is expected and captured.
    pub groups: Vec<Group>,
}

/// Reads the drafts of a file, in their order.
///
/// # Errors
/// TOML that can't be read, an unknown key, a value that does not fit: the first mistake.
pub fn parse(text: &str) -> Result<Vec<Draft>, Mistake> {
    read::drafts(text)
}

/// What to append to a file that holds `text`, so that it has this draft, too: its name,
/// namespace, event, arguments, ack and timeout. What it expects is not written.
///
/// # Errors
/// A mistake in `text`, a name that is taken, or something that could not be read again.
pub fn addition(text: &str, draft: &Draft) -> Result<String, Unwritten> {
    write::addition(text, draft)
}

impl Draft {
    /// The names of variables that it mentions, in the order of their appearance.
    pub fn mentions(&self) -> Vec<String> {
        let mut names = Vec::new();
        for text in [self.nsp.as_deref(), Some(&self.event), Some(&self.args)]
            .into_iter()
            .flatten()
        {
            variables::names_in(text, &mut names);
        }
        for group in &self.groups {
            group.mentions(&mut names);
        }
        names
    }

    /// The names that it captures.
    pub fn captures(&self) -> impl Iterator<Item = &str> {
        let all = self.groups.iter().flat_map(|group| &group.captures);
        all.map(|(name, _)| name.as_str())
    }

    /// Whether what it captures under this name is never to be shown.
    pub fn hides(&self, capture: &str) -> bool {
        self.secret.iter().any(|name| name == capture)
            || crate::journal::redact::is_secret_name(capture)
    }

    /// Puts the variables' values in the place of their names.
    ///
    /// # Errors
    /// A variable without a value, or one that does not fit its place.
    pub fn fill(&self, variables: &Variables) -> Result<Filled, Unfilled> {
        let nsp = match &self.nsp {
            Some(nsp) => Some(variables.text(nsp)?),
            None => None,
        };
        let event = variables.text(&self.event)?;
        let array = match variables::mentions(&self.args) {
            // As it was written: numbers keep their spelling.
            false => {
                let inside = self.args.trim();
                let inside = inside.strip_prefix('[').unwrap_or(inside);
                let inside = inside.strip_suffix(']').unwrap_or(inside).trim();
                let comma = if inside.is_empty() { "" } else { "," };
                format!("[{}{comma}{inside}]", Value::from(event.as_str()))
            }
            true => {
                let args: Value = serde_json::from_str(&self.args)
                    .map_err(|error| Unfilled::Unfit(format!("the arguments: {error}")))?;
                let mut whole = vec![Value::from(event.as_str())];
                if let Value::Array(args) = variables.value(&args)? {
                    whole.extend(args);
                }
                Value::Array(whole).to_string()
            }
        };
        let groups = self
            .groups
            .iter()
            .map(|group| group.fill(variables, &event))
            .collect::<Result<_, _>>()?;
        Ok(Filled {
            nsp,
            event,
            array,
            groups,
        })
    }
}

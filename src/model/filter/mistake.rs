//! What is wrong with a filter, and where.

use std::fmt;

/// What is wrong with a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What could stand there instead, where that is a short list.
    pub expected: Vec<&'static str>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)?;
        match self.expected.as_slice() {
            [] => Ok(()),
            [only] => write!(f, ", expected {only}"),
            list => write!(f, ", expected one of {}", list.join(", ")),
        }
    }
}

impl std::error::Error for Mistake {}

//! A mistake in a file that a person wrote: where it is and what was expected.
//!
//! **Floor 5.** Shared by the config, its keys and the themes, so that all of them point at the
//! place in the same way.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A mistake in a settings file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// Column in characters, from 1; 0 where the file as a whole is meant.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = crate::visible::line(&self.file.to_string_lossy()).into_owned();
        let what = crate::visible::line(&self.what);
        if self.line == 0 {
            write!(f, "{file}: {what}")
        } else {
            write!(f, "{file}:{}:{}: {what}", self.line, self.column)
        }
    }
}

impl Mistake {
    /// A mistake that is about the file as a whole.
    pub fn whole(file: &Path, what: impl Into<String>) -> Mistake {
        Mistake {
            file: file.to_owned(),
            line: 0,
            column: 0,
            what: what.into(),
        }
    }

    /// A mistake at a byte range of the file's text.
    pub fn at(file: &Path, text: &str, span: Range<usize>, what: impl Into<String>) -> Mistake {
        let (line, column) = crate::place::of(text, span.start);
        Mistake {
            file: file.to_owned(),
            line,
            column,
            what: what.into(),
        }
    }

    /// What the TOML parser said, with its place.
    pub fn toml(file: &Path, text: &str, error: &toml::de::Error) -> Mistake {
        match error.span() {
            Some(span) => Mistake::at(file, text, span, error.message()),
            None => Mistake::whole(file, error.message()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_names_file_line_and_column() {
        let m = Mistake::at(
            Path::new("/x/config.toml"),
            "a = 1\nb = 2",
            6..7,
            "unknown key",
        );
        assert_eq!(m.to_string(), "/x/config.toml:2:1: unknown key");
    }
}

//! Collections of drafts as they are named on the command line, and `--env` and `--var`.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;

use super::UsageError;
use crate::collection::{Draft, Variables};
use crate::drafts::{self, DraftsError, Shelf};

pub use crate::drafts::Sheet;

/// Where the values of `{{variables}}` come from.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Variables")]
pub struct VariableArgs {
    /// Environment file (tables vars and secrets), or NAME for sioscope/NAME.env.toml; later ones win.
    #[arg(long, value_name = "FILE")]
    pub env: Vec<String>,
    /// A variable; VALUE is JSON, or else text. Wins over --env.
    #[arg(long, value_name = "NAME=VALUE")]
    pub var: Vec<String>,
}

impl VariableArgs {
    /// The variables that are given.
    pub fn variables(&self) -> Result<Variables, UsageError> {
        let mut variables = Variables::default();
        for name in &self.env {
            let file = Shelf::default()
                .environment(name)
                .ok_or_else(|| UsageError(format!("--env: there is no file {name:?}")))?;
            let text = drafts::read(&file, "--env")?;
            variables
                .environment(&text, &|name| std::env::var(name).ok())
                .map_err(|mistake| UsageError(format!("--env: {}:{mistake}", file.display())))?;
        }
        for text in &self.var {
            variables
                .given(text)
                .map_err(|error| UsageError(format!("--var: {error}")))?;
        }
        Ok(variables)
    }

    /// Whether any is given.
    pub fn is_empty(&self) -> bool {
        self.env.is_empty() && self.var.is_empty()
    }
}

/// Finds and reads a collection.
pub fn collection(name: &str) -> Result<Vec<Sheet>, UsageError> {
    Ok(Shelf::default().collection(name)?)
}

/// Reads a file of drafts.
pub fn sheet(file: &Path) -> Result<Sheet, UsageError> {
    Ok(drafts::sheet(file)?)
}

/// Refuses a draft with a variable that nothing sets: neither a value nor an earlier capture.
pub fn check(sheets: &[Sheet], variables: &Variables) -> Result<(), UsageError> {
    let mut known: BTreeSet<&str> = variables.names().collect();
    for sheet in sheets {
        for draft in &sheet.drafts {
            let mentions = draft.mentions();
            if let Some(name) = mentions.iter().find(|name| !known.contains(name.as_str())) {
                return Err(unknown(&sheet.file, draft, name, &known));
            }
            known.extend(draft.captures());
        }
    }
    Ok(())
}

fn unknown(file: &Path, draft: &Draft, name: &str, known: &BTreeSet<&str>) -> UsageError {
    let known: Vec<&str> = known.iter().copied().collect();
    let known = match known.is_empty() {
        true => "no variable is known here".to_owned(),
        false => format!("known here: {}", known.join(", ")),
    };
    UsageError(format!(
        "{}:{}: draft {:?}: nothing sets {{{{{name}}}}} ({known}); give --var {name}=VALUE or --env FILE, or capture it in an earlier draft",
        file.display(),
        draft.line,
        draft.name,
    ))
}

impl From<DraftsError> for UsageError {
    fn from(DraftsError(what): DraftsError) -> UsageError {
        UsageError(what)
    }
}

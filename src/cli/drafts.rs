//! Where collections of drafts and their environments are found, and `--env` and `--var`.
//!
//! A collection is a file or a folder of files. A name that is neither is looked for in
//! `./sioscope/` and in the config directory's `collections/`, with and without `.toml`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::UsageError;
use crate::collection::{self, Draft, Variables};

/// How the name of an environment file ends, so that it may lie beside drafts.
const ENVIRONMENT: &str = ".env.toml";

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
            let file = environment(name)?;
            let text = read(&file, "--env")?;
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

/// A file of drafts.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The file.
    pub file: PathBuf,
    /// Its drafts, in their order.
    pub drafts: Vec<Draft>,
}

/// Finds and reads a collection.
pub fn collection(name: &str) -> Result<Vec<Sheet>, UsageError> {
    let found = find(name, &["", ".toml"]).ok_or_else(|| {
        let mut what = format!("no file or folder of drafts {name:?}");
        for place in places() {
            let _ = write!(what, ", nor in {}", place.display());
        }
        let known = known();
        if !known.is_empty() {
            let _ = write!(what, "; there is {}", known.join(", "));
        }
        UsageError(what)
    })?;
    if !found.is_dir() {
        return Ok(vec![sheet(&found)?]);
    }
    let files = drafts_in(&found)
        .map_err(|error| UsageError(format!("cannot read {}: {error}", found.display())))?;
    if files.is_empty() {
        let what = format!("{}: the folder holds no *.toml of drafts", found.display());
        return Err(UsageError(what));
    }
    files.iter().map(|file| sheet(file)).collect()
}

/// Reads a file of drafts.
pub fn sheet(file: &Path) -> Result<Sheet, UsageError> {
    let drafts = collection::parse(&read(file, "drafts")?)
        .map_err(|mistake| UsageError(format!("{}:{mistake}", file.display())))?;
    Ok(Sheet {
        file: file.to_owned(),
        drafts,
    })
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

fn read(file: &Path, what: &str) -> Result<String, UsageError> {
    std::fs::read_to_string(file)
        .map_err(|error| UsageError(format!("{what}: cannot read {}: {error}", file.display())))
}

/// The files of drafts in a folder, by name.
fn drafts_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let drafts = name.ends_with(".toml") && !name.ends_with(ENVIRONMENT);
        if drafts && !name.starts_with('.') && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn environment(name: &str) -> Result<PathBuf, UsageError> {
    find(name, &["", ENVIRONMENT, ".toml"])
        .filter(|file| file.is_file())
        .ok_or_else(|| UsageError(format!("--env: there is no file {name:?}")))
}

/// The path itself, or one of that name in the places of collections.
fn find(name: &str, endings: &[&str]) -> Option<PathBuf> {
    let itself = PathBuf::from(name);
    if name.is_empty() || itself.exists() {
        return Some(itself).filter(|_| !name.is_empty());
    }
    places()
        .iter()
        .flat_map(|place| {
            endings
                .iter()
                .map(move |end| place.join(format!("{name}{end}")))
        })
        .find(|path| path.exists())
}

/// The project's folder, and the person's own.
fn places() -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from("sioscope")];
    let own = std::env::var_os("SIOSCOPE_CONFIG_DIR").filter(|folder| !folder.is_empty());
    let config = own.map(PathBuf::from).or_else(|| {
        directories::ProjectDirs::from("", "", "sioscope")
            .map(|directories| directories.config_dir().to_owned())
    });
    places.extend(config.map(|config| config.join("collections")));
    places
}

/// The names that would have been found.
fn known() -> Vec<String> {
    let mut names = Vec::new();
    for place in places() {
        for file in drafts_in(&place).unwrap_or_default() {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            names.push(super::print::safe(&stem).into_owned());
        }
    }
    names
}

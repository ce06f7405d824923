//! `sioscope sessions`: what was recorded, by name, and what becomes of it.

mod contents;
mod ending;
mod prune;
mod table;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{Args, Subcommand};

use super::{Exit, UsageError, complain, print};
use crate::journal::file::{self, Listed};
use contents::Contents;

const HELP: &str = "\
Connections, events and findings are counted by reading the session; those beyond 32 MiB are
counted with --full only. Files of other tools are not listed.";

/// Arguments of `sessions`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct SessionsArgs {
    #[command(subcommand)]
    command: Option<SessionsCommand>,
    /// The folder to look at instead of the data folder.
    #[arg(long, value_name = "FOLDER", global = true)]
    dir: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long, global = true)]
    json: bool,
    /// Read large sessions too, to tell what is in them.
    #[arg(long)]
    full: bool,
}

#[derive(Debug, Subcommand)]
enum SessionsCommand {
    /// Print the folder that sessions are kept in.
    Path,
    /// Give a session a name of your own.
    Name {
        /// The session: its file name, or the begin of it that no other has, or a path.
        session: String,
        /// Its new name, without the ending.
        name: String,
    },
    /// Delete sessions by age or size; asks first.
    Prune(prune::PruneArgs),
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The folder; `None` is the data folder.
    pub dir: Option<PathBuf>,
    /// Print JSON.
    pub json: bool,
    /// What.
    pub task: Task,
}

/// What to do with the folder.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// List it; `full` reads large sessions too.
    List {
        /// Read large sessions too.
        full: bool,
    },
    /// Print it.
    Path,
    /// Rename a session.
    Name {
        /// Which one.
        session: String,
        /// Its new name.
        name: String,
    },
    /// Delete sessions.
    Prune(prune::Plan),
}

impl SessionsArgs {
    /// What to do.
    pub fn plan(self) -> Result<Plan, UsageError> {
        let task = match self.command {
            None => Task::List { full: self.full },
            Some(SessionsCommand::Path) => Task::Path,
            Some(SessionsCommand::Name { session, name }) => Task::Name { session, name },
            Some(SessionsCommand::Prune(args)) => Task::Prune(args.plan()?),
        };
        Ok(Plan {
            dir: self.dir,
            json: self.json,
            task,
        })
    }
}

/// Does it.
pub fn run(plan: &Plan) -> Exit {
    let Some(folder) = plan.dir.clone().or_else(file::sessions_dir) else {
        complain(
            "this system names no folder for a program's data; set SIOSCOPE_DATA_DIR, or use --record FILE",
        );
        return Exit::Usage;
    };
    if plan.task == Task::Path {
        return match plan.json {
            true => say_json(&serde_json::json!({ "folder": folder.display().to_string() })),
            false => print::to_stdout(format!("{}\n", folder.display()).as_bytes()),
        };
    }
    // The data folder comes with the first recording; one that was named has to be there.
    if plan.dir.is_some() && !folder.exists() {
        complain(format_args!("there is no folder {}", folder.display()));
        return Exit::Usage;
    }
    let listed = match file::list(&folder) {
        Ok(listed) => listed,
        Err(error) => {
            complain(format_args!("cannot read {}: {error}", folder.display()));
            return Exit::Usage;
        }
    };
    match &plan.task {
        Task::List { full } => list(&folder, &listed, *full, plan.json),
        Task::Name { session, name } => rename(&listed, session, name, plan.json),
        Task::Prune(prune) => prune::run(prune, listed, plan.json),
        Task::Path => Exit::Done,
    }
}

fn say_json(value: &serde_json::Value) -> Exit {
    let line = print::json_line(&value.to_string());
    print::to_stdout(format!("{line}\n").as_bytes())
}

fn list(folder: &Path, listed: &[Listed], full: bool, json: bool) -> Exit {
    if listed.is_empty() && !json {
        match folder.exists() {
            true => complain(format_args!("no sessions in {}", folder.display())),
            false => complain(format_args!(
                "no sessions yet: {} comes with the first one",
                folder.display()
            )),
        }
        return Exit::Done;
    }
    let contents: Vec<Option<Contents>> =
        listed.iter().map(|one| Contents::of(one, full)).collect();
    let now = SystemTime::now();
    if json {
        return say_json(&table::json(folder, listed, &contents, now));
    }
    let table = table::text(listed, &contents, now) + &table::broken(listed);
    print::to_stdout(table.as_bytes())
}

fn rename(listed: &[Listed], session: &str, name: &str, json: bool) -> Exit {
    let path = match find(listed, session) {
        Ok(path) => path,
        Err(why) => {
            complain(why);
            return Exit::Usage;
        }
    };
    match file::rename(&path, name) {
        Ok(now) if json => say_json(&serde_json::json!({
            "was": path.display().to_string(),
            "file": now.display().to_string(),
        })),
        Ok(now) => print::to_stdout(format!("{}\n", now.display()).as_bytes()),
        Err(error) => {
            complain(format_args!("cannot name it {name:?}: {error}"));
            Exit::Usage
        }
    }
}

/// The one session that is meant.
fn find(listed: &[Listed], session: &str) -> Result<PathBuf, String> {
    let file_name = |one: &Listed| {
        let name = one.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let whole = listed
        .iter()
        .find(|one| file_name(one) == session || file::short_name(&one.path) == session);
    if let Some(one) = whole {
        return Ok(one.path.clone());
    }
    let path = Path::new(session);
    if session.contains(std::path::MAIN_SEPARATOR) && path.is_file() {
        return Ok(path.to_path_buf());
    }
    let begun: Vec<&Listed> = listed
        .iter()
        .filter(|one| file_name(one).starts_with(session))
        .collect();
    match begun[..] {
        [one] => Ok(one.path.clone()),
        [] => Err(format!(
            "no session is called {session:?}; sioscope sessions lists them"
        )),
        _ => Err(format!(
            "{} sessions begin with {session:?}; say more of the name",
            begun.len()
        )),
    }
}

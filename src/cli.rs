//! The command line: what was asked for, and everything that is done without a screen.
//! **Floor 5**; the other face is the screen, and neither knows the other.
//!
//! [`parse`] turns the arguments into a [`Task`]; `main.rs` hands the tasks that need the
//! screen to the screen and all others to [`run()`]. Data goes to stdout, talk to stderr.
//!
//! - [`again`]: the program started once more, where its environment must be another.
//! - [`args`]: the grammar; one file per command beside it.
//! - [`drafts`]: where collections and their variables are found.
//! - [`connection`]: the options that every connecting command shares, and what they mean.
//! - [`mod@run`]: drafts sent in their order, and checked.
//! - [`stream`]: records as lines on stdout, commands as lines on stdin.
//! - [`exit`]: how a run ended, as an exit code.

pub mod again;
pub mod args;
pub mod completions;
pub mod connection;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod drafts;
pub mod emit;
pub mod exit;
pub mod export;
pub mod log;
pub mod man;
pub mod mock;
pub mod open;
mod paint;
pub mod print;
pub mod replay;
pub mod run;
pub mod sessions;
pub mod stop;
pub mod stream;
pub mod tap;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser as _;

use crate::client::Options;
use crate::collection::Variables;
use crate::scope::Record;

pub use exit::Exit;

/// A mistake on the command line or in a file that it names: what, where, what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// What the screen begins with.
#[derive(Debug, Clone)]
pub enum Opening {
    /// The connect dialog, filled in with these options; their URL is only a proposal.
    Ask(Box<Options>, Record),
    /// This connection.
    Connect(Box<Options>, Record),
    /// A saved session.
    Files(Vec<PathBuf>),
    /// A tap.
    Tap(Box<crate::tap::Settings>, Record),
    /// A saved session, played again.
    Replay(Box<replay::Plan>),
    /// The demo server of [`crate::demo`], and a connection to it.
    Demo(crate::demo::Settings),
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Task {
    /// The screen.
    Screen(Opening),
    /// Print the key table; the screen knows it.
    Keys,
    /// List the themes, or show this one; the screen knows them.
    Themes(Option<String>),
    /// Two sessions, side by side on the screen or, as [`diff::run`] does it, without one.
    Diff(Box<diff::Plan>),
    /// Everything that needs no screen: [`run()`] does it.
    Headless(Headless),
}

/// A task that needs no screen.
#[derive(Debug)]
pub enum Headless {
    /// `stream`.
    Stream(Box<stream::Plan>),
    /// `emit`.
    Emit(Box<emit::Plan>),
    /// `run`.
    Run(Box<run::Plan>),
    /// `doctor`.
    Doctor(Box<doctor::Plan>),
    /// `export`.
    Export(Box<export::Plan>),
    /// `sessions`.
    Sessions(sessions::Plan),
    /// `replay`.
    Replay(Box<replay::Plan>),
    /// `completions SHELL`.
    Completions(clap_complete::Shell),
    /// `man`.
    Man(Option<PathBuf>),
    /// `tap --headless`.
    Tap(Box<tap::Plan>),
    /// `demo --headless`.
    Demo(demo::Plan),
    /// `mock`.
    Mock(Box<mock::Plan>),
}

/// A parsed command line.
#[derive(Debug)]
pub struct Invocation {
    /// What to do.
    pub task: Task,
    /// File for the program's own log.
    pub log: Option<PathBuf>,
    /// Values for the drafts that are loaded on the screen.
    pub variables: Variables,
}

/// Reads the command line. `Err` is the exit code after help, version or a mistake was printed.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Exit> {
    let parsed = match args::Cli::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            // A closed pipe under `--help | head` is no reason to complain.
            let _ = error.print();
            return Err(if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            });
        }
    };
    parsed.invocation().map_err(|error| {
        eprintln!("error: {error}");
        Exit::Usage
    })
}

/// Does a task that needs no screen; returns how it ended.
pub fn run(task: Headless) -> Exit {
    match task {
        Headless::Stream(plan) => stream::run(*plan),
        Headless::Emit(plan) => emit::run(*plan),
        Headless::Run(plan) => run::run(*plan),
        Headless::Doctor(plan) => doctor::run(*plan),
        Headless::Export(plan) => export::run(&plan),
        Headless::Sessions(plan) => sessions::run(&plan),
        Headless::Replay(plan) => replay::run(*plan),
        Headless::Completions(shell) => completions::run(shell),
        Headless::Man(folder) => man::run(folder.as_deref()),
        Headless::Tap(plan) => tap::run(*plan),
        Headless::Demo(plan) => demo::run(plan),
        Headless::Mock(plan) => mock::run(*plan),
    }
}

/// Says why a command could not go on.
pub(crate) fn complain(what: impl std::fmt::Display) {
    eprintln!("sioscope: {}", print::safe(&what.to_string()));
}

/// A tokio runtime for a headless task, or the exit code after saying why there is none.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Exit> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            complain(format_args!("cannot start: {error}"));
            Exit::Usage
        })
}

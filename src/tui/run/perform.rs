//! Does what `update` asked for.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::super::effect::Effect;
use super::super::state::{Overlay, State, Tone};
use super::super::terminal::Terminal;
use super::super::theme::Theme;
use super::super::{config, dialog, units};
use super::App;
use super::private;
use crate::client::{Command, Options};
use crate::journal::Journal;

/// Terminals cut longer OSC 52 sequences, or drop them.
const LONGEST_COPY: usize = 74_000;

/// How the loop goes on.
pub(super) enum Next {
    /// As before.
    Go,
    /// Leave.
    Quit(i32),
    /// Stop, as ctrl-z does.
    Stop,
    /// Let the person edit this.
    Editor(String),
}

/// Does one effect.
pub(super) fn perform(app: &mut App, terminal: &mut Terminal, effect: Effect) -> Next {
    match effect {
        Effect::Command(at, command) => command_to(app, at, command),
        Effect::Connect(options) => connect(app, *options),
        Effect::Open(path) => open(app, &path),
        Effect::ListSaved => list_saved(&mut app.state),
        Effect::Save(at, path) => save(app, at, &path),
        Effect::Copy { what, text } => copy(&mut app.state, terminal, what, &text),
        Effect::Edit(text) => return Next::Editor(text),
        Effect::Theme(name) => match Theme::load(&name, config::theme_folder().as_deref()) {
            Ok(theme) => app.state.theme = theme,
            Err(mistake) => app.state.say(Tone::Bad, mistake.to_string()),
        },
        Effect::Suspend => return Next::Stop,
        Effect::Redraw => {
            if terminal.clear().is_ok() {
                app.state.dirty = true;
            }
        }
        Effect::Quit(code) => return Next::Quit(code),
    }
    Next::Go
}

fn command_to(app: &mut App, at: usize, command: Command) {
    let Some(scope) = app.scopes.get(at) else {
        return;
    };
    let said = said(&command);
    match scope.command(command) {
        Ok(()) => {
            if let Some(words) = said {
                app.state.say(Tone::Good, words);
            }
        }
        Err(refused) => {
            app.state.say(Tone::Bad, refused.to_string());
        }
    }
}

/// What is said at once; what comes of it is seen in the log.
fn said(command: &Command) -> Option<String> {
    match command {
        Command::Mark { text } => Some(format!("marked: {text}")),
        Command::Connect => Some("trying now".to_owned()),
        _ => None,
    }
}

fn connect(app: &mut App, mut options: Options) {
    options.readonly |= app.state.readonly;
    app.state.template = Some(options.clone());
    match (app.connect)(options) {
        Ok(scope) => app.add(scope),
        Err(error) => {
            // What was typed is kept, with the reason beside it.
            let mut dialog = dialog::connect::Connect::new(app.state.template.as_ref());
            dialog.set_error(&format!("{error:#}"));
            app.state.overlays.push(Overlay::Connect(Box::new(dialog)));
        }
    }
}

fn open(app: &mut App, path: &Path) {
    match (app.open)(path) {
        Ok(scope) => app.add(scope),
        Err(error) => app.state.say(Tone::Bad, error.to_string()),
    }
}

fn list_saved(state: &mut State) {
    let Some(folder) = crate::journal::file::sessions_dir() else {
        state.say(
            Tone::Bad,
            "there is no data directory on this system: give a path with `:open PATH`",
        );
        return;
    };
    match crate::journal::file::list(&folder) {
        Ok(listed) => {
            let saved = listed
                .into_iter()
                .map(|entry| dialog::open::Saved {
                    about: about(&entry),
                    target: entry
                        .header
                        .as_ref()
                        .map_or_else(ToString::to_string, |header| {
                            super::super::mask::url(&header.target)
                        }),
                    path: entry.path,
                })
                .collect();
            state
                .overlays
                .push(Overlay::Open(dialog::open::Open::new(saved)));
        }
        Err(error) => state.say(Tone::Bad, format!("{}: {error}", folder.display())),
    }
}

fn about(entry: &crate::journal::file::Listed) -> String {
    let started = match &entry.header {
        Ok(header) => header
            .started
            .to_zoned(jiff::tz::TimeZone::system())
            .strftime("%Y-%m-%d %H:%M")
            .to_string(),
        Err(_) => String::new(),
    };
    let records = match entry.records {
        Some(records) if entry.exact => format!("  {} records", units::count(records)),
        Some(records) => format!("  about {} records", units::count(records)),
        None => String::new(),
    };
    format!("{started}  {}{records}", units::size(entry.size))
}

fn save(app: &mut App, at: usize, path: &Path) {
    let Some((_, journal)) = app.readers.get(at) else {
        return;
    };
    let path = expanded(path);
    match write_session(journal, &path) {
        Ok(records) => app.state.say(
            Tone::Good,
            format!(
                "{} records saved to {}",
                units::count(records),
                path.display()
            ),
        ),
        Err(error) => app
            .state
            .say(Tone::Bad, format!("{}: {error}", path.display())),
    }
}

/// `~` as the home directory, as a shell would have it.
fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    }
}

/// Writes header and lines to a new file, readable by its owner only: it holds tokens.
fn write_session(journal: &Journal, path: &Path) -> std::io::Result<u64> {
    let file = private::create(path)?;
    let written = copy_lines(journal, file);
    if written.is_err() {
        // Half a session would pass for a whole one.
        let _ = std::fs::remove_file(path);
    }
    written
}

fn copy_lines(journal: &Journal, file: std::fs::File) -> std::io::Result<u64> {
    let mut out = std::io::BufWriter::new(file);
    out.write_all(journal.header().to_line().as_bytes())?;
    out.write_all(b"\n")?;
    let mut records = 0;
    for n in 1..=journal.len() {
        if let Some(line) = journal.line(n) {
            out.write_all(&line)?;
            out.write_all(b"\n")?;
            records += 1;
        }
    }
    out.flush()?;
    Ok(records)
}

/// OSC 52 goes through any number of SSH hops; what is too long for it goes to a file.
fn copy(state: &mut State, terminal: &mut Terminal, what: &str, text: &str) {
    if text.len() <= LONGEST_COPY {
        match terminal.copy(text) {
            Ok(()) => state.say(
                Tone::Good,
                format!(
                    "{what} copied ({}), if the terminal allows OSC 52",
                    units::size(text.len() as u64)
                ),
            ),
            Err(error) => state.say(Tone::Bad, format!("the terminal did not take it: {error}")),
        }
        return;
    }
    let written = private::temporary("txt").and_then(|(mut file, path)| {
        file.write_all(text.as_bytes())?;
        Ok(path)
    });
    match written {
        Ok(path) => state.say(
            Tone::Good,
            format!("too long for the clipboard: written to {}", path.display()),
        ),
        Err(error) => state.say(Tone::Bad, format!("the copy could not be written: {error}")),
    }
}

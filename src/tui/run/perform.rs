//! Does what `update` asked for.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::super::composer::files;
use super::super::effect::Effect;
use super::super::prompt::{Prompt, Wrong};
use super::super::state::{Asked, Overlay, State, Tone};
use super::super::terminal::Terminal;
use super::super::theme::Theme;
use super::super::{config, dialog, units};
use super::App;
use super::drafts;
use crate::client::command::Emit;
use crate::client::{Command, Options};
use crate::journal::Journal;
use crate::journal::record::{Direction, TransportName};
use crate::private;
use crate::tap::Injection;

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
        Effect::Inject { at, c, dir, emit } => inject(app, at, c, dir, emit),
        Effect::Replay(at, said) => {
            if let Some(Some(player)) = app.replays.get(at)
                && !player.say(said)
            {
                app.state.say(Tone::Info, "the player is busy or has ended");
            }
        }
        Effect::Connect(options) => connect(app, *options),
        Effect::Open(path) => open(app, &path),
        Effect::ListSaved => list_saved(&mut app.state),
        Effect::ListDrafts => drafts::list(app),
        Effect::LoadDraft(at, name) => drafts::load(app, at, &name),
        Effect::SaveDraft { draft, file } => drafts::save(app, *draft, file.as_deref()),
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

fn command_to(app: &mut App, at: usize, mut command: Command) {
    if let Command::Emit(emit) = &mut command
        && !with_values(app, emit)
    {
        return;
    }
    let Some(scope) = app.scopes.get(at) else {
        return;
    };
    let said = said(&command);
    let asked = command.clone();
    match scope.command(command) {
        Ok(()) => {
            if let Some(tab) = app.state.tabs.get_mut(at) {
                match asked {
                    Command::Fault(fault) => tab.broken.asked(fault, None),
                    Command::FaultOn { fault, c } => tab.broken.asked(fault, Some(c)),
                    Command::ClearFaults => tab.broken.cleared(),
                    Command::Hold => tab.holding = true,
                    Command::Flush => tab.holding = false,
                    _ => {}
                }
            }
            if let Some(words) = said {
                app.state.say(Tone::Good, words);
            }
        }
        Err(refused) => {
            app.state.say(Tone::Bad, refused.to_string());
        }
    }
}

/// Puts values in the place of variables, and files in that of their names. False where that
/// can't be done: why is said.
fn with_values(app: &mut App, emit: &mut Emit) -> bool {
    match drafts::fill(&app.variables, emit) {
        Ok(()) => with_files(&mut app.state, emit),
        Err(why) => {
            let words = app.variables.masks().text(&why.to_string());
            app.state.say(Tone::Bad, words);
            false
        }
    }
}

/// Reads the files that an event names. False where one can't be read: why is said.
fn with_files(state: &mut State, emit: &mut Emit) -> bool {
    if !files::named_in(&emit.args) {
        return true;
    }
    match files::read_in(&emit.args, &|path| std::fs::read(path)) {
        Ok(args) => {
            emit.args = args;
            true
        }
        Err(error) => {
            state.say(Tone::Bad, error);
            false
        }
    }
}

/// Puts an event between the messages of a tapped connection.
fn inject(app: &mut App, at: usize, c: u32, dir: Direction, mut emit: Emit) {
    if !with_values(app, &mut emit) {
        return;
    }
    let Some(scope) = app.scopes.get(at) else {
        return;
    };
    let injection = Injection::Event {
        nsp: emit.nsp,
        args: emit.args,
    };
    let side = match dir {
        Direction::ToClient => "client",
        Direction::ToServer => "server",
    };
    // To a client that polls nothing can be said before it asks.
    let polls = app
        .state
        .tabs
        .get(at)
        .and_then(|tab| tab.model.connections.get(&c))
        .is_some_and(|connection| connection.transport == Some(TransportName::Polling));
    let later = match (dir, polls) {
        (Direction::ToClient, true) => ": it goes with the answer to its next poll",
        _ => "",
    };
    match scope.inject(Some(c), dir, &injection) {
        Ok(()) => app
            .state
            .say(Tone::Good, format!("injected to the {side} of c{c}{later}")),
        Err(refused) => app.state.say(Tone::Bad, refused.to_string()),
    }
}

/// What is said at once; what comes of it is seen in the log.
fn said(command: &Command) -> Option<String> {
    match command {
        Command::Mark { text } => Some(format!("marked: {text}")),
        Command::Connect => Some("trying now".to_owned()),
        Command::Fault(fault) => Some(format!("⚡ {fault} was asked for")),
        Command::FaultOn { fault, c } => Some(format!("⚡ {fault} was asked for on c{c}")),
        Command::Hold => Some("◼ events are held back in the buffer".to_owned()),
        Command::Flush => Some("what waits goes as soon as its namespace is joined".to_owned()),
        Command::ClearFaults => Some("what was broken by hand is ended".to_owned()),
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
    let asked = path;
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
        Err(error) => {
            // What was typed is kept, with the reason above it.
            app.state.overlays.push(save_again(asked, &error));
        }
    }
}

/// The prompt for a path once more, after the one that was given did not do.
fn save_again(path: &Path, error: &std::io::Error) -> Overlay {
    let text = path.to_string_lossy().into_owned();
    let mut prompt = Prompt::new("save to").with_text(&text);
    let at = 0..text.len();
    prompt.set_wrong(Some(Wrong {
        at,
        what: error.to_string(),
    }));
    Overlay::Prompt(Asked::Save, prompt)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_can_not_be_written_is_asked_for_again() {
        let error = std::io::Error::other("no such folder");
        let Overlay::Prompt(Asked::Save, prompt) = save_again(Path::new("~/x/y"), &error) else {
            panic!("not the prompt of save")
        };
        assert_eq!(prompt.text(), "~/x/y");
        assert_eq!(prompt.wrong().unwrap().what, "no such folder");
    }
}

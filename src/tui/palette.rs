//! Every action by name with its key, and commands with arguments.
//!
//! **Floor 5**, pure. What is chosen from the list does what its key would do, questions
//! included. What is typed out as a command is not asked about again.

use super::action::{Action, Context, TABLE};
use super::edit::{Change, Edit};
use super::keymap::Keymap;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub mod command;
pub mod fuzzy;
pub mod place;
mod view;

pub use command::Typed;
pub use place::Place;

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// An action was chosen from the list: it asks as its key would.
    Run(Action),
    /// A command was typed out.
    Command(Typed),
    /// Esc.
    Cancelled,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq)]
enum Entry {
    Action {
        action: Action,
        key: String,
    },
    Command(&'static command::Usage),
    /// A word for the command's argument.
    Word(String),
}

impl Entry {
    fn name(&self) -> &str {
        match self {
            Entry::Action { action, .. } => action.name(),
            Entry::Command(usage) => usage.name,
            Entry::Word(word) => word,
        }
    }
}

#[derive(Debug, Clone)]
struct Row {
    entry: usize,
    /// Characters of the name that were hit.
    hits: Vec<usize>,
}

/// The palette.
#[derive(Debug, Clone)]
pub struct Palette {
    edit: Edit,
    entries: Vec<Entry>,
    words: Vec<Entry>,
    /// The list shows words for an argument instead of entries.
    in_argument: bool,
    rows: Vec<Row>,
    chosen: Option<usize>,
    wrong: Option<command::Wrong>,
    themes: Vec<String>,
    namespaces: Vec<String>,
    /// Spellings of the faults of the catalogue.
    faults: Vec<String>,
    /// Names of drafts in files, as soon as they are known.
    drafts: Option<Vec<String>>,
    readonly: bool,
}

impl Palette {
    /// The actions of a context with their keys; `readonly` leaves out what acts on the server.
    pub fn new(context: Context, keymap: &Keymap, readonly: bool) -> Palette {
        let actions = TABLE
            .iter()
            .map(|spec| spec.action)
            .filter(|a| a.works_in(context) || a.works_in(Context::Global))
            .filter(|a| *a != Action::Command && !(readonly && a.acts_on_server()))
            .map(|action| Entry::Action {
                action,
                key: keymap.hint_in(action, context),
            });
        let commands = command::USAGES
            .iter()
            .filter(|usage| !(readonly && usage.acts_on_server))
            .map(Entry::Command);
        let mut palette = Palette {
            edit: Edit::line(),
            entries: actions.chain(commands).collect(),
            words: Vec::new(),
            in_argument: false,
            rows: Vec::new(),
            chosen: None,
            wrong: None,
            themes: Vec::new(),
            namespaces: Vec::new(),
            faults: crate::faults::CATALOGUE
                .iter()
                .map(|entry| entry.example.to_owned())
                .chain(["clear".to_owned()])
                .collect(),
            drafts: None,
            readonly,
        };
        palette.find();
        palette
    }

    /// With words to complete: themes for `theme`, namespaces for `join` and `leave`. Those for `draft`
    /// come later, with [`Palette::set_drafts`].
    #[must_use]
    pub fn with_words(mut self, themes: Vec<String>, namespaces: Vec<String>) -> Palette {
        self.themes = themes;
        self.namespaces = namespaces;
        self
    }

    /// Whether the names of the drafts are wanted: they lie in files, and are read only then.
    pub fn wants_drafts(&self) -> bool {
        self.in_argument
            && self.drafts.is_none()
            && self.edit.text().trim_start().starts_with("draft ")
    }

    /// The names of the drafts, to complete `draft`.
    pub fn set_drafts(&mut self, names: Vec<String>) {
        self.drafts = Some(names);
        let wrong = self.wrong.take();
        self.find();
        self.wrong = wrong;
    }

    /// With a command that was typed before and did not do, and why.
    #[must_use]
    pub fn with_wrong(mut self, text: &str, wrong: command::Wrong) -> Palette {
        self.edit.set(text);
        self.find();
        self.wrong = Some(wrong);
        self
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        self.edit.text()
    }

    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => Outcome::Cancelled,
            KeyCode::Char('c' | 'g') if ctrl => Outcome::Cancelled,
            // Backing out of an empty line closes it, as in vi.
            KeyCode::Backspace if self.edit.is_empty() => Outcome::Cancelled,
            KeyCode::Enter => self.enter(),
            KeyCode::Char('j' | 'm') if ctrl => self.enter(),
            KeyCode::Tab => self.complete(),
            KeyCode::Down => self.choose(1),
            KeyCode::Up | KeyCode::BackTab => self.choose(-1),
            KeyCode::Char('n') if ctrl => self.choose(1),
            KeyCode::Char('p') if ctrl => self.choose(-1),
            KeyCode::PageDown => self.choose(10),
            KeyCode::PageUp => self.choose(-10),
            _ => match self.edit.update(key) {
                Change::Nothing => Outcome::Ignored,
                Change::Moved => Outcome::Changed,
                Change::Edited => {
                    self.find();
                    Outcome::Changed
                }
            },
        }
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str) -> Outcome {
        self.edit.insert(text);
        self.find();
        Outcome::Changed
    }

    fn list(&self) -> &[Entry] {
        match self.in_argument {
            true => &self.words,
            false => &self.entries,
        }
    }

    fn at(&self, row: usize) -> Option<&Entry> {
        self.list().get(self.rows.get(row)?.entry)
    }

    fn enter(&mut self) -> Outcome {
        let chosen = self.chosen.and_then(|row| self.at(row)).cloned();
        match chosen {
            Some(Entry::Action { action, .. }) => return Outcome::Run(action),
            Some(Entry::Command(_) | Entry::Word(_)) => return self.complete(),
            None => {}
        }
        match command::parse(self.edit.text(), self.readonly) {
            Ok(Some(typed)) => Outcome::Command(typed),
            // No command, then: the best of what was found.
            Ok(None) => match self.at(0).cloned() {
                Some(Entry::Action { action, .. }) => Outcome::Run(action),
                Some(_) => self.complete(),
                None => {
                    self.wrong = Some(command::Wrong {
                        at: 0,
                        what: "there is no action or command of this name".to_owned(),
                    });
                    Outcome::Changed
                }
            },
            Err(wrong) => {
                self.edit.go_to(wrong.at);
                self.wrong = Some(wrong);
                Outcome::Changed
            }
        }
    }

    fn complete(&mut self) -> Outcome {
        let Some(entry) = self.at(self.chosen.unwrap_or(0)).cloned() else {
            return Outcome::Ignored;
        };
        match &entry {
            Entry::Action { action, .. } => self.edit.set(action.name()),
            Entry::Command(usage) => self.edit.set(&format!("{} ", usage.word())),
            Entry::Word(word) => {
                let typed = self.edit.text();
                let command = typed.split_once(' ').map_or(typed, |(command, _)| command);
                let line = format!("{command} {word}");
                self.edit.set(&line);
            }
        }
        self.find();
        Outcome::Changed
    }

    fn choose(&mut self, by: isize) -> Outcome {
        let Some(last) = self.rows.len().checked_sub(1) else {
            return Outcome::Ignored;
        };
        let next = match self.chosen {
            // The first one is what enter takes already, so down goes to the next.
            None if by > 0 && (self.in_argument || self.edit.is_empty()) => 0,
            None if by > 0 => 1.min(last),
            None => last,
            Some(0) if by < 0 => last,
            Some(at) if at == last && by > 0 => 0,
            Some(at) => at.saturating_add_signed(by).min(last),
        };
        self.chosen = Some(next);
        Outcome::Changed
    }

    /// What fits to what was typed, the best first.
    fn find(&mut self) {
        self.chosen = None;
        self.wrong = None;
        let typed = self.edit.text().trim_start().to_owned();
        let argument = typed.split_once(' ').and_then(|(command, argument)| {
            let usage = command::USAGES.iter().find(|u| u.word() == command)?;
            Some((usage.word(), argument))
        });
        self.in_argument = argument.is_some();
        if let Some((command, argument)) = argument {
            let words: &[String] = match command {
                "theme" => &self.themes,
                "join" | "leave" => &self.namespaces,
                "break" => &self.faults,
                "draft" => self.drafts.as_deref().unwrap_or_default(),
                _ => &[],
            };
            // A draft of a name that none has: then all are shown.
            let all = command == "draft" && !words.iter().any(|w| w.contains(argument));
            self.words = words
                .iter()
                .filter(|w| all || (w.contains(argument) && *w != argument))
                .cloned()
                .map(Entry::Word)
                .collect();
            self.rows = (0..self.words.len())
                .map(|entry| Row {
                    entry,
                    hits: Vec::new(),
                })
                .collect();
            return;
        }
        let names: Vec<&str> = self.entries.iter().map(Entry::name).collect();
        if typed.trim().is_empty() {
            self.rows = (0..names.len())
                .map(|entry| Row {
                    entry,
                    hits: Vec::new(),
                })
                .collect();
            return;
        }
        let needle = typed.trim_end().replace(' ', "_");
        let mut rows: Vec<Row> = fuzzy::find(&needle, &names)
            .into_iter()
            .map(|(entry, hits)| Row { entry, hits })
            .collect();
        // Then those whose description holds all the words.
        let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
        for (entry, about) in self.entries.iter().map(about).enumerate() {
            let about = about.to_lowercase();
            let found = rows.iter().any(|r| r.entry == entry);
            if !found && words.iter().all(|w| about.contains(w.as_str())) {
                rows.push(Row {
                    entry,
                    hits: Vec::new(),
                });
            }
        }
        self.rows = rows;
    }
}

fn about(entry: &Entry) -> &str {
    match entry {
        Entry::Action { action, .. } => action.about(),
        Entry::Command(usage) => usage.about,
        Entry::Word(_) => "",
    }
}

fn key(entry: &Entry) -> &str {
    match entry {
        Entry::Action { key, .. } => key,
        Entry::Command(_) | Entry::Word(_) => "",
    }
}

#[cfg(test)]
mod tests;

//! The fault menu: what can be broken on purpose, each fault under the disconnect reason that it
//! brings.
//!
//! **Floor 5**, pure. Two steps: a list that is narrowed by typing, then a question that says
//! what the chosen fault will do here and takes its value. Rows and words come from
//! [`crate::faults::CATALOGUE`]; nothing about a fault is written here.

mod target;
mod view;

pub use view::named;

#[cfg(test)]
mod tests;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::faults::{Entry, Fault, Side, groups};
use crate::journal::record::TransportName;
use crate::protocol::engine::Version;
use crate::tui::edit::{Change, Edit};
use target::Target;

/// What the menu has to know of the session.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The faults are made by a tap and not by our client.
    pub tap: bool,
    /// The connections that are open, oldest first; without a tap there is one at most.
    pub open: Vec<Open>,
    /// The connection that is looked at, open or not.
    pub chosen: Option<u32>,
    /// Faults that were asked for by hand, and last or still wait.
    pub active: Vec<Fault>,
}

/// An open connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Its number.
    pub c: u32,
    /// Its transport of now.
    pub over: Option<TransportName>,
    /// Its generation.
    pub eio: Option<Version>,
}

impl Around {
    /// The connection to act on where there are several: the one that is looked at. Without a
    /// choice among several no connection is meant, so that what lasts goes on after a reconnect.
    pub fn aim(&self) -> Option<u32> {
        let chosen = self.open.iter().find(|open| Some(open.c) == self.chosen)?;
        (self.tap && self.open.len() > 1).then_some(chosen.c)
    }

    /// Whether a fault acts on whoever comes next: on a handshake or an upgrade, which those that
    /// are open have behind them.
    pub fn is_of_any(&self, entry: &Entry) -> bool {
        matches!(entry.name, "no-upgrade" | "abort-upgrade" | "split-101")
    }

    fn side(&self) -> Side {
        match self.tap {
            true => Side::Tap,
            false => Side::Client,
        }
    }
}

/// What came of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it; nothing is done.
    Cancelled,
    /// Make this fail.
    Break(Fault),
    /// Make this fail on one connection.
    BreakOn(Fault, u32),
    /// End what was asked for by hand.
    Clear,
}

/// A row of the list.
#[derive(Debug, Clone, Copy)]
enum Row {
    /// Ends what is active.
    Clear,
    /// What the faults below bring.
    Heading(&'static str, bool),
    /// A fault.
    Fault(&'static Entry),
}

impl Row {
    fn can_be_chosen(self) -> bool {
        !matches!(self, Row::Heading(..))
    }
}

/// The question before it is done.
#[derive(Debug, Clone)]
enum Question {
    /// End what is active?
    Clear,
    /// Make this fail? Its spelling can be changed where it has a value.
    Fault(&'static Entry, Edit),
}

/// The menu.
#[derive(Debug, Clone)]
pub struct BreakMenu {
    around: Around,
    edit: Edit,
    rows: Vec<Row>,
    chosen: usize,
    question: Option<Question>,
    /// The value of the question is the one that it began with: what is typed replaces it.
    fresh: bool,
    /// The connection that it was opened for, where there were several: another one is never hit
    /// in its place, whatever comes and goes meanwhile.
    aim: Option<u32>,
}

impl BreakMenu {
    /// The whole list.
    pub fn new(around: Around) -> BreakMenu {
        let mut menu = BreakMenu {
            aim: around.aim(),
            fresh: false,
            around,
            edit: Edit::line(),
            rows: Vec::new(),
            chosen: 0,
            question: None,
        };
        menu.find();
        menu
    }

    /// Takes in what has changed in the session meanwhile.
    pub fn set_around(&mut self, around: Around) {
        let had = self.around.active.is_empty();
        self.around = around;
        if had != self.around.active.is_empty() && self.question.is_none() {
            let before = self.row();
            self.find();
            // The row that the person is about to take stays chosen.
            let same = |row: &Row| match (row, before) {
                (Row::Fault(a), Some(Row::Fault(b))) => a.name == b.name,
                (Row::Clear, Some(Row::Clear)) => true,
                _ => false,
            };
            if let Some(at) = self.rows.iter().position(same) {
                self.chosen = at;
            }
        }
    }

    fn row(&self) -> Option<Row> {
        self.rows.get(self.chosen).copied()
    }

    /// The rows that fit to what was typed.
    fn find(&mut self) {
        let typed = self.edit.text().to_lowercase();
        // A value that is being typed already narrows nothing.
        let words: Vec<&str> = typed
            .split(':')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let fits = |text: &str| words.iter().all(|word| text.contains(word));
        self.rows.clear();
        if !self.around.active.is_empty() && fits("clear end what is active") {
            self.rows.push(Row::Clear);
        }
        for (brings, entries) in groups() {
            let mut begun = false;
            for entry in entries {
                let text = format!("{} {} {}", entry.name, brings.text(), entry.does);
                if !fits(&text.to_lowercase()) {
                    continue;
                }
                if !begun {
                    let heading = Row::Heading(brings.text(), brings.reason().is_some());
                    self.rows.push(heading);
                    begun = true;
                }
                self.rows.push(Row::Fault(entry));
            }
        }
        // What has the typed word in its name is meant before what merely speaks of it.
        let word = words.first().copied().unwrap_or_default();
        let named = |fits: &dyn Fn(&str) -> bool| {
            self.rows
                .iter()
                .position(|row| matches!(row, Row::Fault(e) if !word.is_empty() && fits(e.name)))
        };
        self.chosen = named(&|name| name.starts_with(word))
            .or_else(|| named(&|name| name.contains(word)))
            .or_else(|| self.rows.iter().position(|row| row.can_be_chosen()))
            .unwrap_or(0);
    }

    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        match self.question.take() {
            Some(question) => self.answer(question, key),
            None => self.choose(key),
        }
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str) -> Outcome {
        match &mut self.question {
            Some(Question::Fault(entry, edit)) if takes_value(entry) => {
                if std::mem::take(&mut self.fresh) {
                    begin_value(entry, edit, text.trim_start().chars().next());
                }
                edit.insert(text);
            }
            Some(_) => return Outcome::Ignored,
            None => {
                self.edit.insert(text);
                self.find();
            }
        }
        Outcome::Changed
    }

    fn choose(&mut self, key: KeyEvent) -> Outcome {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Outcome::Cancelled,
            KeyCode::Char('c' | 'g') if ctrl => return Outcome::Cancelled,
            KeyCode::Backspace if self.edit.is_empty() => return Outcome::Cancelled,
            KeyCode::Enter | KeyCode::Tab => return self.ask(),
            KeyCode::Char('j' | 'm') if ctrl => return self.ask(),
            KeyCode::Down => self.step(1, 1),
            KeyCode::Up | KeyCode::BackTab => self.step(-1, 1),
            KeyCode::Char('n') if ctrl => self.step(1, 1),
            KeyCode::Char('p') if ctrl => self.step(-1, 1),
            KeyCode::PageDown => self.step(1, 8),
            KeyCode::PageUp => self.step(-1, 8),
            _ => match self.edit.update(key) {
                Change::Nothing => return Outcome::Ignored,
                Change::Moved => {}
                Change::Edited => self.find(),
            },
        }
        Outcome::Changed
    }

    /// Moves by rows that can be chosen; a single step goes round the end.
    fn step(&mut self, by: isize, times: usize) {
        let places: Vec<usize> = self
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.can_be_chosen())
            .map(|(at, _)| at)
            .collect();
        let Some(last) = places.len().checked_sub(1) else {
            return;
        };
        let now = places.iter().position(|at| *at == self.chosen).unwrap_or(0);
        let next = match (now, by, times) {
            (0, -1, 1) => last,
            (at, 1, 1) if at == last => 0,
            _ => now.saturating_add_signed(by * times as isize).min(last),
        };
        self.chosen = places.get(next).copied().unwrap_or(0);
    }

    /// Goes to the question about the chosen row.
    fn ask(&mut self) -> Outcome {
        // A spelling that was typed out is taken as it stands.
        if let Ok(fault) = self.edit.text().trim().parse::<Fault>() {
            let edit = Edit::line().with_text(&fault.to_string());
            self.fresh = false;
            self.question = Some(Question::Fault(fault.entry(), edit));
            return Outcome::Changed;
        }
        self.question = match self.row() {
            Some(Row::Clear) => Some(Question::Clear),
            Some(Row::Fault(entry)) => {
                let typed = self.edit.text().trim();
                let begun = takes_value(entry)
                    && typed
                        .strip_prefix(entry.name)
                        .is_some_and(|rest| rest.starts_with(':'));
                let text = if begun { typed } else { entry.example };
                self.fresh = takes_value(entry) && !begun;
                Some(Question::Fault(entry, Edit::line().with_text(text)))
            }
            _ => return Outcome::Ignored,
        };
        Outcome::Changed
    }

    fn answer(&mut self, question: Question, key: KeyEvent) -> Outcome {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let (enter, yes, no) = (
            key.code == KeyCode::Enter || (ctrl && matches!(key.code, KeyCode::Char('j' | 'm'))),
            matches!(key.code, KeyCode::Char('y' | 'Y')) && !ctrl,
            matches!(key.code, KeyCode::Char('n' | 'N' | 'q')) && !ctrl,
        );
        // Back to the list, where something else can be chosen.
        if key.code == KeyCode::Esc {
            return Outcome::Changed;
        }
        if ctrl && key.code == KeyCode::Char('c') {
            return Outcome::Cancelled;
        }
        match question {
            Question::Clear if enter || yes => Outcome::Clear,
            Question::Clear if no => Outcome::Changed,
            Question::Fault(entry, _) if !takes_value(entry) && no => Outcome::Changed,
            Question::Fault(entry, edit) => {
                let wanted = enter || (yes && !takes_value(entry));
                if wanted
                    && self.refusal(entry).is_none()
                    && let Ok(fault) = edit.text().trim().parse::<Fault>()
                {
                    return match self.target(fault.entry()) {
                        Target::On(open) => Outcome::BreakOn(fault, open.c),
                        _ => Outcome::Break(fault),
                    };
                }
                self.edit_value(entry, edit, key)
            }
            Question::Clear => {
                self.question = Some(Question::Clear);
                Outcome::Ignored
            }
        }
    }

    fn edit_value(&mut self, entry: &'static Entry, mut edit: Edit, key: KeyEvent) -> Outcome {
        let change = match takes_value(entry) {
            true => {
                let plain = !key
                    .modifiers
                    .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
                match key.code {
                    KeyCode::Char(first) if plain && self.fresh => {
                        begin_value(entry, &mut edit, Some(first));
                        edit.update(key);
                        Change::Edited
                    }
                    KeyCode::Backspace | KeyCode::Delete if plain && self.fresh => {
                        begin_value(entry, &mut edit, None);
                        Change::Edited
                    }
                    _ => edit.update(key),
                }
            }
            false => Change::Nothing,
        };
        // A key that moves the cursor is for changing what stands there.
        self.fresh &= change == Change::Nothing;
        self.question = Some(Question::Fault(entry, edit));
        match change {
            Change::Nothing => Outcome::Ignored,
            _ => Outcome::Changed,
        }
    }
}

/// Takes the value away that a question began with: `first` is what is typed in its place. Who
/// begins with a letter writes the name, too.
fn begin_value(entry: &Entry, edit: &mut Edit, first: Option<char>) {
    match first {
        Some(first) if first.is_alphabetic() => edit.set(""),
        _ => edit.set(&format!("{}:", entry.name)),
    }
}

/// Whether a value stands behind its name.
fn takes_value(entry: &Entry) -> bool {
    entry.form.contains(':')
}

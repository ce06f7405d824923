//! The fault menu: what can be broken on purpose, each fault under the disconnect reason that it
//! brings.
//!
//! **Floor 5**, pure. Two steps: a list that is narrowed by typing, then a question that says
//! what the chosen fault will do here and takes its value. Rows and words come from
//! [`crate::faults::CATALOGUE`]; nothing about a fault is written here.

mod view;

pub use view::named;

#[cfg(test)]
mod tests;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::faults::{Entry, Fault, Lasts, Side, groups};
use crate::journal::record::TransportName;
use crate::protocol::engine::Version;
use crate::tui::edit::{Change, Edit};

/// What the menu has to know of the session.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The faults are made by a tap and not by our client.
    pub tap: bool,
    /// The connection that it acts on now, where one is open: its transport and generation.
    pub open: Option<(Option<TransportName>, Option<Version>)>,
    /// Several connections are open: the first one that it fits is hit.
    pub several: bool,
    /// Faults that were asked for by hand, and last or still wait.
    pub active: Vec<Fault>,
}

impl Around {
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
}

impl BreakMenu {
    /// The whole list.
    pub fn new(around: Around) -> BreakMenu {
        let mut menu = BreakMenu {
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
            Some(Question::Fault(entry, edit)) if takes_value(entry) => edit.insert(text),
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
                    && let Ok(fault) = edit.text().trim().parse()
                {
                    return Outcome::Break(fault);
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
            true => edit.update(key),
            false => Change::Nothing,
        };
        self.question = Some(Question::Fault(entry, edit));
        match change {
            Change::Nothing => Outcome::Ignored,
            _ => Outcome::Changed,
        }
    }

    /// Why a fault can't be made here, where it can't.
    fn refusal(&self, entry: &Entry) -> Option<String> {
        let side = self.around.side();
        let fault = entry.example.parse().ok()?;
        crate::faults::refuse(fault, side)
            .err()
            .map(|refused| refused.to_string())
    }

    /// When it acts, in a sentence.
    fn when(&self, entry: &Entry) -> String {
        let only = match entry.over {
            [TransportName::Polling] => Some(("polling", TransportName::Polling)),
            [TransportName::Websocket] => Some(("WebSocket", TransportName::Websocket)),
            _ => None,
        };
        let waits = match (self.around.open, only) {
            (None, Some((name, _))) => {
                format!("No connection is open: it waits for one over {name}. ")
            }
            (None, None) => "No connection is open: it waits for the next one. ".to_owned(),
            (Some((Some(over), _)), Some((name, wanted)))
                if over != wanted && !self.around.several =>
            {
                format!("It acts over {name} only: it waits until there is a connection. ")
            }
            _ => String::new(),
        };
        let lasts = match entry.lasts {
            Lasts::Once if self.around.several => {
                "It acts once, on the first of the open connections that it fits."
            }
            Lasts::UntilCleared if self.around.several => {
                "It goes on until it is cleared, on all connections."
            }
            Lasts::Once => "It acts once, at the next moment that fits.",
            Lasts::UntilCleared => "It goes on until it is cleared.",
        };
        format!("{waits}{lasts}")
    }

    /// What it brings here, in a sentence; the reason itself apart.
    fn brings(&self, entry: &Entry) -> (&'static str, &'static str) {
        let here = match self.around.open {
            _ if self.around.several => None,
            Some((Some(over), Some(eio))) => entry.brings(over, eio),
            _ => None,
        };
        let brings = here.unwrap_or_else(|| entry.listed_under());
        match brings.reason() {
            Some(reason) => ("The client's disconnect reason will be ", reason),
            None => ("It disconnects nobody. What comes of it: ", brings.text()),
        }
    }
}

/// Whether a value stands behind its name.
fn takes_value(entry: &Entry) -> bool {
    entry.form.contains(':')
}

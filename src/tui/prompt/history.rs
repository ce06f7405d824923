//! What was entered before, and finding it again.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// How many entries are kept.
const KEPT: usize = 500;

/// What was entered before, oldest first.
#[derive(Debug, Clone, Default)]
pub struct History {
    entries: Vec<String>,
    /// Where it is being walked, and what was in the field before.
    place: Option<(usize, String)>,
    /// Words searched for, and what was in the field before.
    search: Option<(String, String)>,
}

/// What a key did while searching.
pub enum Search {
    /// The search goes on; the text that was found, where one was.
    Goes(Option<String>),
    /// It was given up: the text from before.
    Gives(String),
    /// It ended with what was found; the key is not its own.
    Takes,
}

impl History {
    /// Of these entries; repetitions in a row count once.
    pub fn new(mut entries: Vec<String>) -> History {
        entries.retain(|e| !e.is_empty());
        entries.dedup();
        let surplus = entries.len().saturating_sub(KEPT);
        entries.drain(..surplus);
        History {
            entries,
            ..History::default()
        }
    }
    /// Takes in an entry.
    pub fn push(&mut self, entry: &str) {
        self.leave();
        if !entry.is_empty() && self.entries.last().is_none_or(|e| e != entry) {
            self.entries.push(entry.to_owned());
            let surplus = self.entries.len().saturating_sub(KEPT);
            self.entries.drain(..surplus);
        }
    }
    /// All entries.
    pub fn entries(&self) -> &[String] {
        &self.entries
    }
    /// The entry before; `now` is what stands in the field, and comes back at the other end.
    pub fn back(&mut self, now: &str) -> Option<String> {
        let (at, now) = match self.place.take() {
            Some((at, now)) => (at, now),
            None => (self.entries.len(), now.to_owned()),
        };
        let Some(previous) = at.checked_sub(1) else {
            self.place = (!self.entries.is_empty()).then_some((0, now));
            return None;
        };
        let text = self.entries.get(previous).cloned();
        self.place = Some((previous, now));
        text
    }
    /// The entry after.
    pub fn forward(&mut self) -> Option<String> {
        let (at, now) = self.place.take()?;
        match self.entries.get(at + 1) {
            Some(text) => {
                self.place = Some((at + 1, now));
                Some(text.clone())
            }
            None => Some(now),
        }
    }
    /// Stops walking: the field holds a text of its own.
    pub fn leave(&mut self) {
        self.place = None;
        self.search = None;
    }
    /// Begins to search backwards; false where there is nothing to search.
    pub fn begin_search(&mut self, now: &str) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        self.search = Some((String::new(), now.to_owned()));
        self.place = None;
        true
    }
    /// Whether it is being searched.
    pub fn is_searching(&self) -> bool {
        self.search.is_some()
    }
    /// The words that are searched for.
    pub fn searched(&self) -> Option<&str> {
        self.search.as_ref().map(|(words, _)| words.as_str())
    }

    fn find(&mut self, before: usize) -> Option<String> {
        let (words, now) = self.search.as_ref()?;
        let older = self.entries.get(..before)?;
        let at = older.iter().rposition(|e| e.contains(words.as_str()))?;
        self.place = Some((at, now.clone()));
        self.entries.get(at).cloned()
    }
}

/// A key while searching.
pub fn search_key(history: &mut History, key: KeyEvent) -> Search {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let all = history.entries.len();
    match key.code {
        KeyCode::Char('r') if ctrl => {
            let before = history.place.as_ref().map_or(all, |(at, _)| *at);
            Search::Goes(history.find(before))
        }
        KeyCode::Char('g') if ctrl => give_up(history),
        KeyCode::Esc => give_up(history),
        KeyCode::Char(c) if !ctrl && !key.modifiers.contains(KeyModifiers::ALT) => {
            if let Some((words, _)) = history.search.as_mut() {
                words.push(c);
            }
            Search::Goes(history.find(all))
        }
        KeyCode::Backspace => {
            if let Some((words, _)) = history.search.as_mut() {
                words.pop();
            }
            Search::Goes(history.find(all))
        }
        _ => {
            history.search = None;
            Search::Takes
        }
    }
}

fn give_up(history: &mut History) -> Search {
    history.place = None;
    match history.search.take() {
        Some((_, now)) => Search::Gives(now),
        None => Search::Takes,
    }
}

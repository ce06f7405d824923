//! What was entered before, and finding it again.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// How many entries are kept.
const KEPT: usize = 500;

/// Something that was entered.
pub trait Entry: Clone + PartialEq {
    /// Whether it is worth nothing.
    fn is_nothing(&self) -> bool;
    /// Whether a search for these words finds it.
    fn has(&self, words: &str) -> bool;
}

impl Entry for String {
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
    fn has(&self, words: &str) -> bool {
        self.contains(words)
    }
}

/// What was entered before, oldest first.
#[derive(Debug, Clone)]
pub struct History<T = String> {
    entries: Vec<T>,
    /// Where it is being walked, and what was in the field before.
    place: Option<(usize, T)>,
    /// Words searched for, and what was in the field before.
    search: Option<(String, T)>,
}

impl<T> Default for History<T> {
    fn default() -> History<T> {
        History {
            entries: Vec::new(),
            place: None,
            search: None,
        }
    }
}

/// What a key did while searching.
pub enum Search<T> {
    /// The search goes on; what was found, where something was.
    Goes(Option<T>),
    /// It was given up: what was there before.
    Gives(T),
    /// It ended with what was found; the key is not its own.
    Takes,
}

impl<T: Entry> History<T> {
    /// Of these entries; repetitions in a row count once.
    pub fn new(mut entries: Vec<T>) -> History<T> {
        entries.retain(|e| !e.is_nothing());
        entries.dedup();
        let surplus = entries.len().saturating_sub(KEPT);
        entries.drain(..surplus);
        History {
            entries,
            ..History::default()
        }
    }
    /// Takes in an entry.
    pub fn push(&mut self, entry: &T) {
        self.leave();
        if !entry.is_nothing() && self.entries.last() != Some(entry) {
            self.entries.push(entry.clone());
            let surplus = self.entries.len().saturating_sub(KEPT);
            self.entries.drain(..surplus);
        }
    }
    /// All entries.
    pub fn entries(&self) -> &[T] {
        &self.entries
    }
    /// The entry before; `now` is what stands in the field, and comes back at the other end.
    pub fn back(&mut self, now: &T) -> Option<T> {
        let (at, now) = match self.place.take() {
            Some((at, now)) => (at, now),
            None => (self.entries.len(), now.clone()),
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
    pub fn forward(&mut self) -> Option<T> {
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
    pub fn begin_search(&mut self, now: &T) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        self.search = Some((String::new(), now.clone()));
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

    fn find(&mut self, before: usize) -> Option<T> {
        let (words, now) = self.search.as_ref()?;
        let older = self.entries.get(..before)?;
        let at = older.iter().rposition(|e| e.has(words.as_str()))?;
        self.place = Some((at, now.clone()));
        self.entries.get(at).cloned()
    }
}

/// A key while searching.
pub fn search_key<T: Entry>(history: &mut History<T>, key: KeyEvent) -> Search<T> {
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

fn give_up<T: Entry>(history: &mut History<T>) -> Search<T> {
    history.place = None;
    match history.search.take() {
        Some((_, now)) => Search::Gives(now),
        None => Search::Takes,
    }
}

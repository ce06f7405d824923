//! What a person did to the view of a session, so that it is there again the next time.
//!
//! **Floor 5**, pure: reading and writing the file is `tui::run`'s. A session file belongs to
//! whoever recorded it and is never changed by being looked at, so marks on a saved session are
//! kept here and not in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::config::{Choice, Level, TimeMode};
use super::detail::View;
use super::state::{State, Tab};

/// Marks that are kept of a session.
const MARKS: usize = 10_000;

/// The view of one session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// The filter, as it was typed.
    filter: String,
    /// It was switched off.
    filter_off: bool,
    /// Filters that were typed before, oldest first.
    filters: Vec<String>,
    /// What was searched for.
    search: String,
    /// Level of the frame log.
    level: String,
    /// How times are shown.
    time: String,
    /// View of the packet.
    view: String,
    /// The selected record.
    selected: Option<u64>,
    /// Marks by record, with their words.
    marks: BTreeMap<u64, String>,
}

fn choice<T: Choice>(word: &str) -> Option<T> {
    let found = T::WORDS.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| *value)
}

impl Remembered {
    /// The view of a session now.
    pub fn of(state: &State, tab: &Tab) -> Remembered {
        let filter = tab.filter.filter.as_ref();
        let filters = &tab.filter.history;
        Remembered {
            filter: filter.map_or_else(String::new, |filter| filter.source().to_owned()),
            filter_off: tab.filter.off,
            filters: filters
                .iter()
                .skip(filters.len().saturating_sub(50))
                .cloned()
                .collect(),
            search: tab
                .search
                .as_ref()
                .map_or_else(String::new, |search| search.text.clone()),
            level: state.level.word().to_owned(),
            time: state.time.word().to_owned(),
            view: tab.detail.view.name().to_owned(),
            // Where the newest row is followed, it is followed the next time too.
            selected: tab
                .log
                .selected()
                .filter(|_| !tab.log.follows())
                .map(super::log::RowId::n),
            marks: tab
                .marks
                .iter()
                .take(MARKS)
                .map(|(n, text)| (*n, text.clone()))
                .collect(),
        }
    }

    /// Whether it says anything that a fresh view does not.
    pub fn is_worth_keeping(&self) -> bool {
        let Remembered {
            level, time, view, ..
        } = self;
        let fresh = Remembered {
            level: level.clone(),
            time: time.clone(),
            view: view.clone(),
            ..Remembered::default()
        };
        *self != fresh || level != Level::default().word()
    }

    /// Brings the view back. What can't be read any more (a filter of another version) is left out.
    pub fn restore(&self, state: &mut State, at: usize) {
        if let Some(level) = choice(&self.level) {
            state.level = level;
        }
        if let Some(time) = choice::<TimeMode>(&self.time) {
            state.time = time;
        }
        let Some(tab) = state.tabs.get_mut(at) else {
            return;
        };
        if let Some(view) = View::ALL.into_iter().find(|view| view.name() == self.view) {
            tab.detail.show(view);
        }
        tab.filter.history.clone_from(&self.filters);
        if let Ok(filter) = crate::model::filter::parse(&self.filter) {
            tab.filter.filter = (!filter.is_empty()).then_some(filter);
            tab.filter.off = self.filter_off;
        }
        tab.marks.clone_from(&self.marks);
        if let Some(n) = self.selected {
            tab.log.return_to(n);
        }
        tab.refill();
    }

    /// What was searched for, to be searched for again once the rows are there.
    pub fn search(&self) -> Option<&str> {
        Some(self.search.as_str()).filter(|text| !text.is_empty())
    }
}

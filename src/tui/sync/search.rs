//! The search through the rows of the list.

use super::list::look;
use super::{Budget, Reader, reference_of};
use crate::journal::Journal;
use crate::model::row::Row;
use crate::tui::config::Level;
use crate::tui::log::{RowId, Spot};
use crate::tui::state::{Search, Tab};

/// Rows that a search looks through by itself; more of them are worth threads.
const FEW: usize = 2_048;

/// Goes on with the search through the rows of the list.
pub(super) fn search(
    tab: &mut Tab,
    reader: &mut Reader,
    journal: &Journal,
    shown: Level,
    budget: &mut Budget,
) -> bool {
    if tab.refill.is_some() {
        return false;
    }
    let Some(mut search) = tab.search.take() else {
        reader.search = None;
        return false;
    };
    let len = tab.log.len();
    let begun = reader.search.take().filter(|(turn, _)| *turn == tab.turn);
    let mut sweep = begun.map(|(_, sweep)| sweep);
    if sweep.is_none() && len.saturating_sub(search.next) > FEW {
        let at = |place| tab.log.row(place).map_or(1, RowId::n);
        let range = at(search.next)..at(len.saturating_sub(1)).saturating_add(1);
        let matcher = Some(search.matcher.clone());
        sweep = Some(look(tab, reader, journal, shown, matcher, range));
    }
    while let Some(running) = &mut sweep
        && budget.is_open()
        && let Some(found) = running.next(budget.until)
    {
        let mut from = search.next;
        for row in found {
            let at = tab.log.place_from(from, row.id);
            if tab.log.row(at) == Some(row.id) {
                hit(tab, &mut search, at);
            }
            from = at;
        }
        search.next = tab.log.place_from(from, RowId::new(running.reached(), 0));
        if running.is_over() {
            sweep = None;
        }
    }
    let mut open = sweep.is_none() && budget.is_open();
    while search.next < len && open {
        let at = search.next;
        search.next += 1;
        let Some(id) = tab.log.row(at) else { break };
        open = budget.take();
        let reference = reference_of(tab, id);
        let Some((record, packets)) = reader.decoder.packets_of(reference, |n| journal.get(n))
        else {
            continue;
        };
        let is_hit = Row::new(&record, &packets, reference.packet(), &tab.model)
            .is_some_and(|row| search.matcher.matches(&row, tab.model.now));
        if is_hit {
            hit(tab, &mut search, at);
        }
    }
    let more = search.next < len;
    if !more && search.jump_from.take().is_some() {
        // Nothing after the place where the search began: the first hit of all.
        tab.log.jump(Spot::Hit, true);
    }
    reader.search = sweep.map(|sweep| (tab.turn, sweep));
    tab.search = Some(search);
    more
}

/// Takes a hit down, and goes there where it is the one that is looked for.
fn hit(tab: &mut Tab, search: &mut Search, at: usize) {
    tab.log.push_hit(at);
    if search.jump_from.is_some_and(|from| at >= from) {
        search.jump_from = None;
        tab.log.select(at);
    }
}

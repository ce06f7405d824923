//! Where a chosen fault will act, when, and what comes of it, in sentences.

use super::{BreakMenu, Open};
use crate::faults::{Entry, Fault, Lasts, There, waits_for};

/// Where a fault is to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// On whatever it fits.
    Any,
    /// On one of several connections.
    On(Open),
    /// It was to act on this one, which has ended meanwhile.
    Gone(u32),
}

impl BreakMenu {
    /// Where a fault acts.
    pub(super) fn target(&self, entry: &Entry) -> Target {
        match self.aim {
            Some(c) if !self.around.is_of_any(entry) => {
                let open = self.around.open.iter().find(|open| open.c == c);
                open.map_or(Target::Gone(c), |open| Target::On(*open))
            }
            _ => Target::Any,
        }
    }

    /// Why a fault can't be made here, where it can't.
    pub(super) fn refusal(&self, entry: &Entry) -> Option<String> {
        let side = self.around.side();
        let fault = entry.example.parse().ok()?;
        if let Target::Gone(c) = self.target(entry) {
            return Some(format!(
                "c{c}, which this was opened for, has ended; choose another connection first"
            ));
        }
        crate::faults::refuse(fault, side)
            .err()
            .map(|refused| refused.to_string())
    }

    /// The connections that it may act on.
    fn here(&self, entry: &Entry) -> Vec<Open> {
        match self.target(entry) {
            Target::On(open) => vec![open],
            Target::Gone(_) => Vec::new(),
            Target::Any => self.around.open.clone(),
        }
    }

    /// What it waits for, where it can't act on any connection that is open.
    fn waits(&self, entry: &Entry) -> Option<String> {
        let fault: Fault = entry.example.parse().ok()?;
        let here = self.here(entry);
        if here.is_empty() {
            return waits_for(fault, There::Nothing);
        }
        let several = here.len() > 1;
        let mut first = None;
        for open in here {
            // Where the transport is not known yet it may fit.
            let waits = waits_for(fault, There::Open(open.over?))?;
            first.get_or_insert(waits);
        }
        // What is said behind the semicolon is said of one connection.
        first.map(|waits: String| match waits.split_once(';') {
            Some((what, _)) if several => what.to_owned(),
            _ => waits,
        })
    }

    /// When and where it acts, in sentences.
    pub(super) fn when(&self, entry: &Entry) -> String {
        let waits = self
            .waits(entry)
            .map_or_else(String::new, |what| format!("It waits for {what}. "));
        let several = self.around.open.len() > 1;
        let lasts = match (entry.lasts, self.target(entry)) {
            (Lasts::Once, Target::On(open)) => format!("It acts once, on c{}.", open.c),
            (Lasts::UntilCleared, Target::On(open)) => {
                format!("It goes on until it is cleared, on c{} alone.", open.c)
            }
            (Lasts::Once, _) if self.around.is_of_any(entry) && self.around.tap => {
                "It acts once, on the next client that comes to it.".to_owned()
            }
            (Lasts::Once, _) if several => {
                "It acts once, on the first of the open connections that it fits.".to_owned()
            }
            (Lasts::UntilCleared, _) if several => {
                "It goes on until it is cleared, on all connections.".to_owned()
            }
            (Lasts::Once, _) => "It acts once, at the next moment that fits.".to_owned(),
            (Lasts::UntilCleared, _) => "It goes on until it is cleared.".to_owned(),
        };
        format!("{waits}{lasts}")
    }

    /// What it brings here, in a sentence; the reason itself apart.
    pub(super) fn brings(&self, entry: &Entry) -> (&'static str, &'static str) {
        let here = match self.here(entry).as_slice() {
            [only] => only
                .over
                .zip(only.eio)
                .and_then(|(over, eio)| entry.brings(over, eio)),
            _ => None,
        };
        let brings = here.unwrap_or_else(|| entry.listed_under());
        match brings.reason() {
            Some(reason) => ("The client's disconnect reason will be ", reason),
            None => ("It disconnects nobody. What comes of it: ", brings.text()),
        }
    }
}

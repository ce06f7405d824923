//! The filter language: what rows of the frame log are shown. **Pure.**
//!
//! Words and `key:value`, side by side meaning *and*, `|` *or*, `!` *not*, parentheses and
//! quotes. A bare word is text in the event name or the payload, `/re/` a regex (`/re/i` without
//! regard to case).
//!
//! ```text
//! ns:/chat !is:ping            on /chat, without the heartbeat
//! dir:in (ev:say | ev:shout)   one of two events from the server
//! is:event|ack lat:>200ms      slow questions and answers
//! at:.user.id=7                an argument holds {"user":{"id":7}}
//! ```
//!
//! As in mitmproxy, side by side binds looser than `|`: `a b | c` is *a and (b or c)*; an
//! explicit `&` binds tighter. A `|` with no blank around it right after a value goes on with
//! other values of the same key: `is:event|ack`.
//!
//! - [`parse`] makes a [`Filter`] or says by column what is wrong ([`Mistake`]).
//! - [`Filter::matches`] tests a [`Row`]; cheap tests run before the payload is looked at.
//! - [`Filter::may_match_line`] rules most lines of a session file out without parsing them.
//! - [`complete()`] offers what can stand at the cursor of a prompt.

mod complete;
mod expr;
mod keys;
mod matching;
mod mistake;
mod parser;
mod path;
mod path_parser;
mod scanner;
mod value;
mod value_parser;

#[cfg(test)]
mod tests;

pub use complete::{Completion, complete};
pub use keys::as_markdown;
pub use mistake::Mistake;
pub use parser::parse;

use super::row::Row;
use expr::Expr;

/// A filter that was understood.
#[derive(Debug, Clone)]
pub struct Filter {
    /// As it was typed.
    source: String,
    /// What it means.
    expr: Expr,
    /// Words that a matching row's line must hold; see [`Filter::may_match_line`].
    needles: Vec<memchr::memmem::Finder<'static>>,
}

impl Filter {
    fn new(source: &str, expr: Expr) -> Filter {
        let mut words = Vec::new();
        expr.needles(&mut words);
        Filter {
            source: source.to_owned(),
            expr,
            needles: words
                .iter()
                .map(|word| memchr::memmem::Finder::new(word.as_bytes()).into_owned())
                .collect(),
        }
    }

    /// The filter as it was typed.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// True for the empty filter, which lets everything through.
    pub fn is_empty(&self) -> bool {
        matches!(self.expr, Expr::All)
    }

    /// True when the answer for a row may change later: the state of an ack, the age of a row, or
    /// what it proves.
    pub fn is_unsteady(&self) -> bool {
        self.expr.is_unsteady()
    }

    /// Whether `row` passes. `now` is the session time of the newest record, in microseconds:
    /// what `since:` counts back from.
    pub fn matches(&self, row: &Row<'_>, now: u64) -> bool {
        matching::matches(&self.expr, row, now)
    }

    /// False when no row of the record that stands on `line` of a session file can pass.
    ///
    /// A cheap test for scans over long sessions: it looks for the words that a match must hold.
    /// Where they could hide (base64, escapes, a binary packet whose header came before), it
    /// says true.
    pub fn may_match_line(&self, line: &[u8]) -> bool {
        self.needles
            .iter()
            .all(|needle| needle.find(line).is_some())
            || hides_words(line)
    }
}

/// Whether text of a row could be on this line in another form than the plain one.
fn hides_words(line: &[u8]) -> bool {
    const DISGUISES: [&[u8]; 6] = [
        b"b64\":",       // bytes that are not UTF-8, and binary frames
        b"\\u00",        // escapes of ASCII letters
        b"\"data\":\"b", // an attachment as base64 text
        b"\"body\":\"b", // the same in a polling body
        b"\\u001eb",     // the same further on in it
        b":b4",          // the same in generation 3
    ];
    DISGUISES
        .iter()
        .any(|disguise| memchr::memmem::find(line, disguise).is_some())
}

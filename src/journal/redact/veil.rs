//! Secrets covered for the eye: by their names and shapes, in one text at a time.
//!
//! A [`Redactor`](super::Redactor) keeps every size true and knows a whole session; here a row
//! is made ready to be looked at. What is covered becomes [`COVER`], whatever its length, and
//! JSON stays JSON.

use std::borrow::Cow;
use std::ops::Range;

use super::Secrets;
use super::mask::{is_mask, paint};
use super::spots::{self, Kind};
use super::views::{plain, views};
use crate::journal::record::Direction;

/// What stands in the place of a secret on a screen and in words.
pub const COVER: &str = "•••";

/// Longer texts are looked at as they stand only, and not as they read once percent-encoding,
/// escapes and base64 are taken off.
const LONGEST: usize = 256 << 10;

/// A text with what is secret in it covered. With a direction it is a frame, a polling body or a
/// payload that went that way, in which a CONNECT carries an auth payload; without one it is words
/// or JSON. Covering what is covered changes nothing.
#[must_use]
pub fn covered(text: &str, dir: Option<Direction>) -> Cow<'_, str> {
    let spots = spots_in(text.as_bytes(), dir);
    if spots.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut at, mut quoted) = (0, false);
    for (range, number) in spots {
        // Encodings are taken off byte by byte; what is covered ends with a character.
        let start = (0..=range.start)
            .rev()
            .find(|at| text.is_char_boundary(*at));
        let end = (range.end..=text.len()).find(|at| text.is_char_boundary(*at));
        let (Some(start), Some(end)) = (start, end) else {
            continue;
        };
        let Some(before) = text.get(at..start) else {
            continue;
        };
        if text.get(start..end) == Some(COVER) || text.get(start..end).is_some_and(is_mask) {
            continue;
        }
        out.push_str(before);
        quoted = ends_in_quotes(before.as_bytes(), quoted);
        match number && !quoted {
            true => out.extend(["\"", COVER, "\""]),
            false => out.push_str(COVER),
        }
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

/// Bytes that went one way with what is secret in them covered by as many stars; `None` where
/// nothing is secret.
#[must_use]
pub fn covered_bytes(bytes: &[u8], dir: Direction) -> Option<Vec<u8>> {
    if bytes.len() <= LONGEST {
        let mut redactor = Secrets::default().redactor();
        return redactor.payload(dir, bytes);
    }
    let spots = spots_in(bytes, Some(dir));
    if spots.is_empty() {
        return None;
    }
    let mut out = bytes.to_vec();
    for (range, _) in spots {
        let stars = vec![b'*'; range.len()];
        paint(&mut out, range, &stars);
    }
    Some(out)
}

/// Where secrets stand, in order, and which of them are numbers.
fn spots_in(text: &[u8], dir: Option<Direction>) -> Vec<(Range<usize>, bool)> {
    let kind = dir.map_or(Kind::Words, Kind::Payload);
    let readings = match text.len() <= LONGEST {
        true => views(text),
        false => plain(text),
    };
    let mut spots: Vec<(Range<usize>, bool)> = spots::find(kind, &readings)
        .into_iter()
        .map(|spot| (spot.range, spot.number))
        .collect();
    spots.sort_by_key(|(range, _)| range.start);
    spots
}

/// Whether a JSON string is open behind `part`, where one was (or was not) open before it.
fn ends_in_quotes(part: &[u8], open: bool) -> bool {
    let mut open = open;
    let mut escaped = false;
    for byte in part {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => open = !open,
            _ => {}
        }
    }
    open
}

//! What stands in the place of a secret.

use std::ops::Range;

/// Writes the mask number `id` over `bytes`: as many bytes, and as many UTF-16 units.
pub(super) fn cover(bytes: &[u8], id: usize) -> Vec<u8> {
    if !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit) {
        return number(bytes, id);
    }
    let mark = id.to_string();
    if bytes.is_ascii() {
        let mut out = vec![b'*'; bytes.len()];
        let room = 1..mark.len().saturating_add(1);
        if bytes.len() >= mark.len().saturating_add(2)
            && let Some(place) = out.get_mut(room)
        {
            place.copy_from_slice(mark.as_bytes());
        }
        return out;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().map(of_its_size).collect::<String>().into(),
        Err(_) => vec![b'*'; bytes.len()],
    }
}

/// Digits stay digits: it may stand where JSON has a number.
fn number(bytes: &[u8], id: usize) -> Vec<u8> {
    let mut out = vec![b'9'; bytes.len()];
    let mark = id.to_string();
    if bytes.len() > mark.len() {
        let from = bytes.len().saturating_sub(mark.len());
        if let Some(place) = out.get_mut(from..) {
            place.copy_from_slice(mark.as_bytes());
        }
    }
    out
}

/// A JSON number of the same length, its signs where they were.
pub(super) fn cover_number(bytes: &[u8], id: usize) -> Vec<u8> {
    if bytes.iter().all(u8::is_ascii_digit) {
        return number(bytes, id);
    }
    bytes
        .iter()
        .map(|byte| if byte.is_ascii_digit() { b'9' } else { *byte })
        .collect()
}

/// A mark that takes as many bytes (and UTF-16 units) as `one`.
fn of_its_size(one: char) -> char {
    match one.len_utf8() {
        1 => '*',
        2 => '×',
        3 => '•',
        _ => '🔒',
    }
}

/// Puts `mask` into `out` at `range`.
pub(super) fn paint(out: &mut [u8], range: Range<usize>, mask: &[u8]) {
    if let Some(place) = out.get_mut(range).filter(|place| place.len() == mask.len()) {
        place.copy_from_slice(mask);
    }
}

/// Whether a whole text is a mask.
#[must_use]
pub fn is_mask(text: &str) -> bool {
    let mut stars = 0;
    let all = text.chars().all(|one| match one {
        '*' | '×' | '•' | '🔒' => {
            stars += 1;
            true
        }
        _ => one.is_ascii_digit() && stars > 0,
    });
    all && stars > 0
        && text
            .chars()
            .last()
            .is_some_and(|last| !last.is_ascii_digit())
}

/// Which bytes of a text are spoken for.
pub(super) struct Taken(Vec<bool>);

impl Taken {
    /// None of so many bytes.
    pub(super) fn none_of(length: usize) -> Taken {
        Taken(vec![false; length])
    }

    /// Whether any byte of a part is.
    pub(super) fn any(&self, range: &Range<usize>) -> bool {
        self.part(range).iter().any(|taken| *taken)
    }

    /// Whether every byte of a part is.
    pub(super) fn all(&self, range: &Range<usize>) -> bool {
        self.part(range).iter().all(|taken| *taken)
    }

    /// Takes a part.
    pub(super) fn take(&mut self, range: &Range<usize>) {
        if let Some(part) = self.0.get_mut(range.clone()) {
            part.fill(true);
        }
    }

    fn part(&self, range: &Range<usize>) -> &[bool] {
        self.0.get(range.clone()).unwrap_or_default()
    }
}

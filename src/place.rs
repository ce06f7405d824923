//! Where in a text something stands, as a person counts. **Floor 0, pure.**

/// Line and column (both from 1, the column in characters) of a byte offset. An offset beyond
/// the end or inside a character counts as the nearest place before it.
pub fn of(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let before = text.get(..end).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count().saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::of as place;

    #[test]
    fn a_place_counts_characters_not_bytes() {
        assert_eq!(place("ab\ncd", 0), (1, 1));
        assert_eq!(place("ab\ncd", 4), (2, 2));
        assert_eq!(place("äö x", 5), (1, 4));
        assert_eq!(place("ä", 1), (1, 1));
        assert_eq!(place("a", 99), (1, 2));
    }
}

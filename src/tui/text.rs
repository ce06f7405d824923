//! Text for cells: safe, and as wide as it says.
//!
//! **Floor 5**, pure. Builds on [`crate::visible`]; widths are columns of the terminal, taken by
//! grapheme cluster, so that nothing is cut in the middle of a character.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Text from outside as one safe line.
pub fn safe(text: &str) -> Cow<'_, str> {
    crate::visible::line(text)
}

/// Text from outside as safe lines, tabs widened to the next multiple of four columns.
pub fn safe_lines(text: &str) -> Vec<String> {
    let shown = crate::visible::lines(text);
    shown.split('\n').map(widen_tabs).collect()
}

fn widen_tabs(line: &str) -> String {
    if !line.contains('\t') {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len() + 8);
    for (i, part) in line.split('\t').enumerate() {
        if i > 0 {
            let gap = 4 - width(&out) % 4;
            out.extend(std::iter::repeat_n(' ', gap));
        }
        out.push_str(part);
    }
    out
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        // Controls never come here but as what `safe` made of them.
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// The longest beginning of a text that fits into so many columns.
pub fn fit(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        let w = width(cluster);
        if used + w > columns {
            return text.get(..at).unwrap_or_default();
        }
        used += w;
    }
    text
}

/// The text within so many columns, with `…` at its end where something was cut off.
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    // Looking further than the columns go would cost time on long payloads.
    if fit(text, columns).len() == text.len() {
        return Cow::Borrowed(text);
    }
    match columns {
        0 => Cow::Borrowed(""),
        _ => Cow::Owned(format!("{}…", fit(text, columns - 1))),
    }
}

/// The text within so many columns, with `…` at its start where something was cut off: for paths.
pub fn truncate_start(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut start = text.len();
    for (at, cluster) in text.grapheme_indices(true).rev() {
        let w = width(cluster);
        if used + w > columns - 1 {
            break;
        }
        used += w;
        start = at;
    }
    Cow::Owned(format!("…{}", text.get(start..).unwrap_or_default()))
}

/// Safe text broken into rows of at most so many columns, at spaces where there are some.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut rows = Vec::new();
    for line in text.split('\n') {
        let mut row = String::new();
        let mut used = 0;
        for word in line.split_inclusive(' ') {
            let w = width(word.trim_end_matches(' '));
            if used > 0 && used + w > columns {
                rows.push(row.trim_end().to_owned());
                row = String::new();
                used = 0;
            }
            let mut rest = word;
            while width(rest.trim_end_matches(' ')) > columns {
                let mut head = fit(rest, columns);
                if head.is_empty() {
                    // One cluster that is wider than the whole row: it goes alone.
                    let first = rest.graphemes(true).next().map_or(rest.len(), str::len);
                    head = rest.get(..first).unwrap_or(rest);
                }
                rows.push(head.to_owned());
                rest = rest.get(head.len()..).unwrap_or_default();
            }
            row.push_str(rest);
            used += width(rest);
        }
        rows.push(row.trim_end().to_owned());
    }
    rows
}

/// Writes safe text at a place, cut with `…` after so many columns; returns the columns used.
/// Nothing is written outside the buffer.
pub fn put(buf: &mut Buffer, x: u16, y: u16, text: &str, columns: u16, style: Style) -> u16 {
    let area = buf.area;
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return 0;
    }
    let columns = columns.min(area.right().saturating_sub(x));
    let shown = truncate(text, usize::from(columns));
    let (end, _) = buf.set_stringn(x, y, shown.as_ref(), usize::from(columns), style);
    end.saturating_sub(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::layout::Rect;

    #[test]
    fn widths_are_columns_of_whole_clusters() {
        let cases = [
            ("abc", 3),
            ("日本", 4),
            ("e\u{301}", 1),
            ("🙂", 2),
            ("", 0),
            ("🇩🇪", 2),
        ];
        for (text, columns) in cases {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    #[test]
    fn cutting_keeps_clusters_whole_and_says_that_it_cut() {
        let cases = [
            ("hello", 5, "hello"),
            ("hello", 4, "hel…"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("日本語", 1, "…"),
            ("ae\u{301}x", 2, "a…"),
            ("x", 0, ""),
        ];
        for (text, columns, cut) in cases {
            assert_eq!(truncate(text, columns), cut);
        }
        assert_eq!(truncate_start("/home/me/a.sio.jsonl", 12), "…a.sio.jsonl");
        assert_eq!(truncate_start("日本語", 4), "…語");
    }

    #[test]
    fn tabs_are_shown_in_a_line_and_widened_in_lines() {
        assert_eq!(safe("a\tb\n"), "a␉b␊");
        assert_eq!(safe_lines("a\tb\nabcd\tx"), ["a   b", "abcd    x"]);
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("日本語", 1), ["日", "本", "語", ""]);
        assert_eq!(wrap("", 4), [""]);
    }

    proptest! {
        #[test]
        fn what_is_cut_fits_and_is_safe(text: String, columns in 0usize..40) {
            let shown = safe(&text).into_owned();
            prop_assert!(width(&truncate(&shown, columns)) <= columns);
            prop_assert!(width(&truncate_start(&shown, columns)) <= columns);
            for row in wrap(&shown, columns.max(2)) {
                // A cluster that is wider than a whole row stands alone in its own.
                let alone = row.graphemes(true).count() == 1;
                prop_assert!(width(&row) <= columns.max(2) || alone, "{row:?}");
            }
        }
        #[test]
        fn writing_never_leaves_the_buffer(text: String, x in 0u16..30, y in 0u16..4, w: u16) {
            let mut buf = Buffer::empty(Rect::new(3, 1, 20, 2));
            let used = put(&mut buf, x, y, &safe(&text), w, Style::new());
            prop_assert!(used <= 20);
        }
    }
}

//! Draws a line of text that is being typed.
//!
//! **Floor 5**, pure. What can't be seen is shown as [`crate::visible`] shows it, also here: a
//! pasted escape sequence must not reach the terminal by way of an input field.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::tui::text::width;
use crate::visible;

/// Columns that a text takes once everything in it can be seen.
pub fn shown_width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    text.graphemes(true)
        .map(|cluster| width(&visible::line(cluster)))
        .sum()
}

/// Printable ASCII: a byte is a column, however long the text.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7F).contains(&b))
}

/// How many columns to scroll so that the cursor's column can be seen in a window.
pub fn scroll(column: usize, window: u16) -> usize {
    let window = usize::from(window);
    if window == 0 || column < window {
        0
    } else {
        column + 1 - window
    }
}

/// Draws one line, `skip` columns of it scrolled out to the left. `style` is asked with the byte
/// offset of each cluster within the line.
pub fn line(
    buf: &mut Buffer,
    (x, y): (u16, u16),
    columns: u16,
    text: &str,
    skip: usize,
    style: &dyn Fn(usize) -> Style,
) {
    let end = skip + usize::from(columns);
    let start = match is_plain(text) {
        true => skip.min(text.len()),
        false => 0,
    };
    let mut column = start;
    let seen = text.get(start..).unwrap_or_default();
    for (at, cluster) in seen.grapheme_indices(true) {
        let at = start + at;
        if column >= end {
            break;
        }
        let shown = visible::line(cluster);
        // A replaced character has several columns; each of its parts is placed by itself.
        for part in shown.graphemes(true) {
            let wide = width(part);
            if column >= skip && column + wide <= end {
                let left = u16::try_from(column - skip).unwrap_or(u16::MAX);
                super::super::text::put(
                    buf,
                    x.saturating_add(left),
                    y,
                    part,
                    u16::try_from(wide).unwrap_or(u16::MAX),
                    style(at),
                );
            }
            column += wide;
        }
    }
}

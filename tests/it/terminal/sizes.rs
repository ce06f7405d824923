//! Other sizes: nothing is garbled and the selection stays.

use super::screen::{NARROW, Screen, Size, WIDE};

/// The line of the selected row.
fn selected(text: &str) -> Option<&str> {
    text.lines().find(|line| line.contains("▸"))
}

/// The corners of the frame are where they belong: nothing was drawn for another size.
fn framed(text: &str, (columns, rows): Size) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    lines.len() == usize::from(rows)
        && lines
            .last()
            .is_some_and(|line| line.starts_with('╰') && line.ends_with('╯'))
        && lines
            .iter()
            .all(|line| line.chars().count() <= usize::from(columns))
}

#[test]
fn every_size_is_drawn_whole_and_keeps_the_selection() {
    let screen = Screen::demo(WIDE);
    screen.wait_for_text(&["● connected", "welcome"]);
    // Not the newest row, which following would choose for us.
    screen.type_keys("g");
    let chosen = |text: &str| selected(text).is_some_and(|line| line.contains(" open "));
    screen.wait_for(chosen);
    for size in [NARROW, (40, 10), (80, 24), WIDE] {
        screen.resize(size);
        screen.wait_for(|text| framed(text, size));
        if size != (40, 10) {
            screen.wait_for(|text| framed(text, size) && chosen(text));
        }
    }
    screen.resize((30, 8));
    screen.wait_for_text(&["40"]);
    assert!(!screen.text().contains("Frames"));
    screen.resize(WIDE);
    screen.wait_for(|text| framed(text, WIDE) && chosen(text));
}

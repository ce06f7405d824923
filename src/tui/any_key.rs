//! Keys and screens for the tests of the parts.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::keymap::Key;

/// A key for property tests: what matters, with any modifiers.
pub fn any_key(kind: usize, modifiers: u8, c: char) -> KeyEvent {
    const CODES: [KeyCode; 18] = [
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::F(1),
        KeyCode::Char('['),
        KeyCode::Char('"'),
        KeyCode::Char(' '),
    ];
    const LETTERS: [char; 12] = ['a', 'b', 'd', 'e', 'f', 'h', 'k', 'r', 'u', 'w', 'y', 'j'];
    let all = [
        KeyModifiers::NONE,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
        KeyModifiers::SHIFT,
    ];
    let modifiers = all[usize::from(modifiers) % all.len()];
    let code = match CODES.get(kind) {
        Some(code) => *code,
        None if modifiers == KeyModifiers::NONE => KeyCode::Char(c),
        None => KeyCode::Char(LETTERS[u32::from(c) as usize % LETTERS.len()]),
    };
    KeyEvent::new(code, modifiers)
}

/// Presses keys written as in the keymap, with spaces between them; `'text` types a text, in
/// which `_` stands for a space.
pub fn press<T>(part: &mut T, keys: &str, mut update: impl FnMut(&mut T, KeyEvent)) {
    for word in keys.split(' ') {
        if let Some(text) = word.strip_prefix('\'') {
            for c in text.replace('_', " ").chars() {
                update(part, KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
            }
        } else {
            let key = Key::parse(word).unwrap_or_else(|e| panic!("{e}"));
            update(part, key.event());
        }
    }
}

/// A screen as text, with the cursor as `▏` before the cell where it stands.
pub fn screen(
    width: u16,
    height: u16,
    draw: impl FnOnce(Rect, &mut Buffer) -> Option<Position>,
) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    let cursor = draw(area, &mut buf);
    let mut out = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..width {
            if cursor == Some(Position::new(x, y)) {
                line.push('▏');
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buf[(x, y)].symbol();
            skip = super::text::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

//! The keys of the focused pane, from the table.
//!
//! **Floor 5**, pure.

use std::cell::Cell;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::{Action, Context, TABLE};
use super::keymap::{Key, Keymap};
use super::overlay;
use super::text;
use super::theme::{Role, Theme};

/// What came of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// It was scrolled.
    Changed,
    /// Close it.
    Closed,
}

#[derive(Debug, Clone)]
enum Row {
    Heading(String),
    Entry {
        keys: String,
        about: String,
        /// Why it can't be done now.
        off: Option<&'static str>,
    },
}

/// What of the keys is different at the moment.
#[derive(Clone, Copy, Default)]
pub struct Now<'a> {
    /// Why an action can't be done: `read-only`, `a tap`.
    pub off: Option<&'a dyn Fn(Action) -> Option<&'static str>>,
    /// What an action does here, where that is not what it does elsewhere.
    pub about: Option<&'a dyn Fn(Action) -> Option<&'static str>>,
}

/// A row, or a part of one, as it is drawn.
enum Line<'a> {
    Heading(&'a str),
    Entry {
        keys: &'a str,
        about: String,
        off: bool,
    },
}

/// Columns of the help, where the screen has them.
const WIDTH: u16 = 92;

/// The help.
#[derive(Debug, Clone)]
pub struct Help {
    title: String,
    rows: Vec<Row>,
    first: usize,
    /// The last line that may stand first: known once it is drawn.
    end: Cell<usize>,
    /// Keys that close it: those that open it, and those that go back.
    closing: Vec<Key>,
}

/// What can be typed in every text field; these keys are not remapped.
const FIELD_KEYS: [(&str, &str); 8] = [
    (
        "ctrl+a ctrl+e home end",
        "Go to the start or the end of the line",
    ),
    ("ctrl+left ctrl+right", "Go a word back or on"),
    ("ctrl+w", "Cut the word before the cursor"),
    ("ctrl+u ctrl+k", "Cut to the start, to the end"),
    ("ctrl+y", "Put back what was cut"),
    ("ctrl+_", "Undo"),
    ("tab", "Take the completion"),
    ("up down ctrl+r", "Walk or search what was entered before"),
];

/// What the composer's arguments understand beside JSON.
const BINARY: [(&str, &str); 2] = [
    (
        r#"{"$binary":"AQI="}"#,
        "These bytes, in base64, as an attachment",
    ),
    (
        r#"{"$file":"path"}"#,
        "The bytes of a file as an attachment",
    ),
];

impl Help {
    /// The keys of a pane; what can't be done now is marked.
    pub fn new(context: Context, keymap: &Keymap, now: Now<'_>) -> Help {
        let mut rows = Vec::new();
        let entry = |action: Action| {
            let off = now.off.and_then(|off| off(action));
            let about = now.about.and_then(|about| about(action));
            let keys: Vec<String> = keymap
                .keys(action)
                .iter()
                .filter(|key| context != Context::Compose || !key.is_text())
                .map(Key::to_string)
                .collect();
            Row::Entry {
                keys: match keys.is_empty() {
                    true => format!(":{}", action.name()),
                    false => keys.join(" "),
                },
                about: about.unwrap_or(action.about()).to_owned(),
                off,
            }
        };
        let here = |wanted: Context| {
            TABLE
                .iter()
                .filter(move |spec| spec.contexts.contains(&wanted))
                .map(|spec| spec.action)
        };
        let everywhere = |action: &Action| action.spec().contexts.contains(&Context::Global);
        if context != Context::Global {
            let own: Vec<Row> = here(context)
                .filter(|action| !everywhere(action))
                .map(entry)
                .collect();
            if !own.is_empty() {
                rows.push(Row::Heading(format!("In {}", context.name())));
                rows.extend(own);
            }
        }
        rows.push(Row::Heading("Everywhere".to_owned()));
        if context.takes_global() {
            rows.extend(here(Context::Global).map(entry));
        } else {
            rows.extend(here(context).filter(everywhere).map(entry));
        }
        let fixed = |(keys, about): &(&str, &str)| Row::Entry {
            keys: (*keys).to_owned(),
            about: (*about).to_owned(),
            off: None,
        };
        if context == Context::Compose {
            rows.push(Row::Heading("In the arguments".to_owned()));
            rows.extend(BINARY.iter().map(fixed));
        }
        rows.push(Row::Heading("In text fields".to_owned()));
        rows.extend(FIELD_KEYS.iter().map(fixed));
        let closing = [Action::Help, Action::Back]
            .iter()
            .flat_map(|action| keymap.keys(*action))
            .copied()
            .collect();
        Help {
            title: format!("Keys: {}", context.name()),
            rows,
            first: 0,
            end: Cell::new(usize::MAX),
            closing,
        }
    }

    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        if self.closing.contains(&Key::of(key)) {
            return Outcome::Closed;
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let by = match key.code {
            KeyCode::Esc => return Outcome::Closed,
            KeyCode::Char('c') if ctrl => return Outcome::Closed,
            KeyCode::Char('u') if ctrl => -10,
            KeyCode::Char('d') if ctrl => 10,
            KeyCode::Up | KeyCode::Char('k') => -1,
            KeyCode::Down | KeyCode::Char('j') => 1,
            KeyCode::PageUp => -20,
            KeyCode::PageDown | KeyCode::Char(' ') => 20,
            KeyCode::Home | KeyCode::Char('g') => i32::MIN,
            KeyCode::End | KeyCode::Char('G') => i32::MAX,
            _ => return Outcome::Ignored,
        };
        self.scroll(by);
        Outcome::Changed
    }

    /// The mouse wheel: rows down, negative for up.
    pub fn scroll(&mut self, rows: i32) {
        let by = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
        self.first = match rows < 0 {
            true => self.first.saturating_sub(by),
            false => self.first.saturating_add(by).min(self.end.get()),
        };
    }

    /// Draws it over the screen. What a row says may take several lines.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let width = overlay::centred(screen, WIDTH, 3).width.saturating_sub(4);
        let widest = self.rows.iter().map(|row| match row {
            Row::Heading(_) => 0,
            Row::Entry { keys, .. } => text::width(keys),
        });
        let keys_wide = u16::try_from(widest.max().unwrap_or(0))
            .unwrap_or(u16::MAX)
            .min(width / 2);
        let lines = self.lines(usize::from(width.saturating_sub(keys_wide + 2)));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let area = overlay::centred(screen, WIDTH, height.saturating_add(2));
        let window = usize::from(area.height.saturating_sub(2));
        self.end.set(lines.len().saturating_sub(window));
        let first = self.first.min(self.end.get());
        let last = (first + window).min(lines.len());
        let hints = match window < lines.len() {
            true => format!(
                "esc close  ↑↓ scroll  lines {} to {last} of {}",
                first + 1,
                lines.len()
            ),
            false => "esc close".to_owned(),
        };
        let inner = overlay::frame(area, &self.title, &hints, buf, theme);
        for (y, line) in (inner.y..inner.bottom()).zip(lines.iter().skip(first)) {
            match line {
                Line::Heading(title) => {
                    let style = theme.style(Role::Accent);
                    text::put(buf, inner.x, y, title, inner.width, style);
                }
                Line::Entry { keys, about, off } => {
                    let (key_style, about_style) = match off {
                        true => (theme.style(Role::Dim), theme.style(Role::Dim)),
                        false => (theme.style(Role::Key), theme.style(Role::Text)),
                    };
                    text::put(buf, inner.x, y, keys, keys_wide, key_style);
                    let x = inner.x + keys_wide + 2;
                    let room = inner.right().saturating_sub(x);
                    text::put(buf, x, y, about, room, about_style);
                }
            }
        }
    }

    /// All rows as lines, with so much room for what they say.
    fn lines(&self, room: usize) -> Vec<Line<'_>> {
        let mut lines = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            match row {
                Row::Heading(title) => lines.push(Line::Heading(title)),
                Row::Entry { keys, about, off } => {
                    let about = match off {
                        Some(why) => format!("{about} (off: {why})"),
                        None => about.clone(),
                    };
                    let mut keys = keys.as_str();
                    for about in text::wrap(&about, room.max(8)) {
                        let off = off.is_some();
                        lines.push(Line::Entry { keys, about, off });
                        keys = "";
                    }
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::{any_key, press, screen};
    use proptest::prelude::*;

    fn help(context: Context, readonly: bool) -> Help {
        let off = |action: Action| (readonly && action.acts_on_server()).then_some("read-only");
        let now = Now {
            off: Some(&off),
            about: None,
        };
        Help::new(context, &Keymap::default(), now)
    }

    fn shown(help: &Help, width: u16, height: u16) -> String {
        screen(width, height, |area, buf| {
            help.draw(area, buf, &Theme::embedded("dark"));
            None
        })
    }

    #[test]
    fn it_lists_the_panes_own_keys_first() {
        insta::assert_snapshot!("wide", shown(&help(Context::Frames, false), 120, 36));
        insta::assert_snapshot!("narrow", shown(&help(Context::Compose, true), 80, 24));
    }

    #[test]
    fn every_action_of_every_context_is_in_it() {
        for context in Context::ALL {
            let shown = shown(&help(context, false), 120, 120);
            for spec in TABLE.iter().filter(|s| s.action.works_in(context)) {
                assert!(
                    shown.contains(spec.about),
                    "{}: {}",
                    context.name(),
                    spec.name
                );
            }
        }
    }

    #[test]
    fn only_the_composers_help_says_how_bytes_are_written() {
        let said = |context| shown(&help(context, false), 120, 120).contains("$binary");
        assert!(said(Context::Compose));
        assert!(!said(Context::Frames));
    }

    #[test]
    fn it_scrolls_to_its_end_and_closes_with_the_keys_that_opened_it() {
        let mut help = help(Context::Frames, false);
        press(&mut help, "G", |h, k| {
            h.update(k);
        });
        assert!(shown(&help, 80, 24).contains("Walk or search what was entered before"));
        for key in ["?", "F1", "q", "esc", "ctrl+c"] {
            press(&mut help, key, |h, k| {
                assert_eq!(h.update(k), Outcome::Closed)
            });
        }
        press(&mut help, "x", |h, k| {
            assert_eq!(h.update(k), Outcome::Ignored)
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_keys_on_any_screen_never_panic(
            keys in prop::collection::vec((0usize..24, 0u8..4, any::<char>()), 0..20),
            (w, h) in (0u16..130, 0u16..40),
        ) {
            let mut help = help(Context::Detail, true);
            for (kind, modifiers, c) in keys {
                help.update(any_key(kind, modifiers, c));
                shown(&help, w, h);
            }
        }
    }
}

//! Lists saved sessions.
//!
//! **Floor 5**, pure. Typing narrows the list; a path that is typed opens as well.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::edit::{Change, Edit, view};
use crate::tui::overlay;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// A saved session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Saved {
    /// The file.
    pub path: PathBuf,
    /// Its target.
    pub target: String,
    /// When it was started, and how large it is, in words.
    pub about: String,
}

impl Saved {
    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        text::safe(&name.to_string_lossy()).into_owned()
    }
    fn has(&self, words: &[String]) -> bool {
        let all = format!("{} {} {}", self.path.display(), self.target, self.about).to_lowercase();
        words.iter().all(|w| all.contains(w.as_str()))
    }
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it; nothing is done.
    Cancelled,
    /// Open this file.
    Open(PathBuf),
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct Open {
    saved: Vec<Saved>,
    edit: Edit,
    fitting: Vec<usize>,
    chosen: usize,
}

impl Open {
    /// For these sessions, newest first.
    pub fn new(saved: Vec<Saved>) -> Open {
        Open {
            fitting: (0..saved.len()).collect(),
            saved,
            edit: Edit::line(),
            chosen: 0,
        }
    }

    fn find(&mut self) -> Outcome {
        let words: Vec<String> = self
            .edit
            .text()
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let fitting = self.saved.iter().enumerate();
        self.fitting = fitting
            .filter(|(_, s)| s.has(&words))
            .map(|(i, _)| i)
            .collect();
        self.chosen = 0;
        Outcome::Changed
    }

    fn choose(&mut self, by: isize) -> Outcome {
        let Some(last) = self.fitting.len().checked_sub(1) else {
            return Outcome::Ignored;
        };
        self.chosen = self.chosen.saturating_add_signed(by).min(last);
        Outcome::Changed
    }

    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => Outcome::Cancelled,
            KeyCode::Char('c') if ctrl => Outcome::Cancelled,
            KeyCode::Enter => {
                let at = self.fitting.get(self.chosen);
                match at.and_then(|i| self.saved.get(*i)) {
                    Some(saved) => Outcome::Open(saved.path.clone()),
                    None if self.edit.text().trim().is_empty() => Outcome::Ignored,
                    None => Outcome::Open(PathBuf::from(self.edit.text().trim())),
                }
            }
            KeyCode::Up => self.choose(-1),
            KeyCode::Down => self.choose(1),
            KeyCode::Char('p') if ctrl => self.choose(-1),
            KeyCode::Char('n') if ctrl => self.choose(1),
            KeyCode::PageUp => self.choose(-10),
            KeyCode::PageDown => self.choose(10),
            _ => match self.edit.update(key) {
                Change::Nothing => Outcome::Ignored,
                Change::Moved => Outcome::Changed,
                Change::Edited => self.find(),
            },
        }
    }
    /// Pasted text.
    pub fn paste(&mut self, text: &str) -> Outcome {
        self.edit.insert(text);
        self.find()
    }

    fn area(&self, screen: Rect) -> Rect {
        let rows = u16::try_from(self.saved.len()).unwrap_or(u16::MAX);
        overlay::centred(screen, 100, rows.saturating_add(3).clamp(5, 22))
    }

    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let hints = "enter open  ↑↓ choose  esc close  or type a path";
        let inner = overlay::frame(self.area(screen), "Open a session", hints, buf, theme);
        if inner.is_empty() {
            return;
        }
        let style = theme.style(Role::Text);
        let typed = self.edit.text();
        let skip = view::scroll(self.edit.row_and_column().1, inner.width);
        view::line(buf, (inner.x, inner.y), inner.width, typed, skip, &|_| {
            style
        });
        if typed.is_empty() {
            let words = "words of its name, target or date";
            let style = theme.style(Role::Placeholder);
            text::put(buf, inner.x, inner.y, words, inner.width, style);
        }
        let list = Rect {
            y: inner.y + 1,
            height: inner.height - 1,
            ..inner
        };
        if self.fitting.is_empty() {
            let line = match (self.saved.is_empty(), typed.trim().is_empty()) {
                (_, false) => "no saved session has these words: enter opens it as a path",
                (true, true) => "there are no saved sessions yet",
                (false, true) => "",
            };
            if !list.is_empty() {
                let style = theme.style(Role::Dim);
                text::put(buf, list.x, list.y, line, list.width, style);
            }
            return;
        }
        let first = overlay::first_row(self.chosen, self.fitting.len(), list.height);
        let rows = self.fitting.iter().enumerate().skip(first);
        let abouts = self
            .saved
            .iter()
            .map(|s| text::width(&text::safe(&s.about)));
        let abouts = u16::try_from(abouts.max().unwrap_or(0)).unwrap_or(u16::MAX);
        // In a narrow screen the names are what counts.
        let abouts = match abouts.saturating_add(40) < list.width {
            true => abouts,
            false => 0,
        };
        for (y, (i, saved)) in (list.y..list.bottom()).zip(rows) {
            let Some(saved) = self.saved.get(*saved) else {
                continue;
            };
            let picked = i == self.chosen;
            let over = match picked {
                true => theme.style(Role::Selected),
                false => ratatui::style::Style::new(),
            };
            overlay::row_style(list, y, buf, over);
            let mark = if picked { "▸" } else { " " };
            text::put(
                buf,
                list.x,
                y,
                mark,
                1,
                theme.style(Role::Accent).patch(over),
            );
            let dim = theme.style(Role::Dim).patch(over);
            let mut room = list.width.saturating_sub(2);
            if abouts > 0 {
                let about = text::safe(&saved.about);
                let wide = u16::try_from(text::width(&about)).unwrap_or(u16::MAX);
                let left = list.right() - wide.min(abouts);
                text::put(buf, left, y, &about, abouts, dim);
                room -= abouts + 1;
            }
            let half = room / 2;
            let name = saved.name();
            let name = text::truncate_start(&name, usize::from(half.saturating_sub(1)));
            text::put(
                buf,
                list.x + 2,
                y,
                &name,
                half,
                theme.style(Role::Text).patch(over),
            );
            let target = text::safe(&saved.target);
            text::put(buf, list.x + 2 + half, y, &target, room - half, dim);
        }
    }

    /// Where the cursor is.
    pub fn cursor(&self, screen: Rect) -> Option<Position> {
        let area = self.area(screen);
        let width = area.width.checked_sub(4).filter(|w| *w > 0)?;
        if area.height < 3 {
            return None;
        }
        let (_, column) = self.edit.row_and_column();
        let column = column - view::scroll(column, width);
        Some(Position::new(
            area.x + 2 + u16::try_from(column).ok()?,
            area.y + 1,
        ))
    }
}

//! How a sheet looks: a box over the screen with the names of all sheets in its title.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Kind, Page, Sheet};
use crate::tui::overlay;
use crate::tui::paint::Pen;
use crate::tui::state::Tab;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// Keys of every sheet.
const HINTS: &str = "enter show  ←→ other sheets  y copy  esc close";

impl Sheet {
    fn area(screen: Rect) -> Rect {
        overlay::centred(screen, screen.width, screen.height.saturating_sub(2).max(4))
    }

    /// Columns inside of the box.
    pub fn width(screen: Rect) -> usize {
        usize::from(Sheet::area(screen).width.saturating_sub(4))
    }

    /// Rows of the list that are seen at a time.
    pub fn rows(screen: Rect, page: &Page) -> usize {
        let inside = usize::from(Sheet::area(screen).height.saturating_sub(2));
        inside.saturating_sub(page.notes.len() + usize::from(!page.head.is_empty()))
    }

    /// Draws it over the screen.
    pub fn draw(&self, tab: &Tab, secrets: bool, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let page = self.page(tab, Sheet::width(screen), secrets);
        let area = Sheet::area(screen);
        let hints = match page.hints {
            "" => HINTS.to_owned(),
            own => format!("{own}  {HINTS}"),
        };
        let inner = overlay::frame(area, "", &hints, buf, theme);
        self.names(area, buf, theme);
        let mut y = 0u16;
        for words in &page.notes {
            line(buf, inner, y, words, None, theme);
            y = y.saturating_add(1);
        }
        if page.rows.is_empty() {
            let style = theme.style(Role::Dim);
            Pen::new(buf, inner, y).put(page.empty, style);
            return;
        }
        if !page.head.is_empty() {
            Pen::new(buf, inner, y).put(&page.head, theme.style(Role::Dim));
            y = y.saturating_add(1);
        }
        let height = Sheet::rows(screen, &page);
        let chosen = self.chosen.min(page.rows.len() - 1);
        let from = overlay::first_row(chosen, page.rows.len(), height as u16);
        for (at, row) in page.rows.iter().enumerate().skip(from).take(height) {
            let background = (at == chosen).then(|| theme.style(Role::Selected));
            line(buf, inner, y, &row.words, background, theme);
            y = y.saturating_add(1);
        }
        let style = theme.style(Role::Accent);
        let x = area.right().saturating_sub(4);
        if from > 0 {
            text::put(buf, x, area.y, " ↑ ", 3, style);
        }
        if from + height < page.rows.len() {
            text::put(buf, x, area.bottom().saturating_sub(1), " ↓ ", 3, style);
        }
    }

    /// The names of all sheets on the border, this one's set off.
    fn names(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let narrow = usize::from(area.width) < 62;
        let mut pen = Pen::new(buf, area, 0);
        pen.gap(2).reserve(5);
        for kind in Kind::ALL {
            if kind == self.kind {
                let shown = format!(" ▸{} ", kind.title());
                pen.put(&shown, theme.style(Role::TitleFocused));
            } else if !narrow {
                pen.put(&format!(" {} ", kind.title()), theme.style(Role::Dim));
            }
        }
    }
}

fn line(
    buf: &mut Buffer,
    inner: Rect,
    y: u16,
    words: &[(String, Role)],
    background: Option<ratatui::style::Style>,
    theme: &Theme,
) {
    let mut pen = Pen::new(buf, inner, y);
    if let Some(style) = background {
        pen.wash(style);
    }
    for (word, role) in words {
        let style = theme.style(*role);
        pen.put(word, background.map_or(style, |under| under.patch(style)));
    }
}

/// The sheet as text, one line a row.
pub(super) fn plain(page: &Page) -> String {
    let words = |words: &[(String, Role)]| {
        let line: String = words.iter().map(|(word, _)| word.as_str()).collect();
        crate::visible::line(line.trim_end()).into_owned()
    };
    let mut lines: Vec<String> = page.notes.iter().map(|note| words(note)).collect();
    if !page.rows.is_empty() && !page.head.is_empty() {
        lines.push(page.head.trim_end().to_owned());
    }
    lines.extend(page.rows.iter().map(|row| words(&row.words)));
    lines.push(String::new());
    lines.join("\n")
}

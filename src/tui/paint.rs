//! Putting words into cells: what every pane draws with.
//!
//! Text that came from the network goes through [`super::text`] here, in one place, so that no
//! pane can forget it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text;

/// Writes words into one row of cells from left to right, and never beyond its end.
pub struct Pen<'a> {
    buf: &'a mut Buffer,
    x: u16,
    y: u16,
    end: u16,
}

impl<'a> Pen<'a> {
    /// A pen at the start of row `row` (from 0) of `area`; it writes nothing where the row lies
    /// outside.
    pub fn new(buf: &'a mut Buffer, area: Rect, row: u16) -> Pen<'a> {
        let area = area.intersection(buf.area);
        let y = area.y.saturating_add(row);
        let end = if y < area.bottom() {
            area.right()
        } else {
            area.x
        };
        Pen {
            buf,
            x: area.x,
            y,
            end,
        }
    }

    /// Cells that are left.
    pub fn left(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Column of the next cell.
    pub fn x(&self) -> u16 {
        self.x
    }

    /// Writes `words`, made safe, cut with `…` where they do not fit.
    pub fn put(&mut self, words: &str, style: Style) -> &mut Self {
        if self.left() == 0 {
            return self;
        }
        let used = text::put(
            self.buf,
            self.x,
            self.y,
            &text::safe(words),
            self.left(),
            style,
        );
        self.x = self.x.saturating_add(used);
        self
    }

    /// Leaves `cells` cells free.
    pub fn gap(&mut self, cells: u16) -> &mut Self {
        self.x = self.x.saturating_add(cells).min(self.end);
        self
    }

    /// Says that something was cut off, on the last cell that was written.
    pub fn cut(&mut self, style: Style) -> &mut Self {
        if let Some(x) = self.x.checked_sub(1) {
            dot(self.buf, x, self.y, "…", style);
        }
        self
    }

    /// Keeps `cells` cells at the row's end free.
    pub fn reserve(&mut self, cells: u16) -> &mut Self {
        self.end = self.end.saturating_sub(cells).max(self.x);
        self
    }

    /// Goes to a column counted from the start of the screen, if it lies further on.
    pub fn to(&mut self, x: u16) -> &mut Self {
        self.x = self.x.max(x).min(self.end);
        self
    }

    /// Writes `words` in a column of `width` cells, and goes to its end.
    pub fn column(&mut self, words: &str, width: u16, style: Style) -> &mut Self {
        let next = self.x.saturating_add(width).min(self.end);
        let room = next.saturating_sub(self.x);
        if room > 0 {
            text::put(self.buf, self.x, self.y, &text::safe(words), room, style);
        }
        self.x = next;
        self
    }

    /// Writes `words` so that they end at the row's end, where there is room for them.
    pub fn right(&mut self, words: &str, style: Style) -> &mut Self {
        let safe = text::safe(words);
        let width = u16::try_from(text::width(&safe)).unwrap_or(u16::MAX);
        if width <= self.left() {
            let x = self.end - width;
            text::put(self.buf, x, self.y, &safe, width, style);
            self.end = x;
        }
        self
    }

    /// Gives the whole row a style (a background), whatever is written on it.
    pub fn wash(&mut self, style: Style) -> &mut Self {
        let area = Rect {
            x: self.x,
            y: self.y,
            width: self.left(),
            height: 1,
        };
        self.buf.set_style(area.intersection(self.buf.area), style);
        self
    }
}

/// Writes one character where the cell lies on the screen.
pub fn dot(buf: &mut Buffer, x: u16, y: u16, symbol: &str, style: Style) {
    if let Some(cell) = buf.cell_mut((x, y)) {
        cell.set_symbol(symbol).set_style(style);
    }
}

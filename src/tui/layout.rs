//! Where things lie on the screen. **Pure**: a size and the chosen splits in, rectangles out.
//!
//! Three shapes: *wide* (the whole picture), *narrow* (one pane at a time), *too small* (a
//! sentence). Sizes are cut to what is there, so any size from 1x1 on gives rectangles that
//! lie inside the screen.

use ratatui::layout::Rect;

/// From this width and height on the whole picture is shown.
pub const WIDE: (u16, u16) = (100, 28);
/// Below this there is a sentence instead of a screen.
pub const SMALLEST: (u16, u16) = (40, 10);

/// A part of the screen that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pane {
    /// State of the connection.
    Connection,
    /// The namespaces and their counts.
    Namespaces,
    /// Losses and attempts.
    Reconnects,
    /// What the diagnosis concluded.
    Findings,
    /// The frame log.
    Frames,
    /// What the selected row holds.
    Detail,
    /// The composer.
    Compose,
}

impl Pane {
    /// All panes in the order in which `tab` walks them; the place (from 1) is the key of the
    /// first six.
    pub const ALL: [Pane; 7] = [
        Pane::Connection,
        Pane::Namespaces,
        Pane::Reconnects,
        Pane::Findings,
        Pane::Frames,
        Pane::Detail,
        Pane::Compose,
    ];

    /// The title on its border.
    pub fn title(self) -> &'static str {
        match self {
            Pane::Connection => "Connection",
            Pane::Namespaces => "Namespaces",
            Pane::Reconnects => "Reconnects",
            Pane::Findings => "Findings",
            Pane::Frames => "Frames",
            Pane::Detail => "Packet",
            Pane::Compose => "Compose",
        }
    }

    /// The pane that comes `by` places later (or earlier) in the walk.
    pub fn step(self, by: isize) -> Pane {
        let all = Pane::ALL;
        let at = all.iter().position(|pane| *pane == self).unwrap_or(0);
        let len = all.len() as isize;
        let next = (at as isize + by).rem_euclid(len) as usize;
        all.get(next).copied().unwrap_or(Pane::Frames)
    }
}

/// The person's choice of sizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Splits {
    /// Columns of the left side, borders included.
    pub side: u16,
    /// Share of the right side's height that the frame log takes, in thousandths.
    pub frames: u16,
}

impl Default for Splits {
    fn default() -> Splits {
        Splits {
            side: 35,
            frames: 520,
        }
    }
}

/// Which shape the screen has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Everything at once.
    Wide,
    /// One pane at a time.
    Narrow,
    /// A sentence.
    TooSmall,
}

/// How much each part would like to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wishes {
    /// Rows of the connection pane.
    pub connection: u16,
    /// Rows of the namespace pane.
    pub namespaces: u16,
    /// Rows of the findings; 0 hides them where room is short.
    pub findings: u16,
    /// Rows of the composer.
    pub compose: u16,
}

impl Default for Wishes {
    fn default() -> Wishes {
        Wishes {
            connection: 6,
            namespaces: 1,
            findings: 0,
            compose: 2,
        }
    }
}

/// A pane's place: the row of its title and the cells inside its borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Which pane.
    pub pane: Pane,
    /// Row of the title, with the corners left and right.
    pub title: Rect,
    /// Inside of the borders.
    pub inner: Rect,
}

/// Everything's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Which shape.
    pub shape: Shape,
    /// The whole screen.
    pub screen: Rect,
    /// Tabs and totals (wide), or the one-line state (narrow).
    pub top: Rect,
    /// The panes that are shown, in drawing order.
    pub slots: Vec<Slot>,
    /// The last line: hints, or the prompt.
    pub hints: Rect,
    /// The column on which the left and the right side meet, where there are both.
    pub divide: Option<u16>,
}

/// A border that can be dragged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Between the left and the right side.
    Side,
    /// Between frame log and detail.
    Frames,
}

impl Layout {
    /// Works out all places. `only` shows one pane in the whole body (zoom).
    pub fn new(screen: Rect, splits: Splits, wishes: Wishes, focus: Pane, only: bool) -> Layout {
        let mut layout = Layout {
            shape: shape(screen),
            screen,
            top: Rect {
                height: screen.height.min(1),
                ..screen
            },
            slots: Vec::new(),
            hints: Rect {
                y: screen.bottom().saturating_sub(1).max(screen.y),
                height: screen.height.min(1),
                ..screen
            },
            divide: None,
        };
        match layout.shape {
            Shape::TooSmall => {}
            Shape::Narrow => layout.one(focus, wishes),
            Shape::Wide if only => layout.one(focus, wishes),
            Shape::Wide => layout.all(splits, wishes),
        }
        layout
    }

    /// The place of a pane, where it is shown.
    pub fn slot(&self, pane: Pane) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.pane == pane)
    }

    /// The pane that lies under a cell.
    pub fn pane_at(&self, x: u16, y: u16) -> Option<Pane> {
        self.slots
            .iter()
            .find(|slot| contains(slot.inner, x, y) || contains(slot.title, x, y))
            .map(|slot| slot.pane)
    }

    /// The border under a cell, if it can be dragged.
    pub fn edge_at(&self, x: u16, y: u16) -> Option<Edge> {
        let divide = self.divide?;
        let detail = self.slot(Pane::Detail)?;
        let bottom = self
            .slot(Pane::Compose)
            .map_or(self.hints.y, |slot| slot.title.y);
        if (x == divide || x == divide + 1) && y > self.top.y && y < bottom {
            return Some(Edge::Side);
        }
        (y == detail.title.y && x > divide).then_some(Edge::Frames)
    }

    /// The splits after dragging `edge` to a cell.
    pub fn drag(&self, splits: Splits, edge: Edge, x: u16, y: u16) -> Splits {
        match edge {
            Edge::Side => Splits {
                side: x
                    .saturating_sub(self.screen.x)
                    .saturating_add(1)
                    .clamp(20, 200),
                ..splits
            },
            Edge::Frames => {
                let top = self.slot(Pane::Frames).map_or(1, |slot| slot.title.y);
                let end = self
                    .slot(Pane::Compose)
                    .map_or(self.hints.y, |slot| slot.title.y);
                let whole = u32::from(end.saturating_sub(top)).max(1);
                let share = u32::from(y.saturating_sub(top)) * 1_000 / whole;
                Splits {
                    frames: share.clamp(100, 900) as u16,
                    ..splits
                }
            }
        }
    }

    fn body(&self) -> Rect {
        Rect {
            y: self.screen.y + self.top.height,
            height: self
                .screen
                .height
                .saturating_sub(self.top.height + self.hints.height),
            ..self.screen
        }
    }

    fn one(&mut self, focus: Pane, wishes: Wishes) {
        let mut body = self.body();
        if focus == Pane::Compose {
            // Composing without seeing what happens would be blind: the log stays above it.
            let want = wishes.compose.min(body.height.saturating_sub(6)).max(2);
            let compose = Rect {
                y: body.bottom().saturating_sub(want + 1),
                height: want + 1,
                ..body
            };
            body.height = body.height.saturating_sub(compose.height);
            self.push(Pane::Frames, body);
            self.push(Pane::Compose, compose);
        } else {
            self.push(focus, body);
        }
    }

    fn all(&mut self, splits: Splits, wishes: Wishes) {
        let body = self.body();
        let compose_rows = wishes.compose.clamp(2, body.height / 3);
        let upper = Rect {
            height: body.height.saturating_sub(compose_rows + 1),
            ..body
        };
        let side = splits.side.clamp(20, body.width.saturating_sub(50));
        let left = Rect {
            width: side,
            ..upper
        };
        let right = Rect {
            x: upper.x + side,
            width: upper.width.saturating_sub(side),
            ..upper
        };
        self.divide = Some(left.right().saturating_sub(1));
        self.left(left, wishes);
        let frames = (u32::from(right.height) * u32::from(splits.frames) / 1_000) as u16;
        let frames = frames.clamp(4, right.height.saturating_sub(4).max(4));
        self.push(
            Pane::Frames,
            Rect {
                height: frames,
                ..right
            },
        );
        self.push(
            Pane::Detail,
            Rect {
                y: right.y + frames,
                height: right.height.saturating_sub(frames),
                ..right
            },
        );
        self.push(
            Pane::Compose,
            Rect {
                y: upper.bottom(),
                height: compose_rows + 1,
                ..body
            },
        );
    }

    /// Connection first, then the namespaces, the findings, and the reconnects get the rest.
    fn left(&mut self, left: Rect, wishes: Wishes) {
        let mut rest = left.height;
        let connection = (wishes.connection + 1).min(rest);
        rest -= connection;
        let namespaces = (wishes.namespaces.clamp(1, 12) + 1)
            .min(rest * 2 / 5)
            .max(2)
            .min(rest);
        rest -= namespaces;
        // An empty findings pane is shown only where there is plenty of room.
        let findings = match wishes.findings {
            0 if rest >= 12 => 2,
            0 => 0,
            rows => (rows + 1).min(rest / 2),
        };
        rest -= findings;
        let mut y = left.y;
        for (pane, height) in [
            (Pane::Connection, connection),
            (Pane::Namespaces, namespaces),
            (Pane::Reconnects, rest),
            (Pane::Findings, findings),
        ] {
            if height > 0 {
                self.push(pane, Rect { y, height, ..left });
            }
            y += height;
        }
    }

    fn push(&mut self, pane: Pane, area: Rect) {
        if area.height == 0 || area.width < 2 {
            return;
        }
        self.slots.push(Slot {
            pane,
            title: Rect { height: 1, ..area },
            inner: Rect {
                x: area.x + 1,
                y: area.y + 1,
                width: area.width - 2,
                height: area.height - 1,
            },
        });
    }
}

fn shape(screen: Rect) -> Shape {
    if screen.width < SMALLEST.0 || screen.height < SMALLEST.1 {
        Shape::TooSmall
    } else if screen.width < WIDE.0 || screen.height < WIDE.1 {
        Shape::Narrow
    } else {
        Shape::Wide
    }
}

fn contains(area: Rect, x: u16, y: u16) -> bool {
    area.contains(ratatui::layout::Position { x, y })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_lies_inside_every_screen() {
        for width in 0..210 {
            for height in 0..64 {
                let screen = Rect::new(0, 0, width, height);
                for focus in Pane::ALL {
                    for only in [false, true] {
                        let wishes = Wishes {
                            findings: 5,
                            namespaces: 9,
                            compose: 9,
                            ..Wishes::default()
                        };
                        let layout = Layout::new(screen, Splits::default(), wishes, focus, only);
                        for slot in &layout.slots {
                            assert_eq!(
                                slot.inner.intersection(screen),
                                slot.inner,
                                "{width}x{height} {slot:?}"
                            );
                            assert_eq!(
                                slot.title.intersection(screen),
                                slot.title,
                                "{width}x{height} {slot:?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_focused_pane_is_always_shown_unless_the_screen_is_too_small() {
        for (width, height) in [
            (40, 10),
            (80, 24),
            (99, 60),
            (100, 28),
            (120, 36),
            (200, 60),
        ] {
            for focus in Pane::ALL {
                if focus == Pane::Findings {
                    continue;
                }
                let layout = Layout::new(
                    Rect::new(0, 0, width, height),
                    Splits::default(),
                    Wishes::default(),
                    focus,
                    false,
                );
                assert!(
                    layout.slot(focus).is_some(),
                    "{focus:?} at {width}x{height}"
                );
            }
        }
    }

    #[test]
    fn dragging_the_side_border_moves_it_under_the_pointer() {
        let screen = Rect::new(0, 0, 120, 36);
        let layout = Layout::new(
            screen,
            Splits::default(),
            Wishes::default(),
            Pane::Frames,
            false,
        );
        let splits = layout.drag(Splits::default(), Edge::Side, 44, 10);
        let after = Layout::new(screen, splits, Wishes::default(), Pane::Frames, false);
        assert_eq!(after.divide, Some(44));
    }
}

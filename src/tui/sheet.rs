//! Sheets: each answers one question about the session with a list that the keys walk through.
//!
//! **Floor 5**, pure. A [`Page`] is made from the state whenever one is drawn or a key is
//! pressed; a [`Sheet`] remembers only where the person is. What a key asks for goes out as an
//! [`Outcome`].

mod acks;
mod asks;
mod buffer;
mod recovery;
mod statistics;
mod timeline;
mod view;

#[cfg(test)]
mod tests;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::pane::connection::Words;
use super::state::Tab;

/// Which question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Which of our acks came, and when?
    Acks,
    /// Which of the server's questions wait for us?
    Asks,
    /// What waits until it can be sent?
    Buffer,
    /// Was anything recovered, and why not?
    Recovery,
    /// When was there a connection, over what, and how did it end?
    Timeline,
    /// Which events are there, how many, how large, how fast?
    Statistics,
}

impl Kind {
    /// All sheets, in the order in which the keys turn them.
    pub const ALL: [Kind; 6] = [
        Kind::Acks,
        Kind::Asks,
        Kind::Buffer,
        Kind::Recovery,
        Kind::Timeline,
        Kind::Statistics,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Acks => "Acks",
            Kind::Asks => "Asks",
            Kind::Buffer => "Buffer",
            Kind::Recovery => "Recovery",
            Kind::Timeline => "Timeline",
            Kind::Statistics => "Statistics",
        }
    }

    fn turned(self, by: isize) -> Kind {
        let all = Kind::ALL;
        let at = all.iter().position(|kind| *kind == self).unwrap_or(0) as isize;
        let next = (at + by).rem_euclid(all.len() as isize);
        all.get(next as usize).copied().unwrap_or(self)
    }
}

/// By what the statistics are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The most frequent first.
    #[default]
    Count,
    /// The most bytes first.
    Bytes,
    /// The slowest answers first.
    Latency,
    /// By namespace and name.
    Name,
}

impl Order {
    fn next(self) -> Order {
        match self {
            Order::Count => Order::Bytes,
            Order::Bytes => Order::Latency,
            Order::Latency => Order::Name,
            Order::Name => Order::Count,
        }
    }
}

/// What stands behind a row, for its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// A record at most.
    Record,
    /// A question of the server.
    Ask {
        /// Namespace.
        nsp: String,
        /// Ack id.
        id: u64,
        /// Event that asked.
        event: String,
        /// It was answered already.
        answered: bool,
    },
    /// An event in the offline buffer.
    Waiting {
        /// Namespace.
        nsp: String,
        /// The packet's text.
        packet: String,
    },
}

/// One line of a sheet.
#[derive(Debug, Clone)]
pub struct Row {
    /// What is seen.
    pub words: Words,
    /// The record to go to.
    pub n: Option<u64>,
    /// What the keys act on.
    pub of: Of,
}

impl Row {
    fn of_record(words: Words, n: Option<u64>) -> Row {
        Row {
            words,
            n,
            of: Of::Record,
        }
    }
}

/// A sheet as it is now.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// What is said above the columns: totals, or why.
    pub notes: Vec<Words>,
    /// Names of the columns.
    pub head: String,
    /// The list.
    pub rows: Vec<Row>,
    /// What is said where the list is empty.
    pub empty: &'static str,
    /// The keys of this sheet alone.
    pub hints: &'static str,
}

/// Where the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sheet {
    /// The question.
    pub kind: Kind,
    /// The chosen row.
    pub chosen: usize,
    /// How the statistics are sorted.
    pub order: Order,
    /// How often the timeline was magnified; each time doubles.
    pub zoom: u8,
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it.
    Closed,
    /// Go to this record in the frame log.
    Show(u64),
    /// Write an answer to the server.
    Answer {
        /// Namespace.
        nsp: String,
        /// Ack id.
        id: u64,
        /// Event that asked.
        event: String,
        /// Once more, on purpose.
        again: bool,
    },
    /// Change an event that waits.
    Edit {
        /// Namespace.
        nsp: String,
        /// The packet's text.
        packet: String,
    },
    /// Drop an event that waits.
    Drop {
        /// Namespace.
        nsp: String,
        /// The packet's text.
        packet: String,
    },
    /// Hold events back from now on.
    Hold,
    /// Let them go.
    Flush,
    /// Copy the sheet as text.
    Copy(String),
}

/// What a sheet is made from.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    /// The session.
    pub tab: &'a Tab,
    /// Columns inside of the box.
    pub width: usize,
    /// Secrets are shown.
    pub secrets: bool,
}

impl Sheet {
    /// The first row of a sheet; of the timeline, the newest.
    pub fn new(kind: Kind) -> Sheet {
        Sheet {
            kind,
            chosen: if kind == Kind::Timeline {
                usize::MAX
            } else {
                0
            },
            order: Order::default(),
            zoom: 0,
        }
    }

    /// The sheet as it is now.
    pub fn page(&self, tab: &Tab, width: usize, secrets: bool) -> Page {
        let look = Look {
            tab,
            width,
            secrets,
        };
        match self.kind {
            Kind::Acks => acks::page(look),
            Kind::Asks => asks::page(look),
            Kind::Buffer => buffer::page(look),
            Kind::Recovery => recovery::page(look),
            Kind::Timeline => timeline::page(look, self.chosen, self.zoom),
            Kind::Statistics => statistics::page(look, self.order),
        }
    }

    /// A key; `rows` is how many of the list are seen at a time.
    pub fn update(&mut self, key: KeyEvent, page: &Page, rows: usize) -> Outcome {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.contains(KeyModifiers::ALT) {
            return Outcome::Ignored;
        }
        let last = page.rows.len().saturating_sub(1);
        let chosen = self.chosen.min(last);
        let half = (rows / 2).max(1);
        let go = |to: usize| to.min(last);
        match (key.code, ctrl) {
            (KeyCode::Char('d'), true) => self.chosen = go(chosen + half),
            (KeyCode::Char('u'), true) => self.chosen = chosen.saturating_sub(half),
            (_, true) => return Outcome::Ignored,
            (KeyCode::Esc | KeyCode::Char('q'), _) => return Outcome::Closed,
            (KeyCode::Up | KeyCode::Char('k'), _) => self.chosen = chosen.saturating_sub(1),
            (KeyCode::Down | KeyCode::Char('j'), _) => self.chosen = go(chosen + 1),
            (KeyCode::PageUp, _) => self.chosen = chosen.saturating_sub(rows.max(1)),
            (KeyCode::PageDown, _) => self.chosen = go(chosen + rows.max(1)),
            (KeyCode::Home | KeyCode::Char('g'), _) => self.chosen = 0,
            (KeyCode::End | KeyCode::Char('G'), _) => self.chosen = last,
            (KeyCode::Left | KeyCode::BackTab | KeyCode::Char('h'), _) => {
                *self = Sheet::new(self.kind.turned(-1));
            }
            (KeyCode::Right | KeyCode::Tab | KeyCode::Char('l'), _) => {
                *self = Sheet::new(self.kind.turned(1));
            }
            (KeyCode::Enter, _) => {
                let n = page.rows.get(chosen).and_then(|row| row.n);
                return n.map_or(Outcome::Ignored, Outcome::Show);
            }
            (KeyCode::Char('y'), _) => return Outcome::Copy(view::plain(page)),
            (KeyCode::Char(c), _) => return self.own(c, page.rows.get(chosen).map(|row| &row.of)),
            _ => return Outcome::Ignored,
        }
        Outcome::Changed
    }

    /// A key of this sheet alone.
    fn own(&mut self, key: char, of: Option<&Of>) -> Outcome {
        match (self.kind, key, of) {
            (
                Kind::Asks,
                'a',
                Some(Of::Ask {
                    nsp,
                    id,
                    event,
                    answered,
                }),
            ) => Outcome::Answer {
                nsp: nsp.clone(),
                id: *id,
                event: event.clone(),
                again: *answered,
            },
            (Kind::Buffer, 'e', Some(Of::Waiting { nsp, packet })) => Outcome::Edit {
                nsp: nsp.clone(),
                packet: packet.clone(),
            },
            (Kind::Buffer, 'D', Some(Of::Waiting { nsp, packet })) => Outcome::Drop {
                nsp: nsp.clone(),
                packet: packet.clone(),
            },
            (Kind::Buffer, 'H', _) => Outcome::Hold,
            (Kind::Buffer, 'F', _) => Outcome::Flush,
            (Kind::Timeline, '+', _) => {
                self.zoom = (self.zoom + 1).min(timeline::MOST_ZOOM);
                Outcome::Changed
            }
            (Kind::Timeline, '-', _) => {
                self.zoom = self.zoom.saturating_sub(1);
                Outcome::Changed
            }
            (Kind::Statistics, 's', _) => {
                self.order = self.order.next();
                self.chosen = 0;
                Outcome::Changed
            }
            _ => Outcome::Ignored,
        }
    }
}

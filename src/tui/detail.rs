//! What the selected row holds, in four views. **Pure**: made once when the selection changes.

pub mod hex;
pub mod json;
pub mod meta;
pub mod read;
pub mod tree;

use bytes::Bytes;

use super::composer::Draft;
use super::dialog::copy::Row as CopyRow;
use super::log::RowId;
use super::theme::Role;
use tree::Tree;

/// The four views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// The JSON as a tree.
    #[default]
    Tree,
    /// The text as it crossed the wire.
    Raw,
    /// The bytes with their offsets.
    Hex,
    /// Everything about it: record, headers, timing.
    Meta,
}

impl View {
    /// All views in order.
    pub const ALL: [View; 4] = [View::Tree, View::Raw, View::Hex, View::Meta];

    /// Its word on the border.
    pub fn name(self) -> &'static str {
        match self {
            View::Tree => "Tree",
            View::Raw => "Raw",
            View::Hex => "Hex",
            View::Meta => "Meta",
        }
    }

    /// The view `by` places further.
    pub fn step(self, by: isize) -> View {
        let at = View::ALL.iter().position(|view| *view == self).unwrap_or(0) as isize;
        let next = (at + by).rem_euclid(View::ALL.len() as isize) as usize;
        View::ALL.get(next).copied().unwrap_or_default()
    }
}

/// What was read for a row.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// One line that says what it is.
    pub head: Vec<(String, Role)>,
    /// The data as a tree.
    pub tree: Tree,
    /// Why there is no tree, where there is none.
    pub no_tree: String,
    /// The text as it crossed the wire, a line each, made safe.
    pub raw: Vec<String>,
    /// The bytes, attachments included.
    pub bytes: Bytes,
    /// The bytes hold a secret that is covered.
    pub covered: bool,
    /// Name and value, in groups that begin with an empty value.
    pub meta: Vec<(String, String)>,
    /// Record of the other side of an ack or of an exchange.
    pub other: Option<u64>,
    /// The draft that would send it again, for events.
    pub draft: Option<Draft>,
    /// What can be copied of it.
    pub copy: Option<CopyRow>,
}

/// The detail pane's own state.
#[derive(Debug, Clone, Default)]
pub struct Detail {
    /// Which row was read.
    pub id: Option<RowId>,
    /// Which view is shown.
    pub view: View,
    /// What was read.
    pub content: Content,
    /// The row of the view that has the cursor.
    pub at: usize,
    /// First row that is seen.
    pub top: usize,
    /// Rows that fit.
    pub height: usize,
    /// Secrets were shown when it was read.
    pub shown_secrets: bool,
}

impl Detail {
    /// Number of rows of the present view.
    pub fn len(&self) -> usize {
        match self.view {
            View::Tree => self.content.tree.rows().len(),
            View::Raw => self.content.raw.len(),
            View::Hex => hex::rows(self.content.bytes.len()),
            View::Meta => self.content.meta.len(),
        }
    }

    /// True where the view has nothing to show.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves the cursor.
    pub fn step(&mut self, by: isize) {
        self.at = self
            .at
            .saturating_add_signed(by)
            .min(self.len().saturating_sub(1));
        self.settle();
    }

    /// Puts the cursor on a row, or on the last one.
    pub fn go_to(&mut self, at: usize) {
        self.at = at.min(self.len().saturating_sub(1));
        self.settle();
    }

    /// Tells how many rows fit, and brings the cursor into sight.
    pub fn set_height(&mut self, height: usize) {
        self.height = height;
        self.settle();
    }

    /// Shows another view, from its start.
    pub fn show(&mut self, view: View) {
        self.view = view;
        self.at = 0;
        self.top = 0;
    }

    /// Puts in what was read for another row.
    pub fn fill(&mut self, id: RowId, content: Content) {
        if self.id != Some(id) {
            self.at = 0;
            self.top = 0;
        }
        self.id = Some(id);
        self.content = content;
        self.settle();
    }

    fn settle(&mut self) {
        let len = self.len();
        self.at = self.at.min(len.saturating_sub(1));
        self.top = self.top.min(len.saturating_sub(self.height));
        if self.at < self.top {
            self.top = self.at;
        } else if self.height > 0 && self.at >= self.top + self.height {
            self.top = self.at + 1 - self.height;
        }
    }
}

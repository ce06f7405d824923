//! A JSON text as rows that open and close. **Pure.**
//!
//! Only what is open is laid out; opening a node reads that node's level and no other.

use std::collections::BTreeSet;
use std::ops::Range;

use super::json::{self, Shape};

/// Most children of one node that are laid out.
const SHOWN: usize = 5_000;
/// A node is opened at first sight while it has at most this many children.
const OPEN_UP_TO: usize = 40;
/// Levels that are opened at first sight.
const OPEN_LEVELS: usize = 3;

/// One row of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// How deep it lies, from 0.
    pub depth: usize,
    /// Key span (quotes included), or its place in an array, or nothing for the root.
    pub label: Label,
    /// The value's span.
    pub value: Range<usize>,
    /// What it is.
    pub shape: Shape,
    /// Whether its children follow.
    pub open: bool,
}

/// What stands before a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// The root's name.
    Name(&'static str),
    /// Span of a key.
    Key(Range<usize>),
    /// Place in an array.
    Index(usize),
    /// Stands for the children that were not laid out.
    More,
}

/// A JSON text and which of its nodes are open.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    text: String,
    rows: Vec<Row>,
    /// Starts of the nodes that the person closed or opened against the habit.
    turned: BTreeSet<usize>,
    skip_first: bool,
}

impl Tree {
    /// A tree of `text`. With `event`, the root is an argument list whose first element is
    /// the event name, which is left out.
    pub fn new(text: String, event: bool) -> Tree {
        let mut tree = Tree {
            text,
            rows: Vec::new(),
            turned: BTreeSet::new(),
            skip_first: event,
        };
        tree.lay_out();
        tree
    }

    /// The text that the spans point into.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The rows that are laid out.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Opens or closes the node of a row; false where it has no inside.
    pub fn turn(&mut self, row: usize) -> bool {
        let Some(found) = self.rows.get(row) else {
            return false;
        };
        if !matches!(found.shape, Shape::Object | Shape::Array) {
            return false;
        }
        let start = found.value.start;
        if !self.turned.remove(&start) {
            self.turned.insert(start);
        }
        self.lay_out();
        true
    }

    /// The row of the node that holds `row`.
    pub fn parent(&self, row: usize) -> Option<usize> {
        let depth = self.rows.get(row)?.depth;
        self.rows
            .get(..row)?
            .iter()
            .rposition(|other| other.depth < depth)
    }

    fn lay_out(&mut self) {
        self.rows.clear();
        let Some(root) = json::root(&self.text) else {
            return;
        };
        let name = if self.skip_first { "args" } else { "data" };
        // Depth first, with an explicit stack: nesting from the network can't exhaust ours.
        let mut stack = vec![(0usize, Label::Name(name), root)];
        while let Some((depth, label, value)) = stack.pop() {
            if matches!(label, Label::More) {
                self.rows.push(Row {
                    depth,
                    label,
                    value,
                    shape: Shape::Broken,
                    open: false,
                });
                continue;
            }
            let shape = json::shape(&self.text, &value);
            let mut open = false;
            if matches!(shape, Shape::Object | Shape::Array) {
                let (_, many) = json::count(&self.text, &value, OPEN_UP_TO);
                let habit = depth < OPEN_LEVELS && (!many || depth == 0);
                open = habit != self.turned.contains(&value.start);
            }
            if open {
                let (found, more) = json::children(&self.text, &value, SHOWN);
                let skip = usize::from(self.skip_first && depth == 0);
                if more {
                    let end = value.end;
                    stack.push((depth + 1, Label::More, end..end));
                }
                for (at, child) in found.into_iter().enumerate().skip(skip).rev() {
                    let label = match child.key {
                        Some(key) => Label::Key(key),
                        None => Label::Index(at - skip),
                    };
                    stack.push((depth + 1, label, child.value));
                }
            }
            self.rows.push(Row {
                depth,
                label,
                value,
                shape,
                open,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(tree: &Tree) -> Vec<String> {
        tree.rows()
            .iter()
            .map(|row| {
                let label = match &row.label {
                    Label::Name(name) => (*name).to_owned(),
                    Label::Key(key) => json::slice(tree.text(), key).to_owned(),
                    Label::Index(at) => at.to_string(),
                    Label::More => "more".to_owned(),
                };
                format!(
                    "{}{label} {}",
                    " ".repeat(row.depth),
                    json::slice(tree.text(), &row.value)
                )
            })
            .collect()
    }

    #[test]
    fn an_events_name_is_left_out_and_its_arguments_are_counted_from_zero() {
        let tree = Tree::new(r#"["say","room",{"a":1}]"#.into(), true);
        assert_eq!(
            lines(&tree),
            [
                r#"args ["say","room",{"a":1}]"#,
                r#" 0 "room""#,
                r#" 1 {"a":1}"#,
                r#"  "a" 1"#
            ]
        );
    }

    #[test]
    fn turning_a_node_hides_its_inside_and_turning_it_again_brings_it_back() {
        let mut tree = Tree::new(r#"{"a":[1,2]}"#.into(), false);
        let before = lines(&tree);
        assert!(tree.turn(1));
        assert_eq!(tree.rows().len(), 2);
        assert!(tree.turn(1));
        assert_eq!(lines(&tree), before);
        assert!(!tree.turn(2), "a number has no inside");
        assert_eq!(tree.parent(2), Some(1));
    }

    #[test]
    fn a_long_array_is_cut_and_says_so() {
        let text = format!("[{}]", vec!["1"; SHOWN + 5].join(","));
        let tree = Tree::new(text, false);
        assert_eq!(tree.rows().last().unwrap().label, Label::More);
        assert_eq!(tree.rows().len(), SHOWN + 2);
    }
}

//! The screen. **Floor 5.**
//!
//! `update` turns a key into a new state and effects; `draw` turns the state into cells; both are
//! pure. What happens outside is done by `effect`, and `run` is the loop around all of it: draw
//! when something changed, input at once, data at most 30 times a second.

pub mod action;
#[cfg(test)]
mod any_key;
pub mod around;
#[cfg(test)]
mod bench;
pub mod broken;
pub mod clients;
pub mod composer;
pub mod config;
pub mod detail;
pub mod dialog;
pub mod draw;
pub mod edit;
pub mod effect;
pub mod help;
pub mod highlight;
pub mod json;
pub mod keymap;
pub mod layout;
pub mod line;
pub mod log;
pub mod mask;
pub mod mistake;
pub mod overlay;
pub mod paint;
pub mod palette;
pub mod pane;
pub mod prompt;
pub mod remembered;
pub mod replay;
pub mod run;
#[cfg(test)]
mod screens;
pub mod sheet;
pub mod side_by_side;
pub mod state;
mod sweep;
pub mod sync;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod units;
pub mod update;
pub mod why;

#[cfg(test)]
pub(crate) use any_key::{any_key, press, screen};
pub use run::{Start, compared::compare, run};

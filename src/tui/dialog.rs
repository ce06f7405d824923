//! Dialogs: each asks for one thing, over the screen.
//!
//! **Floor 5**, pure. Every dialog has `update(KeyEvent) -> Outcome`, `draw` over the whole
//! screen, and `cursor` where it has a text field.

pub mod answer;
pub mod break_menu;
pub mod confirm;
pub mod connect;
pub mod copy;
mod form;
pub mod join;
pub mod open;

#[cfg(test)]
mod tests;

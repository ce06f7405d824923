//! tui

pub mod action;
pub mod composer;
pub mod config;
pub mod dialog;
pub mod edit;
pub mod help;
pub mod highlight;
pub mod keymap;
pub mod mistake;
pub mod palette;
pub mod prompt;
pub mod text;
pub mod theme;

#[cfg(test)]
mod any_key;
#[cfg(test)]
pub(crate) use any_key::{any_key, press, screen};

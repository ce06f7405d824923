//! tui

pub mod action;
pub mod keymap;
pub mod mistake;
pub mod text;
pub mod theme;

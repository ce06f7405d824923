//! The program in a real terminal: what is seen first, what comes of keys, signals, sizes, stops
//! and deaths, and how the terminal is left.

mod attention;
mod breaks;
mod compared;
mod drafts;
mod endings;
mod hostile;
mod library;
mod panics;
pub mod screen;
mod sizes;
mod stops;

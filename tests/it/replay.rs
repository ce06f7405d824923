//! `sioscope replay`: sessions recorded against real servers, played again against the same ones
//! and against others.

mod auth;
mod check;
mod ends;
mod pace;
mod stage;
mod values;
mod view;

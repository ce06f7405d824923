//! `diff`: arguments, text and JSON.

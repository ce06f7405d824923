//! A record as one line of a session file, and back. **Floor 0.**
//!
//! Writing is on the hot path of everything that is received, so it is done by hand into a
//! `Vec<u8>` ([`write_line`]). Reading ([`parse_line`]) has a fast path for frames in the exact
//! shape that we write, and a tolerant one for all the rest: unknown keys, another order of keys,
//! unknown kinds and lone surrogates never cost a record.
//!
//! Two choices that the format leaves open: the payload of a binary frame is always `b64`, so
//! that one key can be relied on whatever its bytes are (both keys are read); and what a terminal
//! would act on (C1 controls, DEL, bidirectional overrides) is written as `\u` escapes, so that a
//! line may be printed as it is.

mod escape;
mod parse;
#[cfg(test)]
mod tests;
mod write;

pub use parse::{LineError, parse_line, parse_line_or_unknown};
pub(super) use write::{write_head, write_rest, write_verbatim};
pub use write::{write_line, write_line_with};

pub use escape::write_json_string;

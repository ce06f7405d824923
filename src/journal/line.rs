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

/// Whether a line is, by its first bytes in the shape that we write, a record that carries bytes:
/// `frame`, `request` or `response`. False for everything else, other people's shapes included.
pub(super) fn carries_bytes(line: &[u8]) -> bool {
    // `{"n":…,"t":…,"c":…,"k":"` takes at most so many bytes.
    const LONGEST_HEAD: usize = 80;
    let head = line.get(..LONGEST_HEAD).unwrap_or(line);
    let Some(at) = memchr::memmem::find(head, b",\"k\":\"") else {
        return false;
    };
    let kind = head.get(at + 6..).unwrap_or_default();
    [&b"frame\""[..], b"request\"", b"response\""]
        .iter()
        .any(|carrier| kind.starts_with(carrier))
}

//! Secrets taken out of a session, so that it can be shown to others. **Floor 0, pure.**
//!
//! It takes two readings: [`Secrets`] learns what is secret, by name and by shape; a [`Redactor`]
//! then masks each of these values where it was found *and wherever the same value shows up
//! again*, in whatever form: in frames, bodies, URLs, headers and words, percent-encoded, escaped
//! in JSON (or in JSON within JSON), as base64 of either alphabet, in msgpack.
//!
//! What is secret:
//! - every value of an auth payload: CONNECT to the server, and in generation 2 the query behind
//!   its namespace; the private id (`pid`) of connection state recovery;
//! - every cookie, `Authorization`, and whatever else stands in a header, query, cookie or JSON
//!   object under a name that speaks of a secret ([`is_secret_name`]; `key` in a query, too:
//!   [`is_secret_parameter`]);
//! - passwords in URLs, `Bearer …`, and what has the shape of a JSON Web Token.
//!
//! **A mask is exactly as long as what it hides**, in bytes and in UTF-16 units. So each frame
//! still decodes (Engine.IO 3 counts lengths), every size in the session stays true, and a rule
//! of the diagnosis that spoke before still speaks. Equal values get equal masks and others other
//! ones (a number stands in them), so that one still sees whether a token was renewed.
//!
//! The screen, `diff` and whatever else shows a session to its owner use the same names and shapes
//! by [`covered`], which looks at one text and keeps no size.
//!
//! Limits, on purpose:
//! - Values shorter than 4 characters, and numbers of fewer than 5 digits, are masked where their
//!   name stands and not everywhere: `1` is in every frame. The same goes for words that the
//!   protocol itself uses (`polling`, `message`, `true` …) and for the host of the target.
//!   Values of 4 to 7 characters are masked as whole words only.
//! - Binary frames and attachments are searched for the values, also as msgpack and base64. One
//!   that is packed with gzip or zlib and holds a secret is covered whole. What other formats
//!   (pictures, encryption) may hide is not seen.
//! - A text frame that is no text (compressed bytes that could not be inflated) can't be searched:
//!   it is covered whole, byte for byte.

mod connect;
mod mask;
mod msgpack;
mod names;
mod packed;
mod redactor;
mod search;
mod secrets;
mod spots;
#[cfg(test)]
mod tests;
mod veil;
mod views;
mod visit;

pub use mask::is_mask;
pub use names::{is_secret_name, is_secret_parameter, is_secret_place};
pub use redactor::{Masked, Redactor};
pub use secrets::Secrets;
pub use veil::{COVER, covered, covered_bytes};

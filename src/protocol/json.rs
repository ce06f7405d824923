//! A JSON reader that keeps raw text. **Floor 0, pure.**
//!
//! It accepts exactly what JavaScript's `JSON.parse` accepts, also what typed parsers refuse:
//! lone surrogate escapes, numbers beyond a double such as `1e999`, any depth of nesting. It
//! walks the text without recursion, allocates nothing below 128 levels, and every token knows
//! its byte range, so that callers slice instead of parse.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

mod text;
mod tokens;

#[cfg(test)]
mod tests;

pub(crate) use text::is_js_whitespace;
pub use text::{compact, number, quote, unescape};
pub use tokens::{JsonError, JsonErrorKind, Token, TokenKind, Tokens};

/// What a JSON text is, told by its first token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number of any form.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Shape::Object => "an object",
            Shape::Array => "an array",
            Shape::String => "a text",
            Shape::Number => "a number",
            Shape::Bool => "true or false",
            Shape::Null => "null",
        })
    }
}

/// Checks a whole JSON text and says what it is. Whitespace around it is allowed.
///
/// # Errors
/// The first byte that is not JSON.
pub fn validate(text: &str) -> Result<Shape, JsonError> {
    let mut tokens = Tokens::new(text);
    let mut shape = None;
    while let Some(token) = tokens.next_token()? {
        if shape.is_none() {
            shape = Some(token.shape());
        }
    }
    shape.ok_or(JsonError {
        at: text.len(),
        kind: JsonErrorKind::UnexpectedEnd,
    })
}

/// Splits an array into the raw texts of its elements. `None` when the text is no JSON array.
pub fn elements(text: &str) -> Option<Vec<&str>> {
    let mut tokens = Tokens::new(text);
    if tokens.next_token().ok()??.kind != TokenKind::ArrayStart {
        return None;
    }
    let mut out = Vec::new();
    while let Some((start, end)) = next_value(&mut tokens)? {
        out.push(text.get(start..end)?);
    }
    // What follows the closing bracket must be nothing.
    matches!(tokens.next_token(), Ok(None)).then_some(out)
}

/// Splits an object into its members: the key's raw text (with quotes) and the value's raw text,
/// in the order of the text, duplicates included. `None` when the text is no JSON object.
pub fn members(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut tokens = Tokens::new(text);
    if tokens.next_token().ok()??.kind != TokenKind::ObjectStart {
        return None;
    }
    let mut out = Vec::new();
    loop {
        let token = tokens.next_token().ok()??;
        if token.kind != TokenKind::Key {
            break;
        }
        let (start, end) = next_value(&mut tokens)??;
        out.push((text.get(token.start..token.end)?, text.get(start..end)?));
    }
    matches!(tokens.next_token(), Ok(None)).then_some(out)
}

/// Reads one whole value. The inner `None` means that the container ended instead; the outer
/// one that the text is not JSON.
#[allow(clippy::option_option, reason = "malformed and ended differ")]
fn next_value(tokens: &mut Tokens<'_>) -> Option<Option<(usize, usize)>> {
    let first = tokens.next_token().ok()??;
    match first.kind {
        TokenKind::ArrayEnd | TokenKind::ObjectEnd => return Some(None),
        TokenKind::ArrayStart | TokenKind::ObjectStart => {}
        _ => return Some(Some((first.start, first.end))),
    }
    let outer = tokens.depth().saturating_sub(1);
    loop {
        let token = tokens.next_token().ok()??;
        if tokens.depth() == outer {
            return Some(Some((first.start, token.end)));
        }
    }
}

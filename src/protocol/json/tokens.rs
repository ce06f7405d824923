//! The pull parser under [`json`](super): one token at a time, no recursion.

use super::Shape;

/// Where and why a text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {at}")]
pub struct JsonError {
    /// Byte offset in the text.
    pub at: usize,
    /// The reason.
    pub kind: JsonErrorKind,
}

/// The reason of a [`JsonError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonErrorKind {
    /// The text ended inside a value.
    #[error("the text ends too early")]
    UnexpectedEnd,
    /// A value should stand here.
    #[error("a value is expected")]
    ExpectedValue,
    /// A quoted key should stand here.
    #[error("a key in double quotes is expected")]
    ExpectedKey,
    /// A colon should stand here.
    #[error("a colon is expected")]
    ExpectedColon,
    /// A comma or the end of the array or object should stand here.
    #[error("a comma or a closing bracket is expected")]
    ExpectedCommaOrEnd,
    /// Text after the end of the value.
    #[error("text after the end of the value")]
    TrailingText,
    /// A control character inside a string must be escaped.
    #[error("a control character inside a string")]
    ControlCharacter,
    /// A backslash followed by something that is no escape.
    #[error("an unknown escape")]
    BadEscape,
    /// A number such as `01`, `1.` or `-`.
    #[error("a malformed number")]
    BadNumber,
}

/// What a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// `]`
    ArrayEnd,
    /// The name of a member, with its quotes.
    Key,
    /// A string value, with its quotes.
    String,
    /// A number.
    Number,
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
}

/// One token and its byte range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Offset of its first byte.
    pub start: usize,
    /// Offset after its last byte.
    pub end: usize,
}

impl Token {
    /// The shape of the value that this token opens.
    pub fn shape(self) -> Shape {
        match self.kind {
            TokenKind::ObjectStart | TokenKind::ObjectEnd => Shape::Object,
            TokenKind::ArrayStart | TokenKind::ArrayEnd => Shape::Array,
            TokenKind::Key | TokenKind::String => Shape::String,
            TokenKind::Number => Shape::Number,
            TokenKind::True | TokenKind::False => Shape::Bool,
            TokenKind::Null => Shape::Null,
        }
    }
}

/// Length of the run at the start of `bytes` that has no quote, backslash or control character.
/// Eight bytes are looked at in one step: strings are most of what goes over the wire.
#[inline]
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const QUOTES: u64 = 0x2222_2222_2222_2222;
    const BACKSLASHES: u64 = 0x5c5c_5c5c_5c5c_5c5c;
    const BLANKS: u64 = 0x2020_2020_2020_2020;
    let mut rest = bytes;
    while let Some((word, tail)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let (quote, backslash) = (word ^ QUOTES, word ^ BACKSLASHES);
        // The lowest mark is exact, and it is the only one that is used.
        let marks = (word.wrapping_sub(BLANKS) & !word
            | quote.wrapping_sub(ONES) & !quote
            | backslash.wrapping_sub(ONES) & !backslash)
            & HIGH;
        if marks != 0 {
            let before = usize::try_from(marks.trailing_zeros() / 8).unwrap_or(0);
            return bytes
                .len()
                .saturating_sub(rest.len())
                .saturating_add(before);
        }
        rest = tail;
    }
    let before = bytes.len().saturating_sub(rest.len());
    let plain = rest
        .iter()
        .position(|&b| b == b'"' || b == b'\\' || b < 0x20);
    before.saturating_add(plain.unwrap_or(rest.len()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
    Nothing,
}

/// Which brackets are open: one bit a level, 128 levels without allocation.
#[derive(Debug, Clone, Default)]
struct Nesting {
    depth: usize,
    bits: u128,
    spilled: Vec<u128>,
}

impl Nesting {
    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(128) {
            self.spilled.push(self.bits);
            self.bits = 0;
        }
        self.bits = (self.bits << 1) | u128::from(object);
        self.depth = self.depth.saturating_add(1);
    }

    fn pop(&mut self) {
        self.bits >>= 1;
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0
            && self.depth.is_multiple_of(128)
            && let Some(bits) = self.spilled.pop()
        {
            self.bits = bits;
        }
    }

    fn in_object(&self) -> bool {
        self.bits & 1 == 1
    }
}

/// Walks a text token by token. After an error or the end, every further call gives the end.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    expect: Expect,
    nesting: Nesting,
}

impl<'a> Tokens<'a> {
    /// Starts at the beginning of a text.
    pub fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            expect: Expect::Value,
            nesting: Nesting::default(),
        }
    }

    /// How many arrays and objects are open after the last token.
    pub fn depth(&self) -> usize {
        self.nesting.depth
    }

    /// The next token; `None` after the end of a complete value.
    ///
    /// # Errors
    /// The first byte that is not JSON.
    pub fn next_token(&mut self) -> Result<Option<Token>, JsonError> {
        let result = self.step();
        if result.is_err() {
            self.at = self.bytes.len();
            self.expect = Expect::Nothing;
            self.nesting = Nesting::default();
        }
        result
    }

    fn step(&mut self) -> Result<Option<Token>, JsonError> {
        self.skip_whitespace();
        if self.expect == Expect::CommaOrEnd {
            match self.peek() {
                Some(b',') => {
                    self.advance(1);
                    self.skip_whitespace();
                    self.expect = if self.nesting.in_object() {
                        Expect::Key
                    } else {
                        Expect::Value
                    };
                }
                Some(b'}') if self.nesting.in_object() => return Ok(Some(self.close())),
                Some(b']') if !self.nesting.in_object() => return Ok(Some(self.close())),
                Some(_) => return Err(self.error(JsonErrorKind::ExpectedCommaOrEnd)),
                None => return Err(self.error(JsonErrorKind::UnexpectedEnd)),
            }
        }
        let Some(byte) = self.peek() else {
            return if self.expect == Expect::Nothing {
                Ok(None)
            } else {
                Err(self.error(JsonErrorKind::UnexpectedEnd))
            };
        };
        match self.expect {
            Expect::Nothing => Err(self.error(JsonErrorKind::TrailingText)),
            Expect::KeyOrEnd if byte == b'}' => Ok(Some(self.close())),
            Expect::Key | Expect::KeyOrEnd => {
                if byte != b'"' {
                    return Err(self.error(JsonErrorKind::ExpectedKey));
                }
                let token = self.string(TokenKind::Key)?;
                self.skip_whitespace();
                match self.peek() {
                    Some(b':') => self.advance(1),
                    Some(_) => return Err(self.error(JsonErrorKind::ExpectedColon)),
                    None => return Err(self.error(JsonErrorKind::UnexpectedEnd)),
                }
                self.expect = Expect::Value;
                Ok(Some(token))
            }
            Expect::ValueOrEnd if byte == b']' => Ok(Some(self.close())),
            _ => self.value(byte).map(Some),
        }
    }

    fn value(&mut self, byte: u8) -> Result<Token, JsonError> {
        let token = match byte {
            b'{' => return Ok(self.open(TokenKind::ObjectStart, Expect::KeyOrEnd)),
            b'[' => return Ok(self.open(TokenKind::ArrayStart, Expect::ValueOrEnd)),
            b'"' => self.string(TokenKind::String)?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.literal(b"true", TokenKind::True)?,
            b'f' => self.literal(b"false", TokenKind::False)?,
            b'n' => self.literal(b"null", TokenKind::Null)?,
            _ => return Err(self.error(JsonErrorKind::ExpectedValue)),
        };
        self.after_value();
        Ok(token)
    }

    fn after_value(&mut self) {
        self.expect = if self.nesting.depth == 0 {
            Expect::Nothing
        } else {
            Expect::CommaOrEnd
        };
    }

    fn open(&mut self, kind: TokenKind, expect: Expect) -> Token {
        let start = self.at;
        self.advance(1);
        self.nesting.push(kind == TokenKind::ObjectStart);
        self.expect = expect;
        Token {
            kind,
            start,
            end: self.at,
        }
    }

    fn close(&mut self) -> Token {
        let kind = if self.nesting.in_object() {
            TokenKind::ObjectEnd
        } else {
            TokenKind::ArrayEnd
        };
        let start = self.at;
        self.advance(1);
        self.nesting.pop();
        self.after_value();
        Token {
            kind,
            start,
            end: self.at,
        }
    }

    fn string(&mut self, kind: TokenKind) -> Result<Token, JsonError> {
        let start = self.at;
        self.advance(1);
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.advance(plain_run(rest));
            match self.peek() {
                Some(b'"') => {
                    self.advance(1);
                    return Ok(Token {
                        kind,
                        start,
                        end: self.at,
                    });
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.error(JsonErrorKind::ControlCharacter)),
                None => return Err(self.error(JsonErrorKind::UnexpectedEnd)),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let backslash = self.at;
        self.advance(1);
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.advance(1),
            Some(b'u') => {
                self.advance(1);
                for _ in 0..4 {
                    match self.peek() {
                        Some(b) if b.is_ascii_hexdigit() => self.advance(1),
                        Some(_) => {
                            return Err(JsonError {
                                at: backslash,
                                kind: JsonErrorKind::BadEscape,
                            });
                        }
                        None => return Err(self.error(JsonErrorKind::UnexpectedEnd)),
                    }
                }
            }
            Some(_) => {
                return Err(JsonError {
                    at: backslash,
                    kind: JsonErrorKind::BadEscape,
                });
            }
            None => return Err(self.error(JsonErrorKind::UnexpectedEnd)),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Token, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.advance(1);
        }
        if self.peek() == Some(b'0') {
            self.advance(1);
            if self.peek().is_some_and(|b| b.is_ascii_digit()) {
                return Err(self.error(JsonErrorKind::BadNumber));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.advance(1);
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.advance(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.advance(1);
            }
            self.digits()?;
        }
        Ok(Token {
            kind: TokenKind::Number,
            start,
            end: self.at,
        })
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.error(if rest.is_empty() {
                JsonErrorKind::UnexpectedEnd
            } else {
                JsonErrorKind::BadNumber
            }));
        }
        self.advance(count);
        Ok(())
    }

    fn literal(&mut self, word: &[u8], kind: TokenKind) -> Result<Token, JsonError> {
        let start = self.at;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.error(JsonErrorKind::ExpectedValue));
        }
        self.advance(word.len());
        Ok(Token {
            kind,
            start,
            end: self.at,
        })
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.advance(1);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn advance(&mut self, by: usize) {
        self.at = self.at.saturating_add(by);
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError { at: self.at, kind }
    }
}

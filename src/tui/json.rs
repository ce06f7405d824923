//! JSON as a person types it: where it is wrong, and what was expected there.
//!
//! **Floor 5**, pure. What was typed is checked, not parsed: the text of numbers and strings is
//! kept to the byte (a number too large for any integer type is sent as typed), only the white
//! space between is taken out. Nesting costs a byte a level and no call stack.

/// What is wrong with a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct JsonError {
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong and what to write.
    pub what: String,
}

/// The one value of a text, without white space between its tokens.
pub fn value(text: &str) -> Result<String, JsonError> {
    let mut found = scan(text, false)?;
    match (found.pop(), found.is_empty()) {
        (Some(value), true) => Ok(value),
        _ => Err(JsonError {
            at: text.len(),
            what: "expected a value".to_owned(),
        }),
    }
}

/// Values with commas between them, or one array of values, or nothing: the arguments of an
/// event. One argument that is an array is written `[[…]]`.
pub fn values(text: &str) -> Result<Vec<String>, JsonError> {
    let found = scan(text, true)?;
    match found.as_slice() {
        [one] => match one.strip_prefix('[').and_then(|s| s.strip_suffix(']')) {
            Some(inner) => scan(inner, true),
            None => Ok(found),
        },
        _ => Ok(found),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Want {
    Value,
    ValueOrClose,
    Name,
    NameOrClose,
    Colon,
    /// A comma, or what closes the innermost bracket (at the top: the end).
    Comma,
}

fn scan(text: &str, list: bool) -> Result<Vec<String>, JsonError> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut current = String::new();
    // The open brackets, with where they were opened.
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut want = Want::Value;
    let mut at = 0;
    loop {
        while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        let Some(&byte) = bytes.get(at) else {
            break;
        };
        let fail = |what: String| Err(JsonError { at, what });
        match (want, byte) {
            (Want::Value | Want::ValueOrClose, b'[' | b'{') => {
                open.push((byte, at));
                current.push(char::from(byte));
                want = match byte {
                    b'[' => Want::ValueOrClose,
                    _ => Want::NameOrClose,
                };
                at += 1;
            }
            (Want::Comma | Want::ValueOrClose | Want::NameOrClose, b']' | b'}') => {
                let matching = if byte == b']' { b'[' } else { b'{' };
                match open.pop() {
                    Some((bracket, _)) if bracket == matching => {}
                    Some((bracket, opened)) => {
                        return fail(format!(
                            "expected {} for the {} at character {}, found {}",
                            closing(bracket),
                            char::from(bracket),
                            character(text, opened),
                            char::from(byte)
                        ));
                    }
                    None => {
                        return fail(format!("nothing is open that {} closes", char::from(byte)));
                    }
                }
                current.push(char::from(byte));
                want = Want::Comma;
                at += 1;
            }
            (Want::Comma, b',') => {
                want = match open.last() {
                    Some((b'{', _)) => Want::Name,
                    Some(_) => Want::Value,
                    None if list => {
                        found.push(std::mem::take(&mut current));
                        at += 1;
                        want = Want::Value;
                        continue;
                    }
                    None => return fail("expected one value only, found a comma".to_owned()),
                };
                current.push(',');
                at += 1;
            }
            (Want::Colon, b':') => {
                current.push(':');
                want = Want::Value;
                at += 1;
            }
            (Want::Name | Want::NameOrClose, b'"') => {
                at = string(text, at, &mut current)?;
                want = Want::Colon;
            }
            (Want::Value | Want::ValueOrClose, _) => {
                at = match byte {
                    b'"' => string(text, at, &mut current)?,
                    b'-' | b'0'..=b'9' => number(text, at, &mut current)?,
                    _ => word(text, at, &mut current)?,
                };
                want = Want::Comma;
            }
            (Want::Name | Want::NameOrClose, _) => {
                return fail(match byte {
                    b'}' => "a name must follow the comma, or take the comma away".to_owned(),
                    _ => format!(
                        "expected a name in double quotes, found {}",
                        found_here(text, at)
                    ),
                });
            }
            (Want::Colon, _) => {
                return fail(format!(
                    "expected : after the name, found {}",
                    found_here(text, at)
                ));
            }
            (Want::Comma, _) => {
                let or = match open.last() {
                    Some((bracket, _)) => format!("expected , or {}", closing(*bracket)),
                    None if list => "expected a comma between arguments".to_owned(),
                    None => "expected nothing more".to_owned(),
                };
                return fail(format!("{or}, found {}", found_here(text, at)));
            }
        }
    }
    if let Some((bracket, opened)) = open.last() {
        let first = match want {
            Want::Comma | Want::ValueOrClose | Want::NameOrClose => String::new(),
            Want::Colon => "a : and a value, and ".to_owned(),
            Want::Name => "a name and its value, and ".to_owned(),
            Want::Value => "a value, and ".to_owned(),
        };
        return Err(JsonError {
            at: text.len(),
            what: format!(
                "expected {first}{} for the {} at character {}",
                closing(*bracket),
                char::from(*bracket),
                character(text, *opened)
            ),
        });
    }
    if want == Want::Comma {
        found.push(current);
    } else if !(list && found.is_empty()) {
        return Err(JsonError {
            at: text.len(),
            what: match found.is_empty() {
                true => "expected a value".to_owned(),
                false => "expected a value after the comma, or take the comma away".to_owned(),
            },
        });
    }
    Ok(found)
}

fn closing(bracket: u8) -> char {
    if bracket == b'[' { ']' } else { '}' }
}

/// The number of a character, from 1.
fn character(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().chars().count() + 1
}

fn found_here(text: &str, at: usize) -> String {
    match text.get(at..).and_then(|t| t.chars().next()) {
        Some(c) => {
            let shown = crate::visible::line(c.encode_utf8(&mut [0; 4])).into_owned();
            match c {
                '\u{a0}' => "a no-break space".to_owned(),
                _ => shown,
            }
        }
        None => "the end".to_owned(),
    }
}

/// Copies a string; returns where it ends.
fn string(text: &str, start: usize, out: &mut String) -> Result<usize, JsonError> {
    let fail = |at, what: &str| {
        Err(JsonError {
            at,
            what: what.to_owned(),
        })
    };
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                out.push_str(text.get(start..=at).unwrap_or_default());
                return Ok(at + 1);
            }
            b'\\' => match bytes.get(at + 1) {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                Some(b'u') => {
                    let digits = bytes.get(at + 2..at + 6).unwrap_or_default();
                    if digits.len() != 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                        return fail(at, "\\u needs four hexadecimal digits, as in \\u00e9");
                    }
                    at += 6;
                }
                None => return fail(start, "this string has no closing quote"),
                Some(_) => {
                    return fail(
                        at,
                        "unknown escape: it is one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX",
                    );
                }
            },
            b'\n' | b'\r' => return fail(at, "a line break within a string is written \\n"),
            b'\t' => return fail(at, "a tab within a string is written \\t"),
            0..=0x1F => return fail(at, "a control character within a string is written \\uXXXX"),
            _ => at += 1,
        }
    }
    fail(start, "this string has no closing quote")
}

fn number(text: &str, start: usize, out: &mut String) -> Result<usize, JsonError> {
    let bytes = text.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let fail = |at, what: &str| {
        Err(JsonError {
            at,
            what: what.to_owned(),
        })
    };
    let first = start + usize::from(bytes.get(start) == Some(&b'-'));
    let mut at = digits(first);
    if at == first {
        return fail(at, "expected a digit after -");
    }
    if bytes.get(first) == Some(&b'0') && at > first + 1 {
        return fail(
            first,
            "a number has no leading zeros: quote it if it is text",
        );
    }
    if bytes.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        if end == at + 1 {
            return fail(end, "expected a digit after the point");
        }
        at = end;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let end = digits(at + 1 + sign);
        if end == at + 1 + sign {
            return fail(end, "expected a digit in the exponent");
        }
        at = end;
    }
    out.push_str(text.get(start..at).unwrap_or_default());
    Ok(at)
}

fn word(text: &str, start: usize, out: &mut String) -> Result<usize, JsonError> {
    let rest = text.get(start..).unwrap_or_default();
    let end = rest
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(rest.len());
    let word = rest.get(..end).unwrap_or_default();
    if matches!(word, "true" | "false" | "null") {
        out.push_str(word);
        return Ok(start + end);
    }
    let what = match word {
        "" => match rest.chars().next() {
            Some('\'') => "text is written in double quotes, not in single ones".to_owned(),
            Some('`' | '“' | '”' | '„') => {
                "text is written in plain double quotes: \"".to_owned()
            }
            Some(']' | '}') if out.ends_with(':') => "expected a value after the colon".to_owned(),
            Some(']' | '}') if out.ends_with(',') => {
                "expected a value after the comma, or take the comma away".to_owned()
            }
            Some(',') => "expected a value before this comma".to_owned(),
            _ => format!("expected a value, found {}", found_here(text, start)),
        },
        "True" | "TRUE" => "write true".to_owned(),
        "False" | "FALSE" => "write false".to_owned(),
        "None" | "nil" | "undefined" | "NULL" => "write null".to_owned(),
        "NaN" | "Infinity" => format!("JSON has no {word}: write null, or quote it"),
        _ => {
            let shown = crate::visible::line(word);
            let shown = super::text::truncate(&shown, 20);
            format!("text is written in double quotes: \"{shown}\"")
        }
    };
    Err(JsonError { at: start, what })
}

#[cfg(test)]
mod tests;

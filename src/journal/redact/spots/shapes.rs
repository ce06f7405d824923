//! What is a secret by its shape, whatever stands before it.

use super::{Form, Found};

const SCHEMES: [&[u8]; 4] = [b"bearer ", b"basic ", b"token ", b"digest "];

/// Length of the scheme that begins a credential (`Bearer `), 0 where there is none.
pub(super) fn after_scheme(value: &[u8]) -> usize {
    let begins = |scheme: &&&[u8]| {
        value
            .get(..scheme.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    SCHEMES
        .iter()
        .find(begins)
        .filter(|scheme| value.len() > scheme.len())
        .map_or(0, |scheme| scheme.len())
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'-')
}

/// Finds `Bearer …` and JSON Web Tokens.
pub(super) fn tokens<'a>(text: &'a [u8], found: &mut Vec<Found<'a>>) {
    for at in memchr::memmem::find_iter(text, b"earer ") {
        let first = at.checked_sub(1).and_then(|at| text.get(at));
        let from = at + 6;
        let length = run(text, from);
        if matches!(first, Some(b'B' | b'b')) && length >= 6 {
            found.push(Found {
                range: from..from + length,
                place: "bearer",
                name: "token",
                form: Form::Plain,
            });
        }
    }
    for from in memchr::memmem::find_iter(text, b"eyJ") {
        let inside = from
            .checked_sub(1)
            .and_then(|before| text.get(before))
            .is_some_and(u8::is_ascii_alphanumeric);
        let whole = text.get(from..from + run(text, from)).unwrap_or_default();
        let parts: Vec<usize> = whole.split(|byte| *byte == b'.').map(<[u8]>::len).collect();
        if !inside && matches!(parts[..], [head, claims, _] if head >= 10 && claims >= 4) {
            found.push(Found {
                range: from..from + whole.len(),
                place: "jwt",
                name: "token",
                form: Form::Plain,
            });
        }
    }
}

fn run(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.iter().take_while(|byte| is_of_token(**byte)).count()
}

/// Finds passwords before the host of a URL.
pub(super) fn passwords<'a>(text: &'a [u8], found: &mut Vec<Found<'a>>) {
    for at in memchr::memmem::find_iter(text, b"://") {
        let from = at + 3;
        let rest = text.get(from..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\\' | 0..=0x20))
            .unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or_default();
        let Some(host) = memchr::memrchr(b'@', authority) else {
            continue;
        };
        let user = authority.get(..host).unwrap_or_default();
        if let Some(colon) = memchr::memchr(b':', user) {
            found.push(Found {
                range: from + colon + 1..from + host,
                place: "url",
                name: "password",
                form: Form::Percent,
            });
        }
    }
}

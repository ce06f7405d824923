//! `--auth` and `-n NSP=AUTH`: where an auth payload comes from, checked as far as can be.

use std::path::PathBuf;

use serde_json::value::RawValue;

use crate::cli::UsageError;
use crate::client::options::{Auth, NamespaceAuth};

/// Reads `JSON`, `@FILE` or `!COMMAND`; `option` is named in mistakes.
pub fn parse(text: &str, option: &str) -> Result<Auth, UsageError> {
    if let Some(file) = text.strip_prefix('@') {
        let path = PathBuf::from(file);
        let held = std::fs::read_to_string(&path)
            .map_err(|error| UsageError(format!("{option}: cannot read {file}: {error}")))?;
        check(held.trim(), &format!("{option}: {file}"), false)?;
        return Ok(Auth::File(path));
    }
    if let Some(command) = text.strip_prefix('!') {
        if command.trim().is_empty() {
            return Err(UsageError(format!(
                "{option}: ! needs a command that prints the JSON"
            )));
        }
        return Ok(Auth::Command(command.to_owned()));
    }
    check(text, option, true)?;
    Ok(Auth::Json(text.to_owned()))
}

/// A CONNECT payload is an object; servers refuse others, and a number would be read as an ack id.
/// `typed` tells that the text stands on the command line: what a file holds is a secret and is
/// not repeated.
fn check(text: &str, place: &str, typed: bool) -> Result<(), UsageError> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) if raw.get().starts_with('{') => Ok(()),
        Ok(_) => Err(UsageError(format!(
            "{place}: an auth payload must be a JSON object, as in '{{\"token\":\"x\"}}'"
        ))),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let shown = match typed {
                true => format!(" in {}", excerpt(text, line, column)),
                false => String::new(),
            };
            Err(UsageError(format!(
                "{place}: not JSON at line {line}, column {column}: {}{shown}; write it as in \
                 '{{\"token\":\"x\"}}' (@FILE reads a file, !COMMAND runs one)",
                reason(&error),
            )))
        }
    }
}

/// serde_json's reason without its own "at line …".
pub fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

/// The text around a mistake, short enough for one line.
pub fn excerpt(text: &str, line: usize, column: usize) -> String {
    const AROUND: usize = 20;
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    // serde_json counts bytes; a cut inside a character is moved by collecting characters.
    let from = column.saturating_sub(AROUND);
    let to = column.saturating_add(AROUND);
    let part: String = line
        .char_indices()
        .filter(|(at, _)| (from..to).contains(at))
        .map(|(_, character)| character)
        .collect();
    format!("`{part}`")
}

/// Reads `-n`'s `NSP` or `NSP=AUTH`.
///
/// Generation 2 lets a namespace carry a query, `/chat?room=1`, so a `=` behind a `?` begins an
/// auth only where a `{` follows.
pub fn namespace(text: &str) -> Result<NamespaceAuth, UsageError> {
    let cut = match (text.find("={"), text.find('='), text.find('?')) {
        (Some(at), ..) => Some(at),
        (None, Some(at), None) => Some(at),
        (None, Some(at), Some(query)) if at < query => Some(at),
        _ => None,
    };
    let (nsp, auth) = match cut.and_then(|at| text.split_at_checked(at)) {
        Some((nsp, auth)) => (nsp, Some(auth.trim_start_matches('='))),
        None => (text, None),
    };
    let auth = auth
        .map(|auth| parse(auth, &format!("-n {nsp}")))
        .transpose()?;
    Ok(NamespaceAuth {
        nsp: name(nsp, "-n")?,
        auth,
    })
}

/// A namespace's name with its leading `/`.
pub fn name(text: &str, place: &str) -> Result<String, UsageError> {
    let text = text.trim();
    if text.contains(',') {
        return Err(UsageError(format!(
            "{place}: {text}: a namespace can't hold a comma (the protocol ends it there); repeat the option for several"
        )));
    }
    Ok(if text.starts_with('/') {
        text.to_owned()
    } else {
        format!("/{text}")
    })
}

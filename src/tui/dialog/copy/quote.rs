//! Words for a POSIX shell.
//!
//! **Floor 5**, pure.

use std::fmt::Write as _;

/// A text as one word of a shell's line: bare where nothing in it means anything to a shell, in
/// single quotes otherwise. Control characters are written as numbers, so that pasting the line
/// can't act on the terminal.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    // A word that begins with = is expanded by zsh.
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('=') {
        return text.to_owned();
    }
    if text
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t')
    {
        return printed(text);
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// By way of `printf '%b'`, which every POSIX shell has. `$(…)` drops line breaks at its end, so
/// those stand behind it.
fn printed(text: &str) -> String {
    let body = text.trim_end_matches('\n');
    let ends = text.get(body.len()..).unwrap_or_default();
    let mut out = String::from("\"$(printf '%b' '");
    for c in body.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("'\\''"),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    // Writing into a String can't fail.
                    let _ = write!(out, "\\0{byte:03o}");
                }
            }
            c => out.push(c),
        }
    }
    out.push_str("')\"");
    if !ends.is_empty() {
        out.push('\'');
        out.push_str(ends);
        out.push('\'');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_quoted_where_they_must_be() {
        let cases = [
            ("plain-1.2/x:y", "plain-1.2/x:y"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("{\"a\":\"$(rm -rf /)`x`\"}", "'{\"a\":\"$(rm -rf /)`x`\"}'"),
            ("=x", "'=x'"),
            ("~", "'~'"),
            ("!x", "'!x'"),
            ("é", "'é'"),
            ("a\u{1e}b\\n'c", "\"$(printf '%b' 'a\\0036b\\\\n'\\''c')\""),
        ];
        for (text, quoted) in cases {
            assert_eq!(word(text), quoted, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_shell_reads_back_what_was_written(text in "[^\\x00]{0,24}|[\\x01-\\x7f]{0,24}") {
            let line = format!("printf '%s' {}", word(&text));
            let out = std::process::Command::new("sh").arg("-c").arg(&line).output().unwrap();
            prop_assert_eq!(String::from_utf8_lossy(&out.stdout), text.as_str(), "{}", line);
        }
    }
}

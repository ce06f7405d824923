//! Writes a draft as TOML, to stand at the end of a file of drafts.
//!
//! What is there is looked at first, and what is written is read again before it is handed out:
//! nothing goes to a file that [`super::parse`] would refuse or read as something else.

use std::fmt::Write as _;

use super::{Draft, Mistake, read};

/// Why a draft can't be added to a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritten {
    /// The file has a mistake already.
    #[error("{0}")]
    Mistake(Mistake),
    /// The file has a draft of this name.
    #[error("{line}:1: there is a draft {name:?} already; take another name")]
    Taken {
        /// The name.
        name: String,
        /// Line of the draft that has it, from 1.
        line: usize,
    },
    /// It would not be read as it is.
    #[error("{0}")]
    Unfit(String),
}

/// What to append to a file that holds `text`, so that it has this draft, too: its name,
/// namespace, event, arguments, ack and timeout.
///
/// # Errors
/// A mistake in `text`, the name is taken, or TOML or JSON as they are read here can't hold it.
pub(super) fn addition(text: &str, draft: &Draft) -> Result<String, Unwritten> {
    let before = read::drafts_if_any(text).map_err(Unwritten::Mistake)?;
    if let Some(other) = before.iter().find(|other| other.name == draft.name) {
        return Err(Unwritten::Taken {
            name: draft.name.clone(),
            line: other.line,
        });
    }
    let mut out = String::new();
    let lines = text.trim_end_matches([' ', '\t']);
    match lines {
        "" => {}
        text if text.ends_with("\n\n") => {}
        text if text.ends_with('\n') => out.push('\n'),
        _ => out.push_str("\n\n"),
    }
    out.push_str(&table(draft));
    let unfit = |what: String| Unwritten::Unfit(format!("a draft can't hold this event: {what}"));
    let after = read::drafts_if_any(&format!("{text}{out}"))
        .map_err(|mistake| unfit(mistake.what))?
        .pop()
        .ok_or_else(|| unfit("it is not read again".to_owned()))?;
    let same = Draft {
        line: draft.line,
        ..after
    } == *draft;
    match same {
        true => Ok(out),
        false => Err(unfit("it would be read as another one".to_owned())),
    }
}

fn table(draft: &Draft) -> String {
    let mut out = String::from("[[draft]]\n");
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(out, "{key} = {value}");
    };
    line("name", &basic(&draft.name));
    if let Some(nsp) = &draft.nsp {
        line("nsp", &basic(nsp));
    }
    line("event", &basic(&draft.event));
    if draft.args != "[]" {
        line("args", &literal(&draft.args));
    }
    if draft.ack {
        line("ack", "true");
    }
    if let Some(ms) = draft.timeout_ms {
        line("timeout_ms", &ms.to_string());
    }
    out
}

/// In single quotes, where nothing is escaped, so that JSON stays as it is; else in double ones.
fn literal(text: &str) -> String {
    match text.chars().any(|c| c == '\'' || c.is_control()) {
        true => basic(text),
        false => format!("'{text}'"),
    }
}

/// In double quotes.
fn basic(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Also what can't be seen: a file is to be read by people, too.
            c if crate::visible::is_hidden(c) => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collection::parse;

    fn draft(name: &str, event: &str, args: &str) -> Draft {
        Draft {
            name: name.to_owned(),
            line: 1,
            nsp: Some("/chat".to_owned()),
            event: event.to_owned(),
            args: args.to_owned(),
            ack: false,
            timeout_ms: None,
            within_ms: None,
            groups: Vec::new(),
            secret: Vec::new(),
        }
    }

    #[test]
    fn a_draft_is_written_so_that_a_person_can_read_it() {
        let plain = draft("greet", "say", r#"["room1",{"text":"hi"}]"#);
        assert_eq!(
            addition("", &plain).unwrap(),
            "[[draft]]\nname = \"greet\"\nnsp = \"/chat\"\nevent = \"say\"\nargs = '[\"room1\",{\"text\":\"hi\"}]'\n"
        );
        let asking = Draft {
            nsp: None,
            ack: true,
            timeout_ms: Some(250),
            ..draft("a", "ask", "[]")
        };
        assert_eq!(
            addition("", &asking).unwrap(),
            "[[draft]]\nname = \"a\"\nevent = \"ask\"\nack = true\ntimeout_ms = 250\n"
        );
    }

    #[test]
    fn whatever_an_event_holds_is_read_again_as_it_was() {
        let huge = format!("[\"{}\"]", "x".repeat(1 << 20));
        for (name, event, args) in [
            ("log in", "log in", "[]"),
            ("\"quoted\" 'twice'", "it's", r#"["it's"]"#),
            ("ümläut 🦀", "приве́т", r#"["漢字","e\u0301"]"#),
            (
                "tab\there",
                "line\nbreak\u{1}\u{7f}\u{202e}",
                "[\"\\n\\u0001\",\"\u{7f}\"]",
            ),
            ("back\\slash", "\\", r#"["\\","\"","'''"]"#),
            ("numbers", "n", "[1.50,12345678901234567890123,1e400,-0]"),
            (
                "binary",
                "up",
                r#"[{"$binary":"AQI="},{"a":{"$binary":""}}]"#,
            ),
            ("braces", "{{x}}", r#"["{{name}} {{"]"#),
            ("hash # and = and [x]", "#", r##"["#"]"##),
            ("huge", "h", &huge),
        ] {
            let draft = draft(name, event, args);
            let text = addition("", &draft).expect(name);
            assert_eq!(parse(&text).expect(name), [draft], "{text}");
        }
    }

    #[test]
    fn what_is_in_the_file_stays_and_the_draft_stands_below_it() {
        for before in [
            "",
            "# nothing yet",
            "# nothing yet\n",
            "[[draft]]\nname = 'one'\nevent = 'e'",
            "[[draft]]\nname = 'one'\nevent = 'e'\n\n",
            "[[draft]]\r\nname = 'one'\r\nevent = 'e'\r\n",
            "[[draft]]\nname = 'one'\nevent = 'e'\n[draft.expect]\nack = true\n",
        ] {
            let added = addition(before, &draft("two", "e", "[1]")).expect(before);
            let drafts = parse(&format!("{before}{added}")).expect(before);
            assert_eq!(drafts.last().unwrap().name, "two");
            assert_eq!(drafts.len(), if before.contains("one") { 2 } else { 1 });
        }
    }

    #[test]
    fn what_can_not_be_added_says_why_and_where() {
        let mut nowhere = draft("two", "e", "[]");
        nowhere.nsp = Some("/a,b".to_owned());
        for (before, new, said) in [
            (
                "\n[[draft]]\nname = 'two'\nevent = 'e'",
                draft("two", "e", "[]"),
                "2:1: there is a draft \"two\" already",
            ),
            (
                "[[draft]]\nname = 'one'\nevnt = 'e'",
                draft("two", "e", "[]"),
                "3:1: unknown key \"evnt\"",
            ),
            (
                "[vars]\na = 1",
                draft("two", "e", "[]"),
                "1:2: unknown key \"vars\"",
            ),
            ("x = ", draft("two", "e", "[]"), "1:"),
            (
                "draft = [{ name = 'one', event = 'e' }]",
                draft("two", "e", "[]"),
                "can't hold this event",
            ),
            (
                "",
                draft("", "e", "[]"),
                "can't hold this event: it is empty",
            ),
            ("", nowhere, "can't hold this event: a namespace can't hold"),
        ] {
            let error = addition(before, &new).expect_err(said).to_string();
            assert!(error.contains(said), "{before}: {error}");
        }
    }
}

//! Text from the network as a person may see it.
//!
//! **Floor 0**, pure. Whatever a server sends, no character of it may command a terminal, turn
//! the direction of the text, or hide. Such characters are replaced by something that can be
//! seen: C0 controls and DEL by their pictures (`␛`), all others by their number (`<U+202E>`).
//! Both faces write text from outside through this module.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Combining marks in a row that are passed on; what is stacked higher is shown by number.
const MARKS_IN_A_ROW: usize = 4;

/// Whether a character commands, turns, hides or joins, and so is never passed on as it is.
///
/// These are Unicode's categories Cc, Cf, Zl and Zp, and its default-ignorable characters but for
/// the two variation selectors that emoji use.
pub fn is_hidden(c: char) -> bool {
    matches!(
        u32::from(c),
        0x00..=0x1F
            | 0x7F..=0x9F
            | 0xAD
            | 0x034F
            | 0x0600..=0x0605
            | 0x061C
            | 0x06DD
            | 0x070F
            | 0x0890..=0x0891
            | 0x08E2
            | 0x115F..=0x1160
            | 0x17B4..=0x17B5
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0x3164
            | 0xFE00..=0xFE0D
            | 0xFEFF
            | 0xFFA0
            | 0xFFF0..=0xFFFB
            | 0x110BD
            | 0x110CD
            | 0x13430..=0x1343F
            | 0x1BCA0..=0x1BCA3
            | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF
    )
}

/// Appends the visible form of a character that [`is_hidden`].
pub fn push_shown(out: &mut String, c: char) {
    let n = u32::from(c);
    let picture = match n {
        0x00..=0x1F => char::from_u32(0x2400 + n),
        0x7F => Some('␡'),
        _ => None,
    };
    match picture {
        Some(picture) => out.push(picture),
        None => {
            // Writing into a String can't fail.
            let _ = write!(out, "<U+{n:04X}>");
        }
    }
}

/// Whether a character is drawn onto the one before it and takes no column of its own.
fn is_mark(c: char) -> bool {
    // Control characters have no width either, but they are shown in another way.
    !is_hidden(c) && unicode_width::UnicodeWidthChar::width(c) == Some(0)
}

/// The text as one line: newlines and tabs are shown as `␊` and `␉`.
pub fn line(text: &str) -> Cow<'_, str> {
    show(text, |_| false)
}

/// The text as lines: newlines (and the return before them) and tabs stay what they are.
pub fn lines(text: &str) -> Cow<'_, str> {
    let text = match text.contains("\r\n") {
        true => Cow::Owned(text.replace("\r\n", "\n")),
        false => Cow::Borrowed(text),
    };
    let keep = |c| matches!(c, '\n' | '\t');
    match text {
        Cow::Borrowed(text) => show(text, keep),
        Cow::Owned(text) => Cow::Owned(show(&text, keep).into_owned()),
    }
}

/// Bytes as one line: what is not UTF-8 is shown as `<0xFF>`.
pub fn bytes(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len());
    for chunk in data.utf8_chunks() {
        out.push_str(&line(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(out, "<0x{byte:02X}>");
        }
    }
    out
}

fn show(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    // Nearly everything is printable ASCII: look once, copy nothing.
    if text
        .bytes()
        .all(|b| (0x20..0x7F).contains(&b) || (b < 0x20 && keep(char::from(b))))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    // Marks may stand on a character only; at the start, and after what was replaced, they would
    // be drawn onto something that is not theirs.
    let mut base = false;
    let mut marks = 0;
    for c in text.chars() {
        if keep(c) {
            out.push(c);
            base = false;
            marks = 0;
        } else if is_hidden(c) {
            push_shown(&mut out, c);
            base = false;
            marks = 0;
        } else if is_mark(c) {
            marks += 1;
            if base && marks <= MARKS_IN_A_ROW {
                out.push(c);
            } else {
                let _ = write!(out, "<U+{:04X}>", u32::from(c));
                base = false;
            }
        } else {
            out.push(c);
            base = true;
            marks = 0;
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_characters_are_shown() {
        let cases = [
            ("plain", "plain"),
            ("\u{1b}[31mred", "␛[31mred"),
            ("a\0b", "a␀b"),
            ("a\u{7f}", "a␡"),
            ("\u{9b}31m", "<U+009B>31m"),
            ("\u{85}", "<U+0085>"),
            ("a\tb\r\nc", "a␉b␍␊c"),
            ("x\u{202e}cod.exe", "x<U+202E>cod.exe"),
            ("\u{2066}i\u{2069}", "<U+2066>i<U+2069>"),
            ("a\u{200b}b\u{200d}c", "a<U+200B>b<U+200D>c"),
            ("\u{feff}bom", "<U+FEFF>bom"),
            ("a\u{2028}b", "a<U+2028>b"),
            ("tag\u{e0041}", "tag<U+E0041>"),
            ("soft\u{ad}hyphen", "soft<U+00AD>hyphen"),
            ("\u{301}alone", "<U+0301>alone"),
            ("e\u{301}", "e\u{301}"),
            ("\u{1b}\u{301}", "␛<U+0301>"),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
            ("\u{fe0f}", "<U+FE0F>"),
            ("日本 🙂 ä", "日本 🙂 ä"),
        ];
        for (text, shown) in cases {
            assert_eq!(line(text), shown, "{text:?}");
        }
    }

    #[test]
    fn stacked_marks_do_not_climb_over_other_lines() {
        let zalgo = format!("a{}", "\u{301}".repeat(50));
        let shown = line(&zalgo);
        assert!(shown.starts_with("a\u{301}\u{301}\u{301}\u{301}<U+0301>"));
        assert_eq!(shown.matches('\u{301}').count(), 4);
    }

    #[test]
    fn lines_keep_newlines_and_tabs_only() {
        assert_eq!(lines("a\r\nb\tc\u{1b}\rd"), "a\nb\tc␛␍d");
    }

    #[test]
    fn harmless_text_is_not_copied() {
        assert!(matches!(line("{\"a\":1}"), Cow::Borrowed(_)));
        assert!(matches!(lines("a\n\tb"), Cow::Borrowed(_)));
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_by_number() {
        assert_eq!(bytes(b"ok\xff\xfe\x1b"), "ok<0xFF><0xFE>␛");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_ever_passed_on(text in "\\PC*|.*", raw: Vec<u8>) {
            prop_assert!(!line(&text).chars().any(is_hidden));
            prop_assert!(!lines(&text).chars().any(|c| is_hidden(c) && c != '\n' && c != '\t'));
            prop_assert!(!bytes(&raw).chars().any(is_hidden));
        }
        #[test]
        fn showing_twice_changes_nothing(text: String) {
            let once = line(&text).into_owned();
            prop_assert_eq!(line(&once), once.as_str());
        }
    }
}

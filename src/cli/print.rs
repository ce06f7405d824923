//! What is printed: data to stdout, and text from outside made safe for the terminal that stderr
//! may be.

use std::borrow::Cow;
use std::io::Write as _;

use super::{Exit, complain};

/// Writes to stdout; a reader that has gone away has seen enough.
pub fn to_stdout(bytes: &[u8]) -> Exit {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(format_args!("cannot write to stdout: {error}"));
            Exit::Usage
        }
    }
}

/// The text as one line in which nothing commands the terminal.
pub fn safe(text: &str) -> Cow<'_, str> {
    crate::visible::line(text)
}

/// A URL as it may be said: a password in it is not.
pub fn url(url: &url::Url) -> String {
    let mut shown = url.clone();
    if shown.password().is_some() && shown.set_password(Some("***")).is_err() {
        return shown.host_str().unwrap_or("the server").to_owned();
    }
    shown.to_string()
}

/// A JSON array from the network as one line for stdout: still the same JSON, but every
/// character that a terminal would act on is escaped.
pub fn json_line(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            // Line breaks and tabs can stand between tokens only.
            '\n' | '\r' | '\t' => line.push(' '),
            _ if crate::visible::is_hidden(character) => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    line.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => line.push(character),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_said() {
        let shown = url(&"http://user:secret@h:3000/chat".parse().unwrap());
        assert_eq!(shown, "http://user:***@h:3000/chat");
        assert_eq!(url(&"http://h/".parse().unwrap()), "http://h/");
    }

    #[test]
    fn what_commands_a_terminal_is_escaped_and_the_json_stays_the_same() {
        let json = "[\"\u{9b}31m\u{202e}x\u{7f}\u{e0041}\",\n1]";
        let line = json_line(json);
        assert_eq!(line, "[\"\\u009b31m\\u202ex\\u007f\\udb40\\udc41\", 1]");
        let (before, after): (serde_json::Value, serde_json::Value) = (
            serde_json::from_str(json).unwrap(),
            serde_json::from_str(&line).unwrap(),
        );
        assert_eq!(before, after);
    }
}

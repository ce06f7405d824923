//! Lines from stdin, numbered.

use std::io::{BufRead, BufReader, Read};

use tokio::sync::mpsc;

/// How many lines are read ahead.
const AHEAD: usize = 64;
/// The longest line that is taken.
const LONGEST: u64 = 256 << 20;

/// A line: its number, from 1, and its text or why it could not be read.
pub type Line = (u64, Result<String, String>);

/// Reads lines on a thread of its own, because reading stdin can't be cancelled. The channel
/// closes at the end of input.
pub fn read(input: impl Read + Send + 'static) -> mpsc::Receiver<Line> {
    let (lines, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let mut input = BufReader::new(input);
        for number in 1.. {
            let mut bytes = Vec::new();
            let read = input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes);
            let line = match &read {
                Ok(0) => return,
                Ok(_) => String::from_utf8(bytes).map_err(|error| {
                    format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to())
                }),
                Err(error) => Err(format!("cannot read stdin: {error}")),
            };
            // A line in another encoding is only skipped; a read error would come again for ever.
            if lines.blocking_send((number, line)).is_err() || read.is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    async fn all(input: impl Read + Send + 'static) -> Vec<Line> {
        let mut receiver = read(input);
        let mut lines = Vec::new();
        while let Some(line) = receiver.recv().await {
            lines.push(line);
        }
        lines
    }

    #[tokio::test]
    async fn lines_are_numbered_and_the_last_needs_no_line_break() {
        let lines = all(&b"one\n\nthree"[..]).await;
        let text = |text: &str| Ok(text.to_owned());
        assert_eq!(
            lines,
            [(1, text("one\n")), (2, text("\n")), (3, text("three"))]
        );
    }

    #[tokio::test]
    async fn a_line_in_another_encoding_is_told_and_the_next_ones_are_read() {
        let lines = all((&b"a\xff\n"[..]).chain(&b"two\n"[..])).await;
        assert_eq!(lines[0], (1, Err("not UTF-8 at byte 1".to_owned())));
        assert_eq!(lines[1], (2, Ok("two\n".to_owned())));
        assert_eq!(lines.len(), 2);
    }

    #[tokio::test]
    async fn a_read_error_is_told_once_and_ends_the_input() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("cut"))
            }
        }
        let lines = all(Broken).await;
        assert_eq!(lines, [(1, Err("cannot read stdin: cut".to_owned()))]);
    }
}

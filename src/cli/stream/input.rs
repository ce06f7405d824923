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
            let line = match input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes) {
                Ok(0) => return,
                Ok(_) => String::from_utf8(bytes).map_err(|error| {
                    format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to())
                }),
                Err(error) => Err(format!("cannot read stdin: {error}")),
            };
            let failed = line.is_err();
            if lines.blocking_send((number, line)).is_err() {
                return;
            }
            // A read error would come again for ever; a line in another encoding is only skipped.
            if failed && input.buffer().is_empty() {
                return;
            }
        }
    });
    receiver
}

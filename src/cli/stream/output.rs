//! Records to stdout: a cursor into the journal, and a large buffer.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::status::Status;
use crate::journal::line::write_line_with;
use crate::journal::record::{Body, Gap};
use crate::journal::{Journal, Record};
use crate::model::Decoder;
use crate::model::decode::packets_member;

/// Records that one call takes at most, so that commands and signals get their turn.
const SLICE: u64 = 4_096;
/// The buffer is handed to the system when it is this full.
const FULL: usize = 128 << 10;
/// The longest time that a line waits in the buffer.
const FLUSH_EVERY: Duration = Duration::from_millis(100);

/// Where the records go.
pub struct Output<W> {
    writer: W,
    /// `--quiet`: nothing is written, the records are only noted.
    quiet: bool,
    buffer: Vec<u8>,
    decoder: Decoder,
    /// Next record to take.
    next: u64,
    flushed: Instant,
}

impl<W: Write> Output<W> {
    /// Begins with the session's first line.
    pub fn new(writer: W, quiet: bool, journal: &Journal) -> Output<W> {
        let header = journal.header();
        let mut buffer = Vec::new();
        if !quiet {
            buffer.extend_from_slice(header.to_line().trim_end().as_bytes());
            buffer.push(b'\n');
        }
        Output {
            writer,
            quiet,
            buffer,
            decoder: Decoder::new(header.parser.as_deref()),
            next: 1,
            flushed: Instant::now(),
        }
    }

    /// No records are printed.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Number of the newest record that was taken.
    pub fn seen(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// Takes the next slice of records: notes them in `status` and writes them. True if there are
    /// more right now.
    pub fn pull(&mut self, journal: &Journal, status: &mut Status) -> io::Result<bool> {
        let mut left = SLICE;
        let mut expected = self.next;
        if self.quiet {
            // Frames tell nothing about how things stand: a flood of them is passed over.
            let next = journal.scan_states(self.next, |record| {
                status.note(&record);
                ControlFlow::Continue(())
            });
            self.next = next.max(self.next);
            return Ok(false);
        }
        let next = journal.scan(self.next, |record| {
            if record.n > expected {
                self.missed(&record, expected);
            }
            expected = record.n.saturating_add(1);
            status.note(&record);
            self.write(&record);
            left = left.saturating_sub(1);
            if left == 0 || self.buffer.len() >= FULL {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        self.next = next.max(self.next);
        let more = left == 0 || self.buffer.len() >= FULL;
        if !more || self.buffer.len() >= FULL || self.flushed.elapsed() >= FLUSH_EVERY {
            self.flush()?;
        }
        Ok(more)
    }

    fn write(&mut self, record: &Record) {
        let packets = packets_member(&mut self.decoder, record);
        write_line_with(&mut self.buffer, record, packets.as_deref());
        self.buffer.push(b'\n');
    }

    /// Without a file the journal's memory is bounded: what a slow reader of stdout did not get in
    /// time is said as a gap, not passed over.
    fn missed(&mut self, record: &Record, expected: u64) {
        let lost = record.n.saturating_sub(expected);
        let gap = Record {
            n: expected,
            t: record.t,
            c: None,
            body: Body::Gap(Gap {
                records: lost,
                bytes: 0,
            }),
        };
        self.write(&gap);
    }

    /// Hands everything on.
    pub fn flush(&mut self) -> io::Result<()> {
        self.flushed = Instant::now();
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self
            .writer
            .write_all(&self.buffer)
            .and_then(|()| self.writer.flush());
        self.buffer.clear();
        written
    }
}

#[cfg(test)]
mod tests;

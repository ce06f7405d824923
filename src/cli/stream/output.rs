//! Records to stdout: a cursor into the journal, and a large buffer.
//!
//! Findings are printed where they were concluded. They are not in the journal, but the lines on
//! stdout are a session file of their own, numbered without holes: a finding takes the next
//! number there, the records behind it move on by one, and its evidence names lines of stdout.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::status::Status;
use crate::diagnosis::Diagnosis;
use crate::journal::line::write_line_with;
use crate::journal::record::{Body, Gap};
use crate::journal::{Journal, Record};
use crate::model::decode::member_of;
use crate::model::{Decoder, Model, Packet};

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
    model: Model,
    diagnosis: Diagnosis,
    /// The diagnosis had something new when it was last asked.
    revision: u64,
    /// The record behind which each finding was printed, in order.
    findings: Vec<u64>,
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
            model: Model::default(),
            diagnosis: Diagnosis::new(header.source).for_target(&header.target),
            revision: 0,
            findings: Vec::new(),
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
            self.take(record);
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

    /// For those who print nothing and ask for no state: what was recorded by now counts as seen,
    /// and is not read back.
    pub fn pass_over(&mut self, journal: &Journal) {
        self.next = journal.len().saturating_add(1).max(self.next);
    }

    /// Prints a record, and what the diagnosis concludes from it.
    fn take(&mut self, record: Record) {
        let packets = self.decoder.decode(&record);
        self.model.apply(&record, &packets);
        self.diagnosis.take(&record, &packets, &self.model);
        let (n, t) = (record.n, record.t);
        self.write(record, &packets);
        self.conclude(n, t);
    }

    fn write(&mut self, mut record: Record, packets: &[Packet]) {
        record.n = self.shown(record.n);
        let member = member_of(&record, packets);
        write_line_with(&mut self.buffer, &record, member.as_deref());
        self.buffer.push(b'\n');
    }

    /// Prints what the diagnosis has to say after record `n`.
    fn conclude(&mut self, n: u64, t: u64) {
        if self.diagnosis.revision() == self.revision {
            return;
        }
        self.revision = self.diagnosis.revision();
        for mut finding in self.diagnosis.fresh() {
            for evidence in &mut finding.evidence {
                *evidence = self.shown(*evidence);
            }
            let printed = self.findings.len() as u64;
            let record = Record {
                n: n.saturating_add(printed).saturating_add(1),
                t,
                c: None,
                body: Body::Finding(finding),
            };
            write_line_with(&mut self.buffer, &record, None);
            self.buffer.push(b'\n');
            self.findings.push(n);
        }
    }

    /// The number on stdout of the record `n`.
    fn shown(&self, n: u64) -> u64 {
        let before = self.findings.partition_point(|after| *after < n);
        n.saturating_add(before as u64)
    }

    /// Tells the diagnosis the time, `now` in session microseconds: some rules speak of silence.
    /// Only for a session that was printed up to its newest record.
    pub fn tick(&mut self, now: u64) {
        if !self.quiet {
            self.diagnosis.tick(now, &self.model);
            // The next record may be of a moment ago: times never run backwards.
            self.conclude(self.seen(), self.model.now);
        }
    }

    /// The session is over, and every record of it was taken: the diagnosis has its last word.
    pub fn finish(&mut self) {
        if !self.quiet {
            self.diagnosis.finish(&self.model);
            self.conclude(self.seen(), self.model.now);
        }
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
        self.write(gap, &[]);
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

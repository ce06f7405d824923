//! The session file, with the packets beside the bytes.

use std::io::{self, Write};

use super::read::Reading;
use crate::journal::line::write_line_with;
use crate::model::Decoder;
use crate::model::decode::packets_member;

/// Writes the lines.
pub(super) fn write(reading: &mut Reading<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", reading.header().to_line())?;
    let mut decoder = Decoder::new(reading.header().parser.as_deref());
    let mut line = Vec::new();
    reading.each(|record| {
        let member = packets_member(&mut decoder, &record);
        line.clear();
        write_line_with(&mut line, &record, member.as_deref());
        line.push(b'\n');
        out.write_all(&line)
    })
}

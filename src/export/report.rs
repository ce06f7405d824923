//! A session for people: facts, findings, packets.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::read::Reading;
use crate::diagnosis::Diagnosis;
use crate::journal::file::{Header, Source};
use crate::journal::record::{Direction, Finding, TransportName};
use crate::model::row::{Row, RowRef, refs};
use crate::model::{Decoder, Level, Model};
use crate::visible;

/// A payload beyond this many characters is cut in the transcript.
const LONGEST: usize = 2_000;

/// How it is dressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dress {
    /// Plain text.
    Plain,
    /// Markdown; everything from the network stands in fenced blocks.
    Markdown,
}

/// What a first reading tells.
struct Whole {
    records: u64,
    /// Time of the last record, in microseconds.
    ends: u64,
    connections: BTreeSet<u32>,
    model: Model,
    findings: Vec<Finding>,
}

/// Writes the report.
pub(super) fn write(
    reading: &mut Reading<'_>,
    dress: Dress,
    out: &mut dyn Write,
) -> io::Result<()> {
    let header = reading.header().clone();
    let whole = take_in(reading, &header)?;
    let masked = masked_words(reading);
    head(&header, &whole, &masked, dress, out)?;
    findings(&whole.findings, dress, out)?;
    let mut lines = Vec::new();
    let evidence: BTreeSet<u64> = whole
        .findings
        .iter()
        .flat_map(|finding| finding.evidence.iter().copied())
        .collect();
    let mut decoder = Decoder::new(header.parser.as_deref());
    reading.each(|record| {
        let packets = decoder.decode(&record);
        let mut rows: Vec<RowRef> =
            refs(&record, &packets, decoder.back(), Level::Packets).collect();
        // What proves a finding is shown, whatever it is.
        if rows.is_empty() && evidence.contains(&record.n) {
            rows.push(RowRef::record(record.n));
        }
        for at in rows {
            if let Some(row) = Row::new(&record, &packets, at.packet(), &whole.model) {
                lines.push(line(&header, &row, whole.connections.len() > 1));
            }
        }
        Ok(())
    })?;
    transcript(&lines, dress, out)
}

fn take_in(reading: &mut Reading<'_>, header: &Header) -> io::Result<Whole> {
    let mut whole = Whole {
        records: 0,
        ends: 0,
        connections: BTreeSet::new(),
        model: Model::default(),
        findings: Vec::new(),
    };
    let mut diagnosis = Diagnosis::new(header.source).for_target(&header.target);
    let mut decoder = Decoder::new(header.parser.as_deref());
    reading.each(|record| {
        whole.records += 1;
        whole.ends = whole.ends.max(record.t);
        whole.connections.extend(record.c);
        let packets = decoder.decode(&record);
        whole.model.apply(&record, &packets);
        diagnosis.take(&record, &packets, &whole.model);
        Ok(())
    })?;
    diagnosis.finish(&whole.model);
    whole.findings = diagnosis.findings().to_vec();
    Ok(whole)
}

fn masked_words(reading: &Reading<'_>) -> String {
    let (masked, _) = reading.masked();
    let words: Vec<String> = masked
        .iter()
        .map(|one| format!("{} ({})", one.name, one.places))
        .collect();
    match words.is_empty() {
        true => "nothing".to_owned(),
        false => words.join(", "),
    }
}

fn head(
    header: &Header,
    whole: &Whole,
    masked: &str,
    dress: Dress,
    out: &mut dyn Write,
) -> io::Result<()> {
    let facts = [
        ("target", header.target.clone()),
        ("started", format!("{:.3}", header.started)),
        ("lasted", format!("{:.3} s", whole.ends as f64 / 1e6)),
        (
            "recorded by",
            match header.source {
                Source::Har | Source::Mitm => format!(
                    "another tool ({}, read by sioscope {})",
                    header.source.noun(),
                    header.tool
                ),
                own => format!("{own} of sioscope {}", header.tool),
            },
        ),
        ("records", whole.records.to_string()),
        ("connections", whole.connections.len().to_string()),
        ("masked", masked.to_owned()),
    ];
    match dress {
        Dress::Plain => writeln!(out, "Socket.IO session\n")?,
        Dress::Markdown => writeln!(out, "## Socket.IO session\n\n```text")?,
    }
    for (name, value) in facts {
        writeln!(out, "{name:<12} {}", visible::line(&value))?;
    }
    match dress {
        Dress::Plain => writeln!(out),
        Dress::Markdown => writeln!(out, "```\n"),
    }
}

fn findings(findings: &[Finding], dress: Dress, out: &mut dyn Write) -> io::Result<()> {
    let title = match findings.len() {
        0 => "No findings".to_owned(),
        1 => "1 finding".to_owned(),
        more => format!("{more} findings"),
    };
    match dress {
        Dress::Plain => writeln!(out, "{title}\n")?,
        Dress::Markdown => writeln!(out, "### {title}\n")?,
    }
    for finding in findings {
        let proof: Vec<String> = finding.evidence.iter().map(|n| format!("#{n}")).collect();
        let text = format!(
            "{}\n\nwhy: {}\n\nproof: {}\n\nfix: {}",
            finding.title,
            finding.why,
            proof.join(" "),
            finding.fix
        );
        let text = visible::lines(&text);
        let (severity, rule) = (
            visible::line(&finding.severity),
            visible::line(&finding.rule),
        );
        match dress {
            Dress::Plain => {
                writeln!(out, "{severity}: {rule}")?;
                for line in text.lines() {
                    writeln!(out, "{}", format!("  {line}").trim_end())?;
                }
            }
            Dress::Markdown => {
                writeln!(out, "**{severity}: `{rule}`**\n")?;
                fenced(&text, out)?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn transcript(lines: &[String], dress: Dress, out: &mut dyn Write) -> io::Result<()> {
    match dress {
        Dress::Plain => {
            writeln!(out, "Transcript (UTC; ↑ to the server, ↓ to the client)\n")?;
            for line in lines {
                writeln!(out, "{line}")?;
            }
            Ok(())
        }
        Dress::Markdown => {
            writeln!(
                out,
                "### Transcript\n\nUTC; ↑ to the server, ↓ to the client.\n"
            )?;
            fenced(&lines.join("\n"), out)
        }
    }
}

/// A block of text in a fence that is longer than any in it.
fn fenced(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let longest = text
        .split(|one| one != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    writeln!(out, "{fence}text\n{}\n{fence}", text.trim_end())
}

/// One row: time, number, direction, transport, namespace, what, payload.
fn line(header: &Header, row: &Row<'_>, several: bool) -> String {
    let at = i64::try_from(row.t).unwrap_or(i64::MAX);
    let at = header
        .started
        .checked_add(jiff::SignedDuration::from_micros(at))
        .unwrap_or(header.started);
    let dir = match row.dir {
        Some(Direction::ToServer) => "↑",
        Some(Direction::ToClient) => "↓",
        None => "·",
    };
    let via = match row.via {
        Some(TransportName::Polling) => "poll",
        Some(TransportName::Websocket) => "ws",
        None => "",
    };
    let connection = match (several, row.c) {
        (true, Some(c)) => format!(" c{c:<3}"),
        (true, None) => "     ".to_owned(),
        (false, _) => String::new(),
    };
    let mut name = row.name().into_owned();
    if let Some(ack) = &row.ack {
        name.push_str(&format!(" #{}", ack.id));
    }
    let mut tail = Vec::new();
    if let Some(ms) = row.latency_ms {
        tail.push(format!("{ms:.1} ms"));
    }
    if let Some(state) = row.ack.and_then(|ack| ack.state) {
        tail.push(format!("ack {}", state.as_str()));
    }
    let tail = match tail.is_empty() {
        true => String::new(),
        false => format!("  ({})", tail.join(", ")),
    };
    let line = format!(
        "{} {:>6}{connection} {dir} {via:<4} {:<10} {name:<16} {}{tail}",
        at.strftime("%H:%M:%S%.3f"),
        format!("#{}", row.n),
        row.nsp.unwrap_or(""),
        shortened(&row.text()),
    );
    visible::line(line.trim_end()).into_owned()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!(
            "{} … ({} bytes in all)",
            text.get(..end).unwrap_or_default(),
            text.len()
        ),
    }
}

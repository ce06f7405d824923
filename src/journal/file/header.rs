//! The first line of a session file.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::VERSION;
use super::open::Problem;
use crate::journal::line::write_json_string;

/// What wrote the records of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Our own client.
    Client,
    /// The recording proxy.
    Tap,
    /// An imported HAR file.
    Har,
    /// An imported mitmproxy flow file.
    Mitm,
    /// A replay.
    Replay,
}

/// First line of a session file.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Wall-clock time of the session's start.
    pub started: Timestamp,
    /// What wrote it.
    pub source: Source,
    /// URL that was connected to.
    pub target: String,
    /// Version of the tool that wrote it.
    pub tool: String,
    /// Socket.IO parser, where it is not the default one (`msgpack`).
    pub parser: Option<String>,
}

/// A first line longer than this is none of ours.
pub(in crate::journal) const LONGEST_HEADER: usize = 64 << 10;

impl Header {
    /// The header of a session that starts now, written by this version of the tool.
    #[must_use]
    pub fn now(source: Source, target: impl Into<String>) -> Header {
        Header {
            started: Timestamp::now(),
            source,
            target: target.into(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            parser: None,
        }
    }

    /// The header as one line, without the line break.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = Vec::new();
        write_header(&mut line, self);
        String::from_utf8(line).unwrap_or_default()
    }

    /// The header as it will be read back: its time in milliseconds.
    pub(in crate::journal) fn rounded(mut self) -> Header {
        let millis = self.started.as_millisecond();
        self.started = Timestamp::from_millisecond(millis).unwrap_or(self.started);
        self
    }
}

/// Writes the header without its line break.
pub(in crate::journal) fn write_header(out: &mut Vec<u8>, header: &Header) {
    out.extend_from_slice(format!("{{\"sioscope\":{VERSION},\"started\":\"").as_bytes());
    out.extend_from_slice(format!("{:.3}", header.started).as_bytes());
    out.extend_from_slice(b"\",\"source\":\"");
    out.extend_from_slice(header.source.as_str().as_bytes());
    out.extend_from_slice(b"\",\"target\":");
    write_json_string(out, &header.target);
    out.extend_from_slice(b",\"tool\":");
    write_json_string(out, &header.tool);
    if let Some(parser) = &header.parser {
        out.extend_from_slice(b",\"parser\":");
        write_json_string(out, parser);
    }
    out.push(b'}');
}

#[derive(Deserialize)]
struct Line {
    sioscope: Option<Value>,
    started: Option<Timestamp>,
    source: Option<String>,
    target: Option<String>,
    tool: Option<String>,
    parser: Option<String>,
}

/// Reads a header line; the error says what is wrong with it.
pub fn parse_header_line(line: &str) -> Result<Header, Problem> {
    parse_header(line.as_bytes(), true)
}

/// Reads the first line of a file. `whole` is false where the file ended within it.
pub(in crate::journal) fn parse_header(line: &[u8], whole: bool) -> Result<Header, Problem> {
    let line = line
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(line)
        .trim_ascii();
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(_) if line.is_empty() => return Err(Problem::foreign("its first line is blank")),
        Err(error) if !whole && error.is_eof() && is_our_begin(line) => {
            return Err(Problem::CutHeader);
        }
        Err(_) => return Err(Problem::looks_like(line)),
    };
    // The version comes first: a newer file may differ in everything else.
    match value.get("sioscope") {
        None => return Err(Problem::looks_like(line)),
        Some(version) => match version.as_f64() {
            Some(version) if version >= (VERSION + 1) as f64 => {
                return Err(Problem::Newer {
                    version: version as u64,
                });
            }
            Some(version) if version >= 1.0 => {}
            _ => return Err(Problem::foreign("its \"sioscope\" is no version number")),
        },
    }
    let line: Line =
        serde_json::from_value(value).map_err(|error| Problem::BadHeader(error.to_string()))?;
    let _ = line.sioscope;
    let started = line
        .started
        .ok_or_else(|| Problem::BadHeader("it has no \"started\"".to_owned()))?;
    Ok(Header {
        started,
        // A source that is not known yet changes nothing in how the records read.
        source: line
            .source
            .as_deref()
            .and_then(Source::parse)
            .unwrap_or(Source::Client),
        target: line.target.unwrap_or_default(),
        tool: line.tool.unwrap_or_default(),
        parser: line.parser,
    })
}

/// Whether a cut first line can be the begin of ours.
fn is_our_begin(line: &[u8]) -> bool {
    let ours = b"{\"sioscope\":";
    let length = line.len().min(ours.len());
    line.get(..length) == ours.get(..length)
}

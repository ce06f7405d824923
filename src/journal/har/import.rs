//! A HAR file as the records of a session.

use super::browser;
use super::entries::Entries;
use super::entry::{Har, OwnEntry, OwnLog, headers};
use crate::journal::file::{Header, parse_header_line};
use crate::journal::line::parse_line;
use crate::journal::record::{Body, Record};

/// What is wrong with a HAR file.
#[derive(Debug, thiserror::Error)]
pub enum HarError {
    /// It is no HAR file, or a cut one.
    #[error("it is no whole HAR file: {}", said(.0))]
    Json(#[from] serde_json::Error),
    /// None of its entries can be used.
    #[error("{0}; no other request in it is Socket.IO's")]
    Entries(String),
    /// It has no Socket.IO in it.
    #[error(
        "it is a HAR file without Socket.IO: none of its {entries} requests has EIO and transport \
         in its query"
    )]
    Nothing {
        /// Requests in it.
        entries: usize,
    },
    /// Something that sioscope itself wrote into it can't be read.
    #[error("its _sioscope part can't be read: {0}")]
    Own(String),
}

/// A session out of a file of another tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Its first line.
    pub header: Header,
    /// Its records, numbered from 1.
    pub records: Vec<Record>,
    /// What of the session the file has not, for the person who opens it.
    pub lacks: Option<String>,
}

/// What is wrong with the file as a whole.
fn said(error: &serde_json::Error) -> String {
    match error.is_data() {
        true => format!("it has other things where HAR has a log with a list of entries ({error})"),
        false => error.to_string(),
    }
}

/// Reads a HAR file. Requests that are not Engine.IO's are left out, and so is what can't be read.
///
/// # Errors
/// See [`HarError`].
pub fn import(text: &[u8]) -> Result<Imported, HarError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let har: Har = serde_json::from_slice(text)?;
    let entries = Entries::of(&har.log.entries);
    match har.log.own {
        Some(own) => again(own, entries),
        None => browser::session(har.log.creator["name"].as_str(), entries),
    }
}

/// A session that was exported: each line gets back what its entry holds.
fn again(own: OwnLog, entries: Entries) -> Result<Imported, HarError> {
    let lacks = entries.told();
    let wrong = |error: &dyn std::fmt::Display| HarError::Own(error.to_string());
    let header = parse_header_line(&own.header).map_err(|error| wrong(&error))?;
    let read = |line: &str| parse_line(line.as_bytes(), 0).map_err(|error| wrong(&error));
    let mut records = Vec::new();
    for line in &own.records {
        records.push(read(line)?);
    }
    for (_, mut entry) in entries.read {
        let Some(own) = entry.own.take() else {
            continue;
        };
        let OwnEntry {
            request,
            response,
            messages,
            url,
        } = own;
        if let Some(line) = request {
            let mut record = read(&line)?;
            if let Body::Request(request) = &mut record.body {
                request.method.clone_from(&entry.request.method);
                request.url = url.unwrap_or_else(|| entry.request.url.clone());
                request.headers = headers(&entry.request.headers);
                request.body = entry.posted();
            }
            records.push(record);
        }
        if let Some(line) = response {
            let mut record = read(&line)?;
            if let Body::Response(response) = &mut record.body {
                response.headers = headers(&entry.response.headers);
                response.body = entry.content();
            }
            records.push(record);
        }
        let sent = entry.messages.unwrap_or_default();
        for (line, message) in messages.iter().zip(&sent) {
            let mut record = read(line)?;
            if let (Body::Frame(frame), Some((_, data))) = (&mut record.body, message.payload())
                && frame.data.is_empty()
            {
                frame.data = data;
            }
            records.push(record);
        }
    }
    records.sort_by_key(|record| record.n);
    Ok(Imported {
        header,
        records,
        lacks,
    })
}

/// The sid that a handshake tells: the first object in the bytes has one.
pub(in crate::journal) fn sid_of(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Handshake {
        sid: String,
    }
    let at = memchr::memchr(b'{', bytes)?;
    // The type digit of an open packet stands before it.
    if at == 0 || bytes.get(at - 1) != Some(&b'0') {
        return None;
    }
    let object = bytes.get(at..)?;
    let mut objects = serde_json::Deserializer::from_slice(object).into_iter::<Handshake>();
    Some(objects.next()?.ok()?.sid)
}

/// The first value of a query parameter, as it is written.
pub(in crate::journal) fn query_value<'a>(url: &'a str, wanted: &str) -> Option<&'a str> {
    let query = url.split_once('?')?.1;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == wanted).then_some(value)
    })
}

//! The parts of a HAR file that are read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::journal::record::{Direction, Headers};

#[derive(Debug, Deserialize)]
pub(super) struct Har<'a> {
    #[serde(borrow)]
    pub(super) log: Log<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Log<'a> {
    /// What wrote the file.
    #[serde(default)]
    pub(super) creator: Value,
    /// Each by itself: one that can't be read leaves the others.
    #[serde(borrow, default)]
    pub(super) entries: Vec<&'a RawValue>,
    #[serde(rename = "_sioscope")]
    pub(super) own: Option<OwnLog>,
}

/// What an exported session adds to the log.
#[derive(Debug, Deserialize)]
pub(super) struct OwnLog {
    pub(super) header: String,
    #[serde(default)]
    pub(super) records: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "startedDateTime")]
    pub(super) started: String,
    #[serde(default)]
    pub(super) time: Option<f64>,
    pub(super) request: Request,
    #[serde(default)]
    pub(super) response: Response,
    #[serde(default)]
    pub(super) timings: Timings,
    #[serde(rename = "_resourceType")]
    pub(super) resource: Option<String>,
    #[serde(rename = "_webSocketMessages")]
    pub(super) messages: Option<Vec<Message>>,
    #[serde(rename = "_sioscope")]
    pub(super) own: Option<OwnEntry>,
}

/// What an exported session adds to an entry: lines without what the entry holds.
#[derive(Debug, Deserialize)]
pub(super) struct OwnEntry {
    pub(super) request: Option<String>,
    pub(super) response: Option<String>,
    #[serde(default)]
    pub(super) messages: Vec<String>,
    /// The URL over HTTP, where the entry has one of a WebSocket.
    pub(super) url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    #[serde(default)]
    pub(super) method: String,
    #[serde(default)]
    pub(super) url: String,
    #[serde(default)]
    pub(super) headers: Vec<Named>,
    #[serde(rename = "postData")]
    pub(super) post: Option<Post>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Post {
    #[serde(default, rename = "mimeType")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) text: String,
    #[serde(default, alias = "_encoding")]
    pub(super) encoding: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Response {
    #[serde(default)]
    pub(super) status: i64,
    #[serde(default)]
    pub(super) headers: Vec<Named>,
    #[serde(default)]
    pub(super) content: Content,
    #[serde(rename = "_error")]
    pub(super) error: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Content {
    /// Nothing where the browser has let go of the body.
    pub(super) text: Option<String>,
    /// Bytes; -1 or nothing where they were not counted.
    pub(super) size: Option<f64>,
    #[serde(default)]
    pub(super) encoding: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: String,
}

/// Milliseconds; -1 (or nothing) where a phase did not happen.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Timings {
    pub(super) dns: Option<f64>,
    pub(super) connect: Option<f64>,
    pub(super) ssl: Option<f64>,
    pub(super) wait: Option<f64>,
}

/// A WebSocket message; one that lacks a key, or has it in another type, is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    #[serde(default, rename = "type")]
    pub(super) kind: Value,
    #[serde(default)]
    pub(super) time: Value,
    #[serde(default)]
    pub(super) opcode: Value,
    #[serde(default)]
    pub(super) data: Value,
}

impl Entry {
    /// The bytes that were posted.
    pub(super) fn posted(&self) -> Bytes {
        let Some(post) = &self.request.post else {
            return Bytes::new();
        };
        if post.encoding.as_deref() == Some("base64") {
            return STANDARD.decode(&post.text).unwrap_or_default().into();
        }
        // Browsers write bytes that are no text as characters of the same number.
        if post.kind.starts_with("application/octet-stream")
            && let Ok(bytes) = post
                .text
                .chars()
                .map(|one| u8::try_from(u32::from(one)))
                .collect::<Result<Vec<u8>, _>>()
        {
            return bytes.into();
        }
        Bytes::copy_from_slice(post.text.as_bytes())
    }

    /// The body of the answer.
    pub(super) fn content(&self) -> Bytes {
        let content = &self.response.content;
        let text = content.text.as_deref().unwrap_or_default();
        if content.encoding.as_deref() == Some("base64") {
            return STANDARD.decode(text).unwrap_or_default().into();
        }
        Bytes::copy_from_slice(text.as_bytes())
    }

    /// Whether there was a body, and the file has it not.
    pub(super) fn lacks_content(&self) -> bool {
        let content = &self.response.content;
        content.text.is_none() && content.size.is_some_and(|size| size > 0.0)
    }
}

impl Message {
    /// Which way it went, and its payload; `None` for what is no message, or can't be read.
    pub(super) fn payload(&self) -> Option<(Direction, Bytes)> {
        let dir = match self.kind.as_str()? {
            "send" | "request" => Direction::ToServer,
            "receive" | "response" => Direction::ToClient,
            _ => return None,
        };
        let data = self.data.as_str()?;
        match self.opcode.as_f64()? {
            1.0 => Some((dir, Bytes::copy_from_slice(data.as_bytes()))),
            _ => Some((dir, Bytes::from(STANDARD.decode(data).ok()?))),
        }
    }

    /// What the browser says of the WebSocket between its messages: why it failed.
    pub(super) fn complaint(&self) -> Option<&str> {
        let text = self.data.as_str().filter(|text| !text.is_empty());
        text.filter(|_| self.kind.as_str() == Some("error"))
    }
}

pub(super) fn headers(named: &[Named]) -> Headers {
    named
        .iter()
        .map(|header| (header.name.clone(), header.value.clone()))
        .collect()
}

//! The parts of a HAR file that are read.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(super) struct Har {
    pub(super) log: Log,
}

#[derive(Debug, Deserialize)]
pub(super) struct Log {
    #[serde(default)]
    pub(super) entries: Vec<Entry>,
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
    #[serde(default)]
    pub(super) text: String,
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

//! What each kind of line holds, as serde reads it, and the body that it makes.

use base64::Engine as _;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::BASE64;
use crate::journal::record::{
    Ack, AckState, Buffer, BufferOp, Connection, ConnectionState, Direction, Fault, Finding, Frame,
    Gap, Headers, Mark, Namespace, NamespaceState, Opcode, Request, Response, Timing, Transport,
    TransportName, TransportState,
};

/// A number that reads as exactly what was written; serde_json's own may differ in the last bit.
struct Exact(f64);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(from)?;
        raw.get()
            .parse()
            .map(Exact)
            .map_err(serde::de::Error::custom)
    }
}

impl Exact {
    fn get(self) -> f64 {
        self.0
    }
}

fn word<T>(key: &str, word: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, String> {
    parse(word).ok_or_else(|| format!("\"{key}\" has a word that is not known: {word:?}"))
}

/// A payload: the text where there is one, else the bytes of the base64.
fn payload(key: &str, text: Option<String>, base64: Option<String>) -> Result<Bytes, String> {
    match (text, base64) {
        (Some(text), _) => Ok(Bytes::from(text.into_bytes())),
        (None, Some(base64)) => BASE64
            .decode(base64)
            .map(Bytes::from)
            .map_err(|error| format!("\"{key}\" is no base64: {error}")),
        (None, None) => Ok(Bytes::new()),
    }
}

#[derive(Deserialize)]
pub(super) struct RequestLine {
    x: u64,
    method: String,
    url: String,
    #[serde(default)]
    headers: Headers,
    body: Option<String>,
    body_b64: Option<String>,
}

impl RequestLine {
    pub(super) fn body(self) -> Result<Request, String> {
        Ok(Request {
            x: self.x,
            method: self.method,
            url: self.url,
            headers: self.headers,
            body: payload("body_b64", self.body, self.body_b64)?,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct ResponseLine {
    x: u64,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: Headers,
    body: Option<String>,
    body_b64: Option<String>,
    timing: Option<TimingLine>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct TimingLine {
    dns: Option<Exact>,
    connect: Option<Exact>,
    tls: Option<Exact>,
    first_byte: Option<Exact>,
    total: Option<Exact>,
}

impl ResponseLine {
    pub(super) fn body(self) -> Result<Response, String> {
        let timing = self.timing.map(|timing| Timing {
            dns: timing.dns.map(Exact::get),
            connect: timing.connect.map(Exact::get),
            tls: timing.tls.map(Exact::get),
            first_byte: timing.first_byte.map(Exact::get),
            total: timing.total.map(Exact::get),
        });
        Ok(Response {
            x: self.x,
            status: self.status,
            headers: self.headers,
            body: payload("body_b64", self.body, self.body_b64)?,
            timing: timing.unwrap_or_default(),
            error: self.error,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct FrameLine {
    dir: String,
    op: String,
    data: Option<String>,
    b64: Option<String>,
    code: Option<u16>,
    reason: Option<String>,
    wire: Option<u64>,
}

impl FrameLine {
    pub(super) fn body(self) -> Result<Frame, String> {
        Ok(Frame {
            dir: word("dir", &self.dir, Direction::parse)?,
            op: word("op", &self.op, Opcode::parse)?,
            data: payload("b64", self.data, self.b64)?,
            code: self.code,
            reason: self.reason,
            wire: self.wire,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct TransportLine {
    name: String,
    state: String,
    error: Option<String>,
}

impl TransportLine {
    pub(super) fn body(self) -> Result<Transport, String> {
        Ok(Transport {
            name: word("name", &self.name, TransportName::parse)?,
            state: word("state", &self.state, TransportState::parse)?,
            error: self.error,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct ConnectionLine {
    state: String,
    reason: Option<String>,
    detail: Option<String>,
    attempt: Option<u32>,
    delay_ms: Option<u64>,
}

impl ConnectionLine {
    pub(super) fn body(self) -> Result<Connection, String> {
        Ok(Connection {
            state: word("state", &self.state, ConnectionState::parse)?,
            reason: self.reason,
            detail: self.detail,
            attempt: self.attempt,
            delay_ms: self.delay_ms,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct NamespaceLine<'a> {
    nsp: String,
    state: String,
    sid: Option<String>,
    reason: Option<String>,
    recovered: Option<bool>,
    // Not an Option of it: that would read a refusal's `null` as none.
    #[serde(borrow, default)]
    data: Present<'a>,
}

/// Raw JSON that may be `null` and may be absent.
#[derive(Default)]
struct Present<'a>(Option<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Present<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(from).map(|raw| Present(Some(raw)))
    }
}

impl NamespaceLine<'_> {
    pub(super) fn body(self) -> Result<Namespace, String> {
        Ok(Namespace {
            nsp: self.nsp,
            state: word("state", &self.state, NamespaceState::parse)?,
            sid: self.sid,
            reason: self.reason,
            recovered: self.recovered,
            data: self.data.0.map(|data| data.get().to_owned()),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct AckLine {
    nsp: String,
    id: u64,
    dir: String,
    state: String,
    ms: Option<Exact>,
}

impl AckLine {
    pub(super) fn body(self) -> Result<Ack, String> {
        Ok(Ack {
            nsp: self.nsp,
            id: self.id,
            dir: word("dir", &self.dir, Direction::parse)?,
            state: word("state", &self.state, AckState::parse)?,
            ms: self.ms.map(Exact::get),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct BufferLine {
    nsp: String,
    op: String,
    packet: String,
}

impl BufferLine {
    pub(super) fn body(self) -> Result<Buffer, String> {
        Ok(Buffer {
            nsp: self.nsp,
            op: word("op", &self.op, BufferOp::parse)?,
            packet: self.packet,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct FaultLine {
    fault: String,
    rule: Option<String>,
    #[serde(default)]
    did: String,
}

impl FaultLine {
    pub(super) fn body(self) -> Fault {
        Fault {
            fault: self.fault,
            rule: self.rule,
            did: self.did,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct GapLine {
    lost: LostLine,
}

#[derive(Deserialize)]
struct LostLine {
    #[serde(default)]
    records: u64,
    #[serde(default)]
    bytes: u64,
}

impl GapLine {
    pub(super) fn body(self) -> Gap {
        Gap {
            records: self.lost.records,
            bytes: self.lost.bytes,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct MarkLine {
    text: String,
}

impl MarkLine {
    pub(super) fn body(self) -> Mark {
        Mark { text: self.text }
    }
}

#[derive(Deserialize)]
pub(super) struct FindingLine {
    rule: String,
    severity: String,
    title: String,
    #[serde(default)]
    evidence: Vec<u64>,
    #[serde(default)]
    why: String,
    #[serde(default)]
    fix: String,
}

impl FindingLine {
    pub(super) fn body(self) -> Finding {
        Finding {
            rule: self.rule,
            severity: self.severity,
            title: self.title,
            evidence: self.evidence,
            why: self.why,
            fix: self.fix,
        }
    }
}

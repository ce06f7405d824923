//! Rows in words.

use std::borrow::Cow;

use super::{Row, What};
use crate::journal::Record;
use crate::journal::record::{
    AckState, Body, BufferOp, ConnectionState, NamespaceState, Opcode, TransportName,
    TransportState,
};

/// The word in the name column.
pub(super) fn name<'a>(row: &Row<'a>) -> Cow<'a, str> {
    let fixed = match row.what {
        What::Engine(name) | What::Socket(name) => name,
        What::Undecodable => "undecodable",
        What::Frame(op) | What::Control(op) => match (op, &row.record.body) {
            (Opcode::Close, Body::Frame(frame)) => {
                return match frame.code {
                    Some(code) => Cow::Owned(format!("close {code}")),
                    None => Cow::Borrowed("close 1005"),
                };
            }
            (op, _) => opcode(op),
        },
        What::Request => match &row.record.body {
            Body::Request(request) => return Cow::Borrowed(&request.method),
            _ => "request",
        },
        What::Response => match &row.record.body {
            Body::Response(response) if response.status > 0 => {
                return Cow::Owned(response.status.to_string());
            }
            _ => "no response",
        },
        What::Transport => match &row.record.body {
            Body::Transport(transport) => transport_state(transport.state),
            _ => "transport",
        },
        What::Connection(state) => connection(state),
        What::Namespace(state) => namespace(state),
        What::Ack(state) => ack(state),
        What::Buffer(op) => match op {
            BufferOp::Queued => "queued",
            BufferOp::Flushed => "flushed",
            BufferOp::Dropped => "dropped",
        },
        What::Fault => "fault",
        What::Gap => "gap",
        What::Mark => "mark",
        What::Finding => "finding",
        What::Unknown => match &row.record.body {
            Body::Unknown(unknown) if unknown.why.is_some() => "unreadable",
            Body::Unknown(unknown) => return Cow::Borrowed(&unknown.k),
            _ => "unknown",
        },
    };
    Cow::Borrowed(fixed)
}

fn opcode(op: Opcode) -> &'static str {
    match op {
        Opcode::Text => "text",
        Opcode::Binary => "binary",
        Opcode::Ping => "ws ping",
        Opcode::Pong => "ws pong",
        Opcode::Close => "close",
    }
}

fn transport_state(state: TransportState) -> &'static str {
    match state {
        TransportState::Opening => "opening",
        TransportState::Open => "open",
        TransportState::Upgrading => "upgrading",
        TransportState::Closed => "closed",
    }
}

fn connection(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connecting => "connecting",
        ConnectionState::Open => "connected",
        ConnectionState::Closed => "closed",
        ConnectionState::Waiting => "waiting",
        ConnectionState::GaveUp => "gave up",
    }
}

fn namespace(state: NamespaceState) -> &'static str {
    match state {
        NamespaceState::Joining => "joining",
        NamespaceState::Connected => "connected",
        NamespaceState::Refused => "refused",
        NamespaceState::Disconnected => "disconnected",
    }
}

fn ack(state: AckState) -> &'static str {
    match state {
        AckState::Pending => "ack pending",
        AckState::Answered => "ack answered",
        AckState::Late => "ack late",
        AckState::Timeout => "ack timeout",
        AckState::Lost => "ack lost",
    }
}

/// Reason and detail, in one line.
fn joined(parts: [Option<&str>; 2]) -> Cow<'_, str> {
    match parts {
        [Some(first), Some(second)] => Cow::Owned(format!("{first}: {second}")),
        [Some(only), None] | [None, Some(only)] => Cow::Borrowed(only),
        [None, None] => Cow::Borrowed(""),
    }
}

/// What a record says, in words: what is drawn and what free text is looked for in.
pub(super) fn text(record: &Record) -> Cow<'_, str> {
    match &record.body {
        Body::Request(request) if request.body.is_empty() => Cow::Borrowed(&request.url),
        Body::Request(request) => Cow::Owned(format!(
            "{} {}",
            request.url,
            String::from_utf8_lossy(&request.body)
        )),
        Body::Response(response) => match &response.error {
            Some(error) if response.body.is_empty() => Cow::Borrowed(error),
            Some(error) => Cow::Owned(format!(
                "{error} {}",
                String::from_utf8_lossy(&response.body)
            )),
            None => String::from_utf8_lossy(&response.body),
        },
        Body::Frame(frame) => match &frame.reason {
            Some(reason) => Cow::Borrowed(reason),
            None => String::from_utf8_lossy(&frame.data),
        },
        Body::Transport(transport) => joined([
            Some(match transport.name {
                TransportName::Polling => "polling",
                TransportName::Websocket => "websocket",
            }),
            transport.error.as_deref(),
        ]),
        Body::Connection(connection) => match (connection.state, connection.delay_ms) {
            (ConnectionState::Waiting, Some(delay)) => {
                let attempt = connection.attempt.unwrap_or(1);
                Cow::Owned(format!("attempt #{attempt} in {delay} ms"))
            }
            _ => joined([connection.reason.as_deref(), connection.detail.as_deref()]),
        },
        Body::Namespace(namespace) => match namespace.recovered {
            Some(true) => Cow::Borrowed("recovered: missed packets were sent again"),
            Some(false) => Cow::Borrowed("not recovered: this is a fresh session"),
            None => joined([namespace.reason.as_deref(), namespace.data.as_deref()]),
        },
        Body::Ack(ack) => match ack.ms {
            Some(ms) => Cow::Owned(format!("#{} after {ms:.0} ms", ack.id)),
            None => Cow::Owned(format!("#{}", ack.id)),
        },
        Body::Buffer(buffer) => Cow::Borrowed(&buffer.packet),
        Body::Fault(fault) => joined([Some(&fault.fault), Some(&fault.did)]),
        Body::Gap(gap) => Cow::Owned(format!(
            "{} records with {} bytes were lost",
            gap.records, gap.bytes
        )),
        Body::Mark(mark) => Cow::Borrowed(&mark.text),
        Body::Finding(finding) => Cow::Owned(format!(
            "{}: {} {}",
            finding.title, finding.why, finding.fix
        )),
        Body::Unknown(unknown) => match &unknown.why {
            Some(why) => Cow::Owned(format!("{why}: {}", unknown.line)),
            None => Cow::Borrowed(&unknown.line),
        },
    }
}

//! Records to lines. No allocation but the output's own.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::escape::{write_json_string, write_raw};
use crate::journal::record::{
    Ack, Body, Buffer, Connection, Finding, Frame, Headers, Namespace, Opcode, Record, Request,
    Response, Timing, Transport, Unknown,
};

/// Writes a record as one line, without the line break.
pub fn write_line(out: &mut Vec<u8>, record: &Record) {
    write_line_with(out, record, None);
}

/// Writes a record as one line, without the line break, with one more member at its end: `extra`
/// is raw JSON such as `"packets":[…]`. A [`Body::Unknown`] is written back as it stood, without
/// `extra`.
pub fn write_line_with(out: &mut Vec<u8>, record: &Record, extra: Option<&str>) {
    if let Body::Unknown(unknown) = &record.body {
        return write_verbatim(out, unknown);
    }
    write_head(out, record.n, record.t);
    write_rest(out, record.c, &record.body);
    if let Some(extra) = extra {
        // The closing brace comes after the extra member.
        out.pop();
        out.push(b',');
        write_raw(out, extra);
        out.push(b'}');
    }
}

/// Writes an unknown line back. A line break can't stand in a line: it becomes a space.
pub(in crate::journal) fn write_verbatim(out: &mut Vec<u8>, unknown: &Unknown) {
    if unknown.line.trim_ascii().is_empty() {
        // A blank line would be no record.
        return out.extend_from_slice(b"{}");
    }
    let from = out.len();
    out.extend_from_slice(unknown.line.as_bytes());
    for byte in out.iter_mut().skip(from) {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// Writes what only the journal knows: number and time.
#[inline]
pub(in crate::journal) fn write_head(out: &mut Vec<u8>, n: u64, t: u64) {
    out.extend_from_slice(b"{\"n\":");
    write_number(out, n);
    out.extend_from_slice(b",\"t\":");
    write_number(out, t / 1_000_000);
    let mut micros = (t % 1_000_000) as u32;
    let mut text = *b".000000";
    for at in (1..7).rev() {
        text[at] = b'0' + (micros % 10) as u8;
        micros /= 10;
    }
    out.extend_from_slice(&text);
}

/// Writes everything after number and time, closing brace included.
#[inline]
pub(in crate::journal) fn write_rest(out: &mut Vec<u8>, c: Option<u32>, body: &Body) {
    if let Some(c) = c {
        out.extend_from_slice(b",\"c\":");
        write_number(out, u64::from(c));
    }
    match body {
        Body::Frame(frame) => write_frame(out, frame),
        other => {
            out.extend_from_slice(b",\"k\":\"");
            out.extend_from_slice(other.kind().as_bytes());
            out.push(b'"');
            write_seldom(out, other);
        }
    }
    out.push(b'}');
}

fn write_seldom(out: &mut Vec<u8>, body: &Body) {
    match body {
        Body::Request(request) => write_request(out, request),
        Body::Response(response) => write_response(out, response),
        Body::Frame(frame) => write_frame(out, frame),
        Body::Transport(transport) => write_transport(out, transport),
        Body::Connection(connection) => write_connection(out, connection),
        Body::Namespace(namespace) => write_namespace(out, namespace),
        Body::Ack(ack) => write_ack(out, ack),
        Body::Buffer(buffer) => write_buffer(out, buffer),
        Body::Fault(fault) => {
            text(out, "fault", &fault.fault);
            maybe_text(out, "rule", fault.rule.as_deref());
            text(out, "did", &fault.did);
        }
        Body::Gap(gap) => {
            out.extend_from_slice(b",\"lost\":{\"records\":");
            write_number(out, gap.records);
            out.extend_from_slice(b",\"bytes\":");
            write_number(out, gap.bytes);
            out.push(b'}');
        }
        Body::Mark(mark) => text(out, "text", &mark.text),
        Body::Finding(finding) => write_finding(out, finding),
        // Written back as it stood, by `write_verbatim`.
        Body::Unknown(_) => {}
    }
}

#[inline]
fn write_frame(out: &mut Vec<u8>, frame: &Frame) {
    out.extend_from_slice(b",\"k\":\"frame\",\"dir\":\"");
    out.extend_from_slice(frame.dir.as_str().as_bytes());
    out.extend_from_slice(b"\",\"op\":\"");
    out.extend_from_slice(frame.op.as_str().as_bytes());
    out.push(b'"');
    match frame.op {
        Opcode::Binary => write_base64(out, "b64", &frame.data),
        Opcode::Close if frame.data.is_empty() => {}
        _ => write_bytes(out, "data", "b64", &frame.data),
    }
    maybe_number(out, "code", frame.code.map(u64::from));
    maybe_text(out, "reason", frame.reason.as_deref());
    maybe_number(out, "wire", frame.wire);
}

fn write_request(out: &mut Vec<u8>, request: &Request) {
    number(out, "x", request.x);
    text(out, "method", &request.method);
    text(out, "url", &request.url);
    write_headers(out, &request.headers);
    if !request.body.is_empty() {
        write_bytes(out, "body", "body_b64", &request.body);
    }
}

fn write_response(out: &mut Vec<u8>, response: &Response) {
    number(out, "x", response.x);
    if response.status != 0 || response.error.is_none() {
        number(out, "status", u64::from(response.status));
        write_headers(out, &response.headers);
    } else if !response.headers.is_empty() {
        write_headers(out, &response.headers);
    }
    if !response.body.is_empty() {
        write_bytes(out, "body", "body_b64", &response.body);
    }
    write_timing(out, &response.timing);
    maybe_text(out, "error", response.error.as_deref());
}

fn write_timing(out: &mut Vec<u8>, timing: &Timing) {
    let phases = [
        ("dns", timing.dns),
        ("connect", timing.connect),
        ("tls", timing.tls),
        ("first_byte", timing.first_byte),
        ("total", timing.total),
    ];
    let mut first = true;
    for (name, took) in phases {
        let Some(took) = took.filter(|took| took.is_finite()) else {
            continue;
        };
        out.extend_from_slice(if first { b",\"timing\":{\"" } else { b",\"" });
        first = false;
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        write_float(out, took);
    }
    if !first {
        out.push(b'}');
    }
}

fn write_headers(out: &mut Vec<u8>, headers: &Headers) {
    out.extend_from_slice(b",\"headers\":[");
    for (at, (name, value)) in headers.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"[" } else { b",[" });
        write_json_string(out, name);
        out.push(b',');
        write_json_string(out, value);
        out.push(b']');
    }
    out.push(b']');
}

fn write_transport(out: &mut Vec<u8>, transport: &Transport) {
    text(out, "name", transport.name.as_str());
    text(out, "state", transport.state.as_str());
    maybe_text(out, "error", transport.error.as_deref());
}

fn write_connection(out: &mut Vec<u8>, connection: &Connection) {
    text(out, "state", connection.state.as_str());
    maybe_text(out, "reason", connection.reason.as_deref());
    maybe_text(out, "detail", connection.detail.as_deref());
    maybe_number(out, "attempt", connection.attempt.map(u64::from));
    maybe_number(out, "delay_ms", connection.delay_ms);
}

fn write_namespace(out: &mut Vec<u8>, namespace: &Namespace) {
    text(out, "nsp", &namespace.nsp);
    text(out, "state", namespace.state.as_str());
    maybe_text(out, "sid", namespace.sid.as_deref());
    maybe_text(out, "reason", namespace.reason.as_deref());
    if let Some(recovered) = namespace.recovered {
        key(out, "recovered");
        out.extend_from_slice(if recovered { b"true" } else { b"false" });
    }
    if let Some(data) = &namespace.data {
        key(out, "data");
        // What is no JSON after all is kept as a string: the line stays valid, nothing is lost.
        if serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok() {
            write_raw(out, data.trim());
        } else {
            write_json_string(out, data);
        }
    }
}

fn write_ack(out: &mut Vec<u8>, ack: &Ack) {
    text(out, "nsp", &ack.nsp);
    number(out, "id", ack.id);
    text(out, "dir", ack.dir.as_str());
    text(out, "state", ack.state.as_str());
    if let Some(ms) = ack.ms.filter(|ms| ms.is_finite()) {
        key(out, "ms");
        write_float(out, ms);
    }
}

fn write_buffer(out: &mut Vec<u8>, buffer: &Buffer) {
    text(out, "nsp", &buffer.nsp);
    text(out, "op", buffer.op.as_str());
    text(out, "packet", &buffer.packet);
}

fn write_finding(out: &mut Vec<u8>, finding: &Finding) {
    text(out, "rule", &finding.rule);
    text(out, "severity", &finding.severity);
    text(out, "title", &finding.title);
    out.extend_from_slice(b",\"evidence\":[");
    for (at, n) in finding.evidence.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_number(out, *n);
    }
    out.push(b']');
    text(out, "why", &finding.why);
    text(out, "fix", &finding.fix);
}

/// Writes bytes as a string where they are UTF-8, else as base64 under the other key.
#[inline]
fn write_bytes(out: &mut Vec<u8>, name: &str, name_base64: &str, bytes: &[u8]) {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(whole) => text(out, name, whole),
        Err(_) => write_base64(out, name_base64, bytes),
    }
}

fn write_base64(out: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    key(out, name);
    out.push(b'"');
    let from = out.len();
    out.resize(from + bytes.len().div_ceil(3) * 4, 0);
    let room = out.get_mut(from..).unwrap_or_default();
    let written = STANDARD.encode_slice(bytes, room).unwrap_or(0);
    out.truncate(from + written);
    out.push(b'"');
}

#[inline]
fn key(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

#[inline]
fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    key(out, name);
    write_json_string(out, value);
}

#[inline]
fn maybe_text(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(out, name, value);
    }
}

fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    key(out, name);
    write_number(out, value);
}

#[inline]
fn maybe_number(out: &mut Vec<u8>, name: &str, value: Option<u64>) {
    if let Some(value) = value {
        number(out, name, value);
    }
}

/// Writes a finite number in the shortest form that reads back as the same.
fn write_float(out: &mut Vec<u8>, value: f64) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{value}");
}

/// Writes a number in decimal.
#[inline]
fn write_number(out: &mut Vec<u8>, mut value: u64) {
    let mut text = [0u8; 20];
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

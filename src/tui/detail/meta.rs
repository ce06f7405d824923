//! Everything that is known about a row, as names and values. **Pure.**

use std::borrow::Cow;

use crate::journal::record::{Body, Headers, Record, Timing};
use crate::model::Packet;
use crate::model::decode::Kind;
use crate::model::row::Row;
use crate::tui::mask;
use crate::tui::units;

/// Collects names and values.
#[derive(Debug, Default)]
pub struct Sheet {
    rows: Vec<(String, String)>,
}

impl Sheet {
    fn group(&mut self, title: &str) {
        self.rows.push((title.to_owned(), String::new()));
    }

    fn add(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.rows.push((format!("  {name}"), value));
        }
    }

    fn maybe(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.add(name, value.to_string());
        }
    }

    fn headers(&mut self, headers: &Headers, secrets: bool) {
        for (name, value) in headers {
            let shown = if secrets {
                value
            } else {
                mask::header(name, value)
            };
            self.add(name, shown);
        }
    }

    fn timing(&mut self, timing: &Timing) {
        for (name, ms) in [
            ("dns", timing.dns),
            ("connect", timing.connect),
            ("tls", timing.tls),
            ("first byte", timing.first_byte),
            ("total", timing.total),
        ] {
            if let Some(ms) = ms {
                self.add(name, units::millis(ms));
            }
        }
    }

    /// The rows: a group's title has an empty value.
    pub fn into_rows(self) -> Vec<(String, String)> {
        self.rows
    }
}

/// What is known about a row; `exchange` is the other half where the row came over HTTP.
pub fn sheet(
    row: &Row<'_>,
    wall: &str,
    exchange: Option<&Record>,
    secrets: bool,
) -> Vec<(String, String)> {
    let mut sheet = Sheet::default();
    let record = row.record;
    sheet.group("record");
    sheet.add("n", record.n.to_string());
    sheet.add("time", wall.to_owned());
    sheet.add("since start", format!("{:.6} s", record.t as f64 / 1e6));
    sheet.maybe("connection", record.c);
    if let Some(packet) = row.packet {
        self::packet(&mut sheet, packet);
    }
    if let Some(ms) = row.latency_ms {
        sheet.add("latency", units::millis(ms));
    }
    if let Some(other) = row.ack.and_then(|ack| ack.other) {
        sheet.add("other side of the ack", format!("record {other}"));
    }
    // The request stands first, whichever half was selected.
    let halves = match (&record.body, exchange) {
        (Body::Response(_), Some(request)) => [Some(request), Some(record)],
        (_, response) => [Some(record), response],
    };
    for half in halves.into_iter().flatten() {
        body(&mut sheet, &half.body, secrets);
    }
    let mut rows = sheet.into_rows();
    if !secrets {
        for (_, value) in &mut rows {
            if let Cow::Owned(covered) = mask::text(value) {
                *value = covered;
            }
        }
    }
    rows
}

fn packet(sheet: &mut Sheet, packet: &Packet) {
    sheet.group("packet");
    sheet.add("place in the record", packet.index.to_string());
    sheet.add("size", units::bytes(packet.size));
    match &packet.kind {
        Kind::Engine { name, .. } => sheet.add("engine", *name),
        Kind::Socket {
            name,
            nsp,
            id,
            attachments,
            offset,
            ..
        } => {
            sheet.add("socket", *name);
            sheet.add("namespace", nsp.clone());
            sheet.maybe("ack id", *id);
            if *attachments > 0 {
                sheet.add("attachments", attachments.to_string());
            }
            sheet.maybe("recovery offset", offset.as_deref());
        }
        Kind::Undecodable { error, at } => sheet.add("error", format!("{error} at byte {at}")),
    }
    for quirk in &packet.quirks {
        sheet.add("quirk", quirk.clone());
    }
}

fn body(sheet: &mut Sheet, body: &Body, secrets: bool) {
    match body {
        Body::Request(request) => {
            sheet.group("request");
            let url = if secrets {
                request.url.clone()
            } else {
                mask::url(&request.url)
            };
            sheet.add(&request.method, url);
            sheet.add("exchange", request.x.to_string());
            sheet.add("body", units::bytes(request.body.len() as u64));
            sheet.headers(&request.headers, secrets);
        }
        Body::Response(response) => {
            sheet.group("response");
            if response.status > 0 {
                sheet.add("status", response.status.to_string());
            }
            sheet.maybe("error", response.error.as_deref());
            sheet.add("exchange", response.x.to_string());
            sheet.add("body", units::bytes(response.body.len() as u64));
            sheet.headers(&response.headers, secrets);
            sheet.group("timing");
            sheet.timing(&response.timing);
        }
        Body::Frame(frame) => {
            sheet.group("frame");
            sheet.add("opcode", format!("{:?}", frame.op).to_lowercase());
            sheet.add("payload", units::bytes(frame.data.len() as u64));
            if let Some(wire) = frame.wire {
                sheet.add(
                    "on the wire",
                    format!("{} (compressed)", units::bytes(wire)),
                );
            }
            sheet.maybe("close code", frame.code);
            sheet.maybe("close reason", frame.reason.as_deref());
        }
        Body::Transport(transport) => {
            sheet.group("transport");
            sheet.add("name", format!("{:?}", transport.name).to_lowercase());
            sheet.add("state", format!("{:?}", transport.state).to_lowercase());
            sheet.maybe("error", transport.error.as_deref());
        }
        Body::Connection(connection) => {
            sheet.group("connection");
            sheet.add("state", format!("{:?}", connection.state).to_lowercase());
            sheet.maybe("reason", connection.reason.as_deref());
            sheet.maybe("detail", connection.detail.as_deref());
            sheet.maybe("attempt", connection.attempt);
            sheet.maybe("delay", connection.delay_ms.map(units::planned));
        }
        Body::Namespace(namespace) => {
            sheet.group("namespace");
            sheet.add("name", namespace.nsp.clone());
            sheet.add("state", format!("{:?}", namespace.state).to_lowercase());
            sheet.maybe("sid", namespace.sid.as_deref());
            sheet.maybe("reason", namespace.reason.as_deref());
            sheet.maybe("recovered", namespace.recovered);
            sheet.maybe("data", namespace.data.as_deref());
        }
        Body::Ack(ack) => {
            sheet.group("ack");
            sheet.add("namespace", ack.nsp.clone());
            sheet.add("id", ack.id.to_string());
            sheet.add("state", format!("{:?}", ack.state).to_lowercase());
            sheet.maybe("after", ack.ms.map(units::millis));
        }
        Body::Buffer(buffer) => {
            sheet.group("buffer");
            sheet.add("namespace", buffer.nsp.clone());
            sheet.add("what", format!("{:?}", buffer.op).to_lowercase());
            sheet.add(
                "packet",
                super::super::line::head(&buffer.packet, 2_000).into_owned(),
            );
        }
        Body::Fault(fault) => {
            sheet.group("fault");
            sheet.add("name", fault.fault.clone());
            sheet.maybe("rule", fault.rule.as_deref());
            sheet.add("did", fault.did.clone());
        }
        Body::Gap(gap) => {
            sheet.group("gap");
            sheet.add("records", units::count(gap.records));
            sheet.add("bytes", units::count(gap.bytes));
        }
        Body::Mark(mark) => {
            sheet.group("mark");
            sheet.add("text", mark.text.clone());
        }
        Body::Finding(finding) => {
            sheet.group("finding");
            sheet.add("rule", finding.rule.clone());
            sheet.add("severity", finding.severity.clone());
            sheet.add("title", finding.title.clone());
            sheet.add("why", finding.why.clone());
            sheet.add("fix", finding.fix.clone());
            for n in &finding.evidence {
                sheet.add("evidence", format!("record {n}"));
            }
        }
        Body::Unknown(unknown) => {
            match &unknown.why {
                Some(why) => {
                    sheet.group("not a record");
                    sheet.add("why", why.clone());
                }
                None => sheet.group("unknown kind"),
            }
            sheet.add("k", unknown.k.clone());
            sheet.add("line", unknown.line.clone());
        }
    }
}

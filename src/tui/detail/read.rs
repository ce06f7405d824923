//! From a row to what the detail pane shows of it. **Pure.**

use bytes::Bytes;

use super::tree::Tree;
use super::{Content, meta};
use crate::journal::record::{AckState, Body, Direction, Record};
use crate::model::Packet;
use crate::model::decode::Kind;
use crate::model::row::{Row, What};
use crate::tui::composer::Draft;
use crate::tui::dialog::copy::Row as CopyRow;
use crate::tui::line;
use crate::tui::mask;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::units;

/// Longest text that is laid out as lines in the raw view; what is longer is in the hex view.
const LONGEST_RAW: usize = 1 << 20;

/// Reads a row. `other` is the other half of its exchange; `secrets` shows them.
pub fn content(
    row: &Row<'_>,
    packets: &[Packet],
    wall: &str,
    other: Option<&Record>,
    secrets: bool,
) -> Content {
    let covered = !secrets && mask::holds_auth(packets);
    let own = row.what == What::Socket("connect") && row.dir == Some(Direction::ToServer);
    let (tree, no_tree) = tree(row, covered, own, secrets);
    let bytes = bytes(row);
    let raw = raw(row, &bytes, covered, secrets);
    let bytes = match secrets || covered {
        true => bytes,
        false => mask::bytes(&bytes, row.dir),
    };
    Content {
        head: head(row, secrets),
        tree,
        no_tree,
        raw,
        covered,
        bytes,
        meta: meta::sheet(row, wall, other, secrets),
        other: row
            .ack
            .and_then(|ack| ack.other)
            .or(other.map(|record| record.n)),
        draft: draft(row),
        copy: Some(copy(row, other, covered, secrets)),
    }
}

/// The draft that would send an event again.
fn draft(row: &Row<'_>) -> Option<Draft> {
    Some(Draft::from_event(
        row.nsp?,
        row.event?,
        row.data()?,
        row.ack.is_some_and(|ack| ack.asks),
    ))
}

/// What can be copied: covered where the screen covers it.
fn copy(row: &Row<'_>, other: Option<&Record>, covered: bool, secrets: bool) -> CopyRow {
    let mut body = bytes(row);
    if !secrets && !covered && std::str::from_utf8(&body).is_err() {
        body = mask::bytes(&body, row.dir);
    }
    let mut raw = match std::str::from_utf8(&body) {
        Ok(text) => text.to_owned(),
        Err(_) => body.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    if raw.is_empty() {
        raw = row.text().into_owned();
    }
    let args = row
        .data()
        .filter(|_| row.event.is_some() || matches!(row.what, What::Socket("ack" | "binary_ack")));
    let mut request = [Some(row.record), other]
        .into_iter()
        .flatten()
        .find_map(|record| match &record.body {
            Body::Request(request) => Some(request.clone()),
            _ => None,
        });
    if !secrets {
        raw = match covered {
            true => mask::raw(&raw),
            false => mask::payload(&raw, row.dir).into_owned(),
        };
        if let Some(request) = &mut request {
            request.url = mask::url(&request.url);
            for (name, value) in &mut request.headers {
                *value = mask::header(name, value).to_owned();
            }
            request.body = match covered {
                true => Bytes::from(mask::raw(&String::from_utf8_lossy(&request.body))),
                false => mask::bytes(&request.body, Some(Direction::ToServer)),
            };
        }
    }
    CopyRow {
        raw,
        nsp: row.nsp.unwrap_or("/").to_owned(),
        event: row.event.map(str::to_owned),
        args: args.map(|data| {
            let args = if row.event.is_some() {
                line::without_name(data)
            } else {
                data.into()
            };
            shown(&args, secrets)
        }),
        wants_ack: row.ack.is_some_and(|ack| ack.asks),
        request,
        ..CopyRow::default()
    }
}

/// Words or JSON as they may be seen.
fn shown(text: &str, secrets: bool) -> String {
    match secrets {
        true => text.to_owned(),
        false => mask::text(text).into_owned(),
    }
}

fn head(row: &Row<'_>, secrets: bool) -> Vec<(String, Role)> {
    let mut head = vec![(row.name().replace('_', " "), Role::Title)];
    if let Some(event) = row.event {
        head.push((format!(" \"{}\"", line::head(event, 60)), Role::Event));
    }
    if let Some(nsp) = row.nsp {
        head.push(("  ns ".to_owned(), Role::Dim));
        head.push((line::nsp(nsp, secrets), Role::Text));
    }
    if let Some(ack) = &row.ack {
        head.push(("  ack ".to_owned(), Role::Dim));
        head.push((ack.id.to_string(), Role::Text));
        let latency = row.latency_ms.map(units::millis).unwrap_or_default();
        let other = ack.other.map(|n| format!(" (n {n})")).unwrap_or_default();
        let theirs = ack.asks && row.dir == Some(Direction::ToClient);
        let (words, role) = match (ack.state, ack.asks) {
            (Some(AckState::Pending), true) if theirs => {
                ("→ the server waits for an answer".to_owned(), Role::Accent)
            }
            (Some(AckState::Pending), _) => ("→ pending".to_owned(), Role::Busy),
            (Some(AckState::Answered), true) => {
                (format!("→ answered in {latency}{other}"), Role::Ok)
            }
            (Some(AckState::Answered), false) => {
                (format!("← asked {latency} before{other}"), Role::Ok)
            }
            (Some(AckState::Late), _) => (
                format!("→ answered late, after {latency}{other}"),
                Role::Warn,
            ),
            (Some(AckState::Timeout), _) => ("→ no answer in time".to_owned(), Role::Error),
            (Some(AckState::Lost), _) => ("→ lost with the connection".to_owned(), Role::Error),
            (None, _) => (String::new(), Role::Dim),
        };
        head.push((format!(" {words}"), role));
    } else if let Some(size) = row.size {
        head.push((format!("  {}", units::size(size)), Role::Dim));
    }
    if let Some(packet) = row.packet {
        for quirk in &packet.quirks {
            head.push((format!("  ! {quirk}"), Role::Warn));
        }
    }
    head
}

fn tree(row: &Row<'_>, covered: bool, own: bool, secrets: bool) -> (Tree, String) {
    match row.packet.map(|packet| &packet.kind) {
        Some(Kind::Undecodable { error, at }) => (
            Tree::default(),
            format!("can't be decoded: {error} at byte {at}"),
        ),
        Some(_) => match row.data() {
            Some(data) if covered && own => (Tree::new(mask::json(data), false), String::new()),
            Some(data) if !secrets && row.what == What::Socket("connect") => {
                (Tree::new(mask::welcome(data), false), String::new())
            }
            Some(data) => (
                Tree::new(shown(data, secrets), row.event.is_some()),
                String::new(),
            ),
            None => (Tree::default(), "no data".to_owned()),
        },
        None => match &row.record.body {
            Body::Namespace(namespace) => match &namespace.data {
                Some(data) => (Tree::new(shown(data, secrets), false), String::new()),
                None => (Tree::default(), row.text().into_owned()),
            },
            Body::Request(request) if secrets => (Tree::default(), request.url.clone()),
            Body::Request(request) => (Tree::default(), mask::url(&request.url)),
            Body::Response(response) if response.body.first() == Some(&b'{') => {
                let body = String::from_utf8_lossy(&response.body);
                (Tree::new(shown(&body, secrets), false), String::new())
            }
            Body::Connection(connection) if line::waiting(connection).is_some() => (
                Tree::default(),
                line::waiting(connection).unwrap_or_default(),
            ),
            _ => {
                let words = row.text();
                let words = line::head(&words, 2_000);
                let words = match covered {
                    true => mask::raw(&words),
                    false => shown(&words, secrets),
                };
                (Tree::default(), words)
            }
        },
    }
}

/// The bytes as they crossed the wire: the frame, or the body that the packet came in.
fn bytes(row: &Row<'_>) -> Bytes {
    match &row.record.body {
        Body::Frame(frame) => frame.data.clone(),
        Body::Request(request) => request.body.clone(),
        Body::Response(response) => response.body.clone(),
        Body::Buffer(buffer) => Bytes::from(buffer.packet.clone()),
        Body::Unknown(unknown) => Bytes::from(unknown.line.clone()),
        _ => Bytes::new(),
    }
}

fn raw(row: &Row<'_>, bytes: &Bytes, covered: bool, secrets: bool) -> Vec<String> {
    if bytes.is_empty() {
        let words = match &row.record.body {
            Body::Request(request) => {
                let url = if secrets {
                    request.url.clone()
                } else {
                    mask::url(&request.url)
                };
                format!("{} {url}", request.method)
            }
            _ => shown(&row.text(), secrets),
        };
        return text::safe_lines(&words);
    }
    if covered {
        return match std::str::from_utf8(bytes) {
            Ok(words) => text::safe_lines(&mask::raw(words)),
            Err(_) => vec![mask::COVER.to_owned()],
        };
    }
    let (part, rest) = match bytes.get(..LONGEST_RAW) {
        Some(part) => (part, bytes.len() - LONGEST_RAW),
        None => (&bytes[..], 0),
    };
    let words = match std::str::from_utf8(part) {
        _ if secrets => String::from_utf8_lossy(part).into_owned(),
        Ok(words) => mask::payload(words, row.dir).into_owned(),
        // Of a text that was cut in the middle of a character all but that is read.
        Err(error) if error.error_len().is_none() => {
            mask::payload(&String::from_utf8_lossy(part), row.dir).into_owned()
        }
        Err(_) => {
            let masked = mask::bytes(&Bytes::copy_from_slice(part), row.dir);
            String::from_utf8_lossy(&masked).into_owned()
        }
    };
    let mut lines = text::safe_lines(&words);
    if rest > 0 {
        lines.push(format!(
            "… and {} more bytes: the hex view has them",
            units::count(rest as u64)
        ));
    }
    lines
}

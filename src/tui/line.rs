//! One row of the frame log, ready to be drawn. Made for visible rows only.

use std::borrow::Cow;

use super::log::RowId;
use super::mask;
use super::theme::Role;
use super::units;
use crate::journal::record::{
    AckState, Body, Connection, ConnectionState, Direction, NamespaceState, Opcode, TransportName,
};
use crate::model::Packet;
use crate::model::decode::Kind;
use crate::model::row::{Row, What};

/// Characters of a payload that are looked at for a row: more than any screen is wide.
const LONGEST: usize = 400;

/// What stands in the columns of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Which row it is.
    pub id: RowId,
    /// Session time in microseconds.
    pub t: u64,
    /// Session time of the row above, where there is one.
    pub before: Option<u64>,
    /// Connection number.
    pub c: Option<u32>,
    /// Which way it went; `None` for what did not travel.
    pub dir: Option<Direction>,
    /// `ws`, `http` or nothing.
    pub via: &'static str,
    /// Namespace, or `─`.
    pub nsp: String,
    /// Kind, with the ack id: `event #7`.
    pub kind: String,
    /// Tone of the kind.
    pub role: Role,
    /// Event name, or what takes its place.
    pub name: String,
    /// The beginning of the payload.
    pub payload: String,
    /// The payload is JSON, and is coloured as such.
    pub json: bool,
    /// Latency or a state, at the right end.
    pub note: String,
    /// Tone of the note.
    pub note_role: Role,
    /// Something is wrong with it.
    pub error: bool,
}

impl Line {
    /// A row whose record can't be read any more.
    pub fn forgotten(id: RowId) -> Line {
        Line {
            id,
            t: 0,
            before: None,
            c: None,
            dir: None,
            via: "",
            nsp: "─".to_owned(),
            kind: "forgotten".to_owned(),
            role: Role::Dim,
            name: String::new(),
            payload: format!("record {} is no longer in memory", id.n()),
            json: false,
            note: String::new(),
            note_role: Role::Dim,
            error: false,
        }
    }

    /// The row in words.
    pub fn of(
        id: RowId,
        row: &Row<'_>,
        packets: &[Packet],
        before: Option<u64>,
        secrets: bool,
    ) -> Line {
        let covered = !secrets && mask::holds_auth(packets);
        let (mut name, payload, json) = words(row, covered, secrets);
        let mut payload = shown(payload, secrets);
        let (note, note_role) = note(row);
        let mut kind = row.name().into_owned();
        if let Body::Mark(mark) = &row.record.body
            && let Some(what) = super::clients::injection(&mark.text)
        {
            kind = "injected".to_owned();
            payload = head(beginning(&format!("to the {what}")), LONGEST).into_owned();
        }
        if let Body::Mark(mark) = &row.record.body
            && let Some((event, rest)) = callback(&mark.text)
        {
            kind = "callback".to_owned();
            name = head(beginning(event), LONGEST).into_owned();
            payload = shown(head(beginning(rest), LONGEST).into_owned(), secrets);
        }
        if let Some(short) = kind.strip_prefix("binary_") {
            // The note and the payload show that it is binary; the column is narrow.
            kind = format!("{short}⁺");
        }
        if let Some(ack) = &row.ack {
            kind.push_str(&format!(" #{}", ack.id));
        }
        Line {
            id,
            t: row.t,
            before,
            c: row.c,
            dir: row.dir,
            via: match row.via {
                Some(TransportName::Websocket) => "ws",
                Some(TransportName::Polling) => "http",
                None => "",
            },
            nsp: row
                .nsp
                .map_or_else(|| "─".to_owned(), |nsp| self::nsp(nsp, secrets)),
            kind,
            role: role(row),
            name,
            payload,
            json,
            note,
            note_role,
            error: row.error,
        }
    }
}

/// What a driven library said of itself: its callback's name, and the rest. Such marks begin with
/// the library's name.
pub fn callback(mark: &str) -> Option<(&str, &str)> {
    let said = mark.strip_prefix("rust_socketio:")?.trim_start();
    Some(said.split_once(' ').unwrap_or((said, "")))
}

/// A namespace's name; generation 2 writes a query behind it.
pub fn nsp(nsp: &str, secrets: bool) -> String {
    let short = head(nsp, 40);
    if secrets || !nsp.contains('?') {
        short.into_owned()
    } else {
        mask::url(&short)
    }
}

/// The beginning of a text, on a character border.
pub fn head(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        None => Cow::Borrowed(text),
        Some((at, _)) => Cow::Owned(format!("{}…", text.get(..at).unwrap_or(""))),
    }
}

/// The beginning of bytes as text, cut before it is looked at closely: payloads can be large.
fn beginning(text: &str) -> &str {
    let mut end = text.len().min(LONGEST * 4);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// A payload as it may be seen. Its end may be cut; a secret that is cut is one.
fn shown(payload: String, secrets: bool) -> String {
    if secrets {
        return payload;
    }
    match mask::text(&payload) {
        Cow::Borrowed(_) => payload,
        Cow::Owned(covered) => covered,
    }
}

/// Event name, payload, and whether the payload is JSON.
fn words(row: &Row<'_>, covered: bool, secrets: bool) -> (String, String, bool) {
    match row.packet.map(|packet| &packet.kind) {
        Some(Kind::Socket {
            name, data, event, ..
        }) => {
            let data = data.as_deref().unwrap_or("");
            match event {
                Some(event) => {
                    let args = without_name(beginning(data));
                    (event.clone(), head(&args, LONGEST).into_owned(), true)
                }
                None if *name == "connect"
                    && row.dir == Some(Direction::ToServer)
                    && !secrets
                    && !data.is_empty() =>
                {
                    (String::new(), mask::json(beginning(data)), true)
                }
                None if *name == "connect" && !secrets => {
                    let answer = mask::welcome(beginning(data));
                    (String::new(), head(&answer, LONGEST).into_owned(), true)
                }
                None => (
                    String::new(),
                    head(beginning(data), LONGEST).into_owned(),
                    true,
                ),
            }
        }
        Some(Kind::Engine { data, .. }) => (
            String::new(),
            head(beginning(data), LONGEST).into_owned(),
            data.starts_with('{'),
        ),
        Some(Kind::Undecodable { error, at }) => {
            (String::new(), format!("{error} at byte {at}"), false)
        }
        None => {
            let text = match &row.record.body {
                Body::Request(request) if !secrets => Cow::Owned(mask::url(&request.url)),
                Body::Request(request) => Cow::Borrowed(request.url.as_str()),
                Body::Response(response) if response.error.is_none() => Cow::Owned(format!(
                    "{} {}",
                    units::size(response.body.len() as u64),
                    lossy(&response.body)
                )),
                // The id stands in the column of kinds, the time at the row's end.
                Body::Ack(_) => Cow::Borrowed(""),
                Body::Connection(connection) => {
                    waiting(connection).map_or_else(|| row.text(), Cow::Owned)
                }
                Body::Frame(frame) if frame.op == Opcode::Binary => Cow::Owned(format!(
                    "{} of binary",
                    units::size(frame.data.len() as u64)
                )),
                Body::Frame(frame) if frame.op == Opcode::Text && covered => {
                    Cow::Owned(mask::raw(&lossy(&frame.data)))
                }
                Body::Frame(frame) if frame.op == Opcode::Text && !secrets => {
                    let text = lossy(&frame.data);
                    Cow::Owned(mask::payload(&text, Some(frame.dir)).into_owned())
                }
                Body::Frame(frame) if frame.op == Opcode::Text => lossy(&frame.data),
                _ => row.text(),
            };
            (
                String::new(),
                head(beginning(&text), LONGEST).into_owned(),
                false,
            )
        }
    }
}

/// The planned attempt, in the units in which the connection pane counts down to it.
pub fn waiting(connection: &Connection) -> Option<String> {
    if connection.state != ConnectionState::Waiting {
        return None;
    }
    let delay = units::planned(connection.delay_ms?);
    Some(match connection.attempt {
        Some(attempt) => format!("attempt #{attempt} in {delay}"),
        None => format!("the next attempt in {delay}"),
    })
}

fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.get(..LONGEST * 4).unwrap_or(bytes))
}

/// The arguments of `["name",arg…]` as an array without the name.
pub fn without_name(data: &str) -> Cow<'_, str> {
    let Some(rest) = data.trim_start().strip_prefix('[') else {
        return Cow::Borrowed(data);
    };
    let Some(span) = super::detail::json::root(rest) else {
        return Cow::Borrowed(data);
    };
    let after = rest.get(span.end..).unwrap_or("").trim_start();
    match after.strip_prefix(',') {
        Some(args) => Cow::Owned(format!("[{}", args.trim_start())),
        None => Cow::Borrowed(if after.is_empty() { "…" } else { "[]" }),
    }
}

fn note(row: &Row<'_>) -> (String, Role) {
    let latency = row.latency_ms.map(units::millis).unwrap_or_default();
    let Some(ack) = &row.ack else {
        return match row.what {
            What::Response => (latency, Role::Number),
            _ if row.packet.is_some_and(|packet| !packet.quirks.is_empty()) => {
                ("quirk".to_owned(), Role::Warn)
            }
            _ => (String::new(), Role::Dim),
        };
    };
    if matches!(row.what, What::Ack(_)) {
        // The kind of a ledger's row is its state already.
        return (latency, Role::Number);
    }
    let theirs = row.dir == Some(Direction::ToClient) && ack.asks;
    match ack.state {
        Some(AckState::Pending) if theirs => ("? answer".to_owned(), Role::Accent),
        Some(AckState::Pending) => ("… pending".to_owned(), Role::Busy),
        Some(AckState::Answered) if ack.asks => ("✓".to_owned(), Role::Ok),
        Some(AckState::Answered) => (latency, Role::Number),
        Some(AckState::Late) => (format!("late {latency}"), Role::Warn),
        Some(AckState::Timeout) => ("✗ no ack".to_owned(), Role::Error),
        Some(AckState::Lost) => ("✗ lost".to_owned(), Role::Error),
        None => (latency, Role::Number),
    }
}

/// The tone of a kind.
fn role(row: &Row<'_>) -> Role {
    match row.what {
        What::Fault => Role::Fault,
        What::Finding => Role::Finding,
        What::Mark => Role::Mark,
        _ if row.error => Role::Error,
        What::Engine("ping" | "pong") | What::Control(Opcode::Ping | Opcode::Pong) => Role::Ping,
        What::Engine(_) | What::Transport | What::Control(_) | What::Frame(_) => Role::Engine,
        What::Socket("event" | "binary_event") => Role::Event,
        What::Socket("ack" | "binary_ack") | What::Ack(_) => Role::Ack,
        What::Socket(_) | What::Namespace(NamespaceState::Joining | NamespaceState::Connected) => {
            Role::Connect
        }
        What::Namespace(_) => Role::Connect,
        What::Request | What::Response => Role::Exchange,
        What::Connection(ConnectionState::Open) => Role::Ok,
        What::Connection(ConnectionState::Waiting | ConnectionState::Connecting)
        | What::Buffer(_) => Role::Busy,
        What::Connection(_) => Role::Warn,
        What::Undecodable | What::Gap => Role::Error,
        What::Unknown => Role::Dim,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_events_arguments_are_shown_without_its_name() {
        for (data, args) in [
            (r#"["say","room1",{"a":[1]}]"#, r#"["room1",{"a":[1]}]"#),
            (r#"["say"]"#, "[]"),
            (r#" ["a,]b" , 1]"#, "[1]"),
            (r#"["cut off in the mid"#, "…"),
            ("no json", "no json"),
        ] {
            assert_eq!(without_name(data), args, "{data}");
        }
    }

    #[test]
    fn a_ledgers_row_says_everything_once_and_a_wait_in_the_panes_units() {
        let line = |body: Body| {
            let record = crate::journal::record::Record {
                n: 1,
                t: 0,
                c: Some(1),
                body,
            };
            let row = Row::new(&record, &[], None, &crate::model::Model::default()).unwrap();
            Line::of(RowId::new(1, 0), &row, &[], None, false)
        };
        let ack = |state, ms| {
            let ack = line(Body::Ack(crate::journal::record::Ack {
                nsp: "/".into(),
                id: 0,
                dir: Direction::ToServer,
                state,
                ms,
            }));
            [ack.kind, ack.payload, ack.note].join("|")
        };
        assert_eq!(ack(AckState::Pending, None), "ack pending #0||");
        assert_eq!(ack(AckState::Late, Some(18.0)), "ack late #0||18 ms");
        let waiting = line(Body::Connection(Connection {
            state: ConnectionState::Waiting,
            reason: None,
            detail: None,
            attempt: Some(1),
            delay_ms: Some(1_074),
        }));
        assert_eq!(waiting.payload, "attempt #1 in 1.1 s");
    }

    #[test]
    fn what_a_driven_library_called_is_told_from_a_persons_mark() {
        assert_eq!(
            callback("rust_socketio: event hello [1]"),
            Some(("event", "hello [1]"))
        );
        assert_eq!(callback("rust_socketio: connect"), Some(("connect", "")));
        assert_eq!(callback("deploy began"), None);
    }

    #[test]
    fn long_payloads_are_cut_on_a_character() {
        let text = "é".repeat(LONGEST * 3);
        assert_eq!(head(beginning(&text), LONGEST).chars().count(), LONGEST + 1);
    }
}

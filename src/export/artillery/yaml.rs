//! The scenario's text. Values are JSON, which is YAML.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::gather::{Client, Emit, Gathered};
use crate::journal::file::Header;
use crate::journal::redact::is_mask;
use crate::visible;

/// More clients are not written down: the load generator multiplies them.
const SCENARIOS: usize = 50;
/// Pauses below this many milliseconds are left out.
const SHORTEST: u64 = 1;

/// The scenario, and what is not in it.
pub(super) fn scenario(header: &Header, gathered: &Gathered) -> (String, Vec<String>) {
    let mut busy: Vec<(&u32, &Client)> = gathered
        .clients
        .iter()
        .filter(|(_, client)| !client.emits.is_empty())
        .collect();
    if busy.is_empty() {
        busy = gathered.clients.iter().take(1).collect();
    }
    let mut left_out = Vec::new();
    if busy.len() > SCENARIOS {
        left_out.push(format!(
            "{} further clients",
            busy.len().saturating_sub(SCENARIOS)
        ));
        busy.truncate(SCENARIOS);
    }
    let mut flows = String::new();
    let whole = Whole::of(&busy);
    for (c, client) in &busy {
        flow(**c, client, &whole, &mut flows, &mut left_out);
    }
    notes(&busy, &whole, &mut left_out);
    let mut variables = BTreeSet::new();
    let config = config(&busy, &whole, &mut variables);
    let mut text = String::new();
    let comment = |text: &mut String, words: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# {}", visible::line(words));
    };
    let started = header.started;
    comment(
        &mut text,
        &format!(
            "What was recorded {started:.3} from {}, by sioscope.",
            header.target
        ),
    );
    comment(
        &mut text,
        "Run it: artillery run FILE; for load raise arrivalCount and duration.",
    );
    for name in &variables {
        comment(
            &mut text,
            &format!("Set {name} in the environment: it was masked."),
        );
    }
    for what in &left_out {
        comment(&mut text, &format!("Not in it: {what}."));
    }
    text.push_str(&config);
    text.push_str("scenarios:\n");
    text.push_str(&flows);
    (text, left_out)
}

/// What holds for all clients.
struct Whole {
    /// The namespace that stands in the target: Artillery joins it always.
    base: String,
    /// All namespaces, in the order in which they were joined.
    namespaces: Vec<(String, Option<String>)>,
}

impl Whole {
    fn of(clients: &[(&u32, &Client)]) -> Whole {
        let mut namespaces: Vec<(String, Option<String>)> = Vec::new();
        for (_, client) in clients {
            for (nsp, auth) in &client.joined {
                if !namespaces.iter().any(|(known, _)| known == nsp) {
                    namespaces.push((nsp.clone(), auth.clone()));
                }
            }
        }
        let base = match &namespaces[..] {
            [(only, _)] => only.clone(),
            _ => "/".to_owned(),
        };
        Whole { base, namespaces }
    }

    /// The auth payload: of the base namespace, or the first one that was shown.
    fn auth(&self) -> Option<&str> {
        let of_base = self.namespaces.iter().find(|(nsp, _)| *nsp == self.base);
        of_base
            .and_then(|(_, auth)| auth.as_deref())
            .or_else(|| self.namespaces.iter().find_map(|(_, auth)| auth.as_deref()))
    }
}

fn notes(clients: &[(&u32, &Client)], whole: &Whole, left_out: &mut Vec<String>) {
    let auth = whole.auth();
    for (nsp, other) in &whole.namespaces {
        if other.as_deref() != auth && other.is_some() {
            left_out.push(format!(
                "the auth payload of {nsp}: Artillery shows one to all namespaces"
            ));
        }
        let used = clients
            .iter()
            .any(|(_, client)| client.emits.iter().any(|emit| emit.nsp == *nsp));
        if !used && *nsp != whole.base {
            left_out.push(format!(
                "{nsp}: it was joined, and nothing was emitted to it"
            ));
        }
    }
    if whole.namespaces.len() > 1 && !whole.namespaces.iter().any(|(nsp, _)| nsp == "/") {
        left_out.push("a client that does not join /: Artillery always does".to_owned());
    }
    let answers: u64 = clients.iter().map(|(_, client)| client.answers).sum();
    if answers > 0 {
        left_out.push(format!("{answers} answers to questions of the server"));
    }
}

fn flow(c: u32, client: &Client, whole: &Whole, out: &mut String, left_out: &mut Vec<String>) {
    let _ = writeln!(
        out,
        "  - name: \"client {c}\"\n    engine: socketio\n    flow:"
    );
    let mut now = client.ready.unwrap_or(client.ends);
    let mut steps = 0_usize;
    for emit in &client.emits {
        if let Some(why) = unfit(emit) {
            left_out.push(format!("the emit of record {}: {why}", emit.n));
            continue;
        }
        steps += usize::from(think(emit.t.saturating_sub(now), out)) + 1;
        now = now.max(emit.t);
        step(emit, whole, out, left_out);
    }
    let rest = client.ends.saturating_sub(now);
    if !think(rest, out) && steps == 0 {
        out.push_str("      - think: \"100ms\"\n");
    }
}

/// A pause of so many microseconds; false where it is too short to be one.
fn think(micros: u64, out: &mut String) -> bool {
    let ms = micros.saturating_add(500) / 1_000;
    if ms >= SHORTEST {
        // Artillery takes a bare number for seconds where it is a whole one, and for milliseconds
        // where it is not.
        let _ = writeln!(out, "      - think: \"{ms}ms\"");
    }
    ms >= SHORTEST
}

/// Why Artillery can't emit it.
fn unfit(emit: &Emit) -> Option<&'static str> {
    if emit.binary {
        return Some("its arguments are binary");
    }
    // What Artillery would take for a variable of its own.
    let braces = emit.data.find("{{").and_then(|at| emit.data.get(at..));
    if braces.is_some_and(|rest| rest.contains("}}")) && is_template(&emit.data) {
        return Some("it holds {{…}}, which Artillery would replace");
    }
    None
}

/// Whether a JSON text has a string with `{{` in it (and not only nested objects).
fn is_template(data: &str) -> bool {
    fn any(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains("{{"),
            Value::Array(items) => items.iter().any(any),
            Value::Object(members) => members
                .iter()
                .any(|(name, value)| name.contains("{{") || any(value)),
            _ => false,
        }
    }
    serde_json::from_str(data).is_ok_and(|value| any(&value))
}

fn step(emit: &Emit, whole: &Whole, out: &mut String, left_out: &mut Vec<String>) {
    let Ok(Value::Array(mut args)) = serde_json::from_str(&emit.data) else {
        left_out.push(format!("the emit of record {}: it can't be read", emit.n));
        return;
    };
    if let Some(name) = args.first_mut().filter(|name| !name.is_string()) {
        *name = Value::String(name.to_string());
    }
    if emit.asks && !emit.answered {
        left_out.push(format!(
            "the ack of record {}: it never came, and Artillery would wait for ever",
            emit.n
        ));
    }
    let mut members = Map::new();
    let texts = args.iter().all(Value::is_string);
    members.insert("emit".to_owned(), Value::Array(args));
    if emit.nsp != whole.base {
        members.insert("namespace".to_owned(), emit.nsp.clone().into());
    }
    if emit.answered {
        members.insert("acknowledge".to_owned(), true.into());
    }
    let step = json(&Value::Object(members));
    // Artillery refuses a list of arguments that are not all texts, unless it is in a loop.
    let _ = match texts {
        true => writeln!(out, "      - {step}"),
        false => writeln!(out, "      - loop: [{step}]\n        count: 1"),
    };
}

fn config(clients: &[(&u32, &Client)], whole: &Whole, variables: &mut BTreeSet<String>) -> String {
    let first = clients.first().map(|(_, client)| *client);
    let url = first.map_or("", |client| &*client.url);
    let (head, query) = url.split_once('?').unwrap_or((url, ""));
    let host_at = head.find("://").map_or(0, |at| at + 3);
    let path_at = head
        .get(host_at..)
        .and_then(|rest| rest.find('/'))
        .map_or(head.len(), |at| host_at + at);
    let origin = head.get(..path_at).unwrap_or(head);
    let path = head.get(path_at..).unwrap_or_default();
    let target = match whole.base.as_str() {
        "/" => origin.to_owned(),
        nsp => format!("{origin}{nsp}"),
    };
    let mut socket = Map::new();
    if !path.is_empty() && path != "/socket.io/" {
        socket.insert("path".to_owned(), path.into());
    }
    let transports: Vec<Value> = [
        ("polling", first.is_some_and(|client| client.polled)),
        ("websocket", first.is_some_and(|client| client.upgraded)),
    ]
    .iter()
    .filter(|(_, used)| *used)
    .map(|(name, _)| Value::from(*name))
    .collect();
    socket.insert("transports".to_owned(), Value::Array(transports));
    let query = custom_query(query, variables);
    if !query.is_empty() {
        socket.insert("query".to_owned(), Value::Object(query));
    }
    let headers = first.map_or_else(Map::new, |client| custom_headers(client, variables));
    if !headers.is_empty() {
        socket.insert("extraHeaders".to_owned(), Value::Object(headers));
    }
    if let Some(Ok(mut auth)) = whole.auth().map(serde_json::from_str::<Value>) {
        unmask(&mut auth, "auth", variables);
        socket.insert("auth".to_owned(), auth);
    }
    format!(
        "config:\n  target: {}\n  phases:\n    - duration: 1\n      arrivalCount: {}\n  socketio: {}\n",
        json(&target.into()),
        clients.len().max(1),
        json(&Value::Object(socket)),
    )
}

/// Query parameters that are not Engine.IO's own.
fn custom_query(query: &str, variables: &mut BTreeSet<String>) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if !["EIO", "transport", "t", "sid", "b64", "j"].contains(&&*name) {
            let mut value = Value::String(value.into_owned());
            unmask(&mut value, &format!("query_{name}"), variables);
            map.insert(name.into_owned(), value);
        }
    }
    map
}

/// Headers that an HTTP client does not write by itself.
fn custom_headers(client: &Client, variables: &mut BTreeSet<String>) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in &client.headers {
        let lower = name.to_ascii_lowercase();
        let wanted = lower.starts_with("x-") && !lower.starts_with("x-forwarded-");
        if !wanted && !["authorization", "cookie", "origin"].contains(&&*lower) {
            continue;
        }
        // `Bearer ***` and `a=***; b=***`: what is masked in it is a variable.
        let mut text = String::new();
        let mut inside = String::new();
        for part in value.split_inclusive([' ', '=', ';']) {
            let end = part.trim_end_matches([' ', '=', ';']);
            let mut leaf = Value::String(end.to_owned());
            unmask(&mut leaf, &format!("{name}{inside}"), variables);
            text.push_str(leaf.as_str().unwrap_or(end));
            text.push_str(part.get(end.len()..).unwrap_or_default());
            inside = match part.strip_suffix('=') {
                Some(cookie) => format!("_{cookie}"),
                None => String::new(),
            };
        }
        map.insert(name.clone(), text.into());
    }
    map
}

/// Puts variables of the environment where masks are.
fn unmask(value: &mut Value, name: &str, variables: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_mask(text) => {
            let plain: String = name
                .chars()
                .map(|one| match one.is_ascii_alphanumeric() {
                    true => one.to_ascii_uppercase(),
                    false => '_',
                })
                .collect();
            let variable = format!("SIOSCOPE_{plain}");
            *text = format!("{{{{ $env.{variable} }}}}");
            variables.insert(variable);
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| unmask(item, name, variables)),
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(inner, value)| unmask(value, &format!("{name}_{inner}"), variables)),
        _ => {}
    }
}

/// JSON in which nothing hides: what YAML does not take in a text is escaped.
fn json(value: &Value) -> String {
    let mut out = String::new();
    for one in value.to_string().chars() {
        if visible::is_hidden(one) || one == '\u{feff}' {
            let mut units = [0; 2];
            for unit in one.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(one);
        }
    }
    out
}

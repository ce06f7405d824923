//! Records and bytes as one line of text, for a script to name.

use crate::journal::record::{Body, Direction};

pub(super) fn hex(bytes: &[u8]) -> String {
    let words: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    words.join(" ")
}

pub(super) fn unhex(text: &str) -> Vec<u8> {
    text.split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).expect("hex"))
        .collect()
}

fn word(state: impl std::fmt::Debug) -> String {
    format!("{state:?}").to_lowercase()
}

fn tail(name: &str, value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(String::new, |value| format!(" {name}{value}"))
}

pub(super) fn record_text(body: &Body) -> String {
    match body {
        Body::Connection(it) => format!(
            "connection {}{}{}{}{}",
            word(it.state),
            tail("attempt=", it.attempt),
            tail("delay=", it.delay_ms),
            tail("reason: ", it.reason.as_ref()),
            tail("| ", it.detail.as_ref())
        ),
        Body::Transport(it) => format!(
            "transport {} {}{}",
            word(it.name),
            word(it.state),
            tail("error: ", it.error.as_ref())
        ),
        Body::Namespace(it) => format!(
            "nsp {} {}{}{}{}{}",
            it.nsp,
            word(it.state),
            tail("sid=", it.sid.as_ref()),
            tail("recovered=", it.recovered),
            tail("reason: ", it.reason.as_ref()),
            tail("data=", it.data.as_ref())
        ),
        Body::Ack(it) => format!(
            "ack {} {} {} {}{}",
            it.nsp,
            it.id,
            match it.dir {
                Direction::ToServer => "ours",
                Direction::ToClient => "theirs",
            },
            word(it.state),
            tail("ms=", it.ms)
        ),
        Body::Buffer(it) => format!("buffer {} {} {}", it.nsp, word(it.op), it.packet),
        Body::Mark(it) => format!("mark {}", it.text),
        other => format!("{other:?}"),
    }
}

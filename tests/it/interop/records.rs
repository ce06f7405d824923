//! What the records say, in the words of the session file.

use serde_json::Value;

/// A record of kind `k` in `state`.
pub fn state(k: &'static str, state: &'static str) -> impl Fn(&Value) -> bool {
    move |record| record["k"] == k && record["state"] == state
}

/// A namespace that came into `state`. In generation 2 its record may carry the query that it
/// was joined with.
pub fn namespace(nsp: &str, state: &str) -> impl Fn(&Value) -> bool {
    move |record| {
        let named = record["nsp"]
            .as_str()
            .and_then(|name| name.split('?').next());
        record["k"] == "namespace" && named == Some(nsp) && record["state"] == state
    }
}

/// A transport that came into `state`.
pub fn transport(name: &'static str, state: &'static str) -> impl Fn(&Value) -> bool {
    move |record| record["k"] == "transport" && record["name"] == name && record["state"] == state
}

/// A record with an event of the server by this name.
pub fn event(name: &'static str) -> impl Fn(&Value) -> bool {
    move |record| {
        packets_of(record, "to_client").any(|packet| is_event(packet) && packet["data"][0] == name)
    }
}

/// A record with the server's answer to the ack `id`.
pub fn ack(id: u64) -> impl Fn(&Value) -> bool {
    move |record| packets_of(record, "to_client").any(|packet| is_ack(packet) && packet["id"] == id)
}

/// Whether a packet is an event, with attachments or without.
pub fn is_event(packet: &Value) -> bool {
    packet["type"] == "event" || packet["type"] == "binary_event"
}

/// Whether a packet is an ack, with attachments or without.
pub fn is_ack(packet: &Value) -> bool {
    packet["type"] == "ack" || packet["type"] == "binary_ack"
}

/// The packets that a record carries in one direction.
pub fn packets_of<'a>(record: &'a Value, dir: &str) -> impl Iterator<Item = &'a Value> {
    let of_record = match record["k"].as_str() {
        Some("request") => Some("to_server"),
        Some("response") => Some("to_client"),
        _ => record["dir"].as_str(),
    };
    let packets = record["packets"]
        .as_array()
        .filter(|_| of_record == Some(dir));
    packets.into_iter().flatten()
}

/// All packets of one direction, in order.
pub fn packets(records: &[Value], dir: &str) -> Vec<Value> {
    records
        .iter()
        .flat_map(|record| packets_of(record, dir))
        .cloned()
        .collect()
}

/// The records that `wanted` accepts.
pub fn all(records: &[Value], wanted: impl Fn(&Value) -> bool) -> Vec<&Value> {
    records.iter().filter(|record| wanted(record)).collect()
}

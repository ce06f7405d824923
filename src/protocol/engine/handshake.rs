//! The handshake: the JSON of the OPEN packet.
//!
//! Read by key, never by order (python writes another order). What is missing or unusable gets
//! a default and a quirk, so that a debugger can go on; only a handshake without a session id
//! is refused, because nothing can be sent without it.

use super::{DecodeError, DecodeErrorKind, Decoded, Quirk};
use crate::protocol::json::{self, JsonErrorKind, Shape};

/// What stands in for a missing `pingInterval` (the reference server's default), in ms.
pub const DEFAULT_PING_INTERVAL_MS: u64 = 25_000;
/// What stands in for a missing `pingTimeout` (the 4.x server's default), in ms.
pub const DEFAULT_PING_TIMEOUT_MS: u64 = 20_000;
/// The longest timer a JavaScript peer can set, in ms; longer ones fire at once there.
pub const MAX_TIMER_MS: u64 = 2_147_483_647;

/// The server's first words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The Engine.IO session id; opaque.
    pub sid: String,
    /// Transports to which the session may be upgraded.
    pub upgrades: Vec<String>,
    /// Milliseconds between two pings. May be 0: never divide by it, never spin on it.
    pub ping_interval_ms: u64,
    /// Milliseconds that the other side may stay silent after a ping was due.
    pub ping_timeout_ms: u64,
    /// Largest POST body that the server takes, in bytes; `None` is no limit.
    pub max_payload: Option<u64>,
    /// Members that this version does not know: name and raw JSON, in the order of the text.
    pub extra: Vec<(String, String)>,
    /// The names of the known members in the order of the text: a trace of the implementation.
    pub key_order: Vec<&'static str>,
    /// The JSON as it came.
    pub raw: String,
}

impl Handshake {
    /// Reads the data of an OPEN packet.
    ///
    /// # Errors
    /// Malformed JSON, JSON that is no object, or an object without a usable `sid`.
    pub fn parse(text: &str) -> Result<Decoded<Self>, DecodeError> {
        let shape = json::validate(text)
            .map_err(|error| DecodeError::new(error.at, DecodeErrorKind::Json(error.kind)))?;
        if shape != Shape::Object {
            return Err(DecodeError::new(0, DecodeErrorKind::HandshakeNotObject));
        }
        let members = json::members(text).ok_or_else(|| {
            DecodeError::new(0, DecodeErrorKind::Json(JsonErrorKind::ExpectedValue))
        })?;
        let mut reader = Reader::default();
        for (key, value) in members {
            reader.member(key, value);
        }
        reader.finish(text)
    }
}

/// Collects the members; a later duplicate replaces an earlier one, as in JavaScript.
#[derive(Default)]
struct Reader<'a> {
    sid: Option<&'a str>,
    upgrades: Option<&'a str>,
    interval: Option<&'a str>,
    timeout: Option<&'a str>,
    max_payload: Option<&'a str>,
    extra: Vec<(String, String)>,
    key_order: Vec<&'static str>,
    quirks: Vec<Quirk>,
}

impl<'a> Reader<'a> {
    fn member(&mut self, key: &str, value: &'a str) {
        let key = json::unescape(key).unwrap_or_default();
        let (name, slot) = match key.as_ref() {
            "sid" => ("sid", &mut self.sid),
            "upgrades" => ("upgrades", &mut self.upgrades),
            "pingInterval" => ("pingInterval", &mut self.interval),
            "pingTimeout" => ("pingTimeout", &mut self.timeout),
            "maxPayload" => ("maxPayload", &mut self.max_payload),
            _ => {
                self.extra.push((key.into_owned(), value.to_owned()));
                return;
            }
        };
        *slot = Some(value);
        self.key_order.push(name);
    }

    fn finish(mut self, text: &str) -> Result<Decoded<Handshake>, DecodeError> {
        let sid = self
            .read_sid()
            .ok_or_else(|| DecodeError::new(0, DecodeErrorKind::HandshakeField("sid")))?;
        let upgrades = self.read_upgrades();
        let ping_interval_ms =
            self.read_ms("pingInterval", self.interval, DEFAULT_PING_INTERVAL_MS);
        let ping_timeout_ms = self.read_ms("pingTimeout", self.timeout, DEFAULT_PING_TIMEOUT_MS);
        if ping_interval_ms == 0 {
            self.quirks.push(Quirk::PingIntervalZero);
        }
        let max_payload = self.read_max_payload();
        Ok(Decoded {
            value: Handshake {
                sid,
                upgrades,
                ping_interval_ms,
                ping_timeout_ms,
                max_payload,
                extra: self.extra,
                key_order: self.key_order,
                raw: text.to_owned(),
            },
            quirks: self.quirks,
        })
    }

    fn read_sid(&mut self) -> Option<String> {
        let raw = self.sid?;
        if let Some(sid) = json::unescape(raw) {
            return (!sid.is_empty()).then(|| sid.into_owned());
        }
        // A number still works as an id: it goes into the query as its digits.
        if json::validate(raw) == Ok(Shape::Number) {
            self.unusable("sid", raw);
            return Some(raw.to_owned());
        }
        None
    }

    fn read_upgrades(&mut self) -> Vec<String> {
        let Some(raw) = self.upgrades else {
            self.quirks.push(Quirk::FieldMissing("upgrades"));
            return Vec::new();
        };
        let Some(elements) = json::elements(raw) else {
            self.unusable("upgrades", raw);
            return Vec::new();
        };
        let names: Vec<String> = elements
            .iter()
            .filter_map(|element| json::unescape(element).map(|name| name.into_owned()))
            .collect();
        if names.len() < elements.len() {
            self.unusable("upgrades", raw);
        }
        names
    }

    fn read_ms(&mut self, field: &'static str, raw: Option<&str>, default: u64) -> u64 {
        let Some(raw) = raw else {
            self.quirks.push(Quirk::FieldMissing(field));
            return default;
        };
        match whole(raw) {
            Some(ms) if ms <= MAX_TIMER_MS => ms,
            Some(_) => {
                self.quirks.push(Quirk::FieldClamped {
                    field,
                    raw: raw.to_owned(),
                });
                MAX_TIMER_MS
            }
            None => {
                self.unusable(field, raw);
                default
            }
        }
    }

    fn read_max_payload(&mut self) -> Option<u64> {
        let raw = self.max_payload?;
        let max = whole(raw).filter(|max| *max > 0);
        if max.is_none() {
            self.unusable("maxPayload", raw);
        }
        max
    }

    fn unusable(&mut self, field: &'static str, raw: &str) {
        self.quirks.push(Quirk::FieldUnusable {
            field,
            raw: raw.to_owned(),
        });
    }
}

/// A JSON number as whole units, fractions cut off; `None` for anything else and below 0.
fn whole(raw: &str) -> Option<u64> {
    if json::validate(raw) != Ok(Shape::Number) {
        return None;
    }
    let raw = raw.trim();
    if let Ok(value) = raw.parse::<u64>() {
        return Some(value);
    }
    let value: f64 = raw.parse().ok()?;
    if value < 0.0 || value.is_nan() {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; a cast from float saturates"
    )]
    Some(value as u64)
}

#[cfg(test)]
mod tests;

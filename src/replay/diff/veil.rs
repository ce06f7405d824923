//! One payload as it is compared: for those who hold two of them beside each other before both
//! sessions are read.

use serde_json::Value;

use super::form::canonical;
use super::ids::{HOST, Ids, PID, SID};
use super::masks::{Covered, Masks, host_of};
use crate::journal::file::Header;
use crate::model::Packet;
use crate::model::decode::Kind;
use crate::replay::path::Of;

/// What of a session's payloads is no difference, as far as the session is known.
#[derive(Debug, Clone, Default)]
pub struct Veil {
    masks: Masks,
    ids: Ids,
    /// Start of the session, in milliseconds since 1970.
    started_ms: f64,
}

impl Veil {
    /// For the start of a session.
    pub fn new(header: &Header) -> Veil {
        let mut ids = Ids::default();
        if let Some(host) = host_of(&header.target) {
            ids.learn(&host, HOST);
        }
        Veil {
            masks: Masks::default(),
            ids,
            started_ms: header.started.as_millisecond() as f64,
        }
    }

    pub(super) fn of(masks: Masks, ids: Ids, started_ms: f64) -> Veil {
        Veil {
            masks,
            ids,
            started_ms,
        }
    }

    /// Has these masks from now on.
    pub fn set_masks(&mut self, masks: Masks) {
        self.masks = masks;
    }

    /// Its masks.
    pub fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Learns the ids that a packet of the server gives.
    pub fn learn(&mut self, packet: &Packet) {
        let (data, given): (&str, &[(&str, &'static str)]) = match &packet.kind {
            Kind::Engine { name, data } if *name == "open" => (data, &[("sid", SID)]),
            Kind::Socket { name, data, .. } if *name == "connect" => (
                data.as_deref().unwrap_or_default(),
                &[("sid", SID), ("pid", PID)],
            ),
            _ => return,
        };
        let Ok(data) = serde_json::from_str::<Value>(data) else {
            return;
        };
        for (member, kind) in given {
            if let Some(id) = data.get(member).and_then(Value::as_str) {
                self.ids.learn(id, kind);
            }
        }
    }

    /// What is compared of a payload; `None` where it is no JSON. `masks`: those of the
    /// comparison. `offset`: it ends with a recovery offset.
    pub fn form(&self, masks: &Masks, of: Of<'_>, args: &str, offset: bool) -> Option<Value> {
        let mut root: Value = serde_json::from_str(args).ok()?;
        if let (true, Value::Array(items)) = (offset, &mut root) {
            items.pop();
        }
        let covered = &mut Covered::default();
        masks.apply(of, &mut root, &self.ids, self.started_ms, covered);
        Some(plain(&root))
    }

    /// What is compared of a single value, wherever it stands.
    pub fn value(&self, value: &Value) -> Value {
        let nowhere = Of {
            nsp: "",
            event: "",
            reply: false,
        };
        let mut root = Value::Array(vec![value.clone()]);
        let (covered, masks) = (&mut Covered::default(), Masks::default());
        masks.apply(nowhere, &mut root, &self.ids, self.started_ms, covered);
        match plain(&root) {
            Value::Array(mut items) => items.pop().unwrap_or(Value::Null),
            other => other,
        }
    }
}

/// A value whose numbers are written as they are compared.
fn plain(value: &Value) -> Value {
    serde_json::from_str(&canonical(value)).unwrap_or_else(|_| value.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_times_and_offsets_are_no_difference_and_all_else_is() {
        let at = 1_750_000_000_000_u64;
        let mut ids = Ids::default();
        ids.learn("given-by-the-server", SID);
        let veil = Veil::of(Masks::default(), ids, at as f64);
        let of = Of {
            nsp: "/",
            event: "e",
            reply: false,
        };
        let form = |args: Value, offset| {
            veil.form(veil.masks(), of, &args.to_string(), offset)
                .unwrap()
        };
        assert_eq!(
            form(json!(["given-by-the-server", at + 5, 1.0, "offset"]), true),
            form(json!(["lv_VI97HAXpY6yYWAAAC", at, 1]), false)
        );
        assert_ne!(form(json!(["a"]), false), form(json!(["b"]), false));
        assert_eq!(veil.value(&json!("lv_VI97HAXpY6yYWAAAC")), json!(SID));
        assert_eq!(veil.value(&json!("word")), json!("word"));
    }
}

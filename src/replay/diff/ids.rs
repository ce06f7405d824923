//! Ids of one run: engine and socket sids, private ids, cache busters, the target's port.

use std::collections::HashMap;

/// What stands in the place of a sid.
pub(super) const SID: &str = "‹sid›";
/// What stands in the place of a cache buster that a server told back.
pub(super) const BUSTER: &str = "‹t›";
/// What stands in the place of the target's host and port.
pub(super) const HOST: &str = "‹host›";
/// What stands in the place of a private id.
pub(super) const PID: &str = "‹pid›";
/// How many ids are remembered; a tap may see very many clients.
const MOST: usize = 200_000;
/// With more ids than this they are not looked for within longer texts.
const FEW: usize = 64;
/// Shorter ids than this are words like any other.
const LEAST: usize = 5;
/// Shorter ids are not looked for within longer texts.
const SHORTEST: usize = 8;

/// The ids that were seen so far in a session.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    given: HashMap<String, &'static str>,
}

impl Ids {
    /// Remembers an id.
    pub(super) fn learn(&mut self, id: &str, kind: &'static str) {
        // A server without sids says "", and a counter `1`: those are everywhere.
        if id.len() >= LEAST && self.given.len() < MOST && !self.given.contains_key(id) {
            self.given.insert(id.to_owned(), kind);
        }
    }

    /// The text with its ids masked; `None` where it has none.
    pub(super) fn mask(&self, text: &str) -> Option<String> {
        if let Some(kind) = self.given.get(text) {
            return Some((*kind).to_owned());
        }
        if is_like_a_sid(text) {
            return Some(SID.to_owned());
        }
        // `/chat#sid`, generation 2.
        if let Some((nsp, sid)) = text.rsplit_once('#')
            && (self.given.contains_key(sid) || is_like_a_sid(sid))
        {
            return Some(format!("{nsp}#{SID}"));
        }
        if self.given.len() > FEW {
            return None;
        }
        let mut masked = None::<String>;
        for (id, kind) in &self.given {
            if id.len() >= SHORTEST && text.len() > id.len() {
                let now = masked.as_deref().unwrap_or(text);
                if now.contains(id.as_str()) {
                    masked = Some(now.replace(id.as_str(), kind));
                }
            }
        }
        masked
    }
}

/// Written like an id of the JavaScript and python servers: 20 letters of base64url, the last
/// four of which count connections from `AAAA` on (base64id 2.0, python-engineio's generate_id).
fn is_like_a_sid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 20
        && bytes.get(16..18) == Some(b"AA")
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_ids_and_those_written_like_them_are_masked_wherever_they_stand() {
        let mut ids = Ids::default();
        ids.learn("XGFKY_Xy0CL0uZ-R", SID);
        ids.learn("private-and-long", PID);
        ids.learn("", SID);
        for (text, expected) in [
            ("XGFKY_Xy0CL0uZ-R", Some("‹sid›")),
            ("/chat#XGFKY_Xy0CL0uZ-R", Some("/chat#‹sid›")),
            ("welcome XGFKY_Xy0CL0uZ-R!", Some("welcome ‹sid›!")),
            ("private-and-long", Some("‹pid›")),
            ("lv_VI97HAXpY6yYWAAAC", Some("‹sid›")),
            ("/chat#lv_VI97HAXpY6yYWAAAC", Some("/chat#‹sid›")),
            ("authentication_error", None),
            ("XGFKY_", None),
            ("", None),
        ] {
            assert_eq!(ids.mask(text).as_deref(), expected, "{text}");
        }
    }
}

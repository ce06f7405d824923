//! Between the composer and the drafts in files.

use super::Draft;
use crate::collection::{self, Filled};
use crate::tui::json;

impl Draft {
    /// A draft of a file, with its variables filled in; `nsp` where it names no namespace.
    pub fn from_collection(draft: &collection::Draft, filled: &Filled, nsp: &str) -> Draft {
        let nsp = filled.nsp.as_deref().unwrap_or(nsp);
        Draft {
            timeout: draft
                .timeout_ms
                .map(|ms| format!("{ms}ms"))
                .unwrap_or_default(),
            ..Draft::from_event(nsp, &filled.event, &filled.array, draft.ack)
        }
    }

    /// The same as a draft for a file.
    ///
    /// # Errors
    /// Why it could not be sent, either.
    pub fn to_collection(&self, name: &str) -> Result<collection::Draft, String> {
        let emit = self.emit().map_err(|error| error.what)?;
        let values = json::values(&emit.args).map_err(|error| error.what)?;
        let args = values.get(1..).unwrap_or_default().join(",");
        Ok(collection::Draft {
            name: name.to_owned(),
            line: 1,
            nsp: Some(emit.nsp),
            event: self.event.clone(),
            args: format!("[{args}]"),
            ack: emit.ack,
            timeout_ms: emit.timeout_ms,
            within_ms: None,
            groups: Vec::new(),
            secret: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collection::{Variables, addition, parse};

    #[test]
    fn a_draft_goes_to_a_file_and_comes_back_as_it_was() {
        for args in [
            "",
            "\"room1\", {\"text\":\"it's\"}",
            "[[1,[2]]]",
            "1.50, 12345678901234567890, null",
            "{\"$binary\":\"AQI=\"}",
            "\"ü 🦀\\u0000\"",
        ] {
            for (ack, timeout) in [(false, ""), (true, ""), (true, "1500ms")] {
                let draft = Draft {
                    nsp: "/chat".to_owned(),
                    event: "say \"it\"".to_owned(),
                    args: args.to_owned(),
                    ack,
                    timeout: timeout.to_owned(),
                };
                let kept = draft.to_collection("a name").unwrap();
                let text = addition("", &kept).unwrap();
                let read = parse(&text).unwrap().remove(0);
                let filled = read.fill(&Variables::default()).unwrap();
                let back = Draft::from_collection(&read, &filled, "/");
                assert_eq!(back, draft, "{text}");
            }
        }
    }

    #[test]
    fn one_without_a_namespace_goes_to_the_given_one() {
        let text = "[[draft]]\nname = 'a'\nevent = 'e'\nargs = [1]";
        let draft = parse(text).unwrap().remove(0);
        let filled = draft.fill(&Variables::default()).unwrap();
        let loaded = Draft::from_collection(&draft, &filled, "/first");
        assert_eq!((loaded.nsp.as_str(), loaded.args.as_str()), ("/first", "1"));
    }
}

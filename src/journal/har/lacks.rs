//! What a browser did not save.

use super::entry::Entry;

/// How often something was there that the file has not.
#[derive(Default)]
pub(super) struct Lacks {
    /// WebSockets without a word of their messages.
    sockets: u64,
    /// Bodies of answers.
    bodies: u64,
    /// Messages that stand there and can't be read.
    pub(super) messages: u64,
}

impl Lacks {
    /// Looks at an entry; what it lacks, in words.
    pub(super) fn see(&mut self, entry: &Entry, websocket: bool) -> Option<&'static str> {
        if websocket {
            let lost = entry.response.status == 101 && entry.messages.is_none();
            self.sockets += u64::from(lost);
            return lost.then_some("the file has none of the messages of this WebSocket");
        }
        let lost = entry.lacks_content();
        self.bodies += u64::from(lost);
        lost.then_some("the file has not the body of this response")
    }

    /// All that is lacking, in words. `writer` is the browser by its name.
    pub(super) fn told(&self, writer: Option<&str>) -> Option<String> {
        let writer = writer.filter(|name| !name.is_empty());
        let writer = writer.unwrap_or("what wrote it");
        let mut told = Vec::new();
        if self.sockets > 0 {
            let of = many(self.sockets, "WebSocket");
            told.push(format!(
                "it has none of the messages of {of}: {writer} does not save them (Chromium, mitmproxy \
                 and sioscope tap do)"
            ));
        }
        if self.bodies > 0 {
            let (of, them) = match self.bodies {
                1 => ("the body of 1 response is".to_owned(), "it"),
                bodies => (format!("the bodies of {bodies} responses are"), "them"),
            };
            told.push(format!("{of} not in it: {writer} had let go of {them}"));
        }
        if self.messages > 0 {
            let of = many(self.messages, "WebSocket message");
            told.push(format!("{of} can't be read"));
        }
        (!told.is_empty()).then(|| told.join("; "))
    }
}

fn many(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

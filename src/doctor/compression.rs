//! What is compressed: WebSocket messages (permessage-deflate) and HTTP bodies.

use super::case::Case;
use super::report::{Check, Outcome};

const NAME: &str = "compression";

/// Told from what the other checks saw.
pub(super) fn check(case: &Case<'_>) -> Outcome {
    let socket = match case.deflate {
        None => None,
        Some(true) => Some(
            "permessage-deflate was offered and accepted: WebSocket messages may be compressed \
             (each connection takes memory for it on the server)",
        ),
        Some(false) => Some(
            "permessage-deflate was offered and not accepted: WebSocket messages go as they are \
             (the server option perMessageDeflate is off, which is the default)",
        ),
    };
    let http = match (&case.gzip, case.polls) {
        (Some(coding), _) => Some(format!("HTTP bodies come with {coding}")),
        (None, true) => Some(
            "no HTTP body was compressed (servers do so from 1 KiB on, and none was that long)"
                .to_owned(),
        ),
        (None, false) => None,
    };
    let told: Vec<String> = socket.map(str::to_owned).into_iter().chain(http).collect();
    match told.is_empty() {
        true => Check::skipped(NAME, "nothing was opened that could be compressed"),
        false => Check::ok(NAME, told.join("; ")),
    }
    .into()
}

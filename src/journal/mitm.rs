//! mitmproxy flow files: import. **Floor 0.**
//!
//! A flow file is a plain row of tnetstrings, each a dict with the state of one flow
//! (mitmproxy's `io/tnetstring.py` and `flow.get_state`). A WebSocket is an HTTP flow with a
//! `websocket` member; control frames are not kept, the close code is. Requests that are not
//! Engine.IO's are left out.

mod import;
#[cfg(test)]
mod tests;
mod tnetstring;

pub use import::{MitmError, import};

/// Whether a file that begins like this may be a flow file: the length of a dict that starts
/// with a text key, as in `1234:7:version;`.
pub(super) fn looks_like(begin: &[u8]) -> bool {
    let digits = begin
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let mut rest = begin.get(digits..).unwrap_or_default();
    if digits == 0 || !rest.starts_with(b":") {
        return false;
    }
    rest = rest.get(1..).unwrap_or_default();
    let inner = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    inner > 0 && rest.get(inner) == Some(&b':')
}

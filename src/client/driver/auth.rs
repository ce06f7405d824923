//! Auth payloads that are read again at each attempt: from a file or from a command.

use std::time::Duration;

use tokio::process::Command;

use crate::client::options::Auth;
use crate::protocol::json::{self, Shape};

/// How long an auth command may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads an auth payload; `None` where the source is empty.
///
/// # Errors
/// Why there is no usable payload, in words, naming file or command.
pub(crate) async fn read(source: Auth) -> Result<Option<String>, String> {
    let (text, from) = match source {
        Auth::Json(text) => (text, "--auth".to_owned()),
        Auth::File(path) => {
            let from = path.display().to_string();
            let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(path)).await;
            let text = read
                .map_err(|error| error.to_string())
                .and_then(|text| text.map_err(|error| error.to_string()));
            (text.map_err(|error| format!("{from}: {error}"))?, from)
        }
        Auth::Command(line) => (run(&line).await?, format!("the command `{line}`")),
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match json::validate(text) {
        Ok(Shape::Object) => json::compact(text)
            .map(Some)
            .map_err(|error| format!("{from}: {error}")),
        // What was read is not repeated: it is a secret, and the reason goes into the session.
        Ok(shape) => Err(format!(
            "{from} gives {shape}, but a CONNECT payload must be a JSON object such as {{\"token\":\"…\"}}"
        )),
        Err(error) => Err(format!("{from} gives no JSON: {error}")),
    }
}

async fn run(line: &str) -> Result<String, String> {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(line)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| {
            format!(
                "the command `{line}` took longer than {} s",
                PATIENCE.as_secs()
            )
        })?
        .map_err(|error| format!("the command `{line}` could not be run: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "the command `{line}` ended with {}: {}",
            output.status,
            said.trim()
        ));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| format!("the command `{line}` printed bytes that are no UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_payload_that_can_not_be_used_is_not_repeated() {
        let error = read(Auth::Command("echo '\"s3cret\"'".to_owned()))
            .await
            .unwrap_err();
        assert!(error.contains("gives a text, but"), "{error}");
        assert!(!error.contains("gives \"s3cret"), "{error}");
    }

    #[tokio::test]
    async fn an_empty_payload_is_none() {
        assert_eq!(read(Auth::Json("  ".to_owned())).await, Ok(None));
    }
}

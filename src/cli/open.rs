//! `sioscope open FILE`: the screen on a saved session.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `open`.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// Session file (.sio.jsonl), HAR file of a browser, or mitmproxy flow file; also packed as .zst.
    pub file: PathBuf,
}

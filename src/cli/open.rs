//! `sioscope open FILE…`: the screen on saved sessions.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `open`.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// Session files (.sio.jsonl), HAR files of a browser or mitmproxy flow files, also packed as
    /// .zst; one tab each.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

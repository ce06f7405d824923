//! `sioscope run` and `emit --from`: drafts of files, sent to real servers.

mod found;
mod runs;
mod secrets;
mod stage;

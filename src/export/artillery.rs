//! A scenario for Artillery: what the clients of a session did, for as many as one likes.
//!
//! Artillery's engine `socketio` knows one handshake for all namespaces, emits, acks and pauses.
//! What it can't do is left out and named in a comment: binary arguments, acks that never came
//! (it would wait for ever), answers to the server's questions. It speaks Socket.IO 3 and 4 with
//! the default parser only.
//!
//! Secrets that were masked become variables of the environment.

mod gather;
mod yaml;

use std::io::Write;

use super::read::Reading;
use super::{ExportError, Format};

/// Writes the scenario; returns what is not in it.
pub(super) fn write(
    reading: &mut Reading<'_>,
    out: &mut dyn Write,
) -> Result<Vec<String>, ExportError> {
    let unfit = |why: &str| ExportError::Unfit {
        format: Format::Artillery.name(),
        why: why.to_owned(),
    };
    let header = reading.header().clone();
    if header.parser.is_some() {
        return Err(unfit("Artillery knows the default parser only"));
    }
    let mut gathered = gather::Gathered::new(&header);
    reading.each(|record| {
        gathered.take(&record);
        Ok(())
    })?;
    if gathered.is_of_generation_2() {
        return Err(unfit(
            "it is of generation 2 (Engine.IO 3), and Artillery speaks Socket.IO 3 and 4 only",
        ));
    }
    if gathered.clients.is_empty() {
        return Err(unfit("no client connects in it"));
    }
    let (text, left_out) = yaml::scenario(&header, &gathered);
    out.write_all(text.as_bytes())?;
    Ok(left_out)
}

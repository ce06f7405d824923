//! Session files: the header line, opening saved sessions, the folder they are kept in.
//! **Floor 0.**
//!
//! Files are made with mode 0600 and folders with 0700: a session holds tokens and cookies.

mod folder;
mod header;
mod keep;
mod open;
#[cfg(test)]
mod tests;

pub use folder::{Listed, default_path, list, sessions_dir};
pub use header::{Header, Source, parse_header_line};
pub use keep::{remove, rename, short_name};
pub use open::{OpenError, Problem};

pub(super) use folder::create_file;
pub(super) use header::{LONGEST_HEADER, parse_header, write_header};
pub(super) use open::{Packing, convert, look_inside, nameless, open_file, unpack};

/// Major version of the format that this version writes, and the newest that it reads.
pub const VERSION: u64 = 1;

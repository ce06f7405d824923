//! Opening saved sessions, and saying clearly why one can't be opened.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use super::VERSION;
use super::header::write_header;
use crate::journal::har::{self, HarError, Imported};
use crate::journal::line::write_line;
use crate::journal::mitm::{self, MitmError};

/// Why a saved session could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("can't open {}: {problem}", path.display())]
pub struct OpenError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a file that should be a session.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It can't be read.
    #[error("{0}")]
    Io(io::Error),
    /// It is a folder.
    #[error("it is a folder; name one of the session files in it")]
    Folder,
    /// It holds nothing.
    #[error("the file is empty; nothing was recorded in it")]
    Empty,
    /// Its first line is cut.
    #[error("its first line is cut; the recording ended before anything was written")]
    CutHeader,
    /// A newer version of the tool wrote it.
    #[error(
        "it has version {version} of the session format, and this sioscope reads versions up to \
         {VERSION}; update sioscope to open it"
    )]
    Newer {
        /// Its version.
        version: u64,
    },
    /// It is something else.
    #[error("it is no session file: {0}")]
    Foreign(String),
    /// It is something else and no text.
    #[error("it is no session file: it holds binary data")]
    Binary,
    /// Its first line lacks something.
    #[error("its first line can't be read: {0}")]
    BadHeader(String),
    /// It is HAR, and can't be read as that.
    #[error("{0}")]
    Har(#[from] HarError),
    /// It is a flow file of mitmproxy, and can't be read as that.
    #[error("{0}")]
    Mitm(#[from] MitmError),
    /// It could not be unpacked.
    #[error("it can't be unpacked: {}", unpacked(.0))]
    Unpack(io::Error),
    /// This build has no zstd.
    #[error(
        "it is packed with zstd, and this sioscope was built without zstd; unpack it first: zstd -d"
    )]
    NoZstd,
}

impl OpenError {
    pub(in crate::journal) fn new(path: &Path, problem: Problem) -> OpenError {
        OpenError {
            path: path.to_path_buf(),
            problem,
        }
    }
}

impl Problem {
    pub(super) fn foreign(what: &str) -> Problem {
        Problem::Foreign(what.to_owned())
    }

    /// Names what a first line (or a file's begin) looks like, where it is not ours.
    pub(super) fn looks_like(begin: &[u8]) -> Problem {
        if begin.starts_with(b"\x1f\x8b") {
            return Problem::foreign("it is packed with gzip; unpack it first: gunzip");
        }
        if begin.starts_with(b"PK\x03\x04") {
            return Problem::foreign("it is a zip archive; unpack it first: unzip");
        }
        if begin.starts_with(b"\xff\xfe") || begin.starts_with(b"\xfe\xff") {
            return Problem::foreign("it is text in UTF-16; save it as UTF-8");
        }
        let text = match std::str::from_utf8(begin) {
            Ok(text) => text,
            // The begin of a file may end within a character.
            Err(error) if error.error_len().is_none() => {
                std::str::from_utf8(begin.get(..error.valid_up_to()).unwrap_or_default())
                    .unwrap_or_default()
            }
            Err(_) => return Problem::Binary,
        };
        if text.contains('\0') {
            return Problem::Binary;
        }
        if text.starts_with('{') {
            return Problem::foreign("its first line has no \"sioscope\" version");
        }
        let line: String = text
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(40)
            .collect();
        Problem::Foreign(format!("its first line is not a JSON object but {line:?}"))
    }
}

/// Why nothing at all could be unpacked.
fn unpacked(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is cut off, and what is there is less than the first \
            piece (up to 128 KiB of the session), of which nothing can be read without its end"
            .to_owned(),
        _ => error.to_string(),
    }
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal) enum Packing {
    Plain,
    Zstd,
    /// A HAR file, in the words of another tool.
    Har,
    /// A mitmproxy flow file.
    Mitm,
}

/// So many bytes tell what a file is.
const BEGIN: u64 = 256;

/// Opens a file for reading only, and looks at its first bytes.
pub(in crate::journal) fn open_file(path: &Path) -> Result<(File, Packing), OpenError> {
    let problem = |problem| OpenError::new(path, problem);
    let mut file = File::open(path).map_err(|error| problem(Problem::Io(error)))?;
    let kind = file
        .metadata()
        .map_err(|error| problem(Problem::Io(error)))?;
    if kind.is_dir() {
        return Err(problem(Problem::Folder));
    }
    if !kind.is_file() {
        // Records are read by position, again and again.
        return Err(problem(Problem::foreign(
            "it is a pipe or a device; save it to a file first",
        )));
    }
    let mut begin = Vec::new();
    file.by_ref()
        .take(BEGIN)
        .read_to_end(&mut begin)
        .and_then(|_| file.rewind())
        .map_err(|error| problem(Problem::Io(error)))?;
    match begin.as_slice() {
        [] => Err(problem(Problem::Empty)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok((file, Packing::Zstd)),
        begin => Ok((file, kind_of(begin))),
    }
}

/// What a file is by its first bytes, where they are not packed.
fn kind_of(begin: &[u8]) -> Packing {
    match begin {
        begin if har::looks_like(begin) => Packing::Har,
        begin if mitm::looks_like(begin) => Packing::Mitm,
        _ => Packing::Plain,
    }
}

/// What is unpacked, begun anew, and what it is by its first bytes.
pub(in crate::journal) fn look_inside(
    mut plain: Box<dyn Read + Send>,
) -> Result<(Box<dyn Read + Send>, Packing), Problem> {
    let mut begin = Vec::new();
    plain
        .by_ref()
        .take(BEGIN)
        .read_to_end(&mut begin)
        .or_else(|error| match begin.is_empty() {
            // What came before the cut is looked at; whoever reads on meets the error again.
            false => Ok(0),
            true => Err(Problem::Unpack(error)),
        })?;
    let kind = kind_of(&begin);
    Ok((Box::new(io::Cursor::new(begin).chain(plain)), kind))
}

/// What a packed file holds.
#[cfg(feature = "zstd")]
pub(in crate::journal) fn unpack(
    packed: impl Read + Send + 'static,
) -> Result<Box<dyn Read + Send>, Problem> {
    match zstd::Decoder::new(packed) {
        Ok(plain) => Ok(Box::new(plain)),
        Err(error) => Err(Problem::Unpack(error)),
    }
}

/// This build can't unpack.
#[cfg(not(feature = "zstd"))]
pub(in crate::journal) fn unpack(
    _packed: impl Read + Send + 'static,
) -> Result<Box<dyn Read + Send>, Problem> {
    Err(Problem::NoZstd)
}

/// The session in a file of another tool, as the text of a session file, and what that file
/// lacks of it.
pub(in crate::journal) fn convert(
    mut input: impl Read,
    packing: Packing,
) -> Result<(Vec<u8>, Option<String>), Problem> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(Problem::Io)?;
    let Imported {
        header,
        records,
        lacks,
    } = match packing {
        Packing::Mitm => mitm::import(&bytes)?,
        _ => har::import(&bytes)?,
    };
    let mut out = Vec::with_capacity(bytes.len());
    write_header(&mut out, &header);
    out.push(b'\n');
    for record in &records {
        write_line(&mut out, record);
        out.push(b'\n');
    }
    Ok((out, lacks))
}

/// A temporary file without a name: it is gone when it is closed, whatever happens.
pub(in crate::journal) fn nameless() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("sioscope-{}", super::folder::suffix()));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    #[cfg(windows)]
    {
        /// FILE_FLAG_DELETE_ON_CLOSE
        const DELETE_ON_CLOSE: u32 = 0x0400_0000;
        std::os::windows::fs::OpenOptionsExt::custom_flags(&mut options, DELETE_ON_CLOSE);
    }
    let file = options.open(&path)?;
    #[cfg(unix)]
    std::fs::remove_file(&path)?;
    Ok(file)
}

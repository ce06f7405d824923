//! The folder that sessions are kept in, and the files in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use super::header::{Header, LONGEST_HEADER, parse_header};
use super::open::{OpenError, Packing, Problem, open_file, unpack};

/// Extension of a session file.
pub(super) const EXTENSION: &str = ".sio.jsonl";
/// Extension of a packed session file.
pub(super) const EXTENSION_PACKED: &str = ".sio.jsonl.zst";
/// Files up to this size are counted exactly when they are listed.
const COUNTED: u64 = 1 << 20;

/// One file of a session folder.
#[derive(Debug)]
pub struct Listed {
    /// Where it is.
    pub path: PathBuf,
    /// Its first line, or why it can't be opened.
    pub header: Result<Header, OpenError>,
    /// Bytes on disk.
    pub size: u64,
    /// Records in it; `None` where that can't be told without unpacking it.
    pub records: Option<u64>,
    /// True where `records` was counted, false where it was estimated from the first MiB.
    pub exact: bool,
    /// When it was last written to.
    pub modified: Option<SystemTime>,
}

/// The folder that sessions are kept in: `SIOSCOPE_DATA_DIR` where that is set, else the place
/// that the system has for a program's data. `None` on a system without one. Not created here.
#[must_use]
pub fn sessions_dir() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os("SIOSCOPE_DATA_DIR").filter(|dir| !dir.is_empty()) {
        return Some(PathBuf::from(dir).join("sessions"));
    }
    let dirs = directories::ProjectDirs::from("", "", "sioscope")?;
    Some(dirs.data_dir().join("sessions"))
}

/// Where a session with `target`, started at `started`, is kept by default: a readable name
/// (UTC time, host, and a random end so that two never meet). `None` as [`sessions_dir`].
#[must_use]
pub fn default_path(target: &str, started: Timestamp) -> Option<PathBuf> {
    let stamp = started.strftime("%Y%m%dT%H%M%SZ");
    let name = format!("{stamp}-{}-{}{EXTENSION}", host(target), suffix());
    Some(sessions_dir()?.join(name))
}

/// Host and port of a URL, as they may stand in a file's name.
fn host(target: &str) -> String {
    let after = target.split_once("://").map_or(target, |(_, after)| after);
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let name: String = host
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' || c == '-' {
                c
            } else {
                '_'
            }
        })
        .take(60)
        .collect();
    let name = name.trim_matches(['.', '_', '-']);
    if name.is_empty() {
        "session".to_owned()
    } else {
        name.to_owned()
    }
}

/// Six random characters that may stand in a file's name.
pub(super) fn suffix() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0u8; 6];
    if getrandom::fill(&mut random).is_err() {
        // Without randomness the time has to do; a clash is refused, not overwritten.
        random.copy_from_slice(&Timestamp::now().as_nanosecond().to_le_bytes()[..6]);
    }
    random
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect()
}

/// The session files in `dir`, newest first; a folder that does not exist holds none. Files that
/// can't be opened are listed with the reason.
pub fn list(dir: &Path) -> io::Result<Vec<Listed>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut listed = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(EXTENSION) || name.ends_with(EXTENSION_PACKED) {
            listed.push(look_at(entry.path()));
        }
    }
    listed.sort_by(|a, b| (b.modified, &b.path).cmp(&(a.modified, &a.path)));
    Ok(listed)
}

fn look_at(path: PathBuf) -> Listed {
    let metadata = fs::metadata(&path).ok();
    let size = metadata.as_ref().map_or(0, fs::Metadata::len);
    let (header, records, exact) = match peek(&path, size) {
        Ok((header, records, exact)) => (Ok(header), records, exact),
        Err(problem) => (Err(OpenError::new(&path, problem)), None, false),
    };
    let modified = metadata.and_then(|metadata| metadata.modified().ok());
    Listed {
        path,
        header,
        size,
        records,
        exact,
        modified,
    }
}

/// Header and number of records, from the first MiB.
fn peek(path: &Path, size: u64) -> Result<(Header, Option<u64>, bool), Problem> {
    let (file, packing) = open_file(path).map_err(|error| error.problem)?;
    let mut begin = Vec::new();
    let packed = packing == Packing::Zstd;
    if packed {
        let most = LONGEST_HEADER as u64;
        unpack(file)?
            .take(most)
            .read_to_end(&mut begin)
            .or_else(|error| match memchr::memchr(b'\n', &begin) {
                // Cut further on.
                Some(_) => Ok(0),
                None => Err(Problem::Unpack(error)),
            })?;
    } else {
        file.take(COUNTED)
            .read_to_end(&mut begin)
            .map_err(Problem::Io)?;
    }
    let end = memchr::memchr(b'\n', &begin);
    let line = begin
        .get(..end.unwrap_or(begin.len()).min(LONGEST_HEADER))
        .unwrap_or_default();
    let header = parse_header(line, end.is_some())?;
    if packed {
        return Ok((header, None, false));
    }
    let lines = begin.get(line.len()..).unwrap_or_default();
    let count = (memchr::memchr_iter(b'\n', lines).count() as u64).saturating_sub(1);
    let exact = begin.len() as u64 >= size;
    let scale = size as f64 / begin.len().max(1) as f64;
    let count = if exact {
        count
    } else {
        (count as f64 * scale) as u64
    };
    Ok((header, Some(count), exact))
}

/// Creates a session file for its owner only, and the folders that it needs. An earlier session of
/// that name is replaced; any other file with something in it is refused, a packed one too: what
/// it holds can't be told by its first bytes.
pub(in crate::journal) fn create_file(path: &Path) -> io::Result<File> {
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.len() > 0 {
        let mut begin = Vec::new();
        Read::by_ref(&mut file).take(12).read_to_end(&mut begin)?;
        let ours = b"{\"sioscope\":".starts_with(begin.as_slice());
        if !ours {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!(
                    "{} exists and is no session file; choose another name",
                    path.display()
                ),
            ));
        }
        file.set_len(0)?;
        io::Seek::rewind(&mut file)?;
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

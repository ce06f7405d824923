//! Reading and writing by position. On Windows both move the file's one cursor, so nothing here
//! or above relies on it there.

use std::fs::File;
use std::io;

/// Reads what is there from `offset` on into `buffer`; 0 at the end.
#[cfg(unix)]
pub(super) fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

/// Reads what is there from `offset` on into `buffer`; 0 at the end.
#[cfg(windows)]
pub(super) fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// Fills `buffer` from `offset` on.
pub(super) fn read_exactly(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while let Some(room) = buffer.get_mut(done..).filter(|room| !room.is_empty()) {
        match read_some(file, room, offset + done as u64) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes some of `data` at the end of what was written, which is at `_offset`. Pipes and devices
/// have no positions, so the cursor is used.
#[cfg(unix)]
fn write_some(mut file: &File, data: &[u8], _offset: u64) -> io::Result<usize> {
    io::Write::write(&mut file, data)
}

/// Writes some of `data` at `offset`.
#[cfg(windows)]
fn write_some(file: &File, data: &[u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, data, offset)
}

/// Writes all of `data` at the end of what was written, which is at `offset`; returns how much of
/// it was written, also where that failed.
pub(super) fn append(file: &File, data: &[u8], offset: u64) -> (usize, io::Result<()>) {
    let mut done = 0;
    while let Some(rest) = data.get(done..).filter(|rest| !rest.is_empty()) {
        match write_some(file, rest, offset + done as u64) {
            Ok(0) => return (done, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (done, Err(error)),
        }
    }
    (done, Ok(()))
}

//! Where an HTTP body ends (RFC 9112, sections 6 and 7). The bytes pass as they are; a copy of
//! the data, without the framing of chunks, is kept for the record.

use bytes::BytesMut;

/// Bytes of a body that are kept for the record; what is beyond passes and is counted.
pub(super) const KEPT: usize = 64 * 1024 * 1024;

/// What is still to come of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
    /// Everything until the connection ends.
    Close,
}

/// Where in the chunks the stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In a chunk's size; how much of it was read.
    Size { size: u64, digits: u8 },
    /// Behind the size, before the end of its line; what follows is data of this length.
    Extension(u64),
    /// In the data.
    Data(u64),
    /// In the line end behind the data.
    DataEnd,
    /// In a line of the trailer; whether something stood on it.
    Trailer(bool),
    /// All is there.
    Done,
}

/// The data of a body, as far as it is kept.
#[derive(Debug, Default)]
pub(super) struct Copy {
    pub(super) data: BytesMut,
    /// Bytes that were not kept.
    pub(super) left_out: u64,
}

impl Copy {
    fn push(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.data.len());
        let (kept, rest) = bytes.split_at(bytes.len().min(room));
        self.data.extend_from_slice(kept);
        self.left_out = self.left_out.saturating_add(rest.len() as u64);
    }
}

impl Body {
    /// The start of a chunked body.
    pub(super) fn chunked() -> Body {
        Body::Chunked(Chunks::Size { size: 0, digits: 0 })
    }

    /// Whether all has come. A body that ends with its connection never says so.
    pub(super) fn is_done(&self) -> bool {
        matches!(
            self,
            Body::None | Body::Length(0) | Body::Chunked(Chunks::Done)
        )
    }

    /// Whether the end of the connection is its ordinary end.
    pub(super) fn ends_with_connection(&self) -> bool {
        matches!(self, Body::Close)
    }

    /// Reads on; returns how many of `bytes` belong to the body.
    ///
    /// # Errors
    /// Chunks that can't be read.
    pub(super) fn take(&mut self, bytes: &[u8], copy: &mut Copy) -> Result<usize, String> {
        match self {
            Body::None => Ok(0),
            Body::Close => {
                copy.push(bytes);
                Ok(bytes.len())
            }
            Body::Length(left) => {
                let now = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                copy.push(bytes.get(..now).unwrap_or_default());
                *left = left.saturating_sub(now as u64);
                Ok(now)
            }
            Body::Chunked(state) => chunks(state, bytes, copy),
        }
    }
}

fn chunks(state: &mut Chunks, bytes: &[u8], copy: &mut Copy) -> Result<usize, String> {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        *state = match (*state, byte) {
            (Chunks::Done, _) => break,
            (Chunks::Data(left), _) => {
                let rest = bytes.get(at..).unwrap_or_default();
                let now = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                copy.push(rest.get(..now).unwrap_or_default());
                at += now;
                *state = match left.saturating_sub(now as u64) {
                    0 => Chunks::DataEnd,
                    left => Chunks::Data(left),
                };
                continue;
            }
            (Chunks::DataEnd, b'\r') => Chunks::DataEnd,
            (Chunks::DataEnd, b'\n') => Chunks::Size { size: 0, digits: 0 },
            (Chunks::DataEnd, _) => return Err("a chunk is longer than it says".to_owned()),
            (Chunks::Size { size, digits }, byte) if byte.is_ascii_hexdigit() => {
                if digits >= 16 {
                    return Err("a chunk's size has more than 16 digits".to_owned());
                }
                let digit = char::from(*byte).to_digit(16).unwrap_or_default();
                Chunks::Size {
                    size: (size << 4) | u64::from(digit),
                    digits: digits + 1,
                }
            }
            (Chunks::Size { digits: 0, .. }, _) => {
                return Err("a chunk does not begin with its size".to_owned());
            }
            (Chunks::Size { size, .. }, b'\n') => after_size(size),
            (Chunks::Size { size, .. }, _) => Chunks::Extension(size),
            (Chunks::Extension(size), b'\n') => after_size(size),
            (Chunks::Extension(size), _) => Chunks::Extension(size),
            (Chunks::Trailer(false), b'\n') => Chunks::Done,
            (Chunks::Trailer(_), b'\n') => Chunks::Trailer(false),
            (Chunks::Trailer(some), b'\r') => Chunks::Trailer(some),
            (Chunks::Trailer(_), _) => Chunks::Trailer(true),
        };
        at += 1;
    }
    Ok(at)
}

fn after_size(size: u64) -> Chunks {
    match size {
        0 => Chunks::Trailer(false),
        size => Chunks::Data(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a body in pieces of `step` bytes; returns data, consumed bytes and whether it ended.
    fn read(mut body: Body, bytes: &[u8], step: usize) -> Result<(String, usize, bool), String> {
        let mut copy = Copy::default();
        let mut used = 0;
        while !body.is_done() && used < bytes.len() {
            let piece = &bytes[used..bytes.len().min(used + step)];
            used += body.take(piece, &mut copy)?;
        }
        let text = String::from_utf8_lossy(&copy.data).into_owned();
        Ok((text, used, body.is_done()))
    }

    #[test]
    fn each_framing_gives_the_same_data_in_pieces_of_any_size() {
        let chunked = b"4;x=y\r\nWiki\r\n5\r\npedia\r\n0\r\nT: 1\r\n\r\nNEXT";
        for step in 1..=chunked.len() {
            assert_eq!(
                read(Body::chunked(), chunked, step),
                Ok(("Wikipedia".to_owned(), chunked.len() - 4, true)),
                "chunks in pieces of {step}"
            );
            assert_eq!(
                read(Body::Length(5), b"helloNEXT", step),
                Ok(("hello".to_owned(), 5, true))
            );
            assert_eq!(
                read(Body::Close, b"all", step),
                Ok(("all".to_owned(), 3, false))
            );
        }
        assert_eq!(read(Body::None, b"x", 1), Ok((String::new(), 0, true)));
    }

    #[test]
    fn broken_chunks_are_refused() {
        for bytes in [
            &b"x\r\n"[..],
            b"\r\n",
            b"2\r\nabc\r\n",
            b"11112222333344445\r\n",
        ] {
            assert!(read(Body::chunked(), bytes, 100).is_err(), "{bytes:?}");
        }
        let huge = b"ffffffffffffffff\r\nabc";
        assert_eq!(
            read(Body::chunked(), huge, 100),
            Ok(("abc".to_owned(), huge.len(), false))
        );
    }
}

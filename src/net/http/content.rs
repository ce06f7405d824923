//! `Content-Encoding`: gzip and deflate, undone within a limit. **Floor 1** (no IO of its own).

use std::io::Read;

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Why a body could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// The decoded size is over the limit.
    #[error("the body is larger than {0} bytes once it is decoded")]
    TooBig(usize),
    /// The bytes are not what `Content-Encoding` says.
    #[error("the body says it is {encoding}, but cannot be decoded: {why}")]
    Corrupt {
        /// The encoding that was announced.
        encoding: String,
        /// What the decoder said.
        why: String,
    },
    /// An encoding that was not asked for.
    #[error(
        "the body is encoded as `{0}`, which was not asked for; only gzip and deflate are known"
    )]
    Unknown(String),
}

/// Undoes the encodings (as listed in `Content-Encoding`, in the order they were applied).
///
/// # Errors
/// See [`ContentError`]; the limit holds for the size after each step.
pub fn decode(encodings: &str, body: Bytes, limit: usize) -> Result<Bytes, ContentError> {
    let mut body = body;
    for encoding in encodings
        .rsplit(',')
        .map(|item| item.trim().to_ascii_lowercase())
    {
        body = match encoding.as_str() {
            "" | "identity" => body,
            _ if body.is_empty() => body,
            "gzip" | "x-gzip" => read(&encoding, MultiGzDecoder::new(&body[..]), limit)?,
            // Servers send both the zlib format, as the standard says, and bare DEFLATE.
            "deflate" if is_zlib(&body) => read(&encoding, ZlibDecoder::new(&body[..]), limit)?,
            "deflate" => read(&encoding, DeflateDecoder::new(&body[..]), limit)?,
            _ => return Err(ContentError::Unknown(encoding)),
        };
    }
    Ok(body)
}

/// The first two bytes of the zlib format (RFC 1950, section 2.2).
fn is_zlib(body: &[u8]) -> bool {
    match body {
        [cmf, flags, ..] => cmf & 0x0f == 8 && u16::from_be_bytes([*cmf, *flags]) % 31 == 0,
        _ => false,
    }
}

fn read(encoding: &str, decoder: impl Read, limit: usize) -> Result<Bytes, ContentError> {
    let mut out = Vec::new();
    decoder
        .take(limit as u64 + 1)
        .read_to_end(&mut out)
        .map_err(|error| ContentError::Corrupt {
            encoding: encoding.to_owned(),
            why: error.to_string(),
        })?;
    if out.len() > limit {
        return Err(ContentError::TooBig(limit));
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn all(mut reader: impl Read) -> Bytes {
        let mut out = Vec::new();
        reader.read_to_end(&mut out).unwrap();
        out.into()
    }

    #[test]
    fn every_known_encoding_is_undone_in_its_order() {
        let plain = Bytes::from_static(b"0{\"sid\":\"x\"}");
        let level = Compression::default();
        let gzip = all(GzEncoder::new(&plain[..], level));
        let zlib = all(ZlibEncoder::new(&plain[..], level));
        let bare = all(DeflateEncoder::new(&plain[..], level));
        let twice = all(GzEncoder::new(&zlib[..], level));
        for (encoding, body) in [
            ("", plain.clone()),
            ("identity", plain.clone()),
            ("gzip", gzip),
            ("Deflate", zlib),
            ("deflate", bare),
            ("deflate, gzip", twice),
        ] {
            assert_eq!(decode(encoding, body, 100), Ok(plain.clone()), "{encoding}");
        }
        assert_eq!(decode("gzip", Bytes::new(), 9), Ok(Bytes::new()));
    }

    #[test]
    fn bombs_garbage_and_strangers_are_refused() {
        let bomb = all(GzEncoder::new(
            &vec![0; 100_000][..],
            Compression::default(),
        ));
        assert!(bomb.len() < 1000);
        assert_eq!(
            decode("gzip", bomb.clone(), 99_999),
            Err(ContentError::TooBig(99_999))
        );
        let cut = bomb.slice(..bomb.len() - 9);
        for (encoding, body) in [
            ("gzip", cut),
            ("gzip", "nonsense".into()),
            ("deflate", "x\u{1}\u{2}".into()),
        ] {
            let got = decode(encoding, body, 200_000);
            assert!(
                matches!(got, Err(ContentError::Corrupt { .. })),
                "{encoding}: {got:?}"
            );
        }
        assert_eq!(
            decode("br", "x".into(), 9),
            Err(ContentError::Unknown("br".into()))
        );
    }
}

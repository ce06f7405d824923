//! Compressing and inflating one direction of a connection (RFC 7692, section 7.2).
//! **Floor 0, pure.**

use bytes::{Bytes, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What a sync flush ends with; the sender cuts it off, the receiver puts it back.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// Bytes that one step of inflating yields at most.
const STEP: usize = 16 * 1024;

/// Why a compressed message could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// The inflated size is over the limit.
    #[error("the inflated message is over the limit")]
    TooBig,
    /// The bytes are not a DEFLATE stream.
    #[error("{0}")]
    Corrupt(String),
}

/// Inflates what one end sends.
#[derive(Debug)]
pub struct Inflater {
    state: Decompress,
    no_takeover: bool,
    step: Box<[u8]>,
    // Messages are cut off its front, so that many small ones share one allocation.
    out: BytesMut,
}

impl Inflater {
    /// `no_takeover`: the sender promised to start each message afresh.
    ///
    /// The window is always the largest (15 bits): it reads what any smaller one wrote.
    pub fn new(no_takeover: bool) -> Self {
        Inflater {
            state: Decompress::new(false),
            no_takeover,
            step: vec![0; STEP].into_boxed_slice(),
            out: BytesMut::new(),
        }
    }

    /// Inflates one whole message; `limit` is the most bytes that may come out.
    ///
    /// # Errors
    /// See [`InflateError`]. The state is lost then: later messages cannot be read either.
    pub fn inflate(&mut self, payload: &[u8], limit: usize) -> Result<Bytes, InflateError> {
        self.out.clear();
        let ended = self.feed(payload, limit)?;
        let ended = self.feed(&TAIL, limit)? || ended;
        if self.no_takeover || ended {
            self.state.reset(false);
        }
        Ok(self.out.split().freeze())
    }

    /// Whether a final block was met (RFC 7692, section 7.2.3.4): a new stream begins after it.
    fn feed(&mut self, mut input: &[u8], limit: usize) -> Result<bool, InflateError> {
        let mut ended = false;
        loop {
            let (taken_before, given_before) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, &mut self.step, FlushDecompress::Sync)
                .map_err(|error| InflateError::Corrupt(error.to_string()))?;
            let taken = (self.state.total_in() - taken_before) as usize;
            let given = (self.state.total_out() - given_before) as usize;
            input = input.get(taken..).unwrap_or_default();
            if self.out.len().saturating_add(given) > limit {
                return Err(InflateError::TooBig);
            }
            self.out
                .extend_from_slice(self.step.get(..given).unwrap_or_default());
            if status == Status::StreamEnd {
                ended = true;
                self.state.reset(false);
                if input.is_empty() {
                    return Ok(ended);
                }
            } else if taken == 0 && given == 0 && !input.is_empty() {
                return Err(InflateError::Corrupt(
                    "the data makes no progress".to_owned(),
                ));
            } else if input.is_empty() && given < STEP {
                return Ok(ended);
            }
        }
    }
}

/// Compresses what one end sends.
#[derive(Debug)]
pub struct Deflater {
    state: Compress,
    no_takeover: bool,
    out: Vec<u8>,
}

impl Deflater {
    /// `bits` is the window that the sender may use. `None` for 8 bits, which zlib cannot
    /// write: messages go uncompressed then, as the extension allows for each message.
    pub fn new(bits: u8, no_takeover: bool) -> Option<Self> {
        (9..=15).contains(&bits).then(|| Deflater {
            state: Compress::new_with_window_bits(Compression::default(), false, bits),
            no_takeover,
            out: Vec::new(),
        })
    }

    /// Compresses one message; the result lives until the next call.
    ///
    /// # Errors
    /// Told by zlib; none is known for this use.
    pub fn deflate(&mut self, payload: &[u8]) -> Result<&[u8], flate2::CompressError> {
        self.out.clear();
        let mut input = payload;
        loop {
            if self.out.capacity() - self.out.len() < 64 {
                self.out
                    .reserve(self.out.len().max(payload.len() / 2).max(256));
            }
            let before = self.state.total_in();
            self.state
                .compress_vec(input, &mut self.out, FlushCompress::Sync)?;
            let taken = (self.state.total_in() - before) as usize;
            input = input.get(taken..).unwrap_or_default();
            // Spare room means that the flush is complete.
            if input.is_empty() && self.out.len() < self.out.capacity() {
                break;
            }
        }
        if self.no_takeover {
            self.state.reset();
        }
        if self.out.ends_with(&TAIL) {
            self.out.truncate(self.out.len() - TAIL.len());
        }
        if self.out.is_empty() {
            // An empty message is one empty block (RFC 7692, section 7.2.3.6).
            self.out.push(0);
        }
        Ok(&self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(deflater: &mut Deflater, inflater: &mut Inflater, data: &[u8]) -> usize {
        let wire = deflater.deflate(data).unwrap().to_vec();
        assert_eq!(inflater.inflate(&wire, 1 << 24).unwrap(), data);
        wire.len()
    }

    #[test]
    fn messages_survive_the_round_trip_with_every_window() {
        let long: Vec<u8> = (0..200_000u32)
            .map(|i| (i.wrapping_mul(i) >> 7) as u8)
            .collect();
        for bits in 9..=15 {
            for no_takeover in [false, true] {
                let mut deflater = Deflater::new(bits, no_takeover).unwrap();
                let mut inflater = Inflater::new(no_takeover);
                for data in [&b""[..], b"a", b"hello hello hello", &long, b"", b"hello"] {
                    round(&mut deflater, &mut inflater, data);
                }
            }
        }
        assert!(Deflater::new(8, false).is_none());
    }

    #[test]
    fn context_takeover_makes_a_repetition_shorter() {
        let text = b"42[\"tick\",{\"price\":101.25,\"symbol\":\"ABC\"}]";
        let (mut deflater, mut inflater) =
            (Deflater::new(15, false).unwrap(), Inflater::new(false));
        let first = round(&mut deflater, &mut inflater, text);
        assert!(round(&mut deflater, &mut inflater, text) < first / 2);
        let (mut deflater, mut inflater) = (Deflater::new(15, true).unwrap(), Inflater::new(true));
        let first = round(&mut deflater, &mut inflater, text);
        assert_eq!(round(&mut deflater, &mut inflater, text), first);
    }

    #[test]
    fn the_examples_of_rfc_7692_are_read() {
        let mut inflater = Inflater::new(false);
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(inflater.inflate(&hello, 100).unwrap(), "Hello");
        // The same message again, from the window that the first one left.
        assert_eq!(
            inflater
                .inflate(&[0xf2, 0x00, 0x11, 0x00, 0x00], 100)
                .unwrap(),
            "Hello"
        );
        let cases: [(&str, &[u8]); 3] = [
            (
                "stored",
                &[
                    0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
                ],
            ),
            (
                "final block",
                &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            ),
            (
                "two blocks",
                &[
                    0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
                ],
            ),
        ];
        for (name, wire) in cases {
            assert_eq!(
                Inflater::new(false).inflate(wire, 100).unwrap(),
                "Hello",
                "{name}"
            );
        }
    }

    #[test]
    fn a_message_after_a_final_block_is_read() {
        let mut inflater = Inflater::new(false);
        for _ in 0..3 {
            let wire = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
            assert_eq!(inflater.inflate(&wire, 100).unwrap(), "Hello");
        }
    }

    #[test]
    fn a_bomb_is_refused_and_so_is_garbage() {
        let mut deflater = Deflater::new(15, false).unwrap();
        let wire = deflater.deflate(&vec![0; 1_000_000]).unwrap().to_vec();
        assert!(wire.len() < 2_000);
        let got = Inflater::new(false).inflate(&wire, 999_999);
        assert_eq!(got, Err(InflateError::TooBig));
        let got = Inflater::new(false).inflate(&[0xff; 20], 1_000_000);
        assert!(matches!(got, Err(InflateError::Corrupt(_))), "{got:?}");
    }
}

//! The msgpack parser: every packet is one binary message, a map `{type, data, id?, nsp}`.
use super::{DecodeError, DecodeErrorKind, Decoded, Limits, Packet};
pub fn decode<'a>(_: &'a [u8], _: &Limits) -> Result<Decoded<Packet<'a>>, DecodeError> {
    Err(DecodeError::new(0, DecodeErrorKind::BinaryWithoutHeader))
}
pub fn encode(_: &Packet<'_>, _: &Limits) -> Result<Vec<u8>, DecodeError> {
    Err(DecodeError::new(0, DecodeErrorKind::BinaryWithoutHeader))
}

//! Binary attachments: joining them to their packet, and taking them out of JSON.
//!
//! A binary packet's JSON holds `{"_placeholder":true,"num":k}` where the k-th binary message that
//! follows belongs. In our own JSON a buffer is the leaf `{"$binary":"<base64>"}`.

mod assembler;
mod leaves;

#[cfg(test)]
mod tests;

pub use assembler::{Assembled, Assembler, Progress};
pub use leaves::{Substituted, extract, substitute};

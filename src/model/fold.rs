//! Records in.

use super::decode::Packet;
use super::state::Model;
use crate::journal::Record;

impl Model {
    /// Folds one record in, with the packets that [`super::Decoder::decode`] found in it.
    pub fn apply(&mut self, record: &Record, packets: &[Packet]) {
        unimplemented!()
    }
}

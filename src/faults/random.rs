//! A small generator of our own: the same seed gives the same faults in every version.

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// A stream of its own for each rule and connection, so that what happens on one connection
    /// does not depend on how the others' packets fall in between.
    pub(super) fn new(seed: u64, rule: u64, connection: u64) -> Random {
        let mut random = Random(seed);
        let mixed = random.next() ^ rule.wrapping_mul(0xd6e8_feb8_6659_fd93);
        random = Random(mixed);
        let mixed = random.next() ^ connection.wrapping_mul(0xa076_1d64_78bd_642f);
        Random(mixed)
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A draw in `[0, 1)`.
    pub(super) fn draw(&mut self) -> f64 {
        // 53 bits are what a double holds.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number from 0 to `most`.
    pub(super) fn up_to(&mut self, most: u64) -> u64 {
        self.next() % most.saturating_add(1).max(1)
    }
}

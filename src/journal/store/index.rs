//! Where each record's line begins: 8 bytes a record, in segments that never move.

/// Records of one segment.
const SEGMENT: usize = 8192;

/// Offsets by sequence number. Segments of forgotten records are given back.
#[derive(Default)]
pub(super) struct Index {
    segments: Vec<Option<Vec<u64>>>,
    len: u64,
}

impl Index {
    /// Number of records, forgotten ones included.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds the next record's offset; returns its sequence number.
    #[inline]
    pub(super) fn push(&mut self, offset: u64) -> u64 {
        let room = self.len % SEGMENT as u64;
        match self.segments.last_mut() {
            Some(Some(segment)) if room != 0 => segment.push(offset),
            // The segment was given back: its records are forgotten, this one will be too.
            Some(None) if room != 0 => {}
            _ => {
                let mut segment = Vec::with_capacity(SEGMENT);
                segment.push(offset);
                self.segments.push(Some(segment));
            }
        }
        self.len += 1;
        self.len
    }

    /// Offset of record `n`; `None` where there is no such record, or its segment was given back.
    #[inline]
    pub(super) fn get(&self, n: u64) -> Option<u64> {
        let at = usize::try_from(n.checked_sub(1)?).ok()?;
        let segment = self.segments.get(at / SEGMENT)?.as_ref()?;
        segment.get(at % SEGMENT).copied()
    }

    /// Gives back the segments that lie wholly within the forgotten records `from..to`.
    pub(super) fn forget(&mut self, from: u64, to: u64) {
        let first = usize::try_from(from.saturating_sub(1))
            .unwrap_or(usize::MAX)
            .div_ceil(SEGMENT);
        let end = usize::try_from(to.saturating_sub(1)).unwrap_or(usize::MAX) / SEGMENT;
        // Newest first: what lies before a segment that is gone was given back earlier.
        for segment in (first..end).rev() {
            match self.segments.get_mut(segment) {
                Some(slot) if slot.is_some() => *slot = None,
                _ => break,
            }
        }
    }

    /// Bytes that the index takes, from its capacities.
    pub(super) fn bytes(&self) -> usize {
        let segments: usize = self
            .segments
            .iter()
            .flatten()
            .map(|segment| segment.capacity() * 8)
            .sum();
        segments + self.segments.capacity() * size_of::<Option<Vec<u64>>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_records_take_less_than_twenty_megabytes() {
        let mut index = Index::default();
        for n in 0..1_000_000u64 {
            index.push(n * 300);
        }
        assert_eq!(index.get(1), Some(0));
        assert_eq!(index.get(1_000_000), Some(999_999 * 300));
        assert_eq!(index.get(0), None);
        assert_eq!(index.get(1_000_001), None);
        assert!(index.bytes() < 9 << 20, "{} bytes", index.bytes());
    }

    #[test]
    fn forgotten_records_give_their_memory_back() {
        let mut index = Index::default();
        for n in 0..1_000_000u64 {
            index.push(n);
        }
        index.forget(1, 1_000_000);
        assert_eq!(index.get(1), None);
        assert_eq!(index.get(1_000_000), Some(999_999));
        assert!(index.bytes() < 1 << 20, "{} bytes", index.bytes());
    }

    #[test]
    fn records_before_the_forgotten_ones_stay() {
        let mut index = Index::default();
        for n in 0..100_000u64 {
            index.push(n);
        }
        index.forget(20_000, 90_000);
        assert_eq!(index.get(19_999), Some(19_998));
        assert_eq!(index.get(90_000), Some(89_999));
        assert_eq!(index.get(50_000), None);
    }
}

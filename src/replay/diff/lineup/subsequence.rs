//! The elements that two sequences have in common, in order. Near linear: what only one of them
//! has is left out, what is alike at both ends is taken off, elements that stand once in each part
//! the rest (patience), and what is left and long is looked at through a window. An exact answer
//! costs the product of the lengths where little is alike, which a flood of small events can't be
//! asked for.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Longest sequence that is compared exactly.
const WINDOW: usize = 512;
/// How much of a window is believed; beyond, its end has a say in what is alike.
const BELIEVED: usize = 256;
/// How often what lies between unique elements is parted again.
const DEPTH: usize = 12;

/// The places of common elements, increasing in both sequences.
pub(super) fn common(a: &[u32], b: &[u32]) -> Vec<(usize, usize)> {
    // What the other has not at all is in nobody's way.
    let (places_a, keys_a) = known_to(b, a);
    let (places_b, keys_b) = known_to(a, b);
    let mut found = Found {
        a: &keys_a,
        b: &keys_b,
        places: Vec::new(),
    };
    found.part(0..keys_a.len(), 0..keys_b.len(), 0);
    (found.places.into_iter())
        .filter_map(|(a, b)| Some((*places_a.get(a)?, *places_b.get(b)?)))
        .collect()
}

/// The elements of `keys` that `other` has, too, and their places.
fn known_to(other: &[u32], keys: &[u32]) -> (Vec<usize>, Vec<u32>) {
    let other: HashSet<u32> = other.iter().copied().collect();
    let known = keys.iter().enumerate();
    known.filter(|(_, key)| other.contains(key)).unzip()
}

struct Found<'k> {
    a: &'k [u32],
    b: &'k [u32],
    places: Vec<(usize, usize)>,
}

impl Found<'_> {
    fn same(&self, a: usize, b: usize) -> bool {
        matches!((self.a.get(a), self.b.get(b)), (Some(a), Some(b)) if a == b)
    }

    fn part(&mut self, mut a: Range<usize>, mut b: Range<usize>, depth: usize) {
        while !a.is_empty() && !b.is_empty() && self.same(a.start, b.start) {
            self.places.push((a.start, b.start));
            a.start += 1;
            b.start += 1;
        }
        let mut tail = 0;
        while !a.is_empty() && !b.is_empty() && self.same(a.end - 1, b.end - 1) {
            a.end -= 1;
            b.end -= 1;
            tail += 1;
        }
        self.middle(&a, &b, depth);
        self.places
            .extend((0..tail).map(|i| (a.end + i, b.end + i)));
    }

    fn middle(&mut self, a: &Range<usize>, b: &Range<usize>, depth: usize) {
        if a.is_empty() || b.is_empty() {
            return;
        }
        if a.len() <= WINDOW && b.len() <= WINDOW {
            let exact = self.exact(a.clone(), b.clone());
            self.places.extend(exact);
            return;
        }
        let anchors = match depth < DEPTH {
            true => self.anchors(a, b),
            false => Vec::new(),
        };
        if anchors.is_empty() {
            self.slide(a.clone(), b.clone());
            return;
        }
        let (mut at_a, mut at_b) = (a.start, b.start);
        for (to_a, to_b) in anchors {
            self.part(at_a..to_a, at_b..to_b, depth + 1);
            self.places.push((to_a, to_b));
            (at_a, at_b) = (to_a + 1, to_b + 1);
        }
        self.part(at_a..a.end, at_b..b.end, depth + 1);
    }

    /// Common elements of short ranges.
    fn exact(&self, a: Range<usize>, b: Range<usize>) -> Vec<(usize, usize)> {
        let of_a = self.a.get(a.clone()).unwrap_or_default();
        let of_b = self.b.get(b.clone()).unwrap_or_default();
        let mut places = Vec::new();
        for step in capture_diff_slices(Algorithm::Myers, of_a, of_b) {
            if let DiffOp::Equal {
                old_index,
                new_index,
                len,
            } = step
            {
                places.extend((0..len).map(|i| (a.start + old_index + i, b.start + new_index + i)));
            }
        }
        places
    }

    /// The longest chain of elements that stand once in each range.
    fn anchors(&self, a: &Range<usize>, b: &Range<usize>) -> Vec<(usize, usize)> {
        // How often in each, and where.
        let mut seen: HashMap<u32, [(u32, usize); 2]> = HashMap::new();
        for (side, (keys, range)) in [(self.a, a), (self.b, b)].into_iter().enumerate() {
            for place in range.clone() {
                let Some(key) = keys.get(place) else { continue };
                if let Some((count, at)) = seen.entry(*key).or_default().get_mut(side) {
                    *count = count.saturating_add(1);
                    *at = place;
                }
            }
        }
        let mut unique: Vec<(usize, usize)> = (seen.values())
            .filter_map(|both| match both {
                [(1, a), (1, b)] => Some((*a, *b)),
                _ => None,
            })
            .collect();
        unique.sort_unstable();
        longest_rising(&unique)
    }

    /// Goes through long ranges with a window.
    fn slide(&mut self, mut a: Range<usize>, mut b: Range<usize>) {
        while !a.is_empty() && !b.is_empty() {
            let window_a = a.start..a.end.min(a.start + WINDOW);
            let window_b = b.start..b.end.min(b.start + WINDOW);
            let whole = window_a.end == a.end && window_b.end == b.end;
            let exact = self.exact(window_a.clone(), window_b.clone());
            let believed = |place: &(usize, usize)| {
                whole || (place.0 < a.start + BELIEVED && place.1 < b.start + BELIEVED)
            };
            let kept: Vec<(usize, usize)> = exact.into_iter().take_while(believed).collect();
            match kept.last() {
                // The window goes on behind what it found, or past what has no like in it.
                Some((last_a, last_b)) => {
                    (a.start, b.start) = (last_a + 1, last_b + 1);
                    self.places.extend(kept);
                    if whole {
                        return;
                    }
                }
                None if whole => return,
                None => {
                    a.start = (a.start + BELIEVED).min(a.end);
                    b.start = (b.start + BELIEVED).min(b.end);
                }
            }
        }
    }
}

/// The longest chain that rises in both numbers; `places` rise in the first.
fn longest_rising(places: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // The last element of the best chain of each length, and each element's predecessor.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(places.len());
    for (index, (_, b)) in places.iter().enumerate() {
        let shorter =
            ends.partition_point(|end| places.get(*end).is_some_and(|(_, other)| other < b));
        before.push(shorter.checked_sub(1).and_then(|at| ends.get(at).copied()));
        match ends.get_mut(shorter) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut chain = Vec::with_capacity(ends.len());
    let mut at = ends.last().copied();
    while let Some(index) = at {
        chain.extend(places.get(index).copied());
        at = before.get(index).copied().flatten();
    }
    chain.reverse();
    chain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_rising_chain_is_found() {
        let chain = longest_rising(&[(0, 5), (1, 1), (2, 6), (3, 2), (4, 3)]);
        assert_eq!(chain, [(1, 1), (3, 2), (4, 3)]);
        assert_eq!(longest_rising(&[]), []);
    }

    #[test]
    fn a_long_stretch_in_one_only_does_not_lose_the_rest() {
        // 3,000 elements of two kinds have no unique ones to hold on to.
        let a: Vec<u32> = (0..3_000u32).map(|i| (i / 3) % 2).collect();
        let mut b = a.clone();
        b.splice(1_000..1_000, [7; 200]);
        b.remove(2_000);
        assert_eq!(common(&a, &b).len(), 2_999);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_common_is_equal_and_rises(
            a in prop::collection::vec(0u32..9, 0..1500),
            b in prop::collection::vec(0u32..9, 0..1500),
        ) {
            let found = common(&a, &b);
            prop_assert!(found.iter().all(|(at_a, at_b)| a[*at_a] == b[*at_b]));
            prop_assert!(found.array_windows().all(|[one, next]| one.0 < next.0 && one.1 < next.1));
            prop_assert_eq!(common(&a, &a).len(), a.len());
        }
    }
}

//! Two sequences lined up: a difference algorithm over numbers, and over what it leaves a second
//! look for what was changed and what was moved.

use std::collections::{HashMap, VecDeque};

mod subsequence;

/// One step of a line-up: places in the two sequences.
pub(super) type Step = (Option<usize>, Option<usize>);

/// Lines two sequences up. `keys` are equal for equal elements, `shapes` for those that one may
/// have become the other. Elements that are equal but at another place are steps with both
/// places, too; see [`Lineup::moved`].
pub(super) struct Lineup {
    /// In the order of both sequences; a moved element stands at its place in the first.
    pub(super) steps: Vec<Step>,
    /// Which steps are elements that are equal but stand at another place.
    pub(super) moved: Vec<usize>,
}

pub(super) fn line_up(keys: [&[u32]; 2], shapes: [&[u32]; 2]) -> Lineup {
    let [of_a, of_b] = shapes;
    let mut steps = Vec::with_capacity(keys[0].len().max(keys[1].len()));
    for block in blocks(keys) {
        match block {
            Block::Same { a, b, length } => {
                steps.extend((0..length).map(|i| (a.checked_add(i), b.checked_add(i))));
            }
            Block::Other { a, b } => {
                let shapes = [
                    of_a.get(a.clone()).unwrap_or_default(),
                    of_b.get(b.clone()).unwrap_or_default(),
                ];
                for inner in blocks(shapes) {
                    match inner {
                        Block::Same {
                            a: at_a,
                            b: at_b,
                            length,
                        } => steps.extend(
                            (0..length)
                                .map(|i| (Some(a.start + at_a + i), Some(b.start + at_b + i))),
                        ),
                        Block::Other { a: in_a, b: in_b } => {
                            steps.extend(in_a.map(|i| (Some(a.start + i), None)));
                            steps.extend(in_b.map(|i| (None, Some(b.start + i))));
                        }
                    }
                }
            }
        }
    }
    rejoin(steps, keys)
}

/// Joins what is only in the first with what is only in the second where they are equal.
fn rejoin(mut steps: Vec<Step>, keys: [&[u32]; 2]) -> Lineup {
    let [keys_a, keys_b] = keys;
    let mut alone: HashMap<u32, VecDeque<usize>> = HashMap::new();
    for (place, step) in steps.iter().enumerate() {
        if let (None, Some(b)) = step
            && let Some(key) = keys_b.get(*b)
        {
            alone.entry(*key).or_default().push_back(place);
        }
    }
    let mut moved = Vec::new();
    let mut gone = vec![false; steps.len()];
    for place in 0..steps.len() {
        let Some((Some(a), None)) = steps.get(place).copied() else {
            continue;
        };
        let partner = (keys_a.get(a))
            .and_then(|key| alone.get_mut(key))
            .and_then(VecDeque::pop_front);
        if let Some(partner) = partner {
            let b = steps.get(partner).and_then(|step| step.1);
            if let Some(step) = steps.get_mut(place) {
                step.1 = b;
            }
            if let Some(gone) = gone.get_mut(partner) {
                *gone = true;
            }
            moved.push(place);
        }
    }
    // The places move up where a partner is gone.
    let mut shift = 0usize;
    let mut shifts = Vec::with_capacity(steps.len());
    for gone in &gone {
        shifts.push(shift);
        shift += usize::from(*gone);
    }
    let moved = (moved.into_iter())
        .map(|place| place.saturating_sub(shifts.get(place).copied().unwrap_or_default()))
        .collect();
    let mut gone = gone.into_iter();
    steps.retain(|_| !gone.next().unwrap_or_default());
    Lineup { steps, moved }
}

enum Block {
    Same {
        a: usize,
        b: usize,
        length: usize,
    },
    Other {
        a: std::ops::Range<usize>,
        b: std::ops::Range<usize>,
    },
}

/// What is common and what is not, in order.
fn blocks([a, b]: [&[u32]; 2]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut at_a, mut at_b) = (0usize, 0usize);
    let end = std::iter::once((a.len(), b.len()));
    for (to_a, to_b) in subsequence::common(a, b).into_iter().chain(end) {
        if to_a > at_a || to_b > at_b {
            blocks.push(Block::Other {
                a: at_a..to_a,
                b: at_b..to_b,
            });
        }
        match blocks.last_mut() {
            _ if to_a == a.len() && to_b == b.len() => {}
            Some(Block::Same { length, .. }) => *length = length.saturating_add(1),
            _ => blocks.push(Block::Same {
                a: to_a,
                b: to_b,
                length: 1,
            }),
        }
        (at_a, at_b) = (to_a.saturating_add(1), to_b.saturating_add(1));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys whose shape is their tens digit.
    fn steps(a: &[u32], b: &[u32]) -> (Vec<Step>, Vec<usize>) {
        let shapes = |keys: &[u32]| keys.iter().map(|key| key / 10).collect::<Vec<_>>();
        let lineup = line_up([a, b], [&shapes(a), &shapes(b)]);
        (lineup.steps, lineup.moved)
    }

    #[test]
    fn equal_changed_missing_and_moved_elements_are_told_apart() {
        let both = |a, b| (Some(a), Some(b));
        for (a, b, expected, moved) in [
            (&[][..], &[][..], vec![], vec![]),
            (&[11, 21], &[11, 21], vec![both(0, 0), both(1, 1)], vec![]),
            (
                &[11, 21, 31],
                &[11, 31],
                vec![both(0, 0), (Some(1), None), both(2, 1)],
                vec![],
            ),
            (
                &[11, 31],
                &[11, 21, 31],
                vec![both(0, 0), (None, Some(1)), both(1, 2)],
                vec![],
            ),
            (
                &[11, 21, 31],
                &[11, 22, 31],
                vec![both(0, 0), both(1, 1), both(2, 2)],
                vec![],
            ),
            (
                &[11, 21],
                &[],
                vec![(Some(0), None), (Some(1), None)],
                vec![],
            ),
            (
                &[11, 21, 31, 41],
                &[21, 31, 41, 11],
                vec![both(0, 3), both(1, 0), both(2, 1), both(3, 2)],
                vec![0],
            ),
            (
                &[21, 31, 41, 11],
                &[11, 21, 31, 41],
                vec![both(0, 1), both(1, 2), both(2, 3), both(3, 0)],
                vec![3],
            ),
        ] {
            assert_eq!(steps(a, b), (expected, moved), "{a:?} {b:?}");
        }
    }

    #[test]
    fn long_sequences_without_anything_in_common_take_no_long_time() {
        // Quadratic behaviour would not end within the patience of any test runner.
        let a: Vec<u32> = (0..20_000).collect();
        let b: Vec<u32> = (20_000..40_000).collect();
        let none = |keys: &[u32]| keys.to_vec();
        let lineup = line_up([&a, &b], [&none(&a), &none(&b)]);
        assert_eq!(lineup.steps.len(), 40_000);
        let reversed: Vec<u32> = a.iter().rev().copied().collect();
        let lineup = line_up([&a, &reversed], [&a, &reversed]);
        assert_eq!(lineup.steps.len(), 20_000, "all but one are moved");
        let many: Vec<u32> = (0..20_000u32)
            .map(|i| i.wrapping_mul(2_654_435_761) % 7)
            .collect();
        let more: Vec<u32> = (0..20_000u32).map(|i| i.wrapping_mul(40_503) % 7).collect();
        let lineup = line_up([&many, &more], [&many, &more]);
        let covered = lineup.steps.iter().filter(|step| step.0.is_some()).count();
        assert_eq!(covered, 20_000);
    }
}

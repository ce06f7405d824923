//! Fuzzy finding, behind one function: the library under it changes often.

use frizbee::{Config, Matcher};

/// Longer needles are cut: the matcher's scores have an end.
const LONGEST: usize = 64;

/// The texts that hold the needle's characters in order, the best first, each with the characters
/// (by number) that were hit, in order.
pub fn find(needle: &str, texts: &[&str]) -> Vec<(usize, Vec<usize>)> {
    let needle: String = needle.chars().take(LONGEST).collect();
    if needle.is_empty() {
        return texts
            .iter()
            .enumerate()
            .map(|(i, _)| (i, Vec::new()))
            .collect();
    }
    let mut matcher = Matcher::new(&needle, &Config::default());
    let mut found = matcher.match_list_indices(texts);
    // What was typed out in full comes before everything, however the scores are.
    found.sort_by_key(|m| !m.exact);
    found
        .into_iter()
        .map(|m| {
            let mut hits: Vec<usize> = m.indices.iter().map(|i| *i as usize).collect();
            hits.reverse();
            (m.index as usize, hits)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_best_comes_first_with_what_was_hit() {
        let texts = ["previous_error", "next_error", "nothing", "connect"];
        let found = find("nerr", &texts);
        assert_eq!(found.first().map(|f| f.0), Some(1));
        assert_eq!(found.first().map(|f| f.1.len()), Some(4));
        assert!(!found.iter().any(|f| f.0 == 3));
        assert_eq!(find("connect", &["disconnect", "connect"])[0].0, 1);
        assert!(find("zzz", &texts).is_empty());
        assert_eq!(find("", &texts).len(), 4);
    }

    proptest! {
        #[test]
        fn any_needle_is_taken(needle: String, long in 0usize..400) {
            let needle = format!("{needle}{}", "a".repeat(long));
            for (i, hits) in find(&needle, &["previous_error", "日本", ""]) {
                prop_assert!(i < 3);
                prop_assert!(hits.windows(2).all(|w| w[0] < w[1]));
            }
        }
    }
}

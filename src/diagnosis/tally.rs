//! How often a thing happened, on which connections, and a handful of the records that prove it.

/// Record numbers that are kept: the first cases, which a person looks at.
const EVIDENCE: usize = 12;
/// Connections that are kept, newest last.
const CONNECTIONS: usize = 100;

/// The cases of one thing.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// How many cases there were.
    pub(super) count: usize,
    connections: Vec<u32>,
    evidence: Vec<u64>,
}

impl Tally {
    /// One more case. `proof` has its records, the one to look at first in front.
    pub(super) fn add(&mut self, c: Option<u32>, proof: impl IntoIterator<Item = u64>) {
        self.count = self.count.saturating_add(1);
        if let Some(c) = c.filter(|c| !self.connections.contains(c)) {
            if self.connections.len() >= CONNECTIONS {
                self.connections.remove(0);
            }
            self.connections.push(c);
        }
        for n in proof {
            if self.evidence.len() < EVIDENCE && !self.evidence.contains(&n) {
                self.evidence.push(n);
            }
        }
    }

    /// Whether the newest case is worth another word: each of the first ones, then ever fewer, so
    /// that a flood of cases costs nothing.
    pub(super) fn is_news(&self) -> bool {
        self.count <= 20 || self.count.is_power_of_two() || self.count.is_multiple_of(1_000)
    }

    pub(super) fn connections(&self) -> Vec<u32> {
        self.connections.clone()
    }

    pub(super) fn evidence(&self) -> Vec<u64> {
        self.evidence.clone()
    }

    /// For the end of a title: nothing for one case, else `, 3 times`.
    pub(super) fn so_far(&self) -> String {
        match self.count {
            0 | 1 => String::new(),
            many => format!(", {}", super::words::times(many)),
        }
    }
}

/// How many subjects are told apart.
const SUBJECTS: usize = 200;

/// A [`Tally`] for each subject of a rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Tallies {
    list: Vec<(String, Tally)>,
}

impl Tallies {
    /// One more case of a subject; its tally where that is worth another word.
    pub(super) fn add(
        &mut self,
        subject: &str,
        c: Option<u32>,
        proof: impl IntoIterator<Item = u64>,
    ) -> Option<&Tally> {
        let at = match self.list.iter().position(|(known, _)| known == subject) {
            Some(at) => at,
            None if self.list.len() < SUBJECTS => {
                self.list.push((subject.to_owned(), Tally::default()));
                self.list.len() - 1
            }
            None => return None,
        };
        let (_, tally) = self.list.get_mut(at)?;
        tally.add(c, proof);
        tally.is_news().then_some(&*tally)
    }

    /// The tally of a subject, when there was a case of it.
    pub(super) fn of(&self, subject: &str) -> Option<&Tally> {
        let (_, tally) = self.list.iter().find(|(known, _)| known == subject)?;
        Some(tally)
    }
}

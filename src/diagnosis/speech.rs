//! How a rule says something, and what it can look at before.

use super::rules::Entry;
use super::story::Story;
use crate::journal::record::Finding;
use crate::model::Model;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know; nothing is wrong.
    Info,
    /// It works, but not as it should, or it will fail.
    Warn,
    /// It does not work.
    Error,
}

impl Severity {
    /// As in the session file.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warn => "warn",
            Severity::Error => "error",
        }
    }
}

/// What a rule sees at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Exchanges and connections with their record numbers; the record at hand is in it.
    pub story: &'a Story,
    /// The state of things after the record at hand.
    pub model: &'a Model,
    /// Session time in microseconds.
    pub now: u64,
    /// Number of the record at hand (of the newest, when time passes).
    pub n: u64,
    /// Connection of the record at hand.
    pub c: Option<u32>,
}

/// A finding with what decides whether it stands.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) finding: Finding,
    /// What it is about: the same rule on the same subject replaces its earlier word.
    pub(super) subject: String,
    /// Connections that it is about; none means the session.
    connections: Vec<u32>,
    gives_way: &'static [&'static str],
    pub(super) severity: Severity,
    /// How much it mattered when it was handed out by [`super::Diagnosis::fresh`].
    pub(super) told: Option<Severity>,
}

impl Said {
    /// Whether another rule that explains the same thing better has spoken of the same connection.
    pub(super) fn gives_way_to(&self, other: &Said) -> bool {
        self.gives_way.contains(&other.finding.rule.as_str())
            && (self.connections.is_empty()
                || other.connections.is_empty()
                || self
                    .connections
                    .iter()
                    .any(|c| other.connections.contains(c)))
    }
}

/// What a rule concluded, before it is said.
#[derive(Debug, Clone)]
pub struct Conclusion {
    /// What it is about within the rule: the same rule on the same subject replaces its earlier
    /// word. Often the connection's number, a namespace, or nothing (once a session).
    pub subject: String,
    /// Connections that it is about. Where a fault was made on one of them, nothing is said.
    pub connections: Vec<u32>,
    /// How much it matters.
    pub severity: Severity,
    /// In plain words, one line.
    pub title: String,
    /// Numbers of the records that prove it, in order; the first is where to look first.
    pub evidence: Vec<u64>,
    /// Why the evidence means this.
    pub why: String,
    /// What to change, with the very line.
    pub fix: String,
}

/// Where a rule says what it concluded.
pub struct Speech<'a> {
    entry: &'static Entry,
    scene: &'a Scene<'a>,
    said: &'a mut Vec<Said>,
}

impl<'a> Speech<'a> {
    pub(super) fn new(
        entry: &'static Entry,
        scene: &'a Scene<'a>,
        said: &'a mut Vec<Said>,
    ) -> Speech<'a> {
        Speech { entry, scene, said }
    }

    /// Says it, unless a fault was made on purpose on one of its connections.
    pub fn say(&mut self, conclusion: Conclusion) {
        let Conclusion {
            subject,
            connections,
            severity,
            title,
            evidence,
            why,
            fix,
        } = conclusion;
        if connections.iter().any(|c| self.scene.story.is_faulted(*c)) {
            return;
        }
        self.said.push(Said {
            finding: Finding {
                rule: self.entry.name.to_owned(),
                severity: severity.name().to_owned(),
                title,
                evidence,
                why,
                fix,
            },
            subject,
            connections,
            gives_way: self.entry.gives_way_to,
            severity,
            told: None,
        });
    }
}

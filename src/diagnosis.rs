//! What is wrong, by evidence. **Floor 2, pure**: records in, findings out; no clock, no IO.
//!
//! A [`Diagnosis`] reads the records of a session in order, beside the [`Model`] that was folded
//! from them. It keeps a [`Story`] (what the rules need beyond the model, with the numbers of the
//! records that prove it), tells the [`rules`] of each [`Moment`], and holds their findings. Live
//! view, opened file, `stream` and `doctor` use the same rules.
//!
//! - [`story`]: exchanges and lives of connections, with record numbers.
//! - [`moment`]: the things that happen, of which a rule names those that it wants to see.
//! - [`speech`]: how a rule says something.
//! - `advice`, `death`, `words`: the lines to change, what a session died of, numbers in words.
//! - [`rules`]: one rule a file, and the table of them.
//!
//! What a fault did is never blamed on anybody: a finding about a connection on which a failure
//! was made on purpose is not taken (see [`speech::Speech`]).

mod advice;
mod beat;
mod death;
pub mod moment;
pub mod rules;
pub mod speech;
pub mod story;
mod tally;
mod words;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use crate::journal::Journal;
use crate::journal::file::Source;
use crate::journal::record::{Body, Finding, Record};
use crate::model::decode::Kind;
use crate::model::{Decoder, Model, Packet};
use moment::Moment;
use rules::{RULES, Rule};
use speech::{Said, Scene, Speech};
use story::Story;

/// How many findings are kept; a session with more has the same ones again and again.
const FINDINGS: usize = 500;

/// The rules at work on one session.
pub struct Diagnosis {
    story: Story,
    rules: Vec<Box<dyn Rule>>,
    /// What was said, in order; `hidden` ones gave way to a rule that knows better.
    said: Vec<Said>,
    /// The findings that stand.
    findings: Vec<Finding>,
    revision: u64,
}

impl std::fmt::Debug for Diagnosis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Diagnosis")
            .field("findings", &self.findings)
            .finish_non_exhaustive()
    }
}

impl Diagnosis {
    /// Begins at the start of a session.
    pub fn new(source: Source) -> Diagnosis {
        Diagnosis {
            story: Story::new(source),
            rules: RULES.iter().map(|entry| (entry.make)()).collect(),
            said: Vec::new(),
            findings: Vec::new(),
            revision: 0,
        }
    }

    /// Tells it what the person asked for: the URL of the session's header.
    pub fn for_target(mut self, target: &str) -> Diagnosis {
        self.story.target = Some(target.to_owned());
        self
    }

    /// Reads a whole session: the rules' last word on it. Of an opened file that is still being
    /// indexed it sees what is indexed: wait for [`crate::journal::store::Status::indexed`] first.
    pub fn of(journal: &Journal) -> Diagnosis {
        let header = journal.header();
        let mut diagnosis = Diagnosis::new(header.source).for_target(&header.target);
        let mut model = Model::default();
        let mut decoder = Decoder::new(header.parser.as_deref());
        journal.scan(1, |record| {
            let packets = decoder.decode(&record);
            model.apply(&record, &packets);
            diagnosis.take(&record, &packets, &model);
            ControlFlow::Continue(())
        });
        diagnosis.finish(&model);
        diagnosis
    }

    /// Takes one record in. Call it after [`Model::apply`] of the same record.
    pub fn take(&mut self, record: &Record, packets: &[Packet], model: &Model) {
        let change = self.story.take(record, packets, model);
        let scene = |story| Scene {
            story,
            model,
            now: record.t,
            n: record.n,
            c: record.c,
        };
        let mut saids = Vec::new();
        {
            let scene = scene(&self.story);
            let rules = &mut self.rules;
            let mut tell = |moment: Moment<'_>| {
                let wanted = moment.kind();
                for (rule, entry) in rules.iter_mut().zip(RULES) {
                    if entry.on.contains(wanted) {
                        let mut speech = Speech::new(entry, &scene, &mut saids);
                        rule.look(&moment, &scene, &mut speech);
                    }
                }
            };
            // What a person injected is no word of either side.
            let theirs = if change.injected { &[] } else { packets };
            for packet in theirs {
                let event = matches!(&packet.kind, Kind::Socket { event: Some(_), .. });
                tell(if event {
                    Moment::Event(packet)
                } else {
                    Moment::Packet(packet)
                });
            }
            match &record.body {
                Body::Request(request) => tell(Moment::Request(request)),
                Body::Response(response) => {
                    if let Some(exchange) = self.story.exchange(response.x) {
                        tell(Moment::Exchange(exchange));
                    }
                }
                Body::Frame(frame) => {
                    if matches!(
                        frame.op,
                        crate::journal::record::Opcode::Text
                            | crate::journal::record::Opcode::Binary
                    ) {
                        tell(Moment::Message(frame));
                    } else {
                        tell(Moment::Control(frame));
                    }
                }
                body => tell(Moment::Told(body)),
            }
            if change.opened
                && let Some(life) = record.c.and_then(|c| self.story.life(c))
            {
                tell(Moment::Opened(life));
            }
            if change.ended
                && let Some(life) = record.c.and_then(|c| self.story.life(c))
            {
                tell(Moment::Ended(life));
            }
        }
        self.keep(saids);
    }

    /// Tells the rules what time it is, in session microseconds: some speak about silence.
    pub fn tick(&mut self, now: u64, model: &Model) {
        self.tell_alone(&Moment::Time, now, model);
    }

    /// The session is over: an opened file was read to its end.
    pub fn finish(&mut self, model: &Model) {
        self.tell_alone(&Moment::Time, model.now, model);
        self.tell_alone(&Moment::Finished, model.now, model);
    }

    /// What stands, in the order in which it was first said.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Changes whenever [`Diagnosis::findings`] does.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The findings that were not handed out yet, or matter more now than they did then; each is
    /// handed out once. For faces that say a finding and can't take it back.
    pub fn fresh(&mut self) -> Vec<Finding> {
        let mut fresh = Vec::new();
        for at in 0..self.said.len() {
            let hidden = self.said.get(at).is_none_or(|said| {
                Some(said.severity) <= said.told
                    || self.said.iter().any(|other| said.gives_way_to(other))
            });
            if !hidden && let Some(said) = self.said.get_mut(at) {
                said.told = Some(said.severity);
                fresh.push(said.finding.clone());
            }
        }
        fresh
    }

    fn tell_alone(&mut self, moment: &Moment<'_>, now: u64, model: &Model) {
        let scene = Scene {
            story: &self.story,
            model,
            now,
            n: model.seen,
            c: None,
        };
        let mut saids = Vec::new();
        for (rule, entry) in self.rules.iter_mut().zip(RULES) {
            if entry.on.contains(moment.kind()) {
                let mut speech = Speech::new(entry, &scene, &mut saids);
                rule.look(moment, &scene, &mut speech);
            }
        }
        self.keep(saids);
    }

    /// Takes over what was said: new, or a better word on what was said before.
    fn keep(&mut self, saids: Vec<Said>) {
        if saids.is_empty() {
            return;
        }
        for new in saids {
            let known = self
                .said
                .iter()
                .position(|old| old.finding.rule == new.finding.rule && old.subject == new.subject);
            if let Some(old) = known.and_then(|at| self.said.get_mut(at)) {
                let told = old.told;
                *old = new;
                old.told = told;
            } else if self.said.len() < FINDINGS {
                self.said.push(new);
            }
        }
        let standing: Vec<Finding> = self
            .said
            .iter()
            .filter(|said| !self.said.iter().any(|other| said.gives_way_to(other)))
            .map(|said| said.finding.clone())
            .collect();
        if standing != self.findings {
            self.findings = standing;
            self.revision += 1;
        }
    }
}

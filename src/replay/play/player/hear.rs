//! What comes from the live session: held against what was recorded, and kept where nothing was.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Came, Key, Pace, Player, scaled};
use crate::replay::path::Of;
use crate::replay::play::fact::{Event, Fact, What};
use crate::replay::play::script::{Deed, Reply};

impl Player {
    /// Takes in what the live session says.
    pub fn hear(&mut self, now: Duration, fact: &Fact) {
        let came = |reply| Came { n: fact.n, reply };
        match &fact.what {
            What::Joined { nsp } => {
                self.begin(now);
                self.refused.retain(|(on, _)| on != nsp);
                let came = came(Reply::Joined { nsp: nsp.clone() });
                // A client that had to reconnect joins again: nothing to wonder about.
                self.meet(&Key::Answered(nsp.clone()), came);
            }
            What::Refused { nsp, data } => {
                self.begin(now);
                let (nsp, data) = (nsp.clone(), data.clone());
                let key = Key::Answered(nsp.clone());
                if self.was_let_in(&key) && !self.is_refused(&nsp) {
                    self.refused.push((nsp.clone(), data.clone()));
                }
                self.meet_or_extra(&key, came(Reply::Refused { nsp, data }));
            }
            What::Dropped { nsp } => {
                let came = came(Reply::Dropped { nsp: nsp.clone() });
                self.meet_or_extra(&Key::Dropped(nsp.clone()), came);
            }
            What::Event(event) => self.hear_event(now, fact.n, event),
            What::Emit(event) => self.hear_emit(event),
            What::Ack { nsp, id, args } => self.hear_ack(fact.n, nsp, *id, args),
            What::Join { .. }
            | What::Leave { .. }
            | What::Answer { .. }
            | What::Closed { .. }
            | What::Unreadable => {}
        }
    }

    fn begin(&mut self, now: Duration) {
        if self.zero.is_none() {
            self.zero = Some(now);
            self.since = now;
        }
    }

    /// Whether the next answer to a join was a welcome in the recording.
    fn was_let_in(&self, key: &Key) -> bool {
        let place = self.waiting.get(key).and_then(VecDeque::front);
        let expected = place.and_then(|place| self.script.expected.get(*place));
        expected.is_some_and(|expected| matches!(expected.reply, Reply::Joined { .. }))
    }

    /// Notes that the oldest of those that wait for this has come; its place, where one waits.
    fn meet(&mut self, key: &Key, came: Came) -> Option<usize> {
        let place = self.waiting.get_mut(key)?.pop_front()?;
        self.met(place, came);
        Some(place)
    }

    fn meet_or_extra(&mut self, key: &Key, came: Came) {
        if self
            .waiting
            .get(key)
            .is_some_and(|waiting| !waiting.is_empty())
        {
            self.meet(key, came);
        } else {
            self.extra.push(came);
        }
    }

    fn met(&mut self, place: usize, came: Came) {
        if let Some(slot) = self.came.get_mut(place)
            && slot.is_none()
        {
            *slot = Some(came);
            self.left = self.left.saturating_sub(1);
            while self.has_come(self.first_open) {
                self.first_open = self.first_open.saturating_add(1);
            }
        }
    }

    fn recorded_args(&self, place: usize) -> Option<String> {
        match &self.script.expected.get(place)?.reply {
            Reply::Event(Event { args, .. }) | Reply::Ack { args, .. } => Some(args.clone()),
            _ => None,
        }
    }

    fn hear_event(&mut self, now: Duration, n: u64, event: &Event) {
        let key = Key::Event(event.nsp.clone(), event.event.clone());
        let came = Came {
            n,
            reply: Reply::Event(event.clone()),
        };
        let place = self.waiting.get_mut(&key).and_then(VecDeque::pop_front);
        let recorded = place.and_then(|place| self.recorded_args(place));
        let of = Of {
            nsp: &event.nsp,
            event: &event.event,
            reply: false,
        };
        self.values.hear(of, &event.args, recorded.as_deref());
        let Some(place) = place else {
            self.extra.push(came);
            return;
        };
        self.met(place, came);
        let answer = self.answer_of.get(&place).copied();
        if let (Some(answer), Some(id)) = (answer, event.id) {
            let delay = self.script.answers.get(answer).map(|one| one.delay);
            let delay = match self.settings.pace {
                Pace::Timed(speed) => scaled(delay.unwrap_or_default(), speed),
                Pace::Match | Pace::Step => Duration::ZERO,
            };
            self.due.push((now.saturating_add(delay), answer, id));
        }
    }

    /// An emit is on the wire: its ack id tells which step the ack belongs to.
    fn hear_emit(&mut self, event: &Event) {
        let place = self
            .outbox
            .iter()
            .position(|(nsp, name, _)| *nsp == event.nsp && *name == event.event);
        let Some((_, _, step)) = place.and_then(|place| self.outbox.remove(place)) else {
            return;
        };
        if let Some(id) = event.id {
            self.asked.insert((event.nsp.clone(), id), step);
        }
    }

    fn hear_ack(&mut self, n: u64, nsp: &str, id: u64, args: &str) {
        let Some(step) = self.asked.remove(&(nsp.to_owned(), id)) else {
            return;
        };
        let Some(Deed::Emit(event)) = self.script.steps.get(step).map(|step| step.deed.clone())
        else {
            return;
        };
        let place = self.ack_of.get(&step).copied();
        let recorded = place.and_then(|place| self.recorded_args(place));
        let of = Of {
            nsp,
            event: &event.event,
            reply: true,
        };
        self.values.hear(of, args, recorded.as_deref());
        let came = Came {
            n,
            reply: Reply::Ack {
                nsp: nsp.to_owned(),
                event: event.event,
                step,
                args: args.to_owned(),
            },
        };
        match place {
            Some(place) => self.met(place, came),
            None => self.extra.push(came),
        }
    }
}

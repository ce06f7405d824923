//! What the library says, as marks, and what follows from it.

use std::time::Instant;

use super::{BATCH, Driver, Heard, LAST_WORDS, Phase};
use crate::tap::rust_socketio::library::News;
use crate::tap::rust_socketio::words::Callback;

impl Driver {
    pub(super) fn heard(&mut self, heard: Heard) {
        self.sign = Instant::now();
        match heard {
            Heard::Callback(at, callback) => {
                self.called_back(at, &callback);
                self.more_callbacks();
            }
            Heard::News(news) => {
                // Said before it.
                self.more_callbacks();
                self.take_news(news);
            }
            Heard::Panic(words) => {
                self.more_callbacks();
                self.mark(format!("it panicked, and its task is gone: {words}"));
                self.give_up("rust_socketio panicked".to_owned(), words);
            }
        }
    }

    pub(super) fn called_back(&self, at: Instant, callback: &Callback) {
        self.mark_at(at, callback.words());
    }

    /// Those that wait already, and a word about those that did not fit.
    fn more_callbacks(&mut self) {
        let Some((_, inbox)) = &mut self.running else {
            return;
        };
        let mut more = Vec::new();
        for _ in 0..BATCH {
            match inbox.callbacks.try_recv() {
                Ok(callback) => more.push(callback),
                Err(_) => break,
            }
        }
        for (at, callback) in &more {
            self.called_back(*at, callback);
        }
        if let Some((_, inbox)) = &self.running {
            self.tell_lost(inbox);
        }
    }

    fn take_news(&mut self, news: News) {
        match news {
            News::Ready => {
                if self.phase == Phase::Starting {
                    self.phase = Phase::Running;
                }
            }
            News::NotReady(error) => {
                self.mark(format!("connect failed: {error}"));
                self.give_up(
                    "rust_socketio could not connect, and does not try a first connect again"
                        .to_owned(),
                    error,
                );
            }
            News::Emitted(number, done) => {
                self.unsent = self.unsent.saturating_sub(1);
                if let Err(error) = done {
                    self.mark(format!("emit failed: {error}"));
                    self.notices
                        .push(format!("rust_socketio could not emit: {error}"));
                    let now = self.now();
                    let told = self.ledger.fail(number, now);
                    self.write(told);
                }
            }
            News::Left(Ok(())) => {
                if matches!(self.phase, Phase::Leaving(_)) {
                    self.phase = Phase::Leaving(Instant::now() + LAST_WORDS);
                }
            }
            News::Left(Err(error)) => {
                self.mark(format!("disconnect failed: {error}"));
                // Nothing more will come of it.
                self.end_library();
            }
            News::Attempt(number) => self.mark(format!("reconnect attempt {number}")),
            News::Slowed(time) => {
                let ms = time.as_millis();
                let words = format!(
                    "it tries again without waiting; sioscope holds its next attempt for {ms} ms"
                );
                self.notices.push(format!("rust_socketio: {words}"));
                self.mark(words);
            }
            News::Exhausted(limit) => {
                let words = match limit {
                    1 => "1 attempt failed".to_owned(),
                    limit => format!("{limit} attempts failed"),
                };
                self.mark(format!(
                    "{words}: its limit ends a series only, it would begin the next one at once; \
                     sioscope ends it here"
                ));
                self.give_up("rust_socketio may not try again".to_owned(), words);
            }
            News::NoAuth(error) => {
                self.mark(format!(
                    "the auth could not be read again, the one before is used: {error}"
                ));
            }
        }
    }
}

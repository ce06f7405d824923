//! Sentences for the person at the terminal, said once each. **Floor 0.**
//!
//! Sources push, a face takes: a bounded list with a wake-up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Sentences for the person, said once each. A handle; clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Notices(Arc<(Mutex<VecDeque<String>>, Notify)>);

impl Notices {
    /// How many are kept when nobody takes them.
    const LIMIT: usize = 1_000;

    /// Adds one.
    pub fn push(&self, text: String) {
        let mut list = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if list.len() < Self::LIMIT {
            list.push_back(text);
        }
        drop(list);
        self.0.1.notify_one();
    }

    /// Waits until one was added.
    pub async fn changed(&self) {
        self.0.1.notified().await;
    }

    /// Takes all, oldest first.
    pub fn take(&self) -> Vec<String> {
        self.0
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
            .collect()
    }
}

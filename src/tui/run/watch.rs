//! What wakes the loop: changes of the journals, and signals.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::scope::Scope;
use crate::scope::playing::Handle;

/// Watches journals, one small task each, and wakes the loop once for any number of changes.
#[derive(Debug, Default)]
pub(super) struct Watch {
    wake: Arc<Notify>,
    tasks: Vec<JoinHandle<()>>,
}

impl Watch {
    /// Watches one more session.
    pub(super) fn add(&mut self, scope: Scope) {
        let wake = Arc::clone(&self.wake);
        self.tasks.push(tokio::spawn(async move {
            let mut seen = 0;
            loop {
                scope.changed(seen).await;
                seen = scope.journal().len();
                wake.notify_one();
                // More often than it is drawn nobody has to be told.
                tokio::time::sleep(super::DATA).await;
            }
        }));
    }

    /// Watches the player of a replay, too.
    pub(super) fn play(&mut self, mut player: Handle) {
        let wake = Arc::clone(&self.wake);
        self.tasks.push(tokio::spawn(async move {
            while player.changed().await {
                wake.notify_one();
                tokio::time::sleep(super::DATA).await;
            }
        }));
    }

    /// Waits for a change.
    pub(super) async fn changed(&self) {
        self.wake.notified().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Leave, with this exit code.
    Quit(i32),
    /// Stop, as ctrl-z does.
    Stop,
    /// Brought back to the foreground.
    Continue,
}

#[cfg(unix)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    stop: tokio::signal::unix::Signal,
    go_on: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen.
    pub(super) fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// The next signal that asks to leave; its exit code.
    pub(super) async fn quit(&mut self) -> i32 {
        loop {
            if let Signal::Quit(code) = self.next().await {
                return code;
            }
        }
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            // A terminal that goes away sends a hang-up and, behind it, a continue.
            biased;
            _ = self.terminate.recv() => Signal::Quit(143),
            _ = self.hang_up.recv() => Signal::Quit(129),
            _ = self.interrupt.recv() => Signal::Quit(130),
            _ = self.stop.recv() => Signal::Stop,
            _ = self.go_on.recv() => Signal::Continue,
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen.
    pub(super) fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    /// The next signal that asks to leave; its exit code.
    pub(super) async fn quit(&mut self) -> i32 {
        loop {
            if let Signal::Quit(code) = self.next().await {
                return code;
            }
        }
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Quit(130),
            Err(_) => std::future::pending().await,
        }
    }
}

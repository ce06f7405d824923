//! Being asked to stop from outside.

use super::{Exit, complain, runtime};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Ctrl-c.
    Interrupt,
    /// SIGTERM or SIGHUP.
    Terminate,
}

impl Stop {
    /// The exit code of something that serves until it is stopped.
    pub fn of_a_server(self, verdict: Exit) -> Exit {
        match self {
            Stop::Interrupt => Exit::Interrupted,
            // To end a server by SIGTERM is the ordinary way.
            Stop::Terminate => verdict,
        }
    }
}

/// Runs a headless task on a runtime of its own; it is told when it is asked to stop. What still
/// runs when it is over is cut: everything polite was done.
///
/// # Errors
/// The exit code where it could not begin; why is said.
pub fn told<T>(task: impl AsyncFnOnce(&mut Stops) -> T) -> Result<T, Exit> {
    let runtime = runtime()?;
    let done = runtime.block_on(async {
        let mut stops = Stops::listen().map_err(|error| {
            complain(format_args!("cannot listen for signals: {error}"));
            Exit::Usage
        })?;
        Ok(task(&mut stops).await)
    });
    runtime.shutdown_background();
    done
}

/// Listens for both from its creation on.
pub struct Stops {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl Stops {
    /// Begins to listen; needs a tokio runtime.
    pub fn listen() -> std::io::Result<Stops> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Stops {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Stops {})
    }

    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) -> Stop {
        #[cfg(unix)]
        {
            tokio::select! {
                _ = self.interrupt.recv() => Stop::Interrupt,
                _ = self.terminate.recv() => Stop::Terminate,
                _ = self.hangup.recv() => Stop::Terminate,
            }
        }
        #[cfg(not(unix))]
        {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Stop::Interrupt
        }
    }
}

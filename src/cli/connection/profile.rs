//! Defaults of other client libraries.
//!
//! | | EIO | connect timeout | ack timeout | what else differs (the client does it) |
//! |---|---|---|---|---|
//! | (none) | auto | 20 s | none | as js4 |
//! | js4 | 4 | 20 s | none | |
//! | js2 | 3 | 20 s | none | any packet is a sign of life |
//! | java1 | 3 | 20 s | none | any packet is a sign of life; delays never below the first one |
//! | java2 | 4 | 20 s | none | any packet is a sign of life; delays never below the first one |
//! | python | 4 | 5 s | 60 s | any packet is a sign of life; jitter of ±0.5 s is added; a first connect is not retried |
//! | rust | 4 | 30 s | none | growth 1.5, jitter after the cap |
//!
//! Common to all: polling first with an upgrade to WebSocket, reconnection without limit,
//! delay 1 s, at most 5 s, jitter 0.5.

use std::time::Duration;

use clap::ValueEnum;

use crate::client::Options;
use crate::client::options::{Eio, Profile};

/// `--profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProfileArg {
    /// JavaScript client 3.x and 4.x.
    Js4,
    /// JavaScript client 1.x and 2.x.
    Js2,
    /// Java client 1.x.
    Java1,
    /// Java client 2.x.
    Java2,
    /// python-socketio 5.
    Python,
    /// rust_socketio 0.6.
    Rust,
}

struct Defaults {
    profile: Profile,
    eio: Eio,
    connect_timeout: Duration,
    ack_timeout: Option<Duration>,
}

impl ProfileArg {
    fn defaults(self) -> Defaults {
        let secs = Duration::from_secs;
        let (profile, eio, connect_timeout, ack_timeout) = match self {
            ProfileArg::Js4 => (Profile::Js4, Eio::V4, secs(20), None),
            ProfileArg::Js2 => (Profile::Js2, Eio::V3, secs(20), None),
            ProfileArg::Java1 => (Profile::Java1, Eio::V3, secs(20), None),
            ProfileArg::Java2 => (Profile::Java2, Eio::V4, secs(20), None),
            // Its request_timeout; `call` waits 60 s for the answer.
            ProfileArg::Python => (Profile::Python, Eio::V4, secs(5), Some(secs(60))),
            // It has none of its own; its HTTP client gives up after 30 s.
            ProfileArg::Rust => (Profile::Rust, Eio::V4, secs(30), None),
        };
        Defaults {
            profile,
            eio,
            connect_timeout,
            ack_timeout,
        }
    }

    /// Puts the profile's defaults over those of [`Options::new`].
    pub fn apply(self, options: &mut Options) {
        let defaults = self.defaults();
        options.profile = defaults.profile;
        options.eio = defaults.eio;
        options.connect_timeout = defaults.connect_timeout;
        options.ack_timeout = defaults.ack_timeout;
    }
}

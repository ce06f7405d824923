//! The words of the session file, in one place: how each state, direction and kind is spelled.
//!
//! `as_str` gives the word, `parse` takes it back (`None` for a word that this version does not
//! know), and `Display` prints it. **Floor 0.**

use std::fmt;

use super::file::Source;
use super::record::{
    AckState, Body, BufferOp, ConnectionState, Direction, NamespaceState, Opcode, TransportName,
    TransportState,
};

macro_rules! words {
    ($($of:ident { $($variant:ident => $word:literal),+ $(,)? })+) => {$(
        impl $of {
            /// Every value, in the order of the format's table.
            pub const ALL: &[$of] = &[$($of::$variant),+];

            /// The word that stands in a session file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($of::$variant => $word),+ }
            }

            /// The value that a word stands for; `None` where this version does not know it.
            #[must_use]
            pub fn parse(word: &str) -> Option<$of> {
                match word { $($word => Some($of::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $of {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    )+};
}

words! {
    Direction { ToServer => "to_server", ToClient => "to_client" }
    Opcode { Text => "text", Binary => "binary", Ping => "ping", Pong => "pong", Close => "close" }
    TransportName { Polling => "polling", Websocket => "websocket" }
    TransportState {
        Opening => "opening", Open => "open", Upgrading => "upgrading", Closed => "closed",
    }
    ConnectionState {
        Connecting => "connecting", Open => "open", Closed => "closed", Waiting => "waiting",
        GaveUp => "gave_up",
    }
    NamespaceState {
        Joining => "joining", Connected => "connected", Refused => "refused",
        Disconnected => "disconnected",
    }
    AckState {
        Pending => "pending", Answered => "answered", Late => "late", Timeout => "timeout",
        Lost => "lost",
    }
    BufferOp { Queued => "queued", Flushed => "flushed", Dropped => "dropped" }
    Source {
        Client => "client", Tap => "tap", Har => "har", Mitm => "mitm", Replay => "replay",
    }
}

impl Source {
    /// What it is called in a sentence: "records of a HAR file".
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Source::Har => "HAR file",
            Source::Mitm => "mitmproxy file",
            other => other.as_str(),
        }
    }
}

impl Body {
    /// The word that stands in `k`.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Body::Request(_) => "request",
            Body::Response(_) => "response",
            Body::Frame(_) => "frame",
            Body::Transport(_) => "transport",
            Body::Connection(_) => "connection",
            Body::Namespace(_) => "namespace",
            Body::Ack(_) => "ack",
            Body::Buffer(_) => "buffer",
            Body::Fault(_) => "fault",
            Body::Gap(_) => "gap",
            Body::Mark(_) => "mark",
            Body::Finding(_) => "finding",
            Body::Unknown(unknown) => &unknown.k,
        }
    }
}

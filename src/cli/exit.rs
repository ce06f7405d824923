//! How a run ended.

use std::process::ExitCode;

/// How a run ended, as the exit code that scripts see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: an expectation failed: a wait timed out, an ack did not come.
    Unmet,
    /// 2: usage, configuration or input.
    Usage,
    /// 3: could not connect.
    NotConnected,
    /// 4: disconnected, and did not come back.
    Lost,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Unmet => 1,
            Exit::Usage => 2,
            Exit::NotConnected => 3,
            Exit::Lost => 4,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

//! Who ended a connection.

use super::{CloseFrame, Life};
use crate::journal::record::Direction;

impl Life {
    /// The client ended it: it left, it gave up, or its close frame came first.
    pub fn left_by_client(&self) -> bool {
        match self.reason.as_deref() {
            Some("io client disconnect" | "forced close" | "ping timeout") => true,
            // What came back after the other side's close frame is only its echo.
            _ => self
                .close_frames
                .first()
                .is_some_and(|frame| frame.dir == Direction::ToServer),
        }
    }

    /// It ended without a goodbye, and a tap saw that it was the client who went: it ended or reset
    /// its TCP connection, or stopped asking.
    pub fn cut_by_client(&self) -> bool {
        let detail = self.detail.as_deref().unwrap_or_default();
        ["the client ", "no request of the client "]
            .iter()
            .any(|start| detail.starts_with(start))
    }

    /// It ended, and not by the client: a close frame, a poll that said so, or a cut.
    pub fn dropped(&self) -> bool {
        self.ended.is_some()
            && self.opened.is_some()
            && !self.left_by_client()
            && !self.cut_by_client()
    }

    /// The close frame with which the server (or what stands before it) ended it.
    pub fn server_close(&self) -> Option<&CloseFrame> {
        self.close_frames
            .first()
            .filter(|frame| frame.dir == Direction::ToClient)
    }

    /// It was dropped on purpose, in the way of Engine.IO servers: a close frame without a code
    /// (1005), or 1000 as python-engineio sends it, or a poll that was answered with a close
    /// packet, or code 1 to the next request.
    pub fn closed_by_engine(&self) -> bool {
        if !self.dropped() {
            return false;
        }
        match self.server_close() {
            Some(frame) => matches!(frame.code, None | Some(1000 | 1005)),
            None => self.detail.as_deref().is_some_and(|detail| {
                detail.contains("closed by the server") || detail.contains("Session ID unknown")
            }),
        }
    }
}

//! What a face can ask a running client to do.

use crate::faults::Fault;

/// A command to the client.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Emit an event.
    Emit(Emit),
    /// Join a namespace (again, with other auth, if it was refused or left).
    Join {
        /// Namespace, with its leading `/`.
        nsp: String,
        /// Auth payload as raw JSON text; `None` uses what the options say.
        auth: Option<String>,
    },
    /// Leave a namespace.
    Leave {
        /// Namespace.
        nsp: String,
    },
    /// Answer an event for which the server asked for an ack.
    Answer {
        /// Namespace.
        nsp: String,
        /// The server's ack id.
        id: u64,
        /// JSON array text; `{"$binary":"<base64>"}` leaves are sent as attachments.
        args: String,
    },
    /// Answer once more what was answered already: what does the server make of it?
    AnswerAgain {
        /// Namespace.
        nsp: String,
        /// The server's ack id.
        id: u64,
        /// JSON array text, as in [`Command::Answer`].
        args: String,
    },
    /// Let events wait in the offline buffer, also while their namespace is joined, until
    /// [`Command::Flush`].
    Hold,
    /// Send what waits for namespaces that are joined, and hold nothing back any more.
    Flush,
    /// Take an event out of the offline buffer; it is never sent.
    Unbuffer {
        /// Namespace for which it waits.
        nsp: String,
        /// The packet's text, as its `buffer` record has it; of equal ones the first.
        packet: String,
    },
    /// Change an event that waits in the offline buffer; it keeps its place and its ack id.
    Rebuffer {
        /// Namespace for which it waits.
        nsp: String,
        /// The packet's text, as its `buffer` record has it; of equal ones the first.
        packet: String,
        /// JSON array text, event name first, that takes its place.
        args: String,
    },
    /// Connect, or try now instead of waiting for the planned attempt.
    Connect,
    /// Leave all namespaces and close.
    Disconnect,
    /// Write a mark into the journal.
    Mark {
        /// Its text.
        text: String,
    },
    /// Make something fail at the next moment that fits.
    Fault(Fault),
    /// Make something fail at the next moment that fits on one connection.
    FaultOn {
        /// What.
        fault: Fault,
        /// Number of the connection.
        c: u32,
    },
    /// End the faults that were asked for and still wait or last; a plan goes on.
    ClearFaults,
}

/// An event to emit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Emit {
    /// Namespace; it must be one that was joined or will be.
    pub nsp: String,
    /// JSON array text, event name first; sent as it stands. `{"$binary":"<base64>"}` leaves
    /// are sent as attachments.
    pub args: String,
    /// Ask for an ack.
    pub ack: bool,
    /// Give up on the ack after this many milliseconds; `None` uses the options' ack timeout.
    pub timeout_ms: Option<u64>,
    /// Drop it instead of buffering when it can't be sent right now.
    pub volatile: bool,
}

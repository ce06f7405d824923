//! A line: one thing of a session that is compared.

use std::sync::Arc;

use serde_json::Value;

use crate::journal::record::Direction;
use crate::replay::path::Of;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// A connection opened: protocol, transport and the server's handshake.
    Handshake,
    /// How the upgrade to WebSocket went; only of connections that began with polling.
    Upgrade,
    /// A WebSocket was opened: compressed or not.
    Websocket,
    /// Headers of a request or response.
    Headers,
    /// A connection ended, or could not be made.
    End,
    /// Bytes that are no packet.
    Undecodable,
    /// CONNECT to the server.
    Join,
    /// CONNECT to the client.
    Welcome,
    /// CONNECT_ERROR.
    Refusal,
    /// DISCONNECT.
    Disconnect,
    /// An event.
    Event,
    /// The reply to an event.
    Reply,
}

/// One thing of a session that is compared.
#[derive(Debug, Clone)]
pub struct Line {
    /// Sequence number of its record.
    pub n: u64,
    /// Which packet of the record it is; `None` for a fact of a connection.
    pub index: Option<u32>,
    /// Session time in microseconds.
    pub t: u64,
    /// Connection.
    pub c: Option<u32>,
    /// What it is.
    pub what: What,
    /// Namespace; `None` for a fact of a connection.
    pub nsp: Option<Arc<str>>,
    /// Which way it went.
    pub dir: Option<Direction>,
    /// The event's name (of a reply that of its question), the reason of an end, or which headers.
    pub name: Arc<str>,
    /// Ack id; differs from session to session and is not compared.
    pub id: Option<u64>,
    /// Whether it asks for a reply.
    pub asks: bool,
    /// Raw JSON as it stood: arguments with the event's name first, CONNECT's data, a refusal.
    /// For an end what lies under its reason, as text.
    pub data: Option<String>,
    /// What is compared: the data, masked, members sorted.
    pub form: String,
    /// The line of the question that this replies to.
    pub question: Option<usize>,
    /// Of a reply: milliseconds since the question.
    pub ms: Option<f64>,
    /// Of a reply: it came when who asked had given up.
    pub late: bool,
}

impl Line {
    /// Where it stands in its session.
    pub(super) fn place(&self) -> (u64, u32) {
        (self.n, self.index.unwrap_or_default())
    }

    /// What two equal lines have in common.
    pub(super) fn identity(&self) -> (What, Option<&str>, Option<Direction>, &str, bool, &str) {
        // Of an end, only what `form` keeps of the detail counts.
        (
            self.what,
            self.nsp.as_deref(),
            self.dir,
            &self.name,
            self.asks,
            &self.form,
        )
    }

    /// The masked data as a value; a text where it is no JSON.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.form).unwrap_or_else(|_| Value::String(self.form.clone()))
    }

    /// Whose data it holds, as a path names it; `None` for a fact of a connection.
    pub fn of(&self) -> Option<Of<'_>> {
        let nsp = self.nsp.as_deref()?;
        let (event, reply) = match self.what {
            What::Event => (&*self.name, false),
            What::Reply => (&*self.name, true),
            What::Join | What::Welcome => ("connect", false),
            What::Refusal => ("connect_error", false),
            _ => return None,
        };
        Some(Of { nsp, event, reply })
    }

    /// It went to the server.
    pub fn is_sent(&self) -> bool {
        self.dir == Some(Direction::ToServer)
    }
}

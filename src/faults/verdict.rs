//! What crosses, as the injector is asked about it, and what it answers.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::journal::record::{Direction, Fault as FaultRecord, TransportName};
use crate::protocol::engine::{Revision, Version};

/// On which connection something crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the connection, from 1; 0 while it is not known yet.
    pub c: u32,
    /// Number of the attempt within the reconnect series; 0 on a first connect.
    pub attempt: u32,
    /// The transport that this crosses on.
    pub transport: TransportName,
    /// Engine.IO version of the connection.
    pub version: Version,
    /// Dialect of its polling bodies.
    pub revision: Revision,
    /// `maxPayload` of its handshake, in bytes, where it has one.
    pub max_payload: Option<u64>,
}

/// What an HTTP request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// A GET without a session id: the handshake.
    Handshake,
    /// A GET with one.
    Poll,
    /// A POST.
    Post,
    /// The upgrade to WebSocket.
    Upgrade,
}

impl RequestKind {
    /// The words of a plan's `request`.
    pub const WORDS: [(&'static str, RequestKind); 4] = [
        ("handshake", RequestKind::Handshake),
        ("poll", RequestKind::Poll),
        ("post", RequestKind::Post),
        ("upgrade", RequestKind::Upgrade),
    ];

    /// Reads it off a request: its method, its URL (or target), and whether it carries
    /// `Upgrade: websocket`.
    pub fn of(method: &str, url: &str, upgrade: bool) -> RequestKind {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let has_sid = query.split('&').any(|pair| pair.starts_with("sid="));
        match method {
            _ if upgrade => RequestKind::Upgrade,
            "POST" => RequestKind::Post,
            _ if has_sid => RequestKind::Poll,
            _ => RequestKind::Handshake,
        }
    }

    /// Its word.
    pub fn name(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, kind)| *kind == self);
        found.map_or("", |(word, _)| *word)
    }
}

/// A request that is about to be sent (or forwarded).
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What it is for.
    pub kind: RequestKind,
    /// Absolute URL or request target; the injector changes its query only.
    pub url: &'a str,
    /// Its Content-Type.
    pub content_type: Option<&'a str>,
    /// Its body, content coding undone.
    pub body: &'a Bytes,
}

/// A response that has come, whole.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// What the request was for.
    pub kind: RequestKind,
    /// HTTP status.
    pub status: u16,
    /// Its Content-Type.
    pub content_type: Option<&'a str>,
    /// Its body, content coding undone.
    pub body: &'a Bytes,
}

/// A WebSocket message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text; should be UTF-8.
    Text(Bytes),
    /// Binary.
    Binary(Bytes),
    /// Bytes to write onto the WebSocket as they are, in place of a frame; a client's (masked),
    /// only ever to the server. Only in answers.
    Raw(Bytes),
}

impl Message {
    /// Its payload.
    pub fn data(&self) -> &Bytes {
        match self {
            Message::Text(data) | Message::Binary(data) | Message::Raw(data) => data,
        }
    }
}

/// How a connection is to be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The TCP connection ends with a FIN, without a close frame and without the rest of what
    /// was queued.
    Fin,
    /// The TCP connection ends with a RST (`SO_LINGER` 0).
    Rst,
    /// A WebSocket close frame, to the client (and to the server, where the applier sits between
    /// them), then the end as after any close frame.
    Close {
        /// Its code.
        code: u16,
        /// Its reason.
        reason: String,
    },
}

/// What to do with what is crossing, when, and what to do after it.
///
/// The applier first appends a `fault` record for each of [`Verdict::told`], then does
/// [`Verdict::what`], not before [`Verdict::until`], then [`Verdict::then`].
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Verdict<T> {
    /// What to do with it.
    pub what: T,
    /// Not before this time; never earlier than that of what crossed before on the same
    /// connection in the same direction, so that a queue is enough.
    pub until: Option<Instant>,
    /// End the connection after it.
    pub then: Option<End>,
    /// Records to write on this connection.
    pub told: Vec<FaultRecord>,
}

impl<T> Verdict<T> {
    /// Just this, now.
    pub fn just(what: T) -> Verdict<T> {
        Verdict {
            what,
            until: None,
            then: None,
            told: Vec::new(),
        }
    }
}

/// What to do with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestDo {
    /// Send it as it is.
    Pass,
    /// Send it so.
    Change {
        /// Another URL (of the same form as the one asked about), where that changes.
        url: Option<String>,
        /// Another Content-Type, where that changes.
        content_type: Option<&'static str>,
        /// Another body, where that changes (the applier sets Content-Length).
        body: Option<Bytes>,
    },
    /// Do not send it; answer it so.
    Answer(Answer),
    /// Do not send it; never answer it, and leave its connection open.
    NeverAnswer,
    /// Do not send it; end the TCP connection that it came on (or would have gone on).
    Cut(End),
}

/// A response made up in the server's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Content-Type.
    pub content_type: &'static str,
    /// Body.
    pub body: Bytes,
}

/// What to do with a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseDo {
    /// Hand it on as it is.
    Pass,
    /// Hand it on with another body (the applier sets Content-Length and takes Content-Encoding
    /// and Transfer-Encoding away).
    Change {
        /// The body.
        body: Bytes,
        /// Another Content-Type, where that changes.
        content_type: Option<&'static str>,
    },
    /// Never hand it on, and leave the connection to the client open.
    NeverAnswer,
    /// Do not hand it on; end the TCP connection that it should have gone on.
    Cut(End),
}

/// What to do with a WebSocket message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageDo {
    /// Hand it on as it is.
    Pass,
    /// Hand these on in its place; none swallows it.
    Become(Vec<Message>),
}

/// What to do with the other side's end of a WebSocket (a close frame, a FIN, an error).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndDo {
    /// Hand it on.
    Pass,
    /// Keep it from the client: its side stays open, and nothing more comes.
    Hide,
}

/// How the head of a 101 is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadDo {
    /// As it is.
    Pass,
    /// In three writes with `TCP_NODELAY` on and a pause before the second and the third.
    Split {
        /// Pause before the second write.
        pause: Duration,
        /// Pause before the last one.
        late: Duration,
    },
}

/// What happens by itself, not because something crosses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strike {
    /// End the connection: its WebSocket, or over polling every exchange in flight (the next
    /// request is cut by its own verdict where there is none).
    End(End),
    /// Nothing is read from it and nothing written to it from here on; its sockets stay.
    /// [`super::Injector::frozen`] says for how long.
    Freeze,
    /// Hand this message on, after what is queued in this direction.
    Inject(Direction, Message),
}

/// A [`Strike`] with the records to write on its connection.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Struck {
    /// What to do.
    pub what: Strike,
    /// Records to write first.
    pub told: Vec<FaultRecord>,
}

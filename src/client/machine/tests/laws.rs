//! What must hold for every machine at every time, whatever it is fed.
//!
//! One GET and one POST of a connection at a time; an exchange or a WebSocket is given up at
//! most once and nothing is written to it afterwards; a namespace has one CONNECT unanswered at
//! most. Both the conformance cases and the random sequences run under these laws.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::machine::{ExchangeId, Input, Message, Output, WsEnd};
use crate::protocol::engine::{Data, PacketKind as EnginePacketKind, Revision, Version, payload};
use crate::protocol::socket::{self, Limits, PacketKind};

/// An HTTP exchange that has no answer yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Exchange {
    pub(super) x: ExchangeId,
    pub(super) c: u32,
    pub(super) method: &'static str,
    pub(super) version: Version,
}

/// A WebSocket that has not ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Socket {
    pub(super) x: ExchangeId,
    pub(super) c: u32,
    pub(super) version: Version,
    /// The server switched protocols.
    pub(super) opened: bool,
    /// The machine asked to close it.
    pub(super) closing: bool,
}

/// Keeps account of what is under way.
#[derive(Debug, Default)]
pub(super) struct Laws {
    pub(super) exchanges: Vec<Exchange>,
    pub(super) sockets: Vec<Socket>,
    given_up: BTreeSet<ExchangeId>,
    /// Connection and namespace of each unanswered CONNECT.
    connects: BTreeMap<(u32, String), u32>,
}

fn version_of(url: &str) -> Version {
    if url.contains("EIO=3") {
        Version::V3
    } else {
        Version::V4
    }
}

impl Laws {
    /// The machine asked for something: `Err` says which law it breaks.
    pub(super) fn output(&mut self, output: &Output) -> Result<(), String> {
        match output {
            Output::Http {
                x,
                c,
                method,
                url,
                content_type,
                body,
            } => {
                let version = version_of(url);
                if let Some(other) = self
                    .exchanges
                    .iter()
                    .find(|other| other.c == *c && other.method == *method)
                {
                    return Err(format!("two {method}s at once: {} and {x}", other.x));
                }
                let (x, c) = (*x, *c);
                self.exchanges.push(Exchange {
                    x,
                    c,
                    method,
                    version,
                });
                let packets =
                    payload::decode_body(body, *content_type, version, Revision::default());
                for packet in packets.packets {
                    if let (EnginePacketKind::Message, Data::Text(text)) =
                        (packet.value.kind, &packet.value.data)
                    {
                        self.written(c, version, text)?;
                    }
                }
            }
            Output::AbortHttp { x } => {
                if !self.given_up.insert(*x) {
                    return Err(format!("exchange {x} is given up twice"));
                }
                let before = self.exchanges.len();
                self.exchanges.retain(|exchange| exchange.x != *x);
                if self.exchanges.len() == before {
                    return Err(format!("exchange {x} is given up, but was not under way"));
                }
            }
            Output::OpenWs { x, c, url } => self.sockets.push(Socket {
                x: *x,
                c: *c,
                version: version_of(url),
                opened: false,
                closing: false,
            }),
            Output::CloseWs { x } => match self.sockets.iter_mut().find(|ws| ws.x == *x) {
                None => return Err(format!("WebSocket {x} is closed, but has ended already")),
                Some(ws) if ws.closing => return Err(format!("WebSocket {x} is closed twice")),
                Some(ws) => ws.closing = true,
            },
            Output::SendWs { x, message } => {
                let Some(ws) = self.sockets.iter().find(|ws| ws.x == *x) else {
                    return Err(format!(
                        "something is written to WebSocket {x}, which is gone"
                    ));
                };
                if ws.closing {
                    return Err(format!("{message:?} is written to {x} after its close"));
                }
                let (c, version) = (ws.c, ws.version);
                if let Message::Text(text) = message
                    && let Some(text) = text.strip_prefix('4')
                {
                    self.written(c, version, text)?;
                }
            }
            Output::PingWs { .. }
            | Output::ReadAuth { .. }
            | Output::Record { .. }
            | Output::Notice(_) => {}
        }
        Ok(())
    }

    fn written(&mut self, c: u32, version: Version, text: &str) -> Result<(), String> {
        let Ok(packet) = socket::decode_text(text, &Limits::default(), version) else {
            return Ok(());
        };
        if packet.value.kind != PacketKind::Connect {
            return Ok(());
        }
        let nsp = path(&packet.value.nsp, version);
        let unanswered = self.connects.entry((c, nsp.clone())).or_default();
        *unanswered += 1;
        if *unanswered > 1 {
            return Err(format!("two CONNECTs for {nsp} are unanswered"));
        }
        Ok(())
    }

    fn came(&mut self, c: u32, version: Version, text: &str) {
        if let Ok(packet) = socket::decode_text(text, &Limits::default(), version)
            && matches!(
                packet.value.kind,
                PacketKind::Connect | PacketKind::ConnectError | PacketKind::Disconnect
            )
        {
            self.connects.remove(&(c, path(&packet.value.nsp, version)));
            // In generation 2 an error for `/` is one for every namespace.
            if version == Version::V3 && packet.value.kind == PacketKind::ConnectError {
                self.connects.retain(|(other, _), _| *other != c);
            }
        }
    }

    /// The machine is about to be told something.
    pub(super) fn input(&mut self, input: &Input<'_>) {
        match input {
            Input::HttpResponse {
                x, headers, body, ..
            } => {
                let Some(at) = self.exchanges.iter().position(|e| e.x == *x) else {
                    return;
                };
                let exchange = self.exchanges.remove(at);
                let kind = headers
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
                    .map(|(_, value)| value.as_str());
                let packets =
                    payload::decode_body(body, kind, exchange.version, Revision::default());
                for packet in packets.packets {
                    if let (EnginePacketKind::Message, Data::Text(text)) =
                        (packet.value.kind, &packet.value.data)
                    {
                        self.came(exchange.c, exchange.version, text);
                    }
                }
            }
            Input::HttpFailed { x, .. } => self.exchanges.retain(|e| e.x != *x),
            // After a violation a close is still due.
            Input::WsClosed {
                end: WsEnd::Violation(_),
                ..
            } => {}
            Input::WsFailed { x, .. } | Input::WsClosed { x, .. } => {
                self.sockets.retain(|ws| ws.x != *x);
            }
            Input::WsText { x, text } => {
                if let Some(ws) = self.sockets.iter().find(|ws| ws.x == *x)
                    && let Some(text) = text.strip_prefix('4')
                {
                    let (c, version) = (ws.c, ws.version);
                    self.came(c, version, text);
                }
            }
            Input::WsOpened { x } => {
                if let Some(ws) = self.sockets.iter_mut().find(|ws| ws.x == *x) {
                    ws.opened = true;
                    // It was opened although it was given up: a second close is due.
                    ws.closing = false;
                }
            }
            Input::WsBinary { .. }
            | Input::WsWritten { .. }
            | Input::AuthRead { .. }
            | Input::Command(_) => {}
        }
    }
}

/// What tells namespaces apart: generation 2 hangs a query on a name that is not part of it.
fn path(nsp: &str, version: Version) -> String {
    match version {
        Version::V3 => nsp.split('?').next().unwrap_or_default().to_owned(),
        Version::V4 => nsp.to_owned(),
    }
}

//! The life of one connection, as records prove it.

use super::Place;
use crate::journal::record::{Body, Direction, Opcode, Record};
use crate::model::Packet;
use crate::model::decode::Kind;

/// How many places of a sort are kept for one connection.
const PLACES: usize = 100;

/// A WebSocket close frame.
#[derive(Debug, Clone, PartialEq)]
pub struct CloseFrame {
    /// Its record.
    pub place: Place,
    /// Who sent it: `ToClient` means the server (or a proxy).
    pub dir: Direction,
    /// Its code; `None` where it carried none (1005).
    pub code: Option<u16>,
    /// Its reason.
    pub reason: Option<String>,
}

/// A packet that could not be decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// Its record.
    pub place: Place,
    /// Who sent it.
    pub dir: Direction,
    /// Why it can't be read.
    pub error: String,
    /// Byte offset in the frame or body.
    pub at: usize,
}

/// One connection: one handshake, one Engine.IO sid. Its state, sid, handshake values and upgrade
/// steps are in the model; here are the records.
#[derive(Debug, Clone)]
pub struct Life {
    /// Its number.
    pub c: u32,
    /// Its first record.
    pub began: Place,
    /// The record with which it opened.
    pub opened: Option<Place>,
    /// The record with which it ended, or could not be made.
    pub ended: Option<Place>,
    /// Official reason or connect error, once ended.
    pub reason: Option<String>,
    /// What lies under it.
    pub detail: Option<String>,
    /// The newest record that came from the server.
    pub heard: Option<Place>,
    /// The newest record that went to the server.
    pub spoke: Option<Place>,
    /// Engine.IO pings from the server to the client, newest last, at most 100.
    pub pings_to_client: Vec<Place>,
    /// Engine.IO pings from the client to the server (not the probe), newest last, at most 100.
    pub pings_to_server: Vec<Place>,
    /// Engine.IO pongs from the client to the server, newest last, at most 100.
    pub pongs_to_server: Vec<Place>,
    /// Engine.IO pongs from the server to the client (not the probe's), newest last, at most 100.
    pub pongs_to_client: Vec<Place>,
    /// The close frames, in order.
    pub close_frames: Vec<CloseFrame>,
    /// Packets that could not be decoded, at most 100.
    pub troubles: Vec<Trouble>,
    /// Failures made on purpose, at most 100.
    pub faults: Vec<Place>,
}

impl Life {
    pub(super) fn new(c: u32, began: Place) -> Life {
        Life {
            c,
            began,
            opened: None,
            ended: None,
            reason: None,
            detail: None,
            heard: None,
            spoke: None,
            pings_to_client: Vec::new(),
            pings_to_server: Vec::new(),
            pongs_to_server: Vec::new(),
            pongs_to_client: Vec::new(),
            close_frames: Vec::new(),
            troubles: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// How long it was open, in microseconds; `None` while it is, or if it never was.
    pub fn lived(&self) -> Option<u64> {
        Some(self.ended?.t.saturating_sub(self.opened?.t))
    }

    pub(super) fn take(&mut self, place: Place, record: &Record, packets: &[Packet]) {
        match &record.body {
            Body::Request(_) => self.spoke = Some(place),
            Body::Response(response) if response.status > 0 => self.heard = Some(place),
            Body::Frame(frame) => {
                match frame.dir {
                    Direction::ToServer => self.spoke = Some(place),
                    Direction::ToClient => self.heard = Some(place),
                }
                if frame.op == Opcode::Close && self.close_frames.len() < PLACES {
                    self.close_frames.push(CloseFrame {
                        place,
                        dir: frame.dir,
                        code: frame.code,
                        reason: frame.reason.clone(),
                    });
                }
            }
            Body::Fault(_) if self.faults.len() < PLACES => self.faults.push(place),
            _ => {}
        }
        for packet in packets {
            match &packet.kind {
                Kind::Engine { name, data } if data != "probe" => {
                    let list = match (*name, packet.dir) {
                        ("ping", Direction::ToClient) => &mut self.pings_to_client,
                        ("ping", Direction::ToServer) => &mut self.pings_to_server,
                        ("pong", Direction::ToServer) => &mut self.pongs_to_server,
                        ("pong", Direction::ToClient) => &mut self.pongs_to_client,
                        _ => continue,
                    };
                    if list.len() >= PLACES {
                        list.remove(0);
                    }
                    list.push(place);
                }
                Kind::Undecodable { error, at } if self.troubles.len() < PLACES => {
                    self.troubles.push(Trouble {
                        place,
                        dir: packet.dir,
                        error: error.clone(),
                        at: *at,
                    });
                }
                _ => {}
            }
        }
    }
}

//! Small scripted sessions for the tests of this module: records built by hand.

use bytes::Bytes;

use super::decode::{Decoder, Kind, Packet};
use super::state::Model;
use crate::journal::Record;
use crate::journal::record::*;

/// A session that grows record by record, with its decoder and its fold.
#[derive(Default)]
pub(super) struct Script {
    pub(super) records: Vec<Record>,
    pub(super) packets: Vec<Vec<Packet>>,
    pub(super) backs: Vec<u32>,
    pub(super) decoder: Decoder,
    pub(super) model: Model,
    pub(super) t: u64,
    pub(super) c: Option<u32>,
    x: u64,
}

pub(super) const V4: &str = "http://h/socket.io/?EIO=4&transport=polling";
pub(super) const V3: &str = "http://h/socket.io/?EIO=3&transport=polling";
pub(super) const V4_WS: &str = "ws://h/socket.io/?EIO=4&transport=websocket";
pub(super) const V3_WS: &str = "ws://h/socket.io/?EIO=3&transport=websocket";
pub(super) const HELLO: &str = r#"0{"sid":"E1","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

impl Script {
    pub(super) fn on(c: u32) -> Script {
        Script {
            c: Some(c),
            ..Script::default()
        }
    }

    /// Lets time pass.
    pub(super) fn ms(&mut self, ms: u64) -> &mut Script {
        self.t += ms * 1_000;
        self
    }

    pub(super) fn add(&mut self, body: Body) -> &mut Script {
        let n = self.records.len() as u64 + 1;
        let record = Record {
            n,
            t: self.t,
            c: self.c,
            body,
        };
        let packets = self.decoder.decode(&record);
        self.backs.push(self.decoder.back());
        self.model.apply(&record, &packets);
        self.records.push(record);
        self.packets.push(packets);
        self
    }

    fn frame(&mut self, dir: Direction, op: Opcode, data: &[u8]) -> &mut Script {
        let data = Bytes::copy_from_slice(data);
        self.add(Body::Frame(Frame {
            dir,
            op,
            data,
            code: None,
            reason: None,
            wire: None,
        }))
    }

    pub(super) fn up(&mut self, text: &str) -> &mut Script {
        self.frame(Direction::ToServer, Opcode::Text, text.as_bytes())
    }

    pub(super) fn down(&mut self, text: &str) -> &mut Script {
        self.frame(Direction::ToClient, Opcode::Text, text.as_bytes())
    }

    pub(super) fn down_binary(&mut self, bytes: &[u8]) -> &mut Script {
        self.frame(Direction::ToClient, Opcode::Binary, bytes)
    }

    pub(super) fn closed(&mut self, dir: Direction, code: Option<u16>) -> &mut Script {
        let op = Opcode::Close;
        self.add(Body::Frame(Frame {
            dir,
            op,
            data: Bytes::new(),
            code,
            reason: None,
            wire: None,
        }))
    }

    pub(super) fn request(&mut self, method: &str, url: &str, body: &[u8]) -> &mut Script {
        self.x += 1;
        self.add(Body::Request(Request {
            x: self.x,
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Bytes::copy_from_slice(body),
        }))
    }

    pub(super) fn response(&mut self, status: u16, body: &[u8]) -> &mut Script {
        self.typed_response(status, "text/plain; charset=UTF-8", body)
    }

    pub(super) fn typed_response(&mut self, status: u16, kind: &str, body: &[u8]) -> &mut Script {
        self.add(Body::Response(Response {
            x: self.x,
            status,
            headers: vec![("Content-Type".to_owned(), kind.to_owned())],
            body: Bytes::copy_from_slice(body),
            ..Response::default()
        }))
    }

    /// A GET that was answered with 200.
    pub(super) fn poll(&mut self, url: &str, body: &[u8]) -> &mut Script {
        self.request("GET", url, b"").response(200, body)
    }

    pub(super) fn connection(
        &mut self,
        state: ConnectionState,
        reason: Option<&str>,
    ) -> &mut Script {
        self.attempt(state, reason, None, None)
    }

    pub(super) fn attempt(
        &mut self,
        state: ConnectionState,
        reason: Option<&str>,
        attempt: Option<u32>,
        delay_ms: Option<u64>,
    ) -> &mut Script {
        self.add(Body::Connection(Connection {
            state,
            reason: reason.map(str::to_owned),
            detail: None,
            attempt,
            delay_ms,
        }))
    }

    pub(super) fn ack(&mut self, id: u64, state: AckState, ms: Option<f64>) -> &mut Script {
        let dir = Direction::ToServer;
        self.add(Body::Ack(Ack {
            nsp: "/".to_owned(),
            id,
            dir,
            state,
            ms,
        }))
    }

    /// The packets of all records as short text, records apart by `;`.
    pub(super) fn told(&self) -> String {
        let words: Vec<String> = self
            .packets
            .iter()
            .map(|packets| packets.iter().map(word).collect::<Vec<_>>().join(" "))
            .collect();
        words.join(";")
    }
}

/// A packet as a short text: `>open`, `<event/chat#7["a"]`, `!12 why`.
pub(super) fn word(packet: &Packet) -> String {
    let way = match packet.dir {
        Direction::ToServer => '>',
        Direction::ToClient => '<',
    };
    match &packet.kind {
        Kind::Engine { name, data } => format!("{way}{name}({data})"),
        Kind::Socket {
            name,
            nsp,
            id,
            data,
            ..
        } => {
            let id = id.map(|id| format!("#{id}")).unwrap_or_default();
            format!(
                "{way}{name}{nsp}{id}{}",
                data.as_deref().unwrap_or_default()
            )
        }
        Kind::Undecodable { error, at } => format!("{way}!{at} {error}"),
    }
}

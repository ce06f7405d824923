//! A session that is written down frame by frame.

use bytes::Bytes;

use crate::journal::Record;
use crate::journal::file::{Header, Source};
use crate::journal::record::*;
use crate::replay::diff::{Masks, Reader, Side};

/// Ids that one server run gave.
#[derive(Clone, Copy)]
pub(super) struct Ids {
    pub(super) engine: &'static str,
    pub(super) socket: &'static str,
    pub(super) pid: &'static str,
}

pub(super) const FIRST: Ids = Ids {
    engine: "lv_VI97HAXpY6yYWAAAC",
    socket: "q1VI97HAXpY6yYWxAAAD",
    pid: "YHcX2sdAF1z452-HAAAW",
};

#[derive(Clone)]
pub(super) struct Session {
    pub(super) records: Vec<Record>,
    source: Source,
    t: u64,
    c: u32,
    x: u64,
}

impl Session {
    /// A connection over WebSocket that has opened, with `/` joined.
    pub(super) fn connected(ids: Ids) -> Session {
        Session::empty().opens(ids).joins("/", ids)
    }

    pub(super) fn empty() -> Session {
        Session {
            records: Vec::new(),
            source: Source::Client,
            t: 0,
            c: 1,
            x: 0,
        }
    }

    pub(super) fn tapped(mut self) -> Session {
        self.source = Source::Tap;
        self
    }

    /// Lets time pass.
    pub(super) fn ms(mut self, ms: u64) -> Session {
        self.t += ms * 1_000;
        self
    }

    /// What follows is of another connection.
    pub(super) fn on(mut self, c: u32) -> Session {
        self.c = c;
        self
    }

    pub(super) fn add(mut self, body: Body) -> Session {
        self.t += 1_000;
        let record = Record {
            n: self.records.len() as u64 + 1,
            t: self.t,
            c: Some(self.c),
            body,
        };
        self.records.push(record);
        self
    }

    fn frame(self, dir: Direction, text: &str) -> Session {
        self.add(Body::Frame(Frame {
            dir,
            op: Opcode::Text,
            data: Bytes::copy_from_slice(text.as_bytes()),
            code: None,
            reason: None,
            wire: None,
        }))
    }

    pub(super) fn up(self, text: &str) -> Session {
        self.frame(Direction::ToServer, text)
    }

    pub(super) fn down(self, text: &str) -> Session {
        self.frame(Direction::ToClient, text)
    }

    pub(super) fn opens(self, ids: Ids) -> Session {
        self.opens_with(ids, 25_000, None)
    }

    pub(super) fn opens_with(self, ids: Ids, interval: u64, server: Option<&str>) -> Session {
        let mut headers = vec![("Date".to_owned(), format!("at {}", self.t))];
        headers.extend(server.map(|server| ("Server".to_owned(), server.to_owned())));
        let mut next = self.connection(ConnectionState::Connecting, None, None);
        next.x += 1;
        let x = next.x;
        let url = format!(
            "ws://h/socket.io/?EIO=4&transport=websocket&t={}",
            ids.engine
        );
        let method = "GET".to_owned();
        let handshake = format!(
            "0{{\"sid\":\"{}\",\"upgrades\":[],\"pingInterval\":{interval},\"pingTimeout\":20000}}",
            ids.engine
        );
        next.add(Body::Request(Request {
            x,
            method,
            url,
            ..Request::default()
        }))
        .add(Body::Response(Response {
            x,
            status: 101,
            headers,
            ..Response::default()
        }))
        .down(&handshake)
        .connection(ConnectionState::Open, None, None)
    }

    pub(super) fn joins(self, nsp: &str, ids: Ids) -> Session {
        let at = match nsp {
            "/" => String::new(),
            nsp => format!("{nsp},"),
        };
        let welcome = format!(
            "40{at}{{\"sid\":\"{}\",\"pid\":\"{}\"}}",
            ids.socket, ids.pid
        );
        self.up(&format!("40{at}")).down(&welcome)
    }

    pub(super) fn connection(
        self,
        state: ConnectionState,
        reason: Option<&str>,
        detail: Option<&str>,
    ) -> Session {
        self.add(Body::Connection(Connection {
            state,
            reason: reason.map(str::to_owned),
            detail: detail.map(str::to_owned),
            attempt: None,
            delay_ms: None,
        }))
    }

    /// The connection ends.
    pub(super) fn ends(self, reason: &str, detail: Option<&str>) -> Session {
        self.connection(ConnectionState::Closed, Some(reason), detail)
    }

    pub(super) fn left(self) -> Session {
        self.up("41").ends("io client disconnect", None)
    }

    pub(super) fn read(&self) -> Side {
        self.read_masked(&Masks::default())
    }

    pub(super) fn read_masked(&self, masks: &Masks) -> Side {
        let mut header = Header::now(self.source, "http://h/");
        header.started = jiff::Timestamp::from_second(1_750_000_000).unwrap();
        let mut reader = Reader::new(&header, masks);
        for record in &self.records {
            reader.take(record);
        }
        reader.finish()
    }
}

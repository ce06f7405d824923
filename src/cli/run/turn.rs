//! One draft under way: what came of it, and why it failed.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::stream::status::name_of;
use crate::collection::{Trial, Variables};
use crate::journal::Record;
use crate::journal::record::{AckState, Body, Direction};
use crate::model::Packet;
use crate::model::decode::Kind;
use crate::path::Of;

/// A draft under way.
pub(super) struct Turn {
    pub(super) nsp: String,
    pub(super) event: String,
    pub(super) trial: Trial,
    /// Time for the ack.
    pub(super) patience: Duration,
    /// It was handed to the client.
    pub(super) given: Instant,
    /// It was on the wire.
    pub(super) sent: Option<Instant>,
    /// Its ack id.
    pub(super) id: Option<u64>,
    /// The POST that carries it is not answered yet.
    pub(super) posting: Option<u64>,
    /// Its ack will not come.
    pub(super) without: Option<AckState>,
}

/// Why a draft failed.
pub(super) enum Why {
    /// The reply does not fit.
    Unfit,
    /// Its time is up.
    Late(Duration),
    /// The ack was lost with the connection.
    Lost,
    /// The namespace was refused; the server's reason.
    Refused(String),
}

impl Why {
    /// It in words, without secrets.
    pub(super) fn say(&self, turn: &Turn, variables: &Variables) -> String {
        let masks = variables.masks();
        match self {
            Why::Unfit => {
                let miss = turn.trial.failed();
                miss.map_or_else(String::new, |miss| miss.say(masks))
            }
            Why::Lost => "the ack was lost with the connection".to_owned(),
            Why::Refused(reason) => {
                masks.text(&format!("namespace {} refused: {reason}", turn.nsp))
            }
            Why::Late(within) => {
                let ms = within.as_millis();
                let what = match (turn.sent, turn.posting, turn.trial.missing(masks)) {
                    (None, ..) => format!("not sent: {} is not joined", masks.text(&turn.nsp)),
                    (_, _, Some(missing)) => missing,
                    (_, _, None) => "the server did not take the POST".to_owned(),
                };
                format!("{what} (within {ms} ms)")
            }
        }
    }
}

impl Turn {
    /// Takes a record in.
    pub(super) fn take(&mut self, record: &Record, packets: &[Packet]) {
        for packet in packets {
            self.packet(record, packet);
        }
        match &record.body {
            Body::Response(response) if self.posting == Some(response.x) => self.posting = None,
            Body::Ack(ack)
                if ack.dir == Direction::ToServer
                    && name_of(&ack.nsp) == self.nsp
                    && Some(ack.id) == self.id
                    && matches!(ack.state, AckState::Timeout | AckState::Lost) =>
            {
                self.without = Some(ack.state);
            }
            _ => {}
        }
    }

    fn packet(&mut self, record: &Record, packet: &Packet) {
        let Kind::Socket {
            name,
            nsp,
            id,
            data,
            event,
            ..
        } = &packet.kind
        else {
            return;
        };
        let nsp = name_of(nsp);
        if packet.dir == Direction::ToServer {
            let ours = nsp == self.nsp && event.as_deref() == Some(self.event.as_str());
            if self.sent.is_none() && ours {
                self.sent = Some(Instant::now());
                self.id = *id;
                if let Body::Request(request) = &record.body {
                    self.posting = Some(request.x);
                }
            }
            return;
        }
        if self.sent.is_none() {
            return;
        }
        let data = data.as_deref().unwrap_or("[]");
        let of = |event, reply| Of { nsp, event, reply };
        match (*name, event) {
            ("ack" | "binary_ack", _) if nsp == self.nsp && id.is_some() && *id == self.id => {
                let args = serde_json::from_str(data).unwrap_or(Value::Null);
                self.trial.hear(of(&self.event, true), &args);
            }
            (_, Some(event)) => {
                // Of many events few are looked at; what is no JSON fits nothing.
                let mut args: Vec<Value> = serde_json::from_str(data).unwrap_or_default();
                if !args.is_empty() {
                    args.remove(0);
                }
                self.trial.hear(of(event, false), &Value::Array(args));
            }
            _ => {}
        }
    }
}

//! WebSocket messages, the end of one, the 101, and what strikes by itself.

use std::time::{Duration, Instant};

use super::lane::{Info, way};
use super::source::Moment;
use super::{Effects, InPlace, Injector, made};
use crate::faults::Fault;
use crate::faults::verdict::{
    End, EndDo, HeadDo, Message, MessageDo, Place, Strike, Struck, Verdict,
};
use crate::journal::record::{Direction, TransportName};
use crate::protocol::engine::{Packet, Version, message};

/// Pause before the second part of a split 101.
const PAUSE: Duration = Duration::from_millis(50);
/// Pause before its last part.
const LATE: Duration = Duration::from_millis(1_000);

/// A close frame of a fault.
pub(super) fn close(code: u16) -> End {
    End::Close {
        code,
        reason: String::new(),
    }
}

/// A packet as a WebSocket message.
pub(super) fn message_of(packet: &Packet<'_>, version: Version) -> Message {
    match message::encode(packet, version, false) {
        message::Message::Text(text) => Message::Text(text.into()),
        message::Message::Binary(bytes) => Message::Binary(bytes.into()),
    }
}

impl Injector {
    /// What happens to an open connection by itself, now. Ask again until it gives `None`.
    pub fn strike(&mut self, now: Instant, place: &Place) -> Option<Struck> {
        if self.sources.is_empty() || self.frozen(place.c) {
            return None;
        }
        let websocket = place.transport == TransportName::Websocket;
        let hit = self.first(place, &Moment::default(), |source| {
            source.by_hand()
                && match source.fault {
                    Fault::Drop | Fault::Reset | Fault::Freeze => true,
                    Fault::Close(_) | Fault::Garbage | Fault::Oversize => websocket,
                    _ => false,
                }
        })?;
        let (what, did) = match hit.fault {
            Fault::Reset => (
                Strike::End(End::Rst),
                "tore the connection (RST)".to_owned(),
            ),
            Fault::Freeze => (
                Strike::Freeze,
                "froze the connection: nothing is read or written".to_owned(),
            ),
            Fault::Close(code) => (
                Strike::End(close(code)),
                format!("closed the WebSocket with code {code}"),
            ),
            Fault::Garbage => {
                let garbage = made::garbage(place.version);
                let did = format!(
                    "passed {:?} to the client, which is no packet",
                    String::from_utf8_lossy(garbage.data())
                );
                (Strike::Inject(Direction::ToClient, garbage), did)
            }
            Fault::Oversize => (
                Strike::Inject(Direction::ToServer, Message::Raw(made::oversize_frame())),
                "sent the server a frame that announces 8 GiB".to_owned(),
            ),
            _ => (Strike::End(End::Fin), "cut the connection (FIN)".to_owned()),
        };
        match &what {
            Strike::Freeze => self.connection(place).frozen = true,
            // Where no exchange is in flight, the next one is cut.
            Strike::End(end) if !websocket => self.connection(place).doomed = Some(end.clone()),
            _ => {}
        }
        self.tidy(now);
        Some(Struck {
            what,
            told: vec![hit.told(did)],
        })
    }

    /// The 101 is about to be written to the client.
    pub fn switching(&mut self, now: Instant, place: &Place) -> Verdict<HeadDo> {
        let moment = Moment {
            dir: Some(Direction::ToClient),
            request: Some(crate::faults::RequestKind::Upgrade),
            ..Moment::default()
        };
        let hit = self.first(place, &moment, |source| source.fault == Fault::Split101);
        let verdict = match hit {
            None => Verdict::just(HeadDo::Pass),
            Some(hit) => Verdict {
                told: vec![hit.told(format!(
                    "wrote the 101 in three TCP segments, the last one {} ms late",
                    LATE.as_millis()
                ))],
                ..Verdict::just(HeadDo::Split {
                    pause: PAUSE,
                    late: LATE,
                })
            },
        };
        self.tidy(now);
        verdict
    }

    /// A WebSocket message crosses.
    pub fn message(
        &mut self,
        now: Instant,
        place: &Place,
        dir: Direction,
        message: &Message,
    ) -> Verdict<MessageDo> {
        if self.is_idle() {
            return Verdict::just(MessageDo::Pass);
        }
        if self.frozen(place.c) {
            return Verdict::just(MessageDo::Become(Vec::new()));
        }
        let decoded = match message {
            Message::Text(data) => std::str::from_utf8(data)
                .ok()
                .and_then(|text| message::decode_text(text, place.version).ok()),
            Message::Binary(data) => message::decode_binary(data, place.version).ok(),
            Message::Raw(_) => None,
        };
        let mut effects = Effects::default();
        let mut what = MessageDo::Pass;
        let mut info = None;
        if let Some(decoded) = &decoded {
            let packet = &decoded.value;
            info = Info::read(packet)
                .filter(|_| packet.kind == crate::protocol::engine::PacketKind::Message);
            if let Some(out) = self.packet(now, place, dir, None, packet, &mut effects) {
                let out = out.iter().map(|packet| message_of(packet, place.version));
                what = MessageDo::Become(out.collect());
            }
        }
        if let Some(in_place) = effects.in_place {
            what = MessageDo::Become(vec![match in_place {
                InPlace::Garbage => made::garbage(place.version),
                InPlace::Oversize => Message::Raw(made::oversize_frame()),
            }]);
        }
        // What was swallowed need not wait.
        let passes = what != MessageDo::Become(Vec::new());
        let until = passes
            .then(|| {
                let moment = Moment {
                    dir: Some(dir),
                    nsp: info.as_ref().map(|info| info.nsp.as_str()),
                    event: info.as_ref().and_then(|info| info.event.as_deref()),
                    ..Moment::default()
                };
                let bytes = message.data().len();
                self.held_until(now, place, dir, bytes, &[moment], &mut effects.told)
            })
            .flatten();
        self.tidy(now);
        Verdict {
            what,
            until,
            then: effects.then,
            told: effects.told,
        }
    }

    /// The server's side of a WebSocket has ended, however.
    pub fn end(&mut self, _now: Instant, place: &Place) -> Verdict<EndDo> {
        let Some(conn) = self.connections.get(&place.c) else {
            return Verdict::just(EndDo::Pass);
        };
        if conn.frozen {
            return Verdict::just(EndDo::Hide);
        }
        match &conn.deaf {
            None => Verdict::just(EndDo::Pass),
            Some(deaf) => Verdict {
                told: vec![deaf.told(format!(
                    "kept the end of the WebSocket, which the server closed, from going {}",
                    way(Direction::ToClient)
                ))],
                ..Verdict::just(EndDo::Hide)
            },
        }
    }
}

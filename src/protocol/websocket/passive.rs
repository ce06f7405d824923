//! Decodes copies of both directions of somebody else's connection. **Floor 0, pure.**
//!
//! Who only watches cannot close the connection, so text that is not UTF-8 is a quirk here.
//! After another violation that direction stays unreadable (where a frame ends is not known any
//! more); the other direction goes on.

use bytes::BytesMut;

use super::{Decoder, DeflateParams, Limits, Message, Role, Violation};

/// Two decoders with their buffers, one for each end's bytes.
#[derive(Debug)]
pub struct Passive {
    from_client: Side,
    from_server: Side,
}

#[derive(Debug)]
struct Side {
    decoder: Decoder,
    buf: BytesMut,
}

impl Side {
    fn new(receiver: Role, deflate: Option<&DeflateParams>, limits: Limits) -> Self {
        Side {
            decoder: Decoder::new(receiver, deflate, limits).tolerating_bad_text(),
            buf: BytesMut::new(),
        }
    }
}

impl Passive {
    /// `deflate`: see [`DeflateParams::observed`].
    pub fn new(deflate: Option<&DeflateParams>, limits: Limits) -> Self {
        Passive {
            from_client: Side::new(Role::Server, deflate, limits),
            from_server: Side::new(Role::Client, deflate, limits),
        }
    }

    /// Takes in bytes that `sender` wrote after the upgrade. Call [`Passive::next_message`]
    /// until it has no more before pushing again.
    pub fn push(&mut self, sender: Role, bytes: &[u8]) {
        self.side(sender).buf.extend_from_slice(bytes);
    }

    /// The next whole message that `sender` sent.
    ///
    /// # Errors
    /// The violation that made this direction unreadable; the same again on each further call,
    /// and bytes that are pushed for it are dropped then.
    pub fn next_message(&mut self, sender: Role) -> Result<Option<Message>, Violation> {
        let side = self.side(sender);
        let result = side.decoder.decode(&mut side.buf);
        if result.is_err() {
            side.buf.clear();
        }
        result
    }

    /// Bytes of `sender` that are read and belong to no whole frame yet.
    pub fn pending(&self, sender: Role) -> usize {
        match sender {
            Role::Client => self.from_client.buf.len(),
            Role::Server => self.from_server.buf.len(),
        }
    }

    /// Bytes of `sender` after which its last whole message ended, counted from the first one
    /// pushed: where something may be put between two messages. `None` while a fragmented
    /// message is open.
    pub fn boundary(&self, sender: Role) -> Option<u64> {
        let side = match sender {
            Role::Client => &self.from_client,
            Role::Server => &self.from_server,
        };
        side.decoder
            .is_between_messages(&[])
            .then(|| side.decoder.offset())
    }

    fn side(&mut self, sender: Role) -> &mut Side {
        match sender {
            Role::Client => &mut self.from_client,
            Role::Server => &mut self.from_server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Encoder, Op, Quirk};
    use super::*;

    #[test]
    fn both_directions_are_read_with_their_own_windows() {
        let params = DeflateParams {
            server_no_context_takeover: true,
            ..Default::default()
        };
        let mut passive = Passive::new(Some(&params), Limits::default());
        let mut client = Encoder::new(Role::Client, Some(&params)).compressing_from(0);
        let mut server = Encoder::new(Role::Server, Some(&params)).compressing_from(0);
        for round in 0..3 {
            for (role, encoder) in [(Role::Client, &mut client), (Role::Server, &mut server)] {
                let mut wire = BytesMut::new();
                let text = format!("42[\"{role:?}\",{round}]");
                let small = encoder.text(&text, &mut wire);
                for byte in wire {
                    passive.push(role, &[byte]);
                    if let Some(message) = passive.next_message(role).unwrap() {
                        assert_eq!(message.data, text);
                        assert_eq!(message.wire, small);
                        assert!(message.quirks.is_empty());
                    }
                }
                assert_eq!(passive.pending(role), 0);
            }
        }
    }

    #[test]
    fn bad_text_is_a_quirk_and_a_lost_direction_leaves_the_other_alone() {
        let mut passive = Passive::new(None, Limits::default());
        passive.push(Role::Server, &[0x81, 2, 0x34, 0xff]);
        let message = passive.next_message(Role::Server).unwrap().unwrap();
        assert!(message.quirks.has(Quirk::TextNotUtf8));
        assert_eq!(&message.data[..], [0x34, 0xff]);
        passive.push(Role::Server, &[0xf1, 0]);
        assert!(passive.next_message(Role::Server).is_err());
        let mut wire = BytesMut::new();
        Encoder::new(Role::Client, None).text("40", &mut wire);
        passive.push(Role::Client, &wire);
        assert_eq!(
            passive.next_message(Role::Client).unwrap().unwrap().op,
            Op::Text
        );
    }
}

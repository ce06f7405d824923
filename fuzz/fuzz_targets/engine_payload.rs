//! Polling bodies: any bytes, every form. What was read without an error or a quirk must be
//! written and read again as the same packets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sioscope::protocol::engine::payload::{OCTET_STREAM, TEXT, decode_body, encode_body, encoded_len};
use sioscope::protocol::engine::{Packet, Revision, Version, generation};

fuzz_target!(|data: &[u8]| {
    let _ = generation::from_first_body(data, None);
    for (version, revision) in [
        (Version::V4, Revision::SocketIo2),
        (Version::V3, Revision::SocketIo2),
        (Version::V3, Revision::SocketIo1),
    ] {
        for content_type in [None, Some(TEXT), Some(OCTET_STREAM)] {
            let payload = decode_body(data, content_type, version, revision);
            if let Some(error) = &payload.error {
                assert!(error.at <= data.len());
            }
            let packets: Vec<Packet<'_>> =
                payload.packets.into_iter().map(|packet| packet.value).collect();
            if packets.is_empty() {
                continue;
            }
            let body = encode_body(&packets, version, revision, true);
            assert_eq!(
                body.bytes.len(),
                encoded_len(&packets, version, revision, true)
            );
            let again = decode_body(&body.bytes, Some(body.content_type), version, revision);
            assert_eq!(again.error, None);
            let again: Vec<_> = again.packets.into_iter().map(|packet| packet.value).collect();
            assert_eq!(again, packets);
        }
    }
});

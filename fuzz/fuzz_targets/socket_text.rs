//! Socket.IO text: both judges, the peek, and the JSON under them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sioscope::protocol::engine::Version;
use sioscope::protocol::json;
use sioscope::protocol::socket::{Limits, decode_text, extract, peek, recovery};

fuzz_target!(|text: &str| {
    let peeked = peek(text);
    for version in [Version::V3, Version::V4] {
        match decode_text(text, &Limits::default(), version) {
            Ok(decoded) => {
                let packet = decoded.value;
                let peeked = peeked.expect("what decodes can be peeked at");
                assert_eq!((peeked.kind, peeked.id), (packet.kind, packet.id));
                assert_eq!(peeked.nsp, packet.nsp);
                let args = packet.args();
                let _ = recovery::split_offset(&args);
                for arg in args {
                    assert!(json::validate(arg).is_ok());
                }
                let _ = packet.event_name();
            }
            Err(error) => assert!(error.at <= text.len()),
        }
    }
    if let Ok(compact) = json::compact(text) {
        assert_eq!(json::compact(&compact).as_deref(), Ok(compact.as_str()));
    }
    let _ = extract(text);
});

//! The msgpack parser: what was read is written and read again as the same packet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sioscope::protocol::socket::{Limits, msgpack};

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    let _ = msgpack::looks_like(data);
    match msgpack::decode(data, &limits) {
        Ok(decoded) => {
            // A member named "$binary" of the sender's own may hold no base64.
            if let Ok(bytes) = msgpack::encode(&decoded.value, &limits) {
                let again = msgpack::decode(&bytes, &limits).expect("our own bytes");
                assert_eq!(again.value.kind, decoded.value.kind);
                assert_eq!(again.value.id, decoded.value.id);
                assert_eq!(again.value.nsp, decoded.value.nsp);
            }
        }
        Err(error) => assert!(error.at <= data.len()),
    }
});

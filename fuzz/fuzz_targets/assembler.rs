//! A connection's messages: each line of the input is one; a line that begins with `!` is binary.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sioscope::protocol::engine::Version;
use sioscope::protocol::socket::{Assembler, Limits};

fuzz_target!(|text: &str| {
    let mut assembler = Assembler::new(Limits::default(), Version::V4);
    for line in text.split('\n') {
        if let Some(binary) = line.strip_prefix('!') {
            let awaited = assembler.missing();
            let result = assembler.push_binary(Bytes::copy_from_slice(binary.as_bytes()));
            // Only the last attachment can reveal that a placeholder is wrong.
            assert!(result.is_ok() || awaited <= 1);
            if let Ok(Some(done)) = result {
                assert_eq!(
                    done.value.attachments.len() as u64,
                    done.value.packet.attachments
                );
            }
        } else {
            let _ = assembler.push_text(line);
        }
        assert!(assembler.missing() <= Limits::default().max_attachments);
    }
});

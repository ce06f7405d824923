//! P4 and P3: one GET, one POST, batches; and MF where a polling body is wrong.

use super::bed::Bed;
use crate::client::options::Eio;
use crate::journal::record::TransportName;

/// Connected on polling with this `maxPayload`, a POST of `["busy"]` under way.
fn busy(max_payload: &str) -> Bed {
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Polling]);
    bed.play(&format!(
        r#"start
        > GET
        < get: 0{{"sid":"E","upgrades":[],"pingInterval":25000,"pingTimeout":20000{max_payload}}}
        > POST 40
        > GET
        < post: ok
        < get: 40{{"sid":"N"}}
        > GET
        ! emit / ["busy"]
        > POST 42["busy"]"#
    ));
    bed
}

// P4-01, P4-14
#[test]
fn a_message_is_posted_beside_the_waiting_poll() {
    Bed::polling().play(
        r#"! emit / ["hello"]
        > POST 42["hello"]
        < post: ok"#,
    );
}

// P4-02
#[test]
fn messages_wait_for_the_post_under_way_and_go_together() {
    busy("").play(
        r#"! emit / ["a"]
        ! emit / ["b"]
        ! emit / ["c"]
        < post: ok
        > POST 42["a"]␞42["b"]␞42["c"]
        < post: ok"#,
    );
}

// P4-03, P4-13
#[test]
fn the_next_poll_starts_once_the_body_is_worked_off() {
    Bed::polling().play(
        r#"< get: 421["a"]␞422["b"]␞423["c"]
        > GET sid=E
        = ack / 1 theirs pending
        = ack / 2 theirs pending
        = ack / 3 theirs pending"#,
    );
}

// P4-05, BI-07 on polling
#[test]
fn binary_is_posted_as_base64_text_without_a_type() {
    Bed::polling().play(
        r#"! emit / ["b",{"$binary":"AQIDBA=="}]
        > POST 451-["b",{"_placeholder":true,"num":0}]␞bAQIDBA=="#,
    );
}

// P4-06, MF-04
#[test]
fn an_empty_message_is_a_parse_error() {
    Bed::polling().play(
        "< get: 4
        > POST 1
        = connection closed reason: parse error",
    );
}

// P4-08
#[test]
fn text_beyond_ascii_is_posted_as_it_is() {
    Bed::polling().play("! emit / [\"€ é 😀 \u{2028}\"]\n> POST 42[\"€ é 😀 \u{2028}\"]");
}

// P4-10
#[test]
fn a_batch_stays_within_max_payload() {
    busy(r#","maxPayload":30"#).play(
        r#"! emit / ["aaaaaaaa"]
        ! emit / ["bbbbbbbb"]
        ! emit / ["c"]
        < post: ok
        > POST 42["aaaaaaaa"]␞42["bbbbbbbb"]
        < post: ok
        > POST 42["c"]"#,
    );
    busy(r#","maxPayload":28"#).play(
        r#"! emit / ["aaaaaaaa"]
        ! emit / ["bbbbbbbb"]
        < post: ok
        > POST 42["aaaaaaaa"]
        < post: ok
        > POST 42["bbbbbbbb"]"#,
    );
}

// P4-11, CL-13, PX-13
#[test]
fn a_packet_above_max_payload_is_sent_anyway_and_the_refusal_is_a_transport_error() {
    busy(r#","maxPayload":10"#).play(
        r#"< post: ok
        ! emit / ["aaaaaaaaaaaaaaaaaaaaaaaa"]
        > POST 42["aaaaaaaaaaaaaaaaaaaaaaaa"]
        < post 413:
        > ABORT GET
        = nsp / disconnected reason: transport error
        = connection closed reason: transport error | xhr post error: HTTP 413 with an empty body
        = connection waiting"#,
    );
    Bed::polling().play(
        r#"! emit / ["x"]
        > POST 42["x"]
        < post 413 text/html: <center>nginx</center>
        > ABORT GET
        = transport error | xhr post error: HTTP 413 .. nginx"#,
    );
}

// P4-12
#[test]
fn binary_is_measured_exactly() {
    // 45 + `bAQIDBA==` twice with their separators are 65 bytes.
    let ask = r#"! emit / ["b",{"$binary":"AQIDBA=="},{"$binary":"AQIDBA=="}]"#;
    let head = r#"452-["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    let all = head.len() + 2 * 10;
    busy(&format!(r#","maxPayload":{all}"#)).play(&format!(
        "{ask}\n< post: ok\n> POST {head}␞bAQIDBA==␞bAQIDBA=="
    ));
    let less = all - 1;
    busy(&format!(r#","maxPayload":{less}"#)).play(&format!(
        "{ask}\n< post: ok\n> POST {head}␞bAQIDBA==\n< post: ok\n> POST bAQIDBA=="
    ));
}

// OS-03
#[test]
fn a_post_has_at_most_sixteen_packets() {
    let mut bed = busy("");
    for _ in 0..20 {
        bed.play(r#"! emit / ["x"]"#);
    }
    let batch = |n: usize| vec![r#"42["x"]"#; n].join("␞");
    bed.play(&format!("< post: OK\n> POST {}", batch(16)));
    bed.play(&format!("< post: OK\n> POST {}\n< post: OK", batch(4)));
}

// P4-15, P4-16, P4-17: what stands before the mistake is delivered first.
#[test]
fn packets_before_an_undecodable_one_are_delivered_first() {
    for bad in ["", "9x␞422[\"b\"]"] {
        Bed::polling().play(&format!(
            "< get: 421[\"a\"]␞{bad}
            > POST 1
            = ack / 1 theirs pending
            =! ack / 2 theirs
            = connection closed reason: transport error | server error: parser error
            = connection waiting"
        ));
    }
}

// MF-21
#[test]
fn a_good_event_before_a_bad_packet_is_told_before_the_end() {
    Bed::polling().play(
        r#"< get: 420["good"]␞47bad
        > POST 1
        = ack / 0 theirs pending
        = connection closed reason: parse error"#,
    );
    Bed::polling().play(
        r#"< get: 420["good"]␞1
        = ack / 0 theirs pending
        = connection closed reason: transport close"#,
    );
    Bed::ws().play(
        r#"< ws: 420["good"]
        < ws: 47bad
        > CLOSE
        = ack / 0 theirs pending
        = connection closed reason: parse error"#,
    );
}

// P4-17
#[test]
fn base64_is_read_leniently() {
    for base64 in ["AQIDBA", "AQID\nBA==", "AQIDBA=="] {
        let mut bed = Bed::polling();
        let body = format!("451-0[\"b\",{{\"_placeholder\":true,\"num\":0}}]\u{1e}b{base64}");
        bed.get_body(body.as_bytes());
        bed.play("> GET sid=E\n= ack / 0 theirs pending");
    }
}

// P4-19
#[test]
fn the_content_type_does_not_matter_in_generation_4() {
    for head in ["get text/plain", "get text/html", "get untyped"] {
        Bed::polling().play(&format!(
            "< {head}: 421[\"é\"]\n> GET sid=E\n= ack / 1 theirs pending"
        ));
    }
}

// P3-01, P3-02, P3-04
#[test]
fn generation_3_counts_utf_16_units() {
    Bed::old_polling().play(
        r#"! emit / ["€😀"]
        > POST 9:42["€😀"]
        < post: ok"#,
    );
}

// P3-07, BI-06
#[test]
fn generation_3_posts_binary_as_an_octet_stream() {
    Bed::old_polling().play(
        r#"! emit / ["b",{"$binary":"AQIDBA=="}]
        > POST bytes 00 03 09 ff 34 35 31 2d 5b 22 62 22 2c 7b 22 5f 70 6c 61 63 65 68 6f 6c 64 65 72 22 3a 74 72 75 65 2c 22 6e 75 6d 22 3a 30 7d 5d 01 05 ff 04 01 02 03 04"#,
    );
}

// P3-10
#[test]
fn generation_3_reads_a_body_by_its_type() {
    Bed::old_polling().play(
        "< get bytes: 00 01 00 ff 34 32 31 5b 22 e2 82 ac 22 5d\n> GET\n= ack / 1 theirs pending",
    );
    Bed::old_polling().play(
        "< get text/plain: \u{0}\u{4}4x\n> POST 1:1\n= connection closed reason: transport error",
    );
}

// P3-11, P3-13
#[test]
fn an_octet_stream_handshake_is_generation_1_and_posts_are_written_for_it() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Polling];
        options.eio = Eio::V3;
    });
    let open = r#"0{"sid":"E","upgrades":[],"pingInterval":25000,"pingTimeout":60000}"#;
    let digits: Vec<String> = open
        .len()
        .to_string()
        .bytes()
        .map(|digit| format!("{:02x}", digit - b'0'))
        .collect();
    let bytes: Vec<String> = open.bytes().map(|byte| format!("{byte:02x}")).collect();
    bed.play(&format!(
        r#"start
        > GET EIO=3 !b64
        < get bytes: 00 {} ff {}
        > GET sid=E
        < get bytes: 00 02 ff 34 30
        > GET sid=E
        = nsp / connected sid=E
        ! emit / ["€"]
        > POST bytes 00 09 ff 34 32 5b 22 e2 82 ac 22 5d"#,
        digits.join(" "),
        bytes.join(" ")
    ));
}

// P3-14, P3-15, P3-16, P3-18, P3-19
#[test]
fn wrong_lengths_of_generation_3_end_the_session() {
    for body in [
        "10:4abc",
        "5",
        "",
        "x:4a",
        "99999999999999999999:4a",
        "2:4😀",
    ] {
        Bed::old_polling().play(&format!(
            "< get: {body}
            > POST 1:1
            = connection closed reason: transport error | server error: parser error"
        ));
    }
    Bed::old_polling().play(
        r#"< get: 8:421["a"]c4:4xyz
        > POST 1:1
        = ack / 1 theirs pending
        = connection closed reason: transport error"#,
    );
}

// P3-20
#[test]
fn a_cut_binary_body_of_generation_3_does_not_pass_unseen() {
    Bed::old_polling().play(
        "< get bytes: 01 05 ff 04 01
        > POST 1:1
        = connection closed",
    );
}

// MF-28 (in a session), MF-39
#[test]
fn a_foreign_body_in_a_session_is_a_transport_error_with_its_first_words() {
    for body in [r#"{"error":"x"}"#, "ok", "<html>"] {
        Bed::polling().play(&format!(
            "< get: {body}\n> POST 1\n= connection closed reason: transport error | .. in \""
        ));
    }
}

// OS-09
#[test]
fn an_empty_poll_body_is_named() {
    Bed::polling().play("< get:\n> POST 1\n= connection closed .. empty body");
}

// MF-29
#[test]
fn invalid_utf_8_in_a_poll_is_no_panic() {
    let mut bed = Bed::polling();
    bed.get_body(b"42[\"\xc3\x28\"]");
    bed.play("> GET sid=E\n=! connection closed");
}

// MF-30
#[test]
fn a_byte_order_mark_is_an_unknown_type_and_a_line_end_is_data() {
    let mut bed = Bed::polling();
    bed.get_body("\u{feff}42[\"a\"]".as_bytes());
    bed.play("> POST 1\n= connection closed reason: transport error");
    let mut bed = Bed::polling();
    bed.get_body(b"421[\"a\"]\r\n");
    bed.play("> GET\n= ack / 1 theirs pending");
}

// MF-32
#[test]
fn a_poll_that_never_ends_is_ended_by_the_watchdog() {
    Bed::polling()
        .play("+ 500\n> POST 1\n> ABORT GET\n= connection closed reason: ping timeout\n= waiting");
}

// MF-33
#[test]
fn a_body_that_cannot_be_unpacked_is_a_transport_error() {
    Bed::polling().play(
        "< get fail: corrupt gzip stream
        = connection closed reason: transport error | xhr poll error: corrupt gzip stream",
    );
}

// MF-38
#[test]
fn a_flood_of_noops_makes_one_poll_each() {
    let mut bed = Bed::polling();
    for _ in 0..100 {
        bed.play("< get: 6\n> GET");
    }
}

// MF-40
#[test]
fn packets_after_a_close_are_ignored() {
    Bed::polling().play(
        r#"< get: 1␞421["late"]
        =! ack
        = connection closed reason: transport close | transport closed by the server"#,
    );
}

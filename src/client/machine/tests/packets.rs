//! SP and BI: Socket.IO packets and their attachments; MF where they are wrong.

use super::bed::Bed;
use crate::client::options::Parser;

/// A header of one attachment.
const ONE: &str = r#"["b",{"_placeholder":true,"num":0}]"#;

// SP-01, SP-02, SP-03, SP-04, AK-01
#[test]
fn events_carry_their_namespace_and_a_counter_of_its_own() {
    Bed::two().play(
        r#"! emit / ["hello",1,{"a":null}]
        > 42["hello",1,{"a":null}]
        ! emit /a ["x"]
        > 42/a,["x"]
        ! ask / ["x"]
        > 420["x"]
        ! ask / ["x"]
        > 421["x"]
        ! ask /a ["x"]
        > 42/a,0["x"]"#,
    );
}

// SP-05, SP-06
#[test]
fn an_answer_settles_its_question() {
    for answer in [r#"430["ok",2]"#, "430[]", "430"] {
        Bed::ws().play(&format!(
            "! ask / [\"x\"]
            > 420[\"x\"]
            = ack / 0 ours pending
            + 50
            < ws: {answer}
            = ack / 0 ours answered ms=50"
        ));
    }
}

// SP-07, SP-08
#[test]
fn a_question_of_the_server_is_answered_once() {
    Bed::two().play(
        r#"< ws: 4212["q"]
        = ack / 12 theirs pending
        ! answer / 12 [1,"b"]
        > 4312[1,"b"]
        = ack / 12 theirs answered
        ! answer / 12 [2]
        = notice ack 12 on / can't be answered
        < ws: 42/a,12["q"]
        ! answer /a 12 [1,"b"]
        > 43/a,12[1,"b"]"#,
    );
}

// SP-10
#[test]
fn arguments_are_sent_as_they_stand() {
    let args = r#"["x",[["\u2028 \" \\ é 😀"]],1.0,1e2]"#;
    Bed::ws().play(&format!("! emit / {args}\n> 42{args}"));
}

// SP-11, SP-12, CR-01
#[test]
fn the_connect_reply_gives_the_socket_id() {
    Bed::two().play(
        r#"! join /b
        > 40/b,
        < ws: 40/b,{"sid":"B","pid":"P"}
        = nsp /b connected sid=B recovered=false"#,
    );
}

// SP-13, V2-07
#[test]
fn a_disconnect_may_lack_its_comma() {
    for packet in ["41/a", "41/a,"] {
        Bed::two().play(&format!(
            "< ws: {packet}\n= nsp /a disconnected reason: io server disconnect\n=! nsp / "
        ));
    }
}

// SP-13
#[test]
fn json_behind_a_namespace_without_a_comma_is_part_of_its_name() {
    Bed::two().play("! join /b\n> 40/b,\n< ws: 40/b{\"sid\":\"B\"}\n=! nsp /b connected");
}

// SP-14
#[test]
fn a_reserved_event_from_the_server_is_a_parse_error() {
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        Bed::ws().play(&format!(
            "< ws: 42[\"{name}\",\"x\"]
            > CLOSE
            = connection closed reason: parse error
            = connection waiting"
        ));
    }
}

// SP-15
#[test]
fn what_the_server_would_refuse_is_not_sent() {
    for args in [
        r#"["connect_error"]"#,
        "{}",
        "[]",
        r#"["x""#,
        "[null]",
        r#"["x"]]"#,
    ] {
        Bed::ws().play(&format!("! emit / {args}\n= notice not sent\n=! closed"));
    }
}

// SP-16, SP-17, SP-19, SP-20, MF-27
#[test]
fn odd_json_is_no_reason_to_lose_the_connection() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for args in [
        r#""a","\u0000\u001f""#,
        r#""n",12345678901234567890,1e999,0.1"#,
        &format!("\"d\",{deep}"),
        r#""o",{"b":1.0,"a":1e2}"#,
        r#""__proto__",{"constructor":1}"#,
    ] {
        Bed::ws().play(&format!("< ws: 427[{args}]\n= ack / 7 theirs\n=! closed"));
    }
}

// SP-22
#[test]
fn binary_where_text_was_expected_hints_at_the_parser() {
    Bed::ws().play(
        "< ws bin: 82 a4
        > CLOSE
        = connection closed reason: parse error | .. --parser msgpack",
    );
}

// SP-22: with the option it works.
#[test]
fn the_msgpack_parser_writes_each_packet_as_one_binary_message() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![crate::journal::record::TransportName::Websocket];
        options.parser = Parser::Msgpack;
    });
    // {type:0, nsp:"/"}, answered by {type:0, data:{sid:"N"}, nsp:"/"}
    bed.play(
        "start
        > WS
        < ws open
        < ws: OPEN4
        > bin 82 a4 74 79 70 65 00 a3 6e 73 70 a1 2f
        < ws bin: 83 a4 74 79 70 65 00 a4 64 61 74 61 81 a3 73 69 64 a1 4e a3 6e 73 70 a1 2f
        = nsp / connected sid=N
        < ws: 40
        > CLOSE
        = connection closed reason: parse error | a text message",
    );
}

// BI-01, BI-10 (receiving), MF-17
#[test]
fn an_event_counts_once_its_attachment_is_there() {
    Bed::ws().play(&format!(
        "< ws: 451-5{ONE}
        =! ack / 5
        < ws: 2
        > 3
        < ws bin: 01 02
        = ack / 5 theirs pending
        =! closed"
    ));
}

// BI-02, BI-03
#[test]
fn an_attachment_may_come_in_the_same_poll_or_the_next() {
    Bed::polling().play(&format!(
        "< get: 451-5{ONE}␞bAQI=
        > GET
        = ack / 5 theirs pending
        < get: 451-6{ONE}
        > GET
        =! ack / 6
        < get: bAQI=
        > GET
        = ack / 6 theirs pending"
    ));
}

// BI-07, BI-11
#[test]
fn attachments_follow_their_header_without_a_gap() {
    Bed::two().play(
        r#"! emit / ["b",{"$binary":"AQ=="},{"x":{"$binary":"Ag=="}}]
        > 452-["b",{"_placeholder":true,"num":0},{"x":{"_placeholder":true,"num":1}}]
        > bin 01
        > bin 02"#,
    );
    Bed::two().play(
        r#"! emit /a ["b",{"$binary":"Aw=="}]
        > 451-/a,["b",{"_placeholder":true,"num":0}]
        > bin 03"#,
    );
}

// BI-08
#[test]
fn a_binary_answer_is_a_binary_ack() {
    Bed::ws().play(
        r#"< ws: 425["q"]
        ! answer / 5 [{"$binary":"AQ=="}]
        > 461-5[{"_placeholder":true,"num":0}]
        > bin 01"#,
    );
}

// BI-09
#[test]
fn a_binary_ack_settles_its_question_with_its_attachment() {
    Bed::ws().play(
        r#"! ask / ["x"]
        > 420["x"]
        < ws: 461-0[{"_placeholder":true,"num":0}]
        =! answered
        < ws bin: 01
        = ack / 0 ours answered"#,
    );
}

// BI-10
#[test]
fn a_binary_event_that_asks_stays_an_event() {
    Bed::ws().play(
        r#"! ask / ["b",{"$binary":"AQ=="}]
        > 451-0["b",{"_placeholder":true,"num":0}]
        > bin 01"#,
    );
}

// BI-12, BI-13
#[test]
fn placeholders_may_be_reversed_doubled_or_fewer() {
    let (zero, one) = (
        r#"{"_placeholder":true,"num":0}"#,
        r#"{"_placeholder":true,"num":1}"#,
    );
    for (count, args, attachments) in [
        (2, format!("{one},{zero}"), "< ws bin: 0a\n< ws bin: 0b"),
        (1, format!("{zero},{zero}"), "< ws bin: 0a"),
        (2, zero.to_owned(), "< ws bin: 0a\n< ws bin: 0b"),
    ] {
        Bed::ws().play(&format!(
            "< ws: 45{count}-9[\"b\",{args}]\n{attachments}\n= ack / 9 theirs pending\n=! closed"
        ));
    }
}

// BI-15
#[test]
fn a_text_event_that_looks_like_binary_awaits_nothing() {
    Bed::ws().play(&format!("< ws: 424{ONE}\n= ack / 4 theirs pending"));
}

// MF-01 to MF-06, MF-08, MF-10 to MF-16, WC-08, WC-09
#[test]
fn malformed_packets_end_the_connection_with_parse_error() {
    for packet in [
        // MF-01
        r#"47["x"]"#,
        "4x",
        "4-1",
        // MF-02, MF-03
        r#"42["a",{"b":"#,
        r#"42["a"]]"#,
        "40{}x",
        // MF-04
        "42",
        "42/a,",
        "4212",
        // MF-05
        "42{}",
        r#"42"x""#,
        "42[]",
        "42[null]",
        "42[true]",
        r#"42[{"toString":"foo"}]"#,
        // MF-06
        r#"42abc["x"]"#,
        r#"42-1["x"]"#,
        r#"421.5["x"]"#,
        // MF-08
        "40null",
        r#"40"x""#,
        "40[]",
        // MF-10
        "45",
        "451",
        "45-[\"x\"]",
        "45a-[\"x\"]",
        "451.5-[\"x\"]",
        // MF-11, MF-12, MF-13
        r#"450-["x"]"#,
        r#"45-1-["x"]"#,
        r#"4511-["x"]"#,
        r#"45999999999-["x"]"#,
    ] {
        Bed::ws().play(&format!(
            "< ws: {packet}
            > CLOSE
            = nsp / disconnected reason: parse error
            = connection closed reason: parse error
            = connection waiting attempt=1"
        ));
    }
}

// MF-14, MF-15
#[test]
fn a_placeholder_without_its_attachment_is_a_parse_error() {
    for num in ["5", "\"0\"", "-1", "1000000000", "0.5"] {
        Bed::ws().play(&format!(
            r#"< ws: 451-["b",{{"_placeholder":true,"num":{num}}}]
            < ws bin: 01
            > CLOSE
            = connection closed reason: parse error | illegal attachments"#
        ));
    }
}

// MF-18, MF-20, MF-22
#[test]
fn attachments_out_of_order_are_a_parse_error() {
    for steps in [
        "< ws bin: 01".to_owned(),
        format!("< ws: 451-{ONE}\n< ws bin: 01\n< ws bin: 02"),
        format!("< ws: 451-{ONE}\n< ws: 451-/a,{ONE}"),
    ] {
        Bed::ws().play(&format!(
            "{steps}\n> CLOSE\n= connection closed reason: parse error"
        ));
    }
}

// MF-19
#[test]
fn a_half_arrived_packet_does_not_outlive_its_connection() {
    Bed::ws().play(&format!(
        r#"< ws: 451-{ONE}
        < ws cut
        + 1000
        > WS
        < ws open
        < ws: OPEN4
        > 40
        < ws: 40{{"sid":"N2"}}
        < ws: 423["x"]
        = ack / 3 theirs pending"#
    ));
}

// MF-23
#[test]
fn ack_ids_beyond_all_numbers_are_no_panic() {
    Bed::ws().play(
        r#"< ws: 4399999999999999999999[]
        < ws: 4299999999999999999999["q"]
        =! closed"#,
    );
}

// MF-24, NS-10
#[test]
fn packets_for_unknown_namespaces_are_ignored() {
    let long = "x".repeat(10_000);
    for packet in [
        "42/,[\"x\"]".to_owned(),
        "42/a b,[\"x\"]".to_owned(),
        "40/ü,{\"sid\":\"U\"}".to_owned(),
        "42/ghost,[\"x\"]".to_owned(),
        "41/ghost".to_owned(),
        "44/ghost,{\"message\":\"m\"}".to_owned(),
        "43/ghost,0[]".to_owned(),
        format!("42/{long},[\"x\"]"),
    ] {
        Bed::ws().play(&format!(
            "< ws: {packet}\n=! nsp\n=! closed\n! emit / [\"x\"]\n> 42[\"x\"]"
        ));
    }
}

// WC-08, WC-09, WC-11
#[test]
fn websocket_messages_that_are_no_engine_io_are_a_transport_error() {
    for message in ["", "9foo"] {
        Bed::ws().play(&format!(
            "< ws: {message}
            > CLOSE
            = connection closed reason: transport error | server error: parser error
            = waiting"
        ));
    }
    Bed::ws().play(
        "< ws violation: Invalid WebSocket frame: invalid UTF-8
        > CLOSE
        = connection closed reason: transport error | websocket error: Invalid WebSocket frame",
    );
}

// WC-02, WC-07
#[test]
fn a_websocket_message_is_one_packet() {
    // No JSON for Socket.IO, and above all not two packets.
    Bed::ws().play("< ws: 421[\"a\"]␞422[\"b\"]\n> CLOSE\n=! theirs\n= reason: parse error");
    Bed::ws().play(&format!("< ws: 451-2{ONE}\n< ws: bAQID\n= ack / 2 theirs"));
}

// MF-37
#[test]
fn control_packets_outside_an_upgrade_change_nothing() {
    Bed::ws().play(
        r#"< ws: 6
        < ws: 3
        < ws: 5
        < ws: 2probe
        > 3
        < ws: 1
        =! closed
        < ws: 421["after"]
        = ack / 1 theirs pending"#,
    );
}

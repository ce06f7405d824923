//! NS, AU and CR: joining, refusals, recovery.

use super::bed::Bed;
use crate::client::options::{Auth, NamespaceAuth, Options};
use crate::journal::record::TransportName;

/// A WebSocket session of these namespaces up to the CONNECTs, which the script expects.
fn opened(change: impl FnOnce(&mut Options)) -> Bed {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Websocket];
        change(options);
    });
    bed.play("start\n> WS\n< ws open");
    bed
}

fn only(nsp: &str) -> impl FnOnce(&mut Options) {
    let nsp = nsp.to_owned();
    move |options| options.namespaces = vec![NamespaceAuth { nsp, auth: None }]
}

fn json(text: &str) -> Option<Auth> {
    Some(Auth::Json(text.to_owned()))
}

/// A lost connection and the next one, up to its handshake.
const AGAIN: &str = "< ws cut\n+ 1000\n> WS !sid=\n< ws open\n< ws: OPEN4";

// NS-01, NS-02, NS-03
#[test]
fn each_wanted_namespace_is_joined_and_no_other() {
    opened(|_| {}).play("< ws: OPEN4\n> 40\n= nsp / joining");
    opened(only("/a")).play("< ws: OPEN4\n> 40/a,\n=! nsp / joining");
    opened(|options| {
        options.namespaces.push(NamespaceAuth {
            nsp: "/a".to_owned(),
            auth: None,
        });
    })
    .play("< ws: OPEN4\n> 40\n> 40/a,");
}

// NS-05, AU-05
#[test]
fn a_refusal_beside_another_namespace_leaves_the_engine_open() {
    Bed::ws().play(
        r#"! join /nope
        > 40/nope,
        < ws: 44/nope,{"message":"Invalid namespace","data":{"code":"E1"}}
        = nsp /nope refused reason: Invalid namespace data={"code":"E1"}
        =! closed
        + 300
        < ws: 2
        > 3"#,
    );
}

// NS-06
#[test]
fn leaving_one_namespace_leaves_the_other() {
    Bed::two().play(
        r#"! leave /a
        > 41/a,
        = nsp /a disconnected reason: io client disconnect
        ! emit / ["x"]
        > 42["x"]
        =! closed
        ! leave /a
        = notice /a is not joined"#,
    );
}

// NS-07, CR-07
#[test]
fn leaving_the_last_namespace_closes_the_engine() {
    Bed::ws().play(
        "! leave /
        > 41
        > CLOSE
        < ws close:
        = connection closed reason: io client disconnect
        + 60000
        =! connection",
    );
}

// NS-08 (protocol §15.10): 40, 41, 40 on one engine
#[test]
fn a_namespace_can_be_joined_again_after_it_was_left() {
    Bed::two().play(
        r#"! leave /a
        > 41/a,
        ! join /a
        > 40/a,
        < ws: 40/a,{"sid":"A2"}
        = nsp /a connected sid=A2"#,
    );
}

// NS-09, AU-15
#[test]
fn joining_twice_sends_one_connect() {
    Bed::ws().play(
        r#"! join /a
        > 40/a,
        ! join /a
        = notice /a is being joined already
        ! connect
        < ws: 40/a,{"sid":"A"}
        = nsp /a connected
        ! join /a
        = notice /a is joined already"#,
    );
}

// NS-11
#[test]
fn a_query_in_a_name_is_part_of_the_name_in_generation_4() {
    Bed::ws().play(
        r#"! join /a?x=1
        > 40/a?x=1,
        < ws: 44/a?x=1,{"message":"Invalid namespace"}
        = nsp /a?x=1 refused reason: Invalid namespace"#,
    );
}

// NS-12
#[test]
fn the_late_reply_to_an_abandoned_join_is_answered_with_disconnect() {
    Bed::ws().play(
        r#"! join /slow
        > 40/slow,
        ! leave /slow
        = nsp /slow disconnected
        < ws: 40/slow,{"sid":"S"}
        > 41/slow,
        =! nsp /slow connected
        ! join /slow
        > 40/slow,
        < ws: 40/slow,{"sid":"S2"}
        = nsp /slow connected sid=S2
        =! closed"#,
    );
}

// NS-12
#[test]
fn a_join_behind_an_abandoned_one_waits_for_its_reply() {
    Bed::ws().play(
        r#"! join /slow
        > 40/slow,
        ! leave /slow
        ! join /slow {"t":2}
        < ws: 40/slow,{"sid":"S"}
        > 41/slow,
        > 40/slow,{"t":2}
        < ws: 40/slow,{"sid":"S2"}
        = nsp /slow connected sid=S2"#,
    );
    Bed::ws().play(
        r#"! join /slow {"t":1}
        > 40/slow,{"t":1}
        ! leave /slow
        ! join /slow {"t":2}
        < ws: 44/slow,{"message":"no"}
        > 40/slow,{"t":2}
        =! refused"#,
    );
}

// NS-13
#[test]
fn a_reconnect_joins_what_is_still_wanted() {
    Bed::two().play(&format!("{AGAIN}\n> 40\n> 40/a,"));
    Bed::two().play(&format!("< ws: 41/a,\n{AGAIN}\n> 40"));
    Bed::two().play(&format!("! leave /\n> 41\n{AGAIN}\n> 40/a,"));
}

// AU-01, AU-03
#[test]
fn the_auth_goes_into_each_connect() {
    for auth in [r#"{"token":"x"}"#, "{}"] {
        opened(|options| {
            options.auth = json(auth);
            options.namespaces.push(NamespaceAuth {
                nsp: "/a".to_owned(),
                auth: json(r#"{"own":1}"#),
            });
        })
        .play(&format!("< ws: OPEN4\n> 40{auth}\n> 40/a,{{\"own\":1}}"));
    }
}

// AU-02
#[test]
fn an_auth_from_a_command_is_read_for_every_connect() {
    let command = || Some(Auth::Command("token".to_owned()));
    let mut bed = opened(|options| options.auth = command());
    bed.play(&format!(
        r#"< ws: OPEN4
        > AUTH /
        ! auth / {{"n":1}}
        > 40{{"n":1}}
        < ws: 40{{"sid":"N"}}
        {AGAIN}
        > AUTH /
        ! auth / {{"n":2}}
        > 40{{"n":2}}"#
    ));
    opened(|options| options.auth = command()).play(
        "< ws: OPEN4
        > AUTH /
        ! noauth / exit status 1
        > CLOSE
        = notice /: the auth could not be read: exit status 1
        = nsp / refused reason: the auth could not be read
        < ws close:
        = connection closed reason: forced close",
    );
}

// AU-06, AU-07, OS-04
#[test]
fn every_shape_of_a_refusal_has_a_message() {
    for (data, told) in [
        (r#""Unable to connect""#, "Unable to connect"),
        ("", "the server refused without saying why"),
        (r#"{"message":"m"}"#, "m"),
    ] {
        Bed::ws().play(&format!(
            "! join /nope\n> 40/nope,\n< ws: 44/nope,{data}\n= nsp /nope refused reason: {told}"
        ));
    }
}

// AU-08
#[test]
fn the_refusal_of_the_only_namespace_closes_the_engine() {
    opened(only("/deny")).play(
        r#"< ws: OPEN4
        > 40/deny,
        < ws: 44/deny,{"message":"nope"}
        > CLOSE
        = nsp /deny refused reason: nope
        < ws close:
        =! nsp /deny disconnected
        = connection closed reason: forced close
        + 60000
        =! connection"#,
    );
}

// AU-09
#[test]
fn a_refused_namespace_can_be_tried_by_hand() {
    opened(only("/deny")).play(
        r#"< ws: OPEN4
        > 40/deny,
        < ws: 44/deny,{"message":"nope"}
        > CLOSE
        < ws close:
        ! join /deny {"ok":1}
        > WS !sid=
        < ws open
        < ws: OPEN4
        > 40/deny,{"ok":1}
        < ws: 40/deny,{"sid":"D"}
        = nsp /deny connected"#,
    );
    Bed::ws().play(
        r#"! join /deny
        > 40/deny,
        < ws: 44/deny,{"message":"nope"}
        ! join /deny {"ok":1}
        > 40/deny,{"ok":1}
        =! closed"#,
    );
}

// AU-11
#[test]
fn an_unanswered_connect_is_waited_for() {
    opened(|_| {}).play("< ws: OPEN4\n> 40\n+ 290\n< ws: 2\n> 3\n+ 290\n=! closed\n=! refused");
}

// AU-12
#[test]
fn an_end_before_the_namespace_was_joined_says_so() {
    opened(|_| {}).play(
        "< ws: OPEN4
        > 40
        < ws close:
        = nsp / disconnected reason: transport close
        = connection closed reason: transport close | .. 1005 .. closed before / was joined
        = connection waiting",
    );
}

// MF-09
#[test]
fn a_connect_reply_without_a_socket_id_is_told() {
    Bed::ws().play(
        "! join /b\n> 40/b,\n< ws: 40/b,{}\n= nsp /b refused reason: .. lacks a socket id\n=! closed",
    );
}

// MF-26
#[test]
fn a_refusal_of_a_joined_namespace_ends_it() {
    Bed::two().play(
        r#"! ask / ["x"]
        > 420["x"]
        < ws: 44{"message":"late"}
        = ack / 0 ours lost
        = nsp / refused reason: late
        =! closed
        ! emit / ["y"]
        = buffer / queued"#,
    );
    Bed::ws().play(
        "< ws: 44{\"message\":\"late\"}\n> CLOSE\n= nsp / refused\n< ws close:\n= forced close",
    );
}

/// Connected to `/` with the private id `P1` and the offset `O1`.
fn recoverable(auth: Option<&str>) -> Bed {
    let mut bed = opened(|options| options.auth = auth.and_then(json));
    bed.play(&format!(
        r#"< ws: OPEN4
        > 40{}
        < ws: 40{{"sid":"N1","pid":"P1"}}
        = nsp / connected sid=N1 recovered=false
        < ws: 42["hi",1,"O1"]"#,
        auth.unwrap_or_default()
    ));
    bed
}

// CR-02, CR-03, CR-04
#[test]
fn a_reconnect_asks_for_recovery_and_says_that_it_worked() {
    recoverable(None).play(&format!(
        r#"{AGAIN}
        > 40{{"pid":"P1","offset":"O1"}}
        < ws: 42["m1","O2"]
        < ws: 42["m2","O3"]
        < ws: 40{{"sid":"N1","pid":"P1"}}
        = nsp / connected sid=N1 recovered=true
        {AGAIN}
        > 40{{"pid":"P1","offset":"O3"}}"#
    ));
}

// CR-03, CR-11
#[test]
fn the_auth_is_merged_over_pid_and_offset() {
    recoverable(Some(r#"{"token":"x"}"#)).play(&format!(
        "{AGAIN}\n> 40{{\"pid\":\"P1\",\"offset\":\"O1\",\"token\":\"x\"}}"
    ));
    recoverable(Some(r#"{"pid":"evil"}"#)).play(&format!(
        "{AGAIN}\n> 40{{\"pid\":\"evil\",\"offset\":\"O1\"}}"
    ));
}

// CR-05
#[test]
fn a_new_private_id_means_that_nothing_was_recovered() {
    recoverable(None).play(&format!(
        r#"{AGAIN}
        > 40{{"pid":"P1","offset":"O1"}}
        < ws: 40{{"sid":"N2","pid":"P2"}}
        = nsp / connected sid=N2 recovered=false
        {AGAIN}
        > 40{{"pid":"P2","offset":"O1"}}"#
    ));
}

// CR-07
#[test]
fn a_disconnect_keeps_pid_and_offset_as_the_reference_does() {
    recoverable(None).play(
        r#"! disconnect
        > 41
        > CLOSE
        < ws close:
        ! connect
        > WS !sid=
        < ws open
        < ws: OPEN4
        > 40{"pid":"P1","offset":"O1"}
        < ws: 40{"sid":"N2","pid":"P2"}
        = nsp / connected sid=N2 recovered=false"#,
    );
}

// CR-08
#[test]
fn a_binary_event_carries_its_offset_last() {
    recoverable(None).play(&format!(
        r#"< ws: 451-["bin",{{"_placeholder":true,"num":0}},"z","O4"]
        < ws bin: 01
        {AGAIN}
        > 40{{"pid":"P1","offset":"O4"}}"#
    ));
}

// CR-09
#[test]
fn a_trailing_string_poisons_the_offset_as_in_the_reference() {
    recoverable(None).play(&format!(
        "< ws: 42[\"v\",\"plain string\"]\n{AGAIN}\n> 40{{\"pid\":\"P1\",\"offset\":\"plain string\"}}"
    ));
}

// CR-10
#[test]
fn each_namespace_recovers_by_itself() {
    recoverable(None).play(&format!(
        r#"! join /a
        > 40/a,
        < ws: 40/a,{{"sid":"A","pid":"PA"}}
        < ws: 42/a,["e","OA"]
        {AGAIN}
        > 40{{"pid":"P1","offset":"O1"}}
        > 40/a,{{"pid":"PA","offset":"OA"}}
        < ws: 40{{"sid":"N1","pid":"P1"}}
        < ws: 40/a,{{"sid":"A2","pid":"PB"}}
        = nsp / connected sid=N1 recovered=true
        = nsp /a connected sid=A2 recovered=false"#
    ));
}

// CR-12
#[test]
fn without_a_private_id_nothing_is_recovered() {
    Bed::ws().play(&format!(
        "< ws: 42[\"x\",\"y\"]\n{AGAIN}\n> 40\n< ws: 40{{\"sid\":\"N2\"}}\n= nsp / connected sid=N2\n=! recovered"
    ));
}

//! Small sessions and what the fold makes of them.

use super::super::script::{HELLO, Script, V3, V3_WS, V4, V4_WS};
use super::super::state::{Connection, Namespace, Reconnect};
use super::*;
use crate::journal::record::{
    AckState, Buffer, ConnectionState as C, Fault, Gap, Namespace as Told, NamespaceState as N,
    Transport, TransportName, TransportState,
};

/// An opened WebSocket session of generation 4 on connection 1.
fn opened() -> Script {
    let mut s = Script::on(1);
    s.connection(C::Connecting, None)
        .request("GET", V4_WS, b"")
        .ms(10)
        .response(101, b"");
    s.down(HELLO).connection(C::Open, None);
    s
}

fn connection(s: &Script) -> &Connection {
    s.model.connection().unwrap()
}

fn namespace<'a>(s: &'a Script, nsp: &str) -> &'a Namespace {
    s.model
        .namespaces
        .iter()
        .find(|namespace| namespace.nsp == nsp)
        .unwrap()
}

#[test]
fn the_handshake_fills_the_connection() {
    let s = opened();
    let c = connection(&s);
    assert_eq!((c.c, c.state, c.eio), (1, C::Open, Some(4)));
    assert_eq!(c.engine_sid.as_deref(), Some("E1"));
    assert_eq!(c.transport, Some(TransportName::Websocket));
    assert_eq!((c.began, c.opened, c.closed), (0, Some(10_000), None));
    assert_eq!(c.upgrades, ["websocket"]);
    assert_eq!(c.max_payload, Some(1_000_000));
    assert_eq!(
        (c.heartbeat.interval_ms, c.heartbeat.timeout_ms),
        (25_000, 20_000)
    );
    assert_eq!(c.heartbeat.next, Some(25_010_000));
    assert_eq!(c.heartbeat.deadline, Some(45_010_000));
    assert_eq!(c.last_heard, Some(10_000));
}

#[test]
fn a_session_without_connection_records_tells_the_same() {
    let mut s = Script::on(1);
    s.request("GET", V4_WS, b"")
        .ms(10)
        .response(101, b"")
        .down(HELLO);
    assert_eq!(connection(&s).state, C::Open);
    assert_eq!(connection(&s).opened, Some(10_000));
    s.ms(5_000).closed(Direction::ToClient, Some(1006));
    let c = connection(&s);
    assert_eq!(c.state, C::Closed);
    assert_eq!(c.reason.as_deref(), Some("transport close"));
    assert_eq!(c.detail.as_deref(), Some("close code 1006"));
    assert_eq!(c.heartbeat.deadline, None);
    assert_eq!(s.model.reconnects.len(), 2, "an opening and a loss");
}

#[test]
fn the_steps_of_the_upgrade_have_their_times() {
    let mut s = Script::on(1);
    s.poll(V4, HELLO.as_bytes());
    assert_eq!(connection(&s).transport, Some(TransportName::Polling));
    s.ms(5)
        .request("GET", &format!("{V4_WS}&sid=E1"), b"")
        .ms(5)
        .response(101, b"");
    s.up("2probe").ms(5).down("3probe").ms(5).up("5");
    let c = connection(&s);
    let u = &c.upgrade;
    assert_eq!(
        (u.began, u.probe_sent, u.probe_answered, u.done),
        (Some(5_000), Some(10_000), Some(15_000), Some(20_000))
    );
    assert_eq!(c.transport, Some(TransportName::Websocket));
    assert_eq!(c.heartbeat.pings, 0, "a probe is no heartbeat");
}

#[test]
fn a_failed_probe_is_no_disconnect() {
    let mut s = Script::on(1);
    s.poll(V4, HELLO.as_bytes());
    s.request("GET", &format!("{V4_WS}&sid=E1"), b"")
        .response(400, b"no");
    let c = connection(&s);
    assert_eq!(c.upgrade.error.as_deref(), Some("HTTP 400 no"));
    assert_eq!(
        (c.state, c.transport),
        (C::Open, Some(TransportName::Polling))
    );
    s.closed(Direction::ToClient, Some(1006));
    assert_eq!(connection(&s).state, C::Open);
    let error = Some("reset".to_owned());
    let (name, state) = (TransportName::Websocket, TransportState::Closed);
    s.add(Body::Transport(Transport { name, state, error }));
    assert_eq!(connection(&s).upgrade.error.as_deref(), Some("reset"));
}

#[test]
fn generation_4_measures_how_pings_stray() {
    let mut s = opened();
    s.ms(25_004).down("2").up("3").ms(24_999).down("2");
    let beat = &connection(&s).heartbeat;
    assert_eq!(beat.samples, [4.0, -1.0]);
    assert_eq!((beat.pings, beat.last_pong), (2, Some(25_014_000)));
    assert_eq!(beat.next, Some(s.t + 25_000_000));
    assert_eq!(beat.deadline, Some(s.t + 45_000_000));
}

#[test]
fn a_ping_right_after_the_handshake_strays_from_nothing() {
    let mut s = opened();
    s.ms(5).down("2").up("3");
    assert!(connection(&s).heartbeat.samples.is_empty());
    s.ms(25_002).down("2");
    assert_eq!(connection(&s).heartbeat.samples, [2.0]);
}

#[test]
fn generation_3_measures_the_round_trip() {
    let mut s = Script::on(1);
    s.request("GET", V3_WS, b"").response(101, b"");
    s.down("0{\"sid\":\"E\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":5000}");
    s.ms(25_000).up("2");
    assert_eq!(
        connection(&s).heartbeat.deadline,
        Some(30_000_000),
        "the pong is due"
    );
    s.ms(7).down("3");
    let c = connection(&s);
    assert_eq!(c.eio, Some(3));
    assert_eq!(c.heartbeat.samples, [7.0]);
    assert_eq!(c.heartbeat.next, Some(50_007_000));
    assert_eq!(c.heartbeat.deadline, Some(55_007_000));
}

#[test]
fn heartbeat_samples_are_bounded() {
    let mut s = opened();
    for _ in 0..100 {
        s.ms(25_000).down("2").up("3");
    }
    assert_eq!(connection(&s).heartbeat.samples.len(), 60);
    assert_eq!(connection(&s).heartbeat.pings, 100);
}

#[test]
fn namespaces_are_joined_refused_and_left() {
    let mut s = opened();
    s.up("40").up("40/admin,{\"token\":\"x\"}").ms(3);
    assert_eq!(namespace(&s, "/").state, N::Joining);
    s.down("40{\"sid\":\"S1\"}")
        .down("44/admin,{\"message\":\"no token\",\"data\":{\"x\":1}}");
    let root = namespace(&s, "/");
    assert_eq!(
        (root.state, root.socket_sid.as_deref()),
        (N::Connected, Some("S1"))
    );
    assert_eq!(root.since, 13_000);
    let admin = namespace(&s, "/admin");
    assert_eq!(admin.state, N::Refused);
    assert_eq!(admin.reason.as_deref(), Some("no token"));
    assert!(admin.data.as_deref().unwrap().contains("\"x\":1"));
    s.down("42[\"a\"]")
        .down("42[\"a\"]")
        .up("42[\"b\"]")
        .down("41");
    let root = namespace(&s, "/");
    assert_eq!(
        (root.received, root.sent, root.state),
        (2, 1, N::Disconnected)
    );
    assert_eq!(root.reason.as_deref(), Some("io server disconnect"));
    assert_eq!(s.model.events.get("a"), Some(&2));
}

#[test]
fn namespace_records_are_believed() {
    let mut s = opened();
    s.up("40");
    s.add(Body::Namespace(Told {
        nsp: "/".into(),
        state: N::Connected,
        sid: Some("S".into()),
        reason: None,
        recovered: Some(true),
        data: None,
    }));
    let root = namespace(&s, "/");
    assert_eq!((root.state, root.recovered), (N::Connected, Some(true)));
    s.add(Body::Namespace(Told {
        nsp: "/".into(),
        state: N::Disconnected,
        sid: None,
        reason: Some("ping timeout".into()),
        recovered: None,
        data: None,
    }));
    assert_eq!(namespace(&s, "/").reason.as_deref(), Some("ping timeout"));
    assert_eq!(namespace(&s, "/").socket_sid.as_deref(), Some("S"));
}

#[test]
fn generation_2_joins_the_root_by_itself_and_hides_its_query() {
    let mut s = Script::on(1);
    s.poll(V3, b"12:0{\"sid\":\"E\"}2:40");
    assert_eq!(namespace(&s, "/").socket_sid.as_deref(), Some("E"));
    s.up("40/admin?token=x,").down("40/admin,");
    assert_eq!(s.model.namespaces.len(), 2);
    assert_eq!(namespace(&s, "/admin").state, N::Connected);
    assert_eq!(
        namespace(&s, "/admin").socket_sid.as_deref(),
        Some("/admin#E")
    );
}

#[test]
fn a_reconnect_takes_the_namespace_over_but_two_clients_have_two() {
    let mut s = opened();
    s.up("40").down("40{\"sid\":\"S1\"}");
    s.connection(C::Closed, Some("transport close"));
    assert_eq!(namespace(&s, "/").state, N::Disconnected);
    assert_eq!(
        namespace(&s, "/").reason.as_deref(),
        Some("transport close")
    );
    s.c = Some(2);
    s.connection(C::Connecting, None)
        .down(HELLO)
        .up("40")
        .down("40{\"sid\":\"S2\"}");
    assert_eq!(s.model.namespaces.len(), 1);
    assert_eq!(namespace(&s, "/").c, Some(2));
    s.c = Some(3);
    s.down(HELLO).up("40").down("40{\"sid\":\"S3\"}");
    assert_eq!(s.model.namespaces.len(), 2, "connection 2 is still open");
}

#[test]
fn in_a_tap_no_client_takes_over_what_another_one_left() {
    let mut s = Script::on(1);
    s.model.several = true;
    s.down(HELLO)
        .up("40")
        .down("40{\"sid\":\"S1\",\"pid\":\"P\"}")
        .down("42[\"hi\",\"Q7zC6jk\"]");
    s.connection(C::Closed, Some("transport close"));
    s.c = Some(2);
    s.down(HELLO)
        .up("40")
        .down("40{\"sid\":\"S2\",\"pid\":\"Q\"}");
    let of = |s: &Script, c| {
        let mut all = s.model.namespaces.iter().filter(|one| one.c == Some(c));
        all.next().unwrap().clone()
    };
    assert_eq!(s.model.namespaces.len(), 2);
    assert_eq!(of(&s, 1).state, N::Disconnected);
    assert_eq!(of(&s, 1).received, 1);
    assert_eq!(of(&s, 2).received, 0);
    assert_eq!(of(&s, 2).recovered, None, "it asked for nothing");
    s.c = Some(3);
    s.down(HELLO)
        .up("40{\"pid\":\"P\",\"offset\":\"Q7zC6jk\"}")
        .down("40{\"sid\":\"S1\",\"pid\":\"P\"}");
    assert_eq!(of(&s, 3).recovered, Some(true));
    assert_eq!(of(&s, 3).offset.as_deref(), Some("Q7zC6jk"));
}

#[test]
fn who_stops_waiting_for_the_next_attempt_changes_nothing_about_how_the_connection_ended() {
    let mut s = opened();
    s.connection(C::Closed, Some("transport close"))
        .connection(C::Waiting, None);
    assert!(s.model.waiting.is_some());
    s.connection(C::Closed, Some("io client disconnect"));
    assert!(s.model.waiting.is_none());
    let connection = s.model.connection().unwrap();
    assert_eq!(connection.reason.as_deref(), Some("transport close"));
}

#[test]
fn recovery_keeps_pid_and_offset() {
    let mut s = opened();
    s.up("40")
        .down("40{\"sid\":\"S\",\"pid\":\"P\"}")
        .down("42[\"hi\",\"Q7zC6jk\"]");
    assert_eq!(namespace(&s, "/").pid.as_deref(), Some("P"));
    assert_eq!(namespace(&s, "/").offset.as_deref(), Some("Q7zC6jk"));
    assert_eq!(
        namespace(&s, "/").recovered,
        None,
        "there was nothing to recover"
    );
    s.connection(C::Closed, Some("transport close"));
    s.c = Some(2);
    s.connection(C::Connecting, None)
        .down(HELLO)
        .up("40")
        .down("40{\"sid\":\"S\",\"pid\":\"P\"}");
    assert_eq!(namespace(&s, "/").recovered, Some(true));
    assert_eq!(namespace(&s, "/").offset.as_deref(), Some("Q7zC6jk"));
    s.connection(C::Closed, Some("transport close"));
    s.c = Some(3);
    s.connection(C::Connecting, None)
        .down(HELLO)
        .up("40")
        .down("40{\"sid\":\"T\",\"pid\":\"Q\"}");
    assert_eq!(namespace(&s, "/").recovered, Some(false));
    assert_eq!(namespace(&s, "/").offset, None);
}

#[test]
fn the_ledger_joins_its_records_with_the_frames() {
    for frame_first in [true, false] {
        let mut s = opened();
        if frame_first {
            s.up("427[\"say\"]").ack(7, AckState::Pending, None);
        } else {
            s.ack(7, AckState::Pending, None).up("427[\"say\"]");
        }
        let asked = if frame_first { 6 } else { 7 };
        assert_eq!(s.model.acks.len(), 1);
        assert_eq!(s.model.acks[0].state, AckState::Pending);
        assert_eq!(s.model.ack_at(asked, 0).unwrap().state, AckState::Pending);
        s.ms(18)
            .down("437[\"ok\"]")
            .ack(7, AckState::Answered, Some(17.5));
        let entry = &s.model.acks[0];
        assert_eq!((entry.state, entry.ms), (AckState::Answered, Some(17.5)));
        assert_eq!((entry.asked_n, entry.answered_n), (Some(asked), Some(8)));
        assert_eq!(entry.event.as_deref(), Some("say"));
        assert_eq!(s.model.ack_at(8, 0).unwrap().other, Some(asked));
        assert_eq!(s.model.ack_at(asked, 0).unwrap().other, Some(8));
        assert_eq!(s.model.acks.len(), 1);
    }
}

#[test]
fn a_late_answer_stays_late() {
    let mut s = opened();
    s.up("420[\"say\"]").ack(0, AckState::Pending, None);
    s.ms(5_000).ack(0, AckState::Timeout, Some(5000.0));
    assert_eq!(s.model.acks[0].state, AckState::Timeout);
    s.ms(1_000)
        .down("430[]")
        .ack(0, AckState::Late, Some(6000.0));
    let entry = &s.model.acks[0];
    assert_eq!(
        (entry.state, entry.ms, entry.answered_n),
        (AckState::Late, Some(6000.0), Some(9))
    );
    assert_eq!(s.model.acks.len(), 1);
}

#[test]
fn without_ack_records_the_packets_make_the_ledger() {
    let mut s = Script::on(1);
    s.down(HELLO)
        .up("42/a,0[\"x\"]")
        .up("42/b,0[\"y\"]")
        .down("42/a,0[\"z\"]");
    s.ms(4).down("43/b,0[]").up("43/a,0[]");
    let states: Vec<_> = s
        .model
        .acks
        .iter()
        .map(|entry| {
            (
                entry.event.as_deref().unwrap(),
                entry.dir,
                entry.state,
                entry.ms,
            )
        })
        .collect();
    use Direction::{ToClient, ToServer};
    assert_eq!(
        states,
        [
            ("x", ToServer, AckState::Pending, None),
            ("y", ToServer, AckState::Answered, Some(4.0)),
            ("z", ToClient, AckState::Answered, Some(4.0)),
        ]
    );
    s.closed(Direction::ToClient, None);
    assert_eq!(s.model.acks[0].state, AckState::Lost);
}

#[test]
fn a_used_id_on_a_new_connection_is_a_new_question() {
    let mut s = opened();
    s.up("420[\"a\"]")
        .ack(0, AckState::Pending, None)
        .down("430[]");
    s.ack(0, AckState::Answered, Some(1.0));
    s.up("420[\"b\"]").ack(0, AckState::Pending, None);
    assert_eq!(s.model.acks.len(), 2);
    assert_eq!(s.model.acks[1].state, AckState::Pending);
    assert_eq!(s.model.acks[1].event.as_deref(), Some("b"));
}

#[test]
fn the_ledger_is_bounded_and_rows_know_longer() {
    let mut s = Script::on(1);
    for id in 0..5_000 {
        s.up(&format!("42{id}[\"a\"]")).down(&format!("43{id}[]"));
    }
    assert!(
        s.model.acks.len() <= REMEMBERED + REMEMBERED / 4 + 1,
        "{}",
        s.model.acks.len()
    );
    assert_eq!(s.model.ack_at(1, 0).unwrap().state, AckState::Answered);
    for id in 0..30_000 {
        s.up(&format!("42{id}[\"a\"]"));
    }
    assert!(s.model.acks.len() <= 11 * REMEMBERED);
}

#[test]
fn losses_are_counted_in_a_row_and_attempts_from_the_loss() {
    let mut s = opened();
    for round in 1..=3 {
        s.ms(60_000).connection(C::Closed, Some("transport close"));
        let Some(Reconnect::Lost {
            in_a_row,
            lived,
            reason,
            ..
        }) = s.model.reconnects.back()
        else {
            panic!()
        };
        assert_eq!(
            (*in_a_row, lived, reason.as_str()),
            (round, &Some(60_000_000), "transport close")
        );
        s.attempt(C::Waiting, None, Some(1), Some(1_000));
        let waiting = s.model.waiting.as_ref().unwrap();
        assert_eq!(
            (waiting.attempt, waiting.delay_ms, waiting.since),
            (1, 1_000, s.t)
        );
        s.ms(1_000);
        s.c = Some(round + 1);
        s.attempt(C::Connecting, None, Some(1), None);
        assert!(s.model.waiting.is_none());
        s.ms(100).down(HELLO).connection(C::Open, None);
        let Some(Reconnect::Attempt {
            attempt,
            after,
            delay_ms,
            outcome,
            ..
        }) = s.model.reconnects.back()
        else {
            panic!()
        };
        assert_eq!(
            (*attempt, *after, *delay_ms),
            (Some(1), 1_100_000, Some(1_000))
        );
        assert_eq!(outcome, &Ok("E1".to_owned()));
    }
    s.connection(C::Closed, Some("ping timeout"));
    assert!(matches!(
        s.model.reconnects.back(),
        Some(Reconnect::Lost { in_a_row: 1, .. })
    ));
}

#[test]
fn failed_attempts_have_their_error_and_giving_up_its_reason() {
    let mut s = Script::on(1);
    s.connection(C::Connecting, None)
        .ms(50)
        .connection(C::Closed, Some("xhr poll error"));
    let Some(Reconnect::Attempt {
        attempt: None,
        after: 50_000,
        outcome: Err((error, None)),
        ..
    }) = s.model.reconnects.back()
    else {
        panic!("{:?}", s.model.reconnects)
    };
    assert_eq!(error, "xhr poll error");
    s.attempt(C::Waiting, None, Some(1), Some(900));
    s.c = None;
    s.connection(C::GaveUp, Some("no attempts left"));
    assert_eq!(s.model.gave_up.as_deref(), Some("no attempts left"));
    assert!(s.model.waiting.is_none());
    s.c = Some(2);
    s.connection(C::Connecting, None);
    assert_eq!(s.model.gave_up, None);
}

#[test]
fn an_untold_handshake_failure_is_an_attempt() {
    let mut s = Script::on(1);
    s.request("GET", V4, b"")
        .response(403, b"{\"code\":4,\"message\":\"Forbidden\"}");
    let Some(Reconnect::Attempt {
        outcome: Err((error, Some(detail))),
        ..
    }) = s.model.reconnects.back()
    else {
        panic!()
    };
    assert_eq!(error, "xhr poll error");
    assert!(
        detail.contains("403") && detail.contains("Forbidden"),
        "{detail}"
    );
}

#[test]
fn a_record_after_the_close_frame_tells_the_end_better() {
    let mut s = Script::on(1);
    s.down(HELLO).closed(Direction::ToClient, Some(1006));
    s.connection(C::Closed, Some("ping timeout"));
    assert_eq!(connection(&s).reason.as_deref(), Some("ping timeout"));
    assert_eq!(s.model.reconnects.len(), 2);
    assert!(
        matches!(s.model.reconnects.back(), Some(Reconnect::Lost { reason, .. }) if reason == "ping timeout")
    );
}

#[test]
fn the_offline_buffer_fills_and_empties() {
    let mut s = Script::on(1);
    let mut turn = |op, packet: &str| {
        s.add(Body::Buffer(Buffer {
            nsp: "/".into(),
            op,
            packet: packet.into(),
        }));
        s.model
            .buffered
            .iter()
            .map(|waits| waits.packet.clone())
            .collect::<Vec<_>>()
    };
    turn(BufferOp::Queued, "42[\"a\"]");
    assert_eq!(
        turn(BufferOp::Queued, "42[\"b\"]"),
        ["42[\"a\"]", "42[\"b\"]"]
    );
    assert_eq!(turn(BufferOp::Flushed, "42[\"a\"]"), ["42[\"b\"]"]);
    assert!(turn(BufferOp::Dropped, "42[\"b\"]").is_empty());
    assert!(turn(BufferOp::Dropped, "42[\"b\"]").is_empty());
}

#[test]
fn totals_are_kept() {
    let mut s = Script::on(1);
    s.poll(V4, b"40")
        .down("42[\"a\"]")
        .up("42[\"bcd\"]")
        .down("x");
    s.add(Body::Gap(Gap {
        records: 5,
        bytes: 100,
    }));
    s.add(Body::Fault(Fault {
        fault: "drop".into(),
        rule: None,
        did: "cut".into(),
    }));
    let counts = s.model.counts;
    assert_eq!((counts.frames, counts.lost, counts.undecodable), (4, 5, 1));
    assert_eq!((counts.bytes_to_server, counts.bytes_to_client), (9, 10));
    assert_eq!(s.model.seen, s.records.len() as u64);
}

#[test]
fn connections_and_event_names_are_bounded() {
    let mut s = Script::default();
    for c in 1..=3_000 {
        s.c = Some(c);
        s.down("40")
            .down(&format!("42[\"e{c}\"]"))
            .closed(Direction::ToClient, None);
    }
    assert_eq!(s.model.connections.len(), REMEMBERED);
    assert_eq!(s.model.current, Some(3_000));
    assert!(s.model.namespaces.len() <= REMEMBERED);
    assert!(s.model.reconnects.len() <= REMEMBERED);
}

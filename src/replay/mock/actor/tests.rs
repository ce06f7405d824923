use super::*;
use crate::replay::mock::bed::{Client, LIVE, RECORDED, session};

const IN: &[(u64, &str)] = &[(0, "> 40"), (5, "< 40{\"sid\":\"RECORDED-SOCKET\"}")];

/// A session in which the main namespace was joined, and then `steps`.
fn joined(steps: &[(u64, &str)]) -> Script {
    let mut all = IN.to_vec();
    all.extend_from_slice(steps);
    session(&[(1, 4, &all)])
}

/// A client that is in.
fn client(steps: &[(u64, &str)]) -> Client {
    let mut client = Client::of(joined(steps));
    client.says(1_000, "0");
    assert_eq!(client.hears(1_005), "0{\"sid\":\"live-engine-siS00001\"}");
    client
}

#[test]
fn each_deed_is_answered_by_what_followed_it_at_its_pace() {
    let mut client = client(&[
        (15, "< 42[\"hello\"]"),
        (100, "> 420[\"save\",1]"),
        (120, "< 42[\"saved\",1]"),
        (130, "< 430[\"ok\"]"),
        (9_000, "< 42[\"tick\"]"),
    ]);
    assert_eq!(client.hears(1_014), "");
    assert_eq!(client.hears(1_015), "2[\"hello\"]");
    client.says(4_000, "217[\"save\",1]");
    assert_eq!(client.hears(4_019), "");
    assert_eq!(client.hears(4_020), "2[\"saved\",1]");
    assert_eq!(client.hears(4_030), "317[\"ok\"]");
    assert_eq!(client.hears(9_999), "");
    assert_eq!(client.hears(10_000), "2[\"tick\"]");
    assert_eq!(client.actor.deadline(), None);
}

#[test]
fn without_a_question_there_is_no_ack() {
    let mut client = client(&[
        (10, "> 420[\"save\"]"),
        (11, "< 430[]"),
        (12, "< 42[\"x\"]"),
    ]);
    client.says(2_000, "2[\"save\"]");
    assert_eq!(client.hears(9_000), "2[\"x\"]");
}

#[test]
fn the_most_similar_event_answers_and_equal_ones_in_their_order() {
    let mut client = client(&[
        (10, "> 420[\"get\",{\"id\":1,\"at\":5}]"),
        (11, "< 430[\"one\"]"),
        (20, "> 421[\"get\",{\"id\":2,\"at\":6}]"),
        (21, "< 431[\"two\"]"),
        (30, "> 422[\"next\"]"),
        (31, "< 432[1]"),
        (40, "> 423[\"next\"]"),
        (41, "< 433[2]"),
    ]);
    let mut ask = |event: &str| {
        client.says(5_000, &format!("20{event}"));
        client.hears(6_000)
    };
    assert_eq!(ask("[\"get\",{\"id\":2,\"at\":99}]"), "30[\"two\"]");
    assert_eq!(ask("[\"get\",{\"id\":1,\"at\":5}]"), "30[\"one\"]");
    assert_eq!(ask("[\"get\",{\"id\":1,\"at\":5}]"), "30[\"one\"]");
    // Nothing agrees: the first that was not played; all were, so the one played last.
    assert_eq!(ask("[\"next\"]"), "30[1]");
    assert_eq!(ask("[\"next\"]"), "30[2]");
    assert_eq!(ask("[\"next\"]"), "30[2]");
    let notes = client.notes();
    let others = |note: &&Note| matches!(note, Note::Reached { other: Some(_), .. });
    let again = |note: &&Note| matches!(note, Note::Reached { again: true, .. });
    assert_eq!(notes.iter().filter(others).count(), 1, "{notes:?}");
    assert_eq!(notes.iter().filter(again).count(), 2, "{notes:?}");
}

#[test]
fn what_the_session_does_not_know_is_noted_and_not_answered() {
    let mut client = client(&[]);
    client.notes();
    client
        .says(2_000, "25[\"nope\",1]")
        .says(2_000, "2/a,[\"e\"]")
        .says(2_000, "33[]")
        .says(2_000, "9")
        .says(2_000, "0/b,{\"token\":1}");
    assert_eq!(
        client.hears(3_000),
        "4/b,{\"message\":\"Invalid namespace\"}"
    );
    let (nsp, slash) = ("/b".to_owned(), "/".to_owned());
    let notes = client.notes();
    assert_eq!(
        notes[..3],
        [
            Note::UnknownEvent {
                nsp: slash.clone(),
                data: "[\"nope\",1]".to_owned(),
                asked: true
            },
            Note::NotJoined {
                nsp: "/a".to_owned(),
                what: "e".to_owned()
            },
            Note::UnknownAnswer {
                nsp: slash,
                id: Some(3)
            },
        ]
    );
    assert!(matches!(notes[3], Note::Unreadable { .. }));
    assert_eq!(notes[4], Note::UnknownNamespace { nsp });
}

#[test]
fn joins_are_answered_in_their_order_and_the_last_again() {
    let script = session(&[(
        1,
        4,
        &[
            (0, "> 40/a,"),
            (5, "< 44/a,{\"message\":\"no\"}"),
            (10, "> 40/a,{\"token\":1}"),
            (
                15,
                "< 40/a,{\"sid\":\"RECORDED-SOCKET\",\"pid\":\"RECORDED-PID\"}",
            ),
        ],
    )]);
    let mut client = Client::of(script);
    let refused = "4/a,{\"message\":\"no\"}";
    client.says(0, "0/a,{\"token\":\"whatever\"}");
    assert_eq!(client.hears(5), refused);
    for (ms, count) in [(100, 2), (200, 3)] {
        client.says(ms, "0/a,");
        let pid = "live-engine-siS00000";
        let sid = format!("live-engine-siS0000{count}");
        let expected = format!("0/a,{{\"sid\":\"{sid}\",\"pid\":\"{pid}\"}}");
        assert_eq!(client.hears(ms + 5), expected);
        client.says(ms + 6, "1/a,");
    }
}

#[test]
fn ids_that_recorded_events_quote_are_the_live_ones() {
    let said = format!("< 42[\"you\",\"{RECORDED}\",{{\"from\":\"RECORDED-SOCKET\"}}]");
    let mut client = client(&[(10, &said)]);
    let expected = format!("2[\"you\",\"{LIVE}\",{{\"from\":\"live-engine-siS00001\"}}]");
    assert_eq!(client.hears(1_010), expected);
}

#[test]
fn the_server_s_questions_have_ids_of_their_own_and_their_answers_go_on() {
    let mut client = client(&[
        (10, "< 4298[\"ask\",1]"),
        (11, "< 4299[\"ask\",2]"),
        (20, "> 4399[\"b\"]"),
        (22, "< 42[\"answered\",2]"),
    ]);
    assert_eq!(client.hears(1_011), "20[\"ask\",1] 21[\"ask\",2]");
    client.says(3_000, "30[\"other\"]").says(3_000, "31[]");
    assert_eq!(client.hears(3_002), "2[\"answered\",2]");
    client.notes();
    client.says(3_100, "31[]");
    assert!(matches!(client.notes()[..], [Note::UnknownAnswer { .. }]));
}

#[test]
fn disconnects_and_ends_are_played_unless_told_otherwise() {
    let steps: &[(u64, &str)] = &[
        (10, "> 42[\"kick\"]"),
        (12, "< 41"),
        (13, "< close 1011"),
        (14, "> close"),
    ];
    let mut kicked = client(steps);
    kicked.says(2_000, "2[\"kick\"]");
    let end = "Close { code: Some(1011), reason: None }";
    assert_eq!(kicked.hears(3_000), format!("1 {end}"));

    let stay = Play {
        stay: true,
        ..Play::default()
    };
    let mut client = Client::playing(joined(steps), 0, stay);
    client.says(0, "0");
    client.hears(10);
    client.says(2_000, "2[\"kick\"]");
    assert_eq!(client.hears(3_000), "");
    client.notes();
    client.says(4_000, "2[\"kick\"]");
    assert!(matches!(client.notes()[..], [Note::Reached { .. }]));
}

#[test]
fn who_left_a_namespace_hears_nothing_more_from_it() {
    let mut client = client(&[(15, "< 42[\"hello\"]"), (60, "< 42[\"late\"]")]);
    assert_eq!(client.hears(1_020), "2[\"hello\"]");
    client.says(1_030, "1");
    assert_eq!(client.hears(9_000), "");
    // Joined again, it begins again.
    client.says(9_000, "0");
    assert_eq!(
        client.hears(9_060),
        "0{\"sid\":\"live-engine-siS00002\"} 2[\"hello\"] 2[\"late\"]"
    );
}

#[test]
fn neighbours_keep_the_recorded_order() {
    let mut client = Client::of(session(&[(
        1,
        4,
        &[
            (0, "> 40"),
            (1, "> 40/a,"),
            (10, "< 40{\"sid\":\"s\"}"),
            (11, "< 42[\"hello\"]"),
            (11, "< 40/a,{\"sid\":\"t\"}"),
        ],
    )]));
    // The second CONNECT comes earlier than in the session, or the first one later.
    for (first, second) in [(100, 95), (200, 230)] {
        for (ms, message) in [(first.min(second), 0), (first.max(second), 1)] {
            let is_first = (message == 0) == (first < second);
            client.says(ms, if is_first { "0" } else { "0/a," });
        }
        let heard = client.hears(first + 60);
        let order: Vec<&str> = heard
            .split(' ')
            .map(|message| message.split(['{', '[']).next().unwrap_or_default())
            .collect();
        assert_eq!(order, ["0", "2", "0/a,"], "{first} {second}");
        client.says(first + 70, "1").says(first + 70, "1/a,");
        assert_eq!(client.hears(first + 80), "");
    }
}

#[test]
fn binary_events_are_matched_whole_and_answered_whole() {
    let mut client = client(&[
        (10, "> 451-0[\"put\",{\"_placeholder\":true,\"num\":0}]"),
        (10, ">b AQI="),
        (20, "< 461-0[{\"_placeholder\":true,\"num\":0}]"),
        (20, "<b AwQ="),
        (30, "> 451-1[\"put\",{\"_placeholder\":true,\"num\":0}]"),
        (30, ">b BQY="),
        (40, "< 431[\"plain\"]"),
    ]);
    client
        .says(2_000, "51-7[\"put\",{\"_placeholder\":true,\"num\":0}]")
        .sends(2_000, &[5, 6]);
    assert_eq!(client.hears(2_010), "37[\"plain\"]");
    client
        .says(3_000, "51-8[\"put\",{\"_placeholder\":true,\"num\":0}]")
        .sends(3_000, &[1, 2]);
    assert_eq!(
        client.hears(3_010),
        "61-8[{\"_placeholder\":true,\"num\":0}] b:AwQ="
    );
}

#[test]
fn generation_2_is_let_in_at_once_and_refused_in_its_own_words() {
    let script = session(&[(
        1,
        3,
        &[
            (0, "< 40"),
            (3, "< 42[\"hello\"]"),
            (5, "> 40/a?token=x,"),
            (7, "< 44/a,\"authentication error\""),
        ],
    )]);
    let mut client = Client::of(script);
    assert_eq!(client.hears(3), "0 2[\"hello\"]");
    client.says(10, "0/a?token=y,").says(20, "0/zzz,");
    assert_eq!(
        client.hears(30),
        "4/a,\"authentication error\" 4/zzz,\"Invalid namespace\""
    );
}

#[test]
fn answers_come_from_other_connections_of_the_session_too() {
    let second: &[(u64, &str)] = &[
        (0, "> 40"),
        (1, "< 40{\"sid\":\"s\"}"),
        (2, "> 420[\"next\"]"),
        (3, "< 430[\"second\"]"),
        (4, "> 421[\"only\"]"),
        (5, "< 431[\"there\"]"),
    ];
    let first: &[(u64, &str)] = &[
        (0, "> 40"),
        (1, "< 40{\"sid\":\"s\"}"),
        (2, "> 420[\"next\"]"),
        (3, "< 430[\"first\"]"),
    ];
    let mut client = Client::of(session(&[(1, 4, first), (2, 4, second)]));
    client.says(0, "0");
    client.hears(1);
    for (event, reply) in [("next", "first"), ("next", "second"), ("only", "there")] {
        client.says(10, &format!("20[\"{event}\"]"));
        assert_eq!(client.hears(20), format!("30[\"{reply}\"]"));
    }
}

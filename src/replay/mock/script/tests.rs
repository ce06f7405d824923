use super::*;
use crate::replay::mock::bed::{session, session_within};
use std::time::Duration;

/// Each cue as `what: lines`, the lines with their delays in ms.
fn told(script: &Script) -> Vec<String> {
    let ms = |line: &Line| line.after / 1_000;
    script
        .cues
        .iter()
        .map(|cue| {
            let what = match &cue.what {
                What::Join { implicit: true } => format!("(join {})", cue.nsp),
                What::Join { implicit: false } => format!("join {}", cue.nsp),
                What::Event { data, asked, .. } => {
                    format!("{} {data}{}", cue.nsp, if *asked { "?" } else { "" })
                }
                What::Answer { ask } => format!("{} answer {ask}", cue.nsp),
            };
            let lines: Vec<String> = cue
                .lines
                .iter()
                .map(|line| match &line.say {
                    Say::Connected { .. } => format!("{} in", ms(line)),
                    Say::Refused { data } => {
                        format!("{} no {}", ms(line), data.as_deref().unwrap_or_default())
                    }
                    Say::Event { data, ask, .. } => match ask {
                        Some(ask) => format!("{} {data}?{ask}", ms(line)),
                        None => format!("{} {data}", ms(line)),
                    },
                    Say::Ack { data, .. } => {
                        format!("{} ack {}", ms(line), data.as_deref().unwrap_or_default())
                    }
                    Say::Disconnect => format!("{} out", ms(line)),
                    Say::End(end) => format!("{} {end:?}", ms(line)),
                })
                .collect();
            format!("{what}: {}", lines.join(", "))
        })
        .collect()
}

#[test]
fn what_the_server_says_belongs_to_the_newest_deed_in_its_namespace() {
    let script = session(&[(
        1,
        4,
        &[
            (10, "> 40"),
            (12, "> 40/a,"),
            (20, "< 40{\"sid\":\"s\"}"),
            (21, "< 40/a,{\"sid\":\"t\"}"),
            (30, "< 42[\"hello\"]"),
            (100, "> 42[\"go\",1]"),
            (110, "< 42/a,[\"seen\"]"),
            (120, "< 42[\"gone\",1]"),
            (5_100, "< 42[\"edge\"]"),
            (5_101, "< 42[\"later\"]"),
            (6_000, "> 42/a,[\"x\"]"),
            (6_001, "< 42/a,[\"y\"]"),
        ],
    )]);
    assert_eq!(
        told(&script),
        [
            "join /: 10 in, 20 [\"hello\"], 5091 [\"later\"]",
            "join /a: 9 in, 98 [\"seen\"]",
            "/ [\"go\",1]: 20 [\"gone\",1], 5000 [\"edge\"]",
            "/a [\"x\"]: 1 [\"y\"]",
        ]
    );
    let steps: &[(u64, &str)] = &[
        (0, "> 40"),
        (1, "< 40{\"sid\":\"s\"}"),
        (10, "> 42[\"go\"]"),
        (60, "< 42[\"gone\"]"),
    ];
    let tight = session_within(&[(1, 4, steps)], Duration::from_millis(49));
    assert_eq!(
        told(&tight),
        ["join /: 1 in, 60 [\"gone\"]", "/ [\"go\"]: "]
    );
}

#[test]
fn an_ack_belongs_to_its_question_whatever_came_between() {
    let script = session(&[(
        1,
        4,
        &[
            (0, "> 40"),
            (1, "< 40{\"sid\":\"s\"}"),
            (10, "> 420[\"slow\"]"),
            (20, "> 421[\"quick\"]"),
            (30, "< 431[2]"),
            (9_000, "< 430[1]"),
            (9_010, "< 430[\"again\"]"),
        ],
    )]);
    assert_eq!(
        told(&script),
        [
            "join /: 1 in",
            "/ [\"slow\"]?: 8990 ack [1]",
            "/ [\"quick\"]?: 10 ack [2]"
        ]
    );
}

#[test]
fn the_client_s_answer_to_a_question_is_a_deed_too() {
    let script = session(&[(
        1,
        4,
        &[
            (0, "> 40"),
            (1, "< 40{\"sid\":\"s\"}"),
            (5, "< 427[\"ask\"]"),
            (8, "< 428[\"ask\"]"),
            (20, "> 438[\"me\"]"),
            (25, "< 42[\"answered\"]"),
            (30, "> 4399[]"),
        ],
    )]);
    assert_eq!(
        told(&script),
        [
            "join /: 1 in, 5 [\"ask\"]?0, 8 [\"ask\"]?1",
            "/ answer 1: 5 [\"answered\"]"
        ]
    );
}

#[test]
fn refusals_silence_and_second_joins_are_kept() {
    let script = session(&[(
        1,
        4,
        &[
            (0, "> 40/a,{\"token\":\"bad\"}"),
            (3, "< 44/a,{\"message\":\"no\"}"),
            (5, "> 40/a,{\"token\":\"good\"}"),
            (6, "> 40/mute,"),
            (9, "< 40/a,{\"sid\":\"s\"}"),
            (20, "< 41/a,"),
            (30, "> 40/a,"),
            (31, "< 40/a,{\"sid\":\"t\"}"),
        ],
    )]);
    assert_eq!(
        told(&script),
        [
            "join /a: 3 no {\"message\":\"no\"}",
            "join /a: 4 in, 15 out",
            "join /mute: ",
            "join /a: 1 in"
        ]
    );
    assert_eq!(script.joins(0, "/a"), [0, 1, 3]);
    assert_eq!(script.joins(0, "/b"), [0_usize; 0]);
}

#[test]
fn generation_2_is_in_the_main_namespace_unasked() {
    let script = session(&[(
        1,
        3,
        &[
            (2, "< 40"),
            (3, "< 42[\"hello\"]"),
            (5, "> 40/a?token=x,"),
            (7, "< 40/a,"),
            (9, "> 42/a?token=x,[\"e\"]"),
        ],
    )]);
    assert_eq!(
        told(&script),
        [
            "(join /): 2 in, 3 [\"hello\"]",
            "join /a: 2 in",
            "/a [\"e\"]: "
        ]
    );
    assert_eq!(script.parts[0].version, Version::V3);
}

#[test]
fn an_end_is_the_server_s_only_where_the_client_did_not_leave() {
    let cut = "Cut";
    let close = "Close { code: None, reason: None }";
    for (steps, end) in [
        (
            &[(50, "< close 1011")][..],
            "Close { code: Some(1011), reason: None }",
        ),
        (&[(50, "< close 1005")], close),
        (&[(50, "< 1")], close),
        (&[(50, "< close"), (51, "> close"), (52, "cut")], close),
        (&[(50, "cut")], cut),
        (&[(40, "> close"), (50, "< close 1000")], ""),
        (&[(40, "> 41"), (50, "< close")], ""),
        (&[(40, "> 1"), (50, "cut")], ""),
        (&[(50, "left")], ""),
        (&[(50, "stopped")], ""),
        (&[(50, "< 2"), (90, "timeout")], "Silence"),
    ] {
        let mut all = vec![(10, "> 40"), (11, "< 40{\"sid\":\"s\"}")];
        all.extend_from_slice(steps);
        let script = session(&[(1, 4, &all)]);
        let expected = match end {
            "" => "join /: 1 in".to_owned(),
            end => format!("join /: 1 in, 40 {end}"),
        };
        assert_eq!(told(&script), [expected], "{steps:?}");
    }
}

#[test]
fn a_recording_that_begins_in_the_middle_counts_as_joined() {
    let mut reader = Reader::new(None, Duration::from_secs(5));
    use crate::journal::record::{Body, Direction, Frame, Opcode};
    for (n, (dir, data)) in [
        (Direction::ToClient, "42[\"tick\"]"),
        (Direction::ToServer, "42/a,[\"x\"]"),
    ]
    .into_iter()
    .enumerate()
    {
        let n = n as u64 + 1;
        reader.take(&crate::journal::Record {
            n,
            t: n * 1_000,
            c: Some(1),
            body: Body::Frame(Frame {
                dir,
                op: Opcode::Text,
                data: data.into(),
                code: None,
                reason: None,
                wire: None,
            }),
        });
    }
    let script = reader.finish();
    assert_eq!(
        told(&script),
        [
            "(join /): 0 in, 0 [\"tick\"]",
            "join /a: 0 in",
            "/a [\"x\"]: "
        ]
    );
    let part = &script.parts[0];
    assert_eq!((part.interval, part.timeout), (25_000_000, 20_000_000));
}

#[test]
fn each_client_of_a_protocol_begins_with_the_first_part_that_was_answered() {
    let joined: &[(u64, &str)] = &[(0, "> 40"), (1, "< 40{\"sid\":\"s\"}")];
    let script = session(&[
        (1, 4, &[(0, "> 40")]),
        (2, 3, &[(0, "< 40")]),
        (3, 4, joined),
        (4, 4, joined),
    ]);
    assert_eq!(script.opening(Version::V4), Some(2));
    assert_eq!(script.opening(Version::V3), Some(1));
    assert_eq!(script.parts_of(Version::V4).collect::<Vec<_>>(), [0, 2, 3]);
    assert_eq!(script.path, "/socket.io");
    // A namespace that a part does not know is played from the first that does.
    assert_eq!(script.joins(1, "/"), [1]);
    assert_eq!(script.joins(3, "/"), [3]);
}

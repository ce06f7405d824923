use super::*;

fn cut_after(silent_ms: f64, lived_ms: f64) -> Fate {
    Fate::Cut {
        how: "HTTP 504 from nginx".to_owned(),
        silent_ms,
        lived_ms,
        gone: false,
        evidence: vec![3],
    }
}

fn lived(late_ms: f64) -> Fate {
    Fate::Lived {
        beats: 3,
        late_ms,
        evidence: vec![4],
    }
}

#[test]
fn a_cut_in_silence_is_an_idle_time_and_one_among_pings_is_an_age() {
    let silent = cut(&cut_after(3_010.0, 3_020.0), &lived(0.0), 25_000).unwrap();
    assert_eq!(silent.rule, "proxy-idle-timeout");
    assert_eq!(silent.title, "Something cuts what is silent for 3 s");
    let aged = cut(&cut_after(24_900.0, 60_100.0), &lived(0.0), 25_000).unwrap();
    assert_eq!(aged.rule, "connection-lifetime");
    assert!(aged.title.contains("60 s"), "{}", aged.title);
    assert_eq!(cut(&lived(0.0), &lived(0.0), 25_000), None);
}

#[test]
fn a_late_ping_of_a_live_connection_is_the_servers() {
    let outcome = judged(&lived(4_000.0), &lived(10.0), 60_000, 25_000, None);
    assert_eq!(outcome.finding.unwrap().rule, "blocked-event-loop");
    let outcome = judged(&lived(20.0), &lived(10.0), 60_000, 25_000, None);
    assert_eq!(outcome.check.verdict, Verdict::Ok);
}

#[test]
fn a_server_that_went_away_is_no_idle_time() {
    let gone = Gone {
        how: "a handshake right after it got HTTP 502".to_owned(),
        evidence: [8, 9],
    };
    let cut = cut_after(400.0, 400.0);
    let outcome = judged(&cut, &cut, 60_000, 25_000, Some(&gone));
    let finding = outcome.finding.unwrap();
    assert_eq!(finding.rule, "restarted-or-killed-session");
    assert_eq!(finding.evidence, [3, 8, 9]);
    assert!(finding.why.contains("HTTP 502"), "{}", finding.why);
}

#[test]
fn who_reaches_no_server_or_another_one_says_that_it_is_gone() {
    let answer = |status, body: &'static str| Answer {
        status,
        body: bytes::Bytes::from_static(body.as_bytes()),
        ..Answer::default()
    };
    let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
    assert!(says_gone(&answer(400, unknown)));
    assert!(says_gone(&answer(502, "<center>nginx</center>")));
    assert!(!says_gone(&answer(504, "<center>nginx</center>")));
    assert!(!says_gone(&answer(
        400,
        r#"{"code":3,"message":"Bad request"}"#
    )));
}

//! No secret of a session survives redaction, in no format and in no form.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use serde_json::json;

use super::{export, text};
use crate::lab::{Generation, Lab, Sioscope};

const FORMATS: [&str; 5] = ["har", "jsonl", "text", "markdown", "artillery"];

/// A token with characters that each encoding writes in its own way.
const AUTH: &str = "auth/tök+en \"1\"";
const QUERY: &str = "query-t0ken-Zx81";
const HEADER: &str = "header.t0ken~Spectrum";
const COOKIE: &str = "cookie-t0ken-C64";
const PAYLOAD: &str = "pass-wörd & amiga";
const KEY: &str = "k3y-atari";
const PIN: &str = "73911";

const SECRETS: [&str; 7] = [AUTH, QUERY, HEADER, COOKIE, PAYLOAD, KEY, PIN];

/// The forms in which a value may stand.
fn forms(secret: &str) -> Vec<String> {
    let quoted = serde_json::to_string(secret).expect("JSON");
    let quoted = quoted.trim_matches('"').to_owned();
    let twice = serde_json::to_string(&quoted).expect("JSON");
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let component = form.replace('+', "%20");
    let mut forms = vec![
        secret.to_owned(),
        quoted,
        twice.trim_matches('"').to_owned(),
        form,
        component,
    ];
    // Base64 looks otherwise at each of three places; the middle of it does not change.
    for skip in 0..3 {
        let padded = [&vec![b' '; skip], secret.as_bytes()].concat();
        let whole = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&padded);
        let end = whole.len().saturating_sub(2);
        forms.push(whole[(skip * 4).div_ceil(3) + 1..end].to_owned());
        forms.push(
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&padded)
                [(skip * 4).div_ceil(3) + 1..end]
                .to_owned(),
        );
    }
    forms
}

/// Records a session that is full of secrets.
fn record(generation: Generation, transports: &str, file: &Path) {
    let server = Lab::server(generation, json!({ "token": AUTH, "requests": true }));
    // Generation 2 has no auth payload but a query behind the namespace.
    let admin = match generation.eio() {
        3 => {
            let token: String = url::form_urlencoded::byte_serialize(AUTH.as_bytes()).collect();
            format!("/admin?token={token}&pin={PIN}")
        }
        _ => format!("/admin={}", json!({ "token": AUTH, "pin": 73911 })),
    };
    let query = format!("access_token={QUERY}");
    let header = format!("Authorization: Bearer {HEADER}");
    let cookie = format!("sess={COOKIE}");
    let eio = generation.eio().to_string();
    let run = Sioscope::stream(
        &server.url(),
        &[
            "-n",
            "/",
            "-n",
            &admin,
            "-q",
            &query,
            "-H",
            &header,
            "-b",
            &cookie,
            "--eio",
            &eio,
            "--transports",
            transports,
            "--record",
            text(file),
        ],
    );
    run.say(json!({ "wait": { "namespace": "/admin" } }));
    for emit in [
        json!(["echo", { "password": PAYLOAD, "apiKey": KEY }, format!("again {PAYLOAD}")]),
        json!([
            "echo",
            format!("https://x.example/?t={AUTH}"),
            json!({ "token": AUTH }).to_string()
        ]),
        json!(["echo", QUERY, HEADER, COOKIE, format!("pin {PIN}.")]),
        json!(["echo", { "$binary": base64::engine::general_purpose::STANDARD.encode(format!("bytes {AUTH} {KEY}")) }]),
        json!([
            "echo",
            base64::engine::general_purpose::STANDARD.encode(format!("{{\"a\":\"{KEY}\"}}"))
        ]),
    ] {
        run.say(json!({ "emit": emit, "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
    }
    run.say(json!({ "mark": format!("the password is {PAYLOAD}") }));
    run.say(json!({ "disconnect": true }));
    let done = run.finish();
    assert_eq!(done.code, Some(0), "{done:?}");
}

#[track_caller]
fn none_survives(file: &Path, generation: Generation) {
    for format in FORMATS {
        if format == "artillery" && generation.eio() == 3 {
            continue;
        }
        let (masked, talk) = export(file, format, &["--redact"]);
        for secret in SECRETS {
            for form in forms(secret) {
                assert!(
                    !masked.contains(&form),
                    "{format}: {secret:?} as {form:?} in\n{masked}"
                );
            }
        }
        for name in [
            "auth.token",
            "query.access_token",
            "cookie.sess",
            "payload.password",
        ] {
            assert!(talk.contains(&format!("masked {name} ")), "{name}: {talk}");
        }
    }
    // The test would be worth nothing if they were not there before.
    let (open, talk) = export(file, "har", &["--no-redact"]);
    assert!(talk.contains("nothing was masked"), "{talk}");
    for secret in SECRETS {
        let found = forms(secret).iter().any(|form| open.contains(form));
        assert!(found, "{secret:?} is in the session");
    }
}

#[test]
fn no_secret_survives_over_polling_and_the_upgrade() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secrets.sio.jsonl");
    record(Generation::V4, "polling,websocket", &file);
    none_survives(&file, Generation::V4);
}

#[test]
fn no_secret_survives_in_generation_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secrets.sio.jsonl");
    record(Generation::V2, "polling", &file);
    none_survives(&file, Generation::V2);
}

#[test]
fn by_default_all_but_jsonl_are_masked_and_exceptions_are_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secrets.sio.jsonl");
    record(Generation::V4, "websocket", &file);
    for format in FORMATS {
        let (out, _) = export(&file, format, &[]);
        assert_eq!(out.contains(QUERY), format == "jsonl", "{format}");
    }
    let (out, talk) = export(
        &file,
        "har",
        &["--keep", "query.access_token", "--keep", "nobody"],
    );
    assert!(out.contains(QUERY) && !out.contains(COOKIE));
    assert!(
        talk.contains("--keep nobody: there is nothing of that name"),
        "{talk}"
    );
    assert!(!talk.contains("access_token"), "{talk}");
    // Into a file that nobody else reads, and never over the session itself.
    let out = folder.path().join("out.md");
    export(&file, "markdown", &["-o", text(&out)]);
    assert!(
        fs::read_to_string(&out)
            .expect("written")
            .contains("Socket.IO session")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&out)
            .expect("its metadata")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // What is there stays, unless it is to be replaced.
    let again = ["export", text(&file), "-f", "har", "-o", text(&out)];
    let refused = Sioscope::run(&again);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("is there already"), "{refused:?}");
    assert!(
        fs::read_to_string(&out)
            .expect("as it was")
            .contains("Socket.IO session")
    );
    export(&file, "har", &["-o", text(&out), "--force"]);
    assert!(fs::read_to_string(&out).expect("replaced").starts_with('{'));
    let both = Sioscope::run(&[
        "export",
        text(&file),
        "-f",
        "har",
        "--redact",
        "--no-redact",
    ]);
    assert_eq!(both.code, Some(2), "{both:?}");
    let itself = Sioscope::run(&["export", text(&file), "-f", "har", "-o", text(&file)]);
    assert_eq!(itself.code, Some(2), "{itself:?}");
}

//! Servers behind a real nginx.

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::json;

use super::{Examined, doctor};
use crate::lab::{Generation, Sioscope, Site, free_port};
use crate::nginx::configurations as config;
use crate::nginx::stage::{GENERATIONS, Stage};

#[track_caller]
fn behind(stage: &Stage, args: &[&str]) -> Examined {
    doctor(&[&[stage.nginx.url().as_str()], args].concat())
}

#[test]
fn sound_configurations_are_sound() {
    for generation in GENERATIONS {
        let plain = Stage::new(generation, 1, &json!({}), config::plain);
        behind(&plain, &[]).is_sound();
        let sticky = Stage::new(generation, 2, &json!({}), config::ip_hash);
        behind(&sticky, &[]).is_sound();
    }
}

#[test]
fn round_robin_is_named_with_the_line_that_ends_it() {
    for generation in GENERATIONS {
        let stage = Stage::new(generation, 2, &json!({}), config::round_robin);
        let examined = behind(&stage, &[]);
        examined.finds(1, &["no-sticky-session"]);
        examined.says("stickiness", "fail", &["code 1"]);
        examined.says("websocket", "ok", &[]);
        // Of the poll that waits and the WebSocket one always goes astray.
        examined.says("upgrade", "fail", &["first failing step", "code 1"]);
        let lost = |asked: &&serde_json::Value| {
            asked["what"] == "the poll that waits" && asked["status"] == 400
        };
        if examined.list("requests").iter().any(|asked| lost(&asked)) {
            examined.says("upgrade", "fail", &["the poll that waits"]);
        }
        assert!(examined.fix("no-sticky-session").contains("ip_hash;"));
        // WebSocket alone needs no stickiness.
        behind(&stage, &["--transports", "websocket"]).finds(0, &[]);
    }
}

#[test]
fn stickiness_by_cookie_holds_for_browsers_and_not_for_those_without_cookies() {
    let stage = Stage::new(Generation::V4, 4, &json!({}), config::hash_by_cookie);
    let examined = behind(&stage, &[]);
    examined.finds(0, &["cookies-lost"]);
    examined.says("stickiness", "ok", &[]);
    examined.says("cookies", "warn", &["route", "code 1"]);
    assert!(examined.fix("cookies-lost").contains("withCredentials"));
}

#[test]
fn a_swallowed_upgrade_is_named() {
    for generation in GENERATIONS {
        for site in [
            config::without_upgrade_headers as fn(&[u16]) -> Site,
            config::with_connection_and_no_upgrade,
        ] {
            let stage = Stage::new(generation, 1, &json!({}), site);
            let examined = behind(&stage, &[]);
            examined.finds(1, &["upgrade-header-swallowed"]);
            examined.says("polling", "ok", &[]);
            examined.says("websocket", "fail", &["code 3"]);
            examined.says("upgrade", "fail", &["first failing step: the WebSocket"]);
            assert!(
                examined
                    .fix("upgrade-header-swallowed")
                    .contains("proxy_set_header Upgrade")
            );
        }
    }
}

#[test]
fn an_idle_time_that_is_too_short_is_waited_out_and_named() {
    for generation in GENERATIONS {
        let stage = Stage::new(generation, 1, &json!({}), |ports| {
            config::read_timeout("3s", ports)
        });
        let examined = behind(&stage, &["--idle=10s"]);
        examined.finds(1, &["proxy-idle-timeout"]);
        examined.says(
            "idle",
            "fail",
            &["WebSocket cut after 3.", "504 from nginx"],
        );
        assert!(
            examined
                .fix("proxy-idle-timeout")
                .contains("proxy_read_timeout")
        );
    }
}

#[test]
fn a_limit_for_bodies_is_named() {
    for generation in GENERATIONS {
        let stage = Stage::new(generation, 1, &json!({}), config::small_bodies);
        let examined = behind(&stage, &[]);
        examined.finds(1, &["payload-too-large"]);
        examined.says("max-payload", "fail", &["2,048 bytes", "413 from nginx"]);
        assert!(
            examined
                .fix("payload-too-large")
                .contains("client_max_body_size")
        );
    }
}

#[test]
fn a_server_under_a_prefix_is_found_by_the_urls_path() {
    let stage = Stage::new(Generation::V4, 1, &json!({}), config::under_a_prefix);
    let url = format!("{}/app", stage.nginx.url());
    let examined = doctor(&[&url, "-n", "/"]);
    examined.finds(1, &["wrong-path"]);
    examined.says("path", "fail", &["404", "/app/socket.io/"]);
    examined.says("upgrade", "ok", &[]);
    assert!(examined.fix("wrong-path").contains("--path /app/socket.io"));
}

#[test]
fn a_redirect_is_told_with_its_place_and_without_its_query() {
    let stage = Stage::new(Generation::V4, 0, &json!({}), |_| Site {
        http: String::new(),
        server: "return 301 https://example.test$request_uri;".to_owned(),
    });
    let examined = behind(&stage, &["-q", "token=s3cret"]);
    examined.finds(1, &["proxy-status-page"]);
    examined.says("path", "fail", &["301", "https://example.test/socket.io/"]);
    assert!(examined.fix("proxy-status-page").contains("https://"));
    assert!(!examined.report.to_string().contains("s3cret"));
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_told_and_can_be_waved_through() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    // As `openssl req -x509` does, after every guide.
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let cert = params.self_signed(&key).expect("a certificate");
    let (pem, key_pem) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&pem, cert.pem()).expect("a file");
    std::fs::write(&key_pem, key.serialize_pem()).expect("a file");
    let port = free_port();
    let stage = Stage::new(Generation::V4, 1, &json!({}), |ports| {
        let mut site = config::plain(ports);
        site.server = format!(
            "listen 127.0.0.1:{port} ssl;\nssl_certificate {};\nssl_certificate_key {};\n{}",
            pem.display(),
            key_pem.display(),
            site.server
        );
        site
    });
    let url = format!("https://127.0.0.1:{port}");
    let refused = doctor(&[&url]);
    refused.finds(3, &["tls-failure"]);
    refused.says("tls", "fail", &["self-signed"]);
    refused.says("tcp", "ok", &[]);
    let stream = Sioscope::stream(&url, &["--no-reconnect"]);
    let told = stream.wait_for(|record| record["rule"] == "tls-failure");
    assert_eq!(
        refused.of_findings("title"),
        [told["title"].as_str().expect("a title")]
    );
    assert!(!refused.report.to_string().contains("CaUsedAsEndEntity"));

    let waved = doctor(&[&url, "-k"]);
    waved.finds(0, &["tls-failure"]);
    waved.says("tls", "warn", &["TLS 1.", "not trusted"]);
    waved.says("upgrade", "ok", &[]);

    let trusted = doctor(&[&url, "--cacert", &pem.display().to_string()]);
    trusted.is_sound();
    trusted.says("tls", "ok", &["signed by itself", "more days"]);

    let plain = format!("http://127.0.0.1:{port}");
    let examined = doctor(&[&plain]);
    assert_eq!(examined.code, Some(1), "{:#}", examined.report);
    assert!(
        examined.rules().contains(&"tls-failure"),
        "{:#}",
        examined.report
    );
    drop(stage);
}

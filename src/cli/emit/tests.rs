//! What an `emit` command line sends.

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    emit: EmitArgs,
}

fn plan(args: &[&str]) -> Result<Plan, String> {
    let line = Line::try_parse_from(["x", "http://h"].iter().chain(args))
        .map_err(|error| error.to_string())?;
    line.emit.plan().map_err(|error| error.0)
}

fn sent(args: &[&str]) -> String {
    plan(args)
        .unwrap_or_else(|error| panic!("{args:?}: {error}"))
        .emit
        .args
}

#[test]
fn an_argument_is_json_if_it_parses_and_text_otherwise() {
    for (args, array) in [
        (vec!["ev"], r#"["ev"]"#),
        (vec!["ev", "hello"], r#"["ev","hello"]"#),
        (
            vec!["ev", "42", "-5", "1.50", "true", "null"],
            r#"["ev",42,-5,1.50,true,null]"#,
        ),
        (vec!["ev", "\"42\""], r#"["ev","42"]"#),
        (
            vec!["ev", r#"{"b":1,"a":[2]}"#],
            r#"["ev",{"b":1,"a":[2]}]"#,
        ),
        (
            vec!["ev", "{bad", "with \"quotes\""],
            r#"["ev","{bad","with \"quotes\""]"#,
        ),
        (
            vec!["ev", "--string", "42", "null"],
            r#"["ev","42","null"]"#,
        ),
        (vec!["ev", ""], r#"["ev",""]"#),
        (
            vec!["ev", r#"{"$binary":"AQID"}"#],
            r#"["ev",{"$binary":"AQID"}]"#,
        ),
        (vec!["naïve \"name\""], r#"["naïve \"name\""]"#),
    ] {
        assert_eq!(sent(&args), array, "{args:?}");
    }
}

#[test]
fn files_are_added_as_binary_after_the_arguments() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [1, 2, 3]).unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(
        sent(&["ev", "x", "--binary", path]),
        r#"["ev","x",{"$binary":"AQID"}]"#
    );
}

#[test]
fn mistakes_are_refused_with_the_argument_number() {
    for (args, part) in [
        (
            vec!["ev", "1", "{bad", "--json"],
            "argument 2: not JSON at line 1, column 2",
        ),
        (vec!["ev", r#"{"$binary":"?"}"#], "argument 1: $binary"),
        (vec!["ev", "--binary", "/no/such/file"], "/no/such/file"),
        (vec!["ev", "--json", "--string", "1"], "--string"),
    ] {
        let error = plan(&args).expect_err("taken");
        assert!(error.contains(part), "{args:?}: {error}");
    }
}

#[test]
fn the_ack_has_five_seconds_unless_told_otherwise() {
    let told = |args: &[&str]| plan(args).unwrap().emit.timeout_ms;
    assert_eq!(told(&["ev"]), None);
    assert_eq!(told(&["ev", "--ack"]), Some(5_000));
    assert_eq!(told(&["ev", "--ack", "--ack-timeout", "250"]), Some(250));
    assert_eq!(told(&["ev", "--ack", "--profile", "python"]), Some(60_000));
}

#[test]
fn it_tries_once_unless_told_otherwise() {
    assert!(!plan(&["ev"]).unwrap().options.reconnection.enabled);
    assert!(
        plan(&["ev", "--reconnection-attempts", "3"])
            .unwrap()
            .options
            .reconnection
            .enabled
    );
    let never = ["ev", "--reconnection-attempts", "3", "--no-reconnect"];
    assert!(!plan(&never).unwrap().options.reconnection.enabled);
}

#[test]
fn it_goes_to_the_first_namespace() {
    assert_eq!(plan(&["ev"]).unwrap().emit.nsp, "/");
    assert_eq!(
        plan(&["ev", "-n", "/chat", "-n", "/"]).unwrap().emit.nsp,
        "/chat"
    );
}

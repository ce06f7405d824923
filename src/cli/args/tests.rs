//! What a command line means, as a table.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::{Exit, Headless, Invocation, Opening, Task, parse, sessions};
use crate::scope::Record;

fn parsed(line: &str) -> Result<Invocation, Exit> {
    parse(
        std::iter::once("sioscope")
            .chain(line.split_whitespace())
            .map(OsString::from),
    )
}

fn task(line: &str) -> Task {
    parsed(line)
        .unwrap_or_else(|exit| panic!("{line}: {exit:?}"))
        .task
}

#[test]
fn a_url_alone_opens_the_screen_on_it() {
    match task("http://localhost:3000/chat --no-record") {
        Task::Screen(Opening::Connect(options, record)) => {
            assert_eq!(options.namespaces[0].nsp, "/chat");
            assert_eq!(record, Record::Off);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_at_all_opens_the_connect_dialog_with_the_options_given() {
    match task("--readonly --path /ws") {
        Task::Screen(Opening::Ask(options, Record::Default)) => {
            assert!(options.readonly);
            assert_eq!(options.path, "/ws");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn variables_are_for_the_drafts_of_a_screen_that_can_send_them() {
    for line in [
        "--var user=ann",
        "http://localhost:3000 --var user=ann",
        "tap http://localhost:3000 --var user=ann",
    ] {
        let variables = parsed(line).unwrap().variables;
        assert!(variables.knows("user"), "{line}");
    }
    for line in [
        "http://localhost:3000 --var user",
        "http://localhost:3000 --env no-such-file",
        "tap http://localhost:3000 --headless --var user=ann",
    ] {
        assert_eq!(parsed(line).err(), Some(Exit::Usage), "{line}");
    }
}

#[test]
fn open_shows_a_file() {
    match task("open a.sio.jsonl") {
        Task::Screen(Opening::Files(files)) => assert_eq!(files, [PathBuf::from("a.sio.jsonl")]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn demo_is_the_screen_unless_it_is_headless() {
    assert!(matches!(task("demo"), Task::Screen(Opening::Demo(_))));
    match task("demo --headless --listen 0.0.0.0:4000 --for 2m") {
        Task::Headless(Headless::Demo(plan)) => {
            assert_eq!(plan.settings.listen, "0.0.0.0:4000");
            assert_eq!(plan.time, Some(Duration::from_secs(120)));
        }
        other => panic!("{other:?}"),
    }
    match task("demo --headless --listen 4000") {
        Task::Headless(Headless::Demo(plan)) => assert_eq!(plan.settings.listen, "127.0.0.1:4000"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn stream_takes_its_own_options_and_those_of_the_connection() {
    match task("stream ws://h:1 --quiet --for 10s --record f.sio.jsonl --transports websocket") {
        Task::Headless(Headless::Stream(plan)) => {
            assert!(plan.quiet);
            assert_eq!(plan.time, Some(Duration::from_secs(10)));
            assert_eq!(plan.record, Record::File(PathBuf::from("f.sio.jsonl")));
            assert_eq!(plan.options.transports.len(), 1);
            assert_eq!(plan.options.url.as_str(), "http://h:1/");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_small_commands_are_known() {
    assert!(matches!(task("keys"), Task::Keys));
    assert!(matches!(task("themes"), Task::Themes(None)));
    assert!(matches!(task("themes dark"), Task::Themes(Some(name)) if name == "dark"));
    assert!(matches!(
        task("completions fish"),
        Task::Headless(Headless::Completions(_))
    ));
    assert!(matches!(task("man"), Task::Headless(Headless::Man(None))));
    assert!(matches!(
        task("sessions"),
        Task::Headless(Headless::Sessions(sessions::Plan {
            task: sessions::Task::List { full: false },
            ..
        }))
    ));
    assert!(matches!(
        task("sessions path"),
        Task::Headless(Headless::Sessions(sessions::Plan {
            task: sessions::Task::Path,
            ..
        }))
    ));
}

#[test]
fn the_log_option_works_for_the_screen_and_after_every_command() {
    for line in [
        "http://h --log l",
        "stream http://h --log l",
        "demo --log l",
        "keys --log l",
    ] {
        let Ok(invocation) = parsed(line) else {
            panic!("{line}")
        };
        assert_eq!(invocation.log, Some(PathBuf::from("l")), "{line}");
    }
}

#[test]
fn a_mistake_is_exit_code_2_and_help_is_0() {
    for line in [
        "stream",
        "stream http://h --no-such-option",
        "stream http://h --eio 5",
        "stream http://h --transports carrier-pigeon",
        "stream http://h --record a --no-record",
        "stream http://h --for soon",
        "stream http://h --reconnection-delay -1",
        "stream http://h --randomization-factor 2",
        "stream http://h --driver rust_socketio --eio 3",
        "stream ftp://h",
        "stream http://h --auth {bad",
        "stream http://h --cacert /no/such/file",
        "emit http://h",
        "strem",
        "replay a",
        "demo --for 1s",
        "demo --listen nowhere",
        "completions tcsh-ish",
        "http://h stream",
    ] {
        assert_eq!(parsed(line).err(), Some(Exit::Usage), "{line}");
    }
    assert_eq!(parsed("--help").err(), Some(Exit::Done));
    assert_eq!(parsed("stream --help").err(), Some(Exit::Done));
    assert_eq!(parsed("--version").err(), Some(Exit::Done));
}

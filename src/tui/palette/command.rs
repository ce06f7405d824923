//! Commands as they are typed: a word and its arguments.

use crate::faults::{Fault, FaultError};
use crate::tui::action::Action;
use crate::tui::json;

use super::place::{self, Place};

/// A command with its arguments, as typed; being typed, it is not asked about again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// `connect URL`
    Connect(String),
    /// `join NSP [AUTH]`
    Join {
        /// Namespace with its leading `/`.
        nsp: String,
        /// Auth as JSON.
        auth: Option<String>,
    },
    /// `leave NSP`
    Leave(String),
    /// `break FAULT`
    Break(Fault),
    /// `break clear`
    ClearFaults,
    /// `filter …`; empty takes the filter away.
    Filter(String),
    /// `mark TEXT`
    Mark(String),
    /// `theme NAME`
    Theme(String),
    /// `save PATH`
    Save(String),
    /// `open PATH`
    Open(String),
    /// `draft NAME`; empty where none was named.
    Draft(String),
    /// `save_draft NAME [FILE]`
    SaveDraft {
        /// The draft's name.
        name: String,
        /// The file of drafts.
        file: Option<String>,
    },
    /// `goto PLACE`
    Goto(Place),
    /// An action's name (`quit`, `disconnect`, …): done without asking.
    Action(Action),
}

/// How a command is written.
#[derive(Debug, PartialEq)]
pub struct Usage {
    /// The word and its arguments.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Whether `--readonly` takes it away.
    pub acts_on_server: bool,
}

impl Usage {
    /// The word alone.
    pub fn word(&self) -> &'static str {
        self.name.split(' ').next().unwrap_or(self.name)
    }
}

/// The commands that take arguments.
pub const USAGES: [Usage; 12] = [
    Usage {
        name: "connect URL",
        about: "Connect to another server",
        acts_on_server: false,
    },
    Usage {
        name: "join NSP [AUTH]",
        about: "Join a namespace, with auth as JSON where it needs some",
        acts_on_server: true,
    },
    Usage {
        name: "leave NSP",
        about: "Leave a namespace",
        acts_on_server: true,
    },
    Usage {
        name: "break FAULT",
        about: "Make something fail at once (drop, delay:200 …); break clear ends it",
        acts_on_server: true,
    },
    Usage {
        name: "draft NAME",
        about: "Load a draft from a file of drafts into the composer",
        acts_on_server: true,
    },
    Usage {
        name: "save_draft NAME [FILE]",
        about: "Save the selected event as a draft; a FILE ends with .toml",
        acts_on_server: false,
    },
    Usage {
        name: "filter [FILTER]",
        about: "Show only the rows that fit; without a filter, all",
        acts_on_server: false,
    },
    Usage {
        name: "goto PLACE",
        about: "Go to a record (#1203), a time of day (12:03:04.5), a time since the start (+90s)",
        acts_on_server: false,
    },
    Usage {
        name: "mark TEXT",
        about: "Leave a mark with a text in the journal",
        acts_on_server: false,
    },
    Usage {
        name: "theme NAME",
        about: "Draw with another theme",
        acts_on_server: false,
    },
    Usage {
        name: "save PATH",
        about: "Save the session to a file",
        acts_on_server: false,
    },
    Usage {
        name: "open PATH",
        about: "Open a saved session",
        acts_on_server: false,
    },
];

/// What is wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Byte offset in the line.
    pub at: usize,
    /// What is wrong and what to write.
    pub what: String,
}

/// Reads a command line. `None` where its first word is neither a command with arguments nor an
/// action's name.
pub fn parse(line: &str, readonly: bool) -> Result<Option<Typed>, Wrong> {
    let start = line.len() - line.trim_start().len();
    let trimmed = line.trim();
    let (word, rest) = match trimmed.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (trimmed, ""),
    };
    // Where the arguments begin: they are the end of the trimmed line.
    let at = start + trimmed.len() - rest.len();
    let wrong = |at, what: &str| {
        Err(Wrong {
            at,
            what: what.to_owned(),
        })
    };
    let usage = USAGES.iter().find(|u| u.word() == word);
    let action = match word {
        "q" | "q!" => Some(Action::Quit),
        _ => Action::named(word),
    };
    let acts = match (rest.is_empty(), action, usage) {
        (true, Some(action), _) => action.acts_on_server(),
        (_, _, usage) => usage.is_some_and(|u| u.acts_on_server),
    };
    if readonly && acts {
        return wrong(
            start,
            "read-only: this session takes nothing that acts on the server",
        );
    }
    if rest.is_empty() {
        return match (word, action) {
            ("filter", _) => Ok(Some(Typed::Filter(String::new()))),
            // Behind the space a name was to be written; without it the action is meant.
            ("draft", _) if line.ends_with(char::is_whitespace) => {
                Ok(Some(Typed::Draft(String::new())))
            }
            (_, Some(action)) => Ok(Some(Typed::Action(action))),
            ("theme", _) => wrong(start + word.len(), "write a theme's name after it"),
            ("save_draft", _) => wrong(start + word.len(), "write a name for the draft after it"),
            _ => Ok(None),
        };
    }
    let text = rest.to_owned();
    Ok(Some(match word {
        "connect" => Typed::Connect(text),
        "join" => {
            let (nsp, auth) = match rest.split_once(char::is_whitespace) {
                Some((nsp, auth)) => (nsp, auth.trim_start()),
                None => (rest, ""),
            };
            let auth_at = at + rest.len() - auth.len();
            let auth = match auth.is_empty() {
                true => None,
                false => Some(json::value(auth).map_err(|e| Wrong {
                    at: auth_at + e.at,
                    what: e.what,
                })?),
            };
            Typed::Join {
                nsp: slashed(nsp),
                auth,
            }
        }
        "leave" => match rest.find(char::is_whitespace) {
            Some(space) => return wrong(at + space, "leave takes one namespace"),
            None => Typed::Leave(slashed(rest)),
        },
        "break" if rest == "clear" => Typed::ClearFaults,
        "break" => Typed::Break(rest.parse().map_err(|error: FaultError| Wrong {
            at,
            what: error.to_string(),
        })?),
        "draft" => Typed::Draft(text),
        "save_draft" => {
            let (name, file) = named(rest).map_err(|(within, what)| Wrong {
                at: at + within,
                what: what.to_owned(),
            })?;
            Typed::SaveDraft { name, file }
        }
        "filter" => Typed::Filter(text),
        "goto" => match place::parse(rest) {
            Some(place) => Typed::Goto(place),
            None => return wrong(at, &format!("goto takes {}", place::FORMS)),
        },
        "mark" => Typed::Mark(text),
        "theme" => Typed::Theme(text),
        "save" => Typed::Save(text),
        "open" => Typed::Open(text),
        _ if action.is_some() => {
            return Err(Wrong {
                at,
                what: format!("{word} takes nothing after it"),
            });
        }
        _ => return Ok(None),
    }))
}

/// A draft's name, and a file behind it: the last word where that ends with `.toml`. In double
/// quotes the name is a JSON text.
fn named(text: &str) -> Result<(String, Option<String>), (usize, &'static str)> {
    let (name, file) = if text.starts_with('"') {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let Some(Ok(name)) = values.next() else {
            return Err((0, "the name has no closing quote, or an unknown \\"));
        };
        let end = values.byte_offset();
        let rest = text.get(end..).unwrap_or_default();
        let file = rest.trim();
        if !file.is_empty() && (!file.ends_with(".toml") || file.len() == rest.len()) {
            return Err((
                end,
                "behind the name stands a file, whose name ends with .toml",
            ));
        }
        (name, file)
    } else {
        let (before, last) = text.rsplit_once(char::is_whitespace).unwrap_or((text, ""));
        match last.ends_with(".toml") {
            true => (before.trim_end().to_owned(), last),
            false => (text.to_owned(), ""),
        }
    };
    match name.trim() {
        "" => Err((0, "a draft has a name")),
        name => Ok((name.to_owned(), (!file.is_empty()).then(|| file.to_owned()))),
    }
}

fn slashed(nsp: &str) -> String {
    match nsp.starts_with('/') {
        true => nsp.to_owned(),
        false => format!("/{nsp}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_their_arguments() {
        let join = |nsp: &str, auth: Option<&str>| Typed::Join {
            nsp: nsp.into(),
            auth: auth.map(str::to_owned),
        };
        let kept = |name: &str, file: Option<&str>| Typed::SaveDraft {
            name: name.into(),
            file: file.map(str::to_owned),
        };
        let cases = [
            (
                "connect http://a:1",
                Some(Typed::Connect("http://a:1".into())),
            ),
            ("connect", Some(Typed::Action(Action::Connect))),
            ("join /chat", Some(join("/chat", None))),
            ("join chat", Some(join("/chat", None))),
            (
                "join /a {\"token\": \"x y\"}",
                Some(join("/a", Some("{\"token\":\"x y\"}"))),
            ),
            ("leave /chat ", Some(Typed::Leave("/chat".into()))),
            ("leave", Some(Typed::Action(Action::Leave))),
            (
                "filter ns:/a | ev:b",
                Some(Typed::Filter("ns:/a | ev:b".into())),
            ),
            ("filter", Some(Typed::Filter(String::new()))),
            ("break drop", Some(Typed::Break(Fault::Drop))),
            ("break delay:200", Some(Typed::Break(Fault::Delay(200)))),
            ("break clear", Some(Typed::ClearFaults)),
            ("break", Some(Typed::Action(Action::Break))),
            (
                " mark  before  deploy ",
                Some(Typed::Mark("before  deploy".into())),
            ),
            ("draft", Some(Typed::Action(Action::Draft))),
            ("draft ", Some(Typed::Draft(String::new()))),
            ("draft log in", Some(Typed::Draft("log in".into()))),
            ("save_draft log in", Some(kept("log in", None))),
            ("save_draft a.toml", Some(kept("a.toml", None))),
            (
                "save_draft log in  chat.toml ",
                Some(kept("log in", Some("chat.toml"))),
            ),
            (
                "save_draft \"a.toml \\\"é\" my chat.toml",
                Some(kept("a.toml \"é", Some("my chat.toml"))),
            ),
            ("goto #12", Some(Typed::Goto(Place::Record(12)))),
            ("goto +2s", Some(Typed::Goto(Place::Since(2_000_000)))),
            ("theme light", Some(Typed::Theme("light".into()))),
            (
                "save /tmp/a b.sio.jsonl",
                Some(Typed::Save("/tmp/a b.sio.jsonl".into())),
            ),
            ("open x", Some(Typed::Open("x".into()))),
            ("quit", Some(Typed::Action(Action::Quit))),
            ("q", Some(Typed::Action(Action::Quit))),
            ("disconnect", Some(Typed::Action(Action::Disconnect))),
            ("nonsense", None),
            ("non sense", None),
            ("", None),
        ];
        for (line, typed) in cases {
            assert_eq!(parse(line, false), Ok(typed), "{line:?}");
        }
    }

    #[test]
    fn mistakes_are_pointed_at() {
        let cases = [
            ("join /a {token}", 9, "in double quotes"),
            ("  join /a {\"t\":}", 15, "expected a value"),
            ("leave /a /b", 8, "one namespace"),
            ("theme", 5, "theme's name"),
            ("save_draft", 10, "a name for the draft"),
            ("save_draft \"a", 11, "no closing quote"),
            ("save_draft \"\" a.toml", 11, "has a name"),
            ("save_draft \"a\" b", 14, "ends with .toml"),
            ("save_draft \"a\"b.toml", 14, "ends with .toml"),
            ("goto tomorrow", 5, "a record (#1203)"),
            ("break drap", 6, "there is no fault"),
            ("break close:7", 6, "close:CODE"),
            ("disconnect now", 11, "nothing after it"),
        ];
        for (line, at, said) in cases {
            let wrong = parse(line, false).expect_err(line);
            assert_eq!(wrong.at, at, "{line}: {}", wrong.what);
            assert!(wrong.what.contains(said), "{line}: {}", wrong.what);
        }
    }

    #[test]
    fn read_only_refuses_what_acts_on_the_server_only() {
        for line in [
            "join /a",
            "leave /a",
            "disconnect",
            "leave",
            "draft",
            "draft x",
            "break drop",
            "break",
        ] {
            assert!(parse(line, true).is_err(), "{line}");
        }
        for line in [
            "connect",
            "filter x",
            "mark m",
            "quit",
            "theme dark",
            "save_draft x",
        ] {
            assert!(parse(line, true).is_ok(), "{line}");
        }
    }
}

//! Drafts in files: listed, loaded and added to, with the variables of the command line.

use super::App;
use crate::client::command::Emit;
use crate::collection::{self, Unfilled, Variables};
use crate::drafts::{Picked, Unpicked};
use crate::tui::composer::Draft;
use crate::tui::state::{Overlay, State, Tone};
use crate::tui::update;

/// Gives the open palette the names of the drafts.
pub(super) fn list(app: &mut App) {
    let names = app.shelf.names();
    if let Some(Overlay::Palette(palette)) = app.state.overlays.last_mut() {
        palette.set_drafts(names);
    }
}

/// Loads a draft into the composer of a session, or says why not.
pub(super) fn load(app: &mut App, at: usize, name: &str) {
    match app.shelf.pick(name) {
        Ok(picked) => put(&mut app.state, &app.variables, at, &picked),
        Err(Unpicked::Mistake(mistake)) => say(app, Tone::Bad, &mistake.0),
        Err(why @ (Unpicked::Unknown(_) | Unpicked::Nothing(_))) => {
            let names = app.shelf.names();
            update::drafts::ask_again(&mut app.state, "draft", name, &why.to_string(), names);
        }
    }
}

fn put(state: &mut State, variables: &Variables, at: usize, picked: &Picked) {
    let Some(tab) = state.tabs.get(at) else {
        return;
    };
    let first = update::drafts::first_namespace(tab);
    match filled(&picked.draft, variables, &first) {
        Ok((draft, left)) => {
            update::drafts::load(state, at, draft);
            let words = left.say(&picked.draft.name);
            let tone = match left.missing.is_empty() {
                true => Tone::Good,
                false => Tone::Bad,
            };
            state.say(tone, variables.masks().text(&words));
        }
        Err(why) => {
            let (file, line) = (picked.file.display(), picked.draft.line);
            let words = format!("{file}:{line}: draft {:?}: {why}", picked.draft.name);
            state.say(Tone::Bad, variables.masks().text(&words));
        }
    }
}

/// The names that stand in the composer as they are written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Left {
    /// Nothing gives them a value.
    missing: Vec<String>,
    /// Their values are not to be seen.
    secret: Vec<String>,
}

impl Left {
    fn say(&self, name: &str) -> String {
        let list = |names: &[String]| {
            let names: Vec<String> = names.iter().map(|name| format!("{{{{{name}}}}}")).collect();
            names.join(", ")
        };
        if let Some(first) = self.missing.first() {
            return format!(
                "nothing sets {}: write a value in its place, or start with --var {first}=VALUE or --env FILE",
                list(&self.missing)
            );
        }
        match self.secret.as_slice() {
            [] => format!("draft {name:?}"),
            secret => format!(
                "draft {name:?}; {} will be filled in when it is sent",
                list(secret)
            ),
        }
    }
}

/// A draft as the composer shows it: with the values that are known, but for secret ones.
fn filled(
    draft: &collection::Draft,
    variables: &Variables,
    nsp: &str,
) -> Result<(Draft, Left), Unfilled> {
    let mut draft = draft.clone();
    // What it expects is not looked at, and may speak of what is not known here.
    draft.groups.clear();
    let mut left = Left::default();
    for name in draft.mentions() {
        if !variables.knows(&name) {
            left.missing.push(name);
        } else if variables.is_secret(&name) {
            left.secret.push(name);
        }
    }
    let shown = variables.without_secrets().or_as_written(&left.missing);
    let filled = draft.fill(&shown)?;
    Ok((Draft::from_collection(&draft, &filled, nsp), left))
}

/// Puts values into what is about to be sent: secrets, and what was typed with a known name.
pub(super) fn fill(variables: &Variables, emit: &mut Emit) -> Result<(), Unfilled> {
    if let Some(args) = variables.known_in(&emit.args)? {
        emit.args = args;
    }
    let nsp = serde_json::Value::from(emit.nsp.as_str()).to_string();
    if let Some(nsp) = variables.known_in(&nsp)? {
        emit.nsp = serde_json::from_str::<serde_json::Value>(&nsp)
            .ok()
            .and_then(|nsp| nsp.as_str().map(str::to_owned))
            .filter(|nsp| !nsp.contains(','))
            .ok_or_else(|| Unfilled::Unfit("this is no namespace".to_owned()))?;
    }
    Ok(())
}

/// Adds a draft to a file, or says why not.
pub(super) fn save(app: &mut App, mut draft: collection::Draft, file: Option<&str>) {
    let named = app.variables.secrets_named_in(&draft.args);
    if let Some(args) = named {
        draft.args = args;
    }
    match app.shelf.keep(&draft, file) {
        Ok(path) => {
            let mut words = format!("draft {:?} saved to {}", draft.name, path.display());
            let mentions = draft.mentions();
            if let Some(name) = mentions.first() {
                words.push_str(&format!(", with {{{{{name}}}}} as a variable"));
            }
            say(app, Tone::Good, &words);
        }
        Err(why) => say(app, Tone::Bad, &why.0),
    }
}

fn say(app: &mut App, tone: Tone, words: &str) {
    let words = app.variables.masks().text(words);
    app.state.say(tone, words);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::bench::connected;

    fn variables() -> Variables {
        let mut variables = Variables::default();
        let text = "[vars]\nuser = 'ann'\nn = 3\n[secrets]\npassword = 'hunter2'";
        variables.environment(text, &|_| None).unwrap();
        variables
    }

    fn picked(args: &str) -> Picked {
        let text = format!("[[draft]]\nname = 'log in'\nevent = 'login'\nargs = '{args}'");
        Picked {
            file: "sioscope/a.toml".into(),
            draft: collection::parse(&text).unwrap().remove(0),
        }
    }

    #[test]
    fn a_loaded_draft_shows_what_is_known_and_no_secret_until_it_is_sent() {
        let mut bench = connected(120, 36);
        bench.settle(38_000);
        let draft = picked(r#"["{{user}}",{"n":"{{n}}","p":"{{password}}"}]"#);
        put(&mut bench.state, &variables(), 0, &draft);
        let screen = bench.screen();
        assert!(!screen.contains("hunter2"), "{screen}");
        assert!(
            screen.contains("{{password}} will be filled in when it is sent"),
            "{screen}"
        );
        let composed = bench.tab().composer.draft();
        assert_eq!(composed.nsp, "/");
        assert_eq!(composed.args, r#""ann", {"n":3,"p":"{{password}}"}"#);
        let mut emit = composed.emit().unwrap();
        fill(&variables(), &mut emit).unwrap();
        assert_eq!(emit.args, r#"["login","ann",{"n":3,"p":"hunter2"}]"#);
        insta::assert_snapshot!("a_loaded_draft", bench.screen());
    }

    #[test]
    fn what_nothing_sets_stays_as_it_is_written_and_is_named() {
        let mut bench = connected(120, 36);
        bench.settle(38_000);
        let draft = picked(r#"["{{user}} and {{nobody}}",1.50,"{{ ghost }}"]"#);
        put(&mut bench.state, &variables(), 0, &draft);
        let composed = bench.tab().composer.draft();
        assert_eq!(composed.args, r#""ann and {{nobody}}", 1.5, "{{ghost}}""#);
        let notice = bench.state.notice.as_ref().unwrap();
        assert!(
            notice
                .text
                .starts_with("nothing sets {{nobody}}, {{ghost}}: "),
            "{}",
            notice.text
        );
        assert_eq!(notice.tone, Tone::Bad);
    }

    #[test]
    fn the_namespace_is_filled_in_too() {
        let mut emit = Emit {
            nsp: "/of-{{user}}".to_owned(),
            args: r#"["e",1.50]"#.to_owned(),
            ack: false,
            timeout_ms: None,
            volatile: false,
        };
        fill(&variables(), &mut emit).unwrap();
        assert_eq!(emit.nsp, "/of-ann");
        assert_eq!(emit.args, r#"["e",1.50]"#, "as it was written");
        emit.nsp = "{{n}}".to_owned();
        assert!(fill(&variables(), &mut emit).is_err());
    }
}

//! Everything that a person can do with a key, in one table.
//!
//! **Floor 5.** The keymap, the help, the palette, the hints in the last line, `sioscope keys`
//! and the README's key table are all made from [`TABLE`], so none of them can fall behind.

use std::fmt::Write as _;

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// In every pane, but not in a text field.
    Global,
    /// The frame log.
    Frames,
    /// The packet below the log.
    Detail,
    /// The state of the connection.
    Connection,
    /// The list of namespaces.
    Namespaces,
    /// The history of losses and attempts.
    Reconnects,
    /// What the diagnosis found.
    Findings,
    /// The composer: a text field, so only keys that are no text are bound here.
    Compose,
}

impl Context {
    /// All contexts, in the order in which help and tables show them.
    pub const ALL: [Context; 8] = [
        Context::Global,
        Context::Frames,
        Context::Detail,
        Context::Connection,
        Context::Namespaces,
        Context::Reconnects,
        Context::Findings,
        Context::Compose,
    ];

    /// Its name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Context::Global => "global",
            Context::Frames => "frames",
            Context::Detail => "detail",
            Context::Connection => "connection",
            Context::Namespaces => "namespaces",
            Context::Reconnects => "reconnects",
            Context::Findings => "findings",
            Context::Compose => "compose",
        }
    }

    /// Whether actions of [`Context::Global`] work here too.
    pub fn takes_global(self) -> bool {
        self != Context::Compose
    }
}

/// What an action does to the world outside the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only the view changes, or the person's own files.
    View,
    /// It acts on the server, and what the person typed or a dialog is the question already.
    Server,
    /// It acts on the server or destroys something: ask once when it comes from a key.
    ServerAsk,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The action.
    pub action: Action,
    /// Its name in the config and the palette.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Default keys, as the keymap reads them; the first one is shown in hints.
    pub keys: &'static [&'static str],
    /// Where it can be done.
    pub contexts: &'static [Context],
    /// What it touches.
    pub reach: Reach,
}

macro_rules! actions {
    ($($(#[doc = $about:literal])+ $variant:ident $name:literal [$($key:literal),*] [$($ctx:ident)+] $reach:ident;)+) => {
        /// Something that a person can do with a key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[doc = $about])+ $variant,)+
        }
        /// Every action, in the order in which help shows them.
        pub const TABLE: &[Spec] = &[
            $(Spec {
                action: Action::$variant,
                name: $name,
                about: concat!($($about),+).trim_ascii_start(),
                keys: &[$($key),*],
                contexts: &[$(Context::$ctx),+],
                reach: Reach::$reach,
            },)+
        ];
    };
}

actions! {
    /// Show the keys of the focused pane
    Help "help" ["?", "F1"] [Global Compose] View;
    /// Go back one step, then quit
    Back "back" ["q", "esc"] [Global Compose] View;
    /// Quit at once
    Quit "quit" ["Q", "ctrl+c"] [Global Compose] View;
    /// Type a command, or find an action by name
    Command "command" [":", "ctrl+p"] [Global Compose] View;

    /// Write an event
    Compose "compose" ["i"] [Global] View;
    /// Turn the selected row into a draft
    Draft "draft" ["r"] [Global] Server;
    /// Answer the selected event, for which the server wants an ack
    Answer "answer" ["a"] [Global] Server;
    /// Join a namespace
    Join "join" ["J"] [Global] Server;
    /// Leave a namespace
    Leave "leave" ["L"] [Global] ServerAsk;
    /// Connect, or try now instead of waiting
    Connect "connect" ["c"] [Global] View;
    /// Disconnect
    Disconnect "disconnect" ["d"] [Global] ServerAsk;
    /// Break the connection on purpose: the faults, by what they bring
    Break "break" ["x"] [Global] ServerAsk;

    /// List our acks: pending, answered, late, timed out, lost
    Acks "acks" ["A"] [Global] View;
    /// List what the server asked, and answer it: late, or twice
    Asks "asks" [] [Global] View;
    /// List what waits to be sent: edit, drop, hold, flush
    Buffer "buffer" ["B"] [Global] View;
    /// Show what connection state recovery did
    Recovery "recovery" [] [Global] View;
    /// Show the connections on a line of time
    Timeline "timeline" ["T"] [Global] View;
    /// Count the events by name: bytes, rate, latency
    Statistics "statistics" ["%"] [Global] View;

    /// Search in the frame log
    Search "search" ["/"] [Global] View;
    /// Go to the next hit of the search, or proof of a finding
    NextHit "next_hit" ["n"] [Global] View;
    /// Go to the previous hit of the search, or proof of a finding
    PreviousHit "previous_hit" ["N"] [Global] View;
    /// Type a filter for the frame log
    Filter "filter" ["f"] [Global] View;
    /// Switch the filter off and on
    ToggleFilter "toggle_filter" ["!"] [Global] View;
    /// Follow the newest row
    Follow "follow" ["F"] [Global] View;
    /// Pause the view; the connection goes on
    Pause "pause" ["space"] [Global] View;
    /// Turn the level: packets, packets and frames, everything raw
    Level "level" ["v"] [Global] View;
    /// Turn the time: wall clock, delta to the row above, since connect
    Time "time" ["t"] [Global] View;
    /// Show masked secrets, or mask them again
    Secrets "secrets" ["S"] [Global] View;

    /// Show the replay beside its recording
    Replay "replay" ["R"] [Global] View;

    /// Leave a mark in the journal
    Mark "mark" ["m"] [Global] View;
    /// Go to the next mark
    NextMark "next_mark" ["u"] [Global] View;
    /// Go to the previous mark
    PreviousMark "previous_mark" ["U"] [Global] View;
    /// Go to the next error
    NextError "next_error" ["e"] [Global] View;
    /// Go to the previous error
    PreviousError "previous_error" ["E"] [Global] View;
    /// Pin the packet beside those selected next, or take it away
    Pin "pin" ["b"] [Global] View;
    /// Copy the selected row or finding
    Copy "copy" ["y"] [Global] View;
    /// Save the session to a file
    Save "save" ["w"] [Global] View;
    /// Open a saved session
    Open "open" ["o"] [Global] View;

    /// Focus the next pane
    NextPane "next_pane" ["tab"] [Global] View;
    /// Focus the previous pane
    PreviousPane "previous_pane" ["shift+tab"] [Global] View;
    /// Focus the connection
    PaneConnection "pane_connection" ["1"] [Global] View;
    /// Focus the namespaces
    PaneNamespaces "pane_namespaces" ["2"] [Global] View;
    /// Focus the reconnect history
    PaneReconnects "pane_reconnects" ["3"] [Global] View;
    /// Focus the findings
    PaneFindings "pane_findings" ["4"] [Global] View;
    /// Focus the frame log
    PaneFrames "pane_frames" ["5"] [Global] View;
    /// Focus the packet
    PaneDetail "pane_detail" ["6"] [Global] View;
    /// Give the focused pane the whole screen, and back
    Zoom "zoom" ["z"] [Global] View;
    /// Show the previous connection of a tap, or session
    PreviousConnection "previous_connection" ["["] [Global] View;
    /// Show the next connection of a tap, or session
    NextConnection "next_connection" ["]"] [Global] View;

    /// Move up
    Up "up" ["up", "k"] [Global] View;
    /// Move down
    Down "down" ["down", "j"] [Global] View;
    /// Move left, or fold
    Left "left" ["left", "h"] [Global] View;
    /// Move right, or unfold
    Right "right" ["right", "l"] [Global] View;
    /// Go to the first row
    Top "top" ["g", "home"] [Global] View;
    /// Go to the last row
    Bottom "bottom" ["G", "end"] [Global] View;
    /// Move up by a page
    PageUp "page_up" ["pageup"] [Global] View;
    /// Move down by a page
    PageDown "page_down" ["pagedown"] [Global] View;
    /// Move up by half a page
    HalfUp "half_up" ["ctrl+u"] [Global] View;
    /// Move down by half a page
    HalfDown "half_down" ["ctrl+d"] [Global] View;

    /// Stop, and go back to the shell until `fg`
    Suspend "suspend" ["ctrl+z"] [Global Compose] View;
    /// Draw the whole screen again
    Redraw "redraw" ["ctrl+l"] [Global Compose] View;

    /// Open the row: its packet, its parts or its ack
    Enter "enter" ["enter"] [Frames Detail Connection Namespaces Reconnects] View;
    /// Say why, with the records that prove it and the lines to change
    Why "why" ["enter"] [Findings] View;
    /// Turn the packet's view: tree, raw, hex, meta
    NextView "next_view" ["p"] [Frames Detail] View;
    /// Turn the packet's view the other way
    PreviousView "previous_view" ["P"] [Frames Detail] View;

    /// Send a draft of one line
    SendLine "send_line" ["enter"] [Compose] Server;
    /// Send any draft
    Send "send" ["ctrl+enter", "alt+enter", "ctrl+j"] [Compose] Server;
    /// Write the arguments in $EDITOR
    Editor "editor" ["ctrl+e"] [Compose] View;
    /// Begin a new line in the arguments
    NewLine "new_line" ["shift+enter", "ctrl+n"] [Compose] View;
    /// Go to the next field, or take the completion
    NextField "next_field" ["tab"] [Compose] View;
    /// Go to the previous field
    PreviousField "previous_field" ["shift+tab"] [Compose] View;
    /// Ask for an ack or do not; in a tap: the other side
    ToggleAck "toggle_ack" ["alt+a"] [Compose] View;
    /// Take the draft before this one, or move up
    HistoryBack "history_back" ["up"] [Compose] View;
    /// Take the draft after this one, or move down
    HistoryForward "history_forward" ["down"] [Compose] View;
    /// Search in the drafts that were sent
    HistorySearch "history_search" ["ctrl+r"] [Compose] View;
}

impl Action {
    /// The action's row in the table.
    pub fn spec(self) -> &'static Spec {
        // The table has one row for each variant, in order; the macro makes both.
        match TABLE.get(self as usize) {
            Some(spec) => spec,
            None => &TABLE[0],
        }
    }
    /// Its name in the config.
    pub fn name(self) -> &'static str {
        self.spec().name
    }
    /// What it does.
    pub fn about(self) -> &'static str {
        self.spec().about
    }
    /// Whether `--readonly` takes its keys away.
    pub fn acts_on_server(self) -> bool {
        self.spec().reach != Reach::View
    }
    /// Whether it asks once when it comes from a key.
    pub fn asks(self) -> bool {
        self.spec().reach == Reach::ServerAsk
    }
    /// The action of this name.
    pub fn named(name: &str) -> Option<Action> {
        TABLE.iter().find(|s| s.name == name).map(|s| s.action)
    }
    /// Whether the action can be done in a context; global actions can in every pane.
    pub fn works_in(self, context: Context) -> bool {
        let contexts = self.spec().contexts;
        contexts.contains(&context)
            || (context.takes_global() && contexts.contains(&Context::Global))
    }
}

/// The key table as text, for `sioscope keys`; `keys` gives the keys of an action.
pub fn as_text(keys: &dyn Fn(Action) -> Vec<String>) -> String {
    let rows: Vec<[String; 4]> = rows(keys);
    let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0);
    let (names, bound, places) = (width(0), width(1), width(2));
    let mut out = String::new();
    for [name, key, place, about] in &rows {
        let _ = writeln!(out, "{name:names$}  {key:bound$}  {place:places$}  {about}");
    }
    out
}

/// The key table as a Markdown table, for the README.
pub fn as_markdown(keys: &dyn Fn(Action) -> Vec<String>) -> String {
    let mut out = String::from("| key | does | where | name |\n|---|---|---|---|\n");
    for [name, _, place, about] in rows(keys) {
        let bound = Action::named(&name).map(keys).unwrap_or_default();
        let bound: Vec<String> = match bound.is_empty() {
            true => vec![format!("`:{name}`")],
            false => bound.iter().map(|k| format!("`{k}`")).collect(),
        };
        let about = about.replace('|', "\\|");
        let _ = writeln!(
            out,
            "| {} | {about} | {place} | `{name}` |",
            bound.join(" ")
        );
    }
    out
}

fn rows(keys: &dyn Fn(Action) -> Vec<String>) -> Vec<[String; 4]> {
    TABLE
        .iter()
        .map(|spec| {
            let places: Vec<&str> = spec.contexts.iter().map(|c| c.name()).collect();
            let mut about = spec.about.to_owned();
            match spec.reach {
                Reach::View => {}
                Reach::Server => about.push_str(" (acts on the server)"),
                Reach::ServerAsk => about.push_str(" (acts on the server, asks first)"),
            }
            [
                spec.name.to_owned(),
                keys(spec.action).join(" "),
                places.join(" "),
                about,
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_stands_at_its_own_place_in_the_table() {
        for spec in TABLE {
            assert_eq!(spec.action.spec().name, spec.name);
            assert_eq!(Action::named(spec.name), Some(spec.action));
        }
    }

    #[test]
    fn names_are_snake_case_and_descriptions_are_one_line() {
        for spec in TABLE {
            assert!(
                spec.name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '_'),
                "{}",
                spec.name
            );
            assert!(!spec.about.is_empty() && !spec.about.contains('\n'));
            assert!(!spec.about.starts_with(' '), "{:?}", spec.about);
            assert!(!spec.contexts.is_empty());
        }
    }

    #[test]
    fn the_tables_hold_every_action() {
        let keys = |a: Action| a.spec().keys.iter().map(|k| (*k).to_owned()).collect();
        let text = as_text(&keys);
        let markdown = as_markdown(&keys);
        assert_eq!(text.lines().count(), TABLE.len());
        assert_eq!(markdown.lines().count(), TABLE.len() + 2);
        assert!(text.contains("disconnect"));
        assert!(markdown.contains(
            "| `d` | Disconnect (acts on the server, asks first) | global | `disconnect` |"
        ));
    }
}

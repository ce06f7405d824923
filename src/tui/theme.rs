//! How each role on the screen looks.
//!
//! **Floor 5.** Code that draws asks for a [`Role`], never for a colour. A theme is a TOML file
//! that gives each role a colour and modifiers; four are built in, others are read from the
//! `themes` folder of the config directory. State is never told by colour alone: the `plain`
//! theme has no colours at all, and nothing is lost in it.

mod read;

use std::path::Path;

use ratatui::style::{Modifier, Style};

use super::mistake::Mistake;

macro_rules! roles {
    ($($(#[doc = $about:literal])+ $variant:ident $name:literal;)+) => {
        /// What a piece of the screen is, for the theme to say how it looks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Role {
            $($(#[doc = $about])+ $variant,)+
        }
        impl Role {
            /// Every role.
            pub const ALL: &'static [Role] = &[$(Role::$variant),+];
            /// Its name in theme files.
            pub fn name(self) -> &'static str {
                match self { $(Role::$variant => $name),+ }
            }
        }
    };
}

roles! {
    /// Ordinary text.
    Text "text";
    /// What matters less.
    Dim "dim";
    /// What should be seen first: titles, the brand, the cursor's pointer.
    Accent "accent";
    /// Background of the whole screen.
    Background "background";
    /// Border of a pane.
    Border "border";
    /// Border of the focused pane.
    BorderFocused "border_focused";
    /// Title of a pane.
    Title "title";
    /// Title of the focused pane.
    TitleFocused "title_focused";
    /// The selected row.
    Selected "selected";
    /// The selected row of a pane without focus.
    SelectedUnfocused "selected_unfocused";
    /// A key in hints and help.
    Key "key";
    /// Background and frame of a dialog.
    Dialog "dialog";
    /// Text field.
    Field "field";
    /// Text field with the cursor.
    FieldFocused "field_focused";
    /// Text that stands where nothing was typed yet.
    Placeholder "placeholder";
    /// What a search or a fuzzy match hit.
    Hit "hit";
    /// Towards the server.
    ToServer "to_server";
    /// Towards the client.
    ToClient "to_client";
    /// All is well.
    Ok "ok";
    /// Look here.
    Warn "warn";
    /// It is broken.
    Error "error";
    /// Something goes on.
    Busy "busy";
    /// An event.
    Event "event";
    /// An ack.
    Ack "ack";
    /// A connect or disconnect of a namespace.
    Connect "connect";
    /// Pings and pongs.
    Ping "ping";
    /// Open, close, upgrade, noop.
    Engine "engine";
    /// An HTTP exchange.
    Exchange "exchange";
    /// A fault made on purpose.
    Fault "fault";
    /// A finding.
    Finding "finding";
    /// A mark.
    Mark "mark";
    /// A time.
    Time "time";
    /// A latency or a size.
    Number "number";
    /// A masked secret.
    Secret "secret";
    /// A character that was made visible.
    Hidden "hidden";
    /// JSON: a key.
    JsonKey "json_key";
    /// JSON: a string.
    JsonString "json_string";
    /// JSON: a number.
    JsonNumber "json_number";
    /// JSON: true, false, null.
    JsonWord "json_word";
    /// JSON: brackets, commas, colons.
    JsonPunctuation "json_punctuation";
    /// JSON: what is none.
    JsonWrong "json_wrong";
    /// Sparklines and bars.
    Graph "graph";
    /// Scroll bar.
    Scroll "scroll";
    /// Scroll bar: the part that is seen.
    ScrollThumb "scroll_thumb";
    /// Scroll bar: an error is there.
    TickError "tick_error";
    /// Scroll bar: a warning is there.
    TickWarn "tick_warn";
    /// Scroll bar: a hit of the search is there.
    TickHit "tick_hit";
    /// Scroll bar: a mark is there.
    TickMark "tick_mark";
}

impl Role {
    /// The role of this name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.iter().find(|r| r.name() == name).copied()
    }
}

/// A style for every role.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    name: String,
    styles: Vec<Style>,
}

/// The themes that are built in: name and text.
pub const EMBEDDED: [(&str, &str); 4] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    (
        "high-contrast",
        include_str!("../../themes/high-contrast.toml"),
    ),
    ("plain", include_str!("../../themes/plain.toml")),
];

impl Default for Theme {
    /// `dark`, or `plain` where `NO_COLOR` says so.
    fn default() -> Theme {
        Theme::embedded(if no_color() { "plain" } else { "dark" })
    }
}

/// Whether the environment asks for no colours (`NO_COLOR` is there and not empty).
pub fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
}

impl Theme {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// One of the built-in themes; an unknown name gives one without colours, whose selection is
    /// still seen.
    pub fn embedded(name: &str) -> Theme {
        let found = EMBEDDED.iter().find(|(n, _)| *n == name);
        let read = found.map(|(name, text)| read::theme(name, text, Path::new(name), None));
        match read {
            Some(Ok(theme)) => theme,
            _ => Theme::bare(name),
        }
    }

    fn bare(name: &str) -> Theme {
        let styles = Role::ALL
            .iter()
            .map(|role| match role {
                Role::Selected | Role::Hit => Style::new().add_modifier(Modifier::REVERSED),
                _ => Style::new(),
            })
            .collect();
        Theme {
            name: name.to_owned(),
            styles,
        }
    }

    /// Reads a theme file's text. A role that it leaves out looks as in the theme that it names
    /// with `inherits` (`dark` if it names none).
    pub fn parse(name: &str, text: &str, file: &Path) -> Result<Theme, Mistake> {
        read::theme(name, text, file, Some(Theme::embedded("dark")))
    }

    /// The theme of this name: a file `NAME.toml` in `folder`, or a built-in one. A person's file
    /// goes before the built-in theme of the same name.
    pub fn load(name: &str, folder: Option<&Path>) -> Result<Theme, Mistake> {
        let plain_name = !name.is_empty() && !name.contains(['/', '\\']) && name != "..";
        if let Some(folder) = folder.filter(|_| plain_name) {
            let file = folder.join(format!("{name}.toml"));
            match std::fs::read_to_string(&file) {
                Ok(text) => return Theme::parse(name, &text, &file),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(Mistake::whole(&file, e.to_string())),
            }
        }
        if EMBEDDED.iter().any(|(n, _)| *n == name) {
            return Ok(Theme::embedded(name));
        }
        Err(Mistake::whole(
            folder.unwrap_or(Path::new("themes")),
            format!(
                "there is no theme {name:?}; the themes are {}",
                Theme::names(folder).join(", ")
            ),
        ))
    }

    /// Names of all themes: the built-in ones, then those of the folder.
    pub fn names(folder: Option<&Path>) -> Vec<String> {
        let mut names: Vec<String> = EMBEDDED.iter().map(|(n, _)| (*n).to_owned()).collect();
        let mut own: Vec<String> = folder
            .and_then(|f| std::fs::read_dir(f).ok())
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let toml = path.extension().is_some_and(|e| e == "toml");
                let stem = path.file_stem()?.to_str()?.to_owned();
                (toml && !names.contains(&stem)).then_some(stem)
            })
            .collect();
        own.sort();
        names.extend(own);
        names
    }
}

#[cfg(test)]
mod tests;

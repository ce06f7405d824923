//! `config.toml`: what a person wants otherwise.
//!
//! **Floor 5**. Every mistake is told with file, line and column, and with what is valid there; a
//! key that is not known is refused, because a misspelt setting that quietly does nothing costs
//! an evening.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keymap::{KeyError, Keymap};
use super::mistake::Mistake;
use super::theme::Theme;
use crate::folders;

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeMode {
    /// The wall clock.
    #[default]
    Wall,
    /// The delta to the row above.
    Delta,
    /// Time since the connection was made.
    Connect,
}

/// How deep the frame log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// One row, one packet.
    #[default]
    Packets,
    /// Packets, and the frames and exchanges that carried them.
    Frames,
    /// Everything raw.
    Raw,
}

/// A setting that is one of a few words.
pub trait Choice: Copy + PartialEq + 'static {
    /// The words and what they mean, in the order in which a key turns them.
    const WORDS: &'static [(&'static str, Self)];

    /// Its word.
    fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, value)| *value == self);
        found.map_or("", |(word, _)| *word)
    }
    /// The next one, round the end.
    #[must_use]
    fn next(self) -> Self {
        let mut turning = Self::WORDS.iter().cycle();
        turning.find(|(_, value)| *value == self);
        turning.next().map_or(self, |(_, value)| *value)
    }
}

impl Choice for TimeMode {
    const WORDS: &'static [(&'static str, TimeMode)] = &[
        ("wall", TimeMode::Wall),
        ("delta", TimeMode::Delta),
        ("connect", TimeMode::Connect),
    ];
}

impl Choice for Level {
    const WORDS: &'static [(&'static str, Level)] = &[
        ("packets", Level::Packets),
        ("frames", Level::Frames),
        ("raw", Level::Raw),
    ];
}

/// What a person wants otherwise.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name of the theme; `None` is `dark`, or `plain` with `NO_COLOR`.
    pub theme: Option<String>,
    /// The keys.
    pub keys: Keymap,
    /// How times are shown at the start.
    pub time: TimeMode,
    /// The level at the start.
    pub level: Level,
    /// Take the mouse; off leaves it to the terminal's own selection.
    pub mouse: bool,
    /// Follow the newest row at the start.
    pub follow: bool,
    /// Mask secrets at the start.
    pub mask_secrets: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            theme: None,
            keys: Keymap::default(),
            time: TimeMode::default(),
            level: Level::default(),
            mouse: true,
            follow: true,
            mask_secrets: true,
        }
    }
}

/// The keys that a config may have.
const KEYS: [&str; 7] = [
    "theme",
    "time",
    "level",
    "mouse",
    "follow",
    "mask_secrets",
    "keys",
];

/// The folder of a person's own themes.
pub fn theme_folder() -> Option<PathBuf> {
    folders::config().map(|f| f.join("themes"))
}

impl Config {
    /// Reads `config.toml` of the config directory; the defaults where there is none.
    pub fn load() -> Result<Config, Mistake> {
        match folders::config() {
            Some(folder) => Config::load_from(&folder),
            None => Ok(Config::default()),
        }
    }

    /// Reads `config.toml` of a folder; the defaults where there is none.
    pub fn load_from(folder: &Path) -> Result<Config, Mistake> {
        let file = folder.join("config.toml");
        match std::fs::read_to_string(&file) {
            Ok(text) => Config::parse(&text, &file),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
            Err(e) => Err(Mistake::whole(&file, format!("can't be read: {e}"))),
        }
    }

    /// Reads a config's text.
    pub fn parse(text: &str, file: &Path) -> Result<Config, Mistake> {
        let table = DeTable::parse(text).map_err(|e| Mistake::toml(file, text, &e))?;
        let mut config = Config::default();
        for (key, value) in table.get_ref().iter() {
            let at = |what: String| Mistake::at(file, text, value.span(), what);
            match key.get_ref().as_ref() {
                "theme" => {
                    let name = string(value).ok_or_else(|| at("write a theme's name".into()))?;
                    config.theme = Some(name.to_owned());
                }
                "time" => config.time = choice(value).map_err(at)?,
                "level" => config.level = choice(value).map_err(at)?,
                "mouse" => config.mouse = yes_or_no(value).map_err(at)?,
                "follow" => config.follow = yes_or_no(value).map_err(at)?,
                "mask_secrets" => config.mask_secrets = yes_or_no(value).map_err(at)?,
                "keys" => {
                    let DeValue::Table(keys) = value.get_ref() else {
                        return Err(at("write a table: [keys]".into()));
                    };
                    config.keys = keymap(keys, text, file)?;
                }
                other => {
                    return Err(Mistake::at(
                        file,
                        text,
                        key.span(),
                        format!("unknown key {other:?}; the keys are {}", KEYS.join(", ")),
                    ));
                }
            }
        }
        Ok(config)
    }

    /// The theme to draw with: `NO_COLOR` goes before the config, the config before the default.
    pub fn theme(&self) -> Result<Theme, Mistake> {
        if super::theme::no_color() {
            return Ok(Theme::embedded("plain"));
        }
        let name = self.theme.as_deref().unwrap_or("dark");
        Theme::load(name, theme_folder().as_deref())
    }
}

type Value<'a> = Spanned<DeValue<'a>>;

fn string<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    match value.get_ref() {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

fn choice<T: Choice>(value: &Value<'_>) -> Result<T, String> {
    let found = string(value).and_then(|text| T::WORDS.iter().find(|(word, _)| *word == text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<String> = T::WORDS.iter().map(|(w, _)| format!("{w:?}")).collect();
        format!("write one of {}", words.join(", "))
    })
}

fn yes_or_no(value: &Value<'_>) -> Result<bool, String> {
    match value.get_ref() {
        DeValue::Boolean(yes) => Ok(*yes),
        _ => Err("write true or false".to_owned()),
    }
}

fn keymap(table: &DeTable<'_>, text: &str, file: &Path) -> Result<Keymap, Mistake> {
    let mut changes: Vec<(String, Vec<String>)> = Vec::new();
    let mut spans = Vec::new();
    for (name, value) in table.iter() {
        let refuse = |span| {
            Mistake::at(
                file,
                text,
                span,
                "write a key as \"ctrl+u\", several as [\"ctrl+u\", \"F5\"], none as []",
            )
        };
        let keys = match value.get_ref() {
            DeValue::String(key) => vec![key.clone().into_owned()],
            DeValue::Array(list) => {
                let mut keys = Vec::new();
                for item in list.iter() {
                    match string(item) {
                        Some(key) => keys.push(key.to_owned()),
                        None => return Err(refuse(item.span())),
                    }
                }
                keys
            }
            _ => return Err(refuse(value.span())),
        };
        spans.push((
            name.get_ref().clone().into_owned(),
            name.span(),
            value.span(),
        ));
        changes.push((name.get_ref().clone().into_owned(), keys));
    }
    Keymap::remapped(&changes).map_err(|error| {
        let span = match &error {
            KeyError::UnknownAction { name } => {
                spans.iter().find(|(n, ..)| n == name).map(|s| s.1.clone())
            }
            KeyError::NotAKey { text } => changes
                .iter()
                .position(|(_, keys)| keys.contains(text))
                .and_then(|i| spans.get(i))
                .map(|s| s.2.clone()),
            KeyError::Double { first, second, .. } => spans
                .iter()
                .find(|(n, ..)| n == second)
                .or_else(|| spans.iter().find(|(n, ..)| n == first))
                .map(|s| s.2.clone()),
            KeyError::Printable { action, .. } => spans
                .iter()
                .find(|(n, ..)| n == action)
                .map(|s| s.2.clone()),
        };
        match span {
            Some(span) => Mistake::at(file, text, span, error.to_string()),
            None => Mistake::whole(file, error.to_string()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::action::Action;

    fn parse(text: &str) -> Result<Config, Mistake> {
        Config::parse(text, Path::new("config.toml"))
    }

    #[test]
    fn valid_configs_are_taken() {
        assert!(parse("").is_ok());
        assert!(parse("# nothing\n[keys]\n").is_ok());
        let config = parse(
            "theme = \"light\"\ntime = \"connect\"\nlevel = \"raw\"\nmouse = false\n\
             follow = false\nmask_secrets = false\n\
             [keys]\npause = \"ctrl+s\"\nquit = [\"ctrl+q\", \"F10\"]\nsecrets = []\n",
        )
        .unwrap();
        assert_eq!(config.theme.as_deref(), Some("light"));
        assert_eq!(config.time, TimeMode::Connect);
        assert_eq!(config.level, Level::Raw);
        assert!(!config.mouse && !config.follow && !config.mask_secrets);
        assert_eq!(config.keys.written(Action::Quit), ["ctrl+q", "F10"]);
        assert!(config.keys.keys(Action::Secrets).is_empty());
        let swapped = "keys = { connect = \"d\", disconnect = \"c\" }";
        assert_eq!(parse(swapped).unwrap().keys.hint(Action::Connect), "d");
    }

    #[test]
    fn invalid_configs_are_refused_with_place_and_remedy() {
        let cases: [(&str, &[&str]); 14] = [
            (
                "thme = \"dark\"",
                &["config.toml:1:1", "thme", "mask_secrets"],
            ),
            ("theme = 3", &["config.toml:1:9", "theme's name"]),
            ("mouse = \"no\"", &["config.toml:1:9", "true or false"]),
            ("\ntime = \"utc\"", &["config.toml:2:8", "\"delta\""]),
            ("level = 2", &["config.toml:1:9", "\"packets\""]),
            ("keys = 1", &["config.toml:1:8", "[keys]"]),
            (
                "[keys]\npuase = \"p\"",
                &["config.toml:2:1", "puase", "pause"],
            ),
            (
                "[keys]\npause = \"q\"",
                &["config.toml:2:9", "back and pause"],
            ),
            (
                "[keys]\nback = \"ctrl+l\"",
                &["config.toml:2:8", "redraw and back"],
            ),
            (
                "[keys]\npause = [\"p\", 3]",
                &["config.toml:2:15", "none as []"],
            ),
            ("[keys]\npause = true", &["config.toml:2:9", "none as []"]),
            (
                "[keys]\npause = \"hyper+p\"",
                &["config.toml:2:9", "hyper+p"],
            ),
            ("[keys]\nsend = \"s\"", &["config.toml:2:8", "printable"]),
            ("theme = \"a\ntime = 1", &["config.toml:1"]),
        ];
        for (text, said) in cases {
            let error = parse(text).map(|_| ()).expect_err(text).to_string();
            for part in said {
                assert!(error.contains(part), "{error:?} lacks {part:?}");
            }
        }
    }

    #[test]
    fn no_file_means_the_defaults_and_an_unreadable_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Config::load_from(folder.path()).is_ok());
        std::fs::create_dir(folder.path().join("config.toml")).unwrap();
        let error = Config::load_from(folder.path()).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("can't be read"), "{error}");
    }

    #[test]
    fn choices_turn_round() {
        assert_eq!(TimeMode::Wall.next(), TimeMode::Delta);
        assert_eq!(TimeMode::Connect.next(), TimeMode::Wall);
        assert_eq!(Level::Raw.next().word(), "packets");
    }
}

//! A theme file's text as styles.

use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Mistake, Role, Theme};

/// The colour names that every terminal knows; what they look like is the terminal's choice.
const COLOURS: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark_gray", Color::DarkGray),
    ("light_red", Color::LightRed),
    ("light_green", Color::LightGreen),
    ("light_yellow", Color::LightYellow),
    ("light_blue", Color::LightBlue),
    ("light_magenta", Color::LightMagenta),
    ("light_cyan", Color::LightCyan),
    ("white", Color::White),
];

const MODIFIERS: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
    ("crossed_out", Modifier::CROSSED_OUT),
];

/// Reads a theme. Roles that the file leaves out come from what it inherits, then from `base`;
/// without either each one must be there.
pub fn theme(name: &str, text: &str, file: &Path, base: Option<Theme>) -> Result<Theme, Mistake> {
    let table = DeTable::parse(text).map_err(|e| Mistake::toml(file, text, &e))?;
    let table = table.get_ref();
    let at = |span, what: String| Mistake::at(file, text, span, what);
    let mut base = base;
    let mut roles: Option<&DeTable<'_>> = None;
    for (key, value) in table.iter() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("inherits", DeValue::String(parent)) => {
                if !super::EMBEDDED.iter().any(|(n, _)| *n == parent.as_ref()) {
                    let known: Vec<&str> = super::EMBEDDED.iter().map(|(n, _)| *n).collect();
                    return Err(at(
                        value.span(),
                        format!(
                            "there is no built-in theme {:?} to inherit from; they are {}",
                            parent.as_ref(),
                            known.join(", ")
                        ),
                    ));
                }
                base = Some(Theme::embedded(parent));
            }
            ("roles", DeValue::Table(table)) => roles = Some(table),
            ("inherits", _) => return Err(at(value.span(), "write a theme's name".to_owned())),
            ("roles", _) => {
                return Err(at(value.span(), "write a table: [roles]".to_owned()));
            }
            (other, _) => {
                return Err(at(
                    key.span(),
                    format!("unknown key {other:?}; a theme has `inherits` and [roles]"),
                ));
            }
        }
    }
    let mut styles: Vec<Option<Style>> = match &base {
        Some(base) => base.styles.iter().copied().map(Some).collect(),
        None => vec![None; Role::ALL.len()],
    };
    for (key, value) in roles.into_iter().flat_map(|t| t.iter()) {
        let written = key.get_ref().as_ref();
        let Some(role) = Role::named(written) else {
            let known: Vec<&str> = Role::ALL.iter().map(|r| r.name()).collect();
            return Err(at(
                key.span(),
                format!(
                    "unknown role {written:?}; the roles are {}",
                    known.join(", ")
                ),
            ));
        };
        let style =
            style(value).map_err(|(span, what)| at(span, format!("role {written:?}: {what}")))?;
        if let Some(slot) = styles.get_mut(role as usize) {
            *slot = Some(style);
        }
    }
    let missing: Vec<&str> = Role::ALL
        .iter()
        .zip(&styles)
        .filter(|(_, style)| style.is_none())
        .map(|(role, _)| role.name())
        .collect();
    if !missing.is_empty() {
        return Err(Mistake::whole(
            file,
            format!("these roles are missing: {}", missing.join(", ")),
        ));
    }
    Ok(Theme {
        name: name.to_owned(),
        styles: styles.into_iter().flatten().collect(),
    })
}

type Wrong = (std::ops::Range<usize>, String);

/// `"#rrggbb"`, `"red"`, `"bold red on black"` or `{ fg = …, bg = …, modifiers = […] }`.
fn style(value: &Spanned<DeValue<'_>>) -> Result<Style, Wrong> {
    match value.get_ref() {
        DeValue::String(text) => words(text).map_err(|what| (value.span(), what)),
        DeValue::Table(table) => {
            let mut style = Style::new();
            for (key, value) in table.iter() {
                match (key.get_ref().as_ref(), value.get_ref()) {
                    ("fg", DeValue::String(c)) => {
                        style = style.fg(colour(c).map_err(|what| (value.span(), what))?);
                    }
                    ("bg", DeValue::String(c)) => {
                        style = style.bg(colour(c).map_err(|what| (value.span(), what))?);
                    }
                    ("modifiers", DeValue::Array(list)) => {
                        for item in list.iter() {
                            let DeValue::String(word) = item.get_ref() else {
                                return Err((item.span(), "write a modifier's name".to_owned()));
                            };
                            let m = modifier(word)
                                .ok_or_else(|| (item.span(), unknown("modifier", word)))?;
                            style = style.add_modifier(m);
                        }
                    }
                    ("fg" | "bg", _) => {
                        return Err((value.span(), "write a colour as a string".to_owned()));
                    }
                    ("modifiers", _) => {
                        return Err((value.span(), "write a list of modifiers".to_owned()));
                    }
                    (other, _) => {
                        return Err((
                            key.span(),
                            format!("unknown key {other:?}; it is fg, bg or modifiers"),
                        ));
                    }
                }
            }
            Ok(style)
        }
        _ => Err((
            value.span(),
            "write a string such as \"bold red\" or a table with fg, bg and modifiers".to_owned(),
        )),
    }
}

fn words(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut background = false;
    for word in text.split_whitespace() {
        if word == "on" {
            background = true;
        } else if let Some(m) = modifier(word) {
            style = style.add_modifier(m);
        } else {
            let colour = colour(word)?;
            style = match background {
                true => style.bg(colour),
                false => style.fg(colour),
            };
        }
    }
    Ok(style)
}

fn modifier(word: &str) -> Option<Modifier> {
    MODIFIERS.iter().find(|(n, _)| *n == word).map(|(_, m)| *m)
}

fn colour(word: &str) -> Result<Color, String> {
    if let Some((_, colour)) = COLOURS.iter().find(|(n, _)| *n == word) {
        return Ok(*colour);
    }
    let hex = word
        .strip_prefix('#')
        .filter(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()))
        .and_then(|h| u32::from_str_radix(h, 16).ok());
    if let Some(n) = hex {
        let [_, r, g, b] = n.to_be_bytes();
        return Ok(Color::Rgb(r, g, b));
    }
    Err(unknown("colour", word))
}

fn unknown(what: &str, word: &str) -> String {
    let colours: Vec<&str> = COLOURS.iter().map(|(n, _)| *n).collect();
    let modifiers: Vec<&str> = MODIFIERS.iter().map(|(n, _)| *n).collect();
    format!(
        "unknown {what} {word:?}; colours are #rrggbb and {}; modifiers are {}",
        colours.join(", "),
        modifiers.join(", ")
    )
}

//! Keys as people write them, and what they do where.
//!
//! **Floor 5**, pure. A [`Key`] is one key press in a form in which two terminals that report the
//! same press differently are equal. A [`Keymap`] answers (context, key) with an [`Action`]; it
//! starts from the table in [`super::action`] and takes remappings by action name.

use std::collections::HashMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{self, Action, Context, TABLE};

/// One key press, normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Why a key map was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A key string that can't be read.
    #[error(
        "{text:?} is not a key: write a character, one of {}, F1 to F12, and before it ctrl+, alt+ or shift+ where wanted",
        names()
    )]
    NotAKey {
        /// The string.
        text: String,
    },
    /// An action that does not exist.
    #[error("there is no action {name:?}; the actions are {}", action_names())]
    UnknownAction {
        /// The name.
        name: String,
    },
    /// A key that would do two things at one place.
    #[error(
        "{key} is bound to both {first} and {second} in {}: give one of them another key (or none: [])",
        context.name()
    )]
    Double {
        /// The key.
        key: Key,
        /// Where.
        context: Context,
        /// The action that has the key.
        first: &'static str,
        /// The action that wants it too.
        second: &'static str,
    },
    /// A key that is text where the action would be done.
    #[error(
        "{key} can't be bound to {action}: in the composer every printable key is text, add ctrl+ or alt+"
    )]
    Printable {
        /// The key.
        key: Key,
        /// The action.
        action: &'static str,
    },
}

const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

fn names() -> String {
    let names: Vec<&str> = NAMED.iter().map(|(n, _)| *n).collect();
    names.join(", ")
}

fn action_names() -> String {
    let names: Vec<&str> = TABLE.iter().map(|s| s.name).collect();
    names.join(", ")
}

impl Key {
    /// The key of a terminal's event. Terminals with and without the kitty protocol report
    /// shifted letters and shift+tab differently; here they are the same.
    pub fn of(event: KeyEvent) -> Key {
        Key::normal(event.code, event.modifiers)
    }

    fn normal(code: KeyCode, modifiers: KeyModifiers) -> Key {
        let mut modifiers =
            modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char('\n' | '\r') => KeyCode::Enter,
            KeyCode::Char('\t') => KeyCode::Tab,
            KeyCode::Char(' ') => {
                modifiers.remove(KeyModifiers::SHIFT);
                code
            }
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                // A legacy terminal can't tell ctrl+U from ctrl+u.
                KeyCode::Char(c.to_ascii_lowercase())
            }
            KeyCode::Char(c) => {
                let c = if modifiers.contains(KeyModifiers::SHIFT) {
                    c.to_ascii_uppercase()
                } else {
                    c
                };
                modifiers.remove(KeyModifiers::SHIFT);
                KeyCode::Char(c)
            }
            other => other,
        };
        Key { code, modifiers }
    }

    /// Reads `ctrl+u`, `alt+enter`, `shift+tab`, `F1`, `space`, `esc`, `G`, `+`, `ctrl++`.
    pub fn parse(text: &str) -> Result<Key, KeyError> {
        let bad = || KeyError::NotAKey {
            text: text.to_owned(),
        };
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        // A lone `+` (also after modifiers) is the key itself.
        while let Some((head, tail)) = rest.split_once('+') {
            if head.is_empty() || tail.is_empty() {
                break;
            }
            let modifier = match head.to_ascii_lowercase().as_str() {
                "ctrl" | "control" => KeyModifiers::CONTROL,
                "alt" | "meta" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => return Err(bad()),
            };
            modifiers |= modifier;
            rest = tail;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() && !c.is_whitespace() => KeyCode::Char(c),
            _ => {
                let lower = rest.to_ascii_lowercase();
                match NAMED.iter().find(|(name, _)| *name == lower) {
                    Some((_, code)) => *code,
                    None => match lower.strip_prefix('f').map(str::parse::<u8>) {
                        Some(Ok(n @ 1..=12)) => KeyCode::F(n),
                        _ => return Err(bad()),
                    },
                }
            }
        };
        Ok(Key::normal(code, modifiers))
    }

    /// The event that a terminal would report for it.
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// Whether the key types a character in a text field.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_))
            && !self
                .modifiers
                .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [
            (KeyModifiers::CONTROL, "ctrl+"),
            (KeyModifiers::ALT, "alt+"),
            (KeyModifiers::SHIFT, "shift+"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            other => write!(f, "{other}"),
        }
    }
}

/// Which key does what where.
#[derive(Debug, Clone)]
pub struct Keymap {
    keys: HashMap<Action, Vec<Key>>,
    bound: HashMap<(Context, Key), Action>,
}

impl Default for Keymap {
    /// The keys of the table.
    fn default() -> Keymap {
        let keys = TABLE
            .iter()
            .map(|spec| {
                let keys = spec.keys.iter().filter_map(|k| Key::parse(k).ok());
                (spec.action, keys.collect())
            })
            .collect();
        // A test holds that the table's own keys are readable and bound once.
        let bound = bind(&keys, &[]).unwrap_or_default();
        Keymap { keys, bound }
    }
}

impl Keymap {
    /// The table's keys with some actions remapped: each pair replaces all keys of its action,
    /// and an empty list takes its keys away.
    pub fn remapped(changes: &[(String, Vec<String>)]) -> Result<Keymap, KeyError> {
        let mut keys = Keymap::default().keys;
        let mut changed = Vec::new();
        for (name, strings) in changes {
            let action = Action::named(name)
                .ok_or_else(|| KeyError::UnknownAction { name: name.clone() })?;
            let mut new = Vec::with_capacity(strings.len());
            for string in strings {
                let key = Key::parse(string)?;
                if key.is_text() && action.spec().contexts == [Context::Compose] {
                    return Err(KeyError::Printable {
                        key,
                        action: action.name(),
                    });
                }
                if !new.contains(&key) {
                    new.push(key);
                }
            }
            keys.insert(action, new);
            changed.push(action);
        }
        let bound = bind(&keys, &changed)?;
        Ok(Keymap { keys, bound })
    }

    /// What a key does in a context. In the composer a key that types a character does nothing.
    pub fn resolve(&self, context: Context, event: KeyEvent) -> Option<Action> {
        let key = Key::of(event);
        if let Some(action) = self.bound.get(&(context, key)) {
            return Some(*action);
        }
        if context.takes_global() {
            return self.bound.get(&(Context::Global, key)).copied();
        }
        None
    }

    /// The keys of an action, first the one to show.
    pub fn keys(&self, action: Action) -> &[Key] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The keys of an action, written out.
    pub fn written(&self, action: Action) -> Vec<String> {
        self.keys(action).iter().map(Key::to_string).collect()
    }

    /// The first key of an action as hints show it; empty where it has none.
    pub fn hint(&self, action: Action) -> String {
        self.keys(action)
            .first()
            .map(Key::to_string)
            .unwrap_or_default()
    }

    /// All actions with their keys as text, for `sioscope keys`.
    pub fn as_text(&self) -> String {
        action::as_text(&|action| self.written(action))
    }

    /// All actions with their keys as a Markdown table, for the README.
    pub fn as_markdown(&self) -> String {
        action::as_markdown(&|action| self.written(action))
    }

    /// The first key of an action that works in a context: in the composer, one that is no text.
    pub fn hint_in(&self, action: Action, context: Context) -> String {
        self.keys(action)
            .iter()
            .find(|k| context != Context::Compose || !k.is_text())
            .map(Key::to_string)
            .unwrap_or_default()
    }
}

/// Binds the keys of every action. Refuses a key with two meanings at one place, where a pane and
/// what is global count as one place: a pane that quietly took a global key away would be a trap.
fn bind(
    keys: &HashMap<Action, Vec<Key>>,
    changed: &[Action],
) -> Result<HashMap<(Context, Key), Action>, KeyError> {
    let mut bound: HashMap<(Context, Key), Action> = HashMap::new();
    for spec in TABLE {
        for key in keys.get(&spec.action).into_iter().flatten() {
            for context in spec.contexts {
                if *context == Context::Compose && key.is_text() {
                    continue;
                }
                if let Some(first) = rival(&bound, *context, *key) {
                    // Name the one that the person did not touch first.
                    let (first, second) = if changed.contains(&first) {
                        (spec.action, first)
                    } else {
                        (first, spec.action)
                    };
                    return Err(KeyError::Double {
                        key: *key,
                        context: *context,
                        first: first.name(),
                        second: second.name(),
                    });
                }
                bound.insert((*context, *key), spec.action);
            }
        }
    }
    Ok(bound)
}

fn rival(bound: &HashMap<(Context, Key), Action>, context: Context, key: Key) -> Option<Action> {
    if let Some(action) = bound.get(&(context, key)) {
        return Some(*action);
    }
    if context == Context::Global {
        let panes = Context::ALL.iter().filter(|c| c.takes_global());
        return panes.filter_map(|c| bound.get(&(*c, key))).next().copied();
    }
    if context.takes_global() {
        return bound.get(&(Context::Global, key)).copied();
    }
    None
}

#[cfg(test)]
mod tests;

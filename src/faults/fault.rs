//! A fault and its spelling.

use std::fmt;
use std::str::FromStr;

use super::catalogue::{CATALOGUE, Entry};

/// What a bare `jitter` means, in milliseconds.
pub const DEFAULT_JITTER_MS: u64 = 100;
/// The longest delay that can be asked for, in milliseconds: an hour.
pub const MAX_MS: u64 = 3_600_000;

/// A failure made on purpose. [`fmt::Display`] and [`FromStr`] are each other's inverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The connection ends without a word: a FIN.
    Drop,
    /// The connection is torn: a RST.
    Reset,
    /// Half-open: nothing is read, nothing is written, the socket stays.
    Freeze,
    /// Pongs do not arrive.
    NoPong,
    /// Pings are not seen.
    Deaf,
    /// A WebSocket close frame with this code.
    Close(u16),
    /// A poll is never answered.
    StallPoll,
    /// The nth poll or post is answered with this status.
    Status {
        /// HTTP status, 400 to 599.
        code: u16,
        /// Which poll or post, from 1.
        nth: u32,
    },
    /// The next poll or post names a session that the server does not know.
    UnknownSid,
    /// The handshake does not offer WebSocket.
    NoUpgrade,
    /// Cut between probe and upgrade.
    AbortUpgrade,
    /// Cut between a binary header and its attachment.
    SplitAttachment,
    /// Bytes that are no packet.
    Garbage,
    /// A message that is larger than the server takes.
    Oversize,
    /// Everything comes later by so many milliseconds.
    Delay(u64),
    /// Everything comes later by a random time up to so many milliseconds.
    Jitter(u64),
    /// No more than so many bytes a second.
    Throttle(u64),
    /// An event arrives twice.
    Duplicate,
    /// Two events arrive in the wrong order.
    Reorder,
    /// An ack does not arrive.
    DropAck,
    /// The 101 comes in three TCP segments, the last one late.
    Split101,
}

/// A fault that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No fault has this name.
    #[error("there is no fault {text:?}; the faults are {}", forms())]
    Unknown {
        /// What was given.
        text: String,
    },
    /// What stands behind the name is missing, too much, or out of range.
    #[error("{text:?}: {why}; write {form}, as in {example}")]
    Value {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
        /// How it is written.
        form: &'static str,
        /// A valid one.
        example: &'static str,
    },
}

/// All spellings, for messages.
fn forms() -> String {
    let forms: Vec<&str> = CATALOGUE.iter().map(|entry| entry.form).collect();
    forms.join(", ")
}

impl Fault {
    /// Its name in the catalogue and in `fault` records, without its value.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Drop => "drop",
            Fault::Reset => "reset",
            Fault::Freeze => "freeze",
            Fault::NoPong => "no-pong",
            Fault::Deaf => "deaf",
            Fault::Close(_) => "close",
            Fault::StallPoll => "stall-poll",
            Fault::Status { .. } => "status",
            Fault::UnknownSid => "unknown-sid",
            Fault::NoUpgrade => "no-upgrade",
            Fault::AbortUpgrade => "abort-upgrade",
            Fault::SplitAttachment => "split-attachment",
            Fault::Garbage => "garbage",
            Fault::Oversize => "oversize",
            Fault::Delay(_) => "delay",
            Fault::Jitter(_) => "jitter",
            Fault::Throttle(_) => "throttle",
            Fault::Duplicate => "duplicate",
            Fault::Reorder => "reorder",
            Fault::DropAck => "drop-ack",
            Fault::Split101 => "split-101",
        }
    }

    /// Its entry in the catalogue.
    pub fn entry(self) -> &'static Entry {
        let mut named = CATALOGUE.iter().filter(|entry| entry.name == self.name());
        // A test holds that every fault has its entry.
        named.next().unwrap_or(&CATALOGUE[0])
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Fault::Close(code) => write!(f, ":{code}"),
            Fault::Status { code, nth } => write!(f, ":{code}@{nth}"),
            Fault::Delay(ms) | Fault::Jitter(ms) => write!(f, ":{ms}"),
            Fault::Throttle(rate) => write!(f, ":{rate}/s"),
            _ => Ok(()),
        }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Fault, FaultError> {
        let (name, value) = match text.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let Some(entry) = CATALOGUE.iter().find(|entry| entry.name == name) else {
            return Err(FaultError::Unknown {
                text: text.to_owned(),
            });
        };
        let wrong = |why: String| FaultError::Value {
            text: text.to_owned(),
            why,
            form: entry.form,
            example: entry.example,
        };
        let bare = |fault: Fault| match value {
            None => Ok(fault),
            Some(_) => Err(wrong(format!("{name} takes no value"))),
        };
        let needed = || value.ok_or_else(|| wrong(format!("{name} needs a value")));
        match name {
            "drop" => bare(Fault::Drop),
            "reset" => bare(Fault::Reset),
            "freeze" => bare(Fault::Freeze),
            "no-pong" => bare(Fault::NoPong),
            "deaf" => bare(Fault::Deaf),
            "close" => close_code(needed()?).map(Fault::Close).map_err(wrong),
            "stall-poll" => bare(Fault::StallPoll),
            "status" => status(needed()?).map_err(wrong),
            "unknown-sid" => bare(Fault::UnknownSid),
            "no-upgrade" => bare(Fault::NoUpgrade),
            "abort-upgrade" => bare(Fault::AbortUpgrade),
            "split-attachment" => bare(Fault::SplitAttachment),
            "garbage" => bare(Fault::Garbage),
            "oversize" => bare(Fault::Oversize),
            "delay" => milliseconds(needed()?).map(Fault::Delay).map_err(wrong),
            "jitter" => match value {
                None => Ok(Fault::Jitter(DEFAULT_JITTER_MS)),
                Some(value) => milliseconds(value).map(Fault::Jitter).map_err(wrong),
            },
            "throttle" => rate(needed()?).map(Fault::Throttle).map_err(wrong),
            "duplicate" => bare(Fault::Duplicate),
            "reorder" => bare(Fault::Reorder),
            "drop-ack" => bare(Fault::DropAck),
            "split-101" => bare(Fault::Split101),
            // A name of the catalogue that is no fault here: a test holds that there is none.
            _ => Err(FaultError::Unknown {
                text: text.to_owned(),
            }),
        }
    }
}

/// Codes that may stand in a close frame (RFC 6455, section 7.4, and the IANA registry).
fn close_code(value: &str) -> Result<u16, String> {
    match value.parse::<u16>() {
        Ok(1005 | 1006 | 1015) => Err(format!(
            "code {value} never crosses the wire (drop is what a client sees as 1006)"
        )),
        Ok(code @ (1000..=1003 | 1007..=1014 | 3000..=4999)) => Ok(code),
        _ => Err(format!(
            "{value:?} is no close code: 1000 to 1003, 1007 to 1014, 3000 to 4999"
        )),
    }
}

fn status(value: &str) -> Result<Fault, String> {
    let (code, nth) = match value.split_once('@') {
        Some((code, nth)) => (code, nth),
        None => (value, "1"),
    };
    let code = match code.parse::<u16>() {
        Ok(code @ 400..=599) => code,
        _ => return Err(format!("{code:?} is no error status: 400 to 599")),
    };
    match nth.parse::<u32>() {
        Ok(nth) if nth > 0 => Ok(Fault::Status { code, nth }),
        _ => Err(format!("{nth:?} is no count: the first poll or post is 1")),
    }
}

fn milliseconds(value: &str) -> Result<u64, String> {
    match value.strip_suffix("ms").unwrap_or(value).parse::<u64>() {
        Ok(ms) if ms > 0 && ms <= MAX_MS => Ok(ms),
        _ => Err(format!(
            "{value:?} is no number of milliseconds from 1 to {MAX_MS}"
        )),
    }
}

fn rate(value: &str) -> Result<u64, String> {
    match value.strip_suffix("/s").unwrap_or(value).parse::<u64>() {
        Ok(rate) if rate > 0 => Ok(rate),
        _ => Err(format!("{value:?} is no number of bytes a second")),
    }
}

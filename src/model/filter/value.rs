//! Values of a `key:value`: names with wildcards, comparisons, sizes, durations.

/// A name, or a name with `*` for anything, or a regex.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// Exactly this.
    Exact(String),
    /// Anything that fits.
    Regex(regex::Regex, Option<String>),
}

impl Pattern {
    /// A name in which `*` stands for anything.
    pub(super) fn wild(text: &str) -> Pattern {
        if !text.contains('*') {
            return Pattern::Exact(text.to_owned());
        }
        let pieces: Vec<&str> = text.split('*').collect();
        let escaped: Vec<String> = pieces.iter().map(|piece| regex::escape(piece)).collect();
        match regex::Regex::new(&format!("(?s)^{}$", escaped.join(".*"))) {
            Ok(regex) => {
                let longest = pieces.into_iter().max_by_key(|piece| piece.len());
                Pattern::Regex(regex, longest.map(str::to_owned))
            }
            // An escaped text is always a valid regex, unless it is monstrously long.
            Err(_) => Pattern::Exact(text.to_owned()),
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Exact(name) => name == text,
            Pattern::Regex(regex, _) => regex.is_match(text),
        }
    }

    /// A word that whatever matches must hold in any spelling of JSON.
    pub(super) fn needle(&self) -> Option<String> {
        let text = match self {
            Pattern::Exact(name) => name,
            Pattern::Regex(_, literal) => literal.as_ref()?,
        };
        // The longest run that no JSON writer has a reason to escape.
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .max_by_key(|run| run.len())
            .filter(|run| !run.is_empty())
            .map(str::to_owned)
    }
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Sign {
    /// Every sign as it is typed; longer ones first, so that the first prefix is the right one.
    pub(super) const ALL: [(&'static str, Sign); 6] = [
        ("!=", Sign::NotEqual),
        ("<=", Sign::AtMost),
        (">=", Sign::AtLeast),
        ("=", Sign::Equal),
        ("<", Sign::Less),
        (">", Sign::More),
    ];

    /// The sign at the start of `text`, and the rest.
    pub(super) fn split(text: &str) -> Option<(Sign, &str)> {
        Sign::ALL
            .iter()
            .find_map(|(name, sign)| text.strip_prefix(name).map(|rest| (*sign, rest)))
    }

    pub(super) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Sign::Equal => left == right,
            Sign::NotEqual => left != right,
            Sign::Less => left < right,
            Sign::AtMost => left <= right,
            Sign::More => left > right,
            Sign::AtLeast => left >= right,
        }
    }
}

/// A comparison with a fixed number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Comparison<T> {
    pub(super) sign: Sign,
    pub(super) with: T,
}

impl<T: PartialOrd> Comparison<T> {
    pub(super) fn holds(&self, value: T) -> bool {
        self.sign.holds(&value, &self.with)
    }
}

/// A non-negative decimal number and the unit behind it.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    digits.parse::<f64>().ok().map(|value| (value, unit))
}

/// `1k`, `1.5MiB`, `300`: bytes.
pub(super) fn size(text: &str) -> Option<u64> {
    let (value, unit) = number(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "ki" | "kib" => 1024.0,
        "mi" | "mib" => 1024.0 * 1024.0,
        "gi" | "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some((value * factor).round() as u64)
}

/// `200ms`, `1.5s`, `2m`: microseconds. A number without a unit counts in `unit` microseconds.
pub(super) fn duration(text: &str, unit: f64) -> Option<u64> {
    let (value, name) = number(text)?;
    let factor = match name {
        "" => unit,
        "us" | "µs" | "μs" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        "m" | "min" => 60e6,
        "h" => 3600e6,
        "d" => 86_400e6,
        _ => return None,
    };
    Some((value * factor).round() as u64)
}

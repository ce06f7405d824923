//! The paths that a Rust file names, read without a compiler: enough for code that rustfmt and
//! the compiler have accepted.

/// A path as it is written, made absolute where it begins with `crate`, `self` or `super`.
#[derive(Debug, PartialEq, Eq)]
pub struct Use {
    /// The line it stands on, from 1.
    pub line: usize,
    /// `crate::model::ledger`, or `std::fmt` for one of another crate.
    pub path: String,
    /// It stands in a module named `tests`.
    pub in_tests: bool,
}

/// Every path of the file that is the module `module` (`["client", "machine"]`).
pub fn uses(module: &[String], source: &str) -> Vec<Use> {
    let tokens = tokens(source);
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        module: module.to_vec(),
        inline: Vec::new(),
        depth: 0,
        found: Vec::new(),
    };
    reader.read();
    reader.found
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Word(String),
    /// `::`
    Colons,
    Sign(char),
}

struct Token {
    line: usize,
    kind: Kind,
}

/// The tokens without comments, texts, characters and lifetimes, which name no path.
fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let char_at = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let from = at;
        let sign = chars[at];
        match sign {
            '/' if char_at(at + 1) == '/' => at = end_of_line(&chars, at),
            '/' if char_at(at + 1) == '*' => at = end_of_comment(&chars, at),
            '"' => at = end_of_text(&chars, at),
            'r' | 'b' | 'c' if raw_text(&chars, at).is_some() => {
                at = raw_text(&chars, at).unwrap_or(at + 1)
            }
            // A character, unless it is a lifetime.
            '\'' if char_at(at + 1) == '\\' => at = end_of(&chars, at + 3, '\''),
            '\'' if char_at(at + 2) == '\'' => at += 3,
            '\'' => at = end_of_word(&chars, at + 1),
            ':' if char_at(at + 1) == ':' => {
                tokens.push(Token {
                    line,
                    kind: Kind::Colons,
                });
                at += 2;
            }
            _ if is_word(sign) => {
                at = end_of_word(&chars, at);
                let word: String = chars[from..at].iter().collect();
                tokens.push(Token {
                    line,
                    kind: Kind::Word(word.trim_start_matches("r#").to_owned()),
                });
            }
            _ => {
                if !sign.is_whitespace() {
                    tokens.push(Token {
                        line,
                        kind: Kind::Sign(sign),
                    });
                }
                at += 1;
            }
        }
        line += chars[from..at.min(chars.len())]
            .iter()
            .filter(|sign| **sign == '\n')
            .count();
    }
    tokens
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

fn end_of_word(chars: &[char], at: usize) -> usize {
    chars
        .iter()
        .skip(at)
        .position(|sign| !is_word(*sign))
        .map_or(chars.len(), |length| at + length)
}

fn end_of_line(chars: &[char], at: usize) -> usize {
    chars
        .iter()
        .skip(at)
        .position(|sign| *sign == '\n')
        .map_or(chars.len(), |length| at + length)
}

/// The place after the next `wanted`.
fn end_of(chars: &[char], at: usize, wanted: char) -> usize {
    chars
        .iter()
        .skip(at)
        .position(|sign| *sign == wanted)
        .map_or(chars.len(), |length| at + length + 1)
}

/// Comments nest.
fn end_of_comment(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn end_of_text(chars: &[char], mut at: usize) -> usize {
    at += 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The end of `r"…"`, `r#"…"#`, `br"…"` and so on, where one begins here.
fn raw_text(chars: &[char], at: usize) -> Option<usize> {
    if at > 0 && is_word(chars[at - 1]) {
        return None;
    }
    let mut next = at + usize::from(matches!(chars[at], 'b' | 'c'));
    if chars.get(next) != Some(&'r') {
        return None;
    }
    next += 1;
    let hashes = chars
        .iter()
        .skip(next)
        .take_while(|sign| **sign == '#')
        .count();
    next += hashes;
    if chars.get(next) != Some(&'"') {
        return None;
    }
    next += 1;
    while next < chars.len() {
        if chars[next] == '"'
            && chars
                .iter()
                .skip(next + 1)
                .take(hashes)
                .filter(|sign| **sign == '#')
                .count()
                == hashes
        {
            return Some(next + 1 + hashes);
        }
        next += 1;
    }
    Some(next)
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    /// The module that is being read, inline ones included.
    module: Vec<String>,
    /// The depth of braces at which each inline module began.
    inline: Vec<usize>,
    depth: usize,
    found: Vec<Use>,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            match &token.kind {
                Kind::Word(word) if word == "mod" && self.sign(2) == Some('{') => {
                    if let Some(name) = self.word(1) {
                        self.module.push(name.to_owned());
                        self.inline.push(self.depth);
                    }
                    self.depth += 1;
                    self.at += 3;
                }
                // `pub(in crate::x)` grants, it does not use.
                Kind::Word(word)
                    if word == "in"
                        && self.at > 0
                        && self.tokens[self.at - 1].kind == Kind::Sign('(') =>
                {
                    while self.sign(0).is_some_and(|sign| sign != ')')
                        || self.sign(0).is_none() && self.at < self.tokens.len()
                    {
                        self.at += 1;
                    }
                }
                Kind::Word(word) if word == "use" => {
                    self.at += 1;
                    self.tree(&[]);
                }
                Kind::Word(_) => self.tree(&[]),
                Kind::Sign('{') => {
                    self.depth += 1;
                    self.at += 1;
                }
                Kind::Sign('}') => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.inline.last() == Some(&self.depth) {
                        self.inline.pop();
                        self.module.pop();
                    }
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }

    /// One path, or the tree of them that a `use` opens with `{`, below `prefix`.
    fn tree(&mut self, prefix: &[String]) {
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        let mut path = prefix.to_vec();
        if matches!(self.kind(0), Some(Kind::Colons)) {
            self.at += 1; // `::std::…`
        }
        while let Some(word) = self.word(0) {
            path.push(word.to_owned());
            self.at += 1;
            if !matches!(self.kind(0), Some(Kind::Colons)) {
                break;
            }
            self.at += 1;
            if self.sign(0) == Some('{') {
                self.at += 1;
                self.branches(&path);
                return;
            }
        }
        if path.len() > 1 {
            let path = self.absolute(&path).join("::");
            let in_tests = self.module.iter().any(|name| name == "tests");
            self.found.push(Use {
                line,
                path,
                in_tests,
            });
        }
    }

    fn branches(&mut self, prefix: &[String]) {
        while self.at < self.tokens.len() {
            match self.kind(0) {
                Some(Kind::Sign('}')) => {
                    self.at += 1;
                    return;
                }
                Some(Kind::Word(word)) if word == "as" => self.at += 2,
                Some(Kind::Word(_)) => self.tree(prefix),
                _ => self.at += 1,
            }
        }
    }

    fn absolute(&self, path: &[String]) -> Vec<String> {
        let mut here = self.module.clone();
        let mut rest = path;
        match path.first().map(String::as_str) {
            Some("crate") => here.clear(),
            Some("self" | "super") => {}
            _ => return path.to_vec(),
        }
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "super" => {
                    here.pop();
                }
                "self" | "crate" => {}
                _ => break,
            }
            rest = others;
        }
        let mut absolute = vec!["crate".to_owned()];
        absolute.extend(here);
        absolute.extend_from_slice(rest);
        absolute
    }

    fn kind(&self, ahead: usize) -> Option<&Kind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    fn word(&self, ahead: usize) -> Option<&str> {
        match self.kind(ahead) {
            Some(Kind::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn sign(&self, ahead: usize) -> Option<char> {
        match self.kind(ahead) {
            Some(Kind::Sign(sign)) => Some(*sign),
            _ => None,
        }
    }
}

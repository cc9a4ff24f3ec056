//! Text to tokens (L1-L11).
//!
//! Total: every text becomes tokens, however wrong. Where a token is wrong but what it stands for is
//! clear, the mistake is reported and the token goes on as what was meant, so that the parser can
//! find the next mistake. The lexer does not know where in a rule it is, save for the token before.

mod markup;
mod number;
mod string;

use crate::diagnostic::{Code, Diagnostic};
use crate::tree::Span;
use crate::words::Word;
use markup::Markup;

pub(crate) use string::source_offset;

/// One token. White space lies between tokens and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// An operator word, with its hyphen or without.
    Word(Word),
    /// A hyphen and letters that are no operator word.
    UnknownWord,
    /// Signs that are operators in other languages: `==`, `&&`, a lone hyphen.
    Sign,
    /// `user.department`, `system.now`, `group.objectId`: what is before and after the first dot.
    Path {
        prefix: Span,
        name: Span,
    },
    /// A name without a dot.
    Name,
    /// `_`
    Underscore,
    /// A string, its escapes resolved.
    Text(String),
    /// Digits, perhaps a sign and a fraction.
    Number,
    /// What has the form of a date, perhaps with a time.
    Instant,
    /// What begins like a number and is none: a GUID, `10.0.22631`, `3com`.
    Bare,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    /// A character that begins no token.
    Stray,
    /// After the last token; empty.
    End,
}

/// The tokens of a text, the last being `End`, and what is wrong with them.
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Takes `text` apart.
pub(crate) fn lex(text: &str) -> Lexed {
    let mut lexer =
        Lexer { text, at: 0, tokens: Vec::new(), diagnostics: Vec::new(), markup: Markup::default() };
    if text.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
    }
    loop {
        lexer.skip(is_white_space);
        let start = lexer.at;
        let Some(first) = lexer.peek() else { break };
        if let Some(kind) = lexer.token(first) {
            let span = Span::new(start, lexer.at);
            lexer.tokens.push(Token { kind, span });
        }
    }
    let end = Span::new(text.len(), text.len());
    lexer.tokens.push(Token { kind: TokenKind::End, span: end });
    let Lexer { tokens, mut diagnostics, markup, .. } = lexer;
    diagnostics.extend(markup.diagnostic(text));
    Lexed { tokens, diagnostics }
}

struct Lexer<'t> {
    text: &'t str,
    /// On a character boundary.
    at: usize,
    tokens: Vec<Token>,
    diagnostics: Vec<Diagnostic>,
    markup: Markup,
}

/// Words that stand before a dot; only these may be put together across white space.
const PREFIXES: [&str; 7] =
    ["user", "device", "system", "group", "assignedPlan", "assignedPlans", "assignedLicense"];

impl<'t> Lexer<'t> {
    /// Reads one token, or something that is reported and means nothing (`None`).
    fn token(&mut self, first: char) -> Option<TokenKind> {
        if is_name_start(first) {
            return Some(self.name());
        }
        match first {
            '(' => self.single(TokenKind::Open),
            ')' => self.single(TokenKind::Close),
            '[' => self.single(TokenKind::OpenBracket),
            ']' => self.single(TokenKind::CloseBracket),
            ',' => self.single(TokenKind::Comma),
            '"' | '\'' => Some(self.string(first)),
            '0'..='9' => Some(self.number()),
            _ if is_hyphen(first) => Some(self.hyphen(first)),
            '`' if self.rest().starts_with("`\"") => Some(self.backtick_string()),
            '$' if self.rest().chars().nth(1).is_some_and(char::is_alphabetic) => {
                self.at += 1;
                self.skip(is_name_part);
                Some(TokenKind::Name)
            }
            '=' | '!' | '<' | '>' | '&' | '|' | '+' | '~' | '\\' | '*' | '`' => self.sign_or_markup(first),
            _ if string::curly(first).is_some() && !self.is_apostrophe() => Some(self.curly_string(first)),
            _ if is_invisible(first) => self.invisible(first),
            _ => self.single(TokenKind::Stray),
        }
    }

    fn single(&mut self, kind: TokenKind) -> Option<TokenKind> {
        self.bump();
        Some(kind)
    }

    /// A name, a path, or an operator word without its hyphen.
    fn name(&mut self) -> TokenKind {
        let start = self.at;
        if let Some(word) = self.bare_word() {
            return TokenKind::Word(word);
        }
        if self.rest().starts_with('_') && self.underscore_ends() {
            self.at += 1;
            return TokenKind::Underscore;
        }
        self.skip_name();
        let prefix = Span::new(start, self.at);
        let after_prefix = self.at;
        let known = PREFIXES.iter().any(|known| known.eq_ignore_ascii_case(prefix.of(self.text)));
        if known {
            self.skip(is_white_space);
        }
        let dot = self.at;
        if !self.rest().starts_with('.') {
            self.at = after_prefix;
            return TokenKind::Name;
        }
        self.at += 1;
        if known {
            self.skip(is_white_space);
        }
        let name_start = self.at;
        if !self.peek().is_some_and(|c| is_name_part(c) || self.rest().starts_with("\\_")) {
            self.at = after_prefix;
            return TokenKind::Name;
        }
        self.property_name();
        let name = Span::new(name_start, self.at);
        if dot != after_prefix || name_start != dot + 1 {
            let whole = Span::new(start, self.at);
            let joined = format!("{}.{}", prefix.of(self.text), name.of(self.text));
            let message = format!("white space inside `{}`", whole.of(self.text));
            let split = Diagnostic::new(Code::SplitToken, whole, message);
            self.diagnostics.push(split.corrected(whole, joined));
        }
        TokenKind::Path { prefix, name }
    }

    /// What follows the first dot: names with dots between, and the hyphens of an extension's id.
    fn property_name(&mut self) {
        loop {
            let start = self.at;
            self.skip_name();
            let name = self.text.get(start..self.at).unwrap_or("");
            if let Some(length) = hyphenated_id(name, self.rest()) {
                self.at += length;
                self.skip_name();
            }
            let mut after = self.rest().chars();
            if after.next() != Some('.') || !after.next().is_some_and(is_name_start) {
                return;
            }
            self.at += 1;
        }
    }

    fn skip_name(&mut self) {
        loop {
            self.skip(is_name_part);
            if !self.rest().starts_with("\\_") {
                return;
            }
            self.markup.replace(Span::new(self.at, self.at + 2), "_");
            self.at += 2;
        }
    }

    /// An operator word without its hyphen, unless it is the beginning of a path.
    fn bare_word(&mut self) -> Option<Word> {
        let letters = letters(self.rest());
        let word = Word::find(letters)?;
        let mut after = self.rest().get(letters.len()..).unwrap_or("").chars();
        if after.next() == Some('.') && after.next().is_some_and(is_name_start) {
            return None;
        }
        self.at += letters.len();
        Some(word)
    }

    /// Whether the `_` here is a token of its own: nothing of a name follows, or an operator word does.
    fn underscore_ends(&self) -> bool {
        let rest = self.rest().get(1..).unwrap_or("");
        let letters = letters(rest);
        !rest.starts_with(|c| is_name_part(c) || c == '\\') || Word::find(letters).is_some()
    }

    /// A hyphen, or what looks like one: an operator word, a negative number, or a lone hyphen.
    fn hyphen(&mut self, hyphen: char) -> TokenKind {
        let start = self.at;
        self.bump();
        let word_start = self.at;
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return self.negative(start, hyphen);
        }
        let doubled = self.peek().is_some_and(is_hyphen);
        self.skip(is_hyphen);
        let word_start = if doubled { self.at } else { word_start };
        self.skip(is_white_space);
        let letters = letters(self.rest());
        let word = Word::find(letters);
        if word.is_none() && self.at != word_start {
            self.at = word_start;
            return TokenKind::Sign;
        }
        let split = self.at != word_start;
        self.at += letters.len();
        let span = Span::new(start, self.at);
        let found = span.of(self.text);
        let Some(word) = word else {
            return if letters.is_empty() { TokenKind::Sign } else { TokenKind::UnknownWord };
        };
        let mistake = if split {
            Some((Code::SplitToken, format!("white space inside the operator `{found}`")))
        } else if doubled {
            Some((Code::UnknownOperator, format!("`{found}` is not an operator of rules")))
        } else {
            false_hyphen(hyphen).map(|name| {
                let message = format!("`{hyphen}` is {name} (U+{:04X}), no hyphen", u32::from(hyphen));
                (Code::FalseHyphen, message)
            })
        };
        if let Some((code, message)) = mistake {
            self.diagnostics.push(Diagnostic::new(code, span, message).corrected(span, word.as_str()));
        }
        TokenKind::Word(word)
    }

    /// A negative number; its digits begin here.
    fn negative(&mut self, start: usize, hyphen: char) -> TokenKind {
        let digits = self.at;
        let kind = match self.number() {
            // A date has no sign.
            TokenKind::Instant => TokenKind::Bare,
            kind => kind,
        };
        if hyphen != '-' {
            let span = Span::new(start, self.at);
            let message = format!("`{hyphen}` (U+{:04X}) does not make a number negative", u32::from(hyphen));
            let corrected = format!("-{}", self.text.get(digits..self.at).unwrap_or(""));
            self.diagnostics
                .push(Diagnostic::new(Code::FalseHyphen, span, message).corrected(span, corrected));
        }
        kind
    }

    /// White space that L3 does not know, and characters that cannot be seen.
    fn invisible(&mut self, first: char) -> Option<TokenKind> {
        let start = self.at;
        self.bump();
        let span = Span::new(start, self.at);
        let message = format!("the invisible character U+{:04X} stands here", u32::from(first));
        let report = Diagnostic::new(Code::Character, span, message);
        self.diagnostics.push(if first.is_whitespace() {
            report.help("write a space instead").suggest(span, " ")
        } else {
            report.help("remove it").suggest(span, "")
        });
        None
    }

    /// Whether a curly quote here stands inside a word, as in `O’Brien`.
    fn is_apostrophe(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or("").chars().next_back();
        let after = self.rest().chars().nth(1);
        before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn skip(&mut self, wanted: fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    }
}

/// The letters that `text` begins with.
fn letters(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

/// How much of `rest` completes the GUID that the name `extension_<8 hex>` begins.
fn hyphenated_id(name: &str, rest: &str) -> Option<usize> {
    let (prefix, first) = name.split_at_checked("extension_".len())?;
    let is_hex =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !prefix.eq_ignore_ascii_case("extension_") || !is_hex(first, 8) {
        return None;
    }
    let mut at = 0;
    for length in [4, 4, 4, 12] {
        let group = rest.get(at..at + 1 + length)?;
        if !is_hex(group.strip_prefix('-')?, length) {
            return None;
        }
        at += group.len();
    }
    rest.get(at..)?.starts_with('_').then_some(at)
}

/// The white space of L3.
pub(crate) fn is_white_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{a0}')
}

fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What stands for a hyphen before an operator word, or looks as if it did (L2).
fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2013}'..='\u{2015}') || false_hyphen(c).is_some()
}

fn false_hyphen(c: char) -> Option<&'static str> {
    match c {
        '\u{2010}' => Some("a typographic hyphen"),
        '\u{2011}' => Some("a non-breaking hyphen"),
        '\u{2212}' => Some("a minus sign"),
        _ => None,
    }
}

//! Strings (L5, L6), and the quotes that are not straight (L7).

use super::{Lexer, TokenKind, is_hyphen, is_white_space, letters};
use crate::diagnostic::{Code, Diagnostic};
use crate::print::quoted;
use crate::tree::Span;
use crate::words::Word;

/// What a curly quote should be.
pub(super) fn curly(c: char) -> Option<char> {
    match c {
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2033}' | '\u{ff02}' => Some('"'),
        '\u{2018}'..='\u{201b}' | '\u{b4}' | '\u{2032}' | '\u{ff07}' => Some('\''),
        _ => None,
    }
}

impl Lexer<'_> {
    /// A string that a straight quote opens, here.
    pub(super) fn string(&mut self, quote: char) -> TokenKind {
        let start = self.at;
        let rest = self.rest().get(1..).unwrap_or("");
        let (content, end) = scan(rest, quote);
        let end_of_text = rest.len();
        let after = rest.get(end.unwrap_or(end_of_text)..).unwrap_or("");
        let well_followed = end.is_some() && can_follow(after);
        if !well_followed {
            let inside = rest.get(..end.unwrap_or(end_of_text)).unwrap_or("");
            if let Some((at, found)) = meant_end(inside, quote) {
                return self.string_closed_by_curly(start + 1 + at, found, quote);
            }
            if let Some(at) = missing_quote(inside, end.is_none()) {
                return self.unterminated(start, start + 1 + at, quote);
            }
            if let Some(at) = end.and_then(|end| Some(end + meant_last_quote(rest.get(end..)?, quote)?)) {
                let inner = start + end.unwrap_or(0);
                return self.quote_inside(start, inner, start + 1 + at);
            }
        }
        if let Some(end) = end {
            self.at = start + 1 + end;
            return TokenKind::Text(content);
        }
        let end = self.text.trim_end_matches(is_white_space).len().max(start + 1);
        self.unterminated(start, end, quote)
    }

    /// `` `"Sales`" `` (L6).
    pub(super) fn backtick_string(&mut self) -> TokenKind {
        let start = self.at;
        let rest = self.rest().get(2..).unwrap_or("");
        let Some(end) = rest.find("`\"") else {
            let end = self.text.trim_end_matches(is_white_space).len().max(start + 2);
            return self.unterminated_by(start, start + 2, end, "`\"");
        };
        let content = rest.get(..end).unwrap_or("").replace("''", "'");
        self.at = start + 2 + end + 2;
        TokenKind::Text(content)
    }

    /// A string that a curly quote opens.
    pub(super) fn curly_string(&mut self, first: char) -> TokenKind {
        let start = self.at;
        self.bump();
        let content_start = self.at;
        let straight = curly(first).unwrap_or('"');
        let rest = self.rest();
        let closes = |(at, c): &(usize, char)| {
            let after = rest.get(at + c.len_utf8()..).unwrap_or("").chars().next();
            let apostrophe = after.is_some_and(char::is_alphanumeric) && *at > 0;
            (curly(*c) == Some(straight) || *c == straight) && !(straight == '\'' && apostrophe)
        };
        let closing = rest.char_indices().find(closes);
        let (content, end) = match closing {
            Some((at, c)) => (rest.get(..at).unwrap_or(""), content_start + at + c.len_utf8()),
            None => {
                let at = missing_quote(rest, true).unwrap_or(rest.trim_end_matches(is_white_space).len());
                (rest.get(..at).unwrap_or(""), content_start + at)
            }
        };
        let content = content.to_owned();
        self.at = end;
        let span = Span::new(start, end);
        let message =
            format!("`{first}` is a curly quote (U+{:04X}), which strings do not have", u32::from(first));
        self.diagnostics
            .push(Diagnostic::new(Code::CurlyQuote, span, message).corrected(span, quoted(&content)));
        TokenKind::Text(content)
    }

    /// The string opened with `quote` was meant to end at the curly quote `found`, at byte `at`.
    fn string_closed_by_curly(&mut self, at: usize, found: char, quote: char) -> TokenKind {
        let content_start = self.at + 1;
        let content = self.text.get(content_start..at).unwrap_or("");
        let content = scan(content, '\0').0;
        self.at = at + found.len_utf8();
        let span = Span::new(at, self.at);
        let message =
            format!("`{found}` is a curly quote (U+{:04X}) and does not end the string", u32::from(found));
        self.diagnostics.push(Diagnostic::new(Code::CurlyQuote, span, message).corrected(span, quote));
        TokenKind::Text(content)
    }

    /// The literal from `start` to `end` has a quote of its own sort inside, at `inner`.
    fn quote_inside(&mut self, start: usize, inner: usize, end: usize) -> TokenKind {
        let content = self.text.get(start + 1..end - 1).unwrap_or("");
        let escaped = self.text.get(..inner).is_some_and(|before| before.ends_with('\\'));
        let literal = Span::new(start, end);
        let report = if escaped {
            let span = Span::new(inner - 1, inner + 1);
            Diagnostic::new(Code::Markup, span, "a backslash does not escape the quote after it")
        } else {
            Diagnostic::new(Code::Unexpected, Span::new(inner, inner + 1), "this quote ends the string")
        };
        let meant =
            if escaped { content.replace("\\\"", "\"").replace("\\'", "'") } else { content.to_owned() };
        // Quotes doubled at both ends are one pair too many.
        let doubled = meant.len() >= 2 && inner == start + 1;
        let meant = if doubled { meant.trim_matches(['"', '\'']).to_owned() } else { meant };
        self.diagnostics.push(report.corrected(literal, quoted(&meant)));
        self.at = end;
        TokenKind::Text(meant)
    }

    fn unterminated(&mut self, start: usize, end: usize, quote: char) -> TokenKind {
        self.unterminated_by(start, start + 1, end, if quote == '\'' { "'" } else { "\"" })
    }

    fn unterminated_by(
        &mut self,
        start: usize,
        content_start: usize,
        end: usize,
        closing: &str,
    ) -> TokenKind {
        let content = self.text.get(content_start..end).unwrap_or("").to_owned();
        self.at = end;
        let (span, after) = (Span::new(start, end), Span::new(end, end));
        let report = Diagnostic::new(Code::UnterminatedString, span, "the string has no closing quote");
        self.diagnostics.push(report.help(format!("close it with `{closing}`")).suggest(after, closing));
        TokenKind::Text(content)
    }
}

/// Resolves a string's content up to its closing quote: the content, and the length in bytes
/// up to and with the closing quote (`None`: there is none).
fn scan(rest: &str, quote: char) -> (String, Option<usize>) {
    let mut content = String::new();
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        match (c, next) {
            ('\'', Some('\'')) => {
                content.push('\'');
                chars.next();
            }
            ('`', Some(escaped @ ('"' | '`'))) if quote == '"' => {
                content.push(escaped);
                chars.next();
            }
            _ if c == quote => return (content, Some(at + 1)),
            _ => content.push(c),
        }
    }
    (content, None)
}

/// Where in the literal `raw`, quotes included, the byte `offset` of its resolved content stands.
pub(crate) fn source_offset(raw: &str, offset: usize) -> usize {
    let opening = if raw.starts_with('`') { 2 } else { 1 };
    let quote = raw.chars().next();
    let mut at = opening;
    let mut resolved = 0;
    while resolved < offset {
        let mut rest = raw.get(at..).unwrap_or("").chars();
        let Some(c) = rest.next() else { break };
        let escaped = match (c, rest.next()) {
            ('\'', Some('\'')) => true,
            ('`', Some('"' | '`')) => quote == Some('"'),
            _ => false,
        };
        resolved += if escaped { 1 } else { c.len_utf8() };
        at += if escaped { 2 } else { c.len_utf8() };
    }
    at.min(raw.len())
}

/// Whether a rule can go on like this directly after a string.
fn can_follow(after: &str) -> bool {
    match after.chars().next() {
        None => true,
        Some(c) if c.is_alphanumeric() => Word::find(letters(after)).is_some(),
        Some(c) => is_white_space(c) || is_hyphen(c) || matches!(c, ')' | ']' | ','),
    }
}

/// The first curly quote of the same sort as `quote` after which a string may well have ended.
fn meant_end(inside: &str, quote: char) -> Option<(usize, char)> {
    inside.char_indices().find(|(at, c)| {
        let after = inside.get(at + c.len_utf8()..).unwrap_or("");
        curly(*c) == Some(quote) && ends_operand(after)
    })
}

/// Whether what follows shows that an operand ended here.
fn ends_operand(after: &str) -> bool {
    let after = after.trim_start_matches(is_white_space);
    after.is_empty() || after.starts_with([')', ']', ',']) || connective(after)
}

/// After a quote that ends a string too early: how far it is to behind the quote that was meant to.
fn meant_last_quote(after: &str, quote: char) -> Option<usize> {
    let line = after.lines().next().unwrap_or("");
    let (at, _) =
        line.char_indices().find(|(at, c)| *c == quote && ends_operand(line.get(at + 1..).unwrap_or("")))?;
    let between = line.get(..at)?;
    let goes_on = between.char_indices().any(|(at, c)| {
        let rest = between.get(at + c.len_utf8()..).unwrap_or("");
        matches!(c, '(' | ')' | '[' | ']' | ',') || (is_white_space(c) && connective(rest))
    });
    (!goes_on).then_some(at + 1)
}

/// Where a quote was forgotten: before the first connective, or before the parentheses that end the text.
fn missing_quote(inside: &str, to_the_end: bool) -> Option<usize> {
    let white = inside.char_indices().filter(|(_, c)| is_white_space(*c) || *c == ')');
    for (at, _) in white {
        let rest = inside.get(at..).unwrap_or("");
        let after = rest.trim_start_matches(|c| is_white_space(c) || c == ')');
        let closes = to_the_end && after.is_empty() && rest.contains(')');
        if closes || (after.starts_with('-') && connective(after)) {
            return Some(at);
        }
    }
    None
}

/// Whether `text` begins with `-and` or `-or`, with the hyphen or without.
fn connective(text: &str) -> bool {
    let letters = letters(text.strip_prefix('-').unwrap_or(text));
    matches!(Word::find(letters), Some(Word::And | Word::Or))
}

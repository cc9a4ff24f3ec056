//! What copying leaves behind: escapes of Markdown, entities of HTML, quotes of JSON (L7).
//!
//! However much of it there is, it is one mistake, reported once, with the whole text corrected.

use super::{Lexer, TokenKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::tree::Span;
use crate::words::Word;

/// The residue found in one text.
#[derive(Default)]
pub(super) struct Markup {
    /// In order, apart: what is to be replaced by what.
    edits: Vec<(Span, &'static str)>,
}

/// Entities that stand for what a rule can hold.
const ENTITIES: [(&str, &str); 10] = [
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&ldquo;", "\""),
    ("&rdquo;", "\""),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
];

impl Markup {
    pub(super) fn replace(&mut self, span: Span, replacement: &'static str) {
        self.edits.push((span, replacement));
    }

    /// The one mistake that all of it is.
    pub(super) fn diagnostic(self, text: &str) -> Option<Diagnostic> {
        let (first, _) = *self.edits.first()?;
        let residue = first.of(text);
        let language = match residue.chars().next()? {
            '&' | '<' => "HTML",
            '\\' if residue.starts_with("\\\"") => "JSON",
            _ => "Markdown",
        };
        let mut corrected = String::with_capacity(text.len());
        let mut done = 0;
        for (span, replacement) in &self.edits {
            let (start, end) = span.range();
            corrected.push_str(text.get(done..start)?);
            corrected.push_str(replacement);
            done = end;
        }
        corrected.push_str(text.get(done..)?);
        let corrected = corrected.trim().to_owned();
        let message = format!("`{residue}` was copied from {language} and is no part of a rule");
        let whole = Span::new(0, text.len());
        let report = Diagnostic::new(Code::Markup, first, message).help("write the rule without it");
        Some(report.suggest(whole, corrected))
    }
}

impl Lexer<'_> {
    /// One of the characters that are signs of other languages, or marks of a text's origin.
    pub(super) fn sign_or_markup(&mut self, first: char) -> Option<TokenKind> {
        let start = self.at;
        match first {
            '\\' => return self.backslash(),
            '&' => {
                if let Some((entity, replacement)) = self.entity() {
                    return self.replace_entity(entity, replacement);
                }
            }
            '<' => {
                if let Some(length) = tag_length(self.rest()) {
                    self.at += length;
                    self.markup.replace(Span::new(start, self.at), "");
                    return None;
                }
            }
            '*' | '`' => {
                self.skip(if first == '*' { |c| c == '*' } else { |c| c == '`' });
                if self.after_comparison() {
                    return Some(TokenKind::Stray);
                }
                self.markup.replace(Span::new(start, self.at), "");
                return None;
            }
            _ => {}
        }
        self.skip(|c| matches!(c, '=' | '!' | '<' | '>' | '&' | '|' | '+' | '~'));
        Some(TokenKind::Sign)
    }

    /// A backslash: an escape of Markdown before punctuation, of JSON before a quote.
    fn backslash(&mut self) -> Option<TokenKind> {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            Some('"') => {
                self.at = start;
                self.escaped_string("\\\"", "\"")
            }
            Some('_') => {
                self.at = start;
                self.skip_name();
                let alone = self.at == start + 2;
                Some(if alone { TokenKind::Underscore } else { TokenKind::Name })
            }
            Some(c) if c.is_ascii_punctuation() => {
                self.markup.replace(Span::new(start, self.at), "");
                None
            }
            _ => Some(TokenKind::Stray),
        }
    }

    fn entity(&self) -> Option<(&'static str, &'static str)> {
        ENTITIES.into_iter().find(|(entity, _)| self.rest().starts_with(entity))
    }

    fn replace_entity(&mut self, entity: &'static str, replacement: &'static str) -> Option<TokenKind> {
        if matches!(replacement, "\"" | "'") {
            return self.escaped_string(entity, replacement);
        }
        let start = self.at;
        self.at += entity.len();
        if replacement == "&" {
            // Once or twice, it is a connective.
            self.markup.replace(Span::new(start, self.at), Word::And.as_str());
            if self.rest().starts_with(entity) {
                self.markup.replace(Span::new(self.at, self.at + entity.len()), "");
                self.at += entity.len();
            }
            return Some(TokenKind::Word(Word::And));
        }
        self.markup.replace(Span::new(start, self.at), replacement);
        if replacement == " " { None } else { Some(TokenKind::Sign) }
    }

    /// A string between two marks that each stand for `quote`.
    fn escaped_string(&mut self, mark: &'static str, quote: &'static str) -> Option<TokenKind> {
        let open = Span::new(self.at, self.at + mark.len());
        self.markup.replace(open, quote);
        self.at += mark.len();
        let closing = if mark == "&ldquo;" { "&rdquo;" } else { mark };
        let Some(length) = self.rest().find(closing) else { return Some(TokenKind::Stray) };
        let content = self.rest().get(..length).unwrap_or("").to_owned();
        self.at += length;
        self.markup.replace(Span::new(self.at, self.at + closing.len()), quote);
        self.at += closing.len();
        Some(TokenKind::Text(content))
    }

    /// Whether the token before is a comparison operator, so that a value stands here.
    fn after_comparison(&self) -> bool {
        self.tokens.last().is_some_and(|token| matches!(token.kind, TokenKind::Word(Word::Compare(_))))
    }
}

/// The length of the HTML tag that `rest` begins with.
fn tag_length(rest: &str) -> Option<usize> {
    let end = rest.find('>')?;
    let inside = rest.get(1..end)?;
    let name = inside.trim_matches(['/', ' ']);
    let is_tag =
        !name.is_empty() && name.len() <= 10 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_tag.then_some(end + 1)
}

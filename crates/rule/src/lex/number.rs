//! What begins with a digit: numbers, instants, and neither (L10, L11).

use super::{Lexer, TokenKind, letters};
use crate::Instant;
use crate::words::Word;

impl Lexer<'_> {
    /// From a digit.
    pub(super) fn number(&mut self) -> TokenKind {
        let start = self.at;
        self.skip(|c| c.is_ascii_digit());
        if fraction(self.rest()) {
            self.at += 1;
            self.skip(|c| c.is_ascii_digit());
        }
        let glued = letters(self.rest());
        if matches!(Word::find(glued), Some(Word::And | Word::Or)) {
            return TokenKind::Number;
        }
        let number_end = self.at;
        while let Some(c) = self.peek() {
            let goes_on = match c {
                '_' | '.' | ':' | '+' => true,
                '-' => self.rest().chars().nth(1).is_some_and(char::is_alphanumeric) && !self.word_follows(),
                _ => c.is_alphanumeric(),
            };
            if !goes_on {
                break;
            }
            self.bump();
        }
        if self.at == number_end {
            return TokenKind::Number;
        }
        if Instant::parse(self.text.get(start..self.at).unwrap_or("")).is_ok() {
            TokenKind::Instant
        } else {
            TokenKind::Bare
        }
    }

    /// Whether the hyphen here belongs to an operator word.
    fn word_follows(&self) -> bool {
        let mut rest = self.rest().chars();
        rest.next();
        Word::find(letters(rest.as_str())).is_some()
    }
}

/// Whether `.` and a digit follow.
fn fraction(rest: &str) -> bool {
    let mut rest = rest.chars();
    rest.next() == Some('.') && rest.next().is_some_and(|c| c.is_ascii_digit())
}

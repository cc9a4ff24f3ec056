//! What begins with a digit: numbers, instants, and neither (L10, L11).

use super::{Lexer, TokenKind, letters};
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
        let run = self.text.get(start..self.at).unwrap_or("");
        if looks_like_a_date(run) { TokenKind::Instant } else { TokenKind::Bare }
    }

    /// Whether the hyphen here belongs to an operator word.
    fn word_follows(&self) -> bool {
        let mut rest = self.rest().chars();
        rest.next();
        Word::find(letters(rest.as_str())).is_some()
    }
}

/// Whether `run` has the form of a date, perhaps with a time. Whether there is such a day is for
/// the checker to say, which knows whether a date is wanted.
fn looks_like_a_date(run: &str) -> bool {
    let (date, time) = run.split_at_checked("2026-11-22".len()).unwrap_or((run, ""));
    let dated = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    dated && (time.is_empty() || time.starts_with(['T', 't']))
}

/// Whether `.` and a digit follow.
fn fraction(rest: &str) -> bool {
    let mut rest = rest.chars();
    rest.next() == Some('.') && rest.next().is_some_and(|c| c.is_ascii_digit())
}

//! `system.now` and its shifts (L31, L32).

use super::Parser;
use crate::diagnostic::{Code, Diagnostic};
use crate::instant::{DurationError, parse_duration};
use crate::lex::TokenKind;
use crate::tree::{Operand, OperandKind, Span};
use crate::words::Word;

impl Parser<'_> {
    /// Whether the parentheses here hold `system.…`.
    pub(super) fn date_in_parentheses(&self) -> bool {
        let inside = (0..).find(|count| *self.kind_ahead(*count) != TokenKind::Open).unwrap_or(0);
        match *self.kind_ahead(inside) {
            TokenKind::Path { prefix, .. } => prefix.of(self.text).eq_ignore_ascii_case("system"),
            _ => false,
        }
    }

    /// A date expression, perhaps in parentheses. `None`: reported.
    pub(super) fn date(&mut self) -> Option<Operand> {
        if *self.kind() == TokenKind::Open {
            let open = self.enter()?;
            let date = self.date();
            let close = if date.is_some() || *self.kind() == TokenKind::Close {
                self.close()
            } else {
                self.nesting.pop();
                None
            };
            let date = date?;
            let close = close?;
            let span = open.to(close);
            let unshifted = date.kind == OperandKind::Now { shift_millis: 0 };
            if !(unshifted && self.shift_outside(span, date.span)) {
                self.no_more_shifts();
            }
            return Some(Operand { span, kind: date.kind });
        }
        let span = self.advance();
        let found = span.of(self.text);
        let is_now = found.rsplit('.').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("now"));
        if !is_now {
            let report = Diagnostic::new(Code::Unexpected, span, format!("`{found}` does not exist"));
            self.report(report.help("write `system.now`").suggest(span, "system.now"));
            return None;
        }
        let Some(direction) = self.shift_word() else {
            return Some(Operand { span, kind: OperandKind::Now { shift_millis: 0 } });
        };
        let millis = self.duration();
        let end = self.last_span();
        self.no_more_shifts();
        let shift_millis = direction.checked_mul(millis?)?;
        Some(Operand { span: span.to(end), kind: OperandKind::Now { shift_millis } })
    }

    /// Takes a shift after `(system.now)`, which should stand inside, and reports it. Whether one was there.
    fn shift_outside(&mut self, parentheses: Span, inside: Span) -> bool {
        let first = self.span();
        if self.shift_word().is_none() {
            return false;
        }
        let known = self.diagnostics.len();
        self.duration();
        let shift = first.to(self.last_span());
        let message = "`system.now` is shifted inside its parentheses";
        let report = Diagnostic::new(Code::ChainedShift, first, message);
        let corrected = format!("({} {})", inside.of(self.text), shift.of(self.text));
        if self.diagnostics.len() == known {
            self.report(report.corrected(parentheses.to(shift), corrected));
        }
        true
    }

    /// Takes `-plus` or `-minus`: 1 or -1.
    fn shift_word(&mut self) -> Option<i64> {
        let direction = match self.kind() {
            TokenKind::Word(Word::Plus) => 1,
            TokenKind::Word(Word::Minus) => -1,
            TokenKind::Sign => match self.span().of(self.text) {
                "+" => 1,
                "-" => -1,
                _ => return None,
            },
            _ => return None,
        };
        let span = self.advance();
        if span.of(self.text).len() == 1 {
            let word = if direction == 1 { Word::Plus } else { Word::Minus }.as_str();
            let message = format!("`{}` is not an operator of rules", span.of(self.text));
            let report = Diagnostic::new(Code::UnknownOperator, span, message);
            self.report(report.corrected(span, word));
        }
        Some(direction)
    }

    /// The duration after `-plus` or `-minus`, in milliseconds. `None`: reported.
    fn duration(&mut self) -> Option<i64> {
        let word = self.last_span();
        match self.kind() {
            TokenKind::Text(_) => return self.quoted_duration(),
            TokenKind::Name | TokenKind::Path { .. } | TokenKind::Number | TokenKind::Bare => {}
            _ => {
                let message = format!("a duration is missing after `{}`", word.of(self.text));
                let report = Diagnostic::new(Code::Duration, word, message);
                self.report(report.help("write days as in `P7D`, hours as in `PT12H`"));
                return None;
            }
        }
        // Tokens do not know durations (`P1.5D` is a path): take the text up to where one must end.
        let start = self.span().start as usize;
        let rest = self.text.get(start..).unwrap_or("");
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '.')).unwrap_or(rest.len());
        let span = Span::new(start, start + length);
        while self.span().start < span.end && *self.kind() != TokenKind::End {
            self.advance();
        }
        match parse_duration(span.of(self.text)) {
            Ok(millis) => Some(millis),
            Err(error) => {
                self.bad_duration(span, error);
                None
            }
        }
    }

    fn quoted_duration(&mut self) -> Option<i64> {
        let operand = self.text_operand();
        let OperandKind::Text(text) = operand.kind else { return None };
        match parse_duration(&text) {
            Ok(millis) => {
                let report =
                    Diagnostic::new(Code::QuotedDuration, operand.span, "a duration stands without quotes");
                self.report(report.corrected(operand.span, text));
                Some(millis)
            }
            Err(error) => {
                self.bad_duration(operand.span, error);
                None
            }
        }
    }

    fn bad_duration(&mut self, span: Span, error: DurationError) {
        let code = match error {
            DurationError::YearsOrMonths => Code::YearsOrMonths,
            DurationError::Fraction | DurationError::TooLong | DurationError::Malformed => Code::Duration,
        };
        let (what, help) = match error {
            DurationError::YearsOrMonths => {
                ("has years or months, whose length varies", "give days or weeks, as in `P365D` or `P30D`")
            }
            DurationError::Fraction => {
                ("has a fraction", "use a smaller unit, as in `PT90M` for an hour and a half")
            }
            DurationError::TooLong => {
                ("is longer than 36525 days", "give a shorter duration, or compare with a fixed date")
            }
            DurationError::Malformed => {
                ("is no duration", "write days as in `P7D`, weeks as in `P2W`, hours as in `PT12H`")
            }
        };
        let message = format!("`{}` {what}", span.shown(self.text));
        let report = Diagnostic::new(code, span, message).help(help);
        let written = span.of(self.text);
        // `30D`
        let prefixed = format!("P{}", written.to_ascii_uppercase());
        let meant = match error {
            DurationError::YearsOrMonths => in_days(written),
            DurationError::Malformed => parse_duration(&prefixed).is_ok().then_some(prefixed),
            DurationError::Fraction | DurationError::TooLong => None,
        };
        self.report(match meant {
            Some(corrected) => report.suggest(span, corrected),
            None => report,
        });
    }

    /// Reports a second shift (L31).
    fn no_more_shifts(&mut self) {
        let first = self.span();
        let mut reported = false;
        while let Some(_direction) = self.shift_word() {
            if !reported {
                let message = "`system.now` can be shifted once only";
                let report = Diagnostic::new(Code::ChainedShift, first, message);
                self.report(report.help(
                    "add the durations up, as in `P1DT12H`, and write the shift inside any parentheses",
                ));
                reported = true;
            }
            self.duration();
        }
    }
}

/// A duration of years or months alone, in days of the usual length.
fn in_days(duration: &str) -> Option<String> {
    let number = duration.get(1..duration.len().checked_sub(1)?)?.parse::<u32>().ok()?;
    let days = match duration.bytes().last()?.to_ascii_uppercase() {
        b'Y' => number.checked_mul(365)?,
        b'M' => number.checked_mul(30)?,
        _ => return None,
    };
    (days <= 36_525).then(|| format!("P{days}D"))
}

//! What stands right of an operator: values, arrays, and values without their quotes (L5-L11, L20).

use super::Parser;
use super::comparison::kind_of;
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::TokenKind;
use crate::print::quoted;
use crate::tree::{Operand, OperandKind, Operator, Span};
use crate::words::Word;

impl Parser<'_> {
    /// The operand of `operator`. `None`: reported.
    pub(super) fn operand(&mut self, operator: (Operator, Span)) -> Option<Operand> {
        match *self.kind() {
            TokenKind::OpenBracket => self.list(),
            TokenKind::Path { prefix, .. } if kind_of(prefix.of(self.text)).is_some() => {
                self.property_right()
            }
            TokenKind::Open if self.date_in_parentheses() => self.date(),
            TokenKind::Open => self.parenthesized_values(operator),
            TokenKind::Stray
                if self.span().of(self.text) == "@" && *self.kind_ahead(1) == TokenKind::Open =>
            {
                self.advance();
                self.parenthesized_values(operator)
            }
            _ => {
                let first = self.value(operator)?;
                if *self.kind() == TokenKind::Comma && !self.property_ahead() {
                    self.values_without_brackets(operator, first)
                } else {
                    Some(first)
                }
            }
        }
    }

    /// One value.
    fn value(&mut self, (operator, operator_span): (Operator, Span)) -> Option<Operand> {
        let span = self.span();
        let word = span.of(self.text);
        match *self.kind() {
            TokenKind::Text(_) => Some(self.text_operand()),
            TokenKind::Number => {
                let kind = OperandKind::Number(word.to_owned());
                self.advance();
                Some(Operand { span, kind })
            }
            TokenKind::Instant => {
                let kind = OperandKind::Instant(word.to_owned());
                self.advance();
                Some(Operand { span, kind })
            }
            TokenKind::Name if literal(word).is_some() => {
                self.advance();
                literal(word).map(|kind| Operand { span, kind })
            }
            TokenKind::Path { prefix, .. } if prefix.of(self.text).eq_ignore_ascii_case("system") => {
                self.date()
            }
            TokenKind::OpenBracket => self.list(),
            TokenKind::End
            | TokenKind::Close
            | TokenKind::CloseBracket
            | TokenKind::Comma
            | TokenKind::Open
            | TokenKind::Word(Word::And | Word::Or) => self.missing_value(operator, operator_span),
            TokenKind::Word(_) if self.hyphen_here() => self.missing_value(operator, operator_span),
            _ => self.unquoted(),
        }
    }

    fn missing_value(&mut self, operator: Operator, span: Span) -> Option<Operand> {
        let message = format!("a value is missing after `{}`", span.of(self.text));
        let example = match operator {
            Operator::In | Operator::NotIn => "write an array, as in `[\"a\", \"b\"]`",
            _ => "write a value, as in `\"Sales\"`, or `null` for none",
        };
        self.report(Diagnostic::new(Code::MissingOperand, span, message).help(example));
        None
    }

    /// The string here, and what is glued to it by mistake.
    pub(super) fn text_operand(&mut self) -> Operand {
        let span = self.span();
        let text = match self.tokens.get_mut(self.at) {
            Some(token) => match &mut token.kind {
                TokenKind::Text(text) => std::mem::take(text),
                _ => String::new(),
            },
            None => String::new(),
        };
        self.advance();
        let glued = self.span();
        let mut end = span;
        while self.span().start == end.end
            && matches!(
                self.kind(),
                TokenKind::Text(_)
                    | TokenKind::Name
                    | TokenKind::Bare
                    | TokenKind::Number
                    | TokenKind::Path { .. }
            )
        {
            end = self.advance();
        }
        if end == span {
            return Operand { span, kind: OperandKind::Text(text) };
        }
        let whole = span.to(end);
        let raw = whole.of(self.text);
        let inside = raw.get(1..raw.len() - 1).unwrap_or("");
        let corrected = quoted(inside.trim_matches('"'));
        let message = format!("the string ends before `{}`", glued.shown(self.text));
        let report = Diagnostic::new(Code::Unexpected, glued, message);
        self.report(report.corrected(whole, corrected));
        Operand { span: whole, kind: OperandKind::Text(inside.to_owned()) }
    }

    /// A string that has no quotes, up to where it must end (L7).
    pub(super) fn unquoted(&mut self) -> Option<Operand> {
        let start = self.span();
        let mut end = self.advance();
        while !self.unquoted_ends() {
            end = self.advance();
        }
        let span = start.to(end);
        let found = span.of(self.text);
        if !found.contains(char::is_alphanumeric) {
            let report =
                Diagnostic::new(Code::Unexpected, span, format!("`{found}` stands where a value should"));
            self.report(report.help("write a value, as in `\"Sales\"`"));
            return None;
        }
        if ["now", "today", "now()"].iter().any(|word| word.eq_ignore_ascii_case(found)) {
            let message = format!("`{found}` is not the clock");
            self.report(Diagnostic::new(Code::NotAnInstant, span, message).corrected(span, "system.now"));
            return Some(Operand { span, kind: OperandKind::Now { shift_millis: 0 } });
        }
        let message = format!("the string `{}` has no quotes", span.shown(self.text));
        let report = Diagnostic::new(Code::UnquotedString, span, message);
        if self.subject.is_some_and(|subject| self.is_boolean(subject)) {
            // Quotes would not mend it.
            let meant = meant_boolean(found);
            let report = report.help("write `true`, `false` or `null`");
            self.report(match meant {
                Some(meant) => report.suggest(span, meant),
                None => report,
            });
            return None;
        }
        self.report(report.corrected(span, quoted(found)));
        Some(Operand { span, kind: OperandKind::Text(found.to_owned()) })
    }

    fn unquoted_ends(&self) -> bool {
        match self.kind() {
            TokenKind::End
            | TokenKind::Open
            | TokenKind::Close
            | TokenKind::OpenBracket
            | TokenKind::CloseBracket
            | TokenKind::Comma
            | TokenKind::Text(_) => true,
            // `Research and Development` goes on, `Sales and user.city …` does not.
            TokenKind::Word(_) if !self.hyphen_here() => {
                !matches!(self.kind_ahead(1), TokenKind::Name | TokenKind::Bare)
            }
            TokenKind::Word(_) => true,
            TokenKind::Path { prefix, .. } => kind_of(prefix.of(self.text)).is_some(),
            _ => false,
        }
    }

    /// Whether the present word is written with its hyphen.
    fn hyphen_here(&self) -> bool {
        !self.span().of(self.text).starts_with(char::is_alphabetic)
    }

    /// Whether a value stands here that can be no name.
    pub(super) fn value_here(&self) -> bool {
        match self.kind() {
            TokenKind::Text(_) | TokenKind::Number | TokenKind::Instant | TokenKind::Bare => true,
            TokenKind::Name => literal(self.span().of(self.text)).is_some(),
            _ => false,
        }
    }

    /// Whether the token after the present one is a property, so that a comparison begins there.
    pub(super) fn property_ahead(&self) -> bool {
        matches!(*self.kind_ahead(1), TokenKind::Path { prefix, .. } if kind_of(prefix.of(self.text)).is_some())
    }

    fn property_right(&mut self) -> Option<Operand> {
        let span = self.advance();
        let found = span.of(self.text);
        let message =
            format!("`{found}` stands where a value should: properties are compared with values only");
        let report = Diagnostic::new(Code::TwoProperties, span, message);
        self.report(report.help("write the value itself, in quotes where it is a text"));
        None
    }

    /// `[a, b]`
    fn list(&mut self) -> Option<Operand> {
        let open = self.enter()?;
        let mut values = Vec::new();
        let mut understood = true;
        loop {
            match *self.kind() {
                TokenKind::CloseBracket => break,
                TokenKind::End | TokenKind::Close => {
                    self.unclosed_list(open);
                    self.nesting.pop();
                    return None;
                }
                TokenKind::Comma => self.stray_comma(),
                _ => {
                    let before = self.at;
                    match self.value((Operator::In, open)) {
                        Some(value) => values.push(value),
                        None => understood = false,
                    }
                    if self.at == before {
                        self.nesting.pop();
                        return None;
                    }
                    self.after_list_value();
                }
            }
        }
        let close = self.advance();
        self.nesting.pop();
        understood.then(|| Operand { span: open.to(close), kind: OperandKind::List(values) })
    }

    /// Takes the comma after a value of an array, or reports what stands in its place.
    fn after_list_value(&mut self) {
        let span = self.span();
        let found = span.of(self.text);
        match *self.kind() {
            TokenKind::Comma if *self.kind_ahead(1) == TokenKind::CloseBracket => {}
            TokenKind::Comma => drop(self.advance()),
            TokenKind::CloseBracket | TokenKind::End | TokenKind::Close => {}
            TokenKind::Stray if found == ";" => {
                let report =
                    Diagnostic::new(Code::Unexpected, span, "`;` does not separate the values of an array");
                self.report(report.help("write `,`").suggest(span, ","));
                self.advance();
            }
            _ => {
                let before = Span { start: span.start, end: span.start };
                let report =
                    Diagnostic::new(Code::Unexpected, span, format!("`,` is missing before `{found}`"));
                self.report(report.help("separate the values of an array with `,`").suggest(before, ", "));
            }
        }
    }

    /// A comma where a value should be.
    fn stray_comma(&mut self) {
        let span = self.advance();
        let report = Diagnostic::new(Code::Unexpected, span, "a value is missing beside this `,`");
        self.report(report.help("remove the `,`").suggest(span, ""));
    }

    /// An array ends without `]`.
    fn unclosed_list(&mut self, open: Span) {
        if *self.kind() == TokenKind::End {
            return self.unclosed();
        }
        let last = self.last_span();
        let end = Span { start: last.end, end: last.end };
        let report =
            Diagnostic::new(Code::Unclosed, last, "`]` is missing after this").related(open, "opened here");
        self.report(report.help("add `]`").suggest(end, "]"));
    }

    /// `("a", "b")`, as PowerShell writes arrays, or one value in parentheses.
    fn parenthesized_values(&mut self, operator: (Operator, Span)) -> Option<Operand> {
        let start = if *self.kind() == TokenKind::Open && self.last_span().of(self.text) == "@" {
            self.last_span()
        } else {
            self.span()
        };
        let open = self.enter()?;
        let (mut values, mut joined_by_or) = (Vec::new(), false);
        loop {
            let value = self.value(operator);
            let Some(value) = value else {
                self.nesting.pop();
                return None;
            };
            values.push(value);
            // `("Sales" -or "HR")` is a list, too.
            let alternative = *self.kind() == TokenKind::Word(Word::Or)
                && matches!(self.kind_ahead(1), TokenKind::Text(_) | TokenKind::Number);
            if *self.kind() != TokenKind::Comma && !alternative {
                break;
            }
            joined_by_or |= alternative;
            self.advance();
        }
        let inside = if joined_by_or {
            let texts: Vec<&str> = values.iter().map(|value| value.span.of(self.text)).collect();
            texts.join(", ")
        } else {
            Span { start: open.end, end: self.last_span().end }.of(self.text).trim().to_owned()
        };
        let close = self.close()?;
        let span = start.to(close);
        let wants_list = matches!(operator.0, Operator::In | Operator::NotIn);
        if wants_list || values.len() > 1 {
            return Some(self.wrong_list(operator, span, &inside, values));
        }
        let report = Diagnostic::new(Code::Unexpected, span, "a value stands without parentheses");
        self.report(report.corrected(span, inside));
        values.pop().map(|value| Operand { span, kind: value.kind })
    }

    /// `"a", "b"` without brackets.
    fn values_without_brackets(&mut self, operator: (Operator, Span), first: Operand) -> Option<Operand> {
        let start = first.span;
        let mut values = vec![first];
        while *self.kind() == TokenKind::Comma {
            self.advance();
            values.push(self.value(operator)?);
        }
        let span = start.to(self.last_span());
        let inside = span.of(self.text).to_owned();
        Some(self.wrong_list(operator, span, &inside, values))
    }

    /// Several values that are not an array.
    fn wrong_list(
        &mut self,
        operator: (Operator, Span),
        span: Span,
        inside: &str,
        values: Vec<Operand>,
    ) -> Operand {
        let (operator, operator_span) = operator;
        let list = format!("[{inside}]");
        let fitting = match operator {
            Operator::Eq => Some(Operator::In),
            Operator::Ne => Some(Operator::NotIn),
            _ => None,
        };
        let report = Diagnostic::new(Code::NeedsList, span, "an array stands in square brackets");
        self.report(match fitting {
            Some(fitting) => {
                let corrected = format!("{} {list}", fitting.as_str());
                report.corrected(operator_span.to(span), corrected)
            }
            None => report.corrected(span, list),
        });
        // As the array that was meant; where no array fits, the first value, to go on.
        match (operator, values.into_iter().next()) {
            (Operator::In | Operator::NotIn, Some(first)) => {
                Operand { span, kind: OperandKind::List(vec![first]) }
            }
            (_, Some(first)) => Operand { span, kind: first.kind },
            (_, None) => Operand { span, kind: OperandKind::List(Vec::new()) },
        }
    }
}

/// The boolean, or null, that is meant by a word of other languages.
pub(crate) fn meant_boolean(word: &str) -> Option<&'static str> {
    match word.to_lowercase().as_str() {
        "yes" | "1" | "on" | "enabled" | "y" | "wahr" | "vrai" | "verdadero" => Some("true"),
        "no" | "0" | "off" | "disabled" | "n" | "falsch" | "faux" | "falso" => Some("false"),
        "null" | "$null" => Some("null"),
        _ => None,
    }
}

/// The value that a bare word stands for (L8, L9).
fn literal(word: &str) -> Option<OperandKind> {
    let word = word.strip_prefix('$').unwrap_or(word);
    if word.eq_ignore_ascii_case("null") {
        Some(OperandKind::Null)
    } else if word.eq_ignore_ascii_case("true") {
        Some(OperandKind::Boolean(true))
    } else if word.eq_ignore_ascii_case("false") {
        Some(OperandKind::Boolean(false))
    } else {
        None
    }
}

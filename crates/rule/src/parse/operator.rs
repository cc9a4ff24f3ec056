//! Operators, and what people write in their place (L1, L18).

use super::Parser;
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::TokenKind;
use crate::print::quoted;
use crate::tree::{Operand, OperandKind, Operator, Quantifier, Span};
use crate::words::{self, Meant, Word};

/// What follows a property or an element.
pub(super) enum Tail {
    Comparison { operator: (Operator, Span), operand: Operand },
    Quantifier(Quantifier, Span),
}

/// An operator of another language may have so many words (`is greater than or equal to`).
const MAX_WORDS: usize = 6;

impl Parser<'_> {
    /// The operator after `subject`, and its operand. `None`: reported.
    pub(super) fn tail(&mut self, subject: Span) -> Option<Tail> {
        match *self.kind() {
            TokenKind::Word(Word::Compare(operator)) => {
                let span = self.advance();
                self.comparison((operator, span))
            }
            TokenKind::Word(Word::Any) => Some(Tail::Quantifier(Quantifier::Any, self.advance())),
            TokenKind::Word(Word::All) => Some(Tail::Quantifier(Quantifier::All, self.advance())),
            TokenKind::Word(Word::Not) | TokenKind::Name | TokenKind::UnknownWord | TokenKind::Sign => {
                self.foreign_operator(subject)
            }
            _ => self.missing_operator(subject),
        }
    }

    fn comparison(&mut self, operator: (Operator, Span)) -> Option<Tail> {
        let operand = self.operand(operator)?;
        Some(Tail::Comparison { operator, operand })
    }

    /// A word or a sign that is no operator. Goes on as what was meant, where that is certain.
    fn foreign_operator(&mut self, subject: Span) -> Option<Tail> {
        if let Some((meant, count)) = self.meant() {
            let span = self.span().to(self.span_ahead(count - 1));
            for _ in 0..count {
                self.advance();
            }
            return match meant {
                Meant::Word(Word::Compare(operator)) => {
                    let message = format!("`{}` is not an operator of rules", span.of(self.text));
                    let report = Diagnostic::new(Code::UnknownOperator, span, message);
                    let corrected = operator.as_str();
                    self.report(report.corrected(span, corrected));
                    self.comparison((operator, span))
                }
                Meant::Word(word) => {
                    let message = format!("`{}` cannot follow a property", span.of(self.text));
                    let help = format!(
                        "compare the property first; for `{}` the comparison is missing",
                        word.as_str()
                    );
                    self.report(Diagnostic::new(Code::UnknownOperator, span, message).help(help));
                    None
                }
                Meant::Absent => Some(self.null_comparison(span, Operator::Eq)),
                Meant::Present => Some(self.null_comparison(span, Operator::Ne)),
                Meant::Like => self.like(span, Operator::Eq),
                Meant::NotLike => self.like(span, Operator::Ne),
            };
        }
        if *self.kind() == TokenKind::Word(Word::Not) {
            return self.not_as_comparison();
        }
        let span = self.span();
        let found = span.of(self.text);
        let letters = found.trim_start_matches(|c: char| !c.is_alphanumeric());
        let closest = words::closest(letters);
        let next_ends = matches!(
            self.kind_ahead(1),
            TokenKind::End | TokenKind::Close | TokenKind::Word(Word::And | Word::Or)
        );
        if closest.is_none() && *self.kind() == TokenKind::Name && next_ends {
            return self.missing_operator(subject);
        }
        self.advance();
        let report =
            Diagnostic::new(Code::UnknownOperator, span, format!("`{found}` is not an operator of rules"));
        self.report(match closest {
            Some(word) => report.help(format!("did you mean `{}`?", word.as_str())).guess(span, word.as_str()),
            None => report.help("operators are `-eq`, `-ne`, `-startsWith`, `-endsWith`, `-contains`, `-match`, `-in`, `-le`, `-ge`, most of them also with `not`"),
        });
        None
    }

    /// What the longest run of words here is known to mean, and how many words that is.
    fn meant(&self) -> Option<(Meant, usize)> {
        let mut joined = String::new();
        let mut found = None;
        for count in 1..=MAX_WORDS {
            let wordy = matches!(
                self.kind_ahead(count - 1),
                TokenKind::Word(_) | TokenKind::Name | TokenKind::UnknownWord | TokenKind::Sign
            );
            if !wordy {
                break;
            }
            let word = self.span_ahead(count - 1).of(self.text);
            let letters = word.trim_start_matches(|c: char| !c.is_alphanumeric());
            joined.push_str(if letters.is_empty() { word } else { letters });
            let ours = Word::find(&joined).filter(|word| matches!(word, Word::Compare(_))).map(Meant::Word);
            // In two words it is L18's.
            let present = (count == 1 && joined.eq_ignore_ascii_case("notnull")).then_some(Meant::Present);
            let meant = words::meant(&joined).or(present).or(if count > 1 { ours } else { None });
            found = meant.map(|meant| (meant, count)).or(found);
        }
        found
    }

    /// `is null`, `exists`: operators that take no operand elsewhere.
    fn null_comparison(&mut self, span: Span, operator: Operator) -> Tail {
        let message = format!("`{}` is not an operator of rules", span.of(self.text));
        let corrected = format!("{} null", operator.as_str());
        self.report(Diagnostic::new(Code::UnknownOperator, span, message).corrected(span, corrected));
        Tail::Comparison { operator: (operator, span), operand: Operand { span, kind: OperandKind::Null } }
    }

    /// `-like`, whose operand may have wildcards at its ends.
    fn like(&mut self, span: Span, plain: Operator) -> Option<Tail> {
        let operand = self.operand((plain, span))?;
        let wildcard = ['*', '%'];
        let message =
            format!("`{}` is not an operator of rules, which have no wildcards", span.of(self.text));
        let report = Diagnostic::new(Code::UnknownOperator, span, message);
        let OperandKind::Text(pattern) = &operand.kind else {
            self.report(report.corrected(span, plain.as_str()));
            return Some(Tail::Comparison { operator: (plain, span), operand });
        };
        let text = pattern.trim_matches(wildcard);
        let positive = match (pattern.starts_with(wildcard), pattern.ends_with(wildcard)) {
            _ if text.is_empty() || text.contains(['*', '%', '?']) => {
                self.report(report.help("use `-match` with a pattern, where `.*` stands for anything"));
                return None;
            }
            (true, true) => [Operator::Contains, Operator::NotContains],
            (true, false) => [Operator::EndsWith, Operator::NotEndsWith],
            (false, true) => [Operator::StartsWith, Operator::NotStartsWith],
            (false, false) => [Operator::Eq, Operator::Ne],
        };
        let [operator, negation] = positive;
        let operator = if plain == Operator::Ne { negation } else { operator };
        let corrected = format!("{} {}", operator.as_str(), quoted(text));
        let whole = span.to(operand.span);
        self.report(report.corrected(whole, corrected));
        let kind = OperandKind::Text(text.to_owned());
        Some(Tail::Comparison { operator: (operator, span), operand: Operand { span: operand.span, kind } })
    }

    /// `user.mail -not null` (L18).
    fn not_as_comparison(&mut self) -> Option<Tail> {
        let span = self.advance();
        let report = Diagnostic::new(
            Code::NotInsteadOfNe,
            span,
            "`-not` negates a comparison and compares nothing itself",
        );
        let is_null = matches!(self.kind(), TokenKind::Name)
            && self.span().of(self.text).trim_start_matches('$').eq_ignore_ascii_case("null");
        let help = if is_null { "use `-ne null`" } else { "use `-ne`" };
        self.report(report.help(help).suggest(span, Operator::Ne.as_str()));
        self.comparison((Operator::Ne, span))
    }

    /// Takes `&&`, `||` and the like, which stand where a connective should. What is meant.
    pub(super) fn foreign_connective(&mut self) -> Option<Word> {
        let span = self.span();
        let word = span.of(self.text);
        let known = match self.kind() {
            TokenKind::Sign => words::meant(word),
            TokenKind::UnknownWord | TokenKind::Name => {
                let letters = word.trim_start_matches(|c: char| !c.is_alphanumeric());
                // These are no slips: they mean something else.
                let others = ["xor", "nor", "nand", "but", "then"];
                let slip = !others.iter().any(|other| other.eq_ignore_ascii_case(letters));
                words::closest(letters).filter(|_| slip).map(Meant::Word)
            }
            _ => None,
        };
        let Some(Meant::Word(word @ (Word::And | Word::Or))) = known else { return None };
        let message = format!("`{}` is not an operator of rules", span.of(self.text));
        self.report(Diagnostic::new(Code::UnknownOperator, span, message).corrected(span, word.as_str()));
        // From now on the token is what is meant, for whoever looks at it.
        if let Some(token) = self.tokens.get_mut(self.at) {
            token.kind = TokenKind::Word(word);
        }
        self.eat(Word::And);
        Some(word)
    }

    fn missing_operator(&mut self, subject: Span) -> Option<Tail> {
        let found = subject.shown(self.text);
        if self.at_term_end() {
            let message = format!("`{found}` is not compared with anything");
            let after = Span { start: subject.end, end: subject.end };
            let report = Diagnostic::new(Code::MissingOperator, subject, message);
            self.report(if self.is_boolean(subject) {
                report.help("write `-eq true` after it").suggest(after, " -eq true")
            } else {
                report.help("write an operator and a value after it, as in `-eq \"Sales\"`")
            });
            return None;
        }
        let span = self.span();
        let before = Span { start: span.start, end: span.start };
        let message = format!("an operator is missing between `{found}` and `{}`", span.shown(self.text));
        let report = Diagnostic::new(Code::MissingOperator, span, message);
        let is_value = matches!(self.kind(), TokenKind::Text(_) | TokenKind::Number | TokenKind::Instant);
        self.report(if is_value {
            report.help("write `-eq` where it must be equal").suggest(before, "-eq ")
        } else {
            report.help("write an operator, such as `-eq`")
        });
        None
    }
}

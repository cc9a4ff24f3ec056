//! Terms over one element of a collection (L26-L28).

use super::comparison::kind_of;
use super::operator::Tail;
use super::{Level, Parser, Term};
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::TokenKind;
use crate::property;
use crate::tree::{ElementComparison, ElementKind, ElementNode, ElementSubject, Span};
use crate::words::Word;

impl Level for ElementNode {
    fn or(span: Span, terms: Vec<ElementNode>) -> ElementNode {
        ElementNode { span, kind: ElementKind::Or(terms) }
    }

    fn and(span: Span, terms: Vec<ElementNode>) -> ElementNode {
        ElementNode { span, kind: ElementKind::And(terms) }
    }

    fn not(span: Span, term: ElementNode) -> ElementNode {
        ElementNode { span, kind: ElementKind::Not(Box::new(term)) }
    }

    fn leaf(parser: &mut Parser<'_>) -> Option<Term<ElementNode>> {
        let subject_span = parser.span();
        let subject = parser.element_subject()?;
        match parser.tail(subject_span)? {
            Tail::Comparison { operator, operand } => {
                let span = subject_span.to(operand.span);
                let comparison = ElementComparison { subject, subject_span, operator, operand };
                let node = ElementNode { span, kind: ElementKind::Comparison(comparison) };
                Some(Term { node, outer: span })
            }
            Tail::Quantifier(quantifier, at) => {
                let message = format!("`{}` cannot stand inside another quantifier", quantifier.as_str());
                parser.report(Diagnostic::new(Code::Unexpected, at, message));
                None
            }
        }
    }
}

impl Parser<'_> {
    /// What an element comparison looks at. `None`: reported.
    fn element_subject(&mut self) -> Option<ElementSubject> {
        let span = self.span();
        let found = span.shown(self.text);
        match *self.kind() {
            TokenKind::Underscore => {
                self.advance();
                Some(ElementSubject::Itself)
            }
            TokenKind::Path { prefix, name } if kind_of(prefix.of(self.text)).is_none() => {
                self.advance();
                let own = |span: Span| span.of(self.text).replace('\\', "");
                Some(ElementSubject::Member { prefix: own(prefix), name: own(name) })
            }
            TokenKind::Path { .. } => {
                let message =
                    format!("`{found}` cannot be compared inside `-any` or `-all`, only elements can");
                let report = Diagnostic::new(Code::WrongElement, span, message);
                self.report(report.help("close the parentheses before it, or compare `_` or a member such as `assignedPlan.service`"));
                None
            }
            TokenKind::Word(Word::Compare(_)) => {
                let before = Span { start: span.start, end: span.start };
                let message = format!("the element is missing before `{found}`");
                let report = Diagnostic::new(Code::Unexpected, span, message);
                self.report(
                    report.help("write `_` for the element of a string collection").suggest(before, "_ "),
                );
                None
            }
            TokenKind::End => {
                self.premature_end("what an element is compared with");
                None
            }
            TokenKind::Name if property::by_member(&found).is_some() => {
                let element = property::by_member(&found).and_then(|row| row.element)?;
                let message = format!("`{found}` lacks its prefix `{element}.`");
                let report = Diagnostic::new(Code::WrongElement, span, message);
                self.report(report.corrected(span, format!("{element}.{found}")));
                self.advance();
                Some(ElementSubject::Member { prefix: element.to_owned(), name: found })
            }
            _ => {
                let report = Diagnostic::new(
                    Code::Unexpected,
                    span,
                    format!("`{found}` stands where an element should"),
                );
                let help =
                    "write an element comparison, as in `_ -eq \"x\"` or `assignedPlan.service -eq \"x\"`";
                let text = match self.kind() {
                    TokenKind::Text(text) => Some(text.as_str()),
                    _ => None,
                };
                if text
                    .is_some_and(|text| text.trim_start().starts_with(['_', 'a', 'g']) && text.contains(" -"))
                {
                    // The rule builder of the portal puts them.
                    self.report(report.help("write the element comparison without quotes round it"));
                    return None;
                }
                let is_text = text.is_some();
                let before = Span { start: span.start, end: span.start };
                self.report(if is_text {
                    report.help(help).suggest(before, "_ -eq ")
                } else {
                    report.help(help)
                });
                None
            }
        }
    }
}

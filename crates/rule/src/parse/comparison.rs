//! Terms over an object: comparisons, quantified comparisons, and what is mistaken for one.

use super::operator::Tail;
use super::{Level, Parser, Term};
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::TokenKind;
use crate::property::{self, StandardAttribute};
use crate::tree::{
    Comparison, ElementNode, Node, NodeKind, Operator, Property, Quantified, Quantifier, Span,
};
use crate::words::Word;
use crate::{AttributeType, ObjectKind, spelling};

const COMPARISON_BEGINS: &str = "a comparison begins with a property, as in `user.department -eq \"Sales\"`";

impl Parser<'_> {
    /// A term that begins with neither a parenthesis nor `-not`. `None`: reported.
    pub(super) fn primary(&mut self) -> Option<Node> {
        match *self.kind() {
            TokenKind::Path { prefix, name } => self.path(prefix, name),
            TokenKind::Name if self.at_direct_reports() => self.direct_reports(),
            TokenKind::Name if !self.value_here() => self.without_prefix(),
            TokenKind::Underscore => self.element_outside(),
            TokenKind::End => {
                self.premature_end("a comparison");
                None
            }
            TokenKind::Close if matches!(self.last_token(), Some(TokenKind::Open)) => {
                let message = "there is nothing between the parentheses";
                self.report(Diagnostic::new(Code::Unexpected, self.span(), message).help("remove them"));
                None
            }
            _ if self.value_here() => self.value_first(),
            TokenKind::Word(Word::Compare(_)) if self.subject_left_out().is_some() => self.operator_first(),
            _ => {
                let span = self.span();
                let message = format!("`{}` stands where a comparison should begin", span.shown(self.text));
                let report = Diagnostic::new(Code::Unexpected, span, message);
                // A stray connective is skipped, so that what follows it is still looked at.
                if matches!(self.kind(), TokenKind::Word(Word::And | Word::Or)) && !self.at_term_end_ahead(1)
                {
                    let superfluous = Span { start: span.start, end: self.span_ahead(1).start };
                    self.report(report.help("remove it").suggest(superfluous, ""));
                    self.advance();
                    return self.not_expression::<Node>().map(|term| term.node);
                }
                self.report(report.help(COMPARISON_BEGINS));
                None
            }
        }
    }

    fn path(&mut self, prefix: Span, name: Span) -> Option<Node> {
        let word = prefix.of(self.text);
        let object = match kind_of(word) {
            Some(kind) => kind,
            None if is_element_prefix(word) => return self.element_outside(),
            None if self.clock_first() => return self.value_first(),
            None => self.unknown_prefix(prefix)?,
        };
        if let Some(node) = self.method_call(object, prefix, name) {
            return node;
        }
        let span = self.advance();
        let property = self.property(object, span, name);
        self.after_property(property)
    }

    /// `user.city.contains("x")`, as other languages have it. `None`: it is none.
    fn method_call(&mut self, object: ObjectKind, prefix: Span, name: Span) -> Option<Option<Node>> {
        let (_, method) = name.of(self.text).rsplit_once('.')?;
        let operator = match (Word::find(method), self.kind_ahead(1), self.kind_ahead(2), self.kind_ahead(3))
        {
            (
                Some(Word::Compare(operator)),
                TokenKind::Open,
                TokenKind::Text(_) | TokenKind::Number | TokenKind::Instant,
                TokenKind::Close,
            ) => operator,
            _ => return None,
        };
        let own = Span { start: name.start, end: name.end - Span::new(0, method.len() + 1).end };
        let called = Span { start: own.end, end: name.end };
        let message = format!("`{}` is not an operator of rules", called.of(self.text));
        let whole = Span { start: own.end, end: self.span_ahead(3).end };
        let corrected = format!(" {} {}", operator.as_str(), self.span_ahead(2).of(self.text));
        let report = Diagnostic::new(Code::UnknownOperator, called, message);
        let help = format!("write `{}`", corrected.trim());
        self.report(report.help(help).suggest(whole, corrected));
        let property = self.property(object, prefix.to(own), own);
        self.loose.push(property);
        for _ in 0..4 {
            self.advance();
        }
        Some(None)
    }

    fn property(&self, object: ObjectKind, span: Span, name_span: Span) -> Property {
        let name = name_span.of(self.text);
        // An escape of Markdown is reported already.
        let name = if name.contains('\\') { name.replace('\\', "") } else { name.to_owned() };
        Property { span, object, name, name_span }
    }

    fn after_property(&mut self, property: Property) -> Option<Node> {
        let start = property.span;
        self.subject = Some(start);
        match self.tail(start) {
            Some(Tail::Comparison { operator, operand }) => {
                let span = start.to(operand.span);
                Some(Node { span, kind: NodeKind::Comparison(Comparison { property, operator, operand }) })
            }
            Some(Tail::Quantifier(quantifier, at)) => self.quantified(property, (quantifier, at)),
            None => {
                self.loose.push(property);
                None
            }
        }
    }

    fn quantified(&mut self, property: Property, quantifier: (Quantifier, Span)) -> Option<Node> {
        let (body, bare) = match self.kind() {
            TokenKind::Open => (self.parenthesized::<ElementNode>(), false),
            TokenKind::End => {
                self.premature_end("what an element is compared with");
                (None, false)
            }
            _ => (ElementNode::leaf(self), true),
        };
        let Some(body) = body else {
            self.loose.push(property);
            return None;
        };
        if bare && matches!(self.kind(), TokenKind::Word(Word::And | Word::Or)) {
            self.ambiguous(quantifier, &body);
        }
        let span = property.span.to(body.outer);
        let quantified = Quantified { property, quantifier, bare, body: body.node };
        Some(Node { span, kind: NodeKind::Quantified(quantified) })
    }

    /// A bare quantifier before `-and` or `-or` (L16).
    fn ambiguous(&mut self, (quantifier, at): (Quantifier, Span), body: &Term<ElementNode>) {
        let connective = self.span();
        let mut inside = body.outer;
        // What follows and speaks of elements too was meant to be inside.
        while matches!(self.kind(), TokenKind::Word(Word::And | Word::Or)) && self.element_ahead() {
            self.advance();
            let Some(term) = ElementNode::leaf(self) else { break };
            inside = inside.to(term.outer);
        }
        let quantifier = quantifier.as_str();
        let message =
            format!("`{quantifier}` without parentheses before `{}` is ambiguous", connective.of(self.text));
        let corrected = format!("({})", inside.of(self.text));
        let report = Diagnostic::new(Code::AmbiguousQuantifier, at, message)
            .related(connective, "does this belong to the element, or to the rule?")
            .help(format!("put what belongs to `{quantifier}` in parentheses"));
        self.report(report.suggest(inside, corrected));
    }

    fn element_ahead(&self) -> bool {
        match *self.kind_ahead(1) {
            TokenKind::Underscore => true,
            TokenKind::Path { prefix, .. } => is_element_prefix(prefix.of(self.text)),
            _ => false,
        }
    }

    /// `_` or `assignedPlan.…` where no collection is spoken of.
    fn element_outside(&mut self) -> Option<Node> {
        let start = self.at;
        let span = self.span();
        let found = span.of(self.text);
        let message =
            format!("`{found}` is an element of a collection and stands only inside `-any` or `-all`");
        let report = Diagnostic::new(Code::ElementOutside, span, message);
        let collection = found.split_once('.').and_then(|(prefix, _)| collection_of(prefix));
        let report = report.help(match collection {
            Some(row) => format!("write `{}.{} -any ({found} ...)`", row.object, row.name),
            None => "write the collection before it, as in `user.otherMails -any (_ -startsWith \"a\")`"
                .to_owned(),
        });
        let before = self.diagnostics.len();
        let term = ElementNode::leaf(self);
        let corrected = term.and_then(|term| {
            let row = collection.filter(|_| self.diagnostics.len() == before)?;
            let member = found.split_once('.').map(|(_, member)| member)?;
            row.members.iter().find(|known| known.eq_ignore_ascii_case(member))?;
            let text = format!("{}.{} -any ({})", row.object, row.name, term.outer.of(self.text));
            Some((term.outer, text))
        });
        self.report(match corrected {
            Some((whole, text)) => report.suggest(whole, text),
            None => report,
        });
        if self.at == start {
            self.advance();
        }
        None
    }

    /// A prefix that is none; the kind that it may stand for.
    fn unknown_prefix(&mut self, prefix: Span) -> Option<ObjectKind> {
        let word = prefix.of(self.text);
        let meant = match word.to_ascii_lowercase().as_str() {
            "users" | "usr" | "person" | "member" | "account" | "employee" => Some(ObjectKind::User),
            "devices" | "dev" | "computer" | "machine" => Some(ObjectKind::Device),
            _ => spelling::closest(word, ["user", "device"]).first().and_then(|closest| kind_of(closest)),
        };
        let message = if word.eq_ignore_ascii_case("system") {
            "`system.now` stands only on the right of a comparison".to_owned()
        } else {
            format!("`{word}` is no prefix: properties begin with `user.` or `device.`")
        };
        let report = Diagnostic::new(Code::UnknownPrefix, prefix, message);
        self.report(match meant {
            Some(kind) => report.help(format!("write `{kind}`")).suggest(prefix, kind.as_str()),
            None => report,
        });
        if meant.is_none() {
            self.advance();
            let span = self.last_span();
            if !self.at_term_end() {
                self.tail(span);
            }
        }
        meant
    }

    /// A name alone where a property should stand (L39).
    fn without_prefix(&mut self) -> Option<Node> {
        let span = self.span();
        let name = span.of(self.text);
        let used = self.tokens.iter().find_map(|token| match token.kind {
            TokenKind::Path { prefix, .. } => kind_of(prefix.of(self.text)),
            _ => None,
        });
        let kinds = [used.unwrap_or(ObjectKind::User), ObjectKind::User, ObjectKind::Device];
        let row = |kind| {
            let foreign = || property::find_standard(kind, property::foreign(kind, name)?.0);
            property::find_standard(kind, name).or_else(foreign)
        };
        let row = kinds.into_iter().find_map(row);
        let operator_follows = matches!(
            self.kind_ahead(1),
            TokenKind::Word(Word::Compare(_) | Word::Any | Word::All)
                | TokenKind::Sign
                | TokenKind::UnknownWord
        );
        if let Some(kind) = kind_of(name) {
            let report =
                Diagnostic::new(Code::Unexpected, span, format!("`{name}` lacks the name of a property"));
            self.report(report.help(format!("write the name after a dot, as in `{kind}.displayName`")));
            self.advance();
            return None;
        }
        if row.is_none() && !operator_follows {
            let message = format!("`{name}` stands where a comparison should begin");
            let report = Diagnostic::new(Code::Unexpected, span, message);
            self.report(report.help(COMPARISON_BEGINS));
            self.advance();
            return None;
        }
        let object = row.map_or(kinds[0], |row| row.object);
        let corrected = format!("{object}.{}", row.map_or(name, |row| row.name));
        let message = format!("`{name}` lacks its prefix `{object}.`");
        let report = Diagnostic::new(Code::MissingPrefix, span, message);
        self.report(report.corrected(span, corrected));
        self.advance();
        let property = Property {
            span,
            object,
            name: row.map_or_else(|| name.to_owned(), |row| row.name.to_owned()),
            name_span: span,
        };
        let node = self.after_property(property);
        // What the table does not know cannot be checked without its prefix.
        if row.is_none() {
            self.loose.retain(|loose| loose.span != span);
        }
        node.filter(|_| row.is_some())
    }

    /// A value on the left: a comparison the wrong way round, or no comparison.
    fn value_first(&mut self) -> Option<Node> {
        let start = self.span();
        if self.clock_first() {
            self.date()?;
        } else {
            self.advance();
        }
        let value = start.to(self.last_span());
        let (operator, path) = (self.kind().clone(), self.kind_ahead(1).clone());
        let (TokenKind::Word(Word::Compare(operator)), TokenKind::Path { prefix, name }) = (operator, path)
        else {
            let message = format!("`{}` stands where a comparison should begin", value.shown(self.text));
            let report = Diagnostic::new(Code::Unexpected, value, message);
            let before = Span { start: value.start, end: value.start };
            self.report(match self.subject_left_out_before(2) {
                Some(subject) => {
                    let repeated = format!("{} -eq ", subject.of(self.text));
                    report.help("repeat the property and the operator").suggest(before, repeated)
                }
                None => report.help(COMPARISON_BEGINS),
            });
            return None;
        };
        let property = self.span_ahead(1);
        let report = Diagnostic::new(Code::Reversed, value, "the value stands left of the operator");
        let report = report.help("write the property left and the value right");
        let collection = property::find_standard(
            kind_of(prefix.of(self.text)).unwrap_or(ObjectKind::User),
            name.of(self.text),
        );
        let is_collection = collection.is_some_and(|row| row.value_type == AttributeType::StringCollection);
        self.report(match turned(operator) {
            // `"x" -in user.otherMails`, as PowerShell asks for an element.
            None if is_collection && operator == Operator::In => {
                let corrected = format!("{} -any (_ -eq {})", property.of(self.text), value.of(self.text));
                report.suggest(value.to(property), corrected)
            }
            Some(turned) => {
                let (left, right) = (property.of(self.text), value.of(self.text));
                report.suggest(value.to(property), format!("{left} {} {right}", turned.as_str()))
            }
            None => report,
        });
        if let Some(object) = kind_of(prefix.of(self.text)) {
            let property = self.property(object, property, name);
            self.loose.push(property);
        }
        self.advance();
        self.advance();
        None
    }

    /// An operator without a property: `… -or -eq "x"`.
    fn operator_first(&mut self) -> Option<Node> {
        let span = self.span();
        let subject = self.subject_left_out()?;
        let message = format!("`{}` has no property on its left", span.of(self.text));
        let before = Span { start: span.start, end: span.start };
        let repeated = format!("{} ", subject.of(self.text));
        let report = Diagnostic::new(Code::Unexpected, span, message);
        self.report(report.help("repeat the property").suggest(before, repeated));
        self.tail(subject);
        None
    }

    /// The property that a comparison here leaves out: that of the comparison before the connective.
    fn subject_left_out(&self) -> Option<Span> {
        self.subject_left_out_before(1)
    }

    /// As [`subject_left_out`](Self::subject_left_out); the connective is so many tokens back.
    fn subject_left_out_before(&self, count: usize) -> Option<Span> {
        let before = self.at.checked_sub(count).and_then(|at| self.tokens.get(at))?;
        self.subject.filter(|_| matches!(before.kind, TokenKind::Word(Word::And | Word::Or)))
    }

    /// Whether `system.now` stands here, and not on the right of an operator.
    fn clock_first(&self) -> bool {
        matches!(*self.kind(), TokenKind::Path { prefix, name }
            if prefix.of(self.text).eq_ignore_ascii_case("system") && name.of(self.text).eq_ignore_ascii_case("now"))
    }

    /// Whether the property that `subject` names is known to be boolean.
    pub(super) fn is_boolean(&self, subject: Span) -> bool {
        let row = subject
            .of(self.text)
            .split_once('.')
            .and_then(|(prefix, name)| property::find_standard(kind_of(prefix)?, name));
        row.is_some_and(|row| row.value_type == AttributeType::Boolean)
    }

    pub(super) fn last_token(&self) -> Option<&TokenKind> {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|token| &token.kind)
    }

    fn at_term_end_ahead(&self, count: usize) -> bool {
        matches!(
            self.kind_ahead(count),
            TokenKind::End | TokenKind::Close | TokenKind::Word(Word::And | Word::Or)
        )
    }
}

/// The operator that says the same with its sides exchanged.
fn turned(operator: Operator) -> Option<Operator> {
    match operator {
        Operator::Eq | Operator::Ne => Some(operator),
        Operator::Le => Some(Operator::Ge),
        Operator::Ge => Some(Operator::Le),
        Operator::Lt => Some(Operator::Gt),
        Operator::Gt => Some(Operator::Lt),
        _ => None,
    }
}

/// The kind of object that a prefix names (L4).
pub(crate) fn kind_of(prefix: &str) -> Option<ObjectKind> {
    [ObjectKind::User, ObjectKind::Device].into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(prefix))
}

/// The collection whose elements have this prefix, or its plural.
fn collection_of(prefix: &str) -> Option<&'static StandardAttribute> {
    property::by_element(prefix.strip_suffix(['s', 'S']).unwrap_or(prefix))
}

pub(super) fn is_element_prefix(prefix: &str) -> bool {
    collection_of(prefix).is_some()
}

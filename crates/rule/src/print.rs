//! Syntax tree to canonical text: one spelling, parentheses where the meaning needs them or a
//! reader would, and nothing else. Parsing it gives the same tree again, but for places, and for
//! the parentheses of quantifiers, which are always written.

use crate::parse::{MAX_DEPTH, MAX_LENGTH};
use crate::tree::{
    Comparison, ElementComparison, ElementKind, ElementNode, ElementSubject, Node, NodeKind, Operand,
    OperandKind, Operator, Property, Quantified,
};
use crate::words::Word;
use crate::{Rule, property};
use std::fmt::{Display, Write};

impl Rule {
    /// The rule in its canonical spelling. Where that would be longer or nest deeper than a rule
    /// may, the text as it was given.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut printer = Printer::new(|name| {
            let read = self.reads.iter().find(|read| read.name.eq_ignore_ascii_case(name));
            read.map(|read| read.name.as_ref().to_owned())
        });
        printer.node(&self.tree);
        if printer.deepest > MAX_DEPTH || printer.out.encode_utf16().count() > MAX_LENGTH {
            return self.text.as_ref().to_owned();
        }
        printer.out
    }
}

/// `text` as a literal that means it.
pub(crate) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for c in text.chars() {
        match c {
            '"' => literal.push_str("`\""),
            '`' => literal.push_str("``"),
            '\'' => literal.push_str("''"),
            _ => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

/// `S` tells the canonical spelling of a name that the property table does not have.
struct Printer<S> {
    out: String,
    spelling: S,
    depth: usize,
    deepest: usize,
}

impl<S: Fn(&str) -> Option<String>> Printer<S> {
    fn new(spelling: S) -> Printer<S> {
        Printer { out: String::new(), spelling, depth: 0, deepest: 0 }
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Or(terms) => self.chain(terms, Word::Or, Self::term),
            NodeKind::And(terms) => self.chain(terms, Word::And, Self::term),
            NodeKind::Not(term) => self.enclosed("-not ", "", |p| match term.kind {
                NodeKind::Not(_) => p.node(term),
                _ => p.enclosed("(", ")", |p| p.node(term)),
            }),
            NodeKind::Comparison(Comparison { property, operator: (operator, _), operand }) => {
                self.property(property);
                self.compare(*operator, operand);
            }
            NodeKind::Quantified(Quantified { property, quantifier: (quantifier, _), body, .. }) => {
                self.property(property);
                self.put(format_args!(" {} ", quantifier.as_str()));
                self.enclosed("(", ")", |p| p.element(body));
            }
            NodeKind::DirectReports(id) => self.put(format_args!("Direct Reports for {}", quoted(id))),
        }
    }

    /// A term of a chain; chains within chains stand in parentheses.
    fn term(&mut self, node: &Node) {
        match node.kind {
            NodeKind::Or(_) | NodeKind::And(_) => self.enclosed("(", ")", |p| p.node(node)),
            _ => self.node(node),
        }
    }

    fn element(&mut self, node: &ElementNode) {
        match &node.kind {
            ElementKind::Or(terms) => self.chain(terms, Word::Or, Self::element_term),
            ElementKind::And(terms) => self.chain(terms, Word::And, Self::element_term),
            ElementKind::Not(term) => self.enclosed("-not ", "", |p| match term.kind {
                ElementKind::Not(_) => p.element(term),
                _ => p.enclosed("(", ")", |p| p.element(term)),
            }),
            ElementKind::Comparison(ElementComparison {
                subject, operator: (operator, _), operand, ..
            }) => {
                self.subject(subject);
                self.compare(*operator, operand);
            }
        }
    }

    fn element_term(&mut self, node: &ElementNode) {
        match node.kind {
            ElementKind::Or(_) | ElementKind::And(_) => self.enclosed("(", ")", |p| p.element(node)),
            _ => self.element(node),
        }
    }

    fn chain<N>(&mut self, terms: &[N], connective: Word, term: fn(&mut Self, &N)) {
        for (count, node) in terms.iter().enumerate() {
            if count > 0 {
                self.put(format_args!(" {} ", connective.as_str()));
            }
            term(self, node);
        }
    }

    fn property(&mut self, property: &Property) {
        let name = property::find_standard(property.object, &property.name).map(|row| row.name.to_owned());
        let name = name.or_else(|| (self.spelling)(&property.name));
        self.put(format_args!("{}.{}", property.object, name.as_deref().unwrap_or(&property.name)));
    }

    fn subject(&mut self, subject: &ElementSubject) {
        match subject {
            ElementSubject::Itself => self.put("_"),
            ElementSubject::Member { prefix, name } => {
                let row = property::by_element(prefix);
                let member =
                    row.and_then(|row| row.members.iter().find(|member| member.eq_ignore_ascii_case(name)));
                let prefix = row.and_then(|row| row.element).unwrap_or(prefix);
                self.put(format_args!("{prefix}.{}", member.copied().unwrap_or(name)));
            }
        }
    }

    fn compare(&mut self, operator: Operator, operand: &Operand) {
        self.put(format_args!(" {} ", operator.as_str()));
        self.operand(operand);
    }

    fn operand(&mut self, operand: &Operand) {
        match &operand.kind {
            OperandKind::Text(text) => self.put(quoted(text)),
            OperandKind::Number(text) | OperandKind::Instant(text) => self.put(text),
            OperandKind::Boolean(value) => self.put(value),
            OperandKind::Null => self.put("null"),
            OperandKind::List(values) => self.enclosed("[", "]", |p| {
                for (count, value) in values.iter().enumerate() {
                    if count > 0 {
                        p.put(", ");
                    }
                    p.operand(value);
                }
            }),
            OperandKind::Now { shift_millis: 0 } => self.put("system.now"),
            OperandKind::Now { shift_millis } => {
                let word = if *shift_millis > 0 { Word::Plus } else { Word::Minus };
                let shift = duration(shift_millis.unsigned_abs());
                self.put(format_args!("system.now {} {shift}", word.as_str()));
            }
        }
    }

    /// What `inside` prints, one level deeper.
    fn enclosed(&mut self, open: &str, close: &str, inside: impl FnOnce(&mut Self)) {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.put(open);
        inside(self);
        self.put(close);
        self.depth -= 1;
    }

    fn put(&mut self, what: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.out, "{what}");
    }
}

/// Milliseconds, of which only whole seconds count, as an ISO 8601 duration.
fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let part = |amount: u64, unit: &str| if amount > 0 { format!("{amount}{unit}") } else { String::new() };
    let time = [part(rest / 3600, "H"), part(rest / 60 % 60, "M"), part(rest % 60, "S")].concat();
    let separator = if time.is_empty() { "" } else { "T" };
    format!("P{}{separator}{time}", part(days, "D"))
}

#[cfg(test)]
mod tests;

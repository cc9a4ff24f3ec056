//! A checked rule laid out for lints: its comparisons, its quantifiers, its chains.

use crate::fold::fold;
use crate::pattern::Pattern;
use crate::property::{self, StandardAttribute};
use crate::rule::{ElementTest, Test, TextTest};
use crate::tree::{
    ElementComparison, ElementKind, ElementNode, ElementSubject, Node, NodeKind, Operand, OperandKind,
    Operator, Property, Quantified, Quantifier, Span,
};
use crate::{Attribute, Expression, ExpressionKind, ObjectKind, Predicate, Rule};
use std::borrow::Cow;

pub(super) struct View<'r> {
    pub(super) rule: &'r Rule,
    /// Every comparison, those of elements too, in the order written.
    pub(super) leaves: Vec<Leaf<'r>>,
    pub(super) quantifieds: Vec<(&'r Quantified, Span)>,
    /// Every `-and` and `-or` over objects.
    pub(super) chains: Vec<Chain<'r>>,
}

/// `subject operator operand`.
#[derive(Clone)]
pub(super) struct Leaf<'r> {
    /// All of it.
    pub(super) span: Span,
    /// Left of the operator.
    pub(super) subject: Span,
    pub(super) property: &'r Property,
    /// The property's row, where the table has it.
    pub(super) row: Option<&'static StandardAttribute>,
    /// Of an element comparison: the member, canonical; `_` for the element itself.
    pub(super) element: Option<&'r str>,
    pub(super) operator: (Operator, Span),
    pub(super) operand: &'r Operand,
    /// Of a comparison that is not an element's: what it became.
    pub(super) literal: Option<Literal<'r>>,
}

/// A predicate and its sign.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Literal<'r> {
    pub(super) predicate: &'r Predicate,
    pub(super) negated: bool,
}

/// Which way the terms of a chain are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

pub(super) struct Chain<'r> {
    pub(super) join: Join,
    pub(super) span: Span,
    pub(super) terms: Vec<Term<'r>>,
}

pub(super) struct Term<'r> {
    pub(super) span: Span,
    pub(super) node: &'r Node,
    /// Where the term is one.
    pub(super) literal: Option<Literal<'r>>,
}

impl<'r> View<'r> {
    pub(super) fn of(rule: &'r Rule) -> View<'r> {
        let mut view = View { rule, leaves: Vec::new(), quantifieds: Vec::new(), chains: Vec::new() };
        view.visit(rule.tree(), rule.expression());
        view
    }

    pub(super) fn text(&self) -> &'r str {
        self.rule.text()
    }

    /// The compiled pattern of a leaf with `-match` or `-notMatch`.
    pub(super) fn pattern(&self, leaf: &Leaf<'r>) -> Option<&'r Pattern> {
        let is_match = matches!(leaf.operator.0, Operator::Match | Operator::NotMatch);
        let text = leaf.text().filter(|_| is_match)?;
        let mut found = None;
        each_predicate(self.rule.expression(), &mut |predicate| {
            let Predicate::Attribute { test, .. } = predicate else { return };
            each_text_test(test, &mut |test| match test {
                TextTest::Matches(pattern) if pattern.text() == text => found = Some(pattern),
                _ => {}
            });
        });
        found
    }

    /// The tree and the expression have the same shape.
    fn visit(&mut self, node: &'r Node, expression: &'r Expression) {
        match (&node.kind, &expression.kind) {
            (NodeKind::Or(nodes), ExpressionKind::Any(terms)) => {
                self.chain(Join::Or, node.span, nodes, terms)
            }
            (NodeKind::And(nodes), ExpressionKind::All(terms)) => {
                self.chain(Join::And, node.span, nodes, terms)
            }
            (NodeKind::Not(node), ExpressionKind::Not(term)) => self.visit(node, term),
            (NodeKind::Comparison(comparison), _) => self.leaves.push(Leaf {
                span: node.span,
                subject: comparison.property.span,
                property: &comparison.property,
                row: row(&comparison.property),
                element: None,
                operator: comparison.operator,
                operand: &comparison.operand,
                literal: literal(expression),
            }),
            (NodeKind::Quantified(quantified), _) => {
                self.quantifieds.push((quantified, node.span));
                self.elements(quantified, &quantified.body);
            }
            _ => {}
        }
    }

    fn chain(&mut self, join: Join, span: Span, nodes: &'r [Node], terms: &'r [Expression]) {
        let pairs = || nodes.iter().zip(terms);
        let terms =
            pairs().map(|(node, term)| Term { span: node.span, node, literal: literal(term) }).collect();
        self.chains.push(Chain { join, span, terms });
        for (node, term) in pairs() {
            self.visit(node, term);
        }
    }

    fn elements(&mut self, quantified: &'r Quantified, node: &'r ElementNode) {
        match &node.kind {
            ElementKind::Or(terms) | ElementKind::And(terms) => {
                terms.iter().for_each(|term| self.elements(quantified, term));
            }
            ElementKind::Not(term) => self.elements(quantified, term),
            ElementKind::Comparison(ElementComparison { subject, subject_span, operator, operand }) => {
                let row = row(&quantified.property);
                let element = match subject {
                    ElementSubject::Itself => "_",
                    ElementSubject::Member { name, .. } => member(row, name),
                };
                self.leaves.push(Leaf {
                    span: node.span,
                    subject: *subject_span,
                    property: &quantified.property,
                    row,
                    element: Some(element),
                    operator: *operator,
                    operand,
                    literal: None,
                });
            }
        }
    }
}

impl<'r> Leaf<'r> {
    /// The canonical name of a property of the table; empty for others.
    pub(super) fn name(&self) -> &'static str {
        self.row.map_or("", |row| row.name)
    }

    /// Whether it compares this property of the table, or elements of it.
    pub(super) fn is(&self, kind: ObjectKind, name: &str) -> bool {
        self.property.object == kind && self.name() == name
    }

    /// Whether it compares a collection without a quantifier (L26), with something else than null.
    pub(super) fn is_collection(&self) -> bool {
        matches!(self.literal.as_ref().and_then(Literal::test), Some(Test::AnyElement(_)))
    }

    /// The operand, where it is one text.
    pub(super) fn text(&self) -> Option<&'r str> {
        text(self.operand)
    }
}

impl Literal<'_> {
    /// The attribute that is read.
    pub(super) fn attribute(&self) -> Option<&Attribute> {
        match self.predicate {
            Predicate::Attribute { attribute, .. } => Some(attribute),
            Predicate::MemberOf(_) => None,
        }
    }

    /// What is asked of it.
    pub(super) fn test(&self) -> Option<&Test> {
        match self.predicate {
            Predicate::Attribute { test, .. } => Some(test),
            Predicate::MemberOf(_) => None,
        }
    }

    /// The texts of which the attribute must be one, or must be none.
    pub(super) fn one_of(&self) -> Option<&[Box<str>]> {
        match self.test()? {
            Test::Text(TextTest::OneOf(texts)) => Some(texts),
            _ => None,
        }
    }
}

/// The texts that an operand holds; those of an array too.
pub(super) fn texts(operand: &Operand) -> Vec<(&Operand, &str)> {
    match &operand.kind {
        OperandKind::List(values) => values.iter().filter_map(|value| Some((value, text(value)?))).collect(),
        _ => text(operand).map(|text| (operand, text)).into_iter().collect(),
    }
}

fn text(operand: &Operand) -> Option<&str> {
    match &operand.kind {
        OperandKind::Text(text) => Some(text),
        _ => None,
    }
}

/// Whether two texts are equal as rules compare them.
pub(super) fn same(a: &str, b: &str) -> bool {
    let (a, b): (Cow<'_, str>, Cow<'_, str>) = (fold(a), fold(b));
    a == b
}

/// Calls `visit` for every `-and` and `-or` over elements: which, where, its terms, its quantifier.
pub(super) fn each_element_chain<'r>(
    view: &View<'r>,
    visit: &mut dyn FnMut(Join, Span, &'r [ElementNode], Quantifier),
) {
    fn walk<'r>(node: &'r ElementNode, visit: &mut dyn FnMut(Join, Span, &'r [ElementNode])) {
        let (join, terms) = match &node.kind {
            ElementKind::Or(terms) => (Join::Or, terms),
            ElementKind::And(terms) => (Join::And, terms),
            ElementKind::Not(term) => return walk(term, visit),
            ElementKind::Comparison(_) => return,
        };
        visit(join, node.span, terms);
        terms.iter().for_each(|term| walk(term, visit));
    }
    for (quantified, _) in &view.quantifieds {
        walk(&quantified.body, &mut |join, span, terms| visit(join, span, terms, quantified.quantifier.0));
    }
}

fn literal(expression: &Expression) -> Option<Literal<'_>> {
    match &expression.kind {
        ExpressionKind::Literal { predicate, negated } => Some(Literal { predicate, negated: *negated }),
        ExpressionKind::Not(inner) => {
            let Literal { predicate, negated } = literal(inner)?;
            Some(Literal { predicate, negated: !negated })
        }
        _ => None,
    }
}

fn row(property: &Property) -> Option<&'static StandardAttribute> {
    property::find_standard(property.object, &property.name)
}

/// The canonical spelling of a member.
fn member<'n>(row: Option<&'static StandardAttribute>, name: &'n str) -> &'n str {
    let members = row.map_or(&[][..], |row| row.members);
    members.iter().copied().find(|member| member.eq_ignore_ascii_case(name)).unwrap_or(name)
}

fn each_predicate<'r>(expression: &'r Expression, visit: &mut dyn FnMut(&'r Predicate)) {
    match &expression.kind {
        ExpressionKind::All(terms) | ExpressionKind::Any(terms) => {
            terms.iter().for_each(|term| each_predicate(term, visit));
        }
        ExpressionKind::Not(term) => each_predicate(term, visit),
        ExpressionKind::Literal { predicate, .. } => visit(predicate),
        ExpressionKind::DirectReports { .. } => {}
    }
}

fn each_text_test<'r>(test: &'r Test, visit: &mut dyn FnMut(&'r TextTest)) {
    fn elements<'r>(test: &'r ElementTest, visit: &mut dyn FnMut(&'r TextTest)) {
        match test {
            ElementTest::All(tests) | ElementTest::Any(tests) => {
                tests.iter().for_each(|test| elements(test, visit));
            }
            ElementTest::Not(test) => elements(test, visit),
            ElementTest::Text { test, .. } => visit(test),
            ElementTest::Missing { .. } => {}
        }
    }
    match test {
        Test::Text(test) => visit(test),
        Test::AnyElement(test) => elements(test, visit),
        Test::Null | Test::Boolean(_) | Test::Integer(_) | Test::Instant(..) => {}
    }
}

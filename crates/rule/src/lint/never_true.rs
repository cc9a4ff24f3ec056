//! `a -eq "x" -and a -eq "y"` is true of nothing.

use super::view::{Chain, Join, Literal, View, each_element_chain, same};
use crate::diagnostic::{Code, Diagnostic};
use crate::rule::Test;
use crate::tree::{ElementComparison, ElementKind, ElementNode, OperandKind, Operator, Span};

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for chain in view.chains.iter().filter(|chain| chain.join == Join::And) {
        found.extend(contradiction(chain).map(|(first, second)| report(first, second)));
    }
    each_element_chain(view, &mut |join, _, terms, _| {
        if join == Join::And {
            found.extend(element_contradiction(terms).map(|(first, second)| report(first, second)));
        }
    });
}

fn report(first: Span, second: Span) -> Diagnostic {
    Diagnostic::new(Code::NeverTrue, second, "nothing satisfies both of these")
        .related(first, "what satisfies this one fails the other")
        .help("write `-or`, or `-in` with an array, where either will do")
}

fn contradiction(chain: &Chain<'_>) -> Option<(Span, Span)> {
    for (at, second) in chain.terms.iter().enumerate() {
        let Some(b) = second.literal else { continue };
        for first in chain.terms.iter().take(at) {
            let Some(a) = first.literal else { continue };
            if a.attribute().is_some() && a.attribute() == b.attribute() && exclude(&a, &b) {
                return Some((first.span, second.span));
            }
        }
    }
    None
}

/// Whether no value satisfies both.
fn exclude(a: &Literal<'_>, b: &Literal<'_>) -> bool {
    if a.predicate == b.predicate {
        return a.negated != b.negated;
    }
    let (Some(left), Some(right), false, false) = (a.test(), b.test(), a.negated, b.negated) else {
        return false;
    };
    if let (Some(a), Some(b)) = (a.one_of(), b.one_of()) {
        return a.iter().all(|text| !b.contains(text));
    }
    match (left, right) {
        (Test::Null, _) | (_, Test::Null) => true,
        (Test::Boolean(a), Test::Boolean(b)) => a != b,
        _ => false,
    }
}

fn element_contradiction(terms: &[ElementNode]) -> Option<(Span, Span)> {
    for (at, second) in terms.iter().enumerate() {
        let Some((b, right)) = equality(second) else { continue };
        for first in terms.iter().take(at) {
            let Some((a, left)) = equality(first) else { continue };
            if a.subject == b.subject && !same(left, right) {
                return Some((first.span, second.span));
            }
        }
    }
    None
}

fn equality(node: &ElementNode) -> Option<(&ElementComparison, &str)> {
    let ElementKind::Comparison(comparison) = &node.kind else { return None };
    match (&comparison.operator.0, &comparison.operand.kind) {
        (Operator::Eq, OperandKind::Text(text) | OperandKind::Number(text)) => Some((comparison, text)),
        _ => None,
    }
}

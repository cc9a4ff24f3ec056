//! `a -eq "x" -or a -eq "y" -or a -eq "z"` is `a -in ["x", "y", "z"]`.

use super::view::{Chain, Join, Term, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::rule::Test;
use crate::tree::{Comparison, NodeKind, OperandKind, Operator};

/// Shorter chains are fine as they are.
const FEWEST: usize = 3;

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for chain in &view.chains {
        let Some((first, values)) = equalities(chain, view.text()) else { continue };
        let operator = if chain.join == Join::Or { "-in" } else { "-notIn" };
        let subject = first.property.span.of(view.text());
        let corrected = format!("{subject} {operator} [{}]", values.join(", "));
        let message = format!("this chain of {} comparisons is one `{operator}`", values.len());
        found
            .push(Diagnostic::new(Code::ChainOfEquals, chain.span, message).corrected(chain.span, corrected));
    }
}

/// The values, where all terms compare one attribute with a value each.
fn equalities<'t>(chain: &'t Chain<'_>, text: &'t str) -> Option<(&'t Comparison, Vec<&'t str>)> {
    let expected = if chain.join == Join::Or { Operator::Eq } else { Operator::Ne };
    let first = comparison(chain.terms.first()?)?;
    let attribute = chain.terms.first()?.literal?;
    if matches!(attribute.test()?, Test::Boolean(_) | Test::Instant(..)) {
        return None;
    }
    // A negated literal is the negation of one equality only where the attribute has one value.
    let mut values = Vec::new();
    for term in &chain.terms {
        let literal = term.literal?;
        let comparison = comparison(term)?;
        if comparison.operator.0 != expected
            || literal.attribute() != attribute.attribute()
            || literal.negated != (chain.join == Join::And)
            || !matches!(comparison.operand.kind, OperandKind::Text(_) | OperandKind::Number(_))
        {
            return None;
        }
        values.push(comparison.operand.span.of(text));
    }
    (values.len() >= FEWEST).then_some((first, values))
}

fn comparison<'t>(term: &'t Term<'_>) -> Option<&'t Comparison> {
    match &term.node.kind {
        NodeKind::Comparison(comparison) => Some(comparison),
        _ => None,
    }
}

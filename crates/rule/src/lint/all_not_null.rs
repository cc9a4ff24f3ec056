//! `-all (… -ne null)` is true of everyone: elements are never null, and of no elements all are not.

use super::view::View;
use crate::diagnostic::{Code, Diagnostic};
use crate::tree::{ElementKind, OperandKind, Operator, Quantifier};

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (quantified, span) in &view.quantifieds {
        let ElementKind::Comparison(comparison) = &quantified.body.kind else { continue };
        let not_null = comparison.operator.0 == Operator::Ne
            && match &comparison.operand.kind {
                OperandKind::Null => true,
                OperandKind::Text(text) => text.is_empty(),
                _ => false,
            };
        if quantified.quantifier.0 != Quantifier::All || !not_null {
            continue;
        }
        let message = "this is true of everyone, those without elements too";
        let report = Diagnostic::new(Code::AllNotNull, *span, message);
        let corrected = format!("{} -ne null", quantified.property.span.of(view.text()));
        found.push(report.help("ask for those that have elements").suggest(*span, corrected));
    }
}

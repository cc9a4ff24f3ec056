//! `-eq "null"` compares with a text of four letters (L8).

use super::view::View;
use crate::diagnostic::{Code, Diagnostic};
use crate::tree::Operator;

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in &view.leaves {
        let is_null =
            leaf.text().is_some_and(|text| text.trim_start_matches('$').eq_ignore_ascii_case("null"));
        if !is_null || !matches!(leaf.operator.0, Operator::Eq | Operator::Ne) {
            continue;
        }
        let span = leaf.operand.span;
        let message =
            format!("`{}` is a text of four letters, not the absence of a value", span.of(view.text()));
        found.push(Diagnostic::new(Code::QuotedNull, span, message).corrected(span, "null"));
    }
}

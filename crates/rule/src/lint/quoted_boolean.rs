//! `-eq "true"` on a boolean property (L9).

use super::view::{Literal, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::rule::Test;

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in &view.leaves {
        let Some(Test::Boolean(value)) = leaf.literal.as_ref().and_then(Literal::test) else { continue };
        if leaf.text().is_none() {
            continue;
        }
        let span = leaf.operand.span;
        let report = Diagnostic::new(Code::QuotedBoolean, span, "a boolean stands without quotes");
        found.push(report.corrected(span, value.to_string()));
    }
}

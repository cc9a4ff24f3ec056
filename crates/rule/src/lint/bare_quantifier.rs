//! `-any _ -eq "x"` without parentheses reads badly and cannot be extended (L16).

use super::view::View;
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (quantified, _) in view.quantifieds.iter().filter(|(quantified, _)| quantified.bare) {
        let (quantifier, at) = quantified.quantifier;
        let body = quantified.body.span;
        let message = format!("`{}` stands without parentheses round what it asks", quantifier.as_str());
        let report = Diagnostic::new(Code::BareQuantifier, at, message);
        let corrected = format!("({})", body.of(view.text()));
        found.push(report.help("put it in parentheses").suggest(body, corrected));
    }
}

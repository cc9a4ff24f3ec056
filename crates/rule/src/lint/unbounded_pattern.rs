//! A pattern without texts that a match has inside: each new value must be searched.

use super::view::View;
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in &view.leaves {
        let Some(pattern) = view.pattern(leaf) else { continue };
        if !pattern.required_any().is_empty() || pattern.plain().is_some() {
            continue;
        }
        let message =
            "no text is common to all that this pattern matches, so every changed value is searched for it";
        let report = Diagnostic::new(Code::UnboundedPattern, leaf.operand.span, message);
        found.push(report.help("add a part that is always there, or use `-in` for a list of texts"));
    }
}

//! `a -and b -or c` without parentheses: `-and` binds closer, which many do not expect.

use super::view::{Join, View, each_element_chain};
use crate::diagnostic::{Code, Diagnostic};
use crate::tree::{ElementKind, NodeKind, Span};

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    let mut check = |span: Span| {
        if in_parentheses(span, view.text()) {
            return;
        }
        let message = "`-and` binds closer than `-or`: this is one term of the `-or`";
        let report = Diagnostic::new(Code::MixedConnectives, span, message);
        let corrected = format!("({})", span.of(view.text()));
        found.push(
            report.help("put it in parentheses, or the `-or`, whichever is meant").suggest(span, corrected),
        );
    };
    for chain in view.chains.iter().filter(|chain| chain.join == Join::Or) {
        let conjunctions = chain.terms.iter().filter(|term| matches!(term.node.kind, NodeKind::And(_)));
        conjunctions.for_each(|term| check(term.span));
    }
    each_element_chain(view, &mut |join, _, terms, _| {
        if join == Join::Or {
            let conjunctions = terms.iter().filter(|term| matches!(term.kind, ElementKind::And(_)));
            conjunctions.for_each(|term| check(term.span));
        }
    });
}

/// Whether what stands there has parentheses of its own.
fn in_parentheses(span: Span, text: &str) -> bool {
    let (start, end) = span.range();
    let before = text.get(..start).unwrap_or("").trim_end();
    let after = text.get(end..).unwrap_or("").trim_start();
    before.ends_with('(') && after.starts_with(')')
}

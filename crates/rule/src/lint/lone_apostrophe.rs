//! A lone `'` inside `"…"`: accepted here, but Entra wants it doubled (L5).

use super::view::{View, texts};
use crate::diagnostic::{Code, Diagnostic};
use crate::print::quoted;
use crate::tree::Span;

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in &view.leaves {
        for (operand, text) in texts(leaf.operand) {
            let written = operand.span.of(view.text());
            let Some(at) = written.strip_prefix('"').and_then(lone) else { continue };
            let start = operand.span.start as usize + 1 + at;
            let report = Diagnostic::new(
                Code::LoneApostrophe,
                Span::new(start, start + 1),
                "Microsoft Entra wants an apostrophe inside a string doubled",
            );
            found.push(report.corrected(operand.span, quoted(text)));
        }
    }
}

/// Where the first `'` is that is not one of two.
fn lone(text: &str) -> Option<usize> {
    let mut rest = text;
    while let Some(at) = rest.find('\'') {
        let after = rest.get(at..)?;
        let Some(next) = after.strip_prefix("''") else { return Some(text.len() - after.len()) };
        rest = next;
    }
    None
}

//! A term that another of the same chain makes superfluous.

use super::view::{Join, Literal, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::tree::Span;

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for chain in &view.chains {
        for (at, second) in chain.terms.iter().enumerate() {
            let Some(b) = second.literal else { continue };
            let earlier = chain.terms.iter().take(at);
            let covering = earlier.filter_map(|first| Some((first, first.literal?)));
            let Some((first, _)) = covering.into_iter().find(|(_, a)| covers(a, &b, chain.join)) else {
                continue;
            };
            let report = Diagnostic::new(Code::Redundant, second.span, "this term changes nothing")
                .related(first.span, "this one covers it")
                .help("remove it");
            let before = at.checked_sub(1).and_then(|before| chain.terms.get(before));
            found.push(match before.map(|before| Span { start: before.span.end, end: second.span.end }) {
                // Without parentheses between, the connective and the term go together.
                Some(cut)
                    if !Span { start: cut.start, end: second.span.start }
                        .of(view.text())
                        .contains(['(', ')']) =>
                {
                    report.suggest(cut, "")
                }
                _ => report,
            });
        }
    }
}

/// Whether `b` says nothing beside `a`.
fn covers(a: &Literal<'_>, b: &Literal<'_>, join: Join) -> bool {
    if a == b {
        return true;
    }
    let same_attribute = a.attribute().is_some() && a.attribute() == b.attribute();
    let (Some(left), Some(right), true) = (a.one_of(), b.one_of(), same_attribute) else { return false };
    let (left_in_right, right_in_left) =
        (left.iter().all(|text| right.contains(text)), right.iter().all(|text| left.contains(text)));
    match (join, a.negated, b.negated) {
        (Join::Or, false, false) | (Join::And, true, true) => right_in_left,
        (Join::And, false, false) | (Join::Or, true, true) => left_in_right,
        _ => false,
    }
}

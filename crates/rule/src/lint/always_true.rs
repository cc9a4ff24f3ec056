//! `a -ne "x" -or a -ne "y"` is true of everything: nothing equals both.

use super::view::{Chain, Join, Literal, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::rule::Test;
use crate::tree::Span;

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for chain in view.chains.iter().filter(|chain| chain.join == Join::Or) {
        let Some((first, second)) = excluding_pair(chain) else { continue };
        let message = "one of these negatives is nearly always true, so that the `-or` is";
        let report = Diagnostic::new(Code::AlwaysTrue, second, message)
            .related(first, "what fails this one passes the other")
            .help("join negatives with `-and`");
        let all_negative = chain.terms.iter().all(|term| term.literal.is_some_and(|literal| literal.negated));
        let texts: Vec<&str> = chain.terms.iter().map(|term| term.span.of(view.text())).collect();
        found.push(if all_negative && is_flat(chain, view.text()) {
            report.suggest(chain.span, texts.join(" -and "))
        } else {
            report
        });
    }
}

/// Two negated tests of one attribute that no value fails together.
fn excluding_pair(chain: &Chain<'_>) -> Option<(Span, Span)> {
    for (at, second) in chain.terms.iter().enumerate() {
        let Some(b) = second.literal.filter(|literal| literal.negated) else { continue };
        for first in chain.terms.iter().take(at) {
            let Some(a) = first.literal.filter(|literal| literal.negated) else { continue };
            if a.attribute().is_some() && a.attribute() == b.attribute() && exclude(&a, &b) {
                return Some((first.span, second.span));
            }
        }
    }
    None
}

/// Whether hardly a value satisfies both tests.
fn exclude(a: &Literal<'_>, b: &Literal<'_>) -> bool {
    if let (Some(a), Some(b)) = (a.one_of(), b.one_of()) {
        return a.iter().all(|text| !b.contains(text));
    }
    match (a.test(), b.test()) {
        (Some(Test::Null), Some(test)) | (Some(test), Some(Test::Null)) => *test != Test::Null,
        (Some(Test::Text(a)), Some(Test::Text(b))) => a != b,
        (Some(Test::Boolean(a)), Some(Test::Boolean(b))) => a != b,
        _ => false,
    }
}

/// Whether no term of the chain stands in parentheses of its own.
fn is_flat(chain: &Chain<'_>, text: &str) -> bool {
    chain.terms.windows(2).all(|pair| {
        let [first, second] = pair else { return true };
        let between = Span { start: first.span.end, end: second.span.start };
        !between.of(text).contains(['(', ')'])
    })
}

//! `""` equals no value, and is found in every value (L23). Mostly null is meant.

use super::view::{Leaf, View, texts};
use crate::diagnostic::{Code, Diagnostic};
use crate::pattern::Plain;
use crate::tree::{OperandKind, Operator, Span};

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in &view.leaves {
        // Elements are never empty texts; `-all (… -eq "")` is the usual way to ask for none (L29).
        if leaf.element.is_some() {
            continue;
        }
        let empty_pattern = view.pattern(leaf).is_some_and(|it| it.plain() == Some(Plain::Equals("")));
        for (operand, text) in texts(leaf.operand) {
            if empty_pattern {
                found.push(report(leaf, operand.span, equality(leaf, leaf.operator.0 == Operator::NotMatch)));
            } else if text.is_empty() {
                found.push(report(leaf, operand.span, doubt(leaf)));
            }
        }
    }
}

/// What is said, and what is to be written instead.
type Doubt = (&'static str, Option<&'static str>);

fn report(leaf: &Leaf<'_>, at: Span, (message, null): Doubt) -> Diagnostic {
    let report = Diagnostic::new(Code::EmptyText, at, message);
    match null {
        Some(null) => report.corrected(leaf.operator.1.to(leaf.operand.span), null),
        None => report.help("ask for those without a value by `-eq null`"),
    }
}

fn doubt(leaf: &Leaf<'_>) -> Doubt {
    match leaf.operator.0 {
        _ if matches!(leaf.operand.kind, OperandKind::List(_)) => {
            ("no value equals `\"\"`: empty texts are stored as null", None)
        }
        Operator::Eq => equality(leaf, false),
        Operator::Ne => equality(leaf, true),
        operator if operator.negates().is_some() && leaf.is_collection() => {
            ("this selects nobody: every element has `\"\"` in it", Some("-eq null"))
        }
        operator if operator.negates().is_some() => {
            ("every value has `\"\"` in it: this selects those that have none", Some("-eq null"))
        }
        _ => ("every value has `\"\"` in it", Some("-ne null")),
    }
}

fn equality(leaf: &Leaf<'_>, negated: bool) -> Doubt {
    match (negated, leaf.is_collection()) {
        (false, _) => {
            ("this selects nobody: no value equals `\"\"`, empty texts are stored as null", Some("-eq null"))
        }
        (true, false) => (
            "this selects everybody: no value equals `\"\"`, empty texts are stored as null",
            Some("-ne null"),
        ),
        (true, true) => (
            "this selects all that have elements: none equals `\"\"`, empty texts are dropped",
            Some("-ne null"),
        ),
    }
}

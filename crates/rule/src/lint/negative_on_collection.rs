//! `user.otherMails -notEndsWith "x"` asks whether some element does not end so (L26).

use super::view::{Literal, View};
use crate::diagnostic::{Code, Diagnostic};
use crate::rule::Test;

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in &view.leaves {
        let (operator, at) = leaf.operator;
        let is_collection =
            matches!(leaf.literal.as_ref().and_then(Literal::test), Some(Test::AnyElement(_)));
        let Some(positive) = operator.negates().filter(|_| is_collection) else { continue };
        let operator = operator.as_str();
        let message =
            format!("`{operator}` on a collection asks whether some element fits, not whether none does");
        let (subject, operand) = (leaf.subject.of(view.text()), leaf.operand.span.of(view.text()));
        let corrected = format!("-not ({subject} -any (_ {} {operand}))", positive.as_str());
        found.push(Diagnostic::new(Code::NegativeOnCollection, at, message).corrected(leaf.span, corrected));
    }
}

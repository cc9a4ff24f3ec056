//! `user.otherMails -notEndsWith "x"` asks whether some element does not end so (L26).

use super::view::View;
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in &view.leaves {
        let (operator, at) = leaf.operator;
        let Some(positive) = operator.negates().filter(|_| leaf.is_collection()) else { continue };
        let operator = operator.as_str();
        let message =
            format!("`{operator}` on a collection asks whether some element fits, not whether none does");
        let (subject, operand) = (leaf.subject.of(view.text()), leaf.operand.span.of(view.text()));
        let corrected = format!("-not ({subject} -any (_ {} {operand}))", positive.as_str());
        found.push(Diagnostic::new(Code::NegativeOnCollection, at, message).corrected(leaf.span, corrected));
    }
}

//! `""` equals no value, and is found in every value (L23). Mostly null is meant.

use super::view::{View, texts};
use crate::diagnostic::{Code, Diagnostic};
use crate::tree::{OperandKind, Operator};

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in &view.leaves {
        // Elements are never empty texts; `-all (… -eq "")` is the usual way to ask for none (L29).
        if leaf.element.is_some() {
            continue;
        }
        let span = leaf.operand.span;
        for (operand, text) in texts(leaf.operand) {
            if !text.is_empty() {
                continue;
            }
            let operator = leaf.operator.0;
            let in_list = matches!(leaf.operand.kind, OperandKind::List(_));
            let (message, null) = match operator {
                _ if in_list => ("no value equals `\"\"`: empty texts are stored as null", None),
                Operator::Eq => (
                    "this selects nobody: no value equals `\"\"`, empty texts are stored as null",
                    Some("-eq null"),
                ),
                Operator::Ne => (
                    "this selects everybody: no value equals `\"\"`, empty texts are stored as null",
                    Some("-ne null"),
                ),
                Operator::NotStartsWith
                | Operator::NotEndsWith
                | Operator::NotContains
                | Operator::NotMatch => {
                    ("every value has `\"\"` in it: this selects those that have none", Some("-eq null"))
                }
                _ => ("every value has `\"\"` in it", Some("-ne null")),
            };
            let report = Diagnostic::new(Code::EmptyText, operand.span, message);
            found.push(match null {
                Some(null) => report.corrected(leaf.operator.1.to(span), null),
                None => report.help("ask for those without a value by `-eq null`"),
            });
        }
    }
}

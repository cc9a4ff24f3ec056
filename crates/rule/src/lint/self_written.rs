//! Membership that its beneficiary can bring about: attributes that users and guests write themselves.

use super::view::{Leaf, View};
use crate::ObjectKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::property::Author;
use crate::tree::Operator;

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    let asks_type = view.leaves.iter().any(|leaf| leaf.is(ObjectKind::User, "userType"));
    let mut seen = Vec::new();
    for leaf in &view.leaves {
        let Some(row) = leaf.row else { continue };
        let message = match row.author {
            Author::Owner => {
                format!("the {} can set `{}.{}` themselves", owner(row.object), row.object, row.name)
            }
            Author::Guest if !asks_type && is_loose(leaf) => {
                format!("a guest can be invited under any `{}.{}`", row.object, row.name)
            }
            Author::Guest | Author::Administrator => continue,
        };
        if seen.contains(&row.code) || is_null(leaf) {
            continue;
        }
        seen.push(row.code);
        let report = Diagnostic::new(Code::SelfWritten, leaf.property.span, message);
        found.push(report.help(match row.author {
            Author::Guest => "add `-and (user.userType -eq \"Member\")`, or compare the end, as in `-endsWith \"@contoso.com\"`",
            _ => "do not give access by it, or by it alone",
        }));
    }
}

/// Whether the comparison leaves room for what stands round the text.
fn is_loose(leaf: &Leaf<'_>) -> bool {
    matches!(leaf.operator.0, Operator::StartsWith | Operator::Contains | Operator::Match)
}

fn is_null(leaf: &Leaf<'_>) -> bool {
    leaf.operand.kind == crate::tree::OperandKind::Null
}

fn owner(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "user",
        ObjectKind::Device => "owner of a device",
    }
}

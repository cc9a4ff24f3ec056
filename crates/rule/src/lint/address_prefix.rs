//! Proxy addresses begin with the name of a protocol: `SMTP:a@contoso.com`.

use super::view::{View, texts};
use crate::ObjectKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::print::quoted;
use crate::tree::Operator;

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in view.leaves.iter().filter(|leaf| leaf.is(ObjectKind::User, "proxyAddresses")) {
        let from_the_start = matches!(
            leaf.operator.0,
            Operator::Eq
                | Operator::Ne
                | Operator::In
                | Operator::NotIn
                | Operator::StartsWith
                | Operator::NotStartsWith
        );
        for (operand, text) in texts(leaf.operand) {
            // A beginning shorter than a prefix may be that of one.
            let beginning = ["smtp:", "sip:", "x400:", "x500:", "eum:", "spo:"]
                .iter()
                .any(|prefix| prefix.starts_with(&text.to_ascii_lowercase()));
            if !from_the_start || text.contains(':') || text.is_empty() || beginning {
                continue;
            }
            let message = format!("proxy addresses begin with a prefix such as `smtp:`, never with `{text}`");
            let report = Diagnostic::new(Code::AddressPrefix, operand.span, message);
            found.push(report.corrected(operand.span, quoted(&format!("smtp:{text}"))));
        }
    }
}

//! `employeeType` works in rules, yet Microsoft does not list it among their properties.

use super::view::View;
use crate::ObjectKind;
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    if let Some(leaf) = view.leaves.iter().find(|leaf| leaf.is(ObjectKind::User, "employeeType")) {
        let message = "Microsoft does not list `user.employeeType` among the properties of rules";
        let report = Diagnostic::new(Code::UnlistedProperty, leaf.property.name_span, message);
        found.push(report.help("an extension attribute is sure to work in Microsoft Entra too"));
    }
}

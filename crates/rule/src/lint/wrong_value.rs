//! Values that people copy from portals and that the property never has.

use super::view::{View, same, texts};
use crate::ObjectKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::print::quoted;
use crate::tree::{OperandKind, Operator};

struct Known {
    kind: ObjectKind,
    property: &'static str,
    /// Of an element comparison, the member.
    member: Option<&'static str>,
    wrong: &'static [&'static str],
    right: &'static str,
    why: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        kind: ObjectKind::Device,
        property: "deviceOwnership",
        member: None,
        wrong: &["Corporate", "Corporation", "Corp", "Business"],
        right: "Company",
        why: "Entra says `Company` or `Personal`",
    },
    Known {
        kind: ObjectKind::Device,
        property: "deviceOwnership",
        member: None,
        wrong: &["BYOD", "Private", "Employee"],
        right: "Personal",
        why: "Entra says `Company` or `Personal`",
    },
    Known {
        kind: ObjectKind::Device,
        property: "deviceTrustType",
        member: None,
        wrong: &[
            "Hybrid Azure AD joined",
            "Hybrid Azure AD join",
            "Hybrid AD joined",
            "Microsoft Entra hybrid joined",
            "Hybrid",
            "Hybrid joined",
            "HybridAzureADJoined",
            "Domain joined",
        ],
        right: "ServerAD",
        why: "Entra says `ServerAD`, `AzureAD` or `Workplace`",
    },
    Known {
        kind: ObjectKind::Device,
        property: "deviceTrustType",
        member: None,
        wrong: &["Azure AD joined", "Azure AD", "AzureADJoined", "Microsoft Entra joined", "Entra joined"],
        right: "AzureAD",
        why: "Entra says `ServerAD`, `AzureAD` or `Workplace`",
    },
    Known {
        kind: ObjectKind::Device,
        property: "deviceTrustType",
        member: None,
        wrong: &["Azure AD registered", "Microsoft Entra registered", "Registered", "Workplace joined"],
        right: "Workplace",
        why: "Entra says `ServerAD`, `AzureAD` or `Workplace`",
    },
    Known {
        kind: ObjectKind::User,
        property: "userType",
        member: None,
        wrong: &["Guests", "External", "B2B"],
        right: "Guest",
        why: "Entra says `Member` or `Guest`",
    },
    Known {
        kind: ObjectKind::User,
        property: "userType",
        member: None,
        wrong: &["Members", "Internal", "Employee"],
        right: "Member",
        why: "Entra says `Member` or `Guest`",
    },
    Known {
        kind: ObjectKind::User,
        property: "assignedPlans",
        member: Some("capabilityStatus"),
        wrong: &["Active", "On", "Success", "Enable", "true"],
        right: "Enabled",
        why: "Entra says `Enabled`, `Warning`, `Suspended`, `Deleted` or `LockedOut`",
    },
];

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    copied(view, found);
    windows_11(view, found);
    tag_as_value(view, found);
}

fn copied(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in &view.leaves {
        if !matches!(leaf.operator.0, Operator::Eq | Operator::Ne | Operator::In | Operator::NotIn) {
            continue;
        }
        for (operand, text) in texts(leaf.operand) {
            let known = KNOWN.iter().find(|known| {
                leaf.is(known.kind, known.property)
                    && known.member == leaf.element
                    && known.wrong.iter().any(|wrong| same(wrong, text))
            });
            let Some(known) = known else { continue };
            let message = format!("no object has `{text}` here: {}", known.why);
            let report = Diagnostic::new(Code::WrongValue, operand.span, message);
            found.push(report.corrected(operand.span, quoted(known.right)));
        }
    }
}

/// `deviceOSVersion -startsWith "11"`: Windows 11 calls itself 10.0.2….
fn windows_11(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in view.leaves.iter().filter(|leaf| leaf.is(ObjectKind::Device, "deviceOSVersion")) {
        let (operator, at) = leaf.operator;
        let text = match &leaf.operand.kind {
            OperandKind::Text(text) | OperandKind::Number(text) => text.as_str(),
            _ => continue,
        };
        let fitting = match operator {
            Operator::StartsWith | Operator::Eq | Operator::Contains => "-startsWith",
            Operator::NotStartsWith | Operator::Ne | Operator::NotContains => "-notStartsWith",
            _ => continue,
        };
        if !matches!(text, "11" | "11." | "Windows 11") || asks_other_system(view) {
            continue;
        }
        let span = leaf.operand.span;
        let report =
            Diagnostic::new(Code::WrongValue, span, "Windows 11 gives its version as `10.0.2…`, not as `11`");
        found.push(report.corrected(at.to(span), format!("{fitting} \"10.0.2\"")));
    }
}

/// Whether the rule speaks of a system that may well be at version 11.
fn asks_other_system(view: &View<'_>) -> bool {
    view.leaves.iter().filter(|leaf| leaf.is(ObjectKind::Device, "deviceOSType")).any(|leaf| {
        texts(leaf.operand).iter().any(|(_, text)| !text.to_ascii_lowercase().starts_with("windows"))
    })
}

/// `-eq "[ZTDId]"`: the values go on after the tag.
fn tag_as_value(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in view.leaves.iter().filter(|leaf| leaf.is(ObjectKind::Device, "devicePhysicalIds")) {
        let (operator, at) = leaf.operator;
        let is_tag = leaf.text().is_some_and(|text| text.starts_with('[') && text.ends_with([']', ':']));
        if operator != Operator::Eq || !is_tag {
            continue;
        }
        let message = "the values go on after the tag, as in `[ZTDId]:7d1e…`: none equals it";
        let report = Diagnostic::new(Code::WrongValue, leaf.operand.span, message);
        found.push(report.corrected(at, Operator::StartsWith.as_str()));
    }
}

//! What each lint finds, what it suggests, and where it must be silent.

use crate::diagnostic::Code;
use crate::{AttributeType, DeclaredAttribute, Dialect, ObjectKind, Schema, check};

fn schema() -> Schema {
    Schema::new([DeclaredAttribute {
        object: ObjectKind::User,
        name: "badges".into(),
        value_type: AttributeType::StringCollection,
    }])
    .unwrap()
}

/// Checks that `code` alone is found, underlining what stands between `«` and `»`, and that its
/// suggestion, if it has one, makes the rule `corrected`, in which the lint finds nothing more.
#[track_caller]
fn warn(code: Code, marked: &str, corrected: &str) {
    let text = marked.replace(['«', '»'], "");
    let underlined = marked.split('«').nth(1).unwrap().split('»').next().unwrap();
    let checked = check(&text, Dialect::Extended, &schema());
    assert!(checked.rule.is_some(), "{text}\n{:#?}", checked.diagnostics);
    let [found] = checked.diagnostics.as_slice() else { panic!("{text}\n{:#?}", checked.diagnostics) };
    assert_eq!((found.code, found.span.of(&text)), (code, underlined), "{text}");
    let applied = found.suggestion.as_ref().map_or(String::new(), |suggestion| suggestion.apply(&text));
    assert_eq!(applied, corrected, "{text}");
    if !corrected.is_empty() {
        let again = check(corrected, Dialect::Extended, &schema());
        assert!(again.rule.is_some(), "{corrected}");
        assert!(again.diagnostics.iter().all(|left| left.code != code), "{corrected}");
    }
}

#[track_caller]
fn silent(text: &str) {
    let checked = check(text, Dialect::Extended, &schema());
    assert!(checked.rule.is_some() && checked.diagnostics.is_empty(), "{text}\n{:#?}", checked.diagnostics);
}

#[test]
fn nulls_and_empty_texts() {
    warn(Code::QuotedNull, "user.city -ne «'NULL'»", "user.city -ne null");
    warn(
        Code::QuotedNull,
        "user.assignedPlans -all (assignedPlan.service -eq «\"$null\"»)",
        "user.assignedPlans -all (assignedPlan.service -eq null)",
    );
    warn(Code::QuotedNull, "user.city -ne«\"null\"»", "user.city -ne null");
    silent("user.city -contains 'null'");
    warn(Code::EmptyText, "user.city -ne «\"\"»", "user.city -ne null");
    warn(Code::EmptyText, "user.city -notContains «''»", "user.city -eq null");
    warn(Code::EmptyText, "user.city -in ['x', «''»]", "");
    silent("user.assignedPlans -all (assignedPlan.servicePlanId -eq \"\")");
}

#[test]
fn collections() {
    warn(
        Code::NegativeOnCollection,
        "user.proxyAddresses «-notContains» 'x'",
        "-not (user.proxyAddresses -any (_ -contains 'x'))",
    );
    warn(Code::NegativeOnCollection, "user.badges «-ne» 'x'", "-not (user.badges -any (_ -eq 'x'))");
    silent("user.badges -ne null");
    silent("user.badges -any (_ -ne 'x')");
    warn(Code::BareQuantifier, "user.badges «-any» _ -eq 'x'", "user.badges -any (_ -eq 'x')");
    warn(Code::AllNotNull, "«user.badges -all (_ -ne null)»", "user.badges -ne null");
    silent("user.badges -any (_ -ne null)");
    silent("user.assignedPlans -all (assignedPlan.servicePlanId -eq null)");
    warn(
        Code::AllForNone,
        "«user.assignedPlans -all (assignedPlan.servicePlanId -ne 'x' -and assignedPlan.capabilityStatus -ne 'Enabled')»",
        "-not (user.assignedPlans -any (assignedPlan.servicePlanId -eq 'x' -and assignedPlan.capabilityStatus -eq 'Enabled'))",
    );
    silent(
        "user.assignedPlans -all (assignedPlan.servicePlanId -ne 'x' -and assignedPlan.servicePlanId -ne 'y')",
    );
    warn(
        Code::AddressPrefix,
        "user.proxyAddresses -any (_ -startsWith «'ann@'»)",
        "user.proxyAddresses -any (_ -startsWith \"smtp:ann@\")",
    );
    silent("user.proxyAddresses -any (_ -startsWith 'SMTP:ann@')");
    silent("user.proxyAddresses -any (_ -startsWith 'smtp')");
    silent("user.proxyAddresses -any (_ -contains 'ann@')");
}

#[test]
fn chains() {
    warn(
        Code::AlwaysTrue,
        "user.city -ne 'a' -or «user.city -ne 'b'»",
        "user.city -ne 'a' -and user.city -ne 'b'",
    );
    warn(Code::AlwaysTrue, "(user.city -notContains 'a') -or («user.city -notContains 'b'»)", "");
    warn(
        Code::AlwaysTrue,
        "user.city -ne null -or «-not (user.city -eq 'b')»",
        "user.city -ne null -and -not (user.city -eq 'b')",
    );
    silent("user.city -ne 'a' -or user.state -ne 'b'");
    silent("user.city -ne 'a' -or user.city -eq 'b'");
    warn(Code::NeverTrue, "user.city -eq 'a' -and «user.city -in ['b', 'c']»", "");
    warn(Code::NeverTrue, "user.city -eq null -and «user.city -startsWith 'b'»", "");
    warn(Code::NeverTrue, "user.city -startsWith 'a' -and «user.city -notStartsWith 'A'»", "");
    warn(
        Code::NeverTrue,
        "user.accountEnabled -eq true -and user.state -eq 'x' -and «user.accountEnabled -eq false»",
        "",
    );
    warn(
        Code::NeverTrue,
        "user.assignedPlans -any (assignedPlan.service -eq 'a' -and «assignedPlan.service -eq 'b'»)",
        "",
    );
    silent("user.city -eq 'a' -and user.state -eq null");
    silent("user.otherMails -eq 'a' -and user.otherMails -eq 'b'");
    silent("user.city -startsWith 'a' -and user.city -startsWith 'ab'");
    warn(
        Code::Redundant,
        "user.city -startsWith 'a' -or «user.city -startsWith 'A'»",
        "user.city -startsWith 'a'",
    );
    warn(
        Code::Redundant,
        "user.city -in ['a', 'b'] -or «user.city -eq 'a'» -or user.state -eq 'x'",
        "user.city -in ['a', 'b'] -or user.state -eq 'x'",
    );
    warn(Code::Redundant, "user.city -eq 'a' -and «user.city -in ['A', 'b']»", "user.city -eq 'a'");
    warn(
        Code::Redundant,
        "user.city -notIn ['a', 'b'] -and «user.city -ne 'a'»",
        "user.city -notIn ['a', 'b']",
    );
    warn(Code::Redundant, "(user.city -eq 'a') -or («user.city -eq 'a'»)", "");
    warn(
        Code::MixedConnectives,
        "user.city -eq 'a' -or «user.city -eq 'b' -and user.state -eq 'c'»",
        "user.city -eq 'a' -or (user.city -eq 'b' -and user.state -eq 'c')",
    );
    warn(
        Code::MixedConnectives,
        "(«(user.city -eq 'a') -and (user.state -eq 'c')» -or (user.city -eq 'b'))",
        "(((user.city -eq 'a') -and (user.state -eq 'c')) -or (user.city -eq 'b'))",
    );
    warn(
        Code::MixedConnectives,
        "user.badges -any (_ -startsWith 'a' -or «_ -startsWith 'b' -and _ -endsWith 'c'»)",
        "user.badges -any (_ -startsWith 'a' -or (_ -startsWith 'b' -and _ -endsWith 'c'))",
    );
    silent("(user.city -eq 'a' -and user.state -eq 'b') -or user.city -eq 'c'");
    warn(
        Code::ChainOfEquals,
        "«user.city -eq 'a' -or (user.City -eq 'b') -or user.city -eq 5»",
        "user.city -in ['a', 'b', 5]",
    );
    warn(
        Code::ChainOfEquals,
        "(«user.city -ne 'a' -and user.city -ne 'b' -and user.city -ne 'c'») -and user.state -eq 'x'",
        "(user.city -notIn ['a', 'b', 'c']) -and user.state -eq 'x'",
    );
    warn(
        Code::ChainOfEquals,
        "«user.badges -eq 'a' -or user.badges -eq 'b' -or user.badges -eq 'c'»",
        "user.badges -in ['a', 'b', 'c']",
    );
    silent("user.city -eq 'a' -or user.city -eq 'b'");
    silent(
        "user.employeeHireDate -eq '2026-01-01' -or user.employeeHireDate -eq '2026-01-02' -or user.employeeHireDate -eq '2026-01-03'",
    );
    silent("user.city -eq 'a' -or user.city -eq 'b' -or user.city -eq null");
}

#[test]
fn patterns() {
    warn(Code::PlainPattern, "user.city -match «'^Rome'»", "user.city -startsWith \"Rome\"");
    warn(Code::PlainPattern, "user.city -notMatch «'Rome$'»", "user.city -notEndsWith \"Rome\"");
    warn(Code::PlainPattern, "user.badges -any (_ -match «'^A\\.b$'»)", "user.badges -any (_ -eq \"a.b\")");
    warn(Code::PlainPattern, "user.city -match «'.*'»", "user.city -ne null");
    warn(Code::PlainPattern, "user.city -match «'^'»", "user.city -ne null");
    warn(Code::PlainPattern, "user.city -notMatch «'.*$'»", "user.city -eq null");
    warn(Code::EmptyText, "user.city -match «'^$'»", "user.city -eq null");
    warn(Code::EmptyText, "user.city -notMatch «'^$'»", "user.city -ne null");
    silent("user.city -match '^Rome [0-9]+'");
    warn(Code::UnboundedPattern, "user.city -match «'^[a-z]+$'»", "");
}

#[test]
fn properties_and_values() {
    warn(Code::SelfWritten, "«user.mobile» -startsWith '+39' -or user.mobile -startsWith '+41'", "");
    warn(Code::SelfWritten, "«user.displayName» -contains 'admin'", "");
    warn(Code::SelfWritten, "«device.deviceCategory» -eq 'kiosk'", "");
    silent("user.mobile -ne null");
    silent("user.mail -endsWith '@contoso.com'");
    silent("user.mail -contains 'contoso' -and user.userType -eq 'Member'");
    warn(
        Code::WrongValue,
        "device.deviceOwnership -in ['Personal', «'corporate'»]",
        "device.deviceOwnership -in ['Personal', \"Company\"]",
    );
    warn(
        Code::WrongValue,
        "device.deviceTrustType -eq «'Hybrid Azure AD joined'»",
        "device.deviceTrustType -eq \"ServerAD\"",
    );
    warn(
        Code::WrongValue,
        "device.deviceOSVersion -startsWith «'11'»",
        "device.deviceOSVersion -startsWith \"10.0.2\"",
    );
    silent("device.deviceOSType -eq 'iPhone' -and device.deviceOSVersion -startsWith '11.'");
    warn(
        Code::WrongValue,
        "device.devicePhysicalIds -any (_ -eq «'[ZTDId]'»)",
        "device.devicePhysicalIds -any (_ -startsWith '[ZTDId]')",
    );
    silent("device.devicePhysicalIds -any (_ -eq '[OrderID]:179887111881')");
    warn(
        Code::WrongValue,
        "user.assignedPlans -any (assignedPlan.capabilityStatus -eq «'Active'»)",
        "user.assignedPlans -any (assignedPlan.capabilityStatus -eq \"Enabled\")",
    );
    warn(Code::LoneApostrophe, "user.surname -eq \"O«'»Neill\"", "user.surname -eq \"O''Neill\"");
    silent("user.surname -in ['O''Neill', \"O''Brien\"]");
    warn(Code::QuotedBoolean, "user.accountEnabled -ne «'TRUE'»", "user.accountEnabled -ne true");
    warn(Code::UnlistedProperty, "user.«employeeType» -eq 'x'", "");
}

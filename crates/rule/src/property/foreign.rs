//! Names that other languages and habits have for properties (L39).

use super::{Intake, StandardAttribute, find_alias, standard};
use crate::ObjectKind;

/// What a name of another language is called here, and where it comes from.
pub(crate) fn foreign(object: ObjectKind, name: &str) -> Option<(&'static str, &'static str)> {
    let among = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if let Some(row) = find_alias(object, name) {
        let origin = match (object, among(&INTUNE), among(&CONDITIONAL_ACCESS)) {
            (ObjectKind::Device, true, _) => {
                "of Microsoft Graph, Intune's assignment filters and conditional access"
            }
            (ObjectKind::Device, _, true) => "of Microsoft Graph and of conditional access",
            _ => "of Microsoft Graph",
        };
        return Some((row.name, origin));
    }
    let known = FOREIGN.iter().find(|(kind, known, ..)| *kind == object && known.eq_ignore_ascii_case(name));
    if let Some((_, _, here, origin)) = known {
        return Some((here, origin));
    }
    extension_attribute(object, name).map(|here| (here, "of Exchange"))
}

/// `customAttribute7`, as Exchange calls `extensionAttribute7`.
fn extension_attribute(object: ObjectKind, name: &str) -> Option<&'static str> {
    let (prefix, number) = name.split_at_checked("customAttribute".len())?;
    let is_number = |row: &&StandardAttribute| {
        row.alias.is_some_and(|alias| alias.intake == Intake::Nested)
            && row.name.strip_prefix("extensionAttribute") == Some(number)
    };
    if !prefix.eq_ignore_ascii_case("customAttribute") {
        return None;
    }
    standard(object).iter().find(is_number).map(|row| row.name)
}

/// The first property inside a member of Graph's objects that holds others.
pub(crate) fn first_nested(object: ObjectKind, name: &str) -> Option<&'static str> {
    let is_inside = |row: &&StandardAttribute| {
        let parent = row.alias.and_then(|alias| alias.name.split_once('.')).map(|(parent, _)| parent);
        parent.is_some_and(|parent| parent.eq_ignore_ascii_case(name))
    };
    standard(object).iter().find(is_inside).map(|row| row.name)
}

/// Names that other languages and habits have for a property: whose attribute, the name, what it is
/// called here, where it comes from. Names of Microsoft Graph are in the property table.
const FOREIGN: &[(ObjectKind, &str, &str, &str)] = &[
    (ObjectKind::Device, "osVersion", "deviceOSVersion", "of Intune's assignment filters"),
    (ObjectKind::Device, "deviceName", "displayName", "of Intune's assignment filters"),
    (ObjectKind::Device, "os", "deviceOSType", ""),
    (ObjectKind::Device, "osType", "deviceOSType", ""),
    (ObjectKind::Device, "version", "deviceOSVersion", ""),
    (ObjectKind::Device, "operatingSystemType", "deviceOSType", ""),
    (ObjectKind::Device, "ownership", "deviceOwnership", ""),
    (ObjectKind::Device, "ownerType", "deviceOwnership", "of Intune"),
    (ObjectKind::Device, "managedDeviceOwnerType", "deviceOwnership", "of Intune"),
    (ObjectKind::Device, "category", "deviceCategory", ""),
    (ObjectKind::Device, "name", "displayName", ""),
    (ObjectKind::Device, "enabled", "accountEnabled", ""),
    (ObjectKind::Device, "enrollmentProfile", "enrollmentProfileName", ""),
    (ObjectKind::Device, "joinType", "deviceTrustType", ""),
    (ObjectKind::Device, "tags", "systemLabels", ""),
    (ObjectKind::User, "title", "jobTitle", ""),
    (ObjectKind::User, "job", "jobTitle", ""),
    (ObjectKind::User, "email", "mail", ""),
    (ObjectKind::User, "emailAddress", "mail", ""),
    (ObjectKind::User, "emails", "otherMails", ""),
    (ObjectKind::User, "upn", "userPrincipalName", ""),
    (ObjectKind::User, "managerId", "manager", ""),
    (ObjectKind::User, "licenses", "assignedPlans", ""),
    (ObjectKind::User, "license", "assignedPlans", ""),
    (ObjectKind::User, "firstName", "givenName", ""),
    (ObjectKind::User, "lastName", "surname", ""),
    (ObjectKind::User, "sn", "surname", "of LDAP"),
    (ObjectKind::User, "c", "country", "of LDAP"),
    (ObjectKind::User, "l", "city", "of LDAP"),
    (ObjectKind::User, "st", "state", "of LDAP"),
    (ObjectKind::User, "company", "companyName", ""),
    (ObjectKind::User, "dept", "department", ""),
    (ObjectKind::User, "zip", "postalCode", ""),
    (ObjectKind::User, "zipCode", "postalCode", ""),
    (ObjectKind::User, "phone", "telephoneNumber", ""),
    (ObjectKind::User, "businessPhone", "telephoneNumber", ""),
    (ObjectKind::User, "office", "physicalDeliveryOfficeName", ""),
    (ObjectKind::User, "name", "displayName", ""),
    (ObjectKind::User, "alias", "mailNickname", ""),
    (ObjectKind::User, "enabled", "accountEnabled", ""),
    (ObjectKind::User, "hireDate", "employeeHireDate", ""),
    (ObjectKind::User, "type", "userType", ""),
    (ObjectKind::User, "distinguishedName", "onPremisesDistinguishedName", "of Active Directory"),
    (ObjectKind::User, "objectSid", "onPremisesSecurityIdentifier", "of Active Directory"),
    (ObjectKind::User, "assignedPlan", "assignedPlans", ""),
    (ObjectKind::User, "assignedLicense", "assignedLicenses", ""),
    (ObjectKind::User, "groups", "memberOf", ""),
];

/// Names that Intune's assignment filters, and conditional access's device filters, share with Graph.
const INTUNE: [&str; 2] = ["manufacturer", "model"];
const CONDITIONAL_ACCESS: [&str; 6] =
    ["trustType", "operatingSystem", "mdmAppId", "physicalIds", "manufacturer", "model"];

//! Which property a name is, and where an unknown name comes from (L39).

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::property::{self, Intake, RuleProperty};
use crate::tree::Property;
use crate::{AttributeType, Dialect, ObjectKind, spelling};

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

impl Checker<'_> {
    /// The property that is meant. `None`: reported.
    pub(super) fn resolve(&mut self, property: &Property) -> Option<RuleProperty> {
        self.about(property.object, property.span);
        let Some(found) = property::find(property.object, &property.name, self.schema) else {
            let report = self.unknown(property);
            self.report(report);
            return None;
        };
        if found.dialect == Dialect::Extended && self.dialect == Dialect::Entra {
            self.refuse_extended(property, &found);
        }
        if found.value_type != AttributeType::Memberships {
            self.read(&found.attribute, &found.name);
        }
        Some(found)
    }

    fn refuse_extended(&mut self, property: &Property, found: &RuleProperty) {
        let what = format!("`{}.{}`", property.object, found.name);
        if found.attribute == property::manager() {
            let message = format!("{what} is an extension that Microsoft Entra does not have");
            let report = Diagnostic::new(Code::NeedsExtended, property.name_span, message);
            self.report(report.help(
                "write `Direct Reports for \"<id of the manager>\"`, or give the rule the dialect `extended`",
            ));
        } else {
            self.extension(property.name_span, &what);
        }
    }

    fn unknown(&self, property: &Property) -> Diagnostic {
        let Property { object, name, name_span, .. } = property;
        if let Some(report) = removed(property).or_else(|| self.extension_name(property)) {
            return report;
        }
        let report =
            Diagnostic::new(Code::UnknownProperty, *name_span, format!("`{object}.{name}` is no property"));
        if let Some((here, origin)) = foreign(*object, name) {
            let help = format!("`{name}` is a name {origin}; rules call it `{object}.{here}`");
            let help = if origin.is_empty() { format!("it is called `{object}.{here}`") } else { help };
            let help = match here {
                "manager" if self.dialect == Dialect::Entra => {
                    "write `Direct Reports for \"<id of the manager>\"`; the dialect `extended` has `user.manager`".to_owned()
                }
                _ => help,
            };
            return report.help(help).suggest(*name_span, here);
        }
        if let Some(help) = inside(*object, name) {
            return report.help(help);
        }
        let other = other_kind(*object);
        if let Some(row) = property::find_standard(other, name) {
            return report.help(format!("it is a property of {other}s: `{other}.{}`", row.name));
        }
        let closest = self.closest(*object, name);
        match closest.as_slice() {
            [] => report.help("check the spelling; attributes of your own are declared in the schema, for the dialect `extended`"),
            [first, ..] => {
                let names: Vec<String> = closest.iter().map(|name| format!("`{object}.{name}`")).collect();
                report.help(format!("did you mean {}?", names.join(" or "))).guess(*name_span, first.as_str())
            }
        }
    }

    /// The names closest in spelling that the dialect has.
    fn closest(&self, object: ObjectKind, name: &str) -> Vec<String> {
        let extended = self.dialect == Dialect::Extended;
        let rows = property::standard(object).iter().filter(|row| extended || row.dialect == Dialect::Entra);
        let declared = self.schema.attributes().filter(|declared| extended && declared.object == object);
        let names = rows.map(|row| row.name).chain(declared.map(|declared| declared.name.as_ref()));
        spelling::closest(name, names).into_iter().map(str::to_owned).collect()
    }

    /// What is wrong with a name that begins with `extension_`.
    fn extension_name(&self, property: &Property) -> Option<Diagnostic> {
        let Property { object, name, name_span, .. } = property;
        let prefix = name.get(.."extension_".len())?;
        if !prefix.eq_ignore_ascii_case("extension_") {
            return None;
        }
        if name.contains('-') {
            let corrected = name.replace('-', "");
            let report = Diagnostic::new(
                Code::ExtensionId,
                *name_span,
                "the application id in the name of an extension attribute has no hyphens",
            );
            return Some(report.help(format!("write `{object}.{corrected}`")).suggest(*name_span, corrected));
        }
        let report =
            Diagnostic::new(Code::UnknownProperty, *name_span, format!("`{object}.{name}` is no property"));
        Some(report.help(match object {
            ObjectKind::User => "an extension attribute is `extension_`, 32 hexadecimal digits, `_` and its name",
            ObjectKind::Device => "devices have no such extension attributes, only `extensionAttribute1` to `extensionAttribute15`",
        }))
    }
}

/// A property that Microsoft once documented.
fn removed(property: &Property) -> Option<Diagnostic> {
    let Property { object, name, name_span, .. } = property;
    let known = ["isDirSynced", "domainName", "organizationalUnit"];
    let name = known.into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
    if *object != ObjectKind::Device {
        return None;
    }
    let message = format!("Microsoft has withdrawn `device.{name}`");
    let report = Diagnostic::new(Code::RemovedProperty, *name_span, message);
    Some(
        report
            .help("no property has taken its place; use `device.deviceTrustType` or an extension attribute"),
    )
}

/// What a name of another language is called here, and where it comes from.
fn foreign(object: ObjectKind, name: &str) -> Option<(&'static str, &'static str)> {
    let among = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if let Some(row) = property::find_alias(object, name) {
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

/// What to write for a member of a property, as in `assignedPlans.servicePlanId`.
fn inside(object: ObjectKind, name: &str) -> Option<String> {
    let (outer, member) = name.split_once('.')?;
    let row = property::find_standard(object, outer)?;
    Some(match row.element {
        Some(element) => format!("ask about elements: `{object}.{} -any ({element}.{member} ...)`", row.name),
        None if row.value_type == AttributeType::Reference => {
            "nothing is known here of a manager but the id: write `Direct Reports for \"<id of the manager>\"`".to_owned()
        }
        None => format!("`{object}.{}` has no members", row.name),
    })
}

/// `customAttribute7`, as Exchange calls `extensionAttribute7`.
fn extension_attribute(object: ObjectKind, name: &str) -> Option<&'static str> {
    let (prefix, number) = name.split_at_checked("customAttribute".len())?;
    let is_number = |row: &&property::StandardAttribute| {
        row.alias.is_some_and(|alias| alias.intake == Intake::Nested)
            && row.name.strip_prefix("extensionAttribute") == Some(number)
    };
    if !prefix.eq_ignore_ascii_case("customAttribute") {
        return None;
    }
    property::standard(object).iter().find(is_number).map(|row| row.name)
}

fn other_kind(kind: ObjectKind) -> ObjectKind {
    match kind {
        ObjectKind::User => ObjectKind::Device,
        ObjectKind::Device => ObjectKind::User,
    }
}

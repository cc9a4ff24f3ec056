//! Which property a name is, and where an unknown name comes from (L39).

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::property::{self, RuleProperty, foreign};
use crate::tree::Property;
use crate::{AttributeType, Dialect, ObjectKind, spelling};

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
            let report = report.help(help);
            // A name that the dialect does not have is no correction.
            let known = property::find_standard(*object, here).is_some_and(|row| self.has(row.dialect));
            return if known { report.suggest(*name_span, here) } else { report };
        }
        if let Some(help) = inside(*object, name) {
            return report.help(help);
        }
        let other = other_kind(*object);
        let theirs = property::find_standard(other, name).map(|row| row.name);
        if let Some(theirs) = theirs.or_else(|| foreign(other, name).map(|(here, _)| here)) {
            return report.help(format!("it is a property of {other}s: `{other}.{theirs}`"));
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

    /// Whether the rule's dialect has what is in that one.
    fn has(&self, dialect: Dialect) -> bool {
        dialect == Dialect::Entra || self.dialect == Dialect::Extended
    }

    /// The names closest in spelling that the dialect has.
    fn closest(&self, object: ObjectKind, name: &str) -> Vec<String> {
        let extended = self.has(Dialect::Extended);
        let rows = property::standard(object).iter().filter(|row| self.has(row.dialect));
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

/// What to write for a member of a property, as in `assignedPlans.servicePlanId`.
fn inside(object: ObjectKind, name: &str) -> Option<String> {
    if let Some(first) = property::first_nested(object, name) {
        let last = first.replace('1', "15");
        return Some(format!("write one of its members: `{object}.{first}` to `{object}.{last}`"));
    }
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

fn other_kind(kind: ObjectKind) -> ObjectKind {
    match kind {
        ObjectKind::User => ObjectKind::Device,
        ObjectKind::Device => ObjectKind::User,
    }
}

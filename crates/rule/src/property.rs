//! The table of properties: canonical names, names in incoming objects, types.
//!
//! Every way from a name to an [`Attribute`] goes through here, so that rules and incoming objects
//! cannot disagree on what a name means. Knows nothing of values.

mod foreign;
mod table;

use crate::{Attribute, AttributeType, Dialect, ObjectKind, Schema};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

pub(crate) use foreign::{first_nested, foreign};

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct StandardAttribute {
    /// Stored on disk; never reused. Users from 1, devices from 1001.
    pub code: u16,
    /// Whose attribute.
    pub object: ObjectKind,
    /// The canonical rule name.
    pub name: &'static str,
    /// Its type.
    pub value_type: AttributeType,
    /// For object collections: the members that the language knows, in the order of [`crate::Element::members`].
    pub members: &'static [&'static str],
    /// For object collections and memberships: the word before the dot in an element comparison (`assignedPlan`).
    pub element: Option<&'static str>,
    /// Its other name in incoming objects, Microsoft Graph's. Rules do not know it.
    pub alias: Option<Alias>,
    /// The dialect in which rules may read it.
    pub dialect: Dialect,
    /// Who can set it, beside administrators.
    pub author: Author,
}

/// A second name in incoming objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    /// As Microsoft Graph spells it; `parent.member` where it is nested.
    pub name: &'static str,
    /// How its value becomes the attribute's.
    pub intake: Intake,
}

/// Who can set an attribute, beside administrators and what they synchronise from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// Nobody else.
    Administrator,
    /// The user themselves; of a device, its owner.
    Owner,
    /// Of guests: the guest, or whoever invites them.
    Guest,
}

/// How the value of an incoming object's member becomes an attribute's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// As it is.
    Whole,
    /// The first element of an array of strings (`businessPhones`, `imAddresses`).
    First,
    /// An object whose members are attributes themselves (`onPremisesExtensionAttributes` of users,
    /// `extensionAttributes` of devices): look each up with [`incoming`] as `parent.member`.
    Nested,
}

/// What a member of an incoming object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A value of this attribute.
    Attribute {
        /// Its identity.
        attribute: Attribute,
        /// Its type.
        value_type: AttributeType,
        /// How to take it: [`Intake::Whole`] or [`Intake::First`].
        intake: Intake,
    },
    /// An object of several attributes; null clears all of them: these.
    Nested(Vec<Attribute>),
    /// The object's own id, which must agree with the event's.
    ObjectId,
    /// Computed by Muster; refused in events (`memberOf`).
    Computed,
    /// No attribute that rules know.
    Unknown,
}

/// What a rule's property is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleProperty {
    /// Its identity.
    pub attribute: Attribute,
    /// Its canonical name (for an extension attribute: as given).
    pub name: Cow<'static, str>,
    /// Its type.
    pub value_type: AttributeType,
    /// The dialect in which rules may read it.
    pub dialect: Dialect,
    /// Its row, where the table has it.
    pub standard: Option<&'static StandardAttribute>,
}

/// The rows of the table for this kind of object, by code.
#[must_use]
pub fn standard(kind: ObjectKind) -> &'static [StandardAttribute] {
    match kind {
        ObjectKind::User => table::USERS,
        ObjectKind::Device => table::DEVICES,
    }
}

/// The row with this code.
#[must_use]
pub fn by_code(code: u16) -> Option<&'static StandardAttribute> {
    let (rows, first) = if code >= table::FIRST_DEVICE_CODE {
        (table::DEVICES, table::FIRST_DEVICE_CODE)
    } else {
        (table::USERS, table::FIRST_USER_CODE)
    };
    rows.get(usize::from(code.checked_sub(first)?))
}

/// The property that rules over this kind of object call `name`, in any case, in whatever dialect.
/// `manager`, which Entra's rules reach only through `Direct Reports for`, is one of the extended dialect.
#[must_use]
pub fn find(kind: ObjectKind, name: &str, schema: &Schema) -> Option<RuleProperty> {
    if let Some(row) = find_standard(kind, name) {
        return Some(RuleProperty {
            attribute: Attribute::Standard(row.code),
            name: Cow::Borrowed(row.name),
            value_type: row.value_type,
            dialect: row.dialect,
            standard: Some(row),
        });
    }
    if let Some(attribute) = extension_attribute(kind, name) {
        return Some(RuleProperty {
            attribute,
            name: Cow::Owned(name.to_owned()),
            value_type: AttributeType::String,
            dialect: Dialect::Entra,
            standard: None,
        });
    }
    let declared = schema.find(kind, name)?;
    Some(RuleProperty {
        attribute: declared.attribute(),
        name: Cow::Owned(declared.name.as_ref().to_owned()),
        value_type: declared.value_type,
        dialect: Dialect::Extended,
        standard: None,
    })
}

/// What the member `name` (any case; `parent.member` for nested ones) of an incoming object of this kind is.
#[must_use]
pub fn incoming(kind: ObjectKind, name: &str, schema: &Schema) -> Incoming {
    if let Some(meaning) = search(kind, name) {
        return match meaning {
            Meaning::Parent => Incoming::Nested(nested_attributes(kind)),
            Meaning::Row(row, _) if row.code == object_id_row(kind) => Incoming::ObjectId,
            Meaning::Row(row, _) if row.value_type == AttributeType::Memberships => Incoming::Computed,
            Meaning::Row(row, intake) => Incoming::Attribute {
                attribute: Attribute::Standard(row.code),
                value_type: row.value_type,
                intake: if *intake == Intake::First { Intake::First } else { Intake::Whole },
            },
        };
    }
    let whole = |attribute, value_type| Incoming::Attribute { attribute, value_type, intake: Intake::Whole };
    if let Some(attribute) = extension_attribute(kind, name) {
        return whole(attribute, AttributeType::String);
    }
    match schema.find(kind, name) {
        Some(declared) => whole(declared.attribute(), declared.value_type),
        None => Incoming::Unknown,
    }
}

/// The attribute that holds an object's own id.
#[must_use]
pub fn object_id(kind: ObjectKind) -> Attribute {
    Attribute::Standard(object_id_row(kind))
}

/// The attribute of users that holds their manager's id.
#[must_use]
pub fn manager() -> Attribute {
    Attribute::Standard(MANAGER_CODE)
}

const MANAGER_CODE: u16 = 51;

fn object_id_row(kind: ObjectKind) -> u16 {
    match kind {
        ObjectKind::User => table::FIRST_USER_CODE,
        ObjectKind::Device => table::FIRST_DEVICE_CODE,
    }
}

impl Attribute {
    /// The canonical name of a standard attribute; the lower-case name of any other.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Attribute::Standard(code) => by_code(*code).map_or("", |row| row.name),
            Attribute::Named(name) => name,
        }
    }
}

/// The row that rules over this kind of object call `name`.
#[must_use]
pub fn find_standard(kind: ObjectKind, name: &str) -> Option<&'static StandardAttribute> {
    match search(kind, name)? {
        Meaning::Row(row, _) if row.name.eq_ignore_ascii_case(name) => Some(row),
        _ => None,
    }
}

/// The row that incoming objects of this kind call `name`, in its other spelling.
#[must_use]
pub fn find_alias(kind: ObjectKind, name: &str) -> Option<&'static StandardAttribute> {
    match search(kind, name)? {
        Meaning::Row(row, _) if !row.name.eq_ignore_ascii_case(name) => Some(row),
        _ => None,
    }
}

/// The row of users whose elements are written with this word before the dot (`assignedPlan`), in any case.
/// Devices have no collection that users have not.
pub(crate) fn by_element(prefix: &str) -> Option<&'static StandardAttribute> {
    let is_it = |row: &&StandardAttribute| row.element.is_some_and(|own| own.eq_ignore_ascii_case(prefix));
    table::USERS.iter().find(is_it)
}

/// The row of users whose elements have a member of this name, in any case.
pub(crate) fn by_member(name: &str) -> Option<&'static StandardAttribute> {
    let is_it = |row: &&StandardAttribute| row.members.iter().any(|own| own.eq_ignore_ascii_case(name));
    table::USERS.iter().find(is_it)
}

/// What a name among the table's means.
enum Meaning {
    Row(&'static StandardAttribute, Intake),
    /// The parent of the nested names.
    Parent,
}

type Names = Vec<(Cow<'static, str>, Meaning)>;

/// Every name of the table and what it means, sorted without regard to ASCII case.
static NAMES: LazyLock<(Names, Names)> = LazyLock::new(|| (names(table::USERS), names(table::DEVICES)));

fn names(rows: &'static [StandardAttribute]) -> Names {
    let mut names: Names = Vec::new();
    for row in rows {
        names.push((Cow::Borrowed(row.name), Meaning::Row(row, Intake::Whole)));
        let Some(alias) = row.alias else { continue };
        names.push((Cow::Borrowed(alias.name), Meaning::Row(row, alias.intake)));
        if let Some((parent, _)) = alias.name.split_once('.')
            && !names.iter().any(|(name, _)| name == parent)
        {
            names.push((Cow::Borrowed(parent), Meaning::Parent));
        }
    }
    names.sort_by(|(a, _), (b, _)| compare_ignoring_case(a, b));
    names
}

fn search(kind: ObjectKind, name: &str) -> Option<&'static Meaning> {
    let names = match kind {
        ObjectKind::User => &NAMES.0,
        ObjectKind::Device => &NAMES.1,
    };
    let at = names.binary_search_by(|(known, _)| compare_ignoring_case(known, name)).ok()?;
    names.get(at).map(|(_, meaning)| meaning)
}

fn nested_attributes(kind: ObjectKind) -> Vec<Attribute> {
    let nested = |row: &&StandardAttribute| row.alias.is_some_and(|alias| alias.intake == Intake::Nested);
    standard(kind).iter().filter(nested).map(|row| Attribute::Standard(row.code)).collect()
}

fn compare_ignoring_case(a: &str, b: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    a.bytes().map(lower).cmp(b.bytes().map(lower))
}

/// `extension_<32 hex>_<name>` of a user: a directory extension, a string of whatever name.
pub(crate) fn extension_attribute(kind: ObjectKind, name: &str) -> Option<Attribute> {
    if kind != ObjectKind::User {
        return None;
    }
    let (prefix, rest) = name.split_at_checked("extension_".len())?;
    let (application, rest) = rest.split_at_checked(32)?;
    let own = rest.strip_prefix('_')?;
    let is_extension = prefix.eq_ignore_ascii_case("extension_")
        && application.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !own.is_empty()
        && own.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_extension.then(|| Attribute::Named(Arc::from(name.to_ascii_lowercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_positions_and_names_are_unique() {
        for kind in [ObjectKind::User, ObjectKind::Device] {
            for row in standard(kind) {
                assert!(std::ptr::eq(by_code(row.code).unwrap(), row), "{}", row.name);
                assert_eq!(row.object, kind);
            }
            let names = if kind == ObjectKind::User { &NAMES.0 } else { &NAMES.1 };
            for pair in names.windows(2) {
                assert!(!pair[0].0.eq_ignore_ascii_case(&pair[1].0), "{} twice", pair[0].0);
            }
        }
        assert!(by_code(0).is_none() && by_code(1000).is_none() && by_code(u16::MAX).is_none());
        assert_eq!(manager().name(), "manager");
        assert_eq!(object_id(ObjectKind::User).name(), "objectId");
        assert_eq!(object_id(ObjectKind::Device).name(), "objectId");
    }

    #[test]
    fn incoming_names_find_their_attributes() {
        let schema = Schema::default();
        let check = |kind, name: &str, canonical: &str, intake| match incoming(kind, name, &schema) {
            Incoming::Attribute { attribute, intake: found, .. } => {
                assert_eq!((attribute.name(), found), (canonical, intake), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        };
        check(ObjectKind::User, "MobilePhone", "mobile", Intake::Whole);
        check(ObjectKind::User, "businessphones", "telephoneNumber", Intake::First);
        check(ObjectKind::User, "telephoneNumber", "telephoneNumber", Intake::Whole);
        let nested = "onPremisesExtensionAttributes.ExtensionAttribute15";
        check(ObjectKind::User, nested, "extensionAttribute15", Intake::Whole);
        check(ObjectKind::Device, "operatingSystem", "deviceOSType", Intake::Whole);
        check(
            ObjectKind::Device,
            "extensionAttributes.extensionAttribute2",
            "extensionAttribute2",
            Intake::Whole,
        );
        let extension = format!("Extension_{}_Tier", "0A".repeat(16));
        check(ObjectKind::User, &extension, &extension.to_lowercase(), Intake::Whole);
        assert_eq!(incoming(ObjectKind::Device, &extension, &schema), Incoming::Unknown);
        assert_eq!(incoming(ObjectKind::User, "ID", &schema), Incoming::ObjectId);
        assert_eq!(incoming(ObjectKind::Device, "objectid", &schema), Incoming::ObjectId);
        assert_eq!(incoming(ObjectKind::User, "memberof", &schema), Incoming::Computed);
        assert_eq!(incoming(ObjectKind::User, "physicalIds", &schema), Incoming::Unknown);
        match incoming(ObjectKind::Device, "EXTENSIONATTRIBUTES", &schema) {
            Incoming::Nested(attributes) => assert_eq!(attributes.len(), 15),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rules_know_canonical_names_only() {
        let schema = Schema::default();
        assert_eq!(find(ObjectKind::User, "MAILNICKNAME", &schema).unwrap().name, "mailNickname");
        assert!(find(ObjectKind::User, "mobilePhone", &schema).is_none());
        assert!(find(ObjectKind::User, "onPremisesExtensionAttributes", &schema).is_none());
        assert_eq!(find(ObjectKind::User, "manager", &schema).unwrap().dialect, Dialect::Extended);
        assert_eq!(find_alias(ObjectKind::User, "mobilePhone").unwrap().name, "mobile");
        assert!(find_alias(ObjectKind::User, "mobile").is_none());
    }
}

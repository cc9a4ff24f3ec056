//! What a property name means, looked up in the property table's rows and the tenant's schema.

use crate::beyond;
use muster_rule::property::standard;
use muster_rule::{Attribute, AttributeType, ObjectKind, Schema};

/// A property that a rule may name.
pub(crate) struct Property {
    pub(crate) attribute: Attribute,
    /// As causes print it: the canonical spelling, or the rule's own where there is none.
    pub(crate) name: String,
    pub(crate) value_type: AttributeType,
    /// The members of an object collection's elements.
    pub(crate) members: &'static [&'static str],
}

/// The property that rules over `kind` call `name`, in any case.
pub(crate) fn property(kind: ObjectKind, name: &str, schema: &Schema) -> Property {
    if let Some(row) = standard(kind).iter().find(|row| row.name.eq_ignore_ascii_case(name)) {
        return Property {
            attribute: Attribute::Standard(row.code),
            name: row.name.to_owned(),
            value_type: row.value_type,
            members: row.members,
        };
    }
    let named = Attribute::Named(name.to_ascii_lowercase().into());
    let declared = schema
        .attributes()
        .find(|declared| declared.object == kind && declared.name.eq_ignore_ascii_case(name));
    match declared {
        Some(declared) => Property {
            attribute: named,
            name: declared.name.as_ref().to_owned(),
            value_type: declared.value_type,
            members: &[],
        },
        None if name.to_ascii_lowercase().starts_with("extension_") => Property {
            attribute: named,
            name: name.to_owned(),
            value_type: AttributeType::String,
            members: &[],
        },
        None => beyond(&format!("the property `{kind}.{name}`")),
    }
}

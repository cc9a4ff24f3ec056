//! The deployment's own attributes, declared by schema lines beside the language's table.
//!
//! A schema never hides the table: a name that rules or incoming objects know already is refused.

use crate::property::{self, Incoming};
use crate::{Attribute, AttributeType, ObjectKind};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// One attribute that the deployment declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredAttribute {
    /// Whether users or devices have it.
    pub object: ObjectKind,
    /// The canonical spelling.
    pub name: Arc<str>,
    /// Boolean, String, Integer, DateTime or StringCollection.
    pub value_type: AttributeType,
}

impl DeclaredAttribute {
    /// Its identity.
    #[must_use]
    pub fn attribute(&self) -> Attribute {
        Attribute::Named(Arc::from(self.name.to_ascii_lowercase()))
    }
}

/// The attributes one tenant declares, on top of the property table. The empty schema is the
/// default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// By object kind and ASCII lower-case name.
    declared: BTreeMap<(ObjectKind, Arc<str>), DeclaredAttribute>,
}

/// Why an attribute cannot be declared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Not a name.
    #[error(
        "`{0}` cannot be the name of an attribute: use ASCII letters, digits and `_`, beginning with a letter"
    )]
    Name(Arc<str>),
    /// Two declarations of one name.
    #[error("`{object}.{name}` is declared twice, case making no difference: remove one")]
    Duplicate {
        /// Of which kind of object.
        object: ObjectKind,
        /// The second spelling.
        name: Arc<str>,
    },
    /// A name that the language has already.
    #[error("`{object}.{name}` is built in: choose another name")]
    BuiltIn {
        /// Of which kind of object.
        object: ObjectKind,
        /// As declared.
        name: Arc<str>,
    },
    /// A type that only built-in attributes have.
    #[error(
        "`{object}.{name}` cannot be of that type: use `bool`, `string`, `integer`, `dateTime` or `stringCollection`"
    )]
    Type {
        /// Of which kind of object.
        object: ObjectKind,
        /// As declared.
        name: Arc<str>,
    },
}

impl Schema {
    /// The schema that declares exactly these.
    ///
    /// # Errors
    /// The first declaration that is not allowed: a malformed, repeated or built-in name, or a type
    /// that cannot be declared.
    pub fn new(attributes: impl IntoIterator<Item = DeclaredAttribute>) -> Result<Schema, SchemaError> {
        let mut schema = Schema::default();
        for declared in attributes {
            let (object, name) = (declared.object, Arc::clone(&declared.name));
            if !is_name(&name) {
                return Err(SchemaError::Name(name));
            }
            if property::incoming(object, &name, &Schema::default()) != Incoming::Unknown {
                return Err(SchemaError::BuiltIn { object, name });
            }
            if !is_declarable(declared.value_type) {
                return Err(SchemaError::Type { object, name });
            }
            match schema.declared.entry((object, Arc::from(name.to_ascii_lowercase()))) {
                Entry::Occupied(_) => return Err(SchemaError::Duplicate { object, name }),
                Entry::Vacant(place) => drop(place.insert(declared)),
            }
        }
        Ok(schema)
    }

    /// What is declared: users' attributes, then devices', each by lower-case name.
    pub fn attributes(&self) -> impl Iterator<Item = &DeclaredAttribute> {
        self.declared.values()
    }

    /// The attribute of this kind of object that is declared under `name`, in any case.
    #[must_use]
    pub fn find(&self, kind: ObjectKind, name: &str) -> Option<&DeclaredAttribute> {
        if self.declared.is_empty() {
            return None;
        }
        self.declared.get(&(kind, Arc::from(name.to_ascii_lowercase())))
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_declarable(value_type: AttributeType) -> bool {
    match value_type {
        AttributeType::Boolean
        | AttributeType::String
        | AttributeType::Integer
        | AttributeType::DateTime
        | AttributeType::StringCollection => true,
        AttributeType::ObjectCollection | AttributeType::Memberships | AttributeType::Reference => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declare(name: &str, value_type: AttributeType) -> DeclaredAttribute {
        DeclaredAttribute { object: ObjectKind::User, name: name.into(), value_type }
    }

    #[test]
    fn declared_attributes_are_found_in_any_case() {
        let schema = Schema::new([declare("Level", AttributeType::Integer)]).unwrap();
        assert_eq!(schema.find(ObjectKind::User, "lEVEL").unwrap().name.as_ref(), "Level");
        assert_eq!(schema.find(ObjectKind::Device, "level"), None);
        let found = property::find(ObjectKind::User, "LEVEL", &schema).unwrap();
        assert_eq!((found.attribute.name(), found.name.as_ref()), ("level", "Level"));
        assert!(matches!(
            property::incoming(ObjectKind::User, "level", &schema),
            Incoming::Attribute { value_type: AttributeType::Integer, .. }
        ));
        assert_eq!(schema.attributes().count(), 1);
    }

    #[test]
    fn what_would_be_ambiguous_is_refused() {
        let one = |name| Schema::new([declare(name, AttributeType::String)]);
        for bad in ["", "1st", "_x", "a-b", "é", "a.b", "a b"] {
            assert_eq!(one(bad), Err(SchemaError::Name(bad.into())));
        }
        let extension = format!("extension_{}_x", "0".repeat(32));
        let parent = "onPremisesExtensionAttributes";
        for built_in in ["Department", "mobilePhone", "ID", "memberOf", "businessphones", parent, &extension]
        {
            assert!(matches!(one(built_in), Err(SchemaError::BuiltIn { .. })), "{built_in}");
        }
        assert!(matches!(
            Schema::new([declare("x", AttributeType::Reference)]),
            Err(SchemaError::Type { .. })
        ));
        let twice = [declare("x", AttributeType::String), declare("X", AttributeType::Boolean)];
        assert!(matches!(Schema::new(twice), Err(SchemaError::Duplicate { .. })));
    }
}

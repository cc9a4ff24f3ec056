//! The deployment's own attributes, declared by schema lines beside the language's table.

use crate::{Attribute, AttributeType, ObjectKind};
use std::collections::BTreeMap;
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

/// The attributes one tenant declares, on top of the property table. The empty schema is the
/// default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// By object kind and ASCII lower-case name.
    declared: BTreeMap<(ObjectKind, Arc<str>), DeclaredAttribute>,
}

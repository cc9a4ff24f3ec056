//! The table of properties: canonical names, names in incoming objects, types.

use crate::{Attribute, AttributeType, ObjectKind, Schema};

/// One row of the table.
#[derive(Debug)]
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
        /// How to take it.
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

/// What the member `name` (any case; `parent.member` for nested ones) of an incoming object of this kind is.
#[must_use]
pub fn incoming(_kind: ObjectKind, _name: &str, _schema: &Schema) -> Incoming {
    Incoming::Unknown
}

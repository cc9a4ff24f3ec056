//! What an object can be asked about: kinds of objects, attributes and their types.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Users and devices: the two kinds of object that groups hold and rules select.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// A person's account; rules over it say `user.…`.
    User,
    /// A registered device; rules over it say `device.…`.
    Device,
}

impl ObjectKind {
    /// The prefix in a rule and the `kind` in an event: `user` or `device`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ObjectKind::User => "user",
            ObjectKind::Device => "device",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The type of an attribute's value. Every attribute may also be absent (null).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttributeType {
    /// `true` or `false`.
    #[serde(rename = "bool", alias = "boolean")]
    Boolean,
    /// Unicode text, compared without case (L22).
    String,
    /// Signed 64 bit.
    Integer,
    /// An instant in milliseconds (L11).
    DateTime,
    /// A list of texts.
    StringCollection,
    /// A list of elements with named text members (`assignedPlans`, `assignedLicenses`).
    #[serde(skip)]
    ObjectCollection,
    /// The groups an object is a member of. Computed, never in an event.
    #[serde(skip)]
    Memberships,
    /// The id of another object, given as a text or as an object with `id` (`manager`).
    #[serde(skip)]
    Reference,
}

/// The identity of one attribute. Equal attributes are the same attribute whatever the spelling
/// it was found by; the order is that of the stored form and means nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// An attribute of the language's own table, by its stable code (see `property`). Codes are
    /// stored on disk and are never reused; users and devices have codes of their own.
    Standard(u16),
    /// An attribute that the deployment's schema declares, or an `extension_<32 hex>_<name>`:
    /// its name in ASCII lower case.
    Named(Arc<str>),
}

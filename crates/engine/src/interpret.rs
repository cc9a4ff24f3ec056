//! How attribute values are read from and written as JSON text, for attributes that a schema begins or
//! ceases to declare. The engine knows no JSON; `wire` does.

use muster_directory::ObjectKind;
use muster_rule::{AttributeType, Value};

/// Reads and writes single attribute values.
pub trait Interpret: Send + Sync {
    /// The value of this type that `json` stands for; `None` where it stands for none (null, an empty
    /// text or list) or for a value of another type.
    fn read(&self, kind: ObjectKind, value_type: AttributeType, json: &str) -> Option<Value>;

    /// `value` as JSON text.
    fn write(&self, value: &Value) -> Box<str>;
}

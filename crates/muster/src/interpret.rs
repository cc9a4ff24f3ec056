//! Lends the engine, which knows no JSON, the way attribute values are read from events.

use muster_directory::ObjectKind;
use muster_engine::Interpret;
use muster_rule::{AttributeType, Value};

/// Values as event lines write them.
pub(crate) struct JsonValues;

impl Interpret for JsonValues {
    fn read(&self, kind: ObjectKind, value_type: AttributeType, json: &str) -> Option<Value> {
        muster_wire::read_value(kind, value_type, json)
    }

    fn write(&self, value: &Value) -> Box<str> {
        muster_wire::write_value(value).into()
    }
}

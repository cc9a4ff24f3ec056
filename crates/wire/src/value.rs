//! Single attribute values as JSON text, for attributes that a schema begins or ceases to declare.

use crate::attributes;
use muster_directory::ObjectKind;
use muster_rule::{AttributeType, Value};
use serde_json::json;

/// The value of this type that `json` stands for, read as in an event; `None` where it stands for none
/// (null, an empty text or list), for a value of another type, or is not JSON.
#[must_use]
pub fn read_value(kind: ObjectKind, value_type: AttributeType, json: &str) -> Option<Value> {
    attributes::read_one(kind, value_type, json).ok().flatten()
}

/// `value` as JSON text; date-times as canonical instants.
#[must_use]
pub fn write_value(value: &Value) -> String {
    let json = match value {
        Value::Boolean(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::Instant(value) => json!(value.to_string()),
        Value::Text(text) => json!(text.as_str()),
        Value::Texts(texts) => texts.iter().map(muster_rule::Text::as_str).collect(),
        Value::Elements(elements) => elements
            .iter()
            .map(|element| {
                let members = element.members.iter();
                members.map(|member| member.as_ref().map(muster_rule::Text::as_str)).collect::<Vec<_>>()
            })
            .collect(),
    };
    json.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (value_type, json) in [
            (AttributeType::Boolean, "true"),
            (AttributeType::Integer, "-7"),
            (AttributeType::String, "\"a\\\"b\""),
            (AttributeType::DateTime, "\"2026-11-22T10:00:00.000Z\""),
            (AttributeType::StringCollection, "[\"a\",\"B\"]"),
        ] {
            let value = read_value(ObjectKind::User, value_type, json).unwrap();
            assert_eq!(write_value(&value), json);
        }
        for (value_type, json) in [
            (AttributeType::Boolean, "\"true\""),
            (AttributeType::Integer, "1.5"),
            (AttributeType::String, "\"\""),
            (AttributeType::DateTime, "\"soon\""),
            (AttributeType::StringCollection, "[]"),
            (AttributeType::String, "nul"),
        ] {
            assert_eq!(read_value(ObjectKind::User, value_type, json), None, "{json}");
        }
    }
}

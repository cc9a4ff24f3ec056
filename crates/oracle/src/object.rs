//! Users and devices as the oracle keeps them: what was last said of each attribute.

use crate::attribute::Property;
use crate::moment;
use muster_directory::{AttributePatch, ObjectId};
use muster_rule::property::standard;
use muster_rule::{Attribute, AttributeType, Instant, ObjectKind, Text, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A user or a device that exists.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) id: ObjectId,
    pub(crate) kind: ObjectKind,
    standard: BTreeMap<u16, Value>,
    /// By lower-case name: extension attributes, declared ones, and ones that may yet be declared.
    named: BTreeMap<String, Said>,
}

/// What an event said of an attribute that is not in the language's table.
#[derive(Clone, Debug)]
enum Said {
    /// While the schema knew it.
    Known(Value),
    /// While it did not; JSON text.
    Unknown(String),
}

impl Object {
    pub(crate) fn new(id: ObjectId, kind: ObjectKind) -> Object {
        Object { id, kind, standard: BTreeMap::new(), named: BTreeMap::new() }
    }

    /// Sets and clears what `patch` names.
    pub(crate) fn patch(&mut self, patch: &AttributePatch) {
        for (attribute, value) in &patch.known {
            match (attribute, value.clone()) {
                (Attribute::Standard(code), Some(value)) => drop(self.standard.insert(*code, value)),
                (Attribute::Standard(code), None) => drop(self.standard.remove(code)),
                (Attribute::Named(name), Some(value)) => {
                    drop(self.named.insert(name.to_string(), Said::Known(value)))
                }
                (Attribute::Named(name), None) => drop(self.named.remove(name.as_ref())),
            }
        }
        for (name, json) in &patch.unknown {
            match json {
                Some(json) => drop(self.named.insert(name.to_string(), Said::Unknown(json.to_string()))),
                None => drop(self.named.remove(name.as_ref())),
            }
        }
    }

    /// The property's value, or `None` where it is null.
    pub(crate) fn value(&self, property: &Property) -> Option<Value> {
        match &property.attribute {
            // A paused group can hold users while its rule, edited since, reads devices' ids.
            Attribute::Standard(code) if property.name == "objectId" => {
                let own = standard(self.kind).iter().any(|row| row.code == *code);
                own.then(|| Value::Text(Text::new(self.id.as_str())))
            }
            Attribute::Standard(code) => self.standard.get(code).cloned(),
            Attribute::Named(name) => match self.named.get(name.as_ref())? {
                Said::Known(value) if is_of(value, property.value_type) => Some(value.clone()),
                Said::Known(value) => read(&written(value), property.value_type),
                Said::Unknown(json) => read(&serde_json::from_str(json).ok()?, property.value_type),
            },
        }
    }
}

fn is_of(value: &Value, value_type: AttributeType) -> bool {
    matches!(
        (value, value_type),
        (Value::Boolean(_), AttributeType::Boolean)
            | (Value::Text(_), AttributeType::String)
            | (Value::Integer(_), AttributeType::Integer)
            | (Value::Instant(_), AttributeType::DateTime)
            | (Value::Texts(_), AttributeType::StringCollection)
    )
}

/// The JSON of a value whose attribute was since declared anew, as another type.
fn written(value: &Value) -> Json {
    match value {
        Value::Boolean(truth) => Json::Bool(*truth),
        Value::Text(text) => Json::String(text.as_str().to_owned()),
        Value::Integer(number) => Json::from(*number),
        Value::Texts(texts) => texts.iter().map(|text| text.as_str().to_owned()).collect(),
        Value::Instant(instant) => Json::String(instant.to_string()),
        Value::Elements(_) => Json::Null,
    }
}

/// The value of this type that the JSON stands for; null where it stands for none.
fn read(json: &Json, value_type: AttributeType) -> Option<Value> {
    let text = |json: &Json| json.as_str().filter(|text| !text.is_empty()).map(Text::new);
    match value_type {
        AttributeType::Boolean => json.as_bool().map(Value::Boolean),
        AttributeType::String => text(json).map(Value::Text),
        AttributeType::Integer => json.as_i64().map(Value::Integer),
        AttributeType::DateTime => {
            json.as_str().and_then(moment::parse).map(|millis| Value::Instant(Instant::from_millis(millis)))
        }
        AttributeType::StringCollection => {
            let elements = json.as_array()?;
            if !elements.iter().all(|element| element.is_string() || element.is_null()) {
                return None;
            }
            let texts: Vec<Text> = elements.iter().filter_map(text).collect();
            (!texts.is_empty()).then_some(Value::Texts(texts))
        }
        AttributeType::ObjectCollection | AttributeType::Memberships | AttributeType::Reference => None,
    }
}

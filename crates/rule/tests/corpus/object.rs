//! The objects of the corpus: a user or a device as an event would carry it, taken apart by the property table.

use muster_rule::property::{self, Incoming, Intake};
use muster_rule::{
    Attribute, AttributeType, Element, Instant, Memberships, ObjectKind, Row, Schema, Text, Value, fold,
};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// An object's attributes and the groups it is in.
pub(crate) struct Object {
    kind: ObjectKind,
    values: BTreeMap<Attribute, Value>,
    groups: BTreeSet<String>,
}

impl Object {
    pub(crate) fn new(kind: ObjectKind, given: &Json, schema: &Schema) -> Object {
        let mut object = Object { kind, values: BTreeMap::new(), groups: BTreeSet::new() };
        object.put(property::object_id(kind), Some(Value::Text(Text::new("some-id"))));
        for (name, value) in given.as_object().expect("an object") {
            object.take(name, value, schema);
        }
        object
    }

    fn take(&mut self, name: &str, value: &Json, schema: &Schema) {
        match property::incoming(self.kind, name, schema) {
            Incoming::Attribute { attribute, value_type, intake } => {
                let value = if intake == Intake::First && value.is_array() { &value[0] } else { value };
                let value = decode(&attribute, value_type, value);
                self.put(attribute, value);
            }
            Incoming::Nested(_) => {
                for (member, value) in value.as_object().expect("an object of attributes") {
                    self.take(&format!("{name}.{member}"), value, schema);
                }
            }
            Incoming::ObjectId => self.put(property::object_id(self.kind), text(value)),
            Incoming::Computed => self.groups.extend(texts(value).map(|id| fold::fold(id).into_owned())),
            Incoming::Unknown => panic!("{name} is no attribute"),
        }
    }

    fn put(&mut self, attribute: Attribute, value: Option<Value>) {
        if let Some(value) = value {
            self.values.insert(attribute, value);
        }
    }
}

impl Row for Object {
    fn value(&self, attribute: &Attribute) -> Option<&Value> {
        self.values.get(attribute)
    }
}

impl Memberships for Object {
    fn contains(&self, folded_group_id: &str) -> bool {
        self.groups.contains(folded_group_id)
    }
}

fn decode(attribute: &Attribute, value_type: AttributeType, value: &Json) -> Option<Value> {
    match value_type {
        AttributeType::Boolean => Some(Value::Boolean(value.as_bool().expect("a boolean"))),
        AttributeType::String => text(value),
        AttributeType::Integer => Some(Value::Integer(value.as_i64().expect("an integer"))),
        AttributeType::DateTime => {
            let instant = value.as_str().expect("an instant");
            (!instant.is_empty()).then(|| Value::Instant(Instant::parse(instant).expect(instant)))
        }
        AttributeType::StringCollection => {
            let texts: Vec<Text> = texts(value).map(Text::new).collect();
            (!texts.is_empty()).then_some(Value::Texts(texts))
        }
        AttributeType::ObjectCollection => {
            let Attribute::Standard(code) = attribute else { panic!("no table for {attribute:?}") };
            let names = property::by_code(*code).expect("in the table").members;
            let element = |given: &Json| {
                let member = |name: &&str| given.get(name).and_then(Json::as_str).map(Text::new);
                Element { members: names.iter().map(member).collect() }
            };
            let elements: Vec<Element> = value.as_array().expect("a list").iter().map(element).collect();
            (!elements.is_empty()).then_some(Value::Elements(elements))
        }
        AttributeType::Reference => text(value.get("id").unwrap_or(value)),
        AttributeType::Memberships => panic!("memberships are computed"),
    }
}

fn text(value: &Json) -> Option<Value> {
    let text = value.as_str().expect("a string");
    (!text.is_empty()).then(|| Value::Text(Text::new(text)))
}

fn texts(value: &Json) -> impl Iterator<Item = &str> {
    value.as_array().expect("a list").iter().filter_map(Json::as_str).filter(|text| !text.is_empty())
}

/// A TOML value as JSON.
pub(crate) fn json(value: &toml_edit::Value) -> Json {
    match value {
        toml_edit::Value::String(text) => text.value().as_str().into(),
        toml_edit::Value::Integer(number) => (*number.value()).into(),
        toml_edit::Value::Boolean(value) => (*value.value()).into(),
        toml_edit::Value::Array(array) => array.iter().map(json).collect(),
        toml_edit::Value::InlineTable(table) => {
            table.iter().map(|(key, value)| (key.to_owned(), json(value))).collect()
        }
        other => panic!("{other} has no place here"),
    }
}

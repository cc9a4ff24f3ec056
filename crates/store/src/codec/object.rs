//! An object's attributes. Those of the language's table lie under their stable codes, declared and
//! extension ones under their names, values with their types; the schema is not needed to read them.

use super::{Damage, read, write};
use muster_directory::{AttributePatch, Attributes, Instant, Object, ObjectKind, UnknownAttribute};
use muster_engine::storage::StorageError;
use muster_rule::{Attribute, Element, Text, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
struct ObjectV1<'a> {
    kind: KindV1,
    #[serde(borrow)]
    standard: Vec<(u16, ValueV1<'a>)>,
    #[serde(borrow)]
    named: Vec<(&'a str, ValueV1<'a>)>,
    /// Name and JSON text.
    #[serde(borrow)]
    unknown: Vec<(&'a str, &'a str)>,
}

/// Users and devices; other records have it too.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum KindV1 {
    User,
    Device,
}

#[derive(Serialize, Deserialize)]
enum ValueV1<'a> {
    Boolean(bool),
    Text(&'a str),
    Integer(i64),
    /// Milliseconds since the Unix epoch.
    Instant(i64),
    #[serde(borrow)]
    Texts(Vec<&'a str>),
    #[serde(borrow)]
    Elements(Vec<Vec<Option<&'a str>>>),
}

pub(crate) fn encode(object: &Object) -> Result<Vec<u8>, StorageError> {
    let (mut standard, mut named) = (Vec::with_capacity(object.attributes.known().len()), Vec::new());
    for (attribute, value) in object.attributes.known() {
        match attribute {
            Attribute::Standard(code) => standard.push((*code, ValueV1::from(value))),
            Attribute::Named(name) => named.push((&**name, ValueV1::from(value))),
        }
    }
    let unknown = object.attributes.unknown();
    let unknown = unknown.iter().map(|UnknownAttribute { name, json }| (&**name, &**json)).collect();
    write(1, &ObjectV1 { kind: object.kind.into(), standard, named, unknown })
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Object, Damage> {
    match super::open(bytes)? {
        (1, payload) => Ok(read::<ObjectV1<'_>>(payload)?.into()),
        (version, _) => Err(Damage::version(version)),
    }
}

impl From<ObjectV1<'_>> for Object {
    fn from(record: ObjectV1<'_>) -> Object {
        let standard = record.standard.into_iter().map(|(code, value)| (Attribute::Standard(code), value));
        let named = record.named.into_iter().map(|(name, value)| (Attribute::Named(Arc::from(name)), value));
        let unknown = record.unknown.into_iter().map(|(name, json)| (name.into(), Some(json.into())));
        let patch = AttributePatch {
            known: standard.chain(named).map(|(attribute, value)| (attribute, Some(value.into()))).collect(),
            unknown: unknown.collect(),
        };
        Object { kind: record.kind.into(), attributes: Attributes::from_patch(patch) }
    }
}

impl<'a> From<&'a Value> for ValueV1<'a> {
    fn from(value: &'a Value) -> ValueV1<'a> {
        match value {
            Value::Boolean(value) => ValueV1::Boolean(*value),
            Value::Text(text) => ValueV1::Text(text.as_str()),
            Value::Integer(value) => ValueV1::Integer(*value),
            Value::Instant(instant) => ValueV1::Instant(instant.as_millis()),
            Value::Texts(texts) => ValueV1::Texts(texts.iter().map(Text::as_str).collect()),
            Value::Elements(elements) => ValueV1::Elements(elements.iter().map(members).collect()),
        }
    }
}

impl From<ValueV1<'_>> for Value {
    fn from(value: ValueV1<'_>) -> Value {
        match value {
            ValueV1::Boolean(value) => Value::Boolean(value),
            ValueV1::Text(text) => Value::Text(Text::new(text)),
            ValueV1::Integer(value) => Value::Integer(value),
            ValueV1::Instant(millis) => Value::Instant(Instant::from_millis(millis)),
            ValueV1::Texts(texts) => Value::Texts(texts.into_iter().map(Text::new).collect()),
            ValueV1::Elements(elements) => Value::Elements(elements.into_iter().map(element).collect()),
        }
    }
}

fn members(element: &Element) -> Vec<Option<&str>> {
    element.members.iter().map(|text| text.as_ref().map(Text::as_str)).collect()
}

fn element(members: Vec<Option<&str>>) -> Element {
    Element { members: members.into_iter().map(|text| text.map(Text::new)).collect() }
}

impl From<ObjectKind> for KindV1 {
    fn from(kind: ObjectKind) -> KindV1 {
        match kind {
            ObjectKind::User => KindV1::User,
            ObjectKind::Device => KindV1::Device,
        }
    }
}

impl From<KindV1> for ObjectKind {
    fn from(kind: KindV1) -> ObjectKind {
        match kind {
            KindV1::User => ObjectKind::User,
            KindV1::Device => ObjectKind::Device,
        }
    }
}

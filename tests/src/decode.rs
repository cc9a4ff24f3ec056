//! A second reader of event lines, as plain as the oracle: what `muster-wire` makes of a line is
//! compared with what this makes of it. It reads lines that are right, or wrong only in an
//! attribute's value, which depends on the schema.

use muster_directory::{
    AttributePatch, Event, GroupId, GroupOp, GroupPatch, GroupRequest, Instant, ListingChange, ListingOp,
    ObjectChange, ObjectId, ObjectKind, ObjectOp, ProcessingState, RejectionCode, SchemaRequest, Tenant,
};
use muster_rule::property::{Intake, StandardAttribute, standard};
use muster_rule::schema::DeclaredAttribute;
use muster_rule::{Attribute, AttributeType, Dialect, Element, Schema, Text, Value};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The event that a line stands for, under the schema of its tenant.
///
/// # Errors
/// `invalid-value`, `conflicting-values` and `computed-attribute`.
pub fn decode(line: &str, schema: impl Fn(&Tenant) -> Arc<Schema>) -> Result<Event, RejectionCode> {
    let line: Json = serde_json::from_str(line).unwrap();
    let text = |name: &str| line[name].as_str().unwrap();
    let tenant =
        line.get("tenant").map(|tenant| Tenant::new(tenant.as_str().unwrap()).unwrap()).unwrap_or_default();
    let time = line["time"].as_str().map(Arc::from);
    let kind = match text("kind") {
        "clock" => return Ok(Event::Clock(Instant::parse(text("time")).unwrap())),
        "member" => {
            return Ok(Event::Listing(ListingChange {
                tenant,
                group: GroupId::new(text("group")).unwrap(),
                member: ObjectId::new(text("id")).unwrap(),
                op: if text("op") == "add" { ListingOp::Add } else { ListingOp::Remove },
                time,
            }));
        }
        "group" => {
            let op = match text("op") {
                "upsert" => GroupOp::Upsert(group_patch(&line["data"])),
                "patch" => GroupOp::Patch(group_patch(&line["data"])),
                "confirm" => GroupOp::Confirm(line["data"]["version"].as_u64()),
                "reject" => GroupOp::Reject(line["data"]["version"].as_u64()),
                _ => GroupOp::Delete,
            };
            return Ok(Event::Group(GroupRequest { tenant, id: GroupId::new(text("id")).unwrap(), op }));
        }
        "schema" => {
            let declared = line["data"]["attributes"].as_array().into_iter().flatten().map(declared);
            return Ok(Event::Schema(SchemaRequest {
                tenant,
                schema: Arc::new(Schema::new(declared).unwrap()),
            }));
        }
        "user" => ObjectKind::User,
        _ => ObjectKind::Device,
    };
    let schema = schema(&tenant);
    let op = match text("op") {
        "upsert" => ObjectOp::Upsert(attributes(kind, &line["data"], &schema)?),
        "patch" => ObjectOp::Patch(attributes(kind, &line["data"], &schema)?),
        _ => ObjectOp::Delete,
    };
    Ok(Event::Object(ObjectChange { tenant, kind, id: ObjectId::new(text("id")).unwrap(), op, time }))
}

fn declared(attribute: &Json) -> DeclaredAttribute {
    DeclaredAttribute {
        object: if attribute["object"] == "user" { ObjectKind::User } else { ObjectKind::Device },
        name: attribute["name"].as_str().unwrap().into(),
        value_type: match attribute["type"].as_str().unwrap() {
            "bool" => AttributeType::Boolean,
            "string" => AttributeType::String,
            "integer" => AttributeType::Integer,
            "dateTime" => AttributeType::DateTime,
            _ => AttributeType::StringCollection,
        },
    }
}

fn group_patch(data: &Json) -> GroupPatch {
    let mut patch = GroupPatch::default();
    for (name, value) in data.as_object().unwrap() {
        let text = value.as_str();
        match name.as_str() {
            "displayName" => patch.display_name = Some(text.map(Arc::from)),
            "membershipRule" => patch.membership_rule = Some(text.map(Arc::from)),
            "membershipRuleProcessingState" => {
                let state = |text| if text == "On" { ProcessingState::On } else { ProcessingState::Paused };
                patch.processing_state = Some(text.map(state));
            }
            "dialect" => {
                let dialect = |text| if text == "entra" { Dialect::Entra } else { Dialect::Extended };
                patch.dialect = Some(text.map(dialect));
            }
            other => drop(patch.other.insert(other.into(), Some(value.to_string().into()))),
        }
    }
    patch
}

/// Attributes by identity, in its order; unknown ones by name.
#[derive(Default)]
struct Read {
    /// Whether two spellings of one attribute had different values.
    conflicting: bool,
    known: BTreeMap<Attribute, Option<Value>>,
    unknown: BTreeMap<String, Option<String>>,
}

fn attributes(kind: ObjectKind, data: &Json, schema: &Schema) -> Result<AttributePatch, RejectionCode> {
    let mut read = Read::default();
    for (name, value) in data.as_object().unwrap() {
        read.member(kind, name, value, schema)?;
    }
    // Of a line with several mistakes, wrong values are told first.
    if read.conflicting {
        return Err(RejectionCode::ConflictingValues);
    }
    Ok(AttributePatch {
        known: read.known.into_iter().collect(),
        unknown: read.unknown.into_iter().map(|(name, json)| (name.into(), json.map(Into::into))).collect(),
    })
}

impl Read {
    fn member(
        &mut self,
        kind: ObjectKind,
        name: &str,
        value: &Json,
        schema: &Schema,
    ) -> Result<(), RejectionCode> {
        for row in standard(kind) {
            let own = row.name.eq_ignore_ascii_case(name);
            let alias = row.alias.filter(|alias| alias.name.eq_ignore_ascii_case(name));
            if row.name == "objectId" && (own || alias.is_some()) {
                return Ok(());
            }
            if own && row.value_type == AttributeType::Memberships {
                return Err(RejectionCode::ComputedAttribute);
            }
            if own || alias.is_some_and(|alias| alias.intake == Intake::Whole) {
                self.set(Attribute::Standard(row.code), typed(row.value_type, row.members, value)?);
                return Ok(());
            }
            if alias.is_some_and(|alias| alias.intake == Intake::First) {
                let texts = typed(AttributeType::StringCollection, &[], value)?;
                let first = texts.map(|texts| match texts {
                    Value::Texts(mut texts) => Value::Text(texts.remove(0)),
                    other => other,
                });
                self.set(Attribute::Standard(row.code), first);
                return Ok(());
            }
        }
        let nested = nested(kind, name);
        if !nested.is_empty() {
            let empty = Map::new();
            let members = value.as_object().unwrap_or(&empty);
            for (row, member) in nested {
                let given = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(member));
                let given = if value.is_null() { Some(&Json::Null) } else { given.map(|(_, value)| value) };
                if let Some(given) = given {
                    self.set(Attribute::Standard(row.code), typed(row.value_type, &[], given)?);
                }
            }
            return Ok(());
        }
        let lower = name.to_ascii_lowercase();
        let declared = schema.attributes().find(|a| a.object == kind && a.name.eq_ignore_ascii_case(name));
        let value_type = match declared {
            Some(declared) => declared.value_type,
            None if kind == ObjectKind::User && lower.starts_with("extension_") => AttributeType::String,
            None => {
                let json = (!value.is_null()).then(|| value.to_string());
                let before = self.unknown.insert(lower, json.clone());
                self.conflicting |= before.is_some_and(|before| before != json);
                return Ok(());
            }
        };
        self.set(Attribute::Named(lower.into()), typed(value_type, &[], value)?);
        Ok(())
    }

    fn set(&mut self, attribute: Attribute, value: Option<Value>) {
        let before = self.known.insert(attribute, value.clone());
        self.conflicting |= before.is_some_and(|before| before != value);
    }
}

/// The attributes that are members of the object called `parent`, with their names there.
fn nested(kind: ObjectKind, parent: &str) -> Vec<(&'static StandardAttribute, &'static str)> {
    let inside = |row: &'static StandardAttribute| {
        let (outer, inner) = row.alias?.name.split_once('.')?;
        outer.eq_ignore_ascii_case(parent).then_some((row, inner))
    };
    standard(kind).iter().filter_map(inside).collect()
}

fn typed(value_type: AttributeType, members: &[&str], value: &Json) -> Result<Option<Value>, RejectionCode> {
    let wrong = Err(RejectionCode::InvalidValue);
    if value.is_null() || value == "" {
        let takes_text =
            matches!(value_type, AttributeType::String | AttributeType::DateTime | AttributeType::Reference);
        return if value.is_null() || takes_text { Ok(None) } else { wrong };
    }
    let typed = match (value_type, value) {
        (AttributeType::Boolean, Json::Bool(truth)) => Value::Boolean(*truth),
        (AttributeType::String | AttributeType::Reference, Json::String(text)) => {
            Value::Text(Text::new(text))
        }
        (AttributeType::Reference, Json::Object(object)) => {
            return typed(AttributeType::String, &[], &object["id"]);
        }
        (AttributeType::Integer, Json::Number(number)) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => return wrong,
        },
        (AttributeType::DateTime, Json::String(text)) => match Instant::parse(text) {
            Ok(instant) => Value::Instant(instant),
            Err(_) => return wrong,
        },
        (AttributeType::StringCollection, Json::Array(array)) => {
            if !array.iter().all(|element| element.is_string() || element.is_null()) {
                return wrong;
            }
            let texts: Vec<Text> = array.iter().filter_map(present).collect();
            return Ok((!texts.is_empty()).then_some(Value::Texts(texts)));
        }
        (AttributeType::ObjectCollection, Json::Array(array)) => {
            let element = |element: &Json| Element {
                members: members.iter().map(|name| present(&element[name])).collect(),
            };
            let elements: Vec<Element> =
                array.iter().filter(|element| !element.is_null()).map(element).collect();
            return Ok((!elements.is_empty()).then_some(Value::Elements(elements)));
        }
        _ => return wrong,
    };
    Ok(Some(typed))
}

fn present(value: &Json) -> Option<Text> {
    value.as_str().filter(|text| !text.is_empty()).map(Text::new)
}

//! An event as a line that [`decode`](super::decode) reads again, in canonical flat attribute names.

use crate::json::append_line;
use crate::write_value;
use muster_directory::{
    AttributePatch, Event, GroupOp, GroupPatch, ListingOp, ObjectChange, ObjectOp, ProcessingState, Tenant,
};
use muster_rule::{Attribute, Dialect, Schema, Value, property};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

/// Appends the event's line, with its end; nothing for a tombstone, which only a record can be.
pub fn write_event(out: &mut Vec<u8>, event: &Event) {
    let line = match event {
        Event::Object(change) => object(change),
        Event::Listing(change) => {
            let op = match change.op {
                ListingOp::Add => "add",
                ListingOp::Remove => "remove",
            };
            let (group, time) = (Some(change.group.as_str()), change.time.as_deref());
            Line { group, time, ..Line::of("member", &change.tenant, op, change.member.as_str()) }
        }
        Event::Group(request) => {
            let (op, data) = match &request.op {
                GroupOp::Upsert(patch) => ("upsert", Some(group(patch))),
                GroupOp::Patch(patch) => ("patch", Some(group(patch))),
                GroupOp::Delete => ("delete", None),
                GroupOp::Confirm(version) => ("confirm", version.map(held)),
                GroupOp::Reject(version) => ("reject", version.map(held)),
            };
            Line { data, ..Line::of("group", &request.tenant, op, request.id.as_str()) }
        }
        Event::Schema(request) => {
            let data = Some(schema(&request.schema));
            Line { data, ..Line::of("schema", &request.tenant, "upsert", request.tenant.as_str()) }
        }
        Event::Clock(instant) => {
            let line = serde_json::json!({"kind": "clock", "time": instant.to_string()});
            return append_line(out, &line);
        }
        Event::Tombstone(_) => return,
    };
    append_line(out, &line);
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
}

type Data = BTreeMap<String, Box<RawValue>>;

impl<'a> Line<'a> {
    fn of(kind: &'static str, tenant: &'a Tenant, op: &'static str, id: &'a str) -> Line<'a> {
        let tenant = (*tenant != Tenant::default()).then_some(tenant.as_str());
        Line { kind, tenant, op, group: None, id, time: None, data: None }
    }
}

fn object(change: &ObjectChange) -> Line<'_> {
    let (op, data) = match &change.op {
        ObjectOp::Upsert(patch) => ("upsert", Some(attributes(patch))),
        ObjectOp::Patch(patch) => ("patch", Some(attributes(patch))),
        ObjectOp::Delete => ("delete", None),
    };
    let time = change.time.as_deref();
    Line { time, data, ..Line::of(change.kind.as_str(), &change.tenant, op, change.id.as_str()) }
}

fn attributes(patch: &AttributePatch) -> Data {
    let known = patch.known.iter().map(|(attribute, value)| {
        let json = value.as_ref().map_or_else(null, |value| value_json(attribute, value));
        (attribute.name().to_owned(), json)
    });
    let unknown = patch
        .unknown
        .iter()
        .map(|(name, json)| (name.to_string(), json.as_ref().map_or_else(null, |json| text_json(json))));
    known.chain(unknown).collect()
}

/// As an incoming object has it: elements as objects, and not as arrays of their members.
fn value_json(attribute: &Attribute, value: &Value) -> Box<RawValue> {
    let (Value::Elements(elements), Attribute::Standard(code)) = (value, attribute) else {
        return text_json(&write_value(value));
    };
    let names = property::by_code(*code).map_or(&[][..], |row| row.members);
    let elements = elements.iter().map(|element| {
        let members = names.iter().zip(&element.members);
        members.filter_map(|(name, member)| Some((*name, member.as_ref()?.as_str()))).collect()
    });
    json(&elements.collect::<Vec<BTreeMap<&str, &str>>>())
}

/// Names an edit that is held.
fn held(version: u64) -> Data {
    [("version".to_owned(), json(&version))].into()
}

fn group(patch: &GroupPatch) -> Data {
    let GroupPatch { display_name, membership_rule, processing_state, dialect, other } = patch;
    let mut data: Data = other
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_ref().map_or_else(null, |value| text_json(value))))
        .collect();
    let mut put = |name: &str, value: Option<Box<RawValue>>| {
        data.extend(value.map(|value| (name.to_owned(), value)));
    };
    put("displayName", display_name.as_ref().map(json));
    put("membershipRule", membership_rule.as_ref().map(json));
    let state = |state: &Option<ProcessingState>| {
        json(&state.map(|state| match state {
            ProcessingState::On => "On",
            ProcessingState::Paused => "Paused",
        }))
    };
    put("membershipRuleProcessingState", processing_state.as_ref().map(state));
    let dialect = dialect.as_ref().map(|dialect: &Option<Dialect>| json(dialect));
    put("dialect", dialect);
    data
}

fn schema(schema: &Schema) -> Data {
    #[derive(Serialize)]
    struct Declared<'a> {
        object: &'static str,
        name: &'a str,
        r#type: muster_rule::AttributeType,
    }
    let attributes: Vec<Declared<'_>> = schema
        .attributes()
        .map(|attribute| Declared {
            object: attribute.object.as_str(),
            name: &attribute.name,
            r#type: attribute.value_type,
        })
        .collect();
    Data::from([("attributes".to_owned(), json(&attributes))])
}

fn json(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    // Texts, numbers and maps keyed by texts are always JSON.
    to_raw_value(value).unwrap_or_else(|_| null())
}

/// What is JSON already; what is none, against the promise of whoever kept it, as a text.
fn text_json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| json(text))
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;
    use muster_rule::Instant;
    use std::sync::Arc;

    /// Lines of every kind come back as the event they were written from.
    #[test]
    fn what_was_written_is_read_again() {
        let declared = r#"{"kind":"schema","op":"upsert","id":"default","data":{"attributes":[
            {"object":"user","name":"level","type":"integer"},{"object":"device","name":"rack","type":"string"}]}}"#;
        let Ok(Event::Schema(request)) = decode(declared.as_bytes(), &Arc::new(Schema::default())) else {
            panic!("a schema line");
        };
        let schema = request.schema;
        for line in [
            declared,
            r#"{"kind":"user","op":"upsert","id":"ü","tenant":"t","time":"2026-11-22T10:00:00Z","data":{"level":-3}}"#,
            r#"{"kind":"user","op":"upsert","id":"u","data":{"accountEnabled":true,"displayName":"A \"B\"",
                "employeeHireDate":"2026-11-22T10:00:00Z","otherMails":["a@b","C"],"manager":{"id":"m"},
                "assignedPlans":[{"servicePlanId":"p","capabilityStatus":"Enabled"},{}],
                "businessPhones":["1","2"],"onPremisesExtensionAttributes":{"extensionAttribute3":"x"},
                "extension_0123456789abcdef0123456789abcdef_sticky":"s","nickname":{"b":[1.50,null]},"city":null}}"#,
            r#"{"kind":"user","op":"patch","id":"u","data":{"city":null,"level":null,"other":null}}"#,
            r#"{"kind":"device","op":"upsert","id":"d","data":{"deviceOSType":"Windows","rack":"r","isRooted":false}}"#,
            r#"{"kind":"device","op":"delete","id":"d"}"#,
            r#"{"kind":"member","op":"add","group":"g","id":"u","tenant":"t"}"#,
            r#"{"kind":"member","op":"remove","group":"g","id":"u"}"#,
            r#"{"kind":"group","op":"upsert","id":"g","data":{"displayName":null,"membershipRule":"user.city -eq \"x\"",
                "membershipRuleProcessingState":"Paused","dialect":"extended","description":"all"}}"#,
            r#"{"kind":"group","op":"patch","id":"g","data":{"membershipRuleProcessingState":null}}"#,
            r#"{"kind":"group","op":"delete","id":"g"}"#,
        ] {
            let event = decode(line.as_bytes(), &schema).unwrap_or_else(|error| panic!("{error}: {line}"));
            let mut written = Vec::new();
            write_event(&mut written, &event);
            let text = String::from_utf8(written.clone()).unwrap();
            assert_eq!(decode(&written, &schema).map(sorted), Ok(sorted(event)), "{text}");
        }
        let mut clock = Vec::new();
        write_event(&mut clock, &Event::Clock(Instant::from_millis(0)));
        assert_eq!(clock, b"{\"kind\":\"clock\",\"time\":\"1970-01-01T00:00:00.000Z\"}\n");
    }

    /// The order of attributes in a line means nothing.
    fn sorted(mut event: Event) -> Event {
        if let Event::Object(change) = &mut event
            && let ObjectOp::Upsert(patch) | ObjectOp::Patch(patch) = &mut change.op
        {
            patch.known.sort_by(|(a, _), (b, _)| a.cmp(b));
            patch.unknown.sort();
        }
        event
    }
}

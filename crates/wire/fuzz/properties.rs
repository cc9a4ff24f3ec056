//! What holds of decoding whatever the bytes. The fuzz target and the test that replays its corpus share this.

use muster_directory::{AttributePatch, Event, Header, ObjectKind, ObjectOp, Rejection};
use muster_rule::{Attribute, AttributeType, Schema, Value, property};
use muster_wire::{
    Partitioner, Placement, Record, decode, decode_change, decode_object, read_value, write_value,
};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Any bytes as an event line, as a record's value, and as a flat object: they are understood or refused, never
/// more; the answer does not depend on a line end; whatever is understood has values of the types that the property
/// table gives, which are none of those that are stored as null (L23, L27, L40).
pub(crate) fn event(bytes: &[u8]) {
    let schema = Arc::new(Schema::default());
    let decoded = decode(bytes, &schema);
    if !bytes.ends_with(b"\n") && !bytes.ends_with(b"\r") {
        let with_line_end = [bytes, b"\r\n"].concat();
        assert_eq!(decode(&with_line_end, &schema).is_ok(), decoded.is_ok());
    }
    match &decoded {
        Ok(Event::Object(change)) => {
            if let ObjectOp::Upsert(patch) | ObjectOp::Patch(patch) = &change.op {
                check_patch(change.kind, patch);
            }
            as_record(bytes, change.id.as_str().as_bytes(), &schema);
        }
        Ok(_) => as_record(bytes, b"u1", &schema),
        Err(rejection) => check_rejection(rejection),
    }
    for kind in [ObjectKind::User, ObjectKind::Device] {
        match decode_object(kind, bytes, &schema) {
            Ok(object) => check_patch(kind, &object.attributes.into_patch()),
            Err(refused) => check_rejection(&refused.rejection),
        }
    }
}

/// As the value of a record, bare and with headers that make it a CloudEvent.
fn as_record(bytes: &[u8], key: &[u8], schema: &Arc<Schema>) {
    let placement =
        Placement { configured: Partitioner::Unchecked, partition: 0, partitions: NonZeroU32::MIN };
    let headers: [Header; 1] = [("ce_specversion".to_owned(), Some(b"1.0".to_vec()))];
    for headers in [&[][..], &headers] {
        let record = Record { key: Some(key), value: Some(bytes), headers };
        if let Err(rejection) = decode_change(&record, &placement, schema) {
            check_rejection(&rejection);
        }
    }
}

fn check_patch(kind: ObjectKind, patch: &AttributePatch) {
    for (attribute, value) in &patch.known {
        let expected = match attribute {
            Attribute::Standard(code) => {
                let row = property::by_code(*code).expect("a row of the table");
                assert_eq!(row.object, kind);
                row.value_type
            }
            Attribute::Named(name) => {
                assert!(kind == ObjectKind::User && name.starts_with("extension_"), "{name}");
                AttributeType::String
            }
        };
        let Some(value) = value else { continue };
        let (found, is_empty) = match value {
            Value::Boolean(_) => (AttributeType::Boolean, false),
            Value::Integer(_) => (AttributeType::Integer, false),
            Value::Instant(_) => (AttributeType::DateTime, false),
            Value::Text(text) => (AttributeType::String, text.as_str().is_empty()),
            Value::Texts(texts) => {
                let is_empty = texts.is_empty() || texts.iter().any(|text| text.as_str().is_empty());
                (AttributeType::StringCollection, is_empty)
            }
            Value::Elements(elements) => (AttributeType::ObjectCollection, elements.is_empty()),
        };
        let expected = if expected == AttributeType::Reference { AttributeType::String } else { expected };
        assert_eq!(found, expected, "{attribute:?}");
        assert!(!is_empty, "{attribute:?}: {value:?}");
        if found != AttributeType::ObjectCollection {
            assert_eq!(read_value(kind, found, &write_value(value)).as_ref(), Some(value), "{attribute:?}");
        }
    }
}

/// For people and for a line of a file.
fn check_rejection(rejection: &Rejection) {
    assert!(!rejection.message.is_empty() && !rejection.message.contains(char::is_control), "{rejection:?}");
    assert!(rejection.message.len() < 4_096, "{} bytes", rejection.message.len());
}

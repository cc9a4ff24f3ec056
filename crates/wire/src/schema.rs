//! The attributes that a tenant declares, as JSON says them.

use crate::json::{Json, Source, quoted};
use crate::line::{self, SchemaLookup};
use muster_directory::{Event, ObjectKind, Rejection, RejectionCode};
use muster_rule::{AttributeType, DeclaredAttribute, Schema};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// Reads the file of `--schema`: either the `data` object of a schema line, spread over lines or
/// not, or whole schema lines, of which the last one holds.
///
/// # Errors
/// What is wrong with it; for lines, with the number of the line.
pub fn read_schema(bytes: &[u8]) -> Result<Schema, Rejection> {
    let source = Source::new(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))?;
    if let Ok(members) = source.members()
        && !members.iter().any(|member| member.name == "kind")
    {
        return declared(source, members);
    }
    let mut schema = None;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let none: &dyn SchemaLookup = &Arc::new(Schema::default());
        let at = |rejection: Rejection| {
            Rejection::new(rejection.code, format!("line {}: {}", index + 1, rejection.message))
        };
        match line::decode(line, none).map_err(at)? {
            Event::Schema(request) => schema = Some(request.schema),
            _ => return Err(at(refuse("not a schema line: give lines of kind `schema` only".into()))),
        }
    }
    match schema {
        Some(schema) => Ok(Arc::unwrap_or_clone(schema)),
        None => Err(refuse("the file is empty: give an object with `attributes`".into())),
    }
}

/// Reads the data of a schema line.
pub(crate) fn read_data<'a>(source: Source<'a>, data: &'a RawValue) -> Result<Schema, Rejection> {
    declared(source, source.members_of(data)?)
}

fn declared<'a>(source: Source<'a>, members: Vec<crate::json::Member<'a>>) -> Result<Schema, Rejection> {
    let mut attributes = None;
    for member in members {
        if member.name != "attributes" {
            return Err(refuse(format!(
                "{} is no member of a schema: give `attributes`",
                quoted(&member.name)
            )));
        }
        if attributes.is_some() {
            return Err(refuse("`attributes` is given twice: give it once".into()));
        }
        let Json::Array(list) = source.value(member.value)? else {
            let at = source.byte_of(member.value.get());
            return Err(refuse(format!("`attributes` must be an array (byte {at})")));
        };
        attributes = Some(list);
    }
    let Some(attributes) = attributes else {
        return Err(refuse("`attributes` is missing: give an array of attributes".into()));
    };
    let attributes: Vec<DeclaredAttribute> = attributes
        .into_iter()
        .enumerate()
        .map(|(i, attribute)| one(i + 1, attribute))
        .collect::<Result<_, _>>()?;
    Schema::new(attributes).map_err(|error| refuse(error.to_string()))
}

fn one(number: usize, attribute: Json<'_>) -> Result<DeclaredAttribute, Rejection> {
    let wrong = |what: String| refuse(format!("attribute {number}: {what}"));
    let Json::Object(members) = attribute else {
        return Err(wrong(
            "must be an object such as `{\"object\":\"user\",\"name\":\"level\",\"type\":\"integer\"}`"
                .into(),
        ));
    };
    let (mut object, mut name, mut value_type) = (None, None, None);
    for (member, value) in members {
        let slot: &mut Option<Cow<'_, str>> = match member.as_ref() {
            "object" => &mut object,
            "name" => &mut name,
            "type" => &mut value_type,
            other => {
                return Err(wrong(format!("{} is unknown: give `object`, `name`, `type`", quoted(other))));
            }
        };
        let Json::String(text) = value else {
            return Err(wrong(format!("`{member}` is {}, but takes a string", value.describe())));
        };
        if slot.replace(text).is_some() {
            return Err(wrong(format!("`{member}` is given twice: give it once")));
        }
    }
    let (Some(object), Some(name), Some(value_type)) = (object, name, value_type) else {
        return Err(wrong("`object`, `name` and `type` must all be given".into()));
    };
    let object = match object.as_ref() {
        "user" => ObjectKind::User,
        "device" => ObjectKind::Device,
        other => return Err(wrong(format!("`object` is {}, but takes `user` or `device`", quoted(other)))),
    };
    let value_type = match value_type.as_ref() {
        "bool" | "boolean" => AttributeType::Boolean,
        "string" => AttributeType::String,
        "integer" => AttributeType::Integer,
        "dateTime" => AttributeType::DateTime,
        "stringCollection" => AttributeType::StringCollection,
        other => {
            let known = "`bool`, `string`, `integer`, `dateTime` or `stringCollection`";
            return Err(wrong(format!("`type` is {}, but takes {known}", quoted(other))));
        }
    };
    Ok(DeclaredAttribute { object, name: Arc::from(name.as_ref()), value_type })
}

fn refuse(message: String) -> Rejection {
    Rejection::new(RejectionCode::InvalidSchema, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"{
        "attributes": [{"object": "user", "name": "level", "type": "integer"}]
    }"#;

    #[test]
    fn a_file_is_the_data_or_lines() {
        let schema = read_schema(DATA.as_bytes()).unwrap();
        assert!(schema.find(ObjectKind::User, "LEVEL").is_some());
        let data = DATA.replace('\n', "");
        let line = format!(r#"{{"kind":"schema","op":"upsert","id":"default","data":{data}}}"#);
        assert_eq!(read_schema(line.as_bytes()), Ok(schema.clone()));
        let none = r#"{"kind":"schema","op":"delete","id":"default"}"#;
        assert_eq!(read_schema(format!("\n{line}\r\n{none}\n").as_bytes()), Ok(Schema::default()));
        assert_eq!(read_schema(format!("\u{feff}{DATA}").as_bytes()), Ok(schema));
    }

    #[test]
    fn other_files_are_refused() {
        let refused = |text: &str| read_schema(text.as_bytes()).unwrap_err().message;
        assert!(refused("").contains("empty"));
        assert!(refused("{}").contains("`attributes` is missing"));
        assert!(
            refused("\n{\"kind\":\"clock\",\"time\":\"2026-11-22\"}")
                .starts_with("line 2: not a schema line")
        );
        assert!(refused("{\"attributes\":[").starts_with("line 1: "));
    }
}

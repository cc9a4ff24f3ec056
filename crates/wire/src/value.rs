//! One JSON value to one attribute value, strictly by type (L40), and back.

use crate::json::{Json, Source, quoted};
use muster_directory::{ObjectKind, Rejection, RejectionCode};
use muster_rule::property::{self, Intake};
use muster_rule::{Attribute, AttributeType, Element, Instant, Text, Value};

/// The value of this type that `json` stands for; `None` where it stands for none (null, an empty
/// text or list) or for a value of another type. For attributes that a schema can declare.
#[must_use]
pub fn read_value(_kind: ObjectKind, value_type: AttributeType, json: &str) -> Option<Value> {
    let source = Source::new(json.as_bytes()).ok()?;
    let place = Place { source, at: json, name: "value" };
    let wanted = Wanted { value_type, intake: Intake::Whole, members: &[] };
    wanted.take(&place, serde_json::from_str(json).ok()?).ok().flatten()
}

/// `value` as JSON text. The elements of an object collection, which no schema can declare, become
/// arrays of their members.
#[must_use]
pub fn write_value(value: &Value) -> String {
    let text = |text: &Text| serde_json::Value::from(text.as_str());
    let json = match value {
        Value::Boolean(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Instant(value) => value.to_string().into(),
        Value::Text(value) => text(value),
        Value::Texts(values) => values.iter().map(text).collect(),
        Value::Elements(elements) => elements
            .iter()
            .map(|element| element.members.iter().map(|member| member.as_ref().map(text)).collect())
            .collect::<Vec<Vec<_>>>()
            .into(),
    };
    json.to_string()
}

/// Where a value stands, for complaints.
pub(crate) struct Place<'a> {
    /// The text that it lies in.
    pub(crate) source: Source<'a>,
    /// The part of that.
    pub(crate) at: &'a str,
    /// What it is called.
    pub(crate) name: &'a str,
}

impl Place<'_> {
    pub(crate) fn refuse(&self, code: RejectionCode, message: &str) -> Rejection {
        Rejection::new(code, format!("{message} (byte {})", self.source.byte_of(self.at)))
    }

    /// `found` is not `expected`.
    pub(crate) fn mismatch(&self, found: &Json<'_>, expected: &str) -> Rejection {
        self.mismatch_in("", found, expected)
    }

    /// `found`, which lies at `path` inside the value, is not `expected`.
    fn mismatch_in(&self, path: &str, found: &Json<'_>, expected: &str) -> Rejection {
        let name = quoted(&format!("{}{path}", self.name));
        let message = format!("{name} is {}, but takes {expected}", found.describe());
        self.refuse(RejectionCode::InvalidValue, &message)
    }
}

/// The sentence for two values of one attribute.
pub(crate) fn twice(first: &str, second: &str) -> String {
    let (first, second) = (quoted(first), quoted(second));
    format!("{first} and {second} name one attribute and have different values: give it once")
}

/// What an attribute takes.
pub(crate) struct Wanted {
    value_type: AttributeType,
    intake: Intake,
    /// For object collections: the members that the language knows.
    members: &'static [&'static str],
}

const INSTANT: &str = "an RFC 3339 instant such as `2026-11-22T10:00:00Z`, or null";

impl Wanted {
    pub(crate) fn new(attribute: &Attribute, value_type: AttributeType, intake: Intake) -> Wanted {
        let members = match attribute {
            Attribute::Standard(code) => property::by_code(*code).map_or(&[][..], |row| row.members),
            Attribute::Named(_) => &[],
        };
        Wanted { value_type, intake, members }
    }

    /// # Errors
    /// `invalid-value`, `conflicting-values`.
    pub(crate) fn take(&self, place: &Place<'_>, value: Json<'_>) -> Result<Option<Value>, Rejection> {
        if value == Json::Null {
            return Ok(None);
        }
        if self.intake == Intake::First {
            return Ok(texts(place, value)?.into_iter().next().map(Value::Text));
        }
        match (self.value_type, value) {
            (AttributeType::Boolean, Json::Boolean(value)) => Ok(Some(Value::Boolean(value))),
            (AttributeType::Boolean, other) => Err(place.mismatch(&other, "true, false or null")),
            (AttributeType::String, Json::String(value)) => Ok(text(&value).map(Value::Text)),
            (AttributeType::String, other @ (Json::Integer(_) | Json::Number | Json::Boolean(_))) => {
                Err(place.mismatch(&other, "a string or null: put it in quotes"))
            }
            (AttributeType::String, other) => Err(place.mismatch(&other, "a string or null")),
            (AttributeType::Integer, Json::Integer(value)) => Ok(Some(Value::Integer(value))),
            (AttributeType::Integer, other) => {
                Err(place.mismatch(&other, "a whole number of 64 bits, without quotes, or null"))
            }
            (AttributeType::DateTime, Json::String(value)) if value.is_empty() => Ok(None),
            (AttributeType::DateTime, Json::String(value)) => match Instant::parse(&value) {
                Ok(instant) => Ok(Some(Value::Instant(instant))),
                Err(_) => Err(place.mismatch(&Json::String(value), INSTANT)),
            },
            (AttributeType::DateTime, other) => Err(place.mismatch(&other, INSTANT)),
            (AttributeType::StringCollection, value) => {
                let texts = texts(place, value)?;
                Ok((!texts.is_empty()).then_some(Value::Texts(texts)))
            }
            (AttributeType::ObjectCollection, value) => self.elements(place, value),
            (AttributeType::Reference, value) => reference(place, value),
            (AttributeType::Memberships, _) => Ok(None),
        }
    }

    /// The elements of an array of objects, null ones left out.
    fn elements(&self, place: &Place<'_>, value: Json<'_>) -> Result<Option<Value>, Rejection> {
        let Json::Array(array) = value else {
            return Err(place.mismatch(&value, "an array of objects or null"));
        };
        let mut elements = Vec::with_capacity(array.len());
        for element in array {
            match element {
                Json::Null => {}
                Json::Object(_) => elements.push(self.element(place, element)?),
                other => return Err(place.mismatch_in("[]", &other, "an object or null")),
            }
        }
        Ok((!elements.is_empty()).then_some(Value::Elements(elements)))
    }

    /// Members that the language does not know are ignored (L27).
    fn element(&self, place: &Place<'_>, element: Json<'_>) -> Result<Element, Rejection> {
        let Json::Object(members) = element else { return Ok(Element { members: Box::default() }) };
        let mut values: Vec<Option<Option<Text>>> = vec![None; self.members.len()];
        for (member, value) in members {
            let at = self.members.iter().position(|known| known.eq_ignore_ascii_case(&member));
            let Some(slot) = at.and_then(|at| values.get_mut(at)) else { continue };
            let path = format!("[].{member}");
            let value = match value {
                Json::Null => None,
                Json::String(value) => text(&value),
                other => return Err(place.mismatch_in(&path, &other, "a string or null")),
            };
            if slot.as_ref().is_some_and(|before| *before != value) {
                let path = format!("{}{path}", place.name);
                return Err(place.refuse(RejectionCode::ConflictingValues, &twice(&path, &path)));
            }
            *slot = Some(value);
        }
        Ok(Element { members: values.into_iter().map(Option::flatten).collect() })
    }
}

/// The elements of an array of strings, null and empty ones left out (L27).
pub(crate) fn texts(place: &Place<'_>, value: Json<'_>) -> Result<Vec<Text>, Rejection> {
    let elements = match value {
        Json::Null => return Ok(Vec::new()),
        Json::Array(elements) => elements,
        other => return Err(place.mismatch(&other, "an array of strings or null")),
    };
    let mut texts = Vec::with_capacity(elements.len());
    for element in elements {
        match element {
            Json::Null => {}
            Json::String(value) => texts.extend(text(&value)),
            other => return Err(place.mismatch_in("[]", &other, "a string or null")),
        }
    }
    Ok(texts)
}

/// An id, or an object that has one.
fn reference(place: &Place<'_>, value: Json<'_>) -> Result<Option<Value>, Rejection> {
    const EXPECTED: &str = "an id, an object with `id`, or null";
    let id = match value {
        Json::String(id) => id,
        Json::Object(members) => {
            match members.into_iter().find(|(member, _)| member.eq_ignore_ascii_case("id")) {
                Some((_, Json::String(id))) => id,
                Some((_, other)) => return Err(place.mismatch_in(".id", &other, "a string")),
                None => return Err(place.mismatch(&Json::Object(Vec::new()), EXPECTED)),
            }
        }
        other => return Err(place.mismatch(&other, EXPECTED)),
    };
    Ok(text(&id).map(Value::Text))
}

/// A present text; the empty string is null (L23).
fn text(value: &str) -> Option<Text> {
    (!value.is_empty()).then(|| Text::new(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let check = |value_type, json: &str| {
            let value = read_value(ObjectKind::User, value_type, json).unwrap();
            assert_eq!(write_value(&value), json);
        };
        check(AttributeType::Boolean, "true");
        check(AttributeType::Integer, "-5");
        check(AttributeType::String, r#""a\"b""#);
        check(AttributeType::DateTime, r#""2026-11-22T10:00:00.000Z""#);
        check(AttributeType::StringCollection, r#"["a","b"]"#);
    }

    #[test]
    fn nothing_and_other_types_are_no_value() {
        for json in ["null", "\"\"", "[]", "5.5", "{", "true"] {
            assert_eq!(read_value(ObjectKind::User, AttributeType::String, json), None, "{json}");
        }
    }
}

//! The attributes of an incoming object: members of its JSON to typed values (L23, L27, L39, L40).
//!
//! Nothing is converted silently: a value of another type than its attribute's refuses the whole
//! object. Attributes that neither the language nor the schema knows are kept as they came.

use crate::json::{self, Json, Member, Source, quoted};
use muster_directory::{AttributePatch, GroupId, ObjectId, ObjectKind, Rejection, RejectionCode};
use muster_rule::property::{self, Incoming, Intake};
use muster_rule::{Attribute, AttributeType, Element, Instant, Schema, Text, Value};
use std::borrow::Cow;

/// What the members of an incoming object are read with.
pub(crate) struct Reader<'a> {
    /// The text they lie in.
    pub(crate) source: Source<'a>,
    /// Whose attributes they are.
    pub(crate) kind: ObjectKind,
    /// The id that `id` and `objectId` must repeat where they are given.
    pub(crate) id: &'a ObjectId,
    /// The tenant's own attributes.
    pub(crate) schema: &'a Schema,
    /// What to do with `memberOf`.
    pub(crate) memberships: Memberships,
}

/// What to do with `memberOf`, which is computed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memberships {
    /// Refuse it: in events.
    Refuse,
    /// Take the ids: where an object is given to try a rule on.
    Take,
}

/// What was read.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) patch: AttributePatch,
    pub(crate) member_of: Vec<GroupId>,
}

/// One value of this type, outside any object.
///
/// # Errors
/// As [`Reader::read`], and where `json` is not JSON.
pub(crate) fn read_one(
    kind: ObjectKind,
    value_type: AttributeType,
    json: &str,
) -> Result<Option<Value>, Rejection> {
    let source = Source::new(json.as_bytes())?;
    let (id, schema) = (ObjectId::new("-")?, Schema::default());
    let reader = Reader { source, kind, id: &id, schema: &schema, memberships: Memberships::Refuse };
    let parsed: Json<'_> = serde_json::from_str(json).map_err(|error| source.refuse(json, &error))?;
    reader.value("value", json, &Attribute::Named("value".into()), (value_type, Intake::Whole), parsed)
}

/// An attribute with the name it was given by.
type Given<'a, A, V> = (A, Cow<'a, str>, Option<V>);

impl<'a> Reader<'a> {
    /// # Errors
    /// `invalid-value`, `conflicting-values`, `computed-attribute`, `invalid-json`.
    pub(crate) fn read(&self, members: Vec<Member<'a>>) -> Result<Read, Rejection> {
        let mut known: Vec<Given<'a, Attribute, Value>> = Vec::with_capacity(members.len());
        let mut unknown: Vec<Given<'a, Box<str>, Box<str>>> = Vec::new();
        let mut member_of = Vec::new();
        for Member { name, value } in members {
            let at = value.get();
            match property::incoming(self.kind, &name, self.schema) {
                Incoming::Attribute { attribute, value_type, intake } => {
                    let value =
                        self.value(&name, at, &attribute, (value_type, intake), self.source.value(value)?)?;
                    known.push((attribute, name, value));
                }
                Incoming::Nested(all) => {
                    self.nested(&name, at, all, self.source.value(value)?, &mut known)?
                }
                Incoming::ObjectId => self.own_id(&name, at, &self.source.value(value)?)?,
                Incoming::Computed => match self.memberships {
                    Memberships::Take => member_of = self.group_ids(&name, at, self.source.value(value)?)?,
                    Memberships::Refuse => {
                        let message =
                            format!("{} is computed and cannot be set: leave it out", quoted(&name));
                        return Err(self.refuse(RejectionCode::ComputedAttribute, at, &message));
                    }
                },
                Incoming::Unknown => {
                    json::check_depth(&name, value)?;
                    let json = (at != "null").then(|| at.into());
                    unknown.push((name.to_ascii_lowercase().into_boxed_str(), name, json));
                }
            }
        }
        let patch = AttributePatch { known: settle(known)?, unknown: settle(unknown)? };
        Ok(Read { patch, member_of })
    }

    /// An object whose members are attributes; null clears them all.
    fn nested(
        &self,
        name: &str,
        at: &str,
        all: Vec<Attribute>,
        value: Json<'a>,
        known: &mut Vec<Given<'a, Attribute, Value>>,
    ) -> Result<(), Rejection> {
        let members = match value {
            Json::Null => {
                known.extend(all.into_iter().map(|attribute| (attribute, Cow::Owned(name.to_owned()), None)));
                return Ok(());
            }
            Json::Object(members) => members,
            other => return Err(self.mismatch(name, at, &other, "an object or null")),
        };
        for (member, value) in members {
            let path = format!("{name}.{member}");
            // What is none of the attributes is ignored, like the unknown members of a plan (L27).
            if let Incoming::Attribute { attribute, value_type, intake } =
                property::incoming(self.kind, &path, self.schema)
            {
                let value = self.value(&path, at, &attribute, (value_type, intake), value)?;
                known.push((attribute, Cow::Owned(path), value));
            }
        }
        Ok(())
    }

    fn value(
        &self,
        name: &str,
        at: &str,
        attribute: &Attribute,
        (value_type, intake): (AttributeType, Intake),
        value: Json<'a>,
    ) -> Result<Option<Value>, Rejection> {
        if value == Json::Null {
            return Ok(None);
        }
        if intake == Intake::First {
            let texts = self.texts(name, at, value)?;
            return Ok(texts.into_iter().next().map(Value::Text));
        }
        match (value_type, value) {
            (AttributeType::Boolean, Json::Boolean(value)) => Ok(Some(Value::Boolean(value))),
            (AttributeType::Boolean, other) => Err(self.mismatch(name, at, &other, "true, false or null")),
            (AttributeType::String, Json::String(value)) => Ok(text(&value).map(Value::Text)),
            (AttributeType::String, other @ (Json::Integer(_) | Json::Number | Json::Boolean(_))) => {
                Err(self.mismatch(name, at, &other, "a string or null: put it in quotes"))
            }
            (AttributeType::String, other) => Err(self.mismatch(name, at, &other, "a string or null")),
            (AttributeType::Integer, Json::Integer(value)) => Ok(Some(Value::Integer(value))),
            (AttributeType::Integer, other) => {
                Err(self.mismatch(name, at, &other, "a whole number of 64 bits, without quotes, or null"))
            }
            (AttributeType::DateTime, Json::String(value)) if value.is_empty() => Ok(None),
            (AttributeType::DateTime, Json::String(value)) => match Instant::parse(&value) {
                Ok(instant) => Ok(Some(Value::Instant(instant))),
                Err(_) => Err(self.mismatch(name, at, &Json::String(value), INSTANT)),
            },
            (AttributeType::DateTime, other) => Err(self.mismatch(name, at, &other, INSTANT)),
            (AttributeType::StringCollection, value) => {
                let texts = self.texts(name, at, value)?;
                Ok((!texts.is_empty()).then_some(Value::Texts(texts)))
            }
            (AttributeType::ObjectCollection, value) => self.elements(name, at, attribute, value),
            (AttributeType::Reference, value) => self.reference(name, at, value),
            (AttributeType::Memberships, _) => Ok(None),
        }
    }

    /// The elements of an array of strings, null and empty ones left out.
    fn texts(&self, name: &str, at: &str, value: Json<'a>) -> Result<Vec<Text>, Rejection> {
        let elements = match value {
            Json::Null => return Ok(Vec::new()),
            Json::Array(elements) => elements,
            other => return Err(self.mismatch(name, at, &other, "an array of strings or null")),
        };
        let mut texts = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Json::Null => {}
                Json::String(value) => texts.extend(text(&value)),
                other => return Err(self.mismatch(&format!("{name}[]"), at, &other, "a string or null")),
            }
        }
        Ok(texts)
    }

    /// The elements of an array of objects, null ones left out.
    fn elements(
        &self,
        name: &str,
        at: &str,
        attribute: &Attribute,
        value: Json<'a>,
    ) -> Result<Option<Value>, Rejection> {
        let Json::Array(array) = value else {
            return Err(self.mismatch(name, at, &value, "an array of objects or null"));
        };
        let names = match attribute {
            Attribute::Standard(code) => property::by_code(*code).map_or(&[][..], |row| row.members),
            Attribute::Named(_) => &[],
        };
        let mut elements = Vec::with_capacity(array.len());
        for element in array {
            match element {
                Json::Null => {}
                Json::Object(members) => elements.push(self.element(name, at, names, members)?),
                other => return Err(self.mismatch(&format!("{name}[]"), at, &other, "an object or null")),
            }
        }
        Ok((!elements.is_empty()).then_some(Value::Elements(elements)))
    }

    fn element(
        &self,
        name: &str,
        at: &str,
        names: &[&str],
        members: Vec<(Cow<'a, str>, Json<'a>)>,
    ) -> Result<Element, Rejection> {
        let mut values: Vec<Option<Option<Text>>> = vec![None; names.len()];
        for (member, value) in members {
            let place = names.iter().position(|known| known.eq_ignore_ascii_case(&member));
            let Some(slot) = place.and_then(|place| values.get_mut(place)) else { continue };
            let path = format!("{name}[].{member}");
            let value = match value {
                Json::Null => None,
                Json::String(value) => text(&value),
                other => return Err(self.mismatch(&path, at, &other, "a string or null")),
            };
            if slot.as_ref().is_some_and(|before| *before != value) {
                return Err(self.refuse(RejectionCode::ConflictingValues, at, &twice(&path, &path)));
            }
            *slot = Some(value);
        }
        Ok(Element { members: values.into_iter().map(Option::flatten).collect() })
    }

    /// An id, or an object that has one.
    fn reference(&self, name: &str, at: &str, value: Json<'a>) -> Result<Option<Value>, Rejection> {
        const EXPECTED: &str = "an id, an object with `id`, or null";
        let id = match value {
            Json::String(id) => id,
            Json::Object(members) => {
                match members.into_iter().find(|(member, _)| member.eq_ignore_ascii_case("id")) {
                    Some((_, Json::String(id))) => id,
                    Some((_, other)) => {
                        return Err(self.mismatch(&format!("{name}.id"), at, &other, "a string"));
                    }
                    None => return Err(self.mismatch(name, at, &Json::Object(Vec::new()), EXPECTED)),
                }
            }
            other => return Err(self.mismatch(name, at, &other, EXPECTED)),
        };
        Ok(text(&id).map(Value::Text))
    }

    fn own_id(&self, name: &str, at: &str, value: &Json<'a>) -> Result<(), Rejection> {
        match value {
            Json::String(id) if *id == self.id.as_str() => Ok(()),
            Json::String(id) => {
                let (id, own) = (quoted(id), quoted(self.id.as_str()));
                let message = format!("{} is {id}, but the object is {own}: leave it out", quoted(name));
                Err(self.refuse(RejectionCode::ConflictingValues, at, &message))
            }
            other => Err(self.mismatch(name, at, other, "the object's own id, or may be left out")),
        }
    }

    fn group_ids(&self, name: &str, at: &str, value: Json<'a>) -> Result<Vec<GroupId>, Rejection> {
        self.texts(name, at, value)?.iter().map(|id| GroupId::new(id.as_str())).collect()
    }

    fn mismatch(&self, name: &str, at: &str, found: &Json<'_>, expected: &str) -> Rejection {
        let message = format!("{} is {}, but takes {expected}", quoted(name), found.describe());
        self.refuse(RejectionCode::InvalidValue, at, &message)
    }

    fn refuse(&self, code: RejectionCode, at: &str, message: &str) -> Rejection {
        Rejection::new(code, format!("{message} (byte {})", self.source.byte_of(at)))
    }
}

const INSTANT: &str = "an RFC 3339 instant such as `2026-11-22T10:00:00Z`, or null";

/// A present text; the empty string is null (L23).
fn text(value: &str) -> Option<Text> {
    (!value.is_empty()).then(|| Text::new(value))
}

fn twice(first: &str, second: &str) -> String {
    let (first, second) = (quoted(first), quoted(second));
    format!("{first} and {second} name one attribute and have different values: give it once")
}

/// Each attribute once, sorted. Equal values may repeat, different ones are refused.
fn settle<A: Ord, V: PartialEq>(mut given: Vec<Given<'_, A, V>>) -> Result<Vec<(A, Option<V>)>, Rejection> {
    given.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let conflict = given.windows(2).find_map(|pair| match pair {
        [(a, first, old), (b, second, new)] if a == b && old != new => Some(twice(first, second)),
        _ => None,
    });
    if let Some(message) = conflict {
        return Err(Rejection::new(RejectionCode::ConflictingValues, message));
    }
    given.dedup_by(|(a, ..), (b, ..)| a == b);
    Ok(given.into_iter().map(|(attribute, _, value)| (attribute, value)).collect())
}

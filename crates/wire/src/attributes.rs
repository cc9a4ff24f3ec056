//! The attributes of an incoming object: which members of its JSON are which (L23, L39, L40).
//!
//! Names are matched in every spelling, and two spellings of one attribute must agree. Attributes
//! that neither the language nor the schema knows are kept as they came.

use crate::json::{self, Json, Member, Source, quoted};
use crate::value::{Place, Wanted, texts, twice};
use muster_directory::{AttributePatch, GroupId, ObjectId, ObjectKind, Rejection, RejectionCode};
use muster_rule::property::{self, Incoming};
use muster_rule::{Attribute, Schema, Value};
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
pub(crate) struct Read {
    pub(crate) patch: AttributePatch,
    pub(crate) member_of: Vec<GroupId>,
}

/// An attribute, the name it was given by, and its value.
type Given<'a, A, V> = (A, Cow<'a, str>, Option<V>);

impl<'a> Reader<'a> {
    /// # Errors
    /// `invalid-value`, `conflicting-values`, `computed-attribute`, `invalid-json`.
    pub(crate) fn read(&self, members: Vec<Member<'a>>) -> Result<Read, Rejection> {
        let mut known: Vec<Given<'a, Attribute, Value>> = Vec::with_capacity(members.len());
        let mut unknown: Vec<Given<'a, Box<str>, Box<str>>> = Vec::new();
        let mut member_of = Vec::new();
        for Member { name, value: raw } in members {
            let place = Place { source: self.source, at: raw.get(), name: &name };
            match property::incoming(self.kind, &name, self.schema) {
                Incoming::Attribute { attribute, value_type, intake } => {
                    let wanted = Wanted::new(&attribute, value_type, intake);
                    let value = wanted.take(&place, self.source.value(raw)?)?;
                    known.push((attribute, name, value));
                }
                Incoming::Nested(all) => self.nested(&place, all, self.source.value(raw)?, &mut known)?,
                Incoming::ObjectId => self.own_id(&place, &self.source.value(raw)?)?,
                Incoming::Computed => {
                    member_of = self.group_ids(&place, self.source.value(raw)?)?;
                }
                Incoming::Unknown => {
                    json::check_depth(&name, raw)?;
                    let json = (raw.get() != "null").then(|| raw.get().into());
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
        place: &Place<'_>,
        all: Vec<Attribute>,
        value: Json<'a>,
        known: &mut Vec<Given<'a, Attribute, Value>>,
    ) -> Result<(), Rejection> {
        let members = match value {
            Json::Null => {
                let name = || Cow::Owned(place.name.to_owned());
                known.extend(all.into_iter().map(|attribute| (attribute, name(), None)));
                return Ok(());
            }
            Json::Object(members) => members,
            other => return Err(place.mismatch(&other, "an object or null")),
        };
        for (member, value) in members {
            let path = format!("{}.{member}", place.name);
            // What is none of the attributes is ignored, like the unknown members of a plan (L27).
            if let Incoming::Attribute { attribute, value_type, intake } =
                property::incoming(self.kind, &path, self.schema)
            {
                let place = Place { source: self.source, at: place.at, name: &path };
                let value = Wanted::new(&attribute, value_type, intake).take(&place, value)?;
                known.push((attribute, Cow::Owned(path), value));
            }
        }
        Ok(())
    }

    fn own_id(&self, place: &Place<'_>, value: &Json<'_>) -> Result<(), Rejection> {
        match value {
            Json::String(id) if *id == self.id.as_str() => Ok(()),
            Json::String(id) => {
                let (name, id, own) = (quoted(place.name), quoted(id), quoted(self.id.as_str()));
                let message = format!("{name} is {id}, but the object is {own}: leave it out");
                Err(place.refuse(RejectionCode::ConflictingValues, &message))
            }
            other => Err(place.mismatch(other, "the object's own id, or may be left out")),
        }
    }

    fn group_ids(&self, place: &Place<'_>, value: Json<'_>) -> Result<Vec<GroupId>, Rejection> {
        if self.memberships == Memberships::Refuse {
            let message = format!("{} is computed and cannot be set: leave it out", quoted(place.name));
            return Err(place.refuse(RejectionCode::ComputedAttribute, &message));
        }
        texts(place, value)?.iter().map(|id| GroupId::new(id.as_str())).collect()
    }
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

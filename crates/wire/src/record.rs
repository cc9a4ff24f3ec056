//! Records of the topics that Muster reads: key, value and headers, to one [`Event`].
//!
//! A record says the same as the event line in its value, and its key must agree with it: by the key
//! records are ordered and placed. What is not an event of this topic is refused, never passed over.

pub mod line;

use crate::cloudevent::incoming::{self, Unwrapped};
use crate::json::quoted;
use crate::licensing::request::{self, Posted};
use crate::line::SchemaLookup;
use crate::{Placement, key};
use muster_directory::{DeadLetter, Event, Header, Rejection, RejectionCode, Source, Tombstone};
use std::borrow::Cow;
use std::sync::Arc;

/// A record as it is read.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` is not the same as an empty one.
    pub value: Option<&'a [u8]>,
    /// Its headers, in order.
    pub headers: &'a [Header],
}

/// A record as it is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<Header>,
}

impl Record<'_> {
    /// The dead letter of this record, which was refused.
    #[must_use]
    pub fn dead_letter(&self, source: Source, rejection: Rejection) -> DeadLetter {
        DeadLetter::of_record(source, rejection, self.key, self.headers, self.value)
    }
}

/// Reads a record of a changes topic: an event of kind user, device or member, or a tombstone.
///
/// # Errors
/// Why it is refused: `key-mismatch`, `wrong-partition`, `wrong-topic`, `invalid-cloudevent`, or as
/// [`decode`](crate::line::decode) does.
pub fn decode_change(
    record: &Record<'_>,
    placement: &Placement,
    schemas: &dyn SchemaLookup,
) -> Result<Event, Rejection> {
    let Some(key) = record.key else {
        return Err(mismatch(
            "the record has no key: produce changes with the object's id as the key".into(),
        ));
    };
    placement.check(key)?;
    let Some(value) = record.value else {
        let (tenant, id) = key::parse_object(key)?;
        return Ok(Event::Tombstone(Tombstone { tenant, id }));
    };
    let unwrapped = incoming::unwrap(value, record.headers)?;
    let kind = unwrapped.envelope.kind()?;
    if belongs_to_requests(&kind) {
        let message =
            format!("events of kind {} belong on the requests topic: produce them there", quoted(&kind));
        return Err(Rejection::new(RejectionCode::WrongTopic, message));
    }
    let event = decode_unwrapped(unwrapped, schemas)?;
    let expected = match &event {
        Event::Object(change) => key::object(&change.tenant, &change.id),
        Event::Listing(change) => key::object(&change.tenant, &change.member),
        _ => return Err(files_only(&kind)),
    };
    check_key(key, &[expected])?;
    Ok(event)
}

/// Reads a record of the requests topic: an event of kind group or schema, or a licensing line.
///
/// # Errors
/// As [`decode_change`]; a record without a key or a partition of its own is fine here, as the topic
/// has one partition.
pub fn decode_request(record: &Record<'_>, schemas: &dyn SchemaLookup) -> Result<Posted, Rejection> {
    let Some(value) = record.value else {
        let message =
            "a record without value asks for nothing: to delete a group, send an event with `op` `delete`";
        return Err(Rejection::new(RejectionCode::InvalidEvent, message));
    };
    let unwrapped = incoming::unwrap(value, record.headers)?;
    let kind = unwrapped.envelope.kind()?;
    if ["user", "device", "member"].contains(&kind.as_ref()) {
        let message =
            format!("events of kind {} belong on a changes topic: produce them there", quoted(&kind));
        return Err(Rejection::new(RejectionCode::WrongTopic, message));
    }
    let posted = request::decode(&unwrapped.envelope, schemas)?;
    let expected = match &posted {
        Posted::Event(Event::Group(request)) => vec![key::group(&request.tenant, &request.id)],
        Posted::Event(Event::Schema(request)) => key::schema_spellings(&request.tenant).into(),
        Posted::Event(_) => return Err(files_only(&kind)),
        Posted::Licensing(request) => request.keys(),
    };
    if let Some(key) = record.key {
        check_key(key, &expected)?;
    }
    Ok(posted)
}

fn decode_unwrapped(unwrapped: Unwrapped<'_>, schemas: &dyn SchemaLookup) -> Result<Event, Rejection> {
    let mut event = crate::line::decode_envelope(&unwrapped.envelope, schemas)?;
    let time: Option<&mut Option<Arc<str>>> = match &mut event {
        Event::Object(change) => Some(&mut change.time),
        Event::Listing(change) => Some(&mut change.time),
        _ => None,
    };
    if let Some(time) = time
        && time.is_none()
    {
        *time = unwrapped.time;
    }
    Ok(event)
}

fn belongs_to_requests(kind: &str) -> bool {
    ["group", "schema"].contains(&kind) || crate::line::LICENSING_KINDS.contains(&kind)
}

fn files_only(kind: &str) -> Rejection {
    let message = format!("events of kind {} are for files only: leave them out", quoted(kind));
    Rejection::new(RejectionCode::WrongTopic, message)
}

/// Refuses a key that is none of the value's.
fn check_key(key: &[u8], expected: &[Vec<u8>]) -> Result<(), Rejection> {
    if expected.iter().any(|expected| expected == key) {
        return Ok(());
    }
    let expected = expected.first().map(|expected| printed(expected)).unwrap_or_default();
    let key = printed(key);
    Err(mismatch(format!(
        "the record's key is {key}, but its value is about {expected}: use that as the key"
    )))
}

/// A key for people: U+001F, which ends the tenant, as an escape.
fn printed(key: &[u8]) -> String {
    let text: Cow<'_, str> = String::from_utf8_lossy(key);
    quoted(&text.escape_debug().to_string())
}

fn mismatch(message: String) -> Rejection {
    Rejection::new(RejectionCode::KeyMismatch, message)
}

#[cfg(test)]
mod tests;

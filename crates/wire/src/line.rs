//! Event lines: one JSON object each, to one [`Event`].
//!
//! What a line says is checked as far as the line alone and the tenant's schema tell. Anything that
//! is not understood refuses the line: a misspelt member never passes as an absent one.

mod envelope;
mod group;
mod object;
mod write;

use crate::json::{Member, Source, quoted};
use crate::{schema, suggest};
pub(crate) use envelope::Envelope;
use muster_directory::{
    Event, ListingChange, ListingOp, ObjectKind, Rejection, RejectionCode, SchemaRequest, Tenant,
};
use muster_rule::Schema;
use std::borrow::Cow;
use std::sync::Arc;
pub use write::write_event;

/// Where the attributes that a tenant declares are found.
pub trait SchemaLookup {
    /// The tenant's schema; the empty one where it declared none.
    fn schema(&self, tenant: &Tenant) -> Arc<Schema>;
}

/// One schema for every tenant.
impl SchemaLookup for Arc<Schema> {
    fn schema(&self, _: &Tenant) -> Arc<Schema> {
        Arc::clone(self)
    }
}

pub(crate) const KINDS: &[&str] = &["user", "device", "group", "member", "schema", "clock"];
/// Kinds of lines that other commands read.
pub(crate) const LICENSING_KINDS: &[&str] = &["product", "licenseAssignment", "tenant", "removal"];

/// Reads one event line, with or without the line break at its end.
///
/// # Errors
/// Why it is refused. The message names the byte, from 1, where that helps.
pub fn decode(bytes: &[u8], schemas: &dyn SchemaLookup) -> Result<Event, Rejection> {
    let source = Source::new(bytes)?;
    decode_envelope(&Envelope::new(source, source.members()?)?, schemas)
}

/// Reads an event line that has been taken apart.
pub(crate) fn decode_envelope(
    envelope: &Envelope<'_>,
    schemas: &dyn SchemaLookup,
) -> Result<Event, Rejection> {
    match envelope.kind()?.as_ref() {
        "user" => object::decode(envelope, ObjectKind::User, schemas),
        "device" => object::decode(envelope, ObjectKind::Device, schemas),
        "group" => group::decode(envelope).map(Event::Group),
        "member" => listing(envelope).map(Event::Listing),
        "schema" => schema_request(envelope).map(Event::Schema),
        "clock" => {
            envelope.only(&["tenant", "time"], "a clock line")?;
            envelope.tenant()?;
            envelope.clock().map(Event::Clock)
        }
        kind => Err(unknown_kind(kind)),
    }
}

/// The value of the member `kind`, which lies in `source`.
pub(crate) fn kind_of<'a>(source: Source<'a>, kind: &Member<'a>) -> Result<Cow<'a, str>, Rejection> {
    Envelope::of(source, vec![kind.clone()], &["kind"])?.kind()
}

fn unknown_kind(kind: &str) -> Rejection {
    let message = if LICENSING_KINDS.contains(&kind) {
        format!("lines of kind `{kind}` are for the licensing commands: leave them out here")
    } else {
        let guess = suggest::did_you_mean(kind, KINDS.iter().copied());
        format!("{} is no kind of event{guess} (kinds: {})", quoted(kind), KINDS.join(", "))
    };
    Rejection::new(RejectionCode::UnknownKind, message)
}

fn listing(envelope: &Envelope<'_>) -> Result<ListingChange, Rejection> {
    let op = match envelope.op(&["add", "remove"])? {
        "add" => ListingOp::Add,
        _ => ListingOp::Remove,
    };
    envelope.only(&["op", "tenant", "group", "id", "time"], "a member line")?;
    Ok(ListingChange {
        tenant: envelope.tenant()?,
        group: envelope.group_id("group")?,
        member: envelope.object_id()?,
        op,
        time: envelope.time()?,
    })
}

fn schema_request(envelope: &Envelope<'_>) -> Result<SchemaRequest, Rejection> {
    let op = envelope.op(&["upsert", "delete"])?;
    envelope.only(data_members(op), "a schema line")?;
    envelope.time()?;
    let (tenant, id) = (envelope.tenant()?, envelope.object_id()?);
    if id.as_str() != "default" && id.as_str() != tenant.as_str() {
        let id = quoted(id.as_str());
        let message =
            format!("a tenant has one schema, with the id `default`, not {id}: declare all attributes there");
        return Err(Rejection::new(RejectionCode::InvalidSchema, message));
    }
    let declared = match op {
        "delete" => Schema::default(),
        _ => schema::read_data(envelope.source, envelope.data()?)?,
    };
    Ok(SchemaRequest { tenant, schema: Arc::new(declared) })
}

/// The envelope members that lines about an object, a group or a schema have beside `kind`.
pub(crate) fn data_members(op: &str) -> &'static [&'static str] {
    match op {
        "delete" => &["op", "tenant", "id", "time"],
        _ => &["op", "tenant", "id", "time", "data"],
    }
}

#[cfg(test)]
mod tests;

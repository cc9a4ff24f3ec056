//! Lines of kind `user` and `device`.

use super::{Envelope, SchemaLookup, data_members};
use crate::attributes::{Memberships, Reader};
use muster_directory::{Event, ObjectChange, ObjectKind, ObjectOp, Rejection};

pub(super) fn decode(
    envelope: &Envelope<'_>,
    kind: ObjectKind,
    schemas: &dyn SchemaLookup,
) -> Result<Event, Rejection> {
    let op = envelope.op(&["upsert", "patch", "delete"])?;
    envelope.only(data_members(op), "a line")?;
    let (tenant, id, time) = (envelope.tenant()?, envelope.object_id()?, envelope.time()?);
    let op = if op == "delete" {
        ObjectOp::Delete
    } else {
        let schema = schemas.schema(&tenant);
        let source = envelope.source;
        let reader = Reader { source, kind, id: &id, schema: &schema, memberships: Memberships::Refuse };
        let patch = reader.read(source.members_of(envelope.data()?)?)?.patch;
        if op == "upsert" { ObjectOp::Upsert(patch) } else { ObjectOp::Patch(patch) }
    };
    Ok(Event::Object(ObjectChange { tenant, kind, id, op, time }))
}

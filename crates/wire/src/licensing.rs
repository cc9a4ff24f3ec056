//! Licensing lines: what the licensing subscriber reads, one JSON object each.
//!
//! Delta lines (which have no `kind`), products, assignments, tenants' settings and confirmations; and
//! event lines, which are read as everywhere.

mod assignment;
mod delta;
mod fields;
mod product;
pub(crate) mod request;
mod tenant;

use crate::json::{Source, quoted};
use crate::line::{self, Envelope, SchemaLookup};
use crate::suggest;
use muster_directory::licence::LicensingInput;
use muster_directory::{Rejection, RejectionCode, Tenant};
pub use request::{LicensingRequest, Posted, decode_posted};

/// Members of licensing lines, `data` apart.
pub(crate) const MEMBERS: &[&str] = &["kind", "op", "tenant", "group", "user", "id", "time", "data"];

/// Reads one line, with or without the line break at its end.
///
/// # Errors
/// Why it is refused. The message names the byte, from 1, where that helps.
pub fn decode_licensing(bytes: &[u8], schemas: &dyn SchemaLookup) -> Result<LicensingInput, Rejection> {
    let source = Source::new(bytes)?;
    let members = source.members()?;
    let Some(kind) = members.iter().find(|member| member.name == "kind") else {
        let (partition, delta) = delta::read(source, members)?;
        return Ok(LicensingInput::Delta(partition, delta));
    };
    let kind = line::kind_of(source, kind)?;
    if line::KINDS.contains(&kind.as_ref()) {
        let envelope = Envelope::new(source, members)?;
        return line::decode_envelope(&envelope, schemas).map(LicensingInput::Event);
    }
    read(&kind, &Envelope::of(source, members, MEMBERS)?)
}

/// A line of one of the kinds that only licensing knows.
fn read(kind: &str, envelope: &Envelope<'_>) -> Result<LicensingInput, Rejection> {
    match kind {
        "product" => product::read(envelope),
        "licenseAssignment" => assignment::read(envelope),
        "tenant" => tenant::read(envelope),
        "removal" => confirmation(envelope),
        _ => Err(unknown_kind(kind)),
    }
}

fn confirmation(envelope: &Envelope<'_>) -> Result<LicensingInput, Rejection> {
    envelope.op(&["confirm"])?;
    envelope.only(&["op", "tenant", "id", "time"], "a line")?;
    envelope.time()?;
    let id = envelope.object_id()?;
    match id.as_str().parse() {
        Ok(number) => Ok(LicensingInput::ConfirmRemoval(envelope.tenant()?, number)),
        Err(_) => {
            let id = quoted(id.as_str());
            Err(refuse(format!("{id} is no number of a removal: give it as the report says")))
        }
    }
}

fn unknown_kind(kind: &str) -> Rejection {
    let kinds = || line::KINDS.iter().chain(line::LICENSING_KINDS).copied();
    let guess = suggest::did_you_mean(kind, kinds());
    let kinds = kinds().collect::<Vec<_>>().join(", ");
    let message = format!("{} is no kind of line{guess} (kinds: {kinds})", quoted(kind));
    Rejection::new(RejectionCode::UnknownKind, message)
}

/// The tenant that a line about it names, by `id`, and `tenant` where that is given too.
fn tenant_of(envelope: &Envelope<'_>) -> Result<Tenant, Rejection> {
    let (tenant, id) = (envelope.tenant()?, envelope.object_id()?);
    if id.as_str() == tenant.as_str() || id.as_str() == "default" {
        return Ok(tenant);
    }
    if tenant == Tenant::default() && !envelope.has("tenant") {
        return Tenant::new(id.as_str());
    }
    let (id, tenant) = (quoted(id.as_str()), quoted(tenant.as_str()));
    Err(refuse(format!("`id` is {id}, but `tenant` is {tenant}: give one of them")))
}

fn refuse(message: String) -> Rejection {
    Rejection::new(RejectionCode::InvalidLicensing, message)
}

#[cfg(test)]
mod tests;

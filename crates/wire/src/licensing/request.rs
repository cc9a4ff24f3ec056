//! Licensing lines as administrators send them to a service: on the requests topic, or over HTTP.
//!
//! What was accepted travels on as the line itself, so that whoever acts on it reads the same words.

use super::{MEMBERS, read};
use crate::json::{Member, Source};
use crate::key;
use crate::line::{self, Envelope, LICENSING_KINDS, SchemaLookup};
use muster_directory::licence::{Assignee, LicensingInput};
use muster_directory::{Event, Rejection};

/// What a line that is sent to a service asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// Something of users, devices, groups or the schema.
    Event(Event),
    /// Something of licences.
    Licensing(LicensingRequest),
}

/// A product, an assignment, a tenant's settings, or the confirmation of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicensingRequest {
    /// What the line says.
    pub input: LicensingInput,
    /// The line, without what was round it.
    pub line: Box<str>,
}

/// Reads one line that is sent to a service.
///
/// # Errors
/// Why it is refused. The message names the byte, from 1, where that helps.
pub fn decode_posted(bytes: &[u8], schemas: &dyn SchemaLookup) -> Result<Posted, Rejection> {
    let source = Source::new(bytes)?;
    decode(&envelope(source, source.members()?)?, schemas)
}

impl LicensingRequest {
    /// The keys that its record may have, the usual one first: the id of what it is about.
    #[must_use]
    pub fn keys(&self) -> Vec<Vec<u8>> {
        match &self.input {
            LicensingInput::Product(tenant, sku, _) => vec![key::named(tenant, sku.as_str())],
            LicensingInput::Assignment(tenant, Assignee::Group(group), _) => vec![key::group(tenant, group)],
            LicensingInput::Assignment(tenant, Assignee::User(user), _) => vec![key::object(tenant, user)],
            LicensingInput::Settings(tenant, _) => key::schema_spellings(tenant).into(),
            LicensingInput::ConfirmRemoval(tenant, number) => vec![key::named(tenant, &number.to_string())],
            LicensingInput::Event(_) | LicensingInput::Delta(..) => Vec::new(),
        }
    }
}

/// The envelope of a line of any kind.
pub(crate) fn envelope<'a>(source: Source<'a>, members: Vec<Member<'a>>) -> Result<Envelope<'a>, Rejection> {
    let kind = members.iter().find(|member| member.name == "kind");
    let kind = kind.map(|kind| line::kind_of(source, kind)).transpose()?;
    match kind.as_deref() {
        Some(kind) if LICENSING_KINDS.contains(&kind) => Envelope::of(source, members, MEMBERS),
        _ => Envelope::new(source, members),
    }
}

/// Reads a line that was taken apart.
pub(crate) fn decode(envelope: &Envelope<'_>, schemas: &dyn SchemaLookup) -> Result<Posted, Rejection> {
    let kind = envelope.kind()?;
    if LICENSING_KINDS.contains(&kind.as_ref()) {
        let input = read(&kind, envelope)?;
        return Ok(Posted::Licensing(LicensingRequest { input, line: envelope.to_line() }));
    }
    line::decode_envelope(envelope, schemas).map(Posted::Event)
}

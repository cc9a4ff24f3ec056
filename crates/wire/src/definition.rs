//! Accepted definitions, as `muster.definitions` carries them from the registrar to the engines.
//!
//! The topic is compacted, so each record is a whole definition under a key of its own
//! ([`DefinitionKey`]). The format is internal but durable: a deployment reads what an older one
//! wrote. A value is one JSON object:
//!
//! ```json
//! {"format":1,"kind":"group","tenant":"default","id":"g1","version":17,"created":3,
//!  "source":{"topic":"muster.requests","partition":0,"offset":17},
//!  "displayName":"Guests","membershipRule":"user.userType -eq \"Guest\"","dialect":"entra",
//!  "membershipRuleProcessingState":"On","other":{"description":"…"}}
//! {"format":1,"kind":"held","tenant":"default","id":"g1","version":21,
//!  "definition":{"format":1,"kind":"group",…},"reason":"812 of 900 members would leave, more than 10 %",
//!  "preview":{"added":1,"removed":812,"unchanged":88,"members":89,"addedSample":["u1"],"removedSample":["u2"]}}
//! {"format":1,"kind":"schema","tenant":"default","version":18,
//!  "attributes":[{"object":"user","name":"level","type":"integer"}]}
//! ```
//!
//! What licensing needs (products, assignments, tenants' settings, confirmed removals) travels as the line
//! that was accepted:
//!
//! ```json
//! {"format":1,"kind":"licensing","version":19,"source":{"topic":"muster.requests","partition":0,"offset":19},
//!  "line":{"kind":"product","op":"upsert","id":"s1","data":{"prepaidUnits":{"enabled":25}}}}
//! ```
//!
//! The edit of a group that is held lies under a key of its own, beside the definition in force, and has a null value
//! once it waits no more. `displayName`, `membershipRule` with `dialect`, and `other` are left out where there are none. The
//! end of a group or of its being held, of a product, an assignment or settings is a null value; the request that ended it is in the record's headers `version` and
//! `source` (the number in decimal digits, and the JSON object from above). A member that is not listed
//! here makes another format: within a format nothing is added, so that no program ever passes over
//! what it does not know.

use crate::json::{append_line, quoted};
use crate::key::{self, DefinitionKey};
use crate::licensing::LicensingRequest;
use crate::record::{NewRecord, Record};
use muster_directory::licence::{Assignee, LicensingInput};
use muster_directory::{
    GroupDefinition, GroupId, GroupRule, HeldDefinition, Impact, ObjectId, ObjectKind, ProcessingState,
    SchemaRequest, Source, Tenant,
};
use muster_rule::{AttributeType, DeclaredAttribute, Dialect, Schema};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The format that is written; older ones are read too.
pub const FORMAT: u32 = 1;

/// What the registrar accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptedDefinition {
    /// A group is now so.
    Group(GroupDefinition),
    /// A group is no more.
    GroupDeleted {
        /// Whose group.
        tenant: Tenant,
        /// Which.
        id: GroupId,
        /// The number of the request.
        version: u64,
        /// The request.
        source: Source,
    },
    /// An edit of a group waits to be confirmed.
    Held(HeldDefinition),
    /// No edit of this group waits any more.
    HeldEnded {
        /// Whose group.
        tenant: Tenant,
        /// Which.
        id: GroupId,
        /// The number of the request.
        version: u64,
        /// The request.
        source: Source,
    },
    /// A tenant declares these attributes from now on.
    Schema {
        /// Whose, and which.
        request: SchemaRequest,
        /// The number of the request.
        version: u64,
    },
    /// Something that only licensing acts on.
    Licensing(AcceptedLicensing),
}

/// An accepted licensing line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedLicensing {
    /// What it says.
    pub input: LicensingInput,
    /// The line; `None` where it ends what it is about.
    pub line: Option<Box<str>>,
    /// The number of the request.
    pub version: u64,
    /// The request.
    pub source: Source,
}

impl AcceptedLicensing {
    /// The request of this number, accepted.
    #[must_use]
    pub fn new(request: LicensingRequest, version: u64, source: Source) -> AcceptedLicensing {
        let LicensingRequest { input, line } = request;
        let ends = matches!(
            input,
            LicensingInput::Product(_, _, None)
                | LicensingInput::Assignment(_, _, None)
                | LicensingInput::Settings(_, None)
        );
        AcceptedLicensing { input, line: (!ends).then_some(line), version, source }
    }

    /// The end of a group's assignment, with the group.
    #[must_use]
    pub fn end_of_group(tenant: Tenant, group: GroupId, version: u64, source: Source) -> AcceptedLicensing {
        let input = LicensingInput::Assignment(tenant, Assignee::Group(group), None);
        AcceptedLicensing { input, line: None, version, source }
    }

    /// The key of its record; `None` for what does not come on this topic.
    fn key(&self) -> Option<DefinitionKey> {
        match &self.input {
            LicensingInput::Product(tenant, sku, _) => {
                Some(DefinitionKey::Product(tenant.clone(), sku.clone()))
            }
            LicensingInput::Assignment(tenant, assignee, _) => {
                Some(DefinitionKey::Assignment(tenant.clone(), assignee.clone()))
            }
            LicensingInput::Settings(tenant, _) => Some(DefinitionKey::Settings(tenant.clone())),
            LicensingInput::ConfirmRemoval(tenant, number) => {
                Some(DefinitionKey::Removal(tenant.clone(), *number))
            }
            LicensingInput::Event(_) | LicensingInput::Delta(..) => None,
        }
    }
}

/// Why a record of `muster.definitions` cannot be read: a fault, never a user's mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// A newer program wrote it.
    #[error(
        "the definition `{key}` is of format {format}, but this program reads formats up to {FORMAT}: upgrade it"
    )]
    Newer {
        /// The record's key.
        key: String,
        /// Its format.
        format: u32,
    },
    /// No program of ours wrote it so.
    #[error("the definition `{key}` is damaged: {reason}")]
    Damaged {
        /// The record's key.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

impl AcceptedDefinition {
    /// The key of its record.
    #[must_use]
    pub fn key(&self) -> Option<DefinitionKey> {
        match self {
            AcceptedDefinition::Group(group) => {
                Some(DefinitionKey::Group(group.tenant.clone(), group.id.clone()))
            }
            AcceptedDefinition::GroupDeleted { tenant, id, .. } => {
                Some(DefinitionKey::Group(tenant.clone(), id.clone()))
            }
            AcceptedDefinition::Held(held) => {
                Some(DefinitionKey::Held(held.definition.tenant.clone(), held.definition.id.clone()))
            }
            AcceptedDefinition::HeldEnded { tenant, id, .. } => {
                Some(DefinitionKey::Held(tenant.clone(), id.clone()))
            }
            AcceptedDefinition::Schema { request, .. } => Some(DefinitionKey::Schema(request.tenant.clone())),
            AcceptedDefinition::Licensing(licensing) => licensing.key(),
        }
    }

    /// Its record.
    #[must_use]
    pub fn to_record(&self) -> NewRecord {
        let ended = |version: &u64, source: &Source| {
            let version = (VERSION.to_owned(), Some(version.to_string().into_bytes()));
            let source = (SOURCE.to_owned(), Some(json(&SourceValue::of(source))));
            (None, vec![version, source])
        };
        let (value, headers) = match self {
            AcceptedDefinition::Group(group) => (Some(json(&GroupValue::of(group))), vec![]),
            AcceptedDefinition::Schema { request, version } => {
                (Some(json(&SchemaValue::of(request, *version))), vec![])
            }
            AcceptedDefinition::Held(held) => (Some(json(&HeldValue::of(held))), vec![]),
            AcceptedDefinition::GroupDeleted { version, source, .. }
            | AcceptedDefinition::HeldEnded { version, source, .. } => ended(version, source),
            AcceptedDefinition::Licensing(licensing) => match LicensingValue::of(licensing) {
                Some(value) => (Some(json(&value)), vec![]),
                None => ended(&licensing.version, &licensing.source),
            },
        };
        NewRecord { key: self.key().as_ref().map(key::definition), value, headers }
    }

    /// Reads what [`to_record`](Self::to_record) writes.
    ///
    /// # Errors
    /// Of a newer format, or damaged.
    pub fn from_record(record: &Record<'_>) -> Result<AcceptedDefinition, DefinitionError> {
        let bytes = record.key.unwrap_or_default();
        let printed = || String::from_utf8_lossy(bytes).escape_debug().to_string();
        let damaged = |reason: String| DefinitionError::Damaged { key: printed(), reason };
        let key = key::parse_definition(bytes).map_err(|rejection| damaged(rejection.message))?;
        let Some(value) = record.value else { return deletion(key, record).map_err(damaged) };
        let head: Head = parsed(value).map_err(damaged)?;
        if head.format > FORMAT {
            return Err(DefinitionError::Newer { key: printed(), format: head.format });
        }
        let definition = read(&head, value).map_err(damaged)?;
        if definition.key() != Some(key) {
            return Err(damaged("its value is about something else".into()));
        }
        Ok(definition)
    }
}

const GROUP: &str = "group";
const SCHEMA: &str = "schema";
const LICENSING: &str = "licensing";
const HELD: &str = "held";
const VERSION: &str = "version";
const SOURCE: &str = "source";

fn deletion(key: DefinitionKey, record: &Record<'_>) -> Result<AcceptedDefinition, String> {
    let header = |name: &str| {
        let found = record.headers.iter().find(|(candidate, _)| candidate == name);
        let value = found.and_then(|(_, value)| value.as_deref());
        value.ok_or_else(|| format!("its value is null, and the header `{name}` is missing"))
    };
    let request = || -> Result<(u64, Source), String> {
        Ok((parsed(header(VERSION)?)?, parsed::<SourceValue<'_>>(header(SOURCE)?)?.into_source()))
    };
    let input = match key {
        DefinitionKey::Group(tenant, id) => {
            let (version, source) = request()?;
            return Ok(AcceptedDefinition::GroupDeleted { tenant, id, version, source });
        }
        DefinitionKey::Held(tenant, id) => {
            let (version, source) = request()?;
            return Ok(AcceptedDefinition::HeldEnded { tenant, id, version, source });
        }
        DefinitionKey::Product(tenant, sku) => LicensingInput::Product(tenant, sku, None),
        DefinitionKey::Assignment(tenant, assignee) => LicensingInput::Assignment(tenant, assignee, None),
        DefinitionKey::Settings(tenant) => LicensingInput::Settings(tenant, None),
        DefinitionKey::Schema(_) | DefinitionKey::Removal(..) => {
            return Err("a schema and a confirmed removal have no null value".into());
        }
    };
    let (version, source) = request()?;
    Ok(AcceptedDefinition::Licensing(AcceptedLicensing { input, line: None, version, source }))
}

fn read(head: &Head, value: &[u8]) -> Result<AcceptedDefinition, String> {
    match head.kind.as_str() {
        GROUP => parsed::<GroupValue<'_>>(value)?.into_definition().map(AcceptedDefinition::Group),
        HELD => parsed::<HeldValue<'_>>(value)?.into_held().map(AcceptedDefinition::Held),
        SCHEMA => parsed::<SchemaValue<'_>>(value)?.into_definition(),
        LICENSING => parsed::<LicensingValue<'_>>(value)?.into_definition(),
        other => Err(format!("its kind is {}", quoted(other))),
    }
}

fn parsed<'a, T: Deserialize<'a>>(value: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(value).map_err(|error| error.to_string())
}

fn json(value: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::new();
    append_line(&mut line, value);
    line.pop();
    line
}

/// What is read first, of whatever format.
#[derive(Deserialize)]
struct Head {
    format: u32,
    kind: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupValue<'a> {
    format: u32,
    kind: Cow<'a, str>,
    tenant: Cow<'a, str>,
    id: Cow<'a, str>,
    version: u64,
    created: u64,
    #[serde(borrow)]
    source: SourceValue<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    membership_rule: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dialect: Option<Dialect>,
    membership_rule_processing_state: State,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    other: BTreeMap<String, Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HeldValue<'a> {
    format: u32,
    kind: Cow<'a, str>,
    tenant: Cow<'a, str>,
    id: Cow<'a, str>,
    version: u64,
    #[serde(borrow)]
    definition: GroupValue<'a>,
    reason: Cow<'a, str>,
    #[serde(borrow)]
    preview: PreviewValue<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PreviewValue<'a> {
    added: u64,
    removed: u64,
    unchanged: u64,
    members: u64,
    #[serde(borrow)]
    added_sample: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    removed_sample: Vec<Cow<'a, str>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum State {
    On,
    Paused,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SchemaValue<'a> {
    format: u32,
    kind: Cow<'a, str>,
    tenant: Cow<'a, str>,
    version: u64,
    #[serde(borrow)]
    attributes: Vec<AttributeValue<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LicensingValue<'a> {
    format: u32,
    kind: Cow<'a, str>,
    version: u64,
    #[serde(borrow)]
    source: SourceValue<'a>,
    line: Box<RawValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttributeValue<'a> {
    object: ObjectKind,
    name: Cow<'a, str>,
    r#type: AttributeType,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum SourceValue<'a> {
    File { file: Cow<'a, str>, line: u64 },
    Topic { topic: Cow<'a, str>, partition: u32, offset: u64 },
}

impl<'a> GroupValue<'a> {
    fn of(group: &'a GroupDefinition) -> GroupValue<'a> {
        GroupValue {
            format: FORMAT,
            kind: GROUP.into(),
            tenant: group.tenant.as_str().into(),
            id: group.id.as_str().into(),
            version: group.version,
            created: group.created,
            source: SourceValue::of(&group.source),
            display_name: group.display_name.as_deref().map(Cow::from),
            membership_rule: group.rule.as_ref().map(|rule| Cow::from(rule.text.as_ref())),
            dialect: group.rule.as_ref().map(|rule| rule.dialect),
            membership_rule_processing_state: match group.processing_state {
                ProcessingState::On => State::On,
                ProcessingState::Paused => State::Paused,
            },
            other: group.other.iter().map(|(name, json)| (name.to_string(), raw(json))).collect(),
        }
    }

    fn into_definition(self) -> Result<GroupDefinition, String> {
        let rule = match (self.membership_rule, self.dialect) {
            (None, None) => None,
            (Some(text), Some(dialect)) => Some(GroupRule { text: Arc::from(text), dialect }),
            _ => return Err("`membershipRule` and `dialect` are not both there".into()),
        };
        let other = self.other.into_iter().map(|(name, json)| (Arc::from(name), json.get().into()));
        Ok(GroupDefinition {
            tenant: Tenant::new(&self.tenant).map_err(|rejection| rejection.message)?,
            id: GroupId::new(&self.id).map_err(|rejection| rejection.message)?,
            version: self.version,
            created: self.created,
            display_name: self.display_name.map(Arc::from),
            rule,
            processing_state: match self.membership_rule_processing_state {
                State::On => ProcessingState::On,
                State::Paused => ProcessingState::Paused,
            },
            other: other.collect(),
            source: self.source.into_source(),
        })
    }
}

impl<'a> HeldValue<'a> {
    fn of(held: &'a HeldDefinition) -> HeldValue<'a> {
        let Impact { added, removed, unchanged, added_sample, removed_sample } = &held.impact;
        let ids = |sample: &'a [ObjectId]| sample.iter().map(|id| Cow::from(id.as_str())).collect();
        HeldValue {
            format: FORMAT,
            kind: HELD.into(),
            tenant: held.definition.tenant.as_str().into(),
            id: held.definition.id.as_str().into(),
            version: held.definition.version,
            definition: GroupValue::of(&held.definition),
            reason: held.reason.as_str().into(),
            preview: PreviewValue {
                added: *added,
                removed: *removed,
                unchanged: *unchanged,
                members: added + unchanged,
                added_sample: ids(added_sample),
                removed_sample: ids(removed_sample),
            },
        }
    }

    fn into_held(self) -> Result<HeldDefinition, String> {
        let PreviewValue { added, removed, unchanged, added_sample, removed_sample, .. } = self.preview;
        let ids = |sample: Vec<Cow<'_, str>>| {
            let ids = sample.iter().map(|id| ObjectId::new(id).map_err(|rejection| rejection.message));
            ids.collect::<Result<Vec<_>, _>>()
        };
        let impact = Impact {
            added,
            removed,
            unchanged,
            added_sample: ids(added_sample)?,
            removed_sample: ids(removed_sample)?,
        };
        let definition = self.definition.into_definition()?;
        if definition.version != self.version {
            return Err("its version is not that of its definition".into());
        }
        Ok(HeldDefinition { definition: Arc::new(definition), impact, reason: self.reason.into_owned() })
    }
}

/// `json` as it is; what is no JSON, against the promise of [`GroupDefinition::other`], as a text.
fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned())
        .or_else(|_| serde_json::value::to_raw_value(json))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}

impl<'a> SchemaValue<'a> {
    fn of(request: &'a SchemaRequest, version: u64) -> SchemaValue<'a> {
        let attributes = request.schema.attributes().map(|attribute| AttributeValue {
            object: attribute.object,
            name: attribute.name.as_ref().into(),
            r#type: attribute.value_type,
        });
        SchemaValue {
            format: FORMAT,
            kind: SCHEMA.into(),
            tenant: request.tenant.as_str().into(),
            version,
            attributes: attributes.collect(),
        }
    }

    fn into_definition(self) -> Result<AcceptedDefinition, String> {
        let attributes = self.attributes.into_iter().map(|attribute| DeclaredAttribute {
            object: attribute.object,
            name: Arc::from(attribute.name),
            value_type: attribute.r#type,
        });
        let schema = Arc::new(Schema::new(attributes).map_err(|error| error.to_string())?);
        let tenant = Tenant::new(&self.tenant).map_err(|rejection| rejection.message)?;
        Ok(AcceptedDefinition::Schema { request: SchemaRequest { tenant, schema }, version: self.version })
    }
}

impl<'a> LicensingValue<'a> {
    /// `None` for what ends with a null value.
    fn of(licensing: &'a AcceptedLicensing) -> Option<LicensingValue<'a>> {
        Some(LicensingValue {
            format: FORMAT,
            kind: LICENSING.into(),
            version: licensing.version,
            source: SourceValue::of(&licensing.source),
            line: raw(licensing.line.as_ref()?),
        })
    }

    fn into_definition(self) -> Result<AcceptedDefinition, String> {
        let line = self.line.get();
        let input = crate::decode_licensing(line.as_bytes(), &Arc::new(Schema::default()));
        Ok(AcceptedDefinition::Licensing(AcceptedLicensing {
            input: input.map_err(|rejection| rejection.message)?,
            line: Some(line.into()),
            version: self.version,
            source: self.source.into_source(),
        }))
    }
}

impl<'a> SourceValue<'a> {
    fn of(source: &'a Source) -> SourceValue<'a> {
        match source {
            Source::File { file, line } => SourceValue::File { file: file.as_ref().into(), line: *line },
            Source::Topic { topic, partition, offset } => {
                SourceValue::Topic { topic: topic.as_ref().into(), partition: *partition, offset: *offset }
            }
        }
    }

    fn into_source(self) -> Source {
        match self {
            SourceValue::File { file, line } => Source::File { file: Arc::from(file), line },
            SourceValue::Topic { topic, partition, offset } => {
                Source::Topic { topic: Arc::from(topic), partition, offset }
            }
        }
    }
}

#[cfg(test)]
mod tests;

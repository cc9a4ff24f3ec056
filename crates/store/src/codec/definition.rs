//! A group's definition. Tenant and id are its key's.

use super::source::SourceV1;
use super::{Damage, read, write};
use muster_directory::{GroupDefinition, GroupId, GroupRule, ProcessingState, Tenant};
use muster_engine::storage::StorageError;
use muster_rule::Dialect;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct DefinitionV1<'a> {
    version: u64,
    created: u64,
    #[serde(borrow)]
    source: SourceV1<'a>,
    display_name: Option<&'a str>,
    #[serde(borrow)]
    rule: Option<RuleV1<'a>>,
    processing_state: ProcessingStateV1,
    /// Name and JSON text.
    #[serde(borrow)]
    other: Vec<(&'a str, &'a str)>,
}

#[derive(Serialize, Deserialize)]
struct RuleV1<'a> {
    text: &'a str,
    dialect: DialectV1,
}

#[derive(Serialize, Deserialize)]
enum DialectV1 {
    Entra,
    Extended,
}

#[derive(Serialize, Deserialize)]
enum ProcessingStateV1 {
    On,
    Paused,
}

pub(crate) fn encode(definition: &GroupDefinition) -> Result<Vec<u8>, StorageError> {
    let dialect = |dialect| match dialect {
        Dialect::Entra => DialectV1::Entra,
        Dialect::Extended => DialectV1::Extended,
    };
    let rule = definition.rule.as_ref();
    let record = DefinitionV1 {
        version: definition.version,
        created: definition.created,
        source: SourceV1::from(&definition.source),
        display_name: definition.display_name.as_deref(),
        rule: rule.map(|rule| RuleV1 { text: &rule.text, dialect: dialect(rule.dialect) }),
        processing_state: match definition.processing_state {
            ProcessingState::On => ProcessingStateV1::On,
            ProcessingState::Paused => ProcessingStateV1::Paused,
        },
        other: definition.other.iter().map(|(name, json)| (&**name, &**json)).collect(),
    };
    write(1, &record)
}

pub(crate) fn decode(tenant: &Tenant, id: &GroupId, bytes: &[u8]) -> Result<GroupDefinition, Damage> {
    match super::open(bytes)? {
        (1, payload) => Ok(read::<DefinitionV1<'_>>(payload)?.into_definition(tenant, id)),
        (version, _) => Err(Damage::version(version)),
    }
}

impl DefinitionV1<'_> {
    fn into_definition(self, tenant: &Tenant, id: &GroupId) -> GroupDefinition {
        let dialect = |dialect| match dialect {
            DialectV1::Entra => Dialect::Entra,
            DialectV1::Extended => Dialect::Extended,
        };
        GroupDefinition {
            tenant: tenant.clone(),
            id: id.clone(),
            version: self.version,
            created: self.created,
            source: self.source.into(),
            display_name: self.display_name.map(Into::into),
            rule: self.rule.map(|rule| GroupRule { text: rule.text.into(), dialect: dialect(rule.dialect) }),
            processing_state: match self.processing_state {
                ProcessingStateV1::On => ProcessingState::On,
                ProcessingStateV1::Paused => ProcessingState::Paused,
            },
            other: self.other.into_iter().map(|(name, json)| (name.into(), json.into())).collect(),
        }
    }
}

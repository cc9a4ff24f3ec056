//! The groups and schemas in force: beside the objects, where `replay` keeps them, or in a service's log.

use super::is_paused;
use crate::config::Config;
use crate::failure::Failure;
use crate::serve::{failure, open_log};
use anyhow::anyhow;
use muster_directory::{GroupDefinition, GroupId, Tenant};
use muster_engine::storage::{RecordImage, Restore, Storage, StorageError};
use muster_rule::Schema;
use muster_store::Store;
use muster_stream::log::{ReadLimits, TopicPartition};
use muster_wire::AcceptedDefinition;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long a log may be silent that has records.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is in force.
#[derive(Default)]
pub(super) struct Definitions {
    pub(super) schemas: BTreeMap<Tenant, Arc<Schema>>,
    pub(super) groups: BTreeMap<(Tenant, GroupId), GroupDefinition>,
    /// Lines of licensing, by the keys of their definitions.
    pub(super) licensing: BTreeMap<Vec<u8>, Box<str>>,
}

impl Definitions {
    /// As they are stored.
    pub(super) fn stored(storage: &Store) -> Result<Definitions, Failure> {
        let mut definitions = Definitions::default();
        for number in storage.partitions()? {
            storage.load(number, &mut definitions)?;
        }
        Ok(definitions)
    }

    /// As the service's definitions topic has them.
    pub(super) fn logged(config: &Config) -> Result<Definitions, Failure> {
        let log = open_log(config).map_err(failure)?;
        let topic = TopicPartition::new(config.topics.definitions.as_str(), 0);
        let bounds = log.bounds(&topic).map_err(failure)?;
        let mut reader = log.reader(ReadLimits::default()).map_err(failure)?;
        reader.assign(&topic, bounds.first).map_err(failure)?;
        let mut definitions = Definitions::default();
        let mut heard = Instant::now();
        loop {
            let Some(batch) = reader.poll(Duration::from_millis(100)).map_err(failure)? else {
                if heard.elapsed() > PATIENCE {
                    return Err(Failure::Fault(anyhow!("the definitions cannot be read: is the log there?")));
                }
                continue;
            };
            heard = Instant::now();
            for record in &batch.records {
                let accepted = AcceptedDefinition::from_record(&record.as_wire());
                definitions.take(accepted.map_err(|error| Failure::Fault(error.into()))?);
            }
            if batch.at_end {
                return Ok(definitions);
            }
        }
    }

    /// The groups whose members no rule says.
    pub(super) fn paused(&self) -> BTreeSet<(Tenant, GroupId)> {
        let paused = self.groups.iter().filter(|(_, definition)| is_paused(definition));
        paused.map(|(key, _)| key.clone()).collect()
    }

    fn take(&mut self, accepted: AcceptedDefinition) {
        let key = accepted.to_record().key.unwrap_or_default();
        match accepted {
            AcceptedDefinition::Licensing(accepted) => match accepted.line {
                Some(line) => drop(self.licensing.insert(key, line)),
                None => drop(self.licensing.remove(&key)),
            },
            AcceptedDefinition::Group(definition) => {
                self.groups.insert((definition.tenant.clone(), definition.id.clone()), definition);
            }
            AcceptedDefinition::GroupDeleted { tenant, id, .. } => drop(self.groups.remove(&(tenant, id))),
            // What waits is not in force.
            AcceptedDefinition::Held(_) | AcceptedDefinition::HeldEnded { .. } => {}
            AcceptedDefinition::Schema { request, .. } => {
                self.schemas.insert(request.tenant, request.schema);
            }
        }
    }
}

impl Restore for Definitions {
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        match record {
            RecordImage::Schema(tenant, Some((_, request))) => {
                self.schemas.insert(tenant, request.schema);
            }
            RecordImage::Definition(tenant, id, Some(definition)) => {
                self.groups.insert((tenant, id), definition);
            }
            _ => {}
        }
        Ok(())
    }
}

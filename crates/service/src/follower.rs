//! From the definitions topic to the catalog that all partitions share.

use crate::Fault;
use crate::limits::PatternWatch;
use crate::shared::Shared;
use muster_engine::{Catalog, Decides, Definition};
use muster_stream::log::{Batch, ReadLimits, Reader, Record, TopicPartition};
use muster_wire::{AcceptedDefinition, AcceptedLicensing};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one poll waits; a stop is noticed after that at the latest.
const POLL: Duration = Duration::from_millis(20);
/// So many definitions may wait for a partition before the follower waits for it.
const MAX_QUEUED: usize = 4_096;
/// How often it is told which patterns reached their limit.
const TELL_PERIOD: Duration = Duration::from_secs(1);

/// Follows the definitions.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    reader: Box<dyn Reader>,
    patterns: PatternWatch,
}

impl Follower {
    /// Reads the definitions to the end there is now, and puts them in force.
    pub(crate) fn start(shared: Arc<Shared>) -> Result<Follower, Fault> {
        let topic = TopicPartition::new(Arc::clone(&shared.options.topics.definitions), 0);
        let bounds = shared.log.bounds(&topic)?;
        let mut reader = shared.log.reader(ReadLimits::default())?;
        reader.assign(&topic, bounds.first)?;
        let mut follower = Follower { shared, reader, patterns: PatternWatch::default() };
        // Offsets may have gaps at the end, so the reader is asked whether it got there.
        let mut at_end = bounds.first == bounds.next;
        let mut waited = Instant::now();
        while !at_end && !follower.shared.stop.is_requested() {
            if waited.elapsed() > follower.shared.options.definitions_wait {
                // Never without them: groups whose definitions are unknown would be emptied.
                tracing::warn!("the definitions are still being read: is the log there?");
                waited = Instant::now();
            }
            if let Some(batch) = follower.reader.poll(POLL)? {
                at_end = batch.at_end;
                follower.follow(&batch)?;
            }
        }
        follower.shared.definitions_are_read();
        Ok(follower)
    }

    /// Follows until the service stops.
    pub(crate) fn run(mut self) -> Result<(), Fault> {
        let mut told = Instant::now();
        while !self.shared.stop.is_requested() {
            if told.elapsed() >= TELL_PERIOD {
                self.patterns.tell(&*self.shared.observer);
                told = Instant::now();
            }
            if self.shared.longest_queue() > MAX_QUEUED {
                std::thread::sleep(POLL);
            } else if let Some(batch) = self.reader.poll(POLL)? {
                self.follow(&batch)?;
            }
        }
        Ok(())
    }

    fn follow(&mut self, batch: &Batch) -> Result<(), Fault> {
        let mut definitions = Vec::with_capacity(batch.records.len());
        for record in &batch.records {
            // What only licensing acts on is for its own reader.
            let ReadDefinition::Engine(definition) = read_definition(record, &self.shared.catalog())? else {
                continue;
            };
            self.patterns.learn(&definition);
            let schema = matches!(definition, Definition::Schema { .. });
            definitions.push(definition);
            if schema {
                // The rules behind it are compiled by it.
                self.shared.put_in_force(std::mem::take(&mut definitions));
            }
        }
        self.shared.put_in_force(definitions);
        Ok(())
    }
}

/// What a record of the definitions is.
pub(crate) enum ReadDefinition {
    /// For engines.
    Engine(Definition),
    /// For licensing.
    Licensing(AcceptedLicensing),
}

/// The definition of a record, its rule compiled under the tenant's schema in `catalog`.
pub(crate) fn read_definition(record: &Record, catalog: &Catalog) -> Result<ReadDefinition, Fault> {
    let accepted = AcceptedDefinition::from_record(&record.as_wire())?;
    Ok(ReadDefinition::Engine(match accepted {
        AcceptedDefinition::Group(definition) => {
            let decides = catalog.decides(&definition);
            if let Decides::Nobody(reason) = &decides {
                tracing::error!(
                    group = %definition.id,
                    tenant = %definition.tenant,
                    reason,
                    "the rule does not compile in this version: the group is frozen; edit its rule"
                );
            }
            Definition::Group { definition: Arc::new(definition), decides }
        }
        AcceptedDefinition::GroupDeleted { tenant, id, version, source } => {
            Definition::GroupDeleted { tenant, id, version, source }
        }
        AcceptedDefinition::Held(held) => Definition::Held(Arc::new(held)),
        AcceptedDefinition::HeldEnded { tenant, id, version, source } => {
            Definition::HeldEnded { tenant, id, version, source }
        }
        AcceptedDefinition::Schema { request, version } => Definition::Schema { request, version },
        AcceptedDefinition::Licensing(licensing) => return Ok(ReadDefinition::Licensing(licensing)),
    }))
}

//! One registrar and one partition in step: every event is complete before the next one is read. What
//! `replay` runs, and what a service with several partitions is measured against.

use crate::storage::{Entry, Positions, RecordImage, Storage, StorageError};
use crate::{
    Budget, Catalog, Definition, Endings, Interpret, Partition, PartitionCounts, Registrar, Request,
    Restoring,
};
use muster_directory::{DeadLetter, Event, Instant, Rejection, Source, Tenant};
use muster_index::IndexKind;
use muster_rule::{Dialect, Schema};
use std::sync::Arc;

/// The number of the only partition.
const PARTITION: u16 = 0;

/// What an engine is made with.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Which index finds the affected rules.
    pub index: IndexKind,
    /// The dialect of rules that name none.
    pub dialect: Dialect,
    /// Where the clock starts, when nothing is stored yet.
    pub clock: Instant,
}

/// A whole engine over a single stream of events.
pub struct Engine {
    catalog: Catalog,
    registrar: Registrar,
    /// The ordinal of the last request, refused ones included.
    last_version: u64,
    partition: Partition,
    interpret: Arc<dyn Interpret>,
    /// Definitions put in force since the last entry.
    definitions: Vec<RecordImage>,
    positions: Positions,
}

impl Engine {
    /// The engine as it was last committed to `storage`, or a new one. `source` stands for the request behind
    /// deltas that a restart causes.
    ///
    /// # Errors
    /// The store's.
    pub fn restore(
        storage: &dyn Storage,
        options: &EngineOptions,
        interpret: Arc<dyn Interpret>,
        source: &Source,
    ) -> Result<Engine, StorageError> {
        let (mut last_version, mut positions) = (0, Positions::new());
        let restoring = match storage.head(PARTITION)? {
            Some(head) => {
                let mut restoring = Restoring::new(options.index, Partition::after(&head));
                storage.load(PARTITION, &mut restoring)?;
                last_version = head.definitions_position;
                positions = head.positions;
                restoring
            }
            None => Restoring::new(options.index, Partition::new(options.clock)),
        };
        let (catalog, mut partition) = restoring.finish();
        // No line ends before it is applied whole: no deletion was interrupted.
        partition.restored(&catalog, source, &Endings::default());
        while partition.synchronise(&catalog, Budget::Whole) {}
        let registrar = Registrar { default_dialect: options.dialect };
        let definitions = Vec::new();
        Ok(Engine { catalog, registrar, last_version, partition, interpret, definitions, positions })
    }

    /// How far the inputs had been read at the last entry.
    #[must_use]
    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    /// The attributes that a tenant declares, by which its events are to be read.
    #[must_use]
    pub fn schema(&self, tenant: &Tenant) -> &Arc<Schema> {
        self.catalog.tenant(tenant).schema()
    }

    /// The time at which the engine decides.
    #[must_use]
    pub fn clock(&self) -> Instant {
        self.partition.clock()
    }

    /// The definitions in force.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Applies one event whole.
    ///
    /// # Errors
    /// A refusal; the event has no effect then, and the caller makes a dead letter of it.
    pub fn feed(&mut self, event: Event, source: &Source) -> Result<(), Rejection> {
        match event {
            Event::Object(change) => self.partition.change(&self.catalog, change, source),
            Event::Tombstone(tombstone) => {
                self.partition.end(&self.catalog, tombstone, source);
                Ok(())
            }
            Event::Listing(change) => {
                self.partition.listing(&self.catalog, change, source);
                Ok(())
            }
            Event::Clock(to) => {
                self.partition.advance(&self.catalog, to, source);
                Ok(())
            }
            Event::Group(request) => self.request(Request::Group(request), source),
            Event::Schema(request) => self.request(Request::Schema(request), source),
        }
    }

    /// Adds a refused input to the open step.
    pub fn refuse(&mut self, letter: DeadLetter) {
        self.partition.refuse(letter);
    }

    /// See [`Partition::step_len`].
    #[must_use]
    pub fn step_len(&self) -> usize {
        self.partition.step_len() + self.definitions.len()
    }

    /// Closes the open step; `positions` is how far the inputs have been read.
    pub fn take_entry(&mut self, positions: Positions) -> Entry {
        self.positions.clone_from(&positions);
        let definitions = std::mem::take(&mut self.definitions);
        let mut entry = self.partition.take_entry(positions, self.last_version, definitions);
        // Every group is current again before the next line is read: there is no state to watch.
        entry.statuses.clear();
        entry
    }

    /// Sizes and work done.
    #[must_use]
    pub fn counts(&self) -> PartitionCounts {
        self.partition.counts()
    }

    fn request(&mut self, request: Request, source: &Source) -> Result<(), Rejection> {
        self.last_version += 1;
        let decision = self.registrar.decide(&self.catalog, request, self.last_version, source)?;
        let Some(definition) = decision else { return Ok(()) };
        self.catalog.apply(&definition);
        self.partition.define(&self.catalog, &definition, &*self.interpret, Budget::Whole);
        self.definitions.push(match definition {
            Definition::Group { definition, .. } => RecordImage::Definition(
                definition.tenant.clone(),
                definition.id.clone(),
                Some((*definition).clone()),
            ),
            Definition::GroupDeleted { tenant, id, .. } => RecordImage::Definition(tenant, id, None),
            Definition::Schema { request, version } => {
                RecordImage::Schema(request.tenant.clone(), Some((version, request)))
            }
            // Nothing is held here: there is no brake.
            Definition::Held(_) | Definition::HeldEnded { .. } => return Ok(()),
        });
        Ok(())
    }
}

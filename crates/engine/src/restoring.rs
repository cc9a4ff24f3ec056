//! A catalog and one partition from a store's records: where they go as they are loaded.
//!
//! Definitions wait until all schemas are in force, by which their rules are compiled. What is behind its
//! definition is for [`Partition::restored`] to find.

use crate::storage::{RecordImage, Restore, StorageError};
use crate::{Catalog, Evaluator, Partition};
use muster_directory::GroupDefinition;
use muster_index::IndexKind;
use std::sync::Arc;

/// Takes the records of a partition that keeps the definitions beside its own.
#[derive(Debug)]
pub struct Restoring {
    catalog: Catalog,
    partition: Partition,
    definitions: Vec<GroupDefinition>,
}

impl Restoring {
    /// No record yet; `partition` is where they go on.
    #[must_use]
    pub fn new(index: IndexKind, partition: Partition) -> Restoring {
        Restoring::evaluated_by(index, Evaluator::default(), partition)
    }

    /// The same, with rules that this evaluator understands.
    #[must_use]
    pub fn evaluated_by(index: IndexKind, evaluator: Evaluator, partition: Partition) -> Restoring {
        Restoring { catalog: Catalog::evaluated_by(index, evaluator), partition, definitions: Vec::new() }
    }

    /// What the records made, with every definition in force.
    #[must_use]
    pub fn finish(self) -> (Catalog, Partition) {
        let Restoring { mut catalog, partition, definitions } = self;
        for definition in definitions {
            catalog.restore_group(&Arc::new(definition));
        }
        (catalog, partition)
    }
}

impl Restore for Restoring {
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        match record {
            RecordImage::Definition(_, _, Some(definition)) => {
                self.definitions.push(definition);
                Ok(())
            }
            RecordImage::Schema(_, Some((_, request))) => {
                self.catalog.restore_schema(&request);
                Ok(())
            }
            record => self.partition.restore_record(record),
        }
    }
}

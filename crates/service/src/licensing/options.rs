//! What the licensing subscriber is started with.

use crate::ServiceOptions;
use muster_stream::log::TopicPartition;
use std::sync::Arc;

/// How the subscriber runs.
#[derive(Clone, Debug)]
pub struct LicensingOptions {
    /// Of the service whose deltas it reads: application, topics, partitions and limits.
    pub service: ServiceOptions,
}

impl LicensingOptions {
    /// The accepted definitions.
    pub(super) fn definitions(&self) -> TopicPartition {
        TopicPartition::new(Arc::clone(&self.service.topics.definitions), 0)
    }

    /// Every partition of the deltas.
    pub(super) fn deltas(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        let topic = &self.service.topics.deltas;
        (0..self.service.partitions.get()).map(|number| TopicPartition::new(Arc::clone(topic), number))
    }

    /// Every partition of every changes topic.
    pub(super) fn changes(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        self.service.topics.changes.iter().flat_map(|topic| {
            (0..self.service.partitions.get()).map(|number| TopicPartition::new(Arc::clone(topic), number))
        })
    }

    /// Everything that is read.
    pub(super) fn inputs(&self) -> Vec<TopicPartition> {
        [self.definitions()].into_iter().chain(self.changes()).chain(self.deltas()).collect()
    }
}

/// Under which name the position in an input is stored.
pub(super) fn position_name(of: &TopicPartition) -> String {
    format!("{}/{}", of.topic, of.partition)
}

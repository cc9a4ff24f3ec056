//! What a publisher publishes: a partition of the engine, or the licensing subscriber.
//!
//! The publisher knows entries, markers and transactions; where the entries lie, what records they become and
//! who is told, it asks its subject.

use super::render::{Renderer, weight};
use crate::Fault;
use crate::observe::PartitionState;
use crate::shared::Shared;
use crate::standby::Copy;
use crate::stop::Stop;
use muster_engine::publisher::{Limits, Ownership, Weight};
use muster_engine::storage::{ChangelogFormat, Entry, PartitionNumber, Positions, Storage};
use muster_stream::log::{Log, NewRecord, TopicPartition};
use muster_wire::DeltaOrigin;
use std::sync::Arc;
use std::time::Duration;

/// What is published.
pub(crate) trait Subject: Send + Sync {
    /// For people, as in `partition 3`.
    fn name(&self) -> String;

    /// The writer's name within the application.
    fn writer(&self) -> String;

    /// Where its entries lie.
    fn storage(&self) -> &dyn Storage;

    /// Under which number.
    fn store_number(&self) -> PartitionNumber;

    /// Where they go.
    fn log(&self) -> &dyn Log;

    /// What asks it to end.
    fn stop(&self) -> &Stop;

    /// The copy that a standby of ours left, for whoever takes it over; the next to ask gets none.
    fn copy(&self) -> Option<Copy> {
        None
    }

    /// Whether it is ours, asked after somebody fenced its writer.
    fn ownership(&self) -> Ownership {
        Ownership::Ours
    }

    /// Takes note that it is somebody else's.
    ///
    /// # Errors
    /// Where there is nobody who could take it over.
    fn give_up(&self) -> Result<(), Fault> {
        let reason = "somebody else publishes it under the same `application`";
        Err(Fault::Contradiction(format!("{}: {reason}", self.name())))
    }

    /// Where the state of what it publishes is kept, and how it is spelt; `None` where it is not.
    fn changelog(&self) -> Option<(TopicPartition, &dyn ChangelogFormat)> {
        None
    }

    /// What it writes with dense sequences: the output that is checked for gaps and duplicates, if any.
    fn output(&self) -> Option<TopicPartition> {
        None
    }

    /// It came into this state.
    fn state(&self, _state: PartitionState) {}

    /// So many records were restored, and about so many offsets of the changelog are left.
    fn restoring(&self, _records: u64, _left: u64) {}

    /// How much goes into one transaction, and how much may wait.
    fn limits(&self) -> Limits;

    /// The partitions that it reads: a transaction says how far.
    fn inputs(&self) -> Vec<TopicPartition>;

    /// Under which name the position in an input is in the entries.
    fn position_name(&self, input: &TopicPartition) -> String;

    /// What publishing an entry takes, about.
    fn weight(&self, entry: &Entry) -> Weight;

    /// Appends the records that an entry is published as.
    fn render(&self, entry: &Entry, records: &mut Vec<NewRecord>);

    /// Why nothing is published, or that something is.
    fn stalled(&self, reason: Option<String>);

    /// A transaction was committed, after so long.
    fn wrote(&self, took: Duration);

    /// What is published by now, and how many entries are not.
    fn reached(&self, entry: u64, positions: &Positions, waiting: u64);
}

/// A partition of the engine.
pub(crate) struct PartitionSubject {
    shared: Arc<Shared>,
    partition: u32,
    stop: Arc<Stop>,
    renderer: Renderer,
}

/// How often a member of the group is heard of at least, unless its session is shorter.
const HEARTBEAT: Duration = Duration::from_secs(3);

impl PartitionSubject {
    /// A partition that is to be worked on until then.
    pub(crate) fn new(shared: Arc<Shared>, partition: u32, stop: Arc<Stop>) -> PartitionSubject {
        let options = &shared.options;
        let renderer = Renderer {
            topics: options.topics.clone(),
            partition,
            origin: DeltaOrigin::new(&options.application, partition, options.partitions),
        };
        PartitionSubject { shared, partition, stop, renderer }
    }
}

impl Subject for PartitionSubject {
    fn name(&self) -> String {
        format!("partition {}", self.partition)
    }

    fn writer(&self) -> String {
        format!("{}-{}", self.shared.options.application, self.partition)
    }

    fn storage(&self) -> &dyn Storage {
        &*self.shared.storage
    }

    fn store_number(&self) -> PartitionNumber {
        store_number(self.partition)
    }

    fn log(&self) -> &dyn Log {
        &*self.shared.log
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }

    fn copy(&self) -> Option<Copy> {
        self.shared.copies.take(self.partition)
    }

    /// An instance that slept through its session learns so by its next heartbeat; until then the partition only
    /// seems to be its own, and taking it over would fence the one that has it.
    fn ownership(&self) -> Ownership {
        let heartbeat = HEARTBEAT.min(self.shared.options.session_timeout / 3);
        if self.stop.wait(heartbeat) { Ownership::Lost } else { Ownership::Ours }
    }

    fn give_up(&self) -> Result<(), Fault> {
        tracing::warn!(
            partition = self.partition,
            "another instance publishes the partition: it is given up"
        );
        self.stop.cut();
        Ok(())
    }

    fn changelog(&self) -> Option<(TopicPartition, &dyn ChangelogFormat)> {
        let topic = self.shared.options.topics.changelog.as_ref()?;
        Some((TopicPartition::new(Arc::clone(topic), self.partition), &*self.shared.format))
    }

    fn output(&self) -> Option<TopicPartition> {
        Some(TopicPartition::new(Arc::clone(&self.shared.options.topics.deltas), self.partition))
    }

    fn state(&self, state: PartitionState) {
        self.shared.observer.state(self.partition, state);
    }

    fn restoring(&self, records: u64, left: u64) {
        self.shared.observer.restoring(self.partition, records, left);
    }

    fn limits(&self) -> Limits {
        self.shared.options.publishing()
    }

    fn inputs(&self) -> Vec<TopicPartition> {
        let topics = self.shared.options.topics.changes.iter();
        topics.map(|topic| TopicPartition::new(Arc::clone(topic), self.partition)).collect()
    }

    fn position_name(&self, input: &TopicPartition) -> String {
        input.topic.to_string()
    }

    fn weight(&self, entry: &Entry) -> Weight {
        weight(&self.shared.options.topics, entry)
    }

    fn render(&self, entry: &Entry, records: &mut Vec<NewRecord>) {
        self.renderer.render(entry, records);
    }

    fn stalled(&self, reason: Option<String>) {
        self.shared.progress.stalled(self.partition, reason);
    }

    fn wrote(&self, took: Duration) {
        self.shared.observer.published(self.partition, took);
    }

    fn reached(&self, entry: u64, positions: &Positions, waiting: u64) {
        self.shared.progress.published(self.partition, entry, positions);
        self.shared.observer.outbox(self.partition, waiting);
    }
}

/// A partition's number in the store, where the highest are reserved. More partitions than that are refused
/// when the service starts.
pub(crate) fn store_number(partition: u32) -> PartitionNumber {
    PartitionNumber::try_from(partition).unwrap_or(PartitionNumber::MAX)
}

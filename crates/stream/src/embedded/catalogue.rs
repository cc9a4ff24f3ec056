//! The topics and partitions of the embedded log, in memory as on the disk: what exists, where each
//! partition begins and ends. What is here is committed; readers see no further.

use super::codec;
use super::database::{Database, Family};
use super::key::{self, PartitionId};
use crate::log::{Bounds, LogError, Policy, TopicDifference, TopicPartition, TopicSpec};
use muster_directory::Instant;
use std::collections::BTreeMap;

/// The end of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The offset of the next record.
    pub(super) next: u64,
    /// The bytes of all records ever written.
    pub(super) bytes: u64,
    /// When the last of them was.
    pub(super) timestamp: Instant,
}

/// How far a partition of a compacted topic is compacted, and what stayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Compacted {
    /// Records before this offset have been looked at.
    pub(super) before: u64,
    /// So many of these stayed.
    pub(super) kept: u64,
    /// The oldest tombstone among those.
    pub(super) oldest_tombstone: Option<Instant>,
}

/// A partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partition {
    pub(super) id: PartitionId,
    pub(super) policy: Policy,
    /// The first offset that is not deleted; 0 in a compacted topic.
    pub(super) first: u64,
    pub(super) tail: Tail,
    pub(super) compacted: Compacted,
}

impl Partition {
    pub(super) fn bounds(&self) -> Bounds {
        Bounds { first: self.first, next: self.tail.next }
    }
}

struct Topic {
    policy: Policy,
    partitions: Vec<Partition>,
}

/// All topics by name.
pub(super) struct Catalogue {
    topics: BTreeMap<String, Topic>,
    next_id: u32,
}

impl Catalogue {
    pub(super) fn load(database: &Database) -> Result<Catalogue, LogError> {
        let mut catalogue = Catalogue { topics: BTreeMap::new(), next_id: 1 };
        let range = key::topics();
        let mut scan = database.scan(Family::Meta, &range.start[..]..&range.end[..])?;
        while let Some((name, bytes)) = scan.entry()? {
            let place = || format!("the log's topic `{}`", name.escape_ascii());
            let name = key::topic_name(name).ok_or("its name is not UTF-8").map_err(damaged(place))?;
            let (topic, count, policy) = codec::topic(bytes).map_err(damaged(place))?;
            let partitions = (0..count)
                .map(|partition| load_partition(database, PartitionId { topic, partition }, policy))
                .collect::<Result<_, _>>()?;
            catalogue.topics.insert(name.to_owned(), Topic { policy, partitions });
            catalogue.next_id = catalogue.next_id.max(topic.saturating_add(1));
            scan.advance();
        }
        Ok(catalogue)
    }

    /// Adds a topic, durably, unless there is one of this name; whether it did.
    pub(super) fn create(&mut self, database: &Database, spec: &TopicSpec) -> Result<bool, LogError> {
        if self.topics.contains_key(&spec.name) {
            return Ok(false);
        }
        let (id, policy) = (self.next_id, spec.policy);
        let value = codec::put_topic(id, spec.partitions, policy);
        database.put(Family::Meta, &key::topic(&spec.name), &value)?;
        self.next_id = id.saturating_add(1);
        let partitions = (0..spec.partitions)
            .map(|partition| Partition::empty(PartitionId { topic: id, partition }, policy))
            .collect();
        self.topics.insert(spec.name.clone(), Topic { policy, partitions });
        Ok(true)
    }

    pub(super) fn differences(&self, spec: &TopicSpec) -> Vec<TopicDifference> {
        let topic = spec.name.clone();
        let Some(found) = self.topics.get(&topic) else {
            return vec![TopicDifference::Missing { topic }];
        };
        let mut differences = Vec::new();
        let count = found.count();
        if count != spec.partitions {
            let (topic, expected) = (topic.clone(), spec.partitions);
            differences.push(TopicDifference::Partitions { topic, expected, found: count });
        }
        let (expected, found) = (spec.policy.name(), found.policy.name());
        if expected != found {
            differences.push(TopicDifference::Policy { topic, expected, found: found.to_owned() });
        }
        differences
    }

    pub(super) fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        match self.topics.get(topic) {
            Some(found) => Ok(found.count()),
            None => Err(LogError::UnknownTopic { topic: topic.to_owned() }),
        }
    }

    pub(super) fn find(&self, of: &TopicPartition) -> Result<&Partition, LogError> {
        let Some(topic) = self.topics.get(&*of.topic) else {
            return Err(LogError::UnknownTopic { topic: of.topic.to_string() });
        };
        topic
            .partitions
            .get(of.partition as usize)
            .ok_or_else(|| LogError::UnknownPartition { of: of.clone(), partitions: topic.count() })
    }

    /// The partition of this number, which exists.
    pub(super) fn update(&mut self, id: PartitionId, change: impl FnOnce(&mut Partition)) {
        let mut partitions = self.topics.values_mut().flat_map(|topic| &mut topic.partitions);
        if let Some(partition) = partitions.find(|partition| partition.id == id) {
            change(partition);
        }
    }

    /// Every partition, with the name of its topic.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Partition)> {
        self.topics
            .iter()
            .flat_map(|(name, topic)| topic.partitions.iter().map(move |of| (name.as_str(), of)))
    }
}

impl Topic {
    fn count(&self) -> u32 {
        // As many as a `u32` in the specification said.
        u32::try_from(self.partitions.len()).unwrap_or(u32::MAX)
    }
}

impl Partition {
    fn empty(id: PartitionId, policy: Policy) -> Partition {
        let tail = Tail { next: 0, bytes: 0, timestamp: Instant::MIN };
        Partition { id, policy, first: 0, tail, compacted: Compacted::default() }
    }
}

fn load_partition(database: &Database, id: PartitionId, policy: Policy) -> Result<Partition, LogError> {
    let place = || format!("the log's partition {} of topic number {}", id.partition, id.topic);
    let mut partition = Partition::empty(id, policy);
    if let Some(bytes) = database.get(Family::Meta, &id.tail())? {
        partition.tail = codec::tail(&bytes).map_err(damaged(place))?;
    }
    if let Some(bytes) = database.get(Family::Meta, &id.first())? {
        partition.first = codec::first(&bytes).map_err(damaged(place))?;
    }
    if let Some(bytes) = database.get(Family::Meta, &id.compacted())? {
        partition.compacted = codec::compacted(&bytes).map_err(damaged(place))?;
    }
    Ok(partition)
}

/// Bytes at this place that do not decode.
pub(super) fn damaged(place: impl FnOnce() -> String) -> impl FnOnce(&'static str) -> LogError {
    |reason| LogError::Damaged { place: place(), reason: reason.to_owned() }
}

//! Records, as they are written and as they are read.

use muster_directory::{Header, Instant};
use std::fmt;
use std::sync::Arc;

/// The most bytes that key, value and headers of one record may have together. A little below what a
/// Kafka broker takes unless it is told otherwise, so that both logs refuse the same records.
pub const MAX_RECORD_BYTES: usize = 1_000_000;

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// From 0.
    pub partition: u32,
}

impl TopicPartition {
    /// This one.
    #[must_use]
    pub fn new(topic: impl Into<Arc<str>>, partition: u32) -> TopicPartition {
        TopicPartition { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partition {} of topic `{}`", self.partition, self.topic)
    }
}

/// A record to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// Where to.
    pub to: TopicPartition,
    /// What it is about. In a compacted topic each record must have one.
    pub key: Option<Vec<u8>>,
    /// `None` is a tombstone: it says that there is nothing of this key any more.
    pub value: Option<Vec<u8>>,
    /// In order.
    pub headers: Vec<Header>,
}

impl NewRecord {
    /// A record with key and value, without headers.
    #[must_use]
    pub fn new(to: TopicPartition, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> NewRecord {
        NewRecord { to, key: Some(key.into()), value: Some(value.into()), headers: Vec::new() }
    }

    /// The tombstone of a key.
    #[must_use]
    pub fn tombstone(to: TopicPartition, key: impl Into<Vec<u8>>) -> NewRecord {
        NewRecord { to, key: Some(key.into()), value: None, headers: Vec::new() }
    }

    /// A record that `wire` made, with its place.
    #[must_use]
    pub fn placed(to: TopicPartition, record: muster_wire::NewRecord) -> NewRecord {
        let muster_wire::NewRecord { key, value, headers } = record;
        NewRecord { to, key, value, headers }
    }

    /// How much of [`MAX_RECORD_BYTES`] it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let of = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers = self.headers.iter().map(|(name, value)| name.len() + of(value));
        of(&self.key) + of(&self.value) + headers.sum::<usize>()
    }
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the partition.
    pub offset: u64,
    /// When it was written: by the writer's clock on Kafka (unless the topic says otherwise), by the log's
    /// own in the embedded log.
    pub timestamp: Instant,
    /// See [`NewRecord::key`].
    pub key: Option<Vec<u8>>,
    /// See [`NewRecord::value`].
    pub value: Option<Vec<u8>>,
    /// In order.
    pub headers: Vec<Header>,
}

impl Record {
    /// As `wire` reads it.
    #[must_use]
    pub fn as_wire(&self) -> muster_wire::Record<'_> {
        let Record { key, value, headers, .. } = self;
        muster_wire::Record { key: key.as_deref(), value: value.as_deref(), headers }
    }
}

/// Records of one partition that follow on each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Where they are from.
    pub of: TopicPartition,
    /// In order; may be empty.
    pub records: Vec<Record>,
    /// Where to go on after them.
    pub next: u64,
    /// Whether these are followed by nothing, as far as the reader knew when it fetched them: all that
    /// was committed before it was assigned has then been returned.
    pub at_end: bool,
}

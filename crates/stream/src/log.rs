//! The log: topics made of partitions made of records, appended at the end and read from any offset.
//!
//! One set of traits, two implementations: [`EmbeddedLog`](crate::embedded::EmbeddedLog) on the local
//! disk and [`KafkaLog`](crate::kafka::KafkaLog). Everything blocks and is meant for threads of its own.
//! What both keep, and the tests run over both hold:
//! - Offsets grow within a partition. A [`Reader`] hands every committed record from its offset on, in
//!   order, or says [`LogError::OutOfRange`]; it never skips one silently. In a compacted topic only the
//!   last record of each key is sure to be there. On Kafka offsets have gaps, where markers of
//!   transactions lie; so nobody counts offsets.
//! - A [`Writer`] writes all of its records and its progress, or nothing, and at most one of each name
//!   can: making a writer fences the one before it.
//! - Nothing is visible to readers before it is as durable as the log makes it: on the disk here,
//!   acknowledged by all in-sync replicas there.
//!
//! *Bounds.* A reader holds one batch, and on Kafka a few MiB fetched ahead for each partition; whoever
//! is slow pauses it or does not poll. A writer and a producer hold what they were given and block until
//! it is written.
//!
//! What the bytes mean, the log does not know.

mod error;
mod member;
mod record;
mod topic;

pub use error::{AppendError, LogError, WriteError};
pub use member::{Departure, Joining, Member, Rebalance};
pub use record::{Batch, MAX_RECORD_BYTES, NewRecord, Record, TopicPartition};
pub(crate) use topic::check_name;
pub use topic::{Policy, Retention, TopicDifference, TopicSpec};

use std::time::Duration;

/// A log, on behalf of one application: progress and writers' names belong to it.
pub trait Log: Send + Sync {
    /// Makes the topics that do not exist yet, with the log's own default replication, and returns their
    /// names. What exists stays as it is: [`check_topics`](Self::check_topics) tells how it differs.
    ///
    /// # Errors
    /// `Refused` for a name or a number that the log does not take; `Unreachable`, `Failed`.
    fn create_topics(&self, topics: &[TopicSpec]) -> Result<Vec<String>, LogError>;

    /// What is not as specified, in the order of `topics`.
    ///
    /// # Errors
    /// `Unreachable`, `Refused`, `Failed`.
    fn check_topics(&self, topics: &[TopicSpec]) -> Result<Vec<TopicDifference>, LogError>;

    /// How many partitions a topic has.
    ///
    /// # Errors
    /// `UnknownTopic`; `Unreachable`, `Refused`.
    fn partitions(&self, topic: &str) -> Result<u32, LogError>;

    /// How long the tombstones of a compacted topic are kept: whoever read it longer ago may have missed some.
    ///
    /// # Errors
    /// `UnknownTopic`; `Unreachable`, `Refused`.
    fn tombstone_retention(&self, topic: &str) -> Result<Duration, LogError>;

    /// What a partition holds now, as far as it is committed.
    ///
    /// # Errors
    /// `UnknownTopic`, `UnknownPartition`; `Unreachable`, `Refused`.
    fn bounds(&self, of: &TopicPartition) -> Result<Bounds, LogError>;

    /// The last committed record of a partition, or `None` where it holds none. Looks backwards in steps,
    /// so that a long tail of aborted transactions costs time, not memory.
    ///
    /// # Errors
    /// As [`bounds`](Self::bounds), and `Damaged`.
    fn last_record(&self, of: &TopicPartition) -> Result<Option<Record>, LogError>;

    /// A reader without partitions.
    ///
    /// # Errors
    /// `Refused`, for a configuration that does not work.
    fn reader(&self, limits: ReadLimits) -> Result<Box<dyn Reader>, LogError>;

    /// A writer of this name within the application. Fences an earlier one of the same name, wherever it
    /// lives, and returns only when whatever that one had begun is either committed or void.
    ///
    /// # Errors
    /// `Unreachable` when that could not be settled in time: try again. `Refused`, `Failed`.
    fn writer(&self, name: &str) -> Result<Box<dyn Writer>, LogError>;

    /// A producer.
    ///
    /// # Errors
    /// `Refused`, for a configuration that does not work.
    fn producer(&self) -> Result<Box<dyn Producer>, LogError>;

    /// Joins the application's group. A log that belongs to one process has one member, which gets all
    /// partitions. The last member that a log joined by is the one that its writers write on behalf of.
    ///
    /// # Errors
    /// `UnknownTopic`; `Refused`, for a configuration that does not work.
    fn join(&self, joining: &Joining) -> Result<Box<dyn Member>, LogError> {
        Ok(Box::new(member::OnlyMember::of(self.partitions(&joining.topic)?)))
    }
}

/// What a partition holds: records at offsets in `first..next`, not necessarily at each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The first offset that can be read.
    pub first: u64,
    /// The offset at which what comes next will be read. On Kafka the offset before it need not be that of
    /// a record.
    pub next: u64,
}

/// How much a reader returns at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// At most so many records.
    pub records: usize,
    /// No further record once keys and values have so many bytes.
    pub bytes: usize,
}

impl Default for ReadLimits {
    /// 1,000 records, 1 MiB.
    fn default() -> ReadLimits {
        ReadLimits { records: 1_000, bytes: 1 << 20 }
    }
}

/// Reads partitions that it was explicitly assigned. Several are read in turn, so that none starves.
pub trait Reader: Send {
    /// Adds a partition, to be read from this offset on.
    ///
    /// # Errors
    /// `UnknownTopic`, `UnknownPartition`; `Unreachable`, `Refused`. Whether the offset is in range is told
    /// by [`poll`](Self::poll).
    fn assign(&mut self, of: &TopicPartition, from: u64) -> Result<(), LogError>;

    /// Gives a partition up; what was fetched of it and not returned is dropped.
    ///
    /// # Errors
    /// `NotAssigned`; `Failed`.
    fn unassign(&mut self, of: &TopicPartition) -> Result<(), LogError>;

    /// The next records of one partition, waiting for them up to `timeout`; `None` when none came.
    ///
    /// Each time a reader gets to the end of a partition, it says so once, by a batch with
    /// [`at_end`](Batch::at_end), which may be an empty one.
    ///
    /// # Errors
    /// `OutOfRange`, `UnknownTopic`, `Refused` and `Damaged` concern one partition, are told once and stop
    /// it, until [`seek`](Self::seek); the others go on. After `Failed` the reader is of no use any more. A
    /// broker that is away is no error: its records come when it is back.
    fn poll(&mut self, timeout: Duration) -> Result<Option<Batch>, LogError>;

    /// Returns nothing more of this partition until [`resume`](Self::resume). Costs nothing and loses
    /// nothing.
    ///
    /// # Errors
    /// `NotAssigned`.
    fn pause(&mut self, of: &TopicPartition) -> Result<(), LogError>;

    /// Undoes [`pause`](Self::pause).
    ///
    /// # Errors
    /// `NotAssigned`.
    fn resume(&mut self, of: &TopicPartition) -> Result<(), LogError>;

    /// Goes on at this offset; a paused partition stays paused.
    ///
    /// # Errors
    /// `NotAssigned`; `Unreachable`, `Failed`.
    fn seek(&mut self, of: &TopicPartition, offset: u64) -> Result<(), LogError>;
}

/// How far an application has come in a partition it reads, stored by a [`Writer`] in the same
/// transaction as what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The partition that is read.
    pub of: TopicPartition,
    /// The next offset to read.
    pub next: u64,
    /// The writer's own: at most [`MAX_METADATA_BYTES`](Self::MAX_METADATA_BYTES) of UTF-8.
    pub metadata: String,
}

impl Progress {
    /// As much as a Kafka broker takes unless it is told otherwise.
    pub const MAX_METADATA_BYTES: usize = 4_096;
}

/// Writes atomically. Of one name in an application only the latest writer can.
pub trait Writer: Send {
    /// The progress that was last committed for a partition, by any writer of the application. It is a
    /// method of the writer because only then it is the last: an earlier writer's transaction may be in
    /// doubt until this one was made.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn committed(&mut self, of: &TopicPartition) -> Result<Option<Progress>, WriteError>;

    /// Writes all of this or nothing, and returns when it is committed. Without anything to write it
    /// returns at once, and proves nothing.
    ///
    /// # Errors
    /// After any, drop this writer, make another of its name, and read [`committed`](Self::committed) to
    /// learn what came of it: this one writes nothing more.
    fn write(&mut self, records: &[NewRecord], progress: &[Progress]) -> Result<(), WriteError>;
}

/// Appends records, each for itself: in the order given within a partition as far as they succeed, but
/// not atomically. Calls from several threads share the cost of one commit.
pub trait Producer: Send + Sync {
    /// Appends, waits until it is durable, and answers for each record in its place: its offset.
    fn append(&self, records: Vec<NewRecord>) -> Vec<Result<u64, AppendError>>;
}

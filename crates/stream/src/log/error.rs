//! What can go wrong with a log, sorted by what the caller can do about it.

use super::{Bounds, TopicPartition};

/// A log could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No topic of that name.
    #[error("there is no topic `{topic}`: create it, or correct its name")]
    UnknownTopic {
        /// The name.
        topic: String,
    },
    /// Not so many partitions.
    #[error("topic `{}` has {partitions} partitions, so there is no partition {}", of.topic, of.partition)]
    UnknownPartition {
        /// What was asked for.
        of: TopicPartition,
        /// How many there are, counted from 0.
        partitions: u32,
    },
    /// What was to be read next is deleted already, or was never written.
    #[error(
        "offset {offset} of {of} cannot be read: what is there begins at {} and ends before {}",
        bounds.first, bounds.next
    )]
    OutOfRange {
        /// Where.
        of: TopicPartition,
        /// What was to be read.
        offset: u64,
        /// What can be.
        bounds: Bounds,
    },
    /// A reader was asked about a partition that it does not read.
    #[error("{of} is not assigned to this reader")]
    NotAssigned {
        /// The partition.
        of: TopicPartition,
    },
    /// The broker did not answer in time. It may later.
    #[error("cannot {action}: {reason}")]
    Unreachable {
        /// What was being done.
        action: String,
        /// What the client says.
        reason: String,
    },
    /// It does not work before somebody changes something: a setting, a right, a name.
    #[error("cannot {action}: {reason}")]
    Refused {
        /// What was asked.
        action: String,
        /// Why not.
        reason: String,
    },
    /// It belongs to one process at a time, and another has it.
    #[error("another process uses the log in `{place}`: end that first")]
    InUse {
        /// The log.
        place: String,
    },
    /// Bytes that are not what was written.
    #[error("damaged data in {place}: {reason}")]
    Damaged {
        /// Where.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The disk or the client failed for good. Restart.
    #[error("the log failed to {action}: {reason}")]
    Failed {
        /// What was being done.
        action: String,
        /// What it says.
        reason: String,
    },
}

/// A [`Writer`](super::Writer) could not write. In each case it writes nothing more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Another writer of this name was made; or, on Kafka, this one's transaction timed out, or the group
    /// was rebalanced meanwhile. Whether the partition is still ours must be asked elsewhere.
    #[error(
        "writer `{writer}` was fenced: another of its name was made, its transaction timed out, or the \
         group's assignment changed"
    )]
    Fenced {
        /// Its name.
        writer: String,
    },
    /// It may have been written or not.
    #[error("it is not known whether the records were written: {reason}")]
    Doubtful {
        /// What the client or the disk says.
        reason: String,
    },
    /// It was not written, and never will be as it is.
    #[error("a record for `{topic}` cannot be written: {reason}")]
    Refused {
        /// Where to.
        topic: String,
        /// Why not.
        reason: String,
    },
}

/// A [`Producer`](super::Producer) could not append one record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It may have been appended or not; appending it again may double it.
    #[error("it is not known whether the record was written: {reason}")]
    Doubtful {
        /// What the client or the disk says.
        reason: String,
    },
    /// It was not appended, and never will be as it is.
    #[error("a record for `{topic}` cannot be written: {reason}")]
    Refused {
        /// Where to.
        topic: String,
        /// Why not.
        reason: String,
    },
}

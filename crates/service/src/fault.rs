//! What stops a part of the service: ours or the surroundings', never a user's mistake.

use muster_engine::storage::StorageError;
use muster_engine::takeover::Refusal;
use muster_licensing::Gap;
use muster_stream::log::{LogError, WriteError};
use muster_wire::DefinitionError;

/// Why a thread of the service ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A writer, after every attempt to take over again.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A definition that this program cannot read.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// Deltas that licensing needs are missing.
    #[error(transparent)]
    Gap(#[from] Gap),
    /// What the store and the log say does not fit together.
    #[error("{0}")]
    Contradiction(String),
    /// A partition whose truth cannot be known.
    #[error("{of} is not started: {refusal}")]
    Refused {
        /// Which, for people.
        of: String,
        /// Why not.
        refusal: Box<Refusal>,
    },
    /// The state in memory is not the log's any more.
    #[error("somebody else had {of} meanwhile")]
    Overtaken {
        /// Which, for people.
        of: String,
    },
    /// The engine fails at one change, again and again.
    #[error(
        "{of}: the engine fails at offset {offset} of topic `{topic}`: {reason}. Report it, or give this change up: \
         `muster partitions skip` makes it a dead letter"
    )]
    Poisoned {
        /// Which partition, for people.
        of: String,
        /// Of the changes.
        topic: String,
        /// Of the change.
        offset: u64,
        /// What the panic said.
        reason: String,
    },
    /// The service was stopped before this part of it had begun.
    #[error("it was stopped while it started")]
    Stopped,
    /// A thread panicked.
    #[error("{0} ended unexpectedly; the log above has the reason")]
    Panic(String),
}

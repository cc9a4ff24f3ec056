//! What stops a part of the service: ours or the surroundings', never a user's mistake.

use muster_engine::storage::StorageError;
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
    /// What the store and the log say does not fit together.
    #[error("{0}")]
    Contradiction(String),
    /// The service was stopped before this part of it had begun.
    #[error("it was stopped while it started")]
    Stopped,
    /// A thread panicked.
    #[error("{0} ended unexpectedly; the log above has the reason")]
    Panic(String),
}

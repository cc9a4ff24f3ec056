//! What the routes ask of the service behind them.
//!
//! The calls may block: each runs on a thread where that is allowed, and no more of them run at once
//! than [`router`](crate::router) bounds. How the service is made, of which threads and over which log,
//! this crate does not know.

use crate::Problem;
use std::sync::Arc;
use std::time::Instant;

/// A running service.
pub trait Service: Send + Sync + 'static {
    /// Why it is not ready, a sentence each; empty when every partition is restored and has read the
    /// definitions.
    fn not_ready(&self) -> Vec<String>;

    /// All metrics in Prometheus's text format.
    fn metrics(&self) -> String;

    /// Takes event lines, none of them blank and none with its line break: each to the topic and the
    /// partition it belongs on. Answers for each in its place: where it lies now, durably, or why it was
    /// not taken.
    ///
    /// # Errors
    /// When the log takes no lines at all. None of these was taken.
    fn submit(&self, lines: &[&[u8]]) -> Result<Vec<Result<Position, Problem>>, Problem>;

    /// Waits until the events at all of these positions are applied, and the groups that were asked for
    /// there are current in every partition. Returns at `deadline` at the latest, and early when the
    /// service ends.
    ///
    /// # Errors
    /// When they will not be applied by this process: a partition has stopped, or the service ends.
    fn wait_applied(&self, positions: &[Position], deadline: Instant) -> Result<Waited, Problem>;

    /// Up to `limit` delta lines of a partition in the order of their sequences, the first of them with
    /// the sequence `from`; nothing when that one is the next to come.
    ///
    /// # Errors
    /// When the partition does not exist or does not hold these sequences, and for faults.
    fn deltas(&self, partition: u32, from: u64, limit: usize) -> Result<Vec<u8>, DeltasError>;
}

/// Where an event lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The topic's name.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: u32,
    /// The offset there.
    pub offset: u64,
}

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Everything is applied.
    Applied,
    /// The deadline came first.
    TimedOut,
}

/// Why there are no delta lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeltasError {
    /// There is no such partition.
    #[error("there is no such partition: they are numbered from 0, and there are {partitions}")]
    UnknownPartition {
        /// How many there are.
        partitions: u32,
    },
    /// They are no longer kept.
    #[error("deltas of that sequence are no longer kept: the first one that is has the sequence {first}")]
    Expired {
        /// The first sequence that is kept.
        first: u64,
    },
    /// There are not so many yet.
    #[error("there are no deltas of that sequence yet: the next one will have the sequence {next}")]
    Ahead {
        /// The sequence that comes next.
        next: u64,
    },
    /// They cannot be read.
    #[error("{0}")]
    Fault(Problem),
}

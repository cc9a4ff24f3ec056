//! What a service tells about its work, to whoever measures it. Nothing depends on anybody listening.

use muster_directory::{DeadLetter, Delta, GroupId, Tenant};
use muster_engine::GroupBehind;
use muster_stream::log::Rebalance;
use std::time::Duration;

/// One turn of a partition that did something.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// Which partition.
    pub partition: u32,
    /// Records that were read, refused ones included.
    pub records: u64,
    /// Changes that the index was asked about.
    pub changes: u64,
    /// Rules that it had to evaluate for them.
    pub rules: u64,
    /// What was committed.
    pub deltas: &'a [Delta],
    /// What was refused.
    pub dead_letters: &'a [DeadLetter],
    /// Groups that are not yet what their definition says.
    pub behind: &'a [GroupBehind],
    /// How long the synced commit took.
    pub commit: Duration,
}

/// What a partition is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionState {
    /// It is taken over, its state restored or loaded.
    Restoring,
    /// It applies changes and publishes.
    Running,
    /// Somebody else became its writer; whose it is, is being found out.
    Fenced,
    /// It does nothing until somebody decides: the log and `/readyz` say what to do.
    Stopped,
}

impl PartitionState {
    /// All of them.
    pub const ALL: [PartitionState; 4] =
        [PartitionState::Restoring, PartitionState::Running, PartitionState::Fenced, PartitionState::Stopped];

    /// As metrics name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PartitionState::Restoring => "restoring",
            PartitionState::Running => "running",
            PartitionState::Fenced => "fenced",
            PartitionState::Stopped => "stopped",
        }
    }
}

/// How a request was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It became a definition.
    Accepted,
    /// It waits to be confirmed.
    Held,
    /// It became a dead letter.
    Refused,
}

/// Takes note of what a service does, of nothing unless it says so. Called by its threads: quick, and never blocking.
pub trait Observer: Send + Sync {
    /// A partition did something.
    fn turn(&self, _turn: &Turn<'_>) {}

    /// The registrar decided a request; refused ones with their code.
    fn request(&self, _decision: Decision, _code: Option<&str>) {}

    /// So many edits of groups are held until they are confirmed.
    fn held(&self, _edits: usize) {}

    /// Changes take more members out of a group than may leave within the period.
    fn emptying(&self, _tenant: &Tenant, _group: &GroupId, _removed: u64) {}

    /// So many records of a topic's partition are not applied yet.
    fn lag(&self, _topic: &str, _partition: u32, _records: u64) {}

    /// So many more searches for patterns of this group's rule were given up at the step limit.
    fn pattern_limit(&self, _tenant: &Tenant, _group: &GroupId, _searches: u64) {}

    /// A transaction of a partition was committed, after so long.
    fn published(&self, _partition: u32, _took: Duration) {}

    /// So many entries of a partition are committed and not published.
    fn outbox(&self, _partition: u32, _entries: u64) {}

    /// So many definitions that are in force wait for a partition.
    fn definitions(&self, _partition: u32, _waiting: usize) {}

    /// The group's assignment changed.
    fn rebalance(&self, _rebalance: &Rebalance) {}

    /// So many records of the changelog of another's partition are not in this instance's copy yet.
    fn standby(&self, _partition: u32, _lag: u64) {}

    /// Nothing of a partition is worked on here any more.
    fn ended(&self, _partition: u32) {}

    /// Whether a partition is restored and works.
    fn ready(&self, _partition: u32, _ready: bool) {}

    /// A partition came into this state.
    fn state(&self, _partition: u32, _state: PartitionState) {}

    /// So many records of a partition were restored from the changelog, and about so many offsets are left.
    fn restoring(&self, _partition: u32, _records: u64, _left: u64) {}
}

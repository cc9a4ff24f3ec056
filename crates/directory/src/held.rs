//! Edits of a group that wait to be confirmed, because too many members would leave by them.

use crate::{GroupDefinition, ObjectId};
use std::sync::Arc;

/// An edit that waits. The definition before it stays in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldDefinition {
    /// What the edit would put in force. Its version is the number of the request that it waits since, and names it.
    pub definition: Arc<GroupDefinition>,
    /// What it would do, as of that request.
    pub impact: Impact,
    /// Which limit it exceeds, for people.
    pub reason: String,
}

/// What an edit does to the members that a group has by the definition before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// How many would join.
    pub added: u64,
    /// How many would leave.
    pub removed: u64,
    /// How many would stay.
    pub unchanged: u64,
    /// Some of those who would join, sorted.
    pub added_sample: Vec<ObjectId>,
    /// Some of those who would leave, sorted.
    pub removed_sample: Vec<ObjectId>,
}

impl Impact {
    /// How many members the group has before it.
    #[must_use]
    pub fn members_before(&self) -> u64 {
        self.removed + self.unchanged
    }

    /// Adds what another partition says of the same edit; at most `samples` of each sample are kept.
    pub fn merge(&mut self, other: Impact, samples: usize) {
        self.added += other.added;
        self.removed += other.removed;
        self.unchanged += other.unchanged;
        let merge = |mine: &mut Vec<ObjectId>, theirs: Vec<ObjectId>| {
            mine.extend(theirs);
            mine.sort_unstable();
            mine.truncate(samples);
        };
        merge(&mut self.added_sample, other.added_sample);
        merge(&mut self.removed_sample, other.removed_sample);
    }
}

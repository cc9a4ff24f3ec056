//! The invariants, asserted as soon as something is visible and whenever everything rests. Knows what is in
//! the log and, for what was lost with a disk, what was on it; nothing of who wrote it and why.

use super::author::Truth;
use super::broker::Transaction;
use muster_directory::{Delta, MembershipChange, ObjectId, Source};
use muster_engine::storage::{Marker, RecordImage};
use muster_oracle::Membership;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Records = Arc<Vec<RecordImage>>;

/// One for each run.
pub(super) struct Judge {
    partitions: Vec<Seen>,
    /// Not yet judged: partition, entry, and what is on the disk.
    restored: Vec<(usize, u64, Vec<RecordImage>)>,
    /// Partitions that were restored from what was published.
    pub(super) restores: usize,
}

/// What was seen of one partition.
#[derive(Default)]
struct Seen {
    /// Of each entry of each owner, what was on the disk with it.
    prepared: BTreeMap<(u128, u64), Records>,
    /// The state that is published.
    published: Records,
    marker: Option<Marker>,
    sequence: u64,
    deltas: usize,
    memberships: BTreeSet<Membership>,
    /// The last change that each object had deltas of.
    changes: BTreeMap<ObjectId, u64>,
    letters: Vec<u64>,
}

impl Judge {
    pub(super) fn new(partitions: usize) -> Judge {
        Judge {
            partitions: (0..partitions).map(|_| Seen::default()).collect(),
            restored: Vec::new(),
            restores: 0,
        }
    }

    /// An entry was written, with this state behind it.
    pub(super) fn prepared(&mut self, partition: usize, entry: (u128, u64), state: Vec<RecordImage>) {
        self.partitions[partition].prepared.insert(entry, Arc::new(state));
    }

    /// I2, I3, I4, I6: a transaction became visible.
    pub(super) fn shown(&mut self, partition: usize, transaction: &Transaction) -> Result<(), String> {
        let seen = &mut self.partitions[partition];
        let fault =
            |invariant: &str, what: String| Err(format!("{invariant}: partition {partition}: {what}"));
        for delta in &transaction.deltas {
            if delta.sequence != seen.sequence + 1 {
                return fault("I2", format!("delta {} follows delta {}", delta.sequence, seen.sequence));
            }
            seen.sequence = delta.sequence;
            seen.deltas += 1;
            if let Err(what) = seen.fold(delta) {
                return fault("I3", what);
            }
        }
        for letter in &transaction.letters {
            let Source::Topic { offset, .. } = letter.source else { continue };
            if seen.letters.last().is_some_and(|last| *last >= offset) {
                return fault("I5", format!("the dead letter of change {offset} follows a later one"));
            }
            seen.letters.push(offset);
        }
        let Some(marker) = &transaction.marker else { return Ok(()) };
        if marker.entry > transaction.synced {
            let what =
                format!("entry {} is published, but only {} is synced", marker.entry, transaction.synced);
            return fault("I4, I6", what);
        }
        if let Some(before) = &seen.marker
            && (marker.entry < before.entry || marker.lineage < before.lineage)
        {
            return fault("I4", format!("{marker:?} follows {before:?}"));
        }
        if seen.marker.as_ref().map_or(0, |before| before.entry) < marker.entry {
            let state = seen.prepared.get(&(marker.owner, marker.entry));
            let Some(state) = state else { return fault("I4", format!("{marker:?} was never prepared")) };
            seen.published = Arc::clone(state);
        }
        seen.marker = Some(marker.clone());
        Ok(())
    }

    /// A partition was restored up to this entry, and this is on its disk now.
    pub(super) fn restored(&mut self, partition: usize, entry: u64, records: Vec<RecordImage>) {
        self.restores += usize::from(entry > 0);
        self.restored.push((partition, entry, records));
    }

    /// I8, once everything is judged that was visible when it was restored.
    pub(super) fn judge_restored(&mut self) -> Result<(), String> {
        std::mem::take(&mut self.restored).iter().try_for_each(|restored| self.equals_what_was_lost(restored))
    }

    fn equals_what_was_lost(
        &self,
        &(partition, entry, ref records): &(usize, u64, Vec<RecordImage>),
    ) -> Result<(), String> {
        let published = &self.partitions[partition].published;
        if **published == *records {
            return Ok(());
        }
        let missing: Vec<_> = published.iter().filter(|record| !records.contains(record)).collect();
        let superfluous: Vec<_> = records.iter().filter(|record| !published.contains(record)).collect();
        Err(format!(
            "I8: partition {partition} as of entry {entry}: missing {missing:?}, superfluous {superfluous:?}"
        ))
    }

    /// I1, I5: everything that was read is done.
    pub(super) fn rests(&self, partition: usize, truth: &Truth, changes: u64) -> Result<(), String> {
        let seen = &self.partitions[partition];
        if seen.memberships != truth.memberships {
            let missing: Vec<_> = truth.memberships.difference(&seen.memberships).collect();
            let superfluous: Vec<_> = seen.memberships.difference(&truth.memberships).collect();
            return Err(format!(
                "I1: partition {partition}: missing {missing:?}, superfluous {superfluous:?}"
            ));
        }
        if seen.letters != truth.refused {
            return Err(format!(
                "I5: partition {partition}: dead letters of {:?} instead of {:?}",
                seen.letters, truth.refused
            ));
        }
        let read =
            seen.marker.as_ref().and_then(|marker| marker.positions.get(super::task::CHANGES)).copied();
        if read.unwrap_or_default() != changes {
            return Err(format!("I5: partition {partition}: {read:?} of {changes} changes are in the state"));
        }
        Ok(())
    }

    /// How many deltas there are, in all partitions: what a restart must not change (I7).
    pub(super) fn deltas(&self) -> usize {
        self.partitions.iter().map(|seen| seen.deltas).sum()
    }
}

impl Seen {
    fn fold(&mut self, delta: &Delta) -> Result<(), String> {
        if let Source::Topic { offset, .. } = delta.source {
            let last = self.changes.entry(delta.member.clone()).or_default();
            if offset < *last {
                return Err(format!(
                    "a delta of {} for change {offset} follows one for {last}",
                    delta.member
                ));
            }
            *last = offset;
        }
        let membership = Membership {
            group: delta.group.clone(),
            member: delta.member.clone(),
            tenant: delta.tenant.clone(),
        };
        let fits = match delta.change {
            MembershipChange::Added => self.memberships.insert(membership),
            MembershipChange::Removed => self.memberships.remove(&membership),
        };
        if fits { Ok(()) } else { Err(format!("delta {} says what was so", delta.sequence)) }
    }
}

//! Taking a partition over, step by step: gather, decide, restore if need be, claim.
//!
//! The order of the steps is what makes a kill between any two of them harmless:
//! 1. The host made the partition's writer, which fenced whoever had it, before it calls.
//! 2. What the log holds is noted in the store as acknowledged: it was read after the fence. So the lineage
//!    that was found stays known, whatever is intended next.
//! 3. A partition whose state is of no use is wiped before anything is claimed. A claim would make what is
//!    left of another history look like ours.
//! 4. The intent is on the disk before the claim is in the log. A claim that was committed and not recorded
//!    is recognised by it.
//!
//! No IO of its own: storage and log are traits, so that a simulation can stop it at every call.

use super::{Changelog, Decision, Findings, Mark, Output, Refusal, RestoreReason, decide};
use crate::publisher::Published;
use crate::storage::{Marker, PartitionNumber, Positions, RecordImage, Resolution, Storage, StorageError};

/// What the log holds of a partition, committed records only, read after its writer was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The end of its changelog.
    pub changelog: Changelog,
    /// The marker that the committed offsets bear, with these offsets as its positions.
    pub offset: Option<Marker>,
    /// The end of its output.
    pub output: Output,
}

/// The log as a take-over sees it: one partition, for which a writer was made.
pub trait Ground {
    /// What can go wrong, the store's included.
    type Error: From<StorageError>;

    /// What the log holds.
    ///
    /// # Errors
    /// The log's.
    fn evidence(&mut self) -> Result<Evidence, Self::Error>;

    /// Where the inputs begin, for a partition that was never read.
    ///
    /// # Errors
    /// The log's.
    fn beginning(&mut self) -> Result<Positions, Self::Error>;

    /// Whether the store holds a copy of the partition that followed the changelog: then nothing is wiped, and
    /// [`replay`](Self::replay) goes on where the copy ends. A copy is used once, whatever comes of it.
    ///
    /// # Errors
    /// The log's.
    fn has_copy(&mut self) -> Result<bool, Self::Error> {
        Ok(false)
    }

    /// Hands over the changelog from its beginning, or from the end of the copy, up to and including this marker, the images of its
    /// records in order and in pieces that fit into memory.
    ///
    /// # Errors
    /// The log's; what `put` returns; and where the changelog does not end with the marker.
    fn replay(
        &mut self,
        through: &Marker,
        put: &mut dyn FnMut(&[RecordImage]) -> Result<(), StorageError>,
    ) -> Result<(), Self::Error>;

    /// Commits a transaction with nothing but this marker, in the changelog and beside the committed offsets,
    /// and returns once the marker was read back: what a writer is told may be undone. Of a first start
    /// nothing else would be in the log when entries are prepared upon it, and state without a marker is
    /// refused.
    ///
    /// # Errors
    /// The writer's.
    fn claim(&mut self, marker: &Marker) -> Result<(), Self::Error>;
}

/// A partition that is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenOver {
    /// The marker of the claim: everything up to it is published, and what was read up to its positions.
    pub marker: Marker,
    /// The last sequence that the output holds already. Where it is beyond the marker's, deltas up to it
    /// are left out when their entries are published.
    pub present: u64,
    /// Why its state was restored, if it was.
    pub restored: Option<RestoreReason>,
}

impl TakenOver {
    /// As a publisher takes it.
    #[must_use]
    pub fn published(&self) -> Published {
        Published::from(&self.marker)
    }
}

/// Why a partition was not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeOverError<E> {
    /// The truth cannot be known: for an operator.
    Refused(Refusal),
    /// The state in memory is not the log's any more, since somebody else had the partition meanwhile:
    /// begin again with [`take_over`].
    Overtaken,
    /// The store or the log failed. Drop the writer; what became of it is found out next time.
    Failed(E),
}

impl<E> From<E> for TakeOverError<E> {
    fn from(error: E) -> TakeOverError<E> {
        TakeOverError::Failed(error)
    }
}

/// Takes a partition over that is not running here. Afterwards the store holds its state, to be loaded, and
/// the outbox after the marker is to be published.
///
/// # Errors
/// `Refused`, or `Failed`.
pub fn take_over<G: Ground>(
    storage: &dyn Storage,
    partition: PartitionNumber,
    ground: &mut G,
) -> Result<TakenOver, TakeOverError<G::Error>> {
    let gathered = Gathered::from(storage, partition, ground)?;
    match gathered.decide() {
        Decision::Refuse(refusal) => Err(TakeOverError::Refused(refusal)),
        Decision::FirstStart { lineage } => {
            // Of a restore that was killed, from a log that is gone since.
            storage.wipe(partition).map_err(G::Error::from)?;
            let marker = nothing(storage.owner(), ground.beginning()?);
            claim(storage, partition, ground, Marker { lineage, ..marker }, None)
        }
        Decision::Publish { lineage, present, .. } => {
            gathered.publish(storage, partition, ground, lineage, present)
        }
        Decision::Restore { lineage, present, because } => {
            let found = gathered.marker();
            if !ground.has_copy()? {
                storage.wipe(partition).map_err(G::Error::from)?;
            }
            ground.replay(&found, &mut |images| storage.put_restored(partition, images))?;
            storage.finish_restore(partition, &found).map_err(G::Error::from)?;
            let marker = Marker { owner: storage.owner(), lineage, ..found };
            let taken = claim(storage, partition, ground, marker, Some(because))?;
            Ok(TakenOver { present, ..taken })
        }
    }
}

/// Takes a partition over again that runs here, after its writer failed: its state in memory goes on, and
/// nothing is restored.
///
/// # Errors
/// `Overtaken` where the state would have to be restored; `Refused`, or `Failed`.
pub fn resume<G: Ground>(
    storage: &dyn Storage,
    partition: PartitionNumber,
    ground: &mut G,
) -> Result<TakenOver, TakeOverError<G::Error>> {
    let gathered = Gathered::from(storage, partition, ground)?;
    match gathered.decide() {
        Decision::Publish { lineage, present, .. } => {
            gathered.publish(storage, partition, ground, lineage, present)
        }
        Decision::Refuse(refusal) => Err(TakeOverError::Refused(refusal)),
        Decision::FirstStart { .. } | Decision::Restore { .. } => Err(TakeOverError::Overtaken),
    }
}

/// Everything that is found, on the disk and in the log.
struct Gathered {
    owner: u128,
    head: Option<crate::storage::PartitionHead>,
    acknowledged: Option<Marker>,
    intent: Option<u64>,
    resolution: Option<Resolution>,
    evidence: Evidence,
}

impl Gathered {
    fn from<G: Ground>(
        storage: &dyn Storage,
        partition: PartitionNumber,
        ground: &mut G,
    ) -> Result<Gathered, G::Error> {
        let mut gathered = Gathered {
            owner: storage.owner(),
            head: storage.head(partition)?,
            acknowledged: storage.marker(partition)?,
            intent: storage.intent(partition)?,
            resolution: None,
            evidence: ground.evidence()?,
        };
        if let Some(resolution) = storage.resolution(partition)? {
            if matches!(gathered.decide(), Decision::Refuse(_)) {
                gathered.resolution = Some(resolution);
            } else {
                // What it was about is over; it must not decide what comes later.
                storage.resolve(partition, None)?;
            }
        }
        Ok(gathered)
    }

    fn decide(&self) -> Decision {
        decide(&Findings {
            owner: self.owner,
            head: self.head.as_ref(),
            acknowledged: self.acknowledged.as_ref(),
            intent: self.intent,
            changelog: &self.evidence.changelog,
            offset: self.evidence.offset.as_ref().map(Mark::from),
            output: self.evidence.output,
            resolution: self.resolution,
        })
    }

    /// The marker that was decided by.
    fn marker(&self) -> Marker {
        match (&self.evidence.changelog, &self.evidence.offset) {
            (Changelog::Marked(marker), _) | (_, Some(marker)) => marker.clone(),
            // Nothing is decided by a marker where there is none.
            _ => nothing(self.owner, Positions::new()),
        }
    }

    fn publish<G: Ground>(
        &self,
        storage: &dyn Storage,
        partition: PartitionNumber,
        ground: &mut G,
        lineage: u64,
        present: u64,
    ) -> Result<TakenOver, TakeOverError<G::Error>> {
        let found = self.marker();
        storage.acknowledge(partition, &found).map_err(G::Error::from)?;
        let taken = claim(storage, partition, ground, Marker { lineage, ..found }, None)?;
        Ok(TakenOver { present, ..taken })
    }
}

fn claim<G: Ground>(
    storage: &dyn Storage,
    partition: PartitionNumber,
    ground: &mut G,
    marker: Marker,
    restored: Option<RestoreReason>,
) -> Result<TakenOver, TakeOverError<G::Error>> {
    storage.intend(partition, marker.lineage).map_err(G::Error::from)?;
    ground.claim(&marker)?;
    Ok(TakenOver { present: marker.sequence, marker, restored })
}

/// The marker before the first entry.
fn nothing(owner: u128, positions: Positions) -> Marker {
    Marker {
        owner,
        lineage: 0,
        entry: 0,
        sequence: 0,
        positions,
        definitions_position: 0,
        clock: muster_directory::Instant::from_millis(0),
    }
}

#[cfg(test)]
mod tests;

//! Copies of partitions that other instances work on: standby tasks, in the words of Kafka Streams.
//!
//! A standby follows the partition's changelog into this instance's store. When the partition is assigned here, taking
//! it over reads only what came since, instead of the whole changelog.
//!
//! A copy is every record of the changelog up to one offset, from the beginning and none left out. It has no head,
//! so that a kill leaves something to be wiped, and where it reached is known in memory only. Whoever reads on
//! from an offset that was the end long ago may miss tombstones that compaction has removed since; so a copy
//! that did not keep up for half of the time that tombstones are kept is wiped, and begun anew.

use crate::Fault;
use crate::publisher::store_number;
use crate::shared::Shared;
use crate::stop::Stop;
use muster_engine::storage::{Logged, Marker};
use muster_stream::log::{Batch, LogError, ReadLimits, Reader, TopicPartition};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// What is read at once.
const PIECE: ReadLimits = ReadLimits { records: 10_000, bytes: 4 << 20 };
/// How long one poll waits; a stop is noticed after that at the latest.
const POLL: Duration = Duration::from_millis(50);
/// How often it is looked how far behind the copy is.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

/// Where a copy reached.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    /// The next offset of the changelog.
    pub(crate) next: u64,
    /// The record before that, where it is a marker.
    pub(crate) marker: Option<Marker>,
    /// When that was last known to be the end, or when it was begun.
    as_of: AsOf,
    /// So old it may get.
    most: Duration,
}

/// A moment by both clocks: one stands still while the machine sleeps, the other can be set.
#[derive(Clone, Copy, Debug)]
struct AsOf(Instant, SystemTime);

/// The copies that nobody follows at the moment, by partition.
#[derive(Debug, Default)]
pub(crate) struct Copies(Mutex<BTreeMap<u32, Copy>>);

impl Copies {
    /// Takes the copy of a partition out, if there is one that is fresh enough to be read on from.
    pub(crate) fn take(&self, partition: u32) -> Option<Copy> {
        let copy = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition)?;
        (!copy.is_stale()).then_some(copy)
    }

    fn put(&self, partition: u32, copy: Copy) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, copy);
    }
}

/// Follows a partition until it is asked to end, and leaves the copy for whoever takes the partition over. A log that
/// fails ends it early.
///
/// # Errors
/// The store's.
pub(crate) fn follow(shared: &Arc<Shared>, number: u32, stop: &Stop) -> Result<(), Fault> {
    let Some(topic) = &shared.options.topics.changelog else { return Ok(()) };
    let mut standby =
        Standby { shared: Arc::clone(shared), number, of: TopicPartition::new(Arc::clone(topic), number) };
    match standby.run(stop) {
        Err(Fault::Log(error)) => {
            tracing::warn!(partition = number, %error, "the standby begins anew in a while");
            Ok(())
        }
        ended => ended,
    }
}

struct Standby {
    shared: Arc<Shared>,
    number: u32,
    of: TopicPartition,
}

impl Standby {
    fn run(&mut self, stop: &Stop) -> Result<(), Fault> {
        let most = self.shared.log.tombstone_retention(&self.of.topic)? / 2;
        let (mut reader, mut copy) = self.begin(most)?;
        let mut looked = None;
        while !stop.is_requested() {
            if copy.is_stale() {
                tracing::warn!(partition = self.number, "the standby is too old to go on: it begins anew");
                (reader, copy) = self.begin(most)?;
            }
            if looked.is_none_or(|looked: Instant| looked.elapsed() >= LOOK_PERIOD) {
                looked = Some(Instant::now());
                self.look(&mut copy);
            }
            if self.shared.intake.closed().is_some() {
                // The disk is nearly full; what is not read is kept by the log.
                stop.wait(LOOK_PERIOD);
                continue;
            }
            match reader.poll(POLL) {
                Ok(Some(batch)) => self.put(&batch, &mut copy)?,
                Ok(None) => {}
                Err(LogError::OutOfRange { .. }) => (reader, copy) = self.begin(most)?,
                Err(error) => return Err(error.into()),
            }
        }
        self.shared.copies.put(self.number, copy);
        Ok(())
    }

    /// An empty copy.
    fn begin(&self, most: Duration) -> Result<(Box<dyn Reader>, Copy), Fault> {
        self.shared.copies.take(self.number);
        self.shared.storage.wipe(store_number(self.number))?;
        let as_of = AsOf::now();
        let next = self.shared.log.bounds(&self.of)?.first;
        let mut reader = self.shared.log.reader(PIECE)?;
        reader.assign(&self.of, next)?;
        tracing::info!(partition = self.number, "the standby follows from the beginning of the changelog");
        Ok((reader, Copy { next, marker: None, as_of, most }))
    }

    fn put(&self, batch: &Batch, copy: &mut Copy) -> Result<(), Fault> {
        let mut images = Vec::with_capacity(batch.records.len());
        for record in &batch.records {
            let key = record.key.as_deref().unwrap_or_default();
            match self.shared.format.read(key, record.value.as_deref())? {
                Logged::Image(image) => {
                    images.push(image);
                    copy.marker = None;
                }
                Logged::Marker(marker) => copy.marker = Some(marker),
            }
        }
        self.shared.storage.put_restored(store_number(self.number), &images)?;
        copy.next = batch.next;
        Ok(())
    }

    /// Looks how far behind it is; of a log that does not answer nothing is known.
    fn look(&self, copy: &mut Copy) {
        let now = AsOf::now();
        let Ok(bounds) = self.shared.log.bounds(&self.of) else { return };
        let lag = bounds.next.saturating_sub(copy.next);
        if lag == 0 {
            copy.as_of = now;
        }
        self.shared.observer.standby(self.number, lag);
    }
}

impl Copy {
    fn is_stale(&self) -> bool {
        self.as_of.age() > self.most
    }
}

impl AsOf {
    fn now() -> AsOf {
        AsOf(Instant::now(), SystemTime::now())
    }

    fn age(&self) -> Duration {
        self.0.elapsed().max(self.1.elapsed().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_handed_over_once_and_only_while_it_is_fresh() {
        let copies = Copies::default();
        let copy = |most| Copy { next: 7, marker: None, as_of: AsOf::now(), most };
        copies.put(1, copy(Duration::MAX));
        copies.put(2, copy(Duration::ZERO));
        assert_eq!(copies.take(1).map(|copy| copy.next), Some(7));
        assert!(copies.take(1).is_none(), "whoever took it changes it");
        assert!(copies.take(2).is_none(), "it is too old");
    }
}

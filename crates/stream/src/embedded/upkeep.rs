//! What keeps the embedded log from filling the disk: old records are deleted, and of a compacted topic
//! everything but the last record of each key.
//!
//! *Retention* finds the first record to keep by binary search over time and size, which both only grow
//! within a partition, moves the partition's beginning there, then deletes what is before it. Readers
//! see the new beginning before anything is gone.
//!
//! *Compaction* walks the entries of a partition in `keys`, where those of one key stand together, and
//! deletes all but the last. It holds one entry in memory, whatever the size of the topic, and begins
//! when at least half of the records are new since the last time, so that its cost stays proportional to
//! what is written. Both may be interrupted anywhere: they do the rest the next time.

use super::catalogue::{Compacted, Partition, damaged};
use super::database::{Changes, Durability, Family};
use super::{Shared, codec, key};
use crate::log::{LogError, Policy, Retention};
use muster_directory::Instant;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// What one round of upkeep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Records deleted because of their age, or the size of their partition.
    pub expired: u64,
    /// Records deleted because a later one has their key, tombstones among them.
    pub compacted: u64,
}

/// So many deletions are written at once.
const CHUNK: usize = 1_000;

impl Shared {
    /// Does what is due at `now` in all partitions.
    pub(super) fn upkeep(&self, now: Instant) -> Result<Upkeep, LogError> {
        let _alone = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let partitions: Vec<_> =
            self.lock().catalogue.all().map(|(topic, partition)| (topic.to_owned(), *partition)).collect();
        let mut done = Upkeep::default();
        for (topic, partition) in partitions {
            match partition.policy {
                Policy::Delete(retention) => {
                    done.expired += self.expire(&topic, &partition, retention, now)?
                }
                Policy::Compact if self.is_dirty(&partition, now) => {
                    done.compacted += self.compact(&partition, now)?;
                }
                Policy::Compact => {}
            }
        }
        Ok(done)
    }

    fn expire(
        &self,
        topic: &str,
        partition: &Partition,
        retention: Retention,
        now: Instant,
    ) -> Result<u64, LogError> {
        let default = self.options.retention;
        let expired_at = retention.time.or(default.time).map(|time| before(now, time));
        let keep_after =
            retention.bytes.or(default.bytes).map(|bytes| partition.tail.bytes.saturating_sub(bytes));
        // The first record that is young enough, and after which no more than the allowed bytes come.
        let (mut first, mut end) = (partition.first, partition.tail.next);
        while first < end {
            let middle = first + (end - first) / 2;
            let (timestamp, bytes_before) = self.placement(topic, partition, middle)?;
            let is_old = expired_at.is_some_and(|at| timestamp <= at);
            let is_far = keep_after.is_some_and(|kept| bytes_before < kept);
            if is_old || is_far { first = middle + 1 } else { end = middle }
        }
        if first == partition.first {
            return Ok(0);
        }
        self.lock().catalogue.update(partition.id, |partition| partition.first = first);
        let (from, to) = (partition.id.record(partition.first), partition.id.record(first));
        let mut changes = self.database.changes();
        changes.put(Family::Meta, &partition.id.first(), &codec::put_first(first))?;
        changes.delete_range(Family::Records, &from[..]..&to[..])?;
        self.database.write(changes, Durability::Logged)?;
        self.database.drop_files(Family::Records, &from[..]..&to[..])?;
        Ok(first - partition.first)
    }

    fn placement(&self, topic: &str, partition: &Partition, offset: u64) -> Result<(Instant, u64), LogError> {
        let place = || format!("record {offset} of partition {} of topic `{topic}`", partition.id.partition);
        let bytes = self.database.get(Family::Records, &partition.id.record(offset))?;
        let bytes = bytes.ok_or("it is missing").map_err(damaged(place))?;
        codec::placement(&bytes).map_err(damaged(place))
    }

    fn is_dirty(&self, partition: &Partition, now: Instant) -> bool {
        let Compacted { before: done, kept, oldest_tombstone } = partition.compacted;
        let fresh = partition.tail.next - done;
        let expired_at = before(now, self.options.tombstones);
        fresh >= self.options.compact_after.max(1) && fresh >= kept
            || oldest_tombstone.is_some_and(|oldest| oldest <= expired_at)
    }

    fn compact(&self, partition: &Partition, now: Instant) -> Result<u64, LogError> {
        let mut round = Round {
            shared: self,
            partition,
            expired_at: before(now, self.options.tombstones),
            changes: self.database.changes(),
            deleted: 0,
            left: Compacted { before: partition.tail.next, ..Compacted::default() },
        };
        let range = partition.id.keys();
        let mut scan = self.database.scan(Family::Keys, &range.start[..]..&range.end[..])?;
        let mut previous: Option<KeyEntry> = None;
        while let Some((key, value)) = scan.entry()? {
            let place =
                || format!("partition {} of topic number {}", partition.id.partition, partition.id.topic);
            let entry = KeyEntry::read(key, value).map_err(damaged(place))?;
            if let Some(previous) = previous.replace(entry) {
                let is_superseded = previous.same_key(key);
                round.decide(&previous, is_superseded)?;
            }
            scan.advance();
        }
        if let Some(last) = previous {
            round.decide(&last, false)?;
        }
        let Round { deleted, left, mut changes, .. } = round;
        changes.put(Family::Meta, &partition.id.compacted(), &codec::put_compacted(left))?;
        self.database.write(changes, Durability::Logged)?;
        self.lock().catalogue.update(partition.id, |partition| partition.compacted = left);
        Ok(deleted)
    }
}

/// `time` before `now`.
fn before(now: Instant, time: Duration) -> Instant {
    now.saturating_add_millis(i64::try_from(time.as_millis()).map_or(i64::MIN, |millis| -millis))
}

/// An entry in `keys`.
struct KeyEntry {
    entry: Box<[u8]>,
    offset: u64,
    tombstone: Option<Instant>,
}

impl KeyEntry {
    fn read(key: &[u8], value: &[u8]) -> Result<KeyEntry, &'static str> {
        let (_, offset) = key::split_offset(key).ok_or("a key without an offset")?;
        Ok(KeyEntry { entry: key.into(), offset, tombstone: codec::tombstone(value)? })
    }

    fn same_key(&self, entry: &[u8]) -> bool {
        let key = |entry| key::split_offset(entry).map(|(key, _)| key);
        key(&self.entry) == key(entry)
    }
}

/// One compaction of one partition.
struct Round<'a> {
    shared: &'a Shared,
    partition: &'a Partition,
    /// Tombstones up to this time go too.
    expired_at: Instant,
    /// Deletions not yet written.
    changes: Changes<'a>,
    deleted: u64,
    left: Compacted,
}

impl Round<'_> {
    fn decide(&mut self, entry: &KeyEntry, is_superseded: bool) -> Result<(), LogError> {
        if is_superseded || entry.tombstone.is_some_and(|at| at <= self.expired_at) {
            self.changes.delete(Family::Records, &self.partition.id.record(entry.offset))?;
            self.changes.delete(Family::Keys, &entry.entry)?;
            self.deleted += 1;
            if self.changes.len() >= CHUNK {
                let chunk = std::mem::replace(&mut self.changes, self.shared.database.changes());
                self.shared.database.write(chunk, Durability::Logged)?;
            }
        } else {
            self.left.kept += 1;
            let oldest = [self.left.oldest_tombstone, entry.tombstone];
            self.left.oldest_tombstone = oldest.into_iter().flatten().min();
        }
        Ok(())
    }
}

/// The thread that does the upkeep of one log; ended and awaited when dropped.
pub(super) struct Caretaker {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Caretaker {
    pub(super) fn start(shared: &Arc<Shared>, period: Duration) -> Result<Caretaker, LogError> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let (shared, stopped) = (Arc::downgrade(shared), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("log-upkeep".to_owned())
            .spawn(move || care(&shared, &stopped, period))
            .map_err(|error| LogError::Failed {
                action: "start a thread".to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Caretaker { stop, thread: Some(thread) })
    }
}

impl Drop for Caretaker {
    fn drop(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported there.
            let _ = thread.join();
        }
    }
}

fn care(shared: &Weak<Shared>, (stopped, changed): &(Mutex<bool>, Condvar), period: Duration) {
    let mut guard = stopped.lock().unwrap_or_else(PoisonError::into_inner);
    while !*guard {
        guard = changed.wait_timeout(guard, period).unwrap_or_else(PoisonError::into_inner).0;
        let Some(shared) = shared.upgrade() else { return };
        if *guard {
            return;
        }
        drop(guard);
        match shared.upkeep(super::wall_clock()) {
            Ok(Upkeep { expired: 0, compacted: 0 }) => {}
            Ok(Upkeep { expired, compacted }) => {
                tracing::info!(expired, compacted, "deleted old records of the log");
            }
            Err(error) => tracing::error!(%error, "the log could not delete old records"),
        }
        drop(shared);
        guard = stopped.lock().unwrap_or_else(PoisonError::into_inner);
    }
}

//! RocksDB behind the engine's storage traits.
//!
//! One database holds all partitions of a process. A commit is one synced batch: records, outbox
//! entries and head are there together or not at all. An acknowledgement is one batch too, on the disk
//! with the next commit at the latest; a marker of a new lineage is synced by itself. What lies where is
//! in `key`, the bytes in `codec`; both are contracts with every directory ever written. Knows no
//! rules, no deltas' meaning and no Kafka.

mod changelog;
mod codec;
mod commit;
mod database;
mod key;
mod open;
mod outbox;
mod record;
mod restore;

pub use changelog::StoreFormat;

use database::{Database, Durability};
use muster_engine::storage::{
    Entry, Marker, PartitionHead, PartitionNumber, RecordImage, Resolution, Restore, Storage, StorageError,
    Trouble, order,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Whether outbox entries are kept with the images of the records they wrote, as a changelog
/// publishes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changelog {
    /// Without: nobody publishes a changelog.
    Off,
    /// With them.
    On,
}

/// How long the disk took to sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncTimes {
    /// How many there were.
    pub count: u64,
    /// Half of them were not longer.
    pub median: Duration,
    /// Of a hundred, 99 were not longer.
    pub p99: Duration,
    /// The longest.
    pub longest: Duration,
}

/// An open data directory.
pub struct Store {
    database: Database,
    owner: u128,
    changelog: Changelog,
    /// Held while a partition's head or marker is read and then written.
    writing: Mutex<BTreeMap<PartitionNumber, Arc<Mutex<()>>>>,
}

impl Store {
    /// Opens the data directory `dir`, which is made where it does not exist. One process at a time
    /// can have it open.
    ///
    /// # Errors
    /// `Incompatible` for a directory that is another program's or a newer version's; `Io` where the
    /// disk refuses or another process has it open; `Damaged`.
    pub fn open(dir: &Path, changelog: Changelog) -> Result<Store, StorageError> {
        let (database, owner) = open::open(dir)?;
        Ok(Store::new(database, owner, changelog))
    }

    /// Opens the data directory `dir` to be read: nothing in it changes, and commits fail. Meant for a
    /// directory at rest; what another process commits meanwhile is not seen.
    ///
    /// # Errors
    /// As [`open`](Store::open), and `Incompatible` where there is no data directory.
    pub fn open_read_only(dir: &Path) -> Result<Store, StorageError> {
        let (database, owner) = open::open_read_only(dir)?;
        Ok(Store::new(database, owner, Changelog::Off))
    }

    /// The partitions of the changes that the directory holds anything of, by their numbers.
    ///
    /// # Errors
    /// The disk's, or damage.
    pub fn partitions(&self) -> Result<Vec<PartitionNumber>, StorageError> {
        outbox::partitions(&self.database.view())
    }

    /// How long the disk took, since the directory was opened, to sync what was committed.
    #[must_use]
    pub fn syncs(&self) -> SyncTimes {
        self.database.syncs()
    }

    fn new(database: Database, owner: u128, changelog: Changelog) -> Store {
        Store { database, owner, changelog, writing: Mutex::default() }
    }

    /// Runs `write` as the only writer of the partition.
    fn alone<T>(&self, partition: PartitionNumber, write: impl FnOnce() -> T) -> T {
        let turn = {
            let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(writing.entry(partition).or_default())
        };
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        write()
    }
}

impl Storage for Store {
    fn head(&self, partition: PartitionNumber) -> Result<Option<PartitionHead>, StorageError> {
        outbox::head(&self.database.view(), partition)
    }

    fn load(&self, partition: PartitionNumber, restore: &mut dyn Restore) -> Result<(), StorageError> {
        restore::load(&self.database.view(), partition, restore)
    }

    fn commit(&self, partition: PartitionNumber, entries: &[Entry]) -> Result<(), StorageError> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
        self.alone(partition, || {
            let head = order::head_after(self.head(partition)?, entries)?;
            let head = head.unwrap_or_else(|| PartitionHead::after(last));
            let batch = commit::commit(partition, entries, &head, self.changelog)?;
            self.database.write(batch, Durability::Synced, || {
                format!("commit entries {} to {} of partition {partition}", first.number, last.number)
            })
        })
    }

    fn outbox(
        &self,
        partition: PartitionNumber,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, StorageError> {
        outbox::entries(&self.database.view(), partition, after, limit)
    }

    fn marker(&self, partition: PartitionNumber) -> Result<Option<Marker>, StorageError> {
        outbox::marker(&self.database.view(), partition)
    }

    fn acknowledge(&self, partition: PartitionNumber, marker: &Marker) -> Result<(), StorageError> {
        self.alone(partition, || {
            let stored = self.marker(partition)?;
            order::check_marker(self.head(partition)?.as_ref(), stored.as_ref(), marker)?;
            let (trimmed, lineage) = stored.map_or((0, 0), |stored| (stored.entry, stored.lineage));
            let batch = commit::acknowledge(partition, trimmed, marker)?;
            // Marker and outbox go back together, if at all: after a power loss the publisher finds more
            // published than it knows of, which it must expect in any case.
            let durability = if marker.lineage == lineage { Durability::Ordered } else { Durability::Synced };
            let action = || format!("acknowledge entry {} of partition {partition}", marker.entry);
            self.database.write(batch, durability, action)
        })
    }

    fn images(
        &self,
        partition: PartitionNumber,
        entry: u64,
    ) -> Result<Option<Vec<RecordImage>>, StorageError> {
        outbox::entry_images(&self.database.view(), partition, entry)
    }

    fn intent(&self, partition: PartitionNumber) -> Result<Option<u64>, StorageError> {
        outbox::intent(&self.database.view(), partition)
    }

    fn intend(&self, partition: PartitionNumber, lineage: u64) -> Result<(), StorageError> {
        let action = || format!("note lineage {lineage} of partition {partition}");
        self.database.write(commit::intend(partition, lineage)?, Durability::Synced, action)
    }

    fn trouble(&self, partition: PartitionNumber) -> Result<Option<Trouble>, StorageError> {
        outbox::trouble(&self.database.view(), partition)
    }

    fn note_trouble(
        &self,
        partition: PartitionNumber,
        trouble: Option<&Trouble>,
    ) -> Result<(), StorageError> {
        let action = || format!("note the trouble of partition {partition}");
        self.database.write(commit::note_trouble(partition, trouble)?, Durability::Synced, action)
    }

    fn resolution(&self, partition: PartitionNumber) -> Result<Option<Resolution>, StorageError> {
        outbox::resolution(&self.database.view(), partition)
    }

    fn resolve(
        &self,
        partition: PartitionNumber,
        resolution: Option<Resolution>,
    ) -> Result<(), StorageError> {
        let action = || format!("note what was decided about partition {partition}");
        self.database.write(commit::resolve(partition, resolution)?, Durability::Synced, action)
    }

    fn wipe(&self, partition: PartitionNumber) -> Result<(), StorageError> {
        self.alone(partition, || {
            let action = || format!("wipe partition {partition}");
            self.database.write(commit::wipe(partition), Durability::Synced, action)?;
            // Range tombstones in memory slow every read of it down.
            self.database.flush()
        })
    }

    fn put_restored(&self, partition: PartitionNumber, records: &[RecordImage]) -> Result<(), StorageError> {
        self.alone(partition, || {
            order::check_restore(self.head(partition)?.as_ref())?;
            let action = || format!("put restored records of partition {partition}");
            self.database.write(commit::put_restored(partition, records)?, Durability::Ordered, action)
        })
    }

    fn finish_restore(&self, partition: PartitionNumber, marker: &Marker) -> Result<(), StorageError> {
        self.alone(partition, || {
            order::check_restore(self.head(partition)?.as_ref())?;
            let action = || format!("finish restoring partition {partition}");
            self.database.write(commit::finish_restore(partition, marker)?, Durability::Synced, action)
        })
    }

    fn owner(&self) -> u128 {
        self.owner
    }
}

#[cfg(test)]
mod fixed;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

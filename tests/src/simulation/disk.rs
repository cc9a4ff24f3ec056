//! The disk of one instance: what is written is there for as long as the machine has power; what was synced
//! stays. A power loss keeps some beginning of what was written since. A fuse ends the process at any call.

use crate::random::Random;
use muster_engine::storage::{
    Entry, Marker, MemoryStorage, PartitionHead, PartitionNumber, RecordImage, Resolution, Restore, Storage,
    StorageError, Trouble,
};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

/// See the module's text.
pub(super) struct Disk {
    owner: u128,
    wipes: Wipes,
    state: Mutex<State>,
}

/// What wiping does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wipes {
    /// What it says.
    Everything,
    /// It leaves the records, to be caught up with: the mistake.
    NotTheRecords,
}

struct State {
    written: MemoryStorage,
    synced: MemoryStorage,
    unsynced: Vec<(PartitionNumber, Write)>,
    /// So many calls until the process ends; `None` for ever.
    fuse: Option<usize>,
    /// How far in its changelog each partition has come: only a mistake asks.
    positions: BTreeMap<PartitionNumber, u64>,
}

/// Atomic, each.
#[derive(Clone, Debug)]
enum Write {
    Commit(Box<Entry>),
    Acknowledge(Marker),
    Intend(u64),
    Wipe,
    Put(Vec<RecordImage>),
    Finish(Marker),
}

impl Disk {
    pub(super) fn new(owner: u128, wipes: Wipes) -> Disk {
        Disk::of(owner, wipes, &MemoryStorage::with_owner(owner))
    }

    fn of(owner: u128, wipes: Wipes, synced: &MemoryStorage) -> Disk {
        let (written, synced) = (synced.clone(), synced.clone());
        let state = State { written, synced, unsynced: Vec::new(), fuse: None, positions: BTreeMap::new() };
        Disk { owner, wipes, state: Mutex::new(state) }
    }

    /// A new one in its place.
    pub(super) fn blank(&self, owner: u128) -> Disk {
        Disk::new(owner, self.wipes)
    }

    /// Writes an entry, which a power loss may take away until the next [`sync`](Self::sync).
    pub(super) fn prepare(&self, partition: PartitionNumber, entry: Entry) {
        let written = self.state().write(partition, Write::Commit(Box::new(entry)));
        written.expect("entries follow each other");
    }

    pub(super) fn sync(&self) {
        self.state().sync();
    }

    /// Every record of a partition.
    pub(super) fn records(&self, partition: PartitionNumber) -> Vec<RecordImage> {
        let mut records = Vec::new();
        self.state().written.load(partition, &mut records).expect("memory can be read");
        records
    }

    /// The last entry that no power loss takes away.
    pub(super) fn synced_entry(&self, partition: PartitionNumber) -> u64 {
        self.state().synced.head(partition).expect("memory can be read").map_or(0, |head| head.entry)
    }

    /// Ends the process at the call after so many; `None` mends it.
    pub(super) fn set_fuse(&self, calls: Option<usize>) {
        self.state().fuse = calls;
    }

    /// Takes the next call into account.
    pub(super) fn burn(&self) -> Result<(), StorageError> {
        self.state().burn()
    }

    /// What is written is given up from some write on, and the rest is on the disk.
    pub(super) fn lose_power(&self, random: &mut Random) {
        let mut state = self.state();
        let kept = random.below(state.unsynced.len() + 1);
        state.unsynced.truncate(kept);
        state.sync();
        state.written = state.synced.clone();
    }

    /// A copy of what is on it for sure.
    pub(super) fn copy(&self) -> Disk {
        Disk::of(self.owner, self.wipes, &self.state().synced)
    }

    pub(super) fn position(&self, partition: PartitionNumber) -> u64 {
        self.state().positions.get(&partition).copied().unwrap_or_default()
    }

    pub(super) fn set_position(&self, partition: PartitionNumber, position: u64) {
        self.state().positions.insert(partition, position);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("one thread")
    }

    fn write(&self, partition: PartitionNumber, write: Write) -> Result<(), StorageError> {
        let mut state = self.state();
        state.burn()?;
        state.write(partition, write)
    }

    fn write_synced(&self, partition: PartitionNumber, write: Write) -> Result<(), StorageError> {
        self.write(partition, write)?;
        self.state().sync();
        Ok(())
    }
}

impl State {
    fn write(&mut self, partition: PartitionNumber, write: Write) -> Result<(), StorageError> {
        apply(&self.written, partition, &write)?;
        self.unsynced.push((partition, write));
        Ok(())
    }

    fn sync(&mut self) {
        for (partition, write) in self.unsynced.drain(..) {
            apply(&self.synced, partition, &write).expect("it was written in this order");
        }
    }

    fn burn(&mut self) -> Result<(), StorageError> {
        match &mut self.fuse {
            Some(0) => Err(StorageError::Io {
                action: "go on".to_owned(),
                reason: "the process is killed".to_owned(),
            }),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn apply(storage: &MemoryStorage, partition: PartitionNumber, write: &Write) -> Result<(), StorageError> {
    match write {
        Write::Commit(entry) => storage.commit(partition, std::slice::from_ref(entry)),
        Write::Acknowledge(marker) => storage.acknowledge(partition, marker),
        Write::Intend(lineage) => storage.intend(partition, *lineage),
        Write::Wipe => storage.wipe(partition),
        Write::Put(records) => storage.put_restored(partition, records),
        Write::Finish(marker) => storage.finish_restore(partition, marker),
    }
}

impl Storage for Disk {
    fn head(&self, partition: PartitionNumber) -> Result<Option<PartitionHead>, StorageError> {
        self.burn()?;
        self.state().written.head(partition)
    }

    fn load(&self, partition: PartitionNumber, restore: &mut dyn Restore) -> Result<(), StorageError> {
        self.burn()?;
        self.records(partition).into_iter().try_for_each(|record| restore.record(record))
    }

    fn commit(&self, partition: PartitionNumber, entries: &[Entry]) -> Result<(), StorageError> {
        for entry in entries {
            self.write(partition, Write::Commit(Box::new(entry.clone())))?;
        }
        self.sync();
        Ok(())
    }

    fn outbox(
        &self,
        partition: PartitionNumber,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, StorageError> {
        self.burn()?;
        self.state().written.outbox(partition, after, limit)
    }

    fn marker(&self, partition: PartitionNumber) -> Result<Option<Marker>, StorageError> {
        self.burn()?;
        self.state().written.marker(partition)
    }

    fn acknowledge(&self, partition: PartitionNumber, marker: &Marker) -> Result<(), StorageError> {
        let known = self.state().written.marker(partition)?.map(|marker| marker.lineage);
        let write = Write::Acknowledge(marker.clone());
        if known == Some(marker.lineage) {
            self.write(partition, write)
        } else {
            self.write_synced(partition, write)
        }
    }

    fn images(
        &self,
        partition: PartitionNumber,
        entry: u64,
    ) -> Result<Option<Vec<RecordImage>>, StorageError> {
        self.burn()?;
        self.state().written.images(partition, entry)
    }

    fn intent(&self, partition: PartitionNumber) -> Result<Option<u64>, StorageError> {
        self.burn()?;
        self.state().written.intent(partition)
    }

    fn intend(&self, partition: PartitionNumber, lineage: u64) -> Result<(), StorageError> {
        self.write_synced(partition, Write::Intend(lineage))
    }

    fn trouble(&self, partition: PartitionNumber) -> Result<Option<Trouble>, StorageError> {
        self.state().written.trouble(partition)
    }

    fn note_trouble(
        &self,
        partition: PartitionNumber,
        trouble: Option<&Trouble>,
    ) -> Result<(), StorageError> {
        self.state().written.note_trouble(partition, trouble)
    }

    fn resolution(&self, partition: PartitionNumber) -> Result<Option<Resolution>, StorageError> {
        self.state().written.resolution(partition)
    }

    fn resolve(
        &self,
        partition: PartitionNumber,
        resolution: Option<Resolution>,
    ) -> Result<(), StorageError> {
        self.state().written.resolve(partition, resolution)
    }

    fn wipe(&self, partition: PartitionNumber) -> Result<(), StorageError> {
        let records = self.records(partition);
        self.write_synced(partition, Write::Wipe)?;
        if self.wipes == Wipes::NotTheRecords {
            self.write_synced(partition, Write::Put(records))?;
        }
        Ok(())
    }

    fn put_restored(&self, partition: PartitionNumber, records: &[RecordImage]) -> Result<(), StorageError> {
        self.write(partition, Write::Put(records.to_vec()))
    }

    fn finish_restore(&self, partition: PartitionNumber, marker: &Marker) -> Result<(), StorageError> {
        self.write_synced(partition, Write::Finish(marker.clone()))
    }

    fn owner(&self) -> u128 {
        self.owner
    }
}

//! A [`Storage`] without a disk, for tests and simulation: what is committed is kept as the logical
//! records themselves. It refuses what any storage refuses (see [`order`]), and a clone
//! is what the disk would show after a kill at that moment. Knows no bytes.

use super::{
    Entry, LicensingImage, Marker, MembershipImage, PartitionHead, PartitionNumber, RecordImage, Restore,
};
use super::{GroupImage, Resolution, Storage, StorageError, Trouble, order};
use muster_directory::{GroupDefinition, GroupId, Object, ObjectId, SchemaRequest, Tenant};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Partitions in memory.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    owner: u128,
    partitions: Mutex<BTreeMap<PartitionNumber, Partition>>,
}

#[derive(Clone, Debug, Default)]
struct Partition {
    schemas: BTreeMap<Tenant, (u64, SchemaRequest)>,
    definitions: BTreeMap<(Tenant, GroupId), GroupDefinition>,
    groups: BTreeMap<(Tenant, GroupId), GroupImage>,
    objects: BTreeMap<(Tenant, ObjectId), Object>,
    memberships: BTreeMap<(Tenant, ObjectId), MembershipImage>,
    licensing: BTreeMap<LicensingKey, LicensingImage>,
    outbox: BTreeMap<u64, Entry>,
    head: Option<PartitionHead>,
    marker: Option<Marker>,
    intent: Option<u64>,
    trouble: Option<Trouble>,
    resolution: Option<Resolution>,
}

impl MemoryStorage {
    /// An empty storage that reports this owner (the default one reports 0).
    #[must_use]
    pub fn with_owner(owner: u128) -> MemoryStorage {
        MemoryStorage { owner, partitions: Mutex::default() }
    }

    fn partitions(&self) -> MutexGuard<'_, BTreeMap<PartitionNumber, Partition>> {
        // Each change below is made after everything that can fail, so that a panic elsewhere
        // leaves no half of one.
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T: Default>(&self, partition: PartitionNumber, read: impl FnOnce(&Partition) -> T) -> T {
        self.partitions().get(&partition).map(read).unwrap_or_default()
    }
}

impl Clone for MemoryStorage {
    /// A copy of its own: what is committed to one later is not in the other.
    fn clone(&self) -> MemoryStorage {
        MemoryStorage { owner: self.owner, partitions: Mutex::new(self.partitions().clone()) }
    }
}

impl Storage for MemoryStorage {
    fn head(&self, partition: PartitionNumber) -> Result<Option<PartitionHead>, StorageError> {
        Ok(self.read(partition, |partition| partition.head.clone()))
    }

    fn load(&self, partition: PartitionNumber, restore: &mut dyn Restore) -> Result<(), StorageError> {
        let partition = self.read(partition, Partition::clone);
        let (feeds, licensing): (Vec<_>, Vec<_>) =
            partition.licensing.into_values().partition(|image| matches!(image, LicensingImage::Feed(..)));
        for image in feeds {
            restore.record(RecordImage::Licensing(image))?;
        }
        for (tenant, schema) in partition.schemas {
            restore.record(RecordImage::Schema(tenant, Some(schema)))?;
        }
        for ((tenant, id), definition) in partition.definitions {
            restore.record(RecordImage::Definition(tenant, id, Some(definition)))?;
        }
        for ((tenant, id), group) in partition.groups {
            restore.record(RecordImage::Group(tenant, id, Some(group)))?;
        }
        for ((tenant, id), object) in partition.objects {
            restore.record(RecordImage::Object(tenant, id, Some(object)))?;
        }
        for ((tenant, id), memberships) in partition.memberships {
            restore.record(RecordImage::Membership(tenant, id, Some(memberships)))?;
        }
        for image in licensing {
            restore.record(RecordImage::Licensing(image))?;
        }
        Ok(())
    }

    fn commit(&self, partition: PartitionNumber, entries: &[Entry]) -> Result<(), StorageError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut partitions = self.partitions();
        let partition = partitions.entry(partition).or_default();
        partition.head = order::head_after(partition.head.clone(), entries)?;
        for entry in entries {
            entry.records.iter().cloned().for_each(|record| partition.put(record));
            partition.outbox.insert(entry.number, entry.clone());
        }
        Ok(())
    }

    fn outbox(
        &self,
        partition: PartitionNumber,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, StorageError> {
        Ok(self.read(partition, |partition| {
            let later = partition.outbox.range(after..).filter(|(number, _)| **number > after);
            later.take(limit).map(|(_, entry)| Entry { records: Vec::new(), ..entry.clone() }).collect()
        }))
    }

    fn marker(&self, partition: PartitionNumber) -> Result<Option<Marker>, StorageError> {
        Ok(self.read(partition, |partition| partition.marker.clone()))
    }

    fn acknowledge(&self, partition: PartitionNumber, marker: &Marker) -> Result<(), StorageError> {
        let mut partitions = self.partitions();
        let partition = partitions.entry(partition).or_default();
        order::check_marker(partition.head.as_ref(), partition.marker.as_ref(), marker)?;
        partition.outbox.retain(|number, _| *number > marker.entry);
        partition.marker = Some(marker.clone());
        Ok(())
    }

    fn images(
        &self,
        partition: PartitionNumber,
        entry: u64,
    ) -> Result<Option<Vec<RecordImage>>, StorageError> {
        Ok(self.read(partition, |partition| partition.outbox.get(&entry).map(|entry| entry.records.clone())))
    }

    fn intent(&self, partition: PartitionNumber) -> Result<Option<u64>, StorageError> {
        Ok(self.read(partition, |partition| partition.intent))
    }

    fn intend(&self, partition: PartitionNumber, lineage: u64) -> Result<(), StorageError> {
        self.partitions().entry(partition).or_default().intent = Some(lineage);
        Ok(())
    }

    fn trouble(&self, partition: PartitionNumber) -> Result<Option<Trouble>, StorageError> {
        Ok(self.read(partition, |partition| partition.trouble.clone()))
    }

    fn note_trouble(
        &self,
        partition: PartitionNumber,
        trouble: Option<&Trouble>,
    ) -> Result<(), StorageError> {
        self.partitions().entry(partition).or_default().trouble = trouble.cloned();
        Ok(())
    }

    fn resolution(&self, partition: PartitionNumber) -> Result<Option<Resolution>, StorageError> {
        Ok(self.read(partition, |partition| partition.resolution))
    }

    fn resolve(
        &self,
        partition: PartitionNumber,
        resolution: Option<Resolution>,
    ) -> Result<(), StorageError> {
        self.partitions().entry(partition).or_default().resolution = resolution;
        Ok(())
    }

    fn wipe(&self, partition: PartitionNumber) -> Result<(), StorageError> {
        if let Some(partition) = self.partitions().get_mut(&partition) {
            let Partition { intent, resolution, .. } = *partition;
            let trouble = partition.trouble.take();
            *partition = Partition { intent, trouble, resolution, ..Partition::default() };
        }
        Ok(())
    }

    fn put_restored(&self, partition: PartitionNumber, records: &[RecordImage]) -> Result<(), StorageError> {
        let mut partitions = self.partitions();
        let partition = partitions.entry(partition).or_default();
        order::check_restore(partition.head.as_ref())?;
        records.iter().cloned().for_each(|record| partition.put(record));
        Ok(())
    }

    fn finish_restore(&self, partition: PartitionNumber, marker: &Marker) -> Result<(), StorageError> {
        let mut partitions = self.partitions();
        let partition = partitions.entry(partition).or_default();
        order::check_restore(partition.head.as_ref())?;
        partition.head = Some(PartitionHead::from(marker));
        partition.marker = Some(marker.clone());
        Ok(())
    }

    fn owner(&self) -> u128 {
        self.owner
    }
}

impl Partition {
    fn put(&mut self, record: RecordImage) {
        match record {
            RecordImage::Schema(tenant, schema) => put(&mut self.schemas, tenant, schema),
            RecordImage::Definition(tenant, id, image) => put(&mut self.definitions, (tenant, id), image),
            RecordImage::Group(tenant, id, image) => put(&mut self.groups, (tenant, id), image),
            RecordImage::Object(tenant, id, image) => put(&mut self.objects, (tenant, id), image),
            RecordImage::Membership(tenant, id, image) => put(&mut self.memberships, (tenant, id), image),
            RecordImage::Licensing(image) => {
                let key = licensing_key(&image);
                let image = (!is_tombstone(&image)).then_some(image);
                put(&mut self.licensing, key, image);
            }
        }
    }
}

/// Kind, tenant and id: records of one kind together, in the order in which they are loaded.
type LicensingKey = (u8, Option<Tenant>, String);

fn licensing_key(image: &LicensingImage) -> LicensingKey {
    match image {
        LicensingImage::Feed(partition, _) => (0, None, format!("{partition:010}")),
        LicensingImage::Settings(tenant, _) => (1, Some(tenant.clone()), String::new()),
        LicensingImage::Product(tenant, id, _) => (2, Some(tenant.clone()), id.to_string()),
        LicensingImage::Group(tenant, id, _) => (3, Some(tenant.clone()), id.to_string()),
        LicensingImage::User(tenant, id, _) => (4, Some(tenant.clone()), id.to_string()),
    }
}

fn is_tombstone(image: &LicensingImage) -> bool {
    match image {
        LicensingImage::Feed(_, image) => image.is_none(),
        LicensingImage::Settings(_, image) => image.is_none(),
        LicensingImage::Product(_, _, image) => image.is_none(),
        LicensingImage::Group(_, _, image) => image.is_none(),
        LicensingImage::User(_, _, image) => image.is_none(),
    }
}

fn put<K: Ord, V>(table: &mut BTreeMap<K, V>, key: K, image: Option<V>) {
    match image {
        Some(image) => drop(table.insert(key, image)),
        None => drop(table.remove(&key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{GroupMode, Positions};
    use muster_directory::{Attributes, Instant, ObjectKind};

    fn entry(number: u64, records: Vec<RecordImage>) -> Entry {
        Entry {
            number,
            positions: Positions::from([("events".to_owned(), number)]),
            definitions_position: 0,
            clock: Instant::from_millis(0),
            sequence: 0,
            deltas: Vec::new(),
            licences: Vec::new(),
            dead_letters: Vec::new(),
            statuses: Vec::new(),
            records,
        }
    }

    fn object(id: &str, present: bool) -> RecordImage {
        let object = present.then(|| Object { kind: ObjectKind::User, attributes: Attributes::default() });
        RecordImage::Object(Tenant::default(), ObjectId::new(id).unwrap(), object)
    }

    fn group(id: &str) -> RecordImage {
        let image =
            GroupImage { local: 1, created: 1, mode: GroupMode::Assigned, synced: None, evaluator: 1 };
        RecordImage::Group(Tenant::default(), GroupId::new(id).unwrap(), Some(image))
    }

    fn loaded(storage: &MemoryStorage) -> Vec<RecordImage> {
        let mut records = Vec::new();
        storage.load(0, &mut records).unwrap();
        records
    }

    #[test]
    fn the_last_image_of_a_record_stays_and_a_clone_is_a_crash() {
        let storage = MemoryStorage::default();
        storage.commit(0, &[]).unwrap();
        assert_eq!(storage.head(0).unwrap(), None);
        storage.commit(0, &[entry(1, vec![object("u", true), object("v", true)])]).unwrap();
        let crashed = storage.clone();
        storage.commit(0, &[entry(2, vec![object("u", false), group("g")])]).unwrap();

        assert_eq!(loaded(&storage), [group("g"), object("v", true)]);
        assert_eq!(loaded(&crashed), [object("u", true), object("v", true)]);
        assert_eq!(crashed.head(0).unwrap().unwrap().entry, 1);
        assert_eq!(storage.head(0).unwrap().unwrap().positions["events"], 2);
        assert_eq!(storage.head(1).unwrap(), None);
    }

    #[test]
    fn a_refused_commit_changes_nothing() {
        let storage = MemoryStorage::default();
        storage.commit(0, &[entry(1, vec![object("u", true)]), entry(3, vec![])]).unwrap_err();
        assert_eq!((storage.head(0).unwrap(), loaded(&storage)), (None, vec![]));
    }

    #[test]
    fn the_outbox_is_trimmed_up_to_the_marker() {
        let storage = MemoryStorage::with_owner(7);
        let entries: Vec<Entry> = (1..=5).map(|number| entry(number, vec![])).collect();
        storage.commit(0, &entries).unwrap();
        let marker = Marker {
            owner: storage.owner(),
            lineage: 1,
            entry: 2,
            sequence: 0,
            positions: Positions::new(),
            definitions_position: 0,
            clock: Instant::from_millis(0),
        };
        storage.acknowledge(0, &marker).unwrap();
        let numbers = |after, limit| -> Vec<u64> {
            storage.outbox(0, after, limit).unwrap().iter().map(|entry| entry.number).collect()
        };
        assert_eq!(numbers(0, 10), [3, 4, 5]);
        assert_eq!(numbers(3, 1), [4]);
        assert_eq!(numbers(u64::MAX, 10), [0; 0]);
        assert_eq!(storage.marker(0).unwrap(), Some(marker.clone()));
        storage.acknowledge(0, &Marker { entry: 6, ..marker }).unwrap_err();
    }
}

//! Entries, and what they did, as one batch. Within it records are sorted by key and each is written
//! once, as the last of the entries left it.

use crate::codec::{entry, head, images, trouble};
use crate::key::{self, Key, Place, without_partition};
use crate::{Changelog, record};
use muster_engine::storage::{
    Entry, Marker, PartitionHead, PartitionNumber, RecordImage, Resolution, StorageError, Trouble,
};
use rocksdb::WriteBatch;
use std::collections::BTreeMap;

/// From so many outbox entries on, one range tombstone is cheaper than a tombstone for each. Below
/// it is not: every read of a memtable sorts all of its range tombstones anew.
const RANGE: u64 = 4096;

/// Records, entries and head.
pub(crate) fn commit(
    partition: PartitionNumber,
    entries: &[Entry],
    head: &PartitionHead,
    changelog: Changelog,
) -> Result<WriteBatch, StorageError> {
    let mut batch = WriteBatch::default();
    let mut records = BTreeMap::new();
    for entry in entries {
        batch.put(Key::new(partition, Place::Entry(entry.number)).encode(), entry::encode(entry)?);
        let images = encode_records(partition, entry)?;
        if changelog == Changelog::On {
            let images = images.iter().map(|(key, value)| (without_partition(key), value.as_deref()));
            batch.put(Key::new(partition, Place::Images(entry.number)).encode(), images::encode(images)?);
        }
        records.extend(images);
    }
    batch.put(Key::new(partition, Place::Head).encode(), head::encode_head(head)?);
    for (key, value) in records {
        match value {
            Some(value) => batch.put(key, value),
            None => batch.delete(key),
        }
    }
    Ok(batch)
}

/// The marker, and the end of the entries after `trimmed` up to the marker's.
pub(crate) fn acknowledge(
    partition: PartitionNumber,
    trimmed: u64,
    marker: &Marker,
) -> Result<WriteBatch, StorageError> {
    let mut batch = WriteBatch::default();
    batch.put(Key::new(partition, Place::Marker).encode(), head::encode_marker(marker)?);
    for place in [Place::Entry, Place::Images] {
        let key = |entry| Key::new(partition, place(entry)).encode();
        if marker.entry.saturating_sub(trimmed) < RANGE {
            (trimmed..marker.entry).for_each(|before| batch.delete(key(before + 1)));
        } else {
            batch.delete_range(key(trimmed + 1), key(marker.entry + 1));
        }
    }
    Ok(batch)
}

/// Everything of the partition goes but the intent to claim it.
pub(crate) fn wipe(partition: PartitionNumber) -> WriteBatch {
    let mut batch = WriteBatch::default();
    for key::KeyRange { from, to } in key::whole_partition(partition) {
        batch.delete_range(from, to);
    }
    batch
}

/// Records without an entry, in order: of one record the last stays.
pub(crate) fn put_restored(
    partition: PartitionNumber,
    records: &[RecordImage],
) -> Result<WriteBatch, StorageError> {
    let mut batch = WriteBatch::default();
    for image in records {
        let (place, value) = record::encode(image)?;
        let key = Key::new(partition, place).encode();
        match value {
            Some(value) => batch.put(key, value),
            None => batch.delete(key),
        }
    }
    Ok(batch)
}

/// The head and the marker of a partition that was restored up to this one.
pub(crate) fn finish_restore(
    partition: PartitionNumber,
    marker: &Marker,
) -> Result<WriteBatch, StorageError> {
    let mut batch = WriteBatch::default();
    let head = head::encode_head(&PartitionHead::from(marker))?;
    batch.put(Key::new(partition, Place::Head).encode(), head);
    batch.put(Key::new(partition, Place::Marker).encode(), head::encode_marker(marker)?);
    Ok(batch)
}

/// The change at which the engine failed, or that it is done with.
pub(crate) fn note_trouble(
    partition: PartitionNumber,
    trouble: Option<&Trouble>,
) -> Result<WriteBatch, StorageError> {
    let mut batch = WriteBatch::default();
    let key = Key::new(partition, Place::Trouble).encode();
    match trouble {
        Some(trouble) => batch.put(key, trouble::encode(trouble)?),
        None => batch.delete(key),
    }
    Ok(batch)
}

/// What was decided about the partition, or that it is done with.
pub(crate) fn resolve(
    partition: PartitionNumber,
    resolution: Option<Resolution>,
) -> Result<WriteBatch, StorageError> {
    let mut batch = WriteBatch::default();
    let key = Key::new(partition, Place::Resolution).encode();
    match resolution {
        Some(resolution) => batch.put(key, trouble::encode_resolution(resolution)?),
        None => batch.delete(key),
    }
    Ok(batch)
}

/// The lineage that is going to be claimed.
pub(crate) fn intend(partition: PartitionNumber, lineage: u64) -> Result<WriteBatch, StorageError> {
    let mut batch = WriteBatch::default();
    batch.put(Key::new(partition, Place::Intent).encode(), head::encode_intent(lineage)?);
    Ok(batch)
}

type Bytes = Vec<u8>;

fn encode_records(
    partition: PartitionNumber,
    entry: &Entry,
) -> Result<Vec<(Bytes, Option<Bytes>)>, StorageError> {
    let encode = |image| {
        let (place, value) = record::encode(image)?;
        Ok((Key::new(partition, place).encode(), value))
    };
    entry.records.iter().map(encode).collect()
}

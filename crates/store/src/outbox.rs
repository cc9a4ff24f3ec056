//! The outbox as it is read: entries that are committed and not yet acknowledged, dense up to the
//! head. A gap is damage, never an end.

use crate::codec::images::Image;
use crate::codec::{Damage, entry, head, images, trouble};
use crate::database::View;
use crate::key::{self, Key, Place};
use crate::record;
use muster_engine::storage::{
    Entry, LICENSING_PARTITION, Marker, PartitionHead, PartitionNumber, RecordImage, Resolution,
    StorageError, Trouble,
};
use std::ops::ControlFlow;

/// The partition's head.
pub(crate) fn head(
    view: &View<'_>,
    partition: PartitionNumber,
) -> Result<Option<PartitionHead>, StorageError> {
    let key = Key::new(partition, Place::Head);
    let head = view.get(&key)?.map(|bytes| head::decode_head(&bytes));
    head.transpose().map_err(|damage| damage.at(key))
}

/// The marker of what is published.
pub(crate) fn marker(view: &View<'_>, partition: PartitionNumber) -> Result<Option<Marker>, StorageError> {
    let key = Key::new(partition, Place::Marker);
    let marker = view.get(&key)?.map(|bytes| head::decode_marker(&bytes));
    marker.transpose().map_err(|damage| damage.at(key))
}

/// The numbers of the partitions that hold anything, but for those that no topic has: one seek for each.
pub(crate) fn partitions(view: &View<'_>) -> Result<Vec<PartitionNumber>, StorageError> {
    let mut found = Vec::new();
    let mut from = 0;
    while from < LICENSING_PARTITION {
        let mut next = None;
        view.scan(key::partitions_from(from, LICENSING_PARTITION), |bytes, _| {
            next = Some(Key::decode(bytes).map_err(|damage| damage.at("a key"))?.partition);
            Ok(ControlFlow::Break(()))
        })?;
        let Some(number) = next else { break };
        found.push(number);
        from = number + 1;
    }
    Ok(found)
}

/// The lineage that was meant to be claimed.
pub(crate) fn intent(view: &View<'_>, partition: PartitionNumber) -> Result<Option<u64>, StorageError> {
    let key = Key::new(partition, Place::Intent);
    let intent = view.get(&key)?.map(|bytes| head::decode_intent(&bytes));
    intent.transpose().map_err(|damage| damage.at(key))
}

/// The change at which the engine failed.
pub(crate) fn trouble(view: &View<'_>, partition: PartitionNumber) -> Result<Option<Trouble>, StorageError> {
    let key = Key::new(partition, Place::Trouble);
    let trouble = view.get(&key)?.map(|bytes| trouble::decode(&bytes));
    trouble.transpose().map_err(|damage| damage.at(key))
}

/// What was decided about the partition.
pub(crate) fn resolution(
    view: &View<'_>,
    partition: PartitionNumber,
) -> Result<Option<Resolution>, StorageError> {
    let key = Key::new(partition, Place::Resolution);
    let resolution = view.get(&key)?.map(|bytes| trouble::decode_resolution(&bytes));
    resolution.transpose().map_err(|damage| damage.at(key))
}

/// The entries after `after` that are not acknowledged, at most `limit`, without their records.
pub(crate) fn entries(
    view: &View<'_>,
    partition: PartitionNumber,
    after: u64,
    limit: usize,
) -> Result<Vec<Entry>, StorageError> {
    let end = head(view, partition)?.map_or(0, |head| head.entry);
    let acknowledged = marker(view, partition)?.map_or(0, |marker| marker.entry);
    let mut last = after.max(acknowledged);
    let missing = |entry: u64| Damage::new("it is missing").at(Key::new(partition, Place::Entry(entry)));
    let mut entries = Vec::new();
    view.scan(key::entries_after(partition, last), |bytes, value| {
        if entries.len() == limit {
            return Ok(ControlFlow::Break(()));
        }
        let key = Key::decode(bytes).map_err(|damage| damage.at("a key"))?;
        match key.place {
            Place::Entry(number) if number == last + 1 && number <= end => {
                entries.push(entry::decode(number, value).map_err(|damage| damage.at(&key))?);
                last = number;
                Ok(ControlFlow::Continue(()))
            }
            Place::Entry(number) if number > end => {
                Err(Damage::new(format!("the head is at entry {end} already")).at(&key))
            }
            _ => Err(missing(last + 1)),
        }
    })?;
    if entries.len() < limit && last < end { Err(missing(last + 1)) } else { Ok(entries) }
}

/// The record images of one entry, or `None` where none were kept.
pub(crate) fn entry_images(
    view: &View<'_>,
    partition: PartitionNumber,
    entry: u64,
) -> Result<Option<Vec<RecordImage>>, StorageError> {
    let key = Key::new(partition, Place::Images(entry));
    let Some(bytes) = view.get(&key)? else { return Ok(None) };
    let decode = |Image { key, value }: Image| record::decode_image(&key, value.as_deref());
    let images = images::decode(&bytes).and_then(|images| images.into_iter().map(decode).collect());
    images.map(Some).map_err(|damage: Damage| damage.at(key))
}

//! The records of a changelog in bytes: keys and values are the store's own, without the partition.
//!
//! So a changelog names no partition, and its values have the format and version of everything else on disk.
//! The marker lies under the key of the store's marker, where no record of a tenant can lie.

use crate::codec::head;
use crate::key::{Key, Place};
use crate::record;
use muster_engine::storage::{ChangelogFormat, ChangelogRecord, Logged, Marker, RecordImage, StorageError};

/// The store's own bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreFormat;

/// The bytes of the marker's key: an empty tenant, and the marker's table.
const MARKER: &[u8] = &[0x00, 0x04];

impl ChangelogFormat for StoreFormat {
    fn image(&self, image: &RecordImage) -> Result<ChangelogRecord, StorageError> {
        let (place, value) = record::encode(image)?;
        Ok(ChangelogRecord { key: Key::portable(place), value })
    }

    fn marker(&self, marker: &Marker) -> Result<ChangelogRecord, StorageError> {
        Ok(ChangelogRecord { key: Key::portable(Place::Marker), value: Some(head::encode_marker(marker)?) })
    }

    fn is_marker(&self, key: &[u8]) -> bool {
        key == MARKER
    }

    fn read(&self, key: &[u8], value: Option<&[u8]>) -> Result<Logged, StorageError> {
        let logged = match value {
            Some(value) if self.is_marker(key) => head::decode_marker(value).map(Logged::Marker),
            _ => record::decode_image(key, value).map(Logged::Image),
        };
        logged.map_err(|damage| match Place::decode(key) {
            Ok(place) => damage.at(format_args!("the changelog: {}", Key::new(0, place))),
            Err(_) => damage.at("a key of the changelog"),
        })
    }
}

#[cfg(test)]
mod tests;

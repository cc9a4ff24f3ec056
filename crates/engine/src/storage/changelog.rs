//! What a partition's changelog holds: the after-image of every record that an entry wrote, and after the
//! images of each transaction its marker, under a key of its own.
//!
//! Replayed from the beginning, the images up to the last marker are the partition's state as of that marker;
//! so they must be, of each key, in the order of the entries that wrote them, and never the current row. Keys
//! name no partition and never change: compaction keeps the last image of each. How they are spelt in bytes is
//! a store's business, behind [`ChangelogFormat`].

use super::{Marker, RecordImage, StorageError};

/// A record of the changelog, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangelogRecord {
    /// The same for every image of one record, and reserved for the marker.
    pub key: Vec<u8>,
    /// `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// What a record of the changelog says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logged {
    /// A step left a record like this.
    Image(RecordImage),
    /// A transaction ended here.
    Marker(Marker),
}

/// How the records of a changelog are spelt. The bytes are a contract with every changelog ever written.
pub trait ChangelogFormat: Send + Sync {
    /// The record of an image.
    ///
    /// # Errors
    /// `Io` for one that is too large to be written at all.
    fn image(&self, image: &RecordImage) -> Result<ChangelogRecord, StorageError>;

    /// The record of a marker.
    ///
    /// # Errors
    /// As [`image`](Self::image).
    fn marker(&self, marker: &Marker) -> Result<ChangelogRecord, StorageError>;

    /// Whether this is the marker's key: for a reader that wants nothing else.
    fn is_marker(&self, key: &[u8]) -> bool;

    /// What a record says.
    ///
    /// # Errors
    /// `Damaged` for what is no record of a changelog, or one of a newer version.
    fn read(&self, key: &[u8], value: Option<&[u8]>) -> Result<Logged, StorageError>;
}
